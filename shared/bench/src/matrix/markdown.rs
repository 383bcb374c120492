//! Markdown that stays what it was meant to be, whatever the texts in it are.

use std::fmt::Write;

/// A text in a line of Markdown: what would be markup there is shown instead.
pub(crate) fn text(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '<' => escaped.push_str("&lt;"),
            '&' => escaped.push_str("&amp;"),
            '|' | '`' | '*' | '[' | ']' | '\\' => {
                escaped.push('\\');
                escaped.push(character);
            }
            _ => escaped.push(character),
        }
    }
    escaped
}

/// How a column is set.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// Words.
    Left,
    /// Figures.
    Right,
}

/// A table whose columns are as wide as they have to be, so that it can be read in a terminal too.
pub(crate) fn table(head: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, (name, _))| {
            let cases = rows.iter().map(|row| width(&row[column]));
            cases.chain([width(name), 3]).max().unwrap_or(3)
        })
        .collect();
    let line = |cases: &[String]| {
        let mut line = "|".to_owned();
        for ((case, width), (_, align)) in cases.iter().zip(&widths).zip(head) {
            let _ = match align {
                Align::Left => write!(line, " {case:<width$} |"),
                Align::Right => write!(line, " {case:>width$} |"),
            };
        }
        line + "\n"
    };
    let names: Vec<String> = head.iter().map(|(name, _)| (*name).to_owned()).collect();
    let rules: Vec<String> = head
        .iter()
        .zip(&widths)
        .map(|((_, align), width)| match align {
            Align::Left => "-".repeat(*width),
            Align::Right => "-".repeat(width - 1) + ":",
        })
        .collect();
    let body: String = rows.iter().map(|row| line(row)).collect();
    line(&names) + &line(&rules) + &body
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_shown_and_does_nothing() {
        assert_eq!(
            text("a|b <!-- end --> `c` [d](e)"),
            r"a\|b &lt;!-- end --> \`c\` \[d\](e)"
        );
        assert_eq!(text("puts, sync = true (µs)"), "puts, sync = true (µs)");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_case() {
        let rows = [
            vec!["a µ".to_owned(), "1".to_owned()],
            vec!["b".to_owned(), "1000".to_owned()],
        ];
        assert_eq!(
            table(&[("name", Align::Left), ("n", Align::Right)], &rows),
            "| name |    n |\n| ---- | ---: |\n| a µ  |    1 |\n| b    | 1000 |\n"
        );
    }
}
