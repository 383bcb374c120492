//! A standard stream: adapts a blocking reader or writer to wasmer-wasix.
//!
//! wasmer-wasix expects a file of an asynchronous file system. The program is alone on its thread and has to wait for
//! its streams, so that these may block. They have no buffer: each write is passed on at once.

use std::fmt;
use std::io::{self, Read, SeekFrom, Write};
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncSeek, AsyncWrite, ReadBuf};
use wasmer_wasix::{FsError, VirtualFile};

/// The number of ready bytes that a poll returns. The program can still read fewer or more.
const READY: usize = 8 * 1024;

/// One of the three standard streams.
pub(crate) struct Stream {
    /// The mutex is never locked. It makes a `Send` type also `Sync`.
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

/// Repeats an attempt that a signal interrupted, because wasmer-wasix would report an error to the program.
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

/// Required by [`VirtualFile`]. wasmer-wasix does not seek in standard streams.
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
