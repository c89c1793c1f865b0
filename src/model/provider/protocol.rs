//! The protocols in one table: how a request of each kind is written, where it goes, how the key travels, and who
//! reads the answer. Pure.

use std::collections::VecDeque;

use serde_json::{Map, Number, Value};

use super::codec::{Codec, Framing, Wire};
use super::failure::Fault;
use super::{fill, ollama, openai_chat, openai_responses};
use crate::model::{Api, ModelErrorKind, ModelRequest, ModelSettings, Request, StreamEvent};

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
        let chat = chat(api)?;
        match (request, &model.capabilities.fill) {
            (Request::Chat(_), _) => Ok(chat),
            (Request::Fill(_), Some(form)) => Ok(fill::protocol(form, chat.key)),
            (Request::Fill(_), None) => {
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
        Api::OpenAiResponses => Protocol {
            name: openai_responses::NAME,
            below: Below::Base,
            key: KeyHeader::Bearer,
            framing: Framing::Sse,
            wire: openai_responses::wire,
            codec: || Box::new(openai_responses::Codec::default()),
        },
        Api::Ollama => Protocol {
            name: ollama::NAME,
            below: Below::Root,
            key: KeyHeader::Bearer,
            framing: Framing::Lines,
            wire: ollama::wire,
            codec: || Box::new(ollama::Codec::default()),
        },
        Api::Anthropic | Api::Gemini | Api::Replay => {
            return Err(Fault::new(ModelErrorKind::BadRequest, "this protocol is not spoken over HTTP yet"));
        }
    })
}

/// The conversation of a request.
///
/// # Errors
/// It is none.
pub(super) fn conversation(request: &Request) -> Result<&ModelRequest, Fault> {
    match request {
        Request::Chat(request) => Ok(request),
        Request::Fill(_) => Err(Fault::new(ModelErrorKind::BadRequest, "this is no conversation")),
    }
}

/// Sets a member to a number of the configuration, which was checked when the model was built.
pub(super) fn set_number(body: &mut Value, name: &str, text: Option<&str>) {
    if let Some(number) = text.and_then(|text| serde_json::from_str::<Number>(text.trim()).ok()) {
        body[name] = Value::Number(number);
    }
}

/// Appends a piece of text as what `kind` makes of it. An empty one says nothing: servers send those as keep-alives.
pub(super) fn say(text: &str, kind: fn(String) -> StreamEvent, out: &mut VecDeque<StreamEvent>) {
    if !text.is_empty() {
        out.push_back(kind(text.to_owned()));
    }
}

/// Adds a piece of a message about the answer; more than a screenful of it is of no use.
pub(super) fn joined(text: &mut String, piece: &str) {
    if text.len() < 4096 {
        text.push_str(piece);
    }
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
