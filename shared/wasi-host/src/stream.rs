//! A standard stream: a blocking reader or writer in the shape that wasmer-wasix wants.
//!
//! Its own shape is a file of an asynchronous file system. A program that runs alone on its thread waits for its
//! streams anyway, so these block, and hand on each write as it comes, without a buffer of their own.

use std::fmt;
use std::io::{self, Read, SeekFrom, Write};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use wasmer_wasix::{FsError, VirtualFile};

/// How many bytes a poll says are ready. The program may ask for fewer or more.
const READY: usize = 8 * 1024;

/// One of the three standard streams.
pub(crate) struct Stream {
    /// The mutex is never locked, it makes what is only `Send` also `Sync`.
    end: Mutex<End>,
}

enum End {
    Input(Box<dyn Read + Send>),
    Output(Box<dyn Write + Send>),
}

impl Stream {
    pub(crate) fn input(reader: Box<dyn Read + Send>) -> Box<Self> {
        Box::new(Self {
            end: Mutex::new(End::Input(reader)),
        })
    }

    pub(crate) fn output(writer: Box<dyn Write + Send>) -> Box<Self> {
        Box::new(Self {
            end: Mutex::new(End::Output(writer)),
        })
    }

    fn reader(&mut self) -> io::Result<&mut dyn Read> {
        match self.end.get_mut().unwrap_or_else(PoisonError::into_inner) {
            End::Input(reader) => Ok(reader),
            End::Output(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }

    fn writer(&mut self) -> io::Result<&mut dyn Write> {
        match self.end.get_mut().unwrap_or_else(PoisonError::into_inner) {
            End::Output(writer) => Ok(writer),
            End::Input(_) => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// Tries again where a signal came in between: wasmer-wasix would pass that on to the program as a failure.
fn uninterrupted<T>(mut attempt: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match attempt() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            result => return result,
        }
    }
}

impl fmt::Debug for Stream {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.debug_struct("Stream").finish_non_exhaustive()
    }
}

impl AsyncRead for Stream {
    fn poll_read(mut self: Pin<&mut Self>, _: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let read = self.reader().and_then(|reader| {
            let unfilled = buffer.initialize_unfilled();
            uninterrupted(|| reader.read(unfilled))
        });
        Poll::Ready(read.map(|length| buffer.advance(length)))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(mut self: Pin<&mut Self>, _: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Poll::Ready(self.writer().and_then(|writer| uninterrupted(|| writer.write(bytes))))
    }

    fn poll_flush(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(self.writer().and_then(|writer| uninterrupted(|| writer.flush())))
    }

    fn poll_shutdown(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_flush(context)
    }
}

/// wasmer-wasix seeks files and not standard streams, but wants the trait.
impl AsyncSeek for Stream {
    fn start_seek(self: Pin<&mut Self>, _: SeekFrom) -> io::Result<()> {
        Ok(())
    }

    fn poll_complete(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<u64>> {
        Poll::Ready(Ok(0))
    }
}

impl VirtualFile for Stream {
    fn last_accessed(&self) -> u64 {
        0
    }

    fn last_modified(&self) -> u64 {
        0
    }

    fn created_time(&self) -> u64 {
        0
    }

    fn size(&self) -> u64 {
        0
    }

    fn set_len(&mut self, _: u64) -> Result<(), FsError> {
        Err(FsError::PermissionDenied)
    }

    fn unlink(&mut self) -> Result<(), FsError> {
        Err(FsError::PermissionDenied)
    }

    fn poll_read_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(READY))
    }

    fn poll_write_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<usize>> {
        Poll::Ready(Ok(READY))
    }
}
