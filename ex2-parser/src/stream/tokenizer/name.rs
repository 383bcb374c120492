//! The name of a tag.

use super::class::{CLASS, UNUSUAL};
use crate::{stream::block, tag::Tag};

/// The longest name of an element that is told from others. GitHub's longest has 24 letters.
const LONGEST_NAME: usize = 64;

/// The name of the tag that is being read, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) bytes: [u8; LONGEST_NAME],
    pub(super) length: usize,
    /// Too long, or with bytes that are no ASCII: it is not told from others.
    pub(super) is_unusual: bool,
}

impl Name {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; LONGEST_NAME],
            length: 0,
            is_unusual: false,
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.is_unusual = false;
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        if self.length == LONGEST_NAME || CLASS[byte as usize] & UNUSUAL != 0 {
            self.is_unusual = true;
        } else {
            self.bytes[self.length] = byte.to_ascii_lowercase();
            self.length += 1;
        }
    }

    /// Takes the first `length` bytes of a block, which must be ASCII and not zero.
    #[inline]
    pub(super) fn set(&mut self, block: &[u8; block::SIZE], length: usize) {
        for (place, byte) in self.bytes.iter_mut().zip(block) {
            *place = byte.to_ascii_lowercase();
        }
        self.length = length;
        self.is_unusual = false;
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    #[inline]
    pub(super) fn tag(&self) -> Tag {
        if self.length <= 8 {
            // All eight bytes, and then without those that are not the name's.
            let [a, b, c, d, e, f, g, h, ..] = self.bytes;
            let eight = u64::from_be_bytes([a, b, c, d, e, f, g, h]);
            Tag::from_key(eight.checked_shr(64 - 8 * self.length as u32).unwrap_or(0))
        } else {
            Tag::from_name(self.as_bytes())
        }
    }
}
