//! The rows of a list: its outermost `li`s.

use super::text::has_word;

/// The class of each row in GitHub's box component.
const ROW_CLASS: &[u8] = b"Box-row";

/// Tracks the rows of a list, and detects an `li` that should be a row and has no content of a row.
///
/// A menu item or a topic can be an `li` too. So an `li` counts as an empty row only if it has siblings that are rows,
/// or the class of a row.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    open: Option<Row>,
    siblings: Option<Siblings>,
    has_empty: bool,
    has_empty_with_class: bool,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    depth: u32,
    has_row_class: bool,
}

/// The `li`s of one parent.
#[derive(Debug, Clone, Copy)]
struct Siblings {
    parent: u32,
    rows: bool,
    empty: bool,
}

impl Rows {
    /// An `li` opens at that depth. Returns `true` if it may be a row: it does not stand in another `li`.
    pub(super) fn open(&mut self, depth: u32, class: Option<&[u8]>) -> bool {
        if self.open.is_some() {
            return false;
        }
        self.open = Some(Row {
            depth,
            has_row_class: class.is_some_and(|class| has_word(class, ROW_CLASS)),
        });
        self.siblings.get_or_insert(Siblings {
            parent: depth - 1,
            rows: false,
            empty: false,
        });
        true
    }

    /// Whether a row is open.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some()
    }

    /// Whether the open row has the class of a row.
    pub(super) fn has_row_class(&self) -> bool {
        self.open.is_some_and(|row| row.has_row_class)
    }

    /// Whether the element that closes at that depth is the open row.
    pub(super) fn closes(&self, depth: u32) -> bool {
        self.open.is_some_and(|row| row.depth == depth)
    }

    /// The open row closes. `has_content`: it has the content of a row, such as a link to a package.
    pub(super) fn close(&mut self, has_content: bool) {
        let Some(row) = self.open.take() else { return };
        self.has_empty_with_class |= row.has_row_class && !has_content;
        if let Some(siblings) = &mut self.siblings {
            siblings.rows |= has_content;
            siblings.empty |= !has_content;
        }
    }

    /// An element that is not a row closes at that depth.
    pub(super) fn close_other(&mut self, depth: u32) {
        if let Some(siblings) = self.siblings.take_if(|siblings| siblings.parent == depth) {
            self.has_empty |= siblings.rows && siblings.empty;
        }
    }

    /// Whether an `li` with rows as siblings had no content of a row.
    pub(super) fn has_empty(&self) -> bool {
        self.has_empty || self.siblings.is_some_and(|siblings| siblings.rows && siblings.empty)
    }

    /// Whether an `li` with the class of a row had no content of a row.
    pub(super) fn has_empty_with_class(&self) -> bool {
        self.has_empty_with_class
    }
}
