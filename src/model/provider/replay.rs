//! Recorded replies from a file: for tests and demonstrations, never a silent fallback.
//!
//! One JSON object a line (blank lines do not count), described in `docs/replay-format.md`:
//!
//! ```json
//! {"match": "add a greeting", "chunks": ["first piece, ", "second piece"], "delay_ms": 20, "finish": "stop"}
//! {"chunks": ["half a rep"], "error": {"kind": "overloaded", "message": "try later", "status": 529}}
//! {"events": [{"reasoning": "hm"}, {"text": "yes"}, {"finished": "stop"}]}
//! ```
//!
//! A request takes the first unused line whose `match` is contained in one of its messages, else the first
//! unused line without `match`. Each line is used once. Without a line left the answer is `NoRecording`.

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::StreamExt as _;
use serde::Deserialize;
use tokio::time::sleep;

use crate::model::{
    FinishReason, ModelError, ModelErrorKind, ModelSettings, Outgoing, ProviderSettings, ReplyStream,
    Request, StreamEvent, Upstream,
};
use crate::problem::{Category, Problem};

/// A model that repeats a recording.
pub(super) struct Replay {
    provider: ProviderSettings,
    settings: ModelSettings,
    /// What is left of it, in the file's order.
    lines: Arc<Mutex<Vec<Line>>>,
}

/// One recorded reply.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Line {
    #[serde(rename = "match")]
    wanted: Option<String>,
    #[serde(default)]
    chunks: Vec<String>,
    /// The reply event by event, in place of `chunks` and `finish`.
    events: Option<Vec<StreamEvent>>,
    #[serde(default)]
    delay_ms: u64,
    finish: Option<Finish>,
    error: Option<RecordedError>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Finish {
    Stop,
    Length,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedError {
    kind: ModelErrorKind,
    #[serde(default)]
    message: String,
    status: Option<u16>,
    code: Option<String>,
    retry_after_ms: Option<u64>,
}

impl Replay {
    /// Reads a recording.
    pub(super) fn open(provider: ProviderSettings, settings: ModelSettings) -> Result<Self, Problem> {
        let path = Path::new(&provider.base_url);
        let bad = |why: String| {
            let message = format!("The recording {} {why}", path.display());
            Problem::error("bad-recording", Category::Configuration, message)
                .hint("`base_url` of a replay provider is the path of a file of recorded replies, one JSON object a line")
        };
        let text = std::fs::read_to_string(path).map_err(|error| bad(format!("cannot be read: {error}")))?;
        let lines = parse(&text).map_err(bad)?;
        Ok(Self { provider, settings, lines: Arc::new(Mutex::new(lines)) })
    }
}

fn parse(text: &str) -> Result<Vec<Line>, String> {
    let numbered = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    numbered
        .map(|(index, line)| {
            let bad = |why: &dyn std::fmt::Display| format!("has a bad line {}: {why}", index + 1);
            let line: Line = serde_json::from_str(line).map_err(|error| bad(&error))?;
            line.check().map_err(|why| bad(&why))?;
            Ok(line)
        })
        .collect()
}

impl Line {
    fn check(&self) -> Result<(), &'static str> {
        if self.finish.is_some() && self.error.is_some() {
            return Err("a reply either finishes or fails");
        }
        let Some(events) = &self.events else { return Ok(()) };
        if self.finish.is_some() || !self.chunks.is_empty() {
            return Err("a reply has either `events`, or `chunks` and `finish`");
        }
        let is_end = |event: &StreamEvent| matches!(event, StreamEvent::Finished(_));
        let end = events.iter().position(is_end);
        match (end, &self.error) {
            (None, Some(_)) => Ok(()),
            (Some(end), None) if end + 1 == events.len() => Ok(()),
            (_, Some(_)) => Err("a reply either finishes or fails"),
            (_, None) => Err("`events` end with the one that is `finished`"),
        }
    }

    /// Its events, and the error that ends them, if one does.
    fn items(self) -> (Vec<StreamEvent>, Option<RecordedError>) {
        let mut events = match self.events {
            Some(events) => events,
            None => self.chunks.into_iter().map(StreamEvent::Text).collect(),
        };
        let is_finished = matches!(events.last(), Some(StreamEvent::Finished(_)));
        if self.error.is_none() && !is_finished {
            events.push(StreamEvent::Finished(match self.finish {
                Some(Finish::Length) => FinishReason::Length,
                _ => FinishReason::Stop,
            }));
        }
        (events, self.error)
    }
}

/// Takes the line for `request` out of `lines`.
fn choose(lines: &mut Vec<Line>, request: &Request) -> Option<Line> {
    let is_wanted = |wanted: &str| match request {
        Request::Chat(chat) => chat.messages.iter().any(|message| message.text.contains(wanted)),
        Request::Fill(fill) => fill.prefix.contains(wanted) || fill.suffix.contains(wanted),
    };
    let matching = lines.iter().position(|line| line.wanted.as_deref().is_some_and(is_wanted));
    let index = matching.or_else(|| lines.iter().position(|line| line.wanted.is_none()))?;
    Some(lines.remove(index))
}

impl Upstream for Replay {
    fn provider(&self) -> &ProviderSettings {
        &self.provider
    }

    fn settings(&self) -> &ModelSettings {
        &self.settings
    }

    fn send(&self, request: Outgoing) -> ReplyStream {
        let lines = Arc::clone(&self.lines);
        let (provider, model) = (self.settings.provider.clone(), self.settings.name.clone());
        let none = move || {
            ModelError::new(
                ModelErrorKind::NoRecording,
                provider,
                model,
                "no recorded reply is left for this request",
            )
        };
        futures::stream::once(async move {
            let line = choose(&mut lines.lock().unwrap_or_else(PoisonError::into_inner), request.request());
            played(line, none)
        })
        .flatten()
        .boxed()
    }
}

/// Plays one line; `base` makes the error that its recorded error refines.
fn played(line: Option<Line>, base: impl FnOnce() -> ModelError + Send + 'static) -> ReplyStream {
    let Some(line) = line else {
        return futures::stream::once(async move { Err(base()) }).boxed();
    };
    let pause = Duration::from_millis(line.delay_ms);
    let (events, error) = line.items();
    let events = futures::stream::iter(events).then(move |event| async move {
        if !pause.is_zero() && !matches!(event, StreamEvent::Finished(_)) {
            sleep(pause).await;
        }
        Ok(event)
    });
    let error = error.map(|error| Err(recorded(error, base())));
    events.chain(futures::stream::iter(error)).boxed()
}

fn recorded(error: RecordedError, base: ModelError) -> ModelError {
    ModelError {
        kind: error.kind,
        message: error.message,
        status: error.status,
        code: error.code,
        retry_after: error.retry_after_ms.map(Duration::from_millis),
        ..base
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Api, FillRequest, Message, ModelRequest, OutgoingFilter};

    fn outgoing(request: ModelRequest) -> Outgoing {
        OutgoingFilter::default().pass(Request::Chat(request)).expect("it passes")
    }

    fn replay(text: &str) -> Replay {
        let settings = ModelSettings::new("demo", "tape", "demo");
        let provider = ProviderSettings::new("tape", Api::Replay, "");
        Replay { provider, settings, lines: Arc::new(Mutex::new(parse(text).expect("a recording"))) }
    }

    /// Asks with one message a word and writes the reply in one line.
    async fn asked(replay: &Replay, messages: &str) -> String {
        let messages = messages.split('|').map(Message::user).collect();
        let items: Vec<_> = replay.send(outgoing(ModelRequest::new("a", messages))).collect().await;
        let written = items.into_iter().map(|item| match item {
            Ok(StreamEvent::Text(text)) => text,
            Ok(other) => format!("<{other:?}>"),
            Err(error) => format!("<{:?} {:?} {error}>", error.kind, error.status),
        });
        written.collect()
    }

    #[tokio::test]
    async fn lines_are_matched_first_and_used_once() {
        let replay = replay(concat!(
            "{\"chunks\": [\"1\"]}\n\n",
            "{\"match\": \"add\", \"chunks\": [\"2\", \"é\"], \"finish\": \"length\"}\r\n",
            "{\"match\": \"add\", \"chunks\": [\"3\"]}\n",
            "{\"chunks\": [\"4\"]}\n",
        ));
        drop(replay.send(outgoing(ModelRequest::default())));
        assert_eq!(asked(&replay, "please add this|or not").await, "2é<Finished(Length)>");
        assert_eq!(asked(&replay, "remove").await, "1<Finished(Stop)>");
        assert_eq!(asked(&replay, "add").await, "3<Finished(Stop)>");
        assert_eq!(asked(&replay, "add").await, "4<Finished(Stop)>");
        assert_eq!(
            asked(&replay, "add").await,
            "<NoRecording None tape/demo: no recorded reply is left for this request>"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn errors_and_delays() {
        let replay = replay(
            r#"{"chunks": ["a", "b"], "delay_ms": 1500, "error": {"kind": "overloaded", "message": "later", "status": 529}}"#,
        );
        let started = tokio::time::Instant::now();
        assert_eq!(asked(&replay, "x").await, "ab<Overloaded Some(529) tape/demo: later>");
        assert_eq!(started.elapsed(), Duration::from_secs(3));
    }

    #[tokio::test]
    async fn events_are_played_as_they_were() {
        let events = vec![
            StreamEvent::Reasoning("hm".to_owned()),
            StreamEvent::CallBegun { index: 0, id: "c".to_owned(), name: "edit".to_owned() },
            StreamEvent::CallArguments { index: 0, json: "{}".to_owned() },
            StreamEvent::Keep(serde_json::json!({"type": "reasoning"})),
            StreamEvent::Usage(crate::model::Usage { input: 3, output: 4, ..Default::default() }),
            StreamEvent::Finished(FinishReason::Tools),
        ];
        let replay = replay(&serde_json::json!({"events": events}).to_string());
        let fill = Request::Fill(FillRequest { prefix: "fn ".to_owned(), ..FillRequest::default() });
        let fill = OutgoingFilter::default().pass(fill).expect("it passes");
        let played: Vec<_> = replay.send(fill).collect().await;
        assert_eq!(played, events.into_iter().map(Ok).collect::<Vec<_>>());
    }

    #[tokio::test]
    async fn middles_are_matched_and_every_kind_can_end_a_reply() {
        let replay = replay(concat!(
            "{\"match\": \"fn b\", \"chunks\": [\"()\"]}\n",
            "{\"events\": [{\"text\": \"a\"}], \"error\": {\"kind\": \"resting\", \"message\": \"later\"}}\n",
        ));
        let fill = Request::Fill(FillRequest { suffix: "fn b".to_owned(), ..FillRequest::default() });
        let fill = OutgoingFilter::default().pass(fill).expect("it passes");
        let played: Vec<_> = replay.send(fill).collect().await;
        assert_eq!(played[0], Ok(StreamEvent::Text("()".to_owned())));
        assert_eq!(asked(&replay, "x").await, "a<Resting None tape/demo: later>");
    }

    #[test]
    fn bad_recordings() {
        let check = |text: &str, expected: &str| {
            let error = parse(text).map(|_| ()).expect_err("an error");
            assert!(error.contains(expected), "{error}");
        };
        check("{}\n{", "bad line 2");
        check(r#"{"chunk": ["a"]}"#, "unknown field");
        check(r#"{"finish": "halt"}"#, "unknown variant");
        check(r#"{"error": {"kind": "unknown"}}"#, "unknown variant");
        check(r#"{"finish": "stop", "error": {"kind": "server"}}"#, "either finishes or fails");
        check(
            r#"{"events": [{"finished": "stop"}], "error": {"kind": "server"}}"#,
            "either finishes or fails",
        );
        check(r#"{"events": [{"text": "a"}]}"#, "the one that is `finished`");
        check(r#"{"events": [{"finished": "stop"}, {"text": "a"}]}"#, "the one that is `finished`");
        check(r#"{"events": [{"finished": "stop"}], "chunks": ["a"]}"#, "has either `events`");
        check(r#"{"events": [{"said": "a"}]}"#, "unknown variant");
    }

    #[test]
    fn a_missing_file_is_a_problem() {
        let settings = replay("").settings;
        let provider = ProviderSettings::new("tape", Api::Replay, "no/such/recording.jsonl");
        let problem = Replay::open(provider, settings).map(|_| ()).expect_err("an error");
        assert_eq!(problem.code, "bad-recording");
        assert!(problem.message.contains("no/such/recording.jsonl"));
    }
}
