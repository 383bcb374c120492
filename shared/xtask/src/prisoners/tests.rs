//! Tests of the record, and of some of its cells in every host. `cargo xtask prisoners --check` runs them all.

use std::env;
use std::fs;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use system::workspace;

use super::*;

/// The hosts that this project makes: none of their cells may be without containment.
const OURS: [&str; 3] = ["Rust, Wasmer", "Rust, wasmtime", "Ruby, this project's gem"];

/// One prisoner for each kind of limit: time, what the host believes, what it links, what it has to leave alone, and
/// memory. A host may be lost by the last one.
const SOME: [&str; 6] = [
    "endless-loop",
    "lying-place",
    "re-entry",
    "missing-import",
    "slow",
    "memory-growth",
];

#[test]
fn every_cell_is_recorded_and_all_of_ours_are_contained() {
    let record = Record::read(workspace()).unwrap();
    let expected: Vec<(&str, &str)> = GUARDED_HOSTS
        .iter()
        .flat_map(|host| PRISONERS.iter().map(|prisoner| (host.name, prisoner.name)))
        .collect();
    let cells = record.cells.iter();
    let recorded: Vec<(&str, &str)> = cells.map(|cell| (cell.host.as_str(), cell.prisoner.as_str())).collect();
    assert_eq!(recorded, expected);
    for cell in &record.cells {
        assert!(cell.contained || !OURS.contains(&cell.host.as_str()), "{cell:?}");
        assert!(cell.usable || !cell.contained, "{cell:?}");
    }
}

#[test]
fn every_prisoner_is_a_module_and_says_what_it_does() {
    let modules = Modules::new(workspace()).unwrap();
    for prisoner in &PRISONERS {
        let module = modules.get(prisoner.name, prisoner.source).unwrap();
        assert!(module.metadata().unwrap().len() > 0, "{}", prisoner.name);
        if let Source::Written = prisoner.source {
            let file = workspace()
                .join(guest::DIRECTORY)
                .join(prisoner.name)
                .with_extension("wat");
            let text = fs::read_to_string(file).unwrap();
            let comment = text.lines().take_while(|line| line.starts_with(";;")).count();
            assert!(comment >= 3, "{}: {comment} lines say what it does", prisoner.name);
        }
    }
    let files = fs::read_dir(workspace().join(guest::DIRECTORY)).unwrap().count();
    let written = PRISONERS
        .iter()
        .filter(|prisoner| matches!(prisoner.source, Source::Written));
    assert_eq!(
        files,
        written.count() + 1,
        "a file is of no prisoner and not the good guest"
    );
}

#[test]
fn a_cell_that_differs_from_the_record_is_noticed() {
    let mut record = Record::read(workspace()).unwrap();
    let cells = record.cells.clone();
    assert_eq!(differences(&record, &cells), Vec::<String>::new());
    check(&record, &cells).unwrap();
    record.cells[3].contained ^= true;
    record.cells.remove(7);
    let differences = differences(&record, &cells);
    assert_eq!(differences.len(), 2, "{differences:?}");
    assert!(
        check(&record, &cells)
            .unwrap_err()
            .to_string()
            .contains("cargo xtask prisoners")
    );
}

#[test]
fn some_prisoners_are_contained_by_each_host_as_recorded() {
    let places = Places::of(&Cargo::new(workspace().to_path_buf())).unwrap();
    let modules = Modules::new(workspace()).unwrap();
    let record = Record::read(workspace()).unwrap();
    let some = SOME.map(|name| PRISONERS.iter().find(|prisoner| prisoner.name == name).unwrap());
    // Made before, so that two hosts don't write the same file.
    modules.get(GOOD, Source::Written).unwrap();
    for prisoner in some {
        modules.get(prisoner.name, prisoner.source).unwrap();
    }
    let of_host = |program: &Program| -> Result<Vec<String>> {
        // One process for all: a server has many guests.
        let mut guarded = Guarded::start(program, &places, &modules)?;
        let cells: Vec<Cell> = some
            .iter()
            .map(|prisoner| guarded.cell(prisoner))
            .collect::<Result<_>>()?;
        // Where a host has no limit of its own, a slow machine may end the guest before it does harm. That is no
        // containment, and only containment must not be lost.
        let is_contained = |cell: &Cell| {
            let recorded = record.cell(&cell.host, &cell.prisoner);
            recorded.is_some_and(|recorded| recorded.contained)
        };
        let cells: Vec<Cell> = cells.into_iter().filter(is_contained).collect();
        Ok(differences(&record, &cells))
    };
    let next = AtomicUsize::new(0);
    let work = || {
        let mut failures = Vec::new();
        while let Some(program) = GUARDED_HOSTS.get(next.fetch_add(1, Ordering::Relaxed)) {
            match program.missing(&places) {
                Some(missing) if env::var_os("CI").is_some() => failures.push(format!("{}: {missing}", program.name)),
                Some(missing) => eprintln!("SKIPPED: {}: {missing}", program.name),
                None => failures.extend(of_host(program).unwrap_or_else(|error| vec![format!("{error:#}")])),
            }
        }
        failures
    };
    let failures = thread::scope(|scope| {
        let threads = [scope.spawn(work), scope.spawn(work)];
        threads.map(|thread| thread.join().unwrap()).concat()
    });
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
