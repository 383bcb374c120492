//! Builds the container images as directories in OCI's image layout, without a daemon and without a network.
//!
//! | image | content | module |
//! | --- | --- | --- |
//! | `stats-tracker-component` | the embedded host with the component | `component` |
//! | `stats-tracker-spin` | the component for Spin: its OCI artifact, and an image for a RuntimeClass | `spin` |
//! | `stats-tracker-rails` | the dashboard, the collector and the migrations | `rails` |
//!
//! The same source and the same Debian packages give the same digests on every machine and at any time: files are
//! sorted, belong to root and have a fixed time, and programs do not contain directories of the machine that built
//! them. Each image has a bill of materials, attached as an artifact that refers to it.

mod bill;
mod chart;
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

pub use chart::chart;
use layout::Layout;
pub use names::{RUNTIME_CLASS, USER, VERSION};

/// An image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Image {
    /// The embedded host with the component.
    Component,
    /// The component for Spin.
    Spin,
    /// The Rails application.
    Rails,
}

impl Image {
    /// All images.
    pub const ALL: [Self; 3] = [Self::Component, Self::Spin, Self::Rails];

    /// The last part of its name in a registry, which is also the name of its layout's directory.
    pub fn name(self) -> &'static str {
        match self {
            Self::Component => names::COMPONENT,
            Self::Spin => names::SPIN,
            Self::Rails => names::RAILS,
        }
    }

    /// Builds the image in the directory `output`, replacing an older build, and returns the path of its layout.
    ///
    /// # Errors
    ///
    /// If something is missing or fails; the message has the next step.
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

/// The default directory of the images, in the cache.
///
/// # Errors
///
/// If there is no directory for the cache.
pub fn default_output() -> Result<PathBuf, cache::Error> {
    cache::directory("images")
}
