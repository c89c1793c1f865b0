//! `tenon models`, and what the journal makes of the runs of other commands.

use std::fs;

use serde_json::Value;

use super::{CONFIG, Place, Ran, status};
use crate::support::fake_provider::{Act, FakeProvider};

/// A whole answer of the chat protocol.
fn answer(text: &str) -> Vec<Act> {
    let event = |delta: &str, reason: &str| {
        format!("data: {{\"choices\":[{{\"delta\":{delta},\"finish_reason\":{reason}}}]}}\n\n")
    };
    let text = serde_json::json!({ "content": text }).to_string();
    let usage = "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":30,\"completion_tokens\":2}}\n\n";
    let body = format!("{}{}{usage}data: [DONE]\n\n", event(&text, "null"), event("{}", "\"stop\""));
    vec![Act::answer(200, "content-type: text/event-stream\r\n", &body)]
}

fn config(fake: &FakeProvider) -> String {
    CONFIG.replace("http://127.0.0.1:9/v1", &fake.base_url()).replace("key_env = \"TENON_TEST_KEY\"\n", "")
        + "\n[models.coder.price]\ninput = 1.0\noutput = 2.0\n\n[budget]\nday = 3.0\n"
}

/// Runs the program while the fake provider, which lives on this test's runtime, answers.
async fn run(place: &Place, arguments: &[&str]) -> Ran {
    let mut command = place.command(arguments);
    Ran::of(&tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap())
}

fn coder(report: &Value) -> &Value {
    assert_eq!(report["roles"][0]["role"], "edit");
    &report["roles"][0]["models"][0]
}

#[test]
fn what_is_configured_is_listed_and_nothing_sent() {
    let place = Place::new(CONFIG);
    let ran = place.run(&["models"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    assert!(ran.stdout.contains("  coder  local     openai-chat"), "{}", ran.stdout);
    let report = place.run(&["models", "--json", "edit", "review"]).json();
    let coder = coder(&report);
    assert_eq!((&coder["name"], &coder["health"]), (&"coder".into(), &"unknown".into()));
    assert_eq!((&coder["statistics"], &coder["price"]), (&Value::Null, &Value::Null));
    assert_eq!(place.run(&["models", "--json", "completion"]).json()["roles"], serde_json::json!([]));
}

#[test]
fn a_role_that_is_none_and_a_broken_configuration_are_usage_errors() {
    let place = Place::new(CONFIG);
    for arguments in [&["models", "edits"][..], &["models", "--probe", "--forget"]] {
        assert_eq!(place.run(arguments).code, Some(2));
    }
    assert_eq!(Place::new("x = 1").run(&["models"]).code, Some(2));
}

#[test]
fn a_probe_that_fails_says_why_and_shows_no_key() {
    let place = Place::new(CONFIG);
    let run = |arguments: &[&str]| {
        Ran::of(&place.command(arguments).env("TENON_TEST_KEY", "S3CRET").output().unwrap())
    };
    let ran = run(&["models", "--probe"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stdout.contains("FAIL Model coder of local could not be reached"), "{ran:?}");
    assert!(ran.stdout.contains("check that the server runs"), "{ran:?}");
    let ran = run(&["models", "--probe", "--json"]);
    let probe = coder(&ran.json())["probe"].clone();
    assert_eq!((ran.code, &probe["status"]), (Some(1), &"failed".into()));
    assert_eq!(probe["error"]["code"], "model-network");
    assert!(!format!("{ran:?}").contains("S3CRET"));
    // Later runs know of it.
    let later = place.run(&["models", "--json"]).json();
    let coder = coder(&later);
    assert_eq!((&coder["health"], &coder["statistics"]["failed"]), (&"failing".into(), &2.into()));
    let doctor = place.run(&["doctor", "--json"]).json();
    assert_eq!((status(&doctor, "requests"), status(&doctor, "journal")), ("warn", "ok"));
}

#[test]
fn a_missing_key_is_the_model_s_own_error() {
    let ran = Place::new(CONFIG).run(&["models", "--probe", "--json"]);
    assert_eq!((ran.code, &coder(&ran.json())["probe"]["error"]["code"]), (Some(1), &"key-not-set".into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_probe_is_asked_each_time_and_goes_into_the_account() {
    let fake = FakeProvider::start([answer("yes"), answer("yes")]).await;
    let place = Place::new(&config(&fake));
    for _ in 0..2 {
        let ran = run(&place, &["models", "--probe"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.contains("ok, the answer began after"), "{ran:?}");
    }
    assert_eq!(fake.requests().len(), 2);
    assert!(fake.requests().iter().all(|request| request.body.contains("16")), "a small answer is asked for");
    let report = run(&place, &["models", "--json"]).await.json();
    let coder = coder(&report);
    assert_eq!((&coder["health"], &coder["statistics"]["requests"]), (&"ok".into(), &2.into()));
    // 30 tokens at one and 2 at two units a million, twice.
    assert_eq!((&report["today"]["tokens"], &report["today"]["cost"]), (&64.into(), &"0.0001".into()));
    assert_eq!(report["budget"]["day"], "3.0000");
    let doctor = run(&place, &["doctor"]).await;
    assert!(doctor.stdout.contains("2 requests to local in 24 h"), "{}", doctor.stdout);
}

#[tokio::test(flavor = "multi_thread")]
async fn kept_answers_are_given_again_until_they_are_forgotten() {
    let edit = "a.txt\n<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n";
    let fake = FakeProvider::start([answer(edit), answer(edit)]).await;
    let place = Place::new(&config(&fake));
    let ask = async || {
        fs::write(place.path("workspace/a.txt"), "one\n").unwrap();
        let ran = run(&place, &["edit", "--yes", "change it", "a.txt"]).await;
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert_eq!(fs::read_to_string(place.path("workspace/a.txt")).unwrap(), "two\n");
    };
    ask().await;
    ask().await;
    assert_eq!(fake.requests().len(), 1, "the second answer was kept");
    let report = run(&place, &["models", "--json"]).await.json();
    let statistics = &coder(&report)["statistics"];
    assert_eq!((&statistics["requests"], &statistics["cached"]), (&1.into(), &1.into()));
    assert_eq!((&statistics["fitted"], &statistics["accepted"]), (&2.into(), &2.into()));
    assert_eq!(run(&place, &["models", "--forget", "--json"]).await.json()["forgotten"], 1);
    assert!(run(&place, &["models", "--forget"]).await.stdout.starts_with("0 kept answers forgotten"));
    ask().await;
    assert_eq!(fake.requests().len(), 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_was_declined_is_asked_for_again_and_a_kept_one_is_recorded() {
    let edit = "a.txt\n<<<<<<< SEARCH\none\n=======\ntwo\n>>>>>>> REPLACE\n";
    let fake = FakeProvider::start([answer(edit), answer(edit), answer(edit)]).await;
    let place = Place::new(&config(&fake));
    fs::write(place.path("workspace/a.txt"), "one\n").unwrap();
    for n in 1..=2 {
        // Nobody is there to say yes.
        let declined = run(&place, &["edit", "change it", "a.txt"]).await;
        assert_eq!((declined.code, fake.requests().len()), (Some(2), n), "{declined:?}");
    }
    for flags in [&["--json"][..], &["--json", "--record", "../tape.jsonl"]] {
        let ran = run(&place, &[&["edit"], flags, &["change it", "a.txt"]].concat()).await;
        assert_eq!((ran.code, fake.requests().len()), (Some(0), 3), "{ran:?}");
    }
    assert!(fs::read_to_string(place.path("tape.jsonl")).unwrap().contains("REPLACE"));
    let report = run(&place, &["models", "--json"]).await.json();
    assert_eq!(coder(&report)["statistics"]["rejected"], 2);
}

#[test]
fn a_journal_that_is_none_is_set_aside_and_told_once() {
    let place = Place::new(CONFIG);
    fs::create_dir(place.path("state")).unwrap();
    let file = place.path("state/journal.db");
    fs::write(&file, "somebody else's notes, longer than a header of a database would be, all in all")
        .unwrap();
    let before = fs::read(&file).unwrap();
    let ran = place.run(&["models"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stderr.matches("warning[journal-damaged]").count(), 1, "{ran:?}");
    let ran = place.run(&["doctor", "--json"]);
    assert_eq!((ran.code, status(&ran.json(), "journal")), (Some(0), "ok"));
    let asides = fs::read_dir(place.path("state")).unwrap().map(|entry| entry.unwrap().path());
    let asides: Vec<_> = asides.filter(|path| path.to_string_lossy().contains("journal.db.aside-")).collect();
    assert_eq!(asides.len(), 1, "{asides:?}");
    assert_eq!(fs::read(&asides[0]).unwrap(), before);
}
