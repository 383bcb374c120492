//! The connection between this program and a process of Rails.

use std::{
    io::{self, IoSlice},
    mem::MaybeUninit,
    net::TcpListener,
    os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd},
    os::unix::{net::UnixStream as StdStream, process::CommandExt},
    process::Command,
};

use rustix::{
    io::{FdFlags, fcntl_setfd},
    net::{SendAncillaryBuffer, SendAncillaryMessage, SendFlags, sendmsg},
};
use tokio::{net::UnixStream, task::JoinSet};

/// The environment variable with the number of the descriptor that Rails has of this connection.
const VARIABLE: &str = "STATS_TRACKER_LIFELINE";

/// This program's end of the connection. It is closed when this program ends, however that comes: then Rails ends itself
/// (`config/boot.rb`).
#[derive(Debug)]
pub(super) struct Lifeline {
    _stream: StdStream,
    /// Hands the listening socket over. Dropped, it ends.
    _task: JoinSet<()>,
}

/// Rails' end of the connection. The process inherits it, so it has to be open until the process is started.
#[derive(Debug)]
pub(super) struct InheritedEnd {
    _descriptor: OwnedFd,
}

impl Lifeline {
    /// Connects the process that the command will start.
    ///
    /// A process with a listening socket has to ask for it (`bin/dashboard`). It does not inherit it, since a process on
    /// the way to Rails may live for ever: bubblewrap's child waits for its parent, without a look at whether the
    /// parent was killed. Such a process must not hold the port.
    pub(super) fn connect(command: &mut Command, socket: Option<&TcpListener>) -> io::Result<(Self, InheritedEnd)> {
        let (here, there) = StdStream::pair()?;
        let descriptor = there.as_raw_fd();
        command.env(VARIABLE, descriptor.to_string());
        // SAFETY: between fork and exec there is only a system call, without locks or allocations. The descriptor is open
        // until the process is started.
        unsafe {
            command.pre_exec(move || {
                // The other descriptors of this process are closed in the new one.
                fcntl_setfd(BorrowedFd::borrow_raw(descriptor), FdFlags::empty())?;
                Ok(())
            });
        }
        let mut task = JoinSet::new();
        if let Some(socket) = socket {
            let stream = here.try_clone()?;
            stream.set_nonblocking(true)?;
            let (stream, socket) = (UnixStream::from_std(stream)?, socket.try_clone()?);
            task.spawn(async move {
                // A connection that fails belongs to a process that ends, which is reported elsewhere.
                let _ = hand_over(&stream, &socket).await;
            });
        }
        let connection = Self {
            _stream: here,
            _task: task,
        };
        let inherited = InheritedEnd {
            _descriptor: there.into(),
        };
        Ok((connection, inherited))
    }
}

/// Sends the socket whenever the process asks for it, with a byte, until the process ends.
async fn hand_over(stream: &UnixStream, socket: &TcpListener) -> io::Result<()> {
    loop {
        stream.readable().await?;
        match stream.try_read(&mut [0]) {
            Ok(0) => return Ok(()),
            Ok(_) => send(stream, socket)?,
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
}

fn send(stream: &UnixStream, socket: &TcpListener) -> io::Result<()> {
    let descriptors = [socket.as_fd()];
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut ancillary = SendAncillaryBuffer::new(&mut space);
    ancillary.push(SendAncillaryMessage::ScmRights(&descriptors));
    // The descriptor is sent beside at least one byte.
    sendmsg(stream, &[IoSlice::new(b"\n")], &mut ancillary, SendFlags::empty())?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        net::Ipv4Addr,
        process::{Child, Stdio},
        time::Duration,
    };

    use super::*;

    struct KilledOnDrop(Child);

    impl Drop for KilledOnDrop {
        fn drop(&mut self) {
            let _ = self.0.kill();
            let _ = self.0.wait();
        }
    }

    #[tokio::test]
    async fn a_process_that_never_asks_does_not_hold_the_port() {
        let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
        let address = socket.local_addr().unwrap();
        let mut command = Command::new("sleep");
        command.arg("1000").stdout(Stdio::null());
        let (lifeline, inherited) = Lifeline::connect(&mut command, Some(&socket)).unwrap();
        let mut process = KilledOnDrop(command.spawn().unwrap());
        drop((lifeline, inherited, socket));
        // The task of the connection ends at a next step of the runtime, and a process that another test starts has the
        // socket between fork and exec: it may take a moment.
        let mut port = TcpListener::bind(address);
        for _ in 0..600 {
            if port.is_ok() {
                break;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
            port = TcpListener::bind(address);
        }
        port.unwrap();
        assert!(process.0.try_wait().unwrap().is_none(), "it lives");
    }
}
