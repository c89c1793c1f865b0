//! Where a benchmarked server runs: folders of its own, a configuration of its own, documents to open.

#![allow(dead_code, reason = "shared by benchmarks, not each of which uses all of it")]

use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;

use crate::client::Client;

/// A workspace, a state folder and a configuration file that go away again.
pub(crate) struct Place(tempfile::TempDir);

impl Place {
    pub(crate) fn new(config: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        std::fs::write(folder.path().join("config.toml"), config).expect("it can be written");
        std::fs::create_dir(folder.path().join("workspace")).expect("it can be made");
        Self(folder)
    }

    pub(crate) fn root(&self) -> std::path::PathBuf {
        self.0.path().join("workspace")
    }

    pub(crate) fn uri(&self, name: &str) -> String {
        format!("file://{}", self.root().join(name).display())
    }

    /// A server that was not spoken to yet. `TENON_BENCH_BINARY` puts another build in its place.
    pub(crate) fn server(&self) -> Client {
        let built = env!("CARGO_BIN_EXE_tenon").into();
        let mut command = Command::new(std::env::var_os("TENON_BENCH_BINARY").unwrap_or(built));
        Client::start(command.arg("lsp").envs(self.environment()))
    }

    /// A server after the handshake.
    pub(crate) fn greeted(&self) -> Client {
        let mut client = self.server();
        client.initialize(&self.root());
        client
    }

    fn environment(&self) -> [(&str, std::path::PathBuf); 2] {
        let path = |name: &str| Path::new(self.0.path()).join(name);
        [("TENON_CONFIG", path("config.toml")), ("TENON_STATE_DIR", path("state"))]
    }
}

/// Source text of at least `n_lines` lines and `n_bytes` bytes, with characters of one to four bytes.
pub(crate) fn source(n_lines: usize, n_bytes: usize) -> String {
    let mut text = String::new();
    let mut item = 0;
    while item * 5 < n_lines || text.len() < n_bytes {
        let _ = write!(
            text,
            "/// Größe № {item} — 😀 «naïve».\nfn item_{item}(value: usize) -> usize {{\n    let sum = value + {item};\n    sum * 2\n}}\n"
        ); // writing to a String cannot fail
        item += 1;
    }
    text
}

/// A reply that changes the items with these numbers of [`source`].
pub(crate) fn reply(path: &str, items: impl IntoIterator<Item = usize>) -> String {
    let mut reply = String::from("Here are the changes.\n\n");
    for item in items {
        let _ = write!(
            reply,
            "{path}\n<<<<<<< SEARCH\nfn item_{item}(value: usize) -> usize {{\n    let sum = value + {item};\n=======\nfn item_{item}(value: u64) -> u64 {{\n    let sum = value.wrapping_add({item});\n>>>>>>> REPLACE\n\n"
        ); // writing to a String cannot fail
    }
    reply
}
