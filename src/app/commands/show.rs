//! `tenon.show`: a proposal as a unified diff.

mod files;

use serde_json::{Value, json};

use crate::app::state::State;
use crate::diff::impact::Impact;
use crate::diff::{Hunk, render};
use crate::problem::Problem;
use crate::review::{Decision, Place, Proposal, ProposedChange, ProposedFile};
use crate::text::{DocumentUri, Rope, TextEdit};

/// Answers `{"proposal": id, "diff": text, "impact": […], "notes": […], "files": […]}`. With `open` the diff is also shown in the
/// editor, as a file that begins with the impact.
pub(super) fn show(state: &State, proposal: Option<&str>, open: bool, texts: bool) -> Result<Value, Problem> {
    let index = state.proposal_index(proposal, |_| true)?;
    let proposal = &state.proposals[index];
    let diff = diff(state, proposal);
    if open {
        let (scratch, editor) = (state.parts.scratch.clone(), state.parts.services.editor.clone());
        let (name, text) = (format!("{}.diff", proposal.id), header(proposal) + &diff);
        tokio::task::spawn_blocking(move || match scratch.write(&name, &text) {
            Ok(path) => editor.show(&DocumentUri::from_path(&path), None),
            Err(error) => tracing::warn!(%error, "the diff could not be written"),
        });
    }
    let of_file = |file: &ProposedFile| {
        file.impact
            .iter()
            .map(|impact| json!(ImpactOf { path: &file.path, impact, summary: impact.to_string() }))
            .collect::<Vec<_>>()
    };
    let impact: Vec<Value> = proposal.files.iter().flat_map(of_file).collect();
    let files = files::files(state, proposal, texts);
    Ok(json!({
        "proposal": proposal.id.as_str(), "title": proposal.title, "diff": diff, "impact": impact,
        "notes": proposal.notes, "files": files,
    }))
}

#[derive(serde::Serialize)]
struct ImpactOf<'p> {
    path: &'p str,
    #[serde(flatten)]
    impact: &'p Impact,
    /// The same in words.
    summary: String,
}

/// What a reviewer should know first: lines in front of a diff, which tools that read diffs pass over.
fn header(proposal: &Proposal) -> String {
    let mut text = String::new();
    for file in &proposal.files {
        for impact in &file.impact {
            text.push_str(&format!(
                "# {}: {}\n",
                render::visible(&file.path),
                render::visible(&impact.to_string())
            ));
        }
    }
    for note in &proposal.notes {
        let (path, message) = (render::visible(&note.path), render::visible(&note.message));
        text.push_str(&format!("# {path}:{}: {message}\n", note.line));
    }
    if text.is_empty() { text } else { text + "\n" }
}

fn diff(state: &State, proposal: &Proposal) -> String {
    proposal
        .files
        .iter()
        .map(|file| {
            let live = state.live(file.uri()).map_or(file.track.base(), |document| document.text());
            let (before, after) = before_and_after(file, live);
            let (before, after) = (before.map(|text| text.to_string()), after.map(|text| text.to_string()));
            let path_after = file.path_after().unwrap_or(&file.path);
            render::file(&file.path, path_after, before.as_deref(), after.as_deref(), false)
        })
        .collect()
}

/// A file as it is in `live` and with every undecided hunk that fits; a created file has no text before, a deleted one
/// none after.
pub(in crate::app) fn before_and_after(file: &ProposedFile, live: &Rope) -> (Option<Rope>, Option<Rope>) {
    let hunks: Vec<(&Hunk, Place)> = match &file.change {
        ProposedChange::Create { text, .. } => return (None, Some(Rope::from_str(text))),
        ProposedChange::Delete { .. } => return (Some(live.clone()), None),
        ProposedChange::Rename { hunks, .. } => {
            hunks.iter().zip(file.whole_places(&file.track, live)).collect()
        }
        ProposedChange::Modify(hunks) => hunks
            .iter()
            .filter(|hunk| hunk.decision == Decision::Proposed)
            .map(|hunk| (&hunk.hunk, hunk.place(&file.track, live)))
            .collect(),
    };
    let mut builder = TextEdit::builder(live.len_bytes());
    for (hunk, place) in hunks {
        // On its own base a hunk stands where it was proved.
        let placed = match place {
            Place::Fits(hunk) => Some(hunk),
            Place::Unknown => Some(hunk.clone()),
            Place::AlreadyThere | Place::Stale(_) => None,
        };
        if let Some(placed) = placed {
            builder.replace(placed.range, placed.insert);
        }
    }
    let after = builder.finish().and_then(|edit| edit.apply(live)).unwrap_or_else(|_| live.clone());
    (Some(live.clone()), Some(after))
}
