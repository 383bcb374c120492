//! The container images, as directories in OCI's image layout, made without a daemon and without a network.
//!
//! | image | what it is | where it is made |
//! | --- | --- | --- |
//! | `stats-tracker-component` | the embedded host with the component inside | `component` |
//! | `stats-tracker-spin` | the component for Spin: its OCI artifact, and an image for a RuntimeClass | `spin` |
//! | `stats-tracker-rails` | the dashboard, the collector and the migrations | `rails` |
//!
//! The same source and the same Debian packages give the same digests, on whatever machine and whenever: files are
//! sorted, belong to root and are as old as the layer says, programs know no directory of the machine that built them.
//! Each image has a bill of materials, attached as an artifact that refers to it.

mod bill;
mod component;
mod crates;
mod debian;
mod digest;
mod image;
mod layer;
mod layout;
mod names;
mod program;
mod rails;
mod spin;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use system::cache;

use layout::Layout;
pub use names::{RUNTIME_CLASS, USER, VERSION};

/// An image, by the last part of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Image {
    /// The embedded host with the component inside.
    Component,
    /// The component for Spin.
    Spin,
    /// The Rails application.
    Rails,
}

impl Image {
    /// All of them.
    pub const ALL: [Self; 3] = [Self::Component, Self::Spin, Self::Rails];

    /// Its name in a registry, and that of its layout's directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Component => names::COMPONENT,
            Self::Spin => names::SPIN,
            Self::Rails => names::RAILS,
        }
    }

    /// Builds it below `output`, in the place of what was built there before, and says where its layout lies.
    ///
    /// # Errors
    ///
    /// What is missing or failed, and what to do about it.
    pub fn build(self, output: &Path) -> Result<PathBuf> {
        let mut layout = Layout::create(output, self.name())?;
        match self {
            Self::Component => component::build(&mut layout),
            Self::Spin => spin::build(&mut layout),
            Self::Rails => rails::build(&mut layout),
        }
        .with_context(|| format!("the image {} can't be built", self.name()))?;
        layout.finish()
    }
}

/// Where images are built unless somebody says otherwise: with what else is built.
///
/// # Errors
///
/// There is no place that is this user's own.
pub fn default_output() -> Result<PathBuf, cache::Error> {
    cache::directory("images")
}
