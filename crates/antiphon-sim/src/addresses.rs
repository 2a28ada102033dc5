//! Logins of a simulation over real sockets.
//!
//! Only a simulation over real sockets has them: inside a test, a client takes [`Simulator::network`](crate::Simulator::network)
//! and the platforms' own host names.
//! `antiphon sim` prints them as its first line of output, and `GET /` of the control address shows them again:
//! [`Addresses`](crate::Addresses).

use antiphon_core::Secret;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::{
    discord::DiscordAddresses, lavalink::NodeAddress, queup::QueUpAddresses,
    stackexchange::StackExchangeAddresses,
};

/// A login. Serialising it shows the password, which readers need to log in.
///
/// Printing it with `Debug` hides the password.
#[derive(Clone, Debug, JsonSchema, Serialize)]
#[non_exhaustive]
pub struct Login {
    /// E-mail address.
    pub email: String,
    /// Password.
    #[serde(serialize_with = "exposed")]
    #[schemars(with = "String")]
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

// `Addresses` is a map of platforms, since clients read one by its name; this names those that are simulated.
/// Addresses and logins of a simulation.
#[derive(JsonSchema)]
#[schemars(title = "Addresses of a simulation")]
#[expect(dead_code, reason = "only the schema of its fields is used")]
struct Whole {
    /// URL that takes commands and shows the ledger.
    control: String,
    /// Certificate that clients have to trust, as PEM; there with `--tls` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    certificate: Option<String>,
    /// Discord.
    discord: DiscordAddresses,
    /// Lavalink nodes.
    lavalink: Vec<NodeAddress>,
    /// QueUp.
    queup: QueUpAddresses,
    /// Stack Exchange chat.
    stackexchange: StackExchangeAddresses,
}

/// JSON Schema of [`Addresses`](crate::Addresses), as `antiphon sim` prints them.
pub fn addresses_schema() -> Value {
    let generator = SchemaSettings::draft2020_12().for_serialize();
    let generator = generator.into_generator();
    generator.into_root_schema_for::<Whole>().to_value()
}
