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
    ] {
        check(page.as_bytes());
    }
}

/// What is compared many bytes at a time ends at any of them.
#[test]
fn on_attributes_at_each_offset() {
    for length in 1..140 {
        let (name, spaces) = ("b".repeat(length), " ".repeat(length));
        check(format!("x<a {name}=\"\" title=\"7\" id=\"8\">y").as_bytes());
        check(format!("x<a{spaces}title=\"7\"{spaces}id=8>y").as_bytes());
        check(format!("x<a title=\"{name}\" id={name} rel>y").as_bytes());
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
