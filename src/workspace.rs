//! Files on disk that are not open in an editor: read, and written together or not at all; texts put aside to be
//! looked at.
//!
//! Reading is bounded in size and refuses what is no text. Whatever writes into a workspace without an editor does it
//! through a [`Folder`]: below one directory handle, where no link leads out, and all files or none.

mod disk_writer;
mod fault;
mod folder;
mod folder_watch;
mod handle;
mod left_behind;
mod off_limits;
mod scratch;
mod source_files;
mod write_error;
mod writes;

pub use disk_writer::DiskWriter;
pub use folder::{Folder, NewText, Targets};
pub use folder_watch::FolderWatch;
pub use off_limits::keep_out;
pub use scratch::ScratchFolder;
pub use source_files::DiskFiles;
pub use write_error::{WriteError, WriteErrorKind};
pub use writes::Writes;

/// Some editors on Windows put it before a text; it is no part of the text.
const BYTE_ORDER_MARK: char = '\u{feff}';
