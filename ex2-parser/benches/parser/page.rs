//! The page that all cases read, and its expected answer.

use std::fs;
use std::path::Path;

use bench::cases::{Case, Column, Model, Row};
use ex2_parser::{DailyDownloads, Package, stream};
use github::pages;

/// The label of the total.
pub(crate) const LABEL: &str = "Total downloads";

/// A package page.
pub(crate) struct Page {
    /// The page's origin and size, for the record.
    pub(crate) name: String,
    /// The page as GitHub sends it, in UTF-8.
    pub(crate) html: String,
    /// The expected answer.
    pub(crate) package: Package,
}

impl Page {
    /// Loads the real page if there is one beside the repository, or generates a page. All processes of one bench get the
    /// same page.
    pub(crate) fn load() -> Self {
        let path = concat!(
            env!("CARGO_MANIFEST_DIR"),
            "/../../shared/ghcr/pages/package_2026-05-10_nas-doctor.html"
        );
        match fs::read_to_string(Path::new(path)) {
            Ok(html) => Self::checked("GitHub's of 2026-05-10", html, 14_360, 14_125, 412),
            Err(_) => {
                let page = pages::PackagePage {
                    bytes: pages::REAL_PACKAGE_PAGE_BYTES,
                    ..Default::default()
                };
                let sum = page.daily.iter().map(|(_, count)| count).sum();
                let newest = page.daily.first().map_or(0, |(_, count)| *count);
                Self::checked("a generated one", page.render(), page.total, sum, newest)
            }
        }
    }

    /// Reads the page with the tracker's engine, and asserts the facts about the page that are known without a parser. All
    /// other cases have to give the same answer.
    fn checked(name: &str, html: String, total: u64, sum: u64, newest: u64) -> Self {
        let package = stream::package(html.as_bytes()).unwrap();
        assert_eq!(package.total, total, "{name}");
        assert_eq!(package.daily.len(), 30, "{name}");
        assert_eq!(package.daily.iter().map(|day| day.count).sum::<u64>(), sum, "{name}");
        assert_eq!(
            package.daily.first().map(|day: &DailyDownloads| day.count),
            Some(newest),
            "{name}"
        );
        Self {
            name: format!("{name}, {} bytes", html.len()),
            html,
            package,
        }
    }

    pub(crate) fn bytes(&self) -> &[u8] {
        self.html.as_bytes()
    }

    /// Asserts that a case gave the expected answer.
    pub(crate) fn assert_answer(&self, case: &Case, answer: &Package) {
        assert_eq!(*answer, self.package, "{} reads the page otherwise", case.id);
    }

    /// A case that reads this page.
    pub(crate) fn case(&self, id: &str, label: &str, column: Column, engine: &str) -> Case {
        Case {
            versions: [("page".to_owned(), self.name.clone())].into(),
            ..Case::new(id, label, Row::HtmlParser, Model::Call, column, engine)
        }
    }
}
