//! `wasi:http/types.http-error-code`: what broke a body in the middle.
//!
//! wasmtime-wasi-http 48 knows the codes of errors before a body, and answers `none` for those within one, so that a
//! guest could not tell a server that fell silent from one that hung up. This takes that function's place.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, IoError};

use super::state::GuestState;

/// The interface under the name that wasmtime-wasi-http gives it; components of any 0.2 import it.
const INTERFACE: &str = "wasi:http/types@0.2.12";

pub(super) fn add_to_linker(linker: &mut Linker<GuestState>) -> wasmtime::Result<()> {
    linker.allow_shadowing(true);
    let mut interface = linker.instance(INTERFACE)?;
    interface.func_wrap(
        "http-error-code",
        |mut store: StoreContextMut<'_, GuestState>, (error,): (Resource<IoError>,)| {
            let error = store.data_mut().table().get(&error)?;
            let code = error.downcast_ref::<ErrorCode>().cloned();
            Ok((code.or_else(|| error.downcast_ref::<Error>().and_then(code_of)),))
        },
    )?;
    linker.allow_shadowing(false);
    Ok(())
}

/// The errors that `outbound` ends a body with.
fn code_of(error: &Error) -> Option<ErrorCode> {
    match error {
        Error::ConnectionReadTimeout => Some(ErrorCode::ConnectionReadTimeout),
        Error::HttpResponseIncomplete => Some(ErrorCode::HttpResponseIncomplete),
        Error::HttpProtocolError => Some(ErrorCode::HttpProtocolError),
        _ => None,
    }
}
