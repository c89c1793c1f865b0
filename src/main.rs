//! The `tenon` program: reads the arguments, builds the parts, runs a command. Only wiring.

use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use clap::Parser;
use tenon::cli::{Arguments, Command, Exit, config_command, doctor, output};
use tenon::config::{self, StateDir, UserFile};
use tenon::problem::{Category, Problem};
use tenon::telemetry::{Front, Telemetry};

fn main() -> ExitCode {
    let command = Arguments::parse().command;
    let json = command.wants_json();
    run(&command).unwrap_or_else(|problem| output::fail(&problem, json)).into()
}

fn run(command: &Command) -> Result<Exit, Problem> {
    let file = UserFile::locate();
    let config = config::load(&file);
    let ignored = config::files::ignored_workspace_file(Path::new("."));
    match command {
        Command::Config(args) => Ok(config_command::run(args, &file, &config, ignored)),
        Command::Doctor(args) => {
            let parts = Parts::start(Front::Terminal);
            let surroundings = doctor::Surroundings {
                file: &file,
                config: &config,
                ignored,
                state: &parts.state,
                telemetry: &parts.telemetry,
            };
            block_on(doctor::run(args, &surroundings))
        }
        // WIRING: these four commands are connected here when their parts are there.
        Command::Lsp => {
            let _parts = Parts::start(Front::Server);
            todo!("tenon lsp")
        }
        Command::Edit(_) => todo!("tenon edit"),
        Command::Apply(_) => todo!("tenon apply"),
        Command::Demo => todo!("tenon demo"),
    }
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
}

/// Runs a command's future. Threads that still wait for a name server are left behind, not waited for.
fn block_on<T>(future: impl Future<Output = T>) -> Result<T, Problem> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| {
        Problem::error("no-runtime", Category::Internal, format!("cannot start threads: {error}"))
    })?;
    let result = runtime.block_on(future);
    runtime.shutdown_timeout(Duration::from_millis(100));
    Ok(result)
}
