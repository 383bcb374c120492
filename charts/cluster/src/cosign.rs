//! Signatures by cosign with a key, without Sigstore's services.

use std::{path::Path, process::Command};

use crate::{error::Error, files::write, tool::Tool};

/// Sigstore's services for a signature with a key, and their own keys: none, so that the signature can be made and verified
/// without any of them. Otherwise cosign would fetch both from the internet.
const NO_SERVICES: &str =
    r#"{"mediaType":"application/vnd.dev.sigstore.signingconfig.v0.2+json","rekorTlogConfig":{},"tsaConfig":{}}"#;
const NO_ROOT: &str = r#"{"mediaType":"application/vnd.dev.sigstore.trustedroot+json;version=0.1"}"#;

/// A command that signs with the private key in a file; the arguments that it still needs are the artifact's reference and
/// the options of the registry. The configuration of the services is written into `directory`. The environment variable
/// `COSIGN_PASSWORD` has the key's password.
///
/// # Errors
///
/// If the configuration can't be written, or cosign can't be built.
pub fn sign(key: &Path, directory: &Path) -> Result<Command, Error> {
    let mut command = Tool::Cosign.command()?;
    command.args(["sign", "--yes", "--key"]).arg(key);
    for (option, name, text) in [
        ("--signing-config", "services.json", NO_SERVICES),
        ("--trusted-root", "root.json", NO_ROOT),
    ] {
        let file = directory.join(name);
        write(&file, text)?;
        command.arg(option).arg(file);
    }
    Ok(command)
}
