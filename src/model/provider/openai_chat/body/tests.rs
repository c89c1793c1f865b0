//! The body against what the documentation of vendors shows.

use expect_test::{Expect, expect};

use super::*;
use crate::model::{FillRequest, ToolCall, ToolResult};

fn settings() -> ModelSettings {
    ModelSettings { context: 8192, max_output: 100, ..ModelSettings::new("coder", "local", "qwen") }
}

fn check(request: &ModelRequest, model: &ModelSettings, expected: &Expect) {
    let wire = wire(&Request::Chat(request.clone()), model).expect("a conversation");
    assert_eq!((wire.path.as_str(), wire.headers.len()), ("chat/completions", 0));
    expected.assert_eq(&format!("{:#}\n", wire.body));
}

fn schema() -> Value {
    json!({
        "type": "object",
        "properties": {"path": {"type": "string"}},
        "required": ["path"],
        "additionalProperties": false,
    })
}

fn tools(must: bool) -> AnswerForm {
    let tool = Tool { name: "edit".to_owned(), description: "Edits.".to_owned(), schema: schema() };
    AnswerForm::Tools { tools: vec![tool], must }
}

#[test]
fn plain() {
    let request = ModelRequest::new("be brief", vec![Message::user("a"), Message::assistant("b")]);
    check(
        &request,
        &settings(),
        &expect![[r#"
        {
          "max_tokens": 100,
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
          "model": "qwen",
          "stream": true,
          "stream_options": {
            "include_usage": true
          }
        }
    "#]],
    );
    let mut model = settings();
    model.capabilities.stream = false;
    check(
        &ModelRequest::default(),
        &model,
        &expect![[r#"
        {
          "max_tokens": 100,
          "messages": [],
          "model": "qwen",
          "stream": false
        }
    "#]],
    );
}

#[test]
fn everything_that_can_be_set() {
    let mut model = settings();
    model.capabilities.temperature = Some(" 0.2 ".to_owned());
    model.capabilities.top_p = Some("0.95".to_owned());
    model.capabilities.thinking = Thinking::Medium;
    model.capabilities.max_completion_tokens = true;
    let extra =
        json!({"model": "other", "stream": false, "messages": [], "seed": 7, "stream_options": {"x": 1}});
    model.capabilities.extra = extra.as_object().expect("an object").clone();
    let answer = AnswerForm::Json { name: "edits".to_owned(), schema: schema() };
    check(
        &ModelRequest { answer, ..ModelRequest::default() },
        &model,
        &expect![[r#"
        {
          "max_completion_tokens": 100,
          "messages": [],
          "model": "qwen",
          "reasoning_effort": "medium",
          "response_format": {
            "json_schema": {
              "name": "edits",
              "schema": {
                "additionalProperties": false,
                "properties": {
                  "path": {
                    "type": "string"
                  }
                },
                "required": [
                  "path"
                ],
                "type": "object"
              },
              "strict": true
            },
            "type": "json_schema"
          },
          "seed": 7,
          "stream": true,
          "stream_options": {
            "include_usage": true,
            "x": 1
          },
          "temperature": 0.2,
          "top_p": 0.95
        }
    "#]],
    );
}

#[test]
#[expect(clippy::too_many_lines, reason = "most of it is the body expected")]
fn a_conversation_with_calls() {
    let call = |id: &str| ToolCall { id: id.to_owned(), name: "edit".to_owned(), arguments: "{}".to_owned() };
    let result = |id: &str, text: &str| ToolResult {
        id: id.to_owned(),
        name: "edit".to_owned(),
        text: text.to_owned(),
        failed: false,
    };
    let messages = vec![
        Message::user("go"),
        Message { calls: vec![call("1"), call("2")], ..Message::assistant("") },
        Message { results: vec![result("1", "done"), result("2", "no such file")], ..Message::user("") },
        Message { calls: vec![call("3")], ..Message::assistant("again") },
        Message { results: vec![result("3", "done")], ..Message::user("and now?") },
    ];
    let request = ModelRequest { answer: tools(true), ..ModelRequest::new("", messages) };
    check(
        &request,
        &settings(),
        &expect![[r#"
        {
          "max_tokens": 100,
          "messages": [
            {
              "content": "go",
              "role": "user"
            },
            {
              "content": null,
              "role": "assistant",
              "tool_calls": [
                {
                  "function": {
                    "arguments": "{}",
                    "name": "edit"
                  },
                  "id": "1",
                  "type": "function"
                },
                {
                  "function": {
                    "arguments": "{}",
                    "name": "edit"
                  },
                  "id": "2",
                  "type": "function"
                }
              ]
            },
            {
              "content": "done",
              "role": "tool",
              "tool_call_id": "1"
            },
            {
              "content": "no such file",
              "role": "tool",
              "tool_call_id": "2"
            },
            {
              "content": "again",
              "role": "assistant",
              "tool_calls": [
                {
                  "function": {
                    "arguments": "{}",
                    "name": "edit"
                  },
                  "id": "3",
                  "type": "function"
                }
              ]
            },
            {
              "content": "done",
              "role": "tool",
              "tool_call_id": "3"
            },
            {
              "content": "and now?",
              "role": "user"
            }
          ],
          "model": "qwen",
          "stream": true,
          "stream_options": {
            "include_usage": true
          },
          "tool_choice": "required",
          "tools": [
            {
              "function": {
                "description": "Edits.",
                "name": "edit",
                "parameters": {
                  "additionalProperties": false,
                  "properties": {
                    "path": {
                      "type": "string"
                    }
                  },
                  "required": [
                    "path"
                  ],
                  "type": "object"
                },
                "strict": true
              },
              "type": "function"
            }
          ]
        }
    "#]],
    );
}

#[test]
fn tools_that_need_not_be_called() {
    let body = body(&ModelRequest { answer: tools(false), ..ModelRequest::default() }, &settings());
    assert_eq!(body["tool_choice"], "auto");
}

#[test]
fn efforts() {
    let check = |thinking, expected| assert_eq!(effort(thinking), expected);
    check(Thinking::Unset, None);
    check(Thinking::Off, Some("none"));
    check(Thinking::Tokens(1024), Some("low"));
    check(Thinking::Tokens(8192), Some("medium"));
    check(Thinking::Tokens(100_000), Some("high"));
}

#[test]
fn strict_schemas() {
    let check = |schema: Value, expected| assert_eq!(is_strict(&schema), expected, "{schema}");
    check(schema(), true);
    check(json!({"type": "string"}), false);
    check(json!({}), false);
    check(json!({"type": "object"}), false);
    check(json!({"type": "object", "properties": {"a": {}}, "additionalProperties": false}), false);
    let within = |inner: Value| {
        let mut outer = schema();
        outer["properties"]["path"] = json!({"type": "array", "items": {"anyOf": [{"type": "null"}, inner]}});
        outer
    };
    check(within(schema()), true);
    check(within(json!({"type": "object", "properties": {}})), false);
}

#[test]
fn a_middle_is_no_conversation() {
    let fault = wire(&Request::Fill(FillRequest::default()), &settings()).expect_err("a fault");
    assert_eq!(fault.message, "this protocol cannot fill in a middle");
}
