//! The name of a tag.

use super::class::{CLASS, UNUSUAL};
use crate::{stream::block, tag::Tag};

/// The longest name of an element that is supported. The longest name on GitHub's pages has 24 letters.
const MAX_NAME_BYTES: usize = 64;

/// The name of the current tag, in lower case.
#[derive(Debug, Clone)]
pub(super) struct Name {
    pub(super) bytes: [u8; MAX_NAME_BYTES],
    pub(super) length: usize,
    /// The name is too long, or has bytes outside of ASCII. The page needs a tree.
    pub(super) is_unsupported: bool,
}

impl Name {
    pub(super) const fn new() -> Self {
        Self {
            bytes: [0; MAX_NAME_BYTES],
            length: 0,
            is_unsupported: false,
        }
    }

    #[inline]
    pub(super) fn clear(&mut self) {
        self.length = 0;
        self.is_unsupported = false;
    }

    #[inline]
    pub(super) fn push(&mut self, byte: u8) {
        if self.length == MAX_NAME_BYTES || CLASS[byte as usize] & UNUSUAL != 0 {
            self.is_unsupported = true;
        } else {
            self.bytes[self.length] = byte.to_ascii_lowercase();
            self.length += 1;
        }
    }

    /// Sets the name to the first `length` bytes of a block, which must be ASCII and not NUL.
    #[inline]
    pub(super) fn set(&mut self, block: &[u8; block::SIZE], length: usize) {
        for (place, byte) in self.bytes.iter_mut().zip(block) {
            *place = byte.to_ascii_lowercase();
        }
        self.length = length;
        self.is_unsupported = false;
    }

    #[inline]
    pub(super) fn as_bytes(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    #[inline]
    pub(super) fn tag(&self) -> Tag {
        if self.length <= 8 {
            // Loads eight bytes at once, and shifts out the bytes after the name.
            let [a, b, c, d, e, f, g, h, ..] = self.bytes;
            let eight = u64::from_le_bytes([a, b, c, d, e, f, g, h]);
            let after = 64 - 8 * self.length as u32;
            Tag::from_key(eight.checked_shl(after).unwrap_or(0).checked_shr(after).unwrap_or(0))
        } else {
            Tag::from_name(self.as_bytes())
        }
    }
}
