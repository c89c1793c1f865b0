//! Cuts a stream of text pieces into lines, the same under any chunking.
//!
//! A line ends with `\n`, `\r\n` or a lone `\r`, as in the files themselves. A `\r` at the end of a piece is held
//! back until the next piece tells which of the two it is.

/// Collects pieces and hands out whole lines without their ends.
#[derive(Debug, Default)]
pub(super) struct LineSplitter {
    pending: String,
    begun: bool,
}

impl LineSplitter {
    /// Takes a piece and hands each line that is now complete to `take`. A byte order mark that opens the stream
    /// is dropped.
    pub(super) fn push(&mut self, piece: &str, mut take: impl FnMut(&str)) {
        let mut piece = piece;
        if !self.begun && !piece.is_empty() {
            self.begun = true;
            piece = piece.strip_prefix('\u{feff}').unwrap_or(piece);
        }
        // Only the new piece is searched, so that a long line in small pieces stays linear.
        if self.pending.ends_with('\r') && !piece.is_empty() {
            self.pending.pop();
            take(&self.pending);
            self.pending.clear();
            piece = piece.strip_prefix('\n').unwrap_or(piece);
        }
        while let Some(end) = piece.find(['\n', '\r']) {
            let (line, rest) = piece.split_at(end);
            if rest == "\r" {
                break;
            }
            if self.pending.is_empty() {
                take(line);
            } else {
                self.pending.push_str(line);
                take(&self.pending);
                self.pending.clear();
            }
            piece = rest.strip_prefix("\r\n").unwrap_or(&rest[1..]);
        }
        self.pending.push_str(piece);
    }

    /// The last line, when the stream did not end with a line end.
    pub(super) fn finish(mut self) -> Option<String> {
        if self.pending.is_empty() {
            return None;
        }
        if self.pending.ends_with('\r') {
            self.pending.pop();
        }
        Some(self.pending)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(pieces: &[&str]) -> Vec<String> {
        let mut splitter = LineSplitter::default();
        let mut lines = Vec::new();
        for piece in pieces {
            splitter.push(piece, |line| lines.push(line.to_owned()));
        }
        lines.extend(splitter.finish());
        lines
    }

    #[test]
    fn every_line_end_counts_once() {
        assert_eq!(split(&["a\nb\r\nc\rd\n\ne"]), ["a", "b", "c", "d", "", "e"]);
        assert_eq!(split(&["a\r"]), ["a"]);
        assert_eq!(split(&[""]), Vec::<String>::new());
    }

    #[test]
    fn a_line_end_cut_in_two_is_one_line_end() {
        assert_eq!(split(&["a\r", "\nb"]), ["a", "b"]);
        assert_eq!(split(&["a\r", "", "\n", "b"]), ["a", "b"]);
        assert_eq!(split(&["a\r", "b"]), ["a", "b"]);
        assert_eq!(split(&["a\r", "\r", "\nb"]), ["a", "", "b"]);
    }

    #[test]
    fn a_byte_order_mark_is_no_text() {
        assert_eq!(split(&["", "\u{feff}", "a\n"]), ["a"]);
    }
}
