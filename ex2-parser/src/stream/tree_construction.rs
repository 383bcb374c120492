//! HTML's tree construction stage, without the tree: it keeps only the stack of open elements.
//!
//! The stack follows the standard, with implied end tags, scopes, foreign content and tables. Some rules change parts
//! of the tree that are already closed: misnested formatting elements are opened again, a table moves content in front
//! of itself ("foster parenting"), a frameset replaces the body. These are not guessed: such a page
//! [needs a tree](TreeConstruction::needs_tree) and gets no answer. Every rule here follows "tree construction" in
//! <https://html.spec.whatwg.org/multipage/parsing.html>.

mod end;
mod start;
mod table;

use super::names::Position;
use super::open_elements::{Boundary, OpenElements};
use crate::{
    extract::{Attributes, Element, Extractor, Page},
    tag::{FORMATTING, IMPLIED_END, MARKER, TABLE_STRUCTURE, TEXT_IS_NOT_CONTENT, Tag},
    work,
};

/// The tokenizer's mode for the text after a start tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// Markup.
    Markup,
    /// Text with character references, up to the element's own end tag.
    Rcdata,
    /// Text without character references, up to the element's own end tag.
    Rawtext,
    /// A script, in which an end tag within `<!--` may be text.
    Script,
    /// Text up to the end of the page.
    Plaintext,
}

/// The stack of open elements, and the extractor that receives the events.
#[derive(Debug, Clone)]
pub(super) struct TreeConstruction<E> {
    pub(super) page: Page<E>,
    pub(super) needs_tree: bool,
    open: OpenElements,
    /// The number of open templates.
    open_templates: u32,
    /// Whether the standard's "form element pointer" is set.
    has_form: bool,
}

impl<E: Extractor> TreeConstruction<E> {
    pub(super) fn new(page: Page<E>) -> Self {
        Self {
            page,
            needs_tree: false,
            open: OpenElements::new(),
            open_templates: 0,
            has_form: false,
        }
    }

    /// Whether the innermost open element is foreign. Only then are there CDATA sections.
    pub(super) fn is_foreign(&self) -> bool {
        self.open.top().is_some_and(|top| top.is_foreign())
    }

    /// Whether a NUL in the text becomes U+FFFD. Elsewhere it is removed.
    pub(super) fn replaces_nul(&self) -> bool {
        self.open
            .top()
            .is_some_and(|top| top.is_foreign() && !top.is_integration_point())
    }

    /// Whether text has an effect: the extractor needs it, or it stands directly in a table, which would move it.
    #[inline]
    pub(super) fn wants_text(&self) -> bool {
        if self.open.top_is(TABLE_STRUCTURE | TEXT_IS_NOT_CONTENT) {
            return self.open.top_is(TABLE_STRUCTURE);
        }
        self.open_templates == 0 && self.page.wants_text()
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        let Some(top) = self.open.top() else {
            return self.page.text(text);
        };
        if top.is_any(TABLE_STRUCTURE) {
            self.needs_tree |= !text.iter().all(u8::is_ascii_whitespace);
        } else if self.open_templates == 0 {
            self.page.text(text);
        }
    }

    /// Closes all open elements at the page's end.
    pub(super) fn end(&mut self) {
        while self.open.depth() > 0 {
            self.pop();
        }
    }

    fn in_select(&self) -> bool {
        self.in_scope(Tag::Select)
    }

    fn in_scope(&self, tag: Tag) -> bool {
        let open = self.open.position(tag);
        open > 0 && open >= self.open.innermost(Boundary::Scope)
    }

    fn in_button_scope(&self, tag: Tag) -> bool {
        self.in_scope(tag) && self.open.position(tag) >= self.open.position(Tag::Button)
    }

    fn in_list_item_scope(&self) -> bool {
        self.in_scope(Tag::Li) && self.open.position(Tag::Li) > self.open.innermost_of(&[Tag::Ol, Tag::Ul])
    }

    fn has_before_marker(&self, tag: Tag) -> bool {
        self.open.position(tag) > self.open.innermost(Boundary::Marker)
    }

    fn is_open(&self, tag: Tag) -> bool {
        self.open.position(tag) > 0
    }

    fn top_is(&self, flags: u32) -> bool {
        self.open.top_is(flags)
    }

    fn imply_end_tags(&mut self, except: Tag) {
        while self
            .open
            .top()
            .is_some_and(|top| top.is_any(IMPLIED_END) && !top.is(except))
        {
            self.pop();
        }
    }

    fn close_p_in_button_scope(&mut self) {
        if self.in_button_scope(Tag::P) {
            self.pop_through(Tag::P);
        }
    }

    /// Pops through the innermost element with this tag.
    fn pop_through(&mut self, tag: Tag) {
        let open = self.open.position(tag);
        if open > 0 {
            self.pop_to(open);
        }
    }

    /// Pops the element at that position and everything within it. A formatting element within it would be opened again
    /// by the following content: that needs a tree.
    fn pop_to(&mut self, position: Position) {
        self.needs_tree |= self.open.has_within(position, FORMATTING);
        self.pop_cleared(position);
    }

    /// As [`pop_to`](Self::pop_to), for an element that sets a marker in the list of active formatting elements and so
    /// clears it up to there. An unclosed element with a marker within it would leave that marker behind: that needs a
    /// tree.
    fn pop_cleared(&mut self, position: Position) {
        self.needs_tree |= self.open.has_within(position, MARKER);
        while self.open.depth() >= position {
            self.pop();
        }
    }

    #[inline]
    fn push(&mut self, element: Element, name: &[u8], attributes: &Attributes) {
        if self.open.is_full() {
            // The limit of memory. The page gets no answer, so the events from here on have no effect.
            return self.push_and_pop(element, attributes);
        }
        self.send_event(|page| page.open(element, attributes));
        self.open.push(element, name);
        self.open_templates += u32::from(element.is_html(Tag::Template));
    }

    #[inline]
    fn pop(&mut self) {
        let Some(element) = self.open.pop() else { return };
        self.open_templates -= u32::from(element.is_html(Tag::Template));
        self.send_event(Page::close);
    }

    /// Opens and closes an element without content. It never is on the stack.
    #[inline]
    fn push_and_pop(&mut self, element: Element, attributes: &Attributes) {
        work::count(1);
        self.needs_tree |= self.open.is_full();
        self.send_event(|page| {
            page.open(element, attributes);
            page.close();
        });
    }

    /// Sends an event to the extractor, unless a template is open.
    #[inline]
    fn send_event(&mut self, send: impl FnOnce(&mut Page<E>)) {
        if self.open_templates == 0 {
            send(&mut self.page);
        }
    }
}
