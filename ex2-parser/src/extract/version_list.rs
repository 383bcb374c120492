//! A list of a package's versions.
//!
//! - A row is an `li` with a `span` whose whole text is `Version downloads`; the text between that span and the tag
//!   before it is the version's count.
//! - A link in the row to a version gives its id, with `?tag=` a tag too. The links of one row must agree on the id. An
//!   untagged version is any row with such a link and no tag.
//! - A row with tags and without a count has changed; so has a row with a count and without an id.
//! - A page without rows is an empty list if it has a `blankslate`.

use alloc::{string::String, vec::Vec};

use super::{
    Attribute, AttributeSet, Attributes, Element, Extractor,
    link::Link,
    page::first,
    paging::Paging,
    text::{Collapsed, grouped_digits, has_word},
};
use crate::{Change, Error, Version, VersionList, tag::Tag};

const LABEL: &[u8] = b"Version downloads";
/// `18,446,744,073,709,551,615`, the longest count that fits.
const LONGEST_COUNT: usize = 26;

const OF_LINK: AttributeSet = AttributeSet::of(&[
    Attribute::Id,
    Attribute::Class,
    Paging::WANTED_OF_LINK[0],
    Paging::WANTED_OF_LINK[1],
]);
const OF_OTHERS: AttributeSet = AttributeSet::of(&[Attribute::Id, Attribute::Class]);

#[derive(Debug, Clone, Default)]
struct Row {
    /// The depth it opened at.
    depth: u32,
    ids: Option<Ids>,
    tags: Vec<String>,
    total: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Ids {
    One(u64),
    Several,
}

#[derive(Debug, Clone)]
pub(crate) struct VersionListExtractor {
    depth: u32,
    /// The rows that are open, the innermost last.
    rows: Vec<Row>,
    /// The text since the last tag.
    text: Collapsed<LONGEST_COUNT>,
    /// The text before a span that has only had text so far.
    before: Option<Collapsed<LONGEST_COUNT>>,
    versions: Vec<Version>,
    is_package_list: bool,
    is_blank: bool,
    paging: Paging,
    error: Option<Error>,
}

impl VersionListExtractor {
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            rows: Vec::new(),
            text: Collapsed::new(),
            before: None,
            versions: Vec::new(),
            is_package_list: false,
            is_blank: false,
            paging: Paging::new(),
            error: None,
        }
    }

    fn read_link(&mut self, href: &[u8]) {
        let Some(row) = self.rows.last_mut() else { return };
        let Some(Link::Version { id, tag }) = Link::read(href) else {
            return;
        };
        row.ids = Some(match row.ids {
            Some(ids) if ids != Ids::One(id) => Ids::Several,
            _ => Ids::One(id),
        });
        match tag {
            Some(Some(tag)) if !row.tags.contains(&tag) => row.tags.push(tag),
            Some(None) => first(&mut self.error, Change::BadName),
            _ => {}
        }
    }

    /// A span with nothing but text has closed.
    fn read_span(&mut self, before: &Collapsed<LONGEST_COUNT>) {
        if self.text.whole() != Some(LABEL) {
            return;
        }
        let count = before.whole().and_then(grouped_digits);
        match (self.rows.last_mut(), count) {
            (Some(row), Some(count)) if row.total.is_none() => row.total = Some(count),
            _ => first(&mut self.error, Change::BadVersionCount),
        }
    }

    fn read_row(&mut self, row: Row) {
        match (row.ids, row.total) {
            (Some(Ids::One(id)), Some(total)) => self.versions.push(Version {
                id,
                tags: row.tags,
                total,
            }),
            (_, Some(_)) => first(&mut self.error, Change::BadVersion),
            (_, None) if !row.tags.is_empty() => first(&mut self.error, Change::BadVersionCount),
            (_, None) => {}
        }
    }
}

impl Extractor for VersionListExtractor {
    type Output = VersionList;

    #[inline]
    fn wanted(&self, tag: Tag) -> AttributeSet {
        match tag {
            Tag::A => OF_LINK,
            Tag::Em => Paging::WANTED_OF_EMPHASIS,
            _ => OF_OTHERS,
        }
    }

    #[inline]
    fn open(&mut self, element: Element, attributes: &Attributes) {
        self.depth += 1;
        self.paging.open(element, attributes);
        self.before = element.is_html(Tag::Span).then(|| self.text.clone());
        self.text.clear();
        if element.is_html(Tag::Li) {
            self.rows.push(Row {
                depth: self.depth,
                ..Row::default()
            });
        } else if element.is_html(Tag::A)
            && let Some(href) = attributes.get(Attribute::Href)
        {
            self.read_link(href);
        }
        self.is_package_list |= matches!(
            attributes.get(Attribute::Id),
            Some(b"org-packages" | b"user-packages-list")
        );
        self.is_blank |= attributes
            .get(Attribute::Class)
            .is_some_and(|class| has_word(class, b"blankslate"));
    }

    #[inline]
    fn close(&mut self) {
        self.paging.close();
        if let Some(before) = self.before.take() {
            self.read_span(&before);
        }
        self.text.clear();
        let depth = self.depth;
        if let Some(row) = self.rows.pop_if(|row| row.depth == depth) {
            self.read_row(row);
        }
        self.depth -= 1;
    }

    fn text(&mut self, text: &[u8]) {
        self.paging.text(text);
        self.text.push(text);
    }

    #[inline]
    fn wants_text(&self) -> bool {
        // Outside rows too: a label there has lost its row, and that must be said.
        true
    }

    fn finish(self) -> Result<VersionList, Error> {
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.versions.is_empty() && (self.is_package_list || !self.is_blank) {
            return Err(Error::NotAVersionList);
        }
        Ok(VersionList {
            versions: self.versions,
            next_page: self.paging.next_page()?,
        })
    }
}
