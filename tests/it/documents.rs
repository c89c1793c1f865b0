//! Ties the pages of `docs` to the source: every error code, every configuration key, every dependency is there,
//! and nothing that is gone still is. `UPDATE_EXPECT=1` rewrites the configuration reference.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

#[test]
fn every_error_code_is_explained() {
    let explained = first_cells(&read("docs/errors.md"));
    let sources = sources();
    let used = sources.iter().flat_map(|(path, text)| codes(path, text)).collect::<BTreeSet<_>>();
    let missing = used.difference(&explained).collect::<Vec<_>>();
    assert!(missing.is_empty(), "codes of the source that docs/errors.md does not explain: {missing:?}");
    let literals = |code: &String| sources.iter().any(|(_, text)| text.contains(&format!("\"{code}\"")));
    let gone = explained.iter().filter(|code| !literals(code)).collect::<Vec<_>>();
    assert!(gone.is_empty(), "codes of docs/errors.md that are in no source file: {gone:?}");
}

#[test]
fn every_dependency_has_its_reason() {
    let explained = first_cells(&read("docs/dependencies.md"));
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let mut used = BTreeSet::new();
    let mut collect = |table: &toml::Table| {
        for kind in ["dependencies", "dev-dependencies", "build-dependencies"] {
            let names = table.get(kind).and_then(toml::Value::as_table);
            used.extend(names.into_iter().flat_map(toml::Table::keys).cloned());
        }
    };
    collect(&manifest);
    let targets = manifest.get("target").and_then(toml::Value::as_table);
    targets.into_iter().flat_map(toml::Table::values).filter_map(toml::Value::as_table).for_each(collect);
    assert_eq!(used, explained, "left: Cargo.toml, right: docs/dependencies.md");
}

const BEGIN: &str = "<!-- The reference is generated from src/config/raw.rs; see CONTRIBUTING.md. -->\n";

#[test]
fn the_configuration_reference_is_the_schema() {
    let page = read("docs/configuration.md");
    let (prose, _) = page.split_once(BEGIN).expect("the page has the mark where the reference begins");
    let expected = format!("{prose}{BEGIN}{}", reference());
    if page != expected && std::env::var_os("UPDATE_EXPECT").is_some() {
        fs::write(root().join("docs/configuration.md"), expected).unwrap();
        return;
    }
    assert_eq!(page, expected, "run again with UPDATE_EXPECT=1 to write the reference anew");
}

#[test]
fn the_examples_of_the_page_are_valid() {
    let page = read("docs/configuration.md");
    let examples = page.split("```toml\n").skip(1).map(|rest| rest.split("```").next().unwrap());
    for example in examples {
        if let Err(error) = tenon::config::from_text(example, Path::new("example.toml")) {
            panic!("{example}\n{:?}", error.problems());
        }
    }
}

/// The configuration file's tables and keys as markdown.
fn reference() -> String {
    let schema = tenon::config::schema();
    let mut text = String::new();
    let tables = [
        ("[providers.NAME]", "Provider"),
        ("[providers.NAME.timeouts]", "Timeouts"),
        ("[models.NAME]", "Model"),
        ("[models.NAME.price]", "Price"),
        ("[[models.NAME.price.tiers]]", "Tier"),
        ("[roles]", "Roles"),
        ("[split]", "Split"),
        ("[review]", "Review"),
        ("[limits]", "Limits"),
        ("[edit]", "Edit"),
        ("[actions.NAME]", "Action"),
        ("[completion]", "Completion"),
        ("[budget]", "Budget"),
        ("[cache]", "Cache"),
        ("[outgoing]", "Outgoing"),
        ("[recorder]", "Recorder"),
        ("[alerts]", "Alerts"),
    ];
    for (heading, name) in tables {
        let table = &schema["$defs"][name];
        writeln!(text, "\n## `{heading}`\n\n{}\n", words(table)).unwrap();
        writeln!(text, "| key | type | meaning |\n|---|---|---|").unwrap();
        for (key, property) in table["properties"].as_object().unwrap() {
            let required = table["required"].as_array().is_some_and(|keys| keys.iter().any(|k| k == key));
            let required = if required { " Required." } else { "" };
            writeln!(text, "| `{key}` | {} | {}{required} |", kind(&schema, property), words(property))
                .unwrap();
        }
    }
    let n_tables = schema["$defs"].as_object().unwrap().values().filter(|t| t["type"] == "object").count();
    assert_eq!(n_tables, tables.len(), "a table of the schema is not in this list");
    text
}

fn words(schema: &Value) -> String {
    schema["description"].as_str().unwrap_or("").replace('\n', " ")
}

/// A value's type and range in words.
fn kind(schema: &Value, property: &Value) -> String {
    let target = property["$ref"].as_str().or(property["anyOf"][0]["$ref"].as_str());
    if let Some(target) = target {
        let target = schema.pointer(target.trim_start_matches('#')).unwrap();
        let variants = target["oneOf"].as_array().map(Vec::as_slice).unwrap_or_default();
        let names = variants.iter().map(|variant| format!("`{}`", variant["const"].as_str().unwrap()));
        let names = names.collect::<Vec<_>>().join(", ");
        return if names.is_empty() { "table".to_owned() } else { names };
    }
    let name = property["type"].as_str().or(property["type"][0].as_str()).unwrap();
    let name = match name {
        "integer" => "whole number",
        "array" if property["items"]["$ref"].is_string() => "list of tables",
        "array" => "list of texts",
        "object" => "table",
        "string" => "text",
        other => other,
    };
    match (&property["minimum"], &property["maximum"]) {
        (Value::Null, _) | (_, Value::Null) => name.to_owned(),
        (min, max) => format!("{name}, {min} to {max}"),
    }
}

/// The codes that one source file gives to problems.
fn codes(path: &Path, text: &str) -> Vec<String> {
    let mut starts = vec!["Problem::error(", " problem(", ".code = ", "=> ("];
    if path.ends_with("src/diff/refusal.rs") {
        starts.push("=> ");
    }
    let after = starts.into_iter().flat_map(|start| {
        text.match_indices(start).map(move |(at, _)| (start, text[at + start.len()..].trim_start()))
    });
    after
        .filter_map(|(start, rest)| {
            let code = rest.strip_prefix('"')?.split('"').next()?;
            let plain = !code.is_empty() && code.chars().all(|c| c.is_ascii_lowercase() || c == '-');
            (plain && (start != "=> (" || code.contains('-'))).then(|| code.to_owned())
        })
        .collect()
}

/// What stands in backquotes at the start of a table's rows.
fn first_cells(page: &str) -> BTreeSet<String> {
    page.lines().filter_map(|line| Some(line.strip_prefix("| `")?.split('`').next()?.to_owned())).collect()
}

/// The source files without their tests.
fn sources() -> Vec<(PathBuf, String)> {
    let mut sources = Vec::new();
    let mut folders = vec![root().join("src")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if !path.ends_with("tests.rs") {
                let text = fs::read_to_string(&path).unwrap();
                let code = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or("").to_owned();
                sources.push((path, code));
            }
        }
    }
    sources
}

fn read(name: &str) -> String {
    fs::read_to_string(root().join(name)).unwrap_or_else(|error| panic!("{name}: {error}"))
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
