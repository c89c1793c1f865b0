//! Where replies are recorded, so that they can be played again.

use crate::model::{ModelError, Outgoing, StreamEvent};

/// Writes replies in the form that the replay provider reads. Secrets are taken out before anything is written.
pub trait Recorder: Send + Sync {
    /// Records one exchange after its end: what was sent, the events that came, and the error that ended it, if any.
    fn record(&self, request: &Outgoing, events: &[StreamEvent], error: Option<&ModelError>);
}
