//! The record of the bench `density` in a README: the memory of instances and of processes, and their first answers.

mod plot;

use std::fmt::Write;
use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail, ensure};
use bench::density::{FILE, FirstAnswer, Record};
use bench::matrix::part::{self, Rendered};
use bench::matrix::{Interval, number};
use system::command_line::thousands;

/// The plot's file, relative to the workspace.
const PLOT: &str = "ex3-stats-tracker/density.svg";

/// What a cell shows of processes that were not started.
const NOT_MEASURED: &str = "not measured";

/// A part of the record, by its name: for a README in `directory`.
///
/// # Errors
///
/// There is no such part, or no record that can be shown.
pub(super) fn rendered(workspace: &Path, part: &str, directory: &str) -> Result<Rendered> {
    let record = read(workspace)?;
    let markdown = match part {
        "memory" => memory(&record),
        "first-answers" => first_answers(&record),
        "run" => run(&record),
        "plot" => {
            return Ok(Rendered {
                markdown: image(&record, directory),
                file: Some((PLOT, plot::svg(&record.figures))),
            });
        }
        _ => bail!("a record of density has no part {part:?}: there are memory, first-answers, plot and run"),
    };
    Ok(Rendered { markdown, file: None })
}

fn read(workspace: &Path) -> Result<Record> {
    let writer = "`cargo bench -p ex3-stats-tracker --bench density -- --record` writes it";
    let text = fs::read_to_string(workspace.join(FILE)).with_context(|| format!("{FILE} can't be read: {writer}"))?;
    let record: Record = serde_json::from_str(&text).with_context(|| format!("{FILE} is no record: {writer}"))?;
    let figures = &record.figures;
    for held in [&figures.instances, &figures.processes] {
        // Logarithms are drawn.
        let is_sound = !held.is_empty() && held.iter().all(|held| held.count > 0 && held.kilobytes > 0);
        ensure!(is_sound, "{FILE} has no figures, or some of nothing: {writer}");
    }
    Ok(record)
}

fn memory(record: &Record) -> String {
    let mut text =
        "| number | instances in one host, KiB each | all | native processes, KiB each | all | process : instance |\n\
                    | ---: | ---: | ---: | ---: | ---: | ---: |\n"
            .to_owned();
    for instances in &record.figures.instances {
        let _ = write!(
            text,
            "| {} | {} | {} |",
            thousands(instances.count),
            thousands(instances.each()),
            number::size(instances.kilobytes << 10)
        );
        let mut processes = record.figures.processes.iter();
        let _ = match processes.find(|processes| processes.count == instances.count) {
            Some(processes) => writeln!(
                text,
                " {} | {} | {:.1} × |",
                thousands(processes.each()),
                number::size(processes.kilobytes << 10),
                processes.kilobytes as f64 / instances.kilobytes as f64
            ),
            None => writeln!(text, " {NOT_MEASURED} | | |"),
        };
    }
    text
}

fn first_answers(record: &Record) -> String {
    let answers = &record.figures.first_answers;
    let mut text = "| first answer | p50 | p99 | answers |\n| --- | ---: | ---: | ---: |\n".to_owned();
    for (name, answer) in [
        ("of a new instance in a running host", answers.instance),
        ("of a native process, from nothing", answers.process),
        ("of a host from nothing, its code compiled before", answers.host),
    ] {
        let FirstAnswer {
            count,
            p50_microseconds,
            p99_microseconds,
        } = answer;
        let _ = writeln!(
            text,
            "| {name} | {} | {} | {} |",
            time(p50_microseconds),
            time(p99_microseconds),
            thousands(count)
        );
    }
    text
}

fn time(microseconds: u64) -> String {
    let nanoseconds = microseconds as f64 * 1e3;
    number::time(&Interval {
        estimate: nanoseconds,
        lower: nanoseconds,
        upper: nanoseconds,
    })
}

/// When, where and with what the record was made.
fn run(record: &Record) -> String {
    let conditions = part::conditions(
        record.recorded_at,
        &record.machine,
        &record.rustc,
        record.commit.as_ref(),
    );
    format!("{conditions}, with a page of {}.\n", number::size(record.page_bytes))
}

fn image(record: &Record, directory: &str) -> String {
    let alternative = format!("{}: {}", plot::TITLE, plot::summary(&record.figures));
    part::image(&alternative, PLOT, directory)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A workspace with the record of the tests, whose figures are invented.
    fn workspace() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::create_dir_all(directory.path().join(FILE).parent().unwrap()).unwrap();
        fs::write(directory.path().join(FILE), include_str!("density/fixture.json")).unwrap();
        directory
    }

    fn markdown(part: &str) -> String {
        rendered(workspace().path(), part, "ex3-stats-tracker")
            .unwrap()
            .markdown
    }

    #[test]
    fn the_memory_of_both_stands_beside_each_other_as_far_as_both_were_measured() {
        let table = markdown("memory");
        assert!(
            table.contains("| 1,000 | 128 | 125 MiB | 320 | 312 MiB | 2.5 × |\n"),
            "{table}"
        );
        assert!(
            table.contains("| 10,000 | 128 | 1250 MiB | not measured | | |\n"),
            "{table}"
        );
        assert_eq!(table.lines().count(), 2 + 5, "{table}");
    }

    #[test]
    fn first_answers_have_percentiles_with_units() {
        let table = markdown("first-answers");
        assert!(
            table.contains("| of a new instance in a running host | 800 µs | 1.50 ms | 10,000 |\n"),
            "{table}"
        );
        assert!(
            table.contains("| of a native process, from nothing | 2.00 ms | 3.25 ms | 200 |\n"),
            "{table}"
        );
    }

    #[test]
    fn a_run_says_when_where_and_with_what() {
        assert_eq!(
            markdown("run"),
            "Measured on 1 December 2026 at 12:00 UTC on Processor 9000, 2 cores of a virtual machine, 8.0 GiB of memory, \
             Linux (Debian GNU/Linux 12), Linux 6.1.0, with rustc 1.95.0, from commit 0123456789ab, with a page of \
             226 KiB.\n"
        );
    }

    #[test]
    fn the_plot_is_a_file_with_a_link_from_each_readme_and_its_figures_in_words() {
        let workspace = workspace();
        let plot = |directory| rendered(workspace.path(), "plot", directory).unwrap();
        assert_eq!(
            plot("ex3-stats-tracker").markdown,
            "![Memory of instances in one host and of native processes: 10,000 instances hold 1250 MiB, 128 KiB each; \
             1,000 processes hold 312 MiB, 320 KiB each](density.svg)\n"
        );
        assert!(
            plot("slides")
                .markdown
                .ends_with("](../ex3-stats-tracker/density.svg)\n")
        );
        assert!(plot("").markdown.ends_with("](ex3-stats-tracker/density.svg)\n"));
        assert_eq!(plot("").file.unwrap().0, PLOT);
    }

    #[test]
    fn what_can_not_be_shown_is_named_with_the_next_step() {
        let workspace = workspace();
        let error = |part| format!("{:#}", rendered(workspace.path(), part, "").unwrap_err());
        assert!(error("speed").contains("no part \"speed\": there are memory, first-answers"));
        let path = workspace.path().join(FILE);
        let text = fs::read_to_string(&path).unwrap();
        for (from, to) in [
            ("\"kilobytes\": 192", "\"kilobytes\": 0"),
            ("\"kilobytes\": 192", "\"kilobytes\": \"192\""),
            ("\"page_bytes\"", "\"page_kilobytes\""),
        ] {
            assert!(text.contains(from), "{from}");
            fs::write(&path, text.replace(from, to)).unwrap();
            let error = error("memory");
            assert!(
                error.contains(FILE) && error.contains("-- --record` writes it"),
                "{error}"
            );
        }
        fs::remove_file(&path).unwrap();
        assert!(error("memory").contains("can't be read: `cargo bench"));
    }
}
