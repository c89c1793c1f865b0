//! All that is counted, with what it means. `docs/metrics.md` lists the same; a test compares.

use super::{Codes, Counter, Family, Gauge, Histogram, Label};
use crate::model::ModelErrorKind;
use crate::ports::{Availability, EditFate, RequestEnd};

/// Makes an enum whose variants are the values of a label.
macro_rules! label {
    ($(#[$meta:meta])* $name:ident, $key:literal, $($(#[$doc:meta])* $variant:ident = $value:literal,)+) => {
        $(#[$meta])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum $name {
            $($(#[$doc])* $variant,)+
        }

        impl Label for $name {
            const KEY: &'static str = $key;
            const VALUES: &'static [&'static str] = &[$($value),+];
            fn index(self) -> usize {
                self as usize
            }
        }
    };
}

label! {
    /// What the client sends.
    Message, "kind",
    /// It wants an answer.
    Request = "request",
    /// It wants none.
    Notification = "notification",
    /// It answers a request of ours.
    Response = "response",
}

label! {
    /// How a task ends.
    TaskEnd, "end",
    /// With a proposal.
    Proposed = "proposed",
    /// Cancelled by the user.
    Cancelled = "cancelled",
    /// With a problem.
    Failed = "failed",
}

label! {
    /// What becomes of an edit of the editor's text.
    EditStep, "step",
    /// It was sent, for the first time or again.
    Sent = "sent",
    /// It was seen in the text, or believed.
    Applied = "applied",
    /// It did not happen, and is computed anew.
    Retried = "retried",
    /// It did not happen, and the user was told.
    Failed = "failed",
    /// It happened in part, and that part is taken back.
    RolledBack = "rolled-back",
}

label! {
    /// How the place of a hunk was found.
    Place, "tier",
    /// Byte for byte.
    Exact = "exact",
    /// But for blanks at line ends.
    RightTrimmed = "right-trimmed",
    /// But for blanks at both ends.
    Trimmed = "trimmed",
    /// But for the look of quotes and dashes.
    Canonical = "canonical",
    /// Line by line.
    Aligned = "aligned",
}

label! {
    /// Which tokens.
    Tokens, "direction",
    /// Those of the prompt.
    Read = "read",
    /// Those of the answer.
    Written = "written",
}

label! {
    /// Whether an answer was kept.
    Lookup, "result",
    /// It was.
    Hit = "hit",
    /// It was not.
    Miss = "miss",
}

label! {
    /// What came of reading a file that is not open.
    FileRead, "result",
    /// Its text.
    Text = "text",
    /// It does not exist.
    Missing = "missing",
    /// It is too large.
    TooLarge = "too-large",
    /// It is no text.
    NotText = "not-text",
    /// The system refused.
    Unreadable = "unreadable",
}

label! {
    /// What came of a question for a completion.
    Completed, "result",
    /// It was shown.
    Shown = "shown",
    /// There was nothing to show, or nobody who waited.
    Nothing = "nothing",
    /// It failed.
    Failed = "failed",
}

label! {
    /// What the user is warned of.
    Alarm, "alert",
    /// Too many requests to models fail.
    ErrorRate = "error-rate",
    /// Entries of the journal are lost.
    LostEntries = "lost-entries",
    /// Too many tasks wait.
    QueueLength = "queue-length",
    /// Much of a budget is used up.
    BudgetShare = "budget-share",
}

impl Label for EditFate {
    const KEY: &'static str = "fate";
    const VALUES: &'static [&'static str] = &["fitted", "refused", "accepted", "rejected", "undone"];
    fn index(self) -> usize {
        self as usize
    }
}

impl Label for Availability {
    const KEY: &'static str = "state";
    const VALUES: &'static [&'static str] = &["closed", "half-open", "open"];
    fn index(self) -> usize {
        match self {
            Self::Closed => 0,
            Self::HalfOpen => 1,
            Self::Open { .. } => 2,
        }
    }
}

impl Label for RequestEnd {
    const KEY: &'static str = "outcome";
    const VALUES: &'static [&'static str] = &[
        "complete",
        "cached",
        "cancelled",
        "prompt-too-large",
        "authentication",
        "payment",
        "rate-limit",
        "overloaded",
        "refused",
        "network",
        "stalled",
        "truncated",
        "bad-request",
        "server",
        "no-recording",
        "budget",
        "resting",
        "withheld",
    ];
    fn index(self) -> usize {
        match self {
            Self::Complete => 0,
            Self::Cached => 1,
            Self::Cancelled => 2,
            Self::Failed(kind) => 3 + kind as usize,
        }
    }
}

/// The first kind is the first of the values of a failed request, and the last the last.
const _: () = {
    assert!(ModelErrorKind::PromptTooLarge as usize == 0);
    assert!(ModelErrorKind::Withheld as usize + 4 == <RequestEnd as Label>::VALUES.len());
};

/// Makes the statics and the list of them.
macro_rules! families {
    ($($name:ident: $kind:ty = $new:expr;)+) => {
        $(#[doc = concat!("See `docs/metrics.md`: `", stringify!($name), "`.")] pub static $name: $kind = $new;)+

        /// All families, in the order in which they are written.
        pub static ALL: &[&dyn Family] = &[$(&$name),+];
    };
}

families! {
    // protocol
    MESSAGES: Counter<Message> =
        Counter::new("tenon_protocol_messages_total", "Messages of the client that could be read.");
    HANDLER_TIME: Histogram =
        Histogram::new("tenon_protocol_handler_seconds", "Time from a request to its answer.");
    CANCELLED_REQUESTS: Counter =
        Counter::new("tenon_protocol_cancelled_total", "Requests that the client cancelled.");
    MALFORMED: Counter =
        Counter::new("tenon_protocol_malformed_total", "Messages of the client that could not be read.");
    DESYNCHRONISED: Counter = Counter::new(
        "tenon_documents_desynchronised_total",
        "Documents whose changes made no sense, so that edits for them were refused.",
    );
    // application
    LOOP_TIME: Histogram =
        Histogram::new("tenon_loop_handling_seconds", "Time that the main loop needs for one event.");
    TASKS: Counter<TaskEnd> = Counter::new("tenon_tasks_total", "Tasks that have ended.");
    TASKS_WAITING: Gauge = Gauge::new("tenon_tasks_waiting", "Tasks that wait for a free place.");
    TASKS_RUNNING: Gauge = Gauge::new("tenon_tasks_running", "Tasks under way.");
    PROPOSALS: Counter = Counter::new("tenon_proposals_total", "Proposals made.");
    HUNKS: Counter<EditFate> =
        Counter::new("tenon_hunks_total", "Replies that fitted or were refused, and hunks by decision.");
    EDITS: Counter<EditStep> =
        Counter::new("tenon_edits_total", "Edits of the editor's text, by what became of them.");
    PROBLEMS: Codes = Codes::new("tenon_problems_total", "Problems told or answered, by code.");
    ALERTS: Counter<Alarm> = Counter::new("tenon_alerts_total", "Warnings that a threshold was crossed.");
    // diff
    DIFF_TIME: Histogram =
        Histogram::new("tenon_diff_seconds", "Time to find the places of a reply and to judge it.");
    PLACED: Counter<Place> = Counter::new("tenon_diff_hunks_total", "Hunks placed, by how their place was found.");
    REFUSALS: Codes = Codes::new("tenon_diff_refusals_total", "Blocks of replies that were refused, by code.");
    // models
    REQUESTS: Counter<RequestEnd> =
        Counter::new("tenon_model_requests_total", "Requests to models that have ended.");
    FIRST_TOKEN: Histogram =
        Histogram::new("tenon_model_first_token_seconds", "Time from a request to the first piece of its answer.");
    REQUEST_TIME: Histogram =
        Histogram::new("tenon_model_request_seconds", "Time from a request that was sent to its end.");
    TOKENS: Counter<Tokens> = Counter::new("tenon_model_tokens_total", "Tokens, estimated where none are reported.");
    CACHE: Counter<Lookup> = Counter::new("tenon_model_cache_total", "Looks for a kept answer.");
    PROVIDERS: Gauge<Availability> =
        Gauge::new("tenon_model_providers", "Providers that were asked, by the state of their breaker.");
    REQUESTS_WAITING: Gauge = Gauge::new("tenon_model_requests_waiting", "Requests that wait for their turn.");
    // completion
    COMPLETIONS: Counter<Completed> = Counter::new("tenon_completions_total", "Questions for a completion that were asked of a model or its cache.");
    COMPLETION_TIME: Histogram =
        Histogram::new("tenon_completion_seconds", "Time from a question for a completion to the one shown.");
    // journal
    JOURNAL_WRITES: Counter = Counter::new("tenon_journal_writes_total", "Entries handed to the journal's files.");
    JOURNAL_BATCH_TIME: Histogram =
        Histogram::new("tenon_journal_batch_seconds", "Time of one transaction, the disk included.");
    JOURNAL_LOST: Counter = Counter::new("tenon_journal_lost_total", "Entries that could not be written.");
    JOURNAL_BYTES: Gauge = Gauge::shared("tenon_journal_bytes", "Size of the journal, with its log.");
    // workspace
    FILES: Counter<FileRead> = Counter::new("tenon_files_read_total", "Files that are not open and were looked at.");
}

/// What the family of this name says of itself.
pub fn about(name: &str) -> Option<super::About> {
    ALL.iter().map(|family| family.about()).find(|about| about.name == name)
}
