//! The cache of compiled code.

#![cfg(target_os = "linux")]

use std::collections::BTreeMap;
use std::fs;
use std::process::Command;

use super::application::alone;
use super::process::{Process, limit_address_space};

/// Code for an instance pool can't be used without one. Other code is compiled once and cached beside it.
#[tokio::test(flavor = "multi_thread")]
async fn compiled_code_and_a_limit_of_address_space_go_together() {
    let application = alone();
    let cache = application.path("cache");
    let directory = cache.join("compiled-code");
    let compile = || {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ex3-stats-tracker"));
        command.arg("compile").arg(application.path("spin.toml"));
        command.arg("--output").arg(&directory);
        limit_address_space(&mut command);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    };
    let entries = || {
        let entries = fs::read_dir(&directory).unwrap().map(|entry| entry.unwrap());
        entries
            .map(|entry| (entry.file_name(), entry.metadata().unwrap().modified().unwrap()))
            .collect::<BTreeMap<_, _>>()
    };
    let serve = async |limited: bool| {
        let process = Process::start(&application, |command| {
            if limited {
                limit_address_space(command);
            }
            command.env("STATS_TRACKER_CACHE_DIR", &cache);
        });
        assert_eq!(process.get("/").await, (200, "hello".to_owned()));
        assert_eq!(process.end().contains("on demand"), limited);
    };
    compile();
    let ahead = entries();
    assert_eq!(ahead.len(), 1);
    serve(false).await;
    assert_eq!(
        entries(),
        ahead,
        "code that was compiled under the limit runs in a pool"
    );
    serve(true).await;
    let both = entries();
    assert_eq!(both.len(), 2, "code for a host without a pool was compiled and cached");
    serve(true).await;
    serve(false).await;
    assert_eq!(entries(), both, "nothing more was compiled");
}
