//! What was sent to models, so that it can be looked at: without secrets, of the last tasks only, in memory only.

use std::collections::VecDeque;
use std::fmt::Write as _;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde_json::{Value, json};

use crate::model::routing::{TokenRatio, tokens};
use crate::model::{AnswerForm, ModelSettings, Outgoing, Request, Speaker};

/// Tasks whose prompts are kept.
const TASKS: usize = 20;

/// Bytes of prompts that are kept, over all tasks; the latest prompt always is.
const BYTES: u64 = 8 << 20;

/// The prompts of the last tasks.
#[derive(Debug, Default)]
pub struct PromptLog(Mutex<VecDeque<Kept>>);

/// One prompt.
#[derive(Debug)]
struct Kept {
    task: String,
    provider: String,
    model: String,
    sent: bool,
    n_bytes: u64,
    outgoing: Outgoing,
}

impl PromptLog {
    /// Keeps a prompt of a task; `sent` says whether it really goes out.
    pub(super) fn keep(&self, task: &str, model: &ModelSettings, outgoing: Outgoing, sent: bool) {
        let kept = Kept {
            task: task.to_owned(),
            provider: model.provider.clone(),
            model: model.name.clone(),
            sent,
            n_bytes: tokens::bytes_of(outgoing.request()),
            outgoing,
        };
        let mut log = self.log();
        log.push_back(kept);
        while log.len() > 1
            && (n_tasks(&log) > TASKS || log.iter().map(|kept| kept.n_bytes).sum::<u64>() > BYTES)
        {
            log.pop_front();
        }
    }

    /// Takes back that the latest prompt of a task was sent: nobody was asked after all.
    pub(super) fn not_sent(&self, task: &str) {
        if let Some(kept) = self.log().iter_mut().rev().find(|kept| kept.task == task) {
            kept.sent = false;
        }
    }

    /// The prompts of a task, or of the latest: `{"task", "text", "prompts": […]}`, where `text` is for people.
    pub fn of(&self, task: Option<&str>) -> Option<Value> {
        let log = self.log();
        let task = task.or_else(|| Some(log.back()?.task.as_str()))?;
        let prompts: Vec<&Kept> = log.iter().filter(|kept| kept.task == task).collect();
        let text: String = prompts.iter().map(|kept| kept.text()).collect();
        let values: Vec<Value> = prompts.iter().map(|kept| kept.value()).collect();
        (!values.is_empty()).then(|| json!({ "task": task, "text": text, "prompts": values }))
    }

    fn log(&self) -> MutexGuard<'_, VecDeque<Kept>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn n_tasks(log: &VecDeque<Kept>) -> usize {
    log.iter().map(|kept| &kept.task).collect::<std::collections::BTreeSet<_>>().len()
}

impl Kept {
    fn estimated_tokens(&self) -> u64 {
        TokenRatio::default().estimate(self.n_bytes)
    }

    fn value(&self) -> Value {
        let mut value = json!({
            "provider": self.provider,
            "model": self.model,
            "sent": self.sent,
            "estimated_tokens": self.estimated_tokens(),
            "redactions": self.outgoing.redactions(),
        });
        if let Request::Chat(chat) = self.outgoing.request() {
            value["system"] = json!(chat.system);
            value["messages"] = json!(chat.messages);
            match &chat.answer {
                AnswerForm::Text => {}
                AnswerForm::Tools { tools, must } => {
                    value["tools"] = json!(tools);
                    value["must_call"] = json!(must);
                }
                AnswerForm::Json { schema, .. } => value["schema"] = schema.clone(),
            }
        }
        value
    }

    /// The same for people.
    fn text(&self) -> String {
        let verb = if self.sent { "Sent" } else { "Would be sent" };
        let mut text = format!(
            "{verb} to {} of {}, about {} tokens.\n",
            self.model,
            self.provider,
            self.estimated_tokens()
        );
        for redaction in self.outgoing.redactions() {
            let _ =
                writeln!(text, "Redacted: {}, {}, line {}.", redaction.kind, redaction.part, redaction.line);
        }
        let mut section = |title: &str, body: &str| {
            if !body.is_empty() {
                let _ = writeln!(text, "\n----- {title} -----\n{}", body.trim_end_matches('\n'));
            }
        };
        if let Request::Chat(chat) = self.outgoing.request() {
            section("system", &chat.system);
            for message in &chat.messages {
                section(if message.speaker == Speaker::User { "user" } else { "assistant" }, &message.text);
                for call in &message.calls {
                    section(&format!("call of {}", call.name), &call.arguments);
                }
                for result in &message.results {
                    section(&format!("result of {}", result.name), &result.text);
                }
            }
            match &chat.answer {
                AnswerForm::Text => {}
                AnswerForm::Tools { tools, .. } => {
                    for tool in tools {
                        section(
                            &format!("tool {}", tool.name),
                            &format!("{}\n{:#}", tool.description, tool.schema),
                        );
                    }
                }
                AnswerForm::Json { schema, .. } => section("schema of the answer", &format!("{schema:#}")),
            }
        }
        text + "\n"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{Message, ModelRequest, OutgoingFilter, Tool};

    fn keep(log: &PromptLog, task: &str, text: &str) {
        let tool = Tool { name: "edit".to_owned(), description: "It edits.".to_owned(), schema: json!({}) };
        let request = ModelRequest {
            answer: AnswerForm::Tools { tools: vec![tool], must: true },
            ..ModelRequest::new("rules", vec![Message::user(text)])
        };
        let outgoing = OutgoingFilter::default().pass(Request::Chat(request)).unwrap();
        log.keep(task, &ModelSettings::new("coder", "local", "m"), outgoing, true);
    }

    #[test]
    fn all_prompts_of_a_task_are_shown_without_secrets() {
        let log = PromptLog::default();
        assert_eq!(log.of(None), None);
        keep(&log, "t1", "password = 'Xy7kPq2Lm9Rt4Wv8'");
        keep(&log, "t1", "again");
        keep(&log, "t2", "other");
        let shown = log.of(Some("t1")).unwrap();
        assert_eq!(shown["prompts"].as_array().unwrap().len(), 2);
        assert_eq!(shown["prompts"][0]["redactions"][0]["kind"], "secret value");
        assert_eq!(shown["prompts"][0]["messages"][0]["text"], "password = 'REDACTED-1-xxxxx'");
        let text = shown["text"].as_str().unwrap();
        let expected = "Sent to coder of local, about 13 tokens.\nRedacted: secret value, message 1, line 1.\n\n\
                        ----- system -----\nrules\n\n----- user -----\npassword = 'REDACTED-1-xxxxx'\n\n\
                        ----- tool edit -----\nIt edits.\n{}\n\n";
        assert!(text.starts_with(expected), "{text}");
        assert_eq!(log.of(None).unwrap()["task"], "t2");
        assert_eq!(log.of(Some("t3")), None);
    }

    #[test]
    fn only_the_last_tasks_are_kept_and_only_so_much() {
        let log = PromptLog::default();
        for n in 0..=TASKS {
            keep(&log, &format!("t{n}"), "x");
        }
        assert!(log.of(Some("t0")).is_none() && log.of(Some("t1")).is_some());
        let much = "x".repeat(3 << 20);
        for n in 0..3 {
            keep(&log, &format!("large{n}"), &much);
        }
        assert!(log.of(Some("t20")).is_none() && log.of(Some("large0")).is_none());
        assert!(log.of(Some("large1")).is_some());
    }
}
