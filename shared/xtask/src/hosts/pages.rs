//! The test pages that all hosts read, each with the expected answer.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, ensure};
use ex2_parser::{Error, Json, stream};
use github::pages::{
    self, Change, Classes, ListChange, ListedPackage, ListedVersion, OtherEcosystem, PackageListPage, PackagePage,
    RateLimit, VersionListPage,
};

/// The kinds of pages, with the numbers that the module's `extract` expects.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u32)]
pub(super) enum Kind {
    Package,
    PackageList,
    VersionList,
}

impl Kind {
    pub(super) const ALL: [Self; 3] = [Self::Package, Self::PackageList, Self::VersionList];

    /// The JSON of the answer, or of the error, as the tracker's engine reads the page natively.
    fn answer(self, page: &[u8]) -> (bool, String) {
        fn json<T: Json>(answer: Result<T, Error>) -> (bool, String) {
            match answer {
                Ok(value) => (true, value.to_json()),
                Err(error) => (false, error.to_json()),
            }
        }
        match self {
            Self::Package => json(stream::package(page)),
            Self::PackageList => json(stream::package_list(page)),
            Self::VersionList => json(stream::version_list(page)),
        }
    }
}

/// A page in a file.
pub(super) struct Page {
    pub(super) file: PathBuf,
    /// The answer's JSON, also of an error.
    pub(super) answer: String,
    /// Whether the answer is no error.
    pub(super) is_read: bool,
}

/// Writes the pages of a kind into `directory`.
pub(super) fn write(kind: Kind, directory: &Path) -> Result<Vec<Page>> {
    let contents = match kind {
        Kind::Package => [package_pages(), other_pages()].concat(),
        Kind::PackageList => [package_lists(), other_pages()].concat(),
        Kind::VersionList => [version_lists(), other_pages()].concat(),
    };
    contents
        .into_iter()
        .enumerate()
        .map(|(number, content)| page(kind, &content, directory.join(format!("{kind:?}-{number}.html"))))
        .collect()
}

/// The page that the times are measured with, as long as a real one.
pub(super) fn measured(directory: &Path) -> Result<Page> {
    let content = PackagePage {
        bytes: pages::REAL_PACKAGE_PAGE_BYTES,
        ..PackagePage::default()
    };
    page(
        Kind::Package,
        content.render().as_bytes(),
        directory.join("measured.html"),
    )
}

fn page(kind: Kind, content: &[u8], file: PathBuf) -> Result<Page> {
    fs::write(&file, content).with_context(|| format!("{} can't be written", file.display()))?;
    let (is_read, answer) = kind.answer(content);
    Ok(Page { file, answer, is_read })
}

/// Compares the lines that a program printed with the answers.
pub(super) fn compare<'a>(output: &str, pages: impl Iterator<Item = &'a Page>) -> Result<()> {
    let mut lines = output.split_terminator('\n');
    for page in pages {
        let name = page.file.file_name().unwrap_or_default().display().to_string();
        let answer = lines.next().with_context(|| format!("no answer for {name}"))?;
        ensure!(
            answer == page.answer,
            "{name}: the answer is {answer}, but should be {}",
            page.answer
        );
    }
    ensure!(lines.next().is_none(), "it printed more than the answers");
    Ok(())
}

fn package_pages() -> Vec<Vec<u8>> {
    let example = PackagePage::default;
    let mut pages = vec![
        example(),
        PackagePage { total: 0, ..example() },
        PackagePage {
            total: 4_890_000_000,
            daily: Vec::new(),
            ..example()
        },
        PackagePage {
            owner_is_user: true,
            repository: None,
            name: "a/b/c".to_owned(),
            ..example()
        },
        PackagePage {
            decoys: true,
            discussions: Some(120),
            issues: 14_360,
            ..example()
        },
        PackagePage {
            classes: Classes::Old,
            description: "<b>Total downloads</b> & \"ä€\"".to_owned(),
            ..example()
        },
        PackagePage {
            bytes: pages::REAL_PACKAGE_PAGE_BYTES,
            decoys: true,
            ..example()
        },
    ];
    let changes = [
        Change::LabelRenamed,
        Change::TitleDropped,
        Change::TitleRounded,
        Change::TitleEmpty,
        Change::TitleTooLarge,
        Change::BarNotANumber,
    ];
    pages.extend(changes.map(|change| PackagePage {
        change: Some(change),
        ..example()
    }));
    pages.iter().map(|page| page.render().into_bytes()).collect()
}

fn package_lists() -> Vec<Vec<u8>> {
    let example = PackageListPage::default;
    let packages = |count: usize| {
        let name = |number| format!("charts/image-{number}");
        let package = |number| ListedPackage {
            name: name(number),
            repository: Some("repository".to_owned()),
        };
        (0..count).map(package).collect::<Vec<_>>()
    };
    let library = OtherEcosystem {
        name: "org.example".into(),
        repository: "library".into(),
        id: 12_345,
    };
    let lists = [
        example(),
        PackageListPage {
            packages: Vec::new(),
            ..example()
        },
        PackageListPage {
            packages: packages(pages::ROWS_A_PAGE),
            page: 2,
            pages: 3,
            ..example()
        },
        PackageListPage {
            packages: packages(3),
            other_ecosystems: vec![library],
            user: true,
            ..example()
        },
        PackageListPage {
            change: Some(ListChange::LinkUnknown),
            ..example()
        },
        PackageListPage {
            change: Some(ListChange::SlashNotEncoded),
            ..example()
        },
    ];
    lists.iter().map(|page| page.render().into_bytes()).collect()
}

fn version_lists() -> Vec<Vec<u8>> {
    let example = VersionListPage::default;
    let version = |id| ListedVersion {
        id,
        tags: (0..id % 7).map(|tag| format!("v{id}.{tag}-rc_1")).collect(),
        total: 10_u64.pow(id as u32 % 19),
    };
    let lists = [
        example(),
        VersionListPage {
            versions: Vec::new(),
            ..example()
        },
        VersionListPage {
            versions: (1..=30).map(version).collect(),
            page: 1,
            pages: 2,
            ..example()
        },
    ];
    lists.iter().map(|page| page.render().into_bytes()).collect()
}

/// The first pages of a package that another parser reads as well. Later ones are of no usual shape.
pub(super) const USUAL: usize = 7;

/// Pages of another kind, cut ones, and bytes that are no page at all.
fn other_pages() -> Vec<Vec<u8>> {
    let whole = PackagePage::default().render().into_bytes();
    let texts = [
        pages::version_page("source-controller", "v1.5.0", 1_234),
        pages::not_found(),
        pages::login(),
        pages::server_error(503),
        pages::rate_limit(RateLimit::AbuseDetection),
        pages::rate_limit(RateLimit::Secondary),
        "\u{feff}<span>Total downloads</span><h3 title=7>7</h3>".to_owned(),
        "<html><span>Total downloads</span><h3 title=7>7</h3>".to_owned(),
    ];
    let bytes = [
        Vec::new(),
        vec![b'<'],
        vec![0; 1_000],
        (0..=255).cycle().take(10_000).collect(),
        whole[..whole.len() / 2].to_vec(),
        whole[..whole.len() - 1].to_vec(),
    ];
    texts.map(String::into_bytes).into_iter().chain(bytes).collect()
}
