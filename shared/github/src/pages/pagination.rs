//! The links to the other pages of a list.

use std::fmt::Write;

use crate::pages::escape::Escaped;

/// The links to a list's other pages; nothing where there is but one.
pub(crate) fn pagination(out: &mut String, page: u32, pages: u32, address: impl Fn(u32) -> String) {
    if pages <= 1 {
        return;
    }
    out.push_str("        <div class=\"paginate-container\"><div class=\"pagination\" role=\"navigation\" aria-label=\"Pagination\">\n");
    if page > 1 {
        let _ = writeln!(
            out,
            "          <a class=\"previous_page\" rel=\"prev\" href=\"{}\">Previous</a>",
            Escaped(&address(page - 1))
        );
    } else {
        out.push_str("          <span class=\"previous_page disabled\" aria-disabled=\"true\">Previous</span>\n");
    }
    for number in 1..=pages {
        if number == page {
            let _ = writeln!(
                out,
                "          <em class=\"current\" aria-current=\"page\" data-total-pages=\"{pages}\">{number}</em>"
            );
        } else {
            let _ = writeln!(
                out,
                "          <a aria-label=\"Page {number}\" href=\"{}\">{number}</a>",
                Escaped(&address(number))
            );
        }
    }
    if page < pages {
        let _ = writeln!(
            out,
            "          <a class=\"next_page\" rel=\"next\" href=\"{}\">Next</a>",
            Escaped(&address(page + 1))
        );
    } else {
        out.push_str("          <span class=\"next_page disabled\" aria-disabled=\"true\">Next</span>\n");
    }
    out.push_str("        </div></div>\n");
}
