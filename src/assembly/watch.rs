//! Looks at the running parts every few seconds: how they are, whether a number deserves a warning, and what is
//! counted is put where the terminal finds it.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;

use super::reload::Source;
use super::{Loaded, Storage, built};
use crate::app::{Event, NewParts};
use crate::model::Budget;
use crate::ports::metrics::catalogue::{
    ALERTS, JOURNAL_BYTES, JOURNAL_LOST, PROBLEMS, PROVIDERS, REQUESTS_WAITING, TASKS_WAITING,
};
use crate::ports::{
    Alerts, Availability, Component, Components, Editor, Health, KnownUsage, LifeCycle, ModelSource, Reading,
    Trust,
};
use crate::telemetry::NumbersFile;
use crate::workspace::FolderWatch;

/// Time between two looks.
const EVERY: Duration = Duration::from_secs(10);

/// Time between two looks at the file of the configuration: a user who saved it asks a moment later.
const FILE_EVERY: Duration = Duration::from_millis(500);

pub(super) struct Watch {
    models: Arc<dyn ModelSource>,
    editor: Arc<dyn Editor>,
    storage: Storage,
    components: Arc<Components>,
    numbers: Option<Arc<NumbersFile>>,
    budget: Budget,
    alerts: Alerts,
    /// Why no model can be asked at all.
    without_models: bool,
    /// The folders, and why the workspace is restricted while they are as they were.
    folders: FolderWatch,
    restricted: Option<&'static str>,
    /// Where the configuration is from.
    source: Option<Arc<Mutex<Source>>>,
}

impl Watch {
    pub(super) fn new(
        loaded: &Loaded,
        models: Arc<dyn ModelSource>,
        editor: Arc<dyn Editor>,
        without_models: bool,
    ) -> Self {
        Self {
            models,
            editor,
            storage: loaded.storage.clone(),
            components: Arc::clone(&loaded.components),
            numbers: loaded.numbers.clone(),
            budget: loaded.config.budget,
            alerts: Alerts::new(loaded.config.alerts),
            without_models,
            folders: FolderWatch::default(),
            restricted: None,
            source: None,
        }
    }

    /// Looks at these folders as well.
    pub(super) fn of(self, folders: &[PathBuf], trust: Trust) -> Self {
        Self { folders: FolderWatch::new(folders), restricted: restricted(trust), ..self }
    }

    /// Has the configuration read again when its file changes.
    pub(super) fn reading(self, source: Option<Source>) -> Self {
        Self { source: source.map(|source| Arc::new(Mutex::new(source))), ..self }
    }

    /// Waits, and meanwhile has the application work by what the user saves.
    async fn rest(&mut self, application: &mpsc::WeakUnboundedSender<Event>) {
        let until = tokio::time::Instant::now() + EVERY;
        while tokio::time::Instant::now() < until {
            tokio::time::sleep(FILE_EVERY).await;
            let Some(source) = self.source.clone() else { continue };
            // A disk that hangs holds up nothing else: while one look waits, no other begins.
            let looking = tokio::task::spawn_blocking(move || source.try_lock().ok()?.changed());
            let Ok(Ok(Some(loaded))) = tokio::time::timeout(EVERY, looking).await else { continue };
            let (parts, watch) = built(&loaded, Arc::clone(&self.editor));
            let Some(application) = application.upgrade() else { return };
            let _ = application.send(Event::Reconfigured(Box::new(NewParts(parts))));
            let Self { folders, restricted, source, .. } = std::mem::replace(self, watch);
            (self.folders, self.restricted, self.source) = (folders, restricted, source);
        }
    }

    /// Says how the workspace is; a folder that hangs holds up nothing else.
    async fn look_at_folders(&self) {
        let folders = self.folders.clone();
        let looking = tokio::task::spawn_blocking(move || folders.trouble());
        let (state, reason) = match tokio::time::timeout(EVERY, looking).await {
            Ok(Ok(None)) => (LifeCycle::Ready, self.restricted.map(str::to_owned)),
            Ok(Ok(Some(trouble))) => (LifeCycle::Degraded, Some(trouble)),
            Ok(Err(_)) | Err(_) => (LifeCycle::Degraded, Some("its folders do not answer".to_owned())),
        };
        self.components.set(Component::Workspace, state, reason.as_deref());
    }

    /// Looks until the application is gone.
    /// The sender is a weak one: a strong one would keep the application alive that this waits for.
    pub(super) async fn run(mut self, application: mpsc::WeakUnboundedSender<Event>) {
        let began = tokio::time::Instant::now();
        loop {
            self.look(began.elapsed());
            self.look_at_folders().await;
            if let Some(numbers) = self.numbers.clone() {
                let components = Arc::clone(&self.components);
                // A disk that hangs holds up nothing else.
                let _ = tokio::task::spawn_blocking(move || numbers.write(&components)).await;
            }
            self.rest(&application).await;
            if application.upgrade().is_none_or(|application| application.is_closed()) {
                return;
            }
        }
    }

    fn look(&mut self, now: Duration) {
        let health = self.models.health();
        measure(&health, &self.storage);
        if !self.without_models {
            let (state, reason) = state_of(&health);
            self.components.set(Component::Models, state, reason.as_deref());
        }
        let lost = JOURNAL_LOST.get(());
        if lost > 0 {
            let entries = if lost == 1 { "entry" } else { "entries" };
            let reason = format!("{lost} {entries} could not be written");
            self.components.set(Component::Journal, LifeCycle::Degraded, Some(&reason));
        }
        let reading = Reading {
            requests: health.models.iter().map(|model| model.requests).sum(),
            failed: health.models.iter().map(|model| model.failed).sum(),
            lost,
            waiting: TASKS_WAITING.get(()),
            budget: share(&self.budget, self.storage.ledger().known()),
        };
        for alert in self.alerts.read(now, reading) {
            ALERTS.count(alert.alarm);
            let problem = alert.problem();
            PROBLEMS.count(problem.code);
            tracing::warn!(code = problem.code, value = alert.value, threshold = alert.threshold, "alert");
            let hint = problem.hint.unwrap_or_default();
            self.editor.message(problem.severity, &format!("tenon: {} ({hint})", problem.message));
        }
    }
}

/// How the parts are that are known before anything runs.
pub(super) fn begin(loaded: &Loaded, without_models: Option<&str>) {
    let components = &loaded.components;
    let set = |component, state, reason: Option<&str>| {
        components.set(component, state, reason);
    };
    match &loaded.config_problem {
        Some(problem) => set(Component::Configuration, LifeCycle::Failed, Some(&problem.message)),
        None => set(Component::Configuration, LifeCycle::Ready, None),
    }
    match loaded.storage.facts() {
        Some(_) => set(Component::Journal, LifeCycle::Ready, None),
        None => set(Component::Journal, LifeCycle::Failed, Some("nothing is kept over sessions")),
    }
    let cache = &loaded.config.cache;
    match loaded.storage.responses() {
        Some(_) => set(Component::Answers, LifeCycle::Ready, None),
        None if !cache.enabled || cache.disk_bytes == 0 => {
            set(Component::Answers, LifeCycle::Stopped, Some("switched off"));
        }
        None => set(Component::Answers, LifeCycle::Failed, Some("no answers are kept over sessions")),
    }
    match without_models {
        Some(reason) => set(Component::Models, LifeCycle::Failed, Some(reason)),
        None => set(Component::Models, LifeCycle::Ready, Some("not asked yet")),
    }
}

/// How the workspace is, once it is known which one it is.
pub(super) fn entered(loaded: &Loaded, trust: Trust) {
    loaded.components.set(Component::Workspace, LifeCycle::Ready, restricted(trust));
}

fn restricted(trust: Trust) -> Option<&'static str> {
    match trust {
        Trust::Trusted => None,
        Trust::Restricted => Some("restricted: it is not trusted"),
        Trust::Changed => Some("restricted: what was trusted has changed"),
    }
}

/// Takes over the numbers that others keep.
fn measure(health: &Health, storage: &Storage) {
    let n_of = |state: fn(&Availability) -> bool| {
        health.providers.iter().filter(|provider| state(&provider.availability)).count() as u64
    };
    PROVIDERS.set(Availability::Closed, n_of(|state| matches!(state, Availability::Closed)));
    PROVIDERS.set(Availability::HalfOpen, n_of(|state| matches!(state, Availability::HalfOpen)));
    PROVIDERS
        .set(Availability::Open { seconds: 0 }, n_of(|state| matches!(state, Availability::Open { .. })));
    REQUESTS_WAITING.set((), health.providers.iter().map(|provider| provider.waiting).sum());
    if let Some(facts) = storage.facts() {
        JOURNAL_BYTES.set((), facts.bytes);
    }
}

/// How the way to the models is, by what is known of the providers that were asked.
fn state_of(health: &Health) -> (LifeCycle, Option<String>) {
    let n_all = health.providers.len();
    let rests = health.providers.iter().filter(|known| !matches!(known.availability, Availability::Closed));
    let fails = health.providers.iter().filter(|known| known.answered == Some(false));
    match (rests.count(), fails.count()) {
        _ if health.providers.iter().all(|known| known.answered.is_none()) => {
            (LifeCycle::Ready, Some("not asked yet".to_owned()))
        }
        (0, 0) => (LifeCycle::Ready, None),
        (n, _) if n == n_all => {
            (LifeCycle::Failed, Some("every provider is left alone for a while".to_owned()))
        }
        (0, n) => (LifeCycle::Degraded, Some(format!("{n} of {n_all} providers failed when last asked"))),
        (n, _) => (LifeCycle::Degraded, Some(format!("{n} of {n_all} providers are left alone for a while"))),
    }
}

/// The used part of the tightest budget, in percent.
fn share(budget: &Budget, known: KnownUsage) -> Option<u64> {
    let of = |spent: u64, limit: u64| {
        let percent = u128::from(spent) * 100 / u128::from(limit.max(1));
        u64::try_from(percent).unwrap_or(u64::MAX)
    };
    [
        budget.session.map(|limit| of(known.session.cost.0, limit.0)),
        budget.day.map(|limit| of(known.today.cost.0, limit.0)),
        budget.day_tokens.map(|limit| of(known.today.tokens, limit)),
    ]
    .into_iter()
    .flatten()
    .max()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::Money;
    use crate::ports::{ProviderHealth, Spent};

    fn health(providers: &[(Availability, Option<bool>)]) -> Health {
        let provider =
            |(n, (availability, answered)): (usize, &(Availability, Option<bool>))| ProviderHealth {
                name: format!("p{n}"),
                availability: *availability,
                answered: *answered,
                last_error: None,
                in_flight: 0,
                waiting: 0,
            };
        Health { providers: providers.iter().enumerate().map(provider).collect(), ..Health::default() }
    }

    #[test]
    fn the_way_to_the_models_is_as_good_as_its_providers() {
        let open = Availability::Open { seconds: 9 };
        let check = |providers: &[_], expected| assert_eq!(state_of(&health(providers)).0, expected);
        check(&[], LifeCycle::Ready);
        check(&[(Availability::Closed, None)], LifeCycle::Ready);
        check(&[(Availability::Closed, Some(true))], LifeCycle::Ready);
        check(
            &[(Availability::Closed, Some(false)), (Availability::Closed, Some(true))],
            LifeCycle::Degraded,
        );
        check(&[(open, Some(false)), (Availability::Closed, Some(true))], LifeCycle::Degraded);
        check(&[(open, Some(false))], LifeCycle::Failed);
    }

    #[test]
    fn the_tightest_budget_counts() {
        let spent = |tokens, cost| Spent { tokens, cost: Money(cost) };
        let known = KnownUsage { session: spent(10, 40), today: spent(900, 50) };
        assert_eq!(share(&Budget::default(), known), None);
        let budget = Budget { day: Some(Money(100)), session: Some(Money(50)), ..Budget::default() };
        assert_eq!(share(&budget, known), Some(80));
        let budget = Budget { day_tokens: Some(1000), ..budget };
        assert_eq!(share(&budget, known), Some(90));
    }
}
