//! A list of a package's versions.
//!
//! - A row is an `li` with a `span` whose whole text is `Version downloads`; the text between that span and the tag
//!   before it is the version's count.
//! - A link in the row to a version gives its id, with `?tag=` a tag too. The links of one row must agree on the id. An
//!   untagged version is any row with such a link and no tag.
//! - A row with tags and without a count has changed; so has a row with a count and without an id, an `li` beside the
//!   rows that is none, and a version that stands in two rows.
//! - A `rel="next"` that leads away from packages is none of the list's.
//! - A package page shows its newest versions as such rows; so may a version's own page. Their label or their chart tells
//!   that they are no list.
//! - A page without rows is an empty list if it has a `blankslate`.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use super::{
    Attribute, AttributeSet, Attributes, Element, Extractor,
    link::{Link, leaves_packages},
    package,
    package_list::is_id_of_list,
    page::first,
    paging::{Paging, is_next},
    rows::Rows,
    text::{Collapsed, collapses_to, grouped_digits, has_word},
};
use crate::{Change, Error, Version, VersionList, tag::Tag, work};

const LABEL: &[u8] = b"Version downloads";
/// `18,446,744,073,709,551,615`, the longest count that fits.
const LONGEST_COUNT: usize = 26;

const OF_LINK: AttributeSet = AttributeSet::of(&[
    Attribute::AriaLabel,
    Attribute::Id,
    Attribute::Class,
    Paging::WANTED_OF_LINK[0],
    Paging::WANTED_OF_LINK[1],
]);
const OF_OTHERS: AttributeSet = AttributeSet::of(&[Attribute::AriaLabel, Attribute::Id, Attribute::Class]);

#[derive(Debug, Clone, Default)]
struct Row {
    ids: Option<Ids>,
    /// In the order of the row; one that is linked twice stands here twice.
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
    rows: Rows,
    /// What the open row said so far.
    row: Row,
    /// The text since the last tag.
    text: Collapsed<LONGEST_COUNT>,
    /// The text before a span that has only had text so far.
    before: Option<Collapsed<LONGEST_COUNT>>,
    versions: Vec<Version>,
    ids: BTreeSet<u64>,
    is_other_page: bool,
    is_blank: bool,
    paging: Paging,
    error: Option<Error>,
}

impl VersionListExtractor {
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            rows: Rows::default(),
            row: Row::default(),
            text: Collapsed::new(),
            before: None,
            versions: Vec::new(),
            ids: BTreeSet::new(),
            is_other_page: false,
            is_blank: false,
            paging: Paging::new(),
            error: None,
        }
    }

    fn read_link(&mut self, href: &[u8]) {
        if !self.rows.is_open() {
            return;
        }
        let row = &mut self.row;
        let Some(Link::Version { id, tag }) = Link::read(href) else {
            return;
        };
        row.ids = Some(match row.ids {
            Some(ids) if ids != Ids::One(id) => Ids::Several,
            _ => Ids::One(id),
        });
        match tag {
            Some(Some(tag)) => row.tags.push(tag),
            Some(None) => first(&mut self.error, Change::BadName),
            None => {}
        }
    }

    /// A span with nothing but text has closed.
    fn read_span(&mut self, before: &Collapsed<LONGEST_COUNT>) {
        let text = self.text.whole();
        self.is_other_page |= text == Some(package::LABEL);
        if text != Some(LABEL) {
            return;
        }
        let count = before.whole().and_then(grouped_digits);
        match count {
            Some(count) if self.rows.is_open() && self.row.total.is_none() => self.row.total = Some(count),
            _ => first(&mut self.error, Change::BadVersionCount),
        }
    }

    fn close_row(&mut self) {
        let row = core::mem::take(&mut self.row);
        let is_box = self.rows.is_box();
        self.rows.close(row.total.is_some());
        work::count_lookup(self.ids.len());
        match (row.ids, row.total) {
            (Some(Ids::One(id)), Some(total)) if self.ids.insert(id) => self.versions.push(Version {
                id,
                tags: without_repetition(row.tags),
                total,
            }),
            (_, Some(_)) => first(&mut self.error, Change::BadVersion),
            (ids, None) if !row.tags.is_empty() || is_box && ids.is_some() => {
                first(&mut self.error, Change::BadVersionCount);
            }
            (_, None) => {}
        }
    }
}

/// The same words, each where it stood first.
fn without_repetition(mut words: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    words.iter().for_each(|_| work::count_lookup(words.len()));
    let is_first: Vec<bool> = words.iter().map(|word| seen.insert(word.as_str())).collect();
    let mut is_first = is_first.into_iter();
    words.retain(|_| is_first.next().unwrap_or(false));
    words
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
        if element.is_html(Tag::A)
            && is_next(attributes)
            && attributes.get(Attribute::Href).is_some_and(leaves_packages)
        {
            self.paging.open_other();
        } else {
            self.paging.open(element, attributes);
        }
        self.before = element.is_html(Tag::Span).then(|| self.text.clone());
        self.text.clear();
        if element.is_html(Tag::Li) {
            self.rows.open(self.depth, attributes.get(Attribute::Class));
        } else if element.is_html(Tag::A)
            && let Some(href) = attributes.get(Attribute::Href)
        {
            self.read_link(href);
        }
        self.is_other_page |= attributes.get(Attribute::Id).is_some_and(is_id_of_list)
            || attributes
                .get(Attribute::AriaLabel)
                .is_some_and(|label| collapses_to(label, package::CHART));
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
        if self.rows.closes(self.depth) {
            self.close_row();
        } else {
            self.rows.close_other(self.depth);
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
        if self.is_other_page {
            return Err(Error::NotAVersionList);
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.rows.has_empty() {
            return Err(Change::BadVersion.into());
        }
        if self.versions.is_empty() && !self.is_blank {
            return Err(Error::NotAVersionList);
        }
        Ok(VersionList {
            versions: self.versions,
            next_page: self.paging.next_page()?,
        })
    }
}
