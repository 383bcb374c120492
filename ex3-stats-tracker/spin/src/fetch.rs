//! The interface to the network: one GET request, whose response body arrives in chunks.
//!
//! The component implements it by `wasi:http`, the tests by values in memory. Neither follows redirects, decodes bodies or
//! interprets statuses: the tracker does that itself.

use std::fmt;
use std::future::Future;

/// Fetches pages.
pub trait Fetch {
    /// The type of a response's body.
    type Body: Body;

    /// Sends `GET url` with these headers, and returns when the response's headers have arrived.
    ///
    /// # Errors
    ///
    /// If no response arrives.
    fn get(
        &self,
        url: &str,
        headers: &[(&'static str, &str)],
    ) -> impl Future<Output = Result<Response<Self::Body>, Interruption>>;
}

/// A body that arrives in chunks.
pub trait Body {
    /// The next chunk, or `None` at the regular end of the body.
    ///
    /// # Errors
    ///
    /// If the body breaks off: the chunks so far are not the whole body.
    fn chunk(&mut self) -> impl Future<Output = Result<Option<Vec<u8>>, Interruption>>;
}

/// A complete body in memory.
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

/// A response of GitHub: its status, the headers that the tracker uses, and its body.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response<B> {
    /// The HTTP status.
    pub status: u16,
    /// The `Location` of a redirect.
    pub location: Option<String>,
    /// `Retry-After`: seconds, or a date.
    pub retry_after: Option<String>,
    /// The headers that describe the body.
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

/// The headers that describe a body.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Content {
    /// `Content-Encoding`: the compression, if any.
    pub encoding: Option<String>,
    /// `Content-Length`: the number of bytes as sent.
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

/// The reason for which a response or the rest of its body did not arrive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Interruption {
    /// A time limit was exceeded. The text names the step.
    TimedOut(String),
    /// There is no connection, or it broke. The text gives the cause.
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
