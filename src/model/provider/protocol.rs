//! The protocols in one table: how a request of each kind is written, where it goes, how the key travels, and who
//! reads the answer. Pure.

use super::codec::{Codec, Framing, Wire};
use super::failure::Fault;
use super::{anthropic, fill, gemini, ollama, openai_chat, openai_responses};
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
        let chat = chat(api)?;
        match (request, &model.capabilities.fill) {
            (Request::Chat(_), _) => Ok(chat),
            (Request::Fill(_), Some(form)) => Ok(fill::protocol(form, api, chat.key)),
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
        Api::Anthropic => Protocol {
            name: anthropic::NAME,
            below: Below::Base,
            key: KeyHeader::Named("x-api-key"),
            framing: Framing::Sse,
            wire: anthropic::wire,
            codec: || Box::new(anthropic::Codec::default()),
        },
        Api::Gemini => Protocol {
            name: gemini::NAME,
            below: Below::Base,
            key: KeyHeader::Named("x-goog-api-key"),
            framing: Framing::Sse,
            wire: gemini::wire,
            codec: || Box::new(gemini::Codec::default()),
        },
        Api::Replay => {
            return Err(Fault::new(ModelErrorKind::BadRequest, "a recording is not asked over HTTP"));
        }
    })
}
