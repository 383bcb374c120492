//! Pages that are not package pages, not UTF-8, or beyond the limits.

use ex2_parser::{Change, Error, dom, stream};
use github::pages::{self, PackageListPage, RateLimit};

use super::{TOTAL, changed, package, package_list, version_list};

#[test]
fn other_pages_are_not_package_pages() {
    for page in [
        String::new(),
        pages::not_found(),
        pages::login(),
        PackageListPage::default().render(),
        "<html></html>".into(),
        "text".into(),
    ] {
        assert_eq!(package(&page), Err(Error::NotAPackagePage), "{page}");
    }
    for limit in [RateLimit::AbuseDetection, RateLimit::Secondary] {
        let page = pages::rate_limit(limit);
        assert_eq!(package(&page), Err(Error::RateLimited));
        assert_eq!(package_list(&page), Err(Error::RateLimited));
        assert_eq!(version_list(&page), Err(Error::RateLimited));
    }
    // The words in a description do not make a rate-limit page.
    assert_eq!(
        package("<p>Whoa there!</p><title>About Rate limit</title>"),
        Err(Error::NotAPackagePage)
    );
    assert_eq!(package(format!("<h1>Whoa there!</h1>{TOTAL}")).unwrap().total, 7);
    assert_eq!(package(format!("<html>{TOTAL}")), Err(Error::Truncated));
    assert_eq!(package(format!("<!doctype html>{TOTAL}</html")), Err(Error::Truncated));
}

#[test]
fn bytes_that_are_not_utf8() {
    let utf_16 = |text: &str, order: fn(u16) -> [u8; 2]| text.encode_utf16().flat_map(order).collect::<Vec<u8>>();
    for order in [u16::to_le_bytes, u16::to_be_bytes] {
        for text in [TOTAL.to_owned(), format!("\u{feff}{TOTAL}")] {
            assert_eq!(
                package(utf_16(&text, order)),
                Err(Error::NotUtf8 { encoding: "UTF-16" })
            );
        }
    }
    assert_eq!(package(format!("\u{feff}{TOTAL}")).unwrap().total, 7);
    assert_eq!(
        package([b"caf\xe9 \xff\xfe\x80 <div title='\xc3'>".as_slice(), TOTAL.as_bytes()].concat())
            .unwrap()
            .total,
        7
    );
    let noise: Vec<u8> = (0..=255_u8).cycle().take(10_000).collect();
    assert!(package(noise).is_err());
    assert_eq!(package([0; 1_000]), Err(Error::NotAPackagePage));
}

#[test]
fn pages_beyond_a_limit_are_refused_early() {
    let page = vec![b'x'; ex2_parser::MAX_PAGE_BYTES + 1];
    assert_eq!(stream::package(&page), Err(Error::TooLarge));
    assert_eq!(dom::package(&page), Err(Error::TooLarge));
    assert_eq!(
        package("<i>".repeat(50_001).replace("<i>", "<br>")),
        Err(Error::TooLarge)
    );
    // Also if the rest needs a tree.
    assert_eq!(package("<br>".repeat(50_001) + "<table>x"), Err(Error::TooLarge));
    // A huge tag: the dom engine refuses it before html5ever compares its attributes, and the stream engine reads it.
    let attributes = (0..200_000).fold(String::from("<div"), |page, index| page + " a" + &index.to_string());
    assert_eq!(dom::package(attributes.as_bytes()), Err(Error::TooLarge));
    assert_eq!(stream::package((attributes + ">" + TOTAL).as_bytes()).unwrap().total, 7);
    // Deeper than the stream engine's limit.
    let deep = "<div>".repeat(1_000) + TOTAL;
    assert_eq!(stream::package(deep.as_bytes()), changed(Change::NeedsTree));
    assert_eq!(dom::package(deep.as_bytes()).unwrap().total, 7);
}

#[test]
fn pages_within_the_limits_are_read() {
    let page = vec![b'x'; ex2_parser::MAX_PAGE_BYTES];
    assert_eq!(package(page), Err(Error::NotAPackagePage));
    // The dom engine refuses a comment by the number of its chunks in which it has no end.
    for (chunks, expected) in [(5, Ok(7)), (6, Err(Error::TooLarge))] {
        let page = format!("x<!--{}-->{TOTAL}", "y".repeat(chunks * 4_096));
        assert_eq!(
            dom::package(page.as_bytes()).map(|package| package.total),
            expected,
            "{chunks}"
        );
        assert_eq!(stream::package(page.as_bytes()).unwrap().total, 7);
    }
    // The larger the page, the more work its tree may cost.
    let costly = "<span>".repeat(400) + &"</y>".repeat(6_000) + TOTAL;
    assert_eq!(dom::package(costly.as_bytes()), Err(Error::TooLarge));
    let larger = "x".repeat(4 * 1_024 * 1_024) + &costly;
    assert_eq!(dom::package(larger.as_bytes()).unwrap().total, 7);
}

/// The first bytes are kept until the encoding is known.
#[test]
fn a_pages_first_bytes_may_come_in_any_chunks() {
    let page = format!("<div>{TOTAL}");
    for first in 0..8 {
        for second in first..8 {
            let mut parser = stream::PackageParser::new();
            for chunk in [&page[..first], &page[first..second], &page[second..]] {
                parser.feed(chunk.as_bytes());
            }
            let total = parser.finish().map(|package| package.total);
            assert_eq!(total, Ok(7), "chunks of {first} and {} bytes", second - first);
        }
    }
}

#[test]
fn the_values_of_a_tag_are_limited_together() {
    for (bytes, expected) in [(16_384, Ok(7)), (16_385, changed(Change::NeedsTree))] {
        let label = "x".repeat(bytes - 1);
        let page = format!("<span>Total downloads</span><h3 aria-label=\"{label}\" title=\"7\">7</h3>");
        assert_eq!(dom::package(page.as_bytes()).unwrap().total, 7);
        for size in [1, 1_000, page.len()] {
            let mut parser = stream::PackageParser::new();
            page.as_bytes().chunks(size).for_each(|chunk| parser.feed(chunk));
            let total = parser.finish().map(|package| package.total);
            assert_eq!(total, expected, "{bytes} bytes in chunks of {size}");
        }
    }
}

#[test]
fn the_stream_engine_reports_pages_that_need_a_tree() {
    for (page, total) in [
        // A table moves content that is not part of it in front of itself.
        ("<table><span>Total downloads</span><h3 title=5></table>", Ok(5)),
        ("<span>Total downloads</span><table><h3 title=5></table>", Ok(5)),
        // A formatting element that is closed too early is opened again.
        ("<b><p>x</b>y</p><span>Total downloads</span><h3 title=5>", Ok(5)),
        // So do end tags in a table, if they may close or create an element around it.
        ("<table></p></table><span>Total downloads</span><h3 title=5>", Ok(5)),
        (
            "<form><table></form></table></form><span>Total downloads</span><h3 title=5>",
            Ok(5),
        ),
        // Whether a table closes a paragraph depends on the doctype.
        (
            "<p>x<table><td>y</table></p><span>Total downloads</span><h3 title=5>",
            Ok(5),
        ),
        // Parsers disagree about end tags in an element that is foreign and contains HTML.
        (
            "<span><svg><desc></span></desc></svg><span>Total downloads</span><h3 title=5>",
            Ok(5),
        ),
        (
            "<svg><desc></p></desc></svg><span>Total downloads</span><h3 title=5>",
            Ok(5),
        ),
        (
            "<p><b>x<p><span>Total downloads</span><h3 title=5>",
            changed(Change::LabelWithoutTotal),
        ),
        (
            "<frameset><span>Total downloads</span><h3 title=5>",
            Err(Error::NotAPackagePage),
        ),
    ] {
        assert_eq!(stream::package(page.as_bytes()), changed(Change::NeedsTree), "{page}");
        assert_eq!(
            dom::package(page.as_bytes()).map(|package| package.total),
            total,
            "{page}"
        );
    }
}

/// One pass follows these rules, so the stream engine must not say that such a page needs a tree.
#[test]
fn one_pass_follows_most_rules() {
    for before in [
        "<p>x<div>y</div>",
        "<p>x<h1>y</h2>z</p>",
        "<h1>x<h2>y</h2>",
        "<ul><li>a<li>b<ol><li>c</ol></ul>",
        "<ul><li><div>a</div></li></ul></li>",
        "<dl><dt>a<dd>b<dl><dd>c</dl></dl>",
        "<y><z></y>",
        "<y><span><z></y></z>",
        "<svg><y><g></y></svg>",
        "<svg><foreignObject><p>x</p><y></foreignObject></svg>",
        "<svg><desc><br></desc><title>x</title></svg>",
        "<svg><g><p>x",
        "<svg><g></p>x",
        "<ul><li><svg><desc></li></desc></svg></ul>",
        "<svg/><math/>",
        "<math><mi>x</mi><mglyph></mglyph></math>",
        "<table><caption>x</caption><colgroup><col></colgroup><thead><tr><th>y<tbody><tr><td>z<td></table>",
        "<table><td>x</table>",
        "<table><tr><td><table><tr><td>x</table></table>",
        "<table><tr><td><p>x</td></tr></tbody></table>",
        "<table><caption>x</table>",
        "<table><caption>x</caption></table>",
        "<table><tbody><script>x</script><style>y</style></table>",
        "<table><col></table>",
        "<table> <tr> <td>x</table>",
        "<ul><li><span>a</li><li>b</ul>",
        "<table></tbody></table>",
        "<table></b></table>",
        "<span><table></span></table></span>",
        "<table><tr><table><td>x</table>",
        "<b><object></b></object></b>",
        "<button><table><td><button>x</button></table></button>",
        "</td></tr></table><tr>",
        "<select><option>a<option>b<optgroup><option>c<optgroup><hr></select>",
        "<select><select>",
        "<select><input>",
        "<option>a<option>b</option>",
        "<form><input></form><form></form>",
        "<form><form></form>",
        "<form><table><td>x</form></table></form>",
        "<button>x<button>y</button>",
        "<a>x</a><a>y</a>",
        "<a>x<a>y</a>",
        "<nobr>x</nobr><nobr>y</nobr>",
        "<b><i>x</i></b></b>",
        "<ruby>a<rt>b<rp>c<rb>d<rtc>e<rt>f</ruby>",
        "<template><div>x</template>",
        "<template><template></template><b></template>",
        "<object><p>x</object><marquee><b>x</b></marquee>",
        "</p></br><br><hr><image><wbr>",
        "<body><head></head></body>",
        "<title>x</title><textarea>y</textarea><iframe>z</iframe><noscript>x</noscript>",
        "<script><!--<script></script>--></script><style><a></style>",
        "<!-- x --><!x><?x></x>",
    ] {
        assert_eq!(
            package(format!("{before}<div>{TOTAL}</div>")).map(|package| package.total),
            Ok(7),
            "{before}"
        );
    }
}
