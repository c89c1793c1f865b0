//! `tenon demo`: the main job on a sample project, through a real session, with a recorded model.

use tokio::io::DuplexStream;

use super::Exit;
use crate::config::Config;
use crate::problem::Problem;

/// Runs the demo. `serve` serves a language client on the other end of two pipes.
///
/// # Errors
/// Whatever kept it from its end.
pub async fn run<F>(serve: impl FnOnce(Config, DuplexStream, DuplexStream) -> F) -> Result<Exit, Problem>
where
    F: Future<Output = i32> + Send + 'static,
{
    todo!()
}
