//! Plausible markup around the important parts of a page: links, icons, menus, scripts and buttons, of any size.
//!
//! A parser's speed depends on the density of tags, attributes, text and references. So that a benchmark on a generated
//! page is valid for real pages, the filler has the densities of the page captured on 2026-05-10 (236,971 bytes).
//! `tests/density.rs` measures them, and asserts that they differ by at most a quarter:
//!
//! | per 1,000 bytes | captured | generated |
//! | --- | --- | --- |
//! | elements | 6.0 | 6.2 |
//! | attributes | 17.2 | 18.0 |
//! | bytes of attribute values | 577 | 572 |
//! | of these, bytes of `svg` paths | 241 | 229 |
//! | character references | 7.2 | 8.4 |
//! | bytes of text and scripts | 87 | 93 |
//! | line breaks | 9.4 | 7.4 |

use std::fmt::Write;

/// A comment at the begin of every generated page, so that nobody takes a saved page for GitHub's.
pub const NOTICE: &str = "A generated test page. Not from github.com; its figures are invented.";

/// A deterministic generator of numbers (SplitMix64), because a page must be the same on every machine and in every
/// run.
pub(crate) struct Numbers(u64);

impl Numbers {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// A generator with the hash of a text as its seed, so that the pages of two packages differ.
    pub(crate) fn from_text(text: &str) -> Self {
        Self(text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        }))
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    pub(crate) fn below(&mut self, limit: u64) -> u64 {
        self.next() % limit
    }

    fn word(&mut self) -> &'static str {
        WORDS[self.below(WORDS.len() as u64) as usize]
    }

    /// A number of hexadecimal digits, as in a digest or in the name of an asset.
    pub(crate) fn hex(&mut self, digits: usize) -> String {
        let mut text = String::with_capacity(digits + 16);
        while text.len() < digits {
            let _ = write!(text, "{:016x}", self.next());
        }
        text.truncate(digits);
        text
    }
}

const WORDS: [&str; 24] = [
    "actions",
    "archive",
    "bundle",
    "catalog",
    "codespace",
    "commit",
    "dashboard",
    "gallery",
    "insights",
    "journal",
    "layout",
    "manifest",
    "notebook",
    "overview",
    "pipeline",
    "pricing",
    "project",
    "registry",
    "release",
    "search",
    "security",
    "sponsor",
    "summary",
    "workflow",
];

/// Appends at least `bytes` bytes of stylesheets, scripts and settings, as in a page's `head`.
pub(crate) fn head(out: &mut String, numbers: &mut Numbers, bytes: usize) {
    let end = out.len() + bytes;
    let mut settings = false;
    while out.len() < end {
        let word = numbers.word();
        let digest = numbers.hex(16);
        match numbers.below(4) {
            0 => {
                let _ = writeln!(
                    out,
                    r#"  <link data-color-theme="{word}" crossorigin="anonymous" media="all" rel="stylesheet" data-href="https://assets.stand-in.invalid/assets/{word}-{digest}.css" />"#
                );
            }
            1 => {
                let _ = writeln!(
                    out,
                    r#"  <meta name="{word}-{}" content="{}:{}:{}" data-turbo-transient="true" />"#,
                    numbers.word(),
                    numbers.hex(4),
                    numbers.hex(24),
                    numbers.hex(8)
                );
            }
            _ if !settings => {
                settings = true;
                script(out, numbers, (bytes / 8).min(5_300));
            }
            _ => {
                let _ = writeln!(
                    out,
                    r#"<script crossorigin="anonymous" type="application/javascript" src="https://assets.stand-in.invalid/assets/{word}-{}-{digest}.js" defer="defer"></script>"#,
                    numbers.word()
                );
            }
        }
    }
}

/// A script of JSON: one long text that a parser must not take for markup.
fn script(out: &mut String, numbers: &mut Numbers, bytes: usize) {
    out.push_str(r#"<script type="application/json" id="client-env">{"locale":"en","featureFlags":["start""#);
    let end = out.len() + bytes;
    while out.len() < end {
        let _ = write!(out, r#","{}_{}_{}""#, numbers.word(), numbers.word(), numbers.word());
    }
    out.push_str("]}</script>\n");
}

/// Appends at least `bytes` bytes of menus, icons, buttons and templates, as in a page's `body`.
pub(crate) fn body(out: &mut String, numbers: &mut Numbers, bytes: usize) {
    let end = out.len() + bytes;
    while out.len() < end {
        match numbers.below(10) {
            0..3 => menu(out, numbers, end),
            3..7 => list(out, numbers, end),
            7 => copy_button(out, numbers),
            _ => signed_out_button(out, numbers),
        }
    }
}

/// A group of a drop-down menu: links on one line, each with an analytics event in escaped JSON.
fn menu(out: &mut String, numbers: &mut Numbers, end: usize) {
    let group = numbers.word();
    let identifier = numbers.hex(6);
    let _ = write!(
        out,
        r#"<li><div class="MenuGroup-module__group__{identifier}"><span class="MenuGroup-module__title__{identifier}" id="_R_{identifier}_">{}</span><ul class="MenuGroup-module__list__{identifier}" aria-labelledby="_R_{identifier}_">"#,
        group.to_uppercase()
    );
    for _ in 0..4 + numbers.below(4) {
        let (first, second) = (numbers.word(), numbers.word());
        let _ = write!(
            out,
            r#"<li><a href="https://site.stand-in.invalid/{group}/{first}-{second}" data-analytics-event="{{&quot;action&quot;:&quot;{first}_{second}&quot;,&quot;tag&quot;:&quot;link&quot;,&quot;context&quot;:&quot;{group}&quot;,&quot;location&quot;:&quot;navbar&quot;,&quot;label&quot;:&quot;{first}_{second}_link_{group}_navbar&quot;}}" class="MenuLink-module__link__{identifier}">"#
        );
        if numbers.below(3) > 0 {
            icon(
                out,
                numbers,
                &format!("octicon octicon-{first} MenuLink-module__icon__{identifier}"),
            );
        }
        let _ = write!(
            out,
            r#"<span class="MenuLink-module__title__{identifier}">{first} {second}</span></a></li>"#
        );
        if out.len() >= end {
            break;
        }
    }
    out.push_str("</ul></div></li>\n");
}

/// A list as a template engine renders it: deep indentation, and an icon before each line of text.
fn list(out: &mut String, numbers: &mut Numbers, end: usize) {
    let _ = writeln!(
        out,
        "        <ul class=\"list-style-none d-flex flex-column tmp-mb-3\">\n"
    );
    for _ in 0..3 + numbers.below(4) {
        let (first, second) = (numbers.word(), numbers.word());
        let _ = writeln!(
            out,
            "          <li class=\"d-flex flex-items-center mb-2\" data-item=\"{first}\">\n            <span class=\"mr-2 color-fg-muted\">"
        );
        icon(out, numbers, &format!("octicon octicon-{first} mr-1 tmp-mr-1"));
        let _ = writeln!(
            out,
            "\n            </span>\n            <a class=\"Link--secondary\" href=\"/{first}/{second}\" data-view-component=\"true\">\n              <strong>{}</strong>\n              {first} {second}\n            </a>\n          </li>\n",
            numbers.below(500)
        );
        if out.len() >= end {
            break;
        }
    }
    out.push_str("        </ul>\n\n\n");
}

/// A button that copies a digest, with its two icons.
fn copy_button(out: &mut String, numbers: &mut Numbers) {
    let digest = numbers.hex(64);
    let _ = writeln!(
        out,
        "      <div class=\"d-flex\" data-view-component=\"true\">\n        <clipboard-copy aria-label=\"Copy\" data-copy-feedback=\"Copied!\" role=\"button\" tabindex=\"0\" value=\"sha256:{digest}\" class=\"CopyBlock d-block position-relative px-2 tmp-px-2 py-1 tmp-py-1 rounded-2\">\n          <span class=\"color-fg-muted\">sha256:{digest}</span>"
    );
    icon(
        out,
        numbers,
        "octicon octicon-copy js-clipboard-copy-icon color-fg-accent right-0 position-absolute",
    );
    out.push('\n');
    icon(
        out,
        numbers,
        "octicon octicon-check js-clipboard-check-icon color-fg-success position-absolute d-none",
    );
    let _ = writeln!(
        out,
        "\n        </clipboard-copy>\n        <div aria-live=\"polite\" aria-atomic=\"true\" class=\"sr-only\"></div>\n      </div>\n\n"
    );
}

/// A button to sign in, with its analytics event.
fn signed_out_button(out: &mut String, numbers: &mut Numbers) {
    let word = numbers.word();
    let _ = write!(
        out,
        "\n  <div>\n    <a href=\"/login?return_to=%2F{word}\" rel=\"nofollow\" id=\"{word}-button\" data-hydro-click=\"{{&quot;event_type&quot;:&quot;authentication.click&quot;,&quot;payload&quot;:{{&quot;location_in_page&quot;:&quot;{word} menu&quot;,&quot;repository_id&quot;:null,&quot;auth_type&quot;:&quot;LOG_IN&quot;}}}}\" data-hydro-click-hmac=\"{}\" aria-label=\"You must be signed in to change {word} settings\" data-view-component=\"true\" class=\"btn-sm btn\">\n      ",
        numbers.hex(64)
    );
    icon(out, numbers, &format!("octicon octicon-{word} mr-2 tmp-mr-2"));
    let _ = writeln!(
        out,
        "\n      {word}\n    </a>\n    <tool-tip id=\"tooltip-{}\" for=\"{word}-button\" popover=\"manual\" data-direction=\"s\" data-type=\"description\" class=\"sr-only position-absolute\">Sign in first</tool-tip>\n  </div>\n\n",
        numbers.hex(32)
    );
}

/// An icon: an `svg` with a path of a few hundred characters. Icons are a quarter of a real page's bytes.
pub(crate) fn icon(out: &mut String, numbers: &mut Numbers, class: &str) {
    let _ = write!(
        out,
        r#"<svg data-component="Octicon" aria-hidden="true" focusable="false" class="{class}" viewBox="0 0 16 16" version="1.1" width="16" height="16" fill="currentColor" style="vertical-align:text-bottom"><path d="M{}.{} {}"#,
        numbers.below(16),
        numbers.below(100),
        numbers.below(16)
    );
    // Short and long drawings: 80 to 900 bytes.
    let end = out.len() + 80 + (numbers.below(31) * numbers.below(31)) as usize;
    while out.len() < end {
        let _ = match numbers.below(3) {
            0 => write!(
                out,
                "a.{0} .{0} 0 0 1-.{1}.{2}",
                numbers.below(999),
                numbers.below(999),
                numbers.below(999)
            ),
            1 => write!(
                out,
                "l{}.{}-{}.{}",
                numbers.below(9),
                numbers.below(99),
                numbers.below(9),
                numbers.below(99)
            ),
            _ => write!(
                out,
                "c0 .{}.{} 1.{} {}",
                numbers.below(99),
                numbers.below(999),
                numbers.below(99),
                numbers.below(9)
            ),
        };
    }
    out.push_str("Z\"></path></svg>");
}
