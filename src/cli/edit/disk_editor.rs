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
            FileEdit::Edit { uri, edits, .. } => {
                let path = relative(root, &uri)?;
                let old = folder.read(&path).map_err(|failure| failure.to_string())?.unwrap_or_default();
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

/// The text after the edits, whose places are those of an editor's buffer: a byte order mark is none of it, and stays.
fn edited(old: &str, edits: &[SpanEdit]) -> Result<String, String> {
    let (mark, text) = match old.strip_prefix('\u{feff}') {
        Some(text) => ("\u{feff}", text),
        None => ("", old),
    };
    let text = Rope::from_str(text);
    let byte = |at| PositionEncoding::Utf8.to_byte(&text, at);
    let mut builder = TextEdit::builder(text.len_bytes());
    for edit in edits {
        builder.replace(byte(edit.span.start)..byte(edit.span.end), edit.new_text.clone());
    }
    let edit = builder.finish().map_err(|error| error.to_string())?;
    edit.apply(&text).map(|text| format!("{mark}{text}")).map_err(|error| error.to_string())
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
    use super::*;
    use crate::text::Position;

    #[test]
    fn a_byte_order_mark_stays() {
        let at = |line, character| Position { line, character };
        let span = Span { start: at(0, 0), end: at(1, 0) };
        let edits = [SpanEdit { span, new_text: "using A;\r\n".to_owned() }];
        assert_eq!(edited("\u{feff}using B;\r\nx\r\n", &edits).unwrap(), "\u{feff}using A;\r\nx\r\n");
        assert_eq!(edited("using B;\r\nx", &edits).unwrap(), "using A;\r\nx");
    }
}
