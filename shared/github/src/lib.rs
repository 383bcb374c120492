//! A GitHub on this machine.
//!
//! | module | what it has |
//! | --- | --- |
//! | [`pages`] | test pages that look like GitHub's, generated |
//! | `stand_in` (feature `stand-in`) | a server of them: paging, growing counts, and every failure on demand |

pub mod pages;
#[cfg(feature = "stand-in")]
pub mod stand_in;
