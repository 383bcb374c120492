//! A response, and the faults that change its bytes.

use std::{
    io::{self, Write},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress, write::GzEncoder};
use futures_util::stream;
use http::{HeaderName, HeaderValue, StatusCode, header};
use http_body_util::BodyExt;
use tokio::sync::watch;

use crate::stand_in::{fault::Fault, log::Entry};

/// A header of all responses, also of control responses.
pub const HEADER: &str = "x-stand-in";

/// The value of [`HEADER`].
pub const HEADER_VALUE: &str = "not github.com; generated pages, invented figures";

/// The size of a piece of a slow body, in bytes.
const PIECE: usize = 1_024;

/// The wait before the connection is cut, so that the bytes written before are sent.
const BEFORE_THE_CUT: Duration = Duration::from_millis(50);

/// The decompressed size of a gzip bomb.
const BOMB_MEGABYTES: usize = 1_024;

/// A response without faults.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) content_type: &'static str,
    pub(crate) headers: Vec<(HeaderName, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn html(status: StatusCode, page: String) -> Self {
        Self {
            status,
            content_type: "text/html; charset=utf-8",
            headers: Vec::new(),
            body: page.into_bytes(),
        }
    }

    pub(crate) fn redirect(to: String) -> Self {
        let mut answer = Self::html(StatusCode::FOUND, String::new());
        answer.headers.push((header::LOCATION, to));
        answer
    }

    pub(crate) fn with(mut self, name: HeaderName, value: impl ToString) -> Self {
        self.headers.push((name, value.to_string()));
        self
    }

    /// The response with a fault that changes its bytes.
    ///
    /// `stopped` ends slow and endless bodies. `entry` is dropped when the body has been sent.
    pub(crate) fn into_response(
        mut self,
        fault: Option<Fault>,
        accepts_gzip: bool,
        stopped: watch::Receiver<bool>,
        entry: Entry,
    ) -> Response {
        let mut length = None;
        let mut compressed = accepts_gzip && !self.body.is_empty();
        match fault {
            Some(Fault::Empty) => {
                self.body.clear();
                compressed = false;
            }
            Some(Fault::Binary) => self.body = binary(),
            Some(Fault::Utf16) => self.body = utf_16(&self.body),
            Some(Fault::Gzip | Fault::GzipCut) => compressed = true,
            Some(Fault::GzipBomb | Fault::Endless) => compressed = false,
            _ => {}
        }
        if compressed {
            self.headers.push((header::CONTENT_ENCODING, "gzip".into()));
            self.body = gzip(&self.body);
        }
        let body = match fault {
            Some(Fault::GzipCut) => {
                self.body.truncate(self.body.len() / 2);
                Body::from(self.body)
            }
            Some(Fault::GzipBomb) => {
                self.headers.push((header::CONTENT_ENCODING, "gzip".into()));
                pieces(bomb(), Duration::ZERO, stopped)
            }
            Some(Fault::SlowBody(pause)) => {
                length = Some(self.body.len());
                let pieces_of_page: Vec<_> = self.body.chunks(PIECE).map(Bytes::copy_from_slice).collect();
                pieces(pieces_of_page.into_iter(), pause, stopped)
            }
            Some(Fault::Endless) => {
                let piece = Bytes::from(self.body);
                pieces(std::iter::repeat(piece), Duration::ZERO, stopped)
            }
            Some(Fault::CutBody) => {
                length = Some(self.body.len());
                cut(self.body)
            }
            Some(Fault::CutChunked) => cut(self.body),
            Some(Fault::Disconnect) => {
                length = Some(1);
                disconnect()
            }
            _ => Body::from(self.body),
        };
        // The body owns the entry, so that both end together.
        let body = Body::new(body.map_frame(move |frame| {
            let _ = &entry;
            frame
        }));
        let mut response = Response::new(body);
        *response.status_mut() = self.status;
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(self.content_type));
        headers.insert(HEADER, HeaderValue::from_static(HEADER_VALUE));
        headers.insert(header::VARY, HeaderValue::from_static("Accept-Encoding"));
        if let Some(length) = length {
            headers.insert(header::CONTENT_LENGTH, HeaderValue::from(length));
        }
        for (name, value) in self.headers {
            if let Ok(value) = HeaderValue::from_str(&value) {
                headers.insert(name, value);
            }
        }
        response
    }
}

/// A body of pieces with a pause between them. It ends with an error when the server stops.
fn pieces(
    pieces: impl Iterator<Item = Bytes> + Send + 'static,
    pause: Duration,
    stopped: watch::Receiver<bool>,
) -> Body {
    let first = Some((pieces, Duration::ZERO, stopped));
    Body::from_stream(stream::unfold(first, move |state| async move {
        let (mut pieces, wait, mut stopped) = state?;
        let stop = if wait.is_zero() {
            *stopped.borrow()
        } else {
            tokio::select! {
                () = tokio::time::sleep(wait) => false,
                _ = stopped.wait_for(|stopped| *stopped) => true,
            }
        };
        if stop {
            return Some((Err(io::Error::other("the stand-in was stopped")), None));
        }
        let piece = pieces.next()?;
        Some((Ok(piece), Some((pieces, pause, stopped))))
    }))
}

/// The first half of a body, then an error, which makes the server close the connection.
fn cut(mut body: Vec<u8>) -> Body {
    body.truncate(body.len() / 2);
    let half = Bytes::from(body);
    Body::from_stream(stream::unfold(Some(Some(half)), |state| async move {
        match state? {
            Some(half) => Some((Ok(half), Some(None))),
            None => {
                tokio::time::sleep(BEFORE_THE_CUT).await;
                Some((Err(io::Error::other("cut on demand")), None))
            }
        }
    }))
}

/// A body that fails at once, so that not even the status is sent.
fn disconnect() -> Body {
    Body::from_stream(stream::once(async {
        Err::<Bytes, _>(io::Error::other("disconnected on demand"))
    }))
}

fn gzip(body: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(body.len() / 4), Compression::fast());
    encoder
        .write_all(body)
        .and_then(|()| encoder.finish())
        .expect("writing to memory does not fail")
}

/// A gzip header, then the same compressed megabyte many times. After a full flush a block does not depend on earlier
/// ones, so that it can be repeated.
fn bomb() -> impl Iterator<Item = Bytes> + Send {
    const HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];
    let mut block = Vec::with_capacity(8_192);
    Compress::new(Compression::default(), false)
        .compress_vec(&vec![b' '; 1 << 20], &mut block, FlushCompress::Full)
        .expect("blanks can be compressed");
    let block = Bytes::from(block);
    std::iter::once(Bytes::from_static(&HEADER)).chain(std::iter::repeat_n(block, BOMB_MEGABYTES))
}

/// The begin of a PNG file, then all byte values several times.
fn binary() -> Vec<u8> {
    let mut bytes = b"\x89PNG\r\n\x1a\n".to_vec();
    bytes.extend((0..64u32).flat_map(|row| (0..=255u8).map(move |byte| byte.wrapping_mul(row as u8 | 1))));
    bytes
}

/// UTF-16, little-endian, with a byte order mark.
fn utf_16(body: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(body);
    std::iter::once(0xfeff)
        .chain(text.encode_utf16())
        .flat_map(u16::to_le_bytes)
        .collect()
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn a_bomb_decompresses_to_much_more_than_its_size() {
        let packed: Vec<u8> = bomb().flatten().collect();
        assert!(packed.len() < 3 << 20, "{}", packed.len());
        let mut unpacked = 0;
        let mut decoder = flate2::read::GzDecoder::new(&packed[..]);
        let mut buffer = vec![0; 1 << 16];
        // The end of the stream is missing, because a reader should stop before it.
        while let Ok(read) = decoder.read(&mut buffer) {
            if read == 0 || unpacked >= 64 << 20 {
                break;
            }
            unpacked += read;
        }
        assert!(unpacked >= 64 << 20, "{unpacked}");
    }
}
