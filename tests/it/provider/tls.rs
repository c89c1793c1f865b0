//! TLS: a server whose certificate only `ca_file` makes known.

use std::io::Write as _;

use tenon::model::ModelErrorKind::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use super::*;

/// A server that answers every request with one stream; its port, and its certificate as PEM.
async fn serve(answer: String) -> (u16, String) {
    let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![made.cert.der().clone()], key)
        .expect("a configuration");
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("set up");
    let port = listener.local_addr().expect("set up").port();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            // A client that does not trust us ends it here.
            let Ok(mut stream) = acceptor.accept(stream).await else { continue };
            let mut request = vec![0; 1 << 16];
            let _ = stream.read(&mut request).await;
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
        }
    });
    (port, made.cert.pem())
}

#[tokio::test]
async fn a_certificate_of_ones_own_is_trusted_by_ca_file_only() {
    let body = delta("né") + &finish();
    let answer = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {SSE}\r\ncontent-length: {}\r\nconnection: close\r\n\r\n{body}",
        body.len()
    );
    let (port, pem) = serve(answer).await;
    let mut file = tempfile::NamedTempFile::new().expect("set up");
    file.write_all(pem.as_bytes()).expect("set up");
    let settings = ModelSettings::new("coder", "fake", "qwen");
    let mut provider = ProviderSettings::new("fake", Api::OpenAiChat, format!("https://localhost:{port}/v1"));
    provider.ca_file = Some(file.path().to_owned());
    let model = provider::build(&provider, &settings).expect("set up");
    assert_eq!(outcome(&*model).await, ("né".to_owned(), Ok(FinishReason::Stop)));

    provider.ca_file = None;
    let model = provider::build(&provider, &settings).expect("set up");
    let stranger = outcome(&*model).await;
    assert_kind(&stranger, Network, "");
    let message = stranger.1.expect_err("an error").message.to_lowercase();
    assert!(message.contains("certificate"), "{message}");
}
