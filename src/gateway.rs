//! What stands between the pipelines and the providers: the outgoing filter, the cache, budgets, queues, breakers and
//! the account. Every request passes it; there is no other way to an [`Upstream`].
//!
//! No I/O of its own: providers, the ledger and the stores are ports.

use std::sync::Arc;

use futures::StreamExt as _;
use futures::future::BoxFuture;

use crate::model::{
    FillRequest, Model, ModelError, ModelRequest, ModelSettings, OutgoingFilter, ReplyStream, Request, Role,
    Upstream,
};
use crate::ports::{ModelSource, UpstreamSource};
use crate::problem::Problem;

/// The way to the models.
pub struct Gateway {
    upstreams: Arc<dyn UpstreamSource>,
    filter: Arc<OutgoingFilter>,
}

impl Gateway {
    /// Creates it over the models of `upstreams`.
    pub fn new(upstreams: Arc<dyn UpstreamSource>, filter: OutgoingFilter) -> Self {
        Self { upstreams, filter: Arc::new(filter) }
    }
}

impl ModelSource for Gateway {
    fn models(&self, role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Model>>, Problem>> {
        Box::pin(async move {
            let upstreams = self.upstreams.upstreams(role).await?;
            let guarded = |upstream| Guarded { upstream, filter: Arc::clone(&self.filter) };
            Ok(upstreams.into_iter().map(|upstream| Arc::new(guarded(upstream)) as Arc<dyn Model>).collect())
        })
    }
}

/// A model behind the gateway.
struct Guarded {
    upstream: Arc<dyn Upstream>,
    filter: Arc<OutgoingFilter>,
}

impl Guarded {
    fn send(&self, request: Request) -> ReplyStream {
        match self.filter.pass(request) {
            Ok(outgoing) => self.upstream.send(outgoing),
            Err(withheld) => {
                let settings = self.upstream.settings();
                let error =
                    ModelError::new(withheld.kind, &settings.provider, &settings.name, withheld.message);
                futures::stream::iter([Err(error)]).boxed()
            }
        }
    }
}

impl Model for Guarded {
    fn name(&self) -> &str {
        &self.upstream.settings().name
    }

    fn settings(&self) -> &ModelSettings {
        self.upstream.settings()
    }

    fn ask(&self, request: ModelRequest) -> ReplyStream {
        self.send(Request::Chat(request))
    }

    fn fill(&self, request: FillRequest) -> ReplyStream {
        self.send(Request::Fill(request))
    }
}
