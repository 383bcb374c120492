//! The plot of a trend as SVG: the exact figures as lines over the records, relative to the first record that has them.
//!
//! Times are not drawn: a line would compare those of different machines.

use std::fmt::Write;
use std::sync::Arc;

use kuva::plot::legend::{LegendEntry, LegendPosition, LegendShape};
use kuva::plot::line::LineStyle;
use kuva::plot::{LinePlot, ScatterPlot};
use kuva::render::layout::{Layout, TickFormat};
use kuva::render::plots::Plot;
use kuva::render::render::render_multiple;

use crate::matrix::frame::{self, Colour};
use crate::matrix::trend::{self, Series, Trend};

/// The figures that did not change share one line.
const UNCHANGED: Colour = Colour {
    light: "#59636e",
    dark: "#9198a1",
};

/// The colours of the figures that changed. With more figures than colours the next ones have another style of line.
const CHANGED: [Colour; 6] = [
    Colour {
        light: "#0969da",
        dark: "#58a6ff",
    },
    Colour {
        light: "#bc4c00",
        dark: "#ffa657",
    },
    Colour {
        light: "#1a7f37",
        dark: "#3fb950",
    },
    Colour {
        light: "#8250df",
        dark: "#bc8cff",
    },
    Colour {
        light: "#bf3989",
        dark: "#f778ba",
    },
    Colour {
        light: "#9a6700",
        dark: "#d29922",
    },
];

const STYLES: [LineStyle; 3] = [LineStyle::Solid, LineStyle::Dashed, LineStyle::Dotted];

/// The sizes are in pixels.
const HEIGHT_WITHOUT_LEGEND: f64 = 440.0;
const LEGEND_ENTRY_HEIGHT: f64 = 20.0;

/// Space above and below the lines, relative to the first record.
const MARGIN: f64 = 0.05;

const TITLE: &str = "Exact figures, relative to the first record that has them";

/// One line: the position of each record that has the figure, and the figure relative to the first of them.
struct Line {
    label: String,
    colour: Colour,
    style: LineStyle,
    points: Vec<(f64, f64)>,
}

/// The plot as SVG; `None` if no record has exact figures.
pub fn svg(trend: &Trend) -> Option<String> {
    let lines = lines(trend);
    if lines.is_empty() {
        return None;
    }
    let ratios = || lines.iter().flat_map(|line| &line.points).map(|(_, ratio)| *ratio);
    let least = ratios().fold(f64::INFINITY, f64::min);
    let most = ratios().fold(0.0, f64::max);
    let mut plots = Vec::new();
    for line in &lines {
        let (colour, style) = (line.colour.light, line.style.clone());
        let drawn = LinePlot::new().with_data(line.points.clone());
        plots.push(Plot::Line(drawn.with_color(colour).with_line_style(style)));
        // A line through a single point would not be seen.
        let points = ScatterPlot::new().with_data(line.points.clone());
        plots.push(Plot::Scatter(points.with_size(4.0).with_color(colour)));
    }
    let legend = lines.iter().map(|line| LegendEntry {
        label: line.label.clone(),
        color: line.colour.light.to_owned(),
        shape: LegendShape::Line,
        dasharray: line.style.dasharray(),
    });
    let names = trend.records.iter().map(|run| run.record.clone()).collect();
    let mut layout = Layout::auto_from_plots(&plots)
        .with_width(frame::WIDTH)
        .with_height(HEIGHT_WITHOUT_LEGEND + LEGEND_ENTRY_HEIGHT * lines.len() as f64)
        .with_theme(frame::theme())
        .with_title(TITLE)
        .with_title_size(16)
        .with_x_categories(names)
        .with_x_tick_rotate(-45.0)
        .with_x_axis_min(0.5)
        .with_x_axis_max(trend.records.len() as f64 + 0.5)
        .with_y_axis_min((least - MARGIN).max(0.0))
        .with_y_axis_max(most + MARGIN)
        .with_y_tick_format(TickFormat::Custom(Arc::new(|ratio| format!("{ratio:.2} ×"))))
        .with_legend_entries(legend.collect())
        .with_legend_position(LegendPosition::OutsideBottomColumns)
        .with_legend_box(false);
    layout.force_margin_right = Some(frame::RIGHT_MARGIN);
    let scene = render_multiple(plots, layout);
    Some(frame::described(&scene, &colours(), TITLE, &description(&lines)))
}

fn colours() -> Vec<Colour> {
    CHANGED.iter().chain([&UNCHANGED]).copied().collect()
}

/// A line for each figure that changed, and one for all others.
fn lines(trend: &Trend) -> Vec<Line> {
    let (changed, unchanged): (Vec<_>, Vec<_>) = trend.exact_figures.iter().partition(|series| has_changed(series));
    let mut lines: Vec<Line> = changed
        .iter()
        .enumerate()
        .map(|(number, series)| Line {
            label: series.name.clone(),
            colour: CHANGED[number % CHANGED.len()],
            style: STYLES[number / CHANGED.len() % STYLES.len()].clone(),
            points: relative(series),
        })
        .collect();
    let has_one = |record: &usize| unchanged.iter().any(|series| series.values[*record].is_some());
    let points: Vec<(f64, f64)> = (0..trend.records.len())
        .filter(has_one)
        .map(|record| (position(record), 1.0))
        .collect();
    if !points.is_empty() {
        let others = if changed.is_empty() { "all" } else { "the other" };
        lines.push(Line {
            label: format!("{others} {} figures, which did not change", unchanged.len()),
            colour: UNCHANGED,
            style: LineStyle::Solid,
            points,
        });
    }
    lines
}

/// The figure that the others of a series are relative to: the first, but a multiple of zero would say nothing.
fn first(series: &Series<u64>) -> Option<f64> {
    let mut values = series.values.iter().flatten();
    Some(*values.find(|value| **value > 0)? as f64)
}

fn has_changed(series: &Series<u64>) -> bool {
    let mut values = series.values.iter().flatten();
    first(series).is_some_and(|first| values.any(|value| trend::is_seen(first, *value as f64)))
}

/// The figure of each record that has it, relative to the first.
fn relative(series: &Series<u64>) -> Vec<(f64, f64)> {
    let first = first(series).unwrap_or(1.0);
    let values = series.values.iter().enumerate();
    values
        .filter_map(|(record, value)| Some((position(record), (*value)? as f64 / first)))
        .collect()
}

/// Where a record is on the axis.
fn position(record: usize) -> f64 {
    record as f64 + 1.0
}

/// All lines as text.
fn description(lines: &[Line]) -> String {
    let mut text = String::new();
    for line in lines {
        let ratios: Vec<String> = line.points.iter().map(|(_, ratio)| format!("{ratio:.2} ×")).collect();
        let _ = write!(text, "{}: {}. ", line.label, ratios.join(", "));
    }
    text.trim_end().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::matrix::{Record, fixture};

    /// Records whose guest executes so many instructions; `None` is a record without exact figures.
    fn drawn(instructions: &[Option<u64>]) -> Option<String> {
        let record = |instructions: &Option<u64>| {
            let mut record = fixture::record();
            record.exact_figures = instructions
                .map(|instructions| ("ex1-hello".to_owned(), fixture::exact_figures(instructions)))
                .into_iter()
                .collect();
            record
        };
        let records: Vec<Record> = instructions.iter().map(record).collect();
        svg(&trend::of(&records))
    }

    const INSTRUCTIONS: &str = "ex1-hello, written by hand: instructions to work";

    #[test]
    fn a_figure_that_changed_has_a_line_relative_to_the_first_record_that_has_it() {
        let svg = drawn(&[None, Some(100), Some(100), Some(150)]).unwrap();
        assert!(
            svg.contains(&format!(
                "{INSTRUCTIONS}: 1.00 ×, 1.00 ×, 1.50 ×. the other 6 figures, which"
            )),
            "{svg}"
        );
        assert!(svg.contains(&format!(">{INSTRUCTIONS}</text>")), "{svg}");
        assert_eq!(svg.matches(">2026-11-22T122031Z</text>").count(), 4, "{svg}");
        let points = |colour: Colour| {
            let fill = format!("fill=\"{}\"", colour.light);
            svg.lines()
                .filter(|line| line.contains("<circle") && line.contains(&fill))
                .count()
        };
        assert_eq!((points(CHANGED[0]), points(UNCHANGED)), (3, 3), "{svg}");
    }

    #[test]
    fn one_record_is_a_point_and_none_with_exact_figures_is_no_plot() {
        let svg = drawn(&[Some(4)]).unwrap();
        assert!(svg.contains("all 7 figures, which did not change: 1.00 ×."), "{svg}");
        assert_eq!(drawn(&[None, None]), None);
    }

    #[test]
    fn a_figure_that_was_zero_is_relative_to_the_first_record_with_more() {
        let svg = drawn(&[Some(0), Some(5)]).unwrap();
        assert!(svg.contains(&format!("{INSTRUCTIONS}: 0.00 ×, 1.00 ×")), "{svg}");
    }

    #[test]
    fn a_change_of_a_percent_is_no_line_of_its_own() {
        let svg = drawn(&[Some(10_000), Some(10_100)]).unwrap();
        assert!(!svg.contains(INSTRUCTIONS), "{svg}");
    }

    #[test]
    fn every_colour_has_a_dark_one_and_the_same_records_give_the_same_file() {
        let instructions = [Some(100), Some(150)];
        let svg = drawn(&instructions).unwrap();
        frame::assert_has_dark_colours(&svg, &colours());
        assert!(svg == drawn(&instructions).unwrap());
    }
}
