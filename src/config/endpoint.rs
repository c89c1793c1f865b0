//! The address of a provider: strict on purpose.
//!
//! Only what every URL reader reads the same way is accepted, so that the host judged here is the host that is
//! called later: printable ASCII, no user name, no backslash, no query. A numeric host in an odd notation counts as
//! another machine.

use std::net::{Ipv4Addr, Ipv6Addr};

/// Where a provider listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// Whether it is `https`.
    pub secure: bool,
    /// Host name or address, an IPv6 address without brackets.
    pub host: String,
    /// Port, the scheme's usual one where none is given.
    pub port: u16,
}

impl Endpoint {
    /// Reads the scheme, host and port of a URL.
    ///
    /// # Errors
    /// Why it is not accepted, in words that do not repeat the URL.
    pub fn parse(url: &str) -> Result<Self, &'static str> {
        let (scheme, rest) = url.split_once("://").ok_or("it does not start with http:// or https://")?;
        let secure = match scheme.to_ascii_lowercase().as_str() {
            "https" => true,
            "http" => false,
            _ => return Err("only http and https are spoken"),
        };
        if !url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') {
            return Err("it has a space, a backslash or a character that is not ASCII");
        }
        if url.contains(['?', '#']) {
            return Err("a query or a fragment cannot be appended to");
        }
        let authority = rest.split('/').next().unwrap_or("");
        if authority.contains('@') {
            return Err("a user name or password does not belong into it; use key_env");
        }
        let (host, port) = split_port(authority)?;
        let port = match port {
            None => default_port(secure),
            Some(port) => port
                .parse()
                .ok()
                .filter(|port| *port != 0)
                .ok_or("the port is not a number from 1 to 65535")?,
        };
        Ok(Self { secure, host: host.to_ascii_lowercase(), port })
    }

    /// Whether what is sent there travels unencrypted, and not only on this machine.
    pub fn is_exposed(&self) -> bool {
        !self.secure && !self.is_loopback()
    }

    /// Whether the host is certainly this machine.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost"
            || self.host.parse::<Ipv4Addr>().is_ok_and(|address| address.is_loopback())
            || self.host.parse::<Ipv6Addr>().is_ok_and(|address| address.is_loopback())
    }
}

fn default_port(secure: bool) -> u16 {
    if secure { 443 } else { 80 }
}

fn split_port(authority: &str) -> Result<(&str, Option<&str>), &'static str> {
    if let Some(rest) = authority.strip_prefix('[') {
        let (host, port) = rest.split_once(']').ok_or("a bracket is not closed")?;
        if host.parse::<Ipv6Addr>().is_err() {
            return Err("what stands in brackets is not an IPv6 address");
        }
        return match port {
            "" => Ok((host, None)),
            port => Ok((host, Some(port.strip_prefix(':').ok_or("something follows the bracket")?))),
        };
    }
    let (host, port) = match authority.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (authority, None),
    };
    if host.is_empty() {
        return Err("it has no host");
    }
    if !host.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b'_')) {
        return Err("the host has a character that no host name has");
    }
    Ok((host, port))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(url: &str, expected: Result<(&str, u16, bool), &str>) {
        let found = Endpoint::parse(url);
        let found =
            found.as_ref().map(|end| (end.host.as_str(), end.port, end.is_loopback())).map_err(|why| *why);
        assert_eq!(found.is_ok(), expected.is_ok(), "{url}: {found:?}");
        match (found, expected) {
            (Err(found), Err(expected)) => assert!(found.contains(expected), "{url}: {found}"),
            (found, expected) => assert_eq!(found, expected, "{url}"),
        }
    }

    #[test]
    fn reads_host_and_port() {
        check("http://127.0.0.1:8080/v1", Ok(("127.0.0.1", 8080, true)));
        check("http://localhost/v1", Ok(("localhost", 80, true)));
        check("https://API.example.com", Ok(("api.example.com", 443, false)));
        check("http://[::1]:1234/v1", Ok(("::1", 1234, true)));
        check("http://[::1]", Ok(("::1", 80, true)));
    }

    #[test]
    fn a_host_that_only_looks_local_is_another_machine() {
        check("http://127.0.0.1.example.com/", Ok(("127.0.0.1.example.com", 80, false)));
        check("http://localhost.example.com/", Ok(("localhost.example.com", 80, false)));
        check("http://2130706433/", Ok(("2130706433", 80, false)));
        check("http://0177.0.0.1/", Ok(("0177.0.0.1", 80, false)));
    }

    #[test]
    fn refuses_what_readers_read_differently() {
        check("http://127.0.0.1\\@example.com/", Err("backslash"));
        check("http://127.0.0.1@example.com/", Err("user name"));
        check("http://user:pass@example.com/", Err("user name"));
        check("http://exa mple.com/", Err("space"));
        check("http://exämple.com/", Err("ASCII"));
        check("https://example.com/v1?key=abc", Err("query"));
        check("ftp://example.com", Err("only http"));
        check("127.0.0.1:8080", Err("does not start"));
        check("http://", Err("no host"));
        check("http://:80", Err("no host"));
        check("http://a:99999", Err("port"));
        check("http://a:0", Err("port"));
        check("http://[::1", Err("bracket"));
        check("http://[::1]x", Err("bracket"));
        check("http://[zz]/", Err("IPv6"));
    }

    proptest::proptest! {
        #[test]
        fn never_panics(url in "\\PC*", tail in "\\PC{0,12}") {
            let _ = Endpoint::parse(&url);
            let _ = Endpoint::parse(&format!("http://{tail}"));
        }
    }
}
