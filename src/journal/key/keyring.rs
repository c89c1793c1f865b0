//! The key in the keyring of the operating system, if this build can use one: cargo feature `keyring`.

use crate::journal::seal::KEY;

/// The entry of the key.
#[cfg(feature = "keyring")]
fn entry() -> Result<keyring::Entry, String> {
    keyring::Entry::new("tenon", "journal").map_err(|error| reason(&error))
}

/// What the library says is not repeated where it may hold what was read.
#[cfg(feature = "keyring")]
fn reason(error: &keyring::Error) -> String {
    match error {
        keyring::Error::NoDefaultStore => "this machine has no keyring, or it is not running".to_owned(),
        keyring::Error::NoStorageAccess(_) => "the keyring is locked".to_owned(),
        _ => "the keyring could not be used".to_owned(),
    }
}

/// The key in it; `None` when it has none. May wait for the person to unlock it.
#[cfg(feature = "keyring")]
pub(super) fn read() -> Result<Option<[u8; KEY]>, String> {
    match entry()?.get_password() {
        Ok(text) => super::from_hex(text.trim())
            .map(Some)
            .ok_or_else(|| "its entry in the keyring is no key".to_owned()),
        Err(keyring::Error::NoEntry) => Ok(None),
        Err(error) => Err(reason(&error)),
    }
}

#[cfg(not(feature = "keyring"))]
pub(super) fn read() -> Result<Option<[u8; KEY]>, String> {
    Err("this build of tenon cannot read the keyring".to_owned())
}

/// Puts the key into it.
#[cfg(feature = "keyring")]
pub(super) fn write(key: &[u8; KEY]) -> Result<(), String> {
    entry()?.set_password(&crate::text::hex(key)).map_err(|error| reason(&error))
}

#[cfg(not(feature = "keyring"))]
pub(super) fn write(_key: &[u8; KEY]) -> Result<(), String> {
    Err("this build of tenon cannot use the keyring".to_owned())
}
