//! A model behind the gateway: filter → cache → breaker → budget → queue → provider, and then the answer as it comes.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use futures::{FutureExt as _, Stream, StreamExt as _, stream};

use super::account::{Account, Tally};
use super::lane::Lane;
use super::{Shared, lock};
use crate::model::routing::breaker::{Resting, State};
use crate::model::routing::spending::{Amount, Reservation};
use crate::model::routing::tokens;
use crate::model::{
    Api, CacheKey, FillRequest, Model, ModelError, ModelErrorKind, ModelRequest, ModelSettings, Outgoing,
    ReplyStream, Request, Role, StreamEvent, Upstream,
};
use crate::ports::StoredReply;

/// A model behind the gateway.
#[derive(Clone)]
pub(super) struct Guarded {
    pub(super) shared: Arc<Shared>,
    pub(super) upstream: Arc<dyn Upstream>,
    pub(super) lane: Arc<Lane>,
    pub(super) tally: Arc<Tally>,
    pub(super) role: Role,
    /// Whether no other provider stands behind this role: then it is asked although it fails.
    pub(super) alone: bool,
}

impl Model for Guarded {
    fn name(&self) -> &str {
        &self.upstream.settings().name
    }

    fn settings(&self) -> &ModelSettings {
        self.upstream.settings()
    }

    fn ask(&self, request: ModelRequest) -> ReplyStream {
        self.answer(Request::Chat(request))
    }

    fn fill(&self, request: FillRequest) -> ReplyStream {
        self.answer(Request::Fill(request))
    }

    fn cache_key(&self, outgoing: &Outgoing) -> Option<CacheKey> {
        self.shared.kept.as_ref()?;
        // A recording is at hand anyway, and may have changed.
        if self.upstream.provider().api == Api::Replay {
            return None;
        }
        Some(CacheKey::of(self.upstream.provider(), self.upstream.settings(), outgoing.request()))
    }
}

/// What a request comes to that was let through.
enum Answer {
    Kept(Arc<StoredReply>),
    Asked(ReplyStream),
}

impl Guarded {
    fn answer(&self, request: Request) -> ReplyStream {
        self.clone().begin(request).flatten_stream().boxed()
    }

    async fn begin(self, request: Request) -> ReplyStream {
        let mut account = Account::new(&self.shared, &self.upstream, &self.lane, &self.tally, self.role);
        match self.admit(&mut account, request).await {
            Ok(Answer::Kept(reply)) => {
                account.cached();
                replay(&reply)
            }
            Ok(Answer::Asked(reply)) => Observed { reply: Some(reply), account }.boxed(),
            Err(error) => {
                account.failed(&error);
                stream::iter([Err(error)]).boxed()
            }
        }
    }

    async fn admit(&self, account: &mut Account, request: Request) -> Result<Answer, ModelError> {
        let outgoing = self
            .shared
            .filter
            .pass(request)
            .map_err(|withheld| self.error(withheld.kind, withheld.message))?;
        let key = self.cache_key(&outgoing);
        if let (Some(kept), Some(key)) = (&self.shared.kept, key)
            && let Some(reply) = kept.get(key).await
        {
            // What is recorded to be looked at must be there, whoever gave it.
            if let Some(recorder) = &self.shared.books.recorder {
                recorder.record(&outgoing, &reply.events, None);
            }
            return Ok(Answer::Kept(reply));
        }
        if let State::Open(left) = self.lane.state(self.shared.now(), self.alone) {
            return Err(self.rests(Resting(left)));
        }
        let n_bytes = tokens::bytes_of(outgoing.request());
        account.read = (n_bytes, self.tally.estimate(n_bytes));
        let worst = self.worst(account.read.1, outgoing.request());
        account.reservation = Some(self.reserve(worst).await?);
        account.place = Some(self.lane.enter(&self.shared, worst.tokens).await);
        // Asked for last: it may have begun to rest while this waited, and a probe must not wait.
        let permit =
            self.lane.permit(self.shared.now(), self.alone).map_err(|resting| self.rests(resting))?;
        account.sent(permit, key, &outgoing);
        Ok(Answer::Asked(self.upstream.send(outgoing)))
    }

    fn worst(&self, read: u64, request: &Request) -> Amount {
        let settings = self.upstream.settings();
        let most = match request {
            Request::Chat(_) => settings.max_output,
            Request::Fill(fill) => fill.max_output.min(settings.max_output),
        };
        Amount::worst(settings, read, u64::from(most))
    }

    async fn reserve(&self, worst: Amount) -> Result<Reservation, ModelError> {
        let (mark, needs_today) = {
            let spending = lock(&self.shared.books.spending);
            (spending.mark(), spending.needs_today())
        };
        let today = if needs_today {
            let today = self.shared.books.ledger.spent_today().await;
            Amount { cost: today.cost, tokens: today.tokens }
        } else {
            Amount::default()
        };
        lock(&self.shared.books.spending)
            .reserve(worst, today, mark)
            .map_err(|exceeded| self.error(ModelErrorKind::Budget, exceeded.to_string()))
    }

    fn error(&self, kind: ModelErrorKind, message: impl Into<String>) -> ModelError {
        let settings = self.upstream.settings();
        ModelError::new(kind, &settings.provider, &settings.name, message)
    }

    fn rests(&self, Resting(left): Resting) -> ModelError {
        ModelError { retry_after: Some(left), ..self.error(ModelErrorKind::Resting, self.lane.why()) }
    }
}

/// A kept answer, which says of itself that it is one.
fn replay(reply: &StoredReply) -> ReplyStream {
    let events = std::iter::once(StreamEvent::Cached).chain(reply.events.iter().cloned());
    stream::iter(events.map(Ok).collect::<Vec<_>>()).boxed()
}

/// An answer on its way to the asker: each event is looked at and handed on at once.
struct Observed {
    /// Dropped at the end of the answer, and the connection with it.
    reply: Option<ReplyStream>,
    account: Account,
}

impl Stream for Observed {
    type Item = Result<StreamEvent, ModelError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        let Some(reply) = &mut this.reply else { return Poll::Ready(None) };
        let item = match ready!(reply.as_mut().poll_next(context)) {
            Some(item) => item,
            None => Err(ModelError::truncated(this.account.upstream.settings())),
        };
        match &item {
            Ok(event) => this.account.saw(event),
            Err(error) => this.account.failed(error),
        }
        if matches!(item, Ok(StreamEvent::Finished(_)) | Err(_)) {
            this.reply = None;
        }
        Poll::Ready(Some(item))
    }
}
