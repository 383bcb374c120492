//! A QR code, in a terminal and as a picture.

use std::fmt::Write;

use anstyle::{Ansi256Color, Style};
use qrcode::{Color, EcLevel, QrCode, types::QrError};

/// The project's page.
pub const PROJECT: &str = env!("CARGO_PKG_REPOSITORY");

/// The light border that scanners need, in modules: the standard's (ISO/IEC 18004, section 9.1).
const QUIET_ZONE: usize = 4;

/// The largest text in bytes: version 40, error correction L (ISO/IEC 18004, table 7).
const CAPACITY: usize = 2_953;

/// Black on white. A terminal's theme can change the first 16 of the 256 colours, but not the others. So these two look
/// the same on light and dark terminals.
const INK_ON_PAPER: Style = Style::new()
    .fg_color(Some(anstyle::Color::Ansi256(Ansi256Color(16))))
    .bg_color(Some(anstyle::Color::Ansi256(Ansi256Color(231))));

/// The way in which a code is printed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// Black on white, with escape codes.
    Coloured,
    /// Without colours: the characters draw the dark modules, for dark text on a light background, as on paper.
    DarkOnLight,
    /// Without colours: the characters draw the light modules, for light text on a dark background.
    LightOnDark,
}

/// The text can't be encoded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// The text is empty.
    #[error("the text of the QR code is empty: give a URL, or no argument for the project's page")]
    Empty,
    /// The text is too long for the largest code.
    #[error("a text of {0} bytes doesn't fit in a QR code: give one of at most {CAPACITY}")]
    TooLong(usize),
}

/// A QR code.
pub struct Code {
    modules: Vec<Color>,
    width: usize,
}

impl Code {
    /// Encodes a text with error correction level M, which allows 15 % of the code to be unreadable; or if that does
    /// not fit, with level L and 7 %.
    pub fn new(text: &str) -> Result<Self, Error> {
        if text.is_empty() {
            return Err(Error::Empty);
        }
        let code = QrCode::with_error_correction_level(text, EcLevel::M)
            .or_else(|_: QrError| QrCode::with_error_correction_level(text, EcLevel::L))
            .map_err(|_| Error::TooLong(text.len()))?;
        Ok(Self {
            width: code.width(),
            modules: code.into_colors(),
        })
    }

    /// The width in modules, with the quiet zone. In a terminal a module is a column wide.
    pub fn columns(&self) -> usize {
        self.width + 2 * QUIET_ZONE
    }

    /// The lines to print. A character is twice as high as wide, so it shows two modules, one above the other.
    pub fn render(&self, look: Look) -> String {
        let (before, after) = match look {
            Look::Coloured => (
                INK_ON_PAPER.render().to_string(),
                INK_ON_PAPER.render_reset().to_string(),
            ),
            Look::DarkOnLight | Look::LightOnDark => Default::default(),
        };
        let drawn = |x, y| self.is_dark(x, y) != (look == Look::LightOnDark);
        let mut lines = String::new();
        for y in (0..self.columns()).step_by(2) {
            lines.push_str(&before);
            for x in 0..self.columns() {
                lines.push(match (drawn(x, y), drawn(x, y + 1)) {
                    (false, false) => ' ',
                    (true, false) => '▀',
                    (false, true) => '▄',
                    (true, true) => '█',
                });
            }
            writeln!(lines, "{after}").expect("writing to a String can't fail");
        }
        lines
    }

    /// The code as an SVG picture, black on white; a module is one unit. `text` is the encoded text, for screen
    /// readers.
    ///
    /// The SVG has no ids, so that a page can contain it more than once.
    pub fn svg(&self, text: &str) -> String {
        let width = self.columns();
        let mut svg = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {width}\" role=\"img\" \
             shape-rendering=\"crispEdges\"><title>QR code: {}</title><path fill=\"#fff\" \
             d=\"M0 0h{width}v{width}h-{width}z\"/><path fill=\"#000\" d=\"",
            escaped(text)
        );
        for y in 0..width {
            let mut x = 0;
            while x < width {
                let dark = (x..width).take_while(|&x| self.is_dark(x, y)).count();
                if dark > 0 {
                    write!(svg, "M{x} {y}h{dark}v1h-{dark}z").expect("writing to a String can't fail");
                }
                x += dark.max(1);
            }
        }
        svg + "\"/></svg>\n"
    }

    /// Whether the module at a column and row is dark, counted from the corner of the quiet zone. Modules outside of
    /// the code are light.
    fn is_dark(&self, x: usize, y: usize) -> bool {
        let inside = |position: usize| {
            position
                .checked_sub(QUIET_ZONE)
                .filter(|&position| position < self.width)
        };
        match (inside(x), inside(y)) {
            (Some(x), Some(y)) => self.modules[y * self.width + x] == Color::Dark,
            _ => false,
        }
    }
}

/// A text for XML, between tags. XML can't represent control characters, so that they become U+FFFD.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{FFFE}' | '\u{FFFF}' => escaped.push(char::REPLACEMENT_CHARACTER),
            other if other.is_control() => escaped.push(char::REPLACEMENT_CHARACTER),
            other => escaped.push(other),
        }
    }
    escaped
}
