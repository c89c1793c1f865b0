//! What is on its way to the client: messages are put behind each other at once, and leave as the output takes them.

use std::io;

use bytes::{Buf as _, BytesMut};
use serde::Serialize;
use tokio::io::{AsyncWrite, AsyncWriteExt as _};
use tokio_util::codec::Encoder as _;

use super::framing::Framing;

/// Room that is kept for the next messages; what a large one took beyond that is given back.
const ROOM: usize = 64 << 10;

/// The output and what it has not taken yet.
#[derive(Debug)]
pub(super) struct Outgoing<W> {
    output: W,
    buffer: BytesMut,
    /// The output has taken what it may still hold back.
    is_held: bool,
}

impl<W: AsyncWrite + Unpin> Outgoing<W> {
    pub(super) fn new(output: W) -> Self {
        Self { output, buffer: BytesMut::new(), is_held: false }
    }

    /// Appends a message; never waits.
    pub(super) fn put(&mut self, message: &impl Serialize) {
        let result = serde_json::to_vec(message)
            .map_err(io::Error::from)
            .and_then(|body| Framing::default().encode(body, &mut self.buffer));
        if let Err(error) = result {
            tracing::error!(%error, "a message cannot be written as JSON");
        }
    }

    /// Whether everything has left.
    pub(super) fn is_empty(&self) -> bool {
        self.buffer.is_empty() && !self.is_held
    }

    /// Writes until everything has left. Dropping the future loses nothing: the next one goes on.
    ///
    /// # Errors
    /// The output is gone.
    pub(super) async fn write(&mut self) -> io::Result<()> {
        while self.buffer.has_remaining() {
            self.is_held = true;
            if self.output.write_buf(&mut self.buffer).await? == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
        }
        self.output.flush().await?;
        self.is_held = false;
        if self.buffer.capacity() > ROOM {
            self.buffer = BytesMut::new();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use futures::poll;
    use tokio::io::{AsyncReadExt as _, BufWriter};

    use super::*;

    #[tokio::test]
    async fn messages_leave_whole_and_in_order_however_often_writing_is_given_up() {
        // Takes a few bytes at a time, and holds some back until it is flushed.
        let (near, mut far) = tokio::io::duplex(7);
        let mut outgoing = Outgoing::new(BufWriter::with_capacity(5, near));
        let reading = tokio::spawn(async move {
            let mut seen = String::new();
            far.read_to_string(&mut seen).await.map(|_| seen)
        });
        let mut expected = String::new();
        for number in 0..50 {
            outgoing.put(&number);
            let body = number.to_string();
            expected.push_str(&format!("Content-Length: {}\r\n\r\n{body}", body.len()));
            let _ = poll!(std::pin::pin!(outgoing.write()));
            tokio::task::yield_now().await;
        }
        outgoing.write().await.unwrap();
        assert!(outgoing.is_empty());
        drop(outgoing);
        assert_eq!(reading.await.unwrap().unwrap(), expected);
    }

    #[tokio::test]
    async fn an_output_that_is_gone_is_an_error() {
        let (near, far) = tokio::io::duplex(7);
        let mut outgoing = Outgoing::new(near);
        assert!(outgoing.is_empty());
        drop(far);
        outgoing.put(&1);
        outgoing.write().await.unwrap_err();
    }
}
