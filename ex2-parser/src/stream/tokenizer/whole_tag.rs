//! A tag that stands whole in one chunk, read in one go.

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
    /// Reads a tag that stands whole in the input from `at`, after its `<`, and says where it ends.
    #[inline]
    pub(super) fn whole_tag(&mut self, input: &[u8], mut at: usize) -> Option<usize> {
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
        at = self.whole_name(input, at)?;
        loop {
            work::count(1);
            if let Some((name, value, end)) = usual_attribute(input, at) {
                if let Some(attribute) = self.begin_attribute(&input[name]) {
                    self.whole_value(attribute, &input[value]);
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
            at = self.unusual_attribute(input, at)?;
        }
    }

    /// Reads a tag's name, and says where it ends.
    #[inline]
    fn whole_name(&mut self, input: &[u8], at: usize) -> Option<usize> {
        if let Some(block) = Block::at(input, at) {
            let ends = ends_of_name(block);
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

    /// Reads an attribute that begins at `at` and may be written in any way, and says where it ends.
    fn unusual_attribute(&mut self, input: &[u8], mut at: usize) -> Option<usize> {
        // The name's first byte may be `=`.
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
            self.whole_value(attribute, value);
        }
        Some(at)
    }

    fn whole_value(&mut self, attribute: Attribute, value: &[u8]) {
        // By what the value stands for, as where it comes in pieces.
        decode_value(value, |part| self.append(attribute, part));
    }
}

/// An attribute as nearly all are written, ` name="value"`, from the space before it: where its name and its value stand,
/// and where it ends. Anything else is left to the careful way.
#[inline(always)]
fn usual_attribute(input: &[u8], mut at: usize) -> Option<(Range<usize>, Range<usize>, usize)> {
    let mut block = Block::at(input, at)?;
    let mut start = (block.equal(b' ') | block.equal(b'\n')).trailing_ones() as usize;
    while start == block::SIZE {
        work::count(block::SIZE);
        at += block::SIZE;
        block = Block::at(input, at)?;
        start = (block.equal(b' ') | block.equal(b'\n')).trailing_ones() as usize;
    }
    let mut equals = block.equal(b'=');
    let mut ends = (equals | ends_of_name(block)) & !0 << start;
    if ends == 0 {
        // A long name.
        let block = Block::at(input, at + block::SIZE)?;
        equals = block.equal(b'=') << block::SIZE;
        ends = equals | ends_of_name(block) << block::SIZE;
    }
    // The first thing that could end the name is an equals sign, and it does not begin it.
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
fn ends_of_name(block: Block) -> block::Mask {
    block.at_most(b' ') | block.equal(b'>') | block.equal(b'/')
}
