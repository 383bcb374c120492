//! The check that the two engines agree, which the tests and the fuzz target share.
//!
//! What [`check`] holds, for any bytes at all:
//!
//! 1. The stream engine gives the same answer and the same error as the dom engine, on every kind of page, except that
//!    it may say [`Change::NeedsTree`], and that the dom engine may say [`Error::TooLarge`].
//! 2. Where it does not say `NeedsTree`, it has told its extractor of the same elements, in the same order and with the
//!    same attributes and text, as the tree holds: agreement is no accident of what the extractors look at.
//! 3. It gives the same answer however the page is cut into chunks.

use std::fmt::Debug;

use crate::{
    Change, Error, dom,
    extract::{Attribute, AttributeSet, Attributes, Element, Extractor, Namespace},
    stream,
    tag::Tag,
};

// region: check
/// Panics, saying which, if a page makes the engines disagree.
///
/// # Panics
/// If the engines disagree: it is for tests.
pub fn check(page: &[u8]) {
    agree(page, "package", &dom::package(page), &stream::package(page));
    agree(
        page,
        "package_list",
        &dom::package_list(page),
        &stream::package_list(page),
    );
    agree(
        page,
        "version_list",
        &dom::version_list(page),
        &stream::version_list(page),
    );
    agree(
        page,
        "events",
        &dom::extract(page, Trace::default()),
        &stream::extract(page, Trace::default()),
    );
    check_chunks(page);
}
// endregion: check

/// Panics if the stream engine's answer depends on where chunks end.
///
/// # Panics
/// If it does: it is for tests.
pub fn check_chunks(page: &[u8]) {
    let whole = stream::extract(page, Trace::default());
    // A step that shares no factor with the usual powers of two, a single byte, and one in between.
    for size in [1, 7, 61] {
        let mut parser = stream::Tokenizer::new(Trace::default());
        for chunk in page.chunks(size) {
            parser.feed(chunk);
        }
        let parts = parser.finish();
        assert!(
            whole == parts,
            "in chunks of {size}:\n{:?}\nwhole:\n{whole:?}\n{}",
            parts,
            page.escape_ascii()
        );
    }
}

fn agree<T: PartialEq + Debug>(page: &[u8], what: &str, dom: &Result<T, Error>, stream: &Result<T, Error>) {
    let excused = matches!(
        stream,
        Err(Error::MarkupChanged {
            what: Change::NeedsTree
        })
    ) || matches!(dom, Err(Error::TooLarge));
    assert!(
        excused || dom == stream,
        "{what}: dom:\n{dom:?}\nstream:\n{stream:?}\n{}",
        page.escape_ascii()
    );
}

/// Writes down every event.
#[derive(Debug, Clone, Default)]
struct Trace {
    events: Vec<Event>,
}

#[derive(Debug, Clone, PartialEq)]
enum Event {
    Open(Element, Vec<Option<Vec<u8>>>),
    Close,
    Text(Vec<u8>),
}

const ALL: [Attribute; 9] = [
    Attribute::AriaLabel,
    Attribute::Class,
    Attribute::DataDate,
    Attribute::DataMergeCount,
    Attribute::DataTotalPages,
    Attribute::Href,
    Attribute::Id,
    Attribute::Rel,
    Attribute::Title,
];

impl Extractor for Trace {
    type Output = Vec<Event>;

    fn wanted(&self, _: Tag) -> AttributeSet {
        AttributeSet::of(&ALL)
    }

    fn open(&mut self, element: Element, attributes: &Attributes) {
        let values = ALL.map(|attribute| attributes.get(attribute).map(ascii)).to_vec();
        self.events.push(Event::Open(element, values));
    }

    fn close(&mut self) {
        // `</p>` and `</br>` without their start tags make an element in a body and none in a head, where neither
        // matters to anybody.
        if let [.., Event::Open(element, values)] = self.events.as_slice()
            && element.namespace == Namespace::Html
            && matches!(element.tag, Tag::P | Tag::Br)
            && values.iter().all(Option::is_none)
        {
            self.events.pop();
            return;
        }
        self.events.push(Event::Close);
    }

    fn text(&mut self, text: &[u8]) {
        if let Some(Event::Text(last)) = self.events.last_mut() {
            last.extend_from_slice(text);
        } else {
            self.events.push(Event::Text(text.to_vec()));
        }
    }

    fn wants_text(&self) -> bool {
        true
    }

    fn finish(self) -> Result<Vec<Event>, Error> {
        let mut events: Vec<Event> = Vec::new();
        for event in self.events {
            match (events.last_mut(), event) {
                // Pieces that an element taken back stood between.
                (Some(Event::Text(last)), Event::Text(text)) => last.extend(text),
                (_, event) => events.push(event),
            }
        }
        Ok(events
            .into_iter()
            .filter_map(|event| match event {
                Event::Text(text) => {
                    let text = ascii(&text);
                    (!text.is_empty()).then_some(Event::Text(text))
                }
                event => Some(event),
            })
            .collect())
    }
}

/// What engines must agree on in a text: its words, and nothing if some of it is no ASCII or a reference to what is
/// none, which only one of them replaces and neither finds in any anchor.
fn ascii(text: &[u8]) -> Vec<u8> {
    if text.iter().any(|&byte| byte == b'&' || byte == 0 || !byte.is_ascii()) {
        return b"?".to_vec();
    }
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(&b' ')
}
