//! Roles to models.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::Model;

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Writing edits.
    Edit,
}

/// Ordered models per role: the first is preferred, the rest are fallbacks.
#[derive(Clone, Default)]
pub struct Router {
    roles: BTreeMap<Role, Vec<Arc<dyn Model>>>,
}

impl Router {
    /// Puts `models` into `role`.
    #[must_use]
    pub fn with(mut self, role: Role, models: Vec<Arc<dyn Model>>) -> Self {
        self.roles.insert(role, models);
        self
    }

    /// The models of `role`, preferred first; empty when none is configured.
    pub fn models(&self, role: Role) -> &[Arc<dyn Model>] {
        self.roles.get(&role).map_or(&[], Vec::as_slice)
    }
}

impl std::fmt::Debug for Router {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_map()
            .entries(
                self.roles
                    .iter()
                    .map(|(role, models)| (role, models.iter().map(|m| m.name()).collect::<Vec<_>>())),
            )
            .finish()
    }
}
