//! Placeholder of `tenon apply`, so that the command line compiles; the real one replaces this file.

/// Arguments of `tenon apply`.
#[derive(Debug, clap::Args)]
pub struct ApplyArgs {}
