//! One request from the question to its end: what it reserved, what was seen of its answer, and at the end one entry in
//! every book. An account that is dropped before the end was cancelled, and says so.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::Instant;

use super::lane::{Lane, Place};
use super::{Shared, lock};
use crate::model::routing::breaker::Permit;
use crate::model::routing::spending::{Amount, Reservation};
use crate::model::routing::{TokenRatio, tokens};
use crate::model::{
    CacheKey, FinishReason, ModelError, ModelSettings, Outgoing, Role, StreamEvent, Upstream, Usage,
};
use crate::ports::metrics::catalogue::{FIRST_TOKEN, REQUEST_TIME, REQUESTS, TOKENS, Tokens};
use crate::ports::{ModelHealth, RequestEnd, Spent, StoredReply, UsageRecord};

/// What is counted of one model.
pub(super) struct Tally {
    provider: String,
    counted: Mutex<Counted>,
}

#[derive(Default)]
struct Counted {
    ratio: TokenRatio,
    requests: u64,
    failed: u64,
    cached: u64,
    spent: Spent,
}

impl Tally {
    pub(super) fn new(settings: &ModelSettings) -> Self {
        Self { provider: settings.provider.clone(), counted: Mutex::default() }
    }

    pub(super) fn estimate(&self, bytes: u64) -> u64 {
        lock(&self.counted).ratio.estimate(bytes)
    }

    pub(super) fn health(&self, name: &str) -> ModelHealth {
        let counted = lock(&self.counted);
        ModelHealth {
            name: name.to_owned(),
            provider: self.provider.clone(),
            requests: counted.requests,
            failed: counted.failed,
            cached: counted.cached,
            spent: counted.spent,
        }
    }
}

/// The account of one request.
pub(super) struct Account {
    pub(super) shared: Arc<Shared>,
    pub(super) upstream: Arc<dyn Upstream>,
    pub(super) lane: Arc<Lane>,
    pub(super) tally: Arc<Tally>,
    pub(super) role: Role,
    /// Bytes of the request, and the tokens they are thought to be.
    pub(super) read: (u64, u64),
    pub(super) reservation: Option<Reservation>,
    pub(super) place: Option<Place>,
    sent: Option<Sent>,
    ended: bool,
}

/// What is known of a request since it was sent.
struct Sent {
    at: Instant,
    permit: Permit,
    /// Until the first piece of the answer.
    first: Option<Duration>,
    /// Bytes of the answer.
    written: u64,
    usage: Option<Usage>,
    /// Under what a complete answer is kept.
    key: Option<CacheKey>,
    /// The request, when it is recorded.
    recorded: Option<Outgoing>,
    /// The answer so far, when anyone wants it.
    events: Option<Vec<StreamEvent>>,
}

/// Answers above this many bytes are not kept.
const LARGEST_KEPT: u64 = 1 << 20;

impl Account {
    pub(super) fn new(
        shared: &Arc<Shared>,
        upstream: &Arc<dyn Upstream>,
        lane: &Arc<Lane>,
        tally: &Arc<Tally>,
        role: Role,
    ) -> Self {
        Self {
            shared: Arc::clone(shared),
            upstream: Arc::clone(upstream),
            lane: Arc::clone(lane),
            tally: Arc::clone(tally),
            role,
            read: (0, 0),
            reservation: None,
            place: None,
            sent: None,
            ended: false,
        }
    }

    /// The request goes out now.
    pub(super) fn sent(&mut self, permit: Permit, key: Option<CacheKey>, outgoing: &Outgoing) {
        let recorded = self.shared.books.recorder.is_some().then(|| outgoing.clone());
        let wanted = recorded.is_some() || key.is_some();
        self.sent = Some(Sent {
            at: Instant::now(),
            permit,
            first: None,
            written: 0,
            usage: None,
            key,
            recorded,
            events: wanted.then(Vec::new),
        });
    }

    /// Takes in the next event of the answer; ends with the terminal one.
    pub(super) fn saw(&mut self, event: &StreamEvent) {
        let Some(sent) = &mut self.sent else { return };
        sent.saw(event);
        if let StreamEvent::Finished(reason) = event {
            self.end(RequestEnd::Complete, None, Some(reason));
        }
    }

    /// The answer came from the cache.
    pub(super) fn cached(mut self) {
        self.end(RequestEnd::Cached, None, None);
    }

    /// Ends with an error.
    pub(super) fn failed(&mut self, error: &ModelError) {
        self.end(RequestEnd::Failed(error.kind), Some(error), None);
    }

    fn end(&mut self, end: RequestEnd, error: Option<&ModelError>, reason: Option<&FinishReason>) {
        if std::mem::replace(&mut self.ended, true) {
            return;
        }
        let sent = self.sent.take();
        let (usage, estimated) = self.usage(sent.as_ref(), end);
        let cost = self.upstream.settings().price.as_ref().map(|price| price.of(&usage));
        let settings = self.upstream.settings();
        let record = UsageRecord {
            session: self.shared.session.clone(),
            role: self.role,
            provider: settings.provider.clone(),
            model: settings.name.clone(),
            end,
            usage,
            estimated,
            cost,
            first_token: sent.as_ref().and_then(|sent| sent.first),
            total: sent.as_ref().map(|sent| sent.at.elapsed()).unwrap_or_default(),
        };
        let spent = record.spent();
        measure(&record, sent.is_some());
        self.count(end, sent.as_ref(), spent);
        // First the ledger, then the reservation: in between it counts twice, never not at all.
        self.shared.books.ledger.record(record);
        if let Some(reservation) = self.reservation.take() {
            let real = Amount { cost: spent.cost, tokens: spent.tokens };
            lock(&self.shared.books.spending).settle(&reservation, real);
        }
        let now = self.shared.now();
        if let Some(place) = self.place.take() {
            self.lane.leave(now, place, sent.is_some().then_some(spent.tokens));
        }
        if let Some(sent) = sent {
            self.hand_over(sent, now, end, error, reason);
        }
    }

    /// What was used, and whether that is an estimate.
    fn usage(&self, sent: Option<&Sent>, end: RequestEnd) -> (Usage, bool) {
        let Some(sent) = sent else { return (Usage::default(), false) };
        let nothing_came = sent.first.is_none() && sent.usage.is_none();
        match (end, sent.usage) {
            (RequestEnd::Complete, Some(usage)) => (usage, false),
            (RequestEnd::Failed(_), None) if nothing_came => (Usage::default(), false),
            (_, reported) => {
                (tokens::of_a_part(reported, self.read.1, self.tally.estimate(sent.written)), true)
            }
        }
    }

    fn count(&self, end: RequestEnd, sent: Option<&Sent>, spent: Spent) {
        let mut counted = lock(&self.tally.counted);
        counted.requests += u64::from(sent.is_some());
        counted.cached += u64::from(end == RequestEnd::Cached);
        counted.failed += u64::from(sent.is_some() && matches!(end, RequestEnd::Failed(_)));
        counted.spent += spent;
        if let (RequestEnd::Complete, Some(usage)) = (end, sent.and_then(|sent| sent.usage)) {
            counted.ratio.learn(self.read.0, usage.read());
        }
    }

    /// Gives everyone else what the request leaves behind.
    fn hand_over(
        &self,
        sent: Sent,
        now: Duration,
        end: RequestEnd,
        error: Option<&ModelError>,
        reason: Option<&FinishReason>,
    ) {
        let result = match (end, error) {
            (RequestEnd::Complete, _) => Some(Ok(())),
            (_, Some(error)) => Some(Err(error)),
            _ => None,
        };
        self.lane.ended(now, sent.permit, result);
        let Some(events) = sent.events else { return };
        if let (Some(recorder), Some(request)) = (&self.shared.books.recorder, &sent.recorded)
            && end != RequestEnd::Cancelled
        {
            recorder.record(request, &events, error);
        }
        let complete = matches!(reason, Some(FinishReason::Stop | FinishReason::Tools));
        if let (Some(kept), Some(key)) = (&self.shared.kept, sent.key)
            && complete
            && says_something(&events)
            && sent.written <= LARGEST_KEPT
        {
            // Nothing will be used when it is given again.
            let events = events.into_iter().filter(|event| !matches!(event, StreamEvent::Usage(_))).collect();
            kept.put(key, StoredReply { events });
        }
    }
}

/// Counts the request among all of this process.
fn measure(record: &UsageRecord, was_sent: bool) {
    REQUESTS.count(record.end);
    TOKENS.add(Tokens::Read, record.usage.read());
    TOKENS.add(Tokens::Written, record.usage.output);
    if was_sent {
        REQUEST_TIME.observe(record.total);
    }
    if let Some(first) = record.first_token {
        FIRST_TOKEN.observe(first);
    }
}

impl Drop for Account {
    fn drop(&mut self) {
        self.end(RequestEnd::Cancelled, None, None);
    }
}

impl Sent {
    fn saw(&mut self, event: &StreamEvent) {
        let n_bytes = match event {
            StreamEvent::Text(text) | StreamEvent::Reasoning(text) => text.len(),
            StreamEvent::CallBegun { name, .. } => name.len(),
            StreamEvent::CallArguments { json, .. } => json.len(),
            StreamEvent::Usage(usage) => {
                self.usage = Some(*usage);
                0
            }
            StreamEvent::Cached | StreamEvent::Keep(_) | StreamEvent::Finished(_) => 0,
        };
        if n_bytes > 0 && self.first.is_none() {
            self.first = Some(self.at.elapsed());
        }
        self.written += n_bytes as u64;
        self.keep(event);
    }

    /// Pieces of the same kind become one, unless somebody wants to see them as they came.
    fn keep(&mut self, event: &StreamEvent) {
        let exact = self.recorded.is_some();
        if !exact && self.written > LARGEST_KEPT {
            self.events = None;
        }
        let Some(events) = &mut self.events else { return };
        match (events.last_mut(), event) {
            (Some(StreamEvent::Text(last)), StreamEvent::Text(more))
            | (Some(StreamEvent::Reasoning(last)), StreamEvent::Reasoning(more))
                if !exact =>
            {
                last.push_str(more);
            }
            (
                Some(StreamEvent::CallArguments { index: last_index, json: last }),
                StreamEvent::CallArguments { index, json },
            ) if !exact && last_index == index => last.push_str(json),
            _ => events.push(event.clone()),
        }
    }
}

/// An empty answer is complete too, but nobody wants it twice.
fn says_something(events: &[StreamEvent]) -> bool {
    events.iter().any(|event| match event {
        StreamEvent::Text(text) => !text.trim().is_empty(),
        StreamEvent::CallBegun { .. } => true,
        _ => false,
    })
}
