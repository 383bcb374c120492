//! One pass: the order of the requests, their rate, and retries.
//!
//! There is one request at a time, with a pause after each. A temporary error is retried with exponential backoff. A short
//! rate limit is waited for. A long rate limit ends the pass: there are no further requests, and every remaining package
//! is a failure of that kind. The pass ends too if GitHub is unreachable for several packages in a row.

use std::{cell::Cell, time::Duration};

use backon::{ExponentialBuilder, Retryable};

use super::{
    collection::{Failure, MeasuredPackage},
    component::{Component, Kind, ListedPackage, Problem},
};

/// The pause between requests to GitHub. At one page a second, twenty packages take half a minute.
const REQUEST_PAUSE: Duration = Duration::from_secs(1);

/// The longest total wait for rate limits in one pass. GitHub's limits often last half an hour, which is too long for a
/// person at a terminal: the next pass reads the rest.
const RATE_LIMIT_WAIT: Duration = Duration::from_secs(60);

/// The first delay between two attempts. It doubles each time.
const RETRY_DELAY: Duration = Duration::from_secs(2);

/// The first delay for a stand-in on this machine, which needs no protection from load.
const STAND_IN_RETRY_DELAY: Duration = Duration::from_millis(20);

/// The most attempts for one package. An error that lasts longer is an outage.
const MAX_ATTEMPTS: usize = 3;

/// GitHub counts as unreachable after this number of consecutive packages.
const MAX_CONSECUTIVE_UNREACHABLE: usize = 3;

/// The rate of requests and the retries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Manners {
    /// The pause between a response and the next request; zero if the host makes it.
    pub pause: Duration,
    /// The longest total wait of the pass for rate limits.
    pub wait: Duration,
    /// The most attempts for one package, with the first.
    pub attempts: usize,
    /// The delay before the second attempt. It doubles before each further one, with random jitter.
    pub retry_delay: Duration,
}

impl Manners {
    /// For GitHub itself.
    pub const GITHUB: Self = Self {
        pause: REQUEST_PAUSE,
        wait: RATE_LIMIT_WAIT,
        attempts: MAX_ATTEMPTS,
        retry_delay: RETRY_DELAY,
    };

    /// For the stand-in.
    pub const STAND_IN: Self = Self {
        pause: Duration::ZERO,
        wait: RATE_LIMIT_WAIT,
        attempts: MAX_ATTEMPTS,
        retry_delay: STAND_IN_RETRY_DELAY,
    };

    fn delays(&self) -> ExponentialBuilder {
        ExponentialBuilder::default()
            .with_min_delay(self.retry_delay)
            .with_max_times(self.attempts.saturating_sub(1))
            .with_jitter()
    }
}

/// Receives the progress of a pass.
pub trait Observer: Sync {
    /// The list was read, with this number of packages to measure.
    fn listed(&self, packages: usize) {
        let _ = packages;
    }
    /// The request for this package begins.
    fn asking(&self, name: &str) {
        let _ = name;
    }
    /// The package was read, or failed for good.
    fn answered(&self, read: bool) {
        let _ = read;
    }
    /// The same request is retried after this delay.
    fn waiting(&self, problem: &Problem, delay: Duration) {
        let _ = (problem, delay);
    }
}

/// Ignores the progress.
impl Observer for () {}

/// The result of a pass.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The packages that were read, in GitHub's order.
    pub packages: Vec<MeasuredPackage>,
    /// The packages that were not read.
    pub failures: Vec<Failure>,
    /// The packages of the list that were skipped on request.
    pub skipped: Vec<String>,
}

/// Makes one pass over the packages of `org`, without those in `skip`.
///
/// # Errors
///
/// If the list can't be read: without it there is nothing to measure.
pub async fn collect(
    component: &(impl Component + Sync),
    org: &str,
    skip: &[String],
    manners: &Manners,
    observer: &impl Observer,
) -> Result<Outcome, Problem> {
    let pass = Pass {
        manners,
        observer,
        wait_left: Cell::new(manners.wait),
    };
    let listed = pass.ask(|| component.packages(org)).await?;
    let owner = listed.owner;
    let (skipped, wanted): (Vec<_>, Vec<_>) = listed
        .packages
        .into_iter()
        .partition(|package| skip.contains(&package.name));
    let mut outcome = Outcome {
        skipped: skipped.into_iter().map(|package| package.name).collect(),
        ..Outcome::default()
    };
    observer.listed(wanted.len());
    let mut unreachable_in_a_row = 0;
    let mut wanted = wanted.into_iter();
    for package in wanted.by_ref() {
        tokio::time::sleep(manners.pause).await;
        observer.asking(&package.name);
        let result = pass.ask(|| component.measure(org, &package, owner)).await;
        observer.answered(result.is_ok());
        match result {
            Ok(measurement) => {
                unreachable_in_a_row = 0;
                outcome.packages.push(MeasuredPackage {
                    name: package.name,
                    repository: package.repository,
                    total: measurement.total,
                    daily: measurement.daily,
                });
            }
            Err(problem) => {
                unreachable_in_a_row = if problem.kind.is_worth_retrying() {
                    unreachable_in_a_row + 1
                } else {
                    0
                };
                let over = problem.kind == Kind::RateLimited || unreachable_in_a_row >= MAX_CONSECUTIVE_UNREACHABLE;
                let kind = problem.kind;
                outcome.failures.push(Failure {
                    name: package.name,
                    kind,
                    detail: problem.detail,
                    asked: true,
                });
                if over {
                    give_up(&mut outcome, wanted, kind, observer);
                    break;
                }
            }
        }
    }
    Ok(outcome)
}

/// Records the remaining packages as failures, without requests for them.
fn give_up(outcome: &mut Outcome, left: impl Iterator<Item = ListedPackage>, kind: Kind, observer: &impl Observer) {
    let detail = match kind {
        Kind::RateLimited => "not asked for, as GitHub had asked for fewer requests".to_owned(),
        _ => format!("not asked for, as GitHub had failed {MAX_CONSECUTIVE_UNREACHABLE} times in a row"),
    };
    for package in left {
        observer.answered(false);
        outcome.failures.push(Failure {
            name: package.name,
            kind,
            detail: detail.clone(),
            asked: false,
        });
    }
}

struct Pass<'a, O> {
    manners: &'a Manners,
    observer: &'a O,
    /// The rest of [`Manners::wait`].
    wait_left: Cell<Duration>,
}

impl<O: Observer> Pass<'_, O> {
    /// Sends a request, and retries it after a temporary error.
    async fn ask<T, F>(&self, request: impl FnMut() -> F) -> Result<T, Problem>
    where
        F: Future<Output = Result<T, Problem>>,
    {
        request
            .retry(self.manners.delays())
            .when(|problem: &Problem| problem.kind.is_worth_retrying() || problem.kind == Kind::RateLimited)
            .adjust(|problem, delay| {
                // `None`: there was the last attempt.
                let delay = delay?;
                match (problem.kind, problem.retry_after) {
                    (Kind::RateLimited, wait) => self.spend(wait?),
                    // Other errors may have a `Retry-After` too.
                    (_, Some(wait)) => self.spend(wait.max(delay)),
                    (_, None) => Some(delay),
                }
            })
            .notify(|problem, delay| self.observer.waiting(problem, delay))
            .await
    }

    /// Takes a wait for a rate limit from the rest, if the rest is long enough.
    fn spend(&self, wait: Duration) -> Option<Duration> {
        self.wait_left.set(self.wait_left.get().checked_sub(wait)?);
        Some(wait)
    }
}

#[cfg(test)]
mod tests {
    use std::{
        collections::BTreeMap,
        sync::{
            Mutex,
            atomic::{AtomicUsize, Ordering},
        },
    };

    use tokio::time::Instant;

    use super::*;
    use crate::measure::component::{List, Measurement, Owner};

    /// A fake component. Each name has a list of responses, of which the last one is repeated.
    #[derive(Default)]
    struct Fake {
        names: Vec<&'static str>,
        answers: BTreeMap<&'static str, Vec<Result<u64, Problem>>>,
        asked: Mutex<Vec<(String, Duration)>>,
        under_way: AtomicUsize,
        started: Option<Instant>,
    }

    fn problem(kind: Kind, retry_after: Option<u64>) -> Problem {
        Problem {
            kind,
            detail: kind.to_string(),
            retry_after: retry_after.map(Duration::from_secs),
        }
    }

    fn failing(kind: Kind, retry_after: Option<u64>) -> Result<u64, Problem> {
        Err(problem(kind, retry_after))
    }

    impl Fake {
        fn new(answers: &[(&'static str, Vec<Result<u64, Problem>>)]) -> Self {
            Self {
                names: answers
                    .iter()
                    .map(|(name, _)| *name)
                    .filter(|name| *name != "list")
                    .collect(),
                answers: answers.iter().cloned().collect(),
                started: Some(Instant::now()),
                ..Self::default()
            }
        }

        async fn answer(&self, name: &str) -> Result<u64, Problem> {
            assert_eq!(
                self.under_way.fetch_add(1, Ordering::SeqCst),
                0,
                "one request at a time"
            );
            let since = self.started.unwrap().elapsed();
            self.asked.lock().unwrap().push((name.into(), since));
            // A response takes a while, so that concurrent requests would be noticed.
            tokio::time::sleep(Duration::from_millis(100)).await;
            self.under_way.fetch_sub(1, Ordering::SeqCst);
            let nth = self.asked().iter().filter(|asked| *asked == name).count() - 1;
            match self.answers.get(name) {
                Some(answers) => answers[nth.min(answers.len() - 1)].clone(),
                None => Ok(0),
            }
        }

        fn asked(&self) -> Vec<String> {
            self.asked
                .lock()
                .unwrap()
                .iter()
                .map(|(name, _)| name.clone())
                .collect()
        }

        /// The times between the end of a response and the next request.
        fn gaps(&self) -> Vec<Duration> {
            let asked = self.asked.lock().unwrap();
            asked
                .windows(2)
                .map(|two| two[1].1 - two[0].1 - Duration::from_millis(100))
                .collect()
        }
    }

    impl Component for Fake {
        async fn packages(&self, _: &str) -> Result<List, Problem> {
            self.answer("list").await?;
            let packages = self.names.iter().map(|name| ListedPackage {
                name: (*name).into(),
                repository: None,
            });
            Ok(List {
                owner: Some(Owner::User),
                packages: packages.collect(),
            })
        }

        async fn measure(
            &self,
            _: &str,
            package: &ListedPackage,
            owner: Option<Owner>,
        ) -> Result<Measurement, Problem> {
            assert_eq!(owner, Some(Owner::User), "as the list said");
            self.answer(&package.name).await.map(|total| Measurement {
                total,
                daily: Vec::new(),
            })
        }
    }

    async fn run(fake: &Fake) -> Result<Outcome, Problem> {
        collect(fake, "org", &[], &Manners::GITHUB, &()).await
    }

    fn kinds(outcome: &Outcome) -> Vec<(&str, Kind)> {
        outcome
            .failures
            .iter()
            .map(|failure| (failure.name.as_str(), failure.kind))
            .collect()
    }

    // These tests run on tokio's paused clock: sleeps take no real time.

    #[tokio::test(start_paused = true)]
    async fn one_after_the_other_with_a_pause() {
        let fake = Fake::new(&[("a", vec![Ok(1)]), ("b", vec![Ok(2)]), ("c", vec![Ok(0)])]);
        let outcome = run(&fake).await.unwrap();
        assert_eq!(fake.asked(), ["list", "a", "b", "c"]);
        assert!(fake.gaps().iter().all(|gap| *gap >= REQUEST_PAUSE), "{:?}", fake.gaps());
        let totals: Vec<_> = outcome.packages.iter().map(|package| package.total).collect();
        assert_eq!((totals, outcome.failures), (vec![1, 2, 0], vec![]));
    }

    #[tokio::test(start_paused = true)]
    async fn temporary_errors_are_retried_a_few_times() {
        for kind in [Kind::Unreachable, Kind::TimedOut] {
            let fake = Fake::new(&[
                ("a", vec![failing(kind, None), failing(kind, None), Ok(7)]),
                ("b", vec![failing(kind, None)]),
                ("c", vec![Ok(9)]),
            ]);
            let outcome = run(&fake).await.unwrap();
            assert_eq!(fake.asked(), ["list", "a", "a", "a", "b", "b", "b", "c"]);
            assert_eq!(kinds(&outcome), [("b", kind)]);
            assert_eq!(outcome.packages.len(), 2);
            // The delays grow, and have their minimum.
            let gaps = fake.gaps();
            assert!(gaps[1] >= RETRY_DELAY && gaps[2] >= 2 * RETRY_DELAY, "{gaps:?}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn permanent_errors_are_not_retried() {
        for kind in [
            Kind::NotFound,
            Kind::MarkupChanged,
            Kind::TooLarge,
            Kind::BadRequest,
            Kind::ComponentFailed,
        ] {
            let fake = Fake::new(&[("a", vec![failing(kind, None)]), ("b", vec![Ok(1)])]);
            let outcome = run(&fake).await.unwrap();
            assert_eq!(fake.asked(), ["list", "a", "b"]);
            assert_eq!(kinds(&outcome), [("a", kind)]);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_short_rate_limit_is_waited_for() {
        let fake = Fake::new(&[
            ("a", vec![failing(Kind::RateLimited, Some(20)), Ok(5)]),
            ("b", vec![Ok(1)]),
        ]);
        let outcome = run(&fake).await.unwrap();
        assert_eq!(fake.asked(), ["list", "a", "a", "b"]);
        assert!(fake.gaps()[1] >= Duration::from_secs(20));
        assert_eq!((outcome.packages.len(), outcome.failures.len()), (2, 0));
    }

    #[tokio::test(start_paused = true)]
    async fn a_long_rate_limit_ends_the_pass() {
        for retry_after in [Some(61), Some(1_800), None] {
            let fake = Fake::new(&[
                ("a", vec![Ok(1)]),
                ("b", vec![failing(Kind::RateLimited, retry_after)]),
                ("c", vec![Ok(1)]),
                ("d", vec![Ok(1)]),
            ]);
            let outcome = run(&fake).await.unwrap();
            assert_eq!(fake.asked(), ["list", "a", "b"]);
            let limited = Kind::RateLimited;
            assert_eq!(kinds(&outcome), [("b", limited), ("c", limited), ("d", limited)]);
            assert_eq!(
                outcome.failures[1].detail,
                "not asked for, as GitHub had asked for fewer requests"
            );
            assert_eq!(outcome.packages.len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn waits_add_up() {
        // Three waits of 25 s are more than 60.
        let limited = || vec![failing(Kind::RateLimited, Some(25)), Ok(1)];
        let fake = Fake::new(&[("a", limited()), ("b", limited()), ("c", limited()), ("d", vec![Ok(1)])]);
        let outcome = run(&fake).await.unwrap();
        assert_eq!(fake.asked(), ["list", "a", "a", "b", "b", "c"]);
        assert_eq!(outcome.failures.len(), 2);
        // A rate limit that is never lifted ends the pass, even if each wait is short.
        let fake = Fake::new(&[("a", vec![failing(Kind::RateLimited, Some(0))])]);
        run(&fake).await.unwrap();
        assert_eq!(fake.asked().len(), 1 + MAX_ATTEMPTS);
    }

    #[tokio::test(start_paused = true)]
    async fn an_outage_ends_the_pass() {
        let away = || vec![failing(Kind::Unreachable, None)];
        let fake = Fake::new(&[("a", away()), ("b", away()), ("c", away()), ("d", vec![Ok(1)])]);
        let outcome = run(&fake).await.unwrap();
        assert!(!fake.asked().contains(&"d".into()));
        assert_eq!(outcome.failures.len(), 4);
        assert_eq!(outcome.failures[3].kind, Kind::Unreachable);
        assert_eq!(
            outcome.failures[3].detail,
            "not asked for, as GitHub had failed 3 times in a row"
        );

        // A package that was read in between shows that GitHub is reachable.
        let fake = Fake::new(&[
            ("a", away()),
            ("b", away()),
            ("c", vec![Ok(1)]),
            ("d", away()),
            ("e", vec![Ok(1)]),
        ]);
        assert_eq!(run(&fake).await.unwrap().packages.len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn without_a_list_there_is_nothing() {
        let fake = Fake::new(&[("list", vec![failing(Kind::NotFound, None)]), ("a", vec![Ok(1)])]);
        assert_eq!(run(&fake).await, Err(problem(Kind::NotFound, None)));
        assert_eq!(fake.asked(), ["list"]);
        let fake = Fake::new(&[
            ("list", vec![failing(Kind::RateLimited, Some(9)), Ok(0)]),
            ("a", vec![Ok(1)]),
        ]);
        assert_eq!(run(&fake).await.unwrap().packages.len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn skipped_packages_cause_no_request() {
        let fake = Fake::new(&[("a", vec![Ok(1)]), ("b", vec![Ok(1)])]);
        let skip = ["b".to_owned(), "x".to_owned()];
        let outcome = collect(&fake, "org", &skip, &Manners::GITHUB, &()).await.unwrap();
        assert_eq!(fake.asked(), ["list", "a"]);
        assert_eq!(outcome.skipped, ["b"]);
    }
}
