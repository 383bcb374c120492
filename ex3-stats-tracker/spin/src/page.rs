//! Feeds a body to a parser in chunks, and decompresses it on the way. It reads at most the size limit of a page. A body
//! that is shorter than its `Content-Length` is an error.

use std::io::{self, Write};

use ex2_parser::{Package, PackageList, VersionList, stream};
use flate2::write::GzDecoder;

use crate::fetch::{Body, Content, Interruption};

/// The most bytes a page may have, as sent and as decoded.
///
/// This is seventeen times the size of a package page, which has about 230 KB. It stops decompression bombs and endless
/// bodies.
pub const PAGE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A parser that is fed a page in chunks.
pub trait Parser {
    /// The contents of the page.
    type Output;

    /// Parses the next chunk.
    fn feed(&mut self, bytes: &[u8]);

    /// Ends the page.
    ///
    /// # Errors
    ///
    /// If the page has no answer.
    fn finish(self) -> Result<Self::Output, ex2_parser::Error>;
}

macro_rules! parser {
    ($parser:ty, $output:ty) => {
        impl Parser for $parser {
            type Output = $output;

            fn feed(&mut self, bytes: &[u8]) {
                self.feed(bytes);
            }

            fn finish(self) -> Result<$output, ex2_parser::Error> {
                self.finish()
            }
        }
    };
}

parser!(stream::PackageParser, Package);
parser!(stream::PackageListParser, PackageList);
parser!(stream::VersionListParser, VersionList);

/// The reason for which a page could not be read.
#[derive(Debug)]
pub enum Error {
    /// The body did not arrive completely.
    Interrupted(Interruption),
    /// The page has more than [`PAGE_MAX_BYTES`].
    TooLarge,
    /// The body has a `Content-Encoding` that was not requested.
    UnknownEncoding(String),
    /// The body is not valid gzip, or is incomplete.
    CorruptGzip,
    /// The body's length differs from `Content-Length`.
    WrongLength {
        /// `Content-Length`.
        announced: u64,
        /// The number of bytes that arrived.
        received: u64,
    },
    /// The body arrived completely, and the parser found no answer.
    Parser(ex2_parser::Error),
}

/// Reads a whole body into `parser`.
///
/// # Errors
///
/// See [`Error`]. An incomplete body is always an error, even if the part that arrived has an answer.
pub async fn read<P: Parser>(body: &mut impl Body, content: &Content, parser: P) -> Result<P::Output, Error> {
    let sink = Sink {
        parser,
        decoded: 0,
        overflow: false,
    };
    let mut decoder = match content.encoding.as_deref() {
        None | Some("" | "identity") => Decoder::Identity(sink),
        Some("gzip" | "x-gzip") => Decoder::Gzip(Box::new(GzDecoder::new(sink))),
        Some(other) => return Err(Error::UnknownEncoding(other.chars().take(40).collect())),
    };
    if content.length.is_some_and(|length| length > PAGE_MAX_BYTES) {
        return Err(Error::TooLarge);
    }
    let mut received = 0;
    while let Some(chunk) = body.chunk().await.map_err(Error::Interrupted)? {
        received += chunk.len() as u64;
        if received > PAGE_MAX_BYTES {
            return Err(Error::TooLarge);
        }
        decoder.feed(&chunk)?;
    }
    match content.length {
        Some(announced) if announced != received => Err(Error::WrongLength { announced, received }),
        _ => decoder.finish(),
    }
}

enum Decoder<P: Parser> {
    Identity(Sink<P>),
    Gzip(Box<GzDecoder<Sink<P>>>),
}

impl<P: Parser> Decoder<P> {
    fn feed(&mut self, chunk: &[u8]) -> Result<(), Error> {
        match self {
            Decoder::Identity(sink) => sink.write_all(chunk).map_err(|_| Error::TooLarge),
            Decoder::Gzip(decoder) => {
                // A write fails if the sink is full, or if the input is not gzip. Bytes after the end of the compressed
                // stream are not gzip either: `write_all` fails.
                decoder
                    .write_all(chunk)
                    .map_err(|_| Decoder::gzip_error(decoder.get_ref()))
            }
        }
    }

    fn finish(self) -> Result<P::Output, Error> {
        let sink = match self {
            Decoder::Identity(sink) => sink,
            Decoder::Gzip(mut decoder) => {
                decoder
                    .try_finish()
                    .map_err(|_| Decoder::gzip_error(decoder.get_ref()))?;
                decoder.finish().map_err(|_| Error::CorruptGzip)?
            }
        };
        sink.parser.finish().map_err(Error::Parser)
    }

    fn gzip_error(sink: &Sink<P>) -> Error {
        if sink.overflow {
            Error::TooLarge
        } else {
            Error::CorruptGzip
        }
    }
}

/// Feeds decoded bytes to the parser, up to [`PAGE_MAX_BYTES`].
struct Sink<P> {
    parser: P,
    decoded: u64,
    overflow: bool,
}

impl<P: Parser> Write for Sink<P> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.decoded += bytes.len() as u64;
        if self.decoded > PAGE_MAX_BYTES {
            self.overflow = true;
            return Err(io::ErrorKind::FileTooLarge.into());
        }
        self.parser.feed(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
