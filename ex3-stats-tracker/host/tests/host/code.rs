//! The start of a host: loading the source, the cache of compiled code, and the address.

use std::collections::BTreeMap;
use std::env::consts::ARCH;
use std::fs;
use std::net::TcpListener;

use spin_host::manifest::Manifest;
use spin_host::{Error, Host, Options};
use wasm::compiled_code::Store;

use super::application::{GUEST, LOOPBACK, alone, get};

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
        assert_eq!(
            fs::read(entry).unwrap().len(),
            whole.len(),
            "the damaged entry is replaced"
        );
    }
    // A complete entry is used unchanged.
    let before = fs::metadata(entry).unwrap().modified().unwrap();
    assert_eq!(get(&start().await, "/").await.0, 200);
    assert_eq!(fs::metadata(entry).unwrap().modified().unwrap(), before);
}

#[tokio::test(flavor = "multi_thread")]
async fn code_that_was_compiled_ahead_is_used() {
    let application = alone();
    let directory = application.path("ahead");
    let options = Options {
        store: Store::at(&directory),
        ..application.options()
    };
    let manifest = Manifest::read(&application.path("spin.toml")).unwrap();
    spin_host::Application::compile_ahead(&manifest, ARCH, &options).unwrap();
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

#[tokio::test(flavor = "multi_thread")]
async fn a_component_needs_no_encoding() {
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
        (
            Some(b"\0asm\x01\0\0\0\xff\xff".to_vec()),
            "can't be encoded as a component: ",
        ),
        (Some(b"\0asm\x0d\0\x01\0\xff\xff".to_vec()), "can't be compiled: "),
        (
            Some(GUEST[..GUEST.len() / 2].to_vec()),
            "can't be encoded as a component: ",
        ),
        (Some(no_interfaces), "can't be encoded as a component: "),
        (Some(unknown_import), "other:host/things"),
        (Some(no_handler), "has no export wasi:http/incoming-handler"),
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
        assert!(error.contains(expected), "{error}\ndoes not contain\n{expected}");
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
