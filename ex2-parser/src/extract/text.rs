//! Text with whitespace collapsed, as a browser shows it: runs of whitespace become one space, with none at either end.

/// Collects the first `N` bytes of a text, with whitespace collapsed.
#[derive(Debug, Clone)]
pub(crate) struct CollapsedText<const N: usize> {
    bytes: [u8; N],
    length: usize,
    space: bool,
    overflow: bool,
}

impl<const N: usize> CollapsedText<N> {
    pub(crate) const fn new() -> Self {
        Self {
            bytes: [0; N],
            length: 0,
            space: false,
            overflow: false,
        }
    }

    pub(crate) fn clear(&mut self) {
        self.length = 0;
        self.space = false;
        self.overflow = false;
    }

    pub(crate) fn push(&mut self, text: &[u8]) {
        for &byte in text {
            if byte.is_ascii_whitespace() {
                self.space = self.length > 0;
                continue;
            }
            if self.length + usize::from(self.space) >= N {
                self.overflow = true;
                return;
            }
            if self.space {
                self.bytes[self.length] = b' ';
                self.length += 1;
                self.space = false;
            }
            self.bytes[self.length] = byte;
            self.length += 1;
        }
    }

    /// The whole text, or `None` where it is longer than `N`.
    pub(crate) fn whole(&self) -> Option<&[u8]> {
        (!self.overflow).then_some(&self.bytes[..self.length])
    }

    /// The text's beginning.
    pub(crate) fn beginning(&self) -> &[u8] {
        &self.bytes[..self.length]
    }
}

/// Whether text is only whitespace.
pub(crate) fn is_blank(text: &[u8]) -> bool {
    text.iter().all(u8::is_ascii_whitespace)
}

/// Whether a value with its whitespace collapsed equals that text.
pub(crate) fn collapses_to(value: &[u8], text: &[u8]) -> bool {
    if value == text {
        return true;
    }
    // Collapsing never lengthens a value, so a shorter one cannot be equal.
    value.len() >= text.len()
        && value
            .split(u8::is_ascii_whitespace)
            .filter(|word| !word.is_empty())
            .eq(text.split(|&byte| byte == b' '))
}

/// Whether a whitespace-separated list, such as the value of `class`, contains that word.
pub(crate) fn has_word(value: &[u8], word: &[u8]) -> bool {
    value.split(u8::is_ascii_whitespace).any(|one| one == word)
}

/// Parses a number of digits only; `None` for anything else, and if it does not fit.
pub(crate) fn digits(text: &[u8]) -> Option<u64> {
    if text.is_empty() {
        return None;
    }
    text.iter().try_fold(0_u64, |number, &digit| {
        digit
            .is_ascii_digit()
            .then(|| number.checked_mul(10)?.checked_add(u64::from(digit - b'0')))
            .flatten()
    })
}

/// Parses digits, with or without commas as thousands separators: `17,118`.
pub(crate) fn grouped_digits(text: &[u8]) -> Option<u64> {
    if !text.contains(&b',') {
        return digits(text);
    }
    let mut number = 0_u64;
    for (index, group) in text.split(|&byte| byte == b',').enumerate() {
        let fits = if index == 0 {
            (1..=3).contains(&group.len())
        } else {
            group.len() == 3
        };
        if !fits {
            return None;
        }
        number = number.checked_mul(1_000)?.checked_add(digits(group)?)?;
    }
    Some(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whitespace_collapses_across_pieces() {
        let mut text = CollapsedText::<15>::new();
        for piece in ["\n  To", "tal", " ", "\t\n", "downloads", "  "] {
            text.push(piece.as_bytes());
        }
        assert_eq!(text.whole(), Some(&b"Total downloads"[..]));
        text.push(b"!");
        assert_eq!((text.whole(), text.beginning()), (None, &b"Total downloads"[..]));
        text.clear();
        assert_eq!(text.whole(), Some(&b""[..]));
    }

    #[test]
    fn a_value_collapses_to_its_words() {
        assert!(collapses_to(b"a b", b"a b"));
        assert!(collapses_to(b" a \n b ", b"a b"));
        assert!(collapses_to(b"a\nb", b"a b"));
        assert!(!collapses_to(b"ab", b"a b"));
        assert!(!collapses_to(b"a b c", b"a b"));
    }

    #[test]
    fn numbers_are_read_whole_or_not_at_all() {
        assert_eq!(digits(b"18446744073709551615"), Some(u64::MAX));
        for text in [
            "",
            "18446744073709551616",
            "-1",
            "+1",
            " 1",
            "1_0",
            "14.4K",
            "0x10",
            "99999999999999999999999999",
        ] {
            assert_eq!(digits(text.as_bytes()), None, "{text}");
        }
        for (text, number) in [
            ("7", 7),
            ("17,118", 17_118),
            ("1,000,000", 1_000_000),
            ("17118", 17_118),
        ] {
            assert_eq!(grouped_digits(text.as_bytes()), Some(number), "{text}");
        }
        for text in [
            "",
            ",",
            "1,",
            ",118",
            "1,18",
            "1,1118",
            "1234,567",
            "1.2K",
            "18,446,744,073,709,551,616",
        ] {
            assert_eq!(grouped_digits(text.as_bytes()), None, "{text}");
        }
    }
}
