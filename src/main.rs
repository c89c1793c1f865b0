//! The `tenon` program: reads the arguments, builds the parts, runs a command. Only wiring.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use clap::Parser;
use tenon::assembly::{self, Loaded, Storage};
use tenon::cli::record::{self, Record};
use tenon::cli::{
    Arguments, Command, EditArgs, apply, config_command, consent, demo, doctor, edit, log, metrics, models,
    output, sessions, show, status, trust, undo,
};
use tenon::config::layer;
use tenon::config::trust::TrustStore;
use tenon::config::{self, Config, ConfigError, StateDir, UserFile};
use tenon::lsp;
use tenon::ports::metrics::catalogue::PROBLEMS;
use tenon::ports::{Component, Components, Direction, FrontDoor, LifeCycle};
use tenon::problem::{Category, Problem, Severity};
use tenon::telemetry::{self, AllNumbers, Front, NumbersFile, Telemetry};

fn main() -> ExitCode {
    let command = match Arguments::try_parse() {
        Ok(arguments) => arguments.command,
        Err(error) => return output::usage(&error).into(),
    };
    let json = command.wants_json();
    let code = run(&command).unwrap_or_else(|problem| {
        // Of an edit the application has counted it.
        if matches!(command, Command::Undo(_) | Command::Redo(_)) {
            PROBLEMS.count(problem.code);
        }
        output::fail(&problem, json).into()
    });
    if command.is_counted()
        && let Ok(state) = StateDir::open()
    {
        telemetry::add_to_total(&state);
    }
    code
}

fn run(command: &Command) -> Result<ExitCode, Problem> {
    let file = UserFile::locate();
    tenon::workspace::keep_out(file.path().map(Path::to_owned).into_iter().chain(StateDir::place()));
    let config = config::load(&file);
    // The server and `edit` settle this for the folder that they are told of.
    let here = matches!(command, Command::Config(_) | Command::Doctor(_) | Command::Models(_));
    let (config, ignored) = if here { layer::in_folder(config, Path::new(".")) } else { (config, None) };
    let exit = match command {
        Command::Apply(args) => return apply(args),
        Command::Log(args) => on_record(|record| log::run(args, record, now()))?,
        Command::Show(args) => on_record(|record| show::run(args, record, now()))?,
        Command::Undo(args) => on_record(|record| undo::run(args, Direction::Undo, record))?,
        Command::Redo(args) => on_record(|record| undo::run(args, Direction::Redo, record))?,
        Command::Sessions(args) => on_record(|record| sessions::run(args, record, now()))?,
        Command::Lsp => return serve(config, file),
        Command::Config(args) => config_command::run(args, &file, &config, ignored),
        Command::Doctor(args) => doctor(args, &file, &config, ignored)?,
        Command::Edit(args) => edit(args, config?)?,
        Command::Models(args) => {
            let parts = Parts::start(Front::Terminal);
            let config = config?;
            let (storage, problems) = parts.storage(&config);
            problems.iter().for_each(output::tell);
            let (ledger, responses) = (storage.ledger(), storage.responses());
            let sources = models::Sources {
                config: &config,
                ledger: ledger.as_ref(),
                responses: responses.as_deref(),
                models: &|config| assembly::models(&Arc::new(config), &storage),
            };
            let exit = block_on(models::run(args, &sources));
            storage.close();
            exit?
        }
        Command::Status(args) => on_record(|record| {
            let numbers = numbers().ok().unwrap_or_default();
            let trust = TrustStore::of_user().map(|store| store.judge(&args.root).trust);
            status::run(args, &numbers, record, trust.unwrap_or_default())
        })?,
        Command::Metrics => metrics::run(&numbers()?)?,
        Command::Trust(args) => {
            let state = StateDir::open()?;
            let config = config.as_ref().map_err(Clone::clone);
            trust::run(args, &TrustStore::new(&state), config, |action, subject, detail| {
                let noted = on_record(|record| {
                    record.note(None, action, subject, detail);
                    Ok(())
                });
                noted.unwrap_or_else(|problem| output::tell(&problem));
            })?
        }
        Command::Demo => {
            let parts = Parts::start(Front::Terminal);
            let scratch = parts.scratch();
            block_on(demo::run(|config, reader, writer| async move {
                let loaded = Loaded { config: Arc::new(config), scratch, ..Loaded::default() };
                lsp::serve(reader, writer, |editor| assembly::start(&loaded, editor)).await
            }))??
        }
    };
    Ok(exit.into())
}

/// Looks at everything tenon needs.
fn doctor(
    args: &doctor::DoctorArgs,
    file: &UserFile,
    config: &Result<Config, ConfigError>,
    ignored: Option<PathBuf>,
) -> Result<output::Exit, Problem> {
    let parts = Parts::start(Front::Terminal);
    let (storage, problems) = parts.storage(config.as_ref().unwrap_or(&Config::default()));
    let problems = problems.into_iter().chain(storage.check().err()).collect();
    let journal = storage.facts().map(|facts| doctor::JournalFacts {
        path: facts.path,
        version: facts.version,
        bytes: facts.bytes,
        key: facts.key.map(|place| place.to_string()),
    });
    let left = Record::new(storage.journal()).and_then(|record| record::interrupted(&record, None));
    let interrupted = left.unwrap_or_default();
    let exit = block_on(async {
        let providers = storage.ledger().providers().await;
        let surroundings = doctor::Surroundings {
            file,
            config,
            ignored,
            state: &parts.state,
            telemetry: &parts.telemetry,
            kept: doctor::Kept { journal, problems, interrupted, providers },
        };
        doctor::run(args, &surroundings).await
    });
    storage.close();
    exit
}

/// Edits by a model, from the terminal.
fn edit(args: &EditArgs, config: Config) -> Result<output::Exit, Problem> {
    let parts = Parts::start(Front::Terminal);
    if !args.show_prompt {
        settle_left(&parts, &args.root);
    }
    let mut loaded = Loaded {
        record: args.record.clone(),
        door: FrontDoor::Terminal,
        protected: consent::protected(&args.allow_protected, &args.root)?,
        sends_nothing: args.show_prompt,
        ..parts.loaded(Front::Terminal, Ok(config))
    };
    if !args.show_prompt && !args.allow_protected.is_empty() {
        let record = Record::new(loaded.storage.journal())?;
        consent::note(&record, &args.allow_protected, &args.root);
    }
    let storage = loaded.storage.clone();
    if args.json && !args.yes {
        // Nobody is asked, so nobody could decide on it later.
        loaded.storage = storage.unrecorded();
    }
    let exit = block_on(edit::run(args, |editor| assembly::start(&loaded, editor)));
    storage.close();
    exit?
}

/// Applies a reply. What only looks leaves no trace in the journal.
fn apply(args: &apply::ApplyArgs) -> Result<ExitCode, Problem> {
    if args.check || args.batch {
        return Ok(apply::run(args, None));
    }
    on_record(|record| Ok(apply::run(args, Some(record))))
}

/// Runs a command that is about what was done before; these need no configuration.
fn on_record<T>(run: impl FnOnce(&Record) -> Result<T, Problem>) -> Result<T, Problem> {
    let parts = Parts::start(Front::Terminal);
    let (storage, problems) = parts.storage(&Config::default());
    problems.iter().for_each(output::tell);
    let ran = Record::new(storage.journal()).and_then(|record| run(&record));
    storage.close();
    ran
}

/// Finishes or rolls back what an earlier command left under way in a workspace; the session is free again after that.
fn settle_left(parts: &Parts, root: &Path) {
    let (storage, _) = parts.storage(&Config::default());
    let told = Record::new(storage.journal()).and_then(|record| record::recover(&record, root));
    // What is wrong with the journal or the folder is told by the command itself.
    told.into_iter().flatten().for_each(|notice| output::tell(&notice));
    storage.close();
}

/// Since the beginning of 1970.
fn now() -> Duration {
    std::time::UNIX_EPOCH.elapsed().unwrap_or_default()
}

/// Serves an editor over stdin and stdout until it leaves.
fn serve(config: Result<Config, ConfigError>, file: UserFile) -> Result<ExitCode, Problem> {
    let parts = Parts::start(Front::Server);
    let mut loaded = parts.loaded(Front::Server, config);
    loaded.file = Some(file);
    loaded.numbers = parts.state.as_ref().ok().and_then(NumbersFile::begin).map(Arc::new);
    let parts = loaded.clone();
    let served = block_on(async move {
        let (stdin, stdout) = (tokio::io::stdin(), lsp::output::stdout());
        let serving = lsp::serve(stdin, stdout, move |editor| assembly::enter(&parts, editor));
        // Beside the tasks that write to it: on the thread that waits here it would have to be woken for every token.
        tokio::spawn(serving).await
    });
    loaded.storage.close();
    if let Some(numbers) = &loaded.numbers {
        numbers.write(&loaded.components);
    }
    let code = served?.map_err(|error| {
        Problem::error("internal", Category::Internal, format!("tenon ended unexpectedly: {error}"))
            .hint("please report it with the log file")
    })?;
    Ok(ExitCode::from(u8::from(code != 0)))
}

/// What every command needs that keeps something or logs.
struct Parts {
    state: Result<StateDir, Problem>,
    telemetry: Telemetry,
}

impl Parts {
    fn start(front: Front) -> Self {
        let state = StateDir::open();
        let telemetry = Telemetry::start(front, state.as_ref());
        Self { state, telemetry }
    }

    fn scratch(&self) -> Option<PathBuf> {
        self.state.as_ref().ok().and_then(|state| state.replies().ok())
    }

    fn trust(&self) -> Option<TrustStore> {
        self.state.as_ref().ok().map(TrustStore::new)
    }

    fn loaded(&self, front: Front, config: Result<Config, ConfigError>) -> Loaded {
        let (config, config_problem) = match config {
            Ok(config) => (config, None),
            Err(error) => (Config::default(), Some(Problem::from(error))),
        };
        let (storage, problems) = match (front, &self.state) {
            // The editor is answered before the disk is.
            (Front::Server, Ok(state)) => (Storage::opening(state.path(), &config.cache), Vec::new()),
            _ => self.storage(&config),
        };
        let components = Components::new(uptime());
        match self.telemetry.problem() {
            Some(problem) => components.set(Component::Log, LifeCycle::Degraded, Some(&problem.message)),
            None => components.set(Component::Log, LifeCycle::Ready, None),
        };
        Loaded {
            components: Arc::new(components),
            config: Arc::new(config),
            config_problem,
            warnings: self.telemetry.problem().cloned().into_iter().chain(problems).collect(),
            scratch: self.scratch(),
            storage,
            trust: self.trust(),
            ..Loaded::default()
        }
    }

    /// What is kept over sessions, and why that may be less than it should be.
    fn storage(&self, config: &Config) -> (Storage, Vec<Problem>) {
        match &self.state {
            Ok(state) => Storage::open(state.path(), &config.cache),
            Err(problem) => {
                let message = format!("what is done may not survive a restart: {}", problem.message);
                (
                    Storage::default(),
                    vec![Problem { severity: Severity::Warning, message, ..problem.clone() }],
                )
            }
        }
    }
}

/// Tells the time since now.
fn uptime() -> tenon::ports::Uptime {
    let began = std::time::Instant::now();
    Arc::new(move || began.elapsed())
}

/// What the servers of this user have counted.
fn numbers() -> Result<AllNumbers, Problem> {
    AllNumbers::read(&StateDir::open()?)
}

/// Runs a command's future. Threads that still wait for a name server or for input are left behind, not waited for.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Problem::error("no-runtime", Category::Internal, format!("cannot start threads: {error}"))
    })?;
    let result = runtime.block_on(future);
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(result)
}
