//! Under what an answer is kept: the hash of everything that could make it another answer.
//!
//! Where a provider is, what it speaks, the model, its capability record and limits, and the whole request go in.
//! Names of the configuration, prices, keys, headers and the list of source files do not: they change no answer.

use std::io::{self, Write};

use serde::Serialize;
use sha2::{Digest as _, Sha256};

use crate::model::{
    AnswerForm, Api, Capabilities, FillRequest, Message, ModelSettings, ProviderSettings, Request,
};

/// SHA-256 of everything that makes a request: provider, model, settings and body.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct CacheKey(pub [u8; 32]);

/// Changes when the same request is to be asked again by a newer tenon.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Hashed<'a> {
    version: u32,
    base_url: &'a str,
    api: Api,
    model: &'a str,
    context: u32,
    max_output: u32,
    capabilities: &'a Capabilities,
    body: Body<'a>,
}

#[derive(Serialize)]
enum Body<'a> {
    Chat { system: &'a str, messages: &'a [Message], answer: &'a AnswerForm },
    Fill(&'a FillRequest),
}

impl CacheKey {
    /// The key of `request` to this model. Nothing is copied: the JSON goes straight into the hash, its members in the
    /// order of the types and of the maps, which is always the same.
    #[expect(
        clippy::missing_panics_doc,
        reason = "it cannot: maps have string keys and a hash takes everything"
    )]
    pub fn of(provider: &ProviderSettings, model: &ModelSettings, request: &Request) -> Self {
        let body = match request {
            Request::Chat(chat) => {
                Body::Chat { system: &chat.system, messages: &chat.messages, answer: &chat.answer }
            }
            Request::Fill(fill) => Body::Fill(fill),
        };
        let hashed = Hashed {
            version: VERSION,
            base_url: &provider.base_url,
            api: provider.api,
            model: &model.model,
            context: model.context,
            max_output: model.max_output,
            capabilities: &model.capabilities,
            body,
        };
        let mut hashing = Hashing(Sha256::new());
        serde_json::to_writer(&mut hashing, &hashed)
            .expect("maps have string keys and a hash takes everything");
        Self(hashing.0.finalize().into())
    }
}

struct Hashing(Sha256);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::{KeySource, ModelRequest, Price};

    fn key(change: impl FnOnce(&mut ProviderSettings, &mut ModelSettings, &mut ModelRequest)) -> CacheKey {
        let mut provider = ProviderSettings::new("p", Api::OpenAiChat, "http://localhost/v1");
        let mut model = ModelSettings::new("m", "p", "coder");
        let mut request = ModelRequest::new("system", vec![Message::user("a"), Message::assistant("b")]);
        change(&mut provider, &mut model, &mut request);
        CacheKey::of(&provider, &model, &Request::Chat(request))
    }

    #[test]
    fn whatever_changes_an_answer_changes_the_key() {
        let mut keys = vec![
            key(|_, _, _| {}),
            key(|provider, _, _| provider.base_url.push('/')),
            key(|provider, _, _| provider.api = Api::Anthropic),
            key(|_, model, _| model.model.push('2')),
            key(|_, model, _| model.max_output -= 1),
            key(|_, model, _| model.context -= 1),
            key(|_, model, _| model.capabilities.temperature = Some("0".to_owned())),
            key(|_, model, _| model.capabilities.thinking = crate::model::Thinking::Tokens(7)),
            key(|_, model, _| drop(model.capabilities.extra.insert("seed".to_owned(), 1.into()))),
            key(|_, _, request| request.system.push(' ')),
            key(|_, _, request| request.messages[0].text = "ab".to_owned()),
            key(|_, _, request| request.messages.swap(0, 1)),
            key(|_, _, request| {
                request.answer = AnswerForm::Json { name: "n".to_owned(), schema: serde_json::json!({}) };
            }),
        ];
        let n_keys = keys.len();
        keys.sort_by_key(|key| key.0);
        keys.dedup();
        assert_eq!(keys.len(), n_keys);
    }

    #[test]
    fn names_prices_secrets_and_sources_do_not() {
        let plain = key(|_, _, _| {});
        assert_eq!(plain, key(|provider, _, _| provider.name.push('2')));
        assert_eq!(plain, key(|provider, _, _| provider.key = Some(KeySource::Variable("KEY".to_owned()))));
        assert_eq!(plain, key(|provider, _, _| provider.headers.push(("x".to_owned(), "y".to_owned()))));
        assert_eq!(plain, key(|_, model, _| model.name.push('2')));
        assert_eq!(plain, key(|_, model, _| model.price = Some(Price::default())));
        assert_eq!(plain, key(|_, _, request| request.sources.push("a.rs".to_owned())));
    }

    #[test]
    fn the_order_in_which_members_were_added_does_not_matter() {
        let schema = |names: [&str; 2]| {
            key(|_, model, _| {
                for name in names {
                    model.capabilities.extra.insert(name.to_owned(), 1.into());
                }
            })
        };
        assert_eq!(schema(["a", "b"]), schema(["b", "a"]));
    }

    #[test]
    fn a_middle_has_a_key_of_its_own() {
        let provider = ProviderSettings::new("p", Api::OpenAiChat, "");
        let model = ModelSettings::new("m", "p", "coder");
        let fill = |prefix: &str, suffix: &str| {
            let fill = FillRequest { prefix: prefix.into(), suffix: suffix.into(), ..FillRequest::default() };
            CacheKey::of(&provider, &model, &Request::Fill(fill))
        };
        assert_ne!(fill("ab", "c"), fill("a", "bc"));
        assert_ne!(fill("", ""), CacheKey::of(&provider, &model, &Request::Chat(ModelRequest::default())));
    }
}
