//! Compares 16 bytes at once by SIMD: SSE2, which every x86-64 has, `simd128` in WebAssembly, and scalar code elsewhere.
//!
//! Names of elements and attributes have a few bytes. That is too short for a search routine to be worth its call, and a
//! loop over the bytes mispredicts a branch at the end of nearly every name.

use crate::work;

/// The number of bytes in a block.
pub(super) const SIZE: usize = 16;

/// One bit for each byte of a block. The lowest bit is the first byte.
pub(super) type Mask = u32;

pub(super) use implementation::Block;

impl Block {
    /// The block of the input that begins at `at`; `None` if the input is too short.
    #[inline(always)]
    pub(super) fn at(input: &[u8], at: usize) -> Option<Self> {
        input.get(at..)?.first_chunk().map(Self::load)
    }
}

/// Finds the first place of a byte from `at` on. Fastest if it is within the first block.
#[inline(always)]
pub(super) fn find(byte: u8, input: &[u8], at: usize) -> Option<usize> {
    let mut from = at;
    if let Some(block) = Block::at(input, at) {
        let found = block.equal(byte);
        work::count(SIZE);
        if found != 0 {
            return Some(at + found.trailing_zeros() as usize);
        }
        from += SIZE;
    }
    let found = memchr::memchr(byte, input.get(from..)?);
    work::count(found.unwrap_or(input.len() - from));
    found.map(|found| from + found)
}

#[cfg(target_arch = "x86_64")]
mod implementation {
    use core::arch::x86_64::{
        __m128i, _mm_cmpeq_epi8, _mm_loadu_si128, _mm_min_epu8, _mm_movemask_epi8, _mm_set1_epi8,
    };

    use super::{Mask, SIZE};

    #[derive(Clone, Copy)]
    pub(in super::super) struct Block(__m128i);

    impl Block {
        #[inline(always)]
        pub(super) fn load(bytes: &[u8; SIZE]) -> Self {
            // SAFETY: the pointer is valid for `SIZE` bytes, and this instruction allows any alignment.
            Self(unsafe { _mm_loadu_si128(bytes.as_ptr().cast()) })
        }

        /// The bytes equal to this one.
        #[inline(always)]
        pub(in super::super) fn equal(self, byte: u8) -> Mask {
            // SAFETY: SSE2 is part of x86-64.
            unsafe { _mm_movemask_epi8(_mm_cmpeq_epi8(self.0, _mm_set1_epi8(byte as i8))) as Mask }
        }

        /// The bytes less than or equal to this one.
        #[inline(always)]
        pub(in super::super) fn at_most(self, byte: u8) -> Mask {
            // SAFETY: SSE2 is part of x86-64.
            unsafe {
                let lesser = _mm_min_epu8(self.0, _mm_set1_epi8(byte as i8));
                _mm_movemask_epi8(_mm_cmpeq_epi8(lesser, self.0)) as Mask
            }
        }

        /// The bytes outside of ASCII.
        #[inline(always)]
        pub(in super::super) fn not_ascii(self) -> Mask {
            // SAFETY: SSE2 is part of x86-64.
            unsafe { _mm_movemask_epi8(self.0) as Mask }
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod implementation {
    use core::arch::wasm32::{u8x16_bitmask, u8x16_eq, u8x16_le, u8x16_splat, v128, v128_load};

    use super::{Mask, SIZE};

    #[derive(Clone, Copy)]
    pub(in super::super) struct Block(v128);

    impl Block {
        #[inline(always)]
        pub(super) fn load(bytes: &[u8; SIZE]) -> Self {
            // SAFETY: the pointer is valid for `SIZE` bytes, and this instruction allows any alignment.
            Self(unsafe { v128_load(bytes.as_ptr().cast()) })
        }

        #[inline(always)]
        pub(in super::super) fn equal(self, byte: u8) -> Mask {
            u8x16_bitmask(u8x16_eq(self.0, u8x16_splat(byte))).into()
        }

        #[inline(always)]
        pub(in super::super) fn at_most(self, byte: u8) -> Mask {
            u8x16_bitmask(u8x16_le(self.0, u8x16_splat(byte))).into()
        }

        #[inline(always)]
        pub(in super::super) fn not_ascii(self) -> Mask {
            u8x16_bitmask(self.0).into()
        }
    }
}

#[cfg(not(any(target_arch = "x86_64", all(target_arch = "wasm32", target_feature = "simd128"))))]
mod implementation {
    use super::{Mask, SIZE};

    #[derive(Clone, Copy)]
    pub(in super::super) struct Block([u8; SIZE]);

    impl Block {
        #[inline(always)]
        pub(super) fn load(bytes: &[u8; SIZE]) -> Self {
            Self(*bytes)
        }

        #[inline(always)]
        fn mask(self, is: impl Fn(u8) -> bool) -> Mask {
            self.0
                .iter()
                .rev()
                .fold(0, |mask, &byte| mask << 1 | Mask::from(is(byte)))
        }

        #[inline(always)]
        pub(in super::super) fn equal(self, byte: u8) -> Mask {
            self.mask(|one| one == byte)
        }

        #[inline(always)]
        pub(in super::super) fn at_most(self, byte: u8) -> Mask {
            self.mask(|one| one <= byte)
        }

        #[inline(always)]
        pub(in super::super) fn not_ascii(self) -> Mask {
            self.mask(|one| !one.is_ascii())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn masks_have_a_bit_for_each_match() {
        let block = Block::at(b"-a=\xC3\xA9 \n\x01\x7F\x80\xFF=  >\0", 0).unwrap();
        assert_eq!(block.equal(b'='), 1 << 2 | 1 << 11);
        assert_eq!(
            block.at_most(b' '),
            1 << 5 | 1 << 6 | 1 << 7 | 1 << 12 | 1 << 13 | 1 << 15
        );
        assert_eq!(block.not_ascii(), 1 << 3 | 1 << 4 | 1 << 9 | 1 << 10);
        assert!(Block::at(b"0123456789abcde", 0).is_none());
        assert!(Block::at(b"0123456789abcdef", 1).is_none());
    }

    #[test]
    fn find_works_at_every_offset() {
        for length in 0..80 {
            for at in 0..=length {
                let mut input = vec![b'.'; length];
                assert_eq!(find(b'x', &input, at), None);
                if at < length {
                    input[at] = b'x';
                    assert_eq!(find(b'x', &input, 0), Some(at));
                    assert_eq!(find(b'x', &input, at), Some(at));
                    assert_eq!(find(b'x', &input, at + 1), None);
                }
            }
        }
    }
}
