//! TLS for clients that insist on it, with a certificate made at the start.

use std::{io, net::IpAddr, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use rustls::{
    ServerConfig,
    crypto::ring,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};
use tokio_rustls::{TlsAcceptor, server::TlsStream};

/// First byte of a TLS handshake.
const HANDSHAKE: u8 = 0x16;
/// Answer to a request without TLS.
const PLAIN: &str =
    "this port speaks TLS only: use https and wss, and trust the certificate of the simulator\n";

/// A certificate authority of this simulation, and what the servers need.
#[derive(Clone)]
pub(crate) struct Tls {
    acceptor: TlsAcceptor,
    /// The authority's certificate, which clients have to trust.
    pub(crate) authority: Arc<str>,
}

impl std::fmt::Debug for Tls {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Tls").finish_non_exhaustive()
    }
}

impl Tls {
    /// Makes an authority and a certificate for these names and addresses.
    pub(crate) fn new(names: &[String]) -> io::Result<Self> {
        Self::make(names).map_err(io::Error::other)
    }

    fn make(names: &[String]) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        let mut params = CertificateParams::new(Vec::new())?;
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
        let name = "antiphon sim: a certificate authority for tests";
        params.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate()?;
        let authority = params.self_signed(&key)?;
        let issuer = Issuer::new(params, key);

        let mut params = CertificateParams::new(names.to_vec())?;
        params
            .distinguished_name
            .push(DnType::CommonName, "antiphon sim");
        params.use_authority_key_identifier_extension = true;
        let key = KeyPair::generate()?;
        let certificate = params.signed_by(&key, &issuer)?;
        let private = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
        let provider = Arc::new(ring::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], private)?;
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            authority: authority.pem().into(),
        })
    }

    /// Makes the handshake; a client that speaks without TLS is told so, and its connection ends.
    pub(crate) async fn accept(&self, mut stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let mut first = [0];
        if stream.peek(&mut first).await? > 0 && first[0] != HANDSHAKE {
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{PLAIN}",
                PLAIN.len()
            );
            stream.write_all(answer.as_bytes()).await?;
            stream.shutdown().await?;
            // What the client sent is read, so that the answer is not lost in a reset.
            let mut rest = [0; 4096];
            while stream.read(&mut rest).await? > 0 {}
            return Err(io::Error::other("a client speaks without TLS"));
        }
        self.acceptor.accept(stream).await
    }
}

/// Names in the certificate: the loopback ones, the address that is listened on, and the name of the machine.
pub(crate) fn names(address: IpAddr, host: Option<&str>, hosts: &[String]) -> Vec<String> {
    let mut names: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
    names.push(address.to_string());
    names.extend(host.map(|host| host.trim_matches(['[', ']']).to_owned()));
    names.extend(hosts.iter().cloned());
    names.sort();
    names.dedup();
    names
}
