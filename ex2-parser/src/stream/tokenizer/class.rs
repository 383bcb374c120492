//! The character classes of bytes in tags.

/// Ends the name of an element.
pub(super) const NAME_END: u8 = 1;
pub(super) const ATTRIBUTE_NAME_END: u8 = 2;
pub(super) const SPACE: u8 = 4;
/// NUL and bytes outside of ASCII: a name with one is not supported.
pub(super) const UNUSUAL: u8 = 8;

pub(super) static CLASS: [u8; 256] = {
    let mut class = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        class[byte] = match byte as u8 {
            b' ' | b'\t' | b'\n' | b'\r' | 0x0C => NAME_END | ATTRIBUTE_NAME_END | SPACE,
            b'/' | b'>' => NAME_END | ATTRIBUTE_NAME_END,
            b'=' => ATTRIBUTE_NAME_END,
            0 | 0x80.. => UNUSUAL,
            _ => 0,
        };
        byte += 1;
    }
    class
};
