//! The progress bar on a terminal.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use system::command_line::{self, printable};

use super::{component::Problem, pass::Observer};

/// The shortest wait that is reported.
const MIN_REPORTED_WAIT: Duration = Duration::from_secs(2);

/// The interval at which the bar is redrawn during a request.
const REDRAW_INTERVAL: Duration = Duration::from_millis(200);

/// A progress bar on stderr, if that is a terminal. Otherwise only longer waits are printed there.
#[derive(Debug)]
pub struct Progress {
    bar: ProgressBar,
    read: AtomicUsize,
}

impl Default for Progress {
    fn default() -> Self {
        Self::new()
    }
}

impl Progress {
    /// A bar without a length, until the list is read.
    pub fn new() -> Self {
        // indicatif draws nothing if stderr is not a terminal.
        let bar = ProgressBar::new_spinner().with_message("listing packages");
        bar.enable_steady_tick(REDRAW_INTERVAL);
        Self {
            bar,
            read: AtomicUsize::new(0),
        }
    }

    /// The number of packages that were read so far.
    pub fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Removes the bar.
    pub fn finish(&self) {
        self.bar.finish_and_clear();
    }
}

impl Observer for Progress {
    fn listed(&self, packages: usize) {
        let style = ProgressStyle::with_template("{wide_bar:.cyan/blue} {pos}/{len} {elapsed} {msg:32!}")
            .expect("the template is well-formed");
        self.bar.set_style(style);
        self.bar.set_length(packages as u64);
    }

    fn asking(&self, name: &str) {
        self.bar.set_message(printable(name));
    }

    fn answered(&self, read: bool) {
        if read {
            self.read.fetch_add(1, Ordering::Relaxed);
        }
        self.bar.inc(1);
    }

    fn waiting(&self, problem: &Problem, delay: Duration) {
        if delay >= MIN_REPORTED_WAIT {
            let seconds = delay.as_secs_f64().round();
            self.bar
                .suspend(|| command_line::note(format_args!("waiting {seconds} s: {}", printable(&problem.detail))));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_shows_the_package_that_is_read_and_how_many_were() {
        let progress = Progress::new();
        assert_eq!((progress.bar.length(), progress.read()), (None, 0));
        progress.listed(3);
        progress.asking("charts/\u{1b}[2J");
        assert_eq!(progress.bar.length(), Some(3));
        assert_eq!(progress.bar.message(), r"charts/\u{1b}[2J");
        for read in [true, false, true] {
            progress.answered(read);
        }
        assert_eq!(
            (progress.bar.position(), progress.read()),
            (3, 2),
            "a failed package was not read"
        );
        assert!(!progress.bar.is_finished());
        progress.finish();
        assert!(progress.bar.is_finished());
    }
}
