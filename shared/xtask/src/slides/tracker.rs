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

/// What the stand-in does beside its growing counts, so that the slide can show how each looks: a package that could not be
/// read at first, one that never can, and one whose total falls after its first thirty readings. The fault of a path
/// comes before that of its package, and this one is none.
const FAULTS: [&str; 4] = [
    "notification-controller=title-dropped*4",
    "helm-controller=title-dropped",
    "flux-cli=falling-total",
    "/fluxcd/flux2/pkgs/container/flux-cli=slow-first-byte:1*30",
];

/// The days of history that the tracker begins with.
const HISTORY: &str = "400";

/// The organisation whose dashboard a slide shows.
const ORG: &str = "fluxcd";

/// The page that the slides show.
pub(super) fn page(port: u16) -> String {
    format!("http://127.0.0.1:{port}/orgs/{ORG}")
}

/// The arguments and the environment of the tracker, for slides that another port serves.
pub(super) fn configure(command: &mut Command, port: u16, slides_port: u16) {
    command.args([
        "--stand-in",
        "--history",
        HISTORY,
        "--org",
        ORG,
        "--port",
        &port.to_string(),
    ]);
    for fault in FAULTS {
        command.args(["--stand-in-fault", fault]);
    }
    let origins = ["127.0.0.1", "localhost"].map(|host| format!("http://{host}:{slides_port}"));
    command.env(FRAME_ANCESTORS, origins.join(" "));
}

/// Figures of the talk's own: a demo, which may run at the same time, has others. Only one talk uses them.
pub(super) struct Figures {
    directory: PathBuf,
    /// Is there once the whole history was played: figures that a Ctrl-C cut short are played anew.
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
        if !figures.played.exists() {
            match fs::remove_dir_all(&figures.directory) {
                Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
                _ => {}
            }
        }
        Ok(Some(figures))
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
                _ = fs::write(played, "");
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
        fs::write(&figures.played, "").unwrap();
        figures._lock.unlock().unwrap();
        assert!(open().is_some() && database.exists());
    }
}
