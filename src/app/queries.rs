//! Questions of the editor: code actions and code lenses. They change nothing and cost next to nothing, because
//! editors ask at every movement of the cursor.

mod actions;
mod lenses;

pub(super) use actions::actions;
pub(super) use lenses::lenses;
