//! The figures that are stored, as the dashboard answers them to programs.

use std::cmp::Reverse;

use jiff::{Timestamp, ToSpan, civil::Date};
use reqwest::{StatusCode, header::LINK};
use serde::Deserialize;

use super::{Error, Settings, server::address};
use crate::{
    loopback,
    measure::{
        Collection, Failure, Kind, MeasuredPackage,
        component::{Daily, segment},
    },
};

/// No organisation has as many pages of a thousand packages.
const PAGES_MAX: usize = 100;

#[derive(Debug, Deserialize)]
struct Page {
    packages: Vec<Row>,
}

/// A package, as far as the table shows it.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    repository: Option<String>,
    total: Option<u64>,
    measured_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failure_kind: Option<String>,
    vanished_at: Option<Timestamp>,
    /// Downloads a day, oldest first; null where a day is not known.
    recent: Option<Vec<Option<u64>>>,
    recent_until: Option<Date>,
}

/// What is known of an organisation: each package's last total, the largest first, or since when it can't be read. `None`
/// where nothing was ever read.
///
/// # Errors
///
/// The dashboard does not answer, or something else than it should.
pub async fn latest(settings: &Settings) -> Result<Option<Collection>, Error> {
    let client = loopback::client().build()?;
    let org = &settings.org;
    let base = address(settings.port);
    let mut path = format!("/api/packages/{}.json", segment(org));
    let (mut packages, mut failures, mut measured_at) = (Vec::new(), Vec::new(), None);
    for _ in 0..PAGES_MAX {
        let answer = client.get(format!("{base}{path}")).send().await?;
        // An organisation that was never collected is not known.
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = answer.error_for_status()?;
        let next = answer.headers().get(LINK).and_then(|link| next(link.to_str().ok()?));
        let page: Page = answer.json().await.map_err(|_| Error::Answer(org.clone()))?;
        for row in page.packages {
            measured_at = measured_at.max(row.measured_at);
            sort(row, &mut packages, &mut failures);
        }
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    // As the dashboard shows them.
    packages.sort_by_key(|package| Reverse(package.total));
    Ok(measured_at.map(|at| Collection::new(org.clone(), settings.source, at, packages, failures)))
}

/// A package is one that was read when it was last asked for, or a failure; one that GitHub no longer lists is neither.
fn sort(row: Row, packages: &mut Vec<MeasuredPackage>, failures: &mut Vec<Failure>) {
    if row.vanished_at.is_some() {
        return;
    }
    if let (Some(since), Some(kind)) = (row.failing_since, row.failure_kind) {
        failures.push(Failure {
            detail: format!("not read since {}", since.strftime("%Y-%m-%d %H:%M UTC")),
            name: row.name,
            kind: serde_json::from_value(kind.into()).unwrap_or(Kind::ComponentFailed),
        });
    } else if let Some(total) = row.total {
        let until = row.recent_until;
        let days = row
            .recent
            .iter()
            .flatten()
            .rev()
            .enumerate()
            .filter_map(|(ago, count)| {
                let date = until?.checked_sub(i64::try_from(ago).ok()?.days()).ok()?;
                Some(Daily { date, count: (*count)? })
            });
        packages.push(MeasuredPackage {
            total,
            repository: row.repository,
            daily: days.collect(),
            name: row.name,
        });
    }
}

/// The next page's path, as in `</api/packages/fluxcd.json?after=x>; rel="next"`.
fn next(link: &str) -> Option<String> {
    let (path, relation) = link.split_once('>')?;
    let path = path.strip_prefix('<')?;
    (relation.contains("rel=\"next\"") && path.starts_with('/')).then(|| path.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failing_package_is_a_failure_and_not_its_old_total() {
        let page = r#"{"org":"a","source":"stand-in","packages":[
            {"name":"read","repository":"a/b","total":7,"measured_at":"2026-05-10T12:00:00Z","failing_since":null,
             "failure_kind":null,"vanished_at":null,"recent":[1,null,3],"recent_until":"2026-05-10"},
            {"name":"failing","repository":null,"total":5,"measured_at":"2026-05-09T12:00:00Z",
             "failing_since":"2026-05-10T12:00:00Z","failure_kind":"markup_changed","vanished_at":null,"recent":[],
             "recent_until":null},
            {"name":"gone","repository":null,"total":5,"measured_at":"2026-05-09T12:00:00Z","failing_since":null,
             "failure_kind":null,"vanished_at":"2026-05-10T12:00:00Z","recent":[],"recent_until":null}]}"#;
        let page: Page = serde_json::from_str(page).unwrap();
        let (mut packages, mut failures) = (Vec::new(), Vec::new());
        for row in page.packages {
            sort(row, &mut packages, &mut failures);
        }
        assert_eq!(packages.len(), 1);
        let days: Vec<_> = packages[0]
            .daily
            .iter()
            .map(|day| (day.date.to_string(), day.count))
            .collect();
        assert_eq!(days, [("2026-05-10".to_owned(), 3), ("2026-05-08".to_owned(), 1)]);
        assert_eq!(failures.len(), 1);
        assert_eq!(
            (failures[0].name.as_str(), failures[0].kind),
            ("failing", Kind::MarkupChanged)
        );
    }

    #[test]
    fn only_a_path_of_the_dashboards_own_is_followed() {
        assert_eq!(
            next("</api/a.json?after=b>; rel=\"next\"").as_deref(),
            Some("/api/a.json?after=b")
        );
        assert_eq!(next("<http://elsewhere/>; rel=\"next\""), None);
        assert_eq!(next("</a>; rel=\"prev\""), None);
        assert_eq!(next(""), None);
    }
}
