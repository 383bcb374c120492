//! A package's page, with the total and the downloads of the last 30 days.

use std::fmt::Write;

use jiff::{ToSpan, civil::Date};
use system::command_line::thousands;

use crate::pages::{
    address,
    counts::rounded,
    escape::Escaped,
    filler::{self, NOTICE, Numbers},
    version_list_page::{ListedVersion, tag_links},
};

/// The number of bars in the chart of a package page. A page can also have no chart.
pub const BARS: usize = 30;

/// The position of the total in a real page, as a fraction: nine tenths of the bytes are before it.
const BEFORE_TOTAL: (usize, usize) = (9, 10);

/// The generation of spacing classes. A parser must not depend on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Classes {
    /// Until early 2026: `my-3`, `pr-1`, `mb-1`.
    Old,
    /// Since about 2026-02-24: `tmp-my-3`, `tmp-pr-1`, `tmp-mb-1`, but not for all elements.
    Tmp,
}

/// A change of the markup. A parser must report it as an error, and not return a wrong number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// The label reads `Downloads overall`.
    LabelRenamed,
    /// The total's `h3` has only the rounded text and no `title`.
    TitleDropped,
    /// The `title` is the rounded text: `14.4K`.
    TitleRounded,
    /// The `title` is empty.
    TitleEmpty,
    /// The `title` is a number of more than 64 bits: the total with 20 nines after it.
    TitleTooLarge,
    /// A bar's count is not a number.
    BarNotANumber,
}

/// A package's page. All texts are escaped when it is rendered.
#[derive(Clone, Debug)]
pub struct PackagePage {
    /// The organisation or user.
    pub owner: String,
    /// Whether the owner is a user, whose links begin with `/users/` instead of `/orgs/`.
    pub owner_is_user: bool,
    /// The package's repository, without its owner.
    pub repository: Option<String>,
    /// The package's name, which can contain slashes.
    pub name: String,
    /// The exact download count.
    pub total: u64,
    /// The bars: date (`2026-05-10`) and count, newest first. Empty for a page without a chart.
    pub daily: Vec<(String, u64)>,
    /// The "Issues" counter, which has the same markup as the total.
    pub issues: u64,
    /// The "Discussions" counter, if the repository has discussions: one more block before the total.
    pub discussions: Option<u64>,
    /// The time of publication of the newest version, for the `title` of "Last published".
    pub published: String,
    /// The stars of the repository.
    pub stars: u64,
    /// The spacing classes.
    pub classes: Classes,
    /// Whether comments, scripts, attributes and texts contain false labels, counters and charts.
    pub decoys: bool,
    /// The owner's description, in its own `span`. It can be hostile, or equal to a label.
    pub description: String,
    /// The versions under "Recent tagged image versions", each with its own counter.
    pub versions: Vec<ListedVersion>,
    /// A change of the markup.
    pub change: Option<Change>,
    /// The minimum size in bytes, to which filler is added; 0 for no filler.
    pub bytes: usize,
}

impl Default for PackagePage {
    /// `fluxcd/source-controller` on 2026-05-10 with 14,360 downloads.
    fn default() -> Self {
        Self {
            owner: "fluxcd".into(),
            owner_is_user: false,
            repository: Some("source-controller".into()),
            name: "source-controller".into(),
            total: 14_360,
            daily: daily(
                Date::constant(2026, 5, 10),
                (0..BARS as u64).map(|day| if day == 0 { 412 } else { 380 + day * 7919 % 700 }),
            ),
            issues: 9,
            discussions: None,
            published: "2026-05-09T01:06:03-07:00".into(),
            stars: 12,
            classes: Classes::Tmp,
            decoys: false,
            description: "A container image".into(),
            versions: vec![
                ListedVersion {
                    id: 852_161_345,
                    tags: vec!["latest".into(), "v1.6.0".into()],
                    total: 673,
                },
                ListedVersion {
                    id: 849_002_117,
                    tags: vec!["v1.5.0".into()],
                    total: 1_205,
                },
            ],
            change: None,
            bytes: 0,
        }
    }
}

/// The bars of a chart: one day for each count, newest first, beginning with `newest`.
pub fn daily(newest: Date, counts: impl IntoIterator<Item = u64>) -> Vec<(String, u64)> {
    let mut date = newest;
    counts
        .into_iter()
        .map(|count| {
            let bar = (date.to_string(), count);
            date = date.saturating_sub(1.day());
            bar
        })
        .collect()
}

impl PackagePage {
    /// The page as HTML.
    pub fn render(&self) -> String {
        let bare = self.render_with(0);
        let missing = self.bytes.saturating_sub(bare.len());
        if missing == 0 { bare } else { self.render_with(missing) }
    }

    /// The path of this page.
    pub fn address(&self) -> String {
        match (&self.repository, self.owner_is_user) {
            (Some(repository), _) => address::repository_package(&self.owner, repository, &self.name),
            (None, false) => address::organisation_package(&self.owner, &self.name),
            (None, true) => address::user_package(&self.owner, &self.name),
        }
    }

    fn render_with(&self, filling: usize) -> String {
        let mut out = String::with_capacity(self.bytes + 16_384);
        let mut numbers = Numbers::from_text(&self.name);
        let (part, whole) = BEFORE_TOTAL;
        let before = filling * part / whole;
        self.head(&mut out, &mut numbers, before / 5);
        self.header(&mut out, &mut numbers, before / 2);
        self.installation(&mut out, &mut numbers);
        self.recent_versions(&mut out, &mut numbers);
        let written_before = before / 5 + before / 2;
        if before > 0 {
            filler::body(&mut out, &mut numbers, before - written_before);
        }
        self.readme(&mut out);
        self.details(&mut out, &mut numbers);
        self.footer(&mut out, &mut numbers, filling - before);
        out
    }

    fn head(&self, out: &mut String, numbers: &mut Numbers, filling: usize) {
        let name = Escaped(&self.name);
        let owner = Escaped(&self.owner);
        let description = Escaped(&self.description);
        let path = self.address();
        let _ = write!(
            out,
            r#"<!DOCTYPE html>
<html lang="en" data-color-mode="auto" data-light-theme="light" data-dark-theme="dark">
  <!-- {NOTICE} -->
  <head>
    <meta charset="utf-8">
    <link rel="dns-prefetch" href="https://assets.stand-in.invalid">
    <title>Package {name} · GitHub</title>
    <meta name="description" content="{description}">
    <meta property="og:title" content="Package {name} · {owner}" />
    <meta property="og:description" content="{description}" />
    <meta property="og:url" content="{path}" />
    <meta name="viewport" content="width=device-width">
    <style>.tooltipped {{ position: relative }} h3[title]::after {{ content: "<h3 title=1>" }}</style>
"#
        );
        if self.decoys {
            let _ = write!(
                out,
                r#"    <!-- <span class="mb-1">Total downloads</span><h3 title="111111">111K</h3> -->
    <!-- <div aria-label="Downloads for the last 30 days"><svg><rect data-date="2020-01-01" data-merge-count="111112"></rect></svg></div> -->
    <script type="application/json" data-target="react-app.embeddedData">{{"html":"<span>Total downloads</span><h3 title=\"222222\">222K</h3><rect data-date=\"2020-01-02\" data-merge-count=\"222223\">"}}</script>
    <script>/* <!-- */ const label = "Total downloads"; document.write('<h3 title="333333">333K<\/h3>'); /* --> */</script>
    <meta name="twitter:description" content="&lt;span&gt;Total downloads&lt;/span&gt;&lt;h3 title=&quot;444444&quot;&gt;" />
    <meta name="twitter:label1" content="<span>Total downloads</span><h3 title='444445'>">
    <style>/* <span>Total downloads</span><h3 title="444446"> */</style>
"#
            );
        }
        if filling > 0 {
            filler::head(out, numbers, filling);
        }
        out.push_str("  </head>\n\n\n");
    }

    fn header(&self, out: &mut String, numbers: &mut Numbers, filling: usize) {
        out.push_str(
            "  <body class=\"logged-out env-production page-responsive\" style=\"word-wrap: break-word;\">\n    <header class=\"HeaderMktg\" role=\"banner\">\n      <h2 class=\"sr-only\">Navigation Menu</h2>\n      <nav aria-label=\"Global\"><ul class=\"d-lg-flex list-style-none\">\n",
        );
        if filling > 0 {
            filler::body(out, numbers, filling);
        }
        let owner = Escaped(&self.owner);
        let owner_segment = address::segment(&self.owner);
        let _ = write!(
            out,
            "      </ul></nav>\n    </header>\n    <main>\n      <div class=\"d-flex flex-wrap wb-break-word f3 text-normal\">\n        <span class=\"author\" itemprop=\"author\"><a class=\"url fn\" rel=\"author\" href=\"/{owner_segment}\">{owner}</a></span>\n"
        );
        if let Some(repository) = &self.repository {
            let _ = writeln!(
                out,
                "        <span class=\"mx-1\">/</span> <strong itemprop=\"name\"><a href=\"/{owner_segment}/{}\">{}</a></strong>\n        <span id=\"repo-stars-counter-star\" aria-label=\"{2} users starred this repository\" title=\"{2}\" class=\"Counter\">{3}</span>\n        <span id=\"repo-network-counter\" title=\"3,377\" class=\"Counter\">3.4k</span>",
                address::segment(repository),
                Escaped(repository),
                self.stars,
                rounded(self.stars)
            );
        }
        out.push_str("      </div>\n");
    }

    fn installation(&self, out: &mut String, numbers: &mut Numbers) {
        let newest = self
            .versions
            .first()
            .and_then(|version| version.tags.first())
            .map_or("latest", String::as_str);
        let _ = write!(
            out,
            r#"      <h1 class="h2"><span class="mr-2">{name}</span><span class="text-normal h2 mr-1 color-fg-muted">{tag}</span></h1>
      <p class="f4 tmp-my-3"><span>{description}</span></p>
      <div class="Box"><pre class="f5"><code>docker pull ghcr.io/{owner}/{name}:{tag}</code></pre>
        <clipboard-copy value="docker pull ghcr.io/{owner}/{name}:{tag}" aria-label="Copy">"#,
            name = Escaped(&self.name),
            owner = Escaped(&self.owner),
            tag = Escaped(newest),
            description = Escaped(&self.description),
        );
        filler::icon(out, numbers, "octicon octicon-copy");
        out.push_str("</clipboard-copy>\n      </div>\n");
        if self.decoys {
            // Texts that contain the label, and numbers with a `title` after another label.
            out.push_str(
                r#"      <p>Total downloads 555555 last year; Total downloads are shown below.</p>
      <span class="d-block text-small mb-1">Total downloads of all versions</span><h3 title="666666">667K</h3>
      <a href="/?q=Total+downloads" title="Total downloads" aria-label="Total downloads" data-label="<span>Total downloads</span><h3 title='777777'>">search</a>
      <textarea hidden><span>Total downloads</span><h3 title="888888">889K</h3></textarea>
      <div aria-label="Downloads for the last 90 days"><svg><rect data-date="2020-01-03" data-merge-count="888889"></rect></svg></div>
"#,
            );
        }
    }

    fn recent_versions(&self, out: &mut String, numbers: &mut Numbers) {
        let versions = address::versions_of(&self.owner, self.owner_is_user, &self.name);
        out.push_str(
            "      <div class=\"Box\">\n        <div class=\"Box-header\">\n          <h3 class=\"f5\">Recent tagged image versions</h3>\n        </div>\n        <ul>\n",
        );
        for version in &self.versions {
            out.push_str("          <li class=\"Box-row\">\n");
            tag_links(out, &versions, version);
            let _ = writeln!(
                out,
                "            <small class=\"color-fg-muted\">Published 1 day ago · Digest <code>sha256:{}</code></small>",
                numbers.hex(64)
            );
            filler::icon(out, numbers, "octicon octicon-download");
            let _ = writeln!(
                out,
                "\n            {}\n            <span class=\"sr-only\">Version downloads</span>\n          </li>",
                thousands(version.total)
            );
        }
        let _ = writeln!(
            out,
            "        </ul>\n        <div class=\"Box-footer\"><a href=\"{}\">View all tagged versions</a></div>\n      </div>",
            address::tagged_versions(&versions)
        );
    }

    fn readme(&self, out: &mut String) {
        let _ = writeln!(
            out,
            "      <include-fragment loading=\"lazy\" src=\"{}/readme?is_package_page=true\" data-nonce=\"v2:{}\">\n        <p class=\"text-center tmp-py-5\" data-hide-on-error><span class=\"sr-only\">Loading</span></p>\n        <p class=\"Box\" data-show-on-error hidden>Sorry, something went wrong.</p>\n        <h3 class=\"blankslate-heading\">Uh oh!</h3>\n      </include-fragment>",
            self.address(),
            Numbers::new(self.total).hex(32)
        );
    }

    fn details(&self, out: &mut String, numbers: &mut Numbers) {
        let (margin, padding, label_margin) = match self.classes {
            Classes::Old => ("my-3", "pr-1", "mb-1"),
            Classes::Tmp => ("tmp-my-3", "tmp-pr-1", "tmp-mb-1"),
        };
        let _ = write!(
            out,
            "      <div class=\"col-12 col-md-3 flex-shrink-0\">\n        <h4 class=\"mb-3\">Details</h4>\n        <ul class=\"list-style-none\">\n          <li class=\"d-flex flex-items-center mb-2\"><a href=\"/{0}\" title=\"{1}\">{1}</a></li>\n          <li class=\"d-flex flex-items-center mb-2\">",
            address::segment(&self.owner),
            Escaped(&self.owner),
        );
        filler::icon(out, numbers, "octicon octicon-star mr-1");
        let _ = write!(
            out,
            r#"<strong>{stars}</strong> stars</li>
        </ul>
        <hr class="{margin}">
        <div class="container-lg d-flex clearfix">
          <div class="lh-condensed d-flex flex-column flex-items-baseline mr-4">
            <span  class="d-block color-fg-muted text-small mb-1">
                Last published
            </span>
            <h3 title="{published}">1 day ago</h3>
          </div>
"#,
            stars = self.stars,
            published = Escaped(&self.published),
        );
        if let Some(discussions) = self.discussions {
            counter(out, "Discussions", discussions);
        }
        counter(out, "Issues", self.issues);
        let label = if self.change == Some(Change::LabelRenamed) {
            "Downloads overall"
        } else {
            "Total downloads"
        };
        let shown = rounded(self.total);
        let total = match self.change {
            Some(Change::TitleDropped) => format!("<h3>{shown}</h3>"),
            Some(Change::TitleRounded) => format!("<h3 title=\"{shown}\">{shown}</h3>"),
            Some(Change::TitleEmpty) => format!("<h3 title=\"\">{shown}</h3>"),
            Some(Change::TitleTooLarge) => format!("<h3 title=\"{}99999999999999999999\">{shown}</h3>", self.total),
            _ => format!("<h3 title=\"{}\">{shown}</h3>", self.total),
        };
        let _ = write!(
            out,
            r#"        </div>
        <div class="container-lg {margin} d-flex clearfix">
          <div class="lh-condensed d-flex flex-column flex-items-baseline {padding}">
            <span class="d-block color-fg-muted text-small {label_margin}">{label}</span>
            {total}
          </div>
"#
        );
        self.chart(out);
        out.push_str("        </div>\n");
        if self.decoys {
            out.push_str(
                r#"        <!-- <span>Total downloads</span><h3 title="999999">1M</h3> -->
        <div class="lh-condensed"><span class="text-small mb-1">Contributors</span><h3 title="25">25</h3></div>
        <script type="application/json">{"label":"Downloads for the last 30 days","rect":"<rect data-date=\"2020-01-04\" data-merge-count=\"999998\">"}</script>
"#,
            );
        }
    }

    fn chart(&self, out: &mut String) {
        if self.daily.is_empty() {
            return;
        }
        let highest = self.daily.iter().map(|(_, count)| *count).max().unwrap_or(0).max(1);
        out.push_str(
            r#"          <div class="lh-condensed d-inline-flex flex-column flex-items-baseline tooltipped tooltipped-s tmp-mt-3" aria-label="Downloads for the last 30 days">
            <svg
                width="120"
                height="24"
                viewBox="0 0 120 24"
                fill="none"
                xmlns="http://www.w3.org/2000/svg">
"#,
        );
        for (index, (date, count)) in self.daily.iter().enumerate() {
            let height = u128::from(*count) * 24 / u128::from(highest);
            let count = if self.change == Some(Change::BarNotANumber) && index == self.daily.len() / 2 {
                "many".to_string()
            } else {
                count.to_string()
            };
            let _ = write!(
                out,
                "                <rect\n                    x=\"{}\"\n                    y=\"{}\"\n                    data-merge-count=\"{count}\"\n                    data-date=\"{}\"\n                    width=\"2\"\n                    height=\"{height}\"\n                    rx=\"1\"\n                    fill=\"#28A745\"></rect>\n",
                120usize.saturating_sub(4 * index),
                24 - height,
                Escaped(date),
            );
        }
        out.push_str("            </svg>\n          </div>\n");
    }

    fn footer(&self, out: &mut String, numbers: &mut Numbers, filling: usize) {
        out.push_str("      </div>\n    </main>\n    <footer role=\"contentinfo\">\n      <h3 class=\"sr-only\">Footer navigation</h3>\n      <ul class=\"list-style-none\">\n");
        if filling > 0 {
            filler::body(out, numbers, filling);
        }
        out.push_str("      </ul>\n    </footer>\n  </body>\n</html>\n");
    }
}

/// Another counter, with the same markup as the total.
fn counter(out: &mut String, label: &str, count: u64) {
    let _ = write!(
        out,
        r#"          <div class="lh-condensed d-flex flex-column flex-items-baseline mr-4">
            <span class="d-block color-fg-muted text-small mb-1">{label}</span>
            <h3 title="{count}">{}</h3>
          </div>
"#,
        rounded(count)
    );
}
