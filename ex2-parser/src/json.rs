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
