//! Many processes that begin and use one journal at once, some of them killed while they do: the journal stays whole, none
//! sets aside what another just began, and no lock outlives its holder.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;
use std::time::{Duration, Instant};

use super::kills::{Dice, is_long, run_for};
use super::place::{Place, Ran};

const BEFORE: &str = "one\ntwo\n";
const AFTER: &str = "one\nzwei\n";
const REPLY: &str = "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+zwei\n*** End Patch\n";

const N_PROCESSES: usize = 8;

/// One state directory for as many workspaces as there are processes.
struct Crowd {
    place: Place,
}

impl Crowd {
    fn new() -> Self {
        let crowd = Self { place: Place::new(&[], "apply-patch", REPLY) };
        for n in 0..N_PROCESSES {
            fs::create_dir(crowd.workspace(n)).unwrap();
            fs::write(crowd.workspace(n).join("a.txt"), BEFORE).unwrap();
        }
        crowd
    }

    fn workspace(&self, n: usize) -> PathBuf {
        self.place.path(&format!("workspace-{n}"))
    }

    fn text(&self, n: usize) -> String {
        fs::read_to_string(self.workspace(n).join("a.txt")).unwrap()
    }

    fn command(&self, n: usize, arguments: &[&str]) -> Command {
        let mut command = self.place.command(arguments);
        command.current_dir(self.workspace(n));
        command
    }

    /// All at once, each for its time at most.
    fn run(&self, arguments: &[&str], times: &[Duration; N_PROCESSES]) -> Vec<Ran> {
        std::thread::scope(|scope| {
            let run = |(n, time): (usize, &Duration)| {
                let (mut command, time) = (self.command(n, arguments), *time);
                scope.spawn(move || run_for(&mut command, time))
            };
            let all: Vec<_> = times.iter().enumerate().map(run).collect();
            all.into_iter().map(|ran| ran.join().unwrap()).collect()
        })
    }

    /// What must hold whatever was killed.
    fn check(&self, ran: &[Ran]) {
        for entry in fs::read_dir(self.place.path("state")).unwrap() {
            let name = entry.unwrap().file_name().into_string().unwrap();
            assert!(!name.contains(".aside-"), "{name} was set aside: {ran:?}");
        }
        for (n, ran) in ran.iter().enumerate() {
            let is_killed = ran.code.is_none();
            assert!(is_killed || ran.code == Some(0) && !ran.stderr.contains("journal-"), "{ran:?}");
            let settled = Ran::of(&self.command(n, &["undo", "o999999"]).output().unwrap());
            assert!(settled.stderr.contains("unknown-operation"), "{settled:?}");
            assert!(!settled.stderr.contains("journal-"), "{settled:?}");
            let log = Ran::of(&self.command(n, &["log", "--json"]).output().unwrap()).json();
            let states: Vec<_> =
                log["operations"].as_array().unwrap().iter().map(|it| &it["state"]).collect();
            let is_done = self.text(n) == AFTER;
            assert!(is_done || self.text(n) == BEFORE, "torn: {:?}", self.text(n));
            assert!(is_done || is_killed && !ran.stderr.contains("Applied: "), "{ran:?}");
            assert_eq!(
                states.first().is_some_and(|state| *state == "applied"),
                is_done,
                "{states:?} {ran:?}"
            );
        }
        let doctor = self.place.run(&["doctor"]);
        assert!(!doctor.stdout.contains("journal-"), "{doctor:?}");
    }
}

#[test]
fn many_begin_one_journal_and_some_are_killed() {
    let n_rounds = if is_long() { 250 } else { 12 };
    let mut dice = Dice::new();
    let whole = Crowd::new();
    let begun = Instant::now();
    let ran = whole.run(&["apply", "../reply"], &[Duration::from_secs(60); N_PROCESSES]);
    // From the first process that starts to the last one that ends.
    let mut time = begun.elapsed();
    whole.check(&ran);
    let (mut n_killed, mut n_ended) = (0_usize, 0_usize);
    for _ in 0..n_rounds {
        let crowd = Crowd::new();
        let micros = u64::try_from(time.as_micros()).unwrap();
        let times = std::array::from_fn(|n| match n % 4 {
            // Some live, so that there is somebody to disturb.
            0 => Duration::from_secs(60),
            _ => Duration::from_micros(dice.below(micros)),
        });
        let ran = crowd.run(&["apply", "../reply"], &times);
        let n = ran.iter().filter(|ran| ran.code.is_none()).count();
        time = if n >= N_PROCESSES / 2 { time * 11 / 10 } else { time * 9 / 10 };
        n_killed += n;
        n_ended += N_PROCESSES - n;
        crowd.check(&ran);
        // The same journal once more, by all of them; who was killed before has nothing to take back.
        for arguments in [["undo", "--json"], ["redo", "--json"]] {
            crowd.run(&arguments, &[Duration::from_secs(60); N_PROCESSES]);
        }
        let log = crowd.place.must(&["log", "--json"]).json();
        assert!(log["operations"].is_array(), "{log}");
    }
    writeln!(
        std::io::stderr(),
        "processes: {N_PROCESSES} began one journal {n_rounds} times: {n_killed} killed, {n_ended} came to their end"
    )
    .unwrap();
    assert!(n_killed >= n_rounds, "hardly any was killed: {n_killed} in {n_rounds} rounds");
}
