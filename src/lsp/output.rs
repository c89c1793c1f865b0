//! The standard output, written without a thread in between wherever that cannot block.
//!
//! The runtime hands every write to another thread, because a write may block; for the token of a stream, waking
//! that thread costs more than all the rest. A short write goes straight out where the system says that it does not
//! block: into a pipe that has room, into a socket that takes it. Everything else goes the long way. Bytes leave in
//! order, and the flags of the descriptor, which other processes may share, stay as they are.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use tokio::io::AsyncWrite;

/// The output of this process.
pub fn stdout() -> impl AsyncWrite + Unpin + Send + 'static {
    Output { direct: direct::Direct::new(io::stdout()), long: tokio::io::stdout(), is_behind: false }
}

/// One output with two ways to it.
#[derive(Debug)]
struct Output<D, L> {
    direct: D,
    long: L,
    /// Bytes may be on the long way; nothing may overtake them.
    is_behind: bool,
}

impl<F: direct::Descriptor, L: AsyncWrite + Unpin> AsyncWrite for Output<direct::Direct<F>, L> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        if !self.is_behind
            && let Some(n_written) = self.direct.write(bytes)
        {
            return Poll::Ready(Ok(n_written));
        }
        self.is_behind = true;
        Pin::new(&mut self.long).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.is_behind {
            ready!(Pin::new(&mut self.long).poll_flush(context))?;
            self.is_behind = false;
        }
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.as_mut().poll_flush(context))?;
        Pin::new(&mut self.long).poll_shutdown(context)
    }
}

#[cfg(unix)]
mod direct {
    use std::os::fd::AsFd;

    use rustix::event::{PollFd, PollFlags, Timespec, poll};
    use rustix::fs::{FileType, fstat};
    use rustix::net::{SendFlags, send};
    use rustix::pipe::PIPE_BUF;

    /// What can be written to.
    pub(super) trait Descriptor: AsFd + Unpin {}
    impl<F: AsFd + Unpin> Descriptor for F {}

    /// Longer writes do not wait for another thread in any way that counts.
    const SHORT: usize = 16 << 10;

    /// A descriptor, and what it leads to.
    #[derive(Debug)]
    pub(super) struct Direct<F> {
        descriptor: F,
        kind: FileType,
    }

    impl<F: AsFd> Direct<F> {
        pub(super) fn new(descriptor: F) -> Self {
            let kind = fstat(&descriptor)
                .map_or(FileType::Unknown, |status| FileType::from_raw_mode(status.st_mode));
            Self { descriptor, kind }
        }

        /// Writes what can be written at once; `None` if that is nothing. An error shows itself again on the long way.
        pub(super) fn write(&self, bytes: &[u8]) -> Option<usize> {
            if bytes.is_empty() || bytes.len() > SHORT {
                return None;
            }
            let written = match self.kind {
                // So many bytes have room where any have (POSIX, `poll` and `write`).
                FileType::Fifo if self.has_room() => {
                    rustix::io::write(&self.descriptor, &bytes[..bytes.len().min(PIPE_BUF)])
                }
                FileType::Socket => send(&self.descriptor, bytes, SendFlags::DONTWAIT),
                _ => return None,
            };
            written.ok().filter(|&n_written| n_written > 0)
        }

        fn has_room(&self) -> bool {
            let mut wanted = [PollFd::new(&self.descriptor, PollFlags::OUT)];
            let now = Timespec { tv_sec: 0, tv_nsec: 0 };
            poll(&mut wanted, Some(&now)).is_ok() && wanted[0].revents() == PollFlags::OUT
        }
    }
}

#[cfg(not(unix))]
mod direct {
    /// What can be written to.
    pub(super) trait Descriptor: Unpin {}
    impl<F: Unpin> Descriptor for F {}

    /// There is no such way here.
    #[derive(Debug)]
    pub(super) struct Direct<F>(std::marker::PhantomData<F>);

    impl<F> Direct<F> {
        pub(super) fn new(_descriptor: F) -> Self {
            Self(std::marker::PhantomData)
        }

        #[expect(clippy::unused_self, reason = "the other one has a descriptor")]
        pub(super) fn write(&self, _bytes: &[u8]) -> Option<usize> {
            None
        }
    }
}

#[cfg(unix)]
#[cfg(test)]
mod tests {
    use std::io::PipeReader;
    use std::os::unix::net::UnixStream;

    use tokio::io::AsyncWriteExt as _;

    use super::*;

    /// Writes until the output is full; the rest goes the long way, until that is flushed and there is room again.
    async fn check(near: impl direct::Descriptor, mut far: impl io::Read) {
        let mut output = Output { direct: direct::Direct::new(near), long: Vec::new(), is_behind: false };
        let mut n_direct = 0;
        while output.long.is_empty() {
            n_direct += output.write(b"0123456789abcdef").await.unwrap();
        }
        assert!(n_direct > 1000, "{n_direct}");
        let n_direct = n_direct - output.long.len();
        let mut seen = vec![0; n_direct];
        far.read_exact(&mut seen).unwrap();
        assert!(seen.chunks(16).all(|piece| piece == &b"0123456789abcdef"[..piece.len()]));
        // There is room, but what is on the long way must not be overtaken.
        output.write_all(b"second").await.unwrap();
        assert!(output.long.ends_with(b"second"));
        output.flush().await.unwrap();
        output.write_all(b"third").await.unwrap();
        let mut seen = [0; 5];
        far.read_exact(&mut seen).unwrap();
        assert_eq!(&seen, b"third");
        // Nobody waits for a long one.
        output.write_all(&vec![b'x'; 1 << 20]).await.unwrap();
        assert!(output.long.len() >= 1 << 20);
    }

    #[tokio::test]
    async fn pipes() {
        let (far, near): (PipeReader, _) = io::pipe().unwrap();
        check(near, far).await;
    }

    #[tokio::test]
    async fn sockets() {
        let (far, near) = UnixStream::pair().unwrap();
        check(near, far).await;
    }

    #[tokio::test]
    async fn files_and_what_is_closed_go_the_long_way() {
        let direct = direct::Direct::new(tempfile::tempfile().unwrap());
        assert_eq!(direct.write(b"x"), None);
        let (far, near) = io::pipe().unwrap();
        let direct = direct::Direct::new(near);
        assert_eq!(direct.write(b"x"), Some(1));
        drop(far);
        assert_eq!(direct.write(b"x"), None);
    }
}
