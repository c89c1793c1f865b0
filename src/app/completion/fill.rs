//! One question to the models for completion, in a task of its own.

use std::ops::Range;
use std::time::Duration;

use futures::StreamExt as _;
use tokio::time::Instant;

use crate::model::{
    CompletionSettings, FillRequest, FinishReason, Model, ModelError, ModelErrorKind, OutgoingFilter, Role,
    StreamEvent,
};
use crate::orchestrator::Services;
use crate::problem::Problem;
use crate::prompt::fill::Hole;
use crate::text::Rope;

/// Longest wait for an answer: after that nobody looks at it any more.
const PATIENCE: Duration = Duration::from_secs(10);

/// The most that a private key takes, from its head to its last line.
const LONGEST_SECRET: usize = 65_536;

/// What came of a question.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::app) struct Filled {
    /// What fits; `None` when the model had nothing to say.
    pub(super) insert: Option<String>,
    /// The model's name in the configuration.
    pub(super) model: String,
    /// Why a model before it cannot be asked any more: only the user can mend that.
    pub(super) stopped: Option<Problem>,
}

/// Asks the first model at a place of a text, and the next ones as long as they fail without a word. `rests` is when
/// the typing has rested long enough. `None` is no answer in time, or a text that must not be sent. Dropping the future
/// closes the model's connection.
///
/// # Errors
/// There is no model, or none answered; what the preferred one says.
pub(super) async fn fill(
    services: &Services,
    path: String,
    language: String,
    (text, at): (Rope, usize),
    settings: CompletionSettings,
    rests: Option<Instant>,
) -> Result<Option<Filled>, Problem> {
    if let Some(rests) = rests {
        tokio::time::sleep_until(rests).await;
    }
    let filter = services.filter.clone();
    let seen = move || seen(&filter, &text, at, &language, settings.context_bytes);
    let Some(hole) = tokio::task::spawn_blocking(seen).await.unwrap_or_default() else { return Ok(None) };
    let request = FillRequest {
        prefix: hole.prefix().to_owned(),
        suffix: hole.suffix().to_owned(),
        path,
        max_output: settings.max_output,
        stop: hole.stops(),
    };
    tokio::time::timeout(PATIENCE, first_answer(services, &request, &hole)).await.unwrap_or(Ok(None))
}

/// The place as the model sees it. Secrets are looked for in more than is shown of the text: what shows that the end of
/// one is a secret may stand before. `None` within one.
fn seen(
    filter: &OutgoingFilter,
    text: &Rope,
    at: usize,
    language: &str,
    context_bytes: usize,
) -> Option<Hole> {
    let around = around(text, at, context_bytes.saturating_add(LONGEST_SECRET))?;
    let (near, start) = (text.get_byte_slice(around.clone())?.to_string(), around.start);
    let redacted = filter.sources(&[&near]).pop()?;
    let at = at - start;
    let is_within = redacted.marks.iter().any(|mark| mark.range.start < at && at < mark.range.end);
    if is_within { None } else { Hole::at(&Rope::from_str(&redacted.text), at, language, context_bytes) }
}

/// The bytes of `text` that are at most so far from `at`, and those of the same lines where they are not much longer.
fn around(text: &Rope, at: usize, reach: usize) -> Option<Range<usize>> {
    let boundary = |byte: usize| Some(text.char_to_byte(text.try_byte_to_char(byte).ok()?));
    let (first, last) = (at.saturating_sub(reach), at.saturating_add(reach).min(text.len_bytes()));
    let line_start = text.line_to_byte(text.try_byte_to_line(first).ok()?);
    let line_end = text.line_to_byte((text.try_byte_to_line(last).ok()? + 1).min(text.len_lines()));
    let start = if first - line_start <= reach { line_start } else { boundary(first)? };
    let end = if line_end - last <= reach { line_end } else { boundary(last)?.max(at) };
    Some(start..end)
}

async fn first_answer(
    services: &Services,
    request: &FillRequest,
    hole: &Hole,
) -> Result<Option<Filled>, Problem> {
    let models = services.models.models(Role::Completion).await?;
    let (mut failed, mut stopped) = (Ok(None), None);
    for model in models.iter().filter(|model| model.settings().capabilities.fill.is_some()) {
        match read(model.as_ref(), request.clone(), hole).await {
            Ok(insert) => {
                // What stands for a secret is no text for a file.
                let insert = insert.filter(|insert| services.filter.written(insert).is_empty());
                return Ok(Some(Filled { insert, model: model.name().to_owned(), stopped }));
            }
            Err(Failure { error, .. }) if error.kind == ModelErrorKind::Withheld => return Ok(None),
            // It rests because of failures that were told.
            Err(Failure { error, .. }) if error.kind == ModelErrorKind::Resting => {}
            Err(Failure { error, spoke: true }) => return Err(Problem::from(&error)),
            // The first failure is that of the preferred model.
            Err(Failure { error, spoke: false }) => {
                let problem = Problem::from(&error);
                if matches!(error.kind, ModelErrorKind::Authentication | ModelErrorKind::Payment) {
                    stopped.get_or_insert_with(|| problem.clone());
                }
                failed = failed.and(Err(problem));
            }
        }
    }
    failed
}

/// An error of a model, and whether it had said something before.
struct Failure {
    error: ModelError,
    spoke: bool,
}

/// Reads an answer as far as it is of use.
async fn read(model: &dyn Model, request: FillRequest, hole: &Hole) -> Result<Option<String>, Failure> {
    let mut stream = model.fill(request);
    let mut answer = String::new();
    while let Some(event) = stream.next().await {
        match event {
            Ok(StreamEvent::Text(piece)) => {
                answer.push_str(&piece);
                if hole.is_enough(&answer) {
                    return Ok(hole.fit(&answer, true));
                }
            }
            Ok(StreamEvent::Finished(FinishReason::Filtered)) => return Ok(None),
            Ok(StreamEvent::Finished(reason)) => {
                return Ok(hole.fit(&answer, reason != FinishReason::Stop));
            }
            Ok(_) => {}
            Err(error) => return Err(Failure { error, spoke: !answer.is_empty() }),
        }
    }
    Err(Failure { error: ModelError::truncated(model.settings()), spoke: !answer.is_empty() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, at: usize, reach: usize, expected: Range<usize>) {
        assert_eq!(around(&Rope::from_str(text), at, reach), Some(expected));
    }

    #[test]
    fn whole_lines_but_not_endless_ones() {
        check("ab\ncdef\ngh\nij", 6, 3, 3..11);
        check("ab\ncd", 2, 100, 0..5);
        check("", 0, 5, 0..0);
        check(&"x".repeat(1000), 500, 10, 490..510);
        check(&"é".repeat(1000), 501, 10, 490..510);
        check(&"é".repeat(1000), 500, 1, 498..500);
    }
}
