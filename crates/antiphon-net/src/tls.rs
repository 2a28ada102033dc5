//! TLS, and the root certificates that are trusted.
//!
//! `rustls` with `ring`, TLS 1.2 and 1.3, ALPN `http/1.1`. Verification cannot be switched off: who runs a server with
//! a certificate of its own adds its root. Errors say what to do in the operator's terms, and which of them pass by
//! themselves.

use std::{
    fmt, io,
    sync::{Arc, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, Error, RootCertStore,
    crypto::ring,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::sync::OnceCell;
use tokio_rustls::TlsConnector;

use crate::{ConnectError, Phase, Stream};

/// The trusted roots: the machine's, and those that the user added.
///
/// A network that gets another root makes a new configuration, and with it forgets the sessions to resume.
#[derive(Clone, Default)]
pub(crate) struct Trust {
    added: Vec<Root>,
    /// Made at the first handshake. Clones of a network share it, and with it the TLS sessions to resume.
    config: Arc<OnceCell<Arc<ClientConfig>>>,
}

/// An added root, or a mark for bytes that are none.
type Root = Result<CertificateDer<'static>, ()>;

impl Trust {
    /// Adds certificates, as DER or as PEM.
    pub(crate) fn add(&mut self, certificate: &[u8]) {
        self.config = Arc::default();
        if !certificate.trim_ascii_start().starts_with(b"-----BEGIN") {
            self.added
                .push(Ok(CertificateDer::from(certificate.to_vec())));
            return;
        }
        let before = self.added.len();
        let found = CertificateDer::pem_slice_iter(certificate);
        self.added.extend(found.map(|found| found.map_err(|_| ())));
        if self.added.len() == before {
            self.added.push(Err(()));
        }
    }

    /// Makes the TLS handshake with the host of this name or address.
    ///
    /// # Errors
    /// [`Phase::Tls`]: permanent for a certificate that is not accepted, transient for a connection that broke.
    pub(crate) async fn handshake(
        &self,
        stream: Stream,
        host: &str,
        target: &str,
    ) -> Result<Stream, ConnectError> {
        let permanent = |why| ConnectError::permanent(Phase::Tls, target, why);
        let name = ServerName::try_from(host.to_owned())
            .map_err(|_| permanent("the host has no name that a certificate can have"))?;
        let config = self
            .config
            .get_or_try_init(|| self.make_config())
            .await
            .map_err(permanent)?;
        let connector = TlsConnector::from(Arc::clone(config));
        let stream = connector
            .connect(name, stream)
            .await
            .map_err(|error| failed(error, target))?;
        Ok(Stream::new(stream))
    }

    async fn make_config(&self) -> Result<Arc<ClientConfig>, &'static str> {
        let mut roots = machine_roots().await?;
        for root in &self.added {
            let unusable = "an added root certificate cannot be used";
            let root = root.as_ref().map_err(|()| unusable)?;
            roots.add(root.clone()).map_err(|_| unusable)?;
        }
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .map_err(|_| "no version of TLS is built in")?
            .with_root_certificates(roots)
            .with_no_client_auth();
        // All we speak on it is HTTP/1.1 and its upgrades.
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Arc::new(config))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust")
            .field("added", &self.added.len())
            .finish_non_exhaustive()
    }
}

/// The roots that the machine trusts, or Mozilla's where it has none at all.
///
/// A container often comes without root certificates, and could reach nothing. The list that browsers use is therefore
/// built in; it counts only if neither the system nor its variables name any root.
async fn machine_roots() -> Result<RootCertStore, &'static str> {
    static ROOTS: OnceLock<RootCertStore> = OnceLock::new();
    if let Some(roots) = ROOTS.get() {
        return Ok(roots.clone());
    }
    let found = tokio::task::spawn_blocking(rustls_native_certs::load_native_certs).await;
    let found = found.map_err(|_| "the machine's root certificates could not be read")?;
    for error in &found.errors {
        tracing::warn!(%error, "a root certificate of this machine could not be read");
    }
    let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
    let roots = choose(
        found.certs,
        is_set("SSL_CERT_FILE") || is_set("SSL_CERT_DIR"),
    )?;
    Ok(ROOTS.get_or_init(|| roots).clone())
}

/// Takes the roots that were found, or the built-in ones if there are none and no variable named a place for them.
fn choose(
    found: Vec<CertificateDer<'static>>,
    is_chosen: bool,
) -> Result<RootCertStore, &'static str> {
    let mut roots = RootCertStore::empty();
    let (usable, _) = roots.add_parsable_certificates(found);
    if usable == 0 {
        if is_chosen {
            return Err("SSL_CERT_FILE and SSL_CERT_DIR lead to no root certificate");
        }
        tracing::info!("this machine has no root certificates: using those built in");
        roots.extend(webpki_roots::TLS_SERVER_ROOTS.iter().cloned());
    }
    Ok(roots)
}

/// Converts a failed handshake.
fn failed(error: io::Error, target: &str) -> ConnectError {
    let (is_transient, why) = match error.get_ref().and_then(|error| error.downcast_ref()) {
        // A clock that is not set yet and a certificate that is about to be renewed pass by themselves.
        Some(Error::InvalidCertificate(certificate)) => {
            (is_about_time(certificate), way_out(certificate))
        }
        Some(Error::PeerIncompatible(_)) => (false, "it speaks no version of TLS from 1.2 on"),
        _ => (true, ""),
    };
    ConnectError::caused(Phase::Tls, target, why, is_transient, error)
}

/// The operator's way out for a refused certificate.
fn way_out(error: &CertificateError) -> &'static str {
    match error {
        CertificateError::UnknownIssuer => {
            "this machine does not trust who signed its certificate; if you do, add that root certificate to the \
             machine's, or to the file that SSL_CERT_FILE names"
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "its certificate is for another name; look whether the address is the one that was meant"
        }
        error if is_about_time(error) => {
            "its certificate is not valid today; look at this machine's clock, then ask who runs the server"
        }
        _ => {
            "its certificate is not accepted; a server that signs its own needs a root certificate, added to the \
             machine's or to the file that SSL_CERT_FILE names"
        }
    }
}

fn is_about_time(error: &CertificateError) -> bool {
    matches!(
        error,
        CertificateError::Expired
            | CertificateError::ExpiredContext { .. }
            | CertificateError::NotValidYet
            | CertificateError::NotValidYetContext { .. }
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_machine_without_roots_trusts_those_built_in_unless_it_was_told_otherwise() {
        assert!(choose(Vec::new(), false).unwrap().len() > 100);
        assert!(choose(Vec::new(), true).is_err());
    }
}
