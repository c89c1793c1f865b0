//! Logging: to daily files in the state directory, never to stdout, never in the way.
//!
//! Lines go through a bounded queue to a thread of their own. When the disk is slow or full, lines are dropped and
//! counted; neither the server nor a command waits or fails. Logs carry metadata (names, sizes, times, codes), not
//! the text of documents, prompts or replies: that is the duty of every `tracing` call.
//!
//! `TENON_LOG` holds the filter, in the syntax of `tracing_subscriber`'s `EnvFilter`; the default is `tenon=info`.

mod numbers;

use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};

use tracing_appender::non_blocking::{ErrorCounter, NonBlocking, NonBlockingBuilder, WorkerGuard};
use tracing_appender::rolling::{RollingFileAppender, Rotation};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::util::SubscriberInitExt;

pub use numbers::{AllNumbers, NumbersFile, ProcessNumbers, add_to_total};

use crate::config::StateDir;
use crate::problem::{Category, Problem, Severity};

/// Files kept, one a day.
const MAX_FILES: usize = 7;

/// Lines waiting to be written before further ones are dropped.
const MAX_WAITING_LINES: usize = 16_384;

const DEFAULT_FILTER: &str = "tenon=info";

/// Who runs, and so what may be said where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Front {
    /// A command at a terminal: without a log file, warnings go to stderr.
    Terminal,
    /// A server for an editor: without a log file, nothing is written. The problem is shown to the user instead.
    Server,
}

/// The running log. Dropping it writes what still waits, for a second at most.
#[derive(Debug)]
pub struct Telemetry {
    folder: Option<PathBuf>,
    problem: Option<Problem>,
    dropped: Option<ErrorCounter>,
    _guard: Option<WorkerGuard>,
}

impl Telemetry {
    /// Starts logging. Never fails: what went wrong is in [`Telemetry::problem`].
    pub fn start(front: Front, state: Result<&StateDir, &Problem>) -> Self {
        let (filter, filter_problem) = filter(std::env::var("TENON_LOG").ok().as_deref());
        let opened = state.map_err(Clone::clone).and_then(open);
        let started = match opened {
            Ok((appender, folder)) => {
                let (writer, guard) = writer(appender);
                let dropped = writer.error_counter();
                let subscriber = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(false);
                // An embedding program may have its own subscriber; then that one stays.
                let _ = subscriber.with_writer(writer).finish().try_init();
                Self {
                    folder: Some(folder),
                    problem: filter_problem,
                    dropped: Some(dropped),
                    _guard: Some(guard),
                }
            }
            Err(problem) => {
                if front == Front::Terminal {
                    let _ = tracing_subscriber::fmt()
                        .with_env_filter(stderr_filter(filter))
                        .with_ansi(colours_on_stderr())
                        .with_writer(io::stderr)
                        .finish()
                        .try_init();
                }
                Self { folder: None, problem: Some(no_log(problem)), dropped: None, _guard: None }
            }
        };
        tracing::info!(version = env!("CARGO_PKG_VERSION"), process = std::process::id(), "started");
        started
    }

    /// The folder of the log files, `None` when nothing is written.
    pub fn folder(&self) -> Option<&Path> {
        self.folder.as_deref()
    }

    /// A warning to show, if the log is not as it should be.
    pub fn problem(&self) -> Option<&Problem> {
        self.problem.as_ref()
    }

    /// Lines dropped so far because they came faster than they could be written.
    pub fn n_dropped(&self) -> usize {
        self.dropped.as_ref().map_or(0, ErrorCounter::dropped_lines)
    }
}

/// Tries to write into a log folder the way the log does.
///
/// # Errors
/// The system's words.
pub fn try_write(folder: &Path) -> Result<(), Problem> {
    let file = tempfile::Builder::new().prefix("probe").tempfile_in(folder);
    file.and_then(|mut file| file.write_all(b"x").and_then(|()| file.flush()))
        .map_err(|error| log_unwritable(folder, &error.to_string()))
}

fn open(state: &StateDir) -> Result<(RollingFileAppender, PathBuf), Problem> {
    let folder = state.logs()?;
    let appender = RollingFileAppender::builder()
        .rotation(Rotation::DAILY)
        .filename_prefix("tenon")
        .filename_suffix("log")
        .max_log_files(MAX_FILES)
        .build(&folder)
        .map_err(|error| log_unwritable(&folder, &error.to_string()))?;
    Ok((appender, folder))
}

/// Lossy: a full queue drops lines instead of making anyone wait.
fn writer(sink: impl Write + Send + 'static) -> (NonBlocking, WorkerGuard) {
    NonBlockingBuilder::default()
        .lossy(true)
        .buffered_lines_limit(MAX_WAITING_LINES)
        .thread_name("tenon-log")
        .finish(sink)
}

fn filter(text: Option<&str>) -> (EnvFilter, Option<Problem>) {
    let text = text.map_or("", str::trim);
    if text.is_empty() {
        return (EnvFilter::new(DEFAULT_FILTER), None);
    }
    match EnvFilter::try_new(text) {
        Ok(filter) => (filter, None),
        Err(error) => {
            let message = format!("TENON_LOG is no filter: {error}");
            let problem = Problem::error("bad-log-filter", Category::Configuration, message)
                .hint("for example TENON_LOG=tenon=debug");
            (EnvFilter::new(DEFAULT_FILTER), Some(Problem { severity: Severity::Warning, ..problem }))
        }
    }
}

/// On a terminal the default would be chatter: it becomes warnings, unless the user asked for more.
fn stderr_filter(filter: EnvFilter) -> EnvFilter {
    if filter.to_string() == DEFAULT_FILTER { EnvFilter::new("tenon=warn") } else { filter }
}

/// Whether stderr takes colours: a terminal, and `NO_COLOR` unset or empty.
pub fn colours_on_stderr() -> bool {
    io::stderr().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
}

fn no_log(problem: Problem) -> Problem {
    let message = format!("no log is written: {}", problem.message);
    Problem { severity: Severity::Warning, message, ..problem }
}

fn log_unwritable(folder: &Path, why: &str) -> Problem {
    Problem::error(
        "log-unwritable",
        Category::Storage,
        format!("cannot write logs to {}: {why}", folder.display()),
    )
    .hint("set TENON_STATE_DIR to a directory that you can write to")
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    #[test]
    fn filters_are_read_and_a_bad_one_is_told() {
        assert_eq!(filter(None).0.to_string(), "tenon=info");
        assert_eq!(filter(Some(" ")).0.to_string(), "tenon=info");
        assert_eq!(filter(Some("tenon=debug")).0.to_string(), "tenon=debug");
        let (fallback, problem) = filter(Some("tenon=loud=er"));
        assert_eq!(fallback.to_string(), "tenon=info");
        assert_eq!(problem.map(|problem| problem.code), Some("bad-log-filter"));
    }

    #[test]
    fn the_default_is_quiet_on_a_terminal() {
        assert_eq!(stderr_filter(EnvFilter::new("tenon=info")).to_string(), "tenon=warn");
        assert_eq!(stderr_filter(EnvFilter::new("tenon=trace")).to_string(), "tenon=trace");
    }

    /// A disk that is full.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _bytes: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_full_disk_neither_fails_nor_blocks() {
        let (mut log, guard) = writer(Full);
        for _ in 0..1000 {
            log.write_all(b"line\n").unwrap();
        }
        drop(guard);
    }

    /// A disk that does not answer until the channel is closed.
    struct Stuck(mpsc::Receiver<()>);

    impl Write for Stuck {
        fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
            let _ = self.0.recv();
            Ok(bytes.len())
        }

        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn a_stuck_disk_drops_lines_and_counts_them() {
        let (release, stuck) = mpsc::channel();
        let (mut log, guard) = writer(Stuck(stuck));
        let dropped = log.error_counter();
        for _ in 0..MAX_WAITING_LINES + 100 {
            log.write_all(b"line\n").unwrap();
        }
        assert!((98..=100).contains(&dropped.dropped_lines()), "{}", dropped.dropped_lines());
        drop(release);
        drop(guard);
    }

    #[test]
    fn the_log_is_opened_in_the_state_directory() {
        let dir = tempfile::tempdir().unwrap();
        let state = StateDir::at(dir.path()).unwrap();
        let (mut appender, folder) = open(&state).unwrap();
        appender.write_all(b"hello\n").unwrap();
        assert_eq!(std::fs::read_dir(&folder).unwrap().count(), 1);
        assert_eq!(try_write(&folder), Ok(()));
    }

    #[test]
    fn a_file_in_the_way_of_the_folder_is_a_problem() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("logs"), "").unwrap();
        let state = StateDir::at(dir.path()).unwrap();
        let started = Telemetry::start(Front::Server, Ok(&state));
        assert!(started.folder().is_none());
        assert!(started.problem().is_some_and(|problem| problem.severity == Severity::Warning));
    }
}
