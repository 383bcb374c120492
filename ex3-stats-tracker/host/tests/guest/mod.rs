//! A guest that misbehaves on purpose, and its application.

use wit_component::StringEncoding;

/// The application's manifest, with `guest.wasm` as `source`.
pub(crate) const MANIFEST: &str = include_str!("spin.toml");

/// The guest as a core module with the metadata of its interfaces, like the modules of spin-sdk.
pub(crate) fn module() -> Vec<u8> {
    let mut module = wat::parse_str(include_str!("guest.wat")).unwrap();
    let mut resolve = wit_parser::Resolve::default();
    let package = resolve.push_str("guest.wit", include_str!("guest.wit")).unwrap();
    let world = resolve.select_world(&[package], Some("guest")).unwrap();
    wit_component::embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    module
}
