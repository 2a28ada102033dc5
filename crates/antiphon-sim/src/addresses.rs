//! Logins of a simulation over real sockets.
//!
//! Only a simulation over real sockets has them: inside a test, a client takes [`Simulator::network`](crate::Simulator::network)
//! and the platforms' own host names.
//! `antiphon sim` prints them as its first line of output, and `GET /` of the control address shows them again:
//! [`Addresses`](crate::Addresses).

use antiphon_core::Secret;
use serde::{Serialize, Serializer};

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
