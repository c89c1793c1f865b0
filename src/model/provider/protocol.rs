//! The protocols in one table: how a request of each kind is written, where it goes, how the key travels, and who
//! reads the answer. Pure.

use serde_json::{Map, Number, Value};

use super::codec::{Codec, Framing, Wire};
use super::failure::Fault;
use super::{anthropic, gemini, openai_chat};
use crate::model::{Api, ModelErrorKind, ModelSettings, Request};

/// How a provider is spoken to about one kind of request.
#[derive(Clone, Copy)]
pub(super) struct Protocol {
    /// What the server is expected to be, for errors: "the server is not … API".
    pub name: &'static str,
    /// What the path of a [`Wire`] is appended to.
    pub below: Below,
    /// How the key travels.
    pub key: KeyHeader,
    /// How a streamed answer is cut into events.
    pub framing: Framing,
    /// Writes a request.
    pub wire: fn(&Request, &ModelSettings) -> Result<Wire, Fault>,
    /// Makes the reader of one answer.
    pub codec: fn() -> Box<dyn Codec>,
}

/// What a path is appended to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Below {
    /// The base URL as configured.
    Base,
    /// The base URL without a trailing `/v1`: where servers keep what is not of `OpenAI`'s.
    Root,
}

/// The header that carries a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum KeyHeader {
    /// `authorization: Bearer …`
    Bearer,
    /// This header, with the bare key.
    Named(&'static str),
}

impl Protocol {
    /// The protocol for `request`.
    ///
    /// # Errors
    /// The model cannot be asked such a thing.
    pub(super) fn of(api: Api, request: &Request, model: &ModelSettings) -> Result<Self, Fault> {
        match request {
            Request::Chat(_) => chat(api),
            Request::Fill(_) => {
                let message = format!("model {} is not set up to fill in a middle", model.name);
                Err(Fault::new(ModelErrorKind::BadRequest, message))
            }
        }
    }

    /// The fault of a server that answered, but not in this protocol.
    pub(super) fn unlike(self, why: &str) -> Fault {
        unlike(self.name, why)
    }
}

/// The fault of a server that answered, but not as a `name` API does.
pub(super) fn unlike(name: &str, why: &str) -> Fault {
    let article = if name.starts_with(['A', 'O']) { "an" } else { "a" };
    Fault::new(ModelErrorKind::Server, format!("the server is not {article} {name} API: {why}"))
}

fn chat(api: Api) -> Result<Protocol, Fault> {
    Ok(match api {
        Api::OpenAiChat => Protocol {
            name: openai_chat::NAME,
            below: Below::Base,
            key: KeyHeader::Bearer,
            framing: Framing::Sse,
            wire: openai_chat::wire,
            codec: || Box::new(openai_chat::Codec::default()),
        },
        Api::Anthropic => Protocol {
            name: "Anthropic",
            below: Below::Base,
            key: KeyHeader::Named("x-api-key"),
            framing: Framing::Sse,
            wire: anthropic::wire,
            codec: || Box::new(anthropic::Codec::default()),
        },
        Api::Gemini => Protocol {
            name: "Gemini",
            below: Below::Base,
            key: KeyHeader::Named("x-goog-api-key"),
            framing: Framing::Sse,
            wire: gemini::wire,
            codec: || Box::new(gemini::Codec::default()),
        },
        Api::OpenAiResponses | Api::Ollama | Api::Replay => {
            return Err(Fault::new(ModelErrorKind::BadRequest, "this protocol is not spoken over HTTP yet"));
        }
    })
}

/// A number as the configuration has it; it was checked when the model was built.
pub(super) fn number(text: Option<&str>) -> Option<Number> {
    text.and_then(|text| serde_json::from_str(text.trim()).ok())
}

/// Puts the configured further members into `body`, last. Those named in `ours` stay as they are. Members that are
/// objects on both sides are joined, so that one option does not drop the others; an empty one takes ours out, for
/// servers that refuse what they do not know.
pub(super) fn add_extra(body: &mut Value, extra: &Map<String, Value>, ours: &[&str]) {
    let Value::Object(body) = body else { return };
    for (name, value) in extra.iter().filter(|(name, _)| !ours.contains(&name.as_str())) {
        match (body.get_mut(name), value) {
            (Some(Value::Object(_)), Value::Object(none)) if none.is_empty() => {
                body.remove(name);
            }
            (Some(Value::Object(there)), Value::Object(more)) => {
                there.extend(more.iter().map(|(name, value)| (name.clone(), value.clone())));
            }
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn extra_members_come_last_and_leave_ours_alone() {
        let mut body = json!({"model": "m", "stream": true, "top_k": 1, "a": {"b": 1},
            "options": {"num_ctx": 8, "seed": 1}});
        let extra = json!({"model": "x", "top_k": 2, "seed": 3, "options": {"seed": 2}, "a": {}});
        let Value::Object(extra) = extra else { unreachable!() };
        add_extra(&mut body, &extra, &["model", "stream"]);
        let expected = json!({
            "model": "m", "stream": true, "top_k": 2, "seed": 3, "options": {"num_ctx": 8, "seed": 2},
        });
        assert_eq!(body, expected);
    }
}
