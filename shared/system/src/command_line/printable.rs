//! Makes untrusted text safe to print on a terminal.

use std::fmt::Write;

/// Escapes control characters and characters that change the direction of text, as `\u{1b}`. What is left has one line.
/// Names, messages and paths may come from anyone.
pub fn printable(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for character in text.chars() {
        if character.is_control() || is_invisible(character) {
            let _ = write!(shown, "\\u{{{:x}}}", u32::from(character));
        } else {
            shown.push(character);
        }
    }
    shown
}

/// Whether a character is invisible: zero-width characters, line separators and marks that change the text's direction.
fn is_invisible(character: char) -> bool {
    matches!(
        character,
        '\u{ad}' | '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_are_escaped() {
        assert_eq!(printable("charts/flagger ü 你"), "charts/flagger ü 你");
        assert_eq!(
            printable("\u{1b}[2Ja\r\nb\0\u{9b}1m"),
            "\\u{1b}[2Ja\\u{d}\\u{a}b\\u{0}\\u{9b}1m"
        );
        assert_eq!(printable("a\u{202e}b\u{200b}"), "a\\u{202e}b\\u{200b}");
    }
}
