//! What is sent in Ollama's protocol.

use serde_json::{Value, json};

use crate::model::provider::body::{add_extra, arguments, conversation, set_number};
use crate::model::provider::codec::Wire;
use crate::model::provider::failure::Fault;
use crate::model::{AnswerForm, Message, ModelRequest, ModelSettings, Request, Speaker, Thinking, Tool};

/// Members that settings cannot replace.
const OURS: [&str; 3] = ["model", "messages", "stream"];

/// Writes a request.
///
/// # Errors
/// It is no conversation.
pub(crate) fn wire(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let body = body(conversation(request)?, model);
    Ok(Wire { path: "api/chat".to_owned(), body, headers: Vec::new() })
}

fn body(request: &ModelRequest, model: &ModelSettings) -> Value {
    let can = &model.capabilities;
    let system = (!request.system.is_empty()).then(|| json!({"role": "system", "content": request.system}));
    let messages = system.into_iter().chain(request.messages.iter().flat_map(message));
    let mut body = json!({
        "model": model.model,
        "messages": messages.collect::<Vec<_>>(),
        "stream": can.stream,
        "options": options(model, model.max_output),
        // A prompt that does not fit is an error, and so is an answer that pushes it out.
        "truncate": false,
        "shift": false,
    });
    match can.thinking {
        Thinking::Unset => {}
        Thinking::Off | Thinking::Tokens(0) => body["think"] = json!(false),
        Thinking::Tokens(_) => body["think"] = json!(true),
        Thinking::Low => body["think"] = json!("low"),
        Thinking::Medium => body["think"] = json!("medium"),
        Thinking::High => body["think"] = json!("high"),
    }
    match &request.answer {
        AnswerForm::Text => {}
        // That one must be called cannot be said.
        AnswerForm::Tools { tools, .. } => body["tools"] = tools.iter().map(tool).collect(),
        AnswerForm::Json { schema, .. } => body["format"] = schema.clone(),
    }
    add_extra(&mut body, &can.extra, &OURS);
    body
}

/// The options of a request: the window, which is not the model's own unless it is said, and the rest.
pub(crate) fn options(model: &ModelSettings, max_output: u32) -> Value {
    let mut options = json!({"num_ctx": model.context, "num_predict": max_output});
    set_number(&mut options, "temperature", model.capabilities.temperature.as_deref());
    set_number(&mut options, "top_p", model.capabilities.top_p.as_deref());
    options
}

/// One message is several on the wire: what came of each call stands in one of its own, before what is said next.
fn message(message: &Message) -> Vec<Value> {
    let results = message.results.iter().map(|result| {
        json!({"role": "tool", "tool_name": result.name, "tool_call_id": result.id, "content": result.text})
    });
    let said = match message.speaker {
        Speaker::User if message.text.is_empty() && !message.results.is_empty() => None,
        Speaker::User => Some(json!({"role": "user", "content": message.text})),
        Speaker::Assistant => {
            let mut said = json!({"role": "assistant", "content": message.text});
            if !message.calls.is_empty() {
                said["tool_calls"] = message
                    .calls
                    .iter()
                    .map(|call| json!({"id": call.id, "function": {"name": call.name, "arguments": arguments(call)}}))
                    .collect();
            }
            Some(said)
        }
    };
    results.chain(said).collect()
}

fn tool(tool: &Tool) -> Value {
    let function = json!({"name": tool.name, "description": tool.description, "parameters": tool.schema});
    json!({"type": "function", "function": function})
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::{ToolCall, ToolResult};

    fn settings() -> ModelSettings {
        ModelSettings { context: 16384, max_output: 100, ..ModelSettings::new("coder", "ollama", "qwen:7b") }
    }

    fn check(request: ModelRequest, model: &ModelSettings, expected: &Expect) {
        let wire = wire(&Request::Chat(request), model).expect("a conversation");
        assert_eq!((wire.path.as_str(), wire.headers.len()), ("api/chat", 0));
        expected.assert_eq(&format!("{:#}\n", wire.body));
    }

    #[test]
    fn plain_and_with_a_schema() {
        let messages = vec![Message::user("a"), Message::assistant("b")];
        check(
            ModelRequest::new("be brief", messages),
            &settings(),
            &expect![[r#"
            {
              "messages": [
                {
                  "content": "be brief",
                  "role": "system"
                },
                {
                  "content": "a",
                  "role": "user"
                },
                {
                  "content": "b",
                  "role": "assistant"
                }
              ],
              "model": "qwen:7b",
              "options": {
                "num_ctx": 16384,
                "num_predict": 100
              },
              "shift": false,
              "stream": true,
              "truncate": false
            }
        "#]],
        );
        let mut model = settings();
        model.capabilities.temperature = Some("0".to_owned());
        model.capabilities.stream = false;
        model.capabilities.thinking = Thinking::Off;
        let extra = json!({"options": {"seed": 1}, "keep_alive": "1h", "stream": true});
        model.capabilities.extra = extra.as_object().expect("an object").clone();
        let answer = AnswerForm::Json { name: "edits".to_owned(), schema: json!({"type": "object"}) };
        check(
            ModelRequest { answer, ..ModelRequest::default() },
            &model,
            &expect![[r#"
            {
              "format": {
                "type": "object"
              },
              "keep_alive": "1h",
              "messages": [],
              "model": "qwen:7b",
              "options": {
                "num_ctx": 16384,
                "num_predict": 100,
                "seed": 1,
                "temperature": 0
              },
              "shift": false,
              "stream": false,
              "think": false,
              "truncate": false
            }
        "#]],
        );
    }

    #[test]
    fn a_conversation_with_calls() {
        let call = |arguments: &str| ToolCall {
            id: "1".to_owned(),
            name: "edit".to_owned(),
            arguments: arguments.to_owned(),
        };
        let result = ToolResult {
            id: "1".to_owned(),
            name: "edit".to_owned(),
            text: "done".to_owned(),
            failed: false,
        };
        let messages = vec![
            Message { calls: vec![call("{\"a\": 1}"), call("broken")], ..Message::assistant("") },
            Message { results: vec![result], ..Message::user("") },
        ];
        let tool = Tool { name: "edit".to_owned(), description: "Edits.".to_owned(), schema: json!({}) };
        let mut model = settings();
        model.capabilities.thinking = Thinking::High;
        let answer = AnswerForm::Tools { tools: vec![tool], must: true };
        check(
            ModelRequest { answer, ..ModelRequest::new("", messages) },
            &model,
            &expect![[r#"
            {
              "messages": [
                {
                  "content": "",
                  "role": "assistant",
                  "tool_calls": [
                    {
                      "function": {
                        "arguments": {
                          "a": 1
                        },
                        "name": "edit"
                      },
                      "id": "1"
                    },
                    {
                      "function": {
                        "arguments": {
                          "invalid_arguments": "broken"
                        },
                        "name": "edit"
                      },
                      "id": "1"
                    }
                  ]
                },
                {
                  "content": "done",
                  "role": "tool",
                  "tool_call_id": "1",
                  "tool_name": "edit"
                }
              ],
              "model": "qwen:7b",
              "options": {
                "num_ctx": 16384,
                "num_predict": 100
              },
              "shift": false,
              "stream": true,
              "think": "high",
              "tools": [
                {
                  "function": {
                    "description": "Edits.",
                    "name": "edit",
                    "parameters": {}
                  },
                  "type": "function"
                }
              ],
              "truncate": false
            }
        "#]],
        );
    }
}
