//! The terminal's face: progress lines on stderr, edits written to disk.

use std::io::Write as _;
use std::path::PathBuf;
use std::sync::Mutex;

use tokio::sync::{mpsc, oneshot};

use crate::app::Event;
use crate::cli::apply::disk::{Folder, NewText};
use crate::ports::{ApplyId, Editor, FileEdit, Hint, Mark, Progress, TaskNotice, WorkspaceChange};
use crate::problem::{Severity, plain};
use crate::text::{DocumentUri, PositionEncoding, Rope, Span, SpanEdit, TextEdit};

/// Implements [`Editor`] on a folder.
pub(super) struct DiskEditor {
    root: PathBuf,
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
        root: PathBuf,
        notices: mpsc::UnboundedSender<TaskNotice>,
        inbox: oneshot::Receiver<mpsc::UnboundedSender<Event>>,
        draws: bool,
    ) -> Self {
        Self { root, notices, inbox: Mutex::new(Inbox::Coming(inbox)), draws }
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
fn write(root: &std::path::Path, change: WorkspaceChange) -> Result<(), String> {
    let folder = Folder::open(root).map_err(|failure| failure.to_string())?;
    let mut texts = Vec::new();
    for file in change.files {
        texts.push(match file {
            FileEdit::Create { uri, text } => NewText { path: relative(root, &uri)?, old: None, new: text },
            FileEdit::Edit { uri, base, edits, .. } => {
                let path = relative(root, &uri)?;
                let old = folder.read(&path).map_err(|failure| failure.to_string())?;
                let changed = || format!("{path} changed meanwhile");
                let old = old.ok_or_else(changed)?;
                if base.is_some_and(|base| base != *old) {
                    return Err(changed());
                }
                let new = edited(&old, &edits)?;
                NewText { path, old: Some(old), new }
            }
            FileEdit::Delete { uri } => return Err(format!("{} is not deleted from here", uri.as_str())),
        });
    }
    let writes = folder.prepare(&texts).map_err(|failure| failure.to_string())?;
    writes.commit().map_err(|failure| failure.to_string())
}

fn relative(root: &std::path::Path, uri: &DocumentUri) -> Result<String, String> {
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
        let written = write(&self.root, change);
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
        let written = write(&root, WorkspaceChange { label: String::new(), files: vec![file] });
        assert_eq!(written, expected.map(drop).map_err(str::to_owned));
        assert_eq!(fs::read_to_string(&path).unwrap(), expected.unwrap_or(there));
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_text_and_stays() {
        check("\u{feff}abc\n", "abc\n", Ok("\u{feff}Xbc\n"));
        check("abc\n", "abc\n", Ok("Xbc\n"));
    }

    #[test]
    fn a_file_that_changed_since_it_was_read_is_not_written() {
        check("new abc\n", "abc\n", Err("a.rs changed meanwhile"));
    }
}
