//! Keys in the keyring of the operating system, if this build can read one: cargo feature `keyring`.

use super::Place;
use crate::problem::Problem;

/// The service that tenon's entries belong to.
#[cfg(feature = "keyring")]
const SERVICE: &str = "tenon";

/// The place of the entry `user`.
#[cfg(feature = "keyring")]
#[expect(clippy::unnecessary_wraps, reason = "a build without keyrings has a problem here")]
pub(super) fn place(user: &str, _provider: &str) -> Result<Place, Problem> {
    Ok(Place::Keyring(user.to_owned()))
}

/// Says that keyrings cannot be read.
#[cfg(not(feature = "keyring"))]
pub(super) fn place(_user: &str, provider: &str) -> Result<Place, Problem> {
    let message =
        format!("this build of tenon cannot read the keyring, which holds the key of provider {provider}");
    Err(Problem::error("no-keyring", crate::problem::Category::Configuration, message)
        .hint("build it with `--features keyring`, or use `key_env` or `key_command`"))
}

/// Reads the entry `user`. May wait for the person to unlock the keyring.
#[cfg(feature = "keyring")]
pub(super) fn read(user: &str) -> Result<secrecy::SecretString, String> {
    use keyring::{Entry, Error};
    use secrecy::SecretString;
    use secrecy::zeroize::Zeroizing;

    // What the library says is not repeated where it may hold what was read.
    let why = |error: &Error| match error {
        Error::NoEntry => format!("the keyring has no entry for service `{SERVICE}` and user `{user}`"),
        Error::NoDefaultStore => "this machine has no keyring, or it is not running".to_owned(),
        Error::NoStorageAccess(_) => "the keyring is locked".to_owned(),
        _ => "the keyring could not be read".to_owned(),
    };
    let entry = Entry::new(SERVICE, user).map_err(|error| why(&error))?;
    let key = Zeroizing::new(entry.get_password().map_err(|error| why(&error))?);
    match key.trim() {
        "" => Err(format!("the entry `{user}` of the keyring is empty")),
        key => Ok(SecretString::from(key)),
    }
}

#[cfg(all(test, not(feature = "keyring")))]
mod tests {
    use super::*;

    #[test]
    fn a_build_without_says_so() {
        let problem = place("openai", "p").map(|_| ()).expect_err("a problem");
        assert_eq!(problem.code, "no-keyring");
        assert!(problem.message.ends_with("the key of provider p"), "{}", problem.message);
    }
}
