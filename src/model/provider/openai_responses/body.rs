//! What is sent in the `OpenAI` Responses protocol.

use serde_json::{Value, json};

use crate::model::provider::body::{add_extra, conversation, set_number};
use crate::model::provider::codec::Wire;
use crate::model::provider::failure::Fault;
use crate::model::provider::openai_chat::{effort, is_strict};
use crate::model::{AnswerForm, Message, ModelRequest, ModelSettings, Request, Speaker, Thinking, Tool};

/// Members that settings cannot replace.
const OURS: [&str; 4] = ["model", "input", "instructions", "stream"];

/// Writes a request.
///
/// # Errors
/// It is no conversation.
pub(crate) fn wire(request: &Request, model: &ModelSettings) -> Result<Wire, Fault> {
    let body = body(conversation(request)?, model);
    Ok(Wire { path: "responses".to_owned(), body, headers: Vec::new() })
}

fn body(request: &ModelRequest, model: &ModelSettings) -> Value {
    let can = &model.capabilities;
    let mut body = json!({
        "model": model.model,
        "input": request.messages.iter().flat_map(items).collect::<Vec<_>>(),
        "max_output_tokens": model.max_output,
        "stream": can.stream,
        "store": false,
    });
    if can.stream {
        // Padding against listeners who count bytes: a third of the traffic, and TLS is enough here.
        body["stream_options"] = json!({"include_obfuscation": false});
    }
    if !request.system.is_empty() {
        body["instructions"] = json!(request.system);
    }
    set_number(&mut body, "temperature", can.temperature.as_deref());
    set_number(&mut body, "top_p", can.top_p.as_deref());
    if let Some(effort) = effort(can.thinking) {
        body["reasoning"] = json!({"effort": effort});
        if !matches!(can.thinking, Thinking::Off | Thinking::Tokens(0)) {
            body["reasoning"]["summary"] = json!("auto");
            body["include"] = json!(["reasoning.encrypted_content"]);
        }
    }
    match &request.answer {
        AnswerForm::Text => {}
        AnswerForm::Tools { tools, must } => {
            body["tools"] = tools.iter().map(tool).collect();
            body["tool_choice"] = json!(if *must { "required" } else { "auto" });
        }
        AnswerForm::Json { name, schema } => {
            let strict = is_strict(schema);
            body["text"] =
                json!({"format": {"type": "json_schema", "name": name, "schema": schema, "strict": strict}});
        }
    }
    add_extra(&mut body, &can.extra, &OURS);
    body
}

/// One message is several items: what came of calls, kept reasoning, what is said, calls. Reasoning stands before
/// what came of it.
fn items(message: &Message) -> Vec<Value> {
    let results = message
        .results
        .iter()
        .map(|result| json!({"type": "function_call_output", "call_id": result.id, "output": result.text}));
    // Other providers keep other things.
    let kept = message.kept.iter().filter(|block| block["type"] == "reasoning").cloned();
    let said = (!message.text.is_empty()).then(|| match message.speaker {
        Speaker::User => json!({"role": "user", "content": message.text}),
        Speaker::Assistant => {
            let content = json!([{"type": "output_text", "text": message.text}]);
            json!({"type": "message", "role": "assistant", "content": content})
        }
    });
    let calls = message.calls.iter().map(|call| {
        json!({"type": "function_call", "call_id": call.id, "name": call.name, "arguments": call.arguments})
    });
    results.chain(kept).chain(said).chain(calls).collect()
}

fn tool(tool: &Tool) -> Value {
    json!({
        "type": "function",
        "name": tool.name,
        "description": tool.description,
        "parameters": tool.schema,
        "strict": is_strict(&tool.schema),
    })
}

#[cfg(test)]
mod tests {
    use expect_test::{Expect, expect};

    use super::*;
    use crate::model::{ToolCall, ToolResult};

    fn settings() -> ModelSettings {
        ModelSettings { max_output: 100, ..ModelSettings::new("main", "openai", "gpt") }
    }

    fn check(request: ModelRequest, model: &ModelSettings, expected: &Expect) {
        let wire = wire(&Request::Chat(request), model).expect("a conversation");
        assert_eq!((wire.path.as_str(), wire.headers.len()), ("responses", 0));
        expected.assert_eq(&format!("{:#}\n", wire.body));
    }

    #[test]
    fn plain() {
        let messages = vec![Message::user("a"), Message::assistant("b")];
        check(
            ModelRequest::new("be brief", messages),
            &settings(),
            &expect![[r#"
            {
              "input": [
                {
                  "content": "a",
                  "role": "user"
                },
                {
                  "content": [
                    {
                      "text": "b",
                      "type": "output_text"
                    }
                  ],
                  "role": "assistant",
                  "type": "message"
                }
              ],
              "instructions": "be brief",
              "max_output_tokens": 100,
              "model": "gpt",
              "store": false,
              "stream": true,
              "stream_options": {
                "include_obfuscation": false
              }
            }
        "#]],
        );
    }

    #[test]
    fn thinking_and_schema() {
        let mut model = settings();
        model.capabilities.thinking = Thinking::High;
        model.capabilities.stream = false;
        model.capabilities.top_p = Some("0.9".to_owned());
        let extra = json!({"input": "x", "reasoning": {"summary": "detailed"}, "service_tier": "flex"});
        model.capabilities.extra = extra.as_object().expect("an object").clone();
        let answer = AnswerForm::Json { name: "edits".to_owned(), schema: json!({"type": "object"}) };
        check(
            ModelRequest { answer, ..ModelRequest::default() },
            &model,
            &expect![[r#"
            {
              "include": [
                "reasoning.encrypted_content"
              ],
              "input": [],
              "max_output_tokens": 100,
              "model": "gpt",
              "reasoning": {
                "effort": "high",
                "summary": "detailed"
              },
              "service_tier": "flex",
              "store": false,
              "stream": false,
              "text": {
                "format": {
                  "name": "edits",
                  "schema": {
                    "type": "object"
                  },
                  "strict": false,
                  "type": "json_schema"
                }
              },
              "top_p": 0.9
            }
        "#]],
        );
    }

    #[test]
    fn a_conversation_with_calls() {
        let call = ToolCall { id: "call_1".to_owned(), name: "edit".to_owned(), arguments: "{}".to_owned() };
        let result = ToolResult {
            id: "call_1".to_owned(),
            name: "edit".to_owned(),
            text: "done".to_owned(),
            failed: false,
        };
        let kept = vec![
            json!({"type": "reasoning", "id": "rs_1", "summary": [], "encrypted_content": "gAAA"}),
            json!({"type": "thinking", "signature": "of another provider"}),
        ];
        let messages = vec![
            Message::user("go"),
            Message { calls: vec![call], kept, ..Message::assistant("") },
            Message { results: vec![result], ..Message::user("and now?") },
        ];
        let tool = Tool { name: "edit".to_owned(), description: "Edits.".to_owned(), schema: json!({}) };
        let answer = AnswerForm::Tools { tools: vec![tool], must: true };
        check(
            ModelRequest { answer, ..ModelRequest::new("", messages) },
            &settings(),
            &expect![[r#"
            {
              "input": [
                {
                  "content": "go",
                  "role": "user"
                },
                {
                  "encrypted_content": "gAAA",
                  "id": "rs_1",
                  "summary": [],
                  "type": "reasoning"
                },
                {
                  "arguments": "{}",
                  "call_id": "call_1",
                  "name": "edit",
                  "type": "function_call"
                },
                {
                  "call_id": "call_1",
                  "output": "done",
                  "type": "function_call_output"
                },
                {
                  "content": "and now?",
                  "role": "user"
                }
              ],
              "max_output_tokens": 100,
              "model": "gpt",
              "store": false,
              "stream": true,
              "stream_options": {
                "include_obfuscation": false
              },
              "tool_choice": "required",
              "tools": [
                {
                  "description": "Edits.",
                  "name": "edit",
                  "parameters": {},
                  "strict": false,
                  "type": "function"
                }
              ]
            }
        "#]],
        );
    }
}
