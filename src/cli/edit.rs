//! `tenon edit`: the same pipeline as in an editor, on files.
//!
//! A front door like any other: it sends the application's events and implements [`Editor`], where an edit is
//! written to disk, all files or none. Nothing is written before the change was shown and consented to.

mod disk_editor;

use std::io::{BufRead as _, IsTerminal as _, Write as _};
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};
use tokio::sync::{mpsc, oneshot};

use super::record::links;
use super::{EditArgs, Exit, interrupt, output};
use crate::app::event::ClientFacts;
use crate::app::{Command, EditRequest, Event, Intent, Selection, Target};
use crate::diff::render;
use crate::ports::{Editor, TaskNotice};
use crate::problem::{Category, Problem, plain};
use crate::text::PositionEncoding;
use disk_editor::DiskEditor;

/// Runs the command. `start` starts the application for the editor it is given.
///
/// # Errors
/// Whatever kept the change from being made; nothing was changed then.
pub async fn run(
    args: &EditArgs,
    start: impl FnOnce(Arc<dyn Editor>) -> mpsc::UnboundedSender<Event>,
) -> Result<Exit, Problem> {
    let root = folder(&args.root)?;
    let mut also: Vec<_> = args.paths.iter().map(|path| absolute(path, &root)).collect();
    if also.is_empty() {
        return Err(Problem::error("no-file", Category::Request, "no file was named")
            .hint("name at least one file: tenon edit \"make it async\" src/lib.rs"));
    }
    if let Some(path) = also.iter().find(|path| !is_below(path, &root)) {
        let message = format!("{} is outside {}; nothing was sent", path.display(), root.display());
        return Err(Problem::error("outside-workspace", Category::Request, message)
            .hint("name files below the workspace, or another workspace with `--root`"));
    }
    let target = also.remove(0);
    let consent = super::consent::protected(&args.allow_protected, &root)?;
    let (notices, mut noticed) = mpsc::unbounded_channel();
    let (back, inbox) = oneshot::channel();
    let editor = DiskEditor::new(
        (root.clone(), consent),
        notices,
        inbox,
        std::io::stderr().is_terminal() && !args.json,
    );
    let events = start(Arc::new(editor));
    let _ = back.send(events.clone());
    let facts = ClientFacts {
        folders: vec![root.clone()],
        encoding: PositionEncoding::Utf8,
        apply_edit: true,
        resource_operations: true,
        rename_files: true,
        show_document: false,
    };
    let _ = events.send(Event::Initialized(facts));
    let request = EditRequest {
        target: Target::Path(target),
        region: None,
        intent: Intent::Instruction(args.instruction.clone()),
        auto: Some(false),
        also,
        consent: Vec::new(),
    };
    let task = ask(&events, Command::Edit(request)).await?;
    let in_order = |problem| in_order(problem, args, &root);
    if args.show_prompt {
        return show_prompt(args, &events, &mut noticed, &task["task"]).await.map_err(in_order);
    }
    let proposal = tokio::select! {
        ready = proposal(&mut noticed) => ready.map_err(in_order)?,
        _ = tokio::signal::ctrl_c() => {
            let _ = events.send(Event::Shutdown);
            let _ = writeln!(std::io::stderr().lock(), "Nothing was changed.");
            return Ok(Exit::Cancelled);
        }
    };
    let shown =
        ask(&events, Command::Show { proposal: Some(proposal.clone()), open: false, texts: false }).await?;
    let diff = shown["diff"].as_str().unwrap_or_default();
    if !args.json {
        output::print_diff(diff)?;
        tell_impact(&shown);
        let consented = if args.yes { Ok(true) } else { consented().await };
        if consented != Ok(true) {
            // Whoever asks again wants another answer than this one.
            let selection = Selection { proposal: Some(proposal), ..Selection::default() };
            ask(&events, Command::Reject(selection)).await?;
            let _ = events.send(Event::Shutdown);
            consented?;
            let _ = writeln!(std::io::stderr().lock(), "Nothing was changed.");
            return Ok(Exit::Cancelled);
        }
    }
    let warnings = links::broken_paths(&root, changed(&shown));
    if !args.json {
        warnings.iter().for_each(output::tell);
    }
    if args.yes || !args.json {
        let selection = Selection { proposal: Some(proposal.clone()), ..Selection::default() };
        // Until the journal has it too, which is after this.
        interrupt::hold().keep();
        ask(&events, Command::Accept(selection)).await?;
        applied(&mut noticed).await?;
    }
    if args.json {
        let mut told = json!({ "status": if args.yes { "applied" } else { "proposed" }, "diff": diff,
            "impact": shown["impact"], "notes": shown["notes"], "warnings": warnings.as_slice(), "errors": [] });
        if args.yes
            && let Some(operation) = operation_of(&events, &proposal).await
        {
            told["operation"] = operation.into();
        }
        output::print_json(&told)?;
    }
    let _ = events.send(Event::Shutdown);
    if interrupt::came() {
        let said = "Interrupted while files were written: all of them are; `tenon undo` takes them back.";
        let _ = writeln!(std::io::stderr().lock(), "{said}");
        return Ok(Exit::Cancelled);
    }
    Ok(Exit::Done)
}

/// The name of the operation that `proposal` became, where the journal has it.
async fn operation_of(events: &mpsc::UnboundedSender<Event>, proposal: &str) -> Option<String> {
    let history = ask(events, Command::History { path: None }).await.ok()?;
    let mut operations = history["operations"].as_array()?.iter();
    let of_it = operations.find(|operation| operation["proposal"] == proposal)?;
    of_it["operation"].as_str().map(str::to_owned)
}

/// Says so when the instruction is a file, and the file none: then the two changed places.
fn in_order(problem: Problem, args: &EditArgs, root: &Path) -> Problem {
    let file = Path::new(&args.instruction);
    let [path] = &args.paths[..] else { return problem };
    if problem.code != "unknown-document" || !(file.is_file() || root.join(file).is_file()) {
        return problem;
    }
    problem.hint(format!(
        "the instruction comes first: tenon edit {:?} {}",
        path.display().to_string(),
        args.instruction
    ))
}

/// Prints what would be sent. Control characters are left out for people; JSON has them.
async fn show_prompt(
    args: &EditArgs,
    events: &mpsc::UnboundedSender<Event>,
    noticed: &mut mpsc::UnboundedReceiver<TaskNotice>,
    task: &Value,
) -> Result<Exit, Problem> {
    match proposal(noticed).await {
        Err(problem) if problem.code == "prompt-shown" => {}
        Err(problem) => return Err(problem),
        Ok(_) => return Err(gone()),
    }
    let task = task.as_str().map(str::to_owned);
    let prompts = ask(events, Command::Prompt { task, open: false }).await?;
    let _ = events.send(Event::Shutdown);
    if args.json {
        output::print_json(&json!({ "status": "shown", "prompts": prompts["prompts"], "errors": [] }))?;
    } else {
        output::print(&plain(prompts["text"].as_str().unwrap_or_default()))?;
    }
    Ok(Exit::Done)
}

/// Paths of the files that get another text.
fn changed(shown: &Value) -> impl Iterator<Item = &str> {
    let files = shown["files"].as_array().into_iter().flatten();
    files.filter(|file| file["change"] != "delete").filter_map(|file| file["path"].as_str())
}

/// What the change does to symbols and what deserves a look, below the diff. A stderr that is gone leaves nobody to tell.
fn tell_impact(shown: &Value) {
    let listed = |name: &str| shown[name].as_array().cloned().unwrap_or_default();
    let mut stderr = std::io::stderr().lock();
    for impact in listed("impact") {
        let (path, said) = (&impact["path"], &impact["summary"]);
        let line = format!("{}: {}", path.as_str().unwrap_or_default(), said.as_str().unwrap_or_default());
        let _ = writeln!(stderr, "{}", render::visible(&line));
    }
    for note in listed("notes") {
        let (path, said) =
            (note["path"].as_str().unwrap_or_default(), note["message"].as_str().unwrap_or_default());
        let _ =
            writeln!(stderr, "note: {}:{}: {}", render::visible(path), note["line"], render::visible(said));
    }
}

fn folder(path: &Path) -> Result<PathBuf, Problem> {
    std::fs::canonicalize(path).ok().filter(|path| path.is_dir()).ok_or_else(|| {
        let message = format!("{} is not a folder that can be read", path.display());
        Problem::error("no-such-folder", Category::Request, message).hint("name a folder that exists")
    })
}

/// A path as the shell means it: relative to the working folder if it is there, else to the root. One that is named
/// below the root and led out by a link stays as it is named, and so is refused.
fn absolute(path: &Path, root: &Path) -> PathBuf {
    let Ok(real) = std::fs::canonicalize(path) else { return root.join(path) };
    let Ok(named) = std::path::absolute(path) else { return real };
    if real.starts_with(root) {
        return real;
    }
    let below = |folder: &Path| {
        let folder_is = std::fs::canonicalize(folder).ok().filter(|folder| folder.starts_with(root))?;
        let rest = named.strip_prefix(folder).ok()?;
        // By `..` it may lead out again; then it counts where it is.
        rest.components().all(|part| part != Component::ParentDir).then(|| folder_is.join(rest))
    };
    named.ancestors().skip(1).find_map(below).unwrap_or(real)
}

/// Whether a path, as it is written, stays below the root.
fn is_below(path: &Path, root: &Path) -> bool {
    let Ok(rest) = path.strip_prefix(root) else { return false };
    let mut depth = 0_usize;
    rest.components().all(|part| match part {
        Component::ParentDir => depth.checked_sub(1).map(|less| depth = less).is_some(),
        _ => {
            depth += 1;
            true
        }
    })
}

async fn ask(events: &mpsc::UnboundedSender<Event>, command: Command) -> Result<Value, Problem> {
    let (reply, answer) = oneshot::channel();
    let _ = events.send(Event::Command(command, reply));
    answer.await.unwrap_or_else(|_| Err(gone()))
}

fn gone() -> Problem {
    Problem::error("internal", Category::Internal, "the application ended early")
        .hint("the log has the details")
}

/// Waits for the proposal's id, or for what kept it from coming.
async fn proposal(noticed: &mut mpsc::UnboundedReceiver<TaskNotice>) -> Result<String, Problem> {
    while let Some(notice) = noticed.recv().await {
        match notice {
            TaskNotice::Proposal { proposal, cached, .. } => {
                if cached {
                    let said = "tenon: answered from the cache, no model was asked (`tenon models --forget` empties it)";
                    let _ = writeln!(std::io::stderr().lock(), "{said}");
                }
                return Ok(proposal);
            }
            TaskNotice::Failed { error } => return Err(error),
            _ => {}
        }
    }
    Err(gone())
}

async fn applied(noticed: &mut mpsc::UnboundedReceiver<TaskNotice>) -> Result<(), Problem> {
    while let Some(notice) = noticed.recv().await {
        match notice {
            TaskNotice::Applied { .. } => return Ok(()),
            TaskNotice::Failed { error } => return Err(error),
            _ => {}
        }
    }
    Err(gone())
}

/// Asks at the terminal, until Ctrl-C: once it was listened for, it ends nothing by itself any more.
async fn consented() -> Result<bool, Problem> {
    tokio::select! {
        consent = consent() => consent,
        _ = tokio::signal::ctrl_c() => Ok(false),
    }
}

/// Asks at the terminal.
///
/// # Errors
/// There is no terminal to ask at.
async fn consent() -> Result<bool, Problem> {
    let asked = tokio::task::spawn_blocking(|| {
        if !std::io::stdin().is_terminal() {
            let message = "nothing was changed: there is nobody to ask";
            return Err(Problem::error("needs-consent", Category::Request, message)
                .hint("look at what is shown; `--yes` applies it"));
        }
        let mut stderr = std::io::stderr();
        let _ = write!(stderr, "Apply this change? [y/N] ").and_then(|()| stderr.flush());
        let mut line = String::new();
        let read = std::io::stdin().lock().read_line(&mut line);
        Ok(read.is_ok() && matches!(line.trim(), "y" | "Y" | "yes"))
    });
    asked.await.unwrap_or(Ok(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_goes_gets_no_other_text() {
        let files = json!([{"path": "a", "change": "delete"}, {"path": "b", "change": "modify"}]);
        assert_eq!(changed(&json!({ "files": files })).collect::<Vec<_>>(), ["b"]);
    }
}
