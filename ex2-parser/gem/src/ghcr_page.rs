//! `GhcrPage`: reads the counts on a package page with the native parser.

use ex2_parser::{Error as PageError, Package, stream};
use magnus::{Error, RArray, RString, Ruby};

use crate::{bytes, error, gvl};

/// The largest page that is read with the GVL held. Reading it takes less time than getting the GVL back would. GitHub's
/// pages have about 240 KB.
const MAX_BYTES_WITH_GVL: usize = 256 << 10;

/// Reads a package page. Returns the total, and the year, month, day and count of each day.
pub(crate) fn parse(ruby: &Ruby, page: RString) -> Result<RArray, Error> {
    let package = if page.len() <= MAX_BYTES_WITH_GVL {
        // SAFETY: there is no call into Ruby while the string is read.
        stream::package(unsafe { page.as_slice() })
    } else {
        bytes::with(page, |page| gvl::without_uninterrupted(|| stream::package(page)))?
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

/// Makes an exception of the class that fits a page's error.
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
    let error = error::exception_in(ruby, "GhcrPage", class, cause.to_string());
    match cause {
        PageError::MarkupChanged { what } => error::with_variable(ruby, error, "@what", ruby.to_symbol(what.name())),
        _ => error,
    }
}
