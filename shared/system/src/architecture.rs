//! The architectures of processors that container images are built for.

use std::env::consts::ARCH;

/// An architecture.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Architecture {
    /// 64-bit x86.
    Amd64,
    /// 64-bit Arm.
    Arm64,
}

impl Architecture {
    /// All architectures.
    pub const ALL: [Self; 2] = [Self::Amd64, Self::Arm64];

    /// This machine's architecture. `None` if images are not built for it.
    pub fn here() -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|architecture| architecture.processor() == ARCH)
    }

    /// The name in container images and in Debian.
    pub fn name(self) -> &'static str {
        match self {
            Self::Amd64 => "amd64",
            Self::Arm64 => "arm64",
        }
    }

    /// The name in Rust, in GNU's programs and in QEMU: [`ARCH`] on a machine with this architecture.
    pub fn processor(self) -> &'static str {
        match self {
            Self::Amd64 => "x86_64",
            Self::Arm64 => "aarch64",
        }
    }

    /// Rust's target of Linux with GNU's C library.
    pub fn target(self) -> String {
        format!("{}-unknown-linux-gnu", self.processor())
    }

    /// GNU's C compiler for it, as Debian names it on every machine.
    pub fn c_compiler(self) -> String {
        format!("{}-linux-gnu-gcc", self.processor())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_the_names_of_the_systems_that_know_it() {
        let names =
            |architecture: Architecture| (architecture.name(), architecture.target(), architecture.c_compiler());
        assert_eq!(
            Architecture::ALL.map(names),
            [
                (
                    "amd64",
                    "x86_64-unknown-linux-gnu".to_owned(),
                    "x86_64-linux-gnu-gcc".to_owned()
                ),
                (
                    "arm64",
                    "aarch64-unknown-linux-gnu".to_owned(),
                    "aarch64-linux-gnu-gcc".to_owned()
                ),
            ]
        );
    }

    #[test]
    fn this_machines_architecture_is_that_of_its_programs() {
        assert_eq!(
            Architecture::here().map(Architecture::processor),
            ["x86_64", "aarch64"].into_iter().find(|name| *name == ARCH)
        );
    }
}
