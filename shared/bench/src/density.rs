//! The record of the bench `density`: the memory of instances and of processes, and the times until their first answers.
//!
//! The bench writes it, and `cargo xtask readme` makes tables and a plot of it.

use std::io;
use std::path::Path;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::json_file;
use crate::matrix::machine::{Commit, Load, Machine};

/// The file, relative to the workspace.
pub const FILE: &str = "ex3-stats-tracker/benches/density.json";

/// The figures of a run, and its conditions.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// When the run ended.
    pub recorded_at: Timestamp,
    /// Where it ran.
    pub machine: Machine,
    /// The other work of the machine; `None` where it does not say.
    pub load_before: Option<Load>,
    /// The compiler, with its version.
    pub rustc: String,
    /// The commit that was built; `None` outside of a checkout.
    pub commit: Option<Commit>,
    /// The size of the page that each instance and each process was asked about.
    pub page_bytes: u64,
    /// What was measured.
    pub figures: Figures,
}

impl Record {
    /// Writes the whole record in the place of the last one, or leaves that.
    ///
    /// # Errors
    /// If the file can't be written.
    pub fn write(&self, workspace: &Path) -> io::Result<()> {
        let path = workspace.join(FILE);
        let directory = path.parent().unwrap_or(workspace);
        json_file::beside(directory, self)?.persist(&path)?;
        Ok(())
    }
}

/// What was measured.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// Instances in one host, by their rising number.
    pub instances: Vec<Held>,
    /// Processes, by their rising number.
    pub processes: Vec<Held>,
    /// The times until a first answer.
    pub first_answers: FirstAnswers,
}

/// The memory that so many hold together.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Held {
    /// The number of instances or of processes.
    pub count: u64,
    /// In units of 1,024 bytes.
    pub kilobytes: u64,
}

impl Held {
    /// The kilobytes of one of them.
    pub fn each(&self) -> u64 {
        self.kilobytes / self.count.max(1)
    }
}

/// The times until first answers.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstAnswers {
    /// From the request to a running host to the answer of a new instance.
    pub instance: FirstAnswer,
    /// From the start of a native process to its answer.
    pub process: FirstAnswer,
    /// From the start of a host, whose code is compiled already, to the answer of its first instance.
    pub host: FirstAnswer,
}

/// Percentiles of the times until a first answer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FirstAnswer {
    /// The number of answers.
    pub count: u64,
    /// The median.
    pub p50_microseconds: u64,
    /// The time within which 99 of a hundred answer.
    pub p99_microseconds: u64,
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn a_record_takes_the_place_of_the_last_one() {
        let workspace = tempfile::tempdir().unwrap();
        let file = workspace.path().join(FILE);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        let real = fs::read_to_string(system::workspace().join(FILE)).unwrap();
        let mut record: Record = serde_json::from_str(&real).unwrap();
        for page_bytes in [1, 2] {
            record.page_bytes = page_bytes;
            record.write(workspace.path()).unwrap();
            let text = fs::read_to_string(&file).unwrap();
            assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
        }
        assert_eq!(fs::read_dir(file.parent().unwrap()).unwrap().count(), 1);
    }
}
