//! The stack of open elements, which answers each question about it without looking through it.

use alloc::vec::Vec;

use super::names::Names;
use crate::{
    extract::{Element, Namespace},
    tag::{MARKER, SCOPE, SPECIAL, Tag},
    work,
};

/// The most elements open at once. Browsers stop at 512; the real page has 30.
const MAX_DEPTH: usize = if cfg!(fuzzing) { 24 } else { 512 };

/// Where an element stands in the stack, counted from 1; 0 for none. The greater of two is the inner one.
pub(super) type Position = u16;

#[derive(Debug, Clone, Copy)]
pub(super) struct Open {
    pub(super) element: Element,
    /// Where the name begins in `names`, for a name that is no `Tag`.
    name: u32,
    /// The number of such a name, once names have numbers.
    name_number: u16,
    /// The next outer element with the same name, in HTML or outside of it.
    outer: Position,
    innermost: Innermost,
}

/// The innermost elements, up to one of the stack, that bound a rule.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Innermost {
    pub(super) special: Position,
    /// A special one other than `address`, `div` and `p`: an `li` does not close another one beyond it.
    pub(super) around_item: Position,
    pub(super) scope: Position,
    pub(super) marker: Position,
    pub(super) html: Position,
    pub(super) foreign: Position,
}

impl Open {
    pub(super) fn is(self, tag: Tag) -> bool {
        self.element.is_html(tag)
    }

    pub(super) fn is_any(self, flags: u32) -> bool {
        self.element.namespace == Namespace::Html && self.element.tag.is(flags)
    }

    pub(super) fn is_foreign(self) -> bool {
        self.element.namespace != Namespace::Html
    }

    /// Foreign, but its content may be HTML.
    pub(super) fn is_integration_point(self) -> bool {
        match self.element.namespace {
            Namespace::Html => false,
            Namespace::Svg => matches!(self.element.tag, Tag::ForeignObject | Tag::Desc | Tag::Title),
            Namespace::MathMl => matches!(self.element.tag, Tag::Mi | Tag::Mo | Tag::Mn | Tag::Ms | Tag::Mtext),
        }
    }
}

/// The stack, outermost first.
#[derive(Debug, Clone)]
pub(super) struct OpenElements {
    stack: Vec<Open>,
    /// The names of those that are no `Tag`, one after the other.
    names: Vec<u8>,
    /// The innermost element with each `Tag`, in HTML and outside of it.
    by_tag: [[Position; 2]; Tag::COUNT],
    /// The innermost element with each name that is no `Tag`. Only an end tag in the wrong place asks for it: before
    /// the first of them there is none.
    by_name: Option<Names>,
}

impl OpenElements {
    pub(super) fn new() -> Self {
        Self {
            stack: Vec::with_capacity(64),
            names: Vec::with_capacity(256),
            by_tag: [[0; 2]; Tag::COUNT],
            by_name: None,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.stack.len() >= MAX_DEPTH
    }

    /// The innermost element.
    #[inline]
    pub(super) fn top(&self) -> Option<Open> {
        self.stack.last().copied()
    }

    /// How many elements are open: the position of the innermost one.
    #[inline]
    pub(super) fn depth(&self) -> Position {
        self.stack.len() as Position
    }

    /// What bounds the rules where the page is now.
    #[inline]
    pub(super) fn innermost(&self) -> Innermost {
        self.stack.last().map(|top| top.innermost).unwrap_or_default()
    }

    /// HTML's innermost element with this tag.
    #[inline]
    pub(super) fn position(&self, tag: Tag) -> Position {
        self.by_tag[tag as usize][0]
    }

    /// HTML's innermost element with one of these tags.
    pub(super) fn innermost_of(&self, tags: &[Tag]) -> Position {
        work::count(tags.len());
        tags.iter().map(|&tag| self.position(tag)).max().unwrap_or(0)
    }

    /// The innermost element with this name, in HTML or outside of it.
    pub(super) fn position_of(&mut self, tag: Tag, name: &[u8], namespace: Namespace) -> Position {
        let of_name = if tag == Tag::Other {
            self.number_names().innermost(name)
        } else {
            self.by_tag[tag as usize]
        };
        of_name[usize::from(namespace != Namespace::Html)]
    }

    /// Whether an element with one of these flags stands further in than that position.
    pub(super) fn has_within(&self, position: Position, flags: u32) -> bool {
        let within = &self.stack[usize::from(position)..];
        work::count(within.len());
        within.iter().any(|open| open.is_any(flags))
    }

    /// Whether the innermost element has that name, for a name that is no `Tag`.
    #[inline]
    pub(super) fn top_has_name(&self, name: &[u8]) -> bool {
        let is_name = |top: &Open| self.names[top.name as usize..].strip_suffix(b" ") == Some(name);
        self.stack.last().is_some_and(is_name)
    }

    #[inline]
    pub(super) fn push(&mut self, element: Element, name: &[u8]) {
        work::count(1);
        let mut innermost = self.innermost();
        let start = self.names.len() as u32;
        let position = self.depth() + 1;
        let is_foreign = element.namespace != Namespace::Html;
        let (mut name_number, mut outer) = (0, 0);
        if element.tag == Tag::Other {
            self.names.extend_from_slice(name);
            self.names.push(b' ');
            if let Some(by_name) = &mut self.by_name {
                (name_number, outer) = by_name.open(name, is_foreign, position);
            }
        } else {
            let of_tag = &mut self.by_tag[element.tag as usize][usize::from(is_foreign)];
            outer = core::mem::replace(of_tag, position);
        }
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
        }
        self.stack.push(Open { innermost, ..open });
    }

    #[inline]
    pub(super) fn pop(&mut self) -> Option<Element> {
        work::count(1);
        let open = self.stack.pop()?;
        if open.element.tag == Tag::Other {
            self.names.truncate(open.name as usize);
            if let Some(by_name) = &mut self.by_name {
                by_name.close(open.name_number, open.is_foreign(), open.outer);
            }
        } else {
            self.by_tag[open.element.tag as usize][usize::from(open.is_foreign())] = open.outer;
        }
        Some(open.element)
    }

    /// The names of the open elements by their numbers. From the first time on that they are asked for, each element
    /// that opens enters its own.
    fn number_names(&mut self) -> &mut Names {
        let (stack, names) = (&mut self.stack, &self.names);
        self.by_name.get_or_insert_with(|| {
            let mut by_name = Names::default();
            let mut spelled = names.split(|&byte| byte == b' ');
            for (position, open) in (1..).zip(stack.iter_mut()) {
                if open.element.tag == Tag::Other {
                    let name = spelled.next().unwrap_or_default();
                    (open.name_number, open.outer) = by_name.open(name, open.is_foreign(), position);
                }
            }
            work::count(stack.len());
            by_name
        })
    }
}
