//! Counts the steps of reading a page. Tests use it to check that the worst page costs at most a few times as many
//! steps as a flat page of the same size.
//!
//! Only the unit tests count. Anywhere else the calls are empty and cost nothing.

#[cfg(test)]
use std::cell::Cell;

#[cfg(test)]
std::thread_local! {
    static STEPS: Cell<u64> = const { Cell::new(0) };
}

/// Adds steps to the count. One step is a byte read, an element opened, closed or examined, or an entry of a map
/// compared.
#[inline(always)]
pub(crate) fn count(steps: usize) {
    #[cfg(test)]
    STEPS.set(STEPS.get() + steps as u64);
    #[cfg(not(test))]
    let _ = steps;
}

/// Adds the steps of one lookup in an ordered map with this number of entries.
#[inline(always)]
pub(crate) fn count_lookup(entries: usize) {
    count((entries + 1).ilog2() as usize + 1);
}

/// Runs `work`, and returns its result and the steps that it took.
#[cfg(all(test, feature = "differential"))]
pub(crate) fn measure<T>(work: impl FnOnce() -> T) -> (T, u64) {
    let before = STEPS.get();
    let result = work();
    (result, STEPS.get() - before)
}

#[cfg(all(test, feature = "differential"))]
mod tests;
