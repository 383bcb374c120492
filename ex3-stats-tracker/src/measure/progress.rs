//! The bar on a terminal.

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    time::Duration,
};

use indicatif::{ProgressBar, ProgressStyle};
use system::command_line;

use super::{component::Problem, pass::Observer, printable::printable};

/// A wait that someone would begin to wonder about is named.
const WORTH_A_WORD: Duration = Duration::from_secs(2);

/// How often the bar's clock moves while an answer is waited for.
const TICK: Duration = Duration::from_millis(200);

/// A progress bar on stderr, where that is a terminal; elsewhere only longer waits are named there.
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
    /// Before the list is there: a bar without an end.
    pub fn new() -> Self {
        // indicatif draws nothing where stderr is not a terminal.
        let bar = ProgressBar::new_spinner().with_message("listing packages");
        bar.enable_steady_tick(TICK);
        Self {
            bar,
            read: AtomicUsize::new(0),
        }
    }

    /// How many packages were read so far.
    pub fn read(&self) -> usize {
        self.read.load(Ordering::Relaxed)
    }

    /// Takes the bar away.
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
        if delay >= WORTH_A_WORD {
            let seconds = delay.as_secs_f64().round();
            self.bar
                .suspend(|| command_line::note(format_args!("waiting {seconds} s: {}", printable(&problem.detail))));
        }
    }
}
