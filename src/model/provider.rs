//! Providers: the only place (with `tools`) from which bytes leave the machine.

use std::sync::Arc;

use super::{Model, ModelSettings, ProviderSettings};
use crate::problem::Problem;

/// Makes a model that can be asked.
///
/// # Errors
/// A configuration problem: an unreadable recording, a key variable that is not set, a URL that is none.
pub fn build(provider: &ProviderSettings, model: &ModelSettings) -> Result<Arc<dyn Model>, Problem> {
    todo!()
}

/// Looks for local servers at their usual ports on the loopback interface (Ollama 11434, LM Studio 1234,
/// llama-server 8080, vLLM 8000), at most a second in all, and describes the first model found.
pub async fn detect_local() -> Option<(ProviderSettings, ModelSettings)> {
    todo!()
}
