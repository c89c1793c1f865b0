//! The gateway over scripted providers and a clock that only moves when everybody waits.

mod books;
mod queue;
mod rest;

use std::collections::BTreeMap;
use std::time::Duration;

use futures::StreamExt as _;
use futures::future::ready;

use super::*;
use crate::model::scripted::{Gate, Scripted, Step};
use crate::model::{
    Message, ModelError, ModelErrorKind, ModelRequest, ModelSettings, Money, Price, ReplyStream, StreamEvent,
    Usage,
};
use crate::ports::{MemoryLedger, MemoryStore, RequestEnd};

/// A model called `name` of `provider`.
fn model(name: &str, provider: &str) -> Scripted {
    Scripted::with_settings(ModelSettings::new(name, provider, name))
}

struct Source(Vec<Arc<dyn Upstream>>);

impl UpstreamSource for Source {
    fn upstreams(&self, _role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Upstream>>, Problem>> {
        Box::pin(ready(Ok(self.0.clone())))
    }
}

/// A gateway and its books.
struct Bench {
    books: Books,
    gateway: Gateway,
    ledger: Arc<MemoryLedger>,
}

fn no_cache() -> Policy {
    Policy { cache: CacheSettings { enabled: false, ..CacheSettings::default() }, ..Policy::default() }
}

impl Bench {
    fn new(policy: Policy, models: &[&Scripted]) -> Self {
        let upstreams = models.iter().map(|model| Arc::new((*model).clone()) as Arc<dyn Upstream>).collect();
        Self::over(policy, upstreams, None, "session")
    }

    fn over(
        policy: Policy,
        upstreams: Vec<Arc<dyn Upstream>>,
        responses: Option<Arc<dyn ResponseStore>>,
        session: &str,
    ) -> Self {
        let ledger = Arc::new(MemoryLedger::default());
        let books = Books {
            ledger: Arc::clone(&ledger) as Arc<dyn Ledger>,
            responses,
            recorder: None,
            spending: Arc::default(),
        };
        let source = Arc::new(Source(upstreams));
        let filter = OutgoingFilter::default();
        let gateway = Gateway::new(source, filter, policy, session.to_owned(), books.clone());
        Self { books, gateway, ledger }
    }

    async fn models(&self) -> Vec<Arc<dyn Model>> {
        self.gateway.models(Role::Edit).await.unwrap()
    }

    async fn names(&self) -> Vec<String> {
        self.models().await.iter().map(|model| model.name().to_owned()).collect()
    }

    /// Asks the model called `name`, without polling the answer.
    async fn stream(&self, name: &str, text: &str) -> ReplyStream {
        let models = self.models().await;
        models.iter().find(|model| model.name() == name).unwrap().ask(request(text))
    }

    /// Asks the model called `name` and reads to the end.
    async fn ask(&self, name: &str, text: &str) -> Result<Vec<StreamEvent>, ModelError> {
        self.stream(name, text).await.collect::<Vec<_>>().await.into_iter().collect()
    }

    async fn kind(&self, name: &str, text: &str) -> Option<ModelErrorKind> {
        self.ask(name, text).await.err().map(|error| error.kind)
    }

    fn ends(&self) -> Vec<RequestEnd> {
        self.ledger.records().iter().map(|record| record.end).collect()
    }
}

fn request(text: &str) -> ModelRequest {
    ModelRequest::new("system", vec![Message::user(text)])
}

fn text(text: &str) -> StreamEvent {
    StreamEvent::Text(text.to_owned())
}

fn usage(input: u64, output: u64) -> Step {
    Step::Event(StreamEvent::Usage(Usage { input, output, ..Usage::default() }))
}

fn fails(kind: ModelErrorKind) -> [Step; 1] {
    [Step::Error(kind, "it said so".to_owned())]
}
