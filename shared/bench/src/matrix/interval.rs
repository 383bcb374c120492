//! An estimate with its confidence interval, and the ratio of two of them.

use serde::{Deserialize, Serialize};

/// An estimate and the confidence interval of the true value, in the same unit.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Interval {
    /// The estimate.
    pub estimate: f64,
    /// The interval's lower limit.
    pub lower: f64,
    /// The interval's upper limit.
    pub upper: f64,
}

impl Interval {
    /// Whether all three numbers are finite, positive and in order. A time is, and [`Self::ratio`] requires it.
    pub fn is_sound(&self) -> bool {
        self.lower > 0.0 && self.lower <= self.estimate && self.estimate <= self.upper && self.upper.is_finite()
    }

    /// Half of the interval's width, divided by the estimate.
    pub fn relative_half_width(&self) -> f64 {
        (self.upper - self.lower) / 2.0 / self.estimate
    }

    /// `self / other` of two independent estimates; `None` if `other` is so uncertain that the ratio has no upper
    /// limit.
    ///
    /// The limits are those of MOVER-R, the method of variance estimates recovery for a ratio. It only needs the two
    /// estimates θ₁ and θ₂ with their limits l and u. The limits need not be symmetric, and Criterion's are not:
    ///
    /// ```text
    /// L = (θ₁θ₂ − √((θ₁θ₂)² − l₁(2θ₁ − l₁) · u₂(2θ₂ − u₂))) / (u₂(2θ₂ − u₂))
    /// U = (θ₁θ₂ + √((θ₁θ₂)² − u₁(2θ₁ − u₁) · l₂(2θ₂ − l₂))) / (l₂(2θ₂ − l₂))
    /// ```
    ///
    /// With symmetric limits this is Fieller's interval. Source: R. G. Newcombe,
    /// "MOVER-R confidence intervals for ratios and products of two independently estimated quantities", Statistical
    /// Methods in Medical Research 25 (2016), 1774–1778, after A. Donner and G. Y. Zou, the same journal 21 (2012),
    /// 347–359.
    ///
    /// A disturbance of the whole run is in neither interval; see [`crate::matrix::RUN_TO_RUN`].
    pub fn ratio(&self, other: &Self) -> Option<Self> {
        let recovered = |estimate: f64, limit: f64| limit * (2.0 * estimate - limit);
        let product = self.estimate * other.estimate;
        // The difference of two equal numbers can be negative because of rounding.
        let root = |own: f64, others: f64| (product * product - own * others).max(0.0).sqrt();

        let others_upper = recovered(other.estimate, other.upper);
        let others_lower = recovered(other.estimate, other.lower);
        if others_upper <= 0.0 || others_lower <= 0.0 {
            return None;
        }
        let lower = (product - root(recovered(self.estimate, self.lower), others_upper)) / others_upper;
        let upper = (product + root(recovered(self.estimate, self.upper), others_lower)) / others_lower;
        Some(Self {
            estimate: self.estimate / other.estimate,
            lower,
            upper,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn interval(estimate: f64, lower: f64, upper: f64) -> Interval {
        Interval { estimate, lower, upper }
    }

    fn assert_close(left: f64, right: f64) {
        assert!((left - right).abs() <= 1e-9 * right.abs(), "{left} is not {right}");
    }

    #[test]
    fn symmetric_intervals_give_fiellers() {
        // Fieller with both variances known, by hand: with a = 10 ± 1 and b = 5 ± 0.5,
        // (a·b ± √((a·b)² − (a² − 1)(b² − 0.25))) / (b² − 0.25), that is (50 ± √49.75) / 24.75.
        let ratio = interval(10.0, 9.0, 11.0).ratio(&interval(5.0, 4.5, 5.5)).unwrap();
        assert_close(ratio.estimate, 2.0);
        assert_close(ratio.lower, (50.0 - 49.75_f64.sqrt()) / 24.75);
        assert_close(ratio.upper, (50.0 + 49.75_f64.sqrt()) / 24.75);
    }

    #[test]
    fn an_exact_denominator_only_scales() {
        let ratio = interval(10.0, 8.0, 13.0).ratio(&interval(2.0, 2.0, 2.0)).unwrap();
        assert_close(ratio.lower, 4.0);
        assert_close(ratio.upper, 6.5);
    }

    #[test]
    fn an_exact_numerator_inverts_the_interval() {
        let ratio = interval(1.0, 1.0, 1.0).ratio(&interval(2.0, 1.0, 3.0)).unwrap();
        // (2 − √(4 − 3)) / 3 and (2 + √(4 − 3)) / 3
        assert_close(ratio.lower, 1.0 / 3.0);
        assert_close(ratio.upper, 1.0);
    }

    #[test]
    fn asymmetric_intervals_stay_asymmetric() {
        let ratio = interval(10.0, 9.9, 15.0).ratio(&interval(5.0, 4.9, 5.1)).unwrap();
        assert!(ratio.upper - ratio.estimate > 5.0 * (ratio.estimate - ratio.lower));
    }

    #[test]
    fn a_ratio_without_an_upper_limit_is_none() {
        assert_eq!(interval(1.0, 0.9, 1.1).ratio(&interval(1.0, 0.1, 2.0)), None);
        assert_eq!(interval(1.0, 0.9, 1.1).ratio(&interval(1.0, 0.1, 9.0)), None);
    }

    #[test]
    fn only_ordered_positive_finite_numbers_are_sound() {
        assert!(interval(2.0, 1.0, 3.0).is_sound());
        assert!(interval(2.0, 2.0, 2.0).is_sound());
        for (estimate, lower, upper) in [
            (2.0, 3.0, 1.0),
            (4.0, 1.0, 3.0),
            (0.0, 0.0, 0.0),
            (1.0, -1.0, 2.0),
            (f64::NAN, 1.0, 2.0),
            (2.0, f64::NAN, 3.0),
            (2.0, 1.0, f64::INFINITY),
        ] {
            assert!(
                !interval(estimate, lower, upper).is_sound(),
                "{estimate} {lower} {upper}"
            );
        }
    }

    proptest! {
        #[test]
        fn a_ratio_is_in_its_interval_and_can_be_inverted(
            (first, second) in ((1e-3..1e12_f64, 0.0..0.4_f64, 0.0..0.9_f64), (1e-3..1e12_f64, 0.0..0.4_f64, 0.0..0.9_f64))
        ) {
            let made = |(estimate, below, above): (f64, f64, f64)| {
                interval(estimate, estimate * (1.0 - below), estimate * (1.0 + above))
            };
            let (first, second) = (made(first), made(second));
            let ratio = first.ratio(&second).unwrap();
            prop_assert!(ratio.is_sound(), "{:?}", ratio);
            let turned = second.ratio(&first).unwrap();
            prop_assert!((ratio.lower * turned.upper - 1.0).abs() < 1e-6, "{:?} {:?}", ratio, turned);
        }
    }
}
