//! What is asked of the model: arguments, pace, cancelling, repair, fallback, the queue, intents.

use serde_json::{Value, json};
use tenon::config::Config;
use tenon::model::scripted::{Gate, Step};
use tenon::model::{AnswerForm, EditFormat, FinishReason, ModelErrorKind, StreamEvent};
use tenon::ports::OwnAction;

use crate::support::client::{Peer, within};
use crate::support::session::{Session, block, patch};

const TEXT: &str = "fn a() {}\nfn b() {}\n";

#[tokio::test]
async fn it_answers_at_once_and_can_be_cancelled() {
    for peer in Peer::ALL {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", TEXT);
        session.stream(&uri, &block("a.rs", "fn a() {}\n", "fn a2() {}\n")).await;
        let status = session.status().await;
        assert_eq!(
            (&status["tasks"][0]["id"], &status["tasks"][0]["stage"]),
            (&json!("t1"), &json!("stream"))
        );
        assert_eq!(session.run("tenon.cancel", json!({"taskId": "t9"})).await, json!({"cancelled": 0}));
        assert_eq!(session.run("tenon.cancel", json!("t1")).await, json!({"cancelled": 1}));
        within("the end of the request", session.model.dropped().passed()).await;
        assert_eq!(session.failure().await, "cancelled");
        assert_eq!(session.status().await["tasks"], json!([]));
        assert_eq!(session.editor.text(&uri), TEXT);
        session.finish().await;
    }
}

#[tokio::test]
async fn the_progress_display_cancels_and_ends() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    session.stream(&uri, "x").await;
    let progress = |kind: &'static str| {
        session.editor.client.expect_where(kind, move |m| m["params"]["value"]["kind"] == kind)
    };
    assert_eq!(progress("begin").await["params"]["token"], "t1");
    progress("report").await;
    session.editor.client.notify("window/workDoneProgress/cancel", json!({"token": "t1"}));
    assert_eq!(session.failure().await, "cancelled");
    progress("end").await;
    session.finish().await;
}

#[tokio::test]
async fn arguments_come_in_several_forms() {
    let session = Session::start(Peer::Helix).await;
    let uri = session.open("a.rs", TEXT);
    let reply = block("a.rs", "fn a() {}\n", "fn a2() {}\n");
    let forms = [
        json!([{"uri": uri, "instruction": "rename it"}]),
        json!([uri, "1", "1", "rename", "it"]),
        json!(["a.rs", 1, 1, "rename", "it"]),
        json!([json!({"path": "a.rs", "instruction": "rename it"}).to_string()]),
    ];
    for form in forms {
        session.model.push([Step::text(reply.clone()), Step::finish()]);
        session.editor.client.command("tenon.edit", form).await.unwrap();
        session.proposal().await;
    }
    for request in session.model.requests() {
        assert!(request.messages[0].text.contains("rename it"));
    }
    let error = session.command("tenon.edit", json!({"uri": uri, "x": 1})).await.unwrap_err();
    assert_eq!(error["code"], -32602);
    assert_eq!(error["data"]["code"], "invalid-arguments");
    assert_eq!(error["data"]["category"], "request");
    assert_eq!(error["data"]["severity"], "error");
    assert!(error["data"]["hint"].as_str().unwrap().contains("instruction"));
    session.finish().await;
}

#[tokio::test]
async fn a_refused_reply_is_repaired_once() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    let (wrong, right) =
        (block("a.rs", "fn zzz(q: Q) {}\n", ""), block("a.rs", "fn a() {}\n", "fn c() {}\n"));
    session.model.push([Step::text(wrong.clone()), Step::finish()]);
    let id = session.propose(&uri, &right).await;
    session.accept(json!({"proposal": id})).await;
    assert_eq!(session.editor.text(&uri), "fn c() {}\nfn b() {}\n");
    for _ in 0..2 {
        session.model.push([Step::text(wrong.clone()), Step::finish()]);
    }
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "no-such-place");
    assert_eq!(session.model.requests().len(), 4);
    session.finish().await;
}

/// Calls the tool with these arguments, in pieces.
fn call(name: &str, arguments: &Value) -> [Step; 4] {
    let json = arguments.to_string();
    let (first, rest) = json.split_at(json.len() / 2);
    let arguments = |json: &str| Step::Event(StreamEvent::CallArguments { index: 0, json: json.to_owned() });
    let (id, name) = ("call-1".to_owned(), name.to_owned());
    let begun = Step::Event(StreamEvent::CallBegun { index: 0, id, name });
    [begun, arguments(first), arguments(rest), Step::Event(StreamEvent::Finished(FinishReason::Tools))]
}

#[tokio::test]
async fn edits_come_as_calls_of_a_tool_and_refusals_go_back_as_their_results() {
    let session = Session::with_model(Peer::VsCode, |settings| {
        settings.edit_format = EditFormat::Json;
        settings.capabilities.tools = true;
    })
    .await;
    let uri = session.open("a.rs", TEXT);
    let edit = |old: &str| json!({"edits": [{"path": "a.rs", "old_string": old, "new_string": "fn c() {}", "replace_all": false}]});
    let prose = Step::text("I rename it: ");
    session.model.push([prose].into_iter().chain(call("edit", &edit("fn zzz(q: Q) {}"))));
    session.model.push(call("delete_everything", &json!({})));
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "malformed-reply");
    let asked = session.model.requests();
    let AnswerForm::Tools { tools, must: true } = &asked[0].answer else { panic!("{:?}", asked[0].answer) };
    assert_eq!((tools.len(), tools[0].name.as_str()), (1, "edit"));
    assert_eq!(asked[0].sources, ["a.rs"]);
    let [_, said, told] = &asked[1].messages[..] else { panic!("{:?}", asked[1].messages) };
    assert_eq!((said.text.as_str(), said.calls[0].name.as_str()), ("I rename it: ", "edit"));
    assert_eq!(
        (told.text.as_str(), told.results[0].id.as_str(), told.results[0].failed),
        ("", "call-1", true)
    );
    assert!(told.results[0].text.contains("[no-such-place]"), "{}", told.results[0].text);

    session.model.push(call("edit", &edit("fn a() {}")));
    session.ask(&uri).await;
    let id = session.proposal().await;
    session.accept(json!({"proposal": id})).await;
    assert_eq!(session.editor.text(&uri), "fn c() {}\nfn b() {}\n");
    session.finish().await;
}

#[tokio::test]
async fn a_patch_comes_as_a_call_and_json_under_a_schema() {
    let session = Session::with_model(Peer::Helix, |settings| {
        settings.edit_format = EditFormat::ApplyPatch;
        settings.capabilities.tools = true;
    })
    .await;
    let uri = session.open("a.rs", TEXT);
    let envelope = patch("*** Update File: a.rs\n@@\n-fn a() {}\n+fn c() {}\n fn b() {}\n");
    session.model.push(call("apply_patch", &json!({ "patch": envelope })));
    session.ask(&uri).await;
    let id = session.proposal().await;
    session.accept(json!({"proposal": id})).await;
    assert_eq!(session.editor.text(&uri), "fn c() {}\nfn b() {}\n");
    session.finish().await;

    let session = Session::with_model(Peer::Helix, |settings| {
        settings.edit_format = EditFormat::Json;
        settings.capabilities.schema = true;
    })
    .await;
    let uri = session.open("a.rs", TEXT);
    let reply = json!({"edits": [{"path": "a.rs", "old_string": "fn a", "new_string": "fn c", "replace_all": false}]});
    session.propose(&uri, &reply.to_string()).await;
    assert!(matches!(session.model.requests()[0].answer, AnswerForm::Json { .. }));
    session.finish().await;
}

#[tokio::test]
async fn a_reply_that_breaks_the_syntax_is_repaired_before_it_is_shown() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    let (wrong, right) =
        (block("a.rs", "fn a() {}\n", "fn c() {\n"), block("a.rs", "fn a() {}\n", "fn c() {}\n"));
    session.model.push([Step::text(wrong.clone()), Step::finish()]);
    let id = session.propose(&uri, &right).await;
    session.accept(json!({"proposal": id})).await;
    assert_eq!(session.editor.text(&uri), "fn c() {}\nfn b() {}\n");
    let correction = session.model.requests()[1].messages.last().unwrap().text.clone();
    assert!(correction.contains("[breaks-syntax]") && correction.contains("Block 1 (a.rs)"), "{correction}");
    let wrong = block("a.rs", "fn c() {}\n", "fn d() {\n");
    for _ in 0..2 {
        session.model.push([Step::text(wrong.clone()), Step::finish()]);
    }
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "breaks-syntax");
    session.finish().await;
}

#[tokio::test]
async fn replies_that_are_none_have_their_codes() {
    let session = Session::start(Peer::Emacs).await;
    let uri = session.open("a.rs", TEXT);
    let good = block("a.rs", "fn a() {}\n", "fn c() {}\n");
    // What nobody knows may be a cut as well.
    for reason in [FinishReason::Length, FinishReason::Other("abort".to_owned())] {
        session.model.push([Step::text(good.clone()), Step::Event(StreamEvent::Finished(reason))]);
        session.ask(&uri).await;
        assert_eq!(session.failure().await, "truncated");
    }
    assert_eq!(session.model.requests().len(), 2, "no repair");
    for _ in 0..2 {
        session.model.push([Step::text("I would rather not."), Step::finish()]);
    }
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "no-edit");
    assert_eq!(session.editor.text(&uri), TEXT);
    session.finish().await;
}

#[tokio::test]
async fn another_model_takes_over_only_before_the_first_text() {
    let session = Session::start(Peer::VsCode).await;
    let uri = session.open("a.rs", TEXT);
    session.model.push([Step::Error(ModelErrorKind::Overloaded, "busy".to_owned())]);
    session.fallback.push([Step::text(block("a.rs", "fn a() {}\n", "fn c() {}\n")), Step::finish()]);
    session.ask(&uri).await;
    session.proposal().await;
    session.model.push([Step::text("a.rs\n"), Step::Error(ModelErrorKind::Network, "gone".to_owned())]);
    session.ask(&uri).await;
    assert_eq!(session.failure().await, "model-network");
    assert_eq!(session.fallback.requests().len(), 1);
    session.finish().await;
}

#[tokio::test]
async fn the_eleventh_task_waits() {
    let session = Session::start(Peer::Neovim).await;
    let uri = session.open("a.rs", TEXT);
    let gates: Vec<Gate> = (0..10).map(|_| Gate::default()).collect();
    for gate in &gates {
        session.model.push([Step::Wait(gate.clone()), Step::text("x"), Step::finish()]);
        session.ask(&uri).await;
        within("the gate", gate.reached()).await;
    }
    let (eleventh, twelfth) = (session.ask(&uri).await, session.ask(&uri).await);
    let status = session.status().await;
    assert_eq!(status["tasks"].as_array().unwrap().len(), 12);
    let stage = |id: &str| {
        let tasks = status["tasks"].as_array().unwrap();
        tasks.iter().find(|task| task["id"] == id).unwrap()["stage"].clone()
    };
    assert_eq!(stage(&eleventh), "queued");
    assert_eq!(session.run("tenon.cancel", json!({"taskId": twelfth})).await, json!({"cancelled": 1}));
    assert_eq!(session.failure().await, "cancelled");
    assert_eq!(session.model.requests().len(), 10);
    let next = Gate::default();
    session.model.push([Step::Wait(next.clone())]);
    session.run("tenon.cancel", json!({"taskId": "t1"})).await;
    assert_eq!(session.failure().await, "cancelled");
    within("the eleventh", next.reached()).await;
    assert_eq!(session.run("tenon.cancel", json!({})).await, json!({"cancelled": 10}));
    session.finish().await;
}

#[tokio::test]
async fn a_comment_instruction_is_done_and_removed() {
    let session = Session::start(Peer::VsCode).await;
    let text = "use x;\n\n// AI! return one\nfn a() -> u32 {\n    0\n}\n";
    let uri = session.open("a.rs", text);
    let at =
        |line: u32| json!({"start": {"line": line, "character": 0}, "end": {"line": line, "character": 0}});
    let offered = |line: u32| {
        let params = json!({"textDocument": {"uri": uri}, "range": at(line), "context": {"diagnostics": []}});
        session.editor.client.request("textDocument/codeAction", params)
    };
    let there = |actions: &Value| actions.to_string().contains("Do what this comment says");
    assert!(there(&offered(2).await.unwrap()));
    assert!(!there(&offered(4).await.unwrap()));
    session.model.push([Step::text(block("a.rs", "    0\n", "    1\n")), Step::finish()]);
    session.run("tenon.edit", json!({"uri": uri, "range": at(2), "intent": "comment"})).await;
    session.proposal().await;
    let prompt = &session.model.requests()[0].messages[0].text;
    assert!(prompt.contains("It is about lines 3 to 6"), "{prompt}");
    session.accept(json!({})).await;
    assert_eq!(session.editor.text(&uri), "use x;\n\nfn a() -> u32 {\n    1\n}\n");
    session.run("tenon.edit", json!({"uri": uri, "range": at(0), "intent": "comment"})).await;
    assert_eq!(session.failure().await, "no-comment-instruction");
    session.finish().await;
}

/// What is offered for these zero-based lines; equal ones for a cursor without a selection.
async fn offered(session: &Session, uri: &str, (first, last): (u32, u32)) -> Vec<Value> {
    let range = json!({"start": {"line": first, "character": 0}, "end": {"line": last, "character": 0}});
    let params = json!({"textDocument": {"uri": uri}, "range": range, "context": {"diagnostics": []}});
    let actions = session.editor.client.request("textDocument/codeAction", params).await.unwrap();
    actions.as_array().unwrap().clone()
}

/// Takes the action with this title, and returns what the command answered.
async fn take(session: &Session, uri: &str, lines: (u32, u32), title: &str) -> Value {
    let actions = offered(session, uri, lines).await;
    let action =
        actions.iter().find(|action| action["title"] == title).unwrap_or_else(|| panic!("{actions:?}"));
    let (name, arguments) = (action["command"]["command"].as_str().unwrap(), &action["command"]["arguments"]);
    session.editor.client.command(name, arguments.clone()).await.unwrap()
}

#[tokio::test]
async fn the_user_s_own_requests_are_offered_and_asked() {
    let own = |languages: &[&str], selection| OwnAction {
        title: "Make it async".to_owned(),
        instruction: "Make this async; keep the names.".to_owned(),
        languages: languages.iter().map(|&one| one.to_owned()).collect(),
        selection,
    };
    let actions = [("a".to_owned(), own(&["rust"], true)), ("b".to_owned(), own(&["go"], false))].into();
    let session = Session::configured(Peer::Helix, Config { actions, ..Config::default() }).await;
    let uri = session.open("a.rs", TEXT);
    assert!(!json!(offered(&session, &uri, (0, 0)).await).to_string().contains("Make it async"));
    for (title, asked) in [("Make it async", "keep the names"), ("Write tests with AI", "Write tests for")] {
        session.model.push([Step::text(block("a.rs", "fn a() {}\n", "async fn a() {}\n")), Step::finish()]);
        take(&session, &uri, (0, 1), title).await;
        session.proposal().await;
        let requests = session.model.requests();
        let prompt = &requests.last().unwrap().messages[0].text;
        assert!(prompt.contains(asked) && prompt.contains("It is about lines 1 to 1"), "{title}: {prompt}");
    }
    session.finish().await;
}

#[tokio::test]
async fn a_request_is_written_on_a_page() {
    for peer in [Peer::Neovim, Peer::Helix] {
        let session = Session::start(peer).await;
        let uri = session.open("a.rs", "fn a() {}\nfn b() {}\nfn c() {}\n");
        assert_eq!(session.refusal("tenon.run", json!({})).await, "no-page");
        let answer = take(&session, &uri, (1, 2), "Ask AI on a page…").await;
        let page = answer["page"].as_str().unwrap();
        let path = page.strip_prefix("file://").unwrap();
        let text = std::fs::read_to_string(path).unwrap();
        assert!(text.starts_with("<!-- What should change in a.rs, line 2?"), "{text}");
        session.editor.open(page, "markdown", &text);
        assert_eq!(session.refusal("tenon.run", json!({"page": page})).await, "no-instruction");
        // It is about the line that was meant, wherever typing moved it.
        session.editor.insert(&uri, 0, "use x;\n");
        session.editor.insert(page, text.len(), "Give it\na better name.\n");
        let titles: Vec<_> =
            offered(&session, page, (0, 0)).await.iter().map(|a| a["title"].clone()).collect();
        assert_eq!(titles, ["Run this request"]);
        session.model.push([Step::text(block("a.rs", "fn b() {}\n", "fn best() {}\n")), Step::finish()]);
        take(&session, page, (0, 0), "Run this request").await;
        session.proposal().await;
        let prompt = session.model.requests()[0].messages[0].text.clone();
        assert!(
            prompt.contains("Give it\na better name.") && prompt.contains("It is about lines 3 to 3"),
            "{prompt}"
        );
        assert!(!prompt.contains("<!--"), "{prompt}");
        session.accept(json!({})).await;
        assert_eq!(session.editor.text(&uri), "use x;\nfn a() {}\nfn best() {}\nfn c() {}\n");

        // An editor that does not tell of such documents: what was saved counts, and words do as arguments.
        session.editor.close(page);
        std::fs::write(path, "<!-- ? -->\nmake it shorter").unwrap();
        session.model.push([Step::text(block("a.rs", "fn best() {}\n", "fn b() {}\n")), Step::finish()]);
        session.editor.client.command("tenon.run", json!([])).await.unwrap();
        session.proposal().await;
        assert!(session.model.requests()[1].messages[0].text.contains("make it shorter"));
        session.model.push([Step::text(block("a.rs", "fn best() {}\n", "fn b() {}\n")), Step::finish()]);
        session.run("tenon.run", json!({"mode": "auto"})).await;
        session.proposal().await;
        session.event("applied").await;
        // Lines that were lost sight of are not guessed.
        let answer = take(&session, &uri, (1, 2), "Ask AI on a page…").await;
        std::fs::write(answer["page"].as_str().unwrap().strip_prefix("file://").unwrap(), "do it").unwrap();
        let text = session.editor.text(&uri);
        session.editor.close(&uri);
        assert_eq!(session.refusal("tenon.run", json!({})).await, "stale-page");
        session.open("a.rs", &format!("// new\n{text}"));
        session.model.push([Step::text(block("a.rs", "// new\n", "// old\n")), Step::finish()]);
        session.run("tenon.run", json!({})).await;
        session.proposal().await;
        assert!(
            session.model.requests().last().unwrap().messages[0].text.contains("It is about lines 3 to 3")
        );
        session.run("tenon.reject", json!({})).await;
        let words = session.editor.client.command("tenon.ask", json!(["a.rs", "1", "2"])).await.unwrap();
        assert_ne!(words["page"], page);
        assert_eq!(session.refusal("tenon.run", json!({"page": uri})).await, "no-page");
        session.finish().await;
    }
}
