//! Which model comes first, and which is left alone for a while.

use super::*;
use crate::model::{Api, Outgoing, ProviderSettings};
use crate::ports::Availability;

const SERVER: ModelErrorKind = ModelErrorKind::Server;

async fn fail(bench: &Bench, model: &Scripted, name: &str, n: usize) {
    for _ in 0..n {
        model.push(fails(SERVER));
        assert_eq!(bench.kind(name, "x").await, Some(SERVER));
    }
}

fn availability(bench: &Bench, provider: &str) -> Availability {
    bench.gateway.health().provider(provider).unwrap().availability
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_fails_rests_and_one_request_tries_it_again() {
    let (first, second) = (model("a", "p"), model("b", "q"));
    let bench = Bench::new(no_cache(), &[&first, &second]);
    fail(&bench, &first, "a", 4).await;
    assert_eq!(bench.names().await, ["a", "b"]);
    fail(&bench, &first, "a", 1).await;
    assert_eq!(bench.names().await, ["b", "a"], "what rests comes last");
    assert_eq!(availability(&bench, "p"), Availability::Open { seconds: 5 });
    let error = bench.ask("a", "x").await.unwrap_err();
    assert_eq!((error.kind, error.retry_after), (ModelErrorKind::Resting, Some(Duration::from_secs(5))));
    assert_eq!(error.message, "it said so", "it says why");
    assert_eq!(first.requests().len(), 5, "and nothing was sent");

    tokio::time::advance(Duration::from_secs(5)).await;
    assert_eq!(availability(&bench, "p"), Availability::HalfOpen);
    let gate = Gate::default();
    first.push([Step::Wait(gate.clone()), Step::text("back"), Step::finish()]);
    let asked = futures::future::join_all((0..20).map(|_| bench.kind("a", "x")));
    let (kinds, ()) = futures::join!(asked, async {
        gate.reached().await;
        gate.open();
    });
    assert_eq!(kinds.iter().filter(|kind| kind.is_none()).count(), 1, "exactly one");
    assert_eq!(kinds.iter().filter(|kind| **kind == Some(ModelErrorKind::Resting)).count(), 19);
    assert_eq!(first.requests().len(), 6);
    assert_eq!(availability(&bench, "p"), Availability::Closed);
    assert_eq!(bench.names().await, ["a", "b"]);
}

#[tokio::test(start_paused = true)]
async fn a_probe_whose_asker_leaves_decides_nothing() {
    let (first, second) = (model("a", "p"), model("b", "q"));
    let bench = Bench::new(no_cache(), &[&first, &second]);
    fail(&bench, &first, "a", 5).await;
    tokio::time::advance(Duration::from_secs(5)).await;
    first.push([Step::Wait(Gate::default())]);
    let mut probe = bench.stream("a", "x").await;
    assert!(futures::poll!(probe.next()).is_pending());
    assert_eq!(bench.kind("a", "x").await, Some(ModelErrorKind::Resting));
    drop(probe);
    first.push([Step::text("back"), Step::finish()]);
    assert_eq!(bench.kind("a", "x").await, None);
}

#[tokio::test(start_paused = true)]
async fn what_a_request_says_of_itself_is_not_the_providers_fault() {
    let (first, second) = (model("a", "p"), model("b", "q"));
    let bench = Bench::new(no_cache(), &[&first, &second]);
    for kind in [ModelErrorKind::BadRequest, ModelErrorKind::Refused, ModelErrorKind::PromptTooLarge] {
        for _ in 0..10 {
            first.push(fails(kind));
            assert_eq!(bench.kind("a", "x").await, Some(kind));
        }
    }
    assert_eq!(availability(&bench, "p"), Availability::Closed);
    let last = bench.gateway.health().provider("p").unwrap().last_error.clone().unwrap();
    assert_eq!((last.kind, last.model.as_str()), (ModelErrorKind::PromptTooLarge, "a"));
}

#[tokio::test(start_paused = true)]
async fn a_wrong_key_stops_the_provider_at_once() {
    let (first, second) = (model("a", "p"), model("b", "q"));
    let bench = Bench::new(no_cache(), &[&first, &second]);
    first.push(fails(ModelErrorKind::Authentication));
    assert_eq!(bench.kind("a", "x").await, Some(ModelErrorKind::Authentication));
    assert_eq!(bench.names().await, ["b", "a"]);
    tokio::time::advance(Duration::from_secs(1799)).await;
    assert_eq!(bench.kind("a", "x").await, Some(ModelErrorKind::Resting));
}

#[tokio::test(start_paused = true)]
async fn the_only_provider_is_asked_although_it_fails() {
    let (first, second) = (model("a", "p"), model("b", "p"));
    let bench = Bench::new(no_cache(), &[&first, &second]);
    fail(&bench, &first, "a", 20).await;
    assert_eq!(availability(&bench, "p"), Availability::Closed);
    first.push(fails(ModelErrorKind::Payment));
    assert_eq!(bench.kind("a", "x").await, Some(ModelErrorKind::Payment));
    assert_eq!(bench.kind("a", "x").await, Some(ModelErrorKind::Resting));
    tokio::time::advance(Duration::from_secs(10)).await;
    first.push([Step::text("paid"), Step::finish()]);
    assert_eq!(bench.kind("a", "x").await, None, "a person who paid need not wait long");
}

#[tokio::test(start_paused = true)]
async fn those_who_wait_when_it_breaks_are_told_at_once() {
    let limits = crate::model::ProviderLimits { concurrent: 1, ..crate::model::ProviderLimits::default() };
    let provider = ProviderSettings { limits, ..ProviderSettings::new("p", Api::Replay, "") };
    let (first, second) = (model("a", "p"), model("b", "q"));
    let first_upstream = Arc::new(Elsewhere { provider, model: first.clone() });
    let bench = Bench::over(no_cache(), vec![first_upstream, Arc::new(second)], None, "s");
    for _ in 0..5 {
        first.push(fails(SERVER));
    }
    let kinds = futures::future::join_all((0..50).map(|_| bench.kind("a", "x"))).await;
    assert_eq!(kinds.iter().filter(|kind| **kind == Some(SERVER)).count(), 5);
    assert_eq!(kinds.iter().filter(|kind| **kind == Some(ModelErrorKind::Resting)).count(), 45);
    assert_eq!(first.requests().len(), 5);
}

/// A scripted model behind other provider settings.
struct Elsewhere {
    provider: ProviderSettings,
    model: Scripted,
}

impl Upstream for Elsewhere {
    fn provider(&self) -> &ProviderSettings {
        &self.provider
    }

    fn settings(&self) -> &ModelSettings {
        Upstream::settings(&self.model)
    }

    fn send(&self, request: Outgoing) -> ReplyStream {
        self.model.send(request)
    }
}

/// A source whose models can be exchanged.
struct Changing(Mutex<Vec<Arc<dyn Upstream>>>);

impl UpstreamSource for Changing {
    fn upstreams(&self, _role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Upstream>>, Problem>> {
        Box::pin(ready(Ok(self.0.lock().unwrap().clone())))
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_was_changed_is_asked_again() {
    let (first, second) = (model("a", "p"), model("b", "q"));
    let source = Arc::new(Changing(Mutex::new(vec![Arc::new(first.clone()), Arc::new(second.clone())])));
    let books = Books {
        ledger: Arc::new(MemoryLedger::default()),
        responses: None,
        recorder: None,
        spending: Arc::default(),
    };
    let upstreams = Arc::clone(&source) as Arc<dyn UpstreamSource>;
    let gateway = Gateway::new(upstreams, OutgoingFilter::default(), no_cache(), "s".to_owned(), books);
    let first_name = async || gateway.models(Role::Edit).await.unwrap()[0].name().to_owned();
    first.push(fails(ModelErrorKind::Authentication));
    let models = gateway.models(Role::Edit).await.unwrap();
    models[0].ask(request("x")).collect::<Vec<_>>().await;
    assert_eq!(first_name().await, "b");
    let provider = ProviderSettings::new("p", Api::Replay, "elsewhere");
    source.0.lock().unwrap()[0] = Arc::new(Elsewhere { provider, model: first });
    assert_eq!(first_name().await, "a");
}

#[tokio::test(start_paused = true)]
async fn a_session_stays_with_the_model_it_drew() {
    let names = ["a", "b", "c"];
    let models = names.map(|name| model(name, "p"));
    let weights = BTreeMap::from([("a".to_owned(), 1), ("c".to_owned(), 1), ("gone".to_owned(), 1000)]);
    let policy = Policy { splits: BTreeMap::from([(Role::Edit, weights)]), ..no_cache() };
    let mut drawn = BTreeMap::<String, u32>::new();
    for session in 0..200 {
        let upstreams = models.iter().map(|model| Arc::new(model.clone()) as Arc<dyn Upstream>).collect();
        let bench = Bench::over(policy.clone(), upstreams, None, &session.to_string());
        let order = bench.names().await;
        for _ in 0..5 {
            assert_eq!(bench.names().await, order);
        }
        let rest: Vec<_> = names.into_iter().filter(|name| *name != order[0]).collect();
        assert_eq!(order[1..], rest, "the others stay in their order");
        *drawn.entry(order[0].clone()).or_default() += 1;
    }
    assert_eq!(drawn.keys().collect::<Vec<_>>(), ["a", "c"]);
    assert!(drawn.values().all(|n| (60..140).contains(n)), "{drawn:?}");
}

#[tokio::test(start_paused = true)]
async fn a_stream_without_an_end_is_truncated_once() {
    struct Endless(ProviderSettings, ModelSettings);
    impl Upstream for Endless {
        fn provider(&self) -> &ProviderSettings {
            &self.0
        }
        fn settings(&self) -> &ModelSettings {
            &self.1
        }
        fn send(&self, _: Outgoing) -> ReplyStream {
            futures::stream::iter([Ok(text("a"))]).boxed()
        }
    }
    let upstream = Endless(ProviderSettings::new("p", Api::Replay, ""), ModelSettings::new("m", "p", "m"));
    let bench = Bench::over(no_cache(), vec![Arc::new(upstream)], None, "s");
    let events: Vec<_> = bench.stream("m", "x").await.collect().await;
    assert_eq!(events.len(), 2);
    assert_eq!(events[1].as_ref().unwrap_err().kind, ModelErrorKind::Truncated);
    assert_eq!(bench.ends(), [RequestEnd::Failed(ModelErrorKind::Truncated)]);
}
