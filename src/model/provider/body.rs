//! Parts of request bodies that several protocols share. Pure.

use serde_json::{Map, Value, json};

use super::failure::Fault;
use crate::model::{ModelErrorKind, ModelRequest, Request, ToolCall};

/// A number as the configuration writes it.
///
/// # Errors
/// `BadRequest`: it is no number.
pub(super) fn number(name: &str, text: &str) -> Result<Value, Fault> {
    serde_json::from_str(text.trim()).map(Value::Number).map_err(|_| {
        Fault::new(ModelErrorKind::BadRequest, format!("`{name}` is not a number in the configuration"))
    })
}

/// Lays the members of `extra` over those of `body`: objects are joined, everything else is replaced.
pub(super) fn lay_over(body: &mut Map<String, Value>, extra: &Map<String, Value>) {
    for (name, value) in extra {
        match (body.get_mut(name), value) {
            (Some(Value::Object(below)), Value::Object(above)) => lay_over(below, above),
            _ => {
                body.insert(name.clone(), value.clone());
            }
        }
    }
}

/// Lays the members of `extra` over those of `body`, but for those named in `ours`. An empty object takes a member of
/// ours out, for servers that refuse what they do not know.
pub(super) fn add_extra(body: &mut Value, extra: &Map<String, Value>, ours: &[&str]) {
    let Value::Object(body) = body else { return };
    let mut extra = extra.clone();
    extra.retain(|name, _| !ours.contains(&name.as_str()));
    for (name, _) in extra.iter().filter(|(_, value)| value.as_object().is_some_and(Map::is_empty)) {
        body.remove(name);
    }
    extra.retain(|_, value| value.as_object().is_none_or(|members| !members.is_empty()));
    lay_over(body, &extra);
}

/// Sets a member to a number of the configuration, if there is one; it was checked when the model was built.
pub(super) fn set_number(body: &mut Value, name: &str, text: Option<&str>) {
    if let Some(Ok(number)) = text.map(|text| number(name, text)) {
        body[name] = number;
    }
}

/// The conversation of a request.
///
/// # Errors
/// It is none.
pub(super) fn conversation(request: &Request) -> Result<&ModelRequest, Fault> {
    match request {
        Request::Chat(request) => Ok(request),
        Request::Fill(_) => Err(no_fill()),
    }
}

/// The arguments of a call as the object that protocols want back. What the model wrote is kept where it is none, so
/// that it sees its mistake.
pub(super) fn arguments(call: &ToolCall) -> Value {
    match serde_json::from_str(&call.arguments) {
        Ok(Value::Object(members)) => Value::Object(members),
        _ if call.arguments.trim().is_empty() => json!({}),
        _ => json!({"invalid_arguments": call.arguments}),
    }
}

/// The fault of a request for a middle to a protocol that has none.
pub(super) fn no_fill() -> Fault {
    Fault::new(ModelErrorKind::BadRequest, "this protocol cannot fill in a middle")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        assert_eq!(number("top_p", " 0.95 "), Ok(json!(0.95)));
        for bad in ["", "warm", "NaN", "\"1\""] {
            let fault = number("top_p", bad).expect_err("no number");
            assert_eq!(fault.kind, ModelErrorKind::BadRequest);
            assert!(fault.message.contains("`top_p`"));
        }
    }

    #[test]
    fn arguments_are_always_an_object() {
        let check = |arguments: &str, expected| {
            let call = ToolCall { id: "1".to_owned(), name: "t".to_owned(), arguments: arguments.to_owned() };
            assert_eq!(super::arguments(&call), expected);
        };
        check(r#"{"a": 1}"#, json!({"a": 1}));
        check(" ", json!({}));
        check("[1]", json!({"invalid_arguments": "[1]"}));
        check(r#"{"a": "#, json!({"invalid_arguments": "{\"a\": "}));
    }

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
