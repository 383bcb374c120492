//! The command `up`: the real program, the component, Rails and a browser's requests, with the stand-in.
//!
//!     cargo test -p ex3-stats-tracker --test up
//!
//! Rails runs in the Debian root; `cargo xtask setup` builds the root and the dashboard's scripts.
#![cfg(target_os = "linux")]

mod program;

use std::{
    fs,
    io::{BufRead, BufReader},
    os::unix::{fs::PermissionsExt, process::ExitStatusExt},
    path::Path,
    process::{Command, Output, Stdio},
    sync::Once,
    time::Duration,
};

use github::stand_in;
use jiff::Timestamp;
use system::debian_root;

use program::{
    KilledOnDrop, LOUD, Running, behind_a_proxy, get, processes, program, small_disk::SmallDisk, stderr, try_get,
};
use serde_json::Value;
use tempfile::TempDir;

/// The program with its own storage directory.
fn tracker(arguments: &[&str], storage: &Path) -> Command {
    static ROOT: Once = Once::new();
    ROOT.call_once(|| {
        debian_root::DebianRoot::get().expect("the Debian root with Rails can be built");
    });
    let mut command = program(arguments);
    command.arg("--storage").arg(storage).env_remove("DATABASE_URL");
    command
}

fn kill(process: i32, signal: &str) {
    let id = process.to_string();
    assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
}

/// Waits until a condition is true, without a time limit: the test runner has one.
fn until(mut condition: impl FnMut() -> bool) {
    while !condition() {
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// A tracker that has printed the URL of its dashboard.
struct Up {
    running: Running,
    dashboard: String,
    storage: TempDir,
}

impl Up {
    fn start(arguments: &[&str]) -> Self {
        let storage = tempfile::tempdir().unwrap();
        let mut running = Running::start(tracker(&["up", "--stand-in", "--port", "0"], storage.path()).args(arguments));
        let dashboard = running.url_after("The dashboard is at ");
        Self {
            running,
            dashboard,
            storage,
        }
    }

    /// Sends a signal, waits until no process is left, and returns the exit status and stdout.
    fn end(self, signal: &str) -> (std::process::ExitStatus, String) {
        let listener = self.listener();
        let ended = self.running.end(signal);
        // The other processes may end a moment later.
        let storage = self.storage.path().to_str().unwrap();
        until(|| processes(storage).is_empty() && processes(&listener).is_empty());
        ended
    }

    /// The dashboard's address as in the title of puma's process.
    fn listener(&self) -> String {
        let origin = self.dashboard.split_once("/orgs/").unwrap().0;
        origin.replace("http://", "tcp://")
    }

    fn get(&self, path: &str) -> (u16, String) {
        let origin = self.dashboard.split_once("/orgs/").unwrap().0;
        get(&format!("{origin}{path}"))
    }
}

/// The processes of the dashboard at `listener`, without bubblewrap, which starts the dashboard and has its arguments.
fn dashboards(listener: &str) -> Vec<(i32, String)> {
    let mut found = processes(listener);
    found.retain(|(_, command)| !command.contains("bwrap"));
    found
}

#[test]
fn the_dashboard_shows_the_history_and_nothing_is_left_behind() {
    let up = Up::start(&["--history", "60"]);
    let (status, page) = up.get("/orgs/fluxcd");
    assert_eq!(status, 200);
    assert!(
        page.contains("source-controller") && page.to_lowercase().contains("stand-in"),
        "{page}"
    );
    let (status, days) = up.get("/api/days/fluxcd/charts/flagger.json");
    assert_eq!(status, 200, "{days}");
    let days: Value = serde_json::from_str(&days).unwrap();
    let days = days["days"].as_array().unwrap();
    // There is a measurement at least every fortnight.
    assert!(days.len() > 4, "{days:?}");
    let mut totals = days.iter().filter_map(|day| day["total"].as_u64());
    let first = totals.next().unwrap();
    assert!(
        totals.next_back().unwrap() > first,
        "counts grow with the stand-in's clock"
    );
    let (status, table) = up.end("-TERM");
    assert_eq!(status.code(), Some(0));
    assert!(
        table.starts_with(LOUD) && table.contains("downloads of 20 packages"),
        "{table}"
    );
}

#[test]
fn a_dashboard_that_dies_is_started_again() {
    let mut up = Up::start(&[]);
    let puma = dashboards(&up.listener());
    assert_eq!(puma.len(), 1, "the dashboard runs: {puma:?}");
    kill(puma[0].0, "-KILL");
    up.running.line_with("the dashboard ended with");
    up.running.line_with("starting the dashboard again in 1 s");
    until(|| std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| up.get("/healthz").0 == 200)).unwrap_or(false));
    assert_eq!(up.end("-INT").0.code(), Some(0));
}

#[test]
fn not_even_a_killed_tracker_leaves_processes() {
    let up = Up::start(&[]);
    let (status, _) = up.end("-KILL");
    assert_eq!(status.signal(), Some(9));
}

#[test]
fn once_prints_the_table_stores_and_ends() {
    let storage = tempfile::tempdir().unwrap();
    let output = tracker(&["--stand-in", "--once"], storage.path()).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let first = String::from_utf8(output.stdout).unwrap();
    assert!(
        first.starts_with(LOUD) && first.contains("downloads of 20 packages"),
        "{first}"
    );
    let position = |package: &str| first.find(&format!("\n {package} ")).unwrap();
    assert!(
        position("source-controller") < position("flagger"),
        "in the order of the dashboard: {first}"
    );
    assert!(storage.path().join("stats-tracker.sqlite3").is_file());
    assert!(processes(storage.path().to_str().unwrap()).is_empty());

    // A failed package stays in the table, with the kind of its failure instead of its earlier total.
    let output = tracker(
        &["--stand-in", "--once", "--stand-in-fault", "flux=404"],
        storage.path(),
    )
    .output()
    .unwrap();
    assert_eq!(output.status.code(), Some(65), "{}", stderr(&output));
    let second = String::from_utf8(output.stdout).unwrap();
    assert!(
        second.contains("not_found") && second.contains("downloads of 19 packages"),
        "{second}"
    );
}

#[test]
fn requests_on_this_machine_use_no_proxy() {
    let storage = tempfile::tempdir().unwrap();
    let mut command = tracker(&["--stand-in", "--once", "--org", "stand-in-user"], storage.path());
    let output = behind_a_proxy(&mut command).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(
        String::from_utf8(output.stdout)
            .unwrap()
            .contains("downloads of 3 packages")
    );
}

#[test]
fn a_port_in_use_is_named_before_anything_is_started() {
    let storage = tempfile::tempdir().unwrap();
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port().to_string();
    let output = tracker(&["--stand-in", "--port", &port], storage.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
    let text = stderr(&output);
    assert!(
        text.contains(&port) && text.contains("in use") && text.lines().count() == 1,
        "{text}"
    );
    assert_eq!(fs::read_dir(storage.path()).unwrap().count(), 0);
}

#[test]
fn a_storage_that_can_not_be_created_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let file = directory.path().join("file");
    fs::write(&file, "").unwrap();
    let output = tracker(&["--stand-in", "--once"], &file.join("storage"))
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(73), "{}", stderr(&output));
    assert!(stderr(&output).contains("--storage"), "{}", stderr(&output));
}

#[test]
fn without_rails_the_error_names_the_setup() {
    let storage = tempfile::tempdir().unwrap();
    let nothing = tempfile::tempdir().unwrap();
    // Neither a Debian root nor a Ruby can be found.
    let output = tracker(&["--stand-in", "--once"], storage.path())
        .env("STATS_TRACKER_CACHE_DIR", nothing.path())
        .env("PATH", nothing.path())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(69));
    assert!(stderr(&output).contains("cargo xtask setup"), "{}", stderr(&output));
}

/// Runs one pass with these arguments.
fn once(storage: &Path, arguments: &[&str]) -> Output {
    tracker(&["--once"], storage).args(arguments).output().unwrap()
}

/// Asserts that stdout is empty (it has no earlier figures either), and that the last line on stderr has the reason.
fn assert_no_table(output: &Output, code: i32, reason: &str) {
    let text = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{text}");
    assert_eq!(String::from_utf8_lossy(&output.stdout), "", "{text}");
    let line = text.lines().last().unwrap_or_default();
    assert!(
        line.contains("fluxcd was not collected: ") && line.contains(reason),
        "{text}"
    );
}

#[test]
fn an_export_has_what_is_stored_and_replaces_nothing_else() {
    let [storage, parent] = [(); 2].map(|()| tempfile::tempdir().unwrap());
    let site = parent.path().join("site");
    let export = || {
        let output = tracker(&["export", site.to_str().unwrap(), "--stand-in"], storage.path())
            .output()
            .unwrap();
        (output.status.code(), stderr(&output))
    };
    let (code, said) = export();
    assert_eq!(code, Some(66), "{said}");
    assert!(!site.exists());

    assert_eq!(once(storage.path(), &["--stand-in"]).status.code(), Some(0));
    let (code, said) = export();
    assert_eq!(code, Some(0), "{said}");
    let page = fs::read_to_string(site.join("orgs/fluxcd/packages/flagger/index.html")).unwrap();
    assert!(
        page.contains("STAND-IN") && page.contains("../../../../assets/"),
        "{page}"
    );

    fs::write(site.join("mine"), "").unwrap();
    let (code, said) = export();
    assert_eq!(code, Some(64), "{said}");
    assert!(said.contains("has mine, which is not of an earlier export"), "{said}");
}

#[test]
fn without_a_pass_the_reason_is_printed_and_no_table() {
    let storage = tempfile::tempdir().unwrap();
    assert_eq!(once(storage.path(), &["--stand-in"]).status.code(), Some(0));

    // Figures of the stand-in are not printed as GitHub's. No request is sent to GitHub before this error.
    let output = once(storage.path(), &[]);
    assert_no_table(&output, 64, "figures come from stand-in");

    let lock = storage.path().join("stats-tracker.sqlite3.collecting");
    let lock = fs::File::options().write(true).open(lock).unwrap();
    lock.lock().unwrap();
    assert_no_table(
        &once(storage.path(), &["--stand-in"]),
        75,
        "another collection is running",
    );
    drop(lock);

    let limited = once(storage.path(), &["--stand-in", "--stand-in-fault", "flagger=429:1800"]);
    assert_eq!(limited.status.code(), Some(69), "{}", stderr(&limited));
    let table = String::from_utf8(limited.stdout).unwrap();
    assert!(
        table.contains("packages listed: ") && table.contains(" not asked for\n"),
        "{table}"
    );
    // GitHub's rate limit still applies after a restart.
    let output = once(storage.path(), &["--stand-in"]);
    assert_no_table(&output, 69, "GitHub asked to be left alone until");
    let mut running = Running::start(&mut tracker(&["up", "--stand-in", "--port", "0"], storage.path()));
    running.line_with("GitHub asked to be left alone until");
    let said = running.line_with("The next collection begins");
    let now = Timestamp::now();
    let minutes = |minutes: u64| {
        (now + Duration::from_secs(minutes * 60))
            .strftime("at %Y-%m-%d %H:%M UTC")
            .to_string()
    };
    assert!((20..=31_u64).any(|later| said.contains(&minutes(later))), "{said}");
    let (status, table) = running.end("-TERM");
    assert_eq!((status.code(), table.as_str()), (Some(0), ""));
}

#[test]
fn a_database_that_rails_can_not_use_is_refused_in_a_sentence() {
    let storage = tempfile::tempdir().unwrap();
    for (url, wrong) in [
        ("mysql://user:secret@host/x", "mysql"),
        ("sqlite3:figures.sqlite3", "`figures.sqlite3` by a relative path"),
        ("sqlite3:/usr/figures.sqlite3", "/usr, which is the system's"),
    ] {
        let output = tracker(&["--stand-in", "--port", "0"], storage.path())
            .env("DATABASE_URL", url)
            .output()
            .unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(64), "{text}");
        assert!(
            text.contains(wrong) && !text.contains("secret") && text.lines().count() == 1,
            "{text}"
        );
    }
}

/// The program ends with the error message and the exit code of Rails.
#[test]
fn a_database_that_can_not_be_used_ends_the_tracker() {
    let directory = tempfile::tempdir().unwrap();
    let path = |name: &str| directory.path().join(name);
    fs::create_dir(path("other")).unwrap();
    fs::write(path("other/text"), "no database".repeat(1000)).unwrap();
    for (file, code, words) in [
        ("nowhere/figures", 64, "the directory has to exist"),
        ("other/text", 65, "not a database"),
    ] {
        let output = tracker(&["--stand-in", "--port", "0"], &path("storage"))
            .env("DATABASE_URL", format!("sqlite3:{}", path(file).display()))
            .output()
            .unwrap();
        let text = stderr(&output);
        assert_eq!(output.status.code(), Some(code), "{text}");
        let last = text.lines().last().unwrap();
        assert!(last.starts_with("error: ") && last.contains(words), "{text}");
    }
}

/// The directory of the database is outside the storage, so the program has to make it visible in the Debian root.
#[test]
fn an_sqlite_file_elsewhere_holds_the_figures() {
    let storage = tempfile::tempdir().unwrap();
    let other = tempfile::tempdir().unwrap();
    let directory = other.path().join("my figures");
    fs::create_dir(&directory).unwrap();
    let link = other.path().join("link");
    std::os::unix::fs::symlink(&directory, &link).unwrap();
    for url in [
        format!("sqlite3:{}/my%20figures/all.sqlite3", other.path().display()),
        format!("sqlite3://{}/all.sqlite3", link.display()),
    ] {
        let arguments = ["--stand-in", "--once", "--org", "stand-in-user"];
        let output = tracker(&arguments, storage.path())
            .env("DATABASE_URL", &url)
            .output()
            .unwrap();
        assert_eq!(output.status.code(), Some(0), "{url}: {}", stderr(&output));
        let table = String::from_utf8(output.stdout).unwrap();
        assert!(table.contains("downloads of 3 packages"), "{table}");
    }
    let file = directory.join("all.sqlite3");
    assert_eq!(fs::metadata(file).unwrap().permissions().mode() & 0o077, 0);
    assert!(!storage.path().join("stats-tracker.sqlite3").exists());
}

#[test]
fn only_the_user_can_read_the_figures() {
    let parent = tempfile::tempdir().unwrap();
    let storage = parent.path().join("figures");
    fs::create_dir(&storage).unwrap();
    fs::set_permissions(&storage, fs::Permissions::from_mode(0o755)).unwrap();
    assert_eq!(
        once(&storage, &["--stand-in", "--org", "stand-in-user"]).status.code(),
        Some(0)
    );
    let files = fs::read_dir(&storage).unwrap().map(|entry| entry.unwrap().path());
    let paths: Vec<_> = files.chain([storage.clone()]).collect();
    assert!(paths.len() > 3, "{paths:?}");
    for path in paths {
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o077, 0, "{}: {mode:o}", path.display());
    }
}

/// The disk for the tables is full, the dashboard dies several times, and the reader of stderr ends.
#[test]
fn a_tracker_continues_without_its_output_and_after_failures_of_its_dashboard() {
    let storage = tempfile::tempdir().unwrap();
    let mut command = tracker(&["up", "--stand-in", "--port", "0", "--every", "1s"], storage.path());
    let full = fs::File::options().write(true).open("/dev/full").unwrap();
    let mut child = KilledOnDrop::spawn(command.stdout(full).stderr(Stdio::piped()));
    let mut errors = BufReader::new(child.stderr.take().unwrap());
    let mut printed = String::new();
    let mut line_with = |text: &str| -> String {
        loop {
            let mut line = String::new();
            assert_ne!(
                errors.read_line(&mut line).unwrap(),
                0,
                "it ended without printing `{text}`:\n{printed}"
            );
            printed += &line;
            if line.contains(text) {
                return line;
            }
        }
    };
    line_with("can't be written to stdout");
    let line = line_with("The dashboard is at ");
    let origin = line.split(' ').find(|word| word.starts_with("http://")).unwrap();
    let origin = origin.split_once("/orgs/").unwrap().0.to_owned();
    let listener = origin.replace("http://", "tcp://");
    for _ in 0..3 {
        until(|| dashboards(&listener).len() == 1);
        kill(dashboards(&listener)[0].0, "-KILL");
        line_with("starting the dashboard again");
        line_with("The next collection begins");
    }
    drop(errors);
    let finished = || {
        let (_, body) = get(&format!("{origin}/api/collections/fluxcd.json"));
        let body: Value = serde_json::from_str(&body).unwrap();
        body["collections"].as_array().unwrap().len()
    };
    let before = finished();
    until(|| finished() > before + 2);
    kill(i32::try_from(child.id()).unwrap(), "-TERM");
    assert_eq!(child.wait().unwrap().code(), Some(0));
}

#[test]
fn the_tracker_waits_for_a_database_that_another_program_has_locked() {
    let storage = tempfile::tempdir().unwrap();
    assert_eq!(once(storage.path(), &["--stand-in"]).status.code(), Some(0));
    let root = debian_root::DebianRoot::get().unwrap();
    let script = "database = SQLite3::Database.new(ARGV[0]); database.execute('BEGIN EXCLUSIVE'); puts :held; $stdout.flush; $stdin.read";
    let mut holder = root
        .command("ruby")
        .args(["-rsqlite3", "-e", script])
        .args([storage.path().join("stats-tracker.sqlite3")])
        .write(storage.path())
        .command()
        .unwrap();
    let mut holder = KilledOnDrop::spawn(holder.stdin(Stdio::piped()).stdout(Stdio::piped()));
    let mut held = String::new();
    BufReader::new(holder.stdout.take().unwrap())
        .read_line(&mut held)
        .unwrap();
    assert_eq!(held, "held\n");
    let mut running = Running::start(&mut tracker(&["up", "--stand-in", "--port", "0"], storage.path()));
    running.line_with("again in");
    drop(holder.stdin.take());
    holder.wait().unwrap();
    running.line_with("The dashboard is at ");
    assert_eq!(running.end("-TERM").0.code(), Some(0));
}

/// The finished passes and the measurements of each package, from the dashboard at `origin`.
fn stored(origin: &str) -> (Vec<Value>, Vec<Vec<Value>>) {
    let rows = |list: &str, name: &str| {
        let (status, body) = get(&format!("{origin}/api/{list}/fluxcd{name}.json?limit=10000"));
        assert_eq!(status, 200, "{body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        body[list].as_array().unwrap().clone()
    };
    let mut passes = rows("collections", "");
    passes.retain(|pass| pass["state"] == "finished");
    let organisation = stand_in::Organisation::fluxcd();
    let readings = organisation
        .packages_at(Timestamp::now())
        .map(|package| rows("measurements", &format!("/{}", package.name)))
        .collect();
    (passes, readings)
}

/// The dashboard is killed while the disk is full.
#[test]
fn the_tracker_waits_while_the_disk_is_full_and_loses_nothing() {
    let Some(disk) = SmallDisk::find() else {
        eprintln!("skipped: this user can't mount a file system (unshare --mount, mount -t tmpfs)");
        return;
    };
    let arguments = ["up", "--stand-in", "--port", "0", "--every", "1s"];
    let mut running = Running::start(&mut disk.mounted_for(&tracker(&arguments, &disk.path().join("figures"))));
    let dashboard = running.url_after("The dashboard is at ");
    let origin = dashboard.split_once("/orgs/").unwrap().0;
    let (_, before) = stored(origin);

    let filler = disk.fill(running.id());
    let line = running.line_with("waiting 2 s: ");
    assert!(line.contains("the database: ") && line.contains("full"), "{line}");
    running.line_with("waiting 4 s: the database: ");
    let listener = origin.replace("http://", "tcp://");
    kill(dashboards(&listener)[0].0, "-KILL");
    running.line_with("starting the dashboard again");
    fs::remove_file(filler).unwrap();

    let answers = || try_get(&format!("{origin}/readyz")).is_some_and(|(status, _)| status == 200);
    until(answers);
    let since = stored(origin).0.len();
    until(|| stored(origin).0.len() > since + 1);
    let (passes, after) = stored(origin);
    for pass in &passes {
        let numbers = ["listed", "read", "failed"].map(|name| pass[name].as_u64());
        assert_eq!(numbers, [Some(20), Some(20), Some(0)], "{pass}");
    }
    for (before, after) in before.iter().zip(&after) {
        assert!(
            before.iter().all(|reading| after.contains(reading)),
            "{before:?}, {after:?}"
        );
        // More measurements than finished passes if another pass has begun.
        assert!(
            (passes.len()..=passes.len() + 2).contains(&after.len()),
            "{passes:?}, {after:?}"
        );
    }
    assert_eq!(running.end("-TERM").0.code(), Some(0));
}

/// The `PATH` of a machine with its own Ruby: a script in place of `bundle` runs Debian's Rails. Without
/// `--die-with-parent`, the programs do not end with their parent, like those of a machine's own Ruby.
fn own_ruby(directory: &Path, storage: &Path) -> String {
    let root = debian_root::DebianRoot::get().unwrap();
    let bundle = directory.join("bundle");
    let script = format!(
        "#!/bin/sh\n# A stand-in for Bundler.\n[ \"$1\" = check ] && exit 0\nshift\n\
         exec bwrap --bind '{root}' / --dev /dev --proc /proc --tmpfs /run --bind /tmp /tmp \
         --ro-bind '{workspace}' '{workspace}' --bind '{storage}' '{storage}' --chdir \"$PWD\" -- \"$@\"\n",
        root = root.directory().display(),
        workspace = env!("CARGO_MANIFEST_DIR"),
        storage = storage.display(),
    );
    fs::write(&bundle, script).unwrap();
    fs::set_permissions(&bundle, fs::Permissions::from_mode(0o755)).unwrap();
    format!("{}:{}", directory.display(), std::env::var("PATH").unwrap())
}

#[test]
fn with_the_machines_ruby_no_process_is_left_and_the_next_start_works() {
    let directory = tempfile::tempdir().unwrap();
    let storage = tempfile::tempdir().unwrap();
    let path = own_ruby(directory.path(), storage.path());
    let marker = storage.path().to_str().unwrap();
    for round in 0..2 {
        let mut command = tracker(&["up", "--stand-in", "--port", "0", "--every", "1s"], storage.path());
        let mut running = Running::start(command.env("PATH", &path));
        running.line_with("The dashboard is at ");
        if round == 0 {
            running.line_with("The next collection begins");
            // A collector may run at this moment.
            assert_eq!(running.end("-KILL").0.signal(), Some(9));
        } else {
            assert_eq!(running.end("-TERM").0.code(), Some(0));
        }
        until(|| processes(marker).is_empty());
    }
}
