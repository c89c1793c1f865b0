//! One question to one model: the reply is parsed while it streams.

use futures::StreamExt;

use super::job::Services;
use crate::diff::parse::Reply;
use crate::diff::{Ending, ParseEvent, Refusal, ReplyFormat, ReplyParser};
use crate::model::{FinishReason, Model, ModelError, ModelRequest, StreamEvent, Usage};
use crate::ports::{Progress, ProgressStage, TaskNotice};

/// A reply that was read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    /// What it says, for the conversation of a repair.
    pub text: String,
    /// Its blocks, or why it was refused as a whole.
    pub reply: Result<Reply, Vec<Refusal>>,
    /// Tokens used.
    pub usage: Usage,
}

/// An error of the model, and whether text had been shown before it.
#[derive(Debug)]
pub(super) struct AskError {
    /// The error.
    pub error: ModelError,
    /// A fallback may take over only when nothing was shown.
    pub shown: bool,
}

/// Characters between two progress messages of a stream.
const REPORT_EVERY: usize = 200;

/// Asks `model` and reads its answer in `format`.
pub(super) async fn ask(
    services: &Services,
    task: &str,
    model: &dyn Model,
    request: ModelRequest,
    format: ReplyFormat,
) -> Result<Answer, AskError> {
    let mut stream = model.ask(request);
    let mut parser = ReplyParser::new(format);
    let mut text = String::new();
    let mut usage = Usage::default();
    let mut report = StreamReport::default();
    loop {
        let shown = !text.is_empty();
        match stream.next().await {
            Some(Ok(StreamEvent::Text(piece))) => {
                if text.is_empty() {
                    let stage = ProgressStage::Stream;
                    let percent = services.board.enter(task, stage).percent();
                    services.editor.notice(task, TaskNotice::Stage { stage, percent });
                }
                text.push_str(&piece);
                report.parsed(&parser.push(&piece));
                services.board.write(task, piece.len());
                report.written(services, task, model.name(), text.len());
                services.editor.notice(task, TaskNotice::Text { text: piece });
            }
            Some(Ok(StreamEvent::Reasoning(piece))) => report.thought(services, task, piece.len()),
            Some(Ok(StreamEvent::Usage(reported))) => usage = reported,
            Some(Ok(StreamEvent::Finished(reason))) => {
                let ending = match reason {
                    FinishReason::Stop | FinishReason::Other(_) => Ending::Complete,
                    FinishReason::Length | FinishReason::Filtered => Ending::Truncated,
                };
                return Ok(Answer { reply: parser.finish(ending), text, usage });
            }
            Some(Err(error)) => return Err(AskError { error, shown }),
            None => return Err(AskError { error: ModelError::truncated(model.settings()), shown }),
        }
    }
}

/// What the progress display says of a stream.
#[derive(Debug, Default)]
struct StreamReport {
    n_blocks: usize,
    file: Option<String>,
    reported: usize,
    n_thought: usize,
    dirty: bool,
}

impl StreamReport {
    fn parsed(&mut self, events: &[ParseEvent]) {
        for event in events {
            self.dirty = true;
            match event {
                ParseEvent::File(path) => self.file = Some(path.clone()),
                ParseEvent::BlockComplete { .. } => self.n_blocks += 1,
                ParseEvent::BlockBegun { .. } => {}
            }
        }
    }

    fn written(&mut self, services: &Services, task: &str, model: &str, length: usize) {
        if !self.dirty && self.reported > 0 && length < self.reported + REPORT_EVERY {
            return;
        }
        self.reported = length;
        self.dirty = false;
        let place = self.file.as_ref().map(|file| format!(", {file}")).unwrap_or_default();
        let edits = if self.n_blocks == 1 { "edit" } else { "edits" };
        let message = format!("{model}: {length} characters, {} {edits}{place}", self.n_blocks);
        report(services, task, ProgressStage::Stream, message);
    }

    fn thought(&mut self, services: &Services, task: &str, length: usize) {
        let before = self.n_thought / REPORT_EVERY;
        self.n_thought += length;
        if self.n_thought / REPORT_EVERY > before {
            let message = format!("thinking, {} characters", self.n_thought);
            report(services, task, ProgressStage::Ask, message);
        }
    }
}

/// Reports progress of a task in `stage`, as far as the board knows it.
pub(super) fn report(services: &Services, task: &str, stage: ProgressStage, message: String) {
    let percent = services.board.get(task).map_or(0, super::TaskProgress::percent);
    services.editor.progress(task, Progress::Report { stage, message, percent });
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use futures::future::BoxFuture;

    use super::super::Settings;
    use super::*;
    use crate::model::Role;
    use crate::model::scripted::{Scripted, Step};
    use crate::ports::{ApplyId, Editor, FileError, Hint, Mark, ModelSource, SourceFiles, WorkspaceChange};
    use crate::problem::{Problem, Severity};
    use crate::text::{DocumentUri, Span};

    /// Keeps the notices; nothing else happens here.
    #[derive(Default)]
    struct Noted(Mutex<Vec<TaskNotice>>);

    impl Editor for Noted {
        fn apply(&self, _: ApplyId, _: WorkspaceChange) {}
        fn mark(&self, _: &DocumentUri, _: Option<i32>, _: Vec<Mark>) {}
        fn progress(&self, _: &str, _: Progress) {}
        fn notice(&self, _: &str, notice: TaskNotice) {
            self.0.lock().unwrap().push(notice);
        }
        fn message(&self, _: Severity, _: &str) {}
        fn show(&self, _: &DocumentUri, _: Option<Span>) {}
        fn hint(&self, _: Hint) {}
    }

    struct Nothing;

    impl ModelSource for Nothing {
        fn models(&self, _: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Model>>, Problem>> {
            Box::pin(std::future::ready(Ok(Vec::new())))
        }
    }

    impl SourceFiles for Nothing {
        fn read(&self, _: &Path) -> Result<Option<String>, FileError> {
            Ok(None)
        }
        fn stays_inside(&self, _: &Path, _: &Path) -> bool {
            true
        }
    }

    #[tokio::test]
    async fn the_stream_is_a_stage_told_once() {
        let noted = Arc::new(Noted::default());
        let services = Services {
            models: Arc::new(Nothing),
            files: Arc::new(Nothing),
            editor: Arc::clone(&noted) as Arc<dyn Editor>,
            board: Arc::default(),
            settings: Arc::new(Settings {
                repair_rounds: 0,
                task_time: Duration::from_secs(1),
                files: 1,
                comment_marker: "AI!".to_owned(),
            }),
        };
        let model = Scripted::new("m").reply([Step::text("a"), Step::text("b"), Step::finish()]);
        let format = ReplyFormat::SearchReplace;
        ask(&services, "t1", &model, ModelRequest::default(), format).await.unwrap();
        let text = |text: &str| TaskNotice::Text { text: text.to_owned() };
        let stage = TaskNotice::Stage { stage: ProgressStage::Stream, percent: 10 };
        assert_eq!(*noted.0.lock().unwrap(), [stage, text("a"), text("b")]);
    }
}
