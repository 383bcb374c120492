//! An HTML tokenizer that is fed in chunks. A chunk may end anywhere.
//!
//! It has a slow path and a fast path. The slow path is the state machine of "tokenization" in
//! <https://html.spec.whatwg.org/multipage/parsing.html>. It processes one byte at a time, and its memory between two
//! chunks is bounded. The fast path, [`Tokenizer::read_whole_tag`], reads a tag that is complete in one chunk. It keeps
//! only the wanted attributes, and finds the ends of names, values and text by SIMD. A tag that the fast path does not
//! support goes through the state machine.

mod class;
mod name;
mod plain_tag;
mod state;
mod step;
mod whole_tag;

use memchr::{memchr, memchr2, memchr3};

use class::{CLASS, SPACE};
use name::Name;
use state::State;

use super::{
    block,
    masks::{self, Lanes},
    reference::Reference,
    tree_construction::{TextKind, TreeConstruction},
};
use crate::{
    Change, Error, encoding,
    extract::{Attribute, AttributeSet, Attributes, DocumentStats, Extractor, Page},
    tag::Tag,
    work,
};

/// The length of the longest wanted attribute's name, `data-merge-count`.
const MAX_ATTRIBUTE_NAME_BYTES: usize = 16;
/// The most bytes that are kept of the values of one tag's wanted attributes.
const MAX_VALUE_BYTES: usize = if cfg!(fuzzing) { 128 } else { 16 * 1024 };

const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

/// The ways of reading a tag, for tests that compare them.
#[cfg(feature = "differential")]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum TagPath {
    /// By masks, with the best instructions of the processor.
    Best,
    /// By masks, with the instructions that every processor of the target has.
    Baseline,
    /// Attribute by attribute.
    WithoutMasks,
    /// Byte by byte, in the states of the standard.
    States,
}

/// The state of reading a page.
#[derive(Debug, Clone)]
pub(crate) struct Tokenizer<E> {
    #[cfg(feature = "differential")]
    pub(crate) tag_path: TagPath,
    state: State,
    construction: TreeConstruction<E>,
    stats: DocumentStats,
    error: Option<Error>,
    beginning: [u8; encoding::SNIFFED_BYTES],
    is_begun: bool,

    name: Name,
    is_end_tag: bool,
    /// The tag, once its name is complete.
    tag: Tag,
    wanted: AttributeSet,
    attributes: Attributes,
    attribute_name: [u8; MAX_ATTRIBUTE_NAME_BYTES],
    /// A length above the maximum means a longer name.
    attribute_name_length: usize,
    /// The attribute whose value is being read, if it is wanted.
    attribute: Option<Attribute>,
    /// The state after a reference in a value.
    value_state: State,
    reference: Reference,

    /// The tag whose end tag ends the raw text.
    raw_tag: Tag,
    /// The state after a `</` in raw text that turned out not to be its end tag.
    raw_state: State,
    raw_is_rcdata: bool,
    raw_is_script: bool,
    /// The number of bytes of a name, or of a markup declaration, that match so far.
    matched: usize,
    /// The markup declaration that is being matched.
    declaration: &'static [u8],
}

impl<E: Extractor> Tokenizer<E> {
    pub(crate) fn new(extractor: E) -> Self {
        Self {
            #[cfg(feature = "differential")]
            tag_path: TagPath::Best,
            state: State::Text,
            construction: TreeConstruction::new(Page::new(extractor)),
            stats: DocumentStats::default(),
            error: None,
            beginning: [0; encoding::SNIFFED_BYTES],
            is_begun: false,
            name: Name::new(),
            is_end_tag: false,
            tag: Tag::Other,
            wanted: AttributeSet::NONE,
            attributes: Attributes::default(),
            attribute_name: [0; MAX_ATTRIBUTE_NAME_BYTES],
            attribute_name_length: 0,
            attribute: None,
            value_state: State::DoubleQuoted,
            reference: Reference::new(false),
            raw_tag: Tag::Other,
            raw_state: State::Raw,
            raw_is_rcdata: false,
            raw_is_script: false,
            matched: 0,
            declaration: b"",
        }
    }

    pub(crate) fn feed(&mut self, mut chunk: &[u8]) {
        if !self.is_begun {
            let length = self.stats.bytes;
            let taken = chunk.len().min(encoding::SNIFFED_BYTES - length);
            self.beginning[length..length + taken].copy_from_slice(&chunk[..taken]);
            self.stats.bytes += taken;
            chunk = &chunk[taken..];
            if self.stats.bytes < encoding::SNIFFED_BYTES {
                return;
            }
            self.begin();
        }
        self.stats.bytes += chunk.len();
        if self.stats.has_too_many_bytes() {
            self.error = Some(Error::TooLarge);
        }
        self.run(chunk);
    }

    pub(crate) fn finish(mut self) -> Result<E::Output, Error> {
        if !self.is_begun {
            self.begin();
        }
        // This comes first, so that the answer does not depend on where chunks ended.
        if self.stats.has_too_many_bytes() {
            return Err(Error::TooLarge);
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        match self.state {
            State::TagOpen => self.text(b"<"),
            State::EndTagOpen => self.text(b"</"),
            State::Reference => {
                self.reference.finish();
                self.reference_text();
            }
            State::RawLess | State::RawEndOpen | State::RawEndName => self.raw_was_text(),
            State::CdataBracket => self.text(b"]"),
            State::CdataEnd => self.text(b"]]"),
            _ => {}
        }
        self.construction.end();
        if self.construction.needs_tree {
            return Err(Change::NeedsTree.into());
        }
        self.construction.page.finish(self.stats)
    }

    fn begin(&mut self) {
        self.is_begun = true;
        let beginning = self.beginning;
        let beginning = &beginning[..self.stats.bytes];
        match encoding::check(beginning) {
            Ok(bom) => self.run(&beginning[bom..]),
            Err(error) => self.error = Some(error),
        }
    }

    fn run(&mut self, input: &[u8]) {
        #[cfg(feature = "differential")]
        match self.tag_path {
            TagPath::Best => {}
            TagPath::Baseline => return self.run_on(masks::Baseline, input),
            TagPath::WithoutMasks | TagPath::States => return self.run_on(masks::Scalar, input),
        }
        #[cfg(target_arch = "x86_64")]
        if let Some(avx2) = masks::x86_64::Avx2::detect() {
            // SAFETY: the value proves that the processor has these features.
            return unsafe { self.run_avx2(avx2, input) };
        }
        self.run_on(masks::Baseline, input);
    }

    #[cfg(target_arch = "x86_64")]
    #[target_feature(enable = "avx2,bmi1,bmi2")]
    fn run_avx2(&mut self, avx2: masks::x86_64::Avx2, input: &[u8]) {
        self.run_on(avx2, input);
    }

    /// Inlined, so that it is compiled for each kind of processor.
    #[inline(always)]
    fn run_on<L: Lanes>(&mut self, lanes: L, input: &[u8]) {
        let mut at = 0;
        work::count(input.len());
        while at < input.len() && self.error.is_none() {
            work::count(1);
            at = match self.state {
                State::Text => self.in_text(lanes, input, at),
                State::Raw => self.in_raw(input, at),
                State::Comment => match memchr(b'-', &input[at..]) {
                    Some(found) => {
                        self.state = State::CommentEndDash;
                        at + found + 1
                    }
                    None => input.len(),
                },
                State::BogusComment => match memchr(b'>', &input[at..]) {
                    Some(found) => {
                        self.state = State::Text;
                        at + found + 1
                    }
                    None => input.len(),
                },
                State::Plaintext => input.len(),
                State::DoubleQuoted | State::SingleQuoted | State::Unquoted => self.in_value(input, at),
                State::Cdata => self.in_cdata(input, at),
                State::Escaped | State::DoubleEscaped => self.in_escaped(input, at),
                // A state either consumes the byte, or leaves it to the next state.
                _ => at + usize::from(self.step(input[at])),
            };
        }
    }

    #[inline(always)]
    fn in_text<L: Lanes>(&mut self, lanes: L, input: &[u8], mut at: usize) -> usize {
        loop {
            let rest = &input[at..];
            let found = if self.construction.wants_text() {
                let found = memchr3(b'<', b'&', 0, rest);
                self.text(&rest[..found.unwrap_or(rest.len())]);
                found
            } else {
                block::find(b'<', rest, 0)
            };
            let Some(found) = found else { return input.len() };
            at += found + 1;
            match rest[found] {
                b'<' => {
                    let Some(end) = self.read_tag(lanes, input, at) else {
                        self.state = State::TagOpen;
                        return at;
                    };
                    at = end;
                    if self.state == State::Text && self.error.is_none() && at < input.len() {
                        work::count(1);
                        continue;
                    }
                }
                b'&' => {
                    self.reference = Reference::new(false);
                    self.state = State::Reference;
                }
                // NUL is replaced in foreign content, and removed elsewhere.
                _ if self.construction.replaces_nul() => self.text(REPLACEMENT),
                _ => {}
            }
            return at;
        }
    }

    /// Reads a tag from `at`, after its `<`, in the fastest way that supports it, and returns the offset of its end.
    /// `None` if none does.
    #[inline(always)]
    fn read_tag<L: Lanes>(&mut self, lanes: L, input: &[u8], at: usize) -> Option<usize> {
        #[cfg(feature = "differential")]
        if self.tag_path == TagPath::States {
            return None;
        }
        let fast = if input.get(at) == Some(&b'/') {
            self.read_matching_end_tag(input, at + 1)
        } else {
            self.read_plain_tag(lanes, input, at)
        };
        if fast.is_some() {
            return fast;
        }
        self.read_whole_tag(input, at)
    }

    #[inline]
    fn begin_attribute(&mut self, name: &[u8]) -> Option<Attribute> {
        if self.wanted.is_empty() || name.len() > MAX_ATTRIBUTE_NAME_BYTES {
            return None;
        }
        let attribute = self.wanted.find(name)?;
        self.attributes.begin(attribute).then_some(attribute)
    }

    /// Called when the tag's name is complete.
    #[inline]
    fn end_name(&mut self) {
        self.tag = self.name.tag();
        self.attributes.clear();
        self.wanted = if self.is_end_tag {
            AttributeSet::NONE
        } else {
            self.construction.page.wanted_attributes(self.tag)
        };
    }

    /// Called when the tag is complete.
    #[inline]
    fn emit(&mut self, is_self_closing: bool) {
        self.state = State::Text;
        self.construction.needs_tree |= self.name.is_unsupported;
        if self.is_end_tag {
            self.stats.end_tag(self.tag);
            self.construction.end_tag(self.tag, self.name.as_bytes());
        } else {
            self.stats.start_tag(self.tag);
            let kind = self
                .construction
                .start(self.tag, self.name.as_bytes(), is_self_closing, &self.attributes);
            if kind != TextKind::Markup {
                self.begin_raw(kind);
            }
        }
        self.check_limits();
    }

    /// A page beyond these limits gets no answer, so the rest is not read. The limits are checked only at a tag's end,
    /// in all paths.
    #[inline]
    fn check_limits(&mut self) {
        if self.construction.needs_tree {
            self.error = Some(Change::NeedsTree.into());
        } else if self.stats.has_too_many_tags() {
            self.error = Some(Error::TooLarge);
        }
    }

    fn begin_raw(&mut self, kind: TextKind) {
        self.state = if kind == TextKind::Plaintext {
            State::Plaintext
        } else {
            State::Raw
        };
        self.raw_tag = self.tag;
        self.raw_is_rcdata = kind == TextKind::Rcdata;
        self.raw_is_script = kind == TextKind::Script;
    }

    #[inline]
    fn text(&mut self, text: &[u8]) {
        if !text.is_empty() && self.construction.wants_text() {
            self.construction.text(text);
        }
    }

    fn reference_text(&mut self) {
        if self.construction.wants_text() {
            self.construction.text(self.reference.text());
        }
    }

    fn in_raw(&mut self, input: &[u8], at: usize) -> usize {
        let rest = &input[at..];
        let found = if self.raw_is_rcdata && self.construction.wants_text() {
            let found = memchr3(b'<', b'&', 0, rest);
            self.text(&rest[..found.unwrap_or(rest.len())]);
            found
        } else {
            memchr(b'<', rest)
        };
        let Some(found) = found else { return input.len() };
        match rest[found] {
            b'<' => {
                if rest.get(found + 1) == Some(&b'/')
                    && let Some(end) = self.read_matching_end_tag(rest, found + 2)
                {
                    self.raw_is_rcdata = false;
                    self.state = State::Text;
                    return at + end;
                }
                self.raw_state = State::Raw;
                self.state = State::RawLess;
            }
            b'&' => {
                self.reference = Reference::new(false);
                self.state = State::Reference;
            }
            _ => self.text(REPLACEMENT),
        }
        at + found + 1
    }

    fn in_value(&mut self, input: &[u8], at: usize) -> usize {
        let rest = &input[at..];
        let end = match self.state {
            State::DoubleQuoted => memchr2(b'"', b'&', rest),
            State::SingleQuoted => memchr2(b'\'', b'&', rest),
            _ => rest
                .iter()
                .position(|&byte| CLASS[byte as usize] & SPACE != 0 || matches!(byte, b'>' | b'&')),
        };
        let part = &rest[..end.unwrap_or(rest.len())];
        if let Some(attribute) = self.attribute {
            self.append(attribute, part);
        }
        let Some(end) = end else { return input.len() };
        match rest[end] {
            b'&' => {
                self.reference = Reference::new(true);
                self.value_state = self.state;
                self.state = State::ValueReference;
            }
            b'"' | b'\'' if self.state != State::Unquoted => self.state = State::AfterQuoted,
            b'>' => self.emit(false),
            _ => self.state = State::BeforeAttributeName,
        }
        at + end + 1
    }

    pub(super) fn append(&mut self, attribute: Attribute, part: &[u8]) {
        if self.attributes.len() + part.len() > MAX_VALUE_BYTES {
            self.construction.needs_tree = true;
        } else {
            self.attributes.append(attribute, part);
        }
    }

    fn in_cdata(&mut self, input: &[u8], at: usize) -> usize {
        let rest = &input[at..];
        let found = memchr2(b']', 0, rest);
        self.text(&rest[..found.unwrap_or(rest.len())]);
        let Some(found) = found else { return input.len() };
        if rest[found] == b']' {
            self.state = State::CdataBracket;
        } else if self.construction.replaces_nul() {
            self.text(REPLACEMENT);
        }
        at + found + 1
    }

    fn in_escaped(&mut self, input: &[u8], at: usize) -> usize {
        let Some(found) = memchr2(b'-', b'<', &input[at..]) else {
            return input.len();
        };
        let at = at + found;
        self.state = match (self.state, input[at]) {
            (State::Escaped, b'-') => State::EscapedDash,
            (State::Escaped, _) => State::EscapedLess,
            (_, b'-') => State::DoubleEscapedDash,
            (_, _) => State::DoubleEscapedLess,
        };
        at + 1
    }

    /// Handles bytes that looked like the end tag of raw text and are text.
    fn raw_was_text(&mut self) {
        if self.raw_is_rcdata {
            match self.state {
                State::RawLess => self.text(b"<"),
                State::RawEndOpen => self.text(b"</"),
                _ => {
                    self.text(b"</");
                    let name = self.name.bytes;
                    self.text(&name[..self.matched]);
                }
            }
        }
        self.state = self.raw_state;
    }
}
