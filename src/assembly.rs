//! Puts the application together from a configuration: the same parts for every front door.

mod reload;
mod settled;
mod storage;
mod watch;

use std::path::PathBuf;
use std::sync::Arc;

use futures::future::BoxFuture;
use tokio::sync::{mpsc, oneshot};

use reload::Source;
use settled::Settled;
pub use storage::Storage;
use watch::Watch;

use crate::app::{self, Entrance, Event, Parts};
use crate::config::trust::TrustStore;
use crate::config::{Config, ConfiguredModels, UserFile};
use crate::diff::lower::ProtectedConsent;
use crate::gateway::{Books, Gateway, Policy};
use crate::journal::random_id;
use crate::model::{Model, OutgoingFilter, Role};
use crate::orchestrator::{Board, Services, Settings};
use crate::ports::{
    Components, Editor, FrontDoor, MemoryJournal, MemoryLedger, ModelSource, Recorder, Trust, UpstreamSource,
};
use crate::problem::{Problem, Severity};
use crate::recording::ReplyRecorder;
use crate::telemetry::NumbersFile;
use crate::workspace::{DiskFiles, DiskWriter, ScratchFolder};

/// The parts as `config` describes them, with `models` in the place of the configured ones. `filter` is the one that
/// stands before the models. `scratch` is where diffs to look at are written.
pub fn parts(
    config: &Config,
    models: Arc<dyn ModelSource>,
    filter: OutgoingFilter,
    editor: Arc<dyn Editor>,
    scratch: Option<PathBuf>,
) -> Parts {
    let settings = Settings {
        repair_rounds: config.limits.repair_rounds,
        task_time: config.limits.task,
        files: config.limits.files,
        comment_marker: config.comment_marker.clone(),
        actions: config.actions.values().cloned().collect(),
        sends_nothing: false,
        protected: ProtectedConsent::default(),
    };
    Parts {
        services: Services {
            models,
            files: Arc::new(DiskFiles::new(config.limits.file_bytes)),
            editor,
            ledger: Arc::new(MemoryLedger::default()),
            board: Arc::new(Board::default()),
            settings: Arc::new(settings),
            prompts: Arc::default(),
            filter,
        },
        journal: Arc::new(MemoryJournal::default()),
        door: FrontDoor::default(),
        writer: Arc::new(DiskWriter),
        scratch: Arc::new(ScratchFolder::new(scratch)),
        review_mode: config.review_mode,
        trust: Trust::default(),
        judge: None,
        concurrent_tasks: config.limits.concurrent_tasks,
        completion: completes(config).then_some(config.completion),
        providers: config.providers.keys().cloned().collect(),
        budget: config.budget,
        components: Arc::default(),
        warnings: Vec::new(),
    }
}

/// Whether text is completed at the cursor: only with a model for it that can fill in a middle.
pub fn completes(config: &Config) -> bool {
    config.models_of(Role::Completion).iter().any(|(_, model)| model.capabilities.fill.is_some())
}

/// The way to the models of `upstreams`, guarded as `config` says, in a session of its own.
pub fn gateway(
    config: &Config,
    upstreams: Arc<dyn UpstreamSource>,
    filter: OutgoingFilter,
    books: Books,
) -> Gateway {
    let policy = Policy { budget: config.budget, cache: config.cache, splits: config.splits.clone() };
    Gateway::new(upstreams, filter, policy, session_id(), books)
}

/// Books that end with the process.
pub fn books_in_memory() -> Books {
    Books {
        ledger: Arc::new(MemoryLedger::default()),
        responses: None,
        recorder: None,
        spending: Arc::default(),
    }
}

/// An id for what this process asks of models.
fn session_id() -> String {
    random_id().unwrap_or_else(|error| {
        // Without randomness of the system, the time and the process are as good as unique.
        tracing::warn!(%error, "no randomness for the session's id");
        let since = std::time::UNIX_EPOCH.elapsed().unwrap_or_default().as_nanos();
        format!("{:032x}", since << 32 | u128::from(std::process::id()))
    })
}

/// What came of reading the configuration and opening the log, for [`start`].
#[derive(Debug, Clone, Default)]
pub struct Loaded {
    /// The configuration; the default one when it could not be read.
    pub config: Arc<Config>,
    /// Where it is from, if it is to be read again when it changes.
    pub file: Option<UserFile>,
    /// Why the configuration could not be read: every request for a model is answered with this.
    pub config_problem: Option<Problem>,
    /// Other problems to show once.
    pub warnings: Vec<Problem>,
    /// Where diffs to look at are written.
    pub scratch: Option<PathBuf>,
    /// What is kept over sessions.
    pub storage: Storage,
    /// Whose sessions there are taken over.
    pub door: FrontDoor,
    /// Protected files that the user lets be written; it holds in a trusted workspace only.
    pub protected: ProtectedConsent,
    /// Which workspaces the user trusts; `None` trusts none.
    pub trust: Option<TrustStore>,
    /// File to record every reply in, in place of the configured folder.
    pub record: Option<PathBuf>,
    /// How the parts of this process are.
    pub components: Arc<Components>,
    /// Where what is counted is put for others, if anywhere.
    pub numbers: Option<Arc<NumbersFile>>,
    /// Whether prompts are only made for a look, and none is sent.
    pub sends_nothing: bool,
}

/// The way to the models of `config` without an application around it.
///
/// # Errors
/// The rules of what may be sent are wrong: without them nothing is sent.
pub fn models(config: &Arc<Config>, storage: &Storage) -> Result<Arc<dyn ModelSource>, Problem> {
    let filter = OutgoingFilter::new(&config.outgoing).map_err(|bad| Problem::from(&bad))?;
    let configured = ConfiguredModels::new(Arc::clone(config));
    Ok(Arc::new(gateway(config, Arc::new(configured), filter, storage.books())))
}

/// Starts the application for `editor`, once that says which folders it works in: whether they are trusted, and what a
/// trusted one says, is settled before anything is built.
pub fn start(loaded: &Loaded, editor: Arc<dyn Editor>) -> mpsc::UnboundedSender<Event> {
    let loaded = loaded.clone();
    let (begun, watch) = oneshot::channel();
    let (events, _) = app::spawn_when_known(move |facts| {
        let Settled { loaded: settled, layer, trust, judge } = settled::settle(&loaded, &facts.folders);
        let source = Source::new(&loaded, &settled, layer);
        let loaded = settled;
        let (mut parts, watch) = built(&loaded, editor);
        parts.warnings.extend(loaded.storage.problems().iter().cloned());
        loaded.storage.expire();
        watch::entered(&loaded, trust);
        // Nobody waits any more only at the end.
        let _ = begun.send(watch.of(&facts.folders, trust).reading(source));
        Parts { trust, judge, ..parts }
    });
    let application = events.downgrade();
    tokio::spawn(async move {
        if let Ok(watch) = watch.await {
            watch.run(application).await;
        }
    });
    events
}

/// Builds the application. A broken configuration does not keep it from starting: what needs no model works, and what
/// needs one says what is wrong.
fn built(loaded: &Loaded, editor: Arc<dyn Editor>) -> (Parts, Watch) {
    let (filter, bad_rules) = match OutgoingFilter::new(&loaded.config.outgoing) {
        Ok(filter) => (filter, None),
        Err(bad) => (OutgoingFilter::default(), Some(Problem::from(&bad))),
    };
    let (recorder, notice) = recorder(loaded, &filter).unzip();
    let recorder = recorder.flatten();
    // Without the user's rules nothing is sent, nor without the recording that was asked for just now.
    let unrecorded = notice.clone().filter(|_| loaded.record.is_some() && recorder.is_none());
    let problem = loaded.config_problem.clone().or(bad_rules).or(unrecorded);
    let models: Arc<dyn ModelSource> = match &problem {
        Some(problem) => Arc::new(NoModels(problem.clone())),
        None => {
            let configured = ConfiguredModels::new(Arc::clone(&loaded.config));
            let books = Books { recorder, ..loaded.storage.books() };
            Arc::new(gateway(&loaded.config, Arc::new(configured), filter.clone(), books))
        }
    };
    watch::begin(loaded, problem.as_ref().map(|problem| problem.message.as_str()));
    let watch = Watch::new(loaded, Arc::clone(&models), Arc::clone(&editor), problem.is_some());
    let mut parts = parts(&loaded.config, models, filter, editor, loaded.scratch.clone());
    parts.components = Arc::clone(&loaded.components);
    parts.services.ledger = loaded.storage.ledger();
    parts.journal = loaded.storage.journal();
    parts.door = loaded.door;
    parts.warnings.extend(problem.iter().chain(&loaded.warnings).cloned());
    if problem.is_none() {
        parts.warnings.extend(notice);
    }
    let settings = Settings {
        sends_nothing: loaded.sends_nothing,
        protected: loaded.protected.clone(),
        ..parts.services.settings.as_ref().clone()
    };
    parts.services.settings = Arc::new(settings);
    (parts, watch)
}

/// The recorder that the user asked for, if it can be had, and what to tell of it.
fn recorder(loaded: &Loaded, filter: &OutgoingFilter) -> Option<(Option<Arc<dyn Recorder>>, Problem)> {
    if loaded.sends_nothing {
        return None;
    }
    // What is recorded may be given away: secrets go out of it even where they may be sent.
    let filter = if loaded.config.outgoing.redact { filter.clone() } else { OutgoingFilter::default() };
    let created = match (&loaded.record, &loaded.config.recordings) {
        (Some(path), _) => ReplyRecorder::create(path.clone(), filter),
        (None, Some(folder)) => {
            let now = std::time::UNIX_EPOCH.elapsed().unwrap_or_default();
            ReplyRecorder::in_folder(folder, &session_id(), now, filter)
        }
        (None, None) => return None,
    };
    Some(match created {
        Ok(recorder) => {
            let notice = recorder.notice();
            (Some(Arc::new(recorder)), notice)
        }
        Err(problem) => (None, Problem { severity: Severity::Warning, ..problem }),
    })
}

/// The same for a front door that completes text.
pub fn enter(loaded: &Loaded, editor: Arc<dyn Editor>) -> Entrance {
    let completes = loaded.config_problem.is_none() && completes(&loaded.config);
    Entrance { events: start(loaded, editor), completes }
}

/// Answers every request for a model with the same problem.
struct NoModels(Problem);

impl ModelSource for NoModels {
    fn models(&self, _role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Model>>, Problem>> {
        Box::pin(std::future::ready(Err(self.0.clone())))
    }
}
