//! End tags, outside of tables.

use super::TreeConstruction;
use crate::{
    extract::{Attributes, Element, Extractor, Namespace},
    stream::open_elements::Boundary,
    tag::{BLOCK, FORMATTING, HEADING, MARKER, ROOT, TABLE_PART, TABLE_STRUCTURE, Tag},
};

impl<E: Extractor> TreeConstruction<E> {
    #[inline]
    pub(in crate::stream) fn end_tag(&mut self, tag: Tag, name: &[u8]) {
        // The fast path: nearly all tags are nested correctly.
        if let Some(top) = self.open.top()
            && top.element.tag == tag
            && (tag != Tag::Other || self.open.top_has_name(name))
            && !(top.is(Tag::Form) || top.is(Tag::Template))
        {
            self.pop();
            return;
        }
        self.end_misnested(tag, name);
    }

    /// Closes the innermost element if these bytes, after `</`, begin with its usual end tag. Returns the tag's length.
    #[inline]
    pub(in crate::stream) fn end_matching(&mut self, bytes: [u8; 8]) -> Option<usize> {
        let length = self.open.match_end_tag(bytes)?;
        self.pop();
        Some(length)
    }

    fn end_misnested(&mut self, tag: Tag, name: &[u8]) {
        if self.is_foreign() {
            if matches!(tag, Tag::Br | Tag::P) {
                while self.is_foreign() && !self.open.top().is_some_and(|top| top.is_integration_point()) {
                    self.pop();
                }
                // At an integration point, parsers disagree about these end tags.
                self.needs_tree |= self.is_foreign();
            } else {
                let open = self.open.position_of(tag, name, Namespace::Svg);
                if open > self.open.innermost(Boundary::Html) {
                    return self.pop_to(open);
                }
            }
        }
        if tag.is(ROOT) {
            return;
        }
        if tag == Tag::Template {
            if self.open_templates > 0 {
                self.pop_cleared(self.open.position(Tag::Template));
            }
            return;
        }
        if self.top_is(TABLE_STRUCTURE) && !self.end_in_table(tag) {
            return;
        }
        if tag.is(TABLE_PART) || tag == Tag::Table {
            return self.end_table_part(tag);
        }
        match tag {
            Tag::P => {
                if self.in_button_scope(Tag::P) {
                    self.pop_through(Tag::P);
                } else {
                    self.open_and_close(Tag::P);
                }
            }
            Tag::Br => self.open_and_close(Tag::Br),
            Tag::Form => self.end_form(),
            Tag::Li if self.in_list_item_scope() => self.pop_through(Tag::Li),
            Tag::Dd | Tag::Dt if self.in_scope(tag) => self.pop_through(tag),
            Tag::Li | Tag::Dd | Tag::Dt => {}
            _ if tag.is(HEADING) => {
                let heading = self
                    .open
                    .innermost_of(&[Tag::H1, Tag::H2, Tag::H3, Tag::H4, Tag::H5, Tag::H6]);
                if heading > self.open.innermost(Boundary::Scope) {
                    self.pop_to(heading);
                }
            }
            _ if tag.is(BLOCK | MARKER) => {
                if self.in_scope(tag) {
                    if tag.is(MARKER) {
                        self.pop_cleared(self.open.position(tag));
                    } else {
                        self.pop_through(tag);
                    }
                }
            }
            _ if tag.is(FORMATTING) => self.adopt(tag),
            _ => self.end_ordinary(tag, name),
        }
    }

    /// An end tag without a start tag that creates an empty element: `</p>` and `</br>`.
    fn open_and_close(&mut self, tag: Tag) {
        let element = Element {
            tag,
            namespace: Namespace::Html,
        };
        self.push_and_pop(element, &Attributes::default());
    }

    fn end_form(&mut self) {
        if self.open_templates > 0 {
            if self.in_scope(Tag::Form) {
                self.pop_through(Tag::Form);
            }
            return;
        }
        if !core::mem::take(&mut self.has_form) || !self.in_scope(Tag::Form) {
            return;
        }
        self.imply_end_tags(Tag::Other);
        if self.open.top().is_some_and(|top| top.is(Tag::Form)) {
            self.pop();
        } else {
            // The form closes while elements within it stay open.
            self.needs_tree = true;
        }
    }

    /// The standard's "any other end tag".
    fn end_ordinary(&mut self, tag: Tag, name: &[u8]) {
        let open = self.open.position_of(tag, name, Namespace::Html);
        if open > 0 && open >= self.open.innermost(Boundary::Special) {
            self.needs_tree |= self.open.innermost(Boundary::Foreign) > open;
            self.pop_to(open);
        }
    }

    /// The standard's "adoption agency algorithm", as far as it only closes elements.
    pub(super) fn adopt(&mut self, tag: Tag) {
        let open = self.open.position(tag);
        if open == 0 || open < self.open.innermost(Boundary::Marker) {
            return;
        }
        if open < self.open.innermost(Boundary::Special) || open < self.open.innermost(Boundary::Foreign) {
            self.needs_tree = true;
        } else {
            self.pop_to(open);
        }
    }
}
