//! Tests of the QR code: the printed code is decoded as by a scanner.

use assert_cmd::Command;
use ex1_hello::qr::{Code, Look, PROJECT};
use predicates::str::{contains, is_empty};

/// The pixels of a module's side. A scanner needs several to find the edges.
const SCALE: usize = 4;

const BLACK: u8 = 0;
const WHITE: u8 = 255;

/// The colours of a terminal without escape codes.
#[derive(Clone, Copy)]
struct Ground {
    text: u8,
    background: u8,
}

const LIGHT_TERMINAL: Ground = Ground {
    text: BLACK,
    background: WHITE,
};
const DARK_TERMINAL: Ground = Ground {
    text: WHITE,
    background: BLACK,
};

/// A greyscale picture of the printed text in a terminal.
struct Picture {
    /// The modules, row by row.
    rows: Vec<Vec<u8>>,
}

impl Picture {
    /// Draws printed text: blocks in the text's colour, everything else in the background's. Escape codes may only set
    /// the fixed black and white of the 256 colours, because others depend on the theme.
    fn of(printed: &str, terminal: Ground) -> Self {
        let mut rows = Vec::new();
        for line in printed.lines() {
            let (mut upper, mut lower) = (Vec::new(), Vec::new());
            let mut ground = terminal;
            let mut rest = line;
            while let Some(character) = rest.chars().next() {
                rest = &rest[character.len_utf8()..];
                if character == '\x1b' {
                    let (codes, after) = rest.strip_prefix('[').unwrap().split_once('m').unwrap();
                    rest = after;
                    ground = coloured(codes, ground, terminal);
                    continue;
                }
                let (above, below) = match character {
                    ' ' => (false, false),
                    '▀' => (true, false),
                    '▄' => (false, true),
                    '█' => (true, true),
                    other => panic!("{other:?} is no block"),
                };
                let shade = |drawn| if drawn { ground.text } else { ground.background };
                upper.push(shade(above));
                lower.push(shade(below));
            }
            rows.push(upper);
            rows.push(lower);
        }
        Self { rows }
    }

    /// Draws the SVG's only kind of path on its white background: `Mx yhNv1h-Nz`, a row of N dark modules.
    fn of_svg(svg: &str) -> Self {
        let between = |before: &str, after: &str| {
            let (_, rest) = svg.split_once(before).unwrap_or_else(|| panic!("no {before} in {svg}"));
            rest.split_once(after).unwrap().0.to_owned()
        };
        let width: usize = between("viewBox=\"0 0 ", " ").parse().unwrap();
        assert!(svg.contains(&format!("<path fill=\"#fff\" d=\"M0 0h{width}v{width}h-{width}z\"/>")));
        let mut rows = vec![vec![WHITE; width]; width];
        for run in between("<path fill=\"#000\" d=\"", "\"").split_inclusive('z') {
            let numbers: Vec<usize> = run
                .split(|character: char| !character.is_ascii_digit())
                .filter_map(|number| number.parse().ok())
                .collect();
            let &[x, y, length, 1, back] = &numbers[..] else {
                panic!("{run} is no row of modules")
            };
            assert_eq!((length, run), (back, &*format!("M{x} {y}h{length}v1h-{length}z")));
            rows[y][x..x + length].fill(BLACK);
        }
        Self { rows }
    }

    fn module(&self, x: usize, y: usize) -> u8 {
        self.rows[y][x]
    }

    fn decode(&self) -> Option<String> {
        let (width, height) = (self.rows[0].len(), self.rows.len());
        let mut image = rqrr::PreparedImage::prepare_from_greyscale(width * SCALE, height * SCALE, |x, y| {
            self.module(x / SCALE, y / SCALE)
        });
        let grids = image.detect_grids();
        let [grid] = &grids[..] else { return None };
        grid.decode().ok().map(|(_, text)| text)
    }

    /// The smallest number of modules between an edge and the code.
    fn quiet_zone(&self) -> usize {
        let (width, height) = (self.rows[0].len(), self.rows.len());
        let dark_rows: Vec<usize> = (0..height)
            .filter(|&y| (0..width).any(|x| self.module(x, y) == BLACK))
            .collect();
        let dark_columns: Vec<usize> = (0..width)
            .filter(|&x| (0..height).any(|y| self.module(x, y) == BLACK))
            .collect();
        let ends = |dark: &[usize], length: usize| [dark[0], length - 1 - dark[dark.len() - 1]];
        [ends(&dark_rows, height), ends(&dark_columns, width)]
            .concat()
            .into_iter()
            .min()
            .unwrap()
    }
}

fn coloured(codes: &str, ground: Ground, terminal: Ground) -> Ground {
    let shade = |number: &str| match number {
        "16" => BLACK,
        "231" => WHITE,
        other => panic!("colour {other} looks different in each terminal"),
    };
    match codes.split(';').collect::<Vec<_>>()[..] {
        ["0"] => terminal,
        ["38", "5", text] => Ground {
            text: shade(text),
            ..ground
        },
        ["48", "5", background] => Ground {
            background: shade(background),
            ..ground
        },
        _ => panic!("unknown escape code {codes}"),
    }
}

fn printed(arguments: &[&str]) -> String {
    let assert = Command::cargo_bin("ex1-hello")
        .unwrap()
        .arg("qr")
        .args(arguments)
        .assert()
        .success()
        .stderr("");
    String::from_utf8(assert.get_output().stdout.clone()).unwrap()
}

#[test]
fn coloured_scans_on_light_and_dark_terminals() {
    let printed = printed(&["--look", "coloured"]);
    for terminal in [LIGHT_TERMINAL, DARK_TERMINAL] {
        let picture = Picture::of(&printed, terminal);
        assert_eq!(picture.decode().as_deref(), Some(PROJECT));
        assert!(picture.rows.iter().all(|row| row.len() == picture.rows[0].len()));
    }
    assert_eq!(Picture::of(&printed, LIGHT_TERMINAL).quiet_zone(), 4);
}

#[test]
fn without_a_terminal_it_is_plain_and_scans_on_a_light_background() {
    let printed = printed(&[]);
    assert!(!printed.contains('\x1b'));
    let picture = Picture::of(&printed, LIGHT_TERMINAL);
    assert_eq!(picture.decode().as_deref(), Some(PROJECT));
    assert_eq!(picture.quiet_zone(), 4);
}

#[test]
fn the_other_plain_look_scans_on_a_dark_background() {
    let picture = Picture::of(&printed(&["--look", "light-on-dark"]), DARK_TERMINAL);
    assert_eq!(picture.decode().as_deref(), Some(PROJECT));
    assert_eq!(picture.quiet_zone(), 4);
}

#[test]
fn the_picture_scans_and_has_a_quiet_zone_sharp_edges_and_a_title() {
    let svg = printed(&["--svg"]);
    let picture = Picture::of_svg(&svg);
    assert_eq!(picture.decode().as_deref(), Some(PROJECT));
    assert_eq!(picture.quiet_zone(), 4);
    assert!(
        svg.contains("shape-rendering=\"crispEdges\"") && svg.contains("role=\"img\""),
        "{svg}"
    );
    assert!(svg.contains(&format!("><title>QR code: {PROJECT}</title><")), "{svg}");
    assert!(!svg.contains(" id="), "a page holds it twice: {svg}");
    assert_eq!(svg.lines().count(), 1, "{svg}");
}

#[test]
fn a_picture_of_any_text_is_xml_and_can_be_decoded() {
    let text = "https://example.org/?a=1&b=</title><script>\u{1b}[2J\u{ffff}Grüße";
    let svg = printed(&["--svg", text]);
    assert_eq!(Picture::of_svg(&svg).decode().as_deref(), Some(text));
    let title =
        "<title>QR code: https://example.org/?a=1&amp;b=&lt;/title&gt;&lt;script&gt;\u{fffd}[2J\u{fffd}Grüße</title>";
    assert!(svg.contains(title), "{svg}");
}

#[test]
fn a_picture_has_no_look_and_needs_a_text() {
    let refused = |arguments: &[&str]| {
        let mut command = Command::cargo_bin("ex1-hello").unwrap();
        command.arg("qr").args(arguments).assert().code(64).stdout(is_empty());
    };
    refused(&["--svg", "--look", "coloured"]);
    refused(&["--svg", ""]);
}

#[test]
fn any_text_can_be_decoded() {
    for text in [
        "x",
        "http://127.0.0.1:8000/",
        "HTTPS://EXAMPLE.ORG/12345",
        "https://example.org/?q=Grüße&emoji=🦀",
        &"https://example.org/".repeat(10),
    ] {
        let picture = Picture::of(&printed(&["--look", "coloured", text]), DARK_TERMINAL);
        assert_eq!(picture.decode().as_deref(), Some(text));
    }
}

#[test]
fn the_longest_text_fits_and_one_byte_more_does_not() {
    let longest = "ä".repeat(1_476) + "a";
    assert_eq!(longest.len(), 2_953);
    let code = Code::new(&longest).unwrap();
    assert_eq!(
        Picture::of(&code.render(Look::Coloured), LIGHT_TERMINAL)
            .decode()
            .as_deref(),
        Some(&*longest)
    );

    Command::cargo_bin("ex1-hello")
        .unwrap()
        .args(["qr", &"ä".repeat(1_477)])
        .assert()
        .code(65)
        .stdout(is_empty())
        .stderr(contains("2954 bytes"));
}

#[test]
fn an_empty_text_is_a_wrong_command_line() {
    Command::cargo_bin("ex1-hello")
        .unwrap()
        .args(["qr", ""])
        .assert()
        .code(64)
        .stdout(is_empty());
}
