//! What stands before every edit that is sent or written: which file each path really is, and whether it may be.
//!
//! Guarantees: a document is the file of the path that was shown, in a folder of the workspace, and no link leads it out
//! of there; outside of all folders only the document itself is changed that was asked about. Names that decide what
//! runs, under any link, need a consent that is on record. Nothing is applied unasked where the trust does not hold at
//! that moment. Proposals and steps may come from a record of anybody's: nothing of it is believed.

use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use super::{FlightFile, FlightKind, Purpose, READ_TIME, plan, settle, what};
use crate::app::event::InternalEvent;
use crate::app::state::State;
use crate::app::{chronicle, trust};
use crate::diff::Refusal;
use crate::diff::lower::ProtectedConsent;
use crate::orchestrator;
use crate::ports::{ApplyId, SourceFiles, Verdict};
use crate::problem::{Category, Problem};
use crate::review::AppliedFile;
use crate::text::DocumentUri;

/// A file that an edit touches.
struct Spot {
    /// As it is shown.
    shown: String,
    root: PathBuf,
    /// Below the root; for a document outside of every folder, below the top of its file system.
    path: PathBuf,
    /// It would be deleted or get another path.
    goes: bool,
    is_outside: bool,
}

impl Spot {
    /// The part of a path whose names count. Of a file in no folder, that somebody asked about, its own: where people
    /// keep such files is their affair.
    fn judged(&self, path: &Path) -> String {
        let name = path.file_name().filter(|_| self.is_outside).map(Path::new);
        name.unwrap_or(path).to_string_lossy().into_owned()
    }
}

/// What lets protected files be written.
struct Consents {
    /// What a step wrote when it was made.
    recorded: ProtectedConsent,
    /// What the user said for this process, or when asking for the proposal; it holds while the workspace is trusted.
    given: ProtectedConsent,
}

impl Consents {
    fn of(state: &State, purpose: &Purpose) -> Self {
        let recorded = match purpose {
            Purpose::Accept { .. } => ProtectedConsent::default(),
            Purpose::Take { operation, .. } | Purpose::RollBack { operation, .. } => {
                let files = state.history.get(*operation).map(|operation| operation.files.as_slice());
                ProtectedConsent::recorded(files.unwrap_or_default().iter().flat_map(AppliedFile::paths))
            }
        };
        let mut given = ProtectedConsent::default();
        if state.parts.trust.is_trusted() {
            given.add(&state.parts.services.settings.protected);
            if let Purpose::Accept { proposal, .. } = purpose
                && let Some(consent) = state.consents.get(proposal)
            {
                given.add(consent);
            }
        }
        Self { recorded, given }
    }

    fn permit(&self, path: &str) -> bool {
        self.recorded.permits(path) || self.given.permits(path)
    }
}

/// Refuses what the names alone tell, so that it is refused in a command's own answer.
///
/// # Errors
/// A document is not that of its path, lies outside, or is protected.
pub(super) fn names(state: &State, purpose: &Purpose, files: &[FlightFile]) -> Result<(), Problem> {
    let (spots, consents) = (spots(state, purpose, files)?, Consents::of(state, purpose));
    // A document that is no file has no place to look at: its name is all there is.
    let mut unplaced = files.iter().filter(|file| file.uri_before().to_path().is_none());
    if let Some(file) = unplaced.find(|file| !consents.permit(&file.path)) {
        return Err(Problem::from(&Refusal::protected(&file.path)));
    }
    match spots.iter().find(|spot| !consents.permit(&spot.judged(&spot.path))) {
        Some(spot) => Err(Problem::from(&Refusal::protected(&spot.shown))),
        None => Ok(()),
    }
}

fn spots(state: &State, purpose: &Purpose, files: &[FlightFile]) -> Result<Vec<Spot>, Problem> {
    let mut spots = Vec::new();
    for file in files {
        let goes = matches!(file.kind, FlightKind::Delete | FlightKind::Uncreate | FlightKind::Rename);
        let is_whole = goes || file.kind == FlightKind::Create;
        let itself = !is_whole && is_asked_about(state, purpose, file);
        spots.extend(spot((state, purpose), (&file.path, file.uri_before()), goes, is_whole, itself)?);
        if let Some(renamed) = &file.renamed {
            spots.extend(spot((state, purpose), (&renamed.path, &renamed.to), false, true, false)?);
        }
    }
    Ok(spots)
}

/// Whether a proposal is about this very document. Of a step that is not known any more.
fn is_asked_about(state: &State, purpose: &Purpose, file: &FlightFile) -> bool {
    let Purpose::Accept { proposal, .. } = purpose else { return true };
    let proposal = state.proposals.iter().find(|known| known.id == *proposal);
    proposal.is_some_and(|proposal| proposal.target.same_file(file.uri_before()))
}

/// The place of a file; `None` for a document that is none.
fn spot(
    (state, purpose): (&State, &Purpose),
    (shown, uri): (&str, &DocumentUri),
    goes: bool,
    is_whole: bool,
    itself: bool,
) -> Result<Option<Spot>, Problem> {
    let Some(path) = uri.to_path() else {
        return if is_whole { Err(not_its_path(shown)) } else { Ok(None) };
    };
    let is_plain = Path::new(shown).components().all(|part| matches!(part, Component::Normal(_)));
    let spot = |root: PathBuf, path: PathBuf, is_outside| {
        Some(Spot { shown: shown.to_owned(), root, path, goes, is_outside })
    };
    let is_there = |root: &&PathBuf| DocumentUri::from_path(&root.join(shown)).same_file(uri);
    if let Some(root) = state.client.folders.iter().find(is_there).filter(|_| is_plain) {
        return Ok(spot(root.clone(), PathBuf::from(shown), false));
    }
    // A step was shown when the folders may have been others: its document says where it is.
    let is_step = !matches!(purpose, Purpose::Accept { .. });
    let in_folder = |root: &PathBuf| Some((root.clone(), below(root, &path)?));
    if is_step && let Some((root, below)) = state.client.folders.iter().find_map(in_folder) {
        return Ok(spot(root, below, false));
    }
    let is_named = is_step || path.file_name().is_some_and(|name| name.to_string_lossy() == *shown);
    if !is_named || state.client.folders.iter().any(|folder| path.starts_with(folder)) {
        return Err(not_its_path(shown));
    }
    if !itself {
        return Err(outside(shown));
    }
    let top = path.ancestors().last().unwrap_or(&path).to_owned();
    let below = path.strip_prefix(&top).unwrap_or(&path).to_owned();
    Ok(spot(top, below, true))
}

/// The plain path of a file below a folder.
fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let below = path.strip_prefix(root).ok()?;
    let is_plain = below.components().all(|part| matches!(part, Component::Normal(_)));
    (is_plain && below.file_name().is_some()).then(|| below.to_owned())
}

fn not_its_path(shown: &str) -> Problem {
    let message =
        format!("{shown} is not the path of the document that this would change; nothing was applied");
    Problem::error("path-mismatch", Category::Edit, message).hint("ask for this change again")
}

fn outside(shown: &str) -> Problem {
    let message = format!("{shown} is in no folder of the workspace; nothing was applied");
    Problem::error("outside-workspace", Category::Edit, message)
        .hint("open its folder in the editor; a file outside is only changed by what is asked about it")
}

/// Has the places of an edit looked at, right before it goes on.
pub(super) fn look(state: &State, id: ApplyId) {
    let Some(flight) = state.flights.current.as_ref().filter(|flight| flight.id == id) else { return };
    let (send, files) = (state.sender(), Arc::clone(&state.parts.services.files));
    let consents = Consents::of(state, &flight.plan.purpose);
    let unasked = matches!(flight.plan.purpose, Purpose::Accept { unasked: true, .. });
    let spots = spots(state, &flight.plan.purpose, &flight.files);
    let (judge, was_trusted) = (trust::question(state), state.parts.trust.is_trusted());
    tokio::spawn(async move {
        let looking = tokio::task::spawn_blocking(move || {
            let verdict = judge.map(|(judge, folders)| judge.judge(&folders));
            let is_trusted = verdict.as_ref().map_or(was_trusted, |verdict| verdict.trust.is_trusted());
            let result = spots.and_then(|spots| check(files.as_ref(), &spots, consents, is_trusted, unasked));
            (verdict, result)
        });
        // A file system that hangs must not hold up every later edit.
        let (verdict, result) = match tokio::time::timeout(READ_TIME, looking).await {
            Ok(Ok(looked)) => looked,
            Ok(Err(_)) | Err(_) => (None, Err(plan::unreadable("the folder could not be looked at in time"))),
        };
        send(InternalEvent::Guarded { id, verdict, result });
    });
}

fn check(
    files: &dyn SourceFiles,
    spots: &[Spot],
    mut consents: Consents,
    is_trusted: bool,
    unasked: bool,
) -> Result<(), Problem> {
    let is_outside = spots.iter().any(|spot| spot.is_outside);
    if unasked && (is_outside || !is_trusted) {
        return Err(trust::restricted(!is_outside));
    }
    if !is_trusted {
        consents.given = ProtectedConsent::default();
    }
    for spot in spots {
        let leads_to = orchestrator::leads_to(files, &spot.root, &spot.root.join(&spot.path));
        let leads_to = leads_to.ok_or_else(|| Problem::from(&Refusal::outside(&spot.shown)))?;
        if [&spot.path, &leads_to].into_iter().any(|path| !consents.permit(&spot.judged(path))) {
            return Err(Problem::from(&Refusal::protected(&spot.shown)));
        }
        if files.is_off_limits(&spot.root, &leads_to) {
            return Err(Problem::from(&Refusal::off_limits(&spot.shown)));
        }
        if spot.goes && is_link(files, spot, &leads_to) {
            return Err(Problem::from(&Refusal::link(&spot.shown)));
        }
    }
    Ok(())
}

/// Whether the last part of a path is a link; folders above may be.
fn is_link(files: &dyn SourceFiles, spot: &Spot, leads_to: &Path) -> bool {
    let (Some(folder), Some(name)) = (spot.path.parent(), spot.path.file_name()) else { return true };
    let folder = if folder.as_os_str().is_empty() { spot.root.clone() } else { spot.root.join(folder) };
    orchestrator::leads_to(files, &spot.root, &folder).is_none_or(|folder| folder.join(name) != leads_to)
}

/// The places were looked at: the edit goes on, or it did not happen.
pub(in crate::app) fn guarded(
    state: &mut State,
    id: ApplyId,
    verdict: Option<Verdict>,
    result: Result<(), Problem>,
) {
    if let Some(verdict) = verdict {
        trust::know(state, verdict);
    }
    let Some(flight) = state.flights.current.as_ref().filter(|flight| flight.id == id) else { return };
    match result {
        Ok(()) => {
            let what = what(state, &flight.plan.purpose, &flight.files);
            chronicle::prepare(state, id, what);
        }
        Err(problem) => {
            let Some(flight) = state.flights.current.take() else { return };
            settle::failed(state, &flight.plan, &problem);
        }
    }
}
