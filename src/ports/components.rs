//! How the parts of a running tenon are: each has a life cycle, a reason and a time since when.
//!
//! Pure: the time is given in. The table is shared by whoever knows something of a part and whoever shows it.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::problem::plain;

/// Longest reason, in characters.
const LONGEST_REASON: usize = 300;

/// A part of tenon that can be well or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Component {
    /// What the user configured.
    Configuration,
    /// What is kept over sessions.
    Journal,
    /// Answers kept over sessions.
    Answers,
    /// The way to the models.
    Models,
    /// The log files.
    Log,
    /// Files that are not open, and whether the workspace is trusted.
    Workspace,
    /// The connection to the editor.
    Protocol,
}

impl Component {
    /// All of them, in the order in which they are shown.
    pub const ALL: [Self; 7] = [
        Self::Configuration,
        Self::Journal,
        Self::Answers,
        Self::Models,
        Self::Log,
        Self::Workspace,
        Self::Protocol,
    ];

    /// The identifier as it is written outside: the same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Configuration => "configuration",
            Self::Journal => "journal",
            Self::Answers => "answers",
            Self::Models => "models",
            Self::Log => "log",
            Self::Workspace => "workspace",
            Self::Protocol => "protocol",
        }
    }
}

/// Where a part is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LifeCycle {
    /// Not yet there.
    Starting,
    /// It works.
    Ready,
    /// It works in part, or without what it should have.
    Degraded,
    /// It does not work; the rest goes on without it.
    Failed,
    /// It has ended, or is switched off.
    Stopped,
}

impl LifeCycle {
    /// The identifier as it is written outside: the same as in JSON.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Degraded => "degraded",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }
}

/// One part at one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ComponentHealth {
    /// Which.
    pub component: Component,
    /// Where it is in its life.
    pub state: LifeCycle,
    /// Why, in one plain sentence without names of files' contents; `None` when there is nothing to say.
    pub reason: Option<String>,
    /// Seconds since it came into this state.
    pub since_seconds: u64,
}

#[derive(Debug, Clone)]
struct Entry {
    state: LifeCycle,
    reason: Option<String>,
    since: Duration,
}

/// The parts of this process. Times count from its start.
#[derive(Debug, Default)]
pub struct Components(Mutex<BTreeMap<Component, Entry>>);

impl Components {
    /// All parts, starting since the beginning.
    pub fn starting() -> Self {
        let entry = Entry { state: LifeCycle::Starting, reason: None, since: Duration::ZERO };
        Self(Mutex::new(Component::ALL.map(|component| (component, entry.clone())).into()))
    }

    /// Takes in how a part is. Returns whether that is another state than before; a new reason alone is none, and does
    /// not change since when it is so.
    pub fn set(&self, component: Component, state: LifeCycle, reason: Option<&str>, now: Duration) -> bool {
        let reason = reason.map(|reason| plain(reason).chars().take(LONGEST_REASON).collect::<String>());
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let entry = entries.entry(component);
        let before = match &entry {
            std::collections::btree_map::Entry::Occupied(entry) => Some(entry.get().clone()),
            std::collections::btree_map::Entry::Vacant(_) => None,
        };
        let changed = before.as_ref().is_none_or(|before| before.state != state);
        let since = before.filter(|before| before.state == state).map_or(now, |before| before.since);
        entry.insert_entry(Entry { state, reason, since });
        changed
    }

    /// The state of a part.
    pub fn state(&self, component: Component) -> LifeCycle {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        entries.get(&component).map_or(LifeCycle::Starting, |entry| entry.state)
    }

    /// All parts as they are now.
    pub fn all(&self, now: Duration) -> Vec<ComponentHealth> {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let told = entries.iter().map(|(component, entry)| ComponentHealth {
            component: *component,
            state: entry.state,
            reason: entry.reason.clone(),
            since_seconds: now.saturating_sub(entry.since).as_secs(),
        });
        told.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn since_counts_from_the_last_change_of_state() {
        let components = Components::starting();
        assert!(components.set(Component::Journal, LifeCycle::Ready, None, at(2)));
        assert!(!components.set(Component::Journal, LifeCycle::Ready, Some("fine"), at(5)));
        assert!(components.set(Component::Journal, LifeCycle::Degraded, Some("1 entry lost"), at(9)));
        assert!(!components.set(Component::Journal, LifeCycle::Degraded, Some("2 entries lost"), at(12)));
        let all = components.all(at(13));
        assert_eq!(all.len(), Component::ALL.len());
        let journal = all.iter().find(|health| health.component == Component::Journal).unwrap();
        assert_eq!((journal.state, journal.since_seconds), (LifeCycle::Degraded, 4));
        assert_eq!(journal.reason.as_deref(), Some("2 entries lost"));
        let models = all.iter().find(|health| health.component == Component::Models).unwrap();
        assert_eq!((models.state, models.since_seconds), (LifeCycle::Starting, 13));
    }

    #[test]
    fn reasons_are_plain_and_short() {
        let components = Components::default();
        components.set(
            Component::Log,
            LifeCycle::Failed,
            Some(&format!("\u{1b}[31m{}", "x".repeat(999))),
            at(0),
        );
        let reason = components.all(at(0)).remove(0).reason.unwrap();
        assert!(reason.len() == LONGEST_REASON && !reason.contains('\u{1b}'));
    }

    #[test]
    fn identifiers_are_those_of_json() {
        for component in Component::ALL {
            assert_eq!(serde_json::to_value(component).unwrap(), component.as_str());
        }
        for state in [LifeCycle::Starting, LifeCycle::Ready, LifeCycle::Degraded, LifeCycle::Failed] {
            assert_eq!(serde_json::to_value(state).unwrap(), state.as_str());
        }
    }
}
