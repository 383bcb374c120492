//! A process and all that it started: their memory, their threads and their end, as Linux tells them.

use std::collections::HashMap;
use std::fs;
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use system::processes::memory;

/// A process and its descendants.
#[derive(Clone, Copy, Debug)]
pub(super) struct Family(pub(super) u32);

impl Family {
    /// The numbers of its processes that run now.
    fn members(self) -> Vec<u32> {
        let mut children: HashMap<u32, Vec<u32>> = HashMap::new();
        for process in numbers("/proc") {
            // The state and the parent's number stand behind the name, which may contain anything.
            let stat = fs::read_to_string(format!("/proc/{process}/stat")).unwrap_or_default();
            let parent = stat
                .rsplit_once(')')
                .and_then(|(_, rest)| rest.split_whitespace().nth(1)?.parse().ok());
            if let Some(parent) = parent {
                children.entry(parent).or_default().push(process);
            }
        }
        let mut members = vec![self.0];
        let mut next = 0;
        while let Some(process) = members.get(next) {
            members.extend(children.remove(process).unwrap_or_default());
            next += 1;
        }
        members
    }

    /// The most bytes of memory that the largest of its processes had at any time.
    pub(super) fn peak_memory(self) -> u64 {
        let peaks = self
            .members()
            .into_iter()
            .filter_map(|process| memory(process, "VmHWM"));
        peaks.max().unwrap_or_default()
    }

    /// Waits until all its threads sleep. A guest that was given up but not ended never sleeps.
    pub(super) fn sleeps_within(self, limit: Duration) -> bool {
        const INTERVAL: Duration = Duration::from_millis(10);
        /// A thread may sleep for a moment, for example for a lock.
        const MOMENTS: u32 = 5;
        let end = Instant::now() + limit;
        let mut moments = 0;
        while moments < MOMENTS {
            moments = if self.is_running() { 0 } else { moments + 1 };
            if Instant::now() > end {
                return false;
            }
            thread::sleep(INTERVAL);
        }
        true
    }

    /// Whether one of its threads runs, or waits for a processor or a disk.
    fn is_running(self) -> bool {
        self.members().into_iter().any(|process| {
            let tasks = format!("/proc/{process}/task");
            numbers(&tasks).into_iter().any(|thread| {
                let stat = fs::read_to_string(format!("{tasks}/{thread}/stat")).unwrap_or_default();
                stat.rsplit_once(')')
                    .is_some_and(|(_, rest)| rest.starts_with(" R") || rest.starts_with(" D"))
            })
        })
    }

    /// Ends all its processes.
    pub(super) fn kill(self) {
        for process in self.members() {
            if let Some(process) = i32::try_from(process).ok().and_then(Pid::from_raw) {
                // It may have ended meanwhile.
                _ = kill_process(process, Signal::KILL);
            }
        }
    }
}

/// The names in a directory that are numbers.
fn numbers(directory: &str) -> Vec<u32> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::process::{Child, Command, Stdio};

    use super::*;

    fn shell(script: &str) -> (Child, Family) {
        let mut command = Command::new("sh");
        command.args(["-c", script]).stdin(Stdio::null()).stdout(Stdio::null());
        let child = command.spawn().unwrap();
        let family = Family(child.id());
        (child, family)
    }

    #[test]
    fn a_process_that_runs_on_is_noticed_and_ended_with_all_that_it_started() {
        let (mut child, family) = shell("sh -c 'while :; do :; done' & wait");
        assert!(!family.sleeps_within(Duration::from_secs(1)));
        while family.members().len() < 2 {
            thread::sleep(Duration::from_millis(10));
        }
        family.kill();
        child.wait().unwrap();
        assert!(family.sleeps_within(Duration::from_secs(60)));
    }

    #[test]
    fn a_process_that_waits_sleeps_and_its_memory_is_known() {
        let (mut child, family) = shell("exec sleep 600");
        assert!(family.sleeps_within(Duration::from_secs(60)));
        assert!((1..1 << 30).contains(&family.peak_memory()));
        family.kill();
        child.wait().unwrap();
    }
}
