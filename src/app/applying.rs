//! Edits on their way to the editor: planned, sent one at a time, observed in the mirror, settled.
//!
//! The editor's word is not enough: some say `applied` for an edit that they skipped. What counts is that the
//! mirrored text becomes, at some single content change, exactly the text expected: that of the edit as it was sent, or
//! as typing elsewhere moved it meanwhile, for some editors take an edit for an earlier version and move it themselves.
//! Files that are not open can not be observed; for them the editor's yes is taken, and after its no the disk is asked.

mod disk;
mod guard;
mod judge;
mod plan;
mod settle;
mod take;

pub(super) use disk::written;
pub(super) use guard::guarded;
pub(super) use plan::{Live, able, live, replace_all, span_edits, stale};

use std::collections::{BTreeMap, VecDeque};
use std::path::Path;
use std::time::Duration;

use super::chronicle::{self, Prepare};
use super::event::InternalEvent;
use super::state::State;
use crate::ports::metrics::catalogue::{EDITS, EditStep};
use crate::ports::{ApplyId, Settlement, SourceFiles, WorkspaceChange};
use crate::problem::Problem;
use crate::review::{AppliedKind, Direction, ProposalId, Track};
use crate::text::{Carried, DocumentUri, Rope, TextEdit};

/// Texts of files that are not open, as just read; `None` for a file that does not exist.
pub(super) type FileTexts = BTreeMap<DocumentUri, Result<Option<String>, String>>;

/// Longest wait for the effect of an edit that the editor says it applied.
const EFFECT_TIME: Duration = Duration::from_secs(2);

/// Longest wait for files that are not open.
const READ_TIME: Duration = Duration::from_secs(10);

/// Longest wait for the closing of a deleted document; some editors keep it open.
const CLOSE_TIME: Duration = Duration::from_secs(1);

/// Longest wait for stray changes after the editor refused.
const REFUSED_TIME: Duration = Duration::from_millis(300);

/// Times an edit is computed anew and sent again because the text moved on meanwhile.
const ATTEMPTS: u32 = 3;

/// Why an edit is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Purpose {
    /// Hunks of a proposal were accepted.
    Accept {
        proposal: ProposalId,
        numbers: Vec<usize>,
        /// The editor asks its user first.
        confirm: bool,
        /// Nobody decided on it: the workspace must be trusted.
        unasked: bool,
    },
    /// An operation of the history is taken back or done again.
    Take { operation: u64, direction: Direction },
    /// Some files of an edit arrived and others did not: the ones that did are taken back.
    RollBack {
        operation: u64,
        /// The files that we wrote ourselves, where they were before.
        written: Vec<DocumentUri>,
    },
}

/// An edit that will be computed when its turn comes, against the text as it is then.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    pub purpose: Purpose,
    pub attempt: u32,
}

/// One file of an edit that was sent.
#[derive(Debug)]
pub(super) struct FlightFile {
    pub path: String,
    pub kind: FlightKind,
    pub before: Rope,
    pub after: Rope,
    pub edit: TextEdit,
    /// Follows the text from `before`, then, once seen, from `after`.
    pub track: Track,
    /// The version it was sent for; `None` for a file that is not open.
    pub version: Option<i32>,
    /// The paths of a renamed file; `track` follows the first, then, once seen, the second.
    pub renamed: Option<Renamed>,
    /// The mirror was, at some moment, exactly `after`.
    pub seen: bool,
    /// The edit where typing elsewhere moved it: what an editor makes of it that takes one for an earlier version.
    pub moved: Option<Moved>,
    /// The text with which its document was closed since the edit was sent.
    pub last: Option<Rope>,
    /// Whether the disk shows that it happened, once that was looked up.
    pub on_disk: Option<bool>,
    /// It was not open, and we wrote it ourselves.
    pub is_written: bool,
}

/// An edit as it is on a text newer than the one it was sent for.
#[derive(Debug, Clone)]
pub(super) struct Moved {
    before: Rope,
    after: Rope,
    edit: TextEdit,
}

/// Where a file that gets another path was and will be.
#[derive(Debug, Clone)]
pub(super) struct Renamed {
    pub from: DocumentUri,
    pub to: DocumentUri,
    /// The second one, workspace-relative.
    pub path: String,
}

impl FlightFile {
    /// A file about to be sent: its text before, its text after, and the edit between them.
    fn new(
        path: String,
        kind: FlightKind,
        track: Track,
        (before, after, edit): (Rope, Rope, TextEdit),
        version: Option<i32>,
    ) -> Self {
        let (seen, moved, renamed, last, on_disk, is_written) = (false, None, None, None, None, false);
        Self {
            path,
            kind,
            before,
            after,
            edit,
            track,
            version,
            renamed,
            seen,
            moved,
            last,
            on_disk,
            is_written,
        }
    }

    /// Looks at the text after one content change.
    fn observe(&mut self, uri: &DocumentUri, text: &Rope) {
        if is_same(text, &self.after) {
            self.arrived(uri, text);
        } else if let Some(Moved { before, after, edit }) = self.moved.clone()
            && is_same(text, &after)
        {
            (self.before, self.after, self.edit) = (before, after, edit);
            self.arrived(uri, text);
        } else if self.kind == FlightKind::Rename && self.edit.is_empty() {
            // What was typed meanwhile went along.
            self.seen = true;
            self.track = Track::closed(uri.clone(), self.after.clone());
            self.track.opened(text);
        } else if self.kind == FlightKind::Modify {
            // An edit of several places may come in several changes: the first one does not forget what is expected.
            self.moved = self.carried(text).or(self.moved.take());
        }
    }

    fn arrived(&mut self, uri: &DocumentUri, text: &Rope) {
        self.seen = true;
        self.track = Track::open(uri.clone(), text.clone());
    }

    /// The edit on the text as it is now; `None` where something happened at one of its places, or right beside it.
    fn carried(&self, live: &Rope) -> Option<Moved> {
        let map = self.track.map(live)?;
        let mut moved = TextEdit::builder(live.len_bytes());
        for indel in self.edit.iter() {
            match map.carry(indel.delete.clone()) {
                Carried::Moved(place) if !map.touched(indel.delete.clone()) => {
                    moved.replace(place, indel.insert.clone());
                }
                _ => return None,
            }
        }
        let edit = moved.finish().ok()?;
        Some(Moved { before: live.clone(), after: edit.apply(live).ok()?, edit })
    }

    /// Where the file was when the edit was sent.
    pub(super) fn uri_before(&self) -> &DocumentUri {
        self.renamed.as_ref().map_or(self.track.uri(), |renamed| &renamed.from)
    }

    /// Where the file is after the edit.
    fn uri_after(&self) -> &DocumentUri {
        match &self.renamed {
            Some(renamed) if !self.seen => &renamed.to,
            _ => self.track.uri(),
        }
    }

    /// The track from the text after the edit on.
    fn track_after(self) -> Track {
        if self.seen { self.track } else { Track::closed(self.uri_after().clone(), self.after) }
    }
}

/// What an edit does to a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FlightKind {
    Modify,
    Create,
    /// Writes the text of a new file into one that is there and blank.
    Fill,
    Delete,
    /// Deletes a file that an earlier step created. It may never have been saved, so its buffer is emptied as well.
    Uncreate,
    Rename,
}

#[derive(Debug)]
struct Flight {
    id: ApplyId,
    plan: Plan,
    files: Vec<FlightFile>,
    answer: Option<(bool, Option<String>)>,
    /// The files that cannot be observed are being looked up on the disk.
    looking: bool,
    /// Its number in the journal.
    number: Option<u64>,
    /// It waits for the journal, and is not yet sent.
    unsent: bool,
}

/// All edits that are waiting or under way.
#[derive(Debug, Default)]
pub(super) struct Flights {
    waiting: VecDeque<Plan>,
    /// A plan whose closed files are being read.
    preparing: Option<Plan>,
    current: Option<Flight>,
    n_sent: u64,
}

impl Flights {
    /// Whether an operation is being taken, or will be: it must not be taken twice.
    pub(super) fn is_busy(&self, id: u64) -> bool {
        let takes = |plan: &Plan| matches!(plan.purpose, Purpose::Take { operation, .. } | Purpose::RollBack { operation, .. } if operation == id);
        self.waiting
            .iter()
            .chain(&self.preparing)
            .chain(self.current.iter().map(|flight| &flight.plan))
            .any(takes)
    }

    pub(super) fn tracks_mut(&mut self) -> impl Iterator<Item = &mut Track> {
        self.current.iter_mut().flat_map(|flight| flight.files.iter_mut().map(|file| &mut file.track))
    }
}

/// Puts an edit in line.
pub(super) fn enqueue(state: &mut State, purpose: Purpose) {
    state.flights.waiting.push_back(Plan { purpose, attempt: 1 });
}

/// Starts the next edit if none is under way.
pub(super) fn pump(state: &mut State) {
    while state.flights.current.is_none() && state.flights.preparing.is_none() {
        let Some(plan) = state.flights.waiting.pop_front() else { return };
        let needed = plan::closed_files(state, &plan.purpose);
        if needed.is_empty() {
            send(state, plan, &FileTexts::new());
        } else {
            read_files(state, plan, needed);
        }
    }
}

fn read_files(state: &mut State, plan: Plan, needed: Vec<DocumentUri>) {
    state.flights.preparing = Some(plan.clone());
    read_then(state, needed, |texts| InternalEvent::FilesRead { plan, texts });
}

pub(super) fn read_then(
    state: &State,
    needed: Vec<DocumentUri>,
    event: impl FnOnce(FileTexts) -> InternalEvent + Send + 'static,
) {
    let (files, send) = (state.parts.services.files.clone(), state.sender());
    let root = state.client.folders.first().cloned();
    tokio::spawn(async move {
        let wanted = needed.clone();
        let reading = tokio::task::spawn_blocking(move || {
            wanted
                .into_iter()
                .map(|uri| (uri.clone(), read_file(files.as_ref(), root.as_deref(), &uri)))
                .collect()
        });
        // A file system that hangs must not hold up every later edit.
        let texts = match tokio::time::timeout(READ_TIME, reading).await {
            Ok(Ok(texts)) => texts,
            Ok(Err(_)) | Err(_) => needed
                .into_iter()
                .map(|uri| (uri, Err("the file could not be read in time".to_owned())))
                .collect(),
        };
        send(event(texts));
    });
}

/// What lies below the root is read through the root's own handle.
fn read_file(
    files: &dyn SourceFiles,
    root: Option<&Path>,
    uri: &DocumentUri,
) -> Result<Option<String>, String> {
    let path = uri.to_path();
    if let (Some(root), Some(path)) = (root, &path)
        && path.starts_with(root)
    {
        let found = files.read_below(root, path).map_err(|error| error.to_string())?;
        return Ok(found.map(|found| found.text));
    }
    match path {
        Some(path) => files.read(&path).map_err(|error| error.to_string()),
        None => Err(format!("{} is not open", uri.as_str())),
    }
}

/// The closed files of a plan were read.
pub(super) fn files_read(state: &mut State, plan: Plan, texts: &FileTexts) {
    state.flights.preparing = None;
    send(state, plan, texts);
}

fn send(state: &mut State, plan: Plan, texts: &FileTexts) {
    let files = match plan::build(state, &plan.purpose, texts) {
        Ok(files) if files.is_empty() => return settle::nothing_to_do(state, &plan),
        Ok(files) => files,
        Err(problem) => return settle::failed(state, &plan, &problem),
    };
    state.flights.n_sent += 1;
    let id = ApplyId(state.flights.n_sent);
    let (answer, looking, number, unsent) = (None, false, None, true);
    state.flights.current = Some(Flight { id, plan, files, answer, looking, number, unsent });
    guard::look(state, id);
}

/// What the journal has to know of an edit before it is sent.
fn what(state: &State, purpose: &Purpose, files: &[FlightFile]) -> Prepare {
    match purpose {
        Purpose::Accept { proposal, numbers, .. } => Prepare::New {
            proposal: proposal.clone(),
            numbers: numbers.clone(),
            files: chronicle::of_flight(files),
        },
        Purpose::Take { operation, direction } => {
            match state.history.get(*operation).and_then(|operation| operation.number) {
                Some(number) => Prepare::Take {
                    number,
                    direction: chronicle::direction(*direction),
                    files: chronicle::of_flight(files),
                },
                None => Prepare::Unrecorded,
            }
        }
        // The operation that is rolled back is under way until that is done.
        Purpose::RollBack { .. } => Prepare::Unrecorded,
    }
}

/// The journal has the edit, or cannot: now it is sent. When the text moved on meanwhile, it is computed anew.
pub(super) fn prepared(state: &mut State, id: ApplyId, number: Option<u64>) {
    let Some(flight) = state.flights.current.as_mut().filter(|flight| flight.id == id) else { return };
    (flight.number, flight.unsent) = (number, false);
    let Some(flight) = &state.flights.current else { return };
    let moved = flight.files.iter().any(|file| version_of(state, file) != file.version);
    if moved && flight.plan.attempt < ATTEMPTS {
        let plan = Plan { attempt: flight.plan.attempt + 1, ..flight.plan.clone() };
        EDITS.count(EditStep::Retried);
        state.flights.current = None;
        state.flights.waiting.push_front(plan);
        return chronicle::settle(state, number, Settlement::RolledBack, None, String::new(), None);
    }
    if !disk::write(state, id) {
        deliver(state, id);
    }
}

/// Sends the editor's part of an edit.
fn deliver(state: &mut State, id: ApplyId) {
    let Some(flight) = state.flights.current.as_ref().filter(|flight| flight.id == id) else { return };
    let files: Vec<&FlightFile> = flight.files.iter().filter(|file| !file.is_written).collect();
    if files.is_empty() {
        // Nothing of it is the editor's.
        return answered(state, id, true, None);
    }
    let label = plan::label(state, &flight.plan.purpose);
    let change = WorkspaceChange { label, files: plan::edits(state, &files) };
    EDITS.count(EditStep::Sent);
    let editor = &state.parts.services.editor;
    if matches!(flight.plan.purpose, Purpose::Accept { confirm: true, .. }) {
        editor.apply_confirmed(id, change);
    } else {
        editor.apply(id, change);
    }
}

/// The version of the document that a file is in now; `None` where it is not open.
fn version_of(state: &State, file: &FlightFile) -> Option<i32> {
    state.live(file.track.uri()).map(crate::text::Document::version)
}

/// Another process took the operation: nothing is sent.
pub(super) fn refused(state: &mut State, id: ApplyId, problem: &Problem) {
    let Some(flight) = state.flights.current.take_if(|flight| flight.id == id) else { return };
    if let Purpose::Take { operation, .. } = flight.plan.purpose
        && let Some(number) = state.history.get(operation).and_then(|known| known.number)
    {
        // It is not as we know it any more; the journal is right.
        chronicle::look_again(state, number);
    }
    settle::failed(state, &flight.plan, problem);
}

/// A document changed by one content change, or was opened: is this the text expected?
pub(super) fn observe(state: &mut State, uri: &DocumentUri) {
    let State { flights, documents, .. } = state;
    let Some(flight) = &mut flights.current else { return };
    let Some(open) = documents.get(uri) else { return };
    let text = open.document.text();
    for file in flight.files.iter_mut().filter(|file| !file.seen && file.uri_after().same_file(uri)) {
        file.observe(uri, text);
    }
    settle_if_clear(state);
}

fn is_same(text: &Rope, expected: &Rope) -> bool {
    text.len_bytes() == expected.len_bytes() && text == expected
}

/// A document was closed; `last` is the text it had, if that is known.
pub(super) fn closed(state: &mut State, uri: &DocumentUri, last: Option<&Rope>) {
    let Some(flight) = &mut state.flights.current else { return };
    for file in flight.files.iter_mut().filter(|file| file.version.is_some() && file.uri_before() == uri) {
        file.last = last.cloned();
    }
    settle_if_clear(state);
}

/// The editor answered.
pub(super) fn answered(state: &mut State, id: ApplyId, applied: bool, reason: Option<String>) {
    let Some(flight) = state.flights.current.as_mut().filter(|flight| flight.id == id) else { return };
    flight.answer = Some((applied, reason));
    let delay = if applied { EFFECT_TIME } else { REFUSED_TIME };
    state.later(delay, InternalEvent::ApplyDeadline(id));
    settle_if_clear(state);
}

/// The effect of an edit should have been seen by now.
pub(super) fn deadline(state: &mut State, id: ApplyId) {
    if state.flights.current.as_ref().is_some_and(|flight| flight.id == id) {
        settle_current(state);
    }
}

/// Settles as soon as the editor said yes and every open file shows it.
fn settle_if_clear(state: &mut State) {
    let Some(flight) = &state.flights.current else { return };
    let clear = !flight.unsent
        && matches!(flight.answer, Some((true, _)))
        && flight.files.iter().all(|file| file.seen || !is_observable(state, file));
    if !clear {
        return;
    }
    if flight.files.iter().any(|file| judge::may_close(state, file)) {
        return state.later(CLOSE_TIME, InternalEvent::ApplyDeadline(flight.id));
    }
    settle_current(state);
}

/// Settles, if need be after a look at the disk: when the editor says no, some of it may have happened all the same.
fn settle_current(state: &mut State) {
    let Some(flight) = &state.flights.current else { return };
    if flight.looking {
        return;
    }
    let id = flight.id;
    let applied = matches!(flight.answer, Some((true, _)));
    let places = if applied { Vec::new() } else { judge::places_to_look(state, &flight.files) };
    if places.is_empty() {
        return looked(state, id, &FileTexts::new());
    }
    read_then(state, places, move |texts| InternalEvent::FilesLooked { id, texts });
    if let Some(flight) = &mut state.flights.current {
        flight.looking = true;
    }
}

/// The disk was looked at for the files that cannot be observed.
pub(super) fn looked(state: &mut State, id: ApplyId, texts: &FileTexts) {
    let Some(mut flight) = state.flights.current.take_if(|flight| flight.id == id) else { return };
    for file in &mut flight.files {
        judge::look(file, texts);
    }
    let (applied, reason) = flight.answer.unwrap_or((false, None));
    settle::settle(state, flight.plan, flight.number, flight.files, applied, reason);
}

/// Whether the mirror shows what becomes of a file: it was open, or the edit itself opened it.
fn is_observable(state: &State, file: &FlightFile) -> bool {
    let open = || state.documents.contains_key(&state.spelling(file.uri_after().clone()));
    // A deleted document is closed, not changed.
    !matches!(file.kind, FlightKind::Delete | FlightKind::Uncreate) && (file.version.is_some() || open())
}

/// What a file that arrived became, for the history.
pub(super) fn applied_kind(file: &FlightFile) -> AppliedKind {
    match (file.kind, &file.renamed) {
        (FlightKind::Create, _) => AppliedKind::Created,
        (FlightKind::Delete | FlightKind::Uncreate, _) => AppliedKind::Deleted,
        (FlightKind::Rename, Some(Renamed { from, to, path })) => {
            AppliedKind::Renamed { from: from.clone(), to: to.clone(), path: path.clone() }
        }
        (FlightKind::Modify | FlightKind::Fill | FlightKind::Rename, _) => AppliedKind::Modified,
    }
}

/// The closed files whose texts must be known to say whether an operation can be taken.
pub(super) fn closed_files_of(state: &State, operation: u64, direction: Direction) -> Vec<DocumentUri> {
    plan::closed_files(state, &Purpose::Take { operation, direction })
}

/// Checks whether an operation could be taken in `direction`, as far as open documents and `texts` tell.
pub(super) fn check_take(
    state: &State,
    operation: u64,
    direction: Direction,
    texts: &FileTexts,
) -> Result<(), Problem> {
    if let Some(operation) = state.history.get(operation) {
        take::refuse_protected(operation)?;
    }
    plan::build(state, &Purpose::Take { operation, direction }, texts).map(drop)
}
