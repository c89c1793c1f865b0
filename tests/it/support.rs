//! What the integration tests share: an in-process client, editors that behave like real ones, a fake provider
//! with exact packet boundaries.

pub mod client;
pub mod editor;
pub mod fake_provider;
pub mod positions;
