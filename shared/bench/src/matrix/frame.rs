//! What all plots have in common: the colours of their frame, and what kuva does not write into an SVG.
//!
//! Text is SVG text, the colours follow the reader's light or dark scheme, and a title and a description have the same
//! content for screen readers. The plot has its own background, because GitHub's page can be dark although the
//! browser's scheme is light.

use std::fmt::Write;

use kuva::backend::svg::SvgBackend;
use kuva::render::render::Scene;
use kuva::render::theme::Theme;

/// A colour in the light and in the dark scheme.
#[derive(Clone, Copy)]
pub struct Colour {
    /// In the light scheme, as `#rrggbb`.
    pub light: &'static str,
    /// In the dark scheme.
    pub dark: &'static str,
}

const BACKGROUND: Colour = Colour {
    light: "#ffffff",
    dark: "#0d1117",
};
pub(crate) const TEXT: Colour = Colour {
    light: "#1f2328",
    dark: "#e6edf3",
};
pub(crate) const GRID: Colour = Colour {
    light: "#d1d9e0",
    dark: "#3d444d",
};

/// The colours of every plot, without those of its series.
pub(crate) const COLOURS: [Colour; 3] = [BACKGROUND, TEXT, GRID];

/// The width in pixels.
pub const WIDTH: f64 = 900.0;

/// Space for one half of the axis's last label, in pixels.
pub const RIGHT_MARGIN: f64 = 40.0;

/// The colours of the frame, for kuva.
pub fn theme() -> Theme {
    Theme {
        background: BACKGROUND.light.to_owned(),
        axis_color: TEXT.light.to_owned(),
        grid_color: GRID.light.to_owned(),
        tick_color: TEXT.light.to_owned(),
        text_color: TEXT.light.to_owned(),
        legend_bg: BACKGROUND.light.to_owned(),
        legend_border: BACKGROUND.light.to_owned(),
        font_family: Some("system-ui, sans-serif".to_owned()),
        ..Theme::light()
    }
}

/// The plot as SVG with a `viewBox`, dark colours, a title and a description, which kuva does not write. `series` are
/// the colours of the series.
pub fn described(scene: &Scene, series: &[Colour], title: &str, description: &str) -> String {
    let mut dark = String::new();
    for Colour { light, dark: other } in COLOURS.iter().chain(series) {
        let _ = write!(
            dark,
            "[fill=\"{light}\"]{{fill:{other}}}[stroke=\"{light}\"]{{stroke:{other}}}"
        );
    }
    let head = format!(
        "<svg viewBox=\"0 0 {:.0} {:.0}\" role=\"img\" aria-labelledby=\"title description\"",
        scene.width, scene.height
    );
    let words = format!(
        "\n  <title id=\"title\">{}</title>\n  <desc id=\"description\">{}</desc>\n  \
         <style>@media (prefers-color-scheme:dark){{{dark}}}</style>",
        escaped(title),
        escaped(description)
    );
    let svg = SvgBackend::new().with_pretty(true).render_scene(scene);
    let svg = without_numbered_clips(&svg).replacen("<svg", &head, 1);
    match svg.find('>') {
        Some(end) => format!("{}{words}{}", &svg[..=end], &svg[end + 1..]),
        None => svg,
    }
}

/// Removes the number from the name of the clipping region: kuva counts the regions of all plots of a process, but the
/// file must not depend on the order of drawing. A plot has one region.
fn without_numbered_clips(svg: &str) -> String {
    const CLIP: &str = "kuva-clip-";
    let mut parts = svg.split(CLIP);
    let mut text = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        text += "clip";
        text += part.trim_start_matches(|character: char| character.is_ascii_digit());
    }
    text
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The values of an attribute, in the order of the file.
#[cfg(test)]
pub(crate) fn values<'a>(svg: &'a str, attribute: &str) -> Vec<&'a str> {
    let begin = format!(" {attribute}=\"");
    svg.split(&begin)
        .skip(1)
        .filter_map(|rest| rest.split('"').next())
        .collect()
}

/// Panics if a colour of the plot is not among those of the frame and of its series.
#[cfg(test)]
pub(crate) fn assert_has_dark_colours(svg: &str, series: &[Colour]) {
    let body = &svg[svg.find("</style>").unwrap()..];
    let colours: Vec<&str> = COLOURS.iter().chain(series).map(|colour| colour.light).collect();
    for colour in values(body, "fill").into_iter().chain(values(body, "stroke")) {
        assert!(colours.contains(&colour) || colour == "none", "{colour}");
    }
    assert!(svg.contains("@media (prefers-color-scheme:dark)"), "{svg}");
    assert!(svg.contains("viewBox=\"0 0 900 "), "{svg}");
}
