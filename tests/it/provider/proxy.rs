//! Proxies: what is configured is used, what it says is readable, and loopback never goes through one.

use tenon::model::ModelErrorKind::*;

use super::*;

/// A model of a host that only the fake proxy can reach.
fn behind(fake: &FakeProvider, base_url: &str) -> Arc<dyn Upstream> {
    let (mut provider, model) = settings(fake, Timeouts::default());
    base_url.clone_into(&mut provider.base_url);
    provider.proxy = Some(format!("http://127.0.0.1:{}", fake.port()));
    provider::build(&provider, &model).expect("set up")
}

#[tokio::test]
async fn plain_requests_name_the_whole_url() {
    let body = delta("né") + &finish();
    let fake = FakeProvider::start([vec![Act::head(SSE), Act::chunk(body), Act::end()]]).await;
    let model = behind(&fake, "http://models.invalid:8123/v1");
    assert_eq!(outcome(&*model).await, ("né".to_owned(), Ok(FinishReason::Stop)));
    let head = &fake.requests()[0].head;
    let line = "POST http://models.invalid:8123/v1/chat/completions HTTP/1.1\r\n";
    assert!(head.starts_with(line), "{head}");
}

#[tokio::test]
async fn a_page_of_the_proxy_is_no_answer() {
    let page = "content-type: text/html\r\n";
    let scripts = [
        vec![Act::answer(200, page, "<html>Please sign in</html>")],
        vec![Act::answer(407, page, "<html>who are you</html>")],
        vec![Act::answer(302, "location: http://127.0.0.1:9/login\r\n", "")],
    ];
    let fake = FakeProvider::start(scripts).await;
    let model = behind(&fake, "http://models.invalid/v1");
    for (kind, status) in [(Server, None), (BadRequest, Some(407)), (Server, Some(302))] {
        let outcome = outcome(&*model).await;
        assert_kind(&outcome, kind, "");
        let error = outcome.1.expect_err("an error");
        assert_eq!(error.status, status);
        assert!(!error.message.contains('<'), "{error}");
    }
    assert_eq!(fake.requests().len(), 3, "no redirect is followed, nothing asked again");
}

#[tokio::test]
async fn a_tunnel_that_is_refused_is_a_network_error() {
    let fake = FakeProvider::start(vec![vec![Act::answer(403, "", "no")]; 3]).await;
    let (mut provider, settings) = settings(&fake, Timeouts::default());
    provider.base_url = "https://models.invalid/v1".to_owned();
    provider.proxy = Some(format!("http://someone:pass-word@127.0.0.1:{}", fake.port()));
    let model = provider::build(&provider, &settings).expect("set up");
    let outcome = outcome(&*model).await;
    let head = &fake.requests()[0].head;
    assert!(head.starts_with("CONNECT models.invalid:443 HTTP/1.1\r\n"), "{head}");
    assert_kind(&outcome, Network, "");
    let error = outcome.1.expect_err("an error");
    assert!(!error.to_string().contains("pass-word"), "{error}");
}

#[tokio::test]
async fn loopback_never_goes_through_a_proxy() {
    let proxy = FakeProvider::start([]).await;
    let body = delta("a") + &finish();
    let fake = FakeProvider::start([vec![Act::head(SSE), Act::chunk(body), Act::end()]]).await;
    let model = behind(&proxy, &fake.base_url());
    assert_eq!(outcome(&*model).await, ("a".to_owned(), Ok(FinishReason::Stop)));
    assert!(proxy.requests().is_empty());
    assert!(fake.requests()[0].head.starts_with("POST /v1/chat/completions "));
}
