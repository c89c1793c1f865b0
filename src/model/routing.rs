//! The rules by which requests find their way to a model, without clock, runtime or lock.
//!
//! Time comes in as a [`Duration`](std::time::Duration) since whenever the caller began to count. Every rule is a value
//! that somebody else guards and asks.

mod cache_key;

pub use cache_key::CacheKey;
