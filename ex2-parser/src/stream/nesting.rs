//! Which elements are open: HTML's tree construction, without the tree.
//!
//! The stack of open elements is kept as the standard says, with its implied end tags, scopes, foreign content and
//! tables. What it takes a whole tree to follow is not guessed: formatting elements that are closed in the wrong order
//! and so opened again, content that a table moves in front of itself, frames. Such a page is marked as
//! [`needing a tree`](Nesting::needs_tree) and gets no answer. Every rule here follows "tree construction" in
//! <https://html.spec.whatwg.org/multipage/parsing.html>.

mod end;
mod start;
mod table;

use super::open_elements::{OpenElements, Position};
use crate::{
    extract::{Attributes, Element, Extractor, Page},
    tag::{FORMATTING, IMPLIED_END, MARKER, TABLE_STRUCTURE, TEXT_IS_NOT_CONTENT, Tag},
    work,
};

/// How the text after a start tag is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TextKind {
    /// As markup.
    Markup,
    /// Character references, and only the element's own end tag.
    Rcdata,
    /// Only the element's own end tag.
    Rawtext,
    /// As a script, which may hide its own end tag in a comment.
    Script,
    /// To the end of the page.
    Plaintext,
}

/// The stack of open elements, and the extractor that hears of them.
#[derive(Debug, Clone)]
pub(super) struct Nesting<E> {
    pub(super) page: Page<E>,
    pub(super) needs_tree: bool,
    open: OpenElements,
    /// How many templates are open.
    open_template: u32,
    /// The form element pointer is set.
    has_form: bool,
}

impl<E: Extractor> Nesting<E> {
    pub(super) fn new(page: Page<E>) -> Self {
        Self {
            page,
            needs_tree: false,
            open: OpenElements::new(),
            open_template: 0,
            has_form: false,
        }
    }

    /// Whether the innermost open element is foreign: then, and only then, there are CDATA sections.
    pub(super) fn is_foreign(&self) -> bool {
        self.open.top().is_some_and(|top| top.is_foreign())
    }

    /// Whether a zero byte in the text stands for an unknown character, and not for nothing.
    pub(super) fn keeps_zeros(&self) -> bool {
        self.open
            .top()
            .is_some_and(|top| top.is_foreign() && !top.is_integration_point())
    }

    /// Whether text must be handed over: an extractor listens, or it would stand where a table has no text.
    #[inline]
    pub(super) fn wants_text(&self) -> bool {
        match self.open.top() {
            Some(top) if top.is_any(TABLE_STRUCTURE | TEXT_IS_NOT_CONTENT) => top.is_any(TABLE_STRUCTURE),
            _ => self.open_template == 0 && self.page.wants_text(),
        }
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        let Some(top) = self.open.top() else {
            return self.page.text(text);
        };
        if top.is_any(TABLE_STRUCTURE) {
            self.needs_tree |= !text.iter().all(u8::is_ascii_whitespace);
        } else if self.open_template == 0 {
            self.page.text(text);
        }
    }

    /// The page has ended.
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
        open > 0 && open >= self.open.innermost().scope
    }

    fn in_button_scope(&self, tag: Tag) -> bool {
        self.in_scope(tag) && self.open.position(tag) >= self.open.position(Tag::Button)
    }

    fn in_list_item_scope(&self) -> bool {
        self.in_scope(Tag::Li) && self.open.position(Tag::Li) > self.open.innermost_of(&[Tag::Ol, Tag::Ul])
    }

    fn has_before_marker(&self, tag: Tag) -> bool {
        self.open.position(tag) > self.open.innermost().marker
    }

    fn is_open(&self, tag: Tag) -> bool {
        self.open.position(tag) > 0
    }

    fn top_is(&self, flags: u32) -> bool {
        self.open.top().is_some_and(|top| top.is_any(flags))
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

    /// Pops the element at that position and all that was opened in it. A formatting element among the latter would be
    /// opened again by what follows: that needs a tree.
    fn pop_to(&mut self, position: Position) {
        self.needs_tree |= self.open.has_within(position, FORMATTING);
        self.pop_cleared(position);
    }

    /// As [`pop_to`](Self::pop_to), of an element that keeps its formatting elements to itself. One of that sort in it,
    /// not closed by its own end tag, would go on keeping apart what is no longer in it.
    fn pop_cleared(&mut self, position: Position) {
        self.needs_tree |= self.open.has_within(position, MARKER);
        while self.open.depth() >= position {
            self.pop();
        }
    }

    #[inline]
    fn push(&mut self, element: Element, name: &[u8], attributes: &Attributes) {
        if self.open.is_full() {
            // Never more memory than that; what is still told of the page no longer matters.
            return self.push_and_pop(element, attributes);
        }
        self.page_event(|page| page.open(element, attributes));
        self.open.push(element, name);
        self.open_template += u32::from(element.is_html(Tag::Template));
    }

    #[inline]
    fn pop(&mut self) {
        let Some(element) = self.open.pop() else { return };
        self.open_template -= u32::from(element.is_html(Tag::Template));
        self.page_event(Page::close);
    }

    /// An element without content: it closes before anything could ask whether it is open.
    #[inline]
    fn push_and_pop(&mut self, element: Element, attributes: &Attributes) {
        work::count(1);
        self.needs_tree |= self.open.is_full();
        self.page_event(|page| {
            page.open(element, attributes);
            page.close();
        });
    }

    /// Tells the extractor of something, unless it is in a template.
    #[inline]
    fn page_event(&mut self, tell: impl FnOnce(&mut Page<E>)) {
        if self.open_template == 0 {
            tell(&mut self.page);
        }
    }
}
