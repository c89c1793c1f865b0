//! The HTTP client of one provider: its proxy, the certificates it trusts.
//!
//! Redirects are not followed, so a key never travels to another host; loopback addresses are never asked through a
//! proxy, configured or not.

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use reqwest::{Certificate, Client, ClientBuilder, Proxy, Url, redirect};

use crate::model::ProviderSettings;
use crate::problem::{Category, Problem};

/// Builds the client for `provider`, whose base URL is `url`.
pub(super) fn of(provider: &ProviderSettings, url: &Url) -> Result<Client, Problem> {
    let mut builder = plain(provider.timeouts.connect);
    if is_loopback(url) {
        builder = builder.no_proxy();
    } else if let Some(proxy) = &provider.proxy {
        builder = builder.proxy(self::proxy(proxy, &provider.name)?);
    }
    if url.scheme() == "http" && is_loopback(url) {
        // No certificates are read: a machine without any can still use its own server.
        builder = builder.tls_certs_only([]);
    } else if let Some(path) = &provider.ca_file {
        builder = builder.tls_certs_merge(certificates(path, &provider.name)?);
    }
    builder.build().map_err(|error| {
        let message = format!("No HTTP client can be made for provider {}: {error}", provider.name);
        Problem::error("no-http-client", Category::Configuration, message)
            .hint("check the certificates of the system, and its proxy settings")
    })
}

/// Builds a client for servers on this machine.
pub(super) fn loopback(connect: Duration) -> Result<Client, reqwest::Error> {
    plain(connect).no_proxy().tls_certs_only([]).build()
}

fn plain(connect: Duration) -> ClientBuilder {
    // An error means that one is installed already, which is as good.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .redirect(redirect::Policy::none())
        .connect_timeout(connect)
        .tcp_nodelay(true)
        .user_agent(concat!("tenon/", env!("CARGO_PKG_VERSION")))
}

fn proxy(url: &str, provider: &str) -> Result<Proxy, Problem> {
    let url = Url::parse(url.trim()).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
    // The URL itself is not repeated: it may hold a password.
    url.and_then(|url| Proxy::all(url).ok()).ok_or_else(|| {
        let message = format!("`proxy` of provider {provider} is not an http or https URL");
        Problem::error("bad-proxy", Category::Configuration, message)
            .hint("write it like http://proxy.example.com:3128")
    })
}

fn certificates(path: &Path, provider: &str) -> Result<Vec<Certificate>, Problem> {
    let bad = |why: &str| {
        let message = format!("`ca_file` of provider {provider}, {}, {why}", path.display());
        Problem::error("bad-ca-file", Category::Configuration, message).hint(
            "name a file of certificates in PEM form, each between BEGIN CERTIFICATE and END CERTIFICATE",
        )
    };
    let text = std::fs::read(path).map_err(|error| bad(&format!("cannot be read: {error}")))?;
    let found =
        Certificate::from_pem_bundle(&text).map_err(|_| bad("holds something that is no certificate"))?;
    if found.is_empty() { Err(bad("holds no certificate")) } else { Ok(found) }
}

fn is_loopback(url: &Url) -> bool {
    url.host_str().is_some_and(|host| {
        let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
        address.map_or_else(|_| host == "localhost" || host.ends_with(".localhost"), |ip| ip.is_loopback())
    })
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;
    use crate::model::Api;

    #[test]
    fn loopback_addresses() {
        let check = |url: &str, expected| {
            assert_eq!(is_loopback(&Url::parse(url).expect("a URL")), expected, "{url}");
        };
        check("http://127.0.0.1:1", true);
        check("http://127.9.9.9/v1", true);
        check("http://[::1]:8080/v1", true);
        check("http://LocalHost/v1", true);
        check("http://a.localhost/v1", true);
        check("http://localhost.example.com/v1", false);
        check("http://10.0.0.1", false);
        check("https://[2001:db8::1]", false);
    }

    fn problem(change: impl FnOnce(&mut ProviderSettings)) -> Problem {
        let url = "https://example.com/v1";
        let mut provider = ProviderSettings::new("p", Api::OpenAiChat, url);
        change(&mut provider);
        of(&provider, &Url::parse(url).expect("a URL")).map(|_| ()).expect_err("a problem")
    }

    #[test]
    fn proxies_that_are_none() {
        for bad in ["proxy.example.com:3128", "socks5://user:pass-word@h:1", "http://", ""] {
            let problem = problem(|provider| provider.proxy = Some(bad.to_owned()));
            assert_eq!(problem.code, "bad-proxy", "{bad}");
            assert!(!problem.message.contains("pass-word"));
        }
    }

    #[test]
    fn certificates_that_are_none() {
        let missing = problem(|provider| provider.ca_file = Some("no/such/ca.pem".into()));
        assert_eq!(missing.code, "bad-ca-file");
        assert!(missing.message.contains("no/such/ca.pem"), "{}", missing.message);

        let mut file = tempfile::NamedTempFile::new().expect("set up");
        let empty = problem(|provider| provider.ca_file = Some(file.path().to_owned()));
        assert!(empty.message.ends_with("holds no certificate"), "{}", empty.message);
        file.write_all(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n").expect("set up");
        assert_eq!(problem(|provider| provider.ca_file = Some(file.path().to_owned())).code, "bad-ca-file");
    }
}
