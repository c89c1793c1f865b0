//! Parts of request bodies that several protocols share. Pure.

use serde_json::{Map, Value, json};

use super::failure::Fault;
use crate::model::{ModelErrorKind, ToolCall};

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
    fn members_of_the_configuration_win_and_objects_are_joined() {
        let mut body = json!({"a": {"b": 1, "c": {"d": 2}}, "e": [1], "f": {}});
        let extra = json!({"a": {"c": {"g": 3}, "b": 4}, "e": [2], "f": null, "h": true});
        let (Value::Object(members), Value::Object(extra)) = (&mut body, extra) else { unreachable!() };
        lay_over(members, &extra);
        assert_eq!(body, json!({"a": {"b": 4, "c": {"d": 2, "g": 3}}, "e": [2], "f": null, "h": true}));
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
}
