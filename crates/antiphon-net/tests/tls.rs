//! TLS against a server with a certificate of its own.

#![expect(clippy::unwrap_used, reason = "what fails in a helper fails the test")]

mod support;

use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use antiphon_net::{
    ConnectError, Limits, Message, Network, Phase, Proxy, Route, Stream, WebSocketRequest, pipe,
};
use bytes::Bytes;
use http::Request;
use rcgen::{CertificateParams, CertifiedKey, KeyPair, date_time_ymd, generate_simple_self_signed};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use support::{echo, serve_websocket};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _, copy_bidirectional},
    net::TcpListener,
    task::JoinSet,
};
use tokio_rustls::TlsAcceptor;

const HOST: &str = "api.queup.net";

fn certificate() -> CertifiedKey<KeyPair> {
    generate_simple_self_signed([HOST.to_owned(), "127.0.0.1".to_owned()]).unwrap()
}

fn acceptor(key: &CertifiedKey<KeyPair>) -> TlsAcceptor {
    let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.signing_key.serialize_der()));
    let config =
        ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![key.cert.der().clone()], private)
            .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A server behind pipes with this certificate; clients must ask for its name.
fn serving(key: &CertifiedKey<KeyPair>) -> (Network, JoinSet<()>) {
    let tls = acceptor(key);
    let (connector, mut listener) = pipe::listen(64 * 1024);
    let mut tasks = JoinSet::new();
    tasks.spawn(async move {
        let mut open = JoinSet::new();
        while let Some((stream, ..)) = listener.accept().await {
            let tls = tls.clone();
            open.spawn(async move {
                let Ok(stream) = tls.accept(stream).await else {
                    return;
                };
                assert_eq!(stream.get_ref().1.server_name(), Some(HOST));
                serve_websocket(Stream::new(stream), Limits::default(), echo).await;
            });
        }
    });
    (
        Network::new().route(HOST, Route::connector_tls(Arc::new(connector))),
        tasks,
    )
}

async fn fetch(network: &Network) -> Bytes {
    let request = Request::get(format!("https://{HOST}/"))
        .body(Bytes::new())
        .unwrap();
    network.http().send(request).await.unwrap().into_body()
}

async fn refused(network: &Network) -> ConnectError {
    let uri = format!("wss://{HOST}/?access_token=canary")
        .parse()
        .unwrap();
    let error = network
        .websocket(WebSocketRequest::new(uri))
        .await
        .unwrap_err();
    assert_eq!(error.phase(), Phase::Tls);
    assert!(
        error
            .to_string()
            .starts_with("could not agree on TLS with api.queup.net:443"),
        "{error}"
    );
    error
}

#[tokio::test(start_paused = true)]
async fn a_certificate_of_an_added_root_is_accepted() {
    let key = certificate();
    for root in [key.cert.der().to_vec(), key.cert.pem().into_bytes()] {
        let (network, _tasks) = serving(&key);
        let network = network.root_certificate(&root);
        assert_eq!(fetch(&network).await, HOST);
        let uri = format!("wss://{HOST}/").parse().unwrap();
        let mut socket = network.websocket(WebSocketRequest::new(uri)).await.unwrap();
        socket.send(Message::text("sealed")).await.unwrap();
        assert_eq!(
            socket.next().await.unwrap().unwrap(),
            Message::text("sealed")
        );
        socket.close(None, "").await;
    }
}

#[tokio::test(start_paused = true)]
async fn an_unknown_certificate_is_refused_for_good() {
    let (network, _tasks) = serving(&certificate());
    let error = refused(&network).await;
    assert!(!error.is_transient());
    // The error has a way out for the operator, since the source goes on waiting.
    assert!(error.to_string().contains("SSL_CERT_FILE"), "{error}");
    let other = certificate();
    assert!(
        !refused(&network.root_certificate(other.cert.der()))
            .await
            .is_transient()
    );
}

#[tokio::test(start_paused = true)]
async fn a_certificate_for_another_host_is_refused_for_good() {
    let key = generate_simple_self_signed(["choir.invalid".to_owned()]).unwrap();
    let (network, _tasks) = serving(&key);
    let error = refused(&network.root_certificate(key.cert.der())).await;
    assert!(!error.is_transient());
    assert!(error.to_string().contains("another name"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_certificate_out_of_its_time_is_refused_for_now() {
    let mut params = CertificateParams::new([HOST.to_owned()]).unwrap();
    params.not_after = date_time_ymd(2001, 1, 1);
    let signing_key = KeyPair::generate().unwrap();
    let cert = params.self_signed(&signing_key).unwrap();
    let key = CertifiedKey { cert, signing_key };
    let (network, _tasks) = serving(&key);
    let error = refused(&network.root_certificate(key.cert.der())).await;
    assert!(error.is_transient());
    assert!(error.to_string().contains("clock"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_root_that_is_none_is_reported() {
    let (network, _tasks) = serving(&certificate());
    for root in [&b"neither"[..], b"-----BEGIN CERTIFICATE-----\n?\n", b""] {
        let error = refused(&network.clone().root_certificate(root)).await;
        assert!(
            error
                .to_string()
                .ends_with(": an added root certificate cannot be used"),
            "{error}"
        );
        assert!(!error.is_transient());
    }
}

#[tokio::test(start_paused = true)]
async fn a_handshake_without_end_is_given_up() {
    let (connector, mut listener) = pipe::listen(1024);
    let network = Network::new()
        .route(HOST, Route::connector_tls(Arc::new(connector)))
        .limits(Limits::default().tls(Duration::from_secs(7)));
    let (error, silent) = tokio::join!(refused(&network), listener.accept());
    assert!(
        error.to_string().ends_with(": no answer within 7s"),
        "{error}"
    );
    assert!(error.is_transient());
    drop(silent);
}

#[tokio::test(start_paused = true)]
async fn a_server_without_tls_is_told_apart() {
    let (connector, mut listener) = pipe::listen(1024);
    let network = Network::new().route(HOST, Route::connector_tls(Arc::new(connector)));
    let serve = async {
        let (mut stream, ..) = listener.accept().await.unwrap();
        stream
            .write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n")
            .await
            .unwrap();
        stream
    };
    let (error, _open) = tokio::join!(refused(&network), serve);
    assert!(std::error::Error::source(&error).is_some());
}

#[tokio::test]
async fn an_address_may_stand_for_the_host() {
    let key = certificate();
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
    let network = Network::new()
        .route(
            "API.QueUp.net",
            Route::address_tls(listener.local_addr().unwrap()),
        )
        .root_certificate(key.cert.der());
    let serve = async {
        let (stream, _) = listener.accept().await.unwrap();
        let stream = acceptor(&key).accept(stream).await.unwrap();
        serve_websocket(Stream::new(stream), Limits::default(), echo).await;
    };
    tokio::select! {
        answer = fetch(&network) => assert_eq!(answer, HOST),
        () = serve => panic!("the client left first"),
    }
}

#[tokio::test(start_paused = true)]
async fn a_proxy_may_be_reached_over_tls_and_tunnel_tls() {
    let inner = certificate();
    let outer = generate_simple_self_signed(["proxy.example".to_owned()]).unwrap();
    let (host, _tasks) = serving(&inner);
    let (connector, mut listener) = pipe::listen(64 * 1024);
    let network = Network::new()
        .proxy(Proxy::parse("https://proxy.example").unwrap())
        .route("proxy.example", Route::connector_tls(Arc::new(connector)))
        .root_certificate(inner.cert.der())
        .root_certificate(outer.cert.der());
    let proxy = async {
        let (stream, ..) = listener.accept().await.unwrap();
        let mut stream = acceptor(&outer).accept(stream).await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            request.push(stream.read_u8().await.unwrap());
        }
        assert!(request.starts_with(b"CONNECT api.queup.net:443 HTTP/1.1\r\n"));
        stream.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
        // The tunnel ends at the server's bare pipe: an `http` URI with its port has no TLS.
        let uri = format!("http://{HOST}:443").parse().unwrap();
        let mut behind = host.open(&uri).await.unwrap();
        let _ = copy_bidirectional(&mut stream, &mut behind).await;
    };
    tokio::select! {
        answer = fetch(&network) => assert_eq!(answer, HOST),
        () = proxy => panic!("the client left first"),
    }
}
