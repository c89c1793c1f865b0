//! What a model is asked: a conversation, or the middle of a text.

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Who wrote a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Speaker {
    /// The person, or tenon for them.
    User,
    /// The model.
    Assistant,
}

/// One message of a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Who wrote it.
    pub speaker: Speaker,
    /// What.
    pub text: String,
    /// Tools that the model called in it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub calls: Vec<ToolCall>,
    /// What came of the calls of the message before it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub results: Vec<ToolResult>,
    /// Blocks of the provider that it wants back as they were, such as signed reasoning; see
    /// [`StreamEvent::Keep`](super::StreamEvent::Keep).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub kept: Vec<Value>,
}

impl Message {
    /// A message of the person.
    pub fn user(text: impl Into<String>) -> Self {
        Self::plain(Speaker::User, text.into())
    }

    /// A message of the model.
    pub fn assistant(text: impl Into<String>) -> Self {
        Self::plain(Speaker::Assistant, text.into())
    }

    fn plain(speaker: Speaker, text: String) -> Self {
        Self { speaker, text, calls: Vec::new(), results: Vec::new(), kept: Vec::new() }
    }
}

/// A call of a tool, complete.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolCall {
    /// The provider's name for the call; never empty.
    pub id: String,
    /// The tool's name.
    pub name: String,
    /// Its arguments, as the JSON text that the model wrote.
    pub arguments: String,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ToolResult {
    /// The call's id.
    pub id: String,
    /// The tool's name; some protocols want it again.
    pub name: String,
    /// What the tool says.
    pub text: String,
    /// Whether it failed.
    pub failed: bool,
}

/// A tool that the model may call.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Tool {
    /// Its name: letters, digits, `_` and `-`, at most 64.
    pub name: String,
    /// What it does, for the model.
    pub description: String,
    /// JSON schema of its arguments, an object.
    pub schema: Value,
}

/// The form the answer must have, as far as the provider can hold the model to it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AnswerForm {
    /// Text.
    #[default]
    Text,
    /// Calls of these tools; `must` forces at least one. Only for models with [`Capabilities::tools`](super::Capabilities).
    Tools {
        /// The tools.
        tools: Vec<Tool>,
        /// Whether the model has to call one.
        must: bool,
    },
    /// Text that is JSON of this schema. Only for models with [`Capabilities::schema`](super::Capabilities).
    Json {
        /// A name for it: letters, digits, `_` and `-`.
        name: String,
        /// The schema, an object.
        schema: Value,
    },
}

/// A conversation to continue.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct ModelRequest {
    /// The system prompt.
    pub system: String,
    /// The conversation, oldest first.
    pub messages: Vec<Message>,
    /// The form of the answer.
    pub answer: AnswerForm,
    /// Workspace-relative paths of the files whose text is in it, so that none is sent that must not be.
    pub sources: Vec<String>,
}

impl ModelRequest {
    /// A conversation that is answered in text.
    pub fn new(system: impl Into<String>, messages: Vec<Message>) -> Self {
        Self { system: system.into(), messages, ..Self::default() }
    }
}

/// A text whose middle is to be written: fill in the middle.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FillRequest {
    /// What stands before.
    pub prefix: String,
    /// What stands behind.
    pub suffix: String,
    /// Workspace-relative path of the file.
    pub path: String,
    /// Most tokens to write.
    pub max_output: u32,
    /// Strings that end the answer; at most four.
    pub stop: Vec<String>,
}

/// Either of the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Request {
    /// A conversation.
    Chat(ModelRequest),
    /// A middle.
    Fill(FillRequest),
}
