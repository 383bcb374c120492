//! The structure of this workspace: which crates may use which, and no circle between files.

mod circles;
mod floors;
mod metadata;
mod sources;
