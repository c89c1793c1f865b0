//! What a person meets who tries the commands for the first time: wrong folders, swapped arguments, a file that the model
//! was not shown. Each is refused before anything is sent or written, and the message says what is so.

use std::fs;

use super::{Place, Ran};

const OLD: &str = "total_weight = 1\n";

/// A place with `small.py` and `lager.py`, and a model that gives `reply` whenever it is asked.
fn place(reply: &str) -> Place {
    let place = Place::new("");
    let tape = place.path("tape.jsonl");
    let line = serde_json::json!({ "chunks": [reply] }).to_string() + "\n";
    fs::write(&tape, line.repeat(8)).unwrap();
    let config = format!(
        "[providers.tape]\napi = \"replay\"\nbase_url = {:?}\n[models.coder]\nprovider = \"tape\"\nmodel = \"coder\"\n\
         [roles]\nedit = [\"coder\"]\n",
        tape.to_str().unwrap()
    );
    fs::write(place.path("config.toml"), config).unwrap();
    for name in ["workspace/small.py", "workspace/lager.py", "workspace/.env", "outside.py"] {
        fs::write(place.path(name), OLD).unwrap();
    }
    place
}

fn block(path: &str) -> String {
    format!("{path}\n<<<<<<< SEARCH\ntotal_weight = 1\n=======\ntotal_weight = 2\n>>>>>>> REPLACE\n")
}

fn reads(place: &Place, name: &str) -> String {
    fs::read_to_string(place.path(name)).unwrap()
}

/// Whether a command failed with `code` as a wrong request does, without any reply asked for.
fn is_refused(ran: &Ran, code: &str) {
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(ran.stderr.contains(&format!("error[{code}]")), "{ran:?}");
}

#[test]
fn a_file_that_the_model_was_not_shown_is_named_as_such() {
    let told = |path: &str| {
        let place = place(&block(path));
        let ran = place.run(&["edit", "--yes", "add types", "small.py"]);
        assert_eq!((ran.code, reads(&place, "workspace/small.py").as_str()), (Some(1), OLD), "{ran:?}");
        assert!(ran.stderr.contains("error[unknown-file]"), "{ran:?}");
        ran.stderr
    };
    let there = told("lager.py");
    assert!(there.contains("`lager.py` was not given to the model"), "{there}");
    assert!(there.contains("hint: nothing was changed; name it in the request"), "{there}");
    assert!(!there.contains("There is no file"), "{there}");
    // A name that is only like that of a file that was given.
    let nowhere = told("smell/smal.py");
    assert!(nowhere.contains("There is no file `smell/smal.py`"), "{nowhere}");
    assert!(nowhere.contains("nearest of the files given: `small.py`"), "{nowhere}");
    // Whether there is a private file is not told.
    let (private, none) = (told(".env"), told(".env.none"));
    assert_eq!(private.replace(".env", ""), none.replace(".env.none", ""));
}

#[test]
fn a_file_outside_is_refused_before_anything_is_sent() {
    let place = place(&block("outside.py"));
    for path in ["../outside.py", place.path("outside.py").to_str().unwrap()] {
        for arguments in [&["x", path][..], &["x", "small.py", path]] {
            let ran = place.run(&[&["edit", "--yes"], arguments].concat());
            is_refused(&ran, "outside-workspace");
            assert!(ran.stderr.contains("nothing was sent"), "{ran:?}");
        }
    }
    assert_eq!(reads(&place, "outside.py"), OLD);
    // No reply was taken from the recording.
    let counted = place.run(&["metrics"]).stdout;
    let mut requests = counted.lines().filter(|line| line.starts_with("tenon_model_requests_total{"));
    assert!(requests.all(|line| line.ends_with(" 0")), "a model was asked: {counted}");
}

#[test]
fn swapped_arguments_are_told() {
    let place = place(&block("small.py"));
    let ran = place.run(&["edit", "small.py", "make it typed"]);
    assert_eq!(ran.code, Some(2), "{ran:?}");
    assert!(
        ran.stderr.contains("the instruction comes first: tenon edit \"make it typed\" small.py"),
        "{ran:?}"
    );
    let ran = place.run(&["edit", "make it typed", "nope.py"]);
    assert!(ran.stderr.contains("nope.py does not exist") && !ran.stderr.contains("comes first"), "{ran:?}");
}

#[test]
fn an_unreadable_file_is_named_once() {
    let place = place(&block("small.py"));
    fs::create_dir(place.path("workspace/dir.py")).unwrap();
    let ran = place.run(&["edit", "x", "dir.py"]);
    assert!(ran.stderr.contains("error[unreadable-file]"), "{ran:?}");
    assert_eq!(ran.stderr.lines().next().unwrap().matches("dir.py").count(), 1, "{ran:?}");
}

#[test]
fn a_root_that_is_no_folder_is_refused_by_every_command() {
    let place = place(&block("small.py"));
    fs::write(place.path("reply"), block("small.py")).unwrap();
    for root in ["../nope", "../nope/deeper", "small.py"] {
        for command in [
            &["edit", "x", "small.py"][..],
            &["apply", "../reply"],
            &["log"],
            &["log", "small.py"],
            &["status"],
            &["show", "o1"],
            &["undo"],
            &["redo"],
            &["trust"],
            &["sessions", "list"],
        ] {
            let ran = place.run(&[command, &["--root", root]].concat());
            is_refused(&ran, "no-such-folder");
            let json = place.run(&[command, &["--root", root, "--json"]].concat());
            assert_eq!(json.code, Some(2), "{json:?}");
            assert_eq!(json.json()["errors"][0]["code"], "no-such-folder", "{json:?}");
        }
    }
}

#[test]
fn an_empty_reply_is_called_empty() {
    let place = place("");
    for text in ["", " \n\n", "\u{feff}"] {
        fs::write(place.path("reply"), text).unwrap();
        for format in ["auto", "search-replace", "whole", "udiff", "apply-patch", "json"] {
            let ran = place.run(&["apply", "--format", format, "../reply"]);
            assert_eq!(ran.code, Some(1), "{ran:?}");
            assert!(ran.stderr.contains("error[no-edit]: The reply is empty"), "{format}: {ran:?}");
            assert!(!ran.stderr.contains("Answer with"), "{format}: {ran:?}");
        }
    }
    // What is said to a model is marked as such.
    fs::write(place.path("reply"), "I cannot do that.\n").unwrap();
    let ran = place.run(&["apply", "../reply"]);
    assert!(ran.stderr.contains("for the model: Answer with search/replace blocks"), "{ran:?}");
}

#[test]
fn a_proposal_that_is_only_looked_at_is_not_kept() {
    let place = place(&block("small.py"));
    let looked = place.run(&["edit", "--json", "x", "small.py"]);
    let told = looked.json();
    assert_eq!((looked.code, told["status"].as_str()), (Some(0), Some("proposed")), "{looked:?}");
    assert!(
        told["diff"].as_str().unwrap().contains("+total_weight = 2") && told.get("operation").is_none(),
        "{told}"
    );
    assert_eq!(reads(&place, "workspace/small.py"), OLD);
    assert_eq!(place.run(&["status", "--json"]).json()["workspace"]["open"], 0);
}

#[test]
fn what_is_applied_names_its_operation_in_json() {
    let place = place(&block("small.py"));
    let applied = place.run(&["edit", "--yes", "--json", "x", "small.py"]).json();
    assert_eq!((&applied["status"], &applied["operation"]), (&"applied".into(), &"o1".into()), "{applied}");
    fs::write(place.path("reply"), block("lager.py")).unwrap();
    let applied = place.run(&["apply", "--json", "../reply"]).json();
    assert_eq!((&applied["status"], &applied["operation"]), (&"applied".into(), &"o2".into()), "{applied}");
    let again = place.run(&["apply", "--json", "../reply"]).json();
    assert!(again["status"] == "unchanged" && again.get("operation").is_none(), "{again}");
    assert_eq!(place.run(&["undo", "--json", "o2"]).code, Some(0));
    assert_eq!(reads(&place, "workspace/lager.py"), OLD);
}

#[test]
fn errors_in_json_have_one_shape() {
    let place = place("I cannot do that.\n");
    fs::write(place.path("reply"), block("nope.py")).unwrap();
    for command in [
        &["edit", "--json", "--yes", "x", "small.py"][..],
        &["edit", "--json", "x", "nope.py"],
        &["apply", "--json", "../reply"],
        &["apply", "--json", "../nope"],
        &["undo", "--json", "o9"],
        &["show", "--json", "nonsense"],
        &["log", "--json", "../outside.py"],
        &["sessions", "--json", "forget", "nope"],
    ] {
        let ran = place.run(command);
        assert!(matches!(ran.code, Some(1 | 2)), "{command:?}: {ran:?}");
        let told = ran.json();
        let error = &told["errors"][0];
        assert!(error["code"].is_string() && error["message"].is_string(), "{command:?}: {told}");
        assert_eq!(error["severity"], "error", "{command:?}: {told}");
        assert_eq!(told["status"], "refused", "{command:?}: {told}");
        assert!(ran.stderr.is_empty(), "{command:?}: {ran:?}");
    }
}
