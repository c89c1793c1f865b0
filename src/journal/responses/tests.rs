//! Answers come back, grow old, and make room.

use serde_json::json;

use super::*;
use crate::journal::hand_clock;
use crate::model::{FinishReason, StreamEvent, Usage};

const START: Duration = Duration::from_secs(1_800_000_000);

struct Kept {
    answers: Answers,
    hand: Arc<std::sync::Mutex<Duration>>,
    dir: tempfile::TempDir,
}

impl Kept {
    fn new(disk_bytes: u64) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (clock, hand) = hand_clock(START);
        let settings =
            CacheSettings { disk_bytes, time_to_live: Duration::from_secs(3600), ..CacheSettings::default() };
        Self { answers: Answers::open(dir.path(), &settings, clock).unwrap(), hand, dir }
    }

    fn turn(&self, seconds: u64) {
        *self.hand.lock().unwrap() = START + Duration::from_secs(seconds);
    }

    async fn has(&self, n: u8) -> bool {
        self.answers.get(key(n)).await.is_some()
    }
}

fn key(n: u8) -> CacheKey {
    CacheKey([n; 32])
}

fn reply(text: &str) -> StoredReply {
    StoredReply {
        events: vec![
            StreamEvent::Reasoning("hm".to_owned()),
            StreamEvent::Text(text.to_owned()),
            StreamEvent::CallBegun { index: 0, id: "c".to_owned(), name: "edit".to_owned() },
            StreamEvent::CallArguments { index: 0, json: "{}".to_owned() },
            StreamEvent::Keep(json!({ "signature": "ä\u{0}" })),
            StreamEvent::Usage(Usage { input: 3, output: u64::MAX, ..Usage::default() }),
            StreamEvent::Finished(FinishReason::Other("odd".to_owned())),
        ],
    }
}

#[tokio::test]
async fn what_is_kept_comes_back_as_it_was() {
    let kept = Kept::new(1 << 20);
    assert_eq!(kept.answers.get(key(1)).await, None);
    kept.answers.put(key(1), reply("a"));
    kept.answers.put(key(1), reply("b"));
    assert_eq!(kept.answers.get(key(1)).await, Some(reply("b")));
    kept.answers.put(key(2), reply("c"));
    kept.answers.remove(key(2));
    assert!(!kept.has(2).await);
    let statistics = kept.answers.statistics().await;
    let bytes = serde_json::to_string(&reply("b")).unwrap().len() as u64;
    assert_eq!(statistics, StoreStatistics { entries: 1, bytes, hits: 1, misses: 2 });
    // Another process reads it too, and still after this one is gone.
    assert!(kept.answers.close(Duration::from_secs(60)));
    let (clock, _) = hand_clock(START);
    let again = Answers::open(kept.dir.path(), &CacheSettings::default(), clock).unwrap();
    assert_eq!(again.get(key(1)).await, Some(reply("b")));
}

#[tokio::test]
async fn old_answers_are_not_given_and_go() {
    let kept = Kept::new(1 << 20);
    kept.answers.put(key(1), reply("a"));
    kept.turn(3599);
    assert!(kept.has(1).await, "a use does not make it younger");
    kept.turn(3600);
    assert!(!kept.has(1).await);
    assert_eq!(kept.answers.statistics().await.entries, 1);
    kept.answers.put(key(2), reply("b"));
    assert_eq!(kept.answers.statistics().await.entries, 1);
}

#[tokio::test]
async fn answers_of_the_future_are_not_believed() {
    let kept = Kept::new(1 << 20);
    kept.turn(10_000);
    kept.answers.put(key(1), reply("a"));
    kept.turn(9_950);
    assert!(kept.has(1).await, "clocks differ a little");
    kept.turn(0);
    assert!(!kept.has(1).await);
}

#[tokio::test]
async fn what_was_not_used_for_longest_makes_room() {
    let text = "x".repeat(1000);
    let bytes = serde_json::to_string(&reply(&text)).unwrap().len() as u64;
    let kept = Kept::new(3 * bytes);
    for n in 1..=3 {
        kept.turn(u64::from(n));
        kept.answers.put(key(n), reply(&text));
    }
    kept.turn(4);
    assert!(kept.has(1).await);
    kept.turn(5);
    kept.answers.put(key(4), reply(&text));
    let held = [kept.has(1).await, kept.has(2).await, kept.has(3).await, kept.has(4).await];
    assert_eq!(held, [true, false, true, true]);
    assert_eq!(kept.answers.statistics().await.bytes, 3 * bytes);
    kept.answers.put(key(5), reply(&"y".repeat(10_000)));
    assert!(!kept.has(5).await, "what is larger than the limit pushes nothing out");
    assert_eq!(kept.answers.statistics().await.entries, 3);
}

#[tokio::test]
async fn clearing_leaves_nothing_in_the_file() {
    let kept = Kept::new(64 << 20);
    let secret = "the quick brown fox";
    for n in 0..50 {
        kept.answers.put(key(n), reply(&secret.repeat(1000)));
    }
    kept.answers.clear();
    let statistics = kept.answers.statistics().await;
    assert_eq!((statistics.entries, statistics.bytes), (0, 0));
    assert!(kept.answers.close(Duration::from_secs(60)));
    let file = std::fs::read(kept.dir.path().join("answers.db")).unwrap();
    assert!(file.len() < 100_000, "{} bytes", file.len());
    assert!(!file.windows(secret.len()).any(|window| window == secret.as_bytes()));
    assert!(!kept.dir.path().join("answers.db-wal").exists());
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_miss() {
    let kept = Kept::new(1 << 20);
    kept.answers.put(key(1), reply("a"));
    kept.answers.database.write(|connection| {
        connection.execute("UPDATE responses SET reply = x'6e6f6e73656e7365'", [])?;
        Ok(())
    });
    assert!(!kept.has(1).await);
    assert_eq!(kept.answers.statistics().await.misses, 1);
}

#[test]
fn what_cannot_be_opened_has_a_code_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("answers.db")).unwrap();
    let opened = Answers::open(dir.path(), &CacheSettings::default(), crate::journal::system_clock());
    let problem = opened.err().unwrap();
    assert_eq!(problem.code, "answers-unusable");
    assert!(problem.message.contains("answers.db") && problem.hint.is_some(), "{problem:?}");
}
