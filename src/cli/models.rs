//! `tenon models`: which models are asked for what, what is known of them, and, with `--probe`, whether they answer.
//!
//! Without `--probe` nothing is sent. A key is never shown: only its absence is told, by the provider's error.

mod probe;
mod report;
mod table;

use std::sync::Arc;

pub(super) use table::past;

use clap::Args;
use clap::builder::PossibleValuesParser;

use self::report::Report;
use super::output::{self, Colours, Exit};
use crate::config::Config;
use crate::config::source::{self, Described};
use crate::model::Role;
use crate::ports::{Ledger, ModelSource, ResponseStore};
use crate::problem::Problem;

/// Arguments of `tenon models`.
#[derive(Debug, Args)]
pub struct ModelsArgs {
    /// Print one JSON object.
    #[arg(long)]
    pub json: bool,
    /// Ask each model one tiny question.
    #[arg(long, conflicts_with = "forget")]
    pub probe: bool,
    /// Forget all kept answers.
    #[arg(long)]
    pub forget: bool,
    /// Only the models of these roles.
    #[arg(value_name = "ROLE", value_parser = PossibleValuesParser::new(Role::ALL.map(Role::name)))]
    pub roles: Vec<String>,
}

/// What the command looks at.
pub struct Sources<'a> {
    /// The configuration.
    pub config: &'a Config,
    /// The account.
    pub ledger: &'a dyn Ledger,
    /// The kept answers, if any are.
    pub responses: Option<&'a dyn ResponseStore>,
    /// The way to the models of a configuration.
    pub models: &'a (dyn Fn(Config) -> Result<Arc<dyn ModelSource>, Problem> + Sync),
}

/// Runs the command. It fails when a probe failed.
pub async fn run(args: &ModelsArgs, sources: &Sources<'_>) -> Exit {
    if args.forget {
        return forget(args, sources).await;
    }
    let wanted = |role: &Role| args.roles.is_empty() || args.roles.iter().any(|name| name == role.name());
    let roles: Vec<Role> = Role::ALL.into_iter().filter(wanted).collect();
    let found = if sources.config.models.is_empty() { source::detect_all_local().await } else { Vec::new() };
    let found_here = !found.is_empty();
    let config = with_found(sources.config, found);
    let sources = &Sources { config: &config, ..*sources };
    let mut report = Report { found_here, ..report::gather(&roles, sources).await };
    if args.probe {
        probe::all(&mut report, sources).await;
    }
    let failed = report.has_failed_probe();
    let printed = if args.json {
        output::print_json(&report)
    } else {
        {
            let colours = Colours::for_stdout();
            output::print_painted(&table::render(&report, colours), colours)
        }
    };
    match printed {
        Err(problem) => output::fail(&problem, false),
        Ok(()) if failed => Exit::Failed,
        Ok(()) => Exit::Done,
    }
}

/// The configuration with what was found on this machine in it.
fn with_found(config: &Config, found: Vec<Described>) -> Config {
    let mut config = config.clone();
    for (provider, mut model) in found {
        if config.models.contains_key(&model.name) {
            model.name = format!("{} at {}", model.name, provider.name);
        }
        for role in Role::ALL.into_iter().filter(|role| source::serves(*role, &model)) {
            config.roles.entry(role).or_default().push(model.name.clone());
        }
        config.providers.insert(provider.name.clone(), provider);
        config.models.insert(model.name.clone(), model);
    }
    config
}

async fn forget(args: &ModelsArgs, sources: &Sources<'_>) -> Exit {
    let mut n_forgotten = 0;
    if let Some(responses) = sources.responses {
        n_forgotten = responses.statistics().await.entries;
        responses.clear();
        // What is left is asked for behind the clearing, so it is done when this is known.
        n_forgotten -= responses.statistics().await.entries.min(n_forgotten);
    }
    let printed = if args.json {
        output::print_json(&serde_json::json!({ "forgotten": n_forgotten }))
    } else {
        let answers = if n_forgotten == 1 { "answer" } else { "answers" };
        output::print(&format!(
            "{n_forgotten} kept {answers} forgotten; running servers keep what they hold in memory until it is old\n"
        ))
    };
    printed.map_or_else(|problem| output::fail(&problem, false), |()| Exit::Done)
}
