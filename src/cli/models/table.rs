//! The report for people.

use std::fmt::Write as _;

use super::report::{BudgetReport, ModelReport, PriceReport, Probe, Report, RoleReport};
use crate::cli::output::{Colour, Colours};
use crate::model::ModelErrorKind;
use crate::ports::{ModelStatistics, ProviderHistory};

const HEAD: [&str; 7] = ["MODEL", "PROVIDER", "PROTOCOL", "CONTEXT", "OUTPUT", "PRICE", "CAN"];

/// The whole report as text.
pub(super) fn render(report: &Report, colours: Colours) -> String {
    let mut text = String::new();
    if report.found_here {
        text.push_str("nothing is configured; found on this machine, the first of a role is asked:\n\n");
    }
    if let Some(problem) = &report.problem {
        let _ = writeln!(text, "{}", colours.paint(Colour::Yellow, &problem.message));
        for line in problem.hint.iter().flat_map(|hint| hint.split("; ")) {
            let _ = writeln!(text, "  {line}");
        }
    }
    let groups = groups(&report.roles);
    let rows: Vec<_> = groups.iter().flat_map(|group| &group[0].models).map(cells).collect();
    let widths: [usize; 7] = std::array::from_fn(|column| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([HEAD[column].len()]).max().unwrap_or_default()
    });
    let mut rows = rows.into_iter();
    for (n, group) in groups.iter().enumerate() {
        if n == 0 {
            let _ = writeln!(text, "{}", colours.paint(Colour::Faint, &line(HEAD, &widths)));
        }
        let names: Vec<_> = group.iter().map(|role| role.role.name()).collect();
        let _ = writeln!(text, "{}", colours.paint(Colour::Bold, &names.join(", ")));
        for (at, model) in group[0].models.iter().enumerate() {
            let row = rows.next().unwrap_or_default();
            let _ = writeln!(text, "{}", line(row.each_ref().map(String::as_str), &widths));
            below(&mut text, model, colours);
            for role in group {
                let Some(statistics) = &role.models[at].statistics else { continue };
                let whose = if group.len() > 1 { format!("{}: ", role.role) } else { String::new() };
                let told = format!("{whose}{}", known(statistics));
                let _ = writeln!(text, "    {}", colours.paint(Colour::Faint, &told));
            }
        }
    }
    text.push_str(&totals(report));
    text
}

/// The roles, those with the same models together; no group is empty.
fn groups(roles: &[RoleReport]) -> Vec<Vec<&RoleReport>> {
    let models = |role: &RoleReport| -> Vec<_> {
        role.models.iter().map(|model| (model.name.clone(), model.weight)).collect()
    };
    let mut groups: Vec<Vec<&RoleReport>> = Vec::new();
    for role in roles {
        match groups.iter_mut().find(|group| models(group[0]) == models(role)) {
            Some(group) => group.push(role),
            None => groups.push(vec![role]),
        }
    }
    groups
}

fn cells(model: &ModelReport) -> [String; 7] {
    let name = match model.weight {
        Some(weight) => format!("{} ×{weight}", model.name),
        None => model.name.clone(),
    };
    [
        name,
        model.provider.clone(),
        model.api.to_owned(),
        model.context.to_string(),
        model.max_output.to_string(),
        model.price.as_ref().map_or_else(|| "unknown".to_owned(), price),
        model.capabilities.join(" "),
    ]
}

fn price(price: &PriceReport) -> String {
    format!("{}/{}", price.input, price.output)
}

fn line(cells: [&str; 7], widths: &[usize; 7]) -> String {
    let padded = cells.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}"));
    format!("  {}", padded.collect::<Vec<_>>().join("  ")).trim_end().to_owned()
}

/// What is known of a model, below its line.
fn below(text: &mut String, model: &ModelReport, colours: Colours) {
    if let Some(probe) = &model.probe {
        match probe {
            Probe::Ok { first_token_ms } => {
                let ok = colours.paint(Colour::Green, "ok");
                let _ = writeln!(text, "    {ok}, the answer began after {first_token_ms} ms");
            }
            Probe::Failed { error } => {
                let _ = writeln!(text, "    {} {}", colours.paint(Colour::Red, "FAIL"), error.message);
                for hint in error.hint.iter().flat_map(|hint| hint.lines()) {
                    let _ = writeln!(text, "         {hint}");
                }
            }
        }
    }
    if let Some(history) = &model.history {
        let colour = if model.health == "ok" { Colour::Green } else { Colour::Red };
        let _ = writeln!(text, "    {} {}", colours.paint(colour, model.health), past(history));
    }
}

/// How the last day's requests to a provider went.
pub(in crate::cli) fn past(history: &ProviderHistory) -> String {
    let n = requests(history.requests);
    let mut text = format!("{n} to {} in 24 h, the last {}", history.provider, ago(history.last_seconds_ago));
    if let Some(kind) = history.last_failure {
        let _ = write!(text, "; {} failed, the last with `{}`", history.failed, name(kind));
    }
    text
}

fn ago(seconds: u64) -> String {
    match seconds {
        seconds @ 0..60 => format!("{seconds} s ago"),
        seconds @ 60..3600 => format!("{} min ago", seconds / 60),
        seconds => format!("{} h ago", seconds / 3600),
    }
}

fn name(kind: ModelErrorKind) -> String {
    let name = serde_json::to_value(kind).ok();
    name.and_then(|name| name.as_str().map(str::to_owned)).unwrap_or_default()
}

fn requests(n: u64) -> String {
    format!("{n} {}", if n == 1 { "request" } else { "requests" })
}

fn known(of: &ModelStatistics) -> String {
    let mut parts = vec![format!("{}, {} failed", requests(of.requests), of.failed)];
    if of.cached > 0 {
        parts.push(format!("{} from the cache", of.cached));
    }
    parts.extend(of.first_token_ms.map(|time| format!("begins after {time} ms")));
    parts.extend(of.tokens_per_second.map(|rate| format!("{rate:.0} tokens/s")));
    let (replies, hunks) = (of.fitted + of.refused, of.accepted + of.rejected);
    if replies > 0 {
        parts.push(format!("{} of {replies} replies fitted", of.fitted));
    }
    if hunks > 0 {
        parts.push(format!("{} of {hunks} changes accepted", of.accepted));
    }
    if of.undone > 0 {
        parts.push(format!("{} undone", of.undone));
    }
    parts.push(format!("cost {}", of.cost));
    parts.join(", ")
}

fn totals(report: &Report) -> String {
    let BudgetReport { request, session, day, day_tokens } = &report.budget;
    let of = |limit: Option<String>| limit.map(|limit| format!(" of {limit}")).unwrap_or_default();
    let mut text = format!(
        "\ntoday (UTC): {}{}, {} tokens{}\n",
        report.today.cost,
        of(day.clone()),
        report.today.tokens,
        of(day_tokens.map(|n| n.to_string()))
    );
    for (limit, what) in [(session, "session"), (request, "request")] {
        if let Some(limit) = limit {
            let _ = writeln!(text, "most of one {what}: {limit}");
        }
    }
    if let Some(cache) = &report.cache {
        let _ = writeln!(text, "kept answers: {}, {} KiB", cache.entries, cache.bytes.div_ceil(1024));
    }
    text
}

#[cfg(test)]
mod tests;
