//! The prompt library: text files with typed slots, turned into what a model is asked.
//!
//! Pure. The texts are in `src/prompt/library`, one file per step, format or intent; code only fills their slots.

mod edit;
pub mod fill;
mod reply_form;
mod template;

pub use edit::{EditPrompt, Intent, Prompt, PromptFile, again, repair};
pub use reply_form::{ReplyForm, ToolText};
