//! The JSON that the command prints and the guest returns.
//!
//! It is written by hand, so that the guest needs neither serde nor the standard library. No string needs an escape:
//! names, tags and repositories were validated when they were read, and all other strings are this project's own.

use alloc::string::String;
use core::fmt::{Result, Write};

use crate::{Error, Package, PackageList, VersionList};

/// A value with a JSON shape.
pub trait Json {
    /// Appends the value as JSON, without spaces.
    ///
    /// # Errors
    /// If the writer fails.
    fn write_json(&self, out: &mut dyn Write) -> Result;

    /// The value as JSON, without spaces.
    fn to_json(&self) -> String {
        let mut json = String::new();
        // Writing to a string cannot fail.
        _ = self.write_json(&mut json);
        json
    }
}

impl Json for Package {
    fn write_json(&self, out: &mut dyn Write) -> Result {
        write!(out, "{{\"total\":{},\"daily\":", self.total)?;
        array(out, &self.daily, |out, day| {
            write!(out, "{{\"date\":\"{}\",\"count\":{}}}", day.date, day.count)
        })?;
        out.write_str("}")
    }
}

impl Json for PackageList {
    fn write_json(&self, out: &mut dyn Write) -> Result {
        out.write_str("{\"packages\":")?;
        array(out, &self.packages, |out, package| {
            write!(out, "{{\"name\":\"{}\",\"repository\":", package.name)?;
            match &package.repository {
                Some(repository) => write!(out, "\"{repository}\"}}"),
                None => out.write_str("null}"),
            }
        })?;
        next_page(out, self.next_page)?;
        match self.heading_count {
            Some(count) => write!(out, ",\"heading_count\":{count}")?,
            None => out.write_str(",\"heading_count\":null")?,
        }
        write!(out, ",\"rows\":{}}}", self.rows)
    }
}

impl Json for VersionList {
    fn write_json(&self, out: &mut dyn Write) -> Result {
        out.write_str("{\"versions\":")?;
        array(out, &self.versions, |out, version| {
            write!(out, "{{\"id\":{},\"tags\":", version.id)?;
            array(out, &version.tags, |out, tag| write!(out, "\"{tag}\""))?;
            write!(out, ",\"total\":{}}}", version.total)
        })?;
        next_page(out, self.next_page)?;
        out.write_str("}")
    }
}

impl Json for Error {
    fn write_json(&self, out: &mut dyn Write) -> Result {
        write!(out, "{{\"kind\":\"{}\"", self.kind())?;
        if let Self::MarkupChanged { what } = self {
            write!(out, ",\"what\":\"{}\"", what.name())?;
        }
        out.write_str("}")
    }
}

fn array<T>(out: &mut dyn Write, items: &[T], mut item: impl FnMut(&mut dyn Write, &T) -> Result) -> Result {
    out.write_str("[")?;
    for (index, one) in items.iter().enumerate() {
        if index > 0 {
            out.write_str(",")?;
        }
        item(out, one)?;
    }
    out.write_str("]")
}

fn next_page(out: &mut dyn Write, page: Option<u32>) -> Result {
    match page {
        Some(page) => write!(out, ",\"next_page\":{page}"),
        None => out.write_str(",\"next_page\":null"),
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;
    use crate::{Change, DailyDownloads, Date, ListedPackage, Version};

    #[test]
    fn each_type_has_its_json_shape() {
        let day = |day, count| DailyDownloads {
            date: Date::new(2026, 5, day).unwrap(),
            count,
        };
        let mut package = Package {
            total: 14_360,
            daily: vec![day(10, 412), day(9, 0)],
        };
        assert_eq!(
            package.to_json(),
            r#"{"total":14360,"daily":[{"date":"2026-05-10","count":412},{"date":"2026-05-09","count":0}]}"#
        );
        package.daily.clear();
        assert_eq!(package.to_json(), r#"{"total":14360,"daily":[]}"#);
        let listed = |name: &str, repository: Option<&str>| ListedPackage {
            name: name.into(),
            repository: repository.map(Into::into),
        };
        let mut list = PackageList {
            packages: vec![listed("charts/flagger", Some("fluxcd/flagger")), listed("image", None)],
            next_page: Some(2),
            heading_count: Some(32),
            rows: 3,
        };
        assert_eq!(
            list.to_json(),
            r#"{"packages":[{"name":"charts/flagger","repository":"fluxcd/flagger"},{"name":"image","repository":null}],"next_page":2,"heading_count":32,"rows":3}"#
        );
        list.packages.clear();
        (list.next_page, list.heading_count) = (None, None);
        assert_eq!(
            list.to_json(),
            r#"{"packages":[],"next_page":null,"heading_count":null,"rows":3}"#
        );
        let versions = VersionList {
            versions: vec![Version {
                id: 7,
                tags: vec!["v1".into(), "latest".into()],
                total: 9,
            }],
            next_page: None,
        };
        assert_eq!(
            versions.to_json(),
            r#"{"versions":[{"id":7,"tags":["v1","latest"],"total":9}],"next_page":null}"#
        );
        assert_eq!(Error::Truncated.to_json(), r#"{"kind":"truncated"}"#);
        assert_eq!(
            Error::from(Change::BadRow).to_json(),
            r#"{"kind":"markup_changed","what":"bad_row"}"#
        );
    }
}
