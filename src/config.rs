//! Configuration: as typed ([`raw`]) → checked against its schema ([`check`]) → resolved ([`Config`]).
//!
//! The rest of the program sees only [`Config`]. Loading reads files: no network, no command, no key. Over the user's
//! own file lies the [`layer`] of a workspace that the user [trusts](trust). What is wrong in a file is reported all at once, each with its line and with what to do.

pub mod check;
mod decimal;
pub mod endpoint;
pub mod entries;
pub mod error;
pub mod files;
pub mod layer;
pub mod raw;
mod resolve;
pub mod resolved;
mod secret_like;
pub mod source;
pub mod state_dir;
pub mod trust;

use std::path::Path;

pub use entries::Entry;
pub use error::ConfigError;
pub use files::UserFile;
pub use resolved::{Config, Limits, Origin, ReviewMode};
pub use source::ConfiguredModels;
pub use state_dir::StateDir;

/// Loads the user's configuration; a missing file counts as an empty one.
///
/// # Errors
/// Everything that is wrong with the file.
pub fn load(file: &UserFile) -> Result<Config, ConfigError> {
    match file.path() {
        Some(path) => match files::read(path)? {
            Some(text) => from_text(&text, path),
            None => Ok(Config::default()),
        },
        None => Ok(Config::default()),
    }
}

/// Resolves the text of a configuration file; `path` is only for messages and for paths relative to it.
///
/// # Errors
/// Everything that is wrong with the text.
pub fn from_text(text: &str, path: &Path) -> Result<Config, ConfigError> {
    let checked = check::check(text);
    if !checked.faults.is_empty() {
        return Err(ConfigError::new(path, checked.faults));
    }
    let file: raw::File = toml::from_str(text)
        .map_err(|error| ConfigError::new(path, vec![check::syntax_fault(text, &error)]))?;
    resolve::resolve(&file, path, checked.lines).map_err(|faults| ConfigError::new(path, faults))
}

/// The JSON schema of the configuration file.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(raw::File).to_value()
}

#[cfg(test)]
mod tests;
