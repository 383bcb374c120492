//! A list of an organisation's or a user's packages.
//!
//! - An organisation's list is the element with the id `org-packages`, a user's list the element with the id
//!   `user-packages-list`. Links outside of that element are not part of the list: neither links to packages, such as
//!   pinned ones, nor a link to a next page.
//! - A row is an `li` with a link to one package. The next link in the same row to a repository of the same owner is
//!   the package's repository. Packages of other ecosystems are counted and left out.
//! - A list is complete, or an error. An `li` among the rows, or with the class of a row, that links to no package is
//!   changed markup. The heading, an `h3` such as `32 packages`, counts the rows of all pages. The markup has changed
//!   where this page has more rows, or where it is the only page and has fewer. Where a `rel="next"` stands outside of
//!   the list, only the caller can decide whether there is another page.
//! - A list without rows is empty if it has an element of the class `blankslate`, and changed markup if it does not.

use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

use super::{
    events::{Attribute, AttributeSet, Attributes, Element, Extractor},
    link::Link,
    page::keep_first,
    paging::{Paging, is_next},
    rows::Rows,
    text::{CollapsedText, grouped_digits, has_word},
};
use crate::{Change, Error, ListedPackage, PackageList, tag::Tag, work};

/// The length of the longest heading, `18,446,744,073,709,551,615 packages`.
const MAX_HEADING_BYTES: usize = 35;

const LINK_ATTRIBUTES: AttributeSet = AttributeSet::of(&[
    Attribute::Id,
    Attribute::Class,
    Paging::LINK_ATTRIBUTES[0],
    Paging::LINK_ATTRIBUTES[1],
]);
const OTHER_ATTRIBUTES: AttributeSet = AttributeSet::of(&[Attribute::Id, Attribute::Class]);

/// The position of the parser relative to the list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum ListPosition {
    /// No element with the list's id has opened.
    Before,
    /// In the list, which opened at this depth.
    Inside(u32),
    /// The list has closed.
    After,
}

/// The target of the open row's links.
#[derive(Debug, Clone, PartialEq, Eq)]
enum RowTarget {
    Nothing,
    /// A package of another ecosystem.
    Other,
    /// The package with this index. `owner` is the owner that its repository must have.
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
    /// The depth of the open `h3`.
    open: Option<u32>,
    text: CollapsedText<MAX_HEADING_BYTES>,
    count: Option<u64>,
}

#[derive(Debug, Clone)]
pub(crate) struct PackageListExtractor {
    depth: u32,
    position: ListPosition,
    rows: Rows,
    target: RowTarget,
    heading: Heading,
    packages: Vec<ListedPackage>,
    /// The index of each package in `packages`.
    indices: BTreeMap<String, usize>,
    row_count: u64,
    has_blankslate: bool,
    /// A row with a link to a package stands outside of any list.
    has_row_elsewhere: bool,
    has_next_elsewhere: bool,
    paging: Paging,
    error: Option<Error>,
}

/// Whether this is the id of an organisation's or a user's list.
pub(super) fn is_id_of_list(id: &[u8]) -> bool {
    matches!(id, b"org-packages" | b"user-packages-list")
}

impl PackageListExtractor {
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            position: ListPosition::Before,
            rows: Rows::default(),
            target: RowTarget::Nothing,
            heading: Heading {
                open: None,
                text: CollapsedText::new(),
                count: None,
            },
            packages: Vec::new(),
            indices: BTreeMap::new(),
            row_count: 0,
            has_blankslate: false,
            has_row_elsewhere: false,
            has_next_elsewhere: false,
            paging: Paging::new(),
            error: None,
        }
    }

    fn read_link(&mut self, href: &[u8]) {
        match Link::read(href) {
            Some(Link::Package { name: None, .. }) => keep_first(&mut self.error, Change::BadName),
            Some(Link::Package {
                owner,
                name: Some(name),
            }) => self.read_package(owner, name),
            Some(Link::OtherPackage) => match self.target {
                RowTarget::Nothing | RowTarget::Other => self.target = RowTarget::Other,
                RowTarget::Package { .. } => keep_first(&mut self.error, Change::BadRow),
            },
            Some(Link::Repository { owner, name }) => self.read_repository(owner, name),
            Some(Link::Version { .. }) | None => {}
        }
    }

    fn read_package(&mut self, owner: &[u8], name: String) {
        work::count_lookup(self.indices.len());
        let known = self.indices.get(&name).copied();
        match &self.target {
            RowTarget::Nothing => {}
            RowTarget::Package { index, .. } if known == Some(*index) => return,
            _ => return keep_first(&mut self.error, Change::BadRow),
        }
        let index = known.unwrap_or(self.packages.len());
        if known.is_none() {
            self.indices.insert(name.clone(), index);
            self.packages.push(ListedPackage { name, repository: None });
        }
        self.target = RowTarget::Package {
            index,
            owner: owner.to_vec(),
            is_new: known.is_none(),
            has_repository: false,
        };
    }

    fn read_repository(&mut self, of: &[u8], name: &[u8]) {
        let RowTarget::Package {
            index,
            owner,
            has_repository,
            ..
        } = &mut self.target
        else {
            return;
        };
        if *has_repository || !owner.eq_ignore_ascii_case(of) {
            return;
        }
        *has_repository = true;
        let repository = format!("{}/{}", String::from_utf8_lossy(of), String::from_utf8_lossy(name));
        match &mut self.packages[*index].repository {
            Some(known) if *known != repository => keep_first(&mut self.error, Change::TwoRepositories),
            known => *known = Some(repository),
        }
    }

    fn open_inside(&mut self, element: Element, attributes: &Attributes) {
        self.paging.open(element, attributes);
        if element.is_html(Tag::Li) {
            if self.rows.open(self.depth, attributes.get(Attribute::Class)) {
                self.target = RowTarget::Nothing;
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
        self.has_blankslate |= attributes
            .get(Attribute::Class)
            .is_some_and(|class| has_word(class, b"blankslate"));
    }

    /// An element opens outside of the list. Only signs of a changed list are looked for.
    fn open_elsewhere(&mut self, element: Element, attributes: &Attributes) {
        if element.is_html(Tag::Li) {
            self.rows.open(self.depth, attributes.get(Attribute::Class));
        } else if element.is_html(Tag::A) {
            self.has_next_elsewhere |= is_next(attributes);
            self.has_row_elsewhere |= self.rows.has_row_class()
                && attributes
                    .get(Attribute::Href)
                    .is_some_and(|href| matches!(Link::read(href), Some(Link::Package { .. })));
        }
    }

    fn close_row(&mut self) {
        self.rows.close(self.target != RowTarget::Nothing);
        // The heading counts a package that is listed twice once.
        self.row_count += u64::from(match self.target {
            RowTarget::Nothing => false,
            RowTarget::Other => true,
            RowTarget::Package { is_new, .. } => is_new,
        });
        self.target = RowTarget::Nothing;
    }

    /// The heading has closed. Its text is a count such as `32 packages`, or something else.
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
            (None, _) => keep_first(&mut self.error, Change::BadHeading),
            (Some(new), Some(old)) if new != old => keep_first(&mut self.error, Change::BadHeading),
            (new, _) => self.heading.count = new,
        }
    }

    /// Whether the number of rows contradicts the heading's count.
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
        if self.position == ListPosition::Before && attributes.get(Attribute::Id).is_some_and(is_id_of_list) {
            self.position = ListPosition::Inside(self.depth);
            self.rows = Rows::default();
        }
        if matches!(self.position, ListPosition::Inside(_)) {
            self.open_inside(element, attributes);
        } else {
            self.open_elsewhere(element, attributes);
        }
    }

    #[inline]
    fn close(&mut self) {
        let is_inside = matches!(self.position, ListPosition::Inside(_));
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
        if self.position == ListPosition::Inside(self.depth) {
            self.position = ListPosition::After;
            if self.rows.has_empty() || self.rows.has_empty_with_class() {
                keep_first(&mut self.error, Change::BadRow);
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
        if self.position == ListPosition::Before {
            return Err(if self.has_row_elsewhere {
                Change::ListMissing.into()
            } else {
                Error::NotAPackageList
            });
        }
        if let Some(error) = self.error {
            return Err(error);
        }
        if self.row_count == 0 && !self.has_blankslate {
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
