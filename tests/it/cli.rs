//! The built program from outside: arguments, exit codes, what goes to stdout and what to stderr.
//!
//! Every run has its own configuration file and state directory, so no test sees the user's.

mod hostile;
mod metrics;
mod models;
mod newcomer;
mod prompts;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

/// A place to run the program in.
struct Place {
    dir: tempfile::TempDir,
}

impl Place {
    /// A place with this configuration file.
    fn new(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join("config.toml"), config).unwrap();
        fs::create_dir(dir.path().join("workspace")).unwrap();
        Self { dir }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tenon"));
        command
            .args(arguments)
            .current_dir(self.path("workspace"))
            .env("TENON_CONFIG", self.path("config.toml"))
            .env("TENON_STATE_DIR", self.path("state"))
            .env_remove("TENON_LOG")
            .env_remove("NO_COLOR")
            .stdin(Stdio::null());
        command
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        Ran::of(&self.command(arguments).output().unwrap())
    }
}

/// What a run left behind.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    stdout: String,
    stderr: String,
}

impl Ran {
    fn of(output: &Output) -> Self {
        Self {
            code: output.status.code(),
            stdout: String::from_utf8(output.stdout.clone()).unwrap(),
            stderr: String::from_utf8(output.stderr.clone()).unwrap(),
        }
    }

    fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

/// A provider whose server is not there: the port is reserved, and nobody listens.
const CONFIG: &str = r#"
[providers.local]
api = "openai-chat"
base_url = "http://127.0.0.1:9/v1"
key_env = "TENON_TEST_KEY"

[models.coder]
provider = "local"
model = "some-model"

[roles]
edit = ["coder"]
"#;

/// The status of a check in a doctor's report.
fn status<'a>(report: &'a Value, name: &str) -> &'a str {
    let checks = report["checks"].as_array().unwrap();
    let check = checks.iter().find(|check| check["name"] == name);
    check.and_then(|check| check["status"].as_str()).unwrap_or("missing")
}

#[test]
fn config_shows_values_and_where_they_came_from() {
    let place = Place::new(CONFIG);
    let ran = place.run(&["config"]);
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
    let line =
        ran.stdout.lines().find(|line| line.starts_with("models.coder.model = \"some-model\"")).unwrap();
    assert!(line.ends_with("config.toml:9"), "{line}");
    let line = ran.stdout.lines().find(|line| line.starts_with("limits.files = 50")).unwrap();
    assert!(line.ends_with("# default"), "{line}");
}

#[test]
fn what_config_prints_is_a_configuration() {
    let place = Place::new(CONFIG);
    let first = place.run(&["config"]).stdout;
    fs::write(place.path("config.toml"), &first).unwrap();
    let strip = |text: &str| {
        let values = text.lines().filter(|line| !line.starts_with('#'));
        values.map(|line| line.split("  # ").next().unwrap().trim_end().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(strip(&place.run(&["config"]).stdout), strip(&first));
}

#[test]
fn config_as_json_and_the_schema_are_one_object_each() {
    let place = Place::new(CONFIG);
    let report = place.run(&["config", "--json"]).json();
    assert_eq!(report["found"], true);
    assert!(report["values"].as_array().unwrap().iter().any(|entry| entry["key"] == "roles.edit"));
    let schema = place.run(&["config", "--schema"]);
    assert_eq!(schema.code, Some(0));
    assert_eq!(schema.json()["properties"]["limits"]["$ref"], "#/$defs/Limits");
}

#[test]
fn an_unknown_key_is_an_error_with_the_nearest_one() {
    let place = Place::new("[limits]\nfile = 3\n");
    let ran = place.run(&["config"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""));
    assert!(ran.stderr.starts_with("error[unknown-key]: "), "{}", ran.stderr);
    assert!(ran.stderr.contains("config.toml:2: `limits.file`"), "{}", ran.stderr);
    assert!(ran.stderr.contains("hint: did you mean `files`?"), "{}", ran.stderr);
    let json = place.run(&["config", "--json"]);
    assert_eq!((json.code, json.json()["errors"][0]["code"].as_str()), (Some(2), Some("unknown-key")));
}

#[test]
fn every_mistake_is_told_at_once() {
    let place = Place::new("x = 1\ny = 2\n[review]\nmode = \"sometimes\"\n");
    let ran = place.run(&["config"]);
    assert_eq!(ran.stderr.matches("error[").count(), 3, "{}", ran.stderr);
}

#[test]
fn broken_toml_is_told_without_its_text() {
    let place = Place::new("[providers.p]\nkey = sk-S3CRET\n");
    for arguments in [&["config"][..], &["config", "--json"], &["doctor"], &["doctor", "--json"]] {
        let ran = place.run(arguments);
        assert_ne!(ran.code, Some(0));
        assert!(format!("{ran:?}").contains("config.toml:2"), "{ran:?}");
        assert!(!format!("{ran:?}").contains("S3CRET"), "{ran:?}");
    }
}

#[test]
fn without_a_file_the_defaults_hold() {
    let place = Place::new("");
    fs::remove_file(place.path("config.toml")).unwrap();
    let ran = place.run(&["config"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.starts_with("# not found, so the defaults hold: "), "{}", ran.stdout);
}

#[test]
fn a_workspace_file_is_named_and_not_read() {
    let place = Place::new(CONFIG);
    let hostile = "[providers.local]\nbase_url = \"https://evil.example\"\n";
    fs::write(place.path("workspace/.tenon.toml"), hostile).unwrap();
    let ran = place.run(&["config"]);
    assert!(ran.stdout.contains(".tenon.toml") && ran.stdout.contains("not trusted"), "{}", ran.stdout);
    assert!(!ran.stdout.contains("evil"), "{}", ran.stdout);
    let doctor = place.run(&["doctor"]);
    assert!(doctor.stdout.contains(".tenon.toml was found and is not read"), "{}", doctor.stdout);
}

#[test]
fn doctor_tells_what_is_there_and_never_a_key() {
    let place = Place::new(CONFIG);
    let output = place.command(&["doctor", "--json"]).env("TENON_TEST_KEY", "S3CRET").output().unwrap();
    let ran = Ran::of(&output);
    let report = ran.json();
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for name in ["configuration", "state", "log", "model", "key", "languages"] {
        assert_eq!(status(&report, name), "ok", "{name}: {ran:?}");
    }
    assert_eq!(status(&report, "endpoint"), "warn");
    assert!(!format!("{ran:?}").contains("S3CRET"));
    assert_eq!(status(&place.run(&["doctor", "--json"]).json(), "key"), "warn");
}

#[test]
fn doctor_without_a_model_names_the_three_ways() {
    let place = Place::new("");
    let ran = place.run(&["doctor"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    // A developer's machine may run a server of its own.
    if !ran.stdout.contains("none configured; found") {
        for way in ["start a local server", "[providers.openai]", "tenon demo"] {
            assert!(ran.stdout.contains(way), "{way}: {ran:?}");
        }
    }
}

#[test]
fn a_state_directory_that_cannot_be_made_fails_doctor_but_not_config() {
    let place = Place::new(CONFIG);
    fs::write(place.path("state"), "a file in the way").unwrap();
    let ran = place.run(&["doctor", "--json"]);
    let report = ran.json();
    assert_eq!((ran.code, status(&report, "state")), (Some(1), "fail"), "{ran:?}");
    assert_eq!(status(&report, "log"), "warn");
    assert_eq!(place.run(&["config"]).code, Some(0));
}

#[cfg(unix)]
#[test]
fn the_state_directory_is_private() {
    use std::os::unix::fs::PermissionsExt;
    let place = Place::new(CONFIG);
    place.run(&["doctor"]);
    for name in ["state", "state/logs"] {
        let mode = fs::metadata(place.path(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o700, "{name}");
    }
}

/// The one log file of a place.
fn log_file(place: &Place) -> PathBuf {
    let files = fs::read_dir(place.path("state/logs")).unwrap().map(|entry| entry.unwrap().path());
    let files = files.collect::<Vec<_>>();
    assert_eq!(files.len(), 1, "{files:?}");
    files[0].clone()
}

#[test]
fn the_log_goes_to_its_file_only() {
    let place = Place::new(CONFIG);
    let ran = place.run(&["doctor"]);
    assert_eq!(ran.stderr, "");
    assert!(fs::read_to_string(log_file(&place)).unwrap().contains("started"));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_the_log_changes_nothing() {
    let place = Place::new(CONFIG);
    // The first run begins the journal, whose size the second tells.
    place.run(&["doctor"]);
    let before = place.run(&["doctor"]);
    let log = log_file(&place);
    fs::remove_file(&log).unwrap();
    std::os::unix::fs::symlink("/dev/full", &log).unwrap();
    let after = place.run(&["doctor"]);
    assert_eq!((after.code, after.stdout), (before.code, before.stdout));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_under_stdout_is_a_failure() {
    let place = Place::new(CONFIG);
    for arguments in [&["config"][..], &["config", "--schema"], &["doctor"]] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let ran = Ran::of(&place.command(arguments).stdout(full).stderr(Stdio::piped()).output().unwrap());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("error[stdout-failed]"), "{ran:?}");
    }
}

#[test]
fn a_reader_that_went_away_ends_a_command_quietly() {
    let place = Place::new(CONFIG);
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    let ran = Ran::of(
        &place.command(&["config", "--schema"]).stdout(writer).stderr(Stdio::piped()).output().unwrap(),
    );
    assert_eq!((ran.code, ran.stderr.as_str()), (Some(0), ""));
}

#[test]
fn a_log_filter_that_is_none_is_told() {
    let place = Place::new(CONFIG);
    let output = place.command(&["doctor"]).env("TENON_LOG", "a=b=c").output().unwrap();
    let ran = Ran::of(&output);
    assert_eq!(ran.code, Some(0));
    assert!(ran.stdout.contains("TENON_LOG is no filter"), "{ran:?}");
}

#[test]
fn usage_errors_exit_with_2_and_say_so_on_stderr() {
    let place = Place::new("");
    for arguments in [&[][..], &["dance"], &["config", "--jsn"], &["config", "--json", "--schema"], &["edit"]]
    {
        let ran = place.run(arguments);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.stderr.contains("Usage"), "{ran:?}");
    }
    for arguments in [["--help"], ["--version"]] {
        assert_eq!(place.run(&arguments).code, Some(0));
    }
}

#[test]
fn a_pipe_gets_no_colours() {
    let place = Place::new("x = 1");
    for arguments in [&["config"][..], &["doctor"], &["dance"]] {
        let ran = place.run(arguments);
        assert!(!format!("{}{}", ran.stdout, ran.stderr).contains('\x1b'), "{ran:?}");
    }
}

#[test]
fn the_configuration_may_be_anything_without_a_crash() {
    let big = "#".repeat(1_000_001);
    for text in ["\0", "[", "a.b.c.d.e = {", "[[providers]]\n", "providers = 1", "[models.\"\"]\n", &big] {
        let ran = Place::new(text).run(&["config"]);
        assert_eq!(ran.code, Some(2), "{text:.40}: {ran:?}");
        assert!(ran.stderr.starts_with("error["), "{ran:?}");
    }
    let place = Place::new("");
    let ran = Ran::of(&place.command(&["config"]).env("TENON_CONFIG", Path::new("/")).output().unwrap());
    assert_eq!(ran.code, Some(2), "{ran:?}");
}
