//! A workspace with a journal of its own, and the built program to run in it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A place to run the program in.
pub(super) struct Place {
    dir: tempfile::TempDir,
}

/// The files of a workspace.
pub(super) type Files = BTreeMap<String, String>;

/// Files from a list.
pub(super) fn files(list: &[(&str, &str)]) -> Files {
    list.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
}

impl Place {
    /// A workspace with these files, and a model that gives this reply whenever it is asked.
    pub(super) fn new(list: &[(&str, &str)], format: &str, reply: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let place = Self { dir };
        fs::create_dir(place.workspace()).unwrap();
        for (path, text) in list {
            place.write(path, text);
        }
        let line = serde_json::json!({ "chunks": [reply] }).to_string();
        fs::write(place.path("tape.jsonl"), format!("{line}\n").repeat(3)).unwrap();
        let config = format!(
            "[providers.tape]\napi = \"replay\"\nbase_url = '{}'\n\
             [models.coder]\nprovider = \"tape\"\nmodel = \"coder\"\nedit_format = \"{format}\"\n\
             [roles]\nedit = [\"coder\"]\n[cache]\nenabled = false\n",
            place.path("tape.jsonl").display()
        );
        fs::write(place.path("config.toml"), config).unwrap();
        fs::write(place.path("reply"), reply).unwrap();
        place
    }

    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub(super) fn workspace(&self) -> PathBuf {
        self.path("workspace")
    }

    pub(super) fn write(&self, path: &str, text: &str) {
        let path = self.workspace().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The files as they are, those aside that wait under names of ours.
    pub(super) fn files(&self) -> Files {
        let mut found = Files::new();
        let mut folders = vec![self.workspace()];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                    continue;
                }
                let name = path.strip_prefix(self.workspace()).unwrap().to_str().unwrap().to_owned();
                if !Path::new(&name).file_name().unwrap().to_str().unwrap().starts_with(".tenon-") {
                    found.insert(name, fs::read_to_string(&path).unwrap());
                }
            }
        }
        found
    }

    pub(super) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenon"));
        command
            .args(arguments)
            .current_dir(self.workspace())
            .env("TENON_CONFIG", self.path("config.toml"))
            .env("TENON_STATE_DIR", self.path("state"))
            .env_remove("TENON_LOG")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        command
    }

    pub(super) fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }

    /// Runs a command that must work.
    pub(super) fn must(&self, arguments: &[&str]) -> Ran {
        let ran = self.run(arguments);
        assert_eq!(ran.code, Some(0), "{arguments:?}: {ran:?}");
        ran
    }

    /// Applies the reply.
    pub(super) fn apply(&self) {
        let reply = self.path("reply");
        self.must(&["apply", reply.to_str().unwrap()]);
    }

    /// All operations, newest first.
    pub(super) fn operations(&self) -> Vec<Value> {
        let log = self.must(&["log", "--json", "-n", "100000"]).json();
        log["operations"].as_array().unwrap().clone()
    }
}

/// What a run left behind.
#[derive(Debug)]
pub(super) struct Ran {
    pub(super) code: Option<i32>,
    pub(super) stdout: String,
    pub(super) stderr: String,
}

impl Ran {
    pub(super) fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    pub(super) fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}
