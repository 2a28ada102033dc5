//! Addresses and logins of a simulation over real sockets.
//!
//! Only a simulation over real sockets has them: inside a test, a client takes [`Simulator::network`](crate::Simulator::network)
//! and the platforms' own host names.
//! `antiphon sim` prints them as its first line of output, and `GET /` of the control address shows them again.

use std::fmt;

use antiphon_core::Secret;
use serde::{Serialize, Serializer, ser::SerializeMap};
use serde_json::Value;

use crate::platforms::Platforms;

/// Every address and login of a simulation, as `antiphon sim` prints them first.
///
/// Serialised, it is a map of the control address and of each platform's addresses. A platform's own are typed on its
/// control handle, such as [`Discord::addresses`](crate::discord::Discord::addresses).
///
/// A script reads them as JSON:
///
/// ```
/// use antiphon_sim::{Options, Simulator};
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::listen(&Options::new()).await?;
/// let shown = serde_json::to_value(sim.addresses().expect("it listens"))?;
/// assert!(shown["control"].as_str().is_some_and(|url| url.starts_with("http://127.0.0.1:")));
/// assert_eq!(shown["queup"]["username"], "antiphon");
/// # sim.stop().await;
/// # Ok(())
/// # }
/// ```
#[derive(Clone)]
#[non_exhaustive]
pub struct Addresses {
    /// URL that takes commands and shows the ledger.
    pub control: String,
    /// Certificate that clients of [`Options::tls`](crate::Options::tls) have to trust, as PEM.
    pub certificate: Option<String>,
    /// Addresses and logins of each platform by its name, in the order in which they started.
    platforms: Vec<(&'static str, Value)>,
}

impl fmt::Debug for Addresses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The platforms' values show passwords and tokens.
        f.debug_struct("Addresses")
            .field("control", &self.control)
            .finish_non_exhaustive()
    }
}

impl Serialize for Addresses {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("control", &self.control)?;
        if let Some(certificate) = &self.certificate {
            map.serialize_entry("certificate", certificate)?;
        }
        for (name, addresses) in &self.platforms {
            map.serialize_entry(name, addresses)?;
        }
        map.end()
    }
}

impl Addresses {
    pub(crate) fn new(control: String, certificate: Option<String>, platforms: &Platforms) -> Self {
        let platforms = platforms.iter();
        Self {
            control,
            certificate,
            platforms: platforms
                .map(|(name, platform)| (name, platform.addresses_json()))
                .collect(),
        }
    }
}

/// A login. Serialising it shows the password, which readers need to log in.
///
/// Printing it with `Debug` hides the password.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Login {
    /// E-mail address.
    pub email: String,
    /// Password.
    #[serde(serialize_with = "exposed")]
    pub password: Secret,
    /// Name of the user.
    pub username: String,
    /// Id of the user.
    pub user_id: String,
}

/// Writes a secret as it is; for addresses that a reader needs to log in.
pub(crate) fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}
