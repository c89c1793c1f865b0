//! Ties `docs/protocol.md` to the source that it describes.

use std::fmt::Write as _;

use sha2::{Digest, Sha256};
use tenon::lsp::protocol::{COMMANDS, EVENT};

const PAGE: &str = include_str!("../../../docs/protocol.md");
const SOURCE: &str = include_str!("../../../src/lsp/protocol.rs");

#[test]
fn the_page_is_read_again_when_the_protocol_changes() {
    let mut hash = String::new();
    for byte in Sha256::digest(SOURCE.replace("\r\n", "\n")) {
        write!(hash, "{byte:02x}").expect("writing to a string");
    }
    assert!(
        PAGE.contains(&format!("<!-- src/lsp/protocol.rs: {hash} -->")),
        "src/lsp/protocol.rs changed: read docs/protocol.md again, correct it, and put this line into it:\n\
         <!-- src/lsp/protocol.rs: {hash} -->"
    );
}

#[test]
fn the_page_names_everything() {
    for name in COMMANDS.iter().chain([&EVENT]) {
        assert!(PAGE.contains(&format!("`{name}`")), "docs/protocol.md does not name `{name}`");
    }
}
