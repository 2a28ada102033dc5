//! Requests to Discord's REST interface and their rate limits (protocol §13).
//!
//! twilight has the routes and builds most requests; the client writes bodies for which twilight's model lacks fields.
//! The rate limits are our own: twilight's limiter spawns a task that nobody awaits, sends one request of a bucket at a
//! time, and panics when its runtime ends.
//!
//! A request goes through these files:
//!
//! 1. `client` builds it and says whether a repetition is safe ([`Repeat`]).
//! 2. `request` adds the base URL, the token, the `User-Agent` and the reason for the audit log.
//! 3. `route` finds the key by which Discord limits it, and `queue` waits until `limits` let it go.
//!    Where the bot has other processes, `shared` waits for a place beside theirs.
//! 4. [`Http`] sends it over `antiphon-net` and hands the headers of the response to `limits`.
//! 5. `answer` makes the body a value of the model, or the status an error.
//!
//! Three things hold for every request:
//! - It ends by [`Config::request_timeout`](crate::Config::request_timeout), whatever it waits for.
//! - It is sent again only if Discord cannot have acted on it, or if acting twice is the same as acting once.
//! - After a 401 nothing is sent with the token any more, because refusals lead to a ban of the address.

mod answer;
mod first_answers;
mod limits;
mod nonce;
mod posts;
mod queue;
mod reason;
mod request;
mod route;
mod shared;

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, OnceLock, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::{Backoff, BoxError, BoxFuture, Clock, Rng, Secret, SharedValues};
use antiphon_discord_model::{
    AllowedMentions, GatewayBotInfo,
    id::{Id, marker::InteractionMarker},
};
use antiphon_net::{HttpBody, HttpClient, HttpError};
use http::{Method, Response, StatusCode, Uri};
use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    runtime,
    time::{Instant, sleep, timeout_at},
};
use tracing::debug;
use twilight_http::request::{Request, TryIntoRequest as _};
use twilight_model::gateway::{SessionStartLimit, connection_info::BotConnectionInfo};

pub(crate) use self::{
    answer::{Answer, Done},
    nonce::Nonce,
    posts::Posts,
};
use self::{
    first_answers::FirstAnswers,
    limits::{Limited, RateLimitHeaders},
    queue::RequestQueue,
    request::{PreparedRequest, RequestParts},
    route::Route,
    shared::SharedLimits,
};
use crate::{error::RequestError, shared::SharedStore};

/// Timeout of one attempt, if another may follow.
///
/// A request that is not idempotent has one attempt, which may take until the deadline.
const ATTEMPT: Duration = Duration::from_secs(10);
/// Number of retries after a failure.
const RETRIES: u32 = 4;
/// Number of retries after a rate limit.
///
/// Each waits as long as its 429 asks, so that a sixth would show that Discord and the limiter disagree.
const LIMITED: u32 = 5;
/// Longest first pause before a retry.
///
/// Pauses double from here and are drawn at random up to their bound.
const PAUSE: Duration = Duration::from_millis(500);
/// Longest pause before a retry.
const LONGEST_PAUSE: Duration = Duration::from_secs(5);
/// Discord's error code for an interaction that was answered already.
const ALREADY_ACKNOWLEDGED: u64 = 40_060;
/// Discord's error code for an interaction whose three seconds are over.
const UNKNOWN_INTERACTION: u64 = 10_062;
/// Discord's error code for an interaction whose fifteen minutes are over.
const INVALID_WEBHOOK_TOKEN: u64 = 50_027;

/// The options of requests; [`Config`](crate::Config) says what each means.
#[derive(Debug)]
pub(crate) struct HttpOptions {
    pub(crate) api: String,
    pub(crate) token: Secret,
    pub(crate) user_agent: String,
    pub(crate) allowed_mentions: Option<AllowedMentions>,
    pub(crate) requests_per_second: usize,
    pub(crate) max_queued_requests: usize,
    pub(crate) timeout: Duration,
    pub(crate) clock: Clock,
    pub(crate) rng: Rng,
}

/// Sends requests under Discord's rate limits.
///
/// Shared by the client's clones and the source; it spawns nothing.
#[derive(Debug)]
pub(crate) struct Http {
    /// Connections to Discord, with the configured proxy.
    client: HttpClient,
    parts: RequestParts,
    /// twilight's client, of which only the builders are used; it sends nothing.
    builders: twilight_http::Client,
    /// Default allowed mentions of messages.
    mentions: Option<AllowedMentions>,
    /// Messages posted in channels with a typing indicator.
    posts: Posts,
    /// First answers that handlers gave to interactions.
    first_answers: FirstAnswers,
    /// Requests that wait for the rate limits.
    queue: RequestQueue,
    /// Limits that other processes of the bot share, once one is known.
    shared: OnceLock<SharedLimits>,
    token: Secret,
    requests_per_second: usize,
    /// Longest time of a request, with all its waits and attempts.
    timeout: Duration,
    clock: Clock,
    /// Source of nonces and of the pauses between attempts.
    rng: Mutex<Rng>,
    /// Whether Discord refused the token; further requests would lead to a ban of the address.
    is_refused: AtomicBool,
}

/// Whether a request may be sent again after its response was lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Repeat {
    /// The request is idempotent.
    ///
    /// `GET`, `PUT`, `DELETE`, and the first answer to an interaction, which Discord takes once.
    Safe,
    /// The request is idempotent within one call, but another call repeats it.
    ///
    /// A message with a random nonce: a lost one may be sent again with the same nonce, but a new call has a new nonce.
    ThisCall,
    /// The request is not idempotent.
    ///
    /// `POST` and `PATCH` in general; a lost response is [`RequestError::OutcomeUnknown`].
    Never,
}

/// A request before it is sent, and how it may be sent.
#[derive(Debug)]
pub(crate) struct UnsentRequest<'a> {
    /// The request; the error says why Discord would refuse it.
    pub(crate) request: Result<Request, BoxError>,
    pub(crate) repeat: Repeat,
    /// Fields that the response has for certain, because the request names them.
    pub(crate) known: Vec<(&'static str, Value)>,
    /// Reason for the guild's audit log.
    pub(crate) reason: Option<Cow<'a, str>>,
    /// Interaction that the request answers, whose time may be over.
    pub(crate) interaction: Option<Id<InteractionMarker>>,
    /// Whether a 401 means that Discord does not know the token, and not that the route takes no bot's token.
    pub(crate) blames_token: bool,
}

/// Failure of one attempt.
enum Failure {
    /// A rate limit holds; the limiter knows for how long.
    ///
    /// It is sent again without counting as a failure, five times at most.
    Limited(Limited),
    /// Discord cannot have acted on it.
    ///
    /// The connection could not be opened, or broke before the request was written.
    Unsent(RequestError),
    /// Discord may have acted on it.
    ///
    /// The server failed with a 5xx, or the connection broke after the request was written.
    Lost(RequestError),
    /// A retry cannot help.
    ///
    /// Discord has answered, or the request cannot be sent at all.
    Final(RequestError),
}

impl Http {
    pub(crate) fn new(mut options: HttpOptions, client: HttpClient) -> Self {
        Self {
            client,
            parts: RequestParts::new(&options.api, &options.token, &options.user_agent),
            builders: builders(),
            mentions: options.allowed_mentions,
            posts: Posts::default(),
            first_answers: FirstAnswers::default(),
            queue: RequestQueue::new(
                options.requests_per_second,
                options.max_queued_requests,
                options.timeout,
            ),
            shared: OnceLock::new(),
            token: options.token,
            requests_per_second: options.requests_per_second,
            timeout: options.timeout,
            clock: options.clock,
            rng: Mutex::new(options.rng.fork()),
            is_refused: AtomicBool::new(false),
        }
    }

    /// Counts requests together with the bot's other processes: `always`, or while one of them was [heard](Self::heard)
    /// of.
    pub(crate) fn share(&self, values: Arc<dyn SharedValues>, always: bool) {
        let (token, rate) = (&self.token, self.requests_per_second);
        let limits = || SharedLimits::new(values, token, rate, self.clock, always);
        self.shared.get_or_init(limits);
    }

    /// The store in which the bot's processes count together, if the journal has one.
    pub(crate) fn shared_store(&self) -> Option<Arc<SharedStore>> {
        self.shared.get().map(|shared| Arc::clone(shared.store()))
    }

    /// Notes that another process of the bot sends requests too.
    pub(crate) fn heard(&self) {
        if let Some(shared) = self.shared.get() {
            shared.heard();
        }
    }

    /// `GET /gateway/bot`: the Gateway's URL, the recommended number of shards, and the budget of identifies (protocol §6).
    pub(crate) async fn gateway_bot(&self) -> Result<BotConnectionInfo, RequestError> {
        let request = self.builders.gateway().authed().try_into_request();
        let unsent = UnsentRequest::new(request.map_err(Into::into), Repeat::Safe);
        connection(self.call(unsent).await?)
    }

    /// twilight's request builders, which check values and send nothing.
    pub(crate) fn builders(&self) -> &twilight_http::Client {
        &self.builders
    }

    /// Default allowed mentions of messages, from the configuration.
    pub(crate) fn mentions(&self) -> Option<&AllowedMentions> {
        self.mentions.as_ref()
    }

    /// Messages posted in channels with a typing indicator.
    pub(crate) fn posts(&self) -> &Posts {
        &self.posts
    }

    /// Opens a page of Discord's CDN, without the token and outside the rate limits.
    ///
    /// Where requests go to a server other than Discord's, such as a simulator, so does this one.
    pub(crate) fn open(&self, url: &Uri) -> BoxFuture<'_, Result<Response<HttpBody>, HttpError>> {
        self.client.open(self.parts.page(url))
    }

    /// The current time.
    pub(crate) fn now(&self) -> Timestamp {
        self.clock.now()
    }

    /// A nonce for one message.
    pub(crate) fn nonce(&self) -> Nonce {
        Nonce::random(&mut self.rng.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// Sends a request and reads its response.
    pub(crate) async fn call<T: Answer>(
        &self,
        mut unsent: UnsentRequest<'_>,
    ) -> Result<T, RequestError> {
        let known = std::mem::take(&mut unsent.known);
        self.carry_out(unsent).await?.read(&known)
    }

    /// Sends a request and returns its response as it came.
    pub(crate) async fn carry_out(&self, unsent: UnsentRequest<'_>) -> Result<Done, RequestError> {
        let (repeat, interaction) = (unsent.repeat, unsent.interaction);
        let request = self.parts.prepare(unsent)?;
        let claim = self.first_answers.claim(&request.path)?;
        let outcome = self.send(&request, repeat).await;
        if let Some(claim) = claim
            && outcome.as_ref().err().is_none_or(is_acknowledged)
        {
            claim.keep();
        }
        outcome.map_err(|error| match (error, interaction) {
            (RequestError::NotFound(error) | RequestError::Refused(error), Some(interaction))
                if matches!(error.code, UNKNOWN_INTERACTION | INVALID_WEBHOOK_TOKEN) =>
            {
                RequestError::Expired { interaction, error }
            }
            (error, _) => error,
        })
    }

    /// Sends a request, with retries where they are safe and may help, until its deadline.
    async fn send(&self, request: &PreparedRequest, repeat: Repeat) -> Result<Done, RequestError> {
        let mut was_lost = false;
        match self.send_often(request, repeat, &mut was_lost).await {
            // A caller who tries again could do twice what an attempt did.
            Err(error) if was_lost && repeat == Repeat::ThisCall && error.is_transient() => {
                Err(RequestError::OutcomeUnknown(error.into()))
            }
            outcome => outcome,
        }
    }

    /// Sends a request like [`send`](Self::send), and sets `was_lost` if a response was lost.
    async fn send_often(
        &self,
        request: &PreparedRequest,
        repeat: Repeat,
        was_lost: &mut bool,
    ) -> Result<Done, RequestError> {
        let deadline = Instant::now() + self.timeout;
        let route = Route::of(&request.method, &request.path);
        let rng = self
            .rng
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .fork();
        let mut backoff = Backoff::new(rng).base(PAUSE).cap(LONGEST_PAUSE);
        let mut limited = 0;
        loop {
            let error = match self.attempt(request, &route, repeat, deadline).await {
                Ok(done) => return Ok(done),
                Err(Failure::Limited(limit)) if limited < LIMITED => {
                    // The next turn waits for as long as the 429 asks.
                    debug!(route = route.template, scope = ?limit.scope, wait = ?limit.wait, "rate limited");
                    limited += 1;
                    continue;
                }
                Err(Failure::Limited(limit)) => {
                    return Err(RequestError::RateLimited {
                        retry_after: limit.wait,
                        scope: limit.scope,
                    });
                }
                Err(Failure::Final(error)) if *was_lost && was_done(request, &error) => {
                    return Ok(Done::default());
                }
                Err(Failure::Final(error)) => return Err(error),
                Err(Failure::Lost(error)) if repeat == Repeat::Never => {
                    return Err(RequestError::OutcomeUnknown(error.into()));
                }
                Err(Failure::Lost(error)) => {
                    *was_lost = true;
                    error
                }
                Err(Failure::Unsent(error)) => error,
            };
            let pause = backoff.next(Instant::now());
            if backoff.attempt() > RETRIES || Instant::now() + pause >= deadline {
                return Err(error);
            }
            debug!(route = route.template, %error, ?pause, "sending again");
            sleep(pause).await;
        }
    }

    /// Sends a request once, when the rate limits allow it.
    async fn attempt(
        &self,
        request: &PreparedRequest,
        route: &Route,
        repeat: Repeat,
        deadline: Instant,
    ) -> Result<Done, Failure> {
        if request.is_authorized && self.is_refused.load(Ordering::Relaxed) {
            return Err(Failure::Final(RequestError::Unauthorized));
        }
        let shared = self.shared.get();
        let turn = self.queue.turn(route, deadline, shared);
        let mut turn = turn.await.map_err(Failure::Final)?;
        let taken = turn.taken();
        let begun = Instant::now();
        let end = match repeat {
            Repeat::Safe | Repeat::ThisCall => deadline.min(begun + ATTEMPT),
            Repeat::Never => deadline,
        };
        let response = match timeout_at(end, self.client.send(request.request())).await {
            Ok(Ok(response)) => response,
            Ok(Err(error)) => return Err(unanswered(error)),
            Err(_) => return Err(Failure::Lost(RequestError::TimedOut(end - begun))),
        };
        let headers = RateLimitHeaders::of(&response);
        turn.answered(&headers);
        if let Some(shared) = shared {
            shared.answered(taken.as_ref(), &headers).await;
        }
        if let Some(limited) = headers.limited {
            return Err(Failure::Limited(limited));
        }
        if response.status() == StatusCode::UNAUTHORIZED && request.shows_token {
            self.is_refused.store(true, Ordering::Relaxed);
        }
        answer::done(response, request.shows_token).map_err(|error| match error {
            RequestError::Server { .. } => Failure::Lost(error),
            error => Failure::Final(error),
        })
    }
}

/// Reads the fields that connecting needs; the URL and the budget are required.
fn connection(info: GatewayBotInfo) -> Result<BotConnectionInfo, RequestError> {
    let limit = &info.session_start_limit;
    let missing = [
        ("url", info.url.is_empty()),
        ("session_start_limit", limit.total <= 0),
    ];
    if let Some((field, _)) = missing.iter().find(|(_, is_missing)| *is_missing) {
        return Err(RequestError::Undecodable {
            answer: "GET /gateway/bot".to_owned(),
            source: format!("/: `{field}` is missing").into(),
        });
    }
    let count = |number: i64| u32::try_from(number.max(0)).unwrap_or(u32::MAX);
    Ok(BotConnectionInfo {
        session_start_limit: SessionStartLimit {
            max_concurrency: u16::try_from(limit.max_concurrency.max(1)).unwrap_or(u16::MAX),
            remaining: count(limit.remaining),
            reset_after: u64::try_from(limit.reset_after).unwrap_or_default(),
            total: count(limit.total),
        },
        shards: count(info.shards.max(1)),
        url: info.url,
    })
}

/// Classifies a request that got no response.
fn unanswered(error: HttpError) -> Failure {
    let (may_have_arrived, is_transient) = (error.may_have_arrived(), error.is_transient());
    let error = RequestError::Unreachable(error.into());
    match (may_have_arrived, is_transient) {
        (true, _) => Failure::Lost(error),
        (false, true) => Failure::Unsent(error),
        (false, false) => Failure::Final(error),
    }
}

/// Whether a refusal means that an earlier attempt, whose response was lost, was carried out.
fn was_done(request: &PreparedRequest, error: &RequestError) -> bool {
    match error {
        RequestError::NotFound(_) => request.method == Method::DELETE,
        error => is_acknowledged(error),
    }
}

/// Whether Discord says that the interaction has its first answer.
pub(crate) fn is_acknowledged(error: &RequestError) -> bool {
    matches!(error, RequestError::Refused(error) if error.code == ALREADY_ACKNOWLEDGED)
}

/// Creates twilight's client, used only to build requests.
///
/// Its builder spawns the task of a rate limiter before the option without one applies, and panics outside a runtime.
/// So it is built within a runtime that never runs and is dropped here.
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

impl UnsentRequest<'_> {
    pub(crate) fn new(request: Result<Request, BoxError>, repeat: Repeat) -> Self {
        Self {
            request,
            repeat,
            known: Vec::new(),
            reason: None,
            interaction: None,
            blames_token: true,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn where_to_connect_is_read_leniently_and_needs_an_address_and_a_budget() {
        let read = |body: Value| connection(serde_json::from_value(body).expect("an object"));
        let limit = json!({"total": "1000", "remaining": 999.0, "reset_after": 14_400_000, "max_concurrency": []});
        let info =
            read(json!({"url": "wss://gateway.test", "shards": "2", "session_start_limit": limit}));
        let info = info.expect("all that is needed");
        assert_eq!((info.shards, &*info.url), (2, "wss://gateway.test"));
        let limit = info.session_start_limit;
        assert_eq!(
            (limit.total, limit.remaining, limit.max_concurrency),
            (1_000, 999, 1)
        );
        for odd in [
            json!({"url": "wss://gateway.test"}),
            json!({"session_start_limit": {"total": 1}}),
        ] {
            let error = read(odd).expect_err("of no use");
            assert!(
                matches!(error, RequestError::Undecodable { .. }),
                "{error:?}"
            );
        }
    }
}
