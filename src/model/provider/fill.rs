//! Fill in the middle: one request in the forms of several servers. Pure; [`super::transport`] carries the bytes.
//!
//! Mistral answers as in a conversation, completions with `text`, both read by [`super::openai_chat`]; Ollama in its
//! own lines, read by [`super::ollama`]. Only llama-server's form is read here.

use std::collections::VecDeque;

use serde_json::{Value, json};

use super::body::{add_extra, set_number};
use super::codec::{self, Framing, Wire, say};
use super::failure::Fault;
use super::protocol::{Below, KeyHeader, Protocol, unlike};
use super::sse::Event;
use super::{ollama, openai_chat};
use crate::model::{
    Api, FillForm, FillRequest, FinishReason, ModelErrorKind, ModelSettings, Request, StreamEvent, Usage,
};

/// Members that settings cannot replace.
const OURS: [&str; 6] = ["model", "prompt", "suffix", "input_prefix", "input_suffix", "stream"];

/// How a middle is asked for in `form` of a provider that speaks `api`; `key` is how its key travels.
pub(super) fn protocol(form: &FillForm, api: Api, key: KeyHeader) -> Protocol {
    let chat: fn() -> Box<dyn codec::Codec> = || Box::new(openai_chat::Codec::default());
    let lines: fn() -> Box<dyn codec::Codec> = || Box::new(ollama::Codec::default());
    let (name, below, framing, codec) = match form {
        FillForm::Template(_) if api == Api::Ollama => {
            let (name, below, framing) = (ollama::NAME, Below::Root, Framing::Lines);
            return Protocol { name, below, key, framing, wire: raw, codec: lines };
        }
        FillForm::Mistral | FillForm::Completions | FillForm::Template(_) => {
            (openai_chat::NAME, Below::Base, Framing::Sse, chat)
        }
        FillForm::Infill => {
            let codec: fn() -> Box<dyn codec::Codec> = || Box::new(Infill);
            (INFILL, Below::Root, Framing::Sse, codec)
        }
        FillForm::Ollama => (ollama::NAME, Below::Root, Framing::Lines, lines),
    };
    Protocol { name, below, key, framing, wire, codec }
}

/// Writes a request in the form of its model.
///
/// # Errors
/// It is no middle, or the model writes none.
fn wire(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let (Request::Fill(request), Some(form)) = (request, &model.capabilities.fill) else {
        return Err(Fault::new(ModelErrorKind::BadRequest, "this is no middle to fill in"));
    };
    let (path, mut body) = match form {
        FillForm::Mistral => ("fim/completions", between(request, model)),
        FillForm::Completions => ("completions", with_usage(between(request, model))),
        FillForm::Template(template) => {
            let prompt = filled(template, request);
            ("completions", with_usage(common(json!({"prompt": prompt}), request, model)))
        }
        FillForm::Infill => ("infill", infill(request, model)),
        FillForm::Ollama => ("api/generate", generate(request, model)),
    };
    add_extra(&mut body, &model.capabilities.extra, &OURS);
    Ok(Wire { path: path.to_owned(), body, headers: Vec::new() })
}

/// Writes a request whose prompt is made here for Ollama, which has a template of its own for all other prompts.
///
/// # Errors
/// It is no middle, or the model has no template.
fn raw(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let (Request::Fill(request), Some(FillForm::Template(template))) = (request, &model.capabilities.fill)
    else {
        return Err(Fault::new(ModelErrorKind::BadRequest, "this is no middle to fill in"));
    };
    let mut body = generate(request, model);
    body["prompt"] = json!(filled(template, request));
    body["suffix"] = json!("");
    body["raw"] = json!(true);
    add_extra(&mut body, &model.capabilities.extra, &OURS);
    Ok(Wire { path: "api/generate".to_owned(), body, headers: Vec::new() })
}

fn max_output(request: &FillRequest, model: &ModelSettings) -> u32 {
    if request.max_output == 0 { model.max_output } else { request.max_output.min(model.max_output) }
}

fn between(request: &FillRequest, model: &ModelSettings) -> Value {
    common(json!({"prompt": request.prefix, "suffix": request.suffix}), request, model)
}

/// The members that completions share.
fn common(mut body: Value, request: &FillRequest, model: &ModelSettings) -> Value {
    body["model"] = json!(model.model);
    body["max_tokens"] = json!(max_output(request, model));
    body["stream"] = json!(model.capabilities.stream);
    add_rest(&mut body, request, model);
    body
}

fn add_rest(body: &mut Value, request: &FillRequest, model: &ModelSettings) {
    if !request.stop.is_empty() {
        body["stop"] = json!(request.stop);
    }
    set_number(body, "temperature", model.capabilities.temperature.as_deref());
    set_number(body, "top_p", model.capabilities.top_p.as_deref());
}

/// Asks for usage. Mistral sends it unasked and refuses members it does not know.
fn with_usage(mut body: Value) -> Value {
    if body["stream"] == true {
        body["stream_options"] = json!({"include_usage": true});
    }
    body
}

/// <https://github.com/ggml-org/llama.cpp/blob/master/tools/server/README.md#post-infill-for-code-infilling>
fn infill(request: &FillRequest, model: &ModelSettings) -> Value {
    let mut body = json!({
        "input_prefix": request.prefix,
        "input_suffix": request.suffix,
        "n_predict": max_output(request, model),
        "stream": model.capabilities.stream,
    });
    add_rest(&mut body, request, model);
    body
}

fn generate(request: &FillRequest, model: &ModelSettings) -> Value {
    let mut options = ollama::options(model, max_output(request, model));
    if !request.stop.is_empty() {
        options["stop"] = json!(request.stop);
    }
    json!({
        "model": model.model,
        "prompt": request.prefix,
        "suffix": request.suffix,
        "stream": model.capabilities.stream,
        "options": options,
        "truncate": false,
        "shift": false,
    })
}

/// Puts the text into a template. What the text itself holds is never taken for a place.
fn filled(template: &str, request: &FillRequest) -> String {
    let mut prompt = String::with_capacity(template.len() + request.prefix.len() + request.suffix.len());
    let mut rest = template;
    let places = [("{prefix}", &request.prefix), ("{suffix}", &request.suffix)];
    while let Some((at, place, text)) = places
        .iter()
        .filter_map(|(place, text)| Some((rest.find(place)?, *place, *text)))
        .min_by_key(|(at, ..)| *at)
    {
        prompt.push_str(&rest[..at]);
        prompt.push_str(text);
        rest = &rest[at + place.len()..];
    }
    prompt.push_str(rest);
    prompt
}

/// What a server with `/infill` is called in errors.
const INFILL: &str = "llama-server";

/// The reading of one answer of `/infill`. It is complete with the event that says `"stop": true`.
#[derive(Debug)]
struct Infill;

impl codec::Codec for Infill {
    fn event(&mut self, event: &Event, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // Newer versions may end all their streams alike.
        if event.data.trim() == "[DONE]" {
            return Ok(());
        }
        let piece: Value = serde_json::from_str(&event.data)
            .map_err(|_| Fault::new(ModelErrorKind::Server, "an event of the stream is not JSON"))?;
        read(&piece, out)
    }

    fn whole(&mut self, answer: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        read(answer, out)?;
        ended(out)
    }

    fn closed(&mut self, rest: Option<&Event>, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
        // JSON that can be read lacks nothing but the empty line behind it.
        if let Some(piece) = rest.and_then(|event| serde_json::from_str::<Value>(&event.data).ok()) {
            read(&piece, out)?;
        }
        ended(out)
    }
}

fn read(piece: &Value, out: &mut VecDeque<StreamEvent>) -> Result<(), Fault> {
    if let Some(fault) = Fault::in_band(piece) {
        return Err(fault);
    }
    let Some(text) = piece["content"].as_str() else {
        return Err(unlike(INFILL, "its JSON has no `content`"));
    };
    say(text, StreamEvent::Text, out);
    if piece["stop"] == true {
        let (input, output) = (piece["tokens_evaluated"].as_u64(), piece["tokens_predicted"].as_u64());
        if let (Some(read), Some(output)) = (input, output) {
            let cache_read = piece["timings"]["cache_n"].as_u64().unwrap_or(0).min(read);
            let usage = Usage { input: read - cache_read, cache_read, output, ..Usage::default() };
            out.push_back(StreamEvent::Usage(usage));
        }
        let is_cut = piece["stop_type"] == "limit" || piece["stopped_limit"] == true;
        out.push_back(StreamEvent::Finished(if is_cut { FinishReason::Length } else { FinishReason::Stop }));
    }
    Ok(())
}

fn ended(out: &VecDeque<StreamEvent>) -> Result<(), Fault> {
    match out.back() {
        Some(StreamEvent::Finished(_)) => Ok(()),
        _ => Err(Fault::new(ModelErrorKind::Truncated, "the stream ended without its terminal event")),
    }
}

#[cfg(test)]
mod tests;
