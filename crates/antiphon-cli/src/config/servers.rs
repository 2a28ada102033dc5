//! The servers of a journal on NATS, in `[journal]`.

use std::path::Path;

use http::Uri;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{Journal, schema::SERVERS, secret::SecretFrom};
use crate::{
    failure::Failure,
    journal::location::{Location, Login, Servers},
};

/// Addresses of NATS servers with commas between them, such as `nats://10.0.0.1:4222`, or `tls://` in place of
/// `nats://`; in place of a file. A secret where a login stands in them.
///
/// Default: none, the journal is a file.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(untagged)]
#[schemars(inline)]
pub(crate) enum ServersFrom {
    #[schemars(title = SERVERS, example = &"nats://10.0.0.1:4222,nats://10.0.0.2:4222")]
    Url(String),
    Secret(SecretFrom),
}

/// Whether a text has addresses of servers with commas between them.
pub(crate) fn are_servers(text: &str) -> bool {
    text.split(',').all(|address| {
        let address = address.trim();
        let is_plain = address.starts_with("nats://") || address.starts_with("tls://");
        let uri = address.parse::<Uri>();
        let Ok(uri) = uri else { return false };
        let (Some(host), Some(authority)) = (uri.host(), uri.authority()) else {
            return false;
        };
        let has_port = uri.port_u16().is_some() || authority.as_str().ends_with(host);
        is_plain
            && !host.is_empty()
            && has_port
            && matches!(uri.path(), "" | "/")
            && uri.query().is_none()
    })
}

impl Journal {
    /// Where the journal is; its secrets are read.
    ///
    /// # Errors
    /// A secret that cannot be read, and one with addresses that are none.
    pub(super) fn location(&self, folder: &Path) -> Result<Location, Failure> {
        let Some(from) = &self.url else {
            return Ok(self.path.within(folder).into());
        };
        let read = |from: &SecretFrom, key: &str| {
            let read = from.read(folder).map_err(Failure::from);
            read.map_err(|error| error.about(format_args!("`{key}` of [journal]")))
        };
        let url = match from {
            ServersFrom::Url(url) => url.as_str().into(),
            ServersFrom::Secret(from) => read(from, "url")?,
        };
        if !are_servers(url.expose()) {
            let error = "`url` of [journal] has no addresses of NATS servers";
            return Err(Failure::usage(error).hint(
                "write one such as \"nats://10.0.0.1:4222\", or several with commas between them",
            ));
        }
        let token = self.token.as_ref().map(|from| read(from, "token"));
        let password = self.password.as_ref().map(|from| read(from, "password"));
        let login = match (token.transpose()?, &self.user, password.transpose()?) {
            (Some(token), ..) => Some(Login::Token(token)),
            (None, Some(user), Some(password)) => Some(Login::User(user.clone(), password)),
            (None, ..) => None,
        };
        let within = |path: &super::value::FilePath| path.within(folder);
        Ok(Location::Servers(Box::new(Servers {
            url,
            name: self.name.clone(),
            replicas: self.replicas,
            max_events: self.max_events,
            stream_bytes: self.stream_bytes,
            lease: self.lease.0,
            wait: self.wait.0,
            login,
            certificate: self.certificate.as_ref().map(within),
            client: self
                .client_certificate
                .as_ref()
                .map(within)
                .zip(self.client_key.as_ref().map(within)),
            folder: folder.to_owned(),
        })))
    }
}

#[cfg(test)]
mod tests {
    use super::are_servers;

    #[test]
    fn servers_are_addresses_with_commas_between_them() {
        for good in [
            "nats://10.0.0.1:4222",
            "nats://10.0.0.1:4222, tls://nats.example.org",
            "nats://mira:pass@[::1]:4222/",
        ] {
            assert!(are_servers(good), "{good}");
        }
        for bad in [
            "",
            "10.0.0.1:4222",
            "nats://",
            "nats://a:port",
            "nats://a:",
            "http://a",
            "ws://a",
            "nats://a,",
            "nats://a/choir",
            "nats://a?b",
        ] {
            assert!(!are_servers(bad), "{bad}");
        }
    }
}
