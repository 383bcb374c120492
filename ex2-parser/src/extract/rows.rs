//! The rows of a list: its outermost `li`s.

use super::text::has_word;

/// The class that GitHub gives to each row of a box.
const ROW_CLASS: &[u8] = b"Box-row";

/// Counts the rows of a list, and notices one that has lost what makes it a row.
///
/// A menu or a topic can be an `li` too. What counts as a row without content is therefore an `li` beside others that
/// are rows, in the same parent, or one with a row's class.
#[derive(Debug, Clone, Default)]
pub(super) struct Rows {
    open: Option<Row>,
    siblings: Option<Siblings>,
    has_empty: bool,
    has_empty_box: bool,
}

#[derive(Debug, Clone, Copy)]
struct Row {
    depth: u32,
    is_box: bool,
}

/// The `li`s of one parent.
#[derive(Debug, Clone, Copy)]
struct Siblings {
    parent: u32,
    rows: bool,
    empty: bool,
}

impl Rows {
    /// An `li` opens at that depth. `true` if it is a row of the list: none that stands in another one.
    pub(super) fn open(&mut self, depth: u32, class: Option<&[u8]>) -> bool {
        if self.open.is_some() {
            return false;
        }
        self.open = Some(Row {
            depth,
            is_box: class.is_some_and(|class| has_word(class, ROW_CLASS)),
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

    /// Whether the row that is open has a row's class.
    pub(super) fn is_box(&self) -> bool {
        self.open.is_some_and(|row| row.is_box)
    }

    /// Whether the element that closes at that depth is the open row.
    pub(super) fn closes(&self, depth: u32) -> bool {
        self.open.is_some_and(|row| row.depth == depth)
    }

    /// The open row closes, with what makes it a row or without.
    pub(super) fn close(&mut self, has_content: bool) {
        let Some(row) = self.open.take() else { return };
        self.has_empty_box |= row.is_box && !has_content;
        if let Some(siblings) = &mut self.siblings {
            siblings.rows |= has_content;
            siblings.empty |= !has_content;
        }
    }

    /// An element that is no row closes at that depth.
    pub(super) fn close_other(&mut self, depth: u32) {
        if let Some(siblings) = self.siblings.take_if(|siblings| siblings.parent == depth) {
            self.has_empty |= siblings.rows && siblings.empty;
        }
    }

    /// Whether one of the rows beside others had nothing of a row.
    pub(super) fn has_empty(&self) -> bool {
        self.has_empty || self.siblings.is_some_and(|siblings| siblings.rows && siblings.empty)
    }

    /// Whether an `li` with a row's class had nothing of a row.
    pub(super) fn has_empty_box(&self) -> bool {
        self.has_empty_box
    }
}
