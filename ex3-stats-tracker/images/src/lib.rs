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
//!
//! An image can be built for several architectures, on a Debian of any of them: then an index under its tag names an
//! image for each.
//!
//! buildah would replace the three files that write a layer, an image and an index. What an image has of Debian's root, its
//! bill of materials and the programs for another architecture would stay, and only its newer versions can set the times of
//! the files in a layer, without which no build has the digests of another.

pub mod architectures;
mod bill;
mod chart;
pub mod command;
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
mod toolchain;

use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use system::{architecture::Architecture, cache};

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

    /// Builds the image for this machine's architecture, as [`build_for`](Self::build_for).
    ///
    /// # Errors
    ///
    /// If something is missing or fails; the message has the next step.
    pub fn build(self, output: &Path) -> Result<PathBuf> {
        self.build_for(&architectures::here()?, output)
    }

    /// Builds the image for each of the architectures in the directory `output`, replacing an older build, and returns the
    /// path of its layout.
    ///
    /// # Errors
    ///
    /// If something is missing or fails; the message has the next step.
    pub fn build_for(self, architectures: &[Architecture], output: &Path) -> Result<PathBuf> {
        let mut layout = Layout::create(output, self.name())?;
        let mut all = architectures.iter().copied();
        match self {
            Self::Component => all.try_for_each(|architecture| component::build(&mut layout, architecture)),
            Self::Spin => spin::build(&mut layout, architectures),
            Self::Rails => all.try_for_each(|architecture| rails::build(&mut layout, architecture)),
        }
        .with_context(|| {
            let names: Vec<_> = architectures.iter().map(|architecture| architecture.name()).collect();
            format!("the image {} can't be built for {}", self.name(), names.join(" and "))
        })?;
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
