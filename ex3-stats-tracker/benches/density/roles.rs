//! What this program does when it has started itself: it is a native process, or a host.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{self, Command};
use std::time::{Duration, Instant};
use std::{env, thread};

use bytes::Bytes;
use http::Request;
use http_body_util::Full;
use serde::{Deserialize, Serialize};
use spin_host::{Application, Options};
use system::processes::memory;

use crate::common::{self, COMPONENT};

/// The environment variables of a child: its role, and the paths of the page and of the built component.
const ROLE: &str = "DENSITY_ROLE";
const PAGE: &str = "DENSITY_PAGE";
const MODULE: &str = "DENSITY_MODULE";

/// What a child is.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub(crate) enum Role {
    /// It answers with the parser alone, and waits for its end.
    Process,
    /// It makes so many instances, which answer and are kept, and prints its figures.
    Host { instances: u64 },
}

/// The figures of a host.
#[derive(Serialize, Deserialize)]
pub(crate) struct InstancesOfHost {
    /// Kilobytes of the host before the first instance.
    pub(crate) before: u64,
    pub(crate) after: u64,
    /// Microseconds from the request to the answer, of each instance.
    pub(crate) answers: Vec<u64>,
}

/// Lets a command be a child with a role.
pub(crate) fn assign(command: &mut Command, role: Role, page: &Path, module: &Path) {
    let role = serde_json::to_string(&role).expect("a role is JSON");
    command.env(ROLE, role).env(PAGE, page).env(MODULE, module);
}

pub(crate) fn microseconds(duration: Duration) -> u64 {
    duration
        .as_micros()
        .try_into()
        .expect("it is less than half a million years")
}

impl Role {
    /// The role that the parent has assigned, if there is one.
    pub(crate) fn of_this_process() -> Option<Self> {
        let role = env::var(ROLE).ok()?;
        Some(serde_json::from_str(&role).expect("the parent gives a role"))
    }

    pub(crate) fn play(self) {
        match self {
            Self::Process => answer_natively(),
            Self::Host { instances } => make_instances(instances),
        }
    }
}

fn answer_natively() {
    // Kept until the end, as the page in an instance's memory is.
    let page = page();
    print_line(&common::right_answer(&page));
    wait_for_end_of_parent();
    drop(page);
}

/// The parent writes nothing.
fn wait_for_end_of_parent() {
    _ = io::stdin().read(&mut [0]);
}

fn make_instances(count: u64) {
    thread::spawn(|| {
        wait_for_end_of_parent();
        process::exit(0);
    });
    let page = page();
    let mut options = Options::default();
    options.sources.insert(COMPONENT.to_owned(), path(MODULE));
    options.limits.concurrent_requests = count.try_into().expect("there are not so many");
    let right = common::right_answer(&page);
    let application = Application::load(&common::manifest(), &BTreeMap::new(), &options).expect("the component loads");
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime starts");
    runtime.block_on(async {
        let before = private_memory();
        let mut kept = Vec::new();
        let mut answers = Vec::new();
        for number in 0..count {
            let begun = Instant::now();
            let (answer, instance) = application
                .answer_and_keep(COMPONENT, request(page.clone()))
                .await
                .expect("the component is there")
                .unwrap_or_else(|error| panic!("instance {number}: {error:#}"));
            answers.push(microseconds(begun.elapsed()));
            if number == 0 {
                print_line(&answer);
            }
            assert_eq!(answer, right);
            kept.push(instance);
        }
        let after = private_memory();
        let figures = InstancesOfHost { before, after, answers };
        print_line(&serde_json::to_vec(&figures).expect("figures are JSON"));
        drop(kept);
    });
}

/// The private memory of this process in kilobytes.
fn private_memory() -> u64 {
    memory(process::id(), "RssAnon").expect("Linux shows the memory of a process") / 1024
}

fn path(variable: &str) -> PathBuf {
    env::var_os(variable).expect("the parent gives a path").into()
}

fn page() -> Bytes {
    fs::read(path(PAGE)).expect("the page can be read").into()
}

fn print_line(line: &[u8]) {
    let mut output = io::stdout().lock();
    output
        .write_all(line)
        .and_then(|()| output.write_all(b"\n"))
        .and_then(|()| output.flush())
        .expect("the parent reads");
}

fn request(page: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method("POST")
        .uri("http://localhost/extract")
        .header("content-length", page.len())
        .body(Full::new(page))
        .expect("the request is well formed")
}
