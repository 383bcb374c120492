//! Builds the container images as directories in OCI's image layout, which skopeo, podman and others push or load:
//!
//!     cargo run -p images
//!     cargo run -p images -- --output images stats-tracker-component
//!     skopeo copy oci:images/stats-tracker-component:0.1.0 docker://registry.example/stats-tracker-component:0.1.0

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, builder::PossibleValuesParser};
use images::Image;

/// Builds the container images, each as a directory in OCI's image layout; prints where they lie.
#[derive(Debug, Parser)]
#[command(name = "images")]
struct Arguments {
    /// Which images [default: all]
    #[arg(value_name = "NAME", value_parser = PossibleValuesParser::new(Image::ALL.map(Image::name)))]
    names: Vec<String>,
    /// The directory for them [default: with what else is built]
    #[arg(long, value_name = "DIRECTORY")]
    output: Option<PathBuf>,
}

fn main() -> ExitCode {
    let arguments: Arguments = command_line::arguments();
    let output = arguments.output.unwrap_or_else(images::default_output);
    let wanted = |image: &Image| arguments.names.is_empty() || arguments.names.iter().any(|name| name == image.name());
    for image in Image::ALL.into_iter().filter(wanted) {
        match image.build(&output) {
            Ok(directory) => println!("{}", directory.display()),
            Err(error) => return command_line::fail(sysexits::ExitCode::Unavailable, format!("{error:#}")),
        }
    }
    ExitCode::SUCCESS
}
