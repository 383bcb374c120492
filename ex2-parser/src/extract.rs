//! The only module that knows GitHub's markup.
//!
//! An engine turns a page into events, in document order: an element opens with its attributes, text, the element
//! closes. An extractor receives the events. There are no events for `html`, `head`, `body`, comments, the contents of
//! templates, and the text of scripts, styles and similar elements: they are not part of a page's visible content.
//!
//! The owner of a package writes its name and its description, so they are untrusted. They arrive as text and as
//! attribute values, and no rule below treats either as markup.

mod events;
mod link;
mod package;
mod package_list;
mod page;
mod paging;
mod rows;
mod text;
mod version_list;

#[cfg(feature = "stream")]
pub(crate) use events::{Attribute, SEVERAL_LETTERS};
pub(crate) use events::{AttributeSet, Attributes, Element, Extractor, Namespace};
pub(crate) use package::PackageExtractor;
pub(crate) use package_list::PackageListExtractor;
pub(crate) use page::{DocumentStats, Page};
pub(crate) use version_list::VersionListExtractor;
