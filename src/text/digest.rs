//! Names of texts by their content.

use std::fmt::Write as _;

use sha2::{Digest as _, Sha256};

use super::Rope;

/// Lower-case hexadecimal digits, two for each byte.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut digits, byte| {
        let _ = write!(digits, "{byte:02x}"); // writing to a String cannot fail
        digits
    })
}

/// SHA-256 of a text in UTF-8, as [`hex`] digits.
pub fn sha256(text: &Rope) -> String {
    let mut hash = Sha256::new();
    for chunk in text.chunks() {
        hash.update(chunk);
    }
    hex(&hash.finalize())
}
