//! `tenon.prompt`: what was sent for a task.

use serde_json::Value;

use crate::app::state::State;
use crate::problem::{Category, Problem, plain};
use crate::text::DocumentUri;

/// Answers `{"task": id, "text": …, "prompts": […]}`. With `open` the text is also shown in the editor.
pub(super) fn prompt(state: &State, task: Option<&str>, open: bool) -> Result<Value, Problem> {
    let prompts = state.parts.services.prompts.of(task).ok_or_else(|| {
        let message = task.map_or_else(
            || "nothing was sent to a model in this session".to_owned(),
            |task| format!("no prompt of {task} is kept"),
        );
        Problem::error("no-prompt", Category::Request, message)
            .hint("the prompts of the last 20 tasks of this session are kept")
    })?;
    if open {
        let (scratch, editor) = (state.parts.scratch.clone(), state.parts.services.editor.clone());
        let name = format!("{}-prompt.txt", prompts["task"].as_str().unwrap_or("task"));
        let text = plain(prompts["text"].as_str().unwrap_or_default());
        tokio::task::spawn_blocking(move || match scratch.write(&name, &text) {
            Ok(path) => editor.show(&DocumentUri::from_path(&path), None),
            Err(error) => tracing::warn!(%error, "the prompt could not be written"),
        });
    }
    Ok(prompts)
}
