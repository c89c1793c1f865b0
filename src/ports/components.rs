//! How the parts of a running tenon are: each has a life cycle, a reason and a time since when.
//!
//! Pure: the time is given in. The table is shared by whoever knows something of a part and whoever shows it.

use std::collections::BTreeMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
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

/// Tells the time since a process began.
pub type Uptime = Arc<dyn Fn() -> Duration + Send + Sync>;

/// The parts of this process.
pub struct Components {
    uptime: Uptime,
    entries: Mutex<BTreeMap<Component, Entry>>,
}

impl Default for Components {
    /// For a process whose time nobody measures.
    fn default() -> Self {
        Self::new(Arc::new(|| Duration::ZERO))
    }
}

impl fmt::Debug for Components {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.all()).finish()
    }
}

impl Components {
    /// All parts, starting.
    pub fn new(uptime: Uptime) -> Self {
        let entry = Entry { state: LifeCycle::Starting, reason: None, since: uptime() };
        let entries = Component::ALL.map(|component| (component, entry.clone()));
        Self { uptime, entries: Mutex::new(entries.into()) }
    }

    /// Takes in how a part is. Returns whether that is another state than before; a new reason alone is none, and does
    /// not change since when it is so.
    pub fn set(&self, component: Component, state: LifeCycle, reason: Option<&str>) -> bool {
        let reason = reason.map(|reason| plain(reason).chars().take(LONGEST_REASON).collect::<String>());
        let now = (self.uptime)();
        let mut entries = self.lock();
        let before = entries.get(&component).filter(|before| before.state == state);
        let since = before.map(|before| before.since);
        let entry = Entry { state, reason, since: since.unwrap_or(now) };
        entries.insert(component, entry);
        since.is_none()
    }

    /// The state of a part.
    pub fn state(&self, component: Component) -> LifeCycle {
        self.lock().get(&component).map_or(LifeCycle::Starting, |entry| entry.state)
    }

    /// All parts as they are now.
    pub fn all(&self) -> Vec<ComponentHealth> {
        let now = (self.uptime)();
        let entries = self.lock();
        let told = entries.iter().map(|(component, entry)| ComponentHealth {
            component: *component,
            state: entry.state,
            reason: entry.reason.clone(),
            since_seconds: now.saturating_sub(entry.since).as_secs(),
        });
        told.collect()
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Component, Entry>> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn since_counts_from_the_last_change_of_state() {
        let clock = Arc::new(Mutex::new(Duration::ZERO));
        let read = Arc::clone(&clock);
        let components = Components::new(Arc::new(move || *read.lock().unwrap()));
        let at = |seconds, state, reason| {
            *clock.lock().unwrap() = Duration::from_secs(seconds);
            components.set(Component::Journal, state, reason)
        };
        assert!(at(2, LifeCycle::Ready, None));
        assert!(!at(5, LifeCycle::Ready, Some("fine")));
        assert!(at(9, LifeCycle::Degraded, Some("1 entry lost")));
        assert!(!at(13, LifeCycle::Degraded, Some("2 entries lost")));
        let all = components.all();
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
        let reason = format!("\u{1b}[31m{}", "x".repeat(999));
        components.set(Component::Configuration, LifeCycle::Failed, Some(&reason));
        let reason = components.all().remove(0).reason.unwrap();
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
