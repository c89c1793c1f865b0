//! Push parsers for reply formats: the same result under any chunking, strict about truncation.

/// The formats a reply can have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ReplyFormat {
    /// `<<<<<<< SEARCH` … `=======` … `>>>>>>> REPLACE` blocks, each after its file name.
    #[default]
    SearchReplace,
    /// A whole file in a fence, after its file name.
    Whole,
}

/// Seen while a reply streams in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ParseEvent {
    /// A file was named.
    File(String),
    /// A block began.
    BlockBegun {
        /// Zero-based.
        block: usize,
    },
    /// A block is complete.
    BlockComplete {
        /// Zero-based.
        block: usize,
    },
}

/// How the stream ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The provider said the reply is complete.
    Complete,
    /// It was cut: by length, by the network, by anything.
    Truncated,
}

/// One block of a reply, as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Block {
    /// Lines to find and lines to put there.
    SearchReplace {
        /// File named before it, as written.
        path: Option<String>,
        /// Lines to find, without line ends.
        search: Vec<String>,
        /// Lines to put there.
        replace: Vec<String>,
    },
    /// A whole file.
    Whole {
        /// File named before it, as written.
        path: Option<String>,
        /// Its lines, without line ends.
        lines: Vec<String>,
    },
}

/// A complete reply.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// In reply order.
    pub blocks: Vec<Block>,
    /// The prose around the blocks.
    pub prose: String,
}

/// Reads a reply as it streams in.
#[derive(Debug)]
pub struct ReplyParser {
    format: ReplyFormat,
}

impl ReplyParser {
    /// A parser for one reply.
    pub fn new(format: ReplyFormat) -> Self {
        Self { format }
    }

    /// Takes the next piece of the reply, of any length.
    pub fn push(&mut self, piece: &str) -> Vec<ParseEvent> {
        todo!()
    }

    /// Ends the reply.
    ///
    /// # Errors
    /// Truncation (of the stream, or inside a block or fence) and malformed blocks refuse the whole reply.
    pub fn finish(self, ending: Ending) -> Result<Reply, Vec<super::Refusal>> {
        todo!()
    }
}
