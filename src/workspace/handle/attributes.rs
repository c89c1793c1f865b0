//! Extended attributes of a file that another takes the place of.
//!
//! Kept are the user's own, access lists and labels. Rights that the system gives to a program of a certain content
//! are not: the content is another.

use std::fs::File;
use std::io;

use rustix::fs::{XattrFlags, fgetxattr, flistxattr, fsetxattr};

/// Without it a file is open to others than before.
const ACCESS_LIST: &str = "system.posix_acl_access";
/// Where labels of mandatory access control are.
const LABEL: &str = "security.selinux";
/// The largest list of names, and the largest value.
const SIZE: usize = 64 << 10;

/// Copies what is to be kept. Only an access list that cannot be set is an error.
pub(super) fn copy(from: &File, to: &File) -> io::Result<()> {
    let mut names = vec![0; SIZE];
    // A file system without attributes has none to keep.
    let n_bytes = flistxattr(from, &mut names[..]).unwrap_or_default();
    let mut value = Vec::new();
    for name in names[..n_bytes].split(|byte| *byte == 0) {
        let Ok(name) = std::str::from_utf8(name) else { continue };
        if !(name == ACCESS_LIST || name == LABEL || name.starts_with("user.")) {
            continue;
        }
        value.resize(SIZE, 0);
        let set = fgetxattr(from, name, &mut value[..])
            .and_then(|n_bytes| fsetxattr(to, name, &value[..n_bytes], XattrFlags::empty()));
        if name == ACCESS_LIST {
            set?;
        }
    }
    Ok(())
}
