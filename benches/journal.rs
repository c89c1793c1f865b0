//! What it costs to have an operation on the disk before it is done: an operation of ten files, prepared and applied,
//! beside as many bare fsyncs of the same file system; and opening a journal with ten thousand operations in it.

use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use tenon::journal::{Journal as Store, Records, system_clock};
use tenon::ports::{FileChange, FileRecord, FrontDoor, Journal as _, NewOperation, Settlement};
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
    let ratio = operation.as_secs_f64() / fsync.as_secs_f64();
    let columns = ["operation of 10 files, p50", "two fsyncs, p50", "ratio", "target"];
    let row = vec![table::ms(operation), table::ms(fsync), format!("{ratio:.1}"), "5 ms".to_owned()];
    table::print(&columns, &[row]);
    let columns = ["opening with 10,000 operations, p50", "target"];
    table::print(&columns, &[vec![table::ms(opening(dir.path(), &runtime)), "50 ms".to_owned()]]);
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort_unstable();
    times[times.len() / 2]
}

fn fsyncs(folder: &Path) -> Duration {
    let mut file = File::create(folder.join("bare")).expect("a file can be made");
    let once = |file: &mut File| {
        let begun = Instant::now();
        for _ in 0..2 {
            file.write_all(&[7; 4096]).and_then(|()| file.sync_data()).expect("it can be written");
        }
        begun.elapsed()
    };
    median((0..N_ROUNDS).map(|_| once(&mut file)).collect())
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

fn operations(folder: &Path, runtime: &Runtime) -> Duration {
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
    median((1..).map(once).take(N_ROUNDS).collect())
}

/// Opens the file and takes its session over, with what comes back of it.
fn opening(folder: &Path, runtime: &Runtime) -> Duration {
    let records = open(folder);
    let session = runtime.block_on(records.resume("/w", FrontDoor::Editor)).expect("it resumes").session;
    let mut last = None;
    for n in (N_ROUNDS as u64 + 1)..=N_PAST {
        let number = records.prepare(&session, operation(n));
        let number = runtime.block_on(number).expect("it is kept");
        last = Some(records.settle(&session, number, Settlement::Applied, None));
    }
    if let Some(last) = last {
        runtime.block_on(last).expect("it is kept");
    }
    drop(records);
    let once = || {
        let begun = Instant::now();
        let records = open(folder);
        let resumed = runtime.block_on(records.resume("/w", FrontDoor::Editor)).expect("it resumes");
        assert!(resumed.again && resumed.operations.len() == 100, "the session comes back");
        begun.elapsed()
    };
    median((0..21).map(|_| once()).collect())
}
