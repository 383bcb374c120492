//! Start tags, outside of tables.

use super::{TextKind, TreeConstruction};
use crate::{
    extract::{Attributes, Element, Extractor, Namespace},
    stream::open_elements::Boundary,
    tag::{
        BREAKOUT, CLOSES_P, HEADING, OWN_RULE, RAWTEXT, RCDATA, ROOT, SCRIPT, TABLE_PART, TABLE_STRUCTURE, Tag, VOID,
    },
};

impl<E: Extractor> TreeConstruction<E> {
    #[inline]
    pub(in crate::stream) fn start(
        &mut self,
        tag: Tag,
        name: &[u8],
        is_self_closing: bool,
        attributes: &Attributes,
    ) -> TextKind {
        if self.is_foreign() {
            return self.start_foreign(tag, name, is_self_closing, attributes);
        }
        self.start_html(tag, name, is_self_closing, attributes)
    }

    #[inline]
    fn start_html(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> TextKind {
        /// The flags of elements that are rare on a page.
        const RARE: u32 = ROOT | TABLE_PART | HEADING | RCDATA | RAWTEXT | SCRIPT;
        if tag.is(RARE) || self.top_is(TABLE_STRUCTURE) {
            return self.start_rare(tag, name, is_self_closing, attributes);
        }
        if tag.is(OWN_RULE) && !self.apply_own_rule(tag, name, is_self_closing, attributes) {
            return TextKind::Markup;
        }
        // One condition and not two: mostly no paragraph is open, while the tags can't be predicted.
        if tag.is(CLOSES_P) & self.is_open(Tag::P) {
            self.close_p_in_button_scope();
        }
        self.open_html(tag, name, attributes)
    }

    /// As [`start_html`](Self::start_html), in full.
    fn start_rare(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> TextKind {
        if tag.is(ROOT) {
            return TextKind::Markup;
        }
        if tag.is(TABLE_PART) {
            self.start_table_part(tag, name, attributes);
            return TextKind::Markup;
        }
        if self.top_is(TABLE_STRUCTURE) && !self.start_in_table(tag) {
            return TextKind::Markup;
        }
        if tag.is(OWN_RULE) && !self.apply_own_rule(tag, name, is_self_closing, attributes) {
            return TextKind::Markup;
        }
        if tag.is(CLOSES_P) {
            self.close_p_in_button_scope();
            if tag.is(HEADING) && self.top_is(HEADING) {
                self.pop();
            }
        }
        self.open_html(tag, name, attributes);
        if !tag.is(RCDATA | RAWTEXT | SCRIPT) {
            TextKind::Markup
        } else if tag.is(RCDATA) {
            TextKind::Rcdata
        } else if tag.is(SCRIPT) {
            TextKind::Script
        } else if tag == Tag::Plaintext {
            TextKind::Plaintext
        } else {
            TextKind::Rawtext
        }
    }

    /// Opens an element in HTML, and closes it if it is void.
    #[inline]
    fn open_html(&mut self, tag: Tag, name: &[u8], attributes: &Attributes) -> TextKind {
        let namespace = Namespace::Html;
        if tag.is(VOID) {
            let tag = if tag == Tag::Image { Tag::Img } else { tag };
            self.push_and_pop(Element { tag, namespace }, attributes);
        } else {
            self.push(Element { tag, namespace }, name, attributes);
        }
        TextKind::Markup
    }

    /// Applies the rule of an element with a rule of its own, before it opens. Returns `false` if it does not open.
    fn apply_own_rule(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> bool {
        match tag {
            Tag::A if self.has_before_marker(Tag::A) => self.adopt(Tag::A),
            Tag::Nobr if self.in_scope(Tag::Nobr) => self.needs_tree = true,
            Tag::Button if self.in_scope(Tag::Button) => self.pop_through(Tag::Button),
            Tag::Dd | Tag::Dt | Tag::Li => self.close_item(tag),
            Tag::Form => {
                if self.open_templates == 0 {
                    if self.has_form {
                        return false;
                    }
                    self.has_form = true;
                }
                self.close_p_in_button_scope();
            }
            Tag::Frame => return false,
            // A frameset may replace the body.
            Tag::Frameset => {
                self.needs_tree = true;
                return false;
            }
            Tag::Hr if self.in_select() => {
                self.close_p_in_button_scope();
                self.imply_end_tags(Tag::Other);
            }
            Tag::Input if self.in_select() => self.pop_through(Tag::Select),
            Tag::Select if self.in_select() => {
                self.pop_through(Tag::Select);
                return false;
            }
            Tag::Option if self.in_select() => self.imply_end_tags(Tag::Optgroup),
            Tag::Optgroup if self.in_select() => self.imply_end_tags(Tag::Other),
            Tag::Option | Tag::Optgroup if self.open.top().is_some_and(|top| top.is(Tag::Option)) => self.pop(),
            Tag::Rb | Tag::Rtc if self.in_scope(Tag::Ruby) => self.imply_end_tags(Tag::Other),
            Tag::Rp | Tag::Rt if self.in_scope(Tag::Ruby) => self.imply_end_tags(Tag::Rtc),
            Tag::Svg | Tag::Math => {
                let namespace = if tag == Tag::Svg {
                    Namespace::Svg
                } else {
                    Namespace::MathMl
                };
                self.push_foreign(Element { tag, namespace }, name, is_self_closing, attributes);
                return false;
            }
            // Whether a table closes a paragraph depends on the doctype.
            Tag::Table if self.in_button_scope(Tag::P) => self.needs_tree = true,
            _ => {}
        }
        true
    }

    /// `li` closes `li`; `dd` and `dt` close each other.
    fn close_item(&mut self, tag: Tag) {
        let item = match tag {
            Tag::Li => self.open.position(Tag::Li),
            _ => self.open.innermost_of(&[Tag::Dd, Tag::Dt]),
        };
        // The items are list item boundaries themselves, so equality means that no other boundary is within the item.
        if item > 0 && item == self.open.innermost(Boundary::ListItem) {
            self.pop_to(item);
        }
    }

    fn start_foreign(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> TextKind {
        let Some(top) = self.open.top() else {
            return TextKind::Markup;
        };
        let namespace = top.element.namespace;
        if top.is_integration_point()
            && !(namespace == Namespace::MathMl && matches!(tag, Tag::Mglyph | Tag::Malignmark))
        {
            return self.start_html(tag, name, is_self_closing, attributes);
        }
        if top.element.tag == Tag::AnnotationXml && namespace == Namespace::MathMl || tag == Tag::Font {
            // Both rules depend on attributes that the tokenizer does not keep.
            self.needs_tree = true;
        }
        if tag.is(BREAKOUT) {
            while self.is_foreign() && !self.open.top().is_some_and(|top| top.is_integration_point()) {
                self.pop();
            }
            return self.start_html(tag, name, is_self_closing, attributes);
        }
        self.push_foreign(Element { tag, namespace }, name, is_self_closing, attributes);
        TextKind::Markup
    }

    /// Opens a foreign element, which may be self-closing.
    fn push_foreign(&mut self, element: Element, name: &[u8], is_self_closing: bool, attributes: &Attributes) {
        if is_self_closing {
            self.push_and_pop(element, attributes);
        } else {
            self.push(element, name, attributes);
        }
    }
}
