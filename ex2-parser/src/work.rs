//! Counts the steps of reading a page, for the tests that hold the worst page to a few times the work of a flat one.
//!
//! Only the unit tests count. Anywhere else the calls are empty and cost nothing.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
std::thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// So many steps were taken. One step is a byte read, an element opened, closed or looked at, or an entry of a map
/// compared.
#[inline(always)]
pub(crate) fn count(steps: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + steps as u64);
    #[cfg(not(test))]
    let _ = steps;
}

/// A look into a map in order of so many entries.
#[inline(always)]
pub(crate) fn count_lookup(entries: usize) {
    count((entries + 1).ilog2() as usize + 1);
}

/// The steps that this took.
#[cfg(all(test, feature = "differential"))]
pub(crate) fn of<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = STEPS.get();
    let result = work();
    (result, STEPS.get() - before)
}

#[cfg(all(test, feature = "differential"))]
mod tests;
