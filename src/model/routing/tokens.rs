//! How many tokens a request will be, before anyone counted them: a token for four bytes, corrected by what each model's
//! provider reported of earlier requests.

use crate::model::{AnswerForm, Request, Usage};

/// Bytes of a token when nothing is known yet.
const BYTES_PER_TOKEN: u64 = 4;

/// Requests below this size say little: what the provider adds by itself outweighs them.
const LEAST_BYTES: u64 = 400;

/// What one model's tokens are like: a running mean that follows the model's reports, between half and four times the
/// first guess.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct TokenRatio {
    /// Thousandths of the first guess.
    permille: u64,
}

impl Default for TokenRatio {
    fn default() -> Self {
        Self { permille: 1000 }
    }
}

impl TokenRatio {
    /// The tokens of so many bytes, rounded up.
    pub fn estimate(self, bytes: u64) -> u64 {
        let scaled = u128::from(bytes) * u128::from(self.permille);
        u64::try_from(scaled.div_ceil(u128::from(BYTES_PER_TOKEN) * 1000)).unwrap_or(u64::MAX)
    }

    /// Takes in that so many bytes were reported as so many tokens.
    pub fn learn(&mut self, bytes: u64, tokens: u64) {
        if bytes < LEAST_BYTES || tokens == 0 {
            return;
        }
        let seen = u128::from(tokens) * u128::from(BYTES_PER_TOKEN) * 1000 / u128::from(bytes);
        let seen = u64::try_from(seen).unwrap_or(u64::MAX).clamp(500, 4000);
        self.permille = (self.permille * 4 + seen) / 5;
    }
}

/// Bytes of everything in a request that the model reads.
pub fn bytes_of(request: &Request) -> u64 {
    let n_bytes = match request {
        Request::Chat(chat) => {
            let messages = chat.messages.iter().map(|message| {
                let calls = message.calls.iter().map(|call| call.name.len() + call.arguments.len());
                let results = message.results.iter().map(|result| result.text.len());
                let kept = message.kept.iter().map(|block| block.to_string().len());
                message.text.len() + calls.sum::<usize>() + results.sum::<usize>() + kept.sum::<usize>()
            });
            chat.system.len() + messages.sum::<usize>() + bytes_of_form(&chat.answer)
        }
        Request::Fill(fill) => fill.prefix.len() + fill.suffix.len() + fill.path.len(),
    };
    n_bytes as u64
}

fn bytes_of_form(form: &AnswerForm) -> usize {
    match form {
        AnswerForm::Text => 0,
        AnswerForm::Tools { tools, .. } => tools
            .iter()
            .map(|tool| tool.name.len() + tool.description.len() + tool.schema.to_string().len())
            .sum(),
        AnswerForm::Json { name, schema } => name.len() + schema.to_string().len(),
    }
}

/// The usage of an answer that ended early, as far as it can be known: what was reported of the reading, or the
/// estimate; of the writing whichever is more.
pub fn of_a_part(reported: Option<Usage>, read: u64, written: u64) -> Usage {
    let reported = reported.unwrap_or_default();
    let input = if reported.read() == 0 { read } else { reported.input };
    Usage { input, output: reported.output.max(written), ..reported }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{FillRequest, Message, ModelRequest, Tool};

    #[test]
    fn begins_with_four_bytes_and_follows_the_reports() {
        let mut ratio = TokenRatio::default();
        assert_eq!(ratio.estimate(0), 0);
        assert_eq!(ratio.estimate(1), 1);
        assert_eq!(ratio.estimate(4000), 1000);
        ratio.learn(10, 100_000);
        ratio.learn(4000, 0);
        assert_eq!(ratio, TokenRatio::default(), "what says nothing changes nothing");
        (0..50).for_each(|_| ratio.learn(4000, 1300));
        assert!((1295..=1300).contains(&ratio.estimate(4000)), "{ratio:?}");
    }

    #[test]
    fn absurd_reports_are_held_in_bounds() {
        let mut ratio = TokenRatio::default();
        (0..50).for_each(|_| ratio.learn(4000, u64::MAX));
        assert!(ratio.estimate(4000) <= 4000);
        (0..50).for_each(|_| ratio.learn(u64::MAX, 1));
        assert!(ratio.estimate(4000) >= 500);
        assert_eq!(TokenRatio { permille: 4000 }.estimate(u64::MAX), u64::MAX);
    }

    #[test]
    fn everything_the_model_reads_counts() {
        let mut chat = ModelRequest::new("1234", vec![Message::user("56"), Message::assistant("7")]);
        assert_eq!(bytes_of(&Request::Chat(chat.clone())), 7);
        let schema = serde_json::json!({});
        let tool = Tool { name: "a".to_owned(), description: "bc".to_owned(), schema };
        chat.answer = AnswerForm::Tools { tools: vec![tool], must: false };
        chat.sources.push("not sent".to_owned());
        assert_eq!(bytes_of(&Request::Chat(chat)), 12);
        let fill = FillRequest { prefix: "ab".into(), suffix: "c".into(), ..FillRequest::default() };
        assert_eq!(bytes_of(&Request::Fill(fill)), 3);
    }

    #[test]
    fn a_part_costs_what_was_reported_or_else_the_estimate() {
        assert_eq!(of_a_part(None, 10, 3), Usage { input: 10, output: 3, ..Usage::default() });
        let reported = Usage { input: 2, cache_read: 9, output: 1, ..Usage::default() };
        assert_eq!(of_a_part(Some(reported), 10, 3), Usage { output: 3, ..reported });
    }
}
