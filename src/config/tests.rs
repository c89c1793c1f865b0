//! The configuration from its text to its resolved values, and every fault with its place.

use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};

use super::*;
use crate::model::{Api, EditFormat, KeySource, Role};
use crate::problem::Problem;

const WHOLE: &str = r#"
[providers.local]
api = "openai-chat"
base_url = "http://127.0.0.1:8080/v1"
key_env = "OPENAI_API_KEY"
timeouts = { connect = 2, first_byte = 0.5 }

[providers."tape 1"]
api = "replay"
base_url = "tapes/one.json"

[models.coder]
provider = "local"
model = "qwen2.5-coder:7b"
context = 32_768
max_output = 4096
edit_format = "whole"
temperature = 0.2

[models.other]
provider = "tape 1"
model = "x"
context = 4096

[roles]
edit = ["coder", "other"]
analysis = ["coder"]

[review]
mode = "auto"

[limits]
concurrent_tasks = 3
repair_rounds = 2

[edit]
comment_marker = "ai?"
"#;

fn resolve(text: &str) -> Config {
    from_text(text, Path::new("/home/u/tenon.toml")).unwrap()
}

/// Renders every problem of a text, one a line with its hint.
fn check(text: &str, expected: &Expect) {
    let found = match from_text(text, Path::new("c.toml")) {
        Ok(_) => "valid\n".to_owned(),
        Err(error) => {
            let lines = error.problems().into_iter().flat_map(|problem| {
                let line = format!("{} | {}", problem.code, problem.message);
                [Some(line), problem.hint.map(|hint| format!("  {hint}"))]
            });
            lines.flatten().collect::<Vec<_>>().join("\n") + "\n"
        }
    };
    expected.assert_eq(&found);
}

#[test]
fn an_empty_file_is_the_default() {
    assert_eq!(resolve("").limits, Limits::default());
    assert_eq!(Config { origins: resolved::Origins::default(), ..resolve("") }, Config::default());
}

#[test]
fn everything_resolves() {
    let config = resolve(WHOLE);
    let local = &config.providers["local"];
    assert_eq!(local.api, Api::OpenAiChat);
    assert_eq!(local.key, Some(KeySource::Variable("OPENAI_API_KEY".to_owned())));
    assert_eq!(local.timeouts.connect, Duration::from_secs(2));
    assert_eq!(local.timeouts.first_byte, Duration::from_millis(500));
    assert_eq!(local.timeouts.idle_bytes, Duration::from_secs(30));
    assert_eq!(config.providers["tape 1"].base_url, "/home/u/tapes/one.json");
    let coder = &config.models["coder"];
    assert_eq!((coder.context, coder.max_output), (32_768, 4096));
    assert_eq!(coder.edit_format, EditFormat::Whole);
    assert_eq!(coder.capabilities.temperature.as_deref(), Some("0.2"));
    assert_eq!(config.models["other"].max_output, 2048);
    assert_eq!(config.roles[&Role::Edit], ["coder", "other"]);
    assert_eq!(config.roles[&Role::Analysis], ["coder"]);
    assert_eq!(config.review_mode, ReviewMode::Auto);
    assert_eq!((config.limits.concurrent_tasks, config.limits.repair_rounds), (3, 2));
    assert_eq!(config.comment_marker, "ai?");
    let models = config.models_of(Role::Edit);
    assert_eq!(
        models.iter().map(|(p, m)| (p.name.as_str(), m.name.as_str())).collect::<Vec<_>>(),
        [("local", "coder"), ("tape 1", "other")]
    );
}

#[test]
fn every_edit_format_has_a_name() {
    for (name, format) in [
        ("search-replace", EditFormat::SearchReplace),
        ("whole", EditFormat::Whole),
        ("udiff", EditFormat::UnifiedDiff),
        ("apply-patch", EditFormat::ApplyPatch),
        ("json", EditFormat::Json),
    ] {
        let config = resolve(&format!(
            "[providers.a]\napi = \"openai-chat\"\nbase_url = \"https://x\"\n\
             [models.m]\nprovider = \"a\"\nmodel = \"x\"\nedit_format = \"{name}\""
        ));
        assert_eq!(config.models["m"].edit_format, format);
        let entry = format!("edit_format = \"{name}\"");
        assert!(config.entries().iter().any(|line| line.toml().contains(&entry)), "{name}");
    }
}

#[test]
fn origins_name_lines_flags_and_defaults() {
    let mut config = resolve(WHOLE);
    let file = |line| Origin::File("/home/u/tenon.toml".into(), line);
    assert_eq!(config.origins.of("providers.local.base_url"), file(4));
    assert_eq!(config.origins.of("providers.\"tape 1\".api"), file(9));
    assert_eq!(config.origins.of("roles.edit[1]"), file(26));
    assert_eq!(config.origins.of("limits.files"), Origin::Default);
    config.override_review_mode(ReviewMode::Review, "--review");
    assert_eq!(config.origins.of("review.mode"), Origin::Flag("--review"));
}

#[test]
fn the_resolved_values_are_a_valid_file_again() {
    let first = resolve(WHOLE);
    let lines = first.entries().iter().map(Entry::toml).collect::<Vec<_>>().join("\n");
    let again = resolve(&lines);
    assert_eq!(Config { origins: first.origins.clone(), ..again }, first, "{lines}");
}

#[test]
fn a_single_model_serves_the_edit_role() {
    let config = resolve(
        "[providers.p]\napi='openai-chat'\nbase_url='http://localhost'\n[models.m]\nprovider='p'\nmodel='x'",
    );
    assert_eq!(config.roles[&Role::Edit], ["m"]);
}

#[test]
fn keys_types_and_ranges() {
    check(
        "[limit]\n[limits]\nfile = 1\nfiles = \"many\"\nrepair_rounds = 4\nfile_bytes = 0x7fff_ffff_ffff_ffff_ffff\n\
         [roles]\nedit = \"coder\"\n[models.m]\nmodel = \"x\"\ntemperature = nan\nwaffle = true\n[edit]\ncomment_marker = \"!\"",
        &expect![[r"
            unknown-key | c.toml:1: `limit` is not a known key
              did you mean `limits`?
            unknown-key | c.toml:3: `limits.file` is not a known key
              did you mean `files`?
            wrong-type | c.toml:4: `limits.files` must be a whole number, not text in quotes
            out-of-range | c.toml:5: `limits.repair_rounds` must be from 1 to 3
            out-of-range | c.toml:6: `limits.file_bytes` must be from 1000 to 100000000
            wrong-type | c.toml:8: `roles.edit` must be a list in brackets, not text in quotes
            missing-key | c.toml:9: `models.m.provider` is missing
              `tenon config --schema` describes every key
            out-of-range | c.toml:11: `models.m.temperature` must be from 0.0 to 2.0
            unknown-key | c.toml:12: `models.m.waffle` is not a known key
              known: context, edit_format, max_output, model, provider, temperature
            out-of-range | c.toml:14: `edit.comment_marker` must be at least 2 characters long
        "]],
    );
}

#[test]
fn names_that_lead_nowhere() {
    check(
        "[providers.local]\napi = \"openai-chta\"\nbase_url = \"http://localhost\"\n[review]\nmode = \"always\"",
        &expect![[r"
            unknown-value | c.toml:2: `openai-chta` is not a known value of `providers.local.api`
              did you mean `openai-chat`?
            unknown-value | c.toml:5: `always` is not a known value of `review.mode`
              known: review, auto
        "]],
    );
    check(
        "[providers.local]\napi = \"openai-chat\"\nbase_url = \"http://localhost\"\n\
         [models.coder]\nprovider = \"locl\"\nmodel = \"x\"\n[roles]\nedit = [\n  \"codr\",\n]\nreview = [\"zzz\"]",
        &expect![[r"
            unknown-provider | c.toml:5: `models.coder.provider` names the provider `locl`, which is not in [providers]
              did you mean `local`?
            unknown-model | c.toml:9: `roles.edit[0]` names the model `codr`, which is not in [models]
              did you mean `coder`?
            unknown-model | c.toml:11: `roles.review[0]` names the model `zzz`, which is not in [models]
              known: coder
        "]],
    );
}

#[test]
fn later_values_are_known_but_refused() {
    check(
        "[providers.a]\napi = \"anthropic\"\nbase_url = \"https://x\"\n\
         [models.m]\nprovider = \"a\"\nmodel = \"x\"\nedit_format = \"udiff\"",
        &expect![[r"
            unsupported-api | c.toml:2: `providers.a.api` is `anthropic`, which tenon does not speak yet
              it comes in a later version; most servers also speak openai-chat
        "]],
    );
}

#[test]
fn urls() {
    check(
        "[providers.a]\napi='openai-chat'\nbase_url='localhost:8080'\n\
         [providers.b]\napi='openai-chat'\nbase_url='http://10.0.0.7:8080/v1'\n\
         [providers.c]\napi='openai-chat'\nbase_url='http://10.0.0.7:8080/v1'\nallow_http=true\n\
         [providers.d]\napi='openai-chat'\nbase_url='https://u:hunter2@x/v1'",
        &expect![[r"
            bad-url | c.toml:3: `providers.a.base_url` is no usable URL: it does not start with http:// or https://
              for example http://127.0.0.1:8080/v1
            insecure-url | c.toml:6: `providers.b.base_url` is plain http to another machine
              your text and key would travel unencrypted: use https, or set `allow_http = true` for this provider
            bad-url | c.toml:13: `providers.d.base_url` is no usable URL: a user name or password does not belong into it; use key_env
              for example http://127.0.0.1:8080/v1
        "]],
    );
}

#[test]
fn keys_never_stand_in_the_file_and_are_never_repeated() {
    let text = "[providers.a]\napi='openai-chat'\nbase_url='https://x'\nkey_env='sk-proj-S3CRET'\n\
         [providers.b]\napi='openai-chat'\nbase_url='https://x'\nkey_env='S3CRET-x'\n\
         [providers.c]\napi='openai-chat'\nbase_url='https://x'\nkey_command=['echo','sk-S3CRET']\n\
         [providers.d]\napi='openai-chat'\nbase_url='https://x'\nkey_env='A'\nkey_command=['b']\n";
    check(
        text,
        &expect![[r#"
        key-in-config | c.toml:4: `providers.a.key_env` looks like a key itself
          put the key into an environment variable and write the variable's name here, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
        bad-variable-name | c.toml:8: `providers.b.key_env` is not the name of an environment variable
          letters, digits and `_`, such as OPENAI_API_KEY
        key-in-config | c.toml:12: `providers.c.key_command` looks like a key itself
          put the key into an environment variable and write the variable's name here, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
        conflicting-keys | c.toml:13: `providers.d` has both key_env and key_command
          keep one of them
    "#]],
    );
    check(
        &format!("{text}[providers.e]\napi='openai-chat'\nbase_url='x'\nkey_command=[]"),
        &expect![[r"
            out-of-range | c.toml:21: `providers.e.key_command` must be at least 1 items long
        "]],
    );
    check(
        "[providers.a]\napi='sk-S3CRET'\nbase_url='https://x'",
        &expect![[r#"
        key-in-config | c.toml:2: `providers.a.api` looks like a key itself
          put the key into an environment variable and write the variable's name here, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
    "#]],
    );
    check(
        "[providers.a]\napi='openai-chat'\nbase_url='https://x'\napi_key='sk-S3CRET'\n",
        &expect![[r"
        unknown-key | c.toml:4: `providers.a.api_key` is not a known key
          keys never go into this file: name a variable with `key_env`, or a command with `key_command`
    "]],
    );
    for text in [text, "[p]\nkey = sk-S3CRET", "key_env = \"sk-S3CRET", "key = 'sk-S3CRET' 'sk-S3CRET'"] {
        let error = from_text(text, Path::new("c.toml")).unwrap_err();
        assert!(!format!("{:?}{}", error.problems(), Problem::from(error)).contains("S3CRET"), "{text}");
    }
}

#[test]
fn broken_toml_has_its_line() {
    check(
        "[limits]\nfiles = \n",
        &expect![[r"
        config-syntax | c.toml:2: string values must be quoted, expected literal string
          the file is TOML; text values need quotes
    "]],
    );
    check(
        "a = 1\na = 2\n",
        &expect![[r"
        config-syntax | c.toml:2: duplicate key
          the file is TOML; text values need quotes
    "]],
    );
}

#[test]
fn the_first_problem_counts_the_others() {
    let error = from_text("a = 1\nb = 2\nc = 3", Path::new("c.toml")).unwrap_err();
    let problem = Problem::from(error);
    assert_eq!(problem.code, "unknown-key");
    assert!(problem.message.ends_with("(2 more: `tenon config` lists them)"), "{}", problem.message);
}

#[test]
fn the_schema_describes_every_key() {
    fn walk(path: &str, value: &serde_json::Value) {
        if let Some(properties) = value["properties"].as_object() {
            for (key, property) in properties {
                assert!(property["description"].is_string(), "{path}.{key} has no description");
            }
            assert_eq!(value["additionalProperties"], false, "{path} accepts unknown keys");
        }
    }
    let schema = schema();
    walk("", &schema);
    for (name, definition) in schema["$defs"].as_object().unwrap() {
        walk(name, definition);
    }
}

/// Texts near to a valid one: keys, values and structure get mixed up.
fn texts() -> impl proptest::strategy::Strategy<Value = String> {
    use proptest::prelude::*;
    let line = prop_oneof![
        Just("[providers.p]".to_owned()),
        Just("[models.m]".to_owned()),
        Just("[roles]".to_owned()),
        Just("[limits]".to_owned()),
        "(api|base_url|provider|model|edit|files|context|key_env) = (1|-1|1e400|nan|\"[a-z:/.-]{0,12}\"|\\[\"a\"\\]|\\{a=1\\}|true|0xF_F|1979-05-27)",
        "\\PC{0,20}",
    ];
    proptest::collection::vec(line, 0..12).prop_map(|lines| lines.join("\n"))
}

proptest::proptest! {
    #[test]
    fn no_text_panics_and_every_fault_has_a_message(text in texts()) {
        if let Err(error) = from_text(&text, Path::new("c.toml")) {
            assert!(!error.problems().is_empty());
            for problem in error.problems() {
                assert!(problem.message.starts_with("c.toml"), "{}", problem.message);
                assert_ne!(problem.code, "config-defect");
            }
        }
    }
}
