//! Kills the tracker's launcher, collector and dashboard at random moments. No measurement is lost or stored twice, and
//! every restart works.
//!
//!     KILLS=1000 cargo test -p ex3-stats-tracker --test kill -- --nocapture --test-threads 1
//!
//! Without `KILLS` there are 10 for each of the two databases, and 100 in the tests that take long. `KILL_SEED` repeats the
//! random choices of a run.
#![cfg(target_os = "linux")]

mod program;

use std::{
    collections::BTreeMap,
    env,
    fs::{self, File},
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use github::stand_in::{Organisation, Package};
use jiff::Timestamp;
use program::{KilledOnDrop, processes, program, try_get};
use serde_json::Value;
use system::debian_root;
use system::postgresql::PostgreSql;
use tempfile::TempDir;

/// The kills of a usual run, and of one that may take long.
const FEW: usize = 10;
const MANY: usize = 100;

/// Kills between two checks of the stored measurements.
const KILLS_PER_CHECK: usize = 5;

/// The longest time between two kills: long enough for each process to start, to work, and to wait for the next pass.
const MAX_LIFETIME: Duration = Duration::from_secs(5);

/// Far longer than a pass takes after a kill.
const TIMEOUT: Duration = Duration::from_secs(300);

/// Kills between two lines about the progress.
const KILLS_PER_REPORT: usize = 25;

/// The longest time between the stand-in's count and the time that is stored with it.
const PAGE_TIMEOUT: Duration = Duration::from_secs(40);

#[test]
fn sqlite() {
    kill_on_sqlite(FEW);
}

#[test]
fn postgresql() {
    kill_on_postgresql(FEW);
}

#[test]
#[ignore = "a hundred kills take minutes"]
fn sqlite_a_hundred_times() {
    kill_on_sqlite(MANY);
}

#[test]
#[ignore = "a hundred kills take minutes"]
fn postgresql_a_hundred_times() {
    kill_on_postgresql(MANY);
}

fn kill_on_sqlite(times: usize) {
    Run::new(None).kill(times);
}

fn kill_on_postgresql(times: usize) {
    let server = PostgreSql::start();
    server.create_database("stats_tracker");
    Run::new(Some(server.url("stats_tracker"))).kill(times);
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Victim {
    Launcher,
    Collector,
    Dashboard,
}

/// The stored totals of a package, by their time.
type Totals = BTreeMap<Timestamp, u64>;

struct Run {
    /// The first field, because it must end before its storage is removed.
    launcher: KilledOnDrop,
    database: Option<String>,
    storage: TempDir,
    port: u16,
    random: Random,
    seed: u64,
    hits: BTreeMap<Victim, usize>,
    /// The totals at the last check, by package.
    seen: BTreeMap<String, Totals>,
    passes: usize,
}

impl Run {
    fn new(database: Option<String>) -> Self {
        let number = |name| env::var(name).ok().map(|text| text.parse().expect("a number"));
        let seed = number("KILL_SEED").unwrap_or_else(|| Timestamp::now().as_microsecond().unsigned_abs() % 1_000_000);
        let storage = tempfile::tempdir().unwrap();
        let port = system::ports::free_port().unwrap();
        Self {
            launcher: start(storage.path(), port, database.as_deref()),
            database,
            storage,
            port,
            random: Random(seed.wrapping_mul(2).wrapping_add(1)),
            seed,
            hits: BTreeMap::new(),
            seen: BTreeMap::new(),
            passes: 0,
        }
    }

    fn kill(mut self, times: usize) {
        let kills = env::var("KILLS").map_or(times, |text| text.parse().expect("a number of kills"));
        let began = std::time::Instant::now();
        self.check();
        while self.killed() < kills {
            thread::sleep(self.random.below(MAX_LIFETIME));
            let victim = [Victim::Launcher, Victim::Collector, Victim::Dashboard][self.random.choose(3)];
            if !self.hit(victim) {
                continue;
            }
            *self.hits.entry(victim).or_default() += 1;
            if victim == Victim::Launcher {
                self.launcher = start(self.storage.path(), self.port, self.database.as_deref());
            }
            if self.killed().is_multiple_of(KILLS_PER_CHECK) {
                self.check();
            }
            if self.killed().is_multiple_of(KILLS_PER_REPORT) {
                println!(
                    "{}: {} of {kills} kills {:?} in {} s, {} passes",
                    self.name(),
                    self.killed(),
                    self.hits,
                    began.elapsed().as_secs(),
                    self.passes
                );
            }
        }
        self.check();
        signal(self.launcher.id(), "-TERM");
        assert_eq!(self.launcher.wait().unwrap().code(), Some(0), "{}", self.context());
        let mut command = tracker(&["--stand-in", "--once"], self.storage.path(), self.database.as_deref());
        let last = command.output().unwrap();
        let table = String::from_utf8_lossy(&last.stdout);
        assert!(
            last.status.success() && table.contains("downloads of 20 packages"),
            "{table}{}",
            self.context()
        );
        let measurements: usize = self.seen.values().map(BTreeMap::len).sum();
        println!(
            "{}: {} kills {:?} in {} s: {measurements} measurements of {} passes, none lost or stored twice; seed {}",
            self.name(),
            self.killed(),
            self.hits,
            began.elapsed().as_secs(),
            self.passes,
            self.seed
        );
    }

    fn name(&self) -> &'static str {
        if self.database.is_some() {
            "postgresql"
        } else {
            "sqlite"
        }
    }

    fn killed(&self) -> usize {
        self.hits.values().sum()
    }

    /// Kills the process. Returns `false` if it does not run.
    fn hit(&mut self, victim: Victim) -> bool {
        assert!(
            self.launcher.try_wait().unwrap().is_none(),
            "the launcher ended by itself: {}",
            self.context()
        );
        if victim == Victim::Launcher {
            self.launcher.kill().unwrap();
            self.launcher.wait().unwrap();
            return true;
        }
        let name = if victim == Victim::Collector {
            "stats:collect"
        } else {
            "puma"
        };
        let storage = self.storage.path().to_str().unwrap().to_owned();
        let listener = format!("tcp://127.0.0.1:{}", self.port);
        let found = [processes(&storage), processes(&listener)].concat();
        // Bubblewrap, which starts the process in its root, has the same arguments.
        let found = found
            .iter()
            .find(|(_, command)| command.contains(name) && !command.contains("bwrap"));
        found.is_some_and(|(process, _)| signal(u32::try_from(*process).unwrap(), "-KILL"))
    }

    /// Waits for a pass, and compares the stored totals with those of the last check and with the stand-in's counts.
    fn check(&mut self) {
        let began = Timestamp::now();
        let collections = loop {
            assert!(
                self.launcher.try_wait().unwrap().is_none(),
                "the launcher ended by itself: {}",
                self.context()
            );
            self.wait_within_timeout(began);
            let Some(collections) = self.rows("collections", "") else {
                continue;
            };
            let ended =
                |collection: &Value| collection["state"] == "finished" && time(&collection["started_at"]) >= began;
            if collections.iter().any(ended) {
                break collections;
            }
        };
        // The last entries can belong to a pass that runs.
        let last = collections
            .iter()
            .rposition(|collection| collection["state"] == "finished")
            .unwrap();
        let collections = &collections[..=last];
        let until = time(&collections[last]["finished_at"]);
        self.passes = collections.len();

        let mut measured = 0;
        for package in Organisation::fluxcd().packages_at(Timestamp::now()) {
            let rows = loop {
                let name = package.name.replace('/', "%2F");
                if let Some(rows) = self.rows("measurements", &name) {
                    break rows;
                }
                self.wait_within_timeout(began);
            };
            let totals: Totals = rows
                .iter()
                .map(|row| (time(&row["at"]), row["total"].as_u64().unwrap()))
                .collect();
            assert_eq!(
                totals.len(),
                rows.len(),
                "a time twice: {}, {}",
                package.name,
                self.context()
            );
            check_totals(package, &totals, &self.context());
            let seen = self
                .seen
                .insert(package.name.clone(), totals.clone())
                .unwrap_or_default();
            for (at, total) in seen {
                assert_eq!(
                    totals.get(&at),
                    Some(&total),
                    "lost: {} at {at}, {}",
                    package.name,
                    self.context()
                );
            }
            for collection in collections {
                let times = second(time(&collection["started_at"]))..=time(&collection["finished_at"]);
                let of_it = totals.range(times).count();
                assert_eq!(of_it, 1, "{} in {collection}, {}", package.name, self.context());
            }
            measured += totals.range(..=until).count();
        }
        let number = |collection: &Value, name: &str| collection[name].as_u64().unwrap();
        for collection in collections {
            assert_eq!(
                ["listed", "read", "failed"].map(|name| number(collection, name)),
                [20, 20, 0],
                "{collection}, {}",
                self.context()
            );
        }
        assert_eq!(20 * collections.len(), measured, "{}", self.context());
    }

    /// Waits 200 ms. Panics once [`TIMEOUT`] has passed since `since`.
    fn wait_within_timeout(&self, since: Timestamp) {
        let waited = Timestamp::now().duration_since(since).unsigned_abs();
        assert!(waited < TIMEOUT, "no whole pass in {TIMEOUT:?}: {}", self.context());
        thread::sleep(Duration::from_millis(200));
    }

    /// A list of the dashboard, or `None` if the dashboard does not answer.
    fn rows(&self, list: &str, package: &str) -> Option<Vec<Value>> {
        let separator = if package.is_empty() { "" } else { "/" };
        let address = format!(
            "http://127.0.0.1:{}/api/{list}/fluxcd{separator}{package}.json?limit=10000",
            self.port
        );
        let (status, body) = try_get(&address)?;
        let body: Value = serde_json::from_str(&body).ok()?;
        (status == 200).then(|| body[list].as_array().unwrap().clone())
    }

    fn context(&self) -> String {
        let log = fs::read_to_string(self.storage.path().join("launcher.log")).unwrap_or_default();
        let end: Vec<&str> = log.lines().rev().take(30).collect();
        let end: Vec<&str> = end.into_iter().rev().collect();
        format!(
            "after {} kills of seed {}; the end of the log:\n{}",
            self.killed(),
            self.seed,
            end.join("\n")
        )
    }
}

/// Asserts that each total is a recent count of the stand-in, and that the totals do not fall.
fn check_totals(package: &Package, totals: &Totals, context: &str) {
    let mut before = 0;
    for (at, total) in totals {
        let counted = package.total(*at - PAGE_TIMEOUT)..=package.total(*at + Duration::from_secs(1));
        assert!(
            counted.contains(total) && *total >= before,
            "{} at {at}: {total} of {counted:?} after {before}; {context}",
            package.name
        );
        before = *total;
    }
}

fn start(storage: &Path, port: u16, database: Option<&str>) -> KilledOnDrop {
    let log = File::options()
        .create(true)
        .append(true)
        .open(storage.join("launcher.log"))
        .unwrap();
    let port = port.to_string();
    let arguments = ["up", "--stand-in", "--every", "1s", "--port", &port];
    let mut command = tracker(&arguments, storage, database);
    KilledOnDrop::spawn(command.stdout(Stdio::null()).stderr(log))
}

fn tracker(arguments: &[&str], storage: &Path, database: Option<&str>) -> Command {
    debian_root::DebianRoot::get().expect("the Debian root with Rails can be built");
    let mut command = program(arguments);
    // Not in the directory of the launcher's log: a storage directory must contain only the tracker's files.
    command
        .arg("--storage")
        .arg(storage.join("figures"))
        .env_remove("DATABASE_URL");
    if let Some(database) = database {
        command.env("DATABASE_URL", database);
    }
    command
}

fn signal(process: u32, signal: &str) -> bool {
    let sent = Command::new("kill")
        .args([signal, &process.to_string()])
        .stderr(Stdio::null())
        .status();
    sent.unwrap().success()
}

fn time(value: &Value) -> Timestamp {
    value
        .as_str()
        .unwrap_or_else(|| panic!("no time: {value}"))
        .parse()
        .unwrap()
}

fn second(at: Timestamp) -> Timestamp {
    Timestamp::from_second(at.as_second()).unwrap()
}

/// Marsaglia's xorshift, so that a seed repeats a run.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn choose(&mut self, of: u64) -> usize {
        usize::try_from((self.next() >> 16) % of).unwrap()
    }

    fn below(&mut self, longest: Duration) -> Duration {
        longest.mul_f64((self.next() >> 11) as f64 / (1_u64 << 53) as f64)
    }
}
