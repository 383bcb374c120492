//! Names of open elements that are not a [`Tag`](crate::tag::Tag). "Is an element of that name open?" is one lookup.

use alloc::{collections::BTreeMap, vec::Vec};

use crate::work;

/// An element's index in the stack, counted from 1; 0 for none. The greater of two belongs to the inner element.
pub(super) type Position = u16;

/// The most names in the map. When it is full, the names of closed elements are removed. The limit is larger than the
/// largest number of open elements.
const MAX_NAMES: usize = 1_024;

/// The innermost element with each name, in HTML and in foreign content; 0 for none.
///
/// A name keeps its number after its last element has closed, so that a page that repeats a few names allocates each of
/// them once. The map is a B-tree: unlike with a hash map, a page cannot choose names that are slow to look up.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    numbers: BTreeMap<Vec<u8>, u16>,
    innermost: Vec<[Position; 2]>,
    free: Vec<u16>,
}

impl Names {
    /// Enters an element that opens at that position. Returns the name's number, which stays valid while an element
    /// with the name is open, and the position of the next outer element with the name.
    pub(super) fn open(&mut self, name: &[u8], is_foreign: bool, position: Position) -> (u16, Position) {
        let number = self.number(name);
        let innermost = &mut self.innermost[usize::from(number)][usize::from(is_foreign)];
        (number, core::mem::replace(innermost, position))
    }

    /// Removes the innermost element with the name of that number. `outer` is the value that [`open`](Self::open)
    /// returned.
    pub(super) fn close(&mut self, number: u16, is_foreign: bool, outer: Position) {
        self.innermost[usize::from(number)][usize::from(is_foreign)] = outer;
    }

    /// The innermost elements with that name: in HTML, and in foreign content.
    pub(super) fn innermost(&self, name: &[u8]) -> [Position; 2] {
        work::count_lookup(self.numbers.len());
        self.numbers
            .get(name)
            .map_or([0; 2], |&number| self.innermost[usize::from(number)])
    }

    fn number(&mut self, name: &[u8]) -> u16 {
        work::count_lookup(self.numbers.len());
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        if self.innermost.len() == MAX_NAMES && self.free.is_empty() {
            work::count(MAX_NAMES);
            let (innermost, free) = (&self.innermost, &mut self.free);
            self.numbers.retain(|_, number| {
                let is_open = innermost[usize::from(*number)] != [0; 2];
                if !is_open {
                    free.push(*number);
                }
                is_open
            });
        }
        let number = self.free.pop().unwrap_or_else(|| {
            self.innermost.push([0; 2]);
            (self.innermost.len() - 1) as u16
        });
        self.numbers.insert(name.to_vec(), number);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_open_elements_are_never_removed() {
        let mut names = Names::default();
        let (open, outer) = names.open(b"open", false, 7);
        assert_eq!(outer, 0);
        for number in 0..10 * MAX_NAMES {
            let (number, outer) = names.open(format!("x-{number}").as_bytes(), false, 8);
            names.close(number, false, outer);
        }
        assert_eq!(names.open(b"open", true, 9), (open, 0));
        assert_eq!(names.innermost(b"open"), [7, 9]);
        assert_eq!(names.open(b"open", true, 10), (open, 9));
        names.close(open, true, 9);
        names.close(open, true, 0);
        assert_eq!(names.innermost(b"open"), [7, 0]);
        assert_eq!(names.innermost(b"x-1"), [0, 0]);
        assert!(names.innermost.len() <= MAX_NAMES && names.numbers.len() <= MAX_NAMES);
    }
}
