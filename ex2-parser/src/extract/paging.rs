//! The next page of a list: `rel="next"`, and the current page's `data-total-pages`.

use super::{
    events::{Attribute, AttributeSet, Attributes, Element},
    link::query_parameter,
    text::{CollapsedText, digits, has_word},
};
use crate::{Change, Error, tag::Tag};

/// The most digits of a page's number.
const MAX_NUMBER_BYTES: usize = 10;

/// The facts in the pagination links at a list's end.
#[derive(Debug, Clone)]
pub(super) struct Paging {
    next: Option<u32>,
    total: Option<u32>,
    current: Option<u32>,
    has_previous: bool,
    in_current: bool,
    text: CollapsedText<MAX_NUMBER_BYTES>,
    is_bad: bool,
}

impl Paging {
    pub(super) const LINK_ATTRIBUTES: [Attribute; 2] = [Attribute::Rel, Attribute::Href];
    pub(super) const EM_ATTRIBUTES: AttributeSet = AttributeSet::of(&[Attribute::DataTotalPages]);

    pub(super) fn new() -> Self {
        Self {
            next: None,
            total: None,
            current: None,
            has_previous: false,
            in_current: false,
            text: CollapsedText::new(),
            is_bad: false,
        }
    }

    #[inline]
    pub(super) fn open(&mut self, element: Element, attributes: &Attributes) {
        self.end_current();
        if element.is_html(Tag::A) && is_next(attributes) {
            let page = attributes
                .get(Attribute::Href)
                .and_then(|href| query_parameter(href, b"page"));
            let page = page.and_then(number);
            self.is_bad |= page.is_none() || self.next.is_some_and(|next| Some(next) != page);
            self.next = page;
        } else if element.is_html(Tag::A) {
            self.has_previous |= has_relation(attributes, b"prev");
        } else if element.is_html(Tag::Em)
            && let Some(total) = attributes.get(Attribute::DataTotalPages)
        {
            self.total = number(total);
            self.is_bad |= self.total.is_none();
            self.in_current = true;
            self.text.clear();
        }
    }

    /// An element opens whose links are not part of the list.
    #[inline]
    pub(super) fn open_other(&mut self) {
        self.end_current();
    }

    #[inline]
    pub(super) fn close(&mut self) {
        self.end_current();
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        if self.in_current {
            self.text.push(text);
        }
    }

    pub(super) fn wants_text(&self) -> bool {
        self.in_current
    }

    #[inline]
    fn end_current(&mut self) {
        if self.in_current {
            self.in_current = false;
            self.current = self.text.whole().and_then(number);
            self.is_bad |= self.current.is_none();
        }
    }

    /// Whether this page has neither a link to a previous page nor a number above 1.
    pub(super) fn is_first(&self) -> bool {
        !self.has_previous && self.current.is_none_or(|current| current == 1)
    }

    pub(super) fn next_page(&self) -> Result<Option<u32>, Error> {
        let by_count = match (self.current, self.total) {
            (Some(current), Some(total)) if current < total => Some(current + 1),
            _ => None,
        };
        match (self.next, by_count) {
            _ if self.is_bad => Err(Change::BadPaging.into()),
            (Some(next), Some(counted)) if next != counted => Err(Change::BadPaging.into()),
            (next, counted) => Ok(next.or(counted)),
        }
    }
}

/// Whether a link leads to the next page of something.
pub(super) fn is_next(attributes: &Attributes) -> bool {
    has_relation(attributes, b"next")
}

fn has_relation(attributes: &Attributes, relation: &[u8]) -> bool {
    attributes
        .get(Attribute::Rel)
        .is_some_and(|relations| has_word(relations, relation))
}

fn number(text: &[u8]) -> Option<u32> {
    digits(text)?.try_into().ok().filter(|&number| number > 0)
}
