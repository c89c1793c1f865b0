//! Requests of the user's own, as the configuration has them and the editor offers them.

/// A request that is offered as a code action.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnAction {
    /// What the editor's menu says: visible text on one line.
    pub title: String,
    /// What is asked of the model.
    pub instruction: String,
    /// Identifiers of the languages it is for; empty is every one.
    pub languages: Vec<String>,
    /// Whether it is offered only where something is selected.
    pub selection: bool,
}

impl OwnAction {
    /// Whether it is offered in a document of `language`.
    pub fn is_for(&self, language: &str, is_selection: bool) -> bool {
        (is_selection || !self.selection)
            && (self.languages.is_empty()
                || self.languages.iter().any(|one| one.eq_ignore_ascii_case(language)))
    }
}
