//! Puts the application together from a configuration: the same parts for every front door.

use std::path::PathBuf;
use std::sync::Arc;

use tokio::sync::mpsc;

use crate::app::{self, Event, Parts};
use crate::config::{Config, ConfiguredModels};
use crate::orchestrator::{Board, Services, Settings};
use crate::ports::{Editor, MemoryJournal, ModelSource};
use crate::workspace::{DiskFiles, ScratchFolder};

/// The parts as `config` describes them, with `models` in the place of the configured ones. `scratch` is where
/// diffs to look at are written.
pub fn parts(
    config: &Config,
    models: Arc<dyn ModelSource>,
    editor: Arc<dyn Editor>,
    scratch: Option<PathBuf>,
) -> Parts {
    let settings = Settings {
        repair_rounds: config.limits.repair_rounds,
        task_time: config.limits.task,
        files: config.limits.files,
        comment_marker: config.comment_marker.clone(),
    };
    Parts {
        services: Services {
            models,
            files: Arc::new(DiskFiles::new(config.limits.file_bytes)),
            editor,
            board: Arc::new(Board::default()),
            settings: Arc::new(settings),
        },
        journal: Arc::new(MemoryJournal::default()),
        scratch: Arc::new(ScratchFolder::new(scratch)),
        review_mode: config.review_mode,
        concurrent_tasks: config.limits.concurrent_tasks,
        providers: config.providers.keys().cloned().collect(),
    }
}

/// Starts the application for `editor`, with the models that `config` names.
pub fn start(
    config: &Arc<Config>,
    editor: Arc<dyn Editor>,
    scratch: Option<PathBuf>,
) -> mpsc::UnboundedSender<Event> {
    let models = Arc::new(ConfiguredModels::new(Arc::clone(config)));
    app::spawn(parts(config, models, editor, scratch)).0
}
