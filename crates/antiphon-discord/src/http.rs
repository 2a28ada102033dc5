//! Requests to Discord's REST interface and their rate limits (protocol §13).

mod answer;
mod outgoing;

use std::time::Duration;

use antiphon_net::HttpClient;
use serde::de::DeserializeOwned;
use tokio::runtime;
use twilight_http::request::TryIntoRequest as _;
use twilight_model::gateway::connection_info::BotConnectionInfo;

use self::outgoing::{Letterhead, Outgoing};
use crate::{config::Config, error::RequestError};

/// Sends requests, as many at a time as Discord's rate limits let.
#[derive(Debug)]
pub(crate) struct Http {
    client: HttpClient,
    letterhead: Letterhead,
    /// Builds requests and checks their values; it never sends any.
    builders: twilight_http::Client,
    timeout: Duration,
}

impl Http {
    pub(crate) fn new(config: &Config, client: HttpClient) -> Self {
        Self {
            client,
            letterhead: Letterhead::new(&config.api, &config.token, &config.user_agent),
            builders: builders(),
            timeout: config.request_timeout,
        }
    }

    /// `GET /gateway/bot`: where to connect, how many shards are recommended, and the budget of identifies (§6).
    #[expect(dead_code, reason = "until the source connects")]
    pub(crate) async fn gateway_bot(&self) -> Result<BotConnectionInfo, RequestError> {
        self.call(self.builders.gateway().authed().try_into_request())
            .await
    }

    async fn call<T: DeserializeOwned>(
        &self,
        request: Result<twilight_http::request::Request, twilight_http::Error>,
    ) -> Result<T, RequestError> {
        let outgoing = self
            .letterhead
            .address(request.map_err(invalid)?, |body| body)?;
        let body = tokio::time::timeout(self.timeout, self.exchange(&outgoing))
            .await
            .map_err(|_| RequestError::TimedOut(self.timeout))??;
        serde_json::from_slice(&body).map_err(|error| RequestError::Undecodable {
            body: answer::short(&body),
            source: error.into(),
        })
    }

    async fn exchange(&self, outgoing: &Outgoing) -> Result<bytes::Bytes, RequestError> {
        let response = self
            .client
            .send(outgoing.request())
            .await
            .map_err(|error| RequestError::Unreachable(error.into()))?;
        answer::read(response, outgoing.is_authorized)
    }
}

/// twilight's client, as a factory of requests.
///
/// Its builder starts a rate limiter's task before it can be told to do without, and fails where no runtime is.
/// It starts that task in a runtime that never runs and ends here.
fn builders() -> twilight_http::Client {
    let nowhere = runtime::Builder::new_current_thread()
        .build()
        .expect("a runtime without drivers asks the system for nothing");
    let guard = nowhere.enter();
    let client = twilight_http::Client::builder().ratelimiter(None).build();
    drop(guard);
    nowhere.shutdown_background();
    client
}

/// Why twilight would not build a request.
fn invalid(error: twilight_http::Error) -> RequestError {
    let text = error.to_string();
    RequestError::Invalid(error.into_source().unwrap_or_else(|| text.into()))
}
