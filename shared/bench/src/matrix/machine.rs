//! The conditions of a run: the machine, its system and load, the compiler and the commit.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind};

/// The machine, without its name and address: two machines can have the same description.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The processor's brand name.
    pub processor: String,
    /// The instruction set: `x86_64`.
    pub architecture: String,
    /// The number of logical cores.
    pub cores: usize,
    /// The size of the memory in bytes.
    pub memory_bytes: u64,
    /// Whether it is a virtual machine; `None` if that is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_machine: Option<bool>,
    /// The operating system with its version.
    pub system: String,
    /// The kernel with its version.
    pub kernel: String,
}

/// The load average: the mean number of threads that run or wait for a core.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// Of the last minute.
    pub one: f64,
    /// Of the last five minutes.
    pub five: f64,
    /// Of the last fifteen minutes.
    pub fifteen: f64,
}

/// The commit that the benches were built from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// The full id.
    pub id: String,
    /// Whether tracked files differed from the commit.
    pub changed: bool,
}

const UNKNOWN: &str = "unknown";

impl Machine {
    /// The machine on which this program runs.
    pub fn this() -> Self {
        let wanted = RefreshKind::nothing()
            .with_cpu(CpuRefreshKind::nothing())
            .with_memory(MemoryRefreshKind::nothing().with_ram());
        let system = sysinfo::System::new_with_specifics(wanted).ok();
        let processor = system.as_ref().and_then(|system| system.cpus().first());
        Self {
            processor: processor
                .map(|processor| processor.brand().trim())
                .filter(|brand| !brand.is_empty())
                .unwrap_or(UNKNOWN)
                .to_owned(),
            architecture: sysinfo::System::cpu_arch(),
            cores: system.as_ref().map_or(0, |system| system.cpus().len()),
            memory_bytes: system.as_ref().map_or(0, sysinfo::System::total_memory),
            virtual_machine: virtual_machine(),
            system: sysinfo::System::long_os_version().unwrap_or_else(|_| UNKNOWN.to_owned()),
            kernel: sysinfo::System::kernel_long_version().unwrap_or_else(|_| UNKNOWN.to_owned()),
        }
    }

    /// Whether the two can be the same machine. The system, its kernel and the kernel's share of the memory may differ:
    /// they change with updates.
    pub fn may_equal(&self, other: &Self) -> bool {
        let size = |machine: &Self| (machine.memory_bytes as f64 / f64::from(1 << 30)).round();
        (&self.processor, &self.architecture, self.cores) == (&other.processor, &other.architecture, other.cores)
            && size(self) == size(other)
    }

    /// The machine in one line, for example `AMD EPYC, 2 cores of a virtual machine, 7.8 GiB of memory, Linux (Debian
    /// GNU/Linux 12), Linux 6.1.0`.
    pub fn in_words(&self) -> String {
        let virtually = match self.virtual_machine {
            Some(true) => " of a virtual machine",
            _ => "",
        };
        format!(
            "{}, {} cores{virtually}, {:.1} GiB of memory, {}, {}",
            self.processor,
            self.cores,
            self.memory_bytes as f64 / f64::from(1 << 30),
            self.system,
            self.kernel
        )
    }
}

/// From the flags of `/proc/cpuinfo`: under a hypervisor the processor has the flag `hypervisor`.
fn virtual_machine() -> Option<bool> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let flags = text.lines().find(|line| line.starts_with("flags"))?;
    Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

impl Load {
    /// The current load; `None` if the system has no load average.
    pub fn now() -> Option<Self> {
        let load = sysinfo::System::load_average().ok()?;
        Some(Self {
            one: load.one,
            five: load.five,
            fifteen: load.fifteen,
        })
    }
}

impl Commit {
    /// The commit that is checked out in `directory`; `None` outside of a checkout or without git.
    pub fn of(directory: &Path) -> Option<Self> {
        Some(Self {
            id: output_of(directory, "git", &["rev-parse", "HEAD"])?,
            changed: !output_of(directory, "git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty(),
        })
    }
}

/// The version of the compiler in use in `directory`: `rustc 1.95.0`.
pub fn rustc(directory: &Path) -> String {
    output_of(directory, "rustc", &["--version"]).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// The output of a program, without the final line break; `None` if it is not installed or fails.
fn output_of(directory: &Path, program: &str, arguments: &[&str]) -> Option<String> {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(directory)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .ok()
        .filter(|output| output.status.success())?;
    Some(String::from_utf8(output.stdout).ok()?.trim_end().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_machine_has_a_processor_and_memory() {
        let machine = Machine::this();
        assert!(machine.cores > 0 && machine.memory_bytes > 1 << 20, "{machine:?}");
        assert!(machine.in_words().contains(" cores"), "{}", machine.in_words());
    }

    #[test]
    fn an_update_keeps_the_machine_and_another_processor_does_not() {
        let machine = crate::matrix::fixture::record().machine;
        let changed = |change: fn(&mut Machine)| {
            let mut other = machine.clone();
            change(&mut other);
            machine.may_equal(&other)
        };
        assert!(changed(|machine| machine.kernel = "Linux 7".to_owned()));
        assert!(changed(|machine| machine.memory_bytes -= 4096));
        assert!(!changed(|machine| machine.processor = "Processor 1".to_owned()));
        assert!(!changed(|machine| machine.cores = 4));
        assert!(!changed(|machine| machine.memory_bytes *= 2));
    }

    #[test]
    fn the_compiler_has_its_version() {
        assert!(rustc(Path::new(env!("CARGO_MANIFEST_DIR"))).starts_with("rustc 1."));
    }

    #[test]
    fn a_directory_without_a_checkout_has_no_commit() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Commit::of(directory.path()), None);
    }

    #[test]
    fn a_commit_says_whether_files_differ() {
        let directory = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=Name", "-c", "user.email=name@example.org"];
            let arguments: Vec<&str> = identity.iter().chain(arguments).copied().collect();
            assert!(
                output_of(directory.path(), "git", &arguments).is_some(),
                "{arguments:?}"
            );
        };
        fs::write(directory.path().join("file"), "one").unwrap();
        git(&["init", "--quiet"]);
        git(&["add", "file"]);
        git(&["commit", "--quiet", "--message", "One"]);
        let commit = Commit::of(directory.path()).unwrap();
        assert!(commit.id.len() >= 40 && !commit.changed, "{commit:?}");
        fs::write(directory.path().join("file"), "two").unwrap();
        assert!(Commit::of(directory.path()).unwrap().changed);
    }
}
