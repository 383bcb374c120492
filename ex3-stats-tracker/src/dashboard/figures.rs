//! Reads the stored figures from the dashboard's JSON API.

use std::{cmp::Reverse, time::Duration};

use jiff::{Timestamp, ToSpan, civil::Date};
use reqwest::{StatusCode, header::LINK};
use serde::Deserialize;

use super::{collector::Ended, error::Error, server::address, settings::Settings};
use crate::{
    loopback,
    measure::{
        Collection, Earlier, Failure, Kind, MeasuredPackage, Source,
        component::{Daily, segment},
    },
};

/// The most pages that are read, of a thousand packages each.
const MAX_PAGES: usize = 100;

/// The time limit for the dashboard's response. It includes a restart of the dashboard.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(30);

/// The accepted difference of two clocks.
const CLOCK_TOLERANCE: Duration = Duration::from_secs(5 * 60);

#[derive(Debug, Deserialize)]
struct Page {
    source: Source,
    packages: Vec<Row>,
}

/// The fields of a package that the table needs.
#[derive(Debug, Deserialize)]
struct Row {
    name: String,
    repository: Option<String>,
    total: Option<u64>,
    measured_at: Option<Timestamp>,
    failing_since: Option<Timestamp>,
    failure_kind: Option<String>,
    vanished_at: Option<Timestamp>,
    /// Downloads per day, oldest first; null for an unknown day.
    recent: Option<Vec<Option<u64>>>,
    recent_until: Option<Date>,
}

/// The stored figures of an organisation: each package's last total, the largest first, or the time since which it
/// can't be read. `None` if nothing was ever read. The source is the one in the dashboard's response.
///
/// # Errors
///
/// If the dashboard does not respond, or its response is unexpected.
pub async fn latest(settings: &Settings, pass: &Ended, now: Timestamp) -> Result<Option<Collection>, Error> {
    let client = loopback::client().timeout(ANSWER_TIMEOUT).build()?;
    let org = &settings.org;
    let base = address(settings.port);
    let mut path = format!("/api/packages/{}.json", segment(org));
    let mut known = Known::new(pass, now);
    let mut source = settings.source;
    for _ in 0..MAX_PAGES {
        let answer = client.get(format!("{base}{path}")).send().await?;
        // The dashboard responds with 404 for an organisation that was never collected.
        if answer.status() == StatusCode::NOT_FOUND {
            return Ok(None);
        }
        let answer = answer.error_for_status()?;
        let next = answer.headers().get(LINK).and_then(|link| next(link.to_str().ok()?));
        let page: Page = answer.json().await.map_err(|_| Error::Answer(org.clone()))?;
        source = page.source;
        for row in page.packages {
            known.add(row);
        }
        match next {
            Some(next) => path = next,
            None => break,
        }
    }
    Ok(known.collection(org, source))
}

/// Collects the rows.
struct Known<'a> {
    pass: &'a Ended,
    now: Timestamp,
    packages: Vec<MeasuredPackage>,
    failures: Vec<Failure>,
    /// The time of the newest total.
    measured_at: Option<Timestamp>,
    earlier: Option<Earlier>,
}

impl<'a> Known<'a> {
    fn new(pass: &'a Ended, now: Timestamp) -> Self {
        Self {
            pass,
            now,
            packages: Vec::new(),
            failures: Vec::new(),
            measured_at: None,
            earlier: None,
        }
    }

    fn collection(mut self, org: &str, source: Source) -> Option<Collection> {
        // The same order as on the dashboard.
        self.packages.sort_by_key(|package| Reverse(package.total));
        let failed_at = (!self.failures.is_empty()).then_some(self.now);
        let mut collection = Collection::new(
            org.to_owned(),
            source,
            self.measured_at.or(failed_at)?,
            self.packages,
            self.failures,
        );
        collection.earlier = self.earlier;
        collection.numbers = self.pass.numbers;
        Some(collection)
    }

    fn fail(&mut self, name: String, kind: &str, detail: String, asked: bool) {
        self.failures.push(Failure {
            name,
            kind: serde_json::from_value(kind.into()).unwrap_or(Kind::ComponentFailed),
            detail,
            asked,
        });
    }

    /// Adds a package that was read, or a failure. A package that GitHub no longer lists is left out.
    fn add(&mut self, row: Row) {
        if row.vanished_at.is_some() {
            return;
        }
        if let (Some(since), Some(kind)) = (row.failing_since, row.failure_kind) {
            let detail = format!("not read since {}", since.strftime("%Y-%m-%d %H:%M UTC"));
            return self.fail(row.name, &kind, detail, true);
        }
        let (Some(total), Some(measured_at)) = (row.total, row.measured_at) else {
            let why = self.pass.detail.as_deref().unwrap_or("the pass was over before");
            let detail = format!("never read yet, and not asked for: {why}");
            let kind = self.pass.reason.clone().unwrap_or_default();
            return self.fail(row.name, &kind, detail, false);
        };
        // A time in the future is from a wrong clock, so the total's age is unknown.
        if measured_at > self.now + CLOCK_TOLERANCE {
            let at = measured_at.strftime("%Y-%m-%d %H:%M UTC");
            let detail =
                format!("its last total was written down at {at}, which is yet to come: a clock was wrong then");
            return self.fail(row.name, Kind::ComponentFailed.as_str(), detail, true);
        }
        self.measured_at = self.measured_at.max(Some(measured_at));
        if self.pass.started_at.is_some_and(|began| measured_at < began) {
            let earlier = self.earlier.get_or_insert(Earlier {
                packages: 0,
                oldest: measured_at,
            });
            earlier.packages += 1;
            earlier.oldest = earlier.oldest.min(measured_at);
        }
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
        self.packages.push(MeasuredPackage {
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

    /// As of 2026-05-10, an hour after noon.
    fn known(page: Page, pass: &Ended) -> Collection {
        let mut known = Known::new(pass, "2026-05-10T13:00:00Z".parse().unwrap());
        for row in page.packages {
            known.add(row);
        }
        known.collection("a", page.source).unwrap()
    }

    fn row(name: &str, rest: &str) -> String {
        format!(
            r#"{{"name":"{name}","repository":null,"failing_since":null,"failure_kind":null,"vanished_at":null,
                "recent":[],"recent_until":null,{rest}}}"#
        )
    }

    #[test]
    fn packages_without_a_request_are_reported() {
        let rows = [
            row("now", r#""total":7,"measured_at":"2026-05-10T12:30:00Z""#),
            row("before", r#""total":5,"measured_at":"2026-05-10T06:30:00Z""#),
            row("never", r#""total":null,"measured_at":null"#),
            row("in 2027", r#""total":9,"measured_at":"2027-05-10T12:00:00Z""#),
        ];
        let page = format!(r#"{{"org":"a","source":"github.com","packages":[{}]}}"#, rows.join(","));
        let pass = Ended {
            passed: true,
            reason: Some("rate_limited".into()),
            detail: Some("GitHub asks for fewer requests".into()),
            started_at: Some("2026-05-10T12:00:00Z".parse().unwrap()),
            ..Ended::default()
        };
        let collection = known(serde_json::from_str(&page).unwrap(), &pass);
        assert_eq!(collection.source, Source::GitHub);
        assert_eq!(
            collection.measured_at.to_string(),
            "2026-05-10T12:30:00Z",
            "no clock that was wrong"
        );
        assert_eq!(collection.total, Some(12));
        let earlier = collection.earlier.unwrap();
        assert_eq!(
            (earlier.packages, earlier.oldest.to_string()),
            (1, "2026-05-10T06:30:00Z".into())
        );
        let [never, ahead] = &collection.failures[..] else {
            panic!("{:?}", collection.failures);
        };
        assert_eq!((never.kind, never.asked), (Kind::RateLimited, false));
        assert!(
            never.detail.ends_with("GitHub asks for fewer requests"),
            "{}",
            never.detail
        );
        assert!(ahead.detail.contains("2027-05-10"), "{}", ahead.detail);
    }

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
        assert_eq!(page.source, Source::StandIn);
        let Collection {
            source,
            packages,
            failures,
            ..
        } = known(page, &Ended::default());
        assert_eq!((source, packages.len()), (Source::StandIn, 1));
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
