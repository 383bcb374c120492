//! The command line: the commands, their options and the exit codes.
//!
//! | content | file |
//! | --- | --- |
//! | the commands and their options | `arguments`, `exit_codes` |
//! | the choice of a command | `run` |
//! | the commands | `up`, `export`, `measure`, `serve`, `compile` |
//! | shared by several commands | `start`, `show`, `stop`, `error` |

mod arguments;
#[cfg(feature = "tracker")]
mod compile;
mod error;
mod exit_codes;
#[cfg(feature = "tracker")]
mod export;
#[cfg(feature = "tracker")]
mod measure;
mod run;
mod serve;
#[cfg(feature = "tracker")]
mod show;
#[cfg(feature = "tracker")]
mod start;
mod stop;
#[cfg(feature = "tracker")]
mod up;

pub use arguments::*;
pub use error::Error;
pub use run::run;
