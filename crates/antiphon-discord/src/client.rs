//! The client: a cloneable handle with requests and commands.
//!
//! A bot's evening in one channel, against the simulator:
//!
//! ```
//! use antiphon_discord::{Config, Intents, RequestError, model::id::Id};
//! use antiphon_sim::Simulator;
//!
//! # #[tokio::main(flavor = "current_thread", start_paused = true)]
//! # async fn main() -> Result<(), Box<dyn std::error::Error>> {
//! let sim = Simulator::with_seed(7);
//! let config = Config::new(sim.discord().token(), Intents::empty()).network(sim.network()).clock(sim.clock());
//! let (client, _source) = antiphon_discord::connect(config);
//! let loft = Id::new(sim.discord().channel_id());
//!
//! let posted = client.create_message(loft).content("la").await?;
//! let edited = client.update_message(loft, posted.id).content(Some("la la")).await?;
//! assert_eq!(edited.content, "la la");
//! client.create_reaction(loft, posted.id, "👍").await?;
//! assert_eq!(client.reactions(loft, posted.id, "👍").await?.len(), 1);
//! client.delete_message(loft, posted.id).reason("rehearsal").await?;
//!
//! let gone = client.message(loft, posted.id).await.unwrap_err();
//! assert!(matches!(gone, RequestError::NotFound(error) if error.code == 10008));
//! # Ok(())
//! # }
//! ```
//!
//! A request is a value with options, sent when it is awaited: `client.create_message(channel).content("la").await`.
//! Requests need no connection to the Gateway.
//!
//! Responses are read as leniently as events: a value that cannot be read is left out alone, logged at *debug* and
//! counted in the metric `antiphon_discord_repairs_total` under the kind `answer`.
//! A request that Discord carried out fails only if the response lacks an id ([`RequestError::Undecodable`]).
//!
//! | limit | what happens at it |
//! | --- | --- |
//! | a route's bucket, learnt from answers | requests wait for the next window, in order of coming; buckets do not wait for each other; the window is that of the newest answer, be it shorter than the one before |
//! | [`Config::requests_per_second`], 50 | requests wait; answers to interactions and webhooks are exempt |
//! | a 429 | the bucket, or all routes if it is global, waits as long as the newest one asks; the request is sent again, five times at most |
//! | a wait that ends after the request's time | [`RequestError::RateLimited`] at once |
//! | [`Config::request_timeout`], 30 s, for a request with all its waits and repetitions | [`RequestError::TimedOut`], or [`RequestError::OutcomeUnknown`] where it may have been done |
//! | [`Config::max_queued_requests`], 256 requests that wait for their turn | [`RequestError::Busy`] for one more |
//! | a 5xx or a lost answer | sent again, four times at most, 10 s for each: `GET`, `PUT`, `DELETE`, messages by their nonce, first answers to interactions; others are [`RequestError::OutcomeUnknown`], and so is a message without a chosen nonce in the end |
//! | 9,000 refusals (401, 403, 429) within ten minutes | [`RequestError::TooManyRefusals`], before Discord shuts the address out at 10,000 |
//! | a 401 | [`RequestError::Unauthorized`] for every further request with the bot's token |
//! | a download of more than 32 MiB ([`Download::limit`]) | [`DownloadError::TooLarge`](crate::DownloadError::TooLarge) |
//! | ten minutes of a typing indicator ([`Typing::at_most`]) | it is not sent again; the work goes on |
//! | other processes of the bot, with a journal that they share | all limits above are counted together, at three quarters of the rate; while the store is away each process has its share |
//! | 4,096 buckets remembered | those at rest are forgotten, and learnt again |
//!
//! Lists are read page by page by [`Client::stream`], and routes without a method by [`Client::request`].
//!
//! [`Config::request_timeout`]: crate::Config::request_timeout
//! [`Config::requests_per_second`]: crate::Config::requests_per_second
//! [`Config::max_queued_requests`]: crate::Config::max_queued_requests
//! [`RequestError::Busy`]: crate::RequestError::Busy
//! [`RequestError::OutcomeUnknown`]: crate::RequestError::OutcomeUnknown
//! [`RequestError::RateLimited`]: crate::RequestError::RateLimited
//! [`RequestError::TimedOut`]: crate::RequestError::TimedOut
//! [`RequestError::TooManyRefusals`]: crate::RequestError::TooManyRefusals
//! [`RequestError::Unauthorized`]: crate::RequestError::Unauthorized
//! [`RequestError::Undecodable`]: crate::RequestError::Undecodable

mod application;
mod auto_moderation;
mod call;
mod channels;
mod commands;
mod components;
mod download;
mod draft;
mod emojis;
mod fields;
mod files;
mod gateway;
mod guild_pages;
mod guild_settings;
mod guilds;
mod interactions;
mod invites;
mod lobbies;
mod members;
mod messages;
mod moderation;
mod monetization;
mod pages;
mod poll;
mod reactions;
mod request;
mod roles;
mod routes;
mod scheduled_events;
mod search;
mod single_commands;
mod soundboard;
mod stage;
mod stickers;
mod templates;
mod threads;
mod typing;
mod users;
mod webhook_settings;
mod webhooks;

use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError, Weak};

use antiphon_core::{LinkState, Remote, SourceName};
use antiphon_discord_model::id::{Id, marker::UserMarker};
use tokio::sync::watch;
use twilight_model::gateway::Intents;

pub(crate) use self::gateway::{ShardHandle, ShardSet};
pub use self::{
    application::{SetRoleConnection, UpdateApplication, UpdateCurrentUser},
    auto_moderation::{CreateAutoModerationRule, UpdateAutoModerationRule},
    call::{AuditedCall, Call},
    channels::{
        CreateGuildChannel, CreateThread, CreateThreadFromMessage, ThreadMembers, UpdateChannel,
        UpdateThread,
    },
    download::{Download, DownloadStream},
    emojis::{CreateEmoji, UpdateEmoji},
    files::File,
    gateway::ShardInfo,
    guild_pages::{
        GuildWidgetImage, UpdateGuildOnboarding, UpdateGuildWelcomeScreen,
        UpdateGuildWidgetSettings,
    },
    guild_settings::{ChannelPosition, UpdateGuild},
    guilds::{
        AuditLog, CurrentUserGuilds, GuildCall, UpdateCurrentUserVoiceState, UpdateUserVoiceState,
    },
    interactions::{Answers, CreateFollowup, Respond, UpdateFollowup, UpdateResponse},
    invites::{CreateInvite, GetInvite},
    lobbies::{
        AddLobbyMember, CreateLobby, CreateLobbyMessage, CreateOrJoinLobby, CreateProvisionalToken,
        LobbyMessages, LobbySeat, UpdateLobby,
    },
    members::{
        Bans, CreateBan, GuildMembers, SearchGuildMembers, UpdateCurrentMember, UpdateGuildMember,
    },
    messages::{ChannelMessages, CreateMessage, Pins, UpdateMessage},
    moderation::{
        AddGuildMember, BulkGuildBan, CreateGuildPrune, GuildJoinRequests, GuildPruneCount,
        UpdateGuildIncidentActions, UpdateGuildJoinRequest,
    },
    monetization::{CurrentUserEntitlements, Entitlements, SkuSubscriptions},
    pages::{ByArchiveTime, ById, Dated, Listing, Pages, Streams},
    poll::{AnswerVoters, PollRequest},
    reactions::{Emoji, Reactions},
    request::{RawRequest, RequestPath},
    roles::{CreateRole, RolePosition, UpdateRole},
    scheduled_events::{
        CreateGuildScheduledEvent, CreateGuildScheduledEventException, GuildScheduledEvent,
        GuildScheduledEventUsers, GuildScheduledEvents, UpdateGuildScheduledEvent,
        UpdateGuildScheduledEventException,
    },
    search::{SearchGuildMessages, SearchThreads},
    soundboard::{CreateGuildSoundboardSound, SendSoundboardSound, UpdateGuildSoundboardSound},
    stage::{CreateStageInstance, UpdateStageInstance},
    stickers::UpdateGuildSticker,
    templates::{CreateTemplate, UpdateTemplate},
    threads::{ArchivedThreads, CreateForumThread, GetThreadMember, JoinedArchivedThreads},
    typing::Typing,
    webhook_settings::{UpdateWebhook, UpdateWebhookWithToken},
    webhooks::{
        CreateWebhook, DeleteWebhookMessage, ExecuteWebhook, UpdateWebhookMessage, WebhookMessage,
    },
};
use crate::{
    cache::Cache,
    config::Config,
    http::Http,
    identify::{IdentifiesLeft, IdentifyQueue},
    relay::Seen,
};

/// State that client and source share.
#[derive(Debug)]
pub(crate) struct Shared {
    /// Name of the source, which every event carries.
    pub(crate) name: SourceName,
    /// Requests and their limits; the source's own `GET /gateway/bot` goes through them too.
    pub(crate) http: Arc<Http>,
    /// State of the whole source.
    pub(crate) link: watch::Sender<LinkState>,
    /// The bot's own user, once a READY or a stored session has named it.
    pub(crate) user: watch::Sender<Option<Id<UserMarker>>>,
    /// The cache, off unless the configuration turns it on.
    pub(crate) cache: Cache,
    /// The shards, once it is known how many there are.
    pub(crate) shards: watch::Sender<Option<Arc<ShardSet>>>,
    /// The identify queue of the source, while it runs: the queue keeps the way to the journal open.
    pub(crate) identify: Mutex<Weak<IdentifyQueue>>,
    /// Options of commands, from the configuration.
    pub(crate) rules: gateway::Rules,
    /// The way to the process that runs the source, if another one does.
    pub(crate) remote: OnceLock<Remote>,
    /// The shards of that process, as they were seen last.
    seen: Mutex<Seen>,
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        let network = config.network.through(config.proxy.as_ref());
        Self {
            name: config.name.clone(),
            http: Arc::new(Http::new(config.http_options(), network.http())),
            link: watch::Sender::new(LinkState::Idle),
            user: watch::Sender::new(None),
            cache: Cache::new(config.cache, config.clock),
            shards: watch::Sender::new(None),
            identify: Mutex::default(),
            rules: gateway::Rules {
                intents: config.intents,
                timeout: config.action_timeout,
            },
            remote: OnceLock::new(),
            seen: Mutex::default(),
        }
    }

    /// Notes how the shards of another process stand.
    pub(crate) fn see(&self, seen: Seen) {
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = seen;
    }

    /// The shards of another process, as they were seen last.
    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Handle on one bot. It is cheap to clone and usable from anywhere.
///
/// Requests work at any time; what goes over the Gateway waits for it up to [`Config::action_timeout`].
///
/// ```no_run
/// use antiphon_discord::{Client, Presence, model::id::{Id, marker::ChannelMarker}};
///
/// async fn goodbye(client: &Client, channel: Id<ChannelMarker>) -> Result<(), Box<dyn std::error::Error>> {
///     // A request: REST, with or without a connection to the Gateway.
///     let message = client.create_message(channel).content("good night").await?;
///     client.create_reaction(channel, message.id, "🌙").await?;
///     // A command: over the Gateway, on every shard.
///     client.update_presence(Presence::do_not_disturb()).await?;
///     for shard in client.shards() {
///         println!("shard {} of {}: {} {:?}", shard.id, shard.count, shard.link, shard.latency);
///     }
///     Ok(())
/// }
/// ```
///
/// State of the connection, without asking Discord:
///
/// ```
/// use antiphon_discord::{Config, Intents};
///
/// let (client, _source) = antiphon_discord::connect(Config::new("token", Intents::GUILDS).name("choir"));
/// assert_eq!(client.source().as_str(), "choir");
/// assert!(!client.link().borrow().is_connected(), "the source does not run yet");
/// assert_eq!(*client.current_user_id().borrow(), None);
/// assert_eq!(client.latency(0), None);
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    /// What the source shares with every clone of the client.
    shared: Arc<Shared>,
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn http(&self) -> &Http {
        &self.shared.http
    }

    /// Name of its source, as its events have it.
    pub fn source(&self) -> &SourceName {
        &self.shared.name
    }

    /// Watches the id of the bot's own user; `None` until the first READY, or until a stored session is resumed.
    ///
    /// A handler that must not answer the bot itself compares an author with it; the value does not change while the source
    /// runs.
    pub fn current_user_id(&self) -> watch::Receiver<Option<Id<UserMarker>>> {
        self.shared.user.subscribe()
    }

    /// What is left of the day's identifies; `None` while the source does not run or no number is known yet.
    ///
    /// Discord's own count, less what this bot has spent since. A resume costs none.
    pub fn identifies_left(&self) -> Option<IdentifiesLeft> {
        let queue = self.shared.identify.lock();
        let queue = queue.unwrap_or_else(PoisonError::into_inner).upgrade();
        queue?.left()
    }

    /// Intents with which the bot connects.
    pub fn intents(&self) -> Intents {
        self.shared.rules.intents
    }

    /// The bot's guilds, as far as they are known; empty unless [`Config::cache`] is set.
    ///
    /// [`Config::cache`]: crate::Config::cache
    pub fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// State of the connection, and a way to wait for its changes.
    ///
    /// With several shards it is connected only if all of them are, and else the state of the worst one;
    /// [`shards`](Self::shards) has each.
    ///
    /// ```no_run
    /// use antiphon_discord::Client;
    ///
    /// async fn wait_until_connected(client: &Client) -> bool {
    ///     let mut link = client.link();
    ///     // An error says that the source was dropped.
    ///     link.wait_for(|state| state.is_connected()).await.is_ok()
    /// }
    /// ```
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }
}
