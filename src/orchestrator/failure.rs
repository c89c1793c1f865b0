//! What becomes of a task when a model does not get there: who may try next, and what the user hears of it.

use super::job::Services;
use crate::model::routing::{AfterFailure, Fallback, after_failure};
use crate::model::{ModelError, ModelErrorKind, ModelSettings};
use crate::ports::metrics::catalogue::PROBLEMS;
use crate::problem::{Category, Problem, Severity};

/// Why one model did not get there, and who may try after it.
#[derive(Debug)]
pub(super) struct Failure {
    problem: Problem,
    after: AfterFailure,
}

impl Failure {
    /// Nobody may try after this.
    pub(super) fn end(problem: Problem) -> Self {
        Self { problem, after: AfterFailure::End }
    }

    /// What an error of the model leaves; `shown` says that a part of its answer was shown.
    pub(super) fn of(error: &ModelError, shown: bool) -> Self {
        Self { problem: Problem::from(error), after: after_failure(error.kind, shown) }
    }

    /// A problem found before anything was sent, with the consequences of an error of this kind.
    pub(super) fn of_kind(problem: Problem, kind: ModelErrorKind) -> Self {
        Self { problem, after: after_failure(kind, false) }
    }
}

/// What went wrong with the models of a task so far.
#[derive(Debug, Default)]
pub(super) struct Failed {
    fallback: Fallback,
    /// The one to show if no model gets there.
    problem: Option<Problem>,
    /// Those of providers that do not work until the user does something.
    stopped: Vec<Problem>,
}

impl Failed {
    /// Says whether a model may try after all that.
    pub(super) fn permits(&self, model: &ModelSettings) -> bool {
        self.fallback.permits(model)
    }

    /// Takes in one more failure.
    pub(super) fn add(&mut self, model: &ModelSettings, Failure { problem, after }: Failure) {
        self.fallback.failed(model, after);
        if after == AfterFailure::Stopped {
            self.stopped.push(problem.clone());
        }
        // That a provider rests says less than why another one failed.
        if after != AfterFailure::Elsewhere || self.problem.is_none() {
            self.problem = Some(problem);
        }
    }

    /// The problem that the task ends with; the user hears of stopped providers besides.
    pub(super) fn end(mut self, services: &Services) -> Problem {
        let none = || Problem::error("no-model", Category::Configuration, "no model is configured");
        let problem = self.problem.take().unwrap_or_else(none);
        self.tell(services, Some(&problem));
        problem
    }

    /// Tells of stopped providers, except for what the task ends with anyway: a fallback must not hide that a key is
    /// wrong.
    pub(super) fn tell(&self, services: &Services, end: Option<&Problem>) {
        for problem in self.stopped.iter().filter(|problem| Some(*problem) != end) {
            let hint = problem.hint.as_ref().map(|hint| format!(" ({hint})")).unwrap_or_default();
            PROBLEMS.count(problem.code);
            services.editor.message(Severity::Warning, &format!("tenon: {}{hint}", problem.message));
        }
    }
}
