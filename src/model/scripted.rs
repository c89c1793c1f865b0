//! A scripted fake model, for tests and the in-process client.
//!
//! It answers requests with prepared replies in order, keeps what it was asked, and stops at a [`Gate`] until a
//! test opens it. It never sleeps, knows no runtime, and is as strict as the real ones: nothing happens before
//! the stream is polled, and a stream ends after its terminal event or its first error.

mod gate;

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;

pub use gate::Gate;

use super::{
    Api, FillRequest, FinishReason, Model, ModelError, ModelErrorKind, ModelRequest, ModelSettings, Outgoing,
    ProviderSettings, ReplyStream, Request, StreamEvent, Upstream,
};

/// One step of a prepared reply.
#[derive(Debug, Clone)]
pub enum Step {
    /// Yields an event as it is.
    Event(StreamEvent),
    /// Waits until the gate is open.
    Wait(Gate),
    /// Yields an error and ends. Provider and model are those of the script.
    Error(ModelErrorKind, String),
}

impl Step {
    /// Yields a piece of text.
    pub fn text(text: impl Into<String>) -> Self {
        Self::Event(StreamEvent::Text(text.into()))
    }

    /// Yields the terminal event of a complete reply.
    pub fn finish() -> Self {
        Self::Event(StreamEvent::Finished(FinishReason::Stop))
    }
}

/// A model that says what a test told it to say. Clones share their script.
#[derive(Debug, Clone)]
pub struct Scripted {
    provider: ProviderSettings,
    settings: ModelSettings,
    script: Arc<Mutex<Script>>,
    dropped: Gate,
}

#[derive(Debug, Default)]
struct Script {
    replies: VecDeque<Vec<Step>>,
    requests: Vec<Request>,
}

impl Scripted {
    /// Creates a model called `name` with a window of 8192 tokens and no replies yet.
    pub fn new(name: impl Into<String>) -> Self {
        let name = name.into();
        Self::with_settings(ModelSettings {
            context: 8192,
            ..ModelSettings::new(name.clone(), "scripted", name)
        })
    }

    /// Creates a model with this capability record and no replies yet.
    pub fn with_settings(settings: ModelSettings) -> Self {
        let provider = ProviderSettings::new(&settings.provider, Api::OpenAiChat, "");
        Self { provider, settings, script: Arc::default(), dropped: Gate::default() }
    }

    /// Adds a reply, step by step. One without a terminal event ends as `Truncated`.
    #[must_use]
    pub fn reply(self, steps: impl IntoIterator<Item = Step>) -> Self {
        self.push(steps);
        self
    }

    /// Adds a complete reply that comes in one piece.
    #[must_use]
    pub fn reply_text(self, text: impl Into<String>) -> Self {
        self.reply([Step::text(text), Step::finish()])
    }

    /// Adds a reply while others may be under way.
    pub fn push(&self, steps: impl IntoIterator<Item = Step>) {
        self.script().replies.push_back(steps.into_iter().collect());
    }

    /// The conversations it was asked to continue so far, oldest first.
    pub fn requests(&self) -> Vec<ModelRequest> {
        let asked = self.script().requests.clone();
        asked
            .into_iter()
            .filter_map(|asked| if let Request::Chat(chat) = asked { Some(chat) } else { None })
            .collect()
    }

    /// The middles it was asked for so far, oldest first.
    pub fn fills(&self) -> Vec<FillRequest> {
        let asked = self.script().requests.clone();
        asked
            .into_iter()
            .filter_map(|asked| if let Request::Fill(fill) = asked { Some(fill) } else { None })
            .collect()
    }

    fn answer(&self, request: Request) -> ReplyStream {
        let reply =
            Reply { model: self.clone(), request: Some(request), steps: VecDeque::new(), ended: false };
        futures::stream::unfold(reply, |mut reply| async move {
            let item = reply.next().await?;
            Some((item, reply))
        })
        .boxed()
    }

    /// A gate that opens when a reply is dropped before its end: a cancelled request.
    pub fn dropped(&self) -> Gate {
        self.dropped.clone()
    }

    fn script(&self) -> MutexGuard<'_, Script> {
        self.script.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn error(&self, kind: ModelErrorKind, message: impl Into<String>) -> ModelError {
        ModelError::new(kind, &self.settings.provider, &self.settings.name, message)
    }
}

impl Model for Scripted {
    fn name(&self) -> &str {
        &self.settings.name
    }

    fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    fn ask(&self, request: ModelRequest) -> ReplyStream {
        self.answer(Request::Chat(request))
    }

    fn fill(&self, request: FillRequest) -> ReplyStream {
        self.answer(Request::Fill(request))
    }
}

impl Upstream for Scripted {
    fn provider(&self) -> &ProviderSettings {
        &self.provider
    }

    fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    fn send(&self, request: Outgoing) -> ReplyStream {
        self.answer(request.request().clone())
    }
}

/// A reply under way.
struct Reply {
    model: Scripted,
    request: Option<Request>,
    steps: VecDeque<Step>,
    ended: bool,
}

impl Reply {
    async fn next(&mut self) -> Option<Result<StreamEvent, ModelError>> {
        if self.ended {
            return None;
        }
        if let Some(request) = self.request.take() {
            self.begin(request);
        }
        loop {
            let item = match self.steps.pop_front() {
                Some(Step::Wait(gate)) => {
                    gate.passed().await;
                    continue;
                }
                Some(Step::Event(event)) => Ok(event),
                Some(Step::Error(kind, message)) => Err(self.model.error(kind, message)),
                None => Err(self.model.error(ModelErrorKind::Truncated, "the script ended")),
            };
            self.ended = matches!(item, Ok(StreamEvent::Finished(_)) | Err(_));
            return Some(item);
        }
    }

    fn begin(&mut self, request: Request) {
        let mut script = self.model.script();
        script.requests.push(request);
        let none =
            || vec![Step::Error(ModelErrorKind::NoRecording, "the script has no reply left".to_owned())];
        self.steps = script.replies.pop_front().unwrap_or_else(none).into();
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        let was_asked = self.request.is_none();
        if was_asked && !self.ended {
            self.model.dropped.open();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> StreamEvent {
        StreamEvent::Text(text.to_owned())
    }

    fn request(system: &str) -> ModelRequest {
        ModelRequest::new(system, Vec::new())
    }

    #[tokio::test]
    async fn answers_in_order_and_records() {
        let model = Scripted::new("m").reply_text("one").reply([Step::text("two")]);
        let finished = StreamEvent::Finished(FinishReason::Stop);
        let unpolled = model.ask(request("never polled"));
        assert_eq!(model.ask(request("a")).collect::<Vec<_>>().await, [Ok(text("one")), Ok(finished)]);
        let second: Vec<_> = model.ask(request("b")).collect().await;
        assert_eq!(second[0], Ok(text("two")));
        assert_eq!(second[1].as_ref().expect_err("an error").kind, ModelErrorKind::Truncated);
        let third: Vec<_> = model.ask(request("c")).collect().await;
        assert_eq!(third[0].as_ref().expect_err("an error").kind, ModelErrorKind::NoRecording);
        assert_eq!(third.len(), 1);
        drop(unpolled);
        assert!(!model.dropped().is_open());
        assert_eq!(model.requests(), [request("a"), request("b"), request("c")]);
    }

    #[tokio::test]
    async fn waits_at_gates_and_tells_of_a_drop() {
        let gate = Gate::default();
        let model = Scripted::new("m").reply([Step::text("a"), Step::Wait(gate.clone()), Step::text("b")]);
        let mut reply = model.ask(request(""));
        assert_eq!(reply.next().await, Some(Ok(text("a"))));
        let (piece, ()) = futures::join!(reply.next(), async {
            gate.reached().await;
            gate.open();
        });
        assert_eq!(piece, Some(Ok(text("b"))));
        drop(reply);
        model.dropped().passed().await;
    }
}
