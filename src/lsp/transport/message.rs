//! One JSON-RPC message from its bytes, read as tolerantly as its meaning allows.

use serde_json::{Map, Value};
use tower_lsp::jsonrpc::{Error, ErrorCode, Id, Request, Response};

/// What a body holds.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Incoming {
    /// A request or a notification.
    Request(Request),
    /// The answer to one of ours.
    Response(Response),
    /// Not readable: the answer to give, and why.
    Unreadable(Response, String),
}

/// Reads a body. Never fails.
pub(super) fn parse(body: &[u8]) -> Incoming {
    let message = match serde_json::from_slice(body) {
        Ok(Value::Object(message)) => message,
        Ok(_) => return unreadable(Id::Null, Error::invalid_request(), "a message is not an object"),
        Err(error) => return unreadable(Id::Null, Error::parse_error(), &error.to_string()),
    };
    if message.contains_key("method") { request(message) } else { response(message) }
}

/// The answer to input that is out of order.
pub(super) fn broken(reason: String) -> Response {
    let mut error = Error::parse_error();
    error.message = reason.into();
    Response::from_error(Id::Null, error)
}

fn unreadable(id: Id, error: Error, reason: &str) -> Incoming {
    Incoming::Unreadable(Response::from_error(id, error), reason.to_owned())
}

fn request(mut message: Map<String, Value>) -> Incoming {
    let Some(Value::String(method)) = message.remove("method") else {
        return unreadable(Id::Null, Error::invalid_request(), "`method` is not a string");
    };
    let id = match message.remove("id") {
        None | Some(Value::Null) => None,
        Some(id) => match read_id(id) {
            Some(id) => Some(id),
            None => return unreadable(Id::Null, Error::invalid_request(), "`id` is no number and no string"),
        },
    };
    // The router drops notifications without `params` unseen; an empty object is reported like any other.
    let params = match message.remove("params") {
        None | Some(Value::Null) if matches!(method.as_str(), "shutdown" | "exit") => Value::Null,
        None | Some(Value::Null) => Value::Object(Map::new()),
        Some(params) => params,
    };
    let request = Request::build(method).params(params);
    Incoming::Request(match id {
        Some(id) => request.id(id).finish(),
        None => request.finish(),
    })
}

fn response(mut message: Map<String, Value>) -> Incoming {
    let Some(id) = message.remove("id").and_then(read_id) else {
        return unreadable(Id::Null, Error::invalid_request(), "a message has neither `method` nor `id`");
    };
    let body = match message.remove("error") {
        None | Some(Value::Null) => Ok(message.remove("result").unwrap_or(Value::Null)),
        Some(error) => Err(read_error(&error)),
    };
    Incoming::Response(Response::from_parts(id, body))
}

fn read_id(id: Value) -> Option<Id> {
    match id {
        Value::Number(number) => number.as_i64().map(Id::Number),
        Value::String(text) => Some(Id::String(text)),
        _ => None,
    }
}

fn read_error(error: &Value) -> Error {
    let code = error["code"].as_i64().map_or(ErrorCode::InternalError, ErrorCode::from);
    let message = error["message"].as_str().map_or_else(|| error.to_string(), str::to_owned);
    Error { code, message: message.into(), data: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, expected: &str) {
        let shown = match parse(body.as_bytes()) {
            Incoming::Request(request) => format!("request {request}"),
            Incoming::Response(response) => format!("response {}", serde_json::to_string(&response).unwrap()),
            Incoming::Unreadable(response, _) => {
                format!("unreadable {}", response.error().unwrap().code.code())
            }
        };
        assert_eq!(shown, expected);
    }

    #[test]
    fn requests_and_notifications() {
        check(
            r#"{"jsonrpc":"2.0","id":1,"method":"a","params":[1]}"#,
            r#"request {"jsonrpc":"2.0","method":"a","params":[1],"id":1}"#,
        );
        check(r#"{"method":"a"}"#, r#"request {"jsonrpc":"2.0","method":"a","params":{}}"#);
        check(
            r#"{"id":"x","method":"shutdown"}"#,
            r#"request {"jsonrpc":"2.0","method":"shutdown","params":null,"id":"x"}"#,
        );
    }

    #[test]
    fn responses() {
        check(r#"{"id":1,"result":true}"#, r#"response {"jsonrpc":"2.0","result":true,"id":1}"#);
        check(r#"{"id":1}"#, r#"response {"jsonrpc":"2.0","result":null,"id":1}"#);
        check(
            r#"{"id":1,"error":{"code":-32601,"message":"no","extra":1}}"#,
            r#"response {"jsonrpc":"2.0","error":{"code":-32601,"message":"no"},"id":1}"#,
        );
    }

    #[test]
    fn unreadable_messages() {
        check("{", "unreadable -32700");
        check("[]", "unreadable -32600");
        check("{}", "unreadable -32600");
        check(r#"{"method":1}"#, "unreadable -32600");
        check(r#"{"method":"a","id":1.5}"#, "unreadable -32600");
    }
}
