//! The plot as SVG: the memory of instances in one host and of processes, by their number, on two logarithmic axes.

use std::fmt::Write;
use std::sync::Arc;

use bench::density::{Figures, Held};
use bench::matrix::frame::{self, Colour, RIGHT_MARGIN, WIDTH};
use bench::matrix::number;
use kuva::plot::line::LineStyle;
use kuva::plot::scatter::MarkerShape;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::annotations::TextAnnotation;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;
use system::command_line::thousands;

/// The title above the plot.
pub(super) const TITLE: &str = "Memory of instances in one host and of native processes";

/// Blue and orange can be distinguished with any colour blindness. The two series also have different shapes and lines,
/// and each has its name beside it.
const INSTANCES: Colour = Colour {
    light: "#0969da",
    dark: "#58a6ff",
};
const PROCESSES: Colour = Colour {
    light: "#bc4c00",
    dark: "#ffa657",
};

/// The sizes are in pixels.
const HEIGHT: f64 = 460.0;
/// Space for the vertical axis's labels and its name.
const LEFT_MARGIN: f64 = 95.0;
/// kuva places the name of the vertical axis over its labels.
const NAME_OFFSET: f64 = -22.0;
const LABEL_SIZE: u32 = 14;

/// How far the name of a series is from its middle point, as factors of the number and of the memory. Both lines rise, so
/// that there is space above to the left, and below to the right.
const ABOVE: (f64, f64) = (0.3, 1.6);
const BELOW: (f64, f64) = (3.5, 0.35);

/// A line with its markers and its name.
struct Series<'a> {
    held: &'a [Held],
    name: &'static str,
    colour: Colour,
    marker: MarkerShape,
    style: LineStyle,
}

impl Series<'_> {
    /// The numbers, and the memory in mebibytes.
    fn points(&self) -> Vec<(f64, f64)> {
        let point = |held: &Held| (held.count as f64, mebibytes(held));
        self.held.iter().map(point).collect()
    }

    /// The memory of one, where they are the most.
    fn each(&self) -> u64 {
        self.held.last().map_or(0, Held::each)
    }

    /// The series' name and the memory of one, beside the line.
    fn label(&self, place: (f64, f64)) -> TextAnnotation {
        let points = self.points();
        let (number, mebibytes) = points.get(points.len() / 2).copied().unwrap_or_default();
        let text = format!("{}: {} KiB each", self.name, thousands(self.each()));
        TextAnnotation::new(text, number * place.0, mebibytes * place.1).with_font_size(LABEL_SIZE)
    }
}

fn series(figures: &Figures) -> [Series<'_>; 2] {
    [
        Series {
            held: &figures.instances,
            name: "instances in one host",
            colour: INSTANCES,
            marker: MarkerShape::Circle,
            style: LineStyle::Solid,
        },
        Series {
            held: &figures.processes,
            name: "native processes",
            colour: PROCESSES,
            marker: MarkerShape::Diamond,
            style: LineStyle::Dashed,
        },
    ]
}

/// The plot of figures, each of which is more than 0.
pub(super) fn svg(figures: &Figures) -> String {
    let mut series = series(figures);
    let mut plots = Vec::new();
    for series in &series {
        let line = LinePlot::new()
            .with_data(series.points())
            .with_line_style(series.style.clone())
            .with_color(series.colour.light);
        let markers = ScatterPlot::new()
            .with_data(series.points())
            .with_marker(series.marker)
            .with_size(5.0)
            .with_color(series.colour.light);
        plots.extend([Plot::Line(line), Plot::Scatter(markers)]);
    }
    let all = || figures.instances.iter().chain(&figures.processes);
    let most = all().map(|held| held.count).max().unwrap_or(1) as f64;
    let largest = all().map(mebibytes).fold(0.0, f64::max);
    let smallest = all().map(mebibytes).fold(f64::INFINITY, f64::min);
    // The one that holds less is below.
    series.sort_by_key(Series::each);
    let [below, above] = series;
    let layout = Layout::auto_from_plots(&plots)
        .with_width(WIDTH)
        .with_height(HEIGHT)
        .with_theme(frame::theme())
        .with_title(TITLE)
        .with_title_size(16)
        .with_x_label("number of them, logarithmic")
        .with_y_label("memory of all of them, logarithmic")
        .with_y_label_offset(NAME_OFFSET, 0.0)
        .with_log_scale()
        // Markers at the edge would be cut.
        .with_x_axis_min(0.7)
        .with_x_axis_max(most * 1.5)
        .with_y_axis_min(10_f64.powf(smallest.log10().floor()))
        .with_y_axis_max(largest * 3.0)
        .with_x_tick_format(TickFormat::Custom(Arc::new(|number| thousands(number as u64))))
        .with_y_tick_format(TickFormat::Custom(Arc::new(tick)))
        .with_annotation(above.label(ABOVE))
        .with_annotation(below.label(BELOW))
        .with_force_margins(LEFT_MARGIN, RIGHT_MARGIN);
    let scene = render_multiple(plots, layout);
    frame::described(&scene, &[INSTANCES, PROCESSES], TITLE, &description(figures))
}

fn mebibytes(held: &Held) -> f64 {
    held.kilobytes as f64 / 1024.0
}

/// A power of ten of mebibytes.
fn tick(mebibytes: f64) -> String {
    match mebibytes < 1.0 {
        true => format!("{mebibytes} MiB"),
        false => format!("{} MiB", thousands(mebibytes.round() as u64)),
    }
}

/// What the plot shows, in a sentence.
pub(super) fn summary(figures: &Figures) -> String {
    let of = |held: &[Held], name: &str| {
        held.last().map_or_else(String::new, |last| {
            format!(
                "{} {name} hold {}, {} KiB each",
                thousands(last.count),
                number::size(last.kilobytes << 10),
                thousands(last.each())
            )
        })
    };
    format!(
        "{}; {}",
        of(&figures.instances, "instances"),
        of(&figures.processes, "processes")
    )
}

/// All points as text.
fn description(figures: &Figures) -> String {
    let mut text = String::new();
    for series in series(figures) {
        let points: Vec<String> = series
            .held
            .iter()
            .map(|held| format!("{} hold {}", thousands(held.count), number::size(held.kilobytes << 10)))
            .collect();
        let _ = write!(text, "{}: {}. ", series.name, points.join(", "));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bench::density::Record;

    fn figures() -> Figures {
        let record: Record = serde_json::from_str(include_str!("fixture.json")).unwrap();
        record.figures
    }

    /// The values of an attribute, in the order of the file.
    fn values<'a>(svg: &'a str, attribute: &str) -> Vec<&'a str> {
        let begin = format!(" {attribute}=\"");
        let rests = svg.split(&begin).skip(1);
        rests.filter_map(|rest| rest.split('"').next()).collect()
    }

    /// A coordinate of a text.
    fn coordinate(svg: &str, text: &str, attribute: &str) -> f64 {
        let line = svg.lines().find(|line| line.contains(&format!(">{text}</text>")));
        let line = line.unwrap_or_else(|| panic!("{text} in {svg}"));
        values(line, attribute)[0].parse().unwrap()
    }

    #[test]
    fn both_axes_are_logarithmic() {
        let svg = svg(&figures());
        for (attribute, ticks) in [("x", ["10", "100", "1,000"]), ("y", ["1 MiB", "10 MiB", "100 MiB"])] {
            let [first, second, third] = ticks.map(|tick| coordinate(&svg, tick, attribute));
            assert!(((third - second) - (second - first)).abs() < 0.1, "{attribute}");
            assert!((second - first).abs() > 10.0, "{attribute}");
        }
    }

    #[test]
    fn each_line_has_its_name_and_that_of_what_holds_more_is_above() {
        let mut figures = figures();
        let drawn = svg(&figures);
        let names = ["instances in one host: 128 KiB each", "native processes: 320 KiB each"];
        let [instances, processes] = names.map(|name| coordinate(&drawn, name, "y"));
        assert!(processes < instances, "{processes} is above {instances}");
        assert!(drawn.contains("stroke-dasharray=\"8 4\""), "{drawn}");
        for held in &mut figures.processes {
            held.kilobytes /= 10;
        }
        let drawn = svg(&figures);
        let instances = coordinate(&drawn, names[0], "y");
        let processes = coordinate(&drawn, "native processes: 32 KiB each", "y");
        assert!(instances < processes, "{instances} is above {processes}");
    }

    #[test]
    fn every_colour_has_a_dark_one_and_every_point_is_in_words() {
        let svg = svg(&figures());
        for Colour { light, dark } in [INSTANCES, PROCESSES] {
            assert!(svg.contains(&format!("[stroke=\"{light}\"]{{stroke:{dark}}}")), "{svg}");
        }
        assert!(
            svg.contains("native processes: 1 hold 320 KiB, 10 hold 3.12 MiB"),
            "{svg}"
        );
        assert!(svg.contains("viewBox=\"0 0 900 460\" role=\"img\""), "{svg}");
    }

    #[test]
    fn the_same_figures_give_the_same_file() {
        assert_eq!(svg(&figures()), svg(&figures()));
    }
}
