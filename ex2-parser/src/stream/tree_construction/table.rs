//! The rules for tables. Content that a table would move in front of itself needs a tree.

use super::TreeConstruction;
use crate::{
    extract::{Attributes, Element, Extractor, Namespace},
    tag::{FORMATTING, TABLE_STRUCTURE, Tag, VOID},
};

impl<E: Extractor> TreeConstruction<E> {
    /// A start tag directly in a table, a table section or a row, and not one of a table part. Returns `true` if the
    /// element opens there. An element that the table would move needs a tree.
    pub(super) fn start_in_table(&mut self, tag: Tag) -> bool {
        if tag != Tag::Template && self.open.top().is_some_and(|top| top.is(Tag::Colgroup)) {
            self.pop();
        }
        match tag {
            Tag::Script | Tag::Style | Tag::Template => true,
            Tag::Table => {
                self.pop_through(Tag::Table);
                !self.top_is(TABLE_STRUCTURE) || self.start_in_table(tag)
            }
            _ => {
                self.needs_tree = true;
                false
            }
        }
    }

    /// The start tag of a table part. Outside of a table it has no effect.
    pub(super) fn start_table_part(&mut self, tag: Tag, name: &[u8], attributes: &Attributes) {
        if !self.top_is(TABLE_STRUCTURE) {
            match self
                .open
                .innermost_of(&[Tag::Td, Tag::Th, Tag::Caption, Tag::Table, Tag::Template])
            {
                // Outside of any table.
                0 => return,
                position
                    if [Tag::Template, Tag::Table]
                        .map(|tag| self.open.position(tag))
                        .contains(&position) =>
                {
                    // In a template, the first child decides whether table parts may stand there without a table.
                    self.needs_tree = true;
                    return;
                }
                position => self.pop_cleared(position),
            }
        }
        let stops: &[Tag] = match tag {
            Tag::Td | Tag::Th => &[Tag::Table, Tag::Tbody, Tag::Thead, Tag::Tfoot, Tag::Tr],
            Tag::Tr => &[Tag::Table, Tag::Tbody, Tag::Thead, Tag::Tfoot],
            Tag::Col => &[Tag::Table, Tag::Colgroup],
            _ => &[Tag::Table],
        };
        while let Some(top) = self.open.top()
            && top.is_any(TABLE_STRUCTURE)
            && !stops.contains(&top.element.tag)
        {
            self.pop();
        }
        let Some(top) = self
            .open
            .top()
            .filter(|top| top.is_any(TABLE_STRUCTURE))
            .map(|top| top.element.tag)
        else {
            self.needs_tree = true;
            return;
        };
        let implied: &[Tag] = match (tag, top) {
            (Tag::Td | Tag::Th, Tag::Table) => &[Tag::Tbody, Tag::Tr],
            (Tag::Td | Tag::Th, Tag::Tbody | Tag::Thead | Tag::Tfoot) => &[Tag::Tr],
            (Tag::Tr, Tag::Table) => &[Tag::Tbody],
            (Tag::Col, Tag::Table) => &[Tag::Colgroup],
            _ => &[],
        };
        let html = |tag| Element {
            tag,
            namespace: Namespace::Html,
        };
        for &tag in implied {
            self.push(html(tag), b"", &Attributes::default());
        }
        if tag.is(VOID) {
            self.push_and_pop(html(tag), attributes);
        } else {
            self.push(html(tag), name, attributes);
        }
    }

    /// An end tag directly in a table's structure. Returns `true` if it is the end tag of a table part.
    pub(super) fn end_in_table(&mut self, tag: Tag) -> bool {
        if !matches!(tag, Tag::Colgroup | Tag::Col) && self.open.top().is_some_and(|top| top.is(Tag::Colgroup)) {
            self.pop();
        }
        if matches!(tag, Tag::Table | Tag::Tbody | Tag::Thead | Tag::Tfoot | Tag::Tr) {
            return true;
        }
        // These end tags might close elements outside of the table.
        if matches!(tag, Tag::P | Tag::Br | Tag::Form) || tag.is(FORMATTING) && self.is_open(tag) {
            self.needs_tree = true;
        }
        false
    }

    /// The end tag of a table or a table part.
    pub(super) fn end_table_part(&mut self, tag: Tag) {
        if matches!(tag, Tag::Col | Tag::Colgroup) {
            return;
        }
        let open = self.open.position(tag);
        if open == 0 || open < self.open.innermost_of(&[Tag::Table, Tag::Template]) {
            return;
        }
        let cell = self.open.innermost_of(&[Tag::Td, Tag::Th, Tag::Caption]);
        if cell > open {
            if tag == Tag::Caption {
                return;
            }
            // Only `</caption>` and `</table>` close a caption.
            if cell == self.open.position(Tag::Caption) && tag != Tag::Table {
                return;
            }
            if matches!(tag, Tag::Td | Tag::Th) {
                // `</th>` in a `td` in a `th`: too rare for a rule here.
                self.needs_tree = true;
                return;
            }
            self.pop_cleared(cell);
        }
        self.pop_cleared(open);
    }
}
