//! Whether bytes can be a page at all. Both engines read UTF-8, which all of GitHub's pages are, and take single bytes
//! that are not UTF-8 for unknown characters, as browsers do.

use crate::Error;

/// How many of a page's first bytes [`check`] looks at.
pub(crate) const BEGINNING: usize = 4;

const UTF_8_MARK: &[u8] = b"\xEF\xBB\xBF";

/// How many bytes at the page's beginning are a byte-order mark.
pub(crate) fn check(beginning: &[u8]) -> Result<usize, Error> {
    match *beginning {
        [0xFE, 0xFF, ..] | [0xFF, 0xFE, ..] => Err(Error::NotUtf8 { encoding: "UTF-16" }),
        // Without a mark: every other byte of markup is zero.
        [0, a, 0, b, ..] | [a, 0, b, 0, ..] if a != 0 && b != 0 => Err(Error::NotUtf8 { encoding: "UTF-16" }),
        _ if beginning.starts_with(UTF_8_MARK) => Ok(UTF_8_MARK.len()),
        _ => Ok(0),
    }
}
