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

    /// The attribute of the set whose name is at the end of these bytes, compared without regard to case, after a byte
    /// that can't be part of a name.
    #[cfg(feature = "stream")]
    #[inline]
    pub(crate) fn find_at_end(self, bytes: &[u8], is_boundary: impl Fn(u8) -> bool) -> Option<Attribute> {
        /// The last bytes of each name, up to four, at the end of an integer, and a mask of them.
        static ENDS: [(u32, u32); Attribute::COUNT] = {
            let mut ends = [(0, 0); Attribute::COUNT];
            let mut index = 0;
            while index < ends.len() {
                let name = Attribute::NAMES[index];
                let mut at = name.len().saturating_sub(4);
                while at < name.len() {
                    ends[index].0 = ends[index].0 >> 8 | (name[at] as u32) << 24;
                    ends[index].1 = ends[index].1 >> 8 | 0xFF << 24;
                    at += 1;
                }
                index += 1;
            }
            ends
        };
        // One comparison excludes nearly all other names. This bit is set in letters in lower case, and in `-`.
        // There are as many bytes: a tag's name, the byte after it, and the shortest attribute.
        let last = u32::from_le_bytes(*bytes.last_chunk()?) | 0x2020_2020;
        let mut left = self.0;
        while left != 0 {
            let index = left.trailing_zeros() as usize;
            left &= left - 1;
            let (end, mask) = ENDS[index];
            if last & mask != end {
                continue;
            }
            let known = Attribute::NAMES[index];
            if let Some((before, name)) = bytes.split_at_checked(bytes.len().wrapping_sub(known.len()))
                && name.eq_ignore_ascii_case(known)
                && before.last().is_some_and(|&byte| is_boundary(byte))
            {
                return Some(Attribute::ALL[index]);
            }
        }
        None
    }

    /// The letter that the names of all attributes of the set end with, or [`SEVERAL_LETTERS`]. If the set is empty, a
    /// control character, which is not equal to any byte in lower case.
    #[cfg(feature = "stream")]
    #[inline]
    pub(crate) fn last_letter(self) -> u8 {
        static LETTERS: [u8; 1 << Attribute::COUNT] = {
            let mut letters = [1; 1 << Attribute::COUNT];
            let mut set = 1;
            while set < letters.len() {
                let name = Attribute::NAMES[set.trailing_zeros() as usize];
                let letter = name[name.len() - 1];
                let others = set & (set - 1);
                letters[set] = if others == 0 || letters[others] == letter {
                    letter
                } else {
                    SEVERAL_LETTERS
                };
                set += 1;
            }
            letters
        };
        LETTERS[usize::from(self.0) % LETTERS.len()]
    }
}

/// The last letter of the names of a set of attributes that end with different ones.
#[cfg(feature = "stream")]
pub(crate) const SEVERAL_LETTERS: u8 = 0;

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
