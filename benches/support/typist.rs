//! Someone who types: one-character edits all over a document, and the text that must come of them.

use serde_json::{Value, json};

/// The document as the editor has it.
pub(crate) struct Typist {
    uri: String,
    version: i32,
    lines: Vec<String>,
    seed: u64,
}

impl Typist {
    pub(crate) fn new(uri: &str, text: &str) -> Self {
        let lines = text.split('\n').map(str::to_owned).collect();
        Self { uri: uri.to_owned(), version: 1, lines, seed: 0x2545_F491_4F6C_DD1D }
    }

    /// The parameters of the next `didChange`: an insertion, or now and then a deletion, in UTF-16 columns.
    pub(crate) fn edit(&mut self) -> Value {
        const TYPED: [char; 4] = ['x', 'é', '→', '😀'];
        let at_line = self.random(self.lines.len());
        let n_characters = self.lines[at_line].chars().count();
        let at = self.random(n_characters + 1);
        let typed = TYPED[self.random(TYPED.len())];
        let deletes = self.version % 4 == 0 && at < n_characters;
        let line = &mut self.lines[at_line];
        let byte = line.char_indices().nth(at).map_or(line.len(), |(byte, _)| byte);
        let start = line[..byte].encode_utf16().count();
        let (end, text) = if deletes {
            (start + line.remove(byte).len_utf16(), String::new())
        } else {
            line.insert(byte, typed);
            (start, typed.to_string())
        };
        self.version += 1;
        let place = |character: usize| json!({"line": at_line, "character": character});
        json!({
            "textDocument": {"uri": self.uri, "version": self.version},
            "contentChanges": [{"range": {"start": place(start), "end": place(end)}, "text": text}],
        })
    }

    /// The text after all edits.
    pub(crate) fn text(&self) -> String {
        self.lines.join("\n")
    }

    /// Some number below `limit`, always the same ones in every run (xorshift).
    pub(crate) fn random(&mut self, limit: usize) -> usize {
        self.seed ^= self.seed << 13;
        self.seed ^= self.seed >> 7;
        self.seed ^= self.seed << 17;
        usize::try_from(self.seed >> 16).unwrap_or(0) % limit.max(1)
    }
}
