//! Who may go at once, in which order, and how fast.

use std::sync::Mutex;

use super::*;
use crate::model::{Api, Outgoing, ProviderLimits, ProviderSettings};

/// A provider that counts who is there; each answer takes a second.
#[derive(Clone)]
struct Counting {
    provider: ProviderSettings,
    settings: ModelSettings,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Default)]
struct Seen {
    at_once: usize,
    most: usize,
    order: Vec<String>,
    begun: Vec<Instant>,
}

struct Present(Arc<Mutex<Seen>>);

impl Drop for Present {
    fn drop(&mut self) {
        self.0.lock().unwrap().at_once -= 1;
    }
}

impl Counting {
    fn new(limits: ProviderLimits) -> Self {
        let provider = ProviderSettings { limits, ..ProviderSettings::new("p", Api::Replay, "") };
        let settings = ModelSettings { max_output: 100, ..ModelSettings::new("m", "p", "m") };
        Self { provider, settings, seen: Arc::default() }
    }

    fn bench(&self) -> Bench {
        Bench::over(no_cache(), vec![Arc::new(self.clone())], None, "s")
    }
}

impl Upstream for Counting {
    fn provider(&self) -> &ProviderSettings {
        &self.provider
    }

    fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    fn send(&self, request: Outgoing) -> ReplyStream {
        let crate::model::Request::Chat(chat) = request.request().clone() else { unreachable!() };
        let present = {
            let mut seen = self.seen.lock().unwrap();
            seen.at_once += 1;
            seen.most = seen.most.max(seen.at_once);
            seen.order.push(chat.messages[0].text.clone());
            seen.begun.push(Instant::now());
            Present(Arc::clone(&self.seen))
        };
        let first = futures::stream::once(async move {
            let _present = present;
            tokio::time::sleep(Duration::from_secs(1)).await;
            Ok(text("a"))
        });
        let rest = [
            StreamEvent::Usage(Usage { input: 5, output: 5, ..Usage::default() }),
            StreamEvent::Finished(crate::model::FinishReason::Stop),
        ];
        first.chain(futures::stream::iter(rest.map(Ok))).boxed()
    }
}

async fn join_numbered(bench: &Bench, n: usize) -> Vec<Option<ModelErrorKind>> {
    let asked: Vec<_> = (0..n).map(|n| n.to_string()).collect();
    futures::future::join_all(asked.iter().map(|text| bench.kind("m", text))).await
}

#[tokio::test(start_paused = true)]
async fn two_hundred_pass_in_order_and_never_more_than_may() {
    let limits = ProviderLimits { concurrent: 7, ..ProviderLimits::default() };
    let provider = Counting::new(limits);
    let bench = provider.bench();
    let began = Instant::now();
    let kinds = join_numbered(&bench, 200).await;
    assert!(kinds.iter().all(Option::is_none));
    let seen = provider.seen.lock().unwrap();
    assert_eq!((seen.most, seen.at_once), (7, 0));
    assert_eq!(seen.order, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
    assert_eq!(began.elapsed().as_secs(), 200_u64.div_ceil(7), "no place is left empty");
    let health = bench.gateway.health();
    assert_eq!((health.providers[0].in_flight, health.providers[0].waiting), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_leaves_frees_its_place_wherever_it_stood() {
    let limits = ProviderLimits { concurrent: 1, ..ProviderLimits::default() };
    let provider = Counting::new(limits);
    let bench = provider.bench();
    let mut streams = Vec::new();
    for n in 0..4 {
        let mut stream = bench.stream("m", &n.to_string()).await;
        assert!(futures::poll!(stream.next()).is_pending());
        streams.push(stream);
    }
    let health = bench.gateway.health();
    assert_eq!((health.providers[0].in_flight, health.providers[0].waiting), (1, 3));
    let last = streams.pop().unwrap();
    drop(streams.remove(1)); // In the queue.
    drop(streams.remove(0)); // Under way.
    drop(streams.pop()); // Just let in, and not yet gone.
    last.collect::<Vec<_>>().await;
    assert_eq!(provider.seen.lock().unwrap().order, ["0", "3"]);
    use RequestEnd::{Cancelled, Complete};
    assert_eq!(bench.ends(), [Cancelled, Cancelled, Cancelled, Complete]);
    assert_eq!(bench.ledger.records()[0].usage, Usage::default(), "nothing was sent");
}

#[tokio::test(start_paused = true)]
async fn requests_keep_to_the_rate_in_order() {
    let limits = ProviderLimits { requests_per_minute: Some(60), ..ProviderLimits::default() };
    let provider = Counting::new(limits);
    let bench = provider.bench();
    join_numbered(&bench, 90).await;
    let seen = provider.seen.lock().unwrap();
    assert_eq!(seen.order, (0..90).map(|n| n.to_string()).collect::<Vec<_>>());
    // The bucket of 60 at once (16 at a time), and then one a second.
    let after = |n: usize| (seen.begun[n] - seen.begun[0]).as_secs();
    assert!(after(59) < 4);
    assert!((27..=31).contains(&after(89)), "{}", after(89));
}

#[tokio::test(start_paused = true)]
async fn tokens_that_were_not_needed_come_back() {
    // Each request may take about 103 tokens and takes 10.
    let limits = ProviderLimits { tokens_per_minute: Some(120), ..ProviderLimits::default() };
    let provider = Counting::new(limits);
    let bench = provider.bench();
    let began = Instant::now();
    join_numbered(&bench, 3).await;
    assert!(began.elapsed() < Duration::from_secs(15), "{:?}", began.elapsed());
    assert_eq!(provider.seen.lock().unwrap().most, 1, "two at once could take more than there is");
}

#[tokio::test(start_paused = true)]
async fn who_leaves_the_queue_for_the_rate_lets_the_next_one_move_up() {
    let limits = ProviderLimits { requests_per_minute: Some(1), ..ProviderLimits::default() };
    let provider = Counting::new(limits);
    let bench = provider.bench();
    bench.ask("m", "0").await.unwrap();
    let mut waits = bench.stream("m", "1").await;
    assert!(futures::poll!(waits.next()).is_pending());
    drop(waits);
    let began = Instant::now();
    bench.ask("m", "2").await.unwrap();
    assert!(began.elapsed() <= Duration::from_secs(61));
    assert_eq!(provider.seen.lock().unwrap().order, ["0", "2"]);
}
