//! `[roles]` and `[split]` as typed.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::model::Role;

/// Models by work: the first is preferred, the rest are fallbacks. A role that is not named takes the models of `edit`,
/// and a single configured model serves every role; an empty list leaves a role without a model. `completion` stands
/// for itself, since not every model can do it.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Roles {
    /// Writing edits.
    pub edit: Option<Vec<String>>,
    /// Reading and explaining.
    pub analysis: Option<Vec<String>>,
    /// Writing new files.
    pub generation: Option<Vec<String>>,
    /// Judging changes.
    pub review: Option<Vec<String>>,
    /// Improving code that works.
    pub improvement: Option<Vec<String>>,
    /// Judging results, and writing tests for them.
    pub validation: Option<Vec<String>>,
    /// Completing text at the cursor; only models with `fill` or `fill_template`. Not named, a single configured model
    /// does it if it can, else there is no completion.
    pub completion: Option<Vec<String>>,
}

/// Models that share the first place of a role, each with its weight: every session takes one of them, which then
/// comes before the others. Meant for comparing models; `tenon models` counts how each does.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Split {
    /// Weights of models of `roles.edit`, 1 to 1000.
    pub edit: BTreeMap<String, Weight>,
    /// Weights of models of `roles.analysis`, 1 to 1000.
    pub analysis: BTreeMap<String, Weight>,
    /// Weights of models of `roles.generation`, 1 to 1000.
    pub generation: BTreeMap<String, Weight>,
    /// Weights of models of `roles.review`, 1 to 1000.
    pub review: BTreeMap<String, Weight>,
    /// Weights of models of `roles.improvement`, 1 to 1000.
    pub improvement: BTreeMap<String, Weight>,
    /// Weights of models of `roles.validation`, 1 to 1000.
    pub validation: BTreeMap<String, Weight>,
    /// Weights of models of `roles.completion`, 1 to 1000.
    pub completion: BTreeMap<String, Weight>,
}

/// How often a model is taken, compared with the others.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(transparent)]
#[schemars(extend("minimum" = 1, "maximum" = 1000))]
pub struct Weight(pub u32);

impl Roles {
    /// What was typed for a role.
    pub fn of(&self, role: Role) -> Option<&[String]> {
        let list = match role {
            Role::Edit => &self.edit,
            Role::Analysis => &self.analysis,
            Role::Generation => &self.generation,
            Role::Review => &self.review,
            Role::Improvement => &self.improvement,
            Role::Validation => &self.validation,
            Role::Completion => &self.completion,
        };
        list.as_deref()
    }
}

impl Split {
    /// What was typed for a role.
    pub fn of(&self, role: Role) -> &BTreeMap<String, Weight> {
        match role {
            Role::Edit => &self.edit,
            Role::Analysis => &self.analysis,
            Role::Generation => &self.generation,
            Role::Review => &self.review,
            Role::Improvement => &self.improvement,
            Role::Validation => &self.validation,
            Role::Completion => &self.completion,
        }
    }
}
