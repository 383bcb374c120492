//! A package page.
//!
//! - The total is in the `title`, digits only, of an `h3`. The `h3` stands directly after a `span` whose whole text is
//!   the label `Total downloads`. If no label has such an `h3`, the markup has changed. The next `h3` on the page is
//!   not used instead: it counts the issues.
//! - A number has one label. If the label of another counter stands directly before the label, the number belongs to
//!   the other counter.
//! - A label has one number. If the next element after the total is a heading, or has another number in its title, the
//!   total is unknown.
//! - The total has a row of its own. A label in the row of the other counters belongs to one of their numbers.
//! - A label without a total is text by the owner, in the description, if another label has a total.
//! - A total smaller than the sum of the chart's days is doubtful. Counts can fall, so it may be right. But if the page
//!   also has a label without a total, or a number without a label that is large enough, the label stands before the
//!   wrong number.
//! - The page of one version has the label too, and after it the count, with commas, in a `span`. It is not a package
//!   page.
//! - The daily downloads are in the element with `aria-label="Downloads for the last 30 days"`, in an `svg`: the
//!   `rect`s with a `data-date` and a `data-merge-count`, for 30 consecutive days, newest first. A page without that
//!   element has no daily downloads. If 30 such bars stand elsewhere on the page, the chart's label has changed.

use alloc::vec::Vec;

use super::{
    events::{Attribute, AttributeSet, Attributes, Element, Extractor},
    page::keep_first,
    text::{CollapsedText, collapses_to, digits, grouped_digits, is_blank},
};
use crate::{Change, DailyDownloads, Date, Error, Package, tag::Tag};

pub(super) const LABEL: &[u8] = b"Total downloads";
pub(super) const CHART: &[u8] = b"Downloads for the last 30 days";
/// The length of `18,446,744,073,709,551,615`, the longest count on a version's page. It is longer than the label.
const MAX_TEXT_BYTES: usize = 26;
/// The labels of the other counters. Their markup is the same as the total's.
const OTHER_LABELS: [&[u8]; 3] = [b"Issues", b"Discussions", b"Last published"];
/// The number of days in the chart.
const DAYS: usize = 30;

const HEADING_ATTRIBUTES: AttributeSet = AttributeSet::of(&[Attribute::AriaLabel, Attribute::Title]);
const BAR_ATTRIBUTES: AttributeSet =
    AttributeSet::of(&[Attribute::AriaLabel, Attribute::DataDate, Attribute::DataMergeCount]);
const OTHER_ATTRIBUTES: AttributeSet = AttributeSet::of(&[Attribute::AriaLabel]);

/// The state of the search for the label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Label {
    /// No candidate is open.
    None,
    /// In a span that so far has only text.
    Span,
    /// In a span that so far has only text and stands directly after a label.
    SpanNext,
    /// A span with the label has closed. The element with the total must open next.
    Read,
}

#[derive(Debug, Clone)]
pub(crate) struct PackageExtractor {
    label: Label,
    text: CollapsedText<MAX_TEXT_BYTES>,
    total: Option<u64>,
    /// The depth of the open block of another counter, and the depth of the open row that such a block stood in.
    counter: Option<u32>,
    counters_row: Option<u32>,
    /// The depth of the open element with the total.
    total_depth: Option<u32>,
    /// The element that closed last is the element with the total.
    is_after_total: bool,
    /// The element that closed last is a span with text. `is_after_other_label`: its text is another counter's label.
    is_after_span: bool,
    is_after_other_label: bool,
    /// The open span stands directly after the label of another counter.
    is_second_label: bool,
    /// The page has a label without a total after it.
    has_lone_label: bool,
    /// The largest number in the title of an `h3` without a label.
    largest: u64,
    /// The page has a label with a version's count after it.
    has_version_count: bool,
    depth: u32,
    /// The depth of the open element of the chart, and of the open `svg` in it.
    chart: Option<u32>,
    svg: Option<u32>,
    has_chart: bool,
    daily: Vec<DailyDownloads>,
    /// The number of bars outside of the chart.
    stray_bars: usize,
    error: Option<Error>,
}

impl PackageExtractor {
    pub(crate) fn new() -> Self {
        Self {
            label: Label::None,
            text: CollapsedText::new(),
            total: None,
            counter: None,
            counters_row: None,
            total_depth: None,
            is_after_total: false,
            is_after_span: false,
            is_after_other_label: false,
            is_second_label: false,
            has_lone_label: false,
            largest: 0,
            has_version_count: false,
            depth: 0,
            chart: None,
            svg: None,
            has_chart: false,
            daily: Vec::new(),
            stray_bars: 0,
            error: None,
        }
    }

    fn read_total(&mut self, element: Element, attributes: &Attributes) {
        if !element.is_html(Tag::H3) {
            self.has_lone_label = true;
            return;
        }
        match (attributes.get(Attribute::Title).and_then(digits), self.total) {
            (None, _) => keep_first(&mut self.error, Change::LabelWithoutTotal),
            (Some(new), Some(old)) if new != old => keep_first(&mut self.error, Change::TwoTotals),
            (new, _) => {
                self.total = new;
                self.total_depth = Some(self.depth);
            }
        }
    }

    fn read_bar(&mut self, attributes: &Attributes) {
        let (date, count) = (
            attributes.get(Attribute::DataDate),
            attributes.get(Attribute::DataMergeCount),
        );
        if date.is_none() && count.is_none() {
            return;
        }
        if self.svg.is_none() {
            self.stray_bars += 1;
            return;
        }
        let (Some(date), Some(count)) = (date.and_then(Date::parse), count.and_then(digits)) else {
            return keep_first(&mut self.error, Change::BadBar);
        };
        let is_next = self
            .daily
            .last()
            .is_none_or(|newer| newer.date.yesterday() == Some(date));
        if !is_next || self.daily.len() == DAYS {
            return keep_first(&mut self.error, Change::BarsNotThirtyDays);
        }
        if self.daily.is_empty() {
            self.daily.reserve_exact(DAYS);
        }
        self.daily.push(DailyDownloads { date, count });
    }
}

impl Extractor for PackageExtractor {
    type Output = Package;

    #[inline]
    fn wanted_attributes(&self, tag: Tag) -> AttributeSet {
        match tag {
            Tag::H3 => HEADING_ATTRIBUTES,
            Tag::Rect => BAR_ATTRIBUTES,
            _ if self.is_after_total => HEADING_ATTRIBUTES,
            _ => OTHER_ATTRIBUTES,
        }
    }

    #[inline]
    fn open(&mut self, element: Element, attributes: &Attributes) {
        self.depth += 1;
        self.is_second_label = core::mem::take(&mut self.is_after_other_label);
        let has_label = core::mem::take(&mut self.is_after_span);
        if core::mem::take(&mut self.is_after_total) {
            let has_number = |title: &[u8]| title.iter().any(u8::is_ascii_digit);
            if element.is_html(Tag::H3) || attributes.get(Attribute::Title).is_some_and(has_number) {
                keep_first(&mut self.error, Change::TwoTotals);
            }
        }
        let is_after_label = self.label == Label::Read;
        if is_after_label {
            self.read_total(element, attributes);
        }
        if element.is_html(Tag::H3) && !has_label {
            let number = attributes.get(Attribute::Title).and_then(digits);
            self.largest = self.largest.max(number.unwrap_or(0));
        }
        self.label = if element.is_html(Tag::Span) {
            self.text.clear();
            if is_after_label { Label::SpanNext } else { Label::Span }
        } else {
            Label::None
        };
        if attributes
            .get(Attribute::AriaLabel)
            .is_some_and(|label| collapses_to(label, CHART))
        {
            if self.has_chart {
                keep_first(&mut self.error, Change::TwoCharts);
            } else {
                self.has_chart = true;
                self.chart = Some(self.depth);
            }
        }
        if element.is_svg(Tag::Svg) && self.chart.is_some() && self.svg.is_none() {
            self.svg = Some(self.depth);
        } else if element.is_svg(Tag::Rect) {
            self.read_bar(attributes);
        }
    }

    #[inline]
    fn close(&mut self) {
        self.is_after_other_label = false;
        self.is_after_span = self.label != Label::None && !self.text.beginning().is_empty();
        self.label = match self.label {
            Label::None => Label::None,
            Label::Span if self.is_second_label && self.text.whole() == Some(LABEL) => {
                self.has_lone_label = true;
                Label::None
            }
            Label::Span | Label::SpanNext if self.text.whole() == Some(LABEL) => {
                if self.counters_row.is_some_and(|row| row + 2 == self.depth) {
                    self.has_lone_label = true;
                    Label::None
                } else {
                    Label::Read
                }
            }
            Label::Span => {
                self.is_after_other_label = self.text.whole().is_some_and(|text| OTHER_LABELS.contains(&text));
                if self.is_after_other_label {
                    self.counter = Some(self.depth - 1);
                }
                Label::None
            }
            Label::SpanNext => {
                self.has_version_count |= self.text.whole().and_then(grouped_digits).is_some();
                Label::None
            }
            Label::Read => {
                // The label was the last thing in its parent.
                self.has_lone_label = true;
                Label::None
            }
        };
        if self.svg == Some(self.depth) {
            self.svg = None;
        }
        if self.chart == Some(self.depth) {
            self.chart = None;
        }
        if self.counters_row == Some(self.depth) {
            self.counters_row = None;
        }
        if self.counter == Some(self.depth) {
            self.counter = None;
            self.counters_row = Some(self.depth - 1);
        }
        self.is_after_total = self.total_depth == Some(self.depth);
        if self.is_after_total {
            self.total_depth = None;
        }
        self.depth -= 1;
    }

    fn text(&mut self, text: &[u8]) {
        match self.label {
            Label::None => {}
            Label::Span | Label::SpanNext => self.text.push(text),
            Label::Read if is_blank(text) => {}
            Label::Read => {
                self.has_lone_label = true;
                self.label = Label::None;
            }
        }
    }

    #[inline]
    fn wants_text(&self) -> bool {
        self.label != Label::None
    }

    fn finish(self) -> Result<Package, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        let has_lone_label = self.has_lone_label || self.label == Label::Read;
        let is_doubtful = |total: u64| {
            let days = self.daily.iter().fold(0_u64, |sum, day| sum.saturating_add(day.count));
            total < days && (has_lone_label || self.largest >= days)
        };
        match self.total {
            None if self.has_version_count && !self.has_chart => Err(Error::NotAPackagePage),
            None if has_lone_label => Err(Change::LabelWithoutTotal.into()),
            None if self.has_chart => Err(Change::LabelMissing.into()),
            None => Err(Error::NotAPackagePage),
            Some(_) if self.has_chart && self.daily.len() != DAYS => Err(Change::BarsNotThirtyDays.into()),
            Some(_) if !self.has_chart && self.stray_bars >= DAYS => Err(Change::BarsWithoutChart.into()),
            Some(total) if is_doubtful(total) => Err(Change::LabelWithoutTotal.into()),
            Some(total) => Ok(Package {
                total,
                daily: self.daily,
            }),
        }
    }
}
