//! Names of open elements that are no [`Tag`](crate::tag::Tag): whether one is open is answered without looking at the
//! others.

use alloc::{collections::BTreeMap, vec::Vec};

use super::open_elements::Position;
use crate::work;

/// So many names are remembered, before those that are not open are forgotten: more than can be open at once.
const MOST_NAMES: usize = 1_024;

/// The innermost element with each name, in HTML and outside of it; 0 for none.
///
/// A name keeps its number for a while after its last element has closed, so that a page with the same few names again
/// and again takes memory for each of them once. A map in order, since nobody can choose names that are slow to find in
/// it.
#[derive(Debug, Clone, Default)]
pub(super) struct Names {
    numbers: BTreeMap<Vec<u8>, u16>,
    innermost: Vec<[Position; 2]>,
    free: Vec<u16>,
}

impl Names {
    /// An element with that name opens at that position: the name's number, the same as long as an element with it is
    /// open, and the next outer element with it.
    pub(super) fn open(&mut self, name: &[u8], is_foreign: bool, position: Position) -> (u16, Position) {
        let number = self.number(name);
        let innermost = &mut self.innermost[usize::from(number)][usize::from(is_foreign)];
        (number, core::mem::replace(innermost, position))
    }

    /// The innermost element with the name of that number closes.
    pub(super) fn close(&mut self, number: u16, is_foreign: bool, outer: Position) {
        self.innermost[usize::from(number)][usize::from(is_foreign)] = outer;
    }

    /// The innermost elements with that name.
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
        if self.innermost.len() == MOST_NAMES && self.free.is_empty() {
            work::count(MOST_NAMES);
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
    fn names_that_are_open_are_never_forgotten() {
        let mut names = Names::default();
        let (open, outer) = names.open(b"open", false, 7);
        assert_eq!(outer, 0);
        for number in 0..10 * MOST_NAMES {
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
        assert!(names.innermost.len() <= MOST_NAMES && names.numbers.len() <= MOST_NAMES);
    }
}
