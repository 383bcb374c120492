//! Asserts that the worst pages within the limits cost at most a few times the work of a flat page of the same size.
//!
//! Steps are counted instead of time, so a machine's load cannot change the result. To add a slow page, add a shape.

use super::measure;
use crate::{
    Error, dom,
    extract::{Extractor, PackageExtractor, PackageListExtractor, VersionListExtractor},
    limits::MAX_TAGS,
    stream,
};

/// The most that any page may cost, relative to a flat page of its size.
const MAX_RATIO: u64 = 5;
/// The size of a real page.
const BYTES: usize = 256 * 1024;

/// Makes a page of nearly that many bytes, within the limits of tags.
type Shape = fn(usize) -> String;

/// Makes a page of a beginning and as many units as fit within the limits.
fn page(bytes: usize, beginning: &str, unit: impl Fn(usize) -> String) -> String {
    let tags = |text: &str| {
        let ends = text.matches("</").count();
        (text.matches('<').count() - ends, ends)
    };
    let (mut page, (mut starts, mut ends)) = (beginning.to_owned(), tags(beginning));
    for number in 0.. {
        let unit = unit(number);
        let (new_starts, new_ends) = tags(&unit);
        (starts, ends) = (starts + new_starts, ends + new_ends);
        if page.len() + unit.len() > bytes || starts.max(ends) > MAX_TAGS as usize {
            break;
        }
        page += &unit;
    }
    page
}

/// A page without nesting.
fn flat(bytes: usize) -> String {
    let text = "x".repeat(1 + bytes / MAX_TAGS as usize);
    page(bytes, "", |_| format!("<p>{text}</p>"))
}

/// Opens elements, each with another name that no rule knows.
fn unknown_elements(count: usize) -> String {
    (0..count).map(|number| format!("<x-{number:057}>")).collect()
}

const ROW: &str = "<li class=Box-row>";

/// Pages on which each tag makes a rule of HTML, or an extractor, search through the earlier ones.
const SHAPES: &[(&str, Shape)] = &[
    ("end tags of unknown names in unknown elements", |bytes| {
        page(bytes, &unknown_elements(505), |_| "</y>".into())
    }),
    ("end tags of many unknown names in unknown elements", |bytes| {
        page(bytes, &unknown_elements(505), |number| format!("</y-{number}>"))
    }),
    ("unknown elements in unknown elements", |bytes| {
        page(bytes, &(unknown_elements(500) + "</y>"), |number| {
            format!("<z-{number}></z-{number}>")
        })
    }),
    (
        "all unknown elements closed by the outermost's end tag, again and again",
        |bytes| page(bytes, "</y>", |_| "<y>".to_owned() + &"<z>".repeat(500) + "</y>"),
    ),
    ("end tags of unknown names in a drawing", |bytes| {
        page(bytes, &("<svg>".to_owned() + &unknown_elements(505)), |_| "</y>".into())
    }),
    ("end tags of unknown names in HTML in a drawing in HTML", |bytes| {
        page(
            bytes,
            &("<svg><foreignObject>".to_owned() + &unknown_elements(250) + "<svg>" + &unknown_elements(250)),
            |_| "</y>".into(),
        )
    }),
    ("drawings in drawings", |bytes| {
        page(bytes, &"<svg><desc>".repeat(250), |_| "<svg><g></p></svg>".into())
    }),
    ("formulas", |bytes| {
        page(bytes, &"<math><mi>".repeat(250), |_| "<math><mo><br></math>".into())
    }),
    ("end tags of known names in known elements", |bytes| {
        page(bytes, &"<div>".repeat(505), |_| "</section></ul></h3>".into())
    }),
    ("paragraphs in divisions", |bytes| {
        page(bytes, &"<div>".repeat(505), |_| "<p>x".into())
    }),
    ("paragraphs' ends in spans", |bytes| {
        page(bytes, &"<span>".repeat(505), |_| "</p>".into())
    }),
    ("items in divisions in an item", |bytes| {
        page(bytes, &("<li>".to_owned() + &"<div>".repeat(500)), |_| "<li>x".into())
    }),
    ("lists in lists", |bytes| {
        page(bytes, &"<ul><li>".repeat(250), |_| "</ol><dd></dt>".into())
    }),
    ("terms in terms", |bytes| {
        page(bytes, &"<dl><dd>".repeat(250), |_| "<dt><dd></dl><dl>".into())
    }),
    ("headings", |bytes| {
        page(bytes, &"<h1><div>".repeat(250), |_| "<h3></h2>".into())
    }),
    ("buttons", |bytes| {
        page(bytes, &"<div>".repeat(500), |_| "<button><p></button>".into())
    }),
    ("forms", |bytes| {
        page(bytes, &("<form>".to_owned() + &"<div>".repeat(500)), |_| {
            "<form></p>".into()
        })
    }),
    ("ruby", |bytes| {
        page(bytes, &("<ruby>".to_owned() + &"<span>".repeat(500)), |_| {
            "<rt><rp>".into()
        })
    }),
    ("formatting elements closed in the wrong order", |bytes| {
        page(bytes, "", |_| "<b><i></b></i>".into())
    }),
    ("formatting elements that stay open", |bytes| {
        page(bytes, "", |_| "<b>x".into())
    }),
    ("formatting elements with other attributes each", |bytes| {
        page(bytes, "", |number| format!("<b a={number}>"))
    }),
    ("formatting elements with many attributes", |bytes| {
        let attributes: String = (0..100).map(|number| format!(" a{number}")).collect();
        page(bytes, "", |number| format!("<b{attributes} b={number}>x"))
    }),
    ("end tags of formatting elements beside others that are open", |bytes| {
        let open: String = (0..20_000).map(|number| format!("<i a={number}>")).collect();
        page(bytes, &(open + "<div>"), |_| "</b>".into())
    }),
    ("formatting elements opened again in each paragraph", |bytes| {
        let open: String = (0..200).map(|number| format!("<i a={number}>")).collect();
        page(bytes, &("<p>".to_owned() + &open), |_| "<p>x".into())
    }),
    ("formatting elements kept from their end tags by tables", |bytes| {
        page(bytes, "", |number| format!("<i a={number}><table></i></table>"))
    }),
    ("formatting elements kept from their end tags by objects", |bytes| {
        page(bytes, "", |number| format!("<i a={number}><object></i></object>"))
    }),
    ("formatting elements kept by divisions", |bytes| {
        page(bytes, "", |number| {
            format!("<i a={number}>{}</i>{}", "<div>".repeat(9), "</div>".repeat(9))
        })
    }),
    ("links in links", |bytes| {
        page(bytes, "", |_| "<a href=/o/r><p>x".into())
    }),
    ("nobr", |bytes| page(bytes, "", |_| "<nobr><p>x".into())),
    ("elements in a table's structure", |bytes| {
        page(bytes, "<table>", |_| "<b>x</b>".into())
    }),
    ("text in a table's structure", |bytes| {
        page(bytes, &"<table><tr><td>".repeat(120), |_| "<table>x".into())
    }),
    ("cells", |bytes| {
        page(bytes, &"<table><tbody><tr><td>".repeat(120), |_| "<tr><td></th>".into())
    }),
    ("ends of cells in divisions", |bytes| {
        page(bytes, &("<table><tr><td>".to_owned() + &"<div>".repeat(500)), |_| {
            "</caption></tbody></html>".into()
        })
    }),
    ("columns", |bytes| {
        page(bytes, "<table><colgroup>", |_| "<col></col>".into())
    }),
    ("templates", |bytes| {
        page(bytes, &"<template>".repeat(500), |_| "<p></b>".into())
    }),
    ("templates' ends", |bytes| {
        page(bytes, &"<template><div>".repeat(250), |_| {
            "<template><i></template>".into()
        })
    }),
    ("rows in templates", |bytes| {
        page(bytes, "<template>", |_| "<tr><td></template><template>".into())
    }),
    ("selects", |bytes| {
        page(bytes, "<select>", |_| "<optgroup><option>x<hr>".into())
    }),
    ("selects in selects", |bytes| {
        page(bytes, &"<div>".repeat(500), |_| "<select><option><input>".into())
    }),
    ("options' ends in divisions", |bytes| {
        page(bytes, &"<div>".repeat(500), |_| "<option></option></select>".into())
    }),
    (
        "one tag after the other with as many attributes as it may have",
        |bytes| {
            let attributes: String = (0..2_400).map(|number| format!(" a{number}")).collect();
            page(bytes, "", |_| format!("<div{attributes}>"))
        },
    ),
    ("one tag with all attributes", |bytes| {
        page(bytes, "<div", |number| format!(" a{number}")) + ">"
    }),
    ("one attribute again and again", |bytes| {
        page(bytes, "<div", |_| " title=x class='y'".into()) + ">"
    }),
    ("attributes that are asked for", |bytes| {
        page(bytes, "", |_| {
            "<a href=/o/r class=a id=b rel=c title=d aria-label=e data-date=f>x</a>".into()
        })
    }),
    ("a tag without an end", |bytes| page(bytes, "<div ", |_| "=\"".into())),
    ("bodies with attributes", |bytes| {
        page(bytes, "<p>", |number| format!("<body a{number}>"))
    }),
    ("roots with attributes", |bytes| {
        page(bytes, "<p>", |number| format!("<html a{number}></html>"))
    }),
    ("references", |bytes| page(bytes, "<span>", |_| "&z;".into())),
    ("references in values", |bytes| {
        let value = "&gtrapprox;".repeat(100);
        page(bytes, "", |_| format!("<a href=\"{value}\" aria-label='{value}'>"))
    }),
    ("the signs alone", |bytes| page(bytes, "<span>", |_| "<&<\0&".into())),
    ("comments", |bytes| page(bytes, "", |_| "<!---->".into())),
    ("scripts", |bytes| {
        page(bytes, "", |_| "<script><!--<script></script></script>".into())
    }),
    ("titles that do not end", |bytes| {
        page(bytes, "<title>", |_| "</titl".into())
    }),
    ("labels", |bytes| {
        page(bytes, "", |_| "<span>Total downloads</span>".into())
    }),
    ("charts", |bytes| {
        page(bytes, "", |_| {
            "<svg aria-label='Downloads for the last 30 days'><rect data-date=2026-05-10 data-merge-count=1 />".into()
        })
    }),
    ("links in a list", |bytes| {
        page(bytes, "<div id=org-packages><ul><li>", |number| {
            format!("<a href=/orgs/o/packages/container/package/{number}>x</a>")
        })
    }),
    ("rows of a list", |bytes| {
        page(bytes, "<div id=org-packages><ul>", |number| {
            format!("{ROW}<a href=/orgs/o/packages/container/package/{number}>x</a></li>")
        })
    }),
    ("rows in rows", |bytes| {
        page(bytes, "<div id=org-packages><ul>", |_| format!("{ROW}<ul>"))
    }),
    ("rows of versions", |bytes| {
        page(bytes, "<ul>", |number| {
            format!("{ROW}<a href=/o/r/pkgs/container/x/{number}?tag=a>a</a> 7 <span>Version downloads</span></li>")
        })
    }),
    ("tags of one version", |bytes| {
        page(bytes, &format!("<ul>{ROW}"), |number| {
            format!("<a href=/o/r/pkgs/container/x/1?tag=t{number}>a</a>")
        }) + " 7 <span>Version downloads</span></li>"
    }),
    ("links to next pages", |bytes| {
        page(bytes, "<div id=org-packages>", |_| {
            "<a rel='prev next' href='?a&amp;page=2'></a>".into()
        })
    }),
];

/// The steps of reading a page, and its error.
type Work = fn(&[u8]) -> (u64, Option<Error>);

fn dom_work<E: Extractor>(page: &[u8], extractor: E) -> (u64, Option<Error>) {
    let (answer, work) = measure(|| dom::extract(page, extractor));
    (work, answer.err())
}

fn stream_work<E: Extractor>(page: &[u8], extractor: E) -> (u64, Option<Error>) {
    let (answer, work) = measure(|| stream::extract(page, extractor));
    (work, answer.err())
}

fn assert_bounded(kinds: &[Work]) {
    for (name, shape) in SHAPES {
        let page = shape(BYTES);
        let flat = flat(page.len());
        for work_of in kinds {
            let ((flat, _), (work, error)) = (work_of(flat.as_bytes()), work_of(page.as_bytes()));
            println!(
                "{:5.1} x a flat page: {name}, {} bytes: {error:?}",
                work as f64 / flat as f64,
                page.len()
            );
            assert!(
                work <= MAX_RATIO * flat,
                "{name}: {work} steps, and {flat} of a flat page of {} bytes; {error:?}",
                page.len()
            );
        }
    }
}

#[test]
fn the_stream_engines_work_is_bounded() {
    assert_bounded(&[
        |page| stream_work(page, PackageExtractor::new()),
        |page| stream_work(page, PackageListExtractor::new()),
        |page| stream_work(page, VersionListExtractor::new()),
    ]);
}

/// One extractor is enough: the work of an extractor is the same in both engines.
#[test]
fn the_dom_engines_work_is_bounded() {
    assert_bounded(&[|page| dom_work(page, PackageListExtractor::new())]);
}

/// Pages that once were slow are not refused early, so the tests above measure the code that was slow.
#[test]
fn once_slow_pages_are_read_to_their_end() {
    let names = [
        "end tags of unknown names in unknown elements",
        "end tags of unknown names in a drawing",
        "paragraphs in divisions",
        "links in a list",
        "rows of a list",
        "references",
    ];
    for (name, shape) in SHAPES.iter().filter(|(name, _)| names.contains(name)) {
        let page = shape(BYTES);
        let answer = stream::extract(page.as_bytes(), PackageExtractor::new());
        assert_eq!(answer, Err(Error::NotAPackagePage), "{name}");
    }
}
