//! Reads a body into a parser: piece by piece, uncompressed on the way, never more than a page can have, and
//! never less than was announced.

use std::io::{self, Write};

use ex2_parser::{Package, PackageList, VersionList, stream};
use flate2::write::GzDecoder;

use crate::fetch::{Body, Content, Interruption};

/// The most bytes a page may have, as sent and as decoded.
///
/// A package page has about 230 KB; this is seventeen of them. A compressed body that grows without end, or one that
/// never ends, stops here.
pub const PAGE_MAX_BYTES: u64 = 4 * 1024 * 1024;

/// A parser that takes a page in pieces.
pub trait Parser {
    /// What it reads from a page.
    type Output;

    /// Takes the next piece.
    fn feed(&mut self, bytes: &[u8]);

    /// Takes the end of the page.
    ///
    /// # Errors
    ///
    /// The page is not what this parser reads.
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

/// Why a page could not be read.
#[derive(Debug)]
pub enum Error {
    /// The body did not arrive whole.
    Interrupted(Interruption),
    /// It has more than [`PAGE_MAX_BYTES`].
    TooLarge,
    /// It is compressed in a way nobody asked for; which.
    UnknownEncoding(String),
    /// It is not the gzip it claims to be, or not all of it.
    CorruptGzip,
    /// It has another length than announced.
    WrongLength {
        /// `Content-Length`.
        announced: u64,
        /// What came.
        received: u64,
    },
    /// It arrived whole, and is not the page the parser reads.
    Parser(ex2_parser::Error),
}

/// Reads a whole body into `parser`.
///
/// # Errors
///
/// See [`Error`]. A body that arrives in part is always an error, also where the part would have had an answer.
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
                // A failed write is either the sink's, which is full, or the decoder's, which met something else
                // than gzip. Bytes after the end of the compressed stream count as that too: write_all fails.
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

/// Passes decoded bytes on to the parser, up to [`PAGE_MAX_BYTES`] of them.
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
