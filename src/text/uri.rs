//! Document URIs, kept exactly as the client wrote them.

use std::borrow::Cow;
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
        let bytes: Vec<u8> = percent_decode_str(self.encoded_path()?).collect();
        if bytes.contains(&0) {
            return None;
        }
        let path = os_string(bytes)?;
        Some(if cfg!(windows) { drive_path(&path.to_string_lossy()) } else { path.into() })
    }

    /// Whether both name the same file, however their clients encode it; for other schemes, whether the texts are
    /// the same. Links are not followed, and case counts.
    pub fn same_file(&self, other: &Self) -> bool {
        self == other || self.file_key() == other.file_key()
    }

    /// One text for all spellings of a file: a `file:` URI with its path decoded, without a host, and with a small
    /// drive letter. For other schemes, and for paths that no file can have, the text itself.
    ///
    /// A key to look up by, never to be sent. Allocates only when the spelling is another one.
    pub fn file_key(&self) -> Cow<'_, str> {
        let Some(encoded) = self.encoded_path() else { return Cow::Borrowed(&self.0) };
        let path = match percent_decode_str(encoded).decode_utf8() {
            Ok(path) if !path.contains('\0') => path,
            // Such bytes have no text; their encoding is one, with a start of its own that no path's key has.
            _ => {
                let bytes: Vec<u8> = percent_decode_str(encoded).collect();
                return Cow::Owned(format!("file:bytes:{}", percent_encode(&bytes, NOT_IN_PATH)));
            }
        };
        let drive = match path.as_bytes() {
            [b'/', letter @ b'A'..=b'Z', b':', ..] => Some(char::from(letter.to_ascii_lowercase())),
            _ => None,
        };
        match (self.0.strip_prefix("file://"), drive) {
            (Some(rest), None) if rest == path => Cow::Borrowed(&self.0),
            (_, None) => Cow::Owned(format!("file://{path}")),
            (_, Some(drive)) => Cow::Owned(format!("file:///{drive}{}", &path[2..])),
        }
    }

    /// The path of a `file:` URI as it is written; it begins with a slash, or with one that is encoded.
    fn encoded_path(&self) -> Option<&str> {
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
        percent_decode_str(encoded).next().is_some_and(|first| first == b'/').then_some(encoded)
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

    fn check_same(one: &str, other: &str, expected: bool) {
        let (one, other) = (DocumentUri::new(one), DocumentUri::new(other));
        assert_eq!(one.same_file(&other), expected, "{one} {other}: {} {}", one.file_key(), other.file_key());
    }

    #[test]
    fn one_file_has_one_key() {
        check_same("file:///a/%2Bpage.svelte", "file:///a/+page.svelte", true);
        check_same("file:///app/[slug]/x", "file:///app/%5Bslug%5d/x", true);
        check_same("file:///café", "file:///caf%C3%A9", true);
        check_same("file://localhost/a", "file:///a", true);
        check_same("FILE:/a", "file:///a", true);
        check_same("file:///C:/x", "file:///c%3A/x", true);
        check_same("file:///C%3a/x", "file:///c:/x", true);
        check_same("file:///100%25", "file:///100%", true);
        check_same("file:///%ff", "file:///%FF", true);
    }

    #[test]
    fn other_files_have_other_keys() {
        check_same("file:///a", "file:///A", false);
        check_same("file:///Cc", "file:///cc", false);
        check_same("file://host/a", "file:///a", false);
        check_same("file:///%FE", "file:///%FF", false);
        check_same("file:///%FF", "file:///%25FF", false);
        check_same("file:///%00", "file:///%2500", false);
        check_same("untitled:a%20b", "untitled:a b", false);
    }

    #[test]
    fn a_plain_key_is_the_text_itself() {
        for uri in ["file:///a/[é] b.rs", "untitled:1", "file:///c:/x"] {
            let uri = DocumentUri::new(uri);
            assert!(matches!(uri.file_key(), Cow::Borrowed(_)), "{uri}");
        }
    }

    /// The path letter by letter: `Path` takes `//` for `/`.
    fn spelled(uri: &DocumentUri) -> Option<OsString> {
        uri.to_path().map(PathBuf::into_os_string)
    }

    proptest::proptest! {
        #[test]
        fn same_path_same_key(one in "file://(localhost)?/[a%2BbF5+]{0,8}", other in "file:///[a%2BbF5+]{0,8}") {
            let (one, other) = (DocumentUri::new(one), DocumentUri::new(other));
            proptest::prop_assert_eq!(one.same_file(&other), spelled(&one) == spelled(&other));
        }

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
