//! Reads the page's counts with lol_html, a streaming parser with CSS selectors.

use std::cell::{Cell, RefCell};

use ex2_parser::{DailyDownloads, Date, Package};
use lol_html::{HtmlRewriter, Settings, element, text};

use crate::page::LABEL;

pub(crate) fn package(page: &[u8]) -> Package {
    let total = Cell::new(0);
    let daily = RefCell::new(Vec::with_capacity(30));
    let label = RefCell::new(String::new());
    let found = Cell::new(false);
    let in_span = element!("span", |_| {
        label.borrow_mut().clear();
        Ok(())
    });
    let text_of_span = text!("span", |text| {
        label.borrow_mut().push_str(text.as_str());
        if text.last_in_text_node() {
            found.set(label.borrow().trim() == LABEL);
        }
        Ok(())
    });
    let heading = element!("h3[title]", |element| {
        if found.take() {
            total.set(element.get_attribute("title").unwrap_or_default().parse()?);
        }
        Ok(())
    });
    let bar = element!(
        "[aria-label='Downloads for the last 30 days'] rect[data-merge-count]",
        |element| {
            daily.borrow_mut().push(DailyDownloads {
                date: Date::parse(element.get_attribute("data-date").unwrap_or_default().as_bytes())
                    .ok_or("no date")?,
                count: element.get_attribute("data-merge-count").unwrap_or_default().parse()?,
            });
            Ok(())
        }
    );
    let settings = [in_span, text_of_span, heading, bar]
        .into_iter()
        .fold(Settings::new(), Settings::append_element_content_handler);
    let mut rewriter = HtmlRewriter::new(settings, |_: &[u8]| {});
    rewriter.write(page).unwrap();
    rewriter.end().unwrap();
    Package {
        total: total.get(),
        daily: daily.take(),
    }
}
