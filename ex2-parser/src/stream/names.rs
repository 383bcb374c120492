//! Names of open elements that are no [`Tag`](crate::tag::Tag): whether one is open is answered without looking at the
//! others.

use alloc::{collections::BTreeMap, vec::Vec};

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
    innermost: Vec<[u16; 2]>,
    free: Vec<u16>,
}

impl Names {
    /// The number of a name, the same as long as an element with it is open.
    pub(super) fn number(&mut self, name: &[u8]) -> u16 {
        if let Some(&number) = self.numbers.get(name) {
            return number;
        }
        if self.innermost.len() == MOST_NAMES && self.free.is_empty() {
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

    /// The innermost elements with the name of that number.
    #[inline]
    pub(super) fn of_number(&mut self, number: u16) -> &mut [u16; 2] {
        &mut self.innermost[usize::from(number)]
    }

    /// The innermost elements with that name.
    pub(super) fn innermost(&self, name: &[u8]) -> [u16; 2] {
        self.numbers
            .get(name)
            .map_or([0; 2], |&number| self.innermost[usize::from(number)])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_open_are_never_forgotten() {
        let mut names = Names::default();
        let open = names.number(b"open");
        names.of_number(open)[0] = 7;
        for number in 0..10 * MOST_NAMES {
            names.number(format!("x-{number}").as_bytes());
        }
        assert_eq!(names.number(b"open"), open);
        assert_eq!(names.innermost(b"open"), [7, 0]);
        assert_eq!(names.innermost(b"x-1"), [0, 0]);
        assert!(names.innermost.len() <= MOST_NAMES && names.numbers.len() <= MOST_NAMES);
    }
}
