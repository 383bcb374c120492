//! `export`: the dashboard as files, for a web server that only sends files.

use std::path;

use indicatif::{HumanBytes, ProgressBar, ProgressStyle};
use system::command_line;

use super::arguments::ExportOptions;
use super::error::Error;
use super::stop::{ENDING, INTERRUPTED, Stop};
use crate::{
    dashboard::{Runtime, Settings, Storage, database, exporter},
    measure::Source,
};

/// Exports what is stored. Nothing is collected.
pub(super) async fn export(options: ExportOptions, stop: &mut Stop) -> Result<u8, Error> {
    let runtime = Runtime::find()?;
    database::check(runtime.root())?;
    let source = if options.stand_in {
        Source::StandIn
    } else {
        Source::GitHub
    };
    let storage = options.storage.map_or_else(|| Storage::default_directory(source), Ok)?;
    if !storage.is_dir() && database::url().is_none() {
        let message = format!(
            "nothing is stored in {}: collect first, or name another directory with --storage",
            storage.display()
        );
        return Err(Error::new(message, sysexits::ExitCode::NoInput));
    }
    let directory = path::absolute(&options.directory).map_err(|error| {
        let message = format!("{}: {error}", options.directory.display());
        Error::new(message, sysexits::ExitCode::Usage)
    })?;
    let settings = Settings {
        storage: Storage::open(&storage)?,
        source,
        // It is not asked.
        component_url: String::new(),
        stand_in_url: None,
        org: String::new(),
        skip: Vec::new(),
        pause: None,
        port: 0,
    };
    let style = ProgressStyle::with_template("{wide_bar:.cyan/blue} {pos}/{len} files {elapsed}")
        .expect("the template is well-formed");
    let bar = ProgressBar::no_length().with_style(style);
    let progress = |written, known| {
        bar.set_length(known);
        bar.set_position(written);
    };
    let result = exporter::export(&runtime, &settings, &directory, stop.wait(), progress).await;
    bar.finish_and_clear();
    match result? {
        Some(exported) => {
            command_line::note(format_args!(
                "{} files with {} in {}",
                exported.files,
                HumanBytes(exported.bytes),
                directory.display()
            ));
            Ok(0)
        }
        None => {
            command_line::note(ENDING);
            Ok(INTERRUPTED)
        }
    }
}
