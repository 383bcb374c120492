//! The list of a package's versions, with a count for each.

use std::fmt::Write;

use system::command_line::thousands;

use crate::pages::{
    address,
    escape::Escaped,
    filler::{self, NOTICE, Numbers},
    pagination::pagination,
};

/// A version in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedVersion {
    /// The number in the version's address.
    pub id: u64,
    /// The tags that share this version and its count. Empty: an untagged version, shown by its digest.
    pub tags: Vec<String>,
    /// The exact download count of the version.
    pub total: u64,
}

/// One page of a list of versions.
#[derive(Clone, Debug)]
pub struct VersionListPage {
    /// The organisation or user.
    pub owner: String,
    /// Whether the owner is a user.
    pub owner_is_user: bool,
    /// The package's repository, without the owner.
    pub repository: Option<String>,
    /// The package's name.
    pub name: String,
    /// The versions of this page.
    pub versions: Vec<ListedVersion>,
    /// This page's number, from 1.
    pub page: u32,
    /// How many pages the list has.
    pub pages: u32,
}

impl Default for VersionListPage {
    /// Three versions of `fluxcd/source-controller`: two tags sharing one, one tag, no tag.
    fn default() -> Self {
        Self {
            owner: "fluxcd".into(),
            owner_is_user: false,
            repository: Some("source-controller".into()),
            name: "source-controller".into(),
            versions: vec![
                ListedVersion {
                    id: 852_161_345,
                    tags: vec!["latest".into(), "v1.6.0-rc.1".into()],
                    total: 17_118,
                },
                ListedVersion {
                    id: 849_002_117,
                    tags: vec!["v1.5.0".into()],
                    total: 7,
                },
                ListedVersion {
                    id: 848_900_001,
                    tags: Vec::new(),
                    total: 1_234_567,
                },
            ],
            page: 1,
            pages: 1,
        }
    }
}

impl VersionListPage {
    /// The address of the package the versions belong to.
    pub fn package_address(&self) -> String {
        match (&self.repository, self.owner_is_user) {
            (Some(repository), _) => address::repository_package(&self.owner, repository, &self.name),
            (None, false) => address::organisation_package(&self.owner, &self.name),
            (None, true) => address::user_package(&self.owner, &self.name),
        }
    }

    /// The page as HTML.
    pub fn render(&self) -> String {
        let mut out = String::with_capacity(4_096 + 2_048 * self.versions.len());
        let mut numbers = Numbers::from_text(&self.name);
        let package = self.package_address();
        let versions = address::versions_of(&self.owner, self.owner_is_user, &self.name);
        let _ = write!(
            out,
            r#"<!DOCTYPE html>
<html lang="en">
  <!-- {NOTICE} -->
  <head>
    <meta charset="utf-8">
    <title>{0} versions · {1} · GitHub</title>
"#,
            Escaped(&self.name),
            Escaped(&self.owner)
        );
        filler::head(&mut out, &mut numbers, 2_000);
        let _ = write!(
            out,
            r#"  </head>
  <body class="logged-out page-responsive">
    <header><nav aria-label="Global"><ul>
"#
        );
        filler::body(&mut out, &mut numbers, 3_000);
        let _ = write!(
            out,
            r#"    </ul></nav></header>
    <main>
      <h1><a href="{package}">{}</a></h1>
      <div class="Box">
        <div class="Box-header"><h3>All versions</h3></div>
"#,
            Escaped(&self.name)
        );
        if self.versions.is_empty() {
            out.push_str("        <div class=\"blankslate\"><h3>No versions found.</h3></div>\n");
        } else {
            out.push_str("        <ul>\n");
            for version in &self.versions {
                out.push_str(
                    "          <li class=\"Box-row\">\n            <div class=\"d-flex flex-justify-between\">\n",
                );
                tag_links(&mut out, &versions, version);
                let _ = writeln!(
                    out,
                    "            <small class=\"color-fg-muted\">Published 2 days ago · Digest <code>sha256:{}</code></small>\n            <span class=\"d-flex flex-items-center gap-1 color-fg-muted\">",
                    numbers.hex(64)
                );
                filler::icon(&mut out, &mut numbers, "octicon octicon-download");
                let _ = writeln!(
                    out,
                    "\n            {}\n            <span class=\"sr-only\">Version downloads</span>\n            </span>\n            </div>\n          </li>",
                    thousands(version.total)
                );
            }
            out.push_str("        </ul>\n");
        }
        out.push_str("      </div>\n");
        pagination(&mut out, self.page, self.pages, |page| {
            address::versions(&versions, page)
        });
        out.push_str("    </main>\n  </body>\n</html>\n");
        out
    }
}

/// A version's tags, each a link to it; an untagged version is linked by its digest.
pub(crate) fn tag_links(out: &mut String, versions: &str, version: &ListedVersion) {
    out.push_str("            <div class=\"d-inline-flex flex-wrap\">\n");
    for (index, tag) in version.tags.iter().enumerate() {
        let class = if index == 0 {
            "Label Label--success mr-1 mb-2"
        } else {
            "Label mr-1 mb-2 text-normal"
        };
        let _ = writeln!(
            out,
            "              <a class=\"{class}\" href=\"{versions}/{}?tag={}\">{}</a>",
            version.id,
            address::segment(tag),
            Escaped(tag)
        );
    }
    if version.tags.is_empty() {
        let _ = writeln!(
            out,
            "              <a class=\"Link--primary\" href=\"{versions}/{}\">sha256:{}</a>",
            version.id,
            Numbers::new(version.id).hex(64)
        );
    }
    out.push_str("            </div>\n");
}
