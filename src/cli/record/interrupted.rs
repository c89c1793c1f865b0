//! Operations that a process left under way when it ended, found by a look: nothing is taken over or settled here.

use std::collections::HashMap;

use serde::Serialize;

use super::Record;
use crate::diff::render::visible;
use crate::ports::{FrontDoor, OperationHead, OperationQuery};
use crate::problem::{Category, Problem, Severity};

/// Operations read from the journal at once.
const PAGE: usize = 500;

/// An operation that did not come to an end, and whose process is gone.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Interrupted {
    /// Its name.
    operation: String,
    /// Where it stands.
    state: &'static str,
    /// Who was at it.
    #[serde(serialize_with = "name_of")]
    door: FrontDoor,
    /// Its workspace.
    root: String,
}

impl Interrupted {
    /// The same for people.
    pub fn problem(&self) -> Problem {
        let who = match self.door {
            FrontDoor::Terminal => "a command",
            FrontDoor::Editor | FrontDoor::Imported => "an editor",
        };
        let (name, root) = (&self.operation, visible(&self.root));
        let message = format!("{who} ended before {name} in {root} came to an end; it is {}", self.state);
        let problem = Problem::error("left-under-way", Category::Storage, message).hint(self.what_to_do());
        Problem { severity: Severity::Info, ..problem }
    }

    /// What to do about it.
    fn what_to_do(&self) -> String {
        let name = &self.operation;
        match self.door {
            FrontDoor::Terminal => format!(
                "the next command that writes in this workspace finishes it or rolls it back; \
                 `tenon undo {name}` takes back now what there is of it"
            ),
            FrontDoor::Editor | FrontDoor::Imported => format!(
                "`tenon undo {name}` takes back what there is of it, `tenon redo {name}` finishes it; \
                 or open the editor in this workspace again"
            ),
        }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde's form")]
fn name_of<S: serde::Serializer>(door: &FrontDoor, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(door.name())
}

/// The operations of the workspace `root`, or of all, that were interrupted, newest first. One whose session somebody
/// works in is that process's to end, and imported ones are only shown.
///
/// # Errors
/// The journal fails.
pub fn interrupted(record: &Record, root: Option<&str>) -> Result<Vec<Interrupted>, Problem> {
    let journal = record.journal();
    let mut under_way = Vec::new();
    let mut query =
        OperationQuery { root: root.map(str::to_owned), limit: PAGE, ..OperationQuery::default() };
    loop {
        let page = record.wait(journal.operations(query.clone()))?;
        let heads = page.iter().map(|operation| &operation.head);
        under_way.extend(heads.filter(|head| head.state.is_under_way() && !head.imported).cloned());
        query.before = page.last().map(|operation| operation.head.number);
        if page.len() < PAGE {
            break;
        }
    }
    if under_way.is_empty() {
        return Ok(Vec::new());
    }
    let sessions = record.wait(journal.sessions(root))?;
    let sessions: HashMap<_, _> = sessions.iter().map(|session| (session.id.as_str(), session)).collect();
    let left = |head: &OperationHead| {
        let session = sessions.get(head.session.as_str()).filter(|session| !session.held)?;
        Some(Interrupted {
            operation: format!("o{}", head.number),
            state: head.state.name(),
            door: session.door,
            root: session.root.clone(),
        })
    };
    Ok(under_way.iter().filter_map(left).collect())
}
