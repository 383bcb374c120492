//! Digests, as OCI writes them: the algorithm, a colon, and the hash in hexadecimal digits.

use std::io::{self, Write};

use sha2::{Digest, Sha256};

const ALGORITHM: &str = "sha256:";

/// The digest of some content.
pub(crate) fn of(content: &[u8]) -> String {
    written(Sha256::new_with_prefix(content))
}

/// A digest's hash, without the algorithm.
pub(crate) fn hexadecimal(digest: &str) -> &str {
    digest.strip_prefix(ALGORITHM).unwrap_or(digest)
}

fn written(hash: Sha256) -> String {
    let hexadecimal: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{ALGORITHM}{hexadecimal}")
}

/// Knows the digest and the length of what is written through it.
pub(crate) struct Digester<W> {
    inner: W,
    hash: Sha256,
    length: u64,
}

impl<W: Write> Digester<W> {
    pub(crate) fn new(inner: W) -> Self {
        Self {
            inner,
            hash: Sha256::new(),
            length: 0,
        }
    }

    /// How many bytes were written so far.
    pub(crate) fn length(&self) -> u64 {
        self.length
    }

    pub(crate) fn finish(self) -> (W, String) {
        (self.inner, written(self.hash))
    }
}

impl<W: Write> Write for Digester<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.inner.write(bytes)?;
        self.hash.update(&bytes[..written]);
        self.length += written as u64;
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}
