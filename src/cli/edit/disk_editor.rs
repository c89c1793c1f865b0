//! The terminal's face: progress lines on stderr, edits written to disk.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::sync::Mutex;

use tokio::sync::{mpsc, oneshot};

use crate::app::Event;
use crate::diff::lower::ProtectedConsent;
use crate::ports::{ApplyId, Editor, FileEdit, Hint, Mark, Progress, TaskNotice, WorkspaceChange};
use crate::problem::{Severity, plain};
use crate::text::{DocumentUri, PositionEncoding, Rope, Span, SpanEdit, TextEdit};
use crate::workspace::{Folder, NewText};

/// Implements [`Editor`] on a folder.
pub(super) struct DiskEditor {
    root: PathBuf,
    consent: ProtectedConsent,
    notices: mpsc::UnboundedSender<TaskNotice>,
    inbox: Mutex<Inbox>,
    /// Progress is drawn only for people.
    draws: bool,
}

enum Inbox {
    /// The application is being started.
    Coming(oneshot::Receiver<mpsc::UnboundedSender<Event>>),
    Here(mpsc::UnboundedSender<Event>),
    Gone,
}

impl DiskEditor {
    /// `inbox` brings where answers go, once the application is there.
    pub(super) fn new(
        (root, consent): (PathBuf, ProtectedConsent),
        notices: mpsc::UnboundedSender<TaskNotice>,
        inbox: oneshot::Receiver<mpsc::UnboundedSender<Event>>,
        draws: bool,
    ) -> Self {
        Self { root, consent, notices, inbox: Mutex::new(Inbox::Coming(inbox)), draws }
    }

    fn answer(&self, event: Event) {
        let Ok(mut inbox) = self.inbox.lock() else { return };
        if let Inbox::Coming(coming) = &mut *inbox {
            *inbox = coming.try_recv().map_or(Inbox::Gone, Inbox::Here);
        }
        if let Inbox::Here(events) = &*inbox {
            let _ = events.send(event);
        }
    }

    fn draw(&self, text: &str) {
        if self.draws {
            let mut stderr = std::io::stderr().lock();
            // Back to the start of the line, and clear what a longer text left behind.
            let _ = write!(stderr, "\r\x1b[K{}", plain(text)).and_then(|()| stderr.flush());
        }
    }
}

/// Writes a change, all files or none.
fn write(root: &Path, consent: ProtectedConsent, change: WorkspaceChange) -> Result<(), String> {
    let folder = Folder::open(root).map_err(|error| error.to_string())?.allowing(consent);
    let mut texts: Vec<NewText> = Vec::new();
    for file in change.files {
        match file {
            FileEdit::Create { uri, text } => {
                let path = relative(root, &uri)?;
                texts.push(NewText { path, moved_to: None, old: None, new: Some(text) });
            }
            FileEdit::Edit { uri, base, edits, .. } => {
                let text = existing(&folder, root, &uri, base.as_ref(), &mut texts)?;
                text.new = text.new.as_deref().map(|old| edited(old, &edits)).transpose()?;
            }
            FileEdit::Delete { uri, base } => {
                existing(&folder, root, &uri, base.as_ref(), &mut texts)?.new = None;
            }
            FileEdit::Rename { from, to, base } => {
                let to = relative(root, &to)?;
                existing(&folder, root, &from, base.as_ref(), &mut texts)?.moved_to = Some(to);
            }
        }
    }
    let writes = folder.prepare(&texts).map_err(|error| error.to_string())?;
    writes.commit().map_err(|error| error.to_string())
}

/// What becomes of a file that is there, nothing as yet; a file that was edited may be renamed as well.
fn existing<'a>(
    folder: &Folder,
    root: &Path,
    uri: &DocumentUri,
    base: Option<&Rope>,
    texts: &'a mut Vec<NewText>,
) -> Result<&'a mut NewText, String> {
    let path = relative(root, uri)?;
    let at = match texts.iter().position(|text| text.path == path) {
        Some(at) => at,
        None => {
            let changed = || format!("{path} changed meanwhile");
            let old = folder.read(&path).map_err(|error| error.to_string())?.ok_or_else(changed)?;
            if base.is_some_and(|base| *base != *old) {
                return Err(changed());
            }
            texts.push(NewText { path, moved_to: None, new: Some(old.clone()), old: Some(old) });
            texts.len() - 1
        }
    };
    Ok(&mut texts[at])
}

fn relative(root: &Path, uri: &DocumentUri) -> Result<String, String> {
    let path = uri.to_path().ok_or_else(|| format!("{} is no file", uri.as_str()))?;
    let inside =
        path.strip_prefix(root).map_err(|_| format!("{} is outside {}", path.display(), root.display()))?;
    Ok(inside.to_string_lossy().replace('\\', "/"))
}

fn edited(old: &str, edits: &[SpanEdit]) -> Result<String, String> {
    let text = Rope::from_str(old);
    let byte = |at| PositionEncoding::Utf8.to_byte(&text, at);
    let mut builder = TextEdit::builder(text.len_bytes());
    for edit in edits {
        builder.replace(byte(edit.span.start)..byte(edit.span.end), edit.new_text.clone());
    }
    let edit = builder.finish().map_err(|error| error.to_string())?;
    edit.apply(&text).map(|text| text.to_string()).map_err(|error| error.to_string())
}

impl Editor for DiskEditor {
    fn apply(&self, id: ApplyId, change: WorkspaceChange) {
        // The loop waits for nothing else in a run of this command, so writing here holds nobody up.
        let written = write(&self.root, self.consent.clone(), change);
        let (applied, reason) = (written.is_ok(), written.err());
        self.answer(Event::EditAnswered { id, applied, reason });
    }

    fn mark(&self, _uri: &DocumentUri, _version: Option<i32>, _marks: Vec<Mark>) {}

    fn progress(&self, _task: &str, progress: Progress) {
        match progress {
            Progress::Begin { title } => self.draw(&title),
            Progress::Report { message, percent, .. } => self.draw(&format!("{percent:3} % {message}")),
            Progress::End { .. } => self.draw(""),
        }
    }

    fn notice(&self, _task: &str, notice: TaskNotice) {
        let _ = self.notices.send(notice);
    }

    fn message(&self, severity: Severity, text: &str) {
        // Errors end the command and are told there.
        if severity == Severity::Warning {
            let _ = writeln!(std::io::stderr().lock(), "{}", plain(text));
        }
    }

    fn show(&self, _uri: &DocumentUri, _span: Option<Span>) {}

    fn hint(&self, _hint: Hint) {}
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// Replaces the first character of a file with `there` in it, by an edit made for `base`.
    fn check(there: &str, base: &str, expected: Result<&str, &str>) {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let path = root.join("a.rs");
        fs::write(&path, there).unwrap();
        let at = |character| crate::text::Position { line: 0, character };
        let edit = SpanEdit { span: Span { start: at(0), end: at(1) }, new_text: "X".to_owned() };
        let file = FileEdit::Edit {
            uri: DocumentUri::from_path(&path),
            version: None,
            base: Some(Rope::from_str(base)),
            edits: vec![edit],
        };
        let written = write(
            &root,
            ProtectedConsent::default(),
            WorkspaceChange { label: String::new(), files: vec![file] },
        );
        assert_eq!(written, expected.map(drop).map_err(str::to_owned));
        assert_eq!(fs::read_to_string(&path).unwrap(), expected.unwrap_or(there));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text_and_stays() {
        check("\u{feff}abc\n", "abc\n", Ok("\u{feff}Xbc\n"));
        check("abc\n", "abc\n", Ok("Xbc\n"));
    }

    /// Renames `a.rs` and deletes `b.rs`, which holds `there`, as it was with `base`.
    fn check_files(there: &str, base: &str, expected: Result<(), &str>) {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        let uri = |name: &str| DocumentUri::from_path(&root.join(name));
        fs::write(root.join("a.rs"), "\u{feff}abc\n").unwrap();
        fs::write(root.join("b.rs"), there).unwrap();
        let at = |character| crate::text::Position { line: 0, character };
        let edit = SpanEdit { span: Span { start: at(0), end: at(1) }, new_text: "X".to_owned() };
        let text = Some(Rope::from_str("abc\n"));
        let files = vec![
            FileEdit::Edit { uri: uri("a.rs"), version: None, base: text.clone(), edits: vec![edit] },
            FileEdit::Rename { from: uri("a.rs"), to: uri("sub/c.rs"), base: text },
            FileEdit::Delete { uri: uri("b.rs"), base: Some(Rope::from_str(base)) },
        ];
        let written =
            write(&root, ProtectedConsent::default(), WorkspaceChange { label: String::new(), files });
        assert_eq!(written, expected.map_err(str::to_owned));
        let texts = ["a.rs", "b.rs", "sub/c.rs"].map(|name| fs::read_to_string(root.join(name)).ok());
        let texts = texts.each_ref().map(Option::as_deref);
        match expected {
            Ok(()) => assert_eq!(texts, [None, None, Some("\u{feff}Xbc\n")]),
            Err(_) => assert_eq!(texts, [Some("\u{feff}abc\n"), Some(there), None]),
        }
    }

    #[test]
    fn files_go_and_move_all_or_none() {
        check_files("b\n", "b\n", Ok(()));
        check_files("mine\n", "b\n", Err("b.rs changed meanwhile"));
    }

    #[test]
    fn a_file_that_changed_since_it_was_read_is_not_written() {
        check("new abc\n", "abc\n", Err("a.rs changed meanwhile"));
    }
}
