//! The conversation with one model: the first request, its answer's form, and what is sent back after a refusal.

use super::fit::Fitted;
use super::gather::Gathered;
use crate::diff::{self, Refusal, ReplyFormat};
use crate::model::{
    AnswerForm, EditFormat, Message, ModelRequest, ModelSettings, Tool, ToolCall, ToolResult,
};
use crate::prompt::{self, EditPrompt, ReplyForm};

/// A request, and how its answer is read.
#[derive(Debug)]
pub(super) struct Conversation {
    /// In which form the edits come.
    pub form: ReplyForm,
    /// What is sent next.
    pub request: ModelRequest,
}

/// What the model said in one answer.
#[derive(Debug, Default)]
pub(super) struct Said {
    /// Its text.
    pub text: String,
    /// Its calls.
    pub calls: Vec<ToolCall>,
    /// What its provider wants back.
    pub kept: Vec<serde_json::Value>,
}

impl Conversation {
    /// Asks for the edit in the form that `model` writes best.
    pub(super) fn begin(gathered: &Gathered, fitted: &Fitted, model: &ModelSettings) -> Self {
        let form = form(model, fitted.target.excerpt.is_some());
        let prompt = EditPrompt {
            form,
            intent: &gathered.intent,
            target: &fitted.target,
            focus: fitted.focus.clone(),
            others: &fitted.others,
        }
        .render();
        let mut request = ModelRequest::new(prompt.system, vec![Message::user(prompt.user)]);
        request.answer = answer_form(form);
        request.sources = fitted.base.files.keys().cloned().collect();
        Self { form, request }
    }

    /// Sends refusals back: as the results of the model's calls, or as a message of its own.
    pub(super) fn correct(&mut self, said: Said, refusals: &[Refusal]) {
        let correction = prompt::repair(self.form, &diff::refusal::for_model(refusals));
        let Said { text, calls, kept } = said;
        let results: Vec<_> = calls
            .iter()
            .map(|call| ToolResult {
                id: call.id.clone(),
                name: call.name.clone(),
                text: correction.clone(),
                failed: true,
            })
            .collect();
        let correction = if results.is_empty() { correction } else { String::new() };
        self.request.messages.push(Message { calls, kept, ..Message::assistant(text) });
        self.request.messages.push(Message { results, ..Message::user(correction) });
    }
}

/// Text formats stay text; JSON and patches travel as calls of a tool, or under a schema, where the model has that.
fn form(model: &ModelSettings, is_excerpt: bool) -> ReplyForm {
    let can = &model.capabilities;
    match model.edit_format {
        EditFormat::Json if can.tools => ReplyForm::EditTool,
        EditFormat::Json if can.schema => ReplyForm::Schema,
        EditFormat::Json => ReplyForm::Text(ReplyFormat::Json),
        EditFormat::ApplyPatch if can.tools => ReplyForm::ApplyPatchTool,
        EditFormat::ApplyPatch => ReplyForm::Text(ReplyFormat::ApplyPatch),
        EditFormat::UnifiedDiff => ReplyForm::Text(ReplyFormat::UnifiedDiff),
        // Of a file that is shown in part, the whole cannot be written.
        EditFormat::Whole if !is_excerpt => ReplyForm::Text(ReplyFormat::Whole),
        EditFormat::Whole | EditFormat::SearchReplace => ReplyForm::Text(ReplyFormat::SearchReplace),
    }
}

fn answer_form(form: ReplyForm) -> AnswerForm {
    if let Some(tool) = form.tool() {
        let (name, description) = (tool.name.to_owned(), tool.description.to_owned());
        return AnswerForm::Tools {
            tools: vec![Tool { name, description, schema: tool.schema }],
            must: true,
        };
    }
    match form {
        ReplyForm::Schema => AnswerForm::Json { name: "edits".to_owned(), schema: ReplyForm::schema() },
        _ => AnswerForm::Text,
    }
}
