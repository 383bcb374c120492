//! A bench that was measured several times in one run, some minutes apart.
//!
//! What else a machine does comes and goes in minutes, a virtual machine's neighbours included, and a bench measures
//! its cases one after the other. So two cases that stand side by side in a table may have met two different machines.
//! All of that only ever makes a figure longer: the round in which it is shortest is the nearest to what it costs.

use std::collections::btree_map::Entry;

use crate::matrix::record::{Bench, Estimates};

/// The rounds of one bench as one: each estimate is that of the round with the shortest median, and has the medians of
/// all of them beside it. Cases are the first round's, which measures all of them.
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

/// How much longer the longest round took than the shortest, as a part of that: 0.5 for half as long again. `None`
/// where there was one round only.
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

    /// A round in which the function took so many nanoseconds.
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
    fn one_round_stays_as_it_is() {
        assert_eq!(quietest(round(20.0), Vec::new()), round(20.0));
        assert_eq!(spread(&fixture::estimates(20.0)), None);
    }

    #[test]
    fn what_the_first_round_alone_measured_is_kept() {
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
    fn rates_of_all_rounds_stand_side_by_side() {
        let [mut first, mut second] = [20.0, 20.0].map(round);
        first.rates.insert("native/8".to_owned(), vec![1.0, 2.0]);
        second.rates.insert("native/8".to_owned(), vec![3.0]);
        assert_eq!(quietest(first, vec![second]).rates["native/8"], [1.0, 2.0, 3.0]);
    }
}
