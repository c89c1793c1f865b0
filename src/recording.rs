//! Records replies in the form that the replay provider reads, to be attached to a report or used in a test.
//!
//! Off unless the user asks for it. What is written holds no secret that the outgoing filter knows or finds, and only
//! its owner may read it.

use std::fs::{File, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde_json::{Value, json};

use crate::model::{ModelError, Outgoing, OutgoingFilter, Request, Speaker, StreamEvent};
use crate::ports::Recorder;
use crate::problem::{Category, Problem, Severity};

/// Writes one file, a line for each exchange.
#[derive(Debug)]
pub struct ReplyRecorder {
    filter: OutgoingFilter,
    path: PathBuf,
    /// `None` after writing failed: a recording with a hole would play something else.
    file: Mutex<Option<File>>,
}

/// Bytes of the last message that tell a request from others.
const TELLING: usize = 200;

impl ReplyRecorder {
    /// Creates `recording-<date>-<id>.jsonl` in `folder`, which is made if it is missing.
    ///
    /// # Errors
    /// `recording-failed` when it cannot be created.
    pub fn in_folder(
        folder: &Path,
        session: &str,
        now: Duration,
        filter: OutgoingFilter,
    ) -> Result<Self, Problem> {
        let id: String = session.chars().filter(char::is_ascii_alphanumeric).take(12).collect();
        let path = folder.join(format!("recording-{}-{id}.jsonl", date(now)));
        std::fs::create_dir_all(folder).map_err(|error| failed(folder, &error))?;
        Self::create(path, filter)
    }

    /// Creates the file, which must not exist yet.
    ///
    /// # Errors
    /// `recording-failed` when it exists or cannot be created.
    pub fn create(path: PathBuf, filter: OutgoingFilter) -> Result<Self, Problem> {
        let file = created(&path).map_err(|error| failed(&path, &error))?;
        Ok(Self { filter, path, file: Mutex::new(Some(file)) })
    }

    /// What the user is told at the start.
    pub fn notice(&self) -> Problem {
        let message = format!("every reply is recorded in {}, without secrets", self.path.display());
        let mut notice = Problem::error("recording", Category::Configuration, message);
        notice.severity = Severity::Warning;
        notice
    }

    fn write(&self, line: &str) {
        let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
        let written = file.as_mut().map_or(Ok(()), |file| file.write_all(line.as_bytes()));
        if let Err(error) = written {
            tracing::warn!(%error, path = %self.path.display(), "recording ends here");
            *file = None;
        }
    }

    fn line(&self, request: &Outgoing, events: &[StreamEvent], error: Option<&ModelError>) -> Value {
        let mut line = json!({ "events": self.without_secrets(events) });
        if let Some(telling) = telling(request.request()) {
            let telling = self.clean(&telling);
            // Cut only now: half of a secret looks like none.
            line["match"] = json!(tail(telling.trim_end(), TELLING));
        }
        if let Some(error) = error {
            let mut written = json!({ "kind": error.kind, "message": self.clean(&error.message) });
            if let Some(status) = error.status {
                written["status"] = json!(status);
            }
            if let Some(code) = &error.code {
                written["code"] = json!(code);
            }
            if let Some(after) = error.retry_after {
                written["retry_after_ms"] = json!(u64::try_from(after.as_millis()).unwrap_or(u64::MAX));
            }
            line["error"] = written;
        }
        line
    }

    fn clean(&self, text: &str) -> String {
        self.filter.again(&[text]).pop().map(|redacted| redacted.text).unwrap_or_default()
    }

    /// The same events, in the same pieces: a secret may be spread over several of them.
    fn without_secrets(&self, events: &[StreamEvent]) -> Vec<StreamEvent> {
        let mut events: Vec<StreamEvent> =
            events.iter().filter(|event| !matches!(event, StreamEvent::Cached)).cloned().collect();
        let mut streams: Vec<Stream> = events.iter().filter_map(Stream::of).collect();
        streams.sort_unstable();
        streams.dedup();
        for stream in streams {
            let mut pieces: Vec<&mut String> = events
                .iter_mut()
                .filter(|event| Stream::of(event) == Some(stream))
                .filter_map(text_of)
                .collect();
            let whole = self.clean(&pieces.iter().map(|piece| piece.as_str()).collect::<String>());
            let mut at = 0;
            let mut read = 0;
            for piece in &mut pieces {
                read += piece.len();
                let end =
                    (read..=whole.len()).find(|end| whole.is_char_boundary(*end)).unwrap_or(whole.len());
                whole[at..end].clone_into(piece);
                at = end;
            }
        }
        for event in &mut events {
            if let StreamEvent::Keep(value) = event {
                self.clean_value(value);
            }
        }
        events
    }

    fn clean_value(&self, value: &mut Value) {
        let mut open = vec![value];
        while let Some(value) = open.pop() {
            match value {
                Value::String(text) => *text = self.clean(text),
                Value::Array(values) => open.extend(values),
                Value::Object(members) => open.extend(members.values_mut()),
                Value::Null | Value::Bool(_) | Value::Number(_) => {}
            }
        }
    }
}

impl Recorder for ReplyRecorder {
    fn record(&self, request: &Outgoing, events: &[StreamEvent], error: Option<&ModelError>) {
        self.write(&format!("{}\n", self.line(request, events, error)));
    }
}

/// Events whose texts are pieces of one text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Stream {
    Text,
    Reasoning,
    Call(u32),
}

impl Stream {
    fn of(event: &StreamEvent) -> Option<Self> {
        match event {
            StreamEvent::Text(_) => Some(Self::Text),
            StreamEvent::Reasoning(_) => Some(Self::Reasoning),
            StreamEvent::CallArguments { index, .. } => Some(Self::Call(*index)),
            _ => None,
        }
    }
}

fn text_of(event: &mut StreamEvent) -> Option<&mut String> {
    match event {
        StreamEvent::Text(text) | StreamEvent::Reasoning(text) => Some(text),
        StreamEvent::CallArguments { json, .. } => Some(json),
        _ => None,
    }
}

/// The text whose end tells a request from others: the task stands last.
fn telling(request: &Request) -> Option<String> {
    let text = match request {
        Request::Chat(chat) => {
            let said = chat.messages.iter().rev();
            &said
                .filter(|message| message.speaker == Speaker::User)
                .find(|message| !message.text.trim().is_empty())?
                .text
        }
        Request::Fill(fill) => &fill.prefix,
    };
    (!text.trim().is_empty()).then(|| text.clone())
}

/// The last bytes of a text, from a character on.
fn tail(text: &str, longest: usize) -> &str {
    let from = text.len().saturating_sub(longest);
    let from = (from..=text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(text.len());
    &text[from..]
}

fn created(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn failed(path: &Path, error: &io::Error) -> Problem {
    let message = format!("cannot record to {}: {error}", path.display());
    Problem::error("recording-failed", Category::Storage, message)
        .hint("name a file that does not exist yet, in a folder that you may write to")
}

/// The day, as `2026-11-21`, of a time since 1970 (UTC).
fn date(since: Duration) -> String {
    // Days from 1970 to a date of the Gregorian calendar, whose years here begin in March and eras have 400 years;
    // after Howard Hinnant's `civil_from_days`.
    let days = since.as_secs() / 86_400 + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month_from_march = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month_from_march + 2) / 5 + 1;
    let month = if month_from_march < 10 { month_from_march + 3 } else { month_from_march - 9 };
    let year = era * 400 + year_of_era + u64::from(month <= 2);
    format!("{year:04}-{month:02}-{day:02}")
}

#[cfg(test)]
mod tests;
