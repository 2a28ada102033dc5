//! Requests to Discord's REST interface and their rate limits (protocol §13).

use antiphon_net::HttpClient;
use twilight_model::gateway::connection_info::BotConnectionInfo;

use crate::{config::Config, error::RequestError};

/// Sends requests, as many at a time as Discord's rate limits let.
#[derive(Debug)]
pub(crate) struct Http {
    #[expect(dead_code, reason = "until requests are sent")]
    client: HttpClient,
}

impl Http {
    pub(crate) fn new(config: &Config, client: HttpClient) -> Self {
        let _ = config;
        Self { client }
    }

    /// `GET /gateway/bot`: where to connect, how many shards are recommended, and the budget of identifies (§6).
    #[expect(dead_code, clippy::unused_async, reason = "until requests are sent")]
    pub(crate) async fn gateway_bot(&self) -> Result<BotConnectionInfo, RequestError> {
        Err(RequestError::Unreachable("not written".into()))
    }
}
