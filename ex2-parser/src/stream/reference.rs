//! Character references: `&amp;`, `&#32;`, `&lt` without its semicolon.
//!
//! All text and names that this project looks for are ASCII, so only references to ASCII characters are replaced. The
//! 2,200 names of other characters stay unchanged: neither the `&` in such a reference nor the character itself can be
//! part of a match.

use crate::work;

/// Enough for the longest name, `CounterClockwiseContourIntegral`, of 31 letters.
const MAX_NAME_BYTES: usize = 32;

/// The names of ASCII characters. All end with a semicolon. Sorted, for binary search.
const NAMES: [(&[u8], &[u8]); 47] = [
    (b"AMP", b"&"),
    (b"DiacriticalGrave", b"`"),
    (b"GT", b">"),
    (b"Hat", b"^"),
    (b"LT", b"<"),
    (b"NewLine", b"\n"),
    (b"QUOT", b"\""),
    (b"Tab", b"\t"),
    (b"UnderBar", b"_"),
    (b"VerticalLine", b"|"),
    (b"amp", b"&"),
    (b"apos", b"'"),
    (b"ast", b"*"),
    (b"bsol", b"\\"),
    (b"colon", b":"),
    (b"comma", b","),
    (b"commat", b"@"),
    (b"dollar", b"$"),
    (b"equals", b"="),
    (b"excl", b"!"),
    (b"fjlig", b"fj"),
    (b"grave", b"`"),
    (b"gt", b">"),
    (b"lbrace", b"{"),
    (b"lbrack", b"["),
    (b"lcub", b"{"),
    (b"lowbar", b"_"),
    (b"lpar", b"("),
    (b"lsqb", b"["),
    (b"lt", b"<"),
    (b"midast", b"*"),
    // Not ASCII, but so common that a test checks that it is not treated as whitespace.
    (b"nbsp", "\u{a0}".as_bytes()),
    (b"num", b"#"),
    (b"percnt", b"%"),
    (b"period", b"."),
    (b"plus", b"+"),
    (b"quest", b"?"),
    (b"quot", b"\""),
    (b"rbrace", b"}"),
    (b"rbrack", b"]"),
    (b"rcub", b"}"),
    (b"rpar", b")"),
    (b"rsqb", b"]"),
    (b"semi", b";"),
    (b"sol", b"/"),
    (b"verbar", b"|"),
    (b"vert", b"|"),
];

/// The names that are also valid without a semicolon, for compatibility with old pages.
const WITHOUT_SEMICOLON: [(&[u8], &[u8]); 8] = [
    (b"AMP", b"&"),
    (b"GT", b">"),
    (b"LT", b"<"),
    (b"QUOT", b"\""),
    (b"amp", b"&"),
    (b"gt", b">"),
    (b"lt", b"<"),
    (b"quot", b"\""),
];

/// The names of other characters that begin with a name of [`WITHOUT_SEMICOLON`]. With a semicolon, the longer name
/// wins. Sorted, for binary search.
const LONGER_NAMES: [&[u8]; 23] = [
    b"gtcc",
    b"gtcir",
    b"gtdot",
    b"gtlPar",
    b"gtquest",
    b"gtrapprox",
    b"gtrarr",
    b"gtrdot",
    b"gtreqless",
    b"gtreqqless",
    b"gtrless",
    b"gtrsim",
    b"ltcc",
    b"ltcir",
    b"ltdot",
    b"lthree",
    b"ltimes",
    b"ltlarr",
    b"ltquest",
    b"ltrPar",
    b"ltri",
    b"ltrie",
    b"ltrif",
];

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Ampersand,
    Named,
    Number,
    HexadecimalStart,
    Decimal,
    Hexadecimal,
}

/// The result of feeding one byte to a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// The byte is part of the reference, which may continue.
    Consumed,
    /// The byte is the last one of the reference.
    ConsumedAndEnded,
    /// The reference ended before the byte.
    Ended,
}

/// The state of reading a reference, after its `&`.
#[derive(Debug, Clone)]
pub(super) struct Reference {
    kind: Kind,
    in_attribute: bool,
    code: u32,
    /// The bytes so far, with the `&`. After the reference's end, its replacement.
    text: [u8; MAX_NAME_BYTES + 4],
    length: usize,
}

impl Reference {
    pub(super) fn new(in_attribute: bool) -> Self {
        let mut text = [0; MAX_NAME_BYTES + 4];
        text[0] = b'&';
        Self {
            kind: Kind::Ampersand,
            in_attribute,
            code: 0,
            text,
            length: 1,
        }
    }

    /// The replacement, after the reference's end.
    pub(super) fn text(&self) -> &[u8] {
        &self.text[..self.length]
    }

    pub(super) fn push(&mut self, byte: u8) -> Step {
        work::count(1);
        match self.kind {
            Kind::Ampersand if byte == b'#' => self.take(byte, Kind::Number),
            Kind::Ampersand if byte.is_ascii_alphanumeric() => self.take(byte, Kind::Named),
            Kind::Named if byte.is_ascii_alphanumeric() && self.length <= MAX_NAME_BYTES => {
                self.take(byte, Kind::Named)
            }
            Kind::Named => self.end_name(Some(byte)),
            Kind::Number if matches!(byte, b'x' | b'X') => self.take(byte, Kind::HexadecimalStart),
            Kind::Number | Kind::Decimal if byte.is_ascii_digit() => self.digit(byte, 10, Kind::Decimal),
            Kind::HexadecimalStart | Kind::Hexadecimal if byte.is_ascii_hexdigit() => {
                self.digit(byte, 16, Kind::Hexadecimal)
            }
            Kind::Decimal | Kind::Hexadecimal => {
                self.end_number();
                if byte == b';' {
                    Step::ConsumedAndEnded
                } else {
                    Step::Ended
                }
            }
            Kind::Ampersand | Kind::Number | Kind::HexadecimalStart => Step::Ended,
        }
    }

    /// Ends the reference at the end of the text around it.
    pub(super) fn finish(&mut self) {
        match self.kind {
            Kind::Named => {
                self.end_name(None);
            }
            Kind::Decimal | Kind::Hexadecimal => self.end_number(),
            Kind::Ampersand | Kind::Number | Kind::HexadecimalStart => {}
        }
    }

    fn take(&mut self, byte: u8, kind: Kind) -> Step {
        self.text[self.length] = byte;
        self.length += 1;
        self.kind = kind;
        Step::Consumed
    }

    fn digit(&mut self, byte: u8, radix: u32, kind: Kind) -> Step {
        self.kind = kind;
        let digit = char::from(byte).to_digit(radix).unwrap_or(0);
        // All numbers above U+10FFFF mean the same, so the number is capped and cannot overflow.
        self.code = (self.code * radix + digit).min(0x11_0000);
        Step::Consumed
    }

    fn end_number(&mut self) {
        let character = match self.code {
            0 => '\u{FFFD}',
            // These stand for characters of Windows-1252. None is ASCII, so any other character outside of ASCII will do.
            0x80..=0x9F => '\u{FFFD}',
            code => char::from_u32(code).unwrap_or('\u{FFFD}'),
        };
        self.length = character.encode_utf8(&mut self.text).len();
    }

    fn end_name(&mut self, next: Option<u8>) -> Step {
        let name = &self.text[1..self.length];
        work::count_lookup(NAMES.len() + LONGER_NAMES.len());
        if next == Some(b';')
            && let Ok(index) = NAMES.binary_search_by_key(&name, |(known, _)| known)
        {
            let (_, value) = NAMES[index];
            self.text[..value.len()].copy_from_slice(value);
            self.length = value.len();
            return Step::ConsumedAndEnded;
        }
        if next == Some(b';') && LONGER_NAMES.binary_search(&name).is_ok() {
            return Step::Ended;
        }
        if let Some((known, value)) = WITHOUT_SEMICOLON.iter().find(|(known, _)| name.starts_with(known)) {
            // In a URL such as `?a=1&lt=2`, `lt` is the name of a parameter.
            let is_parameter = self.in_attribute && (name.len() > known.len() || next == Some(b'='));
            if !is_parameter {
                self.text[0] = value[0];
                self.text.copy_within(1 + known.len()..self.length, 1);
                self.length -= known.len();
            }
        }
        Step::Ended
    }
}

/// Replaces the references in the whole value of an attribute.
pub(super) fn decode_value(value: &[u8], mut emit: impl FnMut(&[u8])) {
    let mut rest = value;
    while let Some(at) = memchr::memchr(b'&', rest) {
        emit(&rest[..at]);
        rest = &rest[at + 1..];
        let mut reference = Reference::new(true);
        loop {
            let Some((&byte, tail)) = rest.split_first() else {
                reference.finish();
                break;
            };
            match reference.push(byte) {
                Step::Consumed => rest = tail,
                Step::ConsumedAndEnded => {
                    rest = tail;
                    break;
                }
                Step::Ended => break,
            }
        }
        emit(reference.text());
    }
    emit(rest);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> String {
        let mut decoded = Vec::new();
        decode_value(text.as_bytes(), |part| decoded.extend_from_slice(part));
        String::from_utf8(decoded).unwrap()
    }

    #[test]
    fn references_in_values() {
        for (written, read) in [
            ("a&amp;b", "a&b"),
            ("&#32;&#x20;&#X41;&#65", "  AA"),
            ("&#0000000000000000000000000000000000000000000065;", "A"),
            ("&#99999999999999999999;&#xD800;&#0;", "\u{FFFD}\u{FFFD}\u{FFFD}"),
            ("&", "&"),
            ("&;&#;&#x;&#xg;&!", "&;&#;&#x;&#xg;&!"),
            ("?a=1&lt=2&ltx&lt;&lt", "?a=1&lt=2&ltx<<"),
            ("&amp;amp;", "&amp;"),
            ("&Tab;&NewLine;&fjlig;", "\t\nfj"),
            ("&nbsp;", "\u{a0}"),
            ("&gtcc;&ltimes;&ltrif;", "&gtcc;&ltimes;&ltrif;"),
            ("&gtccx;", "&gtccx;"),
            ("&eacute;", "&eacute;"),
            ("&CounterClockwiseContourIntegral;", "&CounterClockwiseContourIntegral;"),
            (
                "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;",
                "&aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa;",
            ),
        ] {
            assert_eq!(value(written), read, "{written}");
        }
    }

    #[test]
    fn names_are_sorted() {
        assert!(NAMES.is_sorted() && LONGER_NAMES.is_sorted());
    }

    #[test]
    fn in_text_the_semicolon_is_optional() {
        let mut reference = Reference::new(false);
        for byte in *b"ltx" {
            assert_eq!(reference.push(byte), Step::Consumed);
        }
        assert_eq!(reference.push(b' '), Step::Ended);
        assert_eq!(reference.text(), b"<x");
        let text = |bytes: &[u8], end| {
            let mut reference = Reference::new(false);
            for &byte in bytes {
                assert_eq!(reference.push(byte), Step::Consumed);
            }
            assert_eq!(reference.push(end), Step::Ended);
            reference.text().to_vec()
        };
        // A longer name needs its semicolon, and no name is longer by the semicolon alone.
        assert_eq!(text(b"ltx", b';'), b"<x");
        assert_eq!(text(b"ltcc", b' '), b"<cc");
        assert_eq!(text(b"ltcc", b';'), b"&ltcc");
    }
}
