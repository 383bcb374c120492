//! The cost of formatting elements: html5ever compares each with all open ones, attribute by attribute.

use crate::tag::{FORMATTING, MARKER, SCOPE, Tag};

/// The steps for one attribute, which is copied, sorted and compared.
const STEPS_PER_ATTRIBUTE: u64 = 8;

/// An upper bound for html5ever's "list of active formatting elements", which its interface does not expose. It is
/// derived from the tags alone.
///
/// An element leaves the list by its end tag, if no element in between prevents that. So elements that can prevent it,
/// such as tables, are in this list too.
#[derive(Debug, Default)]
pub(super) struct FormattingElements {
    open: Vec<(Tag, u64)>,
    /// The number of formatting elements in `open`, and of their attributes.
    elements: u64,
    attributes: u64,
}

impl FormattingElements {
    /// Enters a start tag, and returns the steps that html5ever's list costs for it.
    pub(super) fn start(&mut self, tag: Tag, attributes: u64, is_self_closing: bool) -> u64 {
        let is_foreign = matches!(tag, Tag::Svg | Tag::Math);
        if !(is_foreign && !is_self_closing || tag.is(FORMATTING | MARKER | SCOPE)) {
            return 0;
        }
        self.open.push((tag, attributes));
        if !tag.is(FORMATTING) {
            return 0;
        }
        let steps = self.elements + STEPS_PER_ATTRIBUTE * (self.attributes + self.elements * attributes);
        self.elements += 1;
        self.attributes += attributes;
        steps
    }

    /// Enters an end tag, and returns the steps that html5ever's list costs for it.
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
