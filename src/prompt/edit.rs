//! The prompt of the `edit` pipeline.

use std::fmt::Write as _;
use std::ops::RangeInclusive;

use super::reply_form::ReplyForm;
use super::template::fill;

/// What the user wants, as far as the prompt is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Intent {
    /// A free instruction.
    Instruction(String),
    /// An instruction found in a comment, which the edit removes.
    Comment(String),
    /// Findings to fix, one line of text each.
    Fix(Vec<String>),
    /// A stub to implement; its name if known.
    Implement(Option<String>),
    /// Documentation comments to write.
    Document,
    /// Code to make more readable.
    Refactor,
    /// Tests to write.
    Tests,
}

/// One file shown to the model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptFile {
    /// Workspace-relative, `/` separators.
    pub path: String,
    /// Its text as shown.
    pub text: String,
    /// Set when `text` is only these one-based lines of the file.
    pub excerpt: Option<RangeInclusive<usize>>,
}

/// Everything the edit prompt is made of.
#[derive(Debug, Clone)]
pub struct EditPrompt<'a> {
    /// The form of the answer.
    pub form: ReplyForm,
    /// What the user wants.
    pub intent: &'a Intent,
    /// The file the request points to.
    pub target: &'a PromptFile,
    /// The one-based lines the request is about, with their text if it is to be shown again; `None` for the whole
    /// file.
    pub focus: Option<(RangeInclusive<usize>, String)>,
    /// Other files, for information; they may be edited too.
    pub others: &'a [PromptFile],
}

/// What a model is asked, before it becomes a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompt {
    /// The system prompt.
    pub system: String,
    /// The user's message.
    pub user: String,
}

const SYSTEM: &str = include_str!("library/edit/system.md");
const USER: &str = include_str!("library/edit/user.md");
const REPAIR: &str = include_str!("library/edit/repair.md");
const COMMENT: &str = include_str!("library/intent/comment.md");
const FIX: &str = include_str!("library/intent/fix.md");
const FIX_UNNAMED: &str = include_str!("library/intent/fix-unnamed.md");
const IMPLEMENT: &str = include_str!("library/intent/implement.md");
const DOCUMENT: &str = include_str!("library/intent/document.md");
const AGAIN: &str = include_str!("library/intent/again.md");
const REFACTOR: &str = include_str!("library/intent/refactor.md");
const TESTS: &str = include_str!("library/intent/tests.md");

impl EditPrompt<'_> {
    /// Fills the library's texts.
    pub fn render(&self) -> Prompt {
        let files: String = self.others.iter().chain([self.target]).map(file).collect();
        Prompt {
            system: fill(SYSTEM, &[("format", self.form.rules().trim_end())]),
            user: fill(
                USER,
                &[
                    ("files", files.trim_end()),
                    ("target", &self.target.path),
                    ("focus", self.focus().trim_end()),
                    ("task", intent(self.intent).trim_end()),
                ],
            ),
        }
    }

    fn focus(&self) -> String {
        let Some((lines, text)) = &self.focus else { return String::new() };
        let (first, last) = (lines.start(), lines.end());
        if text.is_empty() {
            return format!("It is about lines {first} to {last} of it.");
        }
        let fence = fence(text);
        format!(
            "It is about lines {first} to {last} of it:\n{fence}\n{}\n{fence}\n",
            text.trim_end_matches('\n')
        )
    }
}

/// An instruction to make one change anew: what was asked at first, what was proposed, and what is wrong with it.
pub fn again(instruction: &str, proposed: &str, remark: &str) -> String {
    let fence = fence(proposed);
    fill(
        AGAIN,
        &[
            ("instruction", instruction.trim_end()),
            ("fence", &fence),
            ("proposed", proposed.trim_end_matches('\n')),
            ("remark", remark.trim()),
        ],
    )
}

impl Intent {
    /// What is asked, in words.
    pub fn in_words(&self) -> String {
        intent(self).trim_end().to_owned()
    }
}

/// The message that sends refusals back to the model. `refusals` is their text for models.
pub fn repair(form: ReplyForm, refusals: &str) -> String {
    fill(REPAIR, &[("refusals", refusals.trim_end()), ("format", form.rules().trim_end())])
}

fn intent(intent: &Intent) -> String {
    match intent {
        Intent::Instruction(text) => text.clone(),
        Intent::Comment(text) => fill(COMMENT, &[("instruction", text)]),
        Intent::Fix(findings) if findings.is_empty() => FIX_UNNAMED.to_owned(),
        Intent::Fix(findings) => {
            let mut list = String::new();
            for finding in findings {
                let _ = writeln!(list, "- {finding}");
            }
            fill(FIX, &[("findings", list.trim_end())])
        }
        Intent::Implement(name) => {
            let name = name.as_ref().map(|name| format!(" `{name}`")).unwrap_or_default();
            fill(IMPLEMENT, &[("name", &name)])
        }
        Intent::Document => DOCUMENT.to_owned(),
        Intent::Refactor => REFACTOR.to_owned(),
        Intent::Tests => TESTS.to_owned(),
    }
}

fn file(file: &PromptFile) -> String {
    let fence = fence(&file.text);
    let note = file.excerpt.as_ref().map_or_else(String::new, |lines| {
        format!(" (only lines {} to {} are shown)", lines.start(), lines.end())
    });
    format!("{}{note}\n{fence}\n{}\n{fence}\n\n", file.path, file.text.trim_end_matches('\n'))
}

/// A fence longer than any run of backticks in `text`, so that the text cannot close it.
fn fence(text: &str) -> String {
    let longest = text.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    "`".repeat((longest + 1).max(3))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::ReplyFormat;

    fn sample(text: &str) -> PromptFile {
        PromptFile { path: "src/a.rs".to_owned(), text: text.to_owned(), excerpt: None }
    }

    #[test]
    fn library_slots_are_known() {
        let target = sample("fn a() {}\n");
        let intents = [
            Intent::Instruction("do it".to_owned()),
            Intent::Comment("do it".to_owned()),
            Intent::Fix(vec!["line 1: wrong".to_owned()]),
            Intent::Fix(Vec::new()),
            Intent::Implement(Some("a".to_owned())),
            Intent::Document,
            Intent::Refactor,
            Intent::Tests,
        ];
        let text = ReplyFormat::ALL.map(ReplyForm::Text);
        let others = [ReplyForm::EditTool, ReplyForm::ApplyPatchTool, ReplyForm::Schema];
        for form in text.into_iter().chain(others) {
            for intent in &intents {
                let prompt = EditPrompt {
                    form,
                    intent,
                    target: &target,
                    focus: Some((1..=1, "fn a() {}\n".to_owned())),
                    others: &[],
                }
                .render();
                let all = prompt.system + &prompt.user + &repair(form, "none") + &again("do", "it", "so");
                assert!(!all.contains("{{"), "{all}");
            }
        }
    }

    #[test]
    fn a_file_cannot_close_its_fence() {
        let shown = file(&sample("a\n```\nb\n````\n"));
        assert!(shown.contains("\n`````\na\n"), "{shown}");
        assert!(shown.ends_with("\n`````\n\n"), "{shown}");
    }
}
