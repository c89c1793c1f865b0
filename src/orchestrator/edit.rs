//! The `edit` pipeline: gather → prompt → stream → resolve → one bounded repair → outcome.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::ask::{Answer, ask, report};
use super::comment::CommentInstruction;
use super::conversation::Conversation;
use super::count;
use super::failure::{Failed, Failure};
use super::gather::{Gathered, gather, whole_lines};
use super::job::{EditJob, Outcome, Services};
use super::put_back::put_back;
use super::withheld::{leads_to, withheld};
use crate::diff::gate::{self, Consent, Note};
use crate::diff::impact::{Impact, impact};
use crate::diff::lower::ProtectedConsent;
use crate::diff::{self, ChangeKind, ChangeSet, Evidence, FileChange, FileSet, Hunk, Refusal};
use crate::model::{CacheKey, Model, ModelError, ModelErrorKind, OutgoingFilter, Request, Role, Usage};
use crate::ports::metrics::catalogue::HUNKS;
use crate::ports::{EditFate, ProgressStage, SourceFiles, TaskNotice};
use crate::problem::{Category, Problem, Severity};
use crate::text::DocumentUri;

/// What this pipeline asks models for.
const ROLE: Role = Role::Edit;

/// Runs the pipeline to its outcome. Cancelling drops everything at once, the model's connection included.
///
/// # Errors
/// Whatever kept it from a proved change; nothing was changed then.
pub async fn run(job: EditJob, services: Services, cancel: CancellationToken) -> Result<Outcome, Problem> {
    let limit = services.settings.task_time;
    tokio::select! {
        biased;
        () = cancel.cancelled() => Err(cancelled()),
        result = tokio::time::timeout(limit, edit(job, services)) => {
            result.unwrap_or_else(|_| Err(timed_out(limit.as_secs())))
        }
    }
}

/// How a cancelled task ends.
pub(crate) fn cancelled() -> Problem {
    let mut problem = Problem::error("cancelled", Category::Request, "cancelled; nothing was changed");
    problem.severity = Severity::Info;
    problem
}

fn timed_out(seconds: u64) -> Problem {
    Problem::error("task-timeout", Category::Model, format!("the task took longer than {seconds} s"))
        .hint("ask for less at once, use a faster model, or raise limits.task_seconds")
}

async fn edit(job: EditJob, services: Services) -> Result<Outcome, Problem> {
    let job = Arc::new(job);
    enter(&services, &job.task, ProgressStage::Gather, "reading the files");
    let gathered = gather_off_loop(&job, &services).await?;
    let models = services.models.models(ROLE).await?;
    let mut usage = Usage::default();
    let mut failed = Failed::default();
    for model in &models {
        if !failed.permits(model.settings()) {
            continue;
        }
        match edit_with(&job, &services, model, &gathered, &mut usage).await {
            Ok(Written { proved: Proved { changes, impact, notes }, answer, cached }) => {
                failed.tell(&services, None);
                return Ok(Outcome {
                    changes,
                    impact,
                    notes,
                    base: gathered.base,
                    uris: gathered.uris,
                    role: ROLE,
                    model: model.name().to_owned(),
                    usage,
                    answer,
                    cached,
                });
            }
            Err(failure) => failed.add(model.settings(), failure),
        }
    }
    Err(failed.end(&services))
}

async fn gather_off_loop(job: &Arc<EditJob>, services: &Services) -> Result<Gathered, Problem> {
    let (job, files) = (Arc::clone(job), Arc::clone(&services.files));
    let (settings, filter) = (Arc::clone(&services.settings), services.filter.clone());
    blocking(move || gather(&job, &files, &settings, &filter)).await?
}

/// Runs work that blocks or computes on a thread of its own, so that no protocol task waits behind it.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Problem> {
    tokio::task::spawn_blocking(work).await.map_err(|error| {
        tracing::error!(%error, "blocking work failed");
        Problem::error("internal", Category::Internal, "tenon failed at this; the log has the details")
            .hint("please report it with the log file")
    })
}

fn enter(services: &Services, task: &str, stage: ProgressStage, message: &str) {
    let percent = services.board.enter(task, stage).percent();
    report(services, task, stage, message.to_owned());
    services.editor.notice(task, TaskNotice::Stage { stage, percent });
}

/// A change set that fits and passed the gates, and what is known of it.
struct Proved {
    changes: ChangeSet,
    impact: BTreeMap<String, Vec<Impact>>,
    notes: Vec<Note>,
}

/// What a model wrote, and where its answer is kept.
struct Written {
    proved: Proved,
    answer: Option<CacheKey>,
    cached: bool,
}

async fn edit_with(
    job: &EditJob,
    services: &Services,
    model: &Arc<dyn Model>,
    gathered: &Gathered,
    usage: &mut Usage,
) -> Result<Written, Failure> {
    let too_large = |problem| Failure::of_kind(problem, ModelErrorKind::PromptTooLarge);
    let fitted = gathered.fit(model.settings()).map_err(too_large)?;
    let mut conversation = Conversation::begin(gathered, &fitted, model.settings());
    if services.settings.sends_nothing {
        return Err(Failure::end(only_shown(services, &job.task, model, conversation)));
    }
    let mut refusals = Vec::new();
    for round in 0..=services.settings.repair_rounds {
        let stage = if round == 0 { ProgressStage::Ask } else { ProgressStage::Repair };
        enter(services, &job.task, stage, &asking(model.name(), round, refusals.len()));
        let asked = ask(services, &job.task, model.as_ref(), &conversation).await;
        let answer = asked.map_err(|failed| {
            // A repair goes to the model that wrote what is to be repaired, and its text was shown.
            if round > 0 {
                Failure::end(unrepaired(&refusals, &Problem::from(&failed.error)))
            } else {
                Failure::of(&failed.error, failed.shown)
            }
        })?;
        *usage += answer.usage;
        enter(services, &job.task, ProgressStage::Resolve, "finding the place of each edit");
        let Answer { said, reply, cached, kept_under, .. } = answer;
        let began = Instant::now();
        let resolved = resolve(job, services, gathered, &fitted.base, reply).await.map_err(Failure::end)?;
        count::resolved(began.elapsed(), resolved.as_ref().map(|proved| &proved.changes));
        match resolved {
            Ok(proved) if !proved.changes.files.is_empty() => {
                HUNKS.count(EditFate::Fitted);
                services.ledger.decided(ROLE, model.name(), EditFate::Fitted, 1);
                return Ok(Written { proved, answer: kept_under, cached });
            }
            useless => {
                HUNKS.count(EditFate::Refused);
                services.ledger.decided(ROLE, model.name(), EditFate::Refused, 1);
                // Who asks again wants another answer.
                if let Some(key) = kept_under {
                    services.models.forget(key);
                }
                refusals = useless.err().ok_or_else(|| Failure::end(no_change()))?;
            }
        }
        if refusals.iter().any(|refusal| refusal.code == diff::RefusalCode::Truncated) {
            break; // The same question would be cut at the same place.
        }
        conversation.correct(said, &refusals);
    }
    let unknown = unknown_file(job, services, gathered, &refusals).await.map_err(Failure::end)?;
    Err(Failure::end(unknown.unwrap_or_else(|| refused(&refusals))))
}

/// What there is to say to people of a file that the reply names and the model was not given. Of one that is never sent to a
/// model it is not told whether it exists.
async fn unknown_file(
    job: &EditJob,
    services: &Services,
    gathered: &Gathered,
    refusals: &[Refusal],
) -> Result<Option<Problem>, Problem> {
    let first = refusals.first().filter(|first| first.code == diff::RefusalCode::UnknownFile);
    let Some(path) = first.and_then(|first| first.path.clone()) else { return Ok(None) };
    let mut problem = refused(refusals);
    let (root, alone, named) = (job.root.clone(), job.alone, path.clone());
    let (files, filter) = (Arc::clone(&services.files), services.filter.clone());
    let is_there = blocking(move || !alone && could_be_given(files.as_ref(), &filter, &root, &named)).await?;
    if is_there {
        problem.message = format!("the model's reply was refused: `{path}` was not given to the model");
        let hint = "nothing was changed; name it in the request too, or open it in the editor, and ask again";
        return Ok(Some(problem.hint(hint)));
    }
    let near = diff::lower::near_names(&path, gathered.base.files.keys());
    if near.is_empty() {
        return Ok(Some(problem));
    }
    let near = near.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let hint = format!(
        "nothing was changed; nearest of the files given: {near}; ask again, and name the file in the request"
    );
    Ok(Some(problem.hint(hint)))
}

/// Whether there is a file of this name below the root that a model may be shown.
fn could_be_given(files: &dyn SourceFiles, filter: &OutgoingFilter, root: &Path, name: &str) -> bool {
    let path = root.join(name);
    let uri = DocumentUri::from_path(&path);
    withheld(files, filter, (root, false), (name, &uri)).is_none()
        && matches!(
            files.read_below(root, &path),
            Ok(Some(found)) if !filter.denies(&found.leads_to.to_string_lossy())
        )
}

/// Keeps the prompt for a look; how a task ends that sends nothing.
fn only_shown(
    services: &Services,
    task: &str,
    model: &Arc<dyn Model>,
    conversation: Conversation,
) -> Problem {
    match services.filter.pass(Request::Chat(conversation.request)) {
        Ok(outgoing) => {
            services.prompts.keep(task, model.settings(), outgoing, false);
            let mut problem = Problem::error("prompt-shown", Category::Request, "nothing was sent");
            problem.severity = Severity::Info;
            problem
        }
        Err(withheld) => {
            let settings = model.settings();
            let error = ModelError::new(withheld.kind, &settings.provider, &settings.name, withheld.message);
            Problem::from(&error)
        }
    }
}

fn asking(model: &str, round: u32, n_refused: usize) -> String {
    if round == 0 {
        format!("waiting for {model}")
    } else {
        format!("{n_refused} edits did not fit; {model} tries again")
    }
}

fn no_change() -> Problem {
    let message = "the model's answer changes nothing";
    let mut problem = Problem::error("no-change", Category::Model, message)
        .hint("say more exactly what should change, or what is wrong now");
    problem.severity = Severity::Info;
    problem
}

fn refused(refusals: &[Refusal]) -> Problem {
    let Some(first) = refusals.first() else { return no_change() };
    let mut problem = Problem::from(first);
    if refusals.len() > 1 {
        problem.message = format!("{} (and {} more)", problem.message, refusals.len() - 1);
    }
    // The refusal's own hint is for the model, which had its chance.
    problem.message = format!("the model's reply was refused: {}", problem.message);
    problem.hint(match first.code {
        diff::RefusalCode::MovesSecret => {
            "nothing was changed; change the lines with secrets by hand, or ask for what leaves them as they are"
        }
        _ => "nothing was changed; ask again, more exactly or for less at once, or use another model",
    })
}

/// The refusal is what the user must know; that the repair failed too comes second.
fn unrepaired(refusals: &[Refusal], repair: &Problem) -> Problem {
    let mut problem = refused(refusals);
    problem.message = format!("{} (asking for a repair failed: {})", problem.message, repair.message);
    problem
}

async fn resolve(
    job: &EditJob,
    services: &Services,
    gathered: &Gathered,
    shown: &FileSet,
    reply: Result<diff::parse::Reply, Vec<Refusal>>,
) -> Result<Result<Proved, Vec<Refusal>>, Problem> {
    let reply = match reply {
        Ok(reply) => reply,
        Err(refusals) => return Ok(Err(refusals)),
    };
    let (shown, base, target) = (shown.clone(), gathered.base.clone(), gathered.target.clone());
    let (comment, marks, filter) =
        (gathered.comment.clone(), gathered.marks.clone(), services.filter.clone());
    let files = Arc::clone(&services.files);
    let (root, itself) = (job.root.clone(), job.alone.then(|| gathered.target.clone()));
    let mut protected = services.settings.protected.clone();
    protected.add(&job.consent);
    blocking(move || {
        // Up to the end on what the model saw: what is refused goes back to it, lines of the text included.
        let mut changes = diff::evaluate(&reply, &shown)?;
        for change in &changes.files {
            if itself.as_ref().is_some_and(|itself| !is_only(change, itself)) {
                return Err(vec![Refusal::outside(change.new_path().unwrap_or(&change.path))]);
            }
            allowed(change, files.as_ref(), &root, &protected).map_err(|refusal| vec![refusal])?;
        }
        if let Some(comment) = comment {
            remove_comment(&mut changes, &shown, &target, &comment);
        }
        let notes = gate::check(&changes, &shown, Consent::default())?;
        put_back(&mut changes, &marks, &filter)?;
        let impact = impact(&changes, &base);
        Ok(Proved { changes, impact, notes })
    })
    .await
}

/// Whether a change is one of the text of this file, and of nothing else.
fn is_only(change: &FileChange, path: &str) -> bool {
    change.path == path && matches!(change.kind, ChangeKind::Modify { .. })
}

/// Refuses a change of what models may not write, and one that comes upon a file or leaves the workspace by a link.
fn allowed(
    change: &FileChange,
    files: &dyn SourceFiles,
    root: &Path,
    consent: &ProtectedConsent,
) -> Result<(), Refusal> {
    let old_path = Some(change.path.as_str()).filter(|path| Some(*path) != change.new_path());
    for path in old_path.into_iter().chain(change.new_path()) {
        if !consent.permits(path) {
            return Err(Refusal::protected(path));
        }
        let comes = Some(path) == change.new_path();
        let goes = !comes && change.path_after() != Some(path);
        match leads_to(files, root, &root.join(path)) {
            // A link may hide such a name.
            Some(real) if !consent.permits(&real.to_string_lossy()) => {
                return Err(Refusal::protected(path));
            }
            Some(real) if goes && real != Path::new(path) => return Err(Refusal::link(path)),
            None => return Err(Refusal::outside(path)),
            Some(real) if files.is_off_limits(root, &real) => return Err(Refusal::off_limits(path)),
            _ => {}
        }
        if comes && !matches!(files.read(&root.join(path)), Ok(None)) {
            return Err(Refusal::file_exists(path));
        }
    }
    Ok(())
}

/// Removes the comment instruction when the model left it: exactly the comment, and its line only when nothing else
/// is on it. What follows in further comment lines stays; it may be another comment.
fn remove_comment(changes: &mut ChangeSet, base: &FileSet, path: &str, comment: &CommentInstruction) {
    let text = &base.files[path];
    let line = *comment.lines.start();
    let range = whole_lines(text, &(line..=line));
    let Some(insert) = comment.range.clone().and_then(|at| without(&text.line(line).to_string(), at)) else {
        return; // A block comment that goes on: only a part of it would go.
    };
    let Some(file) = changes.files.iter_mut().find(|file| file.path == path) else {
        return; // The edit is elsewhere; then the comment stays, so that nothing is lost by a wrong answer.
    };
    let (ChangeKind::Modify { hunks } | ChangeKind::Rename { hunks, .. }) = &mut file.kind else { return };
    if hunks.iter().any(|hunk| hunk.range.start < range.end && range.start < hunk.range.end) {
        return; // The model took care of it, in its own way.
    }
    // A hunk right beside it takes it in: the two are one change.
    if let Some(below) = hunks.iter_mut().find(|hunk| hunk.range.start == range.end) {
        below.range.start = range.start;
        below.insert.insert_str(0, &insert);
        below.line = line + 1;
    } else if let Some(above) = hunks.iter_mut().find(|hunk| hunk.range.end == range.start) {
        above.range.end = range.end;
        above.insert.push_str(&insert);
    } else {
        let at = hunks.partition_point(|hunk| hunk.range.start < range.start);
        hunks.insert(at, Hunk { range, insert, evidence: Evidence::EXACT, line: line + 1, block: 0 });
    }
}

/// A line without the bytes of its comment; empty when nothing else is on it.
fn without(line: &str, comment: Range<usize>) -> Option<String> {
    let content = line.trim_end_matches(['\n', '\r']);
    let ending = &line[content.len()..];
    let (before, after) = (content.get(..comment.start)?, content.get(comment.end..)?);
    Some(match (before.trim().is_empty(), after.trim().is_empty()) {
        (true, true) => String::new(),
        (false, true) => format!("{}{ending}", before.trim_end()),
        (_, false) => format!("{before}{}{ending}", after.trim_start()),
    })
}

#[cfg(test)]
mod tests {
    use super::without;

    fn check(line: &str, comment: &str, expected: &str) {
        let start = line.find(comment).unwrap();
        assert_eq!(without(line, start..start + comment.len()).unwrap(), expected);
    }

    #[test]
    fn only_the_comment_goes() {
        check("    // AI! x\n", "// AI! x", "");
        check("let a = 1; // AI! x\r\n", "// AI! x", "let a = 1;\r\n");
        check("/* AI! x */ fn f() {\n", "/* AI! x */", "fn f() {\n");
        check("<p> <!-- AI! x --> </p>\n", "<!-- AI! x -->", "<p> </p>\n");
    }
}
