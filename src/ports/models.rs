//! Where the orchestrator gets its models, and where those come from.

use std::sync::Arc;

use futures::future::BoxFuture;

use super::Health;
use crate::model::{CacheKey, Model, Role, Upstream};
use crate::problem::Problem;

/// Models by role, resolved when a task needs them: local servers may have been started since.
pub trait ModelSource: Send + Sync {
    /// Models of `role`, preferred first, at least one.
    ///
    /// # Errors
    /// `no-model` with the ways to configure one, or a configuration problem.
    fn models(&self, role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Model>>, Problem>>;

    /// Forgets a kept answer that turned out to be of no use: who asks again asks the model. The key is
    /// [`Model::cache_key`]'s. A source that keeps nothing has nothing to do.
    fn forget(&self, _answer: CacheKey) {}

    /// How the models and their providers are doing; empty for a source that does not watch them.
    fn health(&self) -> Health {
        Health::default()
    }
}

/// Models as they are configured or found, before anything stands between them and the asker.
pub trait UpstreamSource: Send + Sync {
    /// Models of `role` in the order of the configuration, at least one.
    ///
    /// # Errors
    /// `no-model` with the ways to configure one, or a configuration problem.
    fn upstreams(&self, role: Role) -> BoxFuture<'_, Result<Vec<Arc<dyn Upstream>>, Problem>>;
}
