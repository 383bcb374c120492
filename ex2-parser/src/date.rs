#[cfg(feature = "serde")]
use alloc::string::String;
use core::fmt;

/// A day of the Gregorian calendar, as the page writes it: `2026-05-10`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

impl Date {
    /// The day with these numbers; `None` if it does not exist or the year is not 1 to 9999.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        if year == 0 || year > 9999 || month == 0 || month > 12 || day == 0 || day > days_in_month(year, month) {
            return None;
        }
        Some(Self { year, month, day })
    }

    /// Reads `YYYY-MM-DD`, exactly.
    #[must_use]
    pub fn parse(text: &[u8]) -> Option<Self> {
        let &[y1, y2, y3, y4, b'-', m1, m2, b'-', d1, d2] = text else {
            return None;
        };
        let number = |digits: &[u8]| {
            digits
                .iter()
                .try_fold(0_u16, |n, d| d.is_ascii_digit().then(|| n * 10 + u16::from(d - b'0')))
        };
        Self::new(
            number(&[y1, y2, y3, y4])?,
            number(&[m1, m2])? as u8,
            number(&[d1, d2])? as u8,
        )
    }

    /// The day before; `None` for 0001-01-01.
    #[must_use]
    pub const fn yesterday(self) -> Option<Self> {
        match (self.month, self.day) {
            (1, 1) => Self::new(self.year - 1, 12, 31),
            (month, 1) => Self::new(self.year, month - 1, days_in_month(self.year, month - 1)),
            (month, day) => Self::new(self.year, month, day - 1),
        }
    }

    /// The year, 1 to 9999.
    #[must_use]
    pub const fn year(self) -> u16 {
        self.year
    }

    /// The month, 1 to 12.
    #[must_use]
    pub const fn month(self) -> u8 {
        self.month
    }

    /// The day of the month, 1 to 31.
    #[must_use]
    pub const fn day(self) -> u8 {
        self.day
    }
}

const fn days_in_month(year: u16, month: u8) -> u8 {
    match month {
        4 | 6 | 9 | 11 => 30,
        2 if year.is_multiple_of(4) && (!year.is_multiple_of(100) || year.is_multiple_of(400)) => 29,
        2 => 28,
        _ => 31,
    }
}

impl fmt::Display for Date {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

#[cfg(feature = "serde")]
impl serde::Serialize for Date {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(feature = "serde")]
impl<'de> serde::Deserialize<'de> for Date {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        Self::parse(text.as_bytes()).ok_or_else(|| serde::de::Error::custom("not a date as in 2026-05-10"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_days_that_exist_are_dates() {
        let leap_day = Date::parse(b"2024-02-29").unwrap();
        assert_eq!(leap_day.to_string(), "2024-02-29");
        assert_eq!((leap_day.year(), leap_day.month(), leap_day.day()), (2024, 2, 29));
        for text in ["0001-01-01", "9999-12-31", "2000-02-29", "2026-01-31", "2026-04-30"] {
            assert_eq!(Date::parse(text.as_bytes()).unwrap().to_string(), text);
        }
        assert_eq!(Date::new(10_000, 1, 1), None);
        for text in [
            "2026-02-29",
            "1900-02-29",
            "2026-04-31",
            "2026-01-32",
            "2026-13-01",
            "2026-00-01",
            "2026-01-00",
            "2026-1-1",
            "+026-01-01",
            "0000-01-01",
            "2026-01-011",
            "",
        ] {
            assert_eq!(Date::parse(text.as_bytes()), None, "{text}");
        }
    }

    #[test]
    fn yesterday_crosses_months_leap_days_and_years() {
        for (today, yesterday) in [
            ("2026-05-01", "2026-04-30"),
            ("2024-03-01", "2024-02-29"),
            ("2026-03-01", "2026-02-28"),
            ("2026-01-01", "2025-12-31"),
        ] {
            assert_eq!(
                Date::parse(today.as_bytes()).unwrap().yesterday(),
                Date::parse(yesterday.as_bytes()),
                "{today}"
            );
        }
        assert_eq!(Date::parse(b"0001-01-01").unwrap().yesterday(), None);
    }
}
