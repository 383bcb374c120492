//! Which elements are open: HTML's tree construction, without the tree.
//!
//! The stack of open elements is kept as the standard says, with its implied end tags, scopes, foreign content and
//! tables. What it takes a whole tree to follow is not guessed: formatting elements that are closed in the wrong order
//! and so opened again, content that a table moves in front of itself, frames. Such a page is marked as
//! [`needing a tree`](Nesting::needs_tree) and gets no answer. Every rule here follows "tree construction" in
//! <https://html.spec.whatwg.org/multipage/parsing.html>.

use alloc::vec::Vec;

use super::names::Names;
use crate::{
    extract::{Attributes, Element, Extractor, Namespace, Page},
    tag::{
        BLOCK, BREAKOUT, CLOSES_P, FORMATTING, HEADING, IMPLIED_END, MARKER, OWN_RULE, RAWTEXT, RCDATA, ROOT, SCOPE,
        SCRIPT, SPECIAL, TABLE_PART, TABLE_STRUCTURE, TEXT_IS_NOT_CONTENT, Tag, VOID,
    },
};

/// The most elements open at once. Browsers stop at 512; the real page has 30.
const MAX_DEPTH: usize = if cfg!(fuzzing) { 24 } else { 512 };

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

/// Where an element stands in the stack, counted from 1; 0 for none. The greater of two is the inner one.
type Position = u16;

#[derive(Debug, Clone, Copy)]
struct Open {
    element: Element,
    /// Where the name begins in `names`, for a name that is no `Tag`.
    name: u32,
    /// The number of such a name.
    name_number: u16,
    /// The next outer element with the same name, in HTML or outside of it.
    outer: Position,
    innermost: Innermost,
}

/// The innermost elements, up to one of the stack, that bound a rule.
#[derive(Debug, Clone, Copy, Default)]
struct Innermost {
    special: Position,
    /// A special one other than `address`, `div` and `p`: an `li` does not close another one beyond it.
    around_item: Position,
    scope: Position,
    marker: Position,
    html: Position,
    foreign: Position,
}

impl Open {
    fn is(self, tag: Tag) -> bool {
        self.element.is_html(tag)
    }

    fn is_any(self, flags: u32) -> bool {
        self.element.namespace == Namespace::Html && self.element.tag.is(flags)
    }

    /// Foreign, but its content may be HTML.
    fn is_integration_point(self) -> bool {
        match self.element.namespace {
            Namespace::Html => false,
            Namespace::Svg => matches!(self.element.tag, Tag::ForeignObject | Tag::Desc | Tag::Title),
            Namespace::MathMl => matches!(self.element.tag, Tag::Mi | Tag::Mo | Tag::Mn | Tag::Ms | Tag::Mtext),
        }
    }
}

/// Where the element at that position stands in the stack.
#[inline]
fn index_of(position: Position) -> usize {
    usize::from(position) - 1
}

/// The stack of open elements, and the extractor that hears of them.
#[derive(Debug, Clone)]
pub(super) struct Nesting<E> {
    pub(super) page: Page<E>,
    pub(super) needs_tree: bool,
    stack: Vec<Open>,
    /// The names of open elements that are no `Tag`, one after the other.
    names: Vec<u8>,
    /// The innermost element with each `Tag`, in HTML and outside of it.
    by_tag: [[Position; 2]; Tag::COUNT],
    /// The innermost element with each name that is no `Tag`.
    by_name: Names,
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
            stack: Vec::with_capacity(64),
            names: Vec::with_capacity(256),
            by_tag: [[0; 2]; Tag::COUNT],
            by_name: Names::default(),
            open_template: 0,
            has_form: false,
        }
    }

    /// Whether the innermost open element is foreign: then, and only then, there are CDATA sections.
    pub(super) fn is_foreign(&self) -> bool {
        self.stack
            .last()
            .is_some_and(|top| top.element.namespace != Namespace::Html)
    }

    /// Whether a zero byte in the text stands for an unknown character, and not for nothing.
    pub(super) fn keeps_zeros(&self) -> bool {
        self.stack
            .last()
            .is_some_and(|top| top.element.namespace != Namespace::Html && !top.is_integration_point())
    }

    /// Whether text must be handed over: an extractor listens, or it would stand where a table has no text.
    #[inline]
    pub(super) fn wants_text(&self) -> bool {
        match self.stack.last() {
            Some(top) if top.is_any(TABLE_STRUCTURE | TEXT_IS_NOT_CONTENT) => top.is_any(TABLE_STRUCTURE),
            _ => self.open_template == 0 && self.page.wants_text(),
        }
    }

    pub(super) fn text(&mut self, text: &[u8]) {
        let Some(top) = self.stack.last() else {
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
        while !self.stack.is_empty() {
            self.pop();
        }
    }

    #[inline]
    pub(super) fn start(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> TextKind {
        if self.is_foreign() {
            return self.start_foreign(tag, name, is_self_closing, attributes);
        }
        self.start_html(tag, name, is_self_closing, attributes)
    }

    #[inline]
    fn start_html(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> TextKind {
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
        if tag.is(OWN_RULE) && !self.start_by_own_rule(tag, name, is_self_closing, attributes) {
            return TextKind::Markup;
        }
        if tag.is(CLOSES_P) {
            self.close_p_in_button_scope();
            if tag.is(HEADING) && self.top_is(HEADING) {
                self.pop();
            }
        }
        let tag = if tag == Tag::Image { Tag::Img } else { tag };
        self.push(
            Element {
                tag,
                namespace: Namespace::Html,
            },
            name,
            attributes,
        );
        if tag.is(VOID) {
            self.pop();
        }
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

    /// What must happen before an element with a rule of its own opens; `false` if it does not open.
    fn start_by_own_rule(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> bool {
        match tag {
            Tag::A if self.has_before_marker(Tag::A) => self.adopt(Tag::A),
            Tag::Nobr if self.in_scope(Tag::Nobr) => self.needs_tree = true,
            Tag::Button if self.in_scope(Tag::Button) => self.pop_through(Tag::Button),
            Tag::Dd | Tag::Dt | Tag::Li => self.close_item(tag),
            Tag::Form => {
                if self.open_template == 0 {
                    if self.has_form {
                        return false;
                    }
                    self.has_form = true;
                }
                self.close_p_in_button_scope();
            }
            Tag::Frame => return false,
            // It may put itself in the place of everything so far.
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
            Tag::Option | Tag::Optgroup if self.stack.last().is_some_and(|top| top.is(Tag::Option)) => self.pop(),
            Tag::Rb | Tag::Rtc if self.in_scope(Tag::Ruby) => self.imply_end_tags(Tag::Other),
            Tag::Rp | Tag::Rt if self.in_scope(Tag::Ruby) => self.imply_end_tags(Tag::Rtc),
            Tag::Svg | Tag::Math => {
                let namespace = if tag == Tag::Svg {
                    Namespace::Svg
                } else {
                    Namespace::MathMl
                };
                self.push(Element { tag, namespace }, name, attributes);
                if is_self_closing {
                    self.pop();
                }
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
            Tag::Li => self.position(Tag::Li),
            _ => self.innermost_of(&[Tag::Dd, Tag::Dt]),
        };
        // Each of them is special itself: none may stand further in.
        if item > 0 && item == self.innermost().around_item {
            self.pop_to(index_of(item));
        }
    }

    /// A start tag other than a table's own parts, directly in a table, a section of it, or a row. `true` if it may
    /// open; whatever the table would move in front of itself needs a tree.
    fn start_in_table(&mut self, tag: Tag) -> bool {
        if tag != Tag::Template && self.stack.last().is_some_and(|top| top.is(Tag::Colgroup)) {
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

    /// A start tag that means something only in a table.
    fn start_table_part(&mut self, tag: Tag, name: &[u8], attributes: &Attributes) {
        if !self.top_is(TABLE_STRUCTURE) {
            match self.innermost_of(&[Tag::Td, Tag::Th, Tag::Caption, Tag::Table, Tag::Template]) {
                // Outside any table it is ignored.
                0 => return,
                position
                    if [Tag::Template, Tag::Table]
                        .map(|tag| self.position(tag))
                        .contains(&position) =>
                {
                    // In a template it may begin a table without one, depending on what the template began with.
                    self.needs_tree = true;
                    return;
                }
                position => self.pop_cleared(index_of(position)),
            }
        }
        let stops: &[Tag] = match tag {
            Tag::Td | Tag::Th => &[Tag::Table, Tag::Tbody, Tag::Thead, Tag::Tfoot, Tag::Tr],
            Tag::Tr => &[Tag::Table, Tag::Tbody, Tag::Thead, Tag::Tfoot],
            Tag::Col => &[Tag::Table, Tag::Colgroup],
            _ => &[Tag::Table],
        };
        while let Some(top) = self.stack.last()
            && top.is_any(TABLE_STRUCTURE)
            && !stops.contains(&top.element.tag)
        {
            self.pop();
        }
        let Some(top) = self
            .stack
            .last()
            .filter(|top| top.is_any(TABLE_STRUCTURE))
            .map(|top| top.element.tag)
        else {
            self.needs_tree = true;
            return;
        };
        let none = Attributes::default();
        let implied: &[Tag] = match (tag, top) {
            (Tag::Td | Tag::Th, Tag::Table) => &[Tag::Tbody, Tag::Tr],
            (Tag::Td | Tag::Th, Tag::Tbody | Tag::Thead | Tag::Tfoot) => &[Tag::Tr],
            (Tag::Tr, Tag::Table) => &[Tag::Tbody],
            (Tag::Col, Tag::Table) => &[Tag::Colgroup],
            _ => &[],
        };
        for &tag in implied {
            self.push(
                Element {
                    tag,
                    namespace: Namespace::Html,
                },
                b"",
                &none,
            );
        }
        self.push(
            Element {
                tag,
                namespace: Namespace::Html,
            },
            name,
            attributes,
        );
        if tag.is(VOID) {
            self.pop();
        }
    }

    fn start_foreign(&mut self, tag: Tag, name: &[u8], is_self_closing: bool, attributes: &Attributes) -> TextKind {
        let Some(&top) = self.stack.last() else {
            return TextKind::Markup;
        };
        let namespace = top.element.namespace;
        if top.is_integration_point()
            && !(namespace == Namespace::MathMl && matches!(tag, Tag::Mglyph | Tag::Malignmark))
        {
            return self.start_html(tag, name, is_self_closing, attributes);
        }
        if top.element.tag == Tag::AnnotationXml && namespace == Namespace::MathMl || tag == Tag::Font {
            // Both depend on attributes that no extractor asks for.
            self.needs_tree = true;
        }
        if tag.is(BREAKOUT) {
            while self.is_foreign() && !self.stack.last().is_some_and(|top| top.is_integration_point()) {
                self.pop();
            }
            return self.start_html(tag, name, is_self_closing, attributes);
        }
        self.push(Element { tag, namespace }, name, attributes);
        if is_self_closing {
            self.pop();
        }
        TextKind::Markup
    }

    #[inline]
    pub(super) fn end_tag(&mut self, tag: Tag, name: &[u8]) {
        // Tags that are nested as they should be, which is nearly all of them.
        if let Some(&top) = self.stack.last()
            && top.element.tag == tag
            && (tag != Tag::Other || self.name_is(top, name))
            && !(top.is(Tag::Form) || top.is(Tag::Template))
        {
            self.pop();
            return;
        }
        self.end_mismatched(tag, name);
    }

    fn end_mismatched(&mut self, tag: Tag, name: &[u8]) {
        if self.is_foreign() {
            if matches!(tag, Tag::Br | Tag::P) {
                while self.is_foreign() && !self.stack.last().is_some_and(|top| top.is_integration_point()) {
                    self.pop();
                }
                // What an integration point does with them, parsers do not agree on.
                self.needs_tree |= self.is_foreign();
            } else {
                let open = self.position_of(tag, name, Namespace::Svg);
                if open > self.innermost().html {
                    return self.pop_to(index_of(open));
                }
            }
        }
        if tag.is(ROOT) {
            return;
        }
        if tag == Tag::Template {
            if self.open_template > 0 {
                self.pop_cleared(index_of(self.position(Tag::Template)));
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
                let heading = self.innermost_of(&[Tag::H1, Tag::H2, Tag::H3, Tag::H4, Tag::H5, Tag::H6]);
                if heading > self.innermost().scope {
                    self.pop_to(index_of(heading));
                }
            }
            _ if tag.is(BLOCK | MARKER) => {
                if self.in_scope(tag) {
                    if tag.is(MARKER) {
                        self.pop_cleared(index_of(self.position(tag)));
                    } else {
                        self.pop_through(tag);
                    }
                }
            }
            _ if tag.is(FORMATTING) => self.adopt(tag),
            _ => self.end_any_other(tag, name),
        }
    }

    /// An end tag directly in a table's structure; `true` if it is one that the rules of table parts know.
    fn end_in_table(&mut self, tag: Tag) -> bool {
        if !matches!(tag, Tag::Colgroup | Tag::Col) && self.stack.last().is_some_and(|top| top.is(Tag::Colgroup)) {
            self.pop();
        }
        if matches!(tag, Tag::Table | Tag::Tbody | Tag::Thead | Tag::Tfoot | Tag::Tr) {
            return true;
        }
        // Each of these might act on what stands outside the table.
        if matches!(tag, Tag::P | Tag::Br | Tag::Form) || tag.is(FORMATTING) && self.is_open(tag) {
            self.needs_tree = true;
        }
        false
    }

    /// `</table>`, `</tr>`, `</td>` and the like.
    fn end_table_part(&mut self, tag: Tag) {
        if matches!(tag, Tag::Col | Tag::Colgroup) {
            return;
        }
        let open = self.position(tag);
        if open == 0 || open < self.innermost_of(&[Tag::Table, Tag::Template]) {
            return;
        }
        let cell = self.innermost_of(&[Tag::Td, Tag::Th, Tag::Caption]);
        if cell > open {
            if tag == Tag::Caption {
                return;
            }
            // A caption only ends by its own end tag or its table's.
            if cell == self.position(Tag::Caption) && tag != Tag::Table {
                return;
            }
            if matches!(tag, Tag::Td | Tag::Th) {
                // `</th>` in a `td` in a `th`: no page has it.
                self.needs_tree = true;
                return;
            }
            self.pop_cleared(index_of(cell));
        }
        self.pop_cleared(index_of(open));
    }

    fn end_form(&mut self) {
        if self.open_template > 0 {
            if self.in_scope(Tag::Form) {
                self.pop_through(Tag::Form);
            }
            return;
        }
        if !core::mem::take(&mut self.has_form) || !self.in_scope(Tag::Form) {
            return;
        }
        self.imply_end_tags(Tag::Other);
        if self.stack.last().is_some_and(|top| top.is(Tag::Form)) {
            self.pop();
        } else {
            // The form is closed in the midst of what is open in it.
            self.needs_tree = true;
        }
    }

    /// The end tag of an element that no rule names.
    fn end_any_other(&mut self, tag: Tag, name: &[u8]) {
        let open = self.position_of(tag, name, Namespace::Html);
        let innermost = self.innermost();
        if open > 0 && open >= innermost.special {
            self.needs_tree |= innermost.foreign > open;
            self.pop_to(index_of(open));
        }
    }

    /// The "adoption agency", as far as it only closes elements.
    fn adopt(&mut self, tag: Tag) {
        let open = self.position(tag);
        let innermost = self.innermost();
        if open == 0 || open < innermost.marker {
            return;
        }
        if open < innermost.special || open < innermost.foreign {
            self.needs_tree = true;
        } else {
            self.pop_to(index_of(open));
        }
    }

    fn close_p_in_button_scope(&mut self) {
        if self.in_button_scope(Tag::P) {
            self.pop_through(Tag::P);
        }
    }

    fn in_select(&self) -> bool {
        self.in_scope(Tag::Select)
    }

    fn in_scope(&self, tag: Tag) -> bool {
        let open = self.position(tag);
        open > 0 && open >= self.innermost().scope
    }

    fn in_button_scope(&self, tag: Tag) -> bool {
        self.in_scope(tag) && self.position(tag) >= self.position(Tag::Button)
    }

    fn in_list_item_scope(&self) -> bool {
        self.in_scope(Tag::Li) && self.position(Tag::Li) > self.innermost_of(&[Tag::Ol, Tag::Ul])
    }

    fn has_before_marker(&self, tag: Tag) -> bool {
        self.position(tag) > self.innermost().marker
    }

    fn is_open(&self, tag: Tag) -> bool {
        self.position(tag) > 0
    }

    /// What bounds the rules where the page is now.
    #[inline]
    fn innermost(&self) -> Innermost {
        self.stack.last().map(|top| top.innermost).unwrap_or_default()
    }

    /// HTML's innermost element with this tag.
    #[inline]
    fn position(&self, tag: Tag) -> Position {
        self.by_tag[tag as usize][0]
    }

    /// HTML's innermost element with one of these tags.
    fn innermost_of(&self, tags: &[Tag]) -> Position {
        tags.iter().map(|&tag| self.position(tag)).max().unwrap_or(0)
    }

    /// The innermost element with this name, in HTML or outside of it.
    fn position_of(&self, tag: Tag, name: &[u8], namespace: Namespace) -> Position {
        let of_name = if tag == Tag::Other {
            self.by_name.innermost(name)
        } else {
            self.by_tag[tag as usize]
        };
        of_name[usize::from(namespace != Namespace::Html)]
    }

    fn top_is(&self, flags: u32) -> bool {
        self.stack.last().is_some_and(|top| top.is_any(flags))
    }

    fn imply_end_tags(&mut self, except: Tag) {
        while self
            .stack
            .last()
            .is_some_and(|top| top.is_any(IMPLIED_END) && !top.is(except))
        {
            self.pop();
        }
    }

    /// Pops through the innermost element with this tag.
    fn pop_through(&mut self, tag: Tag) {
        let open = self.position(tag);
        if open > 0 {
            self.pop_to(index_of(open));
        }
    }

    /// Pops the element at `index` and all that was opened in it. A formatting element among the latter would be opened
    /// again by what follows: that needs a tree.
    fn pop_to(&mut self, index: usize) {
        self.needs_tree |= self.stack[index + 1..].iter().any(|open| open.is_any(FORMATTING));
        self.pop_cleared(index);
    }

    /// As [`pop_to`](Self::pop_to), of an element that keeps its formatting elements to itself. One of that sort in it,
    /// not closed by its own end tag, would go on keeping apart what is no longer in it.
    fn pop_cleared(&mut self, index: usize) {
        self.needs_tree |= self.stack[index + 1..].iter().any(|open| open.is_any(MARKER));
        while self.stack.len() > index {
            self.pop();
        }
    }

    fn open_and_close(&mut self, tag: Tag) {
        self.push(
            Element {
                tag,
                namespace: Namespace::Html,
            },
            b"",
            &Attributes::default(),
        );
        self.pop();
    }

    fn name_is(&self, open: Open, name: &[u8]) -> bool {
        self.names[open.name as usize..].split(|&byte| byte == b' ').next() == Some(name)
    }

    #[inline]
    fn push(&mut self, element: Element, name: &[u8], attributes: &Attributes) {
        if self.stack.len() >= MAX_DEPTH {
            self.needs_tree = true;
            // Never more memory than that; what is still told of the page no longer matters.
            return self.page_event(|page| {
                page.open(element, attributes);
                page.close();
            });
        }
        self.page_event(|page| page.open(element, attributes));
        let mut innermost = self.innermost();
        let start = self.names.len() as u32;
        let position = self.stack.len() as Position + 1;
        let is_foreign = element.namespace != Namespace::Html;
        let mut name_number = 0;
        let of_name = if element.tag == Tag::Other {
            self.names.extend_from_slice(name);
            self.names.push(b' ');
            name_number = self.by_name.number(name);
            self.by_name.of_number(name_number)
        } else {
            &mut self.by_tag[element.tag as usize]
        };
        let outer = core::mem::replace(&mut of_name[usize::from(is_foreign)], position);
        let open = Open {
            element,
            name: start,
            name_number,
            outer,
            innermost,
        };
        if is_foreign {
            innermost.foreign = position;
            if open.is_integration_point() {
                innermost.scope = position;
            }
        } else {
            innermost.html = position;
            if element.tag.is(SPECIAL) {
                innermost.special = position;
                if !matches!(element.tag, Tag::Address | Tag::Div | Tag::P) {
                    innermost.around_item = position;
                }
            }
            if element.tag.is(SCOPE) {
                innermost.scope = position;
            }
            if element.tag.is(MARKER) {
                innermost.marker = position;
            }
            self.open_template += u32::from(element.tag == Tag::Template);
        }
        self.stack.push(Open { innermost, ..open });
    }

    #[inline]
    fn pop(&mut self) {
        let Some(open) = self.stack.pop() else { return };
        let is_foreign = open.element.namespace != Namespace::Html;
        let of_name = if open.element.tag == Tag::Other {
            self.names.truncate(open.name as usize);
            self.by_name.of_number(open.name_number)
        } else {
            &mut self.by_tag[open.element.tag as usize]
        };
        of_name[usize::from(is_foreign)] = open.outer;
        self.open_template -= u32::from(open.is(Tag::Template));
        self.page_event(Page::close);
    }

    /// Tells the extractor of something, unless it is in a template.
    #[inline]
    fn page_event(&mut self, tell: impl FnOnce(&mut Page<E>)) {
        if self.open_template == 0 {
            tell(&mut self.page);
        }
    }
}
