//! The list of an organisation's or a user's packages, 30 a page.

use std::fmt::Write;

use system::command_line::thousands;

use crate::pages::{
    address,
    counts::rounded,
    escape::Escaped,
    filler::{self, NOTICE, Numbers},
    pagination::pagination,
};

/// How many packages GitHub lists on one page.
pub const ROWS_A_PAGE: usize = 30;

/// A container package in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPackage {
    /// The package's name, which may hold slashes.
    pub name: String,
    /// Its repository, without the owner. A package need not have one.
    pub repository: Option<String>,
}

/// A package of another ecosystem, listed between the containers: a reader must skip it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OtherEcosystem {
    /// The package's name, such as `org.example.library`.
    pub name: String,
    /// Its repository, without the owner.
    pub repository: String,
    /// The number its address ends in: `/<owner>/<repository>/packages/12345`.
    pub id: u64,
}

/// One page of a list of packages.
#[derive(Clone, Debug)]
pub struct PackageListPage {
    /// The organisation or user.
    pub owner: String,
    /// Whether the owner is a user.
    pub user: bool,
    /// The container packages of this page. Empty, with no other ecosystems: the page of an empty list.
    pub packages: Vec<ListedPackage>,
    /// Packages of other ecosystems, listed after the containers.
    pub other_ecosystems: Vec<OtherEcosystem>,
    /// This page's number, from 1.
    pub page: u32,
    /// How many pages the list has.
    pub pages: u32,
    /// How many packages the heading counts, of all pages. `None`: the rows of this page, and 30 for each other page.
    pub heading_count: Option<u64>,
    /// Whether links to packages, and to the next page of something else, stand around the list: none of them is its
    /// own.
    pub links_around: bool,
    /// A change of the markup.
    pub change: Option<ListChange>,
}

/// A change of a list's markup that a parser must report as one, rather than answer with a part of the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListChange {
    /// The last container's link leads to an address that no package is known to have.
    LinkUnknown,
    /// As before, and the rows have lost their class.
    LinkUnknownAndRowRenamed,
    /// The slash in a name is written as it is.
    SlashNotEncoded,
    /// The element around the list has another id.
    ListRenamed,
}

impl Default for PackageListPage {
    /// Two packages of `fluxcd`, the second without a repository, on the only page.
    fn default() -> Self {
        Self {
            owner: "fluxcd".into(),
            user: false,
            packages: vec![
                ListedPackage {
                    name: "source-controller".into(),
                    repository: Some("source-controller".into()),
                },
                ListedPackage {
                    name: "charts/flagger".into(),
                    repository: None,
                },
            ],
            other_ecosystems: Vec::new(),
            page: 1,
            pages: 1,
            heading_count: None,
            links_around: false,
            change: None,
        }
    }
}

impl PackageListPage {
    /// The page as HTML.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(4_096 + 2_048 * self.packages.len());
        let mut numbers = Numbers::from_text(&self.owner);
        let owner = Escaped(&self.owner);
        let owner_segment = address::segment(&self.owner);
        let identifier = if self.change == Some(ListChange::ListRenamed) {
            "packages-list"
        } else if self.user {
            "user-packages-list"
        } else {
            "org-packages"
        };
        let rows = self.packages.len() + self.other_ecosystems.len();
        let all = self
            .heading_count
            .unwrap_or_else(|| ((self.pages.max(1) as usize - 1) * ROWS_A_PAGE + rows) as u64);
        let _ = write!(
            out,
            r#"<!DOCTYPE html>
<html lang="en">
  <!-- {NOTICE} -->
  <head>
    <meta charset="utf-8">
    <title>Packages · {owner} · GitHub</title>
"#
        );
        filler::head(&mut out, &mut numbers, 2_000);
        let _ = write!(
            out,
            r#"  </head>
  <body class="logged-out page-responsive">
    <header><nav aria-label="Global"><ul>
      <li><a href="/{owner_segment}" class="text-bold" title="{owner}">{owner}</a></li>
      <li><a href="/orgs/{owner_segment}/repositories">Repositories</a></li>
      <li><a href="/orgs/{owner_segment}/packages" aria-current="page" title="Packages">Packages</a></li>
"#
        );
        filler::body(&mut out, &mut numbers, 4_000);
        let _ = write!(
            out,
            r#"    </ul></nav></header>
    <main>
{}      <div id="{identifier}">
        <div class="Box">
          <div class="Box-header d-flex"><h3 class="f5"><span>{}</span> package{}</h3></div>
"#,
            self.links_around("pinned"),
            thousands(all),
            if all == 1 { "" } else { "s" }
        );
        if rows == 0 {
            out.push_str("          <div class=\"blankslate\">");
            filler::icon(&mut out, &mut numbers, "octicon octicon-package blankslate-icon");
            out.push_str("<h3 class=\"blankslate-heading\">No results matched your search.</h3></div>\n");
        } else {
            out.push_str("          <ul>\n");
            for (index, package) in self.packages.iter().enumerate() {
                let is_last = index + 1 == self.packages.len();
                self.row(&mut out, &mut numbers, package, is_last);
            }
            for other in &self.other_ecosystems {
                self.other_row(&mut out, &mut numbers, other);
            }
            out.push_str("          </ul>\n");
        }
        out.push_str("        </div>\n");
        self.pagination(&mut out);
        out.push_str("      </div>\n");
        out.push_str(&self.links_around("popular"));
        out.push_str("    </main>\n    <footer><ul>\n");
        filler::body(&mut out, &mut numbers, 1_000);
        out.push_str("    </ul></footer>\n  </body>\n</html>\n");
        out
    }

    /// A box beside the list, with a package and a list of its own.
    fn links_around(&self, name: &str) -> String {
        if !self.links_around {
            return String::new();
        }
        format!(
            "      <div class=\"Box\"><ol><li class=\"Box-row\"><a class=\"text-bold\" title=\"{name}\" href=\"{}\">{name}</a></li></ol><em class=\"current\" data-total-pages=\"9\">1</em><a rel=\"next\" href=\"/explore?page=2\">Next</a></div>\n",
            address::organisation_package(&self.owner, name)
        )
    }

    fn row(&self, out: &mut String, numbers: &mut Numbers, package: &ListedPackage, is_last: bool) {
        let name = Escaped(&package.name);
        let href = if self.user {
            address::user_package(&self.owner, &package.name)
        } else {
            address::organisation_package(&self.owner, &package.name)
        };
        let href = match self.change {
            Some(ListChange::LinkUnknown | ListChange::LinkUnknownAndRowRenamed) if is_last => {
                format!(
                    "/orgs/{}/images/{}",
                    address::segment(&self.owner),
                    address::segment(&package.name)
                )
            }
            Some(ListChange::SlashNotEncoded) => href.replace("%2F", "/"),
            _ => href,
        };
        let class = match self.change {
            Some(ListChange::LinkUnknownAndRowRenamed) => "ListItem",
            _ => "Box-row",
        };
        let _ = write!(
            out,
            r#"            <li class="{class}">
              <div class="d-flex">
                <div class="flex-auto">
                  <a class="text-bold f4 Link--primary no-underline" title="{name}" href="{href}">{name}</a>
                  <div class="text-small color-fg-muted">
                    Published <relative-time datetime="2026-05-09T08:06:03Z">May 9, 2026</relative-time> by
                    <a class="Link--secondary" href="/{}">{}</a>
"#,
            address::segment(&self.owner),
            Escaped(&self.owner),
        );
        if let Some(repository) = &package.repository {
            let _ = writeln!(
                out,
                "                    in\n                    <a class=\"Link--secondary\" data-hovercard-type=\"repository\" href=\"/{}/{}\">{}/{}</a>",
                address::segment(&self.owner),
                address::segment(repository),
                Escaped(&self.owner),
                Escaped(repository)
            );
        }
        out.push_str(
            "                  </div>\n                </div>\n                <span class=\"color-fg-muted\">",
        );
        filler::icon(out, numbers, "octicon octicon-download");
        let _ = writeln!(
            out,
            " {}</span>\n              </div>\n            </li>",
            rounded(numbers.below(900_000))
        );
    }

    fn other_row(&self, out: &mut String, numbers: &mut Numbers, other: &OtherEcosystem) {
        let owner = address::segment(&self.owner);
        let repository = address::segment(&other.repository);
        let _ = write!(
            out,
            r#"            <li class="Box-row">
              <div class="d-flex">
                <div class="flex-auto">
                  <a class="text-bold f4 Link--primary no-underline" title="{name}" href="/{owner}/{repository}/packages/{id}">{name}</a>
                  <div class="text-small color-fg-muted">
                    Published by <a class="Link--secondary" href="/{owner}">{owner}</a> in
                    <a class="Link--secondary" data-hovercard-type="repository" href="/{owner}/{repository}">{owner}/{repository}</a>
                  </div>
                </div>
                <span class="color-fg-muted">"#,
            name = Escaped(&other.name),
            id = other.id,
        );
        filler::icon(out, numbers, "octicon octicon-download");
        let _ = writeln!(
            out,
            " {}</span>\n              </div>\n            </li>",
            rounded(numbers.below(900_000))
        );
    }

    fn pagination(&self, out: &mut String) {
        pagination(out, self.page, self.pages, |page| {
            if self.user {
                address::user_packages(&self.owner, page)
            } else {
                address::organisation_packages(&self.owner, page)
            }
        });
    }
}
