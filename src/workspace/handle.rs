//! Directories as opened handles, and the few calls that work below them.
//!
//! A handle stays with the directory that was opened, whatever is renamed or linked meanwhile. A name given to a call
//! is one plain name, so that no link above it can be followed.

#[cfg(any(target_os = "linux", target_os = "android"))]
mod attributes;
#[cfg(not(unix))]
mod by_path;
#[cfg(unix)]
mod unix;

#[cfg(not(unix))]
pub(super) use by_path::{Dir, Facts, make_alike};
#[cfg(unix)]
pub(super) use unix::{Dir, Facts, make_alike};
