//! Fits what was gathered into one model's window.
//!
//! What does not fit is not shown, and what is not shown cannot be edited: an edit of a text that the model has not
//! seen cannot be right.

use std::ops::RangeInclusive;

use super::gather::{Gathered, lines_of, whole_lines};
use crate::diff::FileSet;
use crate::model::ModelSettings;
use crate::problem::{Category, Problem};
use crate::prompt::PromptFile;

/// Characters a token stands for when the tokenizer is not known; on the careful side for code.
const CHARACTERS_PER_TOKEN: usize = 3;

/// Characters kept for the rules and the task.
const PROMPT_CHARACTERS: usize = 4_000;

/// What one model gets to see.
#[derive(Debug)]
pub(super) struct Fitted {
    /// The target, whole or as an excerpt around the focus.
    pub target: PromptFile,
    /// The other files that fit.
    pub others: Vec<PromptFile>,
    /// The one-based lines the request is about; their text only where it is short enough to be shown twice.
    pub focus: Option<(RangeInclusive<usize>, String)>,
    /// The whole texts of what is shown, without secrets.
    pub base: FileSet,
}

impl Gathered {
    /// Chooses what `model` gets to see.
    ///
    /// # Errors
    /// The part that the request is about does not fit by itself.
    pub(super) fn fit(&self, model: &ModelSettings) -> Result<Fitted, Problem> {
        let tokens = model.context.saturating_sub(model.max_output) as usize;
        let mut budget = (tokens * CHARACTERS_PER_TOKEN).saturating_sub(PROMPT_CHARACTERS);
        let focus = self.focus_lines(budget / 8);
        budget -= focus.as_ref().map_or(0, |(_, text)| text.len());
        let target = self.fit_target(model, budget)?;
        budget = budget.saturating_sub(target.text.len());
        let mut base = FileSet {
            default_path: self.shown.default_path.clone(),
            root: self.shown.root.clone(),
            ..FileSet::default()
        };
        base.files.insert(self.target.clone(), self.shown.files[&self.target].clone());
        let mut others = Vec::new();
        for name in &self.others {
            let Some(text) = self.shown.files.get(name).filter(|text| text.len_bytes() <= budget) else {
                continue;
            };
            budget -= text.len_bytes();
            base.files.insert(name.clone(), text.clone());
            others.push(PromptFile { path: name.clone(), text: text.to_string(), excerpt: None });
        }
        Ok(Fitted { target, others, focus, base })
    }

    fn fit_target(&self, model: &ModelSettings, budget: usize) -> Result<PromptFile, Problem> {
        let text = &self.shown.files[&self.target];
        if text.len_bytes() <= budget {
            return Ok(PromptFile { path: self.target.clone(), text: text.to_string(), excerpt: None });
        }
        let mut lines = lines_of(text, &self.focus.clone().unwrap_or(0..0));
        let mut size = whole_lines(text, &lines).len();
        if size > budget {
            let message =
                format!("this part of {} does not fit into the window of {}", self.target, model.name);
            return Err(Problem::error("prompt-too-large", Category::Request, message)
                .hint("select less, or use a model with a larger context"));
        }
        // Grow line by line on both sides until the budget is reached.
        loop {
            let above = lines.start().checked_sub(1).map(|line| (line, text.line(line).len_bytes()));
            let grown_above = above.filter(|(_, more)| size + more <= budget);
            if let Some((line, more)) = grown_above {
                size += more;
                lines = line..=*lines.end();
            }
            let below = lines.end() + 1;
            let grown_below = (below < text.len_lines())
                .then(|| text.line(below).len_bytes())
                .filter(|more| size + more <= budget);
            if let Some(more) = grown_below {
                size += more;
                lines = *lines.start()..=below;
            }
            if grown_above.is_none() && grown_below.is_none() {
                break;
            }
        }
        let excerpt = lines.start() + 1..=lines.end() + 1;
        let shown = text.byte_slice(whole_lines(text, &lines)).to_string();
        Ok(PromptFile { path: self.target.clone(), text: shown, excerpt: Some(excerpt) })
    }

    fn focus_lines(&self, longest: usize) -> Option<(RangeInclusive<usize>, String)> {
        let text = &self.shown.files[&self.target];
        let lines = lines_of(text, self.focus.as_ref()?);
        let bytes = whole_lines(text, &lines);
        let shown = if bytes.len() <= longest { text.byte_slice(bytes).to_string() } else { String::new() };
        Some((lines.start() + 1..=lines.end() + 1, shown))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;
    use std::ops::Range;

    use super::*;
    use crate::prompt;
    use crate::text::Rope;

    fn gathered(focus: Option<Range<usize>>, others: &[(&str, usize)]) -> Gathered {
        let lines = (0..1_000).map(|n| format!("line {n:04}\n")).collect::<Vec<_>>().concat();
        let mut base = FileSet::default();
        base.files.insert("a".to_owned(), Rope::from_str(&lines));
        for (name, size) in others {
            base.files.insert((*name).to_owned(), Rope::from_str(&"x".repeat(*size)));
        }
        Gathered {
            shown: base.clone(),
            base,
            marks: BTreeMap::new(),
            uris: BTreeMap::new(),
            target: "a".to_owned(),
            focus,
            intent: prompt::Intent::Document,
            comment: None,
            others: others.iter().map(|(name, _)| (*name).to_owned()).collect(),
        }
    }

    /// A model whose window leaves `budget` bytes for files.
    fn model(budget: u32) -> ModelSettings {
        ModelSettings {
            context: (budget + 4_000) / 3 + 1_000,
            max_output: 1_000,
            ..ModelSettings::new("", "", "")
        }
    }

    #[test]
    fn what_fits_is_shown_whole_and_the_rest_is_not_editable() {
        let gathered = gathered(None, &[("b", 1_000), ("c", 90_000), ("d", 500)]);
        let fitted = gathered.fit(&model(20_000)).unwrap();
        assert_eq!(fitted.target.excerpt, None);
        assert_eq!(fitted.others.iter().map(|file| file.path.as_str()).collect::<Vec<_>>(), ["b", "d"]);
        assert!(!fitted.base.files.contains_key("c"));
        // The next model, with a larger window, gets more.
        assert_eq!(gathered.fit(&model(200_000)).unwrap().others.len(), 3);
    }

    #[test]
    fn a_large_target_is_shown_around_its_focus() {
        let gathered = gathered(Some(5_000..5_000), &[]);
        let target = gathered.fit(&model(1_010)).unwrap().target;
        assert_eq!(target.excerpt, Some(451..=550));
        assert_eq!(target.text.len(), 1_000);
        assert!(target.text.contains("line 0500\n"));
    }

    #[test]
    fn a_focus_that_does_not_fit_is_refused() {
        let problem = gathered(Some(0..5_000), &[]).fit(&model(1_000)).unwrap_err();
        assert_eq!(problem.code, "prompt-too-large");
    }
}
