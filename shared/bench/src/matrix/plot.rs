//! The plots of a record as SVG: one row for each case, an estimate with its interval, on a logarithmic axis.

use std::fmt::Write;
use std::sync::Arc;

use crate::cases::{Case, Model, Row, Step};
use kuva::plot::ScatterPlot;
use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::plot::scatter::MarkerShape;
use kuva::render::annotations::ReferenceLine;
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;

use crate::matrix::frame::{self, Colour, GRID};
use crate::matrix::record::Bench;
use crate::matrix::{Interval, number};

/// Blue and orange can be distinguished with any colour blindness. The two series also have different shapes.
const WORK: Colour = Colour {
    light: "#0969da",
    dark: "#58a6ff",
};
const START: Colour = Colour {
    light: "#bc4c00",
    dark: "#ffa657",
};

/// The steps that are drawn for each case.
const SERIES: [(Step, Colour, MarkerShape, &str); 2] = [
    (
        Step::Work,
        WORK,
        MarkerShape::Circle,
        "one unit of work, by what is loaded",
    ),
    (
        Step::Start,
        START,
        MarkerShape::Diamond,
        "from the start, what is kept on the disk",
    ),
];

/// The sizes are in pixels.
const ROW_HEIGHT: f64 = 26.0;
const HEIGHT_WITHOUT_ROWS: f64 = 150.0;

/// The subject of a plot.
#[derive(Clone, Copy, Debug)]
pub struct Subject {
    /// The name of the bench.
    pub bench: &'static str,
    /// The rows whose cases are drawn.
    pub rows: &'static [Row],
    /// The title above the plot.
    pub title: &'static str,
    /// The file, relative to the workspace.
    pub path: &'static str,
}

/// All plots.
pub const SUBJECTS: [Subject; 2] = [
    Subject {
        bench: "hello",
        rows: &[Row::HelloWorld, Row::ProcessStart],
        title: "Hello World: how long it takes to say the line",
        path: "ex1-hello/hello-world.svg",
    },
    Subject {
        bench: "parser",
        rows: &[Row::HtmlParser],
        title: "HTML Parser: how long it takes to read a package page",
        path: "ex2-parser/html-parser.svg",
    },
];

/// The plot as SVG; `None` if the bench has no figure for it.
pub fn svg(bench: &Bench, subject: &Subject) -> Option<String> {
    let mut cases: Vec<&Case> = bench
        .cases
        .iter()
        .filter(|case| subject.rows.contains(&case.row))
        .filter(|case| SERIES.iter().any(|(step, ..)| figure(bench, case, *step).is_some()))
        .collect();
    if cases.is_empty() {
        return None;
    }
    let fastest = |case: &Case| {
        let figures = SERIES.iter().filter_map(|(step, ..)| figure(bench, case, *step));
        figures.map(|figure| figure.estimate).fold(f64::INFINITY, f64::min)
    };
    // The slowest first, because rows are counted from the bottom.
    cases.sort_by(|left, right| fastest(right).total_cmp(&fastest(left)));

    let mut plots = Vec::new();
    let mut legend = Vec::new();
    for (step, colour, marker, label) in SERIES {
        let points: Vec<(f64, Interval)> = (1..)
            .zip(&cases)
            .filter_map(|(row, case)| Some((f64::from(row), figure(bench, case, step)?)))
            .collect();
        if points.is_empty() {
            continue;
        }
        legend.push(LegendEntry {
            label: label.to_owned(),
            color: colour.light.to_owned(),
            shape: LegendShape::Marker(marker),
            dasharray: None,
        });
        let errors = points
            .iter()
            .map(|(_, figure)| (figure.estimate - figure.lower, figure.upper - figure.estimate));
        let plot = ScatterPlot::new()
            .with_data(points.iter().map(|(row, figure)| (figure.estimate, *row)))
            .with_x_err_asymmetric(errors)
            .with_marker(marker)
            .with_size(5.0)
            .with_color(colour.light);
        plots.push(Plot::Scatter(plot));
    }

    let figures = || {
        cases
            .iter()
            .flat_map(|case| SERIES.iter().filter_map(|(step, ..)| figure(bench, case, *step)))
    };
    let least = figures().map(|figure| figure.lower).fold(f64::INFINITY, f64::min);
    let most = figures().map(|figure| figure.upper).fold(0.0, f64::max);
    let labels = cases.iter().map(|case| label(case)).collect();
    let mut layout = Layout::auto_from_plots(&plots)
        .with_width(frame::WIDTH)
        .with_height(HEIGHT_WITHOUT_ROWS + ROW_HEIGHT * cases.len() as f64)
        .with_theme(frame::theme())
        .with_title(subject.title)
        .with_title_size(16)
        .with_x_label("time, logarithmic; the line through a point is its 95 % interval")
        .with_log_x()
        .with_x_axis_min(10_f64.powi(decade_of(least)))
        .with_x_axis_max(most * 2.0)
        .with_x_tick_format(TickFormat::Custom(Arc::new(number::exact_time)))
        .with_y_categories(labels)
        .with_y_axis_min(0.5)
        .with_y_axis_max(cases.len() as f64 + 0.5)
        .with_legend_entries(legend)
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false);
    // kuva draws a grid only if both axes are numeric.
    for decade in decade_of(least) + 1..=decade_of(most * 2.0) {
        let line = ReferenceLine::vertical(10_f64.powi(decade));
        layout = layout.with_reference_line(line.with_color(GRID.light).with_dasharray("none"));
    }
    layout.force_margin_right = Some(frame::RIGHT_MARGIN);
    let scene = render_multiple(plots, layout);
    Some(frame::described(
        &scene,
        &[WORK, START],
        subject.title,
        &description(bench, &cases),
    ))
}

/// A case's label. A plot has cases of all models, and the labels of the model `start` do not show it.
fn label(case: &Case) -> String {
    match case.model {
        Model::Call | Model::Process => case.label.clone(),
        Model::Start => format!("{}: a fresh instance each", case.label),
    }
}

fn figure(bench: &Bench, case: &Case, step: Step) -> Option<Interval> {
    Some(bench.estimates(case, step)?.median)
}

/// The largest power of ten that is not above the time.
fn decade_of(nanoseconds: f64) -> i32 {
    nanoseconds.log10().floor() as i32
}

/// All rows as text, the fastest first.
fn description(bench: &Bench, cases: &[&Case]) -> String {
    let mut text = String::new();
    for case in cases.iter().rev() {
        let steps: Vec<String> = SERIES
            .iter()
            .filter_map(|(step, ..)| Some(format!("{step} {}", number::time(&figure(bench, case, *step)?))))
            .collect();
        let _ = write!(text, "{}: {}. ", label(case), steps.join(", "));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Record, fixture};

    fn drawn(record: &Record) -> String {
        svg(fixture::bench(record, "hello"), &SUBJECTS[0]).unwrap()
    }

    /// The x coordinate of a text.
    fn x_of(svg: &str, text: &str) -> f64 {
        let line = svg.lines().find(|line| line.contains(&format!(">{text}</text>")));
        frame::values(line.unwrap(), "x")[0].parse().unwrap()
    }

    #[test]
    fn every_case_is_in_the_plot_and_in_its_description() {
        let svg = drawn(&fixture::record());
        assert!(svg.contains(">ruby/puts</text>"), "{svg}");
        assert!(svg.contains("<title id=\"title\">Hello World"), "{svg}");
        assert!(
            svg.contains("rust/native: work 140 ns. wat/wasmer-cranelift: work 230 ns, start 30.0 µs."),
            "{svg}"
        );
    }

    #[test]
    fn the_label_of_a_start_mentions_the_fresh_instance() {
        let svg = drawn(&fixture::record());
        assert!(
            svg.contains(">rust/wasmer-cranelift: a fresh instance each</text>"),
            "{svg}"
        );
        assert!(svg.contains(">rust-module/wasmer-cranelift</text>"), "{svg}");
    }

    #[test]
    fn the_axis_is_logarithmic() {
        let svg = drawn(&fixture::record());
        let steps = [x_of(&svg, "100 ns"), x_of(&svg, "1 µs"), x_of(&svg, "10 µs")];
        assert!(((steps[2] - steps[1]) - (steps[1] - steps[0])).abs() < 0.1, "{steps:?}");
        assert!(steps[1] > steps[0]);
    }

    #[test]
    fn an_interval_is_drawn_with_its_width() {
        let mut record = fixture::record();
        let interval = Interval {
            estimate: 1000.0,
            lower: 100.0,
            upper: 10_000.0,
        };
        fixture::set(&mut record, "ruby/puts", Step::Work, interval);
        let svg = drawn(&record);
        let decade = x_of(&svg, "1 µs") - x_of(&svg, "100 ns");
        let widest = svg
            .lines()
            .filter(|line| line.contains("<line") && line.contains(&format!("stroke=\"{}\"", WORK.light)))
            .map(|line| {
                let [x1, x2] = ["x1", "x2"].map(|name| frame::values(line, name)[0].parse::<f64>().unwrap());
                x2 - x1
            })
            .fold(0.0, f64::max);
        assert!((widest - 2.0 * decade).abs() < 0.1, "{widest} is not twice {decade}");
    }

    #[test]
    fn every_colour_has_a_dark_one() {
        let svg = drawn(&fixture::record());
        frame::assert_has_dark_colours(&svg, &[WORK, START]);
    }

    #[test]
    fn labels_are_escaped() {
        let mut record = fixture::record();
        record.benches[0].cases[0].label = "</title><script>&".to_owned();
        let svg = drawn(&record);
        assert!(
            !svg.contains("<script>") && svg.contains("&lt;/title&gt;&lt;script&gt;&amp;: work"),
            "{svg}"
        );
    }

    #[test]
    fn a_skipped_case_is_not_drawn() {
        let mut record = fixture::record();
        assert_eq!(svg(fixture::bench(&record, "parser"), &SUBJECTS[0]), None);
        fixture::skip(&mut record, "ruby/puts", "no Ruby");
        assert!(!drawn(&record).contains("ruby/puts"));
    }

    #[test]
    fn the_same_record_gives_the_same_file() {
        let (first, second) = (drawn(&fixture::record()), drawn(&fixture::record()));
        assert!(first == second, "{first}\n{second}");
    }
}
