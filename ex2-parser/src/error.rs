use thiserror::Error;

use crate::limits::{MAX_PAGE_BYTES, MAX_TAGS};

/// Why a page gave no answer.
///
/// As JSON: `{"kind":"markup_changed","what":"label_missing"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(tag = "kind", rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Error {
    /// GitHub's rate-limit page, in either of its wordings.
    #[error("GitHub's rate limit was reached; wait 30 minutes and ask again")]
    RateLimited,
    /// Nothing on the page looks like a package page: a login page, a 404 page, the page of one version, any other
    /// page, no page at all.
    #[error("not a package page: there is no total of all versions' downloads on it; is it the page of the package?")]
    NotAPackagePage,
    /// Nothing on the page looks like a list of packages.
    #[error("not a list of packages; is it the page of an organisation's or a user's packages?")]
    NotAPackageList,
    /// Nothing on the page looks like a list of versions. A package page is not one, although it shows the newest
    /// versions.
    #[error("not a list of versions; is it the page of a package's versions?")]
    NotAVersionList,
    /// The page ends before `</html>`: the download was cut off.
    #[error("the page is cut: its end is missing; fetch it again")]
    Truncated,
    /// The page has more bytes or more tags than any page of GitHub's, or thousands of nested tags.
    #[error("the page is too large: it has more than {} MiB or {MAX_TAGS} tags, or too many in one another", MAX_PAGE_BYTES / (1024 * 1024))]
    TooLarge,
    /// The page is not UTF-8, which all of GitHub's are.
    #[error("the page is encoded as {encoding}, not as UTF-8")]
    NotUtf8 {
        /// The encoding that was detected.
        #[cfg_attr(feature = "serde", serde(skip, default = "utf_16"))]
        encoding: &'static str,
    },
    /// The page is of the right kind, but its markup is not the markup that this parser knows. The parser does not
    /// guess.
    #[error("GitHub's markup changed: {what}; a new version of the parser is needed")]
    MarkupChanged {
        /// The part of the markup that has changed.
        what: Change,
    },
}

/// The part of the markup that has changed, for [`Error::MarkupChanged`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[cfg_attr(feature = "serde", derive(serde::Serialize, serde::Deserialize))]
#[cfg_attr(feature = "serde", serde(rename_all = "snake_case"))]
#[non_exhaustive]
pub enum Change {
    /// The page has a chart of downloads and no label `Total downloads`.
    #[error("the label `Total downloads` is missing")]
    LabelMissing,
    /// The label is not followed by an `h3` whose `title` is a number.
    #[error("the label `Total downloads` is not followed by an `h3` with a number as its title")]
    LabelWithoutTotal,
    /// Two labels have different totals.
    #[error("the page has two different totals")]
    TwoTotals,
    /// More than one chart of the last 30 days.
    #[error("the page has more than one chart of the last 30 days")]
    TwoCharts,
    /// Bars outside any element labelled as the chart.
    #[error("the chart's bars stand outside `Downloads for the last 30 days`")]
    BarsWithoutChart,
    /// A bar has no valid date or no valid count.
    #[error("a bar of the chart has no valid date and count")]
    BadBar,
    /// Not exactly 30 bars, or not 30 days in a row, newest first.
    #[error("the chart is not 30 days in a row, newest first")]
    BarsNotThirtyDays,
    /// A link to a package or a tag has a name that no registry accepts.
    #[error("a package of the list has an impossible name")]
    BadName,
    /// One package stands twice on one page of a list, with two repositories.
    #[error("a package is listed twice with different repositories")]
    TwoRepositories,
    /// A row of a version list has no id, several ids, or the id of another row.
    #[error("a version's row has no id of its own, or several")]
    BadVersion,
    /// A row of a version list does not have exactly one count.
    #[error("a version's row has no count, or several")]
    BadVersionCount,
    /// The link to the next page does not have the next page's number.
    #[error("the link to the next page cannot be read")]
    BadPaging,
    /// A list has neither rows nor the message that GitHub shows for an empty list.
    #[error("the list of packages has no rows and does not say that it is empty")]
    RowsMissing,
    /// A row of a list of packages links to no package, or to several.
    #[error("a row of the list links to no package, or to several")]
    BadRow,
    /// Rows with packages stand outside of any list.
    #[error("the rows stand outside of any list of packages")]
    ListMissing,
    /// The heading that counts the packages does not have exactly one number.
    #[error("the number of packages in the list's heading cannot be read")]
    BadHeading,
    /// On the only page of a list, the heading's count differs from the number of rows; or a page has more rows than
    /// its heading counts.
    #[error("the list has not as many rows as its heading counts")]
    RowsMiscounted,
    /// Only the `dom` engine can read the page: its tags are nested wrongly, or its names, values or depth are beyond
    /// the limits of the `stream` engine. Only the `stream` engine returns this. Where it cannot know the tree, it
    /// gives no answer instead of a wrong one.
    #[error("its tags are nested in a way that only the `dom` engine can follow")]
    NeedsTree,
}

#[cfg(feature = "serde")]
const fn utf_16() -> &'static str {
    "UTF-16"
}

impl Error {
    /// The kind in `snake_case`, as in `--json`, problem details and metrics.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        match self {
            Self::RateLimited => "rate_limited",
            Self::NotAPackagePage => "not_a_package_page",
            Self::NotAPackageList => "not_a_package_list",
            Self::NotAVersionList => "not_a_version_list",
            Self::Truncated => "truncated",
            Self::TooLarge => "too_large",
            Self::NotUtf8 { .. } => "not_utf8",
            Self::MarkupChanged { .. } => "markup_changed",
        }
    }
}

impl From<Change> for Error {
    fn from(what: Change) -> Self {
        Self::MarkupChanged { what }
    }
}

impl Change {
    /// The change in `snake_case`, for programs.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::LabelMissing => "label_missing",
            Self::LabelWithoutTotal => "label_without_total",
            Self::TwoTotals => "two_totals",
            Self::TwoCharts => "two_charts",
            Self::BarsWithoutChart => "bars_without_chart",
            Self::BadBar => "bad_bar",
            Self::BarsNotThirtyDays => "bars_not_thirty_days",
            Self::BadName => "bad_name",
            Self::TwoRepositories => "two_repositories",
            Self::BadVersion => "bad_version",
            Self::BadVersionCount => "bad_version_count",
            Self::BadPaging => "bad_paging",
            Self::RowsMissing => "rows_missing",
            Self::BadRow => "bad_row",
            Self::ListMissing => "list_missing",
            Self::BadHeading => "bad_heading",
            Self::RowsMiscounted => "rows_miscounted",
            Self::NeedsTree => "needs_tree",
        }
    }
}

#[cfg(all(test, feature = "wasm"))]
mod tests {
    use super::*;
    use crate::Json;

    #[test]
    fn json_is_what_serde_makes_of_it() {
        let changes = [
            Change::LabelMissing,
            Change::LabelWithoutTotal,
            Change::TwoTotals,
            Change::TwoCharts,
            Change::BarsWithoutChart,
            Change::BadBar,
            Change::BarsNotThirtyDays,
            Change::BadName,
            Change::TwoRepositories,
            Change::BadVersion,
            Change::BadVersionCount,
            Change::BadPaging,
            Change::RowsMissing,
            Change::BadRow,
            Change::ListMissing,
            Change::BadHeading,
            Change::RowsMiscounted,
            Change::NeedsTree,
        ];
        let errors = [
            Error::RateLimited,
            Error::NotAPackagePage,
            Error::NotAPackageList,
            Error::NotAVersionList,
            Error::Truncated,
            Error::TooLarge,
            Error::NotUtf8 { encoding: "UTF-16" },
        ];
        for error in errors.into_iter().chain(changes.map(Error::from)) {
            assert_eq!(serde_json::to_string(&error).unwrap(), error.to_json());
            assert_eq!(serde_json::from_str::<Error>(&error.to_json()).unwrap(), error);
        }
    }
}
