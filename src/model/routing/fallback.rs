//! Who may answer after a model did not: decided by what went wrong, never by luck.

use crate::model::{ModelErrorKind, ModelSettings, Price};

/// What an error leaves of the models that come after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterFailure {
    /// No other model would help, or none may try.
    End,
    /// Any other model may try.
    Another,
    /// Only a model with more room for the prompt.
    Larger,
    /// Only a model of another provider.
    Elsewhere,
    /// Only a model of another provider, and the user must hear of it: this one does not work until they do something.
    Stopped,
    /// Only a model that costs less.
    Cheaper,
}

/// The rule. `shown` says that the user saw a part of the answer: then another model's answer would be pieced onto it.
/// A step that visibly begins anew may say that nothing was shown.
pub fn after_failure(kind: ModelErrorKind, shown: bool) -> AfterFailure {
    use ModelErrorKind as Kind;
    match kind {
        // Also true when text was shown: the prompt must not go anywhere.
        Kind::Withheld => AfterFailure::End,
        _ if shown => AfterFailure::End,
        Kind::PromptTooLarge => AfterFailure::Larger,
        Kind::Authentication | Kind::Payment => AfterFailure::Stopped,
        Kind::Resting => AfterFailure::Elsewhere,
        Kind::Budget => AfterFailure::Cheaper,
        Kind::Refused
        | Kind::RateLimit
        | Kind::Overloaded
        | Kind::Network
        | Kind::Stalled
        | Kind::Truncated
        | Kind::BadRequest
        | Kind::Server
        | Kind::NoRecording => AfterFailure::Another,
    }
}

/// The way down a list of models: what went wrong so far narrows who may still try.
#[derive(Debug, Default)]
pub struct Fallback {
    ended: bool,
    left_out: Vec<String>,
    room_above: Option<u32>,
    cheaper_than: Option<Cost>,
}

impl Fallback {
    /// Says whether `model` may try.
    pub fn permits(&self, model: &ModelSettings) -> bool {
        !self.ended
            && !self.left_out.contains(&model.provider)
            && self.room_above.is_none_or(|room| room_for_prompt(model) > room)
            && self.cheaper_than.as_ref().is_none_or(|than| Cost::of(model).is_less_than(than))
    }

    /// Takes in that `model` failed.
    pub fn failed(&mut self, model: &ModelSettings, after: AfterFailure) {
        match after {
            AfterFailure::End => self.ended = true,
            AfterFailure::Another => {}
            AfterFailure::Larger => {
                self.room_above = self.room_above.max(Some(room_for_prompt(model)));
            }
            AfterFailure::Elsewhere | AfterFailure::Stopped => self.left_out.push(model.provider.clone()),
            AfterFailure::Cheaper => self.cheaper_than = Some(Cost::of(model)),
        }
    }
}

fn room_for_prompt(model: &ModelSettings) -> u32 {
    model.context.saturating_sub(model.max_output)
}

/// What decides how much a request can cost.
#[derive(Debug)]
struct Cost {
    /// `None` is a model without a price, which no limit on money holds back.
    price: Option<Price>,
    max_output: u32,
}

impl Cost {
    fn of(model: &ModelSettings) -> Self {
        Self { price: model.price.clone(), max_output: model.max_output }
    }

    /// Whether it is certainly less, whatever the length of the prompt.
    fn is_less_than(&self, other: &Self) -> bool {
        let written = |price: &Price, tokens: u32| u128::from(price.output) * u128::from(tokens);
        match (&self.price, &other.price) {
            (None, None) => self.max_output < other.max_output,
            (None, Some(_)) => true,
            (Some(_), None) => false,
            (Some(price), Some(than)) => {
                let (here, there) = (written(price, self.max_output), written(than, other.max_output));
                price.input <= than.input && here <= there && (price.input < than.input || here < there)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model(name: &str, provider: &str) -> ModelSettings {
        ModelSettings::new(name, provider, name)
    }

    #[test]
    fn the_rule() {
        use AfterFailure::{Another, Cheaper, Elsewhere, End, Larger, Stopped};
        use ModelErrorKind as Kind;
        let table = [
            (Kind::PromptTooLarge, Larger),
            (Kind::Authentication, Stopped),
            (Kind::Payment, Stopped),
            (Kind::RateLimit, Another),
            (Kind::Overloaded, Another),
            (Kind::Refused, Another),
            (Kind::Network, Another),
            (Kind::Stalled, Another),
            (Kind::Truncated, Another),
            (Kind::BadRequest, Another),
            (Kind::Server, Another),
            (Kind::NoRecording, Another),
            (Kind::Budget, Cheaper),
            (Kind::Resting, Elsewhere),
            (Kind::Withheld, End),
        ];
        for (kind, expected) in table {
            assert_eq!(after_failure(kind, false), expected, "{kind:?}");
            assert_eq!(after_failure(kind, true), End, "{kind:?} after shown text");
        }
    }

    #[test]
    fn a_provider_that_stopped_is_skipped_with_all_its_models() {
        let mut fallback = Fallback::default();
        fallback.failed(&model("a", "p"), AfterFailure::Stopped);
        assert!(!fallback.permits(&model("b", "p")));
        assert!(fallback.permits(&model("c", "q")));
        fallback.failed(&model("c", "q"), AfterFailure::End);
        assert!(!fallback.permits(&model("d", "r")));
    }

    #[test]
    fn a_prompt_that_was_too_large_needs_more_room() {
        let with = |context, max_output| ModelSettings { context, max_output, ..model("m", "p") };
        let mut fallback = Fallback::default();
        fallback.failed(&with(32_000, 4_000), AfterFailure::Larger);
        fallback.failed(&with(16_000, 4_000), AfterFailure::Larger);
        assert!(!fallback.permits(&with(32_000, 4_000)));
        assert!(!fallback.permits(&with(34_000, 8_000)));
        assert!(fallback.permits(&with(64_000, 4_000)));
    }

    #[test]
    fn a_budget_lets_only_cheaper_models_try() {
        let with = |input, output| ModelSettings {
            price: Some(Price { input, output, ..Price::default() }),
            ..model("m", "p")
        };
        let mut fallback = Fallback::default();
        fallback.failed(&with(3, 15), AfterFailure::Cheaper);
        assert!(!fallback.permits(&with(3, 15)));
        assert!(!fallback.permits(&with(1, 20)));
        assert!(fallback.permits(&with(1, 5)));
        assert!(fallback.permits(&model("free", "q")), "a model without a price");
        fallback.failed(&model("free", "q"), AfterFailure::Cheaper);
        assert!(!fallback.permits(&with(1, 5)));
    }
}
