//! What the demo shows: who does what, one line each; on a terminal, progress is redrawn in its line.

use std::io::{self, ErrorKind, IsTerminal as _, Write};

use super::failed;
use crate::cli::output::{Colour, Colours};
use crate::problem::Problem;

/// Why the demo stops before its end.
#[derive(Debug)]
pub(super) enum Halt {
    /// Something is wrong.
    Problem(Problem),
    /// Nobody reads on.
    ReaderGone,
}

impl From<Problem> for Halt {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

/// The terminal, or whatever stands in its place.
pub(super) struct Screen {
    out: Box<dyn Write + Send>,
    is_terminal: bool,
    colours: Colours,
    /// A progress line, not ended yet.
    pending: Option<String>,
}

impl Screen {
    /// Shows on stdout.
    pub(super) fn stdout() -> Self {
        Self {
            out: Box::new(io::stdout()),
            is_terminal: io::stdout().is_terminal(),
            colours: Colours::for_stdout(),
            pending: None,
        }
    }

    /// Whether escape sequences for colours may be written.
    pub(super) fn is_coloured(&self) -> bool {
        self.colours != Colours::NONE
    }

    /// The first line.
    pub(super) fn title(&mut self, text: &str) -> Result<(), Halt> {
        let text = self.colours.paint(Colour::Bold, text);
        self.line(&text)
    }

    /// A line as it is.
    pub(super) fn line(&mut self, text: &str) -> Result<(), Halt> {
        self.settle()?;
        self.write(&format!("{text}\n"))
    }

    /// Someone says or does something.
    pub(super) fn says(&mut self, who: &str, text: &str) -> Result<(), Halt> {
        let line = self.said(who, text);
        self.line(&line)
    }

    /// Something was verified.
    pub(super) fn ok(&mut self, text: &str) -> Result<(), Halt> {
        let word = self.colours.paint(Colour::Green, &format!("{:>6}", "ok"));
        self.line(&format!("{word}  {text}"))
    }

    /// The task enters a stage.
    pub(super) fn stage(&mut self, stage: &str) -> Result<(), Halt> {
        let text = match stage {
            "gather" => "reads the open files",
            "ask" => "waits for the model",
            "stream" => "reads the reply",
            "resolve" => "finds the one place of each edit in the text as it is now",
            // Queued, or a stage that is not worth a line.
            _ => return Ok(()),
        };
        self.settle()?;
        let line = self.said("tenon", &format!("{stage:<7} {text}"));
        self.progress(line)
    }

    /// The reply streams; `typed` is what was typed meanwhile.
    pub(super) fn streaming(&mut self, n_written: usize, typed: &str) -> Result<(), Halt> {
        let last = self.colours.paint(Colour::Yellow, typed.lines().last().unwrap_or_default().trim());
        let text = format!("stream  {n_written} characters; you type: {last}");
        let line = self.said("tenon", &text);
        self.progress(line)
    }

    /// Ends the progress line, if there is one.
    pub(super) fn settle(&mut self) -> Result<(), Halt> {
        match self.pending.take() {
            // What is drawn already only lacks its end.
            Some(_) if self.is_terminal => self.write("\n"),
            Some(line) => self.write(&format!("{line}\n")),
            None => Ok(()),
        }
    }

    fn said(&self, who: &str, text: &str) -> String {
        format!("{}  {text}", self.colours.paint(Colour::Faint, &format!("{who:>6}")))
    }

    fn progress(&mut self, line: String) -> Result<(), Halt> {
        if self.is_terminal {
            // Back to the start of the line, and clear what a longer text left behind. A line that wraps could not
            // be cleared, so the terminal cuts it.
            self.write(&format!("\r\x1b[K\x1b[?7l{line}\x1b[?7h"))?;
        }
        self.pending = Some(line);
        Ok(())
    }

    fn write(&mut self, text: &str) -> Result<(), Halt> {
        match self.out.write_all(text.as_bytes()).and_then(|()| self.out.flush()) {
            Ok(()) => Ok(()),
            Err(error) if error.kind() == ErrorKind::BrokenPipe => Err(Halt::ReaderGone),
            Err(error) => Err(failed(format!("cannot write to stdout: {error}")).into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex};

    use super::*;

    #[derive(Clone, Default)]
    struct Paper(Arc<Mutex<Vec<u8>>>);

    impl Write for Paper {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            self.0.lock().unwrap().write(bytes)
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    struct Closed;

    impl Write for Closed {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    fn check(is_terminal: bool, expected: &str) {
        let paper = Paper::default();
        let out = Box::new(paper.clone());
        let mut screen = Screen { out, is_terminal, colours: Colours::NONE, pending: None };
        screen.stage("stream").unwrap();
        screen.streaming(9, "\n  if").unwrap();
        screen.ok("done").unwrap();
        assert_eq!(String::from_utf8(paper.0.lock().unwrap().clone()).unwrap(), expected);
    }

    #[test]
    fn progress_is_redrawn_on_a_terminal_and_told_once_elsewhere() {
        let streaming = " tenon  stream  9 characters; you type: if";
        check(false, &format!("{streaming}\n    ok  done\n"));
        let drawn = |line: &str| format!("\r\x1b[K\x1b[?7l{line}\x1b[?7h");
        let stage = " tenon  stream  reads the reply";
        check(true, &format!("{}{}\n    ok  done\n", drawn(stage), drawn(streaming)));
    }

    #[test]
    fn a_reader_that_goes_away_is_no_problem() {
        let mut screen =
            Screen { out: Box::new(Closed), is_terminal: false, colours: Colours::NONE, pending: None };
        assert!(matches!(screen.ok("done"), Err(Halt::ReaderGone)));
    }
}
