//! What servers say when they fail, mapped once to the shared kinds. Pure.
//!
//! Vendors agree on little: the error may be an object, a string or the body itself, its code a word or a number or
//! a number in quotes, a spend limit may come as 400, 402, 403 or 429. Here it is read; [`mod@classify`] judges it.

mod classify;

use std::time::Duration;

use serde_json::Value;

use self::classify::{Told, classify};
use crate::model::ModelErrorKind;

/// A failure as the server told it, not yet tied to a provider and a model.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fault {
    /// What went wrong.
    pub kind: ModelErrorKind,
    /// HTTP status, or the number an in-band error gives in its place.
    pub status: Option<u16>,
    /// The server's code, or else its type.
    pub code: Option<String>,
    /// The server's message, or ours.
    pub message: String,
    /// When to try again, if the body says so; headers say it better.
    pub retry_after: Option<Duration>,
}

impl Fault {
    /// Creates a fault that the server did not tell of.
    pub(super) fn new(kind: ModelErrorKind, message: impl Into<String>) -> Self {
        Self { kind, status: None, code: None, message: message.into(), retry_after: None }
    }

    /// Finds the error inside an otherwise successful answer: `{"error": …}` that is not null, in an array or
    /// not, or an object that calls itself an error.
    pub(super) fn in_band(answer: &Value) -> Option<Self> {
        let answer = answer.as_array().and_then(|list| list.first()).unwrap_or(answer);
        match answer.get("error") {
            None | Some(Value::Null | Value::Bool(false)) if answer["object"] == "error" => {
                Some(Self::told(None, answer))
            }
            None | Some(Value::Null | Value::Bool(false)) => None,
            // What belongs to it stands beside it.
            Some(Value::Bool(true) | Value::String(_)) => Some(Self::told(None, answer)),
            Some(error) => Some(Self::told(None, error)),
        }
    }

    /// Reads the body of an answer with an error status. `reason` stands in for a missing message.
    pub(super) fn with_status(status: u16, reason: &str, body: &str) -> Self {
        let json: Value = serde_json::from_str(body).unwrap_or(Value::Null);
        let json = json.as_array().and_then(|list| list.first()).unwrap_or(&json);
        let told = match json {
            Value::Object(object) => {
                let listed = object.get("errors").and_then(|errors| errors.get(0));
                object.get("error").filter(|error| error.is_object()).or(listed).unwrap_or(json)
            }
            _ => json,
        };
        let mut fault = Self::told(Some(status), told);
        if fault.message.is_empty() {
            let text = body.trim();
            let is_said = json.is_null() && text != "null" && !text.starts_with('<');
            let text = if is_said { text } else { "" };
            let words: Vec<&str> = fault.code.as_deref().into_iter().collect();
            let message = if text.is_empty() { reason } else { text };
            fault.kind = classify(&Told { status: Some(status), words: &words, message });
            message.clone_into(&mut fault.message);
        }
        fault
    }

    /// Reads an error object, or an object beside whose text its code stands.
    fn told(status: Option<u16>, error: &Value) -> Self {
        let message = message(error);
        let number = ["code", "status", "status_code"].iter().find_map(|name| number(&error[*name]));
        let status = status.or(number.filter(|code| (400..600).contains(code)));
        let words = words(error);
        Self {
            kind: classify(&Told { status, words: &words, message: &message }),
            status,
            code: words.first().map(|word| (*word).to_owned()).or(number.map(|code| code.to_string())),
            message,
            retry_after: retry_delay(error),
        }
    }
}

/// A number, also one in quotes as `LiteLLM` and Azure write it.
fn number(value: &Value) -> Option<u16> {
    match value {
        Value::String(text) => text.parse().ok(),
        _ => value.as_u64().and_then(|number| u16::try_from(number).ok()),
    }
}

/// Every code that an error has, the one that says the most first.
fn words(error: &Value) -> Vec<&str> {
    let own = [
        &error["code"],
        &error["type"],
        &error["status"],
        &error["error_type"],
        // Azure.
        &error["innererror"]["code"],
    ];
    // google.rpc.ErrorInfo.
    let reasons = error["details"].as_array().into_iter().flatten().map(|detail| &detail["reason"]);
    own.into_iter()
        .chain(reasons)
        .filter_map(Value::as_str)
        // LiteLLM writes Python's word for nothing.
        .filter(|word| !word.is_empty() && *word != "None" && word.parse::<u16>().is_err())
        .collect()
}

fn message(error: &Value) -> String {
    let text = [error, &error["message"], &error["error"], &error["detail"], &error["error_description"]]
        .into_iter()
        .map(|value| match value {
            Value::String(text) => text.trim().to_owned(),
            // FastAPI's list of what is wrong; Mistral puts it inside the message.
            Value::Array(list) => listed(list),
            _ => value["detail"].as_array().map(|list| listed(list)).unwrap_or_default(),
        })
        .find(|text| !text.is_empty())
        .unwrap_or_default();
    // OpenRouter repeats what the provider behind it said.
    match error["metadata"]["raw"].as_str().map(str::trim).filter(|raw| !raw.is_empty()) {
        Some(raw) => format!("{text}: {}", raw_message(raw)),
        None => text,
    }
}

fn listed(list: &[Value]) -> String {
    let one = |item: &Value| {
        let what = item["msg"].as_str()?;
        let place: Vec<&str> =
            item["loc"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
        Some(if place.is_empty() { what.to_owned() } else { format!("{}: {what}", place.join(".")) })
    };
    list.iter().filter_map(one).collect::<Vec<_>>().join("; ")
}

/// The message in a body inside a body.
fn raw_message(raw: &str) -> String {
    let json: Value = serde_json::from_str(raw).unwrap_or(Value::Null);
    let inner = if json["error"].is_object() { &json["error"] } else { &json };
    match inner["message"].as_str().or(inner["error"].as_str()) {
        Some(message) => message.to_owned(),
        None => raw.to_owned(),
    }
}

/// `google.rpc.RetryInfo`: `{"retryDelay": "34.5s"}`. A quota of the day is not better after seconds, whatever it says.
fn retry_delay(error: &Value) -> Option<Duration> {
    let details = error["details"].as_array()?;
    let is_daily = details
        .iter()
        .filter_map(|detail| detail["violations"].as_array())
        .flatten()
        .any(|violation| violation["quotaId"].as_str().is_some_and(|id| id.contains("PerDay")));
    if is_daily {
        return None;
    }
    let delay = details.iter().find_map(|detail| detail["retryDelay"].as_str())?;
    Duration::try_from_secs_f64(delay.strip_suffix('s')?.parse().ok()?).ok()
}

/// At most 1000 characters of `text`: some servers answer with their whole stack, or with our prompt. Keys must
/// be taken out before, as half a key would not be recognised.
pub(super) fn shortened(text: &str) -> String {
    match text.char_indices().nth(1000) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests;
