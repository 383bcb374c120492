//! `wasi:http/types.http-error-code`: the cause of an error within a body.
//!
//! wasmtime-wasi-http 48 returns codes only for errors before a body, and `none` for errors within it. Then a guest
//! could not distinguish a time-out from a closed connection. This function replaces it.

use wasmtime::StoreContextMut;
use wasmtime::component::{Linker, Resource};
use wasmtime_wasi_http::Error;
use wasmtime_wasi_http::p2::bindings::http::types::{ErrorCode, IoError};

use super::state::GuestState;

/// The interface's name in wasmtime-wasi-http. Components of any version 0.2 can import it.
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

/// The code of an error with which `outbound` ends a body.
fn code_of(error: &Error) -> Option<ErrorCode> {
    match error {
        Error::ConnectionReadTimeout => Some(ErrorCode::ConnectionReadTimeout),
        Error::HttpResponseIncomplete => Some(ErrorCode::HttpResponseIncomplete),
        Error::HttpProtocolError => Some(ErrorCode::HttpProtocolError),
        _ => None,
    }
}
