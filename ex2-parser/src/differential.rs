//! The differential test of the two engines, which the tests and the fuzz target share.
//!
//! [`check`] asserts for any bytes:
//!
//! 1. The stream engine gives the same answer and the same error as the dom engine, on every kind of page, except that
//!    it may say [`Change::NeedsTree`], and that the dom engine may say [`Error::TooLarge`].
//! 2. Where it does not say `NeedsTree`, it has sent its extractor the same events as the dom engine: the same elements
//!    in the same order, with the same attributes and text. So the engines also agree on parts of the page that no
//!    extractor reads.
//! 3. It gives the same answer however the page is cut into chunks.
//! 4. It sends the same events whichever of its ways of reading a tag it uses, and whichever attributes are wanted.

use std::fmt::Debug;

use crate::{
    Change, Error, dom,
    extract::{Attribute, AttributeSet, Attributes, Element, Extractor, Namespace},
    stream::{self, TagPath},
    tag::Tag,
};

// region: check
/// Asserts that the engines agree on a page.
///
/// # Panics
/// If the engines disagree. The message names the kind of page. This function is for tests.
pub fn check(page: &[u8]) {
    assert_agree(page, "package", &dom::package(page), &stream::package(page));
    assert_agree(
        page,
        "package_list",
        &dom::package_list(page),
        &stream::package_list(page),
    );
    assert_agree(
        page,
        "version_list",
        &dom::version_list(page),
        &stream::version_list(page),
    );
    assert_agree(
        page,
        "events",
        &dom::extract(page, Trace::default()),
        &stream::extract(page, Trace::default()),
    );
    check_chunks(page);
    check_tag_paths(page);
}
// endregion: check

/// Asserts that the stream engine's answer does not depend on where chunks end.
///
/// # Panics
/// If it does. This function is for tests.
pub fn check_chunks(page: &[u8]) {
    let whole = stream::extract(page, Trace::default());
    // One byte, and two sizes that share no factor with the engine's own block sizes, which are powers of two.
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

/// Asserts that the stream engine reads each tag the same way by masks, attribute by attribute, and byte by byte.
///
/// Which attributes are wanted decides which ones the masks let it skip, so several sets of them are tried.
///
/// # Panics
/// If it does not. This function is for tests.
pub fn check_tag_paths(page: &[u8]) {
    let events = |wanted: &[Attribute], path: TagPath| {
        let wanted = AttributeSet::of(wanted);
        let mut parser = stream::Tokenizer::new(Trace {
            wanted,
            ..Trace::default()
        });
        parser.tag_path = path;
        parser.feed(page);
        parser.finish()
    };
    let wanted: [&[Attribute]; 6] = [
        &ALL,
        &[],
        // The sets of package pages.
        &[Attribute::AriaLabel],
        &[Attribute::AriaLabel, Attribute::Title],
        // The same last letter twice, and a name that is the end of many others.
        &[Attribute::AriaLabel, Attribute::Rel],
        &[Attribute::Id],
    ];
    for wanted in wanted {
        let states = events(wanted, TagPath::States);
        for path in [TagPath::Best, TagPath::Baseline, TagPath::WithoutMasks] {
            let other = events(wanted, path);
            assert!(
                states == other,
                "{wanted:?} wanted, {path:?}:\n{other:?}\nbyte by byte:\n{states:?}\n{}",
                page.escape_ascii()
            );
        }
    }
}

fn assert_agree<T: PartialEq + Debug>(page: &[u8], what: &str, dom: &Result<T, Error>, stream: &Result<T, Error>) {
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

/// Records every event.
#[derive(Debug, Clone)]
struct Trace {
    events: Vec<Event>,
    wanted: AttributeSet,
}

impl Default for Trace {
    fn default() -> Self {
        Self {
            events: Vec::new(),
            wanted: AttributeSet::of(&ALL),
        }
    }
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

    fn wanted_attributes(&self, _: Tag) -> AttributeSet {
        self.wanted
    }

    fn open(&mut self, element: Element, attributes: &Attributes) {
        let values = ALL.map(|attribute| attributes.get(attribute).map(ascii)).to_vec();
        self.events.push(Event::Open(element, values));
    }

    fn close(&mut self) {
        // `</p>` and `</br>` without a start tag create an element in a body, and none in a head. An empty one changes
        // no answer, so the engines may differ in it.
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
                // An element that `close` removed stood between these two texts.
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

/// The part of a text that the engines must agree on: its words. A text with characters outside of ASCII, or with
/// references to them, becomes `?`: only the dom engine replaces such references, and no anchor or name contains one.
fn ascii(text: &[u8]) -> Vec<u8> {
    if text.iter().any(|&byte| byte == b'&' || byte == 0 || !byte.is_ascii()) {
        return b"?".to_vec();
    }
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(&b' ')
}
