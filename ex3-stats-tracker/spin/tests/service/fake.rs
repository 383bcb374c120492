//! A GitHub in memory: what it answers to each address, and what it was asked.

use std::cell::RefCell;
use std::collections::HashMap;
use std::io::Write;
use std::pin::pin;
use std::rc::Rc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use github::pages;
use serde_json::Value;
use stats_tracker_spin::answer::Answer;
use stats_tracker_spin::fetch::{Body, Content, Fetch, Interruption, Response, Whole};
use stats_tracker_spin::github::GitHub;
use stats_tracker_spin::service::{Request, respond};
use stats_tracker_spin::settings::Settings;

/// When every page is fetched.
pub(crate) const NOW: &str = "2026-05-10T12:34:56Z";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_778_416_496_789)
}

/// More requests than any answer may take: the longest list, with as many redirects before each page as are followed.
const REQUESTS_MAX: usize = 1_000;

/// Where the GitHub in memory claims to be.
pub(crate) const GITHUB: &str = "https://github.test";

/// One answer of GitHub's.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// How many bytes arrive at a time.
    pub(crate) piece: usize,
    /// What comes in place of the body's end.
    pub(crate) end: End,
}

/// What comes when all bytes of a body have come.
#[derive(Clone, Debug)]
pub(crate) enum End {
    Proper,
    Broken(Interruption),
    /// The same bytes again, for ever.
    Never,
}

impl Reply {
    pub(crate) fn page(body: impl Into<Vec<u8>>) -> Reply {
        Reply::status(200).body(body)
    }

    pub(crate) fn status(status: u16) -> Reply {
        Reply {
            status,
            headers: Vec::new(),
            body: Vec::new(),
            piece: 1_000,
            end: End::Proper,
        }
    }

    pub(crate) fn redirect(status: u16, location: &str) -> Reply {
        Reply::status(status).header("location", location)
    }

    pub(crate) fn header(mut self, name: &'static str, value: impl ToString) -> Reply {
        self.headers.push((name, value.to_string()));
        self
    }

    pub(crate) fn body(self, body: impl Into<Vec<u8>>) -> Reply {
        Reply {
            body: body.into(),
            ..self
        }
    }

    pub(crate) fn pieces_of(self, piece: usize) -> Reply {
        Reply { piece, ..self }
    }

    pub(crate) fn end(self, end: End) -> Reply {
        Reply { end, ..self }
    }

    pub(crate) fn gzipped(self) -> Reply {
        let body = gzip(&self.body);
        Reply { body, ..self }.header("content-encoding", "gzip")
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(bytes).expect("writes to memory");
    encoder.finish().expect("writes to memory")
}

/// A request GitHub got.
#[derive(Clone, Debug)]
pub(crate) struct Asked {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// GitHub, shared with the service that asks it.
#[derive(Clone, Default)]
pub(crate) struct Fake(Rc<State>);

#[derive(Default)]
struct State {
    /// Answered in turn, the last one again and again.
    replies: RefCell<HashMap<String, Vec<Result<Reply, Interruption>>>>,
    asked: RefCell<Vec<Asked>>,
    open: RefCell<usize>,
}

impl Fake {
    /// Answers `path` (with its query) with `reply`; every other path is a 404.
    pub(crate) fn at(self, path: &str, reply: Reply) -> Fake {
        self.0.replies.borrow_mut().insert(path.to_owned(), vec![Ok(reply)]);
        self
    }

    /// Answers `path` with `reply` when it has been asked for what was said before.
    pub(crate) fn then(self, path: &str, reply: Reply) -> Fake {
        let mut replies = self.0.replies.borrow_mut();
        replies.entry(path.to_owned()).or_default().push(Ok(reply));
        drop(replies);
        self
    }

    /// Does not answer `path`.
    pub(crate) fn silent_at(self, path: &str, interruption: Interruption) -> Fake {
        self.0
            .replies
            .borrow_mut()
            .insert(path.to_owned(), vec![Err(interruption)]);
        self
    }

    /// The paths that were asked for.
    pub(crate) fn asked(&self) -> Vec<String> {
        let path = |asked: &Asked| asked.url.strip_prefix(GITHUB).expect("only GitHub is asked").to_owned();
        self.0.asked.borrow().iter().map(path).collect()
    }

    /// Everything that was asked.
    pub(crate) fn requests(&self) -> Vec<Asked> {
        self.0.asked.borrow().clone()
    }

    pub(crate) fn get(&self, target: &str) -> Got {
        self.ask("GET", target)
    }

    pub(crate) fn ask(&self, method: &str, target: &str) -> Got {
        let request = Request {
            method,
            target,
            content: Content::default(),
            body: Whole::default(),
        };
        self.answer(request)
    }

    pub(crate) fn answer(&self, request: Request<'_, impl Body>) -> Got {
        let settings = Settings::new(GITHUB, "you@example.org", "30").expect("valid settings");
        Got(ready(respond(request, || {
            Ok(GitHub {
                fetch: self.clone(),
                settings,
                now,
            })
        })))
    }
}

/// The answer of a future that waits for nothing.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("everything is in memory"),
    }
}

impl Fetch for Fake {
    type Body = Arriving;

    async fn get(&self, url: &str, headers: &[(&'static str, &str)]) -> Result<Response<Arriving>, Interruption> {
        assert_eq!(*self.0.open.borrow(), 0, "one request at a time");
        assert!(
            self.0.asked.borrow().len() < REQUESTS_MAX,
            "the component would ask for ever"
        );
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.0.asked.borrow_mut().push(Asked {
            url: url.to_owned(),
            headers,
        });
        let path = url.strip_prefix(GITHUB).expect("only GitHub is asked");
        let reply = match self.0.replies.borrow_mut().get_mut(path) {
            Some(replies) if replies.len() > 1 => replies.remove(0)?,
            Some(replies) => replies[0].clone()?,
            None => Reply::status(404).body(pages::not_found()),
        };
        let header = |name: &str| {
            let found = reply.headers.iter().find(|(header, _)| *header == name);
            found.map(|(_, value)| value.clone())
        };
        *self.0.open.borrow_mut() += 1;
        let body = Arriving {
            reply: reply.clone(),
            position: 0,
            state: Rc::clone(&self.0),
        };
        Ok(Response::new(reply.status, header, body))
    }
}

/// A body that arrives in pieces.
pub(crate) struct Arriving {
    reply: Reply,
    position: usize,
    state: Rc<State>,
}

impl Drop for Arriving {
    fn drop(&mut self) {
        *self.state.open.borrow_mut() -= 1;
    }
}

impl Body for Arriving {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Interruption> {
        let Reply { body, piece, end, .. } = &self.reply;
        if self.position == body.len() {
            match end {
                End::Proper => return Ok(None),
                End::Broken(interruption) => return Err(interruption.clone()),
                End::Never => self.position = 0,
            }
        }
        let piece = &body[self.position..][..(*piece).min(body.len() - self.position)];
        self.position += piece.len();
        Ok(Some(piece.to_vec()))
    }
}

/// What the service answered.
#[derive(Debug)]
pub(crate) struct Got(pub(crate) Answer);

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.0.headers.iter().find(|(header, _)| *header == name);
        found.map(|(_, value)| value.as_str())
    }

    fn value(&self) -> Value {
        assert_eq!(
            self.header("content-length"),
            Some(self.0.body.len().to_string().as_str())
        );
        serde_json::from_slice(&self.0.body).expect("every answer is JSON")
    }

    /// The JSON of a 200.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value = self.value();
        assert_eq!(self.0.status, 200, "{value}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        value
    }

    /// The problem details, after a look at what they all have.
    #[track_caller]
    pub(crate) fn problem(&self, kind: &str) -> Value {
        let value = self.value();
        assert_eq!(value["kind"], kind, "{value}");
        assert_eq!(value["status"], self.0.status);
        assert_eq!(value["type"], "about:blank");
        assert!(value["title"].as_str().is_some_and(|title| !title.is_empty()));
        assert!(
            value["detail"]
                .as_str()
                .is_some_and(|detail| !detail.is_empty() && detail.len() < 400),
            "{value}"
        );
        assert_eq!(self.header("content-type"), Some("application/problem+json"));
        let retry_after = value.get("retry_after").map(Value::to_string);
        assert_eq!(self.header("retry-after"), retry_after.as_deref());
        value
    }
}
