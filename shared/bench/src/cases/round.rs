//! A run of the benches has several rounds, and a bench may want to know which it is in.

use std::env;

/// The environment variable with the round's number, from 1. Where it is not set there is one round only.
pub const ROUND: &str = "BENCH_ROUND";

/// Whether this is a run's first round: what takes minutes to measure is measured in that one alone.
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
