//! What the terminal notes in the audit log: who let what be done, to what, in which workspace. Never a text.
//! What was done to files the journal notes itself, when it is settled.

use super::Record;
use crate::cli::output;
use crate::ports::AuditRecord;
use crate::problem::{Problem, Severity};

/// What is noted, in one word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noted {
    /// A workspace is trusted.
    Trusted,
    /// It is not any more.
    Revoked,
    /// A protected file may be written, once.
    Consented,
    /// A session was printed in the clear.
    Exported,
    /// A session came from outside.
    Imported,
    /// Sessions were forgotten.
    Expired,
}

impl Noted {
    /// The word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Trusted => "trusted",
            Self::Revoked => "revoked",
            Self::Consented => "consented",
            Self::Exported => "exported",
            Self::Imported => "imported",
            Self::Expired => "expired",
        }
    }
}

impl Record {
    /// Notes what was done to `subject`; `detail` says where, or how much. What cannot be noted is told: it was done.
    pub fn note(&self, session: Option<&str>, action: Noted, subject: &str, detail: &str) {
        let record = AuditRecord {
            session: session.map(str::to_owned),
            action: action.name().to_owned(),
            subject: subject.to_owned(),
            detail: detail.to_owned(),
            ..AuditRecord::default()
        };
        if let Err(problem) = self.wait(self.journal.audit(record)) {
            output::tell(&Problem { severity: Severity::Warning, ..problem });
        }
    }
}
