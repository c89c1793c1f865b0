//! Keys of providers: from a variable, a command or a keyring, held so that no log, error or `Debug` shows them.

mod keyring;

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, PoisonError, RwLock, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::oneshot;

use crate::model::KeySource;
use crate::problem::{Category, Problem};

/// A person may have to confirm at a password store, but a forgotten prompt must not hold a request for ever.
const COMMAND_LIMIT: Duration = Duration::from_secs(10);
const OUTPUT_LIMIT: u64 = 64 << 10;
/// Shorter keys would turn ordinary words of a message into blots.
const SHORTEST_REDACTED: usize = 4;

/// A key that is there, or the place where it will be got. Commands run and keyrings are opened at the first request,
/// not before: they may ask the person.
pub(super) struct Key {
    place: Place,
    known: RwLock<Known>,
    /// Held while it is got, so that nobody is asked twice at a time.
    getting: tokio::sync::Mutex<()>,
}

/// What is remembered of a key. One that was not taken is still not to be shown.
#[derive(Default)]
struct Known {
    secret: Option<Arc<SecretString>>,
    is_stale: bool,
}

/// A key for one request.
pub(super) struct Got {
    pub secret: Arc<SecretString>,
    /// Whether it was got just now, and not remembered from an earlier request.
    pub is_fresh: bool,
}

/// Where a key is got when it is needed.
#[derive(Clone)]
enum Place {
    /// It is there already.
    Here,
    /// This command prints it.
    Command(Vec<String>),
    /// The keyring has it under this user name.
    #[cfg(feature = "keyring")]
    Keyring(String),
}

impl Key {
    /// Reads the variable, or keeps the command for later.
    pub(super) fn new(source: &KeySource, provider: &str) -> Result<Self, Problem> {
        match source {
            KeySource::Variable(name) => match std::env::var(name) {
                Ok(value) if !value.trim().is_empty() => {
                    let key = SecretString::from(Zeroizing::new(value).trim());
                    let known = Known { secret: Some(Arc::new(key)), is_stale: false };
                    Ok(Self { known: RwLock::new(known), ..Self::later(Place::Here) })
                }
                _ => Err(Problem::error(
                    "key-not-set",
                    Category::Configuration,
                    format!("The variable {name}, which holds the key of provider {provider}, is not set"),
                )
                .hint(format!("set {name} in the environment the editor starts from, or use `key_command`"))),
            },
            KeySource::Command(command) if command.is_empty() => Err(Problem::error(
                "key-not-set",
                Category::Configuration,
                format!("`key_command` of provider {provider} is empty"),
            )
            .hint("name a program and its arguments, for example [\"pass\", \"openai\"]")),
            KeySource::Command(command) => Ok(Self::later(Place::Command(command.clone()))),
            KeySource::Keyring(user) => Ok(Self::later(keyring::place(user, provider)?)),
        }
    }

    fn later(place: Place) -> Self {
        Self { place, known: RwLock::default(), getting: tokio::sync::Mutex::new(()) }
    }

    /// The key; gets it the first time. A failure is told without anything that was read, and the next call tries
    /// again.
    pub(super) async fn get(&self) -> Result<Got, String> {
        if let Some(secret) = self.known() {
            return Ok(Got { secret, is_fresh: false });
        }
        let _getting = self.getting.lock().await;
        if let Some(secret) = self.known() {
            return Ok(Got { secret, is_fresh: true });
        }
        let secret = Arc::new(got_aside(self.place.clone()).await?);
        let known = Known { secret: Some(Arc::clone(&secret)), is_stale: false };
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = known;
        Ok(Got { secret, is_fresh: true })
    }

    /// Forgets a key that the provider did not take, if it can be got anew: what a command prints may hold for an hour
    /// only. Returns whether another try may end better.
    pub(super) fn forget(&self, used: &Got) -> bool {
        if matches!(self.place, Place::Here) {
            return false;
        }
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.secret.as_ref().is_some_and(|known| Arc::ptr_eq(known, &used.secret)) {
            known.is_stale = true;
        }
        !used.is_fresh
    }

    fn known(&self) -> Option<Arc<SecretString>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.secret.clone().filter(|_| !known.is_stale)
    }

    /// Takes the key out of `text`, should a server have put it there.
    pub(super) fn redact(&self, text: &str) -> String {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        match known.secret.as_deref().map(ExposeSecret::expose_secret) {
            Some(key) if key.len() >= SHORTEST_REDACTED => text.replace(key, "[key]"),
            _ => text.to_owned(),
        }
    }
}

impl std::fmt::Debug for Key {
    /// Not even the command is shown: people write keys into those, too.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Key").finish_non_exhaustive()
    }
}

/// Gets the key on a thread of its own: neither the runtime nor its end waits for it.
async fn got_aside(place: Place) -> Result<SecretString, String> {
    let (sender, receiver) = oneshot::channel();
    thread::spawn(move || {
        let got = match place {
            Place::Here => Err("the key is gone".to_owned()),
            Place::Command(command) => run(&command, COMMAND_LIMIT),
            #[cfg(feature = "keyring")]
            Place::Keyring(user) => keyring::read(&user),
        };
        // Nobody waits any more when the request was cancelled.
        let _ = sender.send(got);
    });
    receiver.await.unwrap_or_else(|_| Err("the key could not be read".to_owned()))
}

fn run(command: &[String], limit: Duration) -> Result<SecretString, String> {
    let deadline = Instant::now() + limit;
    let (program, arguments) = command.split_first().ok_or("the key command is empty")?;
    // Programs look for their parts where they are started, and that is a workspace: anybody's files.
    let folder = home().ok_or("there is no home directory to run the key command in")?;
    if Path::new(program).is_relative() && Path::new(program).components().count() > 1 {
        return Err(format!(
            "the key command `{program}` is a path that depends on the folder: write it in full"
        ));
    }
    let mut child = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .map_err(|error| format!("the key command `{program}` could not be started: {}", error.kind()))?;
    let stdout = child.stdout.take();
    let (sender, receiver) = mpsc::channel();
    // Reading has no time limit of its own, so it happens aside.
    thread::spawn(move || {
        let mut output = Zeroizing::new(Vec::new());
        let is_read = stdout.is_some_and(|out| out.take(OUTPUT_LIMIT).read_to_end(&mut output).is_ok());
        let _ = sender.send(is_read.then_some(output));
    });
    let output = receiver.recv_timeout(limit).ok().flatten();
    let success = output.is_some() && ended_well(&mut child, deadline);
    if !success {
        let _ = child.kill();
        let _ = child.wait();
        return Err(format!("the key command `{program}` failed or took longer than {} s", limit.as_secs()));
    }
    let output = output.unwrap_or_default();
    match std::str::from_utf8(&output).map(str::trim) {
        Ok(key) if !key.is_empty() => Ok(SecretString::from(key)),
        _ => Err(format!("the key command `{program}` printed no key")),
    }
}

/// A folder of the user's own, which exists.
fn home() -> Option<PathBuf> {
    let home = etcetera::home_dir().ok().filter(|home| home.is_absolute() && home.is_dir());
    home.or_else(|| std::env::current_exe().ok()?.parent().map(Path::to_owned))
}

/// Waits for a child that closed its output, which is its end or shortly before.
fn ended_well(child: &mut Child, deadline: Instant) -> bool {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return status.success(),
            Ok(None) if Instant::now() < deadline => thread::sleep(Duration::from_millis(5)),
            _ => return false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn command(words: &[&str]) -> Key {
        let words = words.iter().map(|word| (*word).to_owned()).collect();
        Key::new(&KeySource::Command(words), "p").expect("a command")
    }

    #[test]
    fn variables() {
        let problem = Key::new(&KeySource::Variable("TENON_TEST_NO_SUCH_VARIABLE".to_owned()), "p")
            .expect_err("an error");
        assert_eq!(problem.code, "key-not-set");
        assert!(problem.message.contains("TENON_TEST_NO_SUCH_VARIABLE"));
        let key = Key::new(&KeySource::Variable("CARGO_PKG_NAME".to_owned()), "p").expect("set by cargo");
        assert_eq!(key.redact("a tenon b"), "a [key] b");
        assert!(!format!("{key:?}").contains("tenon"));
        assert!(Key::new(&KeySource::Command(Vec::new()), "p").is_err());
    }

    /// `python -m keyring` would run the `keyring.py` of a repository.
    #[cfg(unix)]
    #[tokio::test]
    async fn a_command_finds_nothing_of_the_workspace() {
        let folder = command(&["pwd", "-P"]).get().await.expect("printed").secret.expose_secret().to_owned();
        let here = std::env::current_dir().unwrap();
        assert_ne!(Path::new(&folder), here);
        assert_eq!(std::fs::canonicalize(home().unwrap()).unwrap(), Path::new(&folder));
        let error = command(&["./key"]).get().await.map(|_| ()).expect_err("an error");
        assert!(error.contains("in full"), "{error}");
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn commands() {
        let key = command(&["printf", "%s\\n", "sk-secret; $(id)"]);
        assert_eq!(key.get().await.expect("printed").secret.expose_secret(), "sk-secret; $(id)");
        assert!(!format!("{key:?}").contains("sk-secret"));
        for bad in [&["sh", "-c", "echo sk-secret; exit 3"][..], &["true"], &["/no/such/program"]] {
            let error = command(bad).get().await.map(|_| ()).expect_err("an error");
            assert!(!error.contains("sk-secret"), "{error}");
        }
    }

    #[cfg(unix)]
    #[tokio::test]
    async fn a_key_that_was_not_taken_is_got_anew() {
        let dir = tempfile::tempdir().expect("a folder");
        let count = "echo x >> n; printf 'key-%s' $(wc -l < n)";
        let key = command(&["sh", "-c", &format!("cd {}; {count}", dir.path().display())]);
        let read = async || key.get().await.expect("printed");
        let first = read().await;
        assert_eq!((first.secret.expose_secret(), first.is_fresh), ("key-1", true));
        let again = read().await;
        assert_eq!((again.secret.expose_secret(), again.is_fresh), ("key-1", false));
        assert!(key.forget(&again), "another one may be taken");
        let second = read().await;
        assert_eq!((second.secret.expose_secret(), second.is_fresh), ("key-2", true));
        assert!(!key.forget(&second), "the command has no better one");
        // Who comes late with the old one does not lose the new one.
        let third = read().await;
        key.forget(&first);
        assert_eq!(read().await.secret.expose_secret(), third.secret.expose_secret());
    }

    #[cfg(unix)]
    #[test]
    fn commands_that_hang_are_killed() {
        let started = Instant::now();
        let words = ["sleep".to_owned(), "60".to_owned()];
        run(&words, Duration::from_millis(50)).map(|_| ()).expect_err("an error");
        assert!(started.elapsed() < Duration::from_secs(5));
    }
}
