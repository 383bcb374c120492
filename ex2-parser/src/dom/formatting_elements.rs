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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_formatting_element_is_compared_with_all_open_ones() {
        let mut list = FormattingElements::default();
        assert_eq!(list.start(Tag::B, 2, false), 0);
        assert_eq!(list.start(Tag::I, 3, false), 1 + STEPS_PER_ATTRIBUTE * (2 + 3));
        assert_eq!(list.start(Tag::U, 5, false), 2 + STEPS_PER_ATTRIBUTE * (2 + 3 + 2 * 5));
        assert_eq!(list.start(Tag::Div, 7, false), 0);
        assert_eq!(list.end(Tag::Div), 0);
        // Each end tag of the innermost one makes the next one cheaper.
        assert_eq!(list.end(Tag::U), 3);
        assert_eq!(list.end(Tag::I), 2);
        assert_eq!(list.start(Tag::I, 1, false), 1 + STEPS_PER_ATTRIBUTE * (2 + 1));
    }

    #[test]
    fn a_formatting_element_leaves_the_list_only_if_nothing_in_between_prevents_it() {
        for (between, is_self_closing, prevents) in [
            (Tag::B, false, true),
            (Tag::Table, false, true),
            (Tag::Td, false, true),
            (Tag::Svg, false, true),
            (Tag::Math, false, true),
            (Tag::Svg, true, false),
            (Tag::Div, false, false),
        ] {
            let mut list = FormattingElements::default();
            list.start(Tag::I, 0, false);
            let before = list.start(between, 0, is_self_closing);
            list.end(Tag::I);
            let remaining = list.end(Tag::I);
            assert_eq!(remaining > 0, prevents, "{between:?} {before}");
        }
    }
}
