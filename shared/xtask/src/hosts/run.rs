//! Runs a program, and reads its times.

use std::io::Read;
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};
use system::processes;

use super::pages::{Page, compare};
use super::places::Places;
use super::program::Program;
use super::report::Times;

/// The time that a program has in all, and its guest within it. A busy machine may need most of it.
const TIME_LIMIT: Duration = Duration::from_secs(300);

/// What a program left behind.
pub(super) struct Ended {
    /// `None` if it was killed after its time limit.
    pub(super) status: Option<ExitStatus>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

/// Runs a program with a time limit. Its output is text.
pub(super) fn ended(command: &mut Command, limit: Duration) -> Result<Ended> {
    processes::end_with_this_process(command);
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let mut child = command.spawn().context("it can't be started")?;
    let (stdout, stderr) = (child.stdout.take(), child.stderr.take());
    let reader = |pipe: Option<Box<dyn Read + Send>>| {
        thread::spawn(move || {
            let mut text = Vec::new();
            // What was read before an error is still the output.
            _ = pipe.map(|mut pipe| pipe.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        })
    };
    let stdout = reader(stdout.map(|pipe| Box::new(pipe) as _));
    let stderr = reader(stderr.map(|pipe| Box::new(pipe) as _));
    let end = Instant::now() + limit;
    let mut status = child.try_wait()?;
    while status.is_none() && Instant::now() < end {
        thread::sleep(Duration::from_millis(2));
        status = child.try_wait()?;
    }
    if status.is_none() {
        child.kill()?;
        child.wait()?;
    }
    let text = |reader: thread::JoinHandle<String>| reader.join().expect("reading a pipe does not panic");
    Ok(Ended {
        status,
        stdout: text(stdout),
        stderr: text(stderr),
    })
}

/// A program's output. That it failed is an error.
pub(super) fn answers(program: &Program, places: &Places, arguments: &[PathBuf]) -> Result<String> {
    Ok(successful(program, places, arguments)?.stdout)
}

fn successful(program: &Program, places: &Places, arguments: &[PathBuf]) -> Result<Ended> {
    let mut command = program.command(places)?;
    command
        .args(arguments)
        .env("TIME_LIMIT", TIME_LIMIT.as_secs().to_string());
    let ended = ended(&mut command, TIME_LIMIT)?;
    let Some(status) = ended.status else {
        bail!("it was not done in {} s", TIME_LIMIT.as_secs());
    };
    ensure!(status.success(), "it ended with {status}: {}", ended.stderr.trim());
    Ok(ended)
}

/// Reads the measured page as often as asked for: the times that the program reports, and the whole time of a process
/// that reads it once.
pub(super) fn times(
    program: &Program,
    places: &Places,
    arguments: &dyn Fn(usize) -> Vec<PathBuf>,
    page: &Page,
    repetitions: usize,
) -> Result<Times> {
    let begin = Instant::now();
    let ended = successful(program, places, &arguments(1))?;
    let process = begin.elapsed();
    compare(&ended.stdout, [page].into_iter())?;
    let ended = successful(program, places, &arguments(repetitions))?;
    let all = |name: &str| -> Result<Vec<Duration>> {
        let lines = ended.stderr.lines();
        lines
            .filter_map(|line| line.strip_prefix(name)?.strip_prefix(' '))
            .map(duration)
            .collect()
    };
    let mut work = all("page")?;
    ensure!(
        work.len() == repetitions,
        "it reported {} times for {repetitions} pages",
        work.len()
    );
    work.sort_unstable();
    let milliseconds = |duration: Duration| duration.as_secs_f64() * 1e3;
    Ok(Times {
        set_up: all("set-up")?.first().copied().map(milliseconds),
        start: all("start")?.first().copied().map(milliseconds),
        work: milliseconds(work[repetitions / 2]),
        process: milliseconds(process),
    })
}

/// A time with its unit, as each language prints it: `1.5ms`, `36µs`, `2s`.
fn duration(text: &str) -> Result<Duration> {
    let unit = text.trim_start_matches(|character: char| character.is_ascii_digit() || character == '.');
    let number: f64 = text[..text.len() - unit.len()]
        .parse()
        .with_context(|| format!("{text} is no time"))?;
    let seconds = match unit {
        "s" => number,
        "ms" => number / 1e3,
        "µs" => number / 1e6,
        "ns" => number / 1e9,
        _ => bail!("{text} has no unit of time"),
    };
    Ok(Duration::from_secs_f64(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_units() {
        assert_eq!(duration("1.5ms").unwrap(), Duration::from_micros(1_500));
        assert_eq!(duration("36µs").unwrap(), Duration::from_micros(36));
        assert_eq!(duration("2s").unwrap(), Duration::from_secs(2));
        for wrong in ["", "ms", "3", "3h", "-1s", "1m3s"] {
            assert!(duration(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_program_that_does_not_end_is_killed() {
        let ended = ended(
            Command::new("sh").args(["-c", "echo out; exec sleep 60"]),
            Duration::from_millis(300),
        )
        .unwrap();
        assert!(ended.status.is_none());
        assert_eq!(ended.stdout, "out\n");
    }
}
