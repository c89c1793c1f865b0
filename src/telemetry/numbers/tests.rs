//! Servers that come, count and die.

use super::*;
use crate::ports::{Component, LifeCycle};

const COUNTER: &str = "tenon_proposals_total";
const GAUGE: &str = "tenon_tasks_waiting";

fn snapshot(n: u64, waiting: i64) -> Snapshot {
    let mut numbers = Snapshot::default();
    numbers.counters.insert(COUNTER.to_owned(), [(String::new(), n)].into());
    numbers.gauges.insert(GAUGE.to_owned(), [(String::new(), waiting)].into());
    numbers
}

/// Puts the numbers of a server there; it lives as long as the file is held.
fn server(folder: &Path, name: &str, n: u64) -> File {
    let alive = private(&path(folder, name, LOCK)).unwrap();
    alive.try_lock().unwrap();
    let of_process = ProcessNumbers {
        version: "1".to_owned(),
        process: 1,
        started: n,
        written: n,
        health: Vec::new(),
        numbers: snapshot(n, 1),
    };
    replace(&path(folder, name, NUMBERS), &of_process).unwrap();
    alive
}

fn check(folder: &Path, servers: usize, n: u64, waiting: i64) {
    let all = read_all(folder).unwrap();
    assert_eq!(all.servers.len(), servers);
    assert_eq!(all.numbers.counters[COUNTER][""], n);
    assert_eq!(all.numbers.gauges.get(GAUGE).map_or(0, |values| values[""]), waiting);
}

#[test]
fn counters_never_fall_when_servers_die() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    assert_eq!(read_all(folder), None);
    let (one, two) = (server(folder, "one", 10), server(folder, "two", 200));
    check(folder, 2, 210, 2);
    drop(one);
    check(folder, 1, 210, 1);
    fold(folder).unwrap();
    check(folder, 1, 210, 1);
    assert!(!path(folder, "one", NUMBERS).exists() && !path(folder, "one", LOCK).exists());
    drop(two);
    fold(folder).unwrap();
    fold(folder).unwrap();
    check(folder, 0, 210, 0);
    let _three = server(folder, "three", 4000);
    fold(folder).unwrap();
    check(folder, 1, 4210, 1);
}

#[test]
fn a_crash_between_the_total_and_the_removal_counts_nothing_twice() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    drop(server(folder, "one", 10));
    let kept = fs::read(path(folder, "one", NUMBERS)).unwrap();
    fold(folder).unwrap();
    // As if it had not been removed.
    fs::write(path(folder, "one", NUMBERS), kept).unwrap();
    check(folder, 0, 10, 0);
    fold(folder).unwrap();
    check(folder, 0, 10, 0);
    assert!(!path(folder, "one", NUMBERS).exists());
}

#[test]
fn what_is_no_file_of_ours_is_left_out_and_a_damaged_total_kept_aside() {
    let dir = tempfile::tempdir().unwrap();
    let folder = dir.path();
    fs::write(path(folder, TOTAL, NUMBERS), "{").unwrap();
    fs::write(path(folder, "bad", NUMBERS), "[1]").unwrap();
    assert_eq!(read_all(folder), None);
    drop(server(folder, "one", 10));
    fold(folder).unwrap();
    check(folder, 0, 10, 0);
    assert_eq!(fs::read_to_string(path(folder, TOTAL, "damaged")).unwrap(), "{");
}

#[test]
fn a_server_writes_what_changed_for_its_owner_only() {
    let dir = tempfile::tempdir().unwrap();
    let state = StateDir::at(dir.path()).unwrap();
    assert_eq!(AllNumbers::read(&state).unwrap_err().code, "no-metrics");
    let file = NumbersFile::begin(&state).unwrap();
    let components = Components::default();
    file.write(&components);
    let at = path(&state.metrics().unwrap(), &file.name, NUMBERS);
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        assert_eq!(fs::metadata(&at).unwrap().permissions().mode() & 0o777, 0o600);
    }
    components.set(Component::Log, LifeCycle::Ready, None);
    file.write(&components);
    let all = AllNumbers::read(&state).unwrap();
    let log = all.servers[0].health.iter().find(|health| health.component == Component::Log).unwrap();
    assert_eq!((all.servers.len(), log.state), (1, LifeCycle::Ready));
    // Another one begins beside it, and does not take it for dead.
    let other = NumbersFile::begin(&state).unwrap();
    assert!(at.exists());
    drop((file, other));
    drop(NumbersFile::begin(&state).unwrap());
    assert!(!at.exists() && AllNumbers::read(&state).unwrap().servers.is_empty());
}
