//! The engines agree on chosen pages: those on which they once disagreed, one for each rule, and each element in each
//! other one.

use ex2_parser::differential::check;

/// Pages on which the engines once disagreed, and pages that differ if one rule is left out.
#[test]
fn on_findings() {
    for page in [
        "<svg>\0",
        "<title></Total downloads",
        "<div><template><code><object></template><</div>",
        // The first attribute counts, also one without a value. A page's first four bytes are read on their own, so a
        // tag that begins there is never read whole.
        "<p>x<h3 title title=\"7\">",
        "<p>x<h3 id=\"x\" title>",
        "<p>x<a id=\"7\" id=\"8\">",
        // The ends of a section of character data, and a page that ends in one.
        "<svg><![CDATA[x]]]>y</svg>",
        "<svg><![CDATA[x]y]]z]]></svg>",
        "<svg><![CDATA[x",
        "<svg><![CDATA[x]",
        "<svg><![CDATA[x]]",
        "<svg><desc>\0",
        // A comment's ends.
        "x<!---->y",
        "x<!--a>b-->y",
        "x<!-->y",
        "x<!--->y",
        "x<!--a--->y",
        "x<!--a--!>y",
        "x<!--a--!->y-->z",
        "x</>y<p>z",
        "x</5 a=\">y\">z",
        // Text that looks like an end tag, a comment or a reference.
        "<title>x<xtitle>y",
        "<title>abc</xtitle>y",
        "<title>x</titlex></title>y",
        "<title>a</tit</5</title>",
        "<title>x<!--<title></title>y",
        "<style><!--</style>y",
        "<title>x&lt;y</title>",
        "x&<b>y",
        "x&ltx;y&ltcc y",
        "x<a title=\"y&\">z",
        // Scripts in which `<!--` and `<script` change what ends them.
        "<script><!--x--></script>y",
        "<script><!--<script>--></script>x",
        "<script><!-- - -- > <script></script>--></script>y",
        "<script><!--<script>- -- ></script>-></script>y",
        "<script><!--<script>--</script>-->x</script>y",
        "<script><!--<script></scriptx></script></script>y",
        "<script><!--<scriptx></script>y",
        "<script><!--<xt></script>y",
        // Attributes in each syntax.
        "<p>x<h3 title>",
        "x<svg/>y<a/title=7>z",
        "x<svg a='b'/>y",
        "x<a ==x title==y>z",
        "x<a data-merge-countx=7 data-merge-countt=8>y",
        "x<a title= 7 id= '8' rel=\n\"9\">y",
        "x<a title = 7 id\n=8>y",
        "x<a title='x y>z' id=v&amp;w rel=>y",
        "x<a  title \n id='d' \n rel>y",
        // An end tag that opens an element separates the label from its number.
        "<span>Total downloads</span></p><h3 title=7>",
        "<span>Total downloads</span></br><h3 title=7>",
        // Text and spaces in a table.
        "<table>x<td>",
        "<table> <td>x",
        // A page's end within what might have been an end tag.
        "<title>x<",
        "<title>x</",
        "<title>x</titl",
        "x<",
        "x</",
        "x&lt",
        // A second byte order mark is text.
        "\u{feff}\u{feff}",
        // End tags of names that no rule knows.
        "<y><z></y><p>x",
        "<y><span><z></y><p>x",
        "<y><svg><z></y><p>x",
        "<svg><y><desc><y></y></y><p>x",
        "<y><div></y><p>x",
        "<x><yy></x><p>x",
        "<y></z></y><p>x",
        "<h1>x</h2><p>y",
        // Only `</caption>` and `</table>` close a caption.
        "<table><caption></tbody><p>x",
        "<table><caption></table><p>x",
        "<table><caption><td><p>x",
        // What is between two parts of a table.
        "<table><colgroup></colgroup><col>",
        "<table><colgroup><col><col>",
        "<table><colgroup></x><col>",
        "<table><colgroup></col><col>",
        "<table><colgroup><script>x</script><col>",
        "<table><col>",
        "<table><tbody><td>x",
        "<table></x><tr><td>x",
        "<table><script>x</script><tr><td>y",
        "<table><td><p>x</td><script>y</script>",
        "<table><tr><td>x</tr><script>y</script>",
        "<table><tr><table><td>x</table><p>y",
        "<!DOCTYPE html><p>x<table><td>y",
        // A page has one form at a time, and a closed one makes room for the next.
        "<form></form><form>x",
        "<form><template><form></form></template></form><p>x",
        "<form><table><td></form></table></form><p>x",
        // Elements in a select, which is a boundary.
        "<button><select><button>x",
        "<select><svg><desc><input>x",
        // End tags in foreign content.
        "<svg></x>y",
        "<svg></p>x",
        "<div><svg><desc></p>x",
        "<span><svg><desc></span>x</desc></svg>y",
        "<b><svg><desc></b>x</desc></svg>y",
        "<li><svg><desc></li>x</desc></svg>y",
        "</template><p>x",
        // Start tags in foreign content.
        "<math><mi><mglyph>x",
        "<svg><desc><mglyph>x",
        "<svg><font color=red>x",
        // An attribute's name may begin with `=` and contain quotes, and `>` ends a tag outside of values only.
        "x<a ='b>c'>y",
        "x<a =\"b>c\">y",
        "x<a b\"=>\"y>z",
        "x<a b\" c=\"d>e\">y",
        "x<a=>>y",
        "x<a b=\"c\"title=\"7\">y",
        "x<a title \"x\">y",
        "x<a title \"x\" id=7>y",
        // Names that contain a wanted one.
        "x<a titlex=\"7\" idx=\"8\">y",
        "x<a data-merge-countxt=7>y",
        // Names of elements that look unusual.
        "x<a\x1f>y",
        "x<a\u{e9}>y",
        "x<clipboard-copy-with-a-name-of-more-than-sixty-four-bytes-is-too-long>y",
        // Constructs that end with one byte more than usual, or with one less.
        "<script><!--x---><script></script>y",
        "<script><!--<script>x---></script>y",
        "x<!d>y<p>z",
        "x</a / >y",
        "\u{feff}<p>x",
    ] {
        check(page.as_bytes());
        // The first four bytes are read on their own, and the last ones are fewer than are compared at a time, so only a
        // tag in between is read whole.
        check(format!("text{page} and so on, up to the end").as_bytes());
    }
}

/// The bytes after `</` are compared with the end tag of the innermost element, and these are no end tag.
#[test]
fn on_end_tags_of_unusual_bytes() {
    for page in [
        b"<form>x</1234567\xFF>y</form><p>z",
        b"<form>x</\0\0\0\0\0\0\0\xFF>y</form><p>z".as_slice(),
        // The bytes of `a>`, each with the other value of each bit.
        b"<a>x</\x9E\xC1\0\0\0\0\0\0>y</a><p>z",
    ] {
        check(page);
    }
}

/// Names of closed elements are forgotten when there are too many, and those of open elements are not.
#[test]
fn on_more_names_than_are_kept() {
    let others: String = (0..1_100).map(|number| format!("<x-{number}></x-{number}>")).collect();
    check(format!("<y></z><span>{others}</y><p>x").as_bytes());
}

/// What is compared many bytes at a time ends at any of them. What follows must not be taken for a part of the tag.
#[test]
fn on_attributes_at_each_offset() {
    let tags = " title=\"9\">".repeat(20);
    for length in 1..140 {
        let (name, spaces) = ("b".repeat(length), " ".repeat(length));
        for page in [
            format!("<a {name}=\"\" title=\"7\">{}", "x=".repeat(60)),
            format!("<a {name} title=\"7\">y"),
            format!("<a{spaces}title=\"7\"{spaces}id=8>{tags}"),
            format!("<a title=\"{name}\" id={name} rel>y"),
            format!("<a title=\"{name}>=\" id='{name}>' rel>y"),
        ] {
            // The first four bytes are read on their own, so only a tag after them is read whole.
            check(format!("x{page}").as_bytes());
            check(format!("text{page}").as_bytes());
        }
    }
}

/// Elements with a rule about other elements, and two without any.
const ELEMENTS: &str = "a annotation-xml b body br button caption col colgroup dd desc div dl dt font foreignobject form frame \
    frameset h1 h2 hr input li math mglyph mi nobr object ol optgroup option p rb rp rt rtc ruby script \
    select span svg table tbody td template textarea title tr ul x y";

/// Each element in each other one: its start tag, the end tag of the other one, and its own end tag.
#[test]
fn on_each_element_in_each_other() {
    for outer in ELEMENTS.split(' ') {
        for inner in ELEMENTS.split(' ') {
            for before in ["", "<select>", "<table><tr><td>"] {
                check(format!("{before}<{outer}>v<{inner}>w</{outer}>x</{inner}><p>y").as_bytes());
            }
        }
    }
}
