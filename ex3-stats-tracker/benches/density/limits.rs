//! The limits of a machine that a run needs to be high enough. They are read before: the ten thousandth instance that
//! can't be made is found after a minute, and its error names no limit.

use std::fs;
use std::path::Path;

use rustix::process::{Resource, getrlimit};
use system::command_line::thousands;

/// What an instance takes at most of the memory, and of the addresses for its memory, its tables and its stack. It
/// holds half of the memory, and four fifths of the addresses.
const INSTANCE_BYTES: u64 = 256 << 10;
const INSTANCE_ADDRESSES: u64 = 5 << 30;

/// The mappings of an instance, and those of a host without any.
const INSTANCE_MAPPINGS: u64 = 6;
const HOST_MAPPINGS: u64 = 1_000;

/// The memory that a process takes at most, with what the loader writes into the mapping of its program.
const PROCESS_BYTES: u64 = 4 << 20;

/// The programs of a user that runs a bench.
const OTHER_PROCESSES: u64 = 100;

/// A limit of this machine.
struct Limit {
    name: &'static str,
    /// `None` if there is none.
    given: Option<u64>,
    needed: u64,
    show: fn(u64) -> String,
}

/// Checks that the limits suffice for so many instances in a host, and then for so many processes.
///
/// # Errors
///
/// The name of each limit that is too low, and what is needed.
pub(crate) fn check(instances: u64, processes: u64) -> Result<(), String> {
    let too_low: Vec<String> = limits(instances, processes).iter().filter_map(too_low).collect();
    match too_low.is_empty() {
        true => Ok(()),
        false => Err(format!(
            "{} instances and {} processes don't fit here: {}",
            thousands(instances),
            thousands(processes),
            too_low.join("; ")
        )),
    }
}

fn too_low(limit: &Limit) -> Option<String> {
    let given = limit.given.filter(|given| *given < limit.needed)?;
    Some(format!(
        "{} is {}, and {} are needed",
        limit.name,
        (limit.show)(given),
        (limit.show)(limit.needed)
    ))
}

fn limits(instances: u64, processes: u64) -> [Limit; 5] {
    let number = |number: u64| thousands(number);
    let memory = (instances * INSTANCE_BYTES).max(processes * PROCESS_BYTES);
    [
        Limit {
            name: "the available memory (`MemAvailable`)",
            given: kilobytes("/proc/meminfo", "MemAvailable:").map(|kilobytes| kilobytes << 10),
            needed: memory,
            show: mebibytes,
        },
        Limit {
            name: "the memory of this control group (`memory.max`)",
            given: memory_of_control_group(),
            needed: memory,
            show: mebibytes,
        },
        Limit {
            name: "the address space of a process (`ulimit -v`)",
            given: getrlimit(Resource::As).current,
            needed: instances * INSTANCE_ADDRESSES,
            show: mebibytes,
        },
        Limit {
            name: "the number of processes (`ulimit -u`)",
            given: getrlimit(Resource::Nproc).current,
            needed: processes + OTHER_PROCESSES,
            show: number,
        },
        Limit {
            name: "the number of mappings (`sysctl vm.max_map_count`)",
            given: number_in("/proc/sys/vm/max_map_count"),
            needed: instances * INSTANCE_MAPPINGS + HOST_MAPPINGS,
            show: number,
        },
    ]
}

fn mebibytes(bytes: u64) -> String {
    format!("{} MiB", thousands(bytes >> 20))
}

fn number_in(path: impl AsRef<Path>) -> Option<u64> {
    fs::read_to_string(path).ok()?.trim().parse().ok()
}

fn kilobytes(path: &str, name: &str) -> Option<u64> {
    let text = fs::read_to_string(path).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// The least limit of the control group of this process and of those around it.
fn memory_of_control_group() -> Option<u64> {
    let groups = fs::read_to_string("/proc/self/cgroup").ok()?;
    let group = groups.lines().find_map(|line| line.strip_prefix("0::/"))?;
    let directory = Path::new("/sys/fs/cgroup").join(group);
    directory
        .ancestors()
        .filter_map(|directory| number_in(directory.join("memory.max")))
        .min()
}
