//! Prints a test page to stdout.
//!
//!     cargo run -p github --bin pages -- package --total 4890000000 --discussions --decoys

use std::process::ExitCode;

use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use github::pages;
use github::pages::{
    BARS, Change, Classes, ListedPackage, ListedVersion, OtherEcosystem, PackageListPage, PackagePage, RateLimit,
    VersionListPage,
};
use jiff::civil::Date;
use system::command_line;

/// Prints a generated page that looks like one of GitHub's, for tests.
///
/// The same options print the same bytes on every machine. The figures are invented, and the page says so in a comment.
#[derive(Parser)]
#[command(name = "pages", version, args_conflicts_with_subcommands = true)]
struct Options {
    #[command(subcommand)]
    page: Option<Page>,
    /// Print the completions of a shell and stop
    #[arg(long, value_name = "SHELL")]
    completions: Option<clap_complete::Shell>,
}

#[derive(Subcommand)]
enum Page {
    /// A package's page, with the total and the last 30 days
    Package(PackageOptions),
    /// One page of the list of an organisation's or a user's packages
    List(ListOptions),
    /// One page of the list of a package's versions
    Versions(VersionsOptions),
    /// The page of one version, which is no package page
    Version {
        /// The version's downloads
        #[arg(long, default_value_t = 1_234)]
        total: u64,
    },
    /// The page for a private or missing package
    NotFound,
    /// The page of GitHub's rate limit
    RateLimit {
        /// One of the two texts
        #[arg(long, value_enum, default_value_t = Wording::AbuseDetection)]
        wording: Wording,
    },
    /// The page of a server error
    ServerError {
        /// The HTTP status
        #[arg(long, default_value_t = 503)]
        status: u16,
    },
    /// The login form
    Login,
}

#[derive(Args)]
struct PackageOptions {
    /// The organisation or user
    #[arg(long, default_value = "fluxcd")]
    owner: String,
    /// The repository, without its owner; an empty one for none
    #[arg(long, default_value = "source-controller")]
    repository: String,
    /// The package's name
    #[arg(long, default_value = "source-controller")]
    name: String,
    /// The exact download count
    #[arg(long, default_value_t = 14_360)]
    total: u64,
    /// The date of the newest bar
    #[arg(long, value_name = "YYYY-MM-DD", default_value = "2026-05-10")]
    newest: Date,
    /// Leave out the chart of the last 30 days
    #[arg(long)]
    no_chart: bool,
    /// The "Issues" counter
    #[arg(long, default_value_t = 9)]
    issues: u64,
    /// Show a "Discussions" counter before the total [default number: 120]
    #[arg(long, value_name = "COUNT", num_args = 0..=1, default_missing_value = "120")]
    discussions: Option<u64>,
    /// The spacing classes: of before 2026 or with the prefix `tmp-`
    #[arg(long, value_enum, default_value_t = Spacing::Tmp)]
    classes: Spacing,
    /// Put false labels and counters into comments, scripts, attributes and text
    #[arg(long)]
    decoys: bool,
    /// The owner's description of the package
    #[arg(long, default_value = "A container image")]
    description: String,
    /// A change of the markup that a parser must report
    #[arg(long, value_enum)]
    change: Option<MarkupChange>,
    /// Pad the page to at least this many bytes; a real one has about 237000
    #[arg(long, default_value_t = 0)]
    bytes: usize,
}

#[derive(Args)]
struct ListOptions {
    /// The organisation or user
    #[arg(long, default_value = "fluxcd")]
    owner: String,
    /// The owner is a user
    #[arg(long)]
    user: bool,
    /// The number of container packages
    #[arg(long, default_value_t = 3)]
    packages: usize,
    /// The number of packages of other ecosystems after them
    #[arg(long, default_value_t = 0)]
    others: usize,
    /// This page's number
    #[arg(long, default_value_t = 1)]
    page: u32,
    /// The number of pages
    #[arg(long, default_value_t = 1)]
    pages: u32,
}

#[derive(Args)]
struct VersionsOptions {
    /// The package's name
    #[arg(long, default_value = "source-controller")]
    name: String,
    /// The number of versions on this page
    #[arg(long, default_value_t = 3)]
    versions: u64,
    /// This page's number
    #[arg(long, default_value_t = 1)]
    page: u32,
    /// The number of pages
    #[arg(long, default_value_t = 1)]
    pages: u32,
}

#[derive(Clone, Copy, ValueEnum)]
enum Spacing {
    Old,
    Tmp,
}

#[derive(Clone, Copy, ValueEnum)]
enum Wording {
    AbuseDetection,
    Secondary,
}

#[derive(Clone, Copy, ValueEnum)]
enum MarkupChange {
    LabelRenamed,
    TitleDropped,
    TitleRounded,
    TitleEmpty,
    TitleTooLarge,
    BarNotANumber,
}

fn main() -> ExitCode {
    match command_line::print(answer(command_line::arguments()).as_bytes()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => command_line::fail(
            sysexits::ExitCode::IoErr,
            format_args!("the page could not be written to stdout: {error}; is the disk full?"),
        ),
    }
}

fn answer(options: Options) -> String {
    match (options.completions, options.page) {
        (Some(shell), _) => String::from_utf8_lossy(&command_line::completions::<Options>(shell)).into_owned(),
        (None, None) => Options::command().render_help().to_string(),
        (None, Some(Page::Package(options))) => package(options).render(),
        (None, Some(Page::List(options))) => list(options).render(),
        (None, Some(Page::Versions(options))) => versions(options).render(),
        (None, Some(Page::Version { total })) => pages::version_page("source-controller", "v1.5.0", total),
        (None, Some(Page::NotFound)) => pages::not_found(),
        (None, Some(Page::RateLimit { wording })) => pages::rate_limit(match wording {
            Wording::AbuseDetection => RateLimit::AbuseDetection,
            Wording::Secondary => RateLimit::Secondary,
        }),
        (None, Some(Page::ServerError { status })) => pages::server_error(status),
        (None, Some(Page::Login)) => pages::login(),
    }
}

fn package(options: PackageOptions) -> PackagePage {
    let example = PackagePage::default();
    let counts = example.daily.iter().map(|(_, count)| *count);
    PackagePage {
        owner: options.owner,
        repository: Some(options.repository).filter(|repository| !repository.is_empty()),
        name: options.name,
        total: options.total,
        daily: if options.no_chart {
            Vec::new()
        } else {
            pages::daily(options.newest, counts.take(BARS))
        },
        issues: options.issues,
        discussions: options.discussions,
        classes: match options.classes {
            Spacing::Old => Classes::Old,
            Spacing::Tmp => Classes::Tmp,
        },
        decoys: options.decoys,
        description: options.description,
        change: options.change.map(|change| match change {
            MarkupChange::LabelRenamed => Change::LabelRenamed,
            MarkupChange::TitleDropped => Change::TitleDropped,
            MarkupChange::TitleRounded => Change::TitleRounded,
            MarkupChange::TitleEmpty => Change::TitleEmpty,
            MarkupChange::TitleTooLarge => Change::TitleTooLarge,
            MarkupChange::BarNotANumber => Change::BarNotANumber,
        }),
        bytes: options.bytes,
        ..example
    }
}

fn list(options: ListOptions) -> PackageListPage {
    PackageListPage {
        packages: (1..=options.packages)
            .map(|number| ListedPackage {
                name: format!("image-{number}"),
                repository: (number % 3 != 0).then(|| format!("repository-{number}")),
            })
            .collect(),
        other_ecosystems: (1..=options.others)
            .map(|number| OtherEcosystem {
                name: format!("org.example.library-{number}"),
                repository: "library".into(),
                id: 12_345 + number as u64,
            })
            .collect(),
        owner: options.owner,
        user: options.user,
        page: options.page,
        pages: options.pages,
        ..PackageListPage::default()
    }
}

fn versions(options: VersionsOptions) -> VersionListPage {
    VersionListPage {
        repository: Some(options.name.clone()),
        name: options.name,
        versions: (0..options.versions)
            .map(|number| ListedVersion {
                id: 852_161_345 - number,
                tags: if number == 0 {
                    vec!["latest".into(), "v1.0.0".into()]
                } else {
                    vec![format!("v0.{number}.0")]
                },
                total: 17_118 / (number + 1),
            })
            .collect(),
        page: options.page,
        pages: options.pages,
        ..Default::default()
    }
}
