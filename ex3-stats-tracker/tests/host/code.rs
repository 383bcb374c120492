//! From a file to code that runs, and to an address that is listened on.

use std::collections::BTreeMap;
use std::fs;
use std::net::TcpListener;
use std::process::Command;

use ex3_stats_tracker::host::{Error, Host, Options};
use ex3_stats_tracker::manifest::Manifest;
use wasm::compiled_code::Store;

use super::process::{Process, limit_address_space};
use super::{GUEST, LOOPBACK, alone, get};

#[tokio::test(flavor = "multi_thread")]
async fn damaged_compiled_code_is_rebuilt() {
    let application = alone();
    let directory = application.path("store");
    let start = || {
        let options = Options {
            store: Store::at(&directory),
            ..application.options()
        };
        let manifest = Manifest::read(&application.path("spin.toml")).unwrap();
        async move {
            Host::start(&manifest, BTreeMap::new(), LOOPBACK, options)
                .await
                .unwrap()
        }
    };
    assert_eq!(get(&start().await, "/").await.0, 200);
    let entries: Vec<_> = fs::read_dir(&directory)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    let [entry] = &entries[..] else { panic!("{entries:?}") };
    let whole = fs::read(entry).unwrap();
    for damage in [&whole[..whole.len() / 2], b"", b"not compiled code"] {
        fs::write(entry, damage).unwrap();
        assert_eq!(get(&start().await, "/").await, (200, "hello".to_owned()));
        assert_eq!(fs::read(entry).unwrap().len(), whole.len(), "it was to be replaced");
    }
    // A whole entry is used as it is.
    let before = fs::metadata(entry).unwrap().modified().unwrap();
    assert_eq!(get(&start().await, "/").await.0, 200);
    assert_eq!(fs::metadata(entry).unwrap().modified().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_was_compiled_ahead_is_all_that_is_needed() {
    let application = alone();
    let directory = application.path("ahead");
    let options = Options {
        store: Store::at(&directory),
        ..application.options()
    };
    let manifest = Manifest::read(&application.path("spin.toml")).unwrap();
    ex3_stats_tracker::host::Application::compile_ahead(&manifest, &options).unwrap();
    let entries = || -> Vec<_> {
        let entries = fs::read_dir(&directory).unwrap();
        entries.map(|entry| entry.unwrap().file_name()).collect()
    };
    let before = entries();
    assert_eq!(before.len(), 1);
    let host = Host::start(&manifest, BTreeMap::new(), LOOPBACK, options)
        .await
        .unwrap();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
    assert_eq!(entries(), before, "nothing was compiled for this processor");
}

/// Code for a pool can't be used where there is none: code for that is compiled once, and used from then on.
#[cfg(target_os = "linux")]
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
        "what was compiled without address space for a pool runs in one"
    );
    serve(true).await;
    let both = entries();
    assert_eq!(both.len(), 2, "other code was compiled, and cached");
    serve(true).await;
    serve(false).await;
    assert_eq!(entries(), both, "nothing more was compiled");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_component_is_taken_as_it_is() {
    let application = alone();
    let component = wit_component::ComponentEncoder::default()
        .module(&GUEST)
        .unwrap()
        .encode()
        .unwrap();
    fs::write(application.path("guest.wasm"), component).unwrap();
    let host = application.start().await.unwrap();
    assert_eq!(get(&host, "/").await, (200, "hello".to_owned()));
}

#[tokio::test(flavor = "multi_thread")]
async fn sources_that_cannot_run_are_named() {
    let no_handler = wat::parse_str("(component)").unwrap();
    let unknown_import =
        wat::parse_str(r#"(component (import "other:host/things@1.0.0" (instance (export "thing" (func)))))"#).unwrap();
    let no_interfaces = wat::parse_str(r#"(module (import "env" "thing" (func)))"#).unwrap();
    for (source, expected) in [
        (None, "can't be read: "),
        (Some(Vec::new()), "is neither a WebAssembly module nor a component"),
        (Some(b"<!doctype html>".to_vec()), "is neither"),
        (Some(b"\0asm\x01\0\0\0\xff\xff".to_vec()), "can't be made a component: "),
        (Some(b"\0asm\x0d\0\x01\0\xff\xff".to_vec()), "can't be compiled: "),
        (Some(GUEST[..GUEST.len() / 2].to_vec()), "can't be made a component: "),
        (Some(no_interfaces), "can't be made a component: "),
        (Some(unknown_import), "other:host/things"),
        (Some(no_handler), "exports no wasi:http/incoming-handler"),
    ] {
        let application = alone();
        let path = application.path("guest.wasm");
        match source {
            Some(source) => fs::write(&path, source).unwrap(),
            None => fs::remove_file(&path).unwrap(),
        }
        let error = application.start().await.expect_err(expected).to_string();
        assert!(error.starts_with("component guest: "), "{error}");
        assert!(error.contains(&path.display().to_string()), "{error}");
        assert!(error.contains(expected), "{error}\nhas no\n{expected}");
        assert!(!error.contains('\n'), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_cannot_be_allowed_is_named() {
    let mut application = alone();
    for (value, expected) in [("", "has no scheme"), ("https://github.com/a/path", "more than a host")] {
        application.variables.insert("allowed".to_owned(), value.to_owned());
        let error = application.start().await.unwrap_err().to_string();
        assert!(error.contains("component.guest.allowed_outbound_hosts: "), "{error}");
        assert!(error.contains(expected), "{error}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_port_in_use_is_named() {
    let application = alone();
    let taken = TcpListener::bind(LOOPBACK).unwrap();
    let address = taken.local_addr().unwrap();
    let manifest = Manifest::read(&application.path("spin.toml")).unwrap();
    let error = Host::start(&manifest, BTreeMap::new(), address, application.options())
        .await
        .unwrap_err();
    assert!(
        matches!(error, Error::AddressInUse { address: named } if named == address),
        "{error}"
    );
}
