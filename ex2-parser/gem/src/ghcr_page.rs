//! `GhcrPage`: the counts on a package page, by the parser as native code.

use ex2_parser::{Error as PageError, Package, stream};
use magnus::{Error, RArray, RString, Ruby};

use crate::{bytes, error, gvl};

/// The largest page that is read with the GVL, in bytes: it takes less than a thread that gave the lock up waits for it.
/// GitHub's have some 240 KB.
const WITH_GVL: usize = 256 << 10;

/// Reads a package page: its total, and year, month, day and count of each day.
pub(crate) fn parse(ruby: &Ruby, page: RString) -> Result<RArray, Error> {
    let package = if page.len() <= WITH_GVL {
        // SAFETY: nothing of Ruby's happens while it is read.
        stream::package(unsafe { page.as_slice() })
    } else {
        bytes::with(page, |page| gvl::without_to_the_end(|| stream::package(page)))?
    };
    answer(ruby, &package.map_err(|error| page_error(ruby, error))?)
}

pub(crate) fn answer(ruby: &Ruby, package: &Package) -> Result<RArray, Error> {
    let days = ruby.ary_new_capa(package.daily.len());
    for day in &package.daily {
        days.push((day.date.year(), day.date.month(), day.date.day(), day.count))?;
    }
    let answer = ruby.ary_new_capa(2);
    answer.push(package.total)?;
    answer.push(days)?;
    Ok(answer)
}

/// A page's error as an exception of its own class.
pub(crate) fn page_error(ruby: &Ruby, cause: PageError) -> Error {
    let class = match cause {
        PageError::RateLimited => "RateLimited",
        PageError::NotAPackagePage => "NotAPackagePage",
        PageError::Truncated => "Truncated",
        PageError::TooLarge => "TooLarge",
        PageError::NotUtf8 { .. } => "NotUtf8",
        PageError::MarkupChanged { .. } => "MarkupChanged",
        _ => "Error",
    };
    let error = error::of_module(ruby, "GhcrPage", class, cause.to_string());
    match cause {
        PageError::MarkupChanged { what } => error::with(ruby, error, "@what", ruby.to_symbol(what.name())),
        _ => error,
    }
}
