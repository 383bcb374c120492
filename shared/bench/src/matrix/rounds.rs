//! The rounds of a bench: one run measures it several times, some minutes apart.
//!
//! A bench measures its cases one after the other, and other load on the machine changes within minutes, also from
//! other virtual machines on the same hardware. So two neighbours in a table can be measured under different load. Load
//! only makes a figure longer, so that the shortest of its rounds is the best estimate.

use std::collections::btree_map::Entry;

use crate::matrix::record::{Bench, Estimates};

/// Merges the rounds of a bench. Each estimate is that of the round with the least median, with the medians of all
/// rounds. The cases are those of the first round, which measures all cases.
pub fn quietest(first: Bench, later: Vec<Bench>) -> Bench {
    let mut bench = first;
    if later.is_empty() {
        return bench;
    }
    for estimates in bench.estimates.values_mut() {
        estimates.rounds = vec![estimates.median.estimate];
    }
    for (number, round) in (2..).zip(later) {
        bench.seconds += round.seconds;
        if let Some(failed) = round.failed {
            bench.failed.get_or_insert(format!("in round {number}, {failed}"));
        }
        for (name, rates) in round.rates {
            bench.rates.entry(name).or_default().extend(rates);
        }
        for (name, estimates) in round.estimates {
            match bench.estimates.entry(name) {
                Entry::Vacant(place) => _ = place.insert(estimates),
                Entry::Occupied(mut place) => add(place.get_mut(), estimates),
            }
        }
    }
    bench
}

fn add(shown: &mut Estimates, mut round: Estimates) {
    let mut rounds = std::mem::take(&mut shown.rounds);
    rounds.push(round.median.estimate);
    if round.median.estimate < shown.median.estimate {
        std::mem::swap(shown, &mut round);
    }
    shown.rounds = rounds;
}

/// The relative difference of the longest and the shortest round: 0.5 if the longest took 50 % more. `None` for a
/// single round.
pub fn spread(estimates: &Estimates) -> Option<f64> {
    let (least, most) = (estimates.rounds.iter().copied()).fold((f64::INFINITY, 0.0_f64), |(least, most), median| {
        (least.min(median), most.max(median))
    });
    (estimates.rounds.len() > 1).then(|| most / least - 1.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::fixture;

    /// A round in which the function took this number of nanoseconds.
    fn round(nanoseconds: f64) -> Bench {
        let mut bench = fixture::record().benches.remove(0);
        bench.estimates = [("work".to_owned(), fixture::estimates(nanoseconds))].into();
        bench.seconds = 10.0;
        bench
    }

    #[test]
    fn each_figure_is_that_of_its_quietest_round() {
        for order in [[30.0, 20.0, 40.0], [20.0, 30.0, 40.0], [40.0, 30.0, 20.0]] {
            let [first, second, third] = order.map(round);
            let bench = quietest(first, vec![second, third]);
            let estimates = &bench.estimates["work"];
            let expected = Estimates {
                rounds: order.to_vec(),
                ..fixture::estimates(20.0)
            };
            assert_eq!(estimates, &expected);
            assert_eq!(bench.seconds, 30.0);
            assert_eq!(spread(estimates), Some(1.0));
        }
    }

    #[test]
    fn a_single_round_is_unchanged() {
        assert_eq!(quietest(round(20.0), Vec::new()), round(20.0));
        assert_eq!(spread(&fixture::estimates(20.0)), None);
    }

    #[test]
    fn figures_of_the_first_round_alone_are_kept() {
        let mut first = round(20.0);
        first.estimates.insert("setup".to_owned(), fixture::estimates(9e9));
        let bench = quietest(first, vec![round(30.0)]);
        assert_eq!(bench.estimates["setup"].median, fixture::estimates(9e9).median);
        assert_eq!(bench.estimates["setup"].rounds, [9e9]);
    }

    #[test]
    fn a_round_that_fails_fails_the_bench() {
        let mut second = round(20.0);
        second.failed = Some("it ended with 101".to_owned());
        let bench = quietest(round(20.0), vec![second]);
        assert_eq!(bench.failed.as_deref(), Some("in round 2, it ended with 101"));
    }

    #[test]
    fn rates_of_all_rounds_are_joined() {
        let [mut first, mut second] = [20.0, 20.0].map(round);
        first.rates.insert("native/8".to_owned(), vec![1.0, 2.0]);
        second.rates.insert("native/8".to_owned(), vec![3.0]);
        assert_eq!(quietest(first, vec![second]).rates["native/8"], [1.0, 2.0, 3.0]);
    }
}
