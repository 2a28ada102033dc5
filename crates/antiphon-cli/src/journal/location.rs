//! Where a journal is: a file, or servers of NATS.

use std::{
    fmt,
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_core::Secret;

/// Where a journal is.
///
/// It shows as a path, or as the servers' addresses without a login, with the journal's name.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    File(PathBuf),
    Servers(Box<Servers>),
}

/// A journal on NATS JetStream, as `[journal]` describes it.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "jetstream"),
    expect(
        dead_code,
        reason = "a build without JetStream refuses every such journal"
    )
)]
pub(crate) struct Servers {
    /// The addresses with commas between them; a login may stand in them.
    pub(crate) url: Secret,
    pub(crate) name: String,
    pub(crate) replicas: Option<u8>,
    pub(crate) max_events: Option<u64>,
    pub(crate) stream_bytes: Option<u64>,
    pub(crate) lease: Duration,
    pub(crate) wait: Duration,
    pub(crate) login: Option<Login>,
    pub(crate) certificate: Option<PathBuf>,
    /// The certificate and the key that a server may ask for.
    pub(crate) client: Option<(PathBuf, PathBuf)>,
    /// The configuration's folder, where the control socket is.
    pub(crate) folder: PathBuf,
}

/// What the servers are shown.
#[derive(Clone, Debug)]
#[cfg_attr(
    not(feature = "jetstream"),
    expect(dead_code, reason = "a build without JetStream shows it to nobody")
)]
pub(crate) enum Login {
    User(String, Secret),
    Token(Secret),
}

impl Location {
    /// The file, if it is one.
    pub(crate) fn file(&self) -> Option<&Path> {
        match self {
            Self::File(path) => Some(path),
            Self::Servers(_) => None,
        }
    }

    /// What the control socket of its daemon stands beside: the file, or `antiphon-NAME` in the configuration's folder.
    pub(crate) fn beside(&self) -> PathBuf {
        match self {
            Self::File(path) => path.clone(),
            Self::Servers(servers) => servers.folder.join(format!("antiphon-{}", servers.name)),
        }
    }
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        Self::File(path)
    }
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => path.display().fmt(f),
            Self::Servers(servers) => {
                let addresses = servers.url.expose().split(',').map(without_login);
                let addresses: Vec<_> = addresses.collect();
                write!(f, "`{}` at {}", servers.name, addresses.join(", "))
            }
        }
    }
}

/// An address without what stands before its `@`.
pub(crate) fn without_login(address: &str) -> String {
    let address = address.trim();
    let (scheme, rest) = match address.split_once("://") {
        Some((scheme, rest)) => (format!("{scheme}://"), rest),
        None => (String::new(), address),
    };
    let host = rest.rsplit_once('@').map_or(rest, |(_, host)| host);
    format!("{scheme}{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_shown_without_its_login() {
        for (address, shown) in [
            ("nats://10.0.0.1:4222", "nats://10.0.0.1:4222"),
            (" nats://mira:canary@10.0.0.1 ", "nats://10.0.0.1"),
            ("tls://canary@host:1", "tls://host:1"),
            ("nats://mira:can@ary@host", "nats://host"),
            ("canary@host", "host"),
        ] {
            assert_eq!(without_login(address), shown);
        }
    }
}
