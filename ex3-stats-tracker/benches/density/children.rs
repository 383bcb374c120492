//! This program started again, once or a thousand times: what its parent does with it.

use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::time::Instant;

use bytes::Bytes;

use crate::common::{self, COMPONENT};
use crate::roles::{self, InstancesOfHost, Role};

/// What each child gets.
pub(crate) struct Inputs {
    page: tempfile::NamedTempFile,
    module: PathBuf,
    right: Bytes,
    page_bytes: u64,
    lifeline: Lifeline,
}

/// The input of children, which nobody writes to. It ends with this process, however that ends, and so do they.
struct Lifeline {
    input: PipeReader,
    _open: PipeWriter,
}

impl Lifeline {
    fn new() -> Self {
        let (input, open) = io::pipe().expect("a pipe can be made");
        Self { input, _open: open }
    }
}

/// A child, which ends with this value.
struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        _ = self.child.kill();
        _ = self.child.wait();
    }
}

impl Process {
    /// The rest of the output, after the end of the process.
    fn finish(mut self) -> String {
        let mut rest = String::new();
        self.output
            .read_to_string(&mut rest)
            .expect("the child's output can be read");
        let status = self.child.wait().expect("the child ends");
        assert!(status.success(), "a child ended with {status}; its message is above");
        rest
    }
}

impl Inputs {
    pub(crate) fn new() -> Self {
        let (_, page) = common::page();
        // Where it is in nobody's way if this process is killed.
        let mut file = tempfile::NamedTempFile::new_in(env!("CARGO_TARGET_TMPDIR")).expect("a file can be made");
        file.write_all(&page).expect("the page can be written");
        Self {
            page: file,
            module: common::options()
                .sources
                .remove(COMPONENT)
                .expect("the component is built"),
            right: common::right_answer(&page),
            page_bytes: page.len() as u64,
            lifeline: Lifeline::new(),
        }
    }

    pub(crate) fn page_bytes(&self) -> u64 {
        self.page_bytes
    }

    /// Starts a child. Its output is a pipe, and its messages are shown.
    fn start(&self, role: Role, lifeline: &Lifeline) -> Process {
        let program = std::env::current_exe().expect("this program has a path");
        let input = lifeline.input.try_clone().expect("a pipe can be handed on");
        let mut command = Command::new(program);
        roles::assign(&mut command, role, self.page.path(), &self.module);
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("one more process can't be started: {error}"));
        let output = BufReader::new(child.stdout.take().expect("the output is a pipe"));
        Process { child, output }
    }

    /// A child that has given the right answer.
    fn answered(&self, role: Role, lifeline: &Lifeline) -> Process {
        let mut process = self.start(role, lifeline);
        let mut line = String::new();
        process
            .output
            .read_line(&mut line)
            .expect("the child's output can be read");
        assert_eq!(line.trim_end().as_bytes(), self.right, "the child's answer");
        process
    }

    /// A host that has made so many instances.
    pub(crate) fn host(&self, instances: u64) -> InstancesOfHost {
        let text = self.answered(Role::Host { instances }, &self.lifeline).finish();
        serde_json::from_str(&text).expect("the child prints its figures")
    }

    /// The kilobytes that so many processes hold.
    pub(crate) fn held_by_processes(&self, count: u64) -> u64 {
        let children: Vec<Process> = (0..count)
            .map(|_| self.answered(Role::Process, &self.lifeline))
            .collect();
        children
            .iter()
            .map(|process| memory_without_program(process.child.id()))
            .sum()
    }

    /// The microseconds from the start of a process to its answer, so many times.
    pub(crate) fn cold_starts(&self, role: Role, count: u64) -> Vec<u64> {
        let once = |_| {
            let begun = Instant::now();
            let _process = self.answered(role, &self.lifeline);
            roles::microseconds(begun.elapsed())
        };
        // The first one reads the program from the disk.
        once(0);
        (0..count).map(once).collect()
    }

    /// Checks that children end when their input does, as after Ctrl-C or a signal that ends this process alone.
    pub(crate) fn check_that_children_end_with_this_process(&self) {
        // So many instances that the host would take seconds for the rest.
        for role in [Role::Process, Role::Host { instances: 1_000 }] {
            let lifeline = Lifeline::new();
            let process = self.answered(role, &lifeline);
            drop(lifeline);
            assert_eq!(process.finish(), "", "{role:?} went on without its parent");
        }
    }
}

/// The memory of a process in kilobytes, without the pages of files.
fn memory_without_program(process: u32) -> u64 {
    let mappings = fs::read_to_string(format!("/proc/{process}/smaps")).expect("Linux shows the mappings of a process");
    let mut has_file = false;
    let mut kilobytes = 0;
    for line in mappings.lines() {
        let mut words = line.split_whitespace();
        let first = words.next().unwrap_or_default();
        if first == "Anonymous:" && !has_file {
            let number = words.next().and_then(|number| number.parse::<u64>().ok());
            kilobytes += number.expect("the memory is in kilobytes");
        } else if !first.ends_with(':') {
            // The first line of a mapping: addresses, permissions, offset, device, inode, and the file.
            has_file = words.nth(3).is_some_and(|inode| inode != "0");
        }
    }
    kilobytes
}
