//! Markdown tables, and escaping.

use std::fmt::Write;

/// A text for a line of Markdown, with its markup escaped.
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

/// The alignment of a column.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Align {
    /// For texts.
    Left,
    /// For figures.
    Right,
}

/// A table with padded columns, so that it can also be read in a terminal.
pub(crate) fn table(head: &[(&str, Align)], rows: &[Vec<String>]) -> String {
    let width = |text: &str| text.chars().count();
    let widths: Vec<usize> = head
        .iter()
        .enumerate()
        .map(|(column, (name, _))| {
            let cells = rows.iter().map(|row| width(&row[column]));
            cells.chain([width(name), 3]).max().unwrap_or(3)
        })
        .collect();
    let line = |cells: &[String]| {
        let mut line = "|".to_owned();
        for ((cell, width), (_, align)) in cells.iter().zip(&widths).zip(head) {
            let _ = match align {
                Align::Left => write!(line, " {cell:<width$} |"),
                Align::Right => write!(line, " {cell:>width$} |"),
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
    fn markup_is_escaped() {
        assert_eq!(
            text("a|b <!-- end --> `c` [d](e)"),
            r"a\|b &lt;!-- end --> \`c\` \[d\](e)"
        );
        assert_eq!(text("puts, sync = true (µs)"), "puts, sync = true (µs)");
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell() {
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
