//! What people read of it.

use std::ops::Add as _;

use expect_test::expect;

use super::*;
use crate::cli::models::report::{RoleReport, SpentReport};
use crate::model::{Money, Role};
use crate::ports::{RequestEnd, StoreStatistics};
use crate::problem::{Category, Problem};

fn model(name: &str) -> ModelReport {
    ModelReport {
        name: name.to_owned(),
        provider: "local".to_owned(),
        model: "x".to_owned(),
        api: "openai-chat",
        weight: None,
        context: 32_768,
        max_output: 4096,
        price: None,
        capabilities: Vec::new(),
        health: "unknown",
        history: None,
        statistics: None,
        probe: None,
    }
}

fn report(models: Vec<ModelReport>) -> Report {
    Report {
        roles: vec![RoleReport { role: Role::Edit, models }],
        problem: None,
        found_here: false,
        today: SpentReport { tokens: 1200, cost: Money(3 * Money::ONE / 2).to_string() },
        budget: BudgetReport {
            request: None,
            session: Some("1.0000".to_owned()),
            day: None,
            day_tokens: Some(9),
        },
        cache: Some(StoreStatistics { entries: 3, bytes: 2049, hits: 0, misses: 0 }),
    }
}

#[test]
fn everything_known_stands_below_its_model() {
    let statistics = ModelStatistics {
        requests: 12,
        failed: 1,
        cached: 2,
        first_token_ms: Some(210),
        tokens_per_second: Some(45.4),
        fitted: 10,
        refused: 1,
        accepted: 20,
        rejected: 5,
        undone: 1,
        cost: Money(Money::ONE / 100),
        ..ModelStatistics::default()
    };
    let history = ProviderHistory {
        provider: "local".to_owned(),
        requests: 2,
        failed: 1,
        last: RequestEnd::Complete,
        last_seconds_ago: 200,
        last_failure: Some(ModelErrorKind::RateLimit),
    };
    let known = ModelReport {
        weight: Some(3),
        price: Some(PriceReport { input: 3.0, output: 15.0, cache_read: 0.3, cache_write: 3.75 }),
        capabilities: vec!["tools", "fill"],
        health: "ok",
        history: Some(history),
        statistics: Some(statistics),
        probe: Some(Probe::Ok { first_token_ms: 31 }),
        ..model("coder")
    };
    let error = Problem::error("model-network", Category::Model, "no way").hint("start it");
    let failed = ModelReport { probe: Some(Probe::Failed { error }), ..model("a-second-one") };
    expect![[r"
          MODEL         PROVIDER  PROTOCOL     CONTEXT  OUTPUT  PRICE    CAN
        edit
          coder ×3      local     openai-chat  32768    4096    3/15     tools fill
            ok, the answer began after 31 ms
            ok 2 requests to local in 24 h, the last 3 min ago; 1 failed, the last with `rate-limit`
            12 requests, 1 failed, 2 from the cache, begins after 210 ms, 45 tokens/s, 10 of 11 replies fitted, 20 of 25 changes accepted, 1 undone, cost 0.0100
          a-second-one  local     openai-chat  32768    4096    unknown
            FAIL no way
                 start it

        today (UTC): 1.5000, 1200 tokens of 9
        most of one session: 1.0000
        kept answers: 3, 3 KiB
    "]].assert_eq(&render(&report(vec![known, failed]), Colours::NONE));
}

#[test]
fn roles_with_the_same_models_are_told_together() {
    let with = |role, requests| {
        let statistics = (requests > 0).then(|| ModelStatistics { requests, ..ModelStatistics::default() });
        RoleReport { role, models: vec![ModelReport { statistics, ..model("coder") }] }
    };
    let other = RoleReport { role: Role::Review, models: vec![model("other")] };
    let roles = vec![with(Role::Edit, 3), with(Role::Analysis, 0), other, with(Role::Validation, 2)];
    let text = render(&Report { roles, ..report(Vec::new()) }, Colours::NONE);
    expect![[r"
          MODEL  PROVIDER  PROTOCOL     CONTEXT  OUTPUT  PRICE    CAN
        edit, analysis, validation
          coder  local     openai-chat  32768    4096    unknown
            edit: 3 requests, 0 failed, cost 0.0000
            validation: 2 requests, 0 failed, cost 0.0000
        review
          other  local     openai-chat  32768    4096    unknown
    "]]
    .assert_eq(text.split_once("\n\n").unwrap().0.to_owned().add("\n").as_str());
}

#[test]
fn without_models_the_ways_to_one_are_listed() {
    let problem =
        Problem::error("no-model", Category::Configuration, "none").hint("help: (1) this; (2) that");
    let none = Report { roles: Vec::new(), problem: Some(problem), ..report(Vec::new()) };
    let text = render(&none, Colours::NONE);
    assert!(text.starts_with("none\n  help: (1) this\n  (2) that\n"), "{text}");
}

#[test]
fn times_are_told_in_the_unit_that_fits() {
    let check = |seconds, expected| assert_eq!(ago(seconds), expected);
    check(59, "59 s ago");
    check(60, "1 min ago");
    check(7199, "1 h ago");
}
