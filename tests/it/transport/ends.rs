//! Every way a connection ends: within a second, with the right exit code, and told to the application.

use tokio::time::Instant;

use super::*;

async fn check(ended: impl Future<Output = i32>, expected: i32, mut app: App) {
    let before = Instant::now();
    // The application ends when it is told to; the end waits for that.
    let told = async move { while !matches!(app.next().await, Event::Shutdown) {} };
    let (code, ()) = tokio::join!(ended, told);
    assert_eq!(code, expected);
    assert!(before.elapsed() < Duration::from_secs(1), "it took {:?}", before.elapsed());
}

#[tokio::test]
async fn exit_with_the_input_open() {
    let (client, app) = App::start(Peer::Neovim.parameters()).await;
    client.notify("exit", Value::Null);
    check(client.wait_end(), 1, app).await;
}

/// An application that does not end holds nothing up.
#[tokio::test]
async fn an_application_that_hangs() {
    let (client, app) = App::start(Peer::Neovim.parameters()).await;
    let before = Instant::now();
    assert_eq!(client.shutdown().await, 0);
    assert!(before.elapsed() < Duration::from_secs(1), "it took {:?}", before.elapsed());
    drop(app);
}

#[tokio::test]
async fn exit_after_shutdown() {
    let (client, app) = App::start(Peer::Neovim.parameters()).await;
    check(client.shutdown(), 0, app).await;
}

#[tokio::test]
async fn end_of_input_with_work_in_flight() {
    let (client, mut app) = App::start(Peer::Neovim.parameters()).await;
    let _asked = client.ask("workspace/executeCommand", json!({"command": "tenon.status"}));
    let (_command, _reply) = app.command().await;
    app.editor.apply(ApplyId(1), change("file:///a", 1));
    client.expect("workspace/applyEdit").await;
    check(client.hang_up(), 1, app).await;
}

#[tokio::test]
async fn end_of_input_after_shutdown() {
    let (client, app) = App::start(Peer::Neovim.parameters()).await;
    client.request("shutdown", Value::Null).await.unwrap();
    let error = client.command("tenon.status", json!([])).await.unwrap_err();
    assert_eq!(error["code"], -32600);
    check(client.hang_up(), 0, app).await;
}

#[tokio::test]
async fn end_of_input_without_a_word() {
    let (client, app) = App::connect().await;
    check(client.hang_up(), 1, app).await;
}

#[cfg(unix)]
#[tokio::test]
async fn the_parent_is_gone() {
    let mut parent = std::process::Command::new("sleep").arg("60").spawn().unwrap();
    let mut parameters = Peer::Neovim.parameters();
    parameters["processId"] = parent.id().into();
    let (client, app) = App::start(parameters).await;
    parent.kill().unwrap();
    parent.wait().unwrap();
    check(client.wait_end(), 1, app).await;
}
