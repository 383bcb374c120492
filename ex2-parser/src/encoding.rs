//! Encoding detection. Both engines read UTF-8, the encoding of all of GitHub's pages. As in browsers, a byte that is
//! not valid UTF-8 becomes U+FFFD.

use crate::Error;

/// The number of a page's first bytes that [`check`] needs.
pub(crate) const SNIFFED_BYTES: usize = 4;

const UTF_8_BOM: &[u8] = b"\xEF\xBB\xBF";

/// Returns the length in bytes of the byte order mark at the page's beginning: 3 or 0.
pub(crate) fn check(beginning: &[u8]) -> Result<usize, Error> {
    match *beginning {
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => Err(Error::NotUtf8 { encoding: "UTF-16" }),
        // UTF-16 without a byte order mark: every other byte of markup is zero.
        [0, a, 0, b, ..] | [a, 0, b, 0, ..] if a != 0 && b != 0 => Err(Error::NotUtf8 { encoding: "UTF-16" }),
        _ if beginning.starts_with(UTF_8_BOM) => Ok(UTF_8_BOM.len()),
        _ => Ok(0),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_bytes_tell_the_encoding() {
        for (beginning, length) in [
            (&b"\xEF\xBB\xBF<"[..], 3),
            (b"\xEF\xBB", 0),
            (b"<htm", 0),
            (b"", 0),
            // Zero bytes that are not every other byte are no UTF-16.
            (&[0, b'<', 0, 0], 0),
            (&[0, 0, 0, b'<'], 0),
            (&[b'<', 0, 0, 0], 0),
            (&[0, 0, b'<', 0], 0),
        ] {
            assert_eq!(check(beginning), Ok(length), "{beginning:?}");
        }
        for beginning in [
            &[0xFE, 0xFF][..],
            &[0xFF, 0xFE, b'<', 0],
            &[0, b'<', 0, b'a'],
            &[b'<', 0, b'a', 0],
        ] {
            assert_eq!(
                check(beginning),
                Err(Error::NotUtf8 { encoding: "UTF-16" }),
                "{beginning:?}"
            );
        }
    }
}
