//! The stack of open elements. Each question about it is answered without a search through the stack.

use alloc::vec::Vec;

use super::names::{Names, Position};
use crate::{
    extract::{Element, Namespace},
    tag::{ByTag, MARKER, SCOPE, SPECIAL, Tag},
    work,
};

/// The largest depth. Browsers limit it to 512, and GitHub's package page has a depth of 30.
const MAX_DEPTH: usize = if cfg!(fuzzing) { 24 } else { 512 };

#[derive(Debug, Clone, Copy)]
pub(super) struct OpenElement {
    pub(super) element: Element,
    /// The flags of an HTML element's tag; none for a foreign element.
    flags: u32,
    /// The offset of the name in `names`, for a name that is not a `Tag`.
    name: u32,
    /// The number of such a name in `by_name`, if there is one.
    name_number: u16,
    /// The next outer element with the same name, in HTML or in foreign content.
    outer: Position,
    /// The innermost element of each kind at this position.
    innermost: ByBoundary,
    end_tag: EndTag,
}

/// The bytes after `</` of an element's usual end tag, its name in lower case and `>`, for a comparison with the page.
#[derive(Debug, Clone, Copy)]
struct EndTag {
    /// In little-endian order.
    bytes: u64,
    /// The number of unused bits in `bytes`.
    unused: u8,
}

impl EndTag {
    /// Equals no bytes: it has a bit that is not used.
    const NONE: Self = Self { bytes: !0, unused: 8 };

    /// For an element with that name; `NONE` if the name is too long.
    const fn new(name: &[u8]) -> Self {
        if name.is_empty() || name.len() >= size_of::<u64>() {
            return Self::NONE;
        }
        let mut bytes = b'>' as u64;
        let mut index = name.len();
        while index > 0 {
            index -= 1;
            bytes = bytes << 8 | name[index] as u64;
        }
        Self {
            bytes,
            unused: 64 - 8 * (name.len() as u8 + 1),
        }
    }
}

/// The end tag of each element with a [`Tag`]. A form and a template have their own rules, so they have none here.
static END_TAGS: ByTag<EndTag> = {
    let mut end_tags = [EndTag::NONE; _];
    let mut index = 0;
    while index < Tag::COUNT {
        let tag = Tag::ALL[index];
        if !matches!(tag, Tag::Form | Tag::Template) {
            end_tags[index] = EndTag::new(tag.name().as_bytes());
        }
        index += 1;
    }
    end_tags
};

/// The kinds of elements that are the boundaries of the standard's scopes.
#[derive(Debug, Clone, Copy)]
pub(super) enum Boundary {
    Special,
    /// A special element other than `address`, `div` and `p`. An `li` does not close another `li` outside of it.
    ListItem,
    Scope,
    Marker,
    Html,
    Foreign,
}

/// One value for each [`Boundary`], and two that are not used: so many are one vector.
type ByBoundary = [Position; 8];

/// All ones for each kind of boundary that an HTML element is.
static BOUNDARIES: ByTag<ByBoundary> = {
    let mut boundaries = [[0; 8]; _];
    let mut index = 0;
    while index < Tag::COUNT {
        let tag = Tag::ALL[index];
        let is = &mut boundaries[index];
        is[Boundary::Html as usize] = !0;
        if tag.is(SPECIAL) {
            is[Boundary::Special as usize] = !0;
            if !matches!(tag, Tag::Address | Tag::Div | Tag::P) {
                is[Boundary::ListItem as usize] = !0;
            }
        }
        if tag.is(SCOPE) {
            is[Boundary::Scope as usize] = !0;
        }
        if tag.is(MARKER) {
            is[Boundary::Marker as usize] = !0;
        }
        index += 1;
    }
    boundaries
};

impl OpenElement {
    pub(super) fn is(self, tag: Tag) -> bool {
        self.element.is_html(tag)
    }

    pub(super) fn is_any(self, flags: u32) -> bool {
        self.flags & flags != 0
    }

    pub(super) fn is_foreign(self) -> bool {
        self.element.namespace != Namespace::Html
    }

    /// Whether the element is foreign and its content may be HTML.
    pub(super) fn is_integration_point(self) -> bool {
        match self.element.namespace {
            Namespace::Html => false,
            Namespace::Svg => matches!(self.element.tag, Tag::ForeignObject | Tag::Desc | Tag::Title),
            Namespace::MathMl => matches!(self.element.tag, Tag::Mi | Tag::Mo | Tag::Mn | Tag::Ms | Tag::Mtext),
        }
    }
}

/// The stack, with the outermost element first.
#[derive(Debug, Clone)]
pub(super) struct OpenElements {
    stack: Vec<OpenElement>,
    /// The concatenated names of the elements whose name is not a `Tag`.
    names: Vec<u8>,
    /// The innermost element with each `Tag`, in HTML and in foreign content.
    by_tag: ByTag<[Position; 2]>,
    /// The innermost element with each name that is not a `Tag`. Only a misnested end tag needs it, so it is created
    /// for the first such tag.
    by_name: Option<Names>,
}

impl OpenElements {
    pub(super) fn new() -> Self {
        Self {
            stack: Vec::with_capacity(64),
            names: Vec::with_capacity(256),
            by_tag: [[0; 2]; _],
            by_name: None,
        }
    }

    pub(super) fn is_full(&self) -> bool {
        self.stack.len() >= MAX_DEPTH
    }

    /// The innermost element.
    #[inline]
    pub(super) fn top(&self) -> Option<OpenElement> {
        self.stack.last().copied()
    }

    /// The number of open elements, which is the position of the innermost one.
    #[inline]
    pub(super) fn depth(&self) -> Position {
        self.stack.len() as Position
    }

    /// The innermost boundary of that kind.
    #[inline]
    pub(super) fn innermost(&self, boundary: Boundary) -> Position {
        self.stack.last().map_or(0, |top| top.innermost[boundary as usize])
    }

    /// Whether the innermost element is in HTML and has any of these flags.
    #[inline]
    pub(super) fn top_is(&self, flags: u32) -> bool {
        self.stack.last().is_some_and(|top| top.is_any(flags))
    }

    /// The innermost HTML element with this tag.
    #[inline]
    pub(super) fn position(&self, tag: Tag) -> Position {
        self.by_tag[tag as usize][0]
    }

    /// The innermost HTML element with one of these tags.
    pub(super) fn innermost_of(&self, tags: &[Tag]) -> Position {
        work::count(tags.len());
        tags.iter().map(|&tag| self.position(tag)).max().unwrap_or(0)
    }

    /// The innermost element with this name, in HTML or in foreign content.
    pub(super) fn position_of(&mut self, tag: Tag, name: &[u8], namespace: Namespace) -> Position {
        let of_name = if tag == Tag::Other {
            self.number_names().innermost(name)
        } else {
            self.by_tag[tag as usize]
        };
        of_name[usize::from(namespace != Namespace::Html)]
    }

    /// Whether an element with one of these flags is open within the element at that position.
    pub(super) fn has_within(&self, position: Position, flags: u32) -> bool {
        let within = &self.stack[usize::from(position)..];
        work::count(within.len());
        within.iter().any(|open| open.is_any(flags))
    }

    /// Whether the innermost element has that name, which is not a `Tag`.
    #[inline]
    pub(super) fn top_has_name(&self, name: &[u8]) -> bool {
        let is_name = |top: &OpenElement| self.names[top.name as usize..].strip_suffix(b" ") == Some(name);
        self.stack.last().is_some_and(is_name)
    }

    /// The length of the innermost element's usual end tag, without its `</`, if these bytes begin with it.
    #[inline]
    pub(super) fn match_end_tag(&self, bytes: [u8; 8]) -> Option<usize> {
        let EndTag {
            bytes: expected,
            unused,
        } = self.stack.last()?.end_tag;
        let found = u64::from_le_bytes(bytes) & u64::MAX >> unused;
        (found == expected).then_some(8 - usize::from(unused) / 8)
    }

    #[inline]
    pub(super) fn push(&mut self, element: Element, name: &[u8]) {
        work::count(1);
        let start = self.names.len() as u32;
        let position = self.depth() + 1;
        let is_foreign = element.namespace != Namespace::Html;
        let (mut name_number, mut outer) = (0, 0);
        let mut end_tag = END_TAGS[element.tag as usize];
        if element.tag == Tag::Other {
            end_tag = EndTag::new(name);
            self.names.extend_from_slice(name);
            self.names.push(b' ');
            if let Some(by_name) = &mut self.by_name {
                (name_number, outer) = by_name.open(name, is_foreign, position);
            }
        } else {
            let of_tag = &mut self.by_tag[element.tag as usize][usize::from(is_foreign)];
            outer = core::mem::replace(of_tag, position);
        }
        let mut open = OpenElement {
            element,
            flags: if is_foreign { 0 } else { element.tag.flags() },
            name: start,
            name_number,
            outer,
            innermost: self.stack.last().map(|top| top.innermost).unwrap_or_default(),
            end_tag,
        };
        let mut boundaries = BOUNDARIES[element.tag as usize];
        if is_foreign {
            boundaries = [0; 8];
            boundaries[Boundary::Foreign as usize] = !0;
            if open.is_integration_point() {
                boundaries[Boundary::Scope as usize] = !0;
            }
        }
        // Without a branch: which elements follow one another can't be predicted.
        for (innermost, is) in open.innermost.iter_mut().zip(boundaries) {
            *innermost = *innermost & !is | position & is;
        }
        self.stack.push(open);
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

    /// The map of names. The first call creates it from the open elements. Elements that open later are entered when
    /// they open.
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
