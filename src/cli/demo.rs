//! `tenon demo`: the main job on a sample project, through a real session, with a recorded model.
//!
//! The demo plays an editor and the person in front of it. While the reply streams it types in another function of
//! the same file; at the end every text is compared, byte for byte, with the one expected. Nothing but a temporary
//! folder is written, and nothing leaves the machine.

mod client;
mod desk;
mod sample;
mod screen;
mod session;

use std::path::Path;

use serde_json::{Value, json};
use tokio::io::DuplexStream;

use self::client::Client;
use self::desk::Desk;
use self::screen::{Halt, Screen};
use self::session::Session;
use super::Exit;
use crate::config::{self, Config};
use crate::diff::render;
use crate::problem::{Category, Problem};

/// Bytes that may wait in a pipe between the two ends.
const PIPE: usize = 64 << 10;

/// Runs the demo. `serve` serves a language client on the other end of two pipes. A reader of stdout that goes away
/// ends it quietly.
///
/// # Errors
/// Whatever kept it from its end, and every text that is not the one expected.
pub async fn run<F>(serve: impl FnOnce(Config, DuplexStream, DuplexStream) -> F) -> Result<Exit, Problem>
where
    F: Future<Output = i32> + Send + 'static,
{
    let told = tokio::select! {
        told = tell(serve) => told,
        _ = tokio::signal::ctrl_c() => return Ok(Exit::Cancelled),
    };
    match told {
        Ok(()) | Err(Halt::ReaderGone) => Ok(Exit::Done),
        Err(Halt::Problem(problem)) => Err(problem),
    }
}

async fn tell<F>(serve: impl FnOnce(Config, DuplexStream, DuplexStream) -> F) -> Result<(), Halt>
where
    F: Future<Output = i32> + Send + 'static,
{
    let mut screen = Screen::stdout();
    screen.title("tenon demo: one change across three files, in a real LSP session.")?;
    screen.line("The model's reply is a recording; nothing leaves this machine.\n")?;
    let folder = tempfile::tempdir().map_err(|error| unwritable(&error))?;
    // The temporary folder may be behind a link; the server and the editor must name the files alike.
    let root = folder.path().canonicalize().map_err(|error| unwritable(&error))?;
    let config = prepare(&root)?;
    let (requests, server_input) = tokio::io::duplex(PIPE);
    let (server_output, replies) = tokio::io::duplex(PIPE);
    let server = tokio::spawn(serve(config, server_input, server_output));
    let desk = Desk::new(root.join("project"));
    let mut session = Session::start(Client::new(replies, requests), desk).await?;
    open(&mut session, &mut screen).await?;
    let proposal = ask(&mut session, &mut screen).await?;
    show(&mut session, &mut screen, &proposal).await?;
    accept(&mut session, &mut screen, &proposal).await?;
    undo(&mut session, &mut screen, &proposal).await?;
    session.end().await?;
    match server.await {
        Ok(0) => next_steps(&mut screen),
        Ok(code) => Err(failed(format!("the server ended with code {code}")).into()),
        Err(error) => Err(failed(format!("the server did not end well: {error}")).into()),
    }
}

/// A demo that did not go as it must: always a defect of tenon.
fn failed(message: impl Into<String>) -> Problem {
    Problem::error("demo-failed", Category::Internal, message)
        .hint("please report this, with the output of `tenon doctor`")
}

fn unwritable(error: &std::io::Error) -> Problem {
    Problem::error("demo-folder", Category::Storage, format!("cannot write the sample project: {error}"))
        .hint("free some space in the folder for temporary files, or name another one in TMPDIR")
}

/// Writes the sample project and the recording, and describes the model that plays it.
fn prepare(root: &Path) -> Result<Config, Problem> {
    let project = root.join("project");
    let recording = root.join("reply.jsonl");
    std::fs::create_dir(&project).map_err(|error| unwritable(&error))?;
    std::fs::write(&recording, sample::REPLY).map_err(|error| unwritable(&error))?;
    for file in sample::FILES {
        if let Some(before) = file.before {
            std::fs::write(project.join(file.path), before).map_err(|error| unwritable(&error))?;
        }
    }
    // A string of JSON is a string of TOML too.
    let recording = json!(recording.to_string_lossy());
    let text = format!(
        "[providers.tape]\napi = \"replay\"\nbase_url = {recording}\n\
         [models.recorded]\nprovider = \"tape\"\nmodel = \"recorded\"\n\
         [roles]\nedit = [\"recorded\"]\n"
    );
    config::from_text(&text, &root.join("config.toml"))
        .map_err(|error| failed(Problem::from(error).message.clone()))
}

async fn open(session: &mut Session, screen: &mut Screen) -> Result<(), Halt> {
    let mut opened = Vec::new();
    for file in sample::FILES {
        if let Some(before) = file.before {
            session.open(file.path, before).await?;
            opened.push(format!("{} ({} lines)", file.path, before.lines().count()));
        }
    }
    screen.says("editor", &format!("opens {}", opened.join(" and ")))
}

/// Asks, and types while the reply streams: one key for every piece of it. Returns the proposal's id.
async fn ask(session: &mut Session, screen: &mut Screen) -> Result<String, Halt> {
    screen.says("you", &format!("ask: {}", sample::INSTRUCTION))?;
    let uri = session.desk.uri(sample::TARGET);
    let arguments = json!({"uri": uri, "instruction": sample::INSTRUCTION});
    session.command("tenon.edit", arguments).await?;
    let mut keys = sample::TYPED.chars();
    let mut at = sample::typing_place(session.desk.text(sample::TARGET)?)?;
    let mut n_written = 0;
    loop {
        let event = session.event().await?;
        let kind = event["kind"].as_str().unwrap_or_default();
        match kind {
            "stage" => screen.stage(event["stage"].as_str().unwrap_or_default())?,
            "text" => {
                n_written += event["text"].as_str().map_or(0, |text| text.chars().count());
                if let Some(key) = keys.next() {
                    session.type_key(sample::TARGET, at, key).await?;
                    at += key.len_utf8();
                }
                let typed = &sample::TYPED[..sample::TYPED.len() - keys.as_str().len()];
                screen.streaming(n_written, typed)?;
            }
            "proposal" => {
                // Pieces that came together leave keys over; the change must fit after them too.
                for key in keys {
                    session.type_key(sample::TARGET, at, key).await?;
                    at += key.len_utf8();
                }
                let counts = format!("{} changes in {} files wait for you:", event["hunks"], event["files"]);
                screen.says("tenon", &counts)?;
                return Ok(event["proposal"].as_str().unwrap_or_default().to_owned());
            }
            "failed" => return Err(refused(&event["error"]).into()),
            _ => {}
        }
    }
}

fn refused(error: &Value) -> Problem {
    failed(error["message"].as_str().unwrap_or("the task failed without a reason"))
}

/// Shows the pending change. The texts shown are the expected ones, and the server's own diff must agree with them.
async fn show(session: &mut Session, screen: &mut Screen, proposal: &str) -> Result<(), Halt> {
    let shown = session.command("tenon.show", json!({ "proposal": proposal })).await?;
    let (mut plain, mut pretty) = (String::new(), String::new());
    for file in sample::FILES {
        let before = file.before.map(|_| session.desk.text(file.path)).transpose()?;
        let after = sample::with_typing(file.path, file.after);
        plain += &render::unified(file.path, before, &after);
        pretty += &if screen.is_coloured() {
            render::coloured(file.path, before, &after)
        } else {
            render::unified(file.path, before, &after)
        };
    }
    if shown["diff"].as_str() != Some(&plain) {
        return Err(failed("the pending change is not the one expected").into());
    }
    screen.line(&format!("\n{pretty}"))
}

async fn accept(session: &mut Session, screen: &mut Screen, proposal: &str) -> Result<(), Halt> {
    session.command("tenon.accept", json!({ "proposal": proposal })).await?;
    session.event_of("applied").await?;
    screen.says("you", "accept; the editor applies all three files as one edit")?;
    for file in sample::FILES {
        let expected = sample::with_typing(file.path, file.after);
        same(file.path, session.desk.read(file.path)?.as_deref(), Some(&expected))?;
    }
    screen.ok("every file is the expected one, byte for byte")?;
    let kept = session.desk.text(sample::TARGET)?.contains(sample::TYPED);
    if !kept {
        return Err(failed("what was typed meanwhile is lost").into());
    }
    screen.ok("what you typed meanwhile, in parse(), is kept")?;
    session.compare_mirror().await?;
    screen.ok("the server's copies have the same SHA-256")
}

async fn undo(session: &mut Session, screen: &mut Screen, proposal: &str) -> Result<(), Halt> {
    session.command("tenon.undo", json!({ "proposal": proposal })).await?;
    session.event_of("undone").await?;
    screen.says("you", "undo")?;
    for file in sample::FILES {
        let expected = file.before.map(|before| sample::with_typing(file.path, before));
        same(file.path, session.desk.read(file.path)?.as_deref(), expected.as_deref())?;
    }
    session.compare_mirror().await?;
    screen.ok("every file is as it was, byte for byte, with what you typed; money.py is gone")
}

fn same(path: &str, text: Option<&str>, expected: Option<&str>) -> Result<(), Problem> {
    if text == expected { Ok(()) } else { Err(failed(format!("{path} is not the text expected"))) }
}

fn next_steps(screen: &mut Screen) -> Result<(), Halt> {
    screen.line("\nNext:")?;
    screen.line("  tenon doctor                       which model and editor tenon finds here")?;
    screen.line("  docs/configuration.md              how to name a model of your own")?;
    screen.line("  README.md, docs/editors            how to set up Neovim, Helix, VS Code, Emacs")?;
    screen.line("  tenon edit \"make it async\" a.py    the same in a terminal")
}
