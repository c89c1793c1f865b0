//! What the integration tests share: an in-process client, a fake provider with exact packet boundaries.

pub mod client;
pub mod fake_provider;
