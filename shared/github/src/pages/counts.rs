//! Counts as GitHub shows them to people: three digits and a letter, or all digits with commas.

/// A count rounded to three significant digits, without trailing zeros: `999`, `1.32K`, `14.4K`, `355M`, `4.89B`.
///
/// This is the text of an element. The exact integer is in its `title`.
pub fn rounded(count: u64) -> String {
    let mut value = u128::from(count);
    let mut step = 1u128;
    while value / step >= 1_000 {
        step *= 10;
    }
    // Half up, as on GitHub's pages.
    value = (value + step / 2) / step * step;
    let (unit, letter) = match value {
        0..1_000 => (1, ""),
        1_000..1_000_000 => (1_000, "K"),
        1_000_000..1_000_000_000 => (1_000_000, "M"),
        1_000_000_000..1_000_000_000_000 => (1_000_000_000, "B"),
        _ => (1_000_000_000_000, "T"),
    };
    let whole = value / unit;
    let thousandths = value % unit * 1_000 / unit;
    let mut text = whole.to_string();
    if thousandths > 0 {
        text.push('.');
        text.push_str(format!("{thousandths:03}").trim_end_matches('0'));
    }
    text + letter
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_digits_and_a_letter() {
        for (count, text) in [
            (0, "0"),
            (7, "7"),
            (999, "999"),
            (1_000, "1K"),
            (1_004, "1K"),
            (1_005, "1.01K"),
            (1_318, "1.32K"),
            (14_360, "14.4K"),
            (670_091, "670K"),
            (999_499, "999K"),
            (999_500, "1M"),
            (355_103_300, "355M"),
            (4_890_000_000, "4.89B"),
            (u64::MAX, "18400000T"),
        ] {
            assert_eq!(rounded(count), text, "{count}");
        }
    }
}
