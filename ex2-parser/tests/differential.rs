//! Differential tests: the two engines agree on generated pages, on changed pages, on tag soup, and on random bytes.
//!
//! The default number of cases is small. `PROPTEST_CASES=1000000 cargo test --release -p ex2-parser --test differential`
//! tries more, and the fuzz target runs without an end.

#[path = "differential/chosen_pages.rs"]
mod chosen_pages;

use ex2_parser::differential::{check, check_chunks, check_tag_paths};
use github::pages;
use proptest::{prelude::*, sample::select};

/// The parts of tag soup: every element with a rule in HTML, the beginnings and ends of constructs, and the anchors.
const WORDS: &[&str] = &[
    "<a>",
    "<a href=/o/r>",
    "</a>",
    "<b>",
    "</b>",
    "<i>",
    "</i>",
    "<code>",
    "</code>",
    "<nobr>",
    "</nobr>",
    "<font>",
    "<font color=red>",
    "</font>",
    "<p>",
    "</p>",
    "<div>",
    "</div>",
    "<span>",
    "</span>",
    "<span class=\"sr-only\">",
    "<h1>",
    "</h1>",
    "<h3>",
    "</h3>",
    "<h3 title=\"14360\">14.4K</h3>",
    "<h3 title=9>",
    "<ul>",
    "</ul>",
    "<ol>",
    "</ol>",
    "<li>",
    "</li>",
    "<li class=Box-row>",
    "<dl>",
    "<dd>",
    "</dd>",
    "<dt>",
    "</dt>",
    "</dl>",
    "<button>",
    "</button>",
    "<form>",
    "</form>",
    "<input>",
    "<input type=hidden>",
    "<select>",
    "</select>",
    "<option>",
    "</option>",
    "<optgroup>",
    "</optgroup>",
    "<hr>",
    "<br>",
    "</br>",
    "<table>",
    "</table>",
    "<tr>",
    "</tr>",
    "<td>",
    "</td>",
    "<th>",
    "</th>",
    "<tbody>",
    "</tbody>",
    "<thead>",
    "</thead>",
    "<tfoot>",
    "</tfoot>",
    "<caption>",
    "</caption>",
    "<colgroup>",
    "</colgroup>",
    "<col>",
    "</col>",
    "<template>",
    "</template>",
    "<svg>",
    "</svg>",
    "<svg/>",
    "<svg width=1 height=2>",
    "<rect>",
    "<rect/>",
    "</rect>",
    "<path/>",
    "<g>",
    "</g>",
    "<foreignObject>",
    "</foreignObject>",
    "<desc>",
    "</desc>",
    "<math>",
    "</math>",
    "<mi>",
    "</mi>",
    "<mtext>",
    "<annotation-xml>",
    "</annotation-xml>",
    "<mglyph>",
    "<title>",
    "</title>",
    "<title>Rate limit</title>",
    "<h1>Whoa there!</h1>",
    "<textarea>",
    "</textarea>",
    "<style>",
    "</style>",
    "<script>",
    "</script>",
    "<script>var a = '<span>';</script>",
    "<script><!--",
    "--></script>",
    "<!--<script>",
    "</script -->",
    "<noscript>",
    "</noscript>",
    "<iframe>",
    "</iframe>",
    "<xmp>",
    "</xmp>",
    "<noembed>",
    "</noembed>",
    "<noframes>",
    "</noframes>",
    "<plaintext>",
    "<frameset>",
    "<frame>",
    "</frameset>",
    "<html>",
    "</html>",
    "<head>",
    "</head>",
    "<body>",
    "</body>",
    "<body id=x>",
    "<!DOCTYPE html>",
    "<!doctype html public \">\">",
    "<ruby>",
    "</ruby>",
    "<rt>",
    "</rt>",
    "<rp>",
    "<rb>",
    "<rtc>",
    "</rtc>",
    "<object>",
    "</object>",
    "<marquee>",
    "</marquee>",
    "<applet>",
    "</applet>",
    "<pre>",
    "</pre>",
    "<listing>",
    "<address>",
    "</address>",
    "<center>",
    "</center>",
    "<image>",
    "<img>",
    "<x-y>",
    "</x-y>",
    "<clipboard-copy>",
    "</clipboard-copy>",
    "<details>",
    "<summary>",
    "</summary>",
    "</details>",
    "<dialog>",
    "</dialog>",
    "<search>",
    "</search>",
    "<main>",
    "</main>",
    "<keygen>",
    "<param>",
    "<embed>",
    "<link>",
    "<meta>",
    "<base>",
    "<!--",
    "-->",
    "--!>",
    "<!-->",
    "<!--->",
    "--",
    "->",
    "-",
    "<!",
    "<!x>",
    "<?",
    "?>",
    "</",
    "</>",
    "</ x>",
    "<",
    ">",
    "/>",
    "/",
    "=",
    "\"",
    "'",
    " ",
    "\n",
    "\r\n",
    "\t",
    "\0",
    "\x0c",
    "&",
    ";",
    "&amp;",
    "&#32;",
    "&#x0;",
    "&lt",
    "&ltx",
    "&copy;",
    "&nbsp;",
    "&Tab;",
    "&#x",
    "<![CDATA[",
    "]]>",
    "]]",
    "]",
    "text",
    "é",
    "\u{feff}",
    "Total downloads",
    "Total ",
    "downloads",
    "<span>Total downloads</span>",
    "<span>Total downloads</span><h3 title=\"7\">7</h3>",
    "<span>Total\ndownloads</span> <!-- x --> <h3 title='8'>",
    "<span>Version downloads</span>",
    "17,118",
    "<div aria-label=\"Downloads for the last 30 days\">",
    "<rect data-date=\"2026-05-10\" data-merge-count=\"412\">",
    "<rect data-date=\"2026-05-09\" data-merge-count=1 />",
    "<div id=\"org-packages\">",
    "<div class=\"blankslate\">",
    "<a rel=next href=\"?page=2\">",
    "<a rel=next href=\"/o?x=y&amp;page=2\">",
    "<em data-total-pages=3>2</em>",
    "<a class=Label href=\"/orgs/o/packages/container/image/1?tag=latest\">",
    "<a href=\"/orgs/o/packages/container/package/charts%2Fflagger\">",
    "<a href=\"/o/r/packages/12345\">",
    "<div title=\"a>b\" title='c' TITLE=d>",
    "<div a = b c=d/e f>",
    "<div =x>",
    "<div \"x\">",
    "<div/x/>",
    "<DIV>",
    "</DIV x=y>",
    "</div/>",
    "<div\0x>",
];

/// Failures are not saved as seeds in a file: each becomes a page in the test `on_findings`.
fn config(times: u32) -> ProptestConfig {
    let default = ProptestConfig::default();
    ProptestConfig {
        cases: default.cases * times,
        failure_persistence: None,
        ..default
    }
}

fn soup() -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(select(WORDS), 1..40).prop_map(|words| words.concat().into_bytes())
}

/// A page with correctly nested tags, and the anchors anywhere in it.
fn nested() -> impl Strategy<Value = Vec<u8>> {
    let leaf = select(WORDS).prop_map(str::to_owned);
    let names = &[
        "div", "span", "svg", "li", "ul", "p", "table", "td", "tr", "template", "title", "select", "math", "g", "b",
    ];
    leaf.prop_recursive(5, 60, 6, move |inner| {
        (select(&names[..]), prop::collection::vec(inner, 0..6))
            .prop_map(|(name, parts)| format!("<{name}>{}</{name}>", parts.concat()))
    })
    .prop_map(String::into_bytes)
}

/// Tags with attributes, most of them in the usual form, so that both the fast paths and their limits are reached. The
/// values have up to some 130 bytes: two blocks.
fn attribute_soup() -> impl Strategy<Value = Vec<u8>> {
    let name = select(
        &[
            "aria-label",
            "ARIA-Label",
            "label",
            "xaria-label",
            "title",
            "Title",
            "id",
            "grid",
            "rel",
            "href",
            "class",
            "x",
            "data-date",
            "data-merge-count",
            "a'b",
            "<b",
            "é",
            "long-name-of-more-than-sixteen-bytes",
            "",
        ][..],
    );
    let value = (
        select(
            &[
                "", "x", ">", "/", "=", "a=b", "?a=", "'", "<a b", " ", "&amp;", "&quot", "\n", "\0", "é", "Box-row",
            ][..],
        ),
        0..130_usize,
    )
        .prop_map(|(beginning, length)| format!("{beginning}{}", "v".repeat(length)));
    let usual = (select(&[" ", "  ", "\n", "", "/", " / "][..]), name, value)
        .prop_map(|(before, name, value)| format!("{before}{name}=\"{value}\""));
    let other = select(
        &[
            " hidden",
            " aria-label",
            " id",
            "/title",
            " x-title",
            " Title/",
            " rel\t",
            " a=b",
            " a='b'",
            " a = \"b\"",
            " aria-label =\"b\"",
            " =\"b\"",
            "=\"b\"",
            " a=\"",
            "\"",
            "=",
            "'",
            "/",
            " /",
            " ",
            " a=b\"c",
            " a==\"b\"",
            " aria-label=x",
            " title",
            "<",
            ">",
            "\0",
            "é",
            "\r",
            " a=\"b\"c=\"d\"",
            " a=\"b\"aria-label=\"d\"",
        ][..],
    )
    .prop_map(str::to_owned);
    let begin = select(
        &[
            "<a",
            "<div",
            "<H3",
            "<svg",
            "<clipboard-copy",
            "<x-name-of-seventeen",
            "<a=\"b",
            "<a\"",
            "<b\"=",
            "</a",
            "</div",
        ][..],
    );
    let end = select(&[">", "/>", " >", " / >", "", "></div>", "></a >"][..]);
    let tag = (
        begin,
        prop::collection::vec(prop_oneof![8 => usual, 1 => other], 0..7),
        end,
    )
        .prop_map(|(begin, attributes, end)| format!("{begin}{}{end}", attributes.concat()));
    prop::collection::vec(tag, 1..5).prop_map(|tags| tags.concat().into_bytes())
}

/// A small generated page of each kind.
fn pages() -> Vec<Vec<u8>> {
    let page = |bytes| pages::PackagePage {
        bytes,
        decoys: true,
        discussions: Some(3),
        ..Default::default()
    };
    vec![
        page(0).render().into_bytes(),
        pages::PackagePage {
            daily: Vec::new(),
            ..page(0)
        }
        .render()
        .into_bytes(),
        pages::PackageListPage {
            pages: 3,
            ..Default::default()
        }
        .render()
        .into_bytes(),
        pages::VersionListPage {
            pages: 3,
            page: 2,
            ..Default::default()
        }
        .render()
        .into_bytes(),
        pages::not_found().into_bytes(),
        pages::rate_limit(pages::RateLimit::Secondary).into_bytes(),
    ]
}

/// A page with parts removed, duplicated, exchanged, overwritten or interrupted.
fn changed(pages: Vec<Vec<u8>>) -> impl Strategy<Value = Vec<u8>> {
    let change = (
        0..5_u8,
        any::<prop::sample::Index>(),
        any::<prop::sample::Index>(),
        select(WORDS),
        any::<u8>(),
    );
    (select(pages), prop::collection::vec(change, 1..8)).prop_map(|(mut page, changes)| {
        for (kind, from, to, word, byte) in changes {
            if page.is_empty() {
                break;
            }
            let (from, to) = (from.index(page.len()), to.index(page.len()));
            let (from, to) = (from.min(to), from.max(to));
            let near = to.min(from + 64);
            match kind {
                0 => drop(page.drain(from..near)),
                1 => drop(page.splice(from..from, word.bytes())),
                2 => page[from] = byte,
                3 => {
                    let part = page[from..near].to_vec();
                    page.splice(to..to, part);
                }
                _ => page.truncate(to),
            }
        }
        page
    })
}

proptest! {
    #![proptest_config(config(8))]

    #[test]
    fn on_soup(page in soup()) {
        check(&page);
    }

    #[test]
    fn on_nested_soup(page in nested()) {
        check(&page);
    }

    #[test]
    fn on_attribute_soup(page in attribute_soup()) {
        check(&page);
    }

    #[test]
    fn tag_paths_agree_on_attribute_soup(page in prop::collection::vec(attribute_soup(), 1..4)) {
        check_tag_paths(&page.concat());
    }

    #[test]
    fn on_noise(page in prop::collection::vec(any::<u8>(), 0..200)) {
        check(&page);
    }
}

proptest! {
    #![proptest_config(config(1))]

    #[test]
    fn on_changed_pages(page in changed(pages())) {
        check(&page);
    }

    #[test]
    fn on_one_page_in_two_chunks(page in select(pages()), at in any::<prop::sample::Index>()) {
        let at = at.index(page.len());
        let mut parser = ex2_parser::stream::PackageParser::new();
        parser.feed(&page[..at]);
        parser.feed(&page[at..]);
        prop_assert_eq!(parser.finish(), ex2_parser::stream::package(&page));
    }
}

#[test]
fn on_every_generated_page() {
    for page in pages() {
        check(&page);
        check_chunks(&page);
    }
}
