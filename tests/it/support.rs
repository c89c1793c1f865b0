//! What the integration tests share: an in-process client, editors that behave like real ones, a fake provider
//! with exact packet boundaries.

pub(crate) mod client;
pub(crate) mod editor;
pub(crate) mod fake_provider;
pub(crate) mod journal;
pub(crate) mod positions;
pub(crate) mod session;
