//! kill -9 at random points of `tenon apply`, `edit`, `undo` and `redo`: what was told to be done is done, every file is
//! whole, all files are on one side after the next command, and nothing is left under way.
//!
//! 200 kills by default, 2,000 with `TENON_LONG=1`. A run is killed at a random part of the time that such a run takes;
//! one that ends first does not count.

use std::io::{Read as _, Write as _};
use std::process::Command;
use std::sync::mpsc;
use std::time::{Duration, Instant};

use super::place::{Files, Place, Ran, files};

const BEFORE: [(&str, &str); 3] =
    [("a.txt", "one\ntwo\nthree\n"), ("b.txt", "bye\n"), ("c.txt", "x\ny\nz\n")];

const REPLY: &str = "*** Begin Patch\n*** Update File: a.txt\n@@\n one\n-two\n+zwei é\n three\n\
    *** Delete File: b.txt\n*** Update File: c.txt\n*** Move to: sub/c.txt\n@@\n x\n-y\n+Y\n z\n\
    *** Add File: sub/new.txt\n+made\n*** End Patch\n";

/// Whether there is time for all of it.
pub(super) fn is_long() -> bool {
    std::env::var_os("TENON_LONG").is_some_and(|value| value == "1")
}

/// Kills to be made.
pub(super) fn n_kills() -> usize {
    if is_long() { 2_000 } else { 200 }
}

/// Numbers that look random.
pub(super) struct Dice(u64);

impl Dice {
    pub(super) fn new() -> Self {
        let since = std::time::UNIX_EPOCH.elapsed().unwrap().as_nanos();
        Self(u64::try_from(since & u128::from(u64::MAX)).unwrap() | 1)
    }

    pub(super) fn below(&mut self, limit: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % limit
    }
}

/// Runs a command for at most `time`, then kills it; what it said, and its exit code when it came to an end.
pub(super) fn run_for(command: &mut Command, time: Duration) -> Ran {
    let mut child = command.spawn().unwrap();
    let (mut stdout, mut stderr) = (child.stdout.take().unwrap(), child.stderr.take().unwrap());
    let (send, ended) = mpsc::channel();
    let errors = std::thread::spawn(move || {
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        text
    });
    let output = std::thread::spawn(move || {
        let mut text = String::new();
        stdout.read_to_string(&mut text).unwrap();
        let _ = send.send(());
        text
    });
    if ended.recv_timeout(time).is_err() {
        child.kill().unwrap();
    }
    let code = child.wait().unwrap().code();
    Ran { code, stdout: output.join().unwrap(), stderr: errors.join().unwrap() }
}

/// One workspace that is changed and changed back, by commands that are killed.
struct Story {
    place: Place,
    dice: Dice,
    before: Files,
    after: Files,
    /// How long each command takes when nobody kills it.
    times: [Duration; 4],
    /// Runs of each command that were killed, and all that came to their end first.
    n_killed: [usize; 4],
    n_ended: usize,
}

const COMMANDS: [&[&str]; 4] = [
    &["apply", "../reply"],
    &["edit", "--yes", "--json", "do it", "a.txt", "b.txt", "c.txt"],
    &["undo", "--json"],
    &["redo", "--json"],
];

impl Story {
    fn new() -> Self {
        let place = Place::new(&BEFORE, "apply-patch", REPLY);
        let before = place.files();
        let mut times = [Duration::ZERO; 4];
        let mut timed = |at: usize| {
            let start = Instant::now();
            place.must(COMMANDS[at]);
            times[at] = start.elapsed();
        };
        timed(0);
        timed(2);
        timed(1);
        timed(2);
        timed(3);
        timed(2);
        let after = files(&[
            ("a.txt", "one\nzwei é\nthree\n"),
            ("sub/c.txt", "x\nY\nz\n"),
            ("sub/new.txt", "made\n"),
        ]);
        assert_eq!(place.files(), before);
        Self { place, dice: Dice::new(), before, after, times, n_killed: [0; 4], n_ended: 0 }
    }

    /// Runs a command that leads from one side to the other and kills it; whether it got there.
    fn kill(&mut self, at: usize) -> bool {
        let (from, to) = if at == 2 { (&self.after, &self.before) } else { (&self.before, &self.after) };
        let whole = u64::try_from(self.times[at].as_micros()).unwrap();
        let time = Duration::from_micros(self.dice.below(whole));
        let ran = run_for(&mut self.place.command(COMMANDS[at]), time);
        // A machine is not always as fast as it was: about one in four may end first.
        self.times[at] =
            if ran.code.is_some() { self.times[at] * 97 / 100 } else { self.times[at] * 101 / 100 };
        let said = ran.stdout.clone() + &ran.stderr;
        let told = ["Applied: ", "\"applied\"", "\"undone\"", "\"redone\""];
        let is_told = ran.code == Some(0) || told.iter().any(|word| said.contains(word));
        assert!(ran.code.is_none_or(|code| code == 0), "{:?}: {ran:?}", COMMANDS[at]);
        self.n_killed[at] += usize::from(ran.code.is_none());
        self.n_ended += usize::from(ran.code.is_some());
        for (path, text) in self.place.files() {
            let whole = [from, to].iter().any(|side| side.get(&path) == Some(&text));
            assert!(whole, "{path} is torn after {:?}: {text:?}", COMMANDS[at]);
        }
        // Whatever writes here next settles it first; this one then finds nothing to do.
        let settled = self.place.run(&["undo", "o999999"]);
        assert!(settled.stderr.contains("unknown-operation"), "{settled:?}");
        let now = self.place.files();
        assert!(now == *from || now == *to, "half after {:?}: {now:?}; {ran:?}; {settled:?}", COMMANDS[at]);
        assert!(now == *to || !is_told, "{:?} was told to be done: {ran:?}; {settled:?}", COMMANDS[at]);
        let log = self.place.must(&["log", "--json", "-n", "3"]).json();
        for operation in log["operations"].as_array().unwrap() {
            let state = operation["state"].as_str().unwrap();
            assert!(matches!(state, "applied" | "undone" | "rolled-back"), "stuck: {operation}");
        }
        let newest = log["operations"][0]["state"].as_str();
        assert_eq!(newest == Some("applied"), now == self.after, "the journal says otherwise: {log}");
        now == *to
    }

    fn is_done(&self) -> bool {
        self.n_killed.iter().sum::<usize>() >= n_kills()
    }
}

#[test]
fn nothing_told_is_lost_and_nothing_is_torn() {
    let mut story = Story::new();
    while !story.is_done() {
        let first = usize::try_from(story.dice.below(2)).unwrap();
        if !story.kill(first) {
            continue;
        }
        // Back and forth; what a killed command did not do, the next one does.
        if !story.kill(2) {
            story.place.must(COMMANDS[2]);
        }
        if !story.kill(3) {
            story.place.must(COMMANDS[3]);
        }
        if !story.kill(2) {
            story.place.must(COMMANDS[2]);
        }
        assert_eq!(story.place.files(), story.before);
    }
    let ([apply, edit, undo, redo], n_ended) = (story.n_killed, story.n_ended);
    writeln!(
        std::io::stderr(),
        "kills: {apply} of apply, {edit} of edit, {undo} of undo, {redo} of redo, each while it ran; {n_ended} ended \
         first; nothing lost"
    )
    .unwrap();
}
