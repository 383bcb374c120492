//! The round of a run in which a bench measures: a run repeats the benches several times.

use std::env;

/// The environment variable with the round's number, from 1. If it is not set, the run has one round.
pub const ROUND: &str = "BENCH_ROUND";

/// Whether this is a run's first round. Cases that take minutes are measured only in this one.
pub fn is_first_round() -> bool {
    is_first(env::var(ROUND).ok().as_deref())
}

fn is_first(round: Option<&str>) -> bool {
    round.is_none_or(|round| round == "1")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_number_it_is_the_first() {
        assert!(is_first(None) && is_first(Some("1")));
        assert!(!is_first(Some("2")) && !is_first(Some("10")));
    }
}
