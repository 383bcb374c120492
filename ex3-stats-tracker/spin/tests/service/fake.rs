//! A fake GitHub in memory: its response to each path, and a record of the requests.

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

/// The time at which every page is fetched.
pub(crate) const NOW: &str = "2026-05-10T12:34:56Z";

fn now() -> SystemTime {
    UNIX_EPOCH + Duration::from_millis(1_778_416_496_789)
}

/// More requests than any response may need: the longest list, with the most redirects before each page.
const REQUESTS_MAX: usize = 1_000;

/// The fake GitHub's URL.
pub(crate) const GITHUB: &str = "https://github.test";

/// One response of GitHub.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
    /// The size of the chunks in which the body arrives.
    pub(crate) chunk_bytes: usize,
    /// The end of the body.
    pub(crate) end: BodyEnd,
}

/// The event after all bytes of a body.
#[derive(Clone, Debug)]
pub(crate) enum BodyEnd {
    Complete,
    Broken(Interruption),
    /// The same bytes repeat for ever.
    Endless,
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
            chunk_bytes: 1_000,
            end: BodyEnd::Complete,
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

    pub(crate) fn chunks_of(self, chunk_bytes: usize) -> Reply {
        Reply { chunk_bytes, ..self }
    }

    pub(crate) fn end(self, end: BodyEnd) -> Reply {
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

/// A request that GitHub received.
#[derive(Clone, Debug)]
pub(crate) struct RecordedRequest {
    pub(crate) url: String,
    pub(crate) headers: Vec<(String, String)>,
}

/// The fake GitHub, shared with the service.
#[derive(Clone, Default)]
pub(crate) struct FakeGitHub(Rc<State>);

#[derive(Default)]
struct State {
    /// The responses of each path in order. The last one is repeated.
    replies: RefCell<HashMap<String, Vec<Result<Reply, Interruption>>>>,
    asked: RefCell<Vec<RecordedRequest>>,
    open: RefCell<usize>,
}

impl FakeGitHub {
    /// Responds to `path` (with its query) with `reply`. Every other path is a 404.
    pub(crate) fn at(self, path: &str, reply: Reply) -> FakeGitHub {
        self.0.replies.borrow_mut().insert(path.to_owned(), vec![Ok(reply)]);
        self
    }

    /// Responds to `path` with `reply` after the earlier replies.
    pub(crate) fn then(self, path: &str, reply: Reply) -> FakeGitHub {
        let mut replies = self.0.replies.borrow_mut();
        replies.entry(path.to_owned()).or_default().push(Ok(reply));
        drop(replies);
        self
    }

    /// Does not respond to `path`.
    pub(crate) fn silent_at(self, path: &str, interruption: Interruption) -> FakeGitHub {
        self.0
            .replies
            .borrow_mut()
            .insert(path.to_owned(), vec![Err(interruption)]);
        self
    }

    /// The requested paths.
    pub(crate) fn asked(&self) -> Vec<String> {
        let path = |asked: &RecordedRequest| asked.url.strip_prefix(GITHUB).expect("only GitHub is asked").to_owned();
        self.0.asked.borrow().iter().map(path).collect()
    }

    /// All requests.
    pub(crate) fn requests(&self) -> Vec<RecordedRequest> {
        self.0.asked.borrow().clone()
    }

    pub(crate) fn get(&self, target: &str) -> TestResponse {
        self.ask("GET", target)
    }

    pub(crate) fn ask(&self, method: &str, target: &str) -> TestResponse {
        let request = Request {
            method,
            target,
            content: Content::default(),
            body: Whole::default(),
        };
        self.answer(request)
    }

    pub(crate) fn answer(&self, request: Request<'_, impl Body>) -> TestResponse {
        let settings = Settings::new(GITHUB, "you@example.org", "30").expect("valid settings");
        TestResponse(ready(respond(request, || {
            Ok(GitHub {
                fetch: self.clone(),
                settings,
                now,
            })
        })))
    }
}

/// The result of a future that never waits.
pub(crate) fn ready<T>(future: impl Future<Output = T>) -> T {
    match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(value) => value,
        Poll::Pending => unreachable!("everything is in memory"),
    }
}

impl Fetch for FakeGitHub {
    type Body = ChunkedBody;

    async fn get(&self, url: &str, headers: &[(&'static str, &str)]) -> Result<Response<ChunkedBody>, Interruption> {
        assert_eq!(*self.0.open.borrow(), 0, "one request at a time");
        assert!(
            self.0.asked.borrow().len() < REQUESTS_MAX,
            "the component would ask for ever"
        );
        let headers = headers
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
            .collect();
        self.0.asked.borrow_mut().push(RecordedRequest {
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
        let body = ChunkedBody {
            reply: reply.clone(),
            position: 0,
            state: Rc::clone(&self.0),
        };
        Ok(Response::new(reply.status, header, body))
    }
}

/// A body that arrives in chunks.
pub(crate) struct ChunkedBody {
    reply: Reply,
    position: usize,
    state: Rc<State>,
}

impl Drop for ChunkedBody {
    fn drop(&mut self) {
        *self.state.open.borrow_mut() -= 1;
    }
}

impl Body for ChunkedBody {
    async fn chunk(&mut self) -> Result<Option<Vec<u8>>, Interruption> {
        let Reply {
            body, chunk_bytes, end, ..
        } = &self.reply;
        if self.position == body.len() {
            match end {
                BodyEnd::Complete => return Ok(None),
                BodyEnd::Broken(interruption) => return Err(interruption.clone()),
                BodyEnd::Endless => self.position = 0,
            }
        }
        let chunk = &body[self.position..][..(*chunk_bytes).min(body.len() - self.position)];
        self.position += chunk.len();
        Ok(Some(chunk.to_vec()))
    }
}

/// The service's response.
#[derive(Debug)]
pub(crate) struct TestResponse(pub(crate) Answer);

impl TestResponse {
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

    /// The JSON of a response with the status 200.
    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        let value = self.value();
        assert_eq!(self.0.status, 200, "{value}");
        assert_eq!(self.header("content-type"), Some("application/json"));
        value
    }

    /// The problem details. Asserts the fields that all of them have.
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
