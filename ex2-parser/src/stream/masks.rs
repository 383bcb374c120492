//! Compares 64 bytes at once, and returns the results as the bits of integers.
//!
//! With such masks a question about 64 bytes, such as "where does the tag end?", takes a few instructions and no loop.
//! There is an implementation for each kind of processor with instructions for it. A value of its type proves that the
//! processor has them.

/// The number of bytes in a block.
pub(super) const SIZE: usize = 64;

/// The bytes of a block that matter in a tag. The lowest bit is the first byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Masks {
    /// The bytes `=`.
    pub(super) equals: u64,
    /// The bytes `"`.
    pub(super) quotes: u64,
    /// The bytes `>`.
    pub(super) ends: u64,
    /// The bytes below `0`, among them whitespace, `"` and `/`, and all outside of ASCII. Any byte that can't be part of
    /// an attribute's name is one of these, or `=`, or `>`.
    pub(super) low: u64,
    /// The wanted letter, in both cases.
    pub(super) letters: u64,
}

impl Masks {
    /// Joins the masks of a block's quarters, each in the order of the fields. Two of 16 bits are joined before they become
    /// 64 bits: otherwise the guest executes an eighth more instructions.
    #[allow(dead_code, reason = "not every processor reads 16 bytes at once")]
    #[inline(always)]
    fn of_quarters([a, b, c, d]: [[u32; 5]; 4]) -> Self {
        let join = |field: usize| u64::from(a[field] | b[field] << 16) | u64::from(c[field] | d[field] << 16) << 32;
        Self {
            equals: join(0),
            quotes: join(1),
            ends: join(2),
            low: join(3),
            letters: join(4),
        }
    }
}

/// A kind of processor.
pub(super) trait Lanes: Copy {
    /// Whether masks are faster here than reading one attribute after the other.
    const HAS_MASKS: bool = true;

    /// The masks of a block, for a wanted letter in lower case.
    fn masks(self, block: &[u8; SIZE], letter: u8) -> Masks;
}

/// A processor without such instructions.
#[derive(Debug, Clone, Copy)]
#[allow(dead_code, reason = "where masks are fast, only tests compare with it")]
pub(super) struct Scalar;

impl Lanes for Scalar {
    const HAS_MASKS: bool = false;

    fn masks(self, block: &[u8; SIZE], letter: u8) -> Masks {
        let mask = |is: &dyn Fn(u8) -> bool| {
            let bits = block.iter().rev();
            bits.fold(0, |mask, &byte| mask << 1 | u64::from(is(byte)))
        };
        Masks {
            equals: mask(&|byte| byte == b'='),
            quotes: mask(&|byte| byte == b'"'),
            ends: mask(&|byte| byte == b'>'),
            low: mask(&|byte| byte < b'0' || !byte.is_ascii()),
            letters: mask(&|byte| byte | 0x20 == letter),
        }
    }
}

#[cfg(not(any(
    target_arch = "x86_64",
    all(target_arch = "aarch64", target_endian = "little"),
    all(target_arch = "wasm32", target_feature = "simd128")
)))]
pub(super) use Scalar as Baseline;
#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
pub(super) use aarch64::Neon as Baseline;
#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
pub(super) use wasm32::Simd128 as Baseline;
/// Every processor of this build has these.
#[cfg(target_arch = "x86_64")]
pub(super) use x86_64::Sse2 as Baseline;

#[cfg(target_arch = "x86_64")]
pub(super) mod x86_64 {
    use core::arch::x86_64::{
        __m128i, __m256i, _mm_cmpeq_epi8, _mm_cmplt_epi8, _mm_loadu_si128, _mm_movemask_epi8, _mm_or_si128,
        _mm_set1_epi8, _mm256_cmpeq_epi8, _mm256_cmpgt_epi8, _mm256_loadu_si256, _mm256_movemask_epi8, _mm256_or_si256,
        _mm256_set1_epi8,
    };

    use super::{Lanes, Masks, SIZE};

    /// SSE2, which every x86-64 has.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) struct Sse2;

    impl Lanes for Sse2 {
        #[inline(always)]
        fn masks(self, block: &[u8; SIZE], letter: u8) -> Masks {
            Masks::of_quarters([
                sse2(block, 0, letter),
                sse2(block, 16, letter),
                sse2(block, 32, letter),
                sse2(block, 48, letter),
            ])
        }
    }

    /// The masks of 16 bytes, in the order of [`Masks`].
    #[inline(always)]
    fn sse2(block: &[u8; SIZE], at: usize, letter: u8) -> [u32; 5] {
        let bytes: &[u8] = &block[at..at + 16];
        // SAFETY: the pointer is valid for 16 bytes, this instruction allows any alignment, and SSE2 is part of x86-64.
        unsafe {
            let part: __m128i = _mm_loadu_si128(bytes.as_ptr().cast());
            let folded = _mm_or_si128(part, _mm_set1_epi8(0x20));
            // The comparison is signed: bytes outside of ASCII are negative.
            let low = _mm_cmplt_epi8(part, _mm_set1_epi8(b'0' as i8));
            [
                _mm_movemask_epi8(_mm_cmpeq_epi8(part, _mm_set1_epi8(b'=' as i8))) as u32,
                _mm_movemask_epi8(_mm_cmpeq_epi8(part, _mm_set1_epi8(b'"' as i8))) as u32,
                _mm_movemask_epi8(_mm_cmpeq_epi8(part, _mm_set1_epi8(b'>' as i8))) as u32,
                _mm_movemask_epi8(low) as u32,
                _mm_movemask_epi8(_mm_cmpeq_epi8(folded, _mm_set1_epi8(letter as i8))) as u32,
            ]
        }
    }

    /// AVX2, which most have. The field is private, so that only [`Avx2::detect`] makes one.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) struct Avx2(());

    impl Avx2 {
        /// A value, if the processor has AVX2 and the instructions for bits that came with it. Without the standard
        /// library, only the target for which this was compiled decides.
        #[inline]
        pub(in super::super) fn detect() -> Option<Self> {
            #[cfg(feature = "std")]
            let has = std::arch::is_x86_feature_detected!("avx2")
                && std::arch::is_x86_feature_detected!("bmi1")
                && std::arch::is_x86_feature_detected!("bmi2");
            #[cfg(not(feature = "std"))]
            let has = cfg!(all(
                target_feature = "avx2",
                target_feature = "bmi1",
                target_feature = "bmi2"
            ));
            has.then_some(Self(()))
        }
    }

    impl Lanes for Avx2 {
        #[inline(always)]
        fn masks(self, block: &[u8; SIZE], letter: u8) -> Masks {
            // SAFETY: a value of this type proves AVX2.
            let [a, b] = unsafe { [avx2(block, 0, letter), avx2(block, 32, letter)] };
            let join = |field: usize| u64::from(a[field]) | u64::from(b[field]) << 32;
            Masks {
                equals: join(0),
                quotes: join(1),
                ends: join(2),
                low: join(3),
                letters: join(4),
            }
        }
    }

    /// The masks of 32 bytes, in the order of [`Masks`].
    #[inline]
    #[target_feature(enable = "avx2")]
    fn avx2(block: &[u8; SIZE], at: usize, letter: u8) -> [u32; 5] {
        let bytes: &[u8] = &block[at..at + 32];
        // SAFETY: the pointer is valid for 32 bytes, and this instruction allows any alignment.
        let part: __m256i = unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) };
        let folded = _mm256_or_si256(part, _mm256_set1_epi8(0x20));
        // The comparison is signed: bytes outside of ASCII are negative.
        let low = _mm256_cmpgt_epi8(_mm256_set1_epi8(b'0' as i8), part);
        [
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(part, _mm256_set1_epi8(b'=' as i8))) as u32,
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(part, _mm256_set1_epi8(b'"' as i8))) as u32,
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(part, _mm256_set1_epi8(b'>' as i8))) as u32,
            _mm256_movemask_epi8(low) as u32,
            _mm256_movemask_epi8(_mm256_cmpeq_epi8(folded, _mm256_set1_epi8(letter as i8))) as u32,
        ]
    }
}

#[cfg(all(target_arch = "aarch64", target_endian = "little"))]
mod aarch64 {
    use core::arch::aarch64::{
        uint8x16_t, vandq_u8, vceqq_u8, vcltq_s8, vdupq_n_s8, vdupq_n_u8, vgetq_lane_u64, vld1q_u8, vorrq_u8,
        vpaddq_u8, vreinterpretq_s8_u8, vreinterpretq_u64_u8,
    };

    use super::{Lanes, Masks, SIZE};

    /// The bit of each byte within its group of eight.
    const BITS: [u8; 16] = [1, 2, 4, 8, 16, 32, 64, 128, 1, 2, 4, 8, 16, 32, 64, 128];

    /// NEON, which every 64-bit Arm has.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) struct Neon;

    impl Lanes for Neon {
        #[inline(always)]
        fn masks(self, block: &[u8; SIZE], letter: u8) -> Masks {
            // SAFETY: the pointers are valid for 16 bytes each, this instruction allows any alignment, and NEON is part
            // of aarch64.
            unsafe {
                let parts = [
                    vld1q_u8(block[..16].as_ptr()),
                    vld1q_u8(block[16..32].as_ptr()),
                    vld1q_u8(block[32..48].as_ptr()),
                    vld1q_u8(block[48..].as_ptr()),
                ];
                let equal = |byte: u8| mask(parts.map(|part| vceqq_u8(part, vdupq_n_u8(byte))));
                Masks {
                    equals: equal(b'='),
                    quotes: equal(b'"'),
                    ends: equal(b'>'),
                    // The comparison is signed: bytes outside of ASCII are negative.
                    low: mask(parts.map(|part| vcltq_s8(vreinterpretq_s8_u8(part), vdupq_n_s8(b'0' as i8)))),
                    letters: mask(parts.map(|part| vceqq_u8(vorrq_u8(part, vdupq_n_u8(0x20)), vdupq_n_u8(letter)))),
                }
            }
        }
    }

    /// The highest bits of 64 bytes that are 0 or 255. NEON has no instruction for that: each byte keeps the bit of its
    /// place, and three additions of neighbours join eight bytes to one.
    #[inline(always)]
    fn mask(parts: [uint8x16_t; 4]) -> u64 {
        // SAFETY: the pointer is valid for 16 bytes, and NEON is part of aarch64.
        unsafe {
            let bits = vld1q_u8(BITS.as_ptr());
            let [a, b, c, d] = parts.map(|part| vandq_u8(part, bits));
            let quarters = vpaddq_u8(vpaddq_u8(a, b), vpaddq_u8(c, d));
            vgetq_lane_u64::<0>(vreinterpretq_u64_u8(vpaddq_u8(quarters, quarters)))
        }
    }
}

#[cfg(all(target_arch = "wasm32", target_feature = "simd128"))]
mod wasm32 {
    use core::arch::wasm32::{i8x16_lt, u8x16_bitmask, u8x16_eq, u8x16_splat, v128, v128_load, v128_or};

    use super::{Lanes, Masks, SIZE};

    /// WebAssembly's vectors of 128 bits.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) struct Simd128;

    impl Lanes for Simd128 {
        #[inline(always)]
        fn masks(self, block: &[u8; SIZE], letter: u8) -> Masks {
            Masks::of_quarters([
                simd128(block, 0, letter),
                simd128(block, 16, letter),
                simd128(block, 32, letter),
                simd128(block, 48, letter),
            ])
        }
    }

    /// The masks of 16 bytes, in the order of [`Masks`].
    #[inline(always)]
    fn simd128(block: &[u8; SIZE], at: usize, letter: u8) -> [u32; 5] {
        let bytes: &[u8] = &block[at..at + 16];
        // SAFETY: the pointer is valid for 16 bytes, and this instruction allows any alignment.
        let part: v128 = unsafe { v128_load(bytes.as_ptr().cast()) };
        let folded = v128_or(part, u8x16_splat(0x20));
        // The comparison is signed: bytes outside of ASCII are negative.
        let low = i8x16_lt(part, u8x16_splat(b'0'));
        [
            u32::from(u8x16_bitmask(u8x16_eq(part, u8x16_splat(b'=')))),
            u32::from(u8x16_bitmask(u8x16_eq(part, u8x16_splat(b'"')))),
            u32::from(u8x16_bitmask(u8x16_eq(part, u8x16_splat(b'>')))),
            u32::from(u8x16_bitmask(low)),
            u32::from(u8x16_bitmask(u8x16_eq(folded, u8x16_splat(letter)))),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_processor_has_the_same_masks() {
        for letter in [b'l', b'e', 0, 1] {
            for first in 0..=255_u8 {
                // Each byte at each place.
                let block = core::array::from_fn(|index| first.wrapping_add(index as u8));
                let expected = Scalar.masks(&block, letter);
                assert_eq!(Baseline::masks(Baseline, &block, letter), expected);
                #[cfg(target_arch = "x86_64")]
                if let Some(avx2) = x86_64::Avx2::detect() {
                    assert_eq!(avx2.masks(&block, letter), expected);
                }
            }
        }
        let masks = Scalar.masks(
            b"a-label=\"x > y\" B\xC3=\"\"/L>........................................",
            b'l',
        );
        assert_eq!(masks.equals, 1 << 7 | 1 << 18);
        assert_eq!(masks.quotes, 1 << 8 | 1 << 14 | 1 << 19 | 1 << 20);
        assert_eq!(masks.ends, 1 << 11 | 1 << 23);
    }
}
