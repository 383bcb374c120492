//! Daily downloads as a line of block characters.

use jiff::{ToSpan, civil::Date};

use super::component::Daily;

const LEVELS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// The number of days in a sparkline. A package page has as many.
pub const DAYS: usize = 30;

/// Draws the daily downloads from the oldest day on the left to the newest on the right. The largest is a full block.
///
/// A day without data is a blank. A day without downloads has the lowest level. The newest day is not over, so the last
/// character is often low. Without any data the line is empty.
pub fn sparkline(daily: &[Daily]) -> String {
    let Some(newest) = daily.iter().map(|day| day.date).max() else {
        return String::new();
    };
    let highest = daily.iter().map(|day| day.count).max().unwrap_or(0);
    let level = |date: Date| match daily.iter().find(|day| day.date == date) {
        None => ' ',
        Some(_) if highest == 0 => LEVELS[0],
        Some(day) => {
            let top = LEVELS.len() as u128 - 1;
            // Rounded up, so that one download looks different from none.
            LEVELS[(u128::from(day.count) * top).div_ceil(u128::from(highest)) as usize]
        }
    };
    (0..DAYS as i64)
        .rev()
        .map(|age| level(newest.saturating_sub(age.days())))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(counts: &[(i8, u64)]) -> Vec<Daily> {
        counts
            .iter()
            .map(|&(day, count)| Daily {
                date: Date::constant(2026, 5, day),
                count,
            })
            .collect()
    }

    #[test]
    fn the_newest_day_is_on_the_right() {
        let line = sparkline(&days(&[(30, 80), (29, 40), (28, 0), (27, 1)]));
        assert_eq!(line.chars().count(), DAYS);
        assert!(line.ends_with("▂▁▅█"), "{line}");
        assert_eq!(line.trim_start().chars().count(), 4);
    }

    #[test]
    fn a_gap_is_blank_and_not_zero() {
        let line = sparkline(&days(&[(30, 5), (28, 5)]));
        assert!(line.ends_with("█ █"), "{line}");
    }

    #[test]
    fn no_data_is_no_line_and_all_zeros_are_a_flat_one() {
        assert_eq!(sparkline(&[]), "");
        assert!(sparkline(&days(&[(30, 0), (29, 0)])).ends_with("▁▁"));
        assert!(sparkline(&days(&[(30, u64::MAX), (29, u64::MAX / 2)])).ends_with("▅█"));
    }
}
