//! A GitHub on this machine.
//!
//! | module | content |
//! | --- | --- |
//! | [`pages`] | generated test pages that look like GitHub's |
//! | `stand_in` (feature `stand-in`) | a server of these pages: paging, growing counts, and failures on demand |

pub mod pages;
#[cfg(feature = "stand-in")]
pub mod stand_in;
