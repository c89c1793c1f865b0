//! The configuration from its text to its resolved values, and every fault with its place.

use std::path::Path;
use std::time::Duration;

use expect_test::{Expect, expect};

use super::*;
use crate::model::{
    Api, Budget, CacheSettings, Capabilities, CompletionSettings, EditFormat, FillForm, KeySource, Money,
    OutgoingRules, Price, ProviderLimits, Role, Thinking,
};
use crate::problem::Problem;

const WHOLE: &str = r#"
[providers.local]
api = "openai-chat"
base_url = "http://127.0.0.1:8080/v1"
key_env = "OPENAI_API_KEY"
timeouts = { connect = 2, first_byte = 0.5 }

[providers.hosted]
api = "anthropic"
key_keyring = "anthropic"
headers = { X-Team = "editors", "anthropic-beta" = "fast-mode" }
proxy = "http://proxy.example:3128"
ca_file = "certs/team.pem"
concurrent = 4
requests_per_minute = 60
tokens_per_minute = 100_000

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

top_p = 0.9
fill_template = "<pre>{prefix}<suf>{suffix}<mid>"
price = { input = 0, output = 0 }

[models.other]
provider = "tape 1"
model = "x"
context = 4096
price = { input = 0.1, output = 0.3, cache_read = 0.025 }

[models.large]
provider = "hosted"
model = "y"
context = 1_000_000
max_output = 64_000
stream = false
tools = true
schema = true
thinking_tokens = 8000
prompt_cache = true
max_completion_tokens = true
extra = { service_tier = "auto", "odd name" = [1, 2.5, { deep = true }] }

[models.large.price]
input = 3
output = 15
cache_read = 0.3
cache_write = 3.75
tiers = [
    { above = 200_000, input = 6, output = 22.5 },
    { above = 500_000, input = 7, output = 30, cache_write = 0.000001 },
]

[roles]
edit = ["coder", "other"]
analysis = ["coder"]
generation = ["large"]
completion = ["coder"]
validation = []

[split.edit]
coder = 90
other = 10

[review]
mode = "auto"

[limits]
concurrent_tasks = 3
repair_rounds = 2

[edit]
comment_marker = "ai?"

[actions.async]
title = "Make it async"
instruction = "Make this async; keep the names."
languages = ["rust", "python"]
selection = true

[completion]
debounce_ms = 75
max_output = 64
context_bytes = 4096

[budget]
request = 0.5
session = 5
day = 20.000000000001
day_tokens = 3_000_000

[cache]
enabled = false
ttl_seconds = 60
memory_bytes = 0
disk_bytes = 1_000

[outgoing]
deny = ["secret/**"]
redact = false
max_bytes = 100_000

[recorder]
folder = "tapes/new"
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
    assert_eq!(config.splits[&Role::Edit], [("coder".to_owned(), 90), ("other".to_owned(), 10)].into());
    assert_eq!(config.review_mode, ReviewMode::Auto);
    assert_eq!((config.limits.concurrent_tasks, config.limits.repair_rounds), (3, 2));
    assert_eq!(config.comment_marker, "ai?");
    let own = &config.actions["async"];
    assert_eq!((own.title.as_str(), own.is_for("rust", true)), ("Make it async", true));
    assert!(!own.is_for("rust", false) && !own.is_for("go", true));
    let models = config.models_of(Role::Edit);
    assert_eq!(
        models.iter().map(|(p, m)| (p.name.as_str(), m.name.as_str())).collect::<Vec<_>>(),
        [("local", "coder"), ("tape 1", "other")]
    );
}

#[test]
fn a_provider_resolves() {
    let hosted = &resolve(WHOLE).providers["hosted"];
    assert_eq!((hosted.api, hosted.base_url.as_str()), (Api::Anthropic, "https://api.anthropic.com/v1"));
    assert_eq!(hosted.key, Some(KeySource::Keyring("anthropic".to_owned())));
    let header = |name: &str, value: &str| (name.to_owned(), value.to_owned());
    assert_eq!(hosted.headers, [header("X-Team", "editors"), header("anthropic-beta", "fast-mode")]);
    assert_eq!(hosted.proxy.as_deref(), Some("http://proxy.example:3128"));
    assert_eq!(hosted.ca_file.as_deref(), Some(Path::new("/home/u/certs/team.pem")));
    let limits =
        ProviderLimits { concurrent: 4, requests_per_minute: Some(60), tokens_per_minute: Some(100_000) };
    assert_eq!(hosted.limits, limits);
}

#[test]
fn a_model_resolves() {
    let config = resolve(WHOLE);
    let large = &config.models["large"];
    let mut extra = serde_json::Map::new();
    extra.insert("service_tier".to_owned(), "auto".into());
    extra.insert("odd name".to_owned(), serde_json::json!([1, 2.5, { "deep": true }]));
    let expected = Capabilities {
        stream: false,
        tools: true,
        schema: true,
        thinking: Thinking::Tokens(8000),
        prompt_cache: true,
        max_completion_tokens: true,
        extra,
        ..Capabilities::default()
    };
    assert_eq!(large.capabilities, expected);
    let coder = &config.models["coder"].capabilities;
    assert_eq!(coder.top_p.as_deref(), Some("0.9"));
    assert_eq!(coder.fill, Some(FillForm::Template("<pre>{prefix}<suf>{suffix}<mid>".to_owned())));
    let price = |input, output, cache_read, cache_write| Price {
        input,
        output,
        cache_read,
        cache_write,
        tiers: Vec::new(),
    };
    let tiers = vec![
        (200_000, price(6_000_000, 22_500_000, 6_000_000, 6_000_000)),
        (500_000, price(7_000_000, 30_000_000, 7_000_000, 1)),
    ];
    assert_eq!(large.price, Some(Price { tiers, ..price(3_000_000, 15_000_000, 300_000, 3_750_000) }));
    assert_eq!(config.models["other"].price, Some(price(100_000, 300_000, 25_000, 100_000)));
}

#[test]
fn the_policy_resolves() {
    let config = resolve(WHOLE);
    let money = |units: u64| Some(Money(units));
    let budget = Budget {
        request: money(Money::ONE / 2),
        session: money(5 * Money::ONE),
        day: money(20 * Money::ONE + 1),
        day_tokens: Some(3_000_000),
    };
    assert_eq!(config.budget, budget);
    let cache = CacheSettings {
        enabled: false,
        time_to_live: Duration::from_secs(60),
        memory_bytes: 0,
        disk_bytes: 1_000,
    };
    assert_eq!(config.cache, cache);
    let outgoing = OutgoingRules { deny: vec!["secret/**".to_owned()], redact: false, max_bytes: 100_000 };
    assert_eq!(config.outgoing, outgoing);
    let completion =
        CompletionSettings { debounce: Duration::from_millis(75), max_output: 64, context_bytes: 4096 };
    assert_eq!(config.completion, completion);
    assert_eq!(config.recordings.as_deref(), Some(Path::new("/home/u/tapes/new")));
}

#[test]
fn every_protocol_has_a_name_and_a_place() {
    for (name, api, url) in [
        ("openai-chat", Api::OpenAiChat, "https://api.openai.com/v1"),
        ("openai-responses", Api::OpenAiResponses, "https://api.openai.com/v1"),
        ("anthropic", Api::Anthropic, "https://api.anthropic.com/v1"),
        ("gemini", Api::Gemini, "https://generativelanguage.googleapis.com/v1beta"),
        ("ollama", Api::Ollama, "http://127.0.0.1:11434"),
    ] {
        let config = resolve(&format!("[providers.a]\napi = \"{name}\""));
        let provider = &config.providers["a"];
        assert_eq!((provider.api, provider.base_url.as_str()), (api, url));
        let entry = format!("providers.a.api = \"{name}\"");
        assert!(config.entries().iter().any(|line| line.toml() == entry), "{name}");
    }
    check(
        "[providers.a]\napi = 'replay'",
        &expect![[r"
            missing-key | c.toml:1: `providers.a.base_url` is missing
              `tenon config --schema` describes every key
        "]],
    );
}

#[test]
fn words_of_a_capability_record() {
    let capabilities = |line: &str| {
        let text = format!("[providers.a]\napi='ollama'\n[models.m]\nprovider='a'\nmodel='x'\n{line}");
        let config = resolve(&text);
        assert!(config.entries().iter().any(|entry| entry.toml() == format!("models.m.{line}")), "{line}");
        config.models["m"].capabilities.clone()
    };
    for (name, thinking) in [
        ("off", Thinking::Off),
        ("low", Thinking::Low),
        ("medium", Thinking::Medium),
        ("high", Thinking::High),
    ] {
        assert_eq!(capabilities(&format!("thinking = \"{name}\"")).thinking, thinking);
    }
    for (name, form) in [
        ("mistral", FillForm::Mistral),
        ("completions", FillForm::Completions),
        ("infill", FillForm::Infill),
        ("ollama", FillForm::Ollama),
    ] {
        assert_eq!(capabilities(&format!("fill = \"{name}\"")).fill, Some(form));
    }
    assert_eq!(capabilities("stream = true").thinking, Thinking::Unset);
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
    assert_eq!(config.origins.of("providers.\"tape 1\".api"), file(19));
    assert_eq!(config.origins.of("roles.edit[1]"), file(64));
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

/// The roles of models `a`, `b`… of which those in `fills` can fill, as `role: models`.
fn roles(models: &[&str], fills: &[&str], typed: &str) -> String {
    let mut text = "[providers.p]\napi='ollama'\n".to_owned();
    for model in models {
        let fill = if fills.contains(model) { "fill='ollama'\n" } else { "" };
        text.push_str(&format!("[models.{model}]\nprovider='p'\nmodel='x'\n{fill}"));
    }
    let config = resolve(&format!("{text}[roles]\n{typed}"));
    let again = config.entries().iter().map(Entry::toml).collect::<Vec<_>>().join("\n");
    assert_eq!(resolve(&again).roles, config.roles);
    let lists = Role::ALL.iter().filter_map(|role| Some((role, config.roles.get(role)?.join(" "))));
    lists.map(|(role, list)| format!("{role}: {list}")).collect::<Vec<_>>().join(", ")
}

#[test]
fn a_single_model_serves_every_role_and_completion_if_it_can_fill() {
    let all = "edit: a, analysis: a, generation: a, review: a, improvement: a, validation: a";
    assert_eq!(roles(&["a"], &[], ""), all);
    assert_eq!(roles(&["a"], &["a"], ""), format!("{all}, completion: a"));
    assert_eq!(roles(&["a"], &["a"], "completion = []"), all);
}

#[test]
fn a_role_that_is_not_named_takes_the_models_of_edit() {
    assert_eq!(
        roles(&["a", "b"], &["a"], "edit = ['b', 'a']\nreview = ['a']\nanalysis = []"),
        "edit: b a, generation: b a, review: a, improvement: b a, validation: b a"
    );
    assert_eq!(roles(&["a", "b"], &["a"], "completion = ['a']"), "completion: a");
    assert_eq!(roles(&["a", "b"], &["a", "b"], ""), "");
    assert_eq!(roles(&[], &[], ""), "");
}

#[test]
fn the_origin_of_a_role_says_whom_it_follows() {
    let origins = |text: &str| {
        let base = "[providers.p]\napi='ollama'\n[models.a]\nprovider='p'\nmodel='x'\n";
        let entries = resolve(&format!("{base}{text}")).entries().into_iter();
        let roles = entries.filter(|entry| entry.key.starts_with("roles."));
        roles.map(|entry| entry.origin).collect::<Vec<_>>().join(", ")
    };
    assert_eq!(origins(""), "the only model, ".repeat(6) + "default");
    let two = "[models.b]\nprovider='p'\nmodel='y'\n[roles]\nedit=['a']";
    let file = "/home/u/tenon.toml:10, ";
    assert_eq!(origins(two), file.to_owned() + &"as roles.edit, ".repeat(5) + "default");
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
              known: context, edit_format, extra, fill, fill_template, max_completion_tokens, max_output, model, price, prompt_cache, provider, schema, stream, temperature, thinking, thinking_tokens, tools, top_p
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
fn headers_and_proxies() {
    check(
        "[providers.a]\napi='openai-chat'\n[providers.a.headers]\nAuthorization='x'\nX-Api-Key='x'\nHost='x'\n\
         cookie='x'\n'X Y'='x'\nX-Ok='some text'\nX-Line=\"a\\nb\"\nx-ok='again'\nX-Token='sk-S3CRET'\n\
         X-Auth='Bearer S3CRET'\nsk-S3CRET='x'\n\
         [providers.b]\napi='gemini'\nproxy='http://u:S3CRET@proxy:1'\n\
         [providers.c]\napi='gemini'\nproxy='socks5://proxy:1'\n",
        &expect![[r#"
            key-in-config | c.toml:3: `providers.a.headers` looks like a key itself
              put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
            bad-header | c.toml:4: the header `providers.a.headers.Authorization` is set by tenon itself
              leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header
            bad-header | c.toml:5: the header `providers.a.headers.X-Api-Key` is set by tenon itself
              leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header
            bad-header | c.toml:6: the header `providers.a.headers.Host` is set by tenon itself
              leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header
            bad-header | c.toml:7: the header `providers.a.headers.cookie` is set by tenon itself
              leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header
            bad-header | c.toml:8: the header `providers.a.headers."X Y"` is not a name that a header can have
              leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header
            bad-header | c.toml:10: the header `providers.a.headers.X-Line` has a value that is not plain ASCII on one line
              leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header
            bad-header | c.toml:11: the header `providers.a.headers.x-ok` is there twice
              leave it out; keys come from `key_env`, `key_command` or `key_keyring`, never from a header
            key-in-config | c.toml:12: `providers.a.headers.X-Token` looks like a key itself
              put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
            key-in-config | c.toml:13: `providers.a.headers.X-Auth` looks like a key itself
              put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
            password-in-proxy | c.toml:17: `providers.b.proxy` has a user name or a password
              leave `proxy` out and set HTTPS_PROXY in the environment: it may hold them
            bad-url | c.toml:20: `providers.c.proxy` is no usable URL: only http and https are spoken
              for example http://127.0.0.1:8080/v1
        "#]],
    );
}

#[test]
fn keys_that_exclude_each_other_and_records_that_contradict_themselves() {
    check(
        "[providers.a]\napi='anthropic'\nkey_env='A'\nkey_keyring='a'\n\
         [providers.b]\napi='ollama'\nkey_keyring='sk-S3CRET'\n\
         [models.m]\nprovider='a'\nmodel='x'\nthinking='low'\nthinking_tokens=4096\nfill='infill'\n\
         [models.n]\nprovider='b'\nmodel='x'\nfill='ollama'\nfill_template='{prefix}'\n\
         [models.o]\nprovider='b'\nmodel='x'\nfill_template='{prefix}{suffix}{prefix}'\n\
         [models.q]\nprovider='b'\nmodel='x'\n\
         [roles]\nedit=['m']\ncompletion=['n','q']\n[split.edit]\nm=1\nn=2\n[split.review]\nzz=1",
        &expect![[r#"
            conflicting-keys | c.toml:1: `providers.a` has both key_env and key_keyring
              keep one of them
            key-in-config | c.toml:7: `providers.b.key_keyring` looks like a key itself
              put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
            conflicting-keys | c.toml:8: `models.m` has both thinking and thinking_tokens
              keep one of them
            out-of-range | c.toml:12: `models.m.thinking_tokens` must be less than `max_output`, 4096 tokens
            out-of-range | c.toml:13: `models.m.fill` must be left out: the provider's protocol has no call for a middle
            conflicting-keys | c.toml:14: `models.n` has both fill and fill_template
              keep one of them
            out-of-range | c.toml:22: `models.o.fill_template` must be text with one {prefix} and one {suffix}
            cannot-fill | c.toml:28: `roles.completion[1]` names the model `q`, which cannot fill in a middle
              if it can, say how with `fill` or `fill_template` in its table
            not-in-role | c.toml:31: `n` is not among the models of `roles.edit`
              known: m
            not-in-role | c.toml:33: `zz` is not among the models of `roles.review`
              known: m
        "#]],
    );
    check(
        "[split.edit]\na=0\nb=1001\nc='x'\n[split.editing]\n",
        &expect![[r"
            out-of-range | c.toml:2: `split.edit.a` must be from 1 to 1000
            out-of-range | c.toml:3: `split.edit.b` must be from 1 to 1000
            wrong-type | c.toml:4: `split.edit.c` must be a whole number, not text in quotes
            unknown-key | c.toml:5: `split.editing` is not a known key
              did you mean `edit`?
        "]],
    );
}

#[test]
fn members_of_the_body() {
    check(
        "[providers.p]\napi='ollama'\n[models.m]\nprovider='p'\nmodel='x'\n[models.m.extra]\nmodel='y'\n\
         messages=[]\nstream=true\na=nan\nb=1979-05-27\nc=[{d=inf}]\ne={f={g='sk-S3CRET'}}\nok={h=[1]}",
        &expect![[r#"
            reserved-member | c.toml:7: `models.m.extra.model` is written by tenon itself
              leave it out; `max_output` limits the answer, `context` is the window
            reserved-member | c.toml:8: `models.m.extra.messages` is written by tenon itself
              leave it out; `max_output` limits the answer, `context` is the window
            reserved-member | c.toml:9: `models.m.extra.stream` is written by tenon itself
              leave it out; `max_output` limits the answer, `context` is the window
            out-of-range | c.toml:10: `models.m.extra.a` must be a finite number
            wrong-type | c.toml:11: `models.m.extra.b` must be a value of JSON, not a date
            out-of-range | c.toml:12: `models.m.extra.c[0].d` must be a finite number
            key-in-config | c.toml:13: `models.m.extra.e.f.g` looks like a key itself
              put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
        "#]],
    );
}

#[test]
fn what_a_budget_counts_on_cannot_be_replaced() {
    check(
        "[providers.p]\napi='gemini'\n[models.m]\nprovider='p'\nmodel='x'\n[models.m.extra]\nmax_tokens=9\nn=2\n\
         generationConfig={maxOutputTokens=9,seed=1}\noptions={num_predict=-1,seed=1}",
        &expect![[r"
            reserved-member | c.toml:7: `models.m.extra.max_tokens` is written by tenon itself
              leave it out; `max_output` limits the answer, `context` is the window
            reserved-member | c.toml:8: `models.m.extra.n` is written by tenon itself
              leave it out; `max_output` limits the answer, `context` is the window
            reserved-member | c.toml:9: `models.m.extra.generationConfig.maxOutputTokens` is written by tenon itself
              leave it out; `max_output` limits the answer, `context` is the window
            reserved-member | c.toml:10: `models.m.extra.options.num_predict` is written by tenon itself
              leave it out; `max_output` limits the answer, `context` is the window
        "]],
    );
}

#[test]
fn prices_and_budgets() {
    let base = "[providers.p]\napi='ollama'\n[models.m]\nprovider='p'\nmodel='x'\n";
    check(
        &format!(
            "{base}[models.m.price]\ninput=0.0000001\noutput=-1\ncache_red=1\n\
             tiers=[{{above=5,input=1,output=1}},{{above=5,input=1}}]"
        ),
        &expect![[r"
            out-of-range | c.toml:8: `models.m.price.output` must be from 0.0 to 1000000.0
            unknown-key | c.toml:9: `models.m.price.cache_red` is not a known key
              did you mean `cache_read`?
            missing-key | c.toml:10: `models.m.price.tiers[1].output` is missing
              `tenon config --schema` describes every key
        "]],
    );
    check(
        &format!(
            "{base}[models.m.price]\ninput=0.0000001\noutput=1\n\
             tiers=[{{above=5,input=1,output=1}},\n{{above=5,input=1,output=0.1234567}}]\n[budget]\nday=0.0000000000001"
        ),
        &expect![[r"
            out-of-range | c.toml:7: `models.m.price.input` must be written with at most 6 decimals
            out-of-range | c.toml:10: `models.m.price.tiers[1].above` must be more than in the tier before
            out-of-range | c.toml:10: `models.m.price.tiers[1].output` must be written with at most 6 decimals
            out-of-range | c.toml:12: `budget.day` must be written with at most 12 decimals
        "]],
    );
    check(
        &format!("{base}[models.n]\nprovider='p'\nmodel='x'\n[roles]\nreview=['n']\n[budget]\nday=1"),
        &expect![[r"
            no-price | c.toml:6: `models.n` has no price, so a budget in money cannot count it
              add its `price` (`price = { input = 0, output = 0 }` where it costs nothing), or set `day_tokens` instead, which needs no price
        "]],
    );
    check(&format!("{base}[budget]\nday_tokens=1"), &expect![["valid\n"]]);
    check(&format!("{base}[roles]\nedit=[]\n[budget]\nday=1"), &expect![["valid\n"]]);
}

#[test]
fn globs_and_folders() {
    check(
        "[recorder]\nfolder=''\n[cache]\nttl_seconds=0\n[completion]\nmax_output=0\n[outgoing]\ndeny=['']",
        &expect![[r"
            out-of-range | c.toml:2: `recorder.folder` must be at least 1 characters long
            out-of-range | c.toml:4: `cache.ttl_seconds` must be from 1 to 31536000
            out-of-range | c.toml:6: `completion.max_output` must be from 1 to 4096
            out-of-range | c.toml:8: `outgoing.deny[0]` must be at least 1 characters long
        "]],
    );
    check(
        "[outgoing]\ndeny = [\n  'ok/**',\n  '[a',\n  '*.sql',\n  ' / ',\n  '{a,b',\n]",
        &expect![[r"
            bad-glob | c.toml:4: `outgoing.deny[1]` is no glob: unclosed character class; missing ']'
              write globs like `secrets/**` or `*.sql`, relative to the workspace
            bad-glob | c.toml:7: `outgoing.deny[4]` is no glob: unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)
              write globs like `secrets/**` or `*.sql`, relative to the workspace
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
          put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
        bad-variable-name | c.toml:8: `providers.b.key_env` is not the name of an environment variable
          letters, digits and `_`, such as OPENAI_API_KEY
        key-in-config | c.toml:12: `providers.c.key_command` looks like a key itself
          put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
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
          put the key into an environment variable and name that in the provider's `key_env`, such as key_env = "OPENAI_API_KEY"; then replace the key, since it has been in a file
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
        Just("[models.m.price]".to_owned()),
        Just("[models.m.extra]".to_owned()),
        Just("[split.edit]".to_owned()),
        Just("[budget]".to_owned()),
        "(api|base_url|provider|model|edit|files|context|key_env|headers|proxy|input|output|tiers|day|fill|m|extra) = (1|-1|1e400|nan|\"[a-z:/.-]{0,12}\"|\\[\"a\"\\]|\\{a=1\\}|true|0xF_F|1979-05-27)",
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
