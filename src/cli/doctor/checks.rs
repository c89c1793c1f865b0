//! The checks of this machine: configuration, state, log, grammars, editors.

use std::path::PathBuf;

use super::{Check, JournalFacts, Kept, Status, Surroundings};
use crate::cli::models::past;
use crate::config::Config;
use crate::ports::{ProviderHistory, RequestEnd};
use crate::problem::Problem;
use crate::syntax::Language;
use crate::telemetry;

/// The checks that need no connection.
pub(super) fn local(surroundings: &Surroundings<'_>) -> Vec<Check> {
    let mut checks = configuration(surroundings);
    checks.push(state(surroundings));
    checks.push(log(surroundings));
    checks.extend(journal(&surroundings.kept));
    checks.extend(interrupted(&surroundings.kept));
    checks
}

fn configuration(surroundings: &Surroundings<'_>) -> Vec<Check> {
    let name = "configuration";
    let file = surroundings.file;
    let mut checks = match (surroundings.config, file.path()) {
        (Err(error), _) => {
            error.problems().iter().map(|problem| Check::of(name, Status::Fail, problem)).collect()
        }
        (Ok(_), Some(path)) if file.exists() => vec![Check::ok(name, path.display().to_string())],
        (Ok(_), Some(path)) if file.by_variable() => {
            let message = format!("{} does not exist, so the defaults hold", path.display());
            vec![Check::warn(name, message, "TENON_CONFIG names it")]
        }
        (Ok(_), Some(path)) => {
            vec![Check::ok(name, format!("none at {}, so the defaults hold", path.display()))]
        }
        (Ok(_), None) => {
            let message = "no home directory, so the defaults hold";
            vec![Check::warn(name, message, "TENON_CONFIG names a file")]
        }
    };
    if let Some(path) = &surroundings.ignored {
        let message = format!("{} was found and is not read", path.display());
        let hint = "the workspace is not trusted: look at it with `tenon trust --show`";
        checks.push(Check::warn(name, message, hint));
    }
    checks
}

fn state(surroundings: &Surroundings<'_>) -> Check {
    let name = "state";
    match surroundings.state {
        Err(problem) => Check::of(name, Status::Fail, problem),
        Ok(state) => match state.try_write() {
            Err(problem) => Check::of(name, Status::Fail, &problem),
            Ok(()) if state.is_private() => Check::ok(name, state.path().display().to_string()),
            Ok(()) => {
                let message = format!("{} can be read by others", state.path().display());
                Check::warn(name, message, format!("chmod 700 {}", state.path().display()))
            }
        },
    }
}

fn log(surroundings: &Surroundings<'_>) -> Check {
    let name = "log";
    let telemetry = surroundings.telemetry;
    if let Some(problem) = telemetry.problem() {
        return Check::of(name, Status::Warn, problem);
    }
    let Some(folder) = telemetry.folder() else {
        return Check::warn(name, "no log is written", "set TENON_STATE_DIR to a directory of your own");
    };
    match telemetry::try_write(folder) {
        Err(problem) => Check::of(name, Status::Warn, &problem),
        Ok(()) => match telemetry.n_dropped() {
            0 => Check::ok(name, folder.display().to_string()),
            n => Check::warn(name, format!("{n} lines were dropped"), "TENON_LOG=tenon=info logs less"),
        },
    }
}

fn journal(kept: &Kept) -> Vec<Check> {
    let name = "journal";
    let is_locked = kept.journal.as_ref().is_some_and(|journal| journal.key.is_none());
    let told = |problem: &Problem| match problem.code {
        "answers-unusable" => Check::of("answers", Status::Warn, problem),
        // Nothing is recorded.
        _ if is_locked => Check::of(name, Status::Fail, problem),
        _ => Check::of(name, Status::Warn, problem),
    };
    let mut checks: Vec<_> = kept.problems.iter().map(told).collect();
    // Without its key, a problem says so.
    if let Some(JournalFacts { path, version, bytes, key: Some(key) }) = &kept.journal {
        let size = bytes.div_ceil(1024);
        checks.push(Check::ok(name, format!("{}, version {version}, {size} KiB", path.display())));
        checks.push(Check::ok(name, format!("sealed with the key in {key}")));
    }
    checks
}

/// A line for each operation that no living process will end.
fn interrupted(kept: &Kept) -> Vec<Check> {
    kept.interrupted.iter().map(|left| Check::of("interrupted", Status::Warn, &left.problem())).collect()
}

/// How the last requests to each configured provider went; nothing for those that were not asked.
pub(super) fn providers(config: &Config, histories: &[ProviderHistory]) -> Vec<Check> {
    let known = histories.iter().filter(|history| config.providers.contains_key(&history.provider));
    known
        .map(|history| match history.last {
            RequestEnd::Failed(_) => {
                let hint = "`tenon models --probe` asks its models; the log has the details";
                Check::warn("requests", past(history), hint)
            }
            RequestEnd::Complete | RequestEnd::Cached | RequestEnd::Cancelled => {
                Check::ok("requests", past(history))
            }
        })
        .collect()
}

/// The grammars that are built in.
pub(super) fn languages() -> Check {
    Check::ok("languages", Language::ALL.map(Language::id).join(", "))
}

/// Editors with a page of their own, and the name of their program.
const EDITORS: &[(&str, &str, &str)] = &[
    ("nvim", "Neovim", "docs/editors/neovim.md"),
    ("hx", "Helix", "docs/editors/helix.md"),
    ("code", "Visual Studio Code", "docs/editors/vscode.md"),
    ("emacs", "Emacs", "docs/editors/emacs.md"),
];

/// The editors on the path, each with the page to read.
pub(super) fn editors() -> Vec<Check> {
    let folders = std::env::var_os("PATH").map(|path| std::env::split_paths(&path).collect::<Vec<_>>());
    let folders = folders.unwrap_or_default();
    let found = EDITORS
        .iter()
        .filter_map(|(program, name, page)| {
            let path = on_path(program, &folders)?;
            Some(Check::ok("editor", format!("{name} at {}: see {page}", path.display())))
        })
        .collect::<Vec<_>>();
    if found.is_empty() {
        let hint = "any editor that speaks the language server protocol works: run `tenon lsp` from it";
        return vec![Check::warn("editor", "none of nvim, hx, code, emacs is on the PATH", hint)];
    }
    found
}

fn on_path(program: &str, folders: &[PathBuf]) -> Option<PathBuf> {
    let file = format!("{program}{}", std::env::consts::EXE_SUFFIX);
    folders.iter().map(|folder| folder.join(&file)).find(|path| path.is_file())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::problem::Category;

    #[test]
    fn a_journal_without_its_key_fails_and_the_answers_have_their_own_line() {
        let check = |code: &'static str, key: Option<&str>, expected: &[(&str, Status)]| {
            let facts = JournalFacts {
                path: PathBuf::from("/s/journal.db"),
                version: 1,
                bytes: 1,
                key: key.map(str::to_owned),
            };
            let problems = vec![Problem::error(code, Category::Storage, "it is so")];
            let checks = journal(&Kept { journal: Some(facts), problems, ..Kept::default() });
            let found: Vec<_> = checks.iter().map(|check| (check.name, check.status)).collect();
            assert_eq!(found, expected, "{code}");
        };
        let (open, warned) = (("journal", Status::Ok), ("journal", Status::Warn));
        check("journal-key-missing", None, &[("journal", Status::Fail)]);
        check("journal-key-wrong", None, &[("journal", Status::Fail)]);
        check("journal-damaged", Some("/s/journal.key"), &[warned, open, open]);
        check("answers-unusable", Some("/s/journal.key"), &[("answers", Status::Warn), open, open]);
    }

    #[test]
    fn a_program_is_found_in_the_first_folder_that_has_it() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join(format!("nvim{}", std::env::consts::EXE_SUFFIX));
        std::fs::write(&file, "").unwrap();
        let folders = [PathBuf::from("/nowhere"), dir.path().to_owned()];
        assert_eq!(on_path("nvim", &folders), Some(file));
        assert_eq!(on_path("hx", &folders), None);
    }
}
