//! What the figures depend on beside the code: the machine, its system, the tools, and how busy it was.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};
use sysinfo::{CpuRefreshKind, MemoryRefreshKind, RefreshKind};

/// The machine. No name and no address: two machines that say the same here may still be two.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Machine {
    /// The processor, as it calls itself.
    pub processor: String,
    /// What it understands: `x86_64`.
    pub architecture: String,
    /// How many of its cores this system has, threads counted.
    pub cores: usize,
    /// In bytes.
    pub memory_bytes: u64,
    /// Whether it is one of several on the same hardware; `None` where that can't be known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub virtual_machine: Option<bool>,
    /// The operating system with its version.
    pub system: String,
    /// The kernel with its version.
    pub kernel: String,
}

/// How many threads wanted to run, on average over the last minutes.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Load {
    /// One minute.
    pub one: f64,
    /// Five minutes.
    pub five: f64,
    /// Fifteen minutes.
    pub fifteen: f64,
}

/// What the benches were built from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Commit {
    /// In full.
    pub id: String,
    /// Whether files that git knows of differed from it.
    pub changed: bool,
}

const UNKNOWN: &str = "unknown";

impl Machine {
    /// This one.
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

    /// Whether the two can be the same. The system, its kernel and the memory that it leaves to others change with
    /// updates and reboots, the machine does not.
    pub fn may_be(&self, other: &Self) -> bool {
        let size = |machine: &Self| (machine.memory_bytes as f64 / f64::from(1 << 30)).round();
        (&self.processor, &self.architecture, self.cores) == (&other.processor, &other.architecture, other.cores)
            && size(self) == size(other)
    }

    /// In one line, for example `AMD EPYC, 2 cores (virtual), 7.75 GiB, Linux (Debian GNU/Linux 12)`.
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

/// Linux repeats here what the processor says of itself, and a hypervisor makes it say so.
fn virtual_machine() -> Option<bool> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let flags = text.lines().find(|line| line.starts_with("flags"))?;
    Some(flags.split_whitespace().any(|flag| flag == "hypervisor"))
}

impl Load {
    /// Now. `None` where the system doesn't count.
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
    /// What `directory` has checked out; `None` where it is no checkout or there is no git.
    pub fn of(directory: &Path) -> Option<Self> {
        Some(Self {
            id: said(directory, "git", &["rev-parse", "HEAD"])?,
            changed: !said(directory, "git", &["status", "--porcelain", "--untracked-files=no"])?.is_empty(),
        })
    }
}

/// The compiler in use in `directory`, with its version.
pub fn rustc(directory: &Path) -> String {
    said(directory, "rustc", &["--version"]).unwrap_or_else(|| UNKNOWN.to_owned())
}

/// What a program prints, without the line's end; `None` if it isn't there or fails.
fn said(directory: &Path, program: &str, arguments: &[&str]) -> Option<String> {
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
    fn an_update_makes_no_other_machine_and_another_processor_does() {
        let machine = crate::matrix::fixture::record().machine;
        let changed = |change: fn(&mut Machine)| {
            let mut other = machine.clone();
            change(&mut other);
            machine.may_be(&other)
        };
        assert!(changed(|machine| machine.kernel = "Linux 7".to_owned()));
        assert!(changed(|machine| machine.memory_bytes -= 4096));
        assert!(!changed(|machine| machine.processor = "Processor 1".to_owned()));
        assert!(!changed(|machine| machine.cores = 4));
        assert!(!changed(|machine| machine.memory_bytes *= 2));
    }

    #[test]
    fn this_compiler_says_its_version() {
        assert!(rustc(Path::new(env!("CARGO_MANIFEST_DIR"))).starts_with("rustc 1."));
    }

    #[test]
    fn a_directory_without_a_checkout_has_no_commit() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(Commit::of(directory.path()), None);
    }

    #[test]
    fn a_checkout_says_whether_it_was_changed() {
        let directory = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let identity = ["-c", "user.name=Name", "-c", "user.email=name@example.org"];
            let arguments: Vec<&str> = identity.iter().chain(arguments).copied().collect();
            assert!(said(directory.path(), "git", &arguments).is_some(), "{arguments:?}");
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
