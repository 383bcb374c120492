//! The checks for every kind of page: is it GitHub's rate-limit page, and is it complete?

use super::{
    events::{AttributeSet, Attributes, Element, Extractor},
    text::CollapsedText,
};
use crate::{
    Change, Error,
    limits::{MAX_PAGE_BYTES, MAX_TAGS},
    tag::Tag,
};

/// The beginning of the title of GitHub's rate-limit page.
const RATE_LIMIT_TITLE: &[u8] = b"Rate limit";
/// The beginning of its heading.
const RATE_LIMIT_HEADING: &[u8] = b"Whoa there!";
/// Enough bytes for the longer of the two beginnings.
const MAX_CHECKED_TEXT: usize = 16;

/// Facts about the whole document that an engine's tokenizer collects: how it begins and ends, and its size.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct DocumentStats {
    /// The page has a doctype or a start tag `html`: it is a document, and not a fragment.
    pub(crate) is_document: bool,
    /// The page has an end tag `html` outside of any template, and no start tag after it: it was not cut off.
    pub(crate) is_complete: bool,
    /// The number of start tags so far.
    start_tags: u32,
    /// The number of end tags so far.
    end_tags: u32,
    /// The number of open templates, judged by their tags alone.
    templates: u32,
    /// The number of bytes so far.
    pub(crate) bytes: usize,
}

impl DocumentStats {
    /// Enters a start tag.
    #[inline]
    pub(crate) fn start_tag(&mut self, tag: Tag) {
        self.start_tags += 1;
        self.is_complete = false;
        self.is_document |= tag == Tag::Html;
        self.templates += u32::from(tag == Tag::Template);
    }

    /// Enters an end tag.
    #[inline]
    pub(crate) fn end_tag(&mut self, tag: Tag) {
        self.end_tags += 1;
        match tag {
            Tag::Html => self.is_complete |= self.templates == 0,
            Tag::Template => self.templates = self.templates.saturating_sub(1),
            _ => {}
        }
    }

    /// Whether the page has more than [`MAX_TAGS`].
    #[inline]
    pub(crate) fn has_too_many_tags(self) -> bool {
        self.start_tags > MAX_TAGS || self.end_tags > MAX_TAGS
    }

    /// Whether the page has more than [`MAX_PAGE_BYTES`].
    #[inline]
    pub(crate) fn has_too_many_bytes(self) -> bool {
        self.bytes > MAX_PAGE_BYTES
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CheckedElement {
    Title,
    Heading,
}

/// Wraps the extractor of one kind of page, and adds the checks for every kind.
#[derive(Debug, Clone)]
pub(crate) struct Page<E> {
    extractor: E,
    checked: Option<CheckedElement>,
    text: CollapsedText<MAX_CHECKED_TEXT>,
    is_rate_limit: bool,
}

impl<E: Extractor> Page<E> {
    pub(crate) fn new(extractor: E) -> Self {
        Self {
            extractor,
            checked: None,
            text: CollapsedText::new(),
            is_rate_limit: false,
        }
    }

    #[inline]
    pub(crate) fn wanted_attributes(&self, tag: Tag) -> AttributeSet {
        self.extractor.wanted_attributes(tag)
    }

    #[inline]
    pub(crate) fn open(&mut self, element: Element, attributes: &Attributes) {
        // Only the text before the first child is compared: neither GitHub's title nor its heading has child elements.
        self.check_text();
        if element.is_html(Tag::Title) {
            self.checked = Some(CheckedElement::Title);
        } else if element.is_html(Tag::H1) {
            self.checked = Some(CheckedElement::Heading);
        }
        self.extractor.open(element, attributes);
    }

    #[inline]
    pub(crate) fn close(&mut self) {
        self.check_text();
        self.extractor.close();
    }

    pub(crate) fn text(&mut self, text: &[u8]) {
        if self.checked.is_some() {
            self.text.push(text);
        }
        if self.extractor.wants_text() {
            self.extractor.text(text);
        }
    }

    #[inline]
    #[cfg(feature = "stream")]
    pub(crate) fn wants_text(&self) -> bool {
        self.checked.is_some() || self.extractor.wants_text()
    }

    #[inline]
    fn check_text(&mut self) {
        if let Some(element) = self.checked.take() {
            self.is_rate_limit |= self.text.beginning().starts_with(match element {
                CheckedElement::Title => RATE_LIMIT_TITLE,
                CheckedElement::Heading => RATE_LIMIT_HEADING,
            });
            self.text.clear();
        }
    }

    /// The page's answer. The rate limit is checked first, so that a refusal is never reported as changed markup. Then
    /// the end is checked, because a page that was cut off proves nothing about the markup.
    pub(crate) fn finish(self, stats: DocumentStats) -> Result<E::Output, Error> {
        if stats.has_too_many_tags() || stats.has_too_many_bytes() {
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
        if stats.is_document && !stats.is_complete {
            return Err(Error::Truncated);
        }
        answer
    }
}

/// Keeps the first of several errors.
pub(super) fn keep_first(error: &mut Option<Error>, what: Change) {
    error.get_or_insert(what.into());
}
