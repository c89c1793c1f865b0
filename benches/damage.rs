//! Damaged replies, made from real commits by a seed: how many the engine applies rightly, and that it never applies
//! one wrongly.
//!
//! Each kind of damage is done to replies in each format; what is right is known from the true change. Every case is
//! run several times and the least time counts.
//!
//! ```sh
//! cargo bench --bench damage -- --repo path/to/repository --cases 300
//! cargo bench --profile dev --bench damage -- --kind indent-dropped --show-failures 3
//! ```

use std::path::{Path, PathBuf};

use corpus::Change;
use generator::case::Verdict;
use generator::{Ask, Format, KINDS, Rng, Script};
use tally::{Tally, line};

#[path = "damage/corpus.rs"]
mod corpus;
#[path = "damage/engine.rs"]
mod engine;
#[path = "damage/failure.rs"]
mod failure;
#[path = "damage/generator.rs"]
mod generator;
#[path = "support/table.rs"]
mod table;
#[path = "damage/tally.rs"]
mod tally;

const SEED: u64 = 20_261_121;

/// Arguments of the benchmark.
#[derive(Debug, clap::Parser)]
struct Options {
    /// A git repository to take changes from; this project's own by default.
    #[arg(long = "repo")]
    repositories: Vec<PathBuf>,
    /// A number, or `random`.
    #[arg(long, default_value_t = SEED.to_string())]
    seed: String,
    /// Commits to take.
    #[arg(long, default_value_t = 300)]
    cases: usize,
    /// Only kinds whose name contains this.
    #[arg(long)]
    kind: Option<String>,
    /// Only this format.
    #[arg(long)]
    format: Option<String>,
    /// Print up to this many failures of each kind in each format.
    #[arg(long, default_value_t = 0)]
    show_failures: usize,
    /// Print up to this many cases of each kind in each format, right or wrong.
    #[arg(long, default_value_t = 0)]
    show: usize,
    /// Write the cases into this folder as JSON lines that `tenon apply --batch` reads, and what is expected.
    #[arg(long)]
    dump: Option<PathBuf>,
    /// How Cargo says that this is a benchmark run.
    #[arg(long, hide = true)]
    bench: bool,
}

fn main() {
    if !table::is_wanted() {
        return;
    }
    let options = <Options as clap::Parser>::parse();
    let seed = match options.seed.as_str() {
        "random" => Rng::new(u64::from(std::process::id()) ^ clock()).next() % 1_000_000_000,
        seed => seed.parse().expect("--seed takes a number or `random`"),
    };
    let repositories = match options.repositories.as_slice() {
        [] => vec![Path::new(env!("CARGO_MANIFEST_DIR")).to_owned()],
        given => given.to_vec(),
    };
    let changes = corpus::changes(&repositories, options.cases, seed);
    if changes.is_empty() {
        line("No changes to take: the repositories have no history that can be read.");
        return;
    }
    line(&format!("Seed {seed}, {} commits of:", changes.len()));
    for path in &repositories {
        line(&format!("- {} at {}", corpus::name(path), corpus::head(path).unwrap_or_default()));
    }
    line("");
    run(&options, &changes, seed).print();
}

fn clock() -> u64 {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap_or_default();
    u64::from(now.subsec_nanos())
}

fn run(options: &Options, changes: &[Change], seed: u64) -> Tally {
    let pool: Vec<Script> = changes.iter().flat_map(|change| change.files.clone()).collect();
    let wanted = |name: &str, only: &Option<String>| only.as_deref().is_none_or(|only| name.contains(only));
    let mut tally = Tally::default();
    let mut dump = options.dump.as_deref().map(failure::Dump::new);
    for format in Format::ALL.into_iter().filter(|format| wanted(format.name(), &options.format)) {
        for kind in KINDS.iter().filter(|kind| wanted(kind.name, &options.kind)) {
            let (mut n_failures, mut n_shown) = (0, 0);
            for change in changes {
                let rng = Rng::fork(seed, &format!("{} {} {}", change.name, kind.name, format.name()));
                let mut ask = Ask { files: change.files.clone(), pool: &pool, format, rng };
                let Some(case) = (kind.make)(&mut ask) else { continue };
                if let Some(dump) = &mut dump {
                    dump.write(format, kind.name, &change.name, &case);
                }
                let title = format!("{} / {} / {}", format.name(), kind.name, change.name);
                let outcome = engine::run(engine::reply_format(format), &case, None);
                let verdict = case.judge(outcome.texts.as_ref().ok());
                tally.add(format, kind.name, &case, verdict, outcome.time);
                let failed = !matches!(verdict, Verdict::Right | Verdict::RightlyUnsure);
                if n_shown < options.show || (failed && n_failures < options.show_failures) {
                    n_shown += 1;
                    n_failures += usize::from(failed);
                    failure::print(&title, &case, verdict, &outcome);
                }
            }
        }
    }
    tally
}
