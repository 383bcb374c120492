//! A container registry, and what is said to it by oras.

use std::{
    fmt::{self, Display},
    net::IpAddr,
    str::FromStr,
};

use anyhow::{Result, bail};
use cluster::Tool;

use crate::{
    artifact::Artifact,
    program::{message, output, run},
};

/// Where artifacts are published: a host with or without a port, and a path: `ghcr.io/OWNER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address(String);

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let address = text.strip_suffix('/').unwrap_or(text);
        let is_known = |character: char| {
            character.is_ascii_lowercase() || character.is_ascii_digit() || "._-:/[]".contains(character)
        };
        if address.contains("://") {
            return Err("write the host without a scheme: ghcr.io/OWNER".to_owned());
        }
        if address.is_empty() || address.starts_with('/') || !address.chars().all(is_known) {
            return Err("write a host and a path in lower case: ghcr.io/OWNER".to_owned());
        }
        Ok(Self(address.to_owned()))
    }
}

impl Display for Address {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl Address {
    /// Whether it is a loopback address.
    pub(crate) fn is_on_this_machine(&self) -> bool {
        let host = self.0.split('/').next().unwrap_or_default();
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.split(']').next().unwrap_or_default(),
            None => host.split(':').next().unwrap_or_default(),
        };
        host == "localhost" || host.parse().is_ok_and(|address: IpAddr| address.is_loopback())
    }
}

/// A registry.
#[derive(Clone, Debug)]
pub(crate) struct Registry {
    pub(crate) address: Address,
    /// Without TLS.
    pub(crate) plain_http: bool,
}

impl Registry {
    /// The repository of an artifact: `ghcr.io/OWNER/stats-tracker-rails`.
    pub(crate) fn repository(&self, artifact: &Artifact) -> String {
        format!("{}/{}", self.address, artifact.repository)
    }

    /// The repository and the tag of an artifact.
    pub(crate) fn reference(&self, artifact: &Artifact) -> String {
        format!("{}:{}", self.repository(artifact), artifact.tag)
    }

    /// The digest that the registry has for an artifact's tag; `None` where the tag or the repository is new.
    ///
    /// # Errors
    ///
    /// If the registry does not answer, or refuses.
    pub(crate) fn digest(&self, artifact: &Artifact) -> Result<Option<String>> {
        let mut command = Tool::Oras.command()?;
        command.arg("resolve").arg(self.reference(artifact));
        if self.plain_http {
            command.arg("--plain-http");
        }
        let output = output(&mut command)?;
        let message = message(&output);
        match output.status.success() {
            true => Ok(Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())),
            false if is_absence(&message) => Ok(None),
            false => bail!(
                "the registry can't be asked for {}; is it there, and have you logged in? {message}",
                self.reference(artifact)
            ),
        }
    }

    /// Copies an artifact to the registry, with its bill of materials.
    pub(crate) fn push(&self, artifact: &Artifact) -> Result<()> {
        let mut command = Tool::Oras.command()?;
        command.args(["copy", "--recursive", "--no-tty", "--from-oci-layout"]);
        if self.plain_http {
            command.arg("--to-plain-http");
        }
        command
            .arg(format!("{}:{}", artifact.layout.display(), artifact.tag))
            .arg(self.reference(artifact));
        run(&mut command)
    }
}

/// Whether a message of oras says that the registry has no such tag, and not that it can't be asked. A registry that has
/// no such repository answers 404, too.
fn is_absence(message: &str) -> bool {
    message.ends_with("not found")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_host_and_a_path() {
        for good in ["ghcr.io/owner", "localhost:5000", "[::1]:5000/a/b", "registry.example"] {
            assert_eq!(good.parse::<Address>().unwrap().to_string(), good);
        }
        assert_eq!(
            "ghcr.io/owner/".parse::<Address>().unwrap().to_string(),
            "ghcr.io/owner"
        );
        for bad in [
            "",
            "/",
            "https://ghcr.io",
            "oci://ghcr.io/owner",
            "ghcr.io/Owner",
            "ghcr.io/a b",
        ] {
            assert!(bad.parse::<Address>().is_err(), "{bad}");
        }
    }

    #[test]
    fn loopback_addresses_are_on_this_machine() {
        let is_here = |text: &str| text.parse::<Address>().unwrap().is_on_this_machine();
        assert!(
            [
                "localhost",
                "localhost:5000/a",
                "127.0.0.1:5000",
                "127.1.2.3",
                "[::1]:5000"
            ]
            .into_iter()
            .all(is_here)
        );
        assert!(
            !["ghcr.io/localhost", "localhost.example", "10.0.0.1:5000"]
                .into_iter()
                .any(is_here)
        );
    }
}
