//! The account over records, days and processes.

use super::*;
use crate::journal::{Journal, hand_clock};
use crate::model::{ModelErrorKind, Money, Usage};
use crate::ports::RequestEnd;

/// A noon.
const NOON: Duration = Duration::from_secs(20_000 * 86_400 + 43_200);

struct Kept {
    journal: Journal,
    ledger: UsageLedger,
    hand: Arc<Mutex<Duration>>,
    dir: tempfile::TempDir,
}

impl Kept {
    fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, hand) = hand_clock(NOON);
        let journal = Journal::open(dir.path(), clock).unwrap();
        Self { ledger: journal.ledger(), journal, hand, dir }
    }

    /// Another process with the same clock.
    fn other(&self) -> (Journal, UsageLedger) {
        let hand = Arc::clone(&self.hand);
        let journal = Journal::open(self.dir.path(), Arc::new(move || *hand.lock().unwrap())).unwrap();
        let ledger = journal.ledger();
        (journal, ledger)
    }

    fn turn(&self, by: Duration) {
        *self.hand.lock().unwrap() += by;
    }

    async fn count(&self, table: &str) -> i64 {
        let sql = format!("SELECT count(*) FROM {table}");
        let n = self.ledger.database.ask(move |connection| connection.query_row(&sql, [], |row| row.get(0)));
        n.await.unwrap()
    }
}

fn record(role: Role, model: &str, end: RequestEnd, cost: u64) -> UsageRecord {
    UsageRecord {
        session: "s".to_owned(),
        role,
        provider: "p".to_owned(),
        model: model.to_owned(),
        end,
        usage: Usage { input: 70, cache_read: 20, cache_write: 10, output: 50, reasoning: 5 },
        estimated: false,
        cost: Some(Money(cost)),
        first_token: Some(Duration::from_millis(200)),
        total: Duration::from_millis(1_200),
    }
}

fn complete(cost: u64) -> UsageRecord {
    record(Role::Edit, "m", RequestEnd::Complete, cost)
}

fn spent(tokens: u64, cost: u64) -> Spent {
    Spent { tokens, cost: Money(cost) }
}

#[tokio::test]
async fn what_is_recorded_counts_at_once() {
    let kept = Kept::new();
    assert_eq!(kept.ledger.spent_today().await, Spent::default());
    kept.ledger.record(complete(7));
    kept.ledger.record(record(Role::Edit, "m", RequestEnd::Cached, 7));
    kept.ledger.record(record(Role::Edit, "m", RequestEnd::Failed(ModelErrorKind::Budget), 7));
    kept.ledger.record(UsageRecord { cost: None, ..complete(0) });
    assert_eq!(kept.ledger.known(), KnownUsage { session: spent(300, 7), today: spent(300, 7) });
    assert_eq!(kept.ledger.spent_today().await, spent(300, 7));
}

#[tokio::test]
async fn processes_share_the_day() {
    let kept = Kept::new();
    let (journal, other) = kept.other();
    kept.ledger.record(complete(1));
    // An answer may come before the end of its transaction; the second comes after the end of the first one's.
    kept.ledger.spent_today().await;
    kept.ledger.spent_today().await;
    other.record(complete(10));
    assert_eq!(other.spent_today().await, spent(300, 11));
    assert!(journal.close(Duration::from_secs(60)));
    assert_eq!(other.known(), KnownUsage { session: spent(150, 10), today: spent(300, 11) });
    assert_eq!(kept.ledger.known().today, spent(150, 1), "as last read");
    assert_eq!(kept.ledger.spent_today().await, spent(300, 11));
    assert_eq!(kept.ledger.known().today, spent(300, 11));
}

#[tokio::test]
async fn what_others_spent_is_read_again_after_a_while() {
    let kept = Kept::new();
    let (journal, other) = kept.other();
    other.record(complete(10));
    assert!(journal.close(Duration::from_secs(60)));
    kept.turn(FRESH);
    kept.ledger.known();
    // Whatever is asked now is answered after the look that was just handed over.
    kept.count("requests").await;
    assert_eq!(kept.ledger.known().today, spent(150, 10));
}

#[tokio::test]
async fn threads_of_several_processes_lose_nothing() {
    let kept = Kept::new();
    let (other_journal, other) = kept.other();
    std::thread::scope(|scope| {
        for ledger in [&kept.ledger, &other] {
            scope.spawn(move || {
                for _ in 0..500 {
                    ledger.record(complete(1));
                    ledger.decided(Role::Edit, "m", EditFate::Accepted, 1);
                }
            });
        }
    });
    assert!(kept.journal.close(Duration::from_secs(60)) && other_journal.close(Duration::from_secs(60)));
    assert_eq!((kept.journal.facts().n_lost, other_journal.facts().n_lost), (0, 0));
    let (_journal, third) = kept.other();
    assert_eq!(third.spent_today().await, spent(150_000, 1_000));
    assert_eq!(third.statistics().await[0].accepted, 1_000);
}

#[tokio::test]
async fn a_new_day_begins_at_midnight_in_utc() {
    let kept = Kept::new();
    kept.turn(Duration::from_millis(43_199_999));
    kept.ledger.record(complete(1));
    assert_eq!(kept.ledger.spent_today().await, spent(150, 1));
    kept.turn(Duration::from_millis(1));
    assert_eq!(kept.ledger.known(), KnownUsage { session: spent(150, 1), today: Spent::default() });
    assert_eq!(kept.ledger.spent_today().await, Spent::default());
    kept.ledger.record(complete(2));
    assert_eq!(kept.ledger.spent_today().await, spent(150, 2));
    assert_eq!(kept.ledger.known().session, spent(300, 3));
}

#[tokio::test]
async fn the_account_of_a_file_that_cannot_be_written_is_kept_for_this_process() {
    let kept = Kept::new();
    kept.ledger.database.write(|connection| connection.execute_batch("DROP TABLE requests"));
    kept.ledger.record(complete(3));
    assert_eq!(kept.ledger.spent_today().await, spent(150, 3));
    assert_eq!(kept.journal.facts().n_lost, 1);
    assert_eq!(kept.ledger.statistics().await, []);
}

#[tokio::test]
async fn statistics_are_by_role_and_model() {
    let kept = Kept::new();
    let ledger = &kept.ledger;
    ledger.record(record(Role::Review, "m", RequestEnd::Complete, 1));
    for end in [
        RequestEnd::Complete,
        RequestEnd::Cached,
        RequestEnd::Cancelled,
        RequestEnd::Failed(ModelErrorKind::Truncated),
        RequestEnd::Failed(ModelErrorKind::Withheld),
    ] {
        ledger.record(record(Role::Edit, "m", end, 5));
    }
    ledger.record(UsageRecord { first_token: None, ..complete(0) });
    ledger.decided(Role::Edit, "m", EditFate::Fitted, 1);
    ledger.decided(Role::Edit, "m", EditFate::Accepted, 3);
    ledger.decided(Role::Edit, "m", EditFate::Accepted, 2);
    ledger.decided(Role::Edit, "unasked", EditFate::Rejected, 1);
    let all = ledger.statistics().await;
    let names: Vec<_> = all.iter().map(|known| (known.role.as_str(), known.model.as_str())).collect();
    assert_eq!(names, [("edit", "m"), ("review", "m"), ("edit", "unasked")]);
    let expected = ModelStatistics {
        role: "edit".to_owned(),
        model: "m".to_owned(),
        requests: 4,
        cached: 1,
        failed: 1,
        cancelled: 1,
        usage: Usage { input: 280, cache_read: 80, cache_write: 40, output: 200, reasoning: 20 },
        cost: Money(15),
        first_token_ms: Some(200),
        tokens_per_second: Some(50.0),
        fitted: 1,
        accepted: 5,
        ..ModelStatistics::default()
    };
    assert_eq!(all[0], expected);
    assert_eq!(all[2].rejected, 1);
}

#[tokio::test]
async fn old_requests_become_sums_and_nothing_is_lost() {
    let kept = Kept::new();
    for _ in 0..3 {
        kept.ledger.record(complete(5));
    }
    kept.ledger.record(record(Role::Review, "other", RequestEnd::Failed(ModelErrorKind::Network), 1));
    let before = kept.ledger.statistics().await;
    kept.turn(DAY * 90);
    kept.ledger.known();
    let (_journal, again) = kept.other();
    assert_eq!((kept.count("requests").await, kept.count("request_days").await), (4, 0));
    kept.turn(DAY);
    // The first request of a day sums the old ones.
    kept.ledger.record(record(Role::Analysis, "new", RequestEnd::Complete, 0));
    assert_eq!((kept.count("requests").await, kept.count("request_days").await), (1, 2));
    let after = kept.ledger.statistics().await;
    assert_eq!(after.iter().filter(|known| known.model != "new").cloned().collect::<Vec<_>>(), before);
    assert_eq!(again.statistics().await.len(), 3);
}

#[tokio::test]
async fn late_requests_are_added_to_the_sum_of_their_day() {
    let kept = Kept::new();
    kept.ledger.record(complete(5));
    kept.ledger.database.write(|connection| days::sum_old(connection, NOON + DAY * 91));
    kept.ledger.record(complete(6));
    kept.ledger.database.write(|connection| days::sum_old(connection, NOON + DAY * 91));
    assert_eq!((kept.count("requests").await, kept.count("request_days").await), (0, 1));
    let all = kept.ledger.statistics().await;
    assert_eq!((all[0].requests, all[0].cost, all[0].first_token_ms), (2, Money(11), Some(200)));
}

#[tokio::test]
async fn numbers_of_any_size_are_survived() {
    let kept = Kept::new();
    let usage = Usage { input: u64::MAX, output: u64::MAX, ..Usage::default() };
    for _ in 0..3 {
        let times = (Some(Duration::MAX), Duration::MAX);
        let record = UsageRecord { usage, first_token: times.0, total: times.1, ..complete(u64::MAX) };
        kept.ledger.record(record);
    }
    let most = spent(u64::MAX, u64::MAX);
    assert_eq!(kept.ledger.spent_today().await.tokens, most.tokens);
    assert_eq!(kept.ledger.known().session, most);
    assert_eq!(kept.ledger.statistics().await[0].requests, 3);
    kept.ledger.database.write(|connection| days::sum_old(connection, NOON + DAY * 91));
    assert_eq!(kept.ledger.statistics().await[0].requests, 3);
    assert_eq!(kept.journal.facts().n_lost, 0);
}

#[tokio::test]
async fn the_last_day_of_each_provider_is_known() {
    let kept = Kept::new();
    let failed = |kind| record(Role::Edit, "m", RequestEnd::Failed(kind), 0);
    kept.ledger.record(failed(ModelErrorKind::Network));
    kept.turn(DAY);
    kept.ledger.record(failed(ModelErrorKind::RateLimit));
    kept.ledger.record(UsageRecord { provider: "q".to_owned(), ..complete(0) });
    kept.ledger.record(failed(ModelErrorKind::Resting));
    kept.turn(Duration::from_secs(60));
    kept.ledger.record(complete(0));
    kept.turn(Duration::from_secs(5));
    let history = |provider: &str, requests, failed, seconds, last_failure| ProviderHistory {
        provider: provider.to_owned(),
        requests,
        failed,
        last: RequestEnd::Complete,
        last_seconds_ago: seconds,
        last_failure,
    };
    let expected = [history("p", 2, 1, 5, Some(ModelErrorKind::RateLimit)), history("q", 1, 0, 65, None)];
    assert_eq!(kept.ledger.providers().await, expected);
}

#[test]
fn every_kind_of_end_is_read_as_written() {
    use ModelErrorKind::*;
    let kinds = [
        PromptTooLarge,
        Authentication,
        Payment,
        RateLimit,
        Overloaded,
        Refused,
        Network,
        Stalled,
        Truncated,
        BadRequest,
        Server,
        NoRecording,
        Budget,
        Resting,
        Withheld,
    ];
    let ends = [RequestEnd::Complete, RequestEnd::Cached, RequestEnd::Cancelled];
    for end in kinds.map(RequestEnd::Failed).into_iter().chain(ends) {
        let (outcome, failure) = requests::words(end);
        assert_eq!(requests::end(outcome, failure), end);
    }
}
