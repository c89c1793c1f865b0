//! What running servers count, as files of the state directory, so that the terminal can add it up.
//!
//! Each server has a file, replaced as a whole, that only the user can read, and beside it a file whose lock it holds
//! for as long as it lives, however it ends. What a dead server counted is added to a total by the next one that starts,
//! and its files go: so counters never fall, and no number counts twice. A crash between the two is noticed by the
//! names in the total. Commands, which are short, add to the total themselves.

use std::collections::BTreeSet;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime};

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::config::StateDir;
use crate::ports::metrics::{self, Snapshot};
use crate::ports::{ComponentHealth, Components};
use crate::problem::{Category, Problem};

const TOTAL: &str = "total";
const NUMBERS: &str = "json";
const LOCK: &str = "lock";

/// Files above this many bytes are not ours.
const LARGEST: u64 = 4 << 20;

/// Tries to get the lock of the folder, and the pause between them: a process holds it for milliseconds.
const TRIES: u32 = 50;
const PAUSE: Duration = Duration::from_millis(20);

/// What one server tells of itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProcessNumbers {
    /// Its version.
    pub version: String,
    /// Its id in the system.
    pub process: u32,
    /// Seconds from the beginning of 1970 to its start.
    pub started: u64,
    /// The same, to the moment of these numbers.
    pub written: u64,
    /// How its parts are.
    pub health: Vec<ComponentHealth>,
    /// What it counted.
    pub numbers: Snapshot,
}

/// What dead servers counted.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Total {
    /// Names of files that are in it, until they are gone.
    folded: BTreeSet<String>,
    numbers: Snapshot,
}

/// The file of this process.
#[derive(Debug)]
pub struct NumbersFile {
    folder: PathBuf,
    name: String,
    started: u64,
    /// What was written last, times apart, to write nothing twice.
    last: Mutex<Option<(Snapshot, Vec<ComponentHealth>)>>,
    /// Held until the end of the process.
    _alive: File,
}

impl NumbersFile {
    /// Begins a file for this process and adds what the dead left to the total. `None` when that is not possible; the
    /// log says why. A server works as well without it.
    pub fn begin(state: &StateDir) -> Option<Self> {
        let folder =
            state.metrics().inspect_err(|problem| tracing::warn!(%problem, "no numbers are kept")).ok()?;
        Self::begin_in(folder).inspect_err(|error| tracing::warn!(%error, "no numbers are kept")).ok()
    }

    fn begin_in(folder: PathBuf) -> io::Result<Self> {
        let name = format!("{}-{:x}", std::process::id(), since_1970().as_nanos());
        // Held over the beginning too: nobody may take a file without a lock for a dead one's.
        let locked = lock_folder(&folder);
        if locked.is_some()
            && let Err(error) = fold(&folder)
        {
            tracing::warn!(%error, "what dead servers counted cannot be added up");
        }
        let alive = private(&path(&folder, &name, LOCK))?;
        alive.try_lock().map_err(io::Error::from)?;
        Ok(Self { folder, name, started: since_1970().as_secs(), last: Mutex::default(), _alive: alive })
    }

    /// Writes what is counted now, if it is other than before. Blocks for a moment; what cannot be written is logged.
    pub fn write(&self, components: &Components) {
        let (numbers, health) = (metrics::snapshot(), components.all());
        let told = health.iter().map(|part| ComponentHealth { since_seconds: 0, ..part.clone() }).collect();
        let now = Some((numbers.clone(), told));
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        if *last == now {
            return;
        }
        let of_process = ProcessNumbers {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process: std::process::id(),
            started: self.started,
            written: since_1970().as_secs(),
            health,
            numbers,
        };
        match replace(&path(&self.folder, &self.name, NUMBERS), &of_process) {
            Ok(()) => *last = now,
            Err(error) => tracing::warn!(%error, "what is counted cannot be written"),
        }
    }
}

/// Adds what this process counted to the total: for a command, which has ended before anybody could read a file of its
/// own. Blocks for a moment; what cannot be kept is logged.
pub fn add_to_total(state: &StateDir) {
    let folder = state.metrics().map_err(|problem| problem.message);
    let added =
        folder.and_then(|folder| add_in(&folder, &metrics::snapshot()).map_err(|error| error.to_string()));
    if let Err(error) = added {
        tracing::warn!(error, "what a command counted is not kept");
    }
}

fn add_in(folder: &Path, numbers: &Snapshot) -> io::Result<()> {
    let _locked = lock_folder(folder).ok_or(io::ErrorKind::ResourceBusy)?;
    let at = path(folder, TOTAL, NUMBERS);
    let mut total = total(folder, &at)?;
    total.numbers.add_lasting(numbers);
    replace(&at, &total)
}

/// What all servers and commands of the user counted, and how the running servers are.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct AllNumbers {
    /// The running servers, oldest first.
    pub servers: Vec<ProcessNumbers>,
    /// The numbers of all, the dead included.
    pub numbers: Snapshot,
}

impl AllNumbers {
    /// Reads the files of all servers.
    ///
    /// # Errors
    /// `no-metrics`: there are none.
    pub fn read(state: &StateDir) -> Result<Self, Problem> {
        let folder = state.path().join("metrics");
        // Without the lock, which a folder that cannot be written to does not have, nobody writes either.
        let _locked = lock_folder(&folder);
        read_all(&folder).ok_or_else(|| {
            let message = format!("nothing was counted in {} yet", folder.display());
            Problem::error("no-metrics", Category::Request, message)
                .hint("open an editor that runs tenon lsp, which writes its numbers every ten seconds, or use tenon edit or apply")
        })
    }
}

fn read_all(folder: &Path) -> Option<AllNumbers> {
    let total = read_file::<Total>(&path(folder, TOTAL, NUMBERS));
    let mut found = total.is_ok();
    let Total { folded, mut numbers } = total.unwrap_or_default();
    let mut servers = Vec::new();
    for name in names(folder).into_iter().filter(|name| !folded.contains(name)) {
        let Ok(of_process) = read_file::<ProcessNumbers>(&path(folder, &name, NUMBERS)) else { continue };
        found = true;
        if is_dead(folder, &name) {
            numbers.add_lasting(&of_process.numbers);
        } else {
            numbers.add(&of_process.numbers);
            servers.push(of_process);
        }
    }
    servers.sort_by_key(|server| (server.started, server.process));
    found.then_some(AllNumbers { servers, numbers })
}

/// Adds what the dead left to the total, and takes their files away.
fn fold(folder: &Path) -> io::Result<()> {
    let at = path(folder, TOTAL, NUMBERS);
    let mut total = total(folder, &at)?;
    let present = names(folder);
    let dead: Vec<_> = present.iter().filter(|name| is_dead(folder, name)).collect();
    let before = total.clone();
    total.folded.retain(|name| present.contains(name));
    for name in &dead {
        if total.folded.contains(*name) {
            continue;
        }
        match read_file::<ProcessNumbers>(&path(folder, name, NUMBERS)) {
            Ok(of_process) => total.numbers.add_lasting(&of_process.numbers),
            Err(error) => tracing::warn!(name, %error, "what a server counted cannot be read"),
        }
        total.folded.insert((*name).clone());
    }
    if total != before {
        replace(&at, &total)?;
    }
    for name in dead {
        fs::remove_file(path(folder, name, NUMBERS))?;
        let _ = fs::remove_file(path(folder, name, LOCK));
    }
    Ok(())
}

fn total(folder: &Path, at: &Path) -> io::Result<Total> {
    match read_file::<Total>(at) {
        Ok(total) => Ok(total),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Total::default()),
        // Not ours, or damaged: it stays where somebody can look at it.
        Err(_) => {
            fs::rename(at, path(folder, TOTAL, "damaged"))?;
            Ok(Total::default())
        }
    }
}

/// Whether nobody holds the lock of a file. A file without one has no living owner either.
fn is_dead(folder: &Path, name: &str) -> bool {
    match File::open(path(folder, name, LOCK)) {
        Ok(lock) => !matches!(lock.try_lock_shared(), Err(fs::TryLockError::WouldBlock)),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// The names of the servers' files.
fn names(folder: &Path) -> BTreeSet<String> {
    let files = fs::read_dir(folder).into_iter().flatten().flatten().map(|entry| entry.path());
    let numbers = files.filter(|path| path.extension().is_some_and(|ending| ending == NUMBERS));
    let names = numbers.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned()));
    names.filter(|name| name != TOTAL).collect()
}

fn path(folder: &Path, name: &str, ending: &str) -> PathBuf {
    folder.join(format!("{name}.{ending}"))
}

/// Who holds it changes the total, and begins files. `None` when it cannot be had.
fn lock_folder(folder: &Path) -> Option<File> {
    let file = private(&path(folder, TOTAL, LOCK)).ok()?;
    for _ in 0..TRIES {
        match file.try_lock() {
            Ok(()) => return Some(file),
            Err(fs::TryLockError::WouldBlock) => std::thread::sleep(PAUSE),
            Err(fs::TryLockError::Error(_)) => return None,
        }
    }
    None
}

fn private(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.create(true).truncate(false).write(true).read(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn read_file<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    let mut bytes = Vec::new();
    File::open(path)?.take(LARGEST).read_to_end(&mut bytes)?;
    serde_json::from_slice(&bytes).map_err(io::Error::from)
}

/// Replaces a file as a whole; readers see the old one or the new one. A temporary file is its owner's only.
fn replace(path: &Path, value: &impl Serialize) -> io::Result<()> {
    let folder = path.parent().unwrap_or(Path::new(""));
    let mut file = tempfile::NamedTempFile::new_in(folder)?;
    file.write_all(&serde_json::to_vec(value)?)?;
    file.persist(path).map(drop).map_err(|error| error.error)
}

fn since_1970() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

#[cfg(test)]
mod tests;
