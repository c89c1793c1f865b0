//! `tenon undo` and `tenon redo`: an operation taken back, or made again, in the files on disk.
//!
//! Files that are as the operation left them get their other text. Where something changed since, the merge is shown
//! and nothing is written unless it is asked for: `--merge` writes a merge without conflicts, `--conflicts` one with
//! both sides between markers. All files or none, and nothing of the user's is thrown away. What an editor left under way
//! is taken the same way, by where each file stands.

mod left;
pub(in crate::cli) mod plan;

use std::io::Write as _;
use std::path::PathBuf;

use serde_json::{Value, json};

use super::record::{self, Held, Record, Recovered, links, operation};
use super::{Exit, interrupt, output};
use crate::diff::render;
use crate::ports::metrics::catalogue::PROBLEMS;
use crate::ports::{Direction, FrontDoor, OperationRecord, OperationState, SessionSummary, Unfinished};
use crate::problem::{Category, Problem};
use crate::text::Rope;
use plan::{FilePlan, How, Plan, plan};

/// Arguments of `tenon undo` and `tenon redo`.
#[derive(Debug, Clone, clap::Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the command line")]
pub struct TakeArgs {
    /// The workspace.
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub root: PathBuf,
    /// Write the merge where files changed since.
    #[arg(long)]
    pub merge: bool,
    /// Write conflicts too, with both sides between markers.
    #[arg(long, requires = "merge")]
    pub conflicts: bool,
    /// Write what is shown, though it came with an imported session.
    #[arg(long)]
    pub imported: bool,
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// The operation, as `tenon log` names it; the last one by default.
    #[arg(value_name = "OP")]
    pub operation: Option<String>,
}

/// Runs the command.
///
/// # Errors
/// Why nothing was changed.
pub fn run(args: &TakeArgs, direction: Direction, record: &Record) -> Result<Exit, Problem> {
    let record = record.on_disk()?;
    let folder = record::open(&args.root)?;
    let (held, told) = record.hold(folder)?;
    let is_asked_for = args.operation.is_some();
    told.iter().filter(|told| !is_asked_for || told.code != "left-under-way").for_each(output::tell);
    if let Some(recovered) = recovered(args, direction, &held)? {
        return settled_only(args, direction, recovered, &held, record);
    }
    let (operation, left) = find(args, direction, &held, record)?;
    let number = operation.head.number;
    operation::in_place(held.folder().root(), number, &operation.files)?;
    let present = operation::read(held.folder(), plan::paths(&operation.files))?;
    let is_foreign = operation.head.imported && !args.imported;
    let plan = plan(&operation.files, direction, &present, &name_of_other_side(number, direction));
    let refused = match is_foreign.then(|| foreign(direction, number)) {
        Some(problem) => Some(problem),
        None => open_in_editor(record, held.root(), &operation, &plan)?,
    };
    if let Some(problem) = refused.or_else(|| refusal(args, direction, number, &plan)) {
        PROBLEMS.count(problem.code);
        show(args, direction, number, &plan, Err(&problem))?;
        if !args.json {
            output::tell(&problem);
        }
        return Ok(Exit::Failed);
    }
    let texts = plan.texts();
    let mut settled = plan.settled(direction);
    if let Some(left) = left {
        held.end_left(left, direction)?;
        settled = settled.or_else(|| Some(operation.files.clone()));
    }
    let linked = links::broken(held.folder().root(), &texts);
    let behind = held.take(&operation, direction, &texts, settled)?;
    let warnings: Vec<Problem> = linked.into_iter().chain(behind).collect();
    show(args, direction, number, &plan, Ok(&warnings))?;
    if interrupt::came() {
        let said = format!(
            "Interrupted while files were written: all of them are, o{number} is {}.",
            done(direction)
        );
        let _ = writeln!(std::io::stderr().lock(), "{said}");
        return Ok(Exit::Cancelled);
    }
    Ok(Exit::Done)
}

fn verb(direction: Direction) -> &'static str {
    match direction {
        Direction::Undo => "undo",
        Direction::Redo => "redo",
    }
}

fn done(direction: Direction) -> &'static str {
    match direction {
        Direction::Undo => "undone",
        Direction::Redo => "redone",
    }
}

fn name_of_other_side(number: u64, direction: Direction) -> String {
    match direction {
        Direction::Undo => format!("before o{number}"),
        Direction::Redo => format!("after o{number}"),
    }
}

/// The operation that was settled just now, where this is all that is to be done: nobody saw yet how it ended, so what is
/// older is not meant, and it may be where it was to go already.
fn recovered(args: &TakeArgs, direction: Direction, held: &Held<'_>) -> Result<Option<Recovered>, Problem> {
    let (wanted, _) = direction.states();
    let number = args.operation.as_deref().map(operation::number).transpose()?;
    let is_there = |state| match direction {
        Direction::Undo => matches!(state, OperationState::RolledBack | OperationState::Undone),
        Direction::Redo => state == OperationState::Applied,
    };
    let is_all = |one: &Recovered| if number.is_some() { is_there(one.state) } else { one.state != wanted };
    Ok(held.recovered(number).filter(is_all))
}

/// Says how it ended, and what the command means next.
fn settled_only(
    args: &TakeArgs,
    direction: Direction,
    recovered: Recovered,
    held: &Held<'_>,
    record: &Record,
) -> Result<Exit, Problem> {
    let number = recovered.number;
    let name = format!("o{number}");
    if args.json {
        output::print_json(&json!({
            "status": "recovered",
            "operation": name,
            "state": recovered.state.name(),
            "files": [],
            "diff": "",
            "warnings": [],
            "errors": [],
        }))?;
        return Ok(Exit::Done);
    }
    let how = if recovered.is_finished { "finished" } else { "rolled back" };
    let (wanted, _) = direction.states();
    let next = operation::latest(record, held.root(), wanted, false)?;
    let next = next.filter(|_| args.operation.is_none()).map(|next| {
        let takes = match direction {
            Direction::Undo => "takes back",
            Direction::Redo => "makes again",
        };
        format!("; `tenon {}` again {takes} o{}", verb(direction), next.number)
    });
    let said = format!("{name} was interrupted and is {how}{}.", next.unwrap_or_default());
    // A stderr that is gone leaves nobody to tell.
    let _ = writeln!(std::io::stderr().lock(), "{said}");
    Ok(Exit::Done)
}

/// The operation that is meant, and what an editor left of it under way, with the texts of that.
fn find<'h>(
    args: &TakeArgs,
    direction: Direction,
    held: &'h Held<'_>,
    record: &Record,
) -> Result<(OperationRecord, Option<&'h Unfinished>), Problem> {
    let root = held.root();
    let (wanted, _) = direction.states();
    let number = match &args.operation {
        Some(name) => {
            let number = operation::number(name)?;
            operation::belongs(record, root, number)?;
            number
        }
        None => match held.recovered(None) {
            Some(recovered) => recovered.number,
            None => match operation::latest(record, root, wanted, false)? {
                Some(head) => head.number,
                None => {
                    let imported = operation::latest(record, root, wanted, true)?;
                    return Err(nothing(direction, imported.map(|head| head.number)));
                }
            },
        },
    };
    if let Some(left) = held.left(number) {
        return Ok((left::operation(left), Some(left)));
    }
    let operation = record.wait(record.journal().operation(number))?;
    if operation.head.state == wanted {
        return Ok((operation, None));
    }
    let state = operation.head.state;
    let message = format!("operation o{number} cannot be taken: it is {}", state.name());
    let hint = match (direction, state) {
        (Direction::Undo, OperationState::Undone) => format!("`tenon redo o{number}` makes it again"),
        (Direction::Redo, OperationState::Applied) => format!("`tenon undo o{number}` takes it back"),
        _ if state.is_under_way() => "an editor that is open has it under way, or could not judge it; look at `tenon.history` there, or try again \
             when it is closed".to_owned(),
        _ => "`tenon log` lists what can be taken".to_owned(),
    };
    Err(Problem::error("operation-taken", Category::Request, message).hint(hint))
}

/// What others made is named by its number, or not meant.
fn nothing(direction: Direction, imported: Option<u64>) -> Problem {
    let (code, message) = match direction {
        Direction::Undo => ("nothing-to-undo", "there is no change to take back in this workspace"),
        Direction::Redo => ("nothing-to-redo", "there is no change to make again in this workspace"),
    };
    let hint = "`tenon log` lists what was done; --root names the workspace";
    Problem::error(code, Category::Request, message).hint(match imported {
        Some(number) => {
            let verb = verb(direction);
            format!("o{number} came with an imported session: `tenon {verb} o{number} --imported` takes it; {hint}")
        }
        None => hint.to_owned(),
    })
}

/// The user has not seen yet what somebody else's record would write.
fn foreign(direction: Direction, number: u64) -> Problem {
    let message = format!("operation o{number} came with an imported session; nothing was written");
    Problem::error("imported-operation", Category::Request, message)
        .hint(format!("look at what is shown; `tenon {} o{number} --imported` writes it", verb(direction)))
}

/// A file that has its other text already may have it only because the editor that has the change did not save it: then
/// nothing would be taken there, and the editor could not take it any more.
fn open_in_editor(
    record: &Record,
    root: &str,
    operation: &OperationRecord,
    plan: &Plan,
) -> Result<Option<Problem>, Problem> {
    let Some(file) = plan.files.iter().find(|file| file.how == How::Already) else { return Ok(None) };
    let sessions = record.wait(record.journal().sessions(Some(root)))?;
    let is_its =
        |one: &SessionSummary| one.id == operation.head.session && one.door == FrontDoor::Editor && one.held;
    if !sessions.iter().any(is_its) {
        return Ok(None);
    }
    let message = format!(
        "operation o{} was made in an editor that is open, and {} on the disk has nothing of it to take; nothing was \
         written",
        operation.head.number, file.path
    );
    Ok(Some(
        Problem::error("open-in-editor", Category::Request, message)
            .hint("take it in that editor (`tenon.undo`, `tenon.redo`), or save its files there first"),
    ))
}

/// Why the plan is only shown.
fn refusal(args: &TakeArgs, direction: Direction, number: u64, plan: &Plan) -> Option<Problem> {
    if plan.is_exact() || args.merge && (args.conflicts || !plan.has_conflicts()) {
        return None;
    }
    let named = |fits: fn(How) -> bool, said: &str| {
        let files: Vec<&str> =
            plan.files.iter().filter(|file| fits(file.how)).map(|file| file.path.as_str()).collect();
        if files.is_empty() { None } else { Some(format!("{} {said}", files.join(", "))) }
    };
    let differ = [
        named(|how| matches!(how, How::Merged | How::Conflict | How::Kept), "changed"),
        named(|how| how == How::Gone, "went"),
        named(|how| how == How::InTheWay, "got in the way"),
    ];
    let differ: Vec<String> = differ.into_iter().flatten().collect();
    let message = format!("{} since operation o{number}; nothing was written", differ.join(", and "));
    let command = format!("tenon {} o{number}", verb(direction));
    let hint = if plan.files.iter().any(|file| file.how == How::Conflict) {
        format!("`{command} --merge --conflicts` writes what is shown, with both sides of every conflict")
    } else if plan.has_conflicts() {
        format!("`{command} --merge --conflicts` writes what is shown; what is not in it stays as it is")
    } else {
        format!("`{command} --merge` writes what is shown")
    };
    Some(Problem::error("changed-since", Category::Edit, message).hint(hint))
}

fn show(
    args: &TakeArgs,
    direction: Direction,
    number: u64,
    plan: &Plan,
    ended: Result<&[Problem], &Problem>,
) -> Result<(), Problem> {
    let diffs: Vec<String> = plan.files.iter().map(diff).collect();
    let done = done(direction);
    if args.json {
        let files: Vec<Value> = plan.files.iter().map(file_json).collect();
        return output::print_json(&json!({
            "status": if ended.is_err() { "refused" } else { done },
            "operation": format!("o{number}"),
            "files": files,
            "diff": diffs.concat(),
            "warnings": ended.unwrap_or_default(),
            "errors": ended.err().as_slice(),
        }));
    }
    output::print_diff(&diffs.concat())?;
    let mut stderr = std::io::stderr().lock();
    for file in &plan.files {
        if let Some(said) = said(file.how) {
            let _ = writeln!(stderr, "{}: {said}", render::visible(file.end_path()));
        }
    }
    if let Ok(warnings) = ended {
        let n_files = plan.files.iter().filter(|file| file.writes()).count();
        let _ = writeln!(stderr, "Operation o{number} is {done}: {n_files} file(s) changed.");
        drop(stderr);
        warnings.iter().for_each(output::tell);
    }
    Ok(())
}

fn diff(file: &FilePlan) -> String {
    if !file.writes() {
        return String::new();
    }
    let text = |rope: &Option<Rope>| rope.as_ref().map(Rope::to_string);
    render::file(&file.path, file.end_path(), text(&file.now).as_deref(), text(&file.then).as_deref(), false)
}

fn file_json(file: &FilePlan) -> Value {
    json!({
        "path": file.path,
        "to": file.path_after,
        "change": if file.writes() { file.kind().name() } else { "unchanged" },
        "how": file.how,
    })
}

fn said(how: How) -> Option<&'static str> {
    match how {
        How::Exact => None,
        How::Already => Some("has that text already"),
        How::Merged => Some("changed since in other lines; merged"),
        How::Conflict => Some("changed since in the same lines; both sides are between markers"),
        How::Kept => Some("changed since and would be deleted; it stays"),
        How::Gone => Some("is gone and would be made again"),
        How::InTheWay => Some("is where another file is now, or would go there; both stay"),
    }
}
