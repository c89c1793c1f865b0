//! Checks the text of a configuration file against its JSON schema, and remembers where every key stands.
//!
//! Generic on purpose: the schema comes from [`super::raw`], so neither the known keys nor the ranges are listed
//! twice. It reports every fault, not only the first, and never panics. It understands as much of JSON Schema as
//! `schemars` writes for plain structs, maps, options, lists and enums.

use std::collections::BTreeMap;
use std::ops::Range;

use serde_json::Value;
use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::error::{Fault, FaultKind};
use super::secret_like::looks_like_key;

/// Line (from 1) of every key path of a file, such as `models.coder.context` and `roles.edit[0]`.
pub type Lines = BTreeMap<String, usize>;

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// Where every key stands.
    pub lines: Lines,
    /// What is wrong, in the order of the file.
    pub faults: Vec<Fault>,
}

/// Checks a whole file.
pub fn check(text: &str) -> Checked {
    let table = match DeTable::parse(text) {
        Ok(table) => table,
        Err(error) => return Checked { lines: Lines::new(), faults: vec![syntax_fault(text, &error)] },
    };
    let schema = super::schema();
    let mut checker = Checker { text, root: &schema, checked: Checked::default() };
    checker.table("", &schema, table.get_ref(), 0);
    checker.checked.faults.sort_by_key(|fault| fault.line);
    checker.checked
}

/// Turns a parser's error into a fault. The parser's rendering shows the source line, which may hold a key: only
/// its message is taken.
pub(super) fn syntax_fault(text: &str, error: &toml::de::Error) -> Fault {
    let line = error.span().map_or(0, |span| line_of(text, &span));
    Fault { key: String::new(), line, kind: FaultKind::Syntax(error.message().to_owned()) }
}

/// The path of `key` inside `path`, quoted where TOML would quote it.
pub(super) fn join(path: &str, key: &str) -> String {
    let bare = !key.is_empty() && key.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
    let key = if bare { key.to_owned() } else { format!("{key:?}") };
    if path.is_empty() { key } else { format!("{path}.{key}") }
}

fn line_of(text: &str, span: &Range<usize>) -> usize {
    let before = text.get(..span.start).unwrap_or(text);
    before.matches('\n').count() + 1
}

struct Checker<'a> {
    text: &'a str,
    root: &'a Value,
    checked: Checked,
}

impl<'a> Checker<'a> {
    fn fault(&mut self, key: &str, line: usize, kind: FaultKind) {
        self.checked.faults.push(Fault { key: key.to_owned(), line, kind });
    }

    /// Follows references and unwraps options.
    fn resolve(&self, mut schema: &'a Value) -> &'a Value {
        // Bounded, so that a schema that refers to itself could not hang the program.
        for _ in 0..16 {
            if let Some(target) = schema["$ref"].as_str().and_then(|path| path.strip_prefix('#')) {
                schema = self.root.pointer(target).unwrap_or(&Value::Null);
            } else if let Some(branches) = schema["anyOf"].as_array() {
                schema = branches.iter().find(|branch| branch["type"] != "null").unwrap_or(&Value::Null);
            } else {
                break;
            }
        }
        schema
    }

    fn table(&mut self, path: &str, schema: &'a Value, table: &DeTable<'_>, line: usize) {
        let known = schema["properties"].as_object();
        let any = schema.get("additionalProperties").filter(|any| **any != Value::Bool(false));
        for (key, value) in table {
            let name = key.get_ref().as_ref();
            let child = join(path, name);
            let line = line_of(self.text, &key.span());
            self.checked.lines.insert(child.clone(), line);
            if let Some(schema) = known.and_then(|known| known.get(name)).or(any) {
                self.value(&child, schema, value, line);
            } else {
                let known = known.map(|known| known.keys().cloned().collect()).unwrap_or_default();
                self.fault(&child, line, FaultKind::UnknownKey { name: name.to_owned(), known });
            }
        }
        let required = schema["required"].as_array().map(Vec::as_slice).unwrap_or_default();
        for name in required.iter().filter_map(Value::as_str) {
            if !table.contains_key(name) {
                self.fault(&join(path, name), line, FaultKind::MissingKey);
            }
        }
    }

    fn value(&mut self, path: &str, schema: &'a Value, value: &Spanned<DeValue<'_>>, line: usize) {
        let schema = self.resolve(schema);
        if *schema == Value::Bool(true) {
            return;
        }
        let words = words(schema);
        match (type_of(schema), value.get_ref()) {
            ("word", DeValue::String(text)) => {
                if !words.iter().any(|word| word == text.as_ref()) {
                    let value = text.clone().into_owned();
                    let kind = if looks_like_key(&value) {
                        FaultKind::KeyInConfig
                    } else {
                        FaultKind::UnknownValue { value, known: words }
                    };
                    self.fault(path, line, kind);
                }
            }
            ("object", DeValue::Table(table)) => self.table(path, schema, table, line),
            ("array", DeValue::Array(items)) => {
                self.length(path, schema, ("minItems", "maxItems", "items"), items.len(), line);
                for (index, item) in items.iter().enumerate() {
                    let path = format!("{path}[{index}]");
                    let line = line_of(self.text, &item.span());
                    self.checked.lines.insert(path.clone(), line);
                    self.value(&path, &schema["items"], item, line);
                }
            }
            ("string", DeValue::String(text)) => {
                self.length(
                    path,
                    schema,
                    ("minLength", "maxLength", "characters"),
                    text.chars().count(),
                    line,
                );
            }
            ("integer", DeValue::Integer(number)) => {
                let digits = number.as_str().replace('_', "");
                let number = i64::from_str_radix(&digits, number.radix()).ok();
                #[expect(clippy::cast_precision_loss, reason = "every limit is far below 2^52")]
                self.number(path, schema, number.map(|number| number as f64), line);
            }
            ("number", DeValue::Integer(number)) => {
                self.number(path, schema, number.as_str().replace('_', "").parse().ok(), line);
            }
            ("number", DeValue::Float(number)) => {
                self.number(path, schema, number.as_str().replace('_', "").parse().ok(), line);
            }
            ("boolean", DeValue::Boolean(_)) => {}
            (expected, found) => {
                let expected = article(expected);
                let found = article(found.type_str());
                self.fault(path, line, FaultKind::WrongType { expected, found });
            }
        }
    }

    fn number(&mut self, path: &str, schema: &Value, number: Option<f64>, line: usize) {
        let min = schema["minimum"].as_f64().unwrap_or(f64::MIN);
        let max = schema["maximum"].as_f64().unwrap_or(f64::MAX);
        // NaN is in no range.
        if !number.is_some_and(|number| (min..=max).contains(&number)) {
            let limits = format!("from {} to {}", schema["minimum"], schema["maximum"]);
            self.fault(path, line, FaultKind::OutOfRange(limits));
        }
    }

    fn length(
        &mut self,
        path: &str,
        schema: &Value,
        (min, max, unit): (&str, &str, &str),
        len: usize,
        line: usize,
    ) {
        let len = len as u64;
        let min = schema[min].as_u64().unwrap_or(0);
        let max = schema[max].as_u64().unwrap_or(u64::MAX);
        if len < min {
            self.fault(path, line, FaultKind::OutOfRange(format!("at least {min} {unit} long")));
        } else if len > max {
            self.fault(path, line, FaultKind::OutOfRange(format!("at most {max} {unit} long")));
        }
    }
}

/// The words of an enum; empty for anything else.
fn words(schema: &Value) -> Vec<String> {
    let variants = schema["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
    let named = variants.iter().filter_map(|variant| variant["const"].as_str());
    let listed = schema["enum"].as_array().map(Vec::as_slice).unwrap_or_default();
    let variant_lists = variants.iter().filter_map(|variant| variant["enum"].as_array()).flatten();
    named.chain(listed.iter().chain(variant_lists).filter_map(Value::as_str)).map(str::to_owned).collect()
}

/// The JSON Schema type, `word` for an enum of strings.
fn type_of(schema: &Value) -> &str {
    if schema.get("oneOf").is_some() || schema.get("enum").is_some() {
        return "word";
    }
    match &schema["type"] {
        Value::String(name) => name,
        Value::Array(names) => names.iter().filter_map(Value::as_str).find(|n| *n != "null").unwrap_or(""),
        _ => "",
    }
}

/// A type in words.
fn article(name: &str) -> String {
    match name {
        "object" | "table" => "a table",
        "array" => "a list in brackets",
        "string" | "word" => "text in quotes",
        "integer" => "a whole number",
        "number" | "float" => "a number",
        "boolean" => "true or false",
        "datetime" => "a date",
        other => other,
    }
    .to_owned()
}
