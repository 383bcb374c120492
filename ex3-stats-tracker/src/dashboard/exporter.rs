//! Exports the dashboard as files, by a task of Rails.

use std::{fs, future::Future, path::Path};

use serde::Deserialize;

use super::{
    error::Error,
    process::Process,
    program::{Program, Stdout},
    runtime::Runtime,
    settings::Settings,
};

/// An event on Rails' stdout.
#[derive(Debug, Deserialize)]
#[serde(tag = "event", rename_all = "snake_case")]
enum Event {
    /// So many files are written, of those that are known so far.
    Exporting { written: u64, known: u64 },
    /// All files are written.
    Exported { files: u64, bytes: u64 },
    #[serde(other)]
    Other,
}

/// The files of an export, and their size.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Exported {
    /// The number of files.
    pub files: u64,
    /// Their size in bytes.
    pub bytes: u64,
}

/// Writes the pages of the stored figures to `directory`, an absolute path. Calls `progress` with the numbers of written
/// and of known files. Returns `None` if `stop` ended first: then the directory is as before.
///
/// # Errors
///
/// If Rails refused, with its message and exit code, or failed.
pub async fn export(
    runtime: &Runtime,
    settings: &Settings,
    directory: &Path,
    stop: impl Future<Output = ()>,
    progress: impl Fn(u64, u64),
) -> Result<Option<Exported>, Error> {
    let name = "the export";
    let text = directory.display().to_string();
    // Rake separates a task's arguments by commas.
    let parent = directory.parent().filter(|_| !text.contains([',', ']', '\n']));
    let Some(parent) = parent else {
        return Err(Error::Directory(text));
    };
    // The directory is replaced by a rename, for which Rails needs the directory that holds it.
    fs::create_dir_all(parent).map_err(|error| Error::Export {
        path: text.clone(),
        error,
    })?;
    if let Some(root) = runtime.root() {
        let hidden = root.join(parent.strip_prefix("/").unwrap_or(parent));
        if fs::read_dir(hidden).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(Error::Directory(text));
        }
    }
    let task = format!("stats:site[{text}]");
    let program = Program {
        command: &["bin/rails", &task],
        stdout: Stdout::Read,
        socket: None,
        writes: Some(parent),
    };
    let mut process = Process::start(name, runtime, &program, settings)?;
    let mut exported = None;
    let ended = tokio::select! {
        status = process.wait_and_read(|line| match serde_json::from_str(line) {
            Ok(Event::Exporting { written, known }) => progress(written, known),
            Ok(Event::Exported { files, bytes }) => exported = Some(Exported { files, bytes }),
            // Other lines are output of gems.
            Ok(Event::Other) | Err(_) => {}
        }) => Some(status),
        () = stop => None,
    };
    let Some(status) = ended else {
        process.stop().await;
        return Ok(None);
    };
    let status = status?;
    let code = status.code().and_then(|code| u8::try_from(code).ok());
    match (exported, code, process.last_line()) {
        (Some(exported), Some(0), _) => Ok(Some(exported)),
        (_, Some(code @ 64..=69), said) if !said.is_empty() => Err(Error::Database { said, code }),
        _ => Err(process.ended(status)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_what_rails_says() {
        let event: Event = serde_json::from_str(r#"{"event":"exporting","written":1,"known":2}"#).unwrap();
        assert!(matches!(event, Event::Exporting { written: 1, known: 2 }));
        let event = r#"{"event":"exported","directory":"/a","files":3,"bytes":4}"#;
        assert!(matches!(
            serde_json::from_str(event).unwrap(),
            Event::Exported { files: 3, bytes: 4 }
        ));
    }
}
