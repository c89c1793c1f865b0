//! What it costs to have an operation on the disk before it is done: an operation of ten files, prepared and applied,
//! beside as many bare fsyncs of the same file system; and opening a journal with ten thousand operations in it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tenon::journal::{Journal as Store, Records, system_clock};
use tenon::ports::{FileChange, FileRecord, FrontDoor, Journal as _, NewOperation, Resumed, Settlement};
use tenon::text::{DocumentUri, Rope};
use tokio::runtime::Runtime;

#[path = "support/table.rs"]
mod table;

const N_ROUNDS: usize = 200;
const N_PAST: u64 = 10_000;

fn main() {
    if !table::is_wanted() {
        return;
    }
    let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime can be built");
    let dir = tempfile::tempdir().expect("a folder can be made");
    let (fsync, operation) = (fsyncs(dir.path()), operations(dir.path(), &runtime));
    let opening = opening(dir.path(), &runtime);
    let row = |what: &str, [least, median]: Spread, target: &str| {
        vec![what.to_owned(), table::ms(least), table::ms(median), target.to_owned()]
    };
    let ratio = operation[1].as_secs_f64() / fsync[1].as_secs_f64();
    let rows = [
        row("operation of 10 files, prepared and settled", operation, "5 ms"),
        row("two bare fsyncs", fsync, ""),
        vec!["ratio".to_owned(), String::new(), format!("{ratio:.1}"), String::new()],
        row("opening with 10,000 operations", opening, "50 ms"),
    ];
    table::print(&["what", "least", "p50", "target"], &rows);
}

/// The least and the median: what neighbours on the machine do not add, and what they do.
type Spread = [Duration; 2];

fn spread(mut times: Vec<Duration>) -> Spread {
    times.sort_unstable();
    [times[0], times[times.len() / 2]]
}

fn fsyncs(folder: &Path) -> Spread {
    let mut file = File::create(folder.join("bare")).expect("a file can be made");
    let once = |file: &mut File| {
        let begun = Instant::now();
        for _ in 0..2 {
            file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("it can be written");
        }
        begun.elapsed()
    };
    spread((0..N_ROUNDS).map(|_| once(&mut file)).collect())
}

fn open(folder: &Path) -> Records {
    let store = Store::open(folder, system_clock()).expect("it opens");
    store.records().expect("the key is there")
}

fn operation(n: u64) -> NewOperation {
    let text = |side: &str, file: u64| {
        let lines = (0..100).map(|line| format!("let line_{line} = \"{side} {n} {file}\";\n"));
        Some(Rope::from(lines.collect::<String>()))
    };
    let file = |at: u64| FileRecord {
        path: format!("src/file_{at}.rs"),
        path_after: None,
        uri: DocumentUri::new(format!("file:///w/src/file_{at}.rs")),
        uri_after: None,
        kind: FileChange::Modified,
        before: text("before", at),
        after: text("after", at),
    };
    NewOperation {
        local: n,
        proposal: format!("p{n}"),
        task: format!("t{n}"),
        title: "Rename a field".to_owned(),
        instruction: "rename the field and all of its uses".to_owned(),
        model: "coder".to_owned(),
        numbers: (0..10).collect(),
        files: (0..10).map(file).collect(),
    }
}

fn operations(folder: &Path, runtime: &Runtime) -> Spread {
    let records = open(folder);
    let session =
        runtime.block_on(records.resume("/w", FrontDoor::Editor)).expect("a session begins").session;
    let once = |n: u64| {
        let operation = operation(n);
        let begun = Instant::now();
        let number = runtime.block_on(records.prepare(&session, operation)).expect("it is kept");
        let settled = records.settle(&session, number, Settlement::Applied, None);
        runtime.block_on(settled).expect("it is kept");
        begun.elapsed()
    };
    spread((1..).map(once).take(N_ROUNDS).collect())
}

/// Opens the file and takes its session over, with what comes back of it.
fn opening(folder: &Path, runtime: &Runtime) -> Spread {
    let records = open(folder);
    let session = runtime.block_on(records.resume("/w", FrontDoor::Editor)).expect("it resumes").session;
    let past: Vec<u64> = (N_ROUNDS as u64 + 1..=N_PAST).collect();
    // What is handed over together waits for the disk once.
    for some in past.chunks(100) {
        let prepared: Vec<_> = some.iter().map(|n| records.prepare(&session, operation(*n))).collect();
        let settle = |number| records.settle(&session, number, Settlement::Applied, None);
        let numbers = prepared.into_iter().map(|number| runtime.block_on(number).expect("it is kept"));
        let settled: Vec<_> = numbers.map(settle).collect();
        for settled in settled {
            runtime.block_on(settled).expect("it is kept");
        }
    }
    drop(records);
    let once = || {
        let begun = Instant::now();
        let records = open(folder);
        let resumed = runtime.block_on(records.resume("/w", FrontDoor::Editor)).expect("it resumes");
        assert!(resumed.again && resumed.operations.len() == Resumed::OPERATIONS, "the session comes back");
        begun.elapsed()
    };
    spread((0..21).map(|_| once()).collect())
}
