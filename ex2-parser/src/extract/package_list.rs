//! A list of an organisation's or a user's packages.
//!
//! - The list is the element with the id `org-packages`, a user's `user-packages-list`. Nothing outside of it is the
//!   list's: neither links to packages, such as pinned ones, nor a link to a next page.
//! - A row is an `li` with a link to one package, by the link's address; the first link after it in that row to a
//!   repository of the same owner is its repository. Packages of other ecosystems are counted and left out.
//! - A list is whole or a problem. An `li` beside the rows, or with their class, that links to no package is changed
//!   markup. The heading, an `h3` such as `32 packages`, counts the rows of all pages: where this page has more, or
//!   fewer and is the only one, the markup has changed. Where a `rel="next"` stands outside of the list, only the caller
//!   can tell whether there is another page.
//! - A list without rows is empty if it has a `blankslate`, and changed markup if it has not.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{
    Attribute, AttributeSet, Attributes, Element, Extractor,
    link::Link,
    page::first,
    paging::{Paging, is_next},
    rows::Rows,
    text::{Collapsed, grouped_digits, has_word},
};
use crate::{Change, Error, ListedPackage, PackageList, tag::Tag, work};

/// The longest heading that counts packages: `18,446,744,073,709,551,615 packages`.
const LONGEST_HEADING: usize = 35;

const OF_LINK: AttributeSet = AttributeSet::of(&[
    Attribute::Id,
    Attribute::Class,
    Paging::WANTED_OF_LINK[0],
    Paging::WANTED_OF_LINK[1],
]);
const OF_OTHERS: AttributeSet = AttributeSet::of(&[Attribute::Id, Attribute::Class]);

/// Where in the page the list stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// No element with the list's id so far.
    Before,
    /// In it; the depth it opened at.
    Inside(u32),
    /// It has closed.
    After,
}

/// What the open row links to.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Linked {
    Nothing,
    /// A package of another ecosystem.
    Other,
    /// The package with this index, whose repository would belong to that owner.
    Package {
        index: usize,
        owner: Vec<u8>,
        is_new: bool,
        has_repository: bool,
    },
}

/// The heading that counts the packages of all pages.
#[derive(Debug, Clone)]
struct Heading {
    /// The depth of the `h3` that is open.
    open: Option<u32>,
    text: Collapsed<LONGEST_HEADING>,
    count: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct PackageListExtractor {
    depth: u32,
    place: Place,
    rows: Rows,
    linked: Linked,
    heading: Heading,
    packages: Vec<ListedPackage>,
    /// Where each package stands in `packages`.
    indices: BTreeMap<String, usize>,
    row_count: u64,
    is_blank: bool,
    /// A row with a package's link, where no list has opened.
    has_row_elsewhere: bool,
    has_next_elsewhere: bool,
    paging: Paging,
    error: Option<Error>,
}

/// Whether that is the id of an organisation's or a user's list.
pub(super) fn is_id_of_list(id: &[u8]) -> bool {
    matches!(id, b"org-packages" | b"user-packages-list")
}

impl PackageListExtractor {
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            place: Place::Before,
            rows: Rows::default(),
            linked: Linked::Nothing,
            heading: Heading {
                open: None,
                text: Collapsed::new(),
                count: None,
            },
            packages: Vec::new(),
            indices: BTreeMap::new(),
            row_count: 0,
            is_blank: false,
            has_row_elsewhere: false,
            has_next_elsewhere: false,
            paging: Paging::new(),
            error: None,
        }
    }

    fn read_link(&mut self, href: &[u8]) {
        match Link::read(href) {
            Some(Link::Package { name: None, .. }) => first(&mut self.error, Change::BadName),
            Some(Link::Package {
                owner,
                name: Some(name),
            }) => self.read_package(owner, name),
            Some(Link::OtherPackage) => match self.linked {
                Linked::Nothing | Linked::Other => self.linked = Linked::Other,
                Linked::Package { .. } => first(&mut self.error, Change::BadRow),
            },
            Some(Link::Repository { owner, name }) => self.read_repository(owner, name),
            Some(Link::Version { .. }) | None => {}
        }
    }

    fn read_package(&mut self, owner: &[u8], name: String) {
        work::count_lookup(self.indices.len());
        let known = self.indices.get(&name).copied();
        match &self.linked {
            Linked::Nothing => {}
            Linked::Package { index, .. } if known == Some(*index) => return,
            _ => return first(&mut self.error, Change::BadRow),
        }
        let index = known.unwrap_or(self.packages.len());
        if known.is_none() {
            self.indices.insert(name.clone(), index);
            self.packages.push(ListedPackage { name, repository: None });
        }
        self.linked = Linked::Package {
            index,
            owner: owner.to_vec(),
            is_new: known.is_none(),
            has_repository: false,
        };
    }

    fn read_repository(&mut self, of: &[u8], name: &[u8]) {
        let Linked::Package {
            index,
            owner,
            has_repository,
            ..
        } = &mut self.linked
        else {
            return;
        };
        if *has_repository || !owner.eq_ignore_ascii_case(of) {
            return;
        }
        *has_repository = true;
        let repository = format!("{}/{}", String::from_utf8_lossy(of), String::from_utf8_lossy(name));
        match &mut self.packages[*index].repository {
            Some(known) if *known != repository => first(&mut self.error, Change::TwoRepositories),
            known => *known = Some(repository),
        }
    }

    fn open_inside(&mut self, element: Element, attributes: &Attributes) {
        self.paging.open(element, attributes);
        if element.is_html(Tag::Li) {
            if self.rows.open(self.depth, attributes.get(Attribute::Class)) {
                self.linked = Linked::Nothing;
            }
        } else if element.is_html(Tag::A) {
            if self.rows.is_open()
                && let Some(href) = attributes.get(Attribute::Href)
            {
                self.read_link(href);
            }
        } else if element.is_html(Tag::H3) && !self.rows.is_open() && self.heading.open.is_none() {
            self.heading.open = Some(self.depth);
            self.heading.text.clear();
        }
        self.is_blank |= attributes
            .get(Attribute::Class)
            .is_some_and(|class| has_word(class, b"blankslate"));
    }

    /// Before the list or after it: only what says that something is amiss with the list.
    fn open_elsewhere(&mut self, element: Element, attributes: &Attributes) {
        if element.is_html(Tag::Li) {
            self.rows.open(self.depth, attributes.get(Attribute::Class));
        } else if element.is_html(Tag::A) {
            self.has_next_elsewhere |= is_next(attributes);
            self.has_row_elsewhere |= self.rows.is_box()
                && attributes
                    .get(Attribute::Href)
                    .is_some_and(|href| matches!(Link::read(href), Some(Link::Package { .. })));
        }
    }

    fn close_row(&mut self) {
        self.rows.close(self.linked != Linked::Nothing);
        // A package that stands in the list twice is one row of it.
        self.row_count += u64::from(match self.linked {
            Linked::Nothing => false,
            Linked::Other => true,
            Linked::Package { is_new, .. } => is_new,
        });
        self.linked = Linked::Nothing;
    }

    /// The heading has closed: `32 packages`, or something else than a count.
    fn close_heading(&mut self) {
        self.heading.open = None;
        let Some((count, noun)) = self
            .heading
            .text
            .whole()
            .and_then(|text| text.iter().position(|&byte| byte == b' ').map(|at| text.split_at(at)))
        else {
            return;
        };
        if !matches!(noun, b" package" | b" packages") || !count.iter().any(u8::is_ascii_digit) {
            return;
        }
        match (grouped_digits(count), self.heading.count) {
            (None, _) => first(&mut self.error, Change::BadHeading),
            (Some(new), Some(old)) if new != old => first(&mut self.error, Change::BadHeading),
            (new, _) => self.heading.count = new,
        }
    }

    /// Whether this page has other rows than its heading counts on all pages.
    fn is_miscounted(&self, next_page: Option<u32>) -> bool {
        self.heading.count.is_some_and(|count| {
            let is_all = next_page.is_none() && self.paging.is_first() && !self.has_next_elsewhere;
            self.row_count > count || is_all && self.row_count < count
        })
    }
}

impl Extractor for PackageListExtractor {
    type Output = PackageList;

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
        if self.place == Place::Before && attributes.get(Attribute::Id).is_some_and(is_id_of_list) {
            self.place = Place::Inside(self.depth);
            self.rows = Rows::default();
        }
        if matches!(self.place, Place::Inside(_)) {
            self.open_inside(element, attributes);
        } else {
            self.open_elsewhere(element, attributes);
        }
    }

    #[inline]
    fn close(&mut self) {
        let is_inside = matches!(self.place, Place::Inside(_));
        if is_inside {
            self.paging.close();
            if self.heading.open == Some(self.depth) {
                self.close_heading();
            }
        }
        if !self.rows.closes(self.depth) {
            self.rows.close_other(self.depth);
        } else if is_inside {
            self.close_row();
        } else {
            self.rows.close(false);
        }
        if self.place == Place::Inside(self.depth) {
            self.place = Place::After;
            if self.rows.has_empty() || self.rows.has_empty_box() {
                first(&mut self.error, Change::BadRow);
            }
            self.rows = Rows::default();
        }
        self.depth -= 1;
    }

    fn text(&mut self, text: &[u8]) {
        self.paging.text(text);
        if self.heading.open.is_some() {
            self.heading.text.push(text);
        }
    }

    #[inline]
    fn wants_text(&self) -> bool {
        self.heading.open.is_some() || self.paging.wants_text()
    }

    fn finish(self) -> Result<PackageList, Error> {
        if self.place == Place::Before {
            return Err(if self.has_row_elsewhere {
                Change::ListMissing.into()
            } else {
                Error::NotAPackageList
            });
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.row_count == 0 && !self.is_blank {
            return Err(Change::RowsMissing.into());
        }
        let next_page = self.paging.next_page()?;
        if self.is_miscounted(next_page) {
            return Err(Change::RowsMiscounted.into());
        }
        Ok(PackageList {
            packages: self.packages,
            next_page,
            heading_count: self.heading.count,
            rows: self.row_count,
        })
    }
}
