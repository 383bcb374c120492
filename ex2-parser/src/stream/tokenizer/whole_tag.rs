//! The fast path of the tokenizer, for a tag that is complete in one chunk.

use core::ops::Range;

use super::{
    Tokenizer,
    class::{ATTRIBUTE_NAME_END, CLASS, NAME_END, SPACE},
};
use crate::{
    extract::{Attribute, Extractor},
    stream::{
        block::{self, Block},
        reference::decode_value,
    },
    work,
};

impl<E: Extractor> Tokenizer<E> {
    /// Reads a tag from `at`, after its `<`, and returns the offset of its end. `None` if the input does not contain
    /// the whole tag, or if it is not a tag.
    pub(super) fn read_whole_tag(&mut self, input: &[u8], mut at: usize) -> Option<usize> {
        let mut byte = *input.get(at)?;
        let is_end_tag = byte == b'/';
        if is_end_tag {
            at += 1;
            byte = *input.get(at)?;
        }
        if !byte.is_ascii_alphabetic() {
            return None;
        }
        self.is_end_tag = is_end_tag;
        at = self.read_whole_name(input, at)?;
        loop {
            work::count(1);
            if let Some((name, value, end)) = find_common_attribute(input, at) {
                if let Some(attribute) = self.begin_attribute(&input[name]) {
                    self.append_whole_value(attribute, &input[value]);
                }
                at = end;
                continue;
            }
            byte = *input.get(at)?;
            while CLASS[byte as usize] & SPACE != 0 {
                work::count(1);
                at += 1;
                byte = *input.get(at)?;
            }
            if byte == b'>' {
                self.emit(false);
                return Some(at + 1);
            }
            if byte == b'/' {
                at += 1;
                if *input.get(at)? == b'>' {
                    self.emit(true);
                    return Some(at + 1);
                }
                continue;
            }
            at = self.read_other_attribute(input, at)?;
        }
    }

    /// Reads a tag's name, and returns the offset of its end.
    #[inline]
    fn read_whole_name(&mut self, input: &[u8], at: usize) -> Option<usize> {
        if let Some(block) = Block::at(input, at) {
            let ends = name_end_mask(block);
            let length = ends.trailing_zeros() as usize;
            if length < block::SIZE
                && CLASS[input[at + length] as usize] & NAME_END != 0
                && block.not_ascii() & (ends ^ (ends - 1)) == 0
            {
                self.name.set(input[at..].first_chunk()?, length);
                self.end_name();
                return Some(at + length);
            }
        }
        self.name.clear();
        let mut end = at;
        while CLASS[*input.get(end)? as usize] & NAME_END == 0 {
            work::count(1);
            self.name.push(input[end]);
            end += 1;
        }
        self.end_name();
        Some(end)
    }

    /// Reads an attribute from `at`, in any syntax, and returns the offset of its end.
    fn read_other_attribute(&mut self, input: &[u8], mut at: usize) -> Option<usize> {
        // `=` is allowed as the first byte of a name.
        let start = at;
        at += 1;
        while CLASS[*input.get(at)? as usize] & ATTRIBUTE_NAME_END == 0 {
            work::count(1);
            at += 1;
        }
        let attribute = self.begin_attribute(&input[start..at]);
        while CLASS[*input.get(at)? as usize] & SPACE != 0 {
            work::count(1);
            at += 1;
        }
        if input[at] != b'=' {
            return Some(at);
        }
        at += 1;
        while CLASS[*input.get(at)? as usize] & SPACE != 0 {
            work::count(1);
            at += 1;
        }
        let value = match input[at] {
            quote @ (b'"' | b'\'') => {
                let start = at + 1;
                at = block::find(quote, input, start)?;
                at += 1;
                &input[start..at - 1]
            }
            b'>' => return Some(at),
            _ => {
                let start = at;
                while !matches!(*input.get(at)?, byte if CLASS[byte as usize] & SPACE != 0 || byte == b'>') {
                    work::count(1);
                    at += 1;
                }
                &input[start..at]
            }
        };
        if let Some(attribute) = attribute {
            self.append_whole_value(attribute, value);
        }
        Some(at)
    }

    pub(super) fn append_whole_value(&mut self, attribute: Attribute, value: &[u8]) {
        // With its character references replaced, as in the states.
        decode_value(value, |part| self.append(attribute, part));
    }
}

/// Finds an attribute in the most common syntax, ` name="value"`, from the space before it. Returns the ranges of its
/// name and its value, and the offset of its end. `None` for any other syntax.
#[inline(always)]
fn find_common_attribute(input: &[u8], mut at: usize) -> Option<(Range<usize>, Range<usize>, usize)> {
    let mut block = Block::at(input, at)?;
    let mut start = (block.equal(b' ') | block.equal(b'\n')).trailing_ones() as usize;
    while start == block::SIZE {
        work::count(block::SIZE);
        at += block::SIZE;
        block = Block::at(input, at)?;
        start = (block.equal(b' ') | block.equal(b'\n')).trailing_ones() as usize;
    }
    let mut equals = block.equal(b'=');
    let mut ends = (equals | name_end_mask(block)) & !0 << start;
    if ends == 0 {
        // The name is longer than one block.
        let block = Block::at(input, at + block::SIZE)?;
        equals = block.equal(b'=') << block::SIZE;
        ends = equals | name_end_mask(block) << block::SIZE;
    }
    // The first byte that can end a name has to be `=`, and has to come after at least one other byte.
    let end = ends.trailing_zeros() as usize;
    if end == start || ends & ends.wrapping_neg() & equals == 0 {
        return None;
    }
    let quote = *input.get(at + end + 1)?;
    if !matches!(quote, b'"' | b'\'') {
        return None;
    }
    let value = at + end + 2;
    let close = block::find(quote, input, value)?;
    Some((at + start..at + end, value..close, close + 1))
}

#[inline(always)]
pub(super) fn name_end_mask(block: Block) -> block::Mask {
    block.at_most(b' ') | block.equal(b'>') | block.equal(b'/')
}
