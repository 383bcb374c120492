//! A list of a package's versions.
//!
//! - A row is an `li` with a `span` whose whole text is `Version downloads`. The text between that span and the tag
//!   before it is the version's count.
//! - A link in the row to a version contains its id, and with `?tag=` also a tag. All links of one row must have the
//!   same id. A row with such links and no tag is an untagged version.
//! - These are changed markup: a row with tags and without a count, a row with a count and without an id, an `li` among
//!   the rows that is not a row, and a version that stands in two rows.
//! - A `rel="next"` whose URL is not one of packages is not part of the list.
//! - A package page shows its newest versions as such rows, and the page of one version may too. Their label or their
//!   chart shows that they are not lists.
//! - A page without rows is an empty list if it has an element of the class `blankslate`.

use alloc::{collections::BTreeSet, string::String, vec::Vec};

use super::{
    events::{Attribute, AttributeSet, Attributes, Element, Extractor},
    link::{Link, leaves_packages},
    package,
    package_list::is_id_of_list,
    page::keep_first,
    paging::{Paging, is_next},
    rows::Rows,
    text::{CollapsedText, collapses_to, grouped_digits, has_word},
};
use crate::{Change, Error, Version, VersionList, tag::Tag, work};

const LABEL: &[u8] = b"Version downloads";
/// The length of `18,446,744,073,709,551,615`, the longest count that fits.
const MAX_COUNT_BYTES: usize = 26;

const LINK_ATTRIBUTES: AttributeSet = AttributeSet::of(&[
    Attribute::AriaLabel,
    Attribute::Id,
    Attribute::Class,
    Paging::LINK_ATTRIBUTES[0],
    Paging::LINK_ATTRIBUTES[1],
]);
const OTHER_ATTRIBUTES: AttributeSet = AttributeSet::of(&[Attribute::AriaLabel, Attribute::Id, Attribute::Class]);

#[derive(Debug, Clone, Default)]
struct Row {
    ids: Option<Ids>,
    /// In document order. A tag that is linked twice is here twice.
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
    /// The content of the open row so far.
    row: Row,
    /// The text since the last tag.
    text: CollapsedText<MAX_COUNT_BYTES>,
    /// The text before the open span, which so far has only text.
    before: Option<CollapsedText<MAX_COUNT_BYTES>>,
    versions: Vec<Version>,
    ids: BTreeSet<u64>,
    is_other_page: bool,
    has_blankslate: bool,
    paging: Paging,
    error: Option<Error>,
}

impl VersionListExtractor {
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            rows: Rows::default(),
            row: Row::default(),
            text: CollapsedText::new(),
            before: None,
            versions: Vec::new(),
            ids: BTreeSet::new(),
            is_other_page: false,
            has_blankslate: false,
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
            Some(None) => keep_first(&mut self.error, Change::BadName),
            None => {}
        }
    }

    /// A span without child elements has closed.
    fn read_span(&mut self, before: &CollapsedText<MAX_COUNT_BYTES>) {
        let text = self.text.whole();
        self.is_other_page |= text == Some(package::LABEL);
        if text != Some(LABEL) {
            return;
        }
        let count = before.whole().and_then(grouped_digits);
        match count {
            Some(count) if self.rows.is_open() && self.row.total.is_none() => self.row.total = Some(count),
            _ => keep_first(&mut self.error, Change::BadVersionCount),
        }
    }

    fn close_row(&mut self) {
        let row = core::mem::take(&mut self.row);
        let has_row_class = self.rows.has_row_class();
        self.rows.close(row.total.is_some());
        work::count_lookup(self.ids.len());
        match (row.ids, row.total) {
            (Some(Ids::One(id)), Some(total)) if self.ids.insert(id) => self.versions.push(Version {
                id,
                tags: without_repetition(row.tags),
                total,
            }),
            (_, Some(_)) => keep_first(&mut self.error, Change::BadVersion),
            (ids, None) if !row.tags.is_empty() || has_row_class && ids.is_some() => {
                keep_first(&mut self.error, Change::BadVersionCount);
            }
            (_, None) => {}
        }
    }
}

/// Removes repeated words, and keeps the first of each.
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
    fn wanted_attributes(&self, tag: Tag) -> AttributeSet {
        match tag {
            Tag::A => LINK_ATTRIBUTES,
            Tag::Em => Paging::EM_ATTRIBUTES,
            _ => OTHER_ATTRIBUTES,
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
        self.has_blankslate |= attributes
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
        // Outside of rows too: a label there is changed markup, and must be reported.
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
        if self.versions.is_empty() && !self.has_blankslate {
            return Err(Error::NotAVersionList);
        }
        Ok(VersionList {
            versions: self.versions,
            next_page: self.paging.next_page()?,
        })
    }
}
