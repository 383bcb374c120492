//! What formatting elements cost: html5ever compares each with all that are open, attribute by attribute.

use crate::tag::{FORMATTING, MARKER, SCOPE, Tag};

/// The steps of one attribute: it is copied, sorted and compared.
const STEPS_AN_ATTRIBUTE: u64 = 8;

/// At most html5ever's list of active formatting elements, which it does not show, as far as tags alone tell.
///
/// An element leaves the list by an end tag that stands where it should. Whatever could keep its end tag from closing
/// it, such as a table around that end tag, is remembered beside it.
#[derive(Debug, Default)]
pub(super) struct Formatting {
    open: Vec<(Tag, u64)>,
    /// The formatting elements of `open`, and their attributes.
    elements: u64,
    attributes: u64,
}

impl Formatting {
    /// A start tag with so many attributes; the steps that the list costs.
    pub(super) fn start(&mut self, tag: Tag, attributes: u64, is_self_closing: bool) -> u64 {
        let is_foreign = matches!(tag, Tag::Svg | Tag::Math);
        if !(is_foreign && !is_self_closing || tag.is(FORMATTING | MARKER | SCOPE)) {
            return 0;
        }
        self.open.push((tag, attributes));
        if !tag.is(FORMATTING) {
            return 0;
        }
        let steps = self.elements + STEPS_AN_ATTRIBUTE * (self.attributes + self.elements * attributes);
        self.elements += 1;
        self.attributes += attributes;
        steps
    }

    /// An end tag; the steps that the list costs.
    pub(super) fn end(&mut self, tag: Tag) -> u64 {
        let steps = if tag.is(FORMATTING) { self.elements } else { 0 };
        if let Some((_, attributes)) = self.open.pop_if(|(open, _)| *open == tag)
            && tag.is(FORMATTING)
        {
            self.elements -= 1;
            self.attributes -= attributes;
        }
        steps
    }
}
