//! One question to one model: the reply is parsed while it streams.

use futures::StreamExt;

use super::conversation::{Conversation, Said};
use super::job::Services;
use crate::diff::parse::Reply;
use crate::diff::{Ending, ParseEvent, Refusal, RefusalCode, ReplyParser};
use crate::model::{
    CacheKey, FinishReason, Model, ModelError, ModelErrorKind, Request, StreamEvent, ToolCall, Usage,
};
use crate::ports::{Progress, ProgressStage, TaskNotice};
use crate::prompt::ReplyForm;

/// A reply that was read to its end.
#[derive(Debug)]
pub(super) struct Answer {
    /// What it says, for the conversation of a repair.
    pub said: Said,
    /// Its blocks, or why it was refused as a whole.
    pub reply: Result<Reply, Vec<Refusal>>,
    /// Tokens used.
    pub usage: Usage,
    /// Whether it is one that was given before.
    pub cached: bool,
    /// Under what it is kept, if it is.
    pub kept_under: Option<CacheKey>,
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

/// Most events of a stream that are taken together.
const AT_ONCE: usize = 256;

/// Asks `model` and reads its answer in the form of the conversation.
///
/// What is there at once, as after one read of the socket, is parsed and shown as one piece: a message to the
/// editor for each token costs many times as much as the token.
pub(super) async fn ask(
    services: &Services,
    task: &str,
    model: &dyn Model,
    conversation: &Conversation,
) -> Result<Answer, AskError> {
    let mut reading = Reading::new(services, task, model.name(), conversation.form);
    // Whatever does not pass is not sent, and the model answers with the reason.
    if let Ok(outgoing) = services.filter.pass(Request::Chat(conversation.request.clone())) {
        reading.kept_under = model.cache_key(&outgoing);
        services.prompts.keep(task, model.settings(), outgoing, true);
    }
    let mut stream = model.ask(conversation.request.clone()).ready_chunks(AT_ONCE);
    while let Some(events) = stream.next().await {
        for event in events {
            match event {
                Ok(StreamEvent::Finished(reason)) => return Ok(reading.finish(&reason)),
                Ok(event) => reading.take(event),
                Err(error) => {
                    if matches!(error.kind, ModelErrorKind::Budget | ModelErrorKind::Resting) {
                        services.prompts.not_sent(task);
                    }
                    reading.show();
                    return Err(AskError { error, shown: reading.is_shown });
                }
            }
        }
        reading.show();
    }
    Err(AskError { error: ModelError::truncated(model.settings()), shown: reading.is_shown })
}

/// A reply as far as it came.
struct Reading<'a> {
    services: &'a Services,
    task: &'a str,
    /// Who answers, as the progress display says it.
    model: String,
    /// The tool whose calls hold the edits.
    tool: Option<&'static str>,
    parser: ReplyParser,
    said: Said,
    usage: Usage,
    cached: bool,
    kept_under: Option<CacheKey>,
    /// What came since the last piece was shown.
    piece: String,
    is_shown: bool,
    report: StreamReport,
}

impl<'a> Reading<'a> {
    fn new(services: &'a Services, task: &'a str, model: &str, form: ReplyForm) -> Self {
        Self {
            services,
            task,
            model: model.to_owned(),
            tool: form.tool().map(|tool| tool.name),
            parser: ReplyParser::new(form.format()),
            said: Said::default(),
            usage: Usage::default(),
            cached: false,
            kept_under: None,
            piece: String::new(),
            is_shown: false,
            report: StreamReport::default(),
        }
    }

    /// Takes an event that is not the end.
    fn take(&mut self, event: StreamEvent) {
        match event {
            StreamEvent::Text(text) => {
                self.said.text.push_str(&text);
                self.piece.push_str(&text);
            }
            StreamEvent::Reasoning(text) => {
                self.report.thought(self.services, self.task, text.chars().count());
            }
            StreamEvent::CallBegun { id, name, .. } => {
                self.said.calls.push(ToolCall { id, name, arguments: String::new() });
            }
            StreamEvent::CallArguments { index, json } => {
                if let Some(call) = self.said.calls.get_mut(index as usize) {
                    call.arguments.push_str(&json);
                    self.piece.push_str(&json);
                }
            }
            StreamEvent::Keep(block) => self.said.kept.push(block),
            StreamEvent::Usage(usage) => self.usage = usage,
            StreamEvent::Cached => self.is_cached(),
            StreamEvent::Finished(_) => {}
        }
    }

    /// The answer is one that was given before; the user sees that nobody was asked.
    fn is_cached(&mut self) {
        self.services.prompts.not_sent(self.task);
        let message = format!("answered from the cache, as {} did before", self.model);
        report(self.services, self.task, ProgressStage::Ask, message);
        self.model.push_str(" (from the cache)");
        self.cached = true;
    }

    /// Shows what came since the last time; nothing says nothing.
    fn show(&mut self) {
        if self.piece.is_empty() {
            return;
        }
        if !std::mem::replace(&mut self.is_shown, true) {
            let stage = ProgressStage::Stream;
            let percent = self.services.board.enter(self.task, stage).percent();
            self.services.editor.notice(self.task, TaskNotice::Stage { stage, percent });
        }
        let text = std::mem::take(&mut self.piece);
        if self.tool.is_none() {
            self.report.parsed(&self.parser.push(&text));
        }
        let n_characters = text.chars().count();
        self.services.board.write(self.task, n_characters);
        self.report.written(self.services, self.task, &self.model, n_characters);
        self.services.editor.notice(self.task, TaskNotice::Text { text });
    }

    fn finish(mut self, reason: &FinishReason) -> Answer {
        self.show();
        let ending = match reason {
            FinishReason::Stop | FinishReason::Tools => Ending::Complete,
            // A reason that nobody knows may well be a cut.
            FinishReason::Length | FinishReason::Filtered | FinishReason::Other(_) => Ending::Truncated,
        };
        let Self { tool, mut parser, said, usage, cached, kept_under, .. } = self;
        if let Some(tool) = tool {
            if let Some(stranger) = said.calls.iter().find(|call| call.name != tool) {
                let reply = Err(vec![unknown_tool(&stranger.name, tool)]);
                return Answer { said, reply, usage, cached, kept_under };
            }
            // A model that was offered the tool and wrote the JSON itself is read as well.
            let calls = said.calls.iter().map(|call| call.arguments.as_str());
            let written = calls.chain(said.calls.is_empty().then_some(said.text.as_str()));
            for arguments in written {
                parser.push(arguments);
                parser.push("\n");
            }
        }
        Answer { reply: parser.finish(ending), said, usage, cached, kept_under }
    }
}

fn unknown_tool(called: &str, offered: &str) -> Refusal {
    let message = format!("The reply calls the tool `{called}`, which is not there");
    Refusal::new(RefusalCode::MalformedReply, message, format!("Call the tool `{offered}`."))
}

/// What the progress display says of a stream.
#[derive(Debug, Default)]
struct StreamReport {
    n_blocks: usize,
    /// Characters.
    n_written: usize,
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

    fn written(&mut self, services: &Services, task: &str, model: &str, n_characters: usize) {
        self.n_written += n_characters;
        let length = self.n_written;
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
    use std::path::{Path, PathBuf};
    use std::sync::{Arc, Mutex};
    use std::time::Duration;

    use futures::future::BoxFuture;

    use super::super::Settings;
    use super::*;
    use crate::diff::ReplyFormat;
    use crate::model::scripted::{Scripted, Step};
    use crate::model::{ModelRequest, Role};
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
        fn read_below(&self, _: &Path, _: &Path) -> Result<Option<crate::ports::FileBelow>, FileError> {
            Ok(None)
        }
        fn resolve(&self, _: &Path, path: &Path) -> Option<PathBuf> {
            Some(path.to_owned())
        }
    }

    #[tokio::test]
    async fn the_stream_is_a_stage_told_once() {
        let noted = Arc::new(Noted::default());
        let services = Services {
            models: Arc::new(Nothing),
            files: Arc::new(Nothing),
            editor: Arc::clone(&noted) as Arc<dyn Editor>,
            ledger: Arc::new(crate::ports::MemoryLedger::default()),
            board: Arc::default(),
            settings: Arc::new(Settings {
                repair_rounds: 0,
                task_time: Duration::from_secs(1),
                files: 1,
                comment_marker: "AI!".to_owned(),
                actions: Vec::new(),
                sends_nothing: false,
                protected: crate::diff::lower::ProtectedConsent::default(),
            }),
            prompts: Arc::default(),
            filter: crate::model::OutgoingFilter::default(),
        };
        let model = Scripted::new("m").reply([Step::text("a"), Step::text("b"), Step::finish()]);
        let form = ReplyForm::Text(ReplyFormat::SearchReplace);
        let conversation = Conversation { form, request: ModelRequest::default() };
        ask(&services, "t1", &model, &conversation).await.unwrap();
        let text = |text: &str| TaskNotice::Text { text: text.to_owned() };
        let stage = TaskNotice::Stage { stage: ProgressStage::Stream, percent: 10 };
        assert_eq!(*noted.0.lock().unwrap(), [stage, text("ab")]);
    }
}
