//! One call of the service, such that no defect of a handler reaches the transport.
//!
//! A panic is contained: the request is answered `InternalError`, the log has the details, the server lives.

use std::panic::AssertUnwindSafe;
use std::time::Instant;

use futures::future::{BoxFuture, FutureExt};
use serde_json::json;
use tower::Service;
use tower_lsp::jsonrpc::{Error, Id, Request, Response};

use crate::ports::metrics::catalogue::HANDLER_TIME;

/// Calls the service at once (so that calls happen in arrival order); the future yields the answer, if one is due.
pub(super) fn call<S>(service: &mut S, request: Request) -> BoxFuture<'static, Answer>
where
    S: Service<Request, Response = Option<Response>>,
    S::Error: std::fmt::Display,
    S::Future: Send + 'static,
{
    let (method, id) = (request.method().to_owned(), request.id().cloned());
    let began = Instant::now();
    let called = std::panic::catch_unwind(AssertUnwindSafe(|| service.call(request)));
    async move {
        let outcome = match called {
            Ok(future) => AssertUnwindSafe(future).catch_unwind().await,
            Err(panic) => Err(panic),
        };
        if id.is_some() {
            HANDLER_TIME.observe(began.elapsed());
        }
        match outcome {
            Ok(Ok(Some(response))) => Answer::Now(response),
            Ok(Ok(None)) => match id {
                // The framework is silent on unknown `$/` methods, which is right for notifications only.
                Some(id) => Answer::Now(Response::from_error(id, Error::method_not_found())),
                None => Answer::None,
            },
            Ok(Err(error)) => {
                tracing::debug!(%method, %error, "call after the end");
                id.map_or(Answer::None, |id| Answer::Now(Response::from_error(id, Error::invalid_request())))
            }
            Err(panic) => {
                let cause = describe(panic.as_ref());
                tracing::error!(%method, cause, "a handler panicked");
                id.map_or(Answer::None, Answer::Panicked)
            }
        }
    }
    .boxed()
}

/// What came of a call.
#[derive(Debug)]
pub(super) enum Answer {
    /// Nothing is due.
    None,
    /// This is the answer.
    Now(Response),
    /// The handler of this request panicked. The framework still holds it as pending.
    Panicked(Id),
}

/// The answer to a request whose handler panicked.
pub(super) fn internal_error(id: Id) -> Response {
    let mut error = Error::internal_error();
    error.message = "tenon failed internally; its log has the details".into();
    error.data = Some(json!({"code": "internal", "category": "internal", "severity": "error", "hint": null}));
    Response::from_error(id, error)
}

/// The notification that makes the framework forget a pending request.
pub(super) fn forget(id: &Id) -> Request {
    Request::build("$/cancelRequest").params(json!({ "id": id })).finish()
}

fn describe(panic: &(dyn std::any::Any + Send)) -> &str {
    panic
        .downcast_ref::<&str>()
        .copied()
        .or_else(|| panic.downcast_ref::<String>().map(String::as_str))
        .unwrap_or("unknown")
}
