//! `tenon status`: how the running servers are.

use serde_json::{Value, json};

use super::output::{self, Colour, Colours, Exit};
use crate::ports::LifeCycle;
use crate::problem::{Category, Problem, plain};
use crate::telemetry::{AllNumbers, ProcessNumbers};

/// Arguments of `tenon status`.
#[derive(Debug, clap::Args)]
pub struct StatusArgs {
    /// Print one JSON object, with the numbers of all servers.
    #[arg(long)]
    pub json: bool,
}

/// Prints the health of every running server, as it wrote it last: ten seconds ago at most, if anything changed.
///
/// # Errors
/// `no-server`: none is running; or stdout cannot be written to.
pub fn run(args: &StatusArgs, all: &AllNumbers) -> Result<Exit, Problem> {
    if all.servers.is_empty() {
        return Err(Problem::error("no-server", Category::Request, "no server is running")
            .hint("open an editor that runs tenon lsp; tenon metrics prints what was counted before"));
    }
    if args.json {
        output::print_json(&object(all))?;
    } else {
        let colours = Colours::for_stdout();
        output::print(&all.servers.iter().map(|server| text(server, colours)).collect::<String>())?;
    }
    Ok(Exit::Done)
}

/// The object that `--json` prints.
fn object(all: &AllNumbers) -> Value {
    let servers: Vec<_> = all
        .servers
        .iter()
        .map(|server| {
            json!({
                "process": server.process,
                "version": server.version,
                "started": server.started,
                "written": server.written,
                "health": server.health,
            })
        })
        .collect();
    json!({ "servers": servers, "metrics": all.numbers })
}

fn text(server: &ProcessNumbers, colours: Colours) -> String {
    let minutes = server.written.saturating_sub(server.started) / 60;
    let mut text = format!(
        "{}\n",
        colours.paint(
            Colour::Bold,
            &format!("process {}, tenon {}, {minutes} min", server.process, plain(&server.version))
        )
    );
    for part in &server.health {
        let colour = match part.state {
            LifeCycle::Ready => Colour::Green,
            LifeCycle::Starting | LifeCycle::Stopped => Colour::Faint,
            LifeCycle::Degraded => Colour::Yellow,
            LifeCycle::Failed => Colour::Red,
        };
        let state = colours.paint(colour, &format!("{:<8}", part.state.as_str()));
        let reason = part.reason.as_ref().map(|reason| format!("  {}", plain(reason).replace('\n', " ")));
        let line = format!("  {:<13} {state}{}", part.component.as_str(), reason.unwrap_or_default());
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ports::metrics::Snapshot;
    use crate::ports::{Component, ComponentHealth};

    fn all(servers: usize) -> AllNumbers {
        let part = |component, state, reason: Option<&str>| ComponentHealth {
            component,
            state,
            reason: reason.map(str::to_owned),
            since_seconds: 7,
        };
        let server = ProcessNumbers {
            version: "0.1.0".to_owned(),
            process: 42,
            started: 1_000,
            written: 1_185,
            health: vec![
                part(Component::Configuration, LifeCycle::Ready, None),
                part(Component::Journal, LifeCycle::Degraded, Some("2 entries\nlost \u{1b}[31m")),
            ],
            numbers: Snapshot::default(),
        };
        AllNumbers { servers: vec![server; servers], numbers: Snapshot::default() }
    }

    #[test]
    fn a_server_is_told_part_by_part_without_control_characters() {
        expect_test::expect![[r"
            process 42, tenon 0.1.0, 3 min
              configuration ready
              journal       degraded  2 entries lost [31m
        "]]
        .assert_eq(&text(&all(1).servers[0], Colours::NONE));
    }

    #[test]
    fn the_object_has_the_servers_and_the_sum() {
        let object = object(&all(2));
        assert_eq!(object["servers"].as_array().map(Vec::len), Some(2));
        assert_eq!(object["servers"][0]["health"][1]["state"], "degraded");
        assert!(object["metrics"]["counters"].is_object());
    }

    #[test]
    fn no_server_is_a_problem_with_a_hint() {
        let problem = run(&StatusArgs { json: true }, &all(0)).unwrap_err();
        assert_eq!(problem.code, "no-server");
        assert!(problem.hint.is_some());
    }
}
