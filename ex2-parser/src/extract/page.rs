//! What is the same on every page: whether it is a refusal, and whether it is all there.

use super::{AttributeSet, Attributes, Element, Extractor, text::Collapsed};
use crate::{Change, Error, tag::Tag};

/// How the title of GitHub's rate-limit page begins.
const RATE_LIMIT_TITLE: &[u8] = b"Rate limit";
/// How its heading begins.
const RATE_LIMIT_HEADING: &[u8] = b"Whoa there!";
/// The longer of the two fits; what follows does not matter.
const LONGEST_SIGN: usize = 16;

/// The most start tags of one page, and the most end tags. GitHub's have some 2,000; a tree of millions nested in one
/// another takes hours to build, since every tag may have to look at all that are open.
pub(crate) const MAX_TAGS: u32 = if cfg!(fuzzing) { 200 } else { 50_000 };
/// The most bytes of one page that either engine reads: 35 times what a package page has.
pub const MAX_PAGE_BYTES: usize = if cfg!(fuzzing) { 4 * 1024 } else { 8 * 1024 * 1024 };

/// What an engine's tokenizer, rather than its tree, knows of a page's ends.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct End {
    /// A doctype or a start tag `html`: the page is a whole document, not a fragment of one.
    pub(crate) is_document: bool,
    /// An end tag `html` outside of any template, and no start tag after it: its document does not break off.
    pub(crate) is_complete: bool,
    /// Start tags so far.
    start_tags: u32,
    /// End tags so far.
    end_tags: u32,
    /// Templates that are open, by their tags alone.
    templates: u32,
    /// Bytes so far.
    pub(crate) bytes: usize,
}

impl End {
    /// A start tag was read.
    #[inline]
    pub(crate) fn start_tag(&mut self, tag: Tag) {
        self.start_tags += 1;
        self.is_complete = false;
        self.is_document |= tag == Tag::Html;
        self.templates += u32::from(tag == Tag::Template);
    }

    /// An end tag was read.
    #[inline]
    pub(crate) fn end_tag(&mut self, tag: Tag) {
        self.end_tags += 1;
        match tag {
            Tag::Html => self.is_complete |= self.templates == 0,
            Tag::Template => self.templates = self.templates.saturating_sub(1),
            _ => {}
        }
    }

    /// Whether the page has outgrown the tags that are read at all.
    #[inline]
    pub(crate) fn has_too_many_tags(self) -> bool {
        self.start_tags > MAX_TAGS || self.end_tags > MAX_TAGS
    }

    /// Whether the page has outgrown the bytes that are read at all.
    #[inline]
    pub(crate) fn has_too_many_bytes(self) -> bool {
        self.bytes > MAX_PAGE_BYTES
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    Title,
    Heading,
}

/// Wraps the extractor of one kind of page with what holds for all kinds.
#[derive(Debug, Clone)]
pub(crate) struct Page<E> {
    extractor: E,
    sign: Option<Sign>,
    text: Collapsed<LONGEST_SIGN>,
    is_rate_limit: bool,
}

impl<E: Extractor> Page<E> {
    pub(crate) fn new(extractor: E) -> Self {
        Self {
            extractor,
            sign: None,
            text: Collapsed::new(),
            is_rate_limit: false,
        }
    }

    #[inline]
    pub(crate) fn wanted(&self, tag: Tag) -> AttributeSet {
        self.extractor.wanted(tag)
    }

    #[inline]
    pub(crate) fn open(&mut self, element: Element, attributes: &Attributes) {
        // Only the text before a child counts: neither a title nor this heading has any.
        self.end_sign();
        if element.is_html(Tag::Title) {
            self.sign = Some(Sign::Title);
        } else if element.is_html(Tag::H1) {
            self.sign = Some(Sign::Heading);
        }
        self.extractor.open(element, attributes);
    }

    #[inline]
    pub(crate) fn close(&mut self) {
        self.end_sign();
        self.extractor.close();
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        if self.sign.is_some() {
            self.text.push(text);
        }
        if self.extractor.wants_text() {
            self.extractor.text(text);
        }
    }

    #[inline]
    #[cfg(feature = "stream")]
    pub(crate) fn wants_text(&self) -> bool {
        self.sign.is_some() || self.extractor.wants_text()
    }

    #[inline]
    fn end_sign(&mut self) {
        if let Some(sign) = self.sign.take() {
            self.is_rate_limit |= self.text.beginning().starts_with(match sign {
                Sign::Title => RATE_LIMIT_TITLE,
                Sign::Heading => RATE_LIMIT_HEADING,
            });
            self.text.clear();
        }
    }

    /// The page's answer. What the page *is* comes first, so that a refusal is never called changed markup; then
    /// whether it is all there, because a page that was cut proves nothing about the markup.
    pub(crate) fn finish(self, end: End) -> Result<E::Output, Error> {
        if end.has_too_many_tags() || end.has_too_many_bytes() {
            return Err(Error::TooLarge);
        }
        let answer = self.extractor.finish();
        let found_nothing = matches!(
            answer,
            Err(Error::NotAPackagePage | Error::NotAPackageList | Error::NotAVersionList)
        );
        if self.is_rate_limit && found_nothing {
            return Err(Error::RateLimited);
        }
        if end.is_document && !end.is_complete {
            return Err(Error::Truncated);
        }
        answer
    }
}

/// Keeps the first of several errors.
pub(super) fn first(error: &mut Option<Error>, what: Change) {
    error.get_or_insert(what.into());
}
