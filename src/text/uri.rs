//! Document URIs, kept exactly as the client wrote them.

use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What RFC 3986 does not allow in a path: all but `pchar` and `/`.
const NOT_IN_PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b'+')
    .remove(b',')
    .remove(b';')
    .remove(b'=')
    .remove(b':')
    .remove(b'@')
    .remove(b'/');

/// A URI, byte for byte as the client wrote it: `[slug]`, spaces, `é` and `{}` come back unchanged.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DocumentUri(Arc<str>);

impl DocumentUri {
    /// Takes the client's text as it is.
    pub fn new(text: impl Into<Arc<str>>) -> Self {
        Self(text.into())
    }

    /// A `file:` URI for an absolute path, percent-encoded as RFC 8089 asks.
    pub fn from_path(path: &Path) -> Self {
        let mut text = String::from("file://");
        if cfg!(windows) {
            let path = path.to_string_lossy().replace('\\', "/");
            text.extend((!path.starts_with('/')).then_some('/'));
            text.extend(percent_encode(path.as_bytes(), NOT_IN_PATH));
        } else {
            text.extend(percent_encode(path.as_os_str().as_encoded_bytes(), NOT_IN_PATH));
        }
        Self(text.into())
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The path of a `file:` URI (percent-decoded when the encoding is valid, else taken literally); `None` for other schemes.
    ///
    /// Also `None` for another host than `localhost`, and for a path with a NUL, which no file can have. A raw `?` or
    /// `#` belongs to the path: editors that write them raw mean the file's name.
    pub fn to_path(&self) -> Option<PathBuf> {
        let (scheme, rest) = self.0.split_once(':')?;
        if !scheme.eq_ignore_ascii_case("file") {
            return None;
        }
        let encoded = match rest.strip_prefix("//") {
            None => rest,
            Some(rest) => {
                let (host, _) = rest.split_once('/')?;
                let is_local = host.is_empty() || host.eq_ignore_ascii_case("localhost");
                is_local.then(|| &rest[host.len()..])?
            }
        };
        let bytes: Vec<u8> = percent_decode_str(encoded).collect();
        if bytes.first() != Some(&b'/') || bytes.contains(&0) {
            return None;
        }
        let path = os_string(bytes)?;
        Some(if cfg!(windows) { drive_path(&path.to_string_lossy()) } else { path.into() })
    }
}

impl std::fmt::Display for DocumentUri {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(unix)]
#[expect(clippy::unnecessary_wraps, reason = "elsewhere not all bytes are a path")]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    use std::os::unix::ffi::OsStringExt as _;
    Some(OsString::from_vec(bytes))
}

#[cfg(not(unix))]
fn os_string(bytes: Vec<u8>) -> Option<OsString> {
    String::from_utf8(bytes).ok().map(OsString::from)
}

/// `/c:/x` as Windows writes it; other paths as they are.
fn drive_path(path: &str) -> PathBuf {
    let is_drive = matches!(path.as_bytes(), [b'/', letter, b':', ..] if letter.is_ascii_alphabetic());
    PathBuf::from(path[usize::from(is_drive)..].replace('/', "\\"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(uri: &str, path: Option<&str>) {
        let uri = DocumentUri::new(uri);
        if cfg!(unix) {
            assert_eq!(uri.to_path().as_deref(), path.map(Path::new), "{}", uri.as_str());
        }
    }

    #[test]
    fn file_uris_have_paths() {
        check("file:///a/b.rs", Some("/a/b.rs"));
        check("FILE://LOCALHOST/a%20b", Some("/a b"));
        check("file:/a/b", Some("/a/b"));
        check("file:///caf%C3%A9%5B1%5D", Some("/café[1]"));
    }

    #[test]
    fn raw_odd_characters_are_taken_as_they_are() {
        check("file:///app/[slug]/é {x}#?.ts", Some("/app/[slug]/é {x}#?.ts"));
        check("file:///100%/%zz/%4", Some("/100%/%zz/%4"));
        assert_eq!(DocumentUri::new("file:///[a] é{}").as_str(), "file:///[a] é{}");
    }

    #[test]
    fn other_uris_have_none() {
        for uri in
            ["untitled:Untitled-1", "http://x/y", "", "file", "file:", "file://", "file://host/a", "file:a"]
        {
            check(uri, None);
        }
        check("file:///a%00b", None);
    }

    #[test]
    fn paths_become_uris() {
        let uri = DocumentUri::from_path(Path::new("/a b/[é]%#?/c:d.rs"));
        if cfg!(unix) {
            assert_eq!(uri.as_str(), "file:///a%20b/%5B%C3%A9%5D%25%23%3F/c:d.rs");
        }
    }

    #[test]
    fn drive_letters_are_known_on_windows_only() {
        assert_eq!(drive_path("/c:/x/y"), Path::new("c:\\x\\y"));
        assert_eq!(drive_path("/srv/x"), Path::new("\\srv\\x"));
        check("file:///c%3A/x", Some("/c:/x"));
    }

    proptest::proptest! {
        #[test]
        fn paths_round_trip(name in "/[^\u{0}]{0,40}") {
            let uri = DocumentUri::from_path(Path::new(&name));
            if cfg!(unix) {
                proptest::prop_assert_eq!(uri.to_path(), Some(PathBuf::from(name)));
            }
        }

        #[test]
        fn no_text_panics(text in "(file:)?(//)?[/%a-z0-9 é:]{0,20}") {
            let _ = DocumentUri::new(text).to_path();
        }
    }
}
