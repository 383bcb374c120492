//! The fastest path of the tokenizer: start tags of the plain shape, read 64 bytes at a time.
//!
//! A real page consists mostly of attributes that no extractor needs. Reading them one after the other takes a branch
//! at the end of each name and of each value, which the processor can't predict. Instead, [`Masks`] of 64 bytes tell at
//! once where values begin and end, and where the tag does. They are right only for a tag of the plain shape:
//!
//! - each `=` outside of values is directly before a `"`, and directly after a byte of a name;
//! - each `"` outside of values is directly after an `=`;
//! - no wanted attribute is without a value.
//!
//! In such a tag, HTML's states are: name, before value, double-quoted value, after it, and again. Everything else (a
//! value in `'` or without quotes, spaces around `=`, a tag that the chunk cuts) is read again from the tag's beginning,
//! by the other paths.

#[cfg(feature = "differential")]
use super::TagPath;
use super::{
    Tokenizer,
    class::{CLASS, NAME_END, SPACE},
    whole_tag::name_end_mask,
};
use crate::{
    extract::{Extractor, SEVERAL_LETTERS},
    stream::{
        block::{self, Block},
        masks::{self, Lanes, Masks},
    },
    tag::Tag,
    work,
};

impl<E: Extractor> Tokenizer<E> {
    /// Reads an end tag from `at`, after its `</`, if it is the innermost open element's in its usual spelling, and
    /// returns the offset of its end. Nearly all end tags are. `None` for all others.
    #[inline(always)]
    pub(super) fn read_matching_end_tag(&mut self, input: &[u8], at: usize) -> Option<usize> {
        #[cfg(feature = "differential")]
        if matches!(self.tag_path, TagPath::WithoutMasks | TagPath::States) {
            return None;
        }
        let length = self.construction.end_matching(*input.get(at..)?.first_chunk()?)?;
        work::count(length);
        self.stats.end_tag(Tag::Other);
        self.check_limits();
        Some(at + length)
    }

    /// Reads a start tag from `at`, after its `<`, and returns the offset of its end. `None` if the input does not
    /// contain the whole tag, or if it is not a start tag of the plain shape.
    #[inline(always)]
    pub(super) fn read_plain_tag<L: Lanes>(&mut self, lanes: L, input: &[u8], at: usize) -> Option<usize> {
        if !L::HAS_MASKS {
            return None;
        }
        let rest = input.get(at..)?;
        let padded;
        let mut block = match rest.first_chunk() {
            Some(block) => block,
            None => {
                padded = pad(rest)?;
                &padded
            }
        };
        if !block[0].is_ascii_alphabetic() {
            return None;
        }
        let length = name_length(block)?;
        self.set_plain_name(block, length);

        let letter = self.wanted.last_letter();
        let mut scan = Scan {
            is_inside: 0,
            all_letters: if letter == SEVERAL_LETTERS { !0 } else { 0 },
        };
        // A name may contain any of the bytes, so the masks begin after it.
        let mut visible = !0 << length;
        let mut start = at;
        let mut padded;
        loop {
            let found = scan.step(lanes.masks(block, letter), visible)?;
            let mut bare = found.bare;
            while bare != 0 {
                let end = start + bare.trailing_zeros() as usize;
                bare &= bare - 1;
                // A wanted attribute without a value.
                if self.wanted.find_at_end(&input[at..end], is_boundary).is_some() {
                    return None;
                }
            }
            let mut suspects = found.suspects;
            while suspects != 0 {
                let quote = start + suspects.trailing_zeros() as usize;
                suspects &= suspects - 1;
                self.begin_plain_value(input, at, quote)?;
            }
            if found.ends != 0 {
                let end = start + found.ends.trailing_zeros() as usize;
                work::count(end - at);
                self.emit(input[end - 1] == b'/');
                return Some(end + 1);
            }
            // The last two bytes are in the next block too: the meaning of a quote depends on the two bytes before it.
            start += masks::SIZE - OVERLAP;
            visible = !0 << OVERLAP;
            let rest = input.get(start..)?;
            block = match rest.first_chunk() {
                Some(block) => block,
                None => {
                    padded = pad(rest)?;
                    &padded
                }
            };
        }
    }

    /// Sets the tag's name to the beginning of that block.
    #[inline(always)]
    fn set_plain_name(&mut self, block: &[u8; masks::SIZE], length: usize) {
        let [a, b, c, d, e, f, g, h, ..] = *block;
        let tag = if length <= 8 {
            let unused = 64 - 8 * length as u32;
            // No name of a tag differs from another byte than a letter's case by that bit, once `name_length` has
            // excluded control characters.
            let folded = u64::from_le_bytes([a, b, c, d, e, f, g, h]) | 0x2020_2020_2020_2020;
            Tag::from_key(folded << unused >> unused)
        } else {
            Tag::Other
        };
        self.tag = tag;
        if tag == Tag::Other {
            if let Some(name) = block.first_chunk() {
                self.name.set(name, length);
            }
            if length > 8 {
                self.tag = self.name.tag();
            }
        } else {
            // Only elements without a tag are known by their name.
            self.name.clear();
        }
        self.is_end_tag = false;
        self.attributes.clear();
        self.wanted = self.construction.page.wanted_attributes(self.tag);
    }

    /// Looks at the attribute whose opening quote is at that offset, and appends its value if it is wanted. The tag
    /// begins at `start`. `None` if the tag is not of the plain shape, or cut.
    #[inline]
    fn begin_plain_value(&mut self, input: &[u8], start: usize, quote: usize) -> Option<()> {
        let before = &input[start..quote - 1];
        if is_boundary(*before.last()?) {
            return None;
        }
        if let Some(attribute) = self.wanted.find_at_end(before, is_boundary)
            && self.attributes.begin(attribute)
        {
            let value = quote + 1;
            let end = block::find(b'"', input, value)?;
            self.append_whole_value(attribute, &input[value..end]);
        }
        Some(())
    }
}

/// Whether an attribute's name in a tag of the plain shape may begin after this byte.
#[inline]
fn is_boundary(byte: u8) -> bool {
    CLASS[byte as usize] & SPACE != 0 || matches!(byte, b'/' | b'"')
}

/// A block of the input's last bytes, which are too few for one, followed by NUL. `None` if no byte is new.
#[cold]
#[inline(never)]
fn pad(rest: &[u8]) -> Option<[u8; masks::SIZE]> {
    let mut block = [0; masks::SIZE];
    block.get_mut(..rest.len())?.copy_from_slice(rest);
    (rest.len() > OVERLAP).then_some(block)
}

/// The length of the name that the block begins with; `None` if it is longer than some 15 bytes, or unusual.
#[inline(always)]
fn name_length(block: &[u8; masks::SIZE]) -> Option<usize> {
    let beginning = Block::at(block, 0)?;
    let ends = name_end_mask(beginning);
    let length = ends.trailing_zeros() as usize;
    let is_name = length < block::SIZE
        && CLASS[block[length] as usize] & NAME_END != 0
        && beginning.not_ascii() & (ends ^ (ends - 1)) == 0;
    is_name.then_some(length)
}

/// The number of bytes that two neighbouring blocks of a tag share.
const OVERLAP: usize = 2;

/// The state between two blocks of a tag.
#[derive(Debug)]
struct Scan {
    /// 1 if the next byte is in a value, or 0.
    is_inside: u64,
    /// All ones if wanted names end with several letters, or 0.
    all_letters: u64,
}

/// What was found in a block.
struct Found {
    /// The bytes `>` outside of values. The first one is the tag's end.
    ends: u64,
    /// The opening quotes before the tag's end whose attribute's name has to be read.
    suspects: u64,
    /// The bytes after what may be the name of a wanted attribute without a value.
    bare: u64,
}

impl Scan {
    /// Reads the next block of a tag. Only the bytes of the mask `visible` are new and belong to its attributes. The bytes
    /// before them are the tag's name, or the last bytes of the last block. `None` if the tag is not of the
    /// plain shape.
    #[inline(always)]
    fn step(&mut self, masks: Masks, visible: u64) -> Option<Found> {
        let quotes = masks.quotes & visible;
        // The quotes that open a value, and those that close one, if the tag is of the plain shape. A value that ends
        // with `=` looks like another shape. That costs a little time and is rare.
        let opens = quotes & masks.equals << 1;
        let closes = quotes ^ opens;
        // A subtraction fills the bits from each opening quote up to the next closing one: it borrows from there.
        let (difference, first_borrow) = closes.overflowing_sub(opens);
        let (inside, second_borrow) = difference.overflowing_sub(self.is_inside);
        self.is_inside = u64::from(first_borrow | second_borrow);
        let ends = masks.ends & visible & !inside;
        // Up to the tag's end, that byte included, or all if it does not end here.
        let in_tag = (ends ^ ends.wrapping_sub(1)) & visible;
        // Where quotes do not open and close in turn, the bit of the first one at the wrong place has the other value.
        let out_of_turn = inside & quotes ^ opens;
        let after_equals = (masks.equals & !inside) << 1;
        if (out_of_turn | after_equals & !quotes) & in_tag != 0 {
            return None;
        }
        // What may end a wanted name.
        let letters = masks.letters | self.all_letters & !masks.low;
        Some(Found {
            ends,
            suspects: after_equals & (masks.low | letters) << 2 & in_tag,
            bare: letters << 1 & (masks.low | masks.ends) & !inside & !quotes & in_tag,
        })
    }
}
