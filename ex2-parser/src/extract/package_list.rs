//! A list of an organisation's or a user's packages.
//!
//! - A row is an `li` with a link to a container package, by the link's address; the first link after it in that row to
//!   a repository of the same owner is its repository. Links to packages of other ecosystems are skipped.
//! - The list is the element with the id `org-packages` (a user's: `user-packages`). Where there is one, rows elsewhere
//!   do not count. Where there is none, the rows themselves make the page a list.
//! - A list without rows is empty if it has a `blankslate`, and changed markup if it has not.

use alloc::{format, string::String, vec::Vec};

use super::{
    Attribute, AttributeSet, Attributes, Element, Extractor, link::Link, page::first, paging::Paging, text::has_word,
};
use crate::{Change, Error, ListedPackage, PackageList, tag::Tag};

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
    Unknown,
    /// In it; the depth it opened at.
    Inside(u32),
    /// It has closed.
    After,
}

/// The package that a repository's link would belong to.
#[derive(Debug, Clone)]
struct Current {
    index: usize,
    owner: Vec<u8>,
}

#[derive(Debug, Clone)]
pub(crate) struct PackageListExtractor {
    depth: u32,
    place: Place,
    /// The depths of the rows that are open.
    rows: Vec<u32>,
    current: Option<Current>,
    packages: Vec<ListedPackage>,
    other_packages: bool,
    is_blank: bool,
    paging: Paging,
    error: Option<Error>,
}

impl PackageListExtractor {
    pub(crate) fn new() -> Self {
        Self {
            depth: 0,
            place: Place::Unknown,
            rows: Vec::new(),
            current: None,
            packages: Vec::new(),
            other_packages: false,
            is_blank: false,
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
            }) => {
                let known = self.packages.iter().position(|package| package.name == name);
                let index = known.unwrap_or(self.packages.len());
                if known.is_none() {
                    self.packages.push(ListedPackage { name, repository: None });
                }
                self.current = Some(Current {
                    index,
                    owner: owner.to_vec(),
                });
            }
            Some(Link::OtherPackage) => {
                self.other_packages = true;
                self.current = None;
            }
            Some(Link::Repository { owner, name }) => {
                let Some(current) = self
                    .current
                    .take_if(|current| current.owner.eq_ignore_ascii_case(owner))
                else {
                    return;
                };
                let repository = format!("{}/{}", String::from_utf8_lossy(owner), String::from_utf8_lossy(name));
                match &mut self.packages[current.index].repository {
                    Some(known) if *known != repository => first(&mut self.error, Change::TwoRepositories),
                    known => *known = Some(repository),
                }
            }
            Some(Link::Version { .. }) | None => {}
        }
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
        self.paging.open(element, attributes);
        if self.place == Place::Unknown
            && let Some(b"org-packages" | b"user-packages") = attributes.get(Attribute::Id)
        {
            self.place = Place::Inside(self.depth);
            self.packages.clear();
            self.rows.clear();
            self.current = None;
            self.error = None;
        }
        if self.place == Place::After {
            return;
        }
        if element.is_html(Tag::Li) {
            self.rows.push(self.depth);
            self.current = None;
        } else if element.is_html(Tag::A)
            && !self.rows.is_empty()
            && let Some(href) = attributes.get(Attribute::Href)
        {
            self.read_link(href);
        }
        if self.place != Place::Unknown
            && attributes
                .get(Attribute::Class)
                .is_some_and(|class| has_word(class, b"blankslate"))
        {
            self.is_blank = true;
        }
    }

    #[inline]
    fn close(&mut self) {
        self.paging.close();
        if self.place == Place::Inside(self.depth) {
            self.place = Place::After;
        }
        if self.rows.pop_if(|row| *row == self.depth).is_some() {
            self.current = None;
        }
        self.depth -= 1;
    }

    fn text(&mut self, text: &[u8]) {
        self.paging.text(text);
    }

    #[inline]
    fn wants_text(&self) -> bool {
        self.paging.wants_text()
    }

    fn finish(self) -> Result<PackageList, Error> {
        let is_list = self.place != Place::Unknown || !self.packages.is_empty();
        if let Some(error) = self.error {
            return Err(error);
        }
        if !is_list {
            return Err(Error::NotAPackageList);
        }
        if self.packages.is_empty() && !self.other_packages && !self.is_blank {
            return Err(Change::RowsMissing.into());
        }
        Ok(PackageList {
            packages: self.packages,
            next_page: self.paging.finish()?,
        })
    }
}
