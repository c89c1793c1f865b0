//! The rules by which requests find their way to a model, without clock, runtime or lock.
//!
//! Time comes in as a [`Duration`](std::time::Duration) since whenever the caller began to count. Every rule is a value
//! that somebody else guards and asks.

pub mod breaker;
mod cache_key;
mod fallback;
mod rate;
pub mod spending;
mod split;
pub mod tokens;

pub use breaker::Breaker;
pub use cache_key::CacheKey;
pub use fallback::{AfterFailure, Fallback, after_failure};
pub use rate::Bucket;
pub use spending::Spending;
pub use split::choose;
pub use tokens::TokenRatio;
