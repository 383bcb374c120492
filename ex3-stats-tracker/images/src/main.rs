//! Builds the container images as directories in OCI's image layout, which skopeo, podman and others push or load:
//!
//!     cargo run -p images
//!     cargo run -p images -- --output images --architecture all stats-tracker-component
//!     skopeo copy oci:images/stats-tracker-component:0.1.0 docker://registry.example/stats-tracker-component:0.1.0

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, builder::PossibleValuesParser};
use images::{Image, architectures};
use system::command_line;

/// Builds the container images, each as a directory in OCI's image layout, and prints their paths.
#[derive(Debug, Parser)]
#[command(name = "images")]
struct Arguments {
    /// The images to build [default: all]
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(Image::ALL.map(Image::name)))]
    names: Vec<String>,
    /// The architecture of the processors that the images are for [default: this machine's]
    #[arg(long, value_parser = PossibleValuesParser::new(architectures::names()))]
    architecture: Option<String>,
    /// The directory of the images [default: in the cache]
    #[arg(long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    let output = match arguments.output.map_or_else(images::default_output, Ok) {
        Ok(output) => output,
        Err(error) => return command_line::fail(sysexits::ExitCode::CantCreat, error),
    };
    let architectures = match arguments.architecture {
        Some(name) => architectures::named(&name),
        None => match architectures::here() {
            Ok(here) => here,
            Err(error) => return command_line::fail(sysexits::ExitCode::Unavailable, error),
        },
    };
    let wanted = |image: &Image| arguments.names.is_empty() || arguments.names.iter().any(|name| name == image.name());
    for image in Image::ALL.into_iter().filter(wanted) {
        let built = image
            .build_for(&architectures, &output)
            .map_err(|error| (sysexits::ExitCode::Unavailable, command_line::causes(&*error)));
        let printed = built.and_then(|directory| {
            command_line::print(format!("{}\n", directory.display()).as_bytes()).map_err(|error| {
                (
                    sysexits::ExitCode::IoErr,
                    format!("the answer can't be written to stdout: {error}"),
                )
            })
        });
        if let Err((code, message)) = printed {
            return command_line::fail(code, message);
        }
    }
    ExitCode::SUCCESS
}
