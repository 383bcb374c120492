//! HTML's tokenizer, fed in chunks that may end anywhere.
//!
//! There are two ways through it. The states are those of "tokenization" in
//! <https://html.spec.whatwg.org/multipage/parsing.html>; they take a byte at a time and remember everything between
//! two chunks, in bounded memory. Before them, a tag that stands whole in one chunk is read in one go by
//! [`Tokenizer::whole_tag`], which is what makes it fast: it keeps only the attributes that were asked for, and finds
//! the ends of values and of text by SIMD. What that way does not know it leaves to the states, untouched.

use core::ops::Range;

use memchr::{memchr, memchr2, memchr3};

use super::{
    block::{self, Block},
    nesting::{Nesting, TextKind},
    reference::{Reference, Step, decode_value},
};
use crate::{
    Change, Error, encoding,
    extract::{Attribute, AttributeSet, Attributes, End, Extractor, Page},
    tag::Tag,
};

/// The longest name of an element that is told from others. GitHub's longest has 24 letters.
const LONGEST_NAME: usize = 64;
/// The longest name of any attribute asked for, `data-merge-count`.
const LONGEST_ATTRIBUTE_NAME: usize = 16;
/// The most bytes kept of one tag's attributes; only those that were asked for are kept.
const MAX_VALUES: usize = 16 * 1024;

const REPLACEMENT: &[u8] = "\u{FFFD}".as_bytes();

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    Text,
    Reference,
    TagOpen,
    EndTagOpen,
    TagName,
    BeforeAttributeName,
    AttributeName,
    AfterAttributeName,
    BeforeValue,
    DoubleQuoted,
    SingleQuoted,
    Unquoted,
    ValueReference,
    AfterQuoted,
    SelfClosing,
    BogusComment,
    MarkupDeclaration,
    CommentStart,
    CommentStartDash,
    Comment,
    CommentEndDash,
    CommentEnd,
    CommentEndBang,
    Cdata,
    CdataBracket,
    CdataEnd,
    /// In an element whose text is not markup, outside any escape.
    Raw,
    RawLess,
    RawEndOpen,
    RawEndName,
    ScriptEscapeStart,
    ScriptEscapeStartDash,
    Escaped,
    EscapedDash,
    EscapedDashDash,
    EscapedLess,
    DoubleEscapeStart,
    DoubleEscaped,
    DoubleEscapedDash,
    DoubleEscapedDashDash,
    DoubleEscapedLess,
    DoubleEscapeEnd,
    Plaintext,
}

/// What the bytes of a tag mean to its scanner.
const NAME_END: u8 = 1;
const ATTRIBUTE_NAME_END: u8 = 2;
const SPACE: u8 = 4;
/// In a name that only the states read rightly.
const UNUSUAL: u8 = 8;

static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0C => NAME_END | ATTRIBUTE_NAME_END | SPACE,
            b'/' | b'>' => NAME_END | ATTRIBUTE_NAME_END,
            b'=' => ATTRIBUTE_NAME_END,
            0 | 0x80.. => UNUSUAL,
            _ => 0,
        };
        byte += 1;
    }
    class
};

/// The name of the tag that is being read, in lower case.
#[derive(Debug, Clone)]
struct Name {
    bytes: [u8; LONGEST_NAME],
    length: usize,
    /// Too long, or with bytes that are no ASCII: it is not told from others.
    is_unusual: bool,
}

impl Name {
    const fn new() -> Self {
        Self {
            bytes: [0; LONGEST_NAME],
            length: 0,
            is_unusual: false,
        }
    }

    #[inline]
    fn clear(&mut self) {
        self.length = 0;
        self.is_unusual = false;
    }

    #[inline]
    fn push(&mut self, byte: u8) {
        if self.length == LONGEST_NAME || CLASS[byte as usize] & UNUSUAL != 0 {
            self.is_unusual = true;
        } else {
            self.bytes[self.length] = byte.to_ascii_lowercase();
            self.length += 1;
        }
    }

    /// Takes the first `length` bytes of a block, which must be ASCII and not zero.
    #[inline]
    fn set(&mut self, block: &[u8; block::SIZE], length: usize) {
        for (place, byte) in self.bytes.iter_mut().zip(block) {
            *place = byte.to_ascii_lowercase();
        }
        self.length = length;
        self.is_unusual = false;
    }

    #[inline]
    fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    #[inline]
    fn tag(&self) -> Tag {
        if self.length <= 8 {
            // All eight bytes, and then without those that are not the name's.
            let [a, b, c, d, e, f, g, h, ..] = self.bytes;
            let eight = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            Tag::from_key(eight.checked_shr(64 - 8 * self.length as u32).unwrap_or(0))
        } else {
            Tag::from_name(self.as_bytes())
        }
    }
}

/// An attribute as nearly all are written, ` name="value"`, from the space before it: where its name and its value stand,
/// and where it ends. Anything else is left to the careful way.
#[inline(always)]
fn usual_attribute(input: &[u8], mut at: usize) -> Option<(Range<usize>, Range<usize>, usize)> {
    let mut block = Block::at(input, at)?;
    let mut start = (block.equal(b' ') | block.equal(b'\n')).trailing_ones() as usize;
    while start == block::SIZE {
        at += block::SIZE;
        block = Block::at(input, at)?;
        start = (block.equal(b' ') | block.equal(b'\n')).trailing_ones() as usize;
    }
    let mut equals = block.equal(b'=');
    let mut ends = (equals | ends_of_name(block)) & !0 << start;
    if ends == 0 {
        // A long name.
        let block = Block::at(input, at + block::SIZE)?;
        equals = block.equal(b'=') << block::SIZE;
        ends = equals | ends_of_name(block) << block::SIZE;
    }
    // The first thing that could end the name is an equals sign, and it does not begin it.
    let end = ends.trailing_zeros() as usize;
    if end == start || ends & ends.wrapping_neg() & equals == 0 {
        return None;
    }
    let quote = *input.get(at + end + 1)?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let value = at + end + 2;
    let close = block::find(quote, input, value)?;
    Some((at + start..at + end, value..close, close + 1))
}

#[inline(always)]
fn ends_of_name(block: Block) -> block::Mask {
    block.at_most(b' ') | block.equal(b'>') | block.equal(b'/')
}

/// A page that is being read.
#[derive(Debug, Clone)]
pub(crate) struct Tokenizer<E> {
    state: State,
    nesting: Nesting<E>,
    end: End,
    error: Option<Error>,
    beginning: [u8; encoding::BEGINNING],
    begun: bool,

    name: Name,
    is_end_tag: bool,
    /// The tag, once its name is complete.
    tag: Tag,
    wanted: AttributeSet,
    attributes: Attributes,
    attribute_name: [u8; LONGEST_ATTRIBUTE_NAME],
    /// One more than fits means a longer name.
    attribute_name_length: usize,
    /// The attribute whose value is being read, if it was asked for.
    attribute: Option<Attribute>,
    /// Where a value's reference returns to.
    value_state: State,
    reference: Reference,

    /// The element whose end tag ends the raw text.
    raw_tag: Tag,
    /// Where raw text goes on when what looked like its end tag was none.
    raw_state: State,
    raw_is_rcdata: bool,
    raw_is_script: bool,
    /// How many bytes of a name, or of a markup declaration, were matched.
    matched: usize,
    /// The markup declaration that is being matched.
    declaration: &'static [u8],
}

impl<E: Extractor> Tokenizer<E> {
    pub(crate) fn new(extractor: E) -> Self {
        Self {
            state: State::Text,
            nesting: Nesting::new(Page::new(extractor)),
            end: End::default(),
            error: None,
            beginning: [0; encoding::BEGINNING],
            begun: false,
            name: Name::new(),
            is_end_tag: false,
            tag: Tag::Other,
            wanted: AttributeSet::NONE,
            attributes: Attributes::default(),
            attribute_name: [0; LONGEST_ATTRIBUTE_NAME],
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
        if !self.begun {
            let length = self.end.bytes;
            let taken = chunk.len().min(encoding::BEGINNING - length);
            self.beginning[length..length + taken].copy_from_slice(&chunk[..taken]);
            self.end.bytes += taken;
            chunk = &chunk[taken..];
            if self.end.bytes < encoding::BEGINNING {
                return;
            }
            self.begin();
        }
        self.end.bytes += chunk.len();
        self.run(chunk);
    }

    pub(crate) fn finish(mut self) -> Result<E::Output, Error> {
        if !self.begun {
            self.begin();
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
        self.nesting.end();
        if self.nesting.needs_tree {
            return Err(Change::NeedsTree.into());
        }
        self.nesting.page.finish(self.end)
    }

    fn begin(&mut self) {
        self.begun = true;
        let beginning = self.beginning;
        let beginning = &beginning[..self.end.bytes];
        match encoding::check(beginning) {
            Ok(mark) => self.run(&beginning[mark..]),
            Err(error) => self.error = Some(error),
        }
    }

    fn run(&mut self, input: &[u8]) {
        let mut at = 0;
        while at < input.len() && self.error.is_none() {
            at = match self.state {
                State::Text => self.in_text(input, at),
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
                // A state either takes a byte, or leaves it to the next state.
                _ => at + usize::from(self.step(input[at])),
            };
        }
    }

    fn in_text(&mut self, input: &[u8], at: usize) -> usize {
        let rest = &input[at..];
        let found = if self.nesting.wants_text() {
            let found = memchr3(b'<', b'&', 0, rest);
            self.text(&rest[..found.unwrap_or(rest.len())]);
            found
        } else {
            block::find(b'<', rest, 0)
        };
        let Some(found) = found else { return input.len() };
        let at = at + found;
        match input[at] {
            b'<' => {
                if let Some(end) = self.whole_tag(input, at + 1) {
                    return end;
                }
                self.state = State::TagOpen;
            }
            b'&' => {
                self.reference = Reference::new(false);
                self.state = State::Reference;
            }
            // A zero byte is text only where the text is foreign.
            _ if self.nesting.keeps_zeros() => self.text(REPLACEMENT),
            _ => {}
        }
        at + 1
    }

    /// Reads a tag that stands whole in the input from `at`, after its `<`, and says where it ends.
    #[inline]
    fn whole_tag(&mut self, input: &[u8], mut at: usize) -> Option<usize> {
        let mut byte = *input.get(at)?;
        let is_end_tag = byte == b'/';
        if is_end_tag {
            at += 1;
            byte = *input.get(at)?;
        }
        if !byte.is_ascii_alphabetic() {
            return None;
        }
        self.is_end_tag = is_end_tag;
        at = self.whole_name(input, at)?;
        loop {
            if let Some((name, value, end)) = usual_attribute(input, at) {
                if let Some(attribute) = self.begin_attribute(&input[name]) {
                    self.whole_value(attribute, &input[value]);
                }
                at = end;
                continue;
            }
            byte = *input.get(at)?;
            while CLASS[byte as usize] & SPACE != 0 {
                at += 1;
                byte = *input.get(at)?;
            }
            if byte == b'>' {
                self.emit(false);
                return Some(at + 1);
            }
            if byte == b'/' {
                at += 1;
                if *input.get(at)? == b'>' {
                    self.emit(true);
                    return Some(at + 1);
                }
                continue;
            }
            at = self.unusual_attribute(input, at)?;
        }
    }

    /// Reads a tag's name, and says where it ends.
    #[inline]
    fn whole_name(&mut self, input: &[u8], at: usize) -> Option<usize> {
        if let Some(block) = Block::at(input, at) {
            let ends = ends_of_name(block);
            let length = ends.trailing_zeros() as usize;
            if length < block::SIZE
                && CLASS[input[at + length] as usize] & NAME_END != 0
                && block.not_ascii() & (ends ^ (ends - 1)) == 0
            {
                self.name.set(input[at..].first_chunk()?, length);
                self.end_name();
                return Some(at + length);
            }
        }
        self.name.clear();
        let mut end = at;
        while CLASS[*input.get(end)? as usize] & NAME_END == 0 {
            self.name.push(input[end]);
            end += 1;
        }
        self.end_name();
        Some(end)
    }

    /// Reads an attribute that begins at `at` and may be written in any way, and says where it ends.
    fn unusual_attribute(&mut self, input: &[u8], mut at: usize) -> Option<usize> {
        // The name's first byte may be `=`.
        let start = at;
        at += 1;
        while CLASS[*input.get(at)? as usize] & ATTRIBUTE_NAME_END == 0 {
            at += 1;
        }
        let attribute = self.begin_attribute(&input[start..at]);
        while CLASS[*input.get(at)? as usize] & SPACE != 0 {
            at += 1;
        }
        if input[at] != b'=' {
            return Some(at);
        }
        at += 1;
        while CLASS[*input.get(at)? as usize] & SPACE != 0 {
            at += 1;
        }
        let value = match input[at] {
            quote @ (b'"' | b'\'') => {
                let start = at + 1;
                at = block::find(quote, input, start)?;
                at += 1;
                &input[start..at - 1]
            }
            b'>' => return Some(at),
            _ => {
                let start = at;
                while !matches!(*input.get(at)?, byte if CLASS[byte as usize] & SPACE != 0 || byte == b'>') {
                    at += 1;
                }
                &input[start..at]
            }
        };
        if let Some(attribute) = attribute {
            self.whole_value(attribute, value);
        }
        Some(at)
    }

    #[inline]
    fn begin_attribute(&mut self, name: &[u8]) -> Option<Attribute> {
        if self.wanted.is_empty() || name.len() > LONGEST_ATTRIBUTE_NAME {
            return None;
        }
        let attribute = self.wanted.find(name)?;
        self.attributes.begin(attribute).then_some(attribute)
    }

    fn whole_value(&mut self, attribute: Attribute, value: &[u8]) {
        if self.attributes.len() + value.len() > MAX_VALUES {
            self.nesting.needs_tree = true;
            return;
        }
        let attributes = &mut self.attributes;
        decode_value(value, |part| attributes.append(attribute, part));
    }

    /// The tag's name is complete.
    #[inline]
    fn end_name(&mut self) {
        self.tag = self.name.tag();
        self.attributes.clear();
        self.wanted = if self.is_end_tag {
            AttributeSet::NONE
        } else {
            self.nesting.page.wanted(self.tag)
        };
    }

    /// The tag is complete.
    #[inline]
    fn emit(&mut self, is_self_closing: bool) {
        self.state = State::Text;
        self.nesting.needs_tree |= self.name.is_unusual;
        if self.is_end_tag {
            self.end.is_complete |= self.tag == Tag::Html;
            self.nesting.end_tag(self.tag, self.name.as_bytes());
        } else {
            self.end.is_document |= self.tag == Tag::Html;
            self.end.tags += 1;
            let kind = self
                .nesting
                .start(self.tag, self.name.as_bytes(), is_self_closing, &self.attributes);
            if kind != TextKind::Markup {
                self.begin_raw(kind);
            }
        }
        // Checked where a tag ends, and not before: a page beyond these limits gets no answer, so the rest is not read.
        if self.nesting.needs_tree {
            self.error = Some(Change::NeedsTree.into());
        } else if self.end.is_too_large() {
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
        if !text.is_empty() && self.nesting.wants_text() {
            self.nesting.text(text);
        }
    }

    fn reference_text(&mut self) {
        if self.nesting.wants_text() {
            self.nesting.text(self.reference.text());
        }
    }

    fn in_raw(&mut self, input: &[u8], at: usize) -> usize {
        let rest = &input[at..];
        let found = if self.raw_is_rcdata && self.nesting.wants_text() {
            let found = memchr3(b'<', b'&', 0, rest);
            self.text(&rest[..found.unwrap_or(rest.len())]);
            found
        } else {
            memchr(b'<', rest)
        };
        let Some(found) = found else { return input.len() };
        match rest[found] {
            b'<' => {
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

    fn append(&mut self, attribute: Attribute, part: &[u8]) {
        if self.attributes.len() + part.len() > MAX_VALUES {
            self.nesting.needs_tree = true;
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
        } else if self.nesting.keeps_zeros() {
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

    /// What looked like the end tag of raw text was text.
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

    /// Takes one byte in a state; `false` if the byte is left to the next state.
    fn step(&mut self, byte: u8) -> bool {
        let is_space = CLASS[byte as usize] & SPACE != 0;
        match self.state {
            State::Reference => match self.reference.push(byte) {
                Step::Takes => return true,
                step => {
                    self.reference_text();
                    self.state = if self.raw_is_rcdata { State::Raw } else { State::Text };
                    return step == Step::TakesAndEnds;
                }
            },
            State::ValueReference => match self.reference.push(byte) {
                Step::Takes => return true,
                step => {
                    self.state = self.value_state;
                    if let Some(attribute) = self.attribute {
                        let reference = self.reference.clone();
                        self.append(attribute, reference.text());
                    }
                    return step == Step::TakesAndEnds;
                }
            },
            State::TagOpen => match byte {
                b'!' => {
                    self.matched = 0;
                    self.state = State::MarkupDeclaration;
                }
                b'/' => self.state = State::EndTagOpen,
                b'?' => self.state = State::BogusComment,
                _ if byte.is_ascii_alphabetic() => {
                    self.name.clear();
                    self.is_end_tag = false;
                    self.state = State::TagName;
                    return false;
                }
                _ => {
                    self.text(b"<");
                    self.state = State::Text;
                    return false;
                }
            },
            State::EndTagOpen => match byte {
                b'>' => self.state = State::Text,
                _ if byte.is_ascii_alphabetic() => {
                    self.name.clear();
                    self.is_end_tag = true;
                    self.state = State::TagName;
                    return false;
                }
                _ => self.state = State::BogusComment,
            },
            State::TagName => {
                if CLASS[byte as usize] & NAME_END == 0 {
                    self.name.push(byte);
                } else {
                    self.end_name();
                    self.state = State::BeforeAttributeName;
                    return false;
                }
            }
            State::BeforeAttributeName | State::AfterAttributeName => match byte {
                _ if is_space => {}
                b'/' => self.state = State::SelfClosing,
                b'>' => self.emit(false),
                b'=' if self.state == State::AfterAttributeName => self.state = State::BeforeValue,
                _ => {
                    // The first byte of a name may be `=`.
                    self.attribute_name[0] = byte;
                    self.attribute_name_length = 1;
                    self.state = State::AttributeName;
                }
            },
            State::AttributeName => {
                if CLASS[byte as usize] & ATTRIBUTE_NAME_END != 0 {
                    let name = self.attribute_name;
                    self.attribute = name
                        .get(..self.attribute_name_length)
                        .and_then(|name| self.begin_attribute(name));
                    self.state = State::AfterAttributeName;
                    return false;
                }
                match self.attribute_name.get_mut(self.attribute_name_length) {
                    Some(place) => {
                        *place = byte;
                        self.attribute_name_length += 1;
                    }
                    None => self.attribute_name_length = LONGEST_ATTRIBUTE_NAME + 1,
                }
            }
            State::BeforeValue => match byte {
                _ if is_space => {}
                b'"' => self.state = State::DoubleQuoted,
                b'\'' => self.state = State::SingleQuoted,
                b'>' => self.emit(false),
                _ => {
                    self.state = State::Unquoted;
                    return false;
                }
            },
            State::AfterQuoted => {
                self.state = State::BeforeAttributeName;
                return false;
            }
            State::SelfClosing => {
                if byte == b'>' {
                    self.emit(true);
                } else {
                    self.state = State::BeforeAttributeName;
                    return false;
                }
            }
            State::MarkupDeclaration => return self.markup_declaration(byte),
            State::CommentStart => match byte {
                b'-' => self.state = State::CommentStartDash,
                b'>' => self.state = State::Text,
                _ => return self.go(State::Comment, false),
            },
            State::CommentStartDash => match byte {
                b'-' => self.state = State::CommentEnd,
                b'>' => self.state = State::Text,
                _ => return self.go(State::Comment, false),
            },
            State::CommentEndDash => return self.go_if(byte == b'-', State::CommentEnd, State::Comment),
            State::CommentEnd => match byte {
                b'>' => self.state = State::Text,
                b'!' => self.state = State::CommentEndBang,
                b'-' => {}
                _ => return self.go(State::Comment, false),
            },
            State::CommentEndBang => match byte {
                b'>' => self.state = State::Text,
                b'-' => self.state = State::CommentEndDash,
                _ => return self.go(State::Comment, false),
            },
            State::CdataBracket => {
                if byte == b']' {
                    self.state = State::CdataEnd;
                } else {
                    self.text(b"]");
                    return self.go(State::Cdata, false);
                }
            }
            State::CdataEnd => match byte {
                b'>' => self.state = State::Text,
                b']' => self.text(b"]"),
                _ => {
                    self.text(b"]]");
                    return self.go(State::Cdata, false);
                }
            },
            State::RawLess => match byte {
                b'/' => self.state = State::RawEndOpen,
                b'!' if self.raw_is_script => self.state = State::ScriptEscapeStart,
                _ => {
                    self.raw_was_text();
                    return false;
                }
            },
            State::RawEndOpen => {
                if byte.is_ascii_alphabetic() {
                    self.matched = 0;
                    self.state = State::RawEndName;
                } else {
                    self.raw_was_text();
                }
                return false;
            }
            State::RawEndName => {
                let name = self.raw_tag.name().as_bytes();
                if self.matched < name.len() && byte.to_ascii_lowercase() == name[self.matched] {
                    // As it is written: it may turn out to be text.
                    self.name.bytes[self.matched] = byte;
                    self.matched += 1;
                } else if self.matched == name.len() && CLASS[byte as usize] & NAME_END != 0 {
                    self.name.clear();
                    for &byte in name {
                        self.name.push(byte);
                    }
                    self.is_end_tag = true;
                    self.raw_is_rcdata = false;
                    self.end_name();
                    return self.go(State::BeforeAttributeName, false);
                } else {
                    self.raw_was_text();
                    return false;
                }
            }
            State::ScriptEscapeStart => return self.go_if(byte == b'-', State::ScriptEscapeStartDash, State::Raw),
            State::ScriptEscapeStartDash => return self.go_if(byte == b'-', State::EscapedDashDash, State::Raw),
            State::EscapedDash => match byte {
                b'-' => self.state = State::EscapedDashDash,
                _ => return self.go(State::Escaped, false),
            },
            State::EscapedDashDash => match byte {
                b'-' => {}
                b'>' => self.state = State::Raw,
                _ => return self.go(State::Escaped, false),
            },
            State::EscapedLess => {
                self.matched = 0;
                if byte == b'/' {
                    self.raw_state = State::Escaped;
                    self.state = State::RawEndOpen;
                } else {
                    let is_name = byte.is_ascii_alphabetic();
                    return self.go(
                        if is_name {
                            State::DoubleEscapeStart
                        } else {
                            State::Escaped
                        },
                        false,
                    );
                }
            }
            State::DoubleEscapeStart => {
                return self.match_script(byte, State::DoubleEscaped, State::Escaped);
            }
            State::DoubleEscapedDash => match byte {
                b'-' => self.state = State::DoubleEscapedDashDash,
                _ => return self.go(State::DoubleEscaped, false),
            },
            State::DoubleEscapedDashDash => match byte {
                b'-' => {}
                b'>' => self.state = State::Raw,
                _ => return self.go(State::DoubleEscaped, false),
            },
            State::DoubleEscapedLess => {
                self.matched = 0;
                return self.go_if(byte == b'/', State::DoubleEscapeEnd, State::DoubleEscaped);
            }
            State::DoubleEscapeEnd => {
                return self.match_script(byte, State::Escaped, State::DoubleEscaped);
            }
            // These take many bytes at once, in `run`.
            State::Text
            | State::Raw
            | State::Comment
            | State::BogusComment
            | State::Plaintext
            | State::DoubleQuoted
            | State::SingleQuoted
            | State::Unquoted
            | State::Cdata
            | State::Escaped
            | State::DoubleEscaped => return false,
        }
        true
    }

    fn go(&mut self, state: State, takes: bool) -> bool {
        self.state = state;
        takes
    }

    /// Takes the byte if it is the one looked for, and leaves it to the other state if not.
    fn go_if(&mut self, is: bool, then: State, otherwise: State) -> bool {
        self.go(if is { then } else { otherwise }, is)
    }

    /// Reads the name `script`, which begins or ends a script within a script's comment.
    fn match_script(&mut self, byte: u8, found: State, not_found: State) -> bool {
        const SCRIPT: &[u8] = b"script";
        if CLASS[byte as usize] & NAME_END != 0 {
            return self.go(if self.matched == SCRIPT.len() { found } else { not_found }, true);
        }
        if !byte.is_ascii_alphabetic() {
            return self.go(not_found, false);
        }
        // Any other name is read to its end, but cannot match any more.
        let matches = SCRIPT.get(self.matched) == Some(&byte.to_ascii_lowercase());
        self.matched = if matches { self.matched + 1 } else { SCRIPT.len() + 1 };
        true
    }

    /// After `<!`.
    fn markup_declaration(&mut self, byte: u8) -> bool {
        const DASHES: &[u8] = b"--";
        const DOCTYPE: &[u8] = b"doctype";
        const CDATA: &[u8] = b"[CDATA[";
        if self.matched == 0 {
            self.declaration = match byte {
                b'-' => DASHES,
                b'd' | b'D' => DOCTYPE,
                b'[' if self.nesting.is_foreign() => CDATA,
                _ => return self.go(State::BogusComment, false),
            };
        }
        let expected = self.declaration[self.matched];
        if byte != expected && !(self.declaration == DOCTYPE && byte.to_ascii_lowercase() == expected) {
            return self.go(State::BogusComment, false);
        }
        self.matched += 1;
        if self.matched == self.declaration.len() {
            self.state = match self.declaration {
                DASHES => State::CommentStart,
                CDATA => State::Cdata,
                _ => {
                    // What a doctype says matters to nobody here; it ends at the first `>` even in quotes.
                    self.end.is_document = true;
                    State::BogusComment
                }
            };
        }
        true
    }
}
