//! The events of a page, and the trait of what receives them.

use alloc::vec::Vec;

use crate::{Error, tag::Tag};

/// The namespace of an element's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Namespace {
    Html,
    Svg,
    MathMl,
}

/// An element that opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Element {
    pub(crate) tag: Tag,
    pub(crate) namespace: Namespace,
}

impl Element {
    /// Whether this is the element of that name in the namespace of HTML.
    pub(crate) fn is_html(self, tag: Tag) -> bool {
        self.tag == tag && self.namespace == Namespace::Html
    }

    /// Whether this is the element of that name in the namespace of SVG.
    pub(crate) fn is_svg(self, tag: Tag) -> bool {
        self.tag == tag && self.namespace == Namespace::Svg
    }
}

macro_rules! attributes {
    ($($variant:ident $name:literal,)+) => {
        /// The attributes that extractors read.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[repr(u8)]
        pub(crate) enum Attribute {
            $($variant,)+
        }

        impl Attribute {
            const COUNT: usize = [$($name,)+].len();
            const NAMES: [&[u8]; Self::COUNT] = [$($name.as_bytes(),)+];
            const ALL: [Self; Self::COUNT] = [$(Self::$variant,)+];
        }
    };
}

attributes! {
    AriaLabel "aria-label",
    Class "class",
    DataDate "data-date",
    DataMergeCount "data-merge-count",
    DataTotalPages "data-total-pages",
    Href "href",
    Id "id",
    Rel "rel",
    Title "title",
}

/// A set of attributes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct AttributeSet(u16);

impl AttributeSet {
    pub(crate) const NONE: Self = Self(0);

    pub(crate) const fn of(attributes: &[Attribute]) -> Self {
        let mut set = 0;
        let mut index = 0;
        while index < attributes.len() {
            set |= 1 << attributes[index] as u16;
            index += 1;
        }
        Self(set)
    }

    pub(crate) const fn contains(self, attribute: Attribute) -> bool {
        self.0 & 1 << attribute as u16 != 0
    }

    #[cfg(feature = "stream")]
    pub(crate) const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// The attribute of the set that has this name, compared without regard to case.
    #[inline]
    pub(crate) fn find(self, name: &[u8]) -> Option<Attribute> {
        let mut left = self.0;
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            left &= left - 1;
            let known = Attribute::NAMES[index];
            if known.len() == name.len() && known.eq_ignore_ascii_case(name) {
                return Some(Attribute::ALL[index]);
            }
        }
        None
    }
}

/// The wanted attributes of one start tag. The buffer is reused for the next tag.
#[derive(Debug, Clone, Default)]
pub(crate) struct Attributes {
    values: Vec<u8>,
    ranges: [(u32, u32); Attribute::COUNT],
    present: AttributeSet,
}

impl Attributes {
    #[inline]
    pub(crate) fn clear(&mut self) {
        self.values.clear();
        self.present = AttributeSet::NONE;
    }

    /// The value, unless the tag has no such attribute.
    pub(crate) fn get(&self, attribute: Attribute) -> Option<&[u8]> {
        let (start, end) = self.ranges[attribute as usize];
        self.present
            .contains(attribute)
            .then(|| &self.values[start as usize..end as usize])
    }

    /// Begins an attribute's value. `false` if the tag has that attribute already: the first one counts.
    #[inline]
    pub(crate) fn begin(&mut self, attribute: Attribute) -> bool {
        if self.present.contains(attribute) {
            return false;
        }
        let at = self.values.len() as u32;
        self.ranges[attribute as usize] = (at, at);
        self.present.0 |= 1 << attribute as u16;
        true
    }

    /// Appends to the value of the attribute that was begun last.
    #[inline]
    pub(crate) fn append(&mut self, attribute: Attribute, value: &[u8]) {
        self.values.extend_from_slice(value);
        self.ranges[attribute as usize].1 = self.values.len() as u32;
    }

    /// The number of bytes of all values.
    #[cfg(feature = "stream")]
    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }
}

// region: extractor
/// Receives a page's events, and extracts the answer from one kind of page.
pub(crate) trait Extractor {
    /// The answer.
    type Output;

    /// The attributes that the extractor needs of an element with this name, if it opens next.
    fn wanted_attributes(&self, tag: Tag) -> AttributeSet;
    /// An element opens. Every element closes again, void ones at once.
    fn open(&mut self, element: Element, attributes: &Attributes);
    /// The innermost open element closes.
    fn close(&mut self);
    /// Text of the innermost open element, with its character references replaced. One text may come in several parts.
    fn text(&mut self, text: &[u8]);
    /// Whether the extractor needs text at this point.
    fn wants_text(&self) -> bool;
    /// The page has ended, and every element is closed.
    fn finish(self) -> Result<Self::Output, Error>;
}
// endregion: extractor
