//! In which form a reply carries its edits: as text, as calls of a tool, or as JSON held to a schema; and the rules,
//! tools and schemas that ask for it.

use serde_json::{Value, json};

use crate::diff::ReplyFormat;

const SEARCH_REPLACE: &str = include_str!("library/format/search-replace.md");
const WHOLE: &str = include_str!("library/format/whole.md");
const UDIFF: &str = include_str!("library/format/udiff.md");
const APPLY_PATCH: &str = include_str!("library/format/apply-patch.md");
const JSON: &str = include_str!("library/format/json.md");
const EDIT_TOOL: &str = include_str!("library/format/edit-tool.md");
const APPLY_PATCH_TOOL: &str = include_str!("library/format/apply-patch-tool.md");
const SCHEMA: &str = include_str!("library/format/schema.md");

/// The form of a reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReplyForm {
    /// Text in this format.
    Text(ReplyFormat),
    /// Calls of the tool `edit`, whose arguments are [`ReplyFormat::Json`].
    EditTool,
    /// A call of the tool `apply_patch`, whose one argument is a patch envelope.
    ApplyPatchTool,
    /// Text that is held to the schema of [`ReplyFormat::Json`].
    Schema,
}

/// A tool as a model is told of it.
#[derive(Debug, Clone, PartialEq)]
pub struct ToolText {
    /// Its name.
    pub name: &'static str,
    /// What it does.
    pub description: &'static str,
    /// JSON schema of its arguments.
    pub schema: Value,
}

impl ReplyForm {
    /// The format in which the edits are read in the end.
    pub fn format(self) -> ReplyFormat {
        match self {
            Self::Text(format) => format,
            Self::EditTool | Self::ApplyPatchTool | Self::Schema => ReplyFormat::Json,
        }
    }

    /// The tool to offer.
    pub fn tool(self) -> Option<ToolText> {
        match self {
            Self::EditTool => Some(ToolText {
                name: "edit",
                description: "Proposes edits of files. All edits of one answer apply together, or none.",
                schema: Self::schema(),
            }),
            Self::ApplyPatchTool => Some(ToolText {
                name: "apply_patch",
                description: "Proposes a patch. All of it applies, or none.",
                schema: json!({
                    "type": "object",
                    "properties": {
                        "patch": {"type": "string", "description": "from *** Begin Patch to *** End Patch"},
                    },
                    "required": ["patch"],
                    "additionalProperties": false,
                }),
            }),
            Self::Text(_) | Self::Schema => None,
        }
    }

    /// The schema of JSON edits. Every member is required and no other is permitted, as strict providers demand it.
    pub fn schema() -> Value {
        let text = |about: &str| json!({"type": "string", "description": about});
        json!({
            "type": "object",
            "properties": {
                "edits": {
                    "type": "array",
                    "items": {
                        "type": "object",
                        "properties": {
                            "path": text("the file, as it was shown"),
                            "old_string": text("text copied exactly from the file; empty for a new file"),
                            "new_string": text("the text that replaces it"),
                            "replace_all": {
                                "type": "boolean",
                                "description": "replace every occurrence instead of the only one",
                            },
                        },
                        "required": ["path", "old_string", "new_string", "replace_all"],
                        "additionalProperties": false,
                    },
                },
            },
            "required": ["edits"],
            "additionalProperties": false,
        })
    }

    /// What the model is told of the form.
    pub(super) fn rules(self) -> &'static str {
        match self {
            Self::Text(ReplyFormat::SearchReplace) => SEARCH_REPLACE,
            Self::Text(ReplyFormat::Whole) => WHOLE,
            Self::Text(ReplyFormat::UnifiedDiff) => UDIFF,
            Self::Text(ReplyFormat::ApplyPatch) => APPLY_PATCH,
            Self::Text(ReplyFormat::Json) => JSON,
            Self::EditTool => EDIT_TOOL,
            Self::ApplyPatchTool => APPLY_PATCH_TOOL,
            Self::Schema => SCHEMA,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::diff::parse::parse;

    #[test]
    fn the_example_of_each_format_is_read() {
        for format in ReplyFormat::ALL.into_iter().filter(|format| *format != ReplyFormat::Whole) {
            let read = parse(format, ReplyForm::Text(format).rules());
            assert!(read.is_ok_and(|reply| !reply.blocks.is_empty()), "{format:?}");
        }
    }

    fn check_arguments(form: ReplyForm, arguments: &Value) {
        let schema = form.tool().map_or_else(ReplyForm::schema, |tool| tool.schema);
        let named = schema["properties"].as_object().expect("an object").keys();
        assert!(named.eq(arguments.as_object().expect("an object").keys()), "{form:?}");
        let read = parse(form.format(), &arguments.to_string());
        assert_eq!(read.expect("it is read").blocks.len(), 1, "{form:?}");
    }

    #[test]
    fn arguments_that_fit_a_schema_are_read() {
        let edit = json!({"path": "a.rs", "old_string": "a", "new_string": "b", "replace_all": false});
        let edits = json!({ "edits": [edit] });
        check_arguments(ReplyForm::EditTool, &edits);
        check_arguments(ReplyForm::Schema, &edits);
        let patch = "*** Begin Patch\n*** Delete File: a.rs\n*** End Patch\n";
        check_arguments(ReplyForm::ApplyPatchTool, &json!({ "patch": patch }));
    }
}
