//! Runs both engines on the inputs of html5lib's tests, if those are beside the repository: in each place of a page, in
//! lists, and in chunks. The engines have to agree, and the total has to be the page's own or an error.

use std::{fs, path::PathBuf};

use ex2_parser::{Error, differential::check, dom, stream};

const TOTAL: &str = "<div><span>Total downloads</span> <h3 title=\"14360\">14.4K</h3></div>";

/// Every input of the tests of tree construction and of the tokenizer. Prints that a test is skipped if there are none.
fn inputs() -> Vec<String> {
    let directory = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../shared/html5lib-tests");
    let mut inputs = Vec::new();
    for (folder, extension) in [("tree-construction", "dat"), ("tokenizer", "test")] {
        let Ok(files) = fs::read_dir(directory.join(folder)) else {
            eprintln!("skipped: ../shared/html5lib-tests/{folder} is not at hand");
            continue;
        };
        let mut files: Vec<_> = files.filter_map(|file| Some(file.ok()?.path())).collect();
        files.sort();
        for file in files
            .iter()
            .filter(|file| file.extension().is_some_and(|known| known == extension))
        {
            let text = String::from_utf8_lossy(&fs::read(file).unwrap()).into_owned();
            if extension == "dat" {
                inputs.extend(
                    text.split("#data\n")
                        .skip(1)
                        .filter_map(|test| Some(test.split_once("\n#errors")?.0.to_owned())),
                );
            } else {
                inputs.extend(json_inputs(&text));
            }
        }
    }
    inputs
}

/// The values of `"input"`: these files are JSON, and no other value of theirs is needed.
fn json_inputs(json: &str) -> Vec<String> {
    let mut inputs = Vec::new();
    for rest in json.split("\"input\"").skip(1) {
        let Some(value) = rest
            .trim_start()
            .strip_prefix(':')
            .map(str::trim_start)
            .and_then(|rest| rest.strip_prefix('"'))
        else {
            continue;
        };
        let mut input = String::new();
        let mut characters = value.chars();
        while let Some(character) = characters.next().filter(|&character| character != '"') {
            if character != '\\' {
                input.push(character);
                continue;
            }
            match characters.next() {
                Some('n') => input.push('\n'),
                Some('r') => input.push('\r'),
                Some('t') => input.push('\t'),
                Some('f') => input.push('\x0c'),
                Some('b') => input.push('\x08'),
                Some('u') => {
                    let code: String = characters.by_ref().take(4).collect();
                    let code = u32::from_str_radix(&code, 16).ok().and_then(char::from_u32);
                    input.push(code.unwrap_or('\u{FFFD}'));
                }
                Some(other) => input.push(other),
                None => {}
            }
        }
        inputs.push(input);
    }
    inputs
}

#[test]
fn each_input_as_it_is() {
    for input in inputs() {
        check(input.as_bytes());
    }
}

#[test]
fn each_input_in_each_place_of_a_page() {
    for input in inputs() {
        for page in [
            format!("<!DOCTYPE html><html><head>{input}</head><body>{TOTAL}</body></html>"),
            format!("<!DOCTYPE html><html><head></head><body>{input}{TOTAL}</body></html>"),
            format!("<!DOCTYPE html><html><head></head><body>{TOTAL}{input}</body></html>"),
            format!("<!DOCTYPE html><html><head></head><body><p><span>{input}</span></p>{TOTAL}</body></html>"),
            format!("<!DOCTYPE html><html><head></head><body><ul><li>{input}</li></ul>{TOTAL}</body></html>"),
            format!("<!DOCTYPE html><html><head></head><body><svg>{input}</svg>{TOTAL}</body></html>"),
        ] {
            check(page.as_bytes());
            for answer in [dom::package(page.as_bytes()), stream::package(page.as_bytes())] {
                assert!(answer.is_err() || answer == Ok(expected()), "{page}");
            }
        }
    }
}

fn expected() -> ex2_parser::Package {
    ex2_parser::Package {
        total: 14_360,
        daily: Vec::new(),
    }
}

#[test]
fn each_input_in_a_list() {
    for input in inputs() {
        let list = format!(
            "<div id=org-packages><h3>1 package</h3><ul><li class=Box-row><a href=/orgs/o/packages/container/package/image>\
             image</a><p>{input}</p></li></ul></div>"
        );
        let versions = format!(
            "<ul><li class=Box-row><a href=/o/r/pkgs/container/image/1?tag=a>a</a> 7 <span>Version downloads</span>\
             <p>{input}</p></li></ul>"
        );
        check(list.as_bytes());
        check(versions.as_bytes());
        if let Ok(list) = stream::package_list(list.as_bytes()) {
            assert_eq!((list.packages[0].name.as_str(), list.rows), ("image", 1), "{input}");
        }
        if let Ok(list) = stream::version_list(versions.as_bytes()) {
            assert_eq!((list.versions.len(), list.versions[0].total), (1, 7), "{input}");
        }
    }
}

/// Pages on which an engine once failed.
#[test]
fn findings() {
    let names = [
        "gtcc",
        "gtcir",
        "gtdot",
        "gtlPar",
        "gtquest",
        "gtrapprox",
        "gtrarr",
        "gtrdot",
        "gtreqless",
        "gtreqqless",
        "gtrless",
        "gtrsim",
        "ltcc",
        "ltcir",
        "ltdot",
        "lthree",
        "ltimes",
        "ltlarr",
        "ltquest",
        "ltrPar",
        "ltri",
        "ltrie",
        "ltrif",
    ];
    for name in names {
        for page in [
            format!("x&{name};y"),
            format!("<a title=\"x&{name};y\">"),
            format!("x&{name}y"),
        ] {
            check(page.as_bytes());
        }
    }
    // `</html>` in a template does not end the document, and neither does one with tags after it.
    for page in [
        format!("<!doctype html><html><template></html></template>{TOTAL}<p>cut"),
        format!("<!doctype html><html><template></html>{TOTAL}"),
        format!("<!doctype html><html>{TOTAL}<template></html>"),
        format!("<!doctype html><html>{TOTAL}<template></html></template>"),
        format!("<!doctype html><html>{TOTAL}<template><template></template></html>"),
        format!("<!doctype html><html>{TOTAL}</html><p>cut"),
    ] {
        check(page.as_bytes());
        assert_eq!(dom::package(page.as_bytes()), Err(Error::Truncated), "{page}");
        assert_eq!(stream::package(page.as_bytes()), Err(Error::Truncated), "{page}");
    }
    let whole = format!("<!doctype html><html><template></template>{TOTAL}</body></html>\n<!-- end -->");
    assert_eq!(stream::package(whole.as_bytes()), Ok(expected()));
}

/// The answer does not depend on chunks, on both sides of the limit of a tag's values.
#[test]
fn answers_near_a_limit_do_not_depend_on_chunks() {
    for spaces in [3_000, 3_276, 3_277, 3_400, 16_000, 16_354, 16_355, 17_000] {
        for before in ["", "\n\n\n\n\n"] {
            let label = format!("Downloads for the last 30 days{}", "&#32;".repeat(spaces));
            let page = format!("{before}<div aria-label=\"{label}\"></div>{TOTAL}");
            let whole = stream::package(page.as_bytes());
            for size in [1, 7, 4_096, 16_384, page.len() - 1] {
                let mut parser = stream::PackageParser::new();
                for chunk in page.as_bytes().chunks(size) {
                    parser.feed(chunk);
                }
                assert_eq!(parser.finish(), whole, "{spaces} in chunks of {size}");
            }
        }
    }
    // A page that is too large has the same answer, even if another error comes before its last byte.
    let page = "<table>x".to_owned() + &"<p>x</p>".repeat(8) + &" ".repeat(ex2_parser::MAX_PAGE_BYTES);
    for size in [1 << 10, 1 << 20, page.len()] {
        let mut parser = stream::PackageParser::new();
        for chunk in page.as_bytes().chunks(size) {
            parser.feed(chunk);
        }
        assert_eq!(parser.finish(), Err(Error::TooLarge), "in chunks of {size}");
    }
}
