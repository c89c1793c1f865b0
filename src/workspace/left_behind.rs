//! Names of the files in which texts wait beside their places, and what becomes of those that a killed process left.
//!
//! A name tells which run of which process made it. What a run that goes on made is never swept away.

use std::ffi::{OsStr, OsString};
use std::io::Read as _;
use std::sync::OnceLock;

use super::BYTE_ORDER_MARK;
use super::handle::Dir;

/// What all of them begin with.
const PREFIX: &str = ".tenon-";

/// A name that nothing has.
pub(super) fn new_name() -> OsString {
    // Without random numbers the clash of two names is told when the file is made.
    let number = getrandom::u64().unwrap_or_default();
    OsString::from(format!("{PREFIX}{}-{:016x}-{number:016x}.tmp", std::process::id(), this_run()))
}

/// Tells this run from earlier ones that had the same process number, as in a container.
fn this_run() -> u64 {
    static RUN: OnceLock<u64> = OnceLock::new();
    *RUN.get_or_init(|| getrandom::u64().unwrap_or_default())
}

/// Removes the files in `dir` that runs which ended left there, as far as `texts` has what is in them. Anything else
/// may be what a user saved in the last moment.
pub(super) fn sweep(dir: &Dir, texts: &[String]) {
    for name in dir.names().unwrap_or_default() {
        if name.to_str().is_some_and(is_of_ended_run) && is_known(dir, &name, texts) {
            let _ = dir.remove(&name);
        }
    }
}

/// Whether a file has the beginning of one of `texts`, a byte order mark before it or not.
fn is_known(dir: &Dir, name: &OsStr, texts: &[String]) -> bool {
    let longest = texts.iter().map(String::len).max().unwrap_or_default();
    let limit = (longest + BYTE_ORDER_MARK.len_utf8() + 1) as u64;
    let mut found = Vec::new();
    let is_read = dir.open_file(name).is_ok_and(|file| {
        file.metadata().is_ok_and(|file| file.is_file()) && file.take(limit).read_to_end(&mut found).is_ok()
    });
    let mark = BYTE_ORDER_MARK.to_string();
    let text = found.strip_prefix(mark.as_bytes()).unwrap_or(&found);
    // Cut before the mark was whole.
    let is_cut = mark.as_bytes().starts_with(text);
    is_read && (is_cut || texts.iter().any(|known| known.as_bytes().starts_with(text)))
}

fn is_of_ended_run(name: &str) -> bool {
    let Some(rest) = name.strip_prefix(PREFIX) else { return false };
    // The second is where an old file is kept on file systems that cannot exchange.
    let Some(rest) = rest.strip_suffix(".tmp").or_else(|| rest.strip_suffix(".tmp.kept")) else {
        return false;
    };
    let mut parts = rest.split('-');
    let (Some(process), Some(run), Some(_), None) = (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return false;
    };
    let (Ok(process), Ok(run)) = (process.parse::<u32>(), u64::from_str_radix(run, 16)) else { return false };
    if process == std::process::id() { run != this_run() } else { !lives(process) }
}

/// Whether a process of this number runs here.
#[cfg(unix)]
fn lives(process: u32) -> bool {
    use rustix::process::{Pid, test_kill_process};
    let Some(pid) = i32::try_from(process).ok().and_then(Pid::from_raw) else { return false };
    // Another user's process may not be asked, but it is there.
    test_kill_process(pid) != Err(rustix::io::Errno::SRCH)
}

/// Whether a process of this number runs here: not known, so nothing is swept.
#[cfg(not(unix))]
fn lives(_process: u32) -> bool {
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: bool) {
        assert_eq!(is_of_ended_run(name), expected, "{name}");
    }

    #[test]
    fn only_what_an_ended_run_made_is_swept() {
        let own = std::process::id();
        check(new_name().to_str().unwrap(), false);
        // The same number, in an earlier run.
        check(&format!(".tenon-{own}-0000000000000000-0000000000000001.tmp"), true);
        // Larger than any process number.
        #[cfg(unix)]
        check(".tenon-4294967295-0000000000000000-0000000000000001.tmp.kept", true);
        check(".tenon-1-0000000000000000-0000000000000001.tmp", false);
        for name in [".tenon.toml", ".tenon-x", ".tenon-0-1.tmp", "tenon-0-0-0.tmp", ".tenon-0-0-0.txt"] {
            check(name, false);
        }
    }
}
