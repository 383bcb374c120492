//! Numbers for readers: with a suitable unit, and with as many digits as the measurement allows.

use crate::matrix::Interval;

/// The units of time in nanoseconds, the longest first.
const TIMES: [(&str, f64); 4] = [("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0)];

/// The units of size in bytes, the largest first.
const SIZES: [(&str, f64); 3] = [("MiB", 1_048_576.0), ("KiB", 1024.0), ("B", 1.0)];

/// A third digit is shown if the interval's relative half width is at most this.
const THREE_DIGITS: f64 = 0.01;

/// A time in nanoseconds, for example `1.23 µs`: three significant digits, or two for a wide interval.
pub fn time(nanoseconds: &Interval) -> String {
    with_unit(nanoseconds.estimate, digits(nanoseconds), &TIMES)
}

/// An exact time in nanoseconds, such as a tick of an axis, without trailing zeros: `10 µs`.
pub fn exact_time(nanoseconds: f64) -> String {
    let (unit, size) = unit(nanoseconds, &TIMES);
    format!("{} {unit}", nanoseconds / size)
}

/// A ratio, for example `12.3 ×`.
pub fn ratio(ratio: &Interval) -> String {
    format!("{} ×", significant(ratio.estimate, digits(ratio)))
}

/// A ratio with its interval, for example `12.3 × (12.2 to 12.4)`.
pub fn ratio_with_interval(ratio: &Interval) -> String {
    // The limits show the precision, so that the estimate needs no rounding: with fewer digits than the limits it can be
    // outside of them.
    let [estimate, lower, upper] = [ratio.estimate, ratio.lower, ratio.upper].map(|value| significant(value, 3));
    format!("{estimate} × ({lower} to {upper})")
}

/// A size in bytes, for example `97 B` or `98.3 KiB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else {
        with_unit(bytes as f64, 3, &SIZES)
    }
}

/// A fraction in percent, for example `4.2 %`.
pub fn percent(part: f64) -> String {
    format!("{} %", significant(part * 100.0, 2))
}

fn digits(interval: &Interval) -> usize {
    if interval.relative_half_width() <= THREE_DIGITS {
        3
    } else {
        2
    }
}

fn with_unit(value: f64, digits: usize, units: &[(&'static str, f64)]) -> String {
    // The unit fits the rounded value: 999.9 ns are 1.00 µs, not 1000 ns.
    let (unit, size) = unit(value.max(rounded(value, digits)), units);
    format!("{} {unit}", significant(value / size, digits))
}

fn unit(value: f64, units: &[(&'static str, f64)]) -> (&'static str, f64) {
    let fits = units.iter().find(|(_, size)| value >= *size);
    *fits.unwrap_or(&units[units.len() - 1])
}

/// The value with this number of significant digits, without an exponent.
fn significant(value: f64, digits: usize) -> String {
    let value = rounded(value, digits);
    let decimals = (digits as i32 - 1 - magnitude(value)).max(0);
    format!("{value:.*}", decimals as usize)
}

/// The value rounded to this number of significant digits.
pub(crate) fn rounded(value: f64, digits: usize) -> f64 {
    // The standard library rounds decimal digits correctly. Multiplying and dividing by powers of ten would not.
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

/// The power of ten of the first significant digit.
fn magnitude(value: f64) -> i32 {
    if value == 0.0 {
        return 0;
    }
    value.abs().log10().floor() as i32
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exactly(estimate: f64) -> Interval {
        Interval {
            estimate,
            lower: estimate,
            upper: estimate,
        }
    }

    fn within(estimate: f64, part: f64) -> Interval {
        Interval {
            estimate,
            lower: estimate * (1.0 - part),
            upper: estimate * (1.0 + part),
        }
    }

    #[test]
    fn times_have_three_digits_and_a_unit_that_fits() {
        for (nanoseconds, text) in [
            (0.1234, "0.123 ns"),
            (1.0, "1.00 ns"),
            (12.34, "12.3 ns"),
            (123.4, "123 ns"),
            (999.4, "999 ns"),
            (999.6, "1.00 µs"),
            (1234.0, "1.23 µs"),
            (1235.0, "1.24 µs"),
            (99_960.0, "100 µs"),
            (1_234_000.0, "1.23 ms"),
            (9.5e9, "9.50 s"),
            (1.5e12, "1500 s"),
        ] {
            assert_eq!(time(&exactly(nanoseconds)), text);
        }
    }

    #[test]
    fn an_uncertain_time_loses_its_third_digit() {
        assert_eq!(time(&within(1234.0, 0.009)), "1.23 µs");
        assert_eq!(time(&within(1234.0, 0.02)), "1.2 µs");
        assert_eq!(time(&within(123.4, 0.5)), "120 ns");
        assert_eq!(time(&within(996.0, 0.5)), "1.0 µs");
    }

    #[test]
    fn ratios_have_digits_by_their_interval() {
        assert_eq!(ratio(&within(12.34, 0.001)), "12.3 ×");
        assert_eq!(ratio(&within(1234.0, 0.001)), "1230 ×");
        assert_eq!(ratio(&within(0.5, 0.001)), "0.500 ×");
        assert_eq!(ratio_with_interval(&within(2.0, 0.1)), "2.00 × (1.80 to 2.20)");
        // With two digits, 210 × would be above the upper limit.
        assert_eq!(ratio_with_interval(&within(205.2, 0.018)), "205 × (202 to 209)");
    }

    #[test]
    fn sizes_are_exact_until_a_kibibyte() {
        assert_eq!(size(0), "0 B");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(1024), "1.00 KiB");
        assert_eq!(size(100_000), "97.7 KiB");
        assert_eq!(size(31_457_280), "30.0 MiB");
    }

    #[test]
    fn ticks_have_no_trailing_zeros() {
        assert_eq!(exact_time(10.0), "10 ns");
        assert_eq!(exact_time(1e5), "100 µs");
        assert_eq!(exact_time(0.1), "0.1 ns");
    }

    #[test]
    fn parts_are_percents() {
        assert_eq!(percent(0.0421), "4.2 %");
        assert_eq!(percent(0.5), "50 %");
        assert_eq!(percent(0.0), "0.0 %");
    }
}
