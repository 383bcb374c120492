//! The tracker beside the slides: the stand-in behind it, and figures of its own that are played once.

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, ErrorKind};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};
use std::thread;

use system::command_line;

/// Which pages may show the dashboard in a frame: Rails' setting.
const FRAME_ANCESTORS: &str = "STATS_TRACKER_FRAME_ANCESTORS";

/// Where the tracker's figures are, if somebody says so.
pub(super) const STORAGE: &str = "STATS_TRACKER_STORAGE";

/// What it says when all of its history is played, and the page is worth a look.
const PLAYED: &str = "The dashboard is at";

/// What the stand-in does beside its growing counts, in the page of the package that the slide shows. The history is read
/// every 14 days: the page can't be read from day 308 to 350, and its total falls at day 378. The first page after the
/// failures has the bars of 30 days, so what stays unknown is forty days.
const FAULTS: [&str; 2] = [
    "/fluxcd/flux2/pkgs/container/flux-cli=falling-total@27",
    "/fluxcd/flux2/pkgs/container/flux-cli=title-dropped*4@22",
];

/// What it does once the history is played: a total that has fallen stays so.
const FAULTS_AFTER_THE_HISTORY: [&str; 1] = ["/fluxcd/flux2/pkgs/container/flux-cli=falling-total"];

/// The days of history that the tracker begins with.
const HISTORY: &str = "400";

/// The organisation whose dashboard a slide shows.
const ORG: &str = "fluxcd";

/// The package of it that has a gap, failures and a total that fell.
const PACKAGE: &str = "flux-cli";

/// The page that the slides show.
pub(super) fn page(port: u16) -> String {
    format!("http://127.0.0.1:{port}/orgs/{ORG}/packages/{PACKAGE}")
}

/// The arguments and the environment of the tracker, for slides that another port serves.
pub(super) fn configure(command: &mut Command, port: u16, slides_port: u16, figures: Option<&Figures>) {
    command.args([
        "--stand-in",
        "--history",
        HISTORY,
        "--org",
        ORG,
        "--port",
        &port.to_string(),
    ]);
    let played = figures.is_some_and(|figures| figures.are_played());
    let faults: &[&str] = if played { &FAULTS_AFTER_THE_HISTORY } else { &FAULTS };
    for fault in faults {
        command.args(["--stand-in-fault", fault]);
    }
    let origins = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{slides_port}"));
    command.env(FRAME_ANCESTORS, origins.join(" "));
}

/// Figures of the talk's own: a demo, which may run at the same time, has others. Only one talk uses them.
pub(super) struct Figures {
    directory: PathBuf,
    /// Has the faults of the history once all of it was played: figures that a Ctrl-C cut short are played anew, and so are
    /// those of other faults.
    played: PathBuf,
    _lock: File,
}

impl Figures {
    /// The figures in a directory. `None` where the tracker is told another place, or another talk uses them.
    pub(super) fn open(parent: &Path) -> io::Result<Option<Self>> {
        if env::var_os(STORAGE).is_some() {
            return Ok(None);
        }
        let lock = File::create(parent.join("tracker.lock"))?;
        if lock.try_lock().is_err() {
            return Ok(None);
        }
        let figures = Self {
            directory: parent.join("tracker"),
            played: parent.join("tracker.played"),
            _lock: lock,
        };
        if !figures.are_played() {
            match fs::remove_dir_all(&figures.directory) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Some(figures))
    }

    fn are_played(&self) -> bool {
        fs::read_to_string(&self.played).is_ok_and(|faults| faults == FAULTS.join("\n"))
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }
}

/// Passes on what the tracker says, and notes when the history is played.
pub(super) fn listen(tracker: &mut Child, figures: Option<&Figures>) {
    let played = figures.map(|figures| figures.played.clone());
    let Some(stderr) = tracker.stderr.take() else { return };
    thread::spawn(move || {
        for line in BufReader::new(stderr).lines().map_while(io::Result::ok) {
            if line.contains(PLAYED)
                && let Some(played) = &played
            {
                // Without it the next talk plays the history again.
                _ = fs::write(played, FAULTS.join("\n"));
            }
            command_line::note(line);
        }
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_that_were_cut_short_are_played_anew_and_whole_ones_stay() {
        let parent = tempfile::tempdir().unwrap();
        let open = || Figures::open(parent.path()).unwrap();
        let figures = open().unwrap();
        let database = figures.directory().join("database");
        fs::create_dir(figures.directory()).unwrap();
        fs::write(&database, "half").unwrap();
        assert!(open().is_none(), "another talk uses them");
        figures._lock.unlock().unwrap();

        let figures = open().unwrap();
        assert!(!database.exists());
        fs::create_dir(figures.directory()).unwrap();
        fs::write(&database, "whole").unwrap();
        fs::write(&figures.played, FAULTS.join("\n")).unwrap();
        figures._lock.unlock().unwrap();
        let figures = open().unwrap();
        assert!(database.exists());
        fs::write(&figures.played, "of an older talk").unwrap();
        figures._lock.unlock().unwrap();
        assert!(open().is_some() && !database.exists());
    }
}
