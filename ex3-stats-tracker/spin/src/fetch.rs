//! What the tracker needs of the world outside: one GET, whose answer comes in pieces.
//!
//! The component fetches through `wasi:http`, the tests from memory. Neither follows redirects, decodes bodies or
//! judges statuses: that is the tracker's own work.

use std::fmt;
use std::future::Future;

/// Fetches pages.
pub trait Fetch {
    /// How a fetched page's body arrives.
    type Body: Body;

    /// Sends `GET url` with these headers, and returns when the answer's headers are there.
    ///
    /// # Errors
    ///
    /// No answer came.
    fn get(
        &self,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> impl Future<Output = Result<Response<Self::Body>, Interruption>>;
}

/// A body that arrives in pieces.
pub trait Body {
    /// The next piece, or `None` at the body's proper end.
    ///
    /// # Errors
    ///
    /// The body broke off: what came until then is not the whole.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, Interruption>>;
}

/// A body that is already here, whole.
#[derive(Clone, Debug, Default)]
pub struct Whole(Option<Vec<u8>>);

impl Whole {
    /// A body of these bytes.
    pub fn new(bytes: Vec<u8>) -> Whole {
        Whole(Some(bytes))
    }
}

impl Body for Whole {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Interruption> {
        Ok(self.0.take())
    }
}

/// An answer of GitHub's: its status, the headers the tracker heeds, and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response<B> {
    /// The HTTP status.
    pub status: u16,
    /// Where a redirect leads.
    pub location: Option<String>,
    /// How long to leave GitHub alone: seconds, or a date.
    pub retry_after: Option<String>,
    /// What the body's bytes mean.
    pub content: Content,
    /// The body.
    pub body: B,
}

impl<B> Response<B> {
    /// Picks the headers that matter; `header` returns a header's value by its lower-case name.
    pub fn new(status: u16, header: impl Fn(&str) -> Option<String>, body: B) -> Response<B> {
        Response {
            status,
            location: header("location"),
            retry_after: header("retry-after"),
            content: Content::new(header),
            body,
        }
    }
}

/// What a body's bytes mean: the headers that describe it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// `Content-Encoding`: none, or how the bytes are compressed.
    pub encoding: Option<String>,
    /// `Content-Length`: how many bytes there are, as they are sent.
    pub length: Option<u64>,
}

impl Content {
    /// Picks the headers that matter; `header` returns a header's value by its lower-case name.
    pub fn new(header: impl Fn(&str) -> Option<String>) -> Content {
        Content {
            encoding: header("content-encoding").map(|encoding| encoding.trim().to_ascii_lowercase()),
            length: header("content-length").and_then(|length| length.trim().parse().ok()),
        }
    }
}

/// Why nothing came, or no more.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// It took longer than it is given; what took so long.
    TimedOut(String),
    /// No connection, or one that broke; why.
    Failed(String),
}

impl fmt::Display for Interruption {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Interruption::TimedOut(what) => write!(formatter, "{what} took too long"),
            Interruption::Failed(why) => formatter.write_str(why),
        }
    }
}

impl std::error::Error for Interruption {}
