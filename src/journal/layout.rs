//! The files and their tables. A table's SQL stands with the code that uses it; here is the order in which the tables
//! came, which is the version of a file.

use rusqlite_migration::M;

use super::{audit, blobs, key, operations, proposals, responses, sessions, usage, work};

/// A kind of file.
pub(super) struct Layout {
    /// Its name in the state directory.
    pub(super) file: &'static str,
    /// What `SQLite` keeps as `application_id`: four letters that tell our files from others.
    pub(super) application: i32,
    /// What stands beside it in the state directory only once there was such a file.
    pub(super) traces: &'static [&'static str],
    /// How `SQLite` waits for the disk.
    pub(super) synchronous: &'static str,
    /// What to tell when one was set aside because it was damaged.
    pub(super) lost: &'static str,
    /// The steps from an empty file to today's. Steps that were released never change; new ones come last.
    pub(super) steps: &'static [M<'static>],
}

/// The account; `tnJr`.
pub(super) const JOURNAL: Layout = Layout {
    file: "journal.db",
    application: 0x746e_4a72,
    // Not the key: where no journal could be begun, the kept answers have made it.
    traces: &["sessions"],
    synchronous: "FULL",
    lost: "what was undone or proposed before is not known any more; the file that was set aside can be removed once \
           nobody misses it",
    steps: &[
        M::up(usage::REQUESTS),
        M::up(usage::DAYS),
        M::up(usage::DECISIONS),
        M::up(key::KEYS),
        M::up(sessions::SESSIONS),
        M::up(work::WORK),
        M::up(blobs::BLOBS),
        M::up(proposals::PROPOSALS),
        M::up(operations::OPERATIONS),
        M::up(audit::AUDIT),
        M::up(sessions::DOORS),
    ],
};

/// The kept answers; `tnAn`. After a power failure the newest may be missing, and none is half there.
pub(super) const ANSWERS: Layout = Layout {
    file: "answers.db",
    application: 0x746e_416e,
    traces: &[],
    synchronous: "NORMAL",
    lost: "answers that were kept are asked for again; the file that was set aside can be removed",
    steps: &[M::up(responses::RESPONSES), M::up(key::KEYS), M::up(responses::SEALED)],
};

#[cfg(test)]
mod tests {
    use rusqlite_migration::Migrations;

    use super::*;

    #[test]
    fn the_steps_are_sound() {
        for layout in [JOURNAL, ANSWERS] {
            Migrations::from_slice(layout.steps).validate().unwrap();
        }
    }
}
