//! The protocol edge: JSON-RPC in, [`Event`]s out, and the editor's face for the application.
//!
//! Guarantees: no handler waits for the client or for a model; messages reach the application in arrival order;
//! no input ends the server but `exit` and the end of the input, and then it ends within a second. Protocol
//! types do not leave this room: [`convert`] is the one place where they become ours.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::oneshot;

use crate::app::{Entrance, Event};
use crate::ports::Editor;

mod backend;
mod capabilities;
mod client;
mod commands;
mod convert;
pub mod output;
mod params;
pub mod parent;
pub mod protocol;
mod transport;

/// Serves one client until it leaves, and returns the exit code: 0 after `shutdown`, else 1.
///
/// `start` gets the client's face and returns where events go; it must not use the face before
/// [`Event::Initialized`]. The last event is [`Event::Shutdown`], whatever ended the connection. A blocked read
/// of the process's input may outlive this call: the caller ends the process.
pub async fn serve<R, W, E>(reader: R, writer: W, start: impl FnOnce(Arc<dyn Editor>) -> E) -> i32
where
    E: Into<Entrance>,
    R: AsyncRead + Unpin,
    W: AsyncWrite + Unpin,
{
    /// Editors expect the end within a second.
    const LAST_WORDS: std::time::Duration = std::time::Duration::from_millis(800);
    let session = backend::Session::default();
    let (face, outbox) = client::connect();
    let entrance: Entrance = start(Arc::new(face)).into();
    let events = entrance.events.clone();
    let (parent_known, parent) = oneshot::channel();
    let mut sending = None;
    let service = backend::service(|client| {
        let outbox = outbox.run(client, Arc::clone(&session.profile), events.clone());
        sending = Some(tokio::spawn(outbox));
        backend::Backend::new(entrance, session.clone(), parent_known)
    });
    let unreadable = |body: Option<&[u8]>, reason: &str| {
        // Lost input may have held a change of any document.
        let ruin = body.map_or(Some(params::Ruin { uri: None }), params::Ruin::find);
        if let Some(params::Ruin { uri }) = ruin {
            let _ = events.send(Event::Malformed { uri, reason: reason.to_owned() });
        }
    };
    let parent_gone = async {
        match parent.await {
            Ok(id) => parent::gone(id).await,
            Err(_) => std::future::pending().await,
        }
    };
    transport::run(reader, writer, service, unreadable, parent_gone).await;
    // The application may be gone already; then there is nobody to tell.
    let _ = events.send(Event::Shutdown);
    // It may still record what was decided last; the process ends after this.
    let _ = tokio::time::timeout(LAST_WORDS, events.closed()).await;
    if let Some(sending) = sending {
        sending.abort();
    }
    i32::from(!session.shut_down.load(Ordering::SeqCst))
}
