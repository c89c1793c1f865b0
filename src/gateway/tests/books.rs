//! The cache, budgets and the account.

use std::sync::Mutex;

use super::*;
use crate::model::{FillRequest, FinishReason, Outgoing, Request};

fn is_cached(answer: &[StreamEvent]) -> bool {
    answer.first() == Some(&StreamEvent::Cached)
}

#[tokio::test(start_paused = true)]
async fn a_complete_answer_is_given_again_and_says_so() {
    let model = model("m", "p").reply([
        Step::Event(StreamEvent::Reasoning("hm".to_owned())),
        Step::text("a"),
        Step::text("b"),
        usage(10, 2),
        Step::finish(),
    ]);
    let bench = Bench::new(Policy::default(), &[&model]);
    assert!(!is_cached(&bench.ask("m", "x").await.unwrap()));
    let expected = [
        StreamEvent::Cached,
        StreamEvent::Reasoning("hm".to_owned()),
        text("ab"),
        StreamEvent::Finished(FinishReason::Stop),
    ];
    assert_eq!(bench.ask("m", "x").await.unwrap(), expected);
    assert_eq!(model.requests().len(), 1);
    assert_eq!(bench.kind("m", "y").await, Some(ModelErrorKind::NoRecording), "another request is asked");
    let health = bench.gateway.health();
    assert_eq!((health.cache.hits, health.cache.misses, health.cache.entries), (1, 2, 1));
    assert_eq!((health.models[0].requests, health.models[0].cached), (2, 1));
    assert_eq!(health.spent.tokens, 12, "what is given again costs nothing");
}

#[tokio::test(start_paused = true)]
async fn answers_grow_old_and_can_be_forgotten() {
    let model = model("m", "p").reply_text("1").reply_text("2").reply_text("3");
    let bench = Bench::new(Policy::default(), &[&model]);
    bench.ask("m", "x").await.unwrap();
    tokio::time::advance(Duration::from_secs(3599)).await;
    assert!(is_cached(&bench.ask("m", "x").await.unwrap()));
    tokio::time::advance(Duration::from_secs(1)).await;
    assert_eq!(bench.ask("m", "x").await.unwrap()[0], text("2"));
    let key = bench.models().await[0].cache_key(&outgoing("x")).unwrap();
    bench.gateway.forget(key);
    assert_eq!(bench.ask("m", "x").await.unwrap()[0], text("3"));
}

#[tokio::test(start_paused = true)]
async fn only_what_is_complete_and_says_something_is_kept() {
    let cut = [Step::text("a"), Step::Event(StreamEvent::Finished(FinishReason::Length))];
    let model = model("m", "p")
        .reply(cut)
        .reply([Step::text("a"), Step::Error(ModelErrorKind::Network, String::new())])
        .reply([Step::text("a")])
        .reply([Step::finish()])
        .reply([Step::text("a"), Step::Event(StreamEvent::Finished(FinishReason::Filtered))]);
    let bench = Bench::new(Policy::default(), &[&model]);
    for _ in 0..5 {
        let _ = bench.ask("m", "x").await;
    }
    assert_eq!(model.requests().len(), 5);
    let gate = Gate::default();
    model.push([Step::text("a"), Step::Wait(gate)]);
    let mut left = bench.stream("m", "x").await;
    left.next().await;
    drop(left);
    model.push([Step::text("whole"), Step::finish()]);
    assert_eq!(bench.ask("m", "x").await.unwrap()[0], text("whole"));
}

#[tokio::test(start_paused = true)]
async fn memory_is_bounded_and_the_store_is_asked_behind_it() {
    let model = model("m", "p");
    let store = Arc::new(MemoryStore::default());
    let policy = Policy {
        cache: CacheSettings { memory_bytes: 10_000, ..CacheSettings::default() },
        ..Policy::default()
    };
    let upstream = Arc::new(model.clone()) as Arc<dyn Upstream>;
    let responses = Arc::clone(&store) as Arc<dyn ResponseStore>;
    let bench = Bench::over(policy, vec![upstream], Some(responses), "s");
    for n in 0..50 {
        model.push([Step::text("x".repeat(1000)), Step::finish()]);
        bench.ask("m", &n.to_string()).await.unwrap();
    }
    let held = bench.gateway.health().cache;
    assert!(held.bytes <= 10_000 && held.entries < 10, "{held:?}");
    for n in 0..50 {
        assert!(is_cached(&bench.ask("m", &n.to_string()).await.unwrap()), "the store has it");
    }
    let key = bench.models().await[0].cache_key(&outgoing("0")).unwrap();
    bench.gateway.forget(key);
    assert_eq!(store.get(key).await, None);
    assert_eq!(bench.kind("m", "0").await, Some(ModelErrorKind::NoRecording));
}

#[tokio::test(start_paused = true)]
async fn a_cache_that_is_off_keeps_nothing() {
    let model = model("m", "p").reply_text("1").reply_text("2");
    let bench = Bench::new(no_cache(), &[&model]);
    bench.ask("m", "x").await.unwrap();
    assert_eq!(bench.ask("m", "x").await.unwrap()[0], text("2"));
    assert_eq!(bench.models().await[0].cache_key(&outgoing("x")), None);
}

fn outgoing(text: &str) -> Outgoing {
    OutgoingFilter::default().pass(Request::Chat(request(text))).unwrap()
}

fn priced(name: &str) -> Scripted {
    let price = Price { input: 0, output: 1_000_000, ..Price::default() };
    Scripted::with_settings(ModelSettings {
        price: Some(price),
        max_output: 10,
        ..ModelSettings::new(name, "p", name)
    })
}

#[tokio::test(start_paused = true)]
async fn every_end_has_its_row() {
    let model = priced("m")
        .reply([Step::text("abcd"), usage(7, 3), Step::finish()])
        .reply([Step::text("12345678"), Step::finish()])
        .reply(fails(ModelErrorKind::Server))
        .reply([Step::text("1234"), Step::Error(ModelErrorKind::Stalled, String::new())])
        .reply([Step::text("12345678"), Step::Wait(Gate::default())]);
    let bench = Bench::new(Policy::default(), &[&model]);
    for text in ["reported", "estimated", "failed", "stalled"] {
        let _ = bench.ask("m", text).await;
    }
    let _ = bench.ask("m", "reported").await;
    let mut left = bench.stream("m", "left").await;
    left.next().await;
    drop(left);
    drop(bench.stream("m", "never polled").await);
    let rows: Vec<_> = bench
        .ledger
        .records()
        .into_iter()
        .map(|row| (row.end, row.usage.input, row.usage.output, row.estimated, row.cost.unwrap().0))
        .collect();
    let failed = RequestEnd::Failed;
    assert_eq!(
        rows,
        [
            (RequestEnd::Complete, 7, 3, false, 3_000_000),
            (RequestEnd::Complete, 4, 2, true, 2_000_000),
            (failed(ModelErrorKind::Server), 0, 0, false, 0),
            (failed(ModelErrorKind::Stalled), 4, 1, true, 1_000_000),
            (RequestEnd::Cached, 0, 0, false, 0),
            (RequestEnd::Cancelled, 3, 2, true, 2_000_000),
        ]
    );
    assert_eq!(bench.gateway.health().spent.cost, Money(8_000_000));
}

#[tokio::test(start_paused = true)]
async fn times_are_measured_from_the_sending() {
    let (first, last) = (Gate::default(), Gate::default());
    let steps = [Step::Wait(first.clone()), Step::text("a"), Step::Wait(last.clone()), Step::finish()];
    let model = model("m", "p").reply(steps);
    let bench = Bench::new(Policy::default(), &[&model]);
    let stream = bench.stream("m", "x").await;
    tokio::time::advance(Duration::from_secs(1)).await;
    futures::join!(stream.collect::<Vec<_>>(), async {
        first.reached().await;
        tokio::time::advance(Duration::from_secs(2)).await;
        first.open();
        last.reached().await;
        tokio::time::advance(Duration::from_secs(3)).await;
        last.open();
    });
    let row = bench.ledger.records().remove(0);
    assert_eq!((row.first_token, row.total), (Some(Duration::from_secs(2)), Duration::from_secs(5)));
}

#[tokio::test(start_paused = true)]
async fn a_budget_holds_for_all_that_run_at_once() {
    let model = priced("m");
    let budget = Budget { session: Some(Money(35_000_000)), ..Budget::default() };
    let bench = Bench::new(Policy { budget, ..no_cache() }, &[&model]);
    let gate = Gate::default();
    // Each may cost 10 million, so three of them are let in, and cost 5 million each.
    for _ in 0..3 {
        model.push([Step::Wait(gate.clone()), Step::text("a"), usage(1, 5), Step::finish()]);
    }
    let asked = (0..10).map(|n| {
        let bench = &bench;
        async move { bench.kind("m", &n.to_string()).await }
    });
    let (kinds, ()) = futures::join!(futures::future::join_all(asked), async {
        gate.reached().await;
        gate.open();
    });
    assert_eq!(kinds.iter().filter(|kind| kind.is_none()).count(), 3);
    assert_eq!(kinds.iter().filter(|kind| **kind == Some(ModelErrorKind::Budget)).count(), 7);
    assert_eq!(bench.gateway.health().spent.cost, Money(15_000_000));
    for _ in 0..2 {
        model.push([Step::text("a"), usage(1, 10), Step::finish()]);
        bench.ask("m", "again").await.unwrap();
    }
    assert_eq!(bench.kind("m", "once more").await, Some(ModelErrorKind::Budget), "35 million are spent");
}

/// As when the configuration changed while the program runs.
#[tokio::test(start_paused = true)]
async fn another_way_to_the_models_goes_on_with_the_account() {
    let model = priced("m");
    let policy =
        || Policy { budget: Budget { session: Some(Money(15_000_000)), ..Budget::default() }, ..no_cache() };
    let first = Bench::new(policy(), &[&model]);
    model.push([Step::text("a"), usage(1, 10), Step::finish()]);
    first.ask("m", "x").await.unwrap();
    let source = Arc::new(Source(vec![Arc::new(model.clone()) as Arc<dyn Upstream>]));
    let books = first.books.clone();
    let gateway = Gateway::new(source, OutgoingFilter::default(), policy(), "session".to_owned(), books);
    let second = Bench { gateway, ..first };
    assert_eq!(second.kind("m", "y").await, Some(ModelErrorKind::Budget));
}

#[tokio::test(start_paused = true)]
async fn the_day_is_that_of_all_sessions() {
    let model = priced("m").reply([Step::text("a"), usage(1, 1), Step::finish()]);
    let budget = Budget { day_tokens: Some(100), ..Budget::default() };
    let bench = Bench::new(Policy { budget, ..no_cache() }, &[&model]);
    bench.ask("m", "x").await.unwrap();
    let mut other = bench.ledger.records().remove(0);
    other.session = "another".to_owned();
    other.usage = Usage { input: 90, ..Usage::default() };
    bench.ledger.record(other);
    let error = bench.ask("m", "x").await.unwrap_err();
    assert_eq!(error.kind, ModelErrorKind::Budget);
    assert!(error.message.contains("of 100 for this day 92"), "{}", error.message);
}

#[tokio::test(start_paused = true)]
async fn estimates_follow_what_is_reported() {
    let model = priced("m").reply([Step::text("a"), usage(2000, 1), Step::finish()]);
    let budget = Budget { day_tokens: Some(3500), ..Budget::default() };
    let bench = Bench::new(Policy { budget, ..no_cache() }, &[&model]);
    let long = "x".repeat(4000);
    bench.ask("m", &long).await.unwrap();
    // 2002 of input by four bytes each; a fifth more after a report of twice as many. And 10 of output.
    let error = bench.ask("m", &long.repeat(2)).await.unwrap_err();
    assert!(error.message.contains("2410 tokens"), "{}", error.message);
}

/// What is recorded.
#[derive(Default)]
struct Recorded(Mutex<Vec<Exchange>>);

type Exchange = (Request, Vec<StreamEvent>, Option<ModelErrorKind>);

impl Recorder for Recorded {
    fn record(&self, request: &Outgoing, events: &[StreamEvent], error: Option<&ModelError>) {
        let entry = (request.request().clone(), events.to_vec(), error.map(|error| error.kind));
        self.0.lock().unwrap().push(entry);
    }
}

#[tokio::test(start_paused = true)]
async fn exchanges_are_recorded_as_they_came() {
    let model = model("m", "p")
        .reply([Step::text("a"), Step::text("b"), Step::finish()])
        .reply([Step::text("c"), Step::Error(ModelErrorKind::Network, String::new())]);
    let recorder = Arc::new(Recorded::default());
    let source = Arc::new(Source(vec![Arc::new(model.clone())]));
    let books = Books {
        ledger: Arc::new(MemoryLedger::default()),
        responses: None,
        recorder: Some(Arc::clone(&recorder) as Arc<dyn Recorder>),
        spending: Arc::default(),
    };
    let filter = OutgoingFilter::default();
    let gateway = Gateway::new(source, filter, Policy::default(), "s".to_owned(), books);
    let fill = FillRequest { prefix: "p".to_owned(), ..FillRequest::default() };
    let models = gateway.models(Role::Completion).await.unwrap();
    for _ in 0..2 {
        models[0].fill(fill.clone()).collect::<Vec<_>>().await;
    }
    models[0].ask(request("x")).collect::<Vec<_>>().await;
    let end = StreamEvent::Finished(FinishReason::Stop);
    assert_eq!(
        *recorder.0.lock().unwrap(),
        [
            (Request::Fill(fill.clone()), vec![text("a"), text("b"), end.clone()], None),
            (Request::Fill(fill), vec![text("a"), text("b"), end], None),
            (Request::Chat(request("x")), vec![text("c")], Some(ModelErrorKind::Network)),
        ],
        "what was given again as well: without it the session cannot be played"
    );
}
