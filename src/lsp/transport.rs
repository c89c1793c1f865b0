//! Carries messages between the client's pipes and the service.
//!
//! - Requests reach the service in arrival order, and each handler is polled once before the next message is
//!   looked at; after that all of them run side by side, without a limit.
//! - Replies of the client are routed the moment they are read; nothing ever waits for the client to read.
//! - Nothing the client sends ends the loop but `exit` and the end of the input.

use std::task::Poll;

use futures::future::BoxFuture;
use futures::stream::{FuturesUnordered, StreamExt};
use futures::{Sink, SinkExt};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::codec::FramedRead;
use tower::Service;
use tower_lsp::ClientSocket;
use tower_lsp::jsonrpc::{Request, Response};

use self::framing::{Frame, Framing};
use self::guard::Answer;
use self::message::Incoming;
use self::outgoing::Outgoing;
use crate::ports::metrics::catalogue::{CANCELLED_REQUESTS, MALFORMED, MESSAGES, Message};

mod framing;
mod guard;
mod message;
mod outgoing;
#[cfg(test)]
mod tests;

/// How long output that is already queued may take to leave after the end.
const FLUSH: std::time::Duration = std::time::Duration::from_millis(300);

/// Why the loop ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ended {
    /// The client sent `exit`.
    Exit,
    /// The input ended.
    EndOfInput,
    /// The output is gone.
    OutputGone,
    /// The caller's `stop` future resolved.
    Stopped,
}

/// Runs until the client leaves or `stop` resolves. `unreadable` is told of bodies that are no message, and
/// with `None` of input that is lost: nobody knows what was in it.
pub(super) async fn run<R, W, S>(
    reader: R,
    writer: W,
    (mut service, socket): (S, ClientSocket),
    unreadable: impl Fn(Option<&[u8]>, &str),
    stop: impl Future<Output = ()>,
) -> Ended
where
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
    S: Service<Request, Response = Option<Response>>,
    S::Error: std::fmt::Display,
    S::Future: Send + 'static,
{
    let (mut requests, mut replies) = socket.split();
    let mut input = FramedRead::new(reader, Framing::default());
    let mut output = Outgoing::new(writer);
    let mut running = FuturesUnordered::new();
    tokio::pin!(stop);
    let ended = loop {
        let answer = tokio::select! {
            frame = input.next() => match frame {
                Some(Ok(frame)) => match accept(frame, &mut service, &mut replies, &unreadable).await {
                    Accepted::Answered(answer) => answer,
                    Accepted::Running(call) => {
                        running.push(call);
                        continue;
                    }
                    Accepted::Exit => break Ended::Exit,
                },
                Some(Err(error)) => {
                    tracing::warn!(%error, "the input failed");
                    break Ended::EndOfInput;
                }
                None => break Ended::EndOfInput,
            },
            Some(answer) = running.next(), if !running.is_empty() => answer,
            Some(request) = requests.next() => {
                output.put(&request);
                continue;
            }
            written = output.write(), if !output.is_empty() => match written {
                Ok(()) => continue,
                Err(_) => break Ended::OutputGone,
            },
            () = &mut stop => break Ended::Stopped,
        };
        match answer {
            Answer::None => {}
            Answer::Now(response) => output.put(&response),
            Answer::Panicked(id) => {
                let _ = guard::call(&mut service, guard::forget(&id)).await;
                output.put(&guard::internal_error(id));
            }
        }
    };
    tracing::info!(?ended, "the connection ends");
    if ended != Ended::OutputGone {
        // Whether it left or not, this is the end.
        let _ = tokio::time::timeout(FLUSH, output.write()).await;
    }
    ended
}

/// What became of a piece of input.
enum Accepted {
    /// It is done.
    Answered(Answer),
    /// Its handler waits for something.
    Running(BoxFuture<'static, Answer>),
    /// It was `exit`.
    Exit,
}

/// Takes one piece of input. A handler is polled once, so that what it hands over keeps the order of arrival.
async fn accept<S>(
    frame: Frame,
    service: &mut S,
    replies: &mut (impl Sink<Response, Error: std::fmt::Display> + Unpin),
    unreadable: &impl Fn(Option<&[u8]>, &str),
) -> Accepted
where
    S: Service<Request, Response = Option<Response>>,
    S::Error: std::fmt::Display,
    S::Future: Send + 'static,
{
    let body = match frame {
        Frame::Body(body) => body,
        Frame::Broken(reason) => {
            MALFORMED.count(());
            tracing::warn!(reason, "the input is out of order");
            unreadable(None, &reason);
            return Accepted::Answered(Answer::Now(message::broken(reason)));
        }
    };
    match message::parse(&body) {
        Incoming::Request(request) if request.method() == "exit" => Accepted::Exit,
        Incoming::Request(request) => {
            let is_request = request.id().is_some();
            MESSAGES.count(if is_request { Message::Request } else { Message::Notification });
            if request.method() == "$/cancelRequest" {
                CANCELLED_REQUESTS.count(());
            }
            let mut call = guard::call(service, request);
            match futures::poll!(&mut call) {
                Poll::Ready(answer) => Accepted::Answered(answer),
                Poll::Pending => Accepted::Running(call),
            }
        }
        Incoming::Response(response) => {
            MESSAGES.count(Message::Response);
            route(replies, response).await;
            Accepted::Answered(Answer::None)
        }
        Incoming::Unreadable(response, reason) => {
            MALFORMED.count(());
            tracing::warn!(reason, "a message cannot be read");
            unreadable(Some(&body), &reason);
            Accepted::Answered(Answer::Now(response))
        }
    }
}

/// Hands a reply to whoever waits for it; late and unknown ones are dropped there. Never waits in practice.
async fn route(replies: &mut (impl Sink<Response, Error: std::fmt::Display> + Unpin), response: Response) {
    if let Err(error) = replies.send(response).await {
        tracing::debug!(%error, "a reply came after the end");
    }
}
