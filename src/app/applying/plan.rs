//! Computes an edit against the text as it is now, or refuses it.

use super::{FileTexts, FlightFile, FlightKind, Purpose, Renamed, take};
use crate::app::state::State;
use crate::diff::Refusal;
use crate::ports::FileEdit;
use crate::problem::{Category, Problem};
use crate::review::{
    AppliedFile, AppliedKind, Decision, Direction, Place, ProposalId, ProposedChange, ProposedFile, Track,
};
use crate::text::{DocumentUri, Rope, SpanEdit, TextEdit, TextEditBuilder};

/// The files of `purpose` that are not open, so that their text must be read first.
pub(super) fn closed_files(state: &State, purpose: &Purpose) -> Vec<DocumentUri> {
    let uris: Vec<&DocumentUri> = match purpose {
        Purpose::Accept { proposal, numbers, .. } => {
            selected(state, proposal, numbers).flat_map(proposed_uris).collect()
        }
        Purpose::Take { operation, .. } | Purpose::RollBack { operation, .. } => {
            let files = state.history.get(*operation).map(|operation| operation.files.as_slice());
            files.unwrap_or_default().iter().flat_map(applied_uris).collect()
        }
    };
    let mut closed: Vec<DocumentUri> = Vec::new();
    for uri in uris {
        if !state.documents.contains_key(uri) && !closed.contains(uri) {
            closed.push(uri.clone());
        }
    }
    closed
}

/// The file, and where it shall go.
fn proposed_uris(file: &ProposedFile) -> Vec<&DocumentUri> {
    match &file.change {
        ProposedChange::Rename { uri, .. } => vec![file.uri(), uri],
        _ => vec![file.uri()],
    }
}

fn applied_uris(file: &AppliedFile) -> Vec<&DocumentUri> {
    match &file.kind {
        AppliedKind::Renamed { from, to, .. } => vec![file.track.uri(), from, to],
        _ => vec![file.track.uri()],
    }
}

fn selected<'a>(
    state: &'a State,
    proposal: &'a ProposalId,
    numbers: &'a [usize],
) -> impl Iterator<Item = &'a ProposedFile> {
    state
        .proposals
        .iter()
        .filter(move |candidate| candidate.id == *proposal)
        .flat_map(|proposal| &proposal.files)
        .filter(move |file| file.decisions().iter().any(|(number, _)| numbers.contains(number)))
}

/// The name of the edit in the editor's undo list.
pub(super) fn label(state: &State, purpose: &Purpose) -> String {
    let title = |id: &ProposalId| {
        state.proposals.iter().find(|p| p.id == *id).map_or_else(|| id.to_string(), |p| p.title.clone())
    };
    match purpose {
        Purpose::Accept { proposal, .. } => format!("tenon: {}", title(proposal)),
        Purpose::Take { operation, direction } => {
            let verb = if *direction == Direction::Undo { "undo" } else { "redo" };
            let title = state.history.get(*operation).map(|op| title(&op.proposal)).unwrap_or_default();
            format!("tenon: {verb} {title}")
        }
        Purpose::RollBack { .. } => "tenon: roll back".to_owned(),
    }
}

/// Every file with its text before and after. All or nothing.
///
/// # Errors
/// Some part no longer fits, a file cannot be read, or a document's mirror cannot be trusted.
pub(super) fn build(state: &State, purpose: &Purpose, texts: &FileTexts) -> Result<Vec<FlightFile>, Problem> {
    match purpose {
        Purpose::Accept { proposal, numbers, .. } => {
            let files = selected(state, proposal, numbers);
            let built: Result<Vec<_>, _> =
                files.map(|file| accept_file(state, file, numbers, texts)).collect();
            Ok(built?.into_iter().flatten().collect())
        }
        Purpose::Take { operation, direction } => {
            take::take(state, state.history.get(*operation), *direction, texts)
        }
        Purpose::RollBack { operation, .. } => {
            take::take(state, state.history.get(*operation), Direction::Undo, texts)
        }
    }
}

/// The text of a file as it is now, whether it is open (then with its version), and its track to there.
pub(in crate::app) struct Live {
    pub(in crate::app) text: Option<Rope>,
    pub(in crate::app) version: Option<i32>,
    pub(in crate::app) track: Track,
}

pub(in crate::app) fn live(state: &State, track: &Track, texts: &FileTexts) -> Result<Live, Problem> {
    let uri = track.uri();
    state.trusted(uri)?;
    if let Some(document) = state.live(uri) {
        let (text, version) = (Some(document.text().clone()), Some(document.version()));
        return Ok(Live { text, version, track: track.clone() });
    }
    let mut track = track.clone();
    let text = match texts.get(uri) {
        Some(Ok(Some(text))) => Some(Rope::from_str(text)),
        Some(Ok(None)) => None,
        Some(Err(reason)) => return Err(unreadable(reason)),
        // It was open when the plan was made and is closed now.
        None => return Err(unreadable(&format!("{} was closed meanwhile", uri.as_str()))),
    };
    if let Some(text) = &text {
        track.opened(text);
    }
    Ok(Live { text, version: None, track })
}

pub(super) fn unreadable(reason: &str) -> Problem {
    Problem::error("unreadable-file", Category::Storage, reason).hint("open the file and try again")
}

fn accept_file(
    state: &State,
    file: &ProposedFile,
    numbers: &[usize],
    texts: &FileTexts,
) -> Result<Option<FlightFile>, Problem> {
    let Live { text, version, track } = live(state, &file.track, texts)?;
    match (&file.change, text) {
        (ProposedChange::Create { text: new, .. }, text) => {
            create(file.path.clone(), track, new, text, version).map(Some)
        }
        (ProposedChange::Delete { .. }, None) => Ok(None),
        (ProposedChange::Delete { .. }, Some(text)) => {
            able(state, file)?;
            if let Some(Place::Stale(refusal)) = file.whole_places(&track, &text).first() {
                return Err(stale(&file.path, refusal));
            }
            Ok(Some(delete(file.path.clone(), track, text, version)))
        }
        (ProposedChange::Rename { to, uri, .. }, Some(text)) => {
            able(state, file)?;
            let mut builder = TextEdit::builder(text.len_bytes());
            for place in file.whole_places(&track, &text) {
                add(&mut builder, &file.path, place)?;
            }
            let edit = builder.finish().map_err(|_| Problem::from(&Refusal::conflict(&file.path)))?;
            let target = Target { path: to.clone(), uri: uri.clone() };
            rename(state, &file.path, track, text, edit, version, target, texts).map(Some)
        }
        (ProposedChange::Modify(_) | ProposedChange::Rename { .. }, None) => {
            Err(unreadable(&format!("{} no longer exists", file.path)))
        }
        (ProposedChange::Modify(hunks), Some(text)) => {
            let mut builder = TextEdit::builder(text.len_bytes());
            let wanted = |decision| matches!(decision, Decision::Proposed | Decision::Accepted);
            for hunk in hunks.iter().filter(|h| numbers.contains(&h.number) && wanted(h.decision)) {
                add(&mut builder, &file.path, hunk.place(&track, &text))?;
            }
            let edit = builder.finish().map_err(|_| Problem::from(&Refusal::conflict(&file.path)))?;
            modify(file.path.clone(), track, text, edit, version)
        }
    }
}

/// Adds a hunk to an edit where it is.
fn add(builder: &mut TextEditBuilder, path: &str, place: Place) -> Result<(), Problem> {
    match place {
        Place::Fits(hunk) => builder.replace(hunk.range, hunk.insert),
        Place::AlreadyThere => {}
        Place::Stale(refusal) => return Err(stale(path, &refusal)),
        Place::Unknown => return Err(unreadable(&format!("{path} is not known"))),
    }
    Ok(())
}

/// Refuses what the editor cannot do: not every one deletes and renames files.
pub(in crate::app) fn able(state: &State, file: &ProposedFile) -> Result<(), Problem> {
    let is_file = file.uri().to_path().is_some();
    let (verb, able) = match &file.change {
        ProposedChange::Delete { .. } => ("delete", state.client.resource_operations && is_file),
        ProposedChange::Rename { .. } => ("rename", state.client.rename_files && is_file),
        ProposedChange::Modify(_) | ProposedChange::Create { .. } => return Ok(()),
    };
    if able {
        return Ok(());
    }
    let message = format!("the editor cannot {verb} {}; nothing was applied", file.path);
    Err(Problem::error("unsupported-operation", Category::Editor, message)
        .hint(format!("{verb} it by hand, reject this part with tenon.reject, and accept the rest")))
}

/// The refusal of a hunk whose place was changed.
pub(in crate::app) fn stale(path: &str, refusal: &Refusal) -> Problem {
    let mut problem = Problem::from(refusal);
    problem.code = "stale-proposal";
    problem.message = format!("{path} was changed where this edit belongs; nothing was applied");
    problem.hint("accept the other hunks one by one, or ask again for this change")
}

/// Creates a file, or fills one that is there but blank: an editor's new buffer of that name, or what the undo of
/// a creation left open.
pub(super) fn create(
    path: String,
    track: Track,
    text: &str,
    there: Option<Rope>,
    version: Option<i32>,
) -> Result<FlightFile, Problem> {
    let kind = if there.is_some() { FlightKind::Fill } else { FlightKind::Create };
    let before = there.unwrap_or_default();
    if before.chars().any(|c| !c.is_whitespace()) {
        return Err(Problem::from(&Refusal::file_exists(&path)));
    }
    let edit = replace_all(&before, text);
    let after = Rope::from_str(text);
    Ok(FlightFile::new(path, kind, track, (before, after, edit), version))
}

pub(in crate::app) fn replace_all(before: &Rope, after: &str) -> TextEdit {
    let mut builder = TextEdit::builder(before.len_bytes());
    builder.replace(0..before.len_bytes(), after);
    builder.finish().unwrap_or_else(|_| TextEdit::diff(&before.to_string(), after))
}

pub(super) fn modify(
    path: String,
    track: Track,
    before: Rope,
    edit: TextEdit,
    version: Option<i32>,
) -> Result<Option<FlightFile>, Problem> {
    let after = edit.apply(&before).map_err(|_| Problem::from(&Refusal::conflict(&path)))?;
    let kind = FlightKind::Modify;
    let file = FlightFile::new(path, kind, track, (before, after, edit), version);
    Ok((!file.edit.is_empty()).then_some(file))
}

/// Where a renamed file shall go.
pub(super) struct Target {
    pub(super) path: String,
    pub(super) uri: DocumentUri,
}

#[expect(clippy::too_many_arguments, reason = "what is known of the file, and where it goes")]
pub(super) fn rename(
    state: &State,
    path: &str,
    track: Track,
    before: Rope,
    edit: TextEdit,
    version: Option<i32>,
    to: Target,
    texts: &FileTexts,
) -> Result<FlightFile, Problem> {
    let is_open = state.documents.keys().any(|open| open.same_file(&to.uri));
    match texts.get(&to.uri) {
        Some(Ok(None)) if !is_open => {}
        Some(Err(reason)) => return Err(unreadable(reason)),
        _ => return Err(Problem::from(&Refusal::file_exists(&to.path))),
    }
    let after = edit.apply(&before).map_err(|_| Problem::from(&Refusal::conflict(path)))?;
    let renamed = Some(Renamed { from: track.uri().clone(), to: to.uri, path: to.path });
    let file = FlightFile::new(path.to_owned(), FlightKind::Rename, track, (before, after, edit), version);
    Ok(FlightFile { renamed, ..file })
}

pub(super) fn delete(path: String, track: Track, before: Rope, version: Option<i32>) -> FlightFile {
    let (edit, after) = (replace_all(&before, ""), Rope::new());
    FlightFile::new(path, FlightKind::Delete, track, (before, after, edit), version)
}

/// The edit as it is sent: text edits first, then creations, renames and deletions.
pub(super) fn edits(state: &State, files: &[&FlightFile]) -> Vec<FileEdit> {
    let encoding = state.client.encoding;
    let mut edits = Vec::new();
    for file in files {
        let uri = file.track.uri().clone();
        let base = || file.version.is_none().then(|| file.before.clone());
        let with = |edits| FileEdit::Edit { uri: uri.clone(), version: file.version, base: base(), edits };
        let text_edit = || with(span_edits(&file.edit, &file.before, encoding));
        // No version can be given for what happens to a file as a whole. An edit that changes nothing carries it: an
        // editor that checks versions then refuses everything while there is newer text.
        let guard = || file.version.is_some().then(|| with(Vec::new()));
        match file.kind {
            FlightKind::Modify | FlightKind::Fill => edits.push(text_edit()),
            FlightKind::Create => edits.push(FileEdit::Create { uri, text: file.after.to_string() }),
            FlightKind::Delete => {
                edits.extend(guard());
                edits.push(FileEdit::Delete { uri, base: base() });
            }
            FlightKind::Uncreate => {
                // A file that was never saved has nothing to delete: its buffer is emptied at least.
                if file.version.is_some() {
                    edits.push(text_edit());
                }
                edits.push(FileEdit::Delete { uri, base: base() });
            }
            FlightKind::Rename => {
                if file.edit.is_empty() {
                    edits.extend(guard());
                } else {
                    edits.push(text_edit());
                }
                if let Some(Renamed { from, to, .. }) = &file.renamed {
                    edits.push(FileEdit::Rename { from: from.clone(), to: to.clone(), base: base() });
                }
            }
        }
    }
    edits.sort_by_key(|edit| match edit {
        FileEdit::Edit { .. } => 0,
        FileEdit::Create { .. } => 1,
        FileEdit::Rename { .. } => 2,
        FileEdit::Delete { .. } => 3,
    });
    edits
}

/// An edit in the client's positions.
pub(in crate::app) fn span_edits(
    edit: &TextEdit,
    text: &Rope,
    encoding: crate::text::PositionEncoding,
) -> Vec<SpanEdit> {
    edit.iter()
        .map(|indel| SpanEdit { span: encoding.to_span(text, &indel.delete), new_text: indel.insert.clone() })
        .collect()
}
