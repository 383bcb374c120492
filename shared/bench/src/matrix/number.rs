//! Numbers as people read them: a unit that fits, and no more digits than the measurement has.

use crate::matrix::Interval;

/// Units of time and how many nanoseconds each is, the longest first.
const TIMES: [(&str, f64); 4] = [("s", 1e9), ("ms", 1e6), ("µs", 1e3), ("ns", 1.0)];

/// Units of size and how many bytes each is, the largest first.
const SIZES: [(&str, f64); 3] = [("MiB", 1_048_576.0), ("KiB", 1024.0), ("B", 1.0)];

/// An interval of at most this part of its estimate to each side lets the third digit stand.
const THREE_DIGITS: f64 = 0.01;

/// A time in nanoseconds, for example `1.23 µs`: three significant digits, two where the interval says no more.
pub fn time(nanoseconds: &Interval) -> String {
    with_unit(nanoseconds.estimate, digits(nanoseconds), &TIMES)
}

/// A time in nanoseconds that is exact, such as a tick of an axis, without the zeros at its end: `10 µs`.
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
    // The ends tell how certain the estimate is, so they keep a digit that it may have lost.
    format!(
        "{} ({} to {})",
        self::ratio(ratio),
        significant(ratio.lower, 3),
        significant(ratio.upper, 3)
    )
}

/// A size in bytes, for example `97 B` or `98.3 KiB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1024 {
        format!("{bytes} B")
    } else {
        with_unit(bytes as f64, 3, &SIZES)
    }
}

/// A part of a whole in percent, for example `4.2 %`.
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
    // Rounded first: 999.9 ns are 1.00 µs, and not 1000 ns.
    let (unit, size) = unit(value.max(rounded(value, digits)), units);
    format!("{} {unit}", significant(value / size, digits))
}

fn unit(value: f64, units: &[(&'static str, f64)]) -> (&'static str, f64) {
    let fits = units.iter().find(|(_, size)| value >= *size);
    *fits.unwrap_or(&units[units.len() - 1])
}

/// The value with so many significant digits, without an exponent.
fn significant(value: f64, digits: usize) -> String {
    let value = rounded(value, digits);
    let decimals = (digits as i32 - 1 - magnitude(value)).max(0);
    format!("{value:.*}", decimals as usize)
}

/// The value with so many significant digits, and zeros after them.
pub(crate) fn rounded(value: f64, digits: usize) -> f64 {
    // The standard library rounds decimal digits correctly, which multiplying and dividing by powers of ten does not.
    format!("{value:.*e}", digits - 1).parse().unwrap_or(value)
}

/// The power of ten of the first digit.
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
    fn ratios_say_how_certain_they_are() {
        assert_eq!(ratio(&within(12.34, 0.001)), "12.3 ×");
        assert_eq!(ratio(&within(1234.0, 0.001)), "1230 ×");
        assert_eq!(ratio(&within(0.5, 0.001)), "0.500 ×");
        assert_eq!(ratio_with_interval(&within(2.0, 0.1)), "2.0 × (1.80 to 2.20)");
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
    fn ticks_have_no_zeros_at_their_end() {
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
