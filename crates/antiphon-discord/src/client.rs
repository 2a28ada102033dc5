//! The cloneable handle that users hold.

mod asked;
mod call;
mod channels;
mod commands;
mod gateway;
mod guilds;
mod interactions;
mod members;
mod messages;
mod reactions;
mod roles;
mod users;
mod webhooks;

use std::sync::Arc;

use antiphon_core::LinkState;
use tokio::sync::watch;

pub(crate) use self::{
    asked::{Command, VoiceWish},
    gateway::{Fleet, Handle},
};
pub use self::{
    asked::{MemberQuery, Members, VoiceConnection},
    call::{AuditedCall, Call},
    channels::{
        CreateGuildChannel, CreateThread, CreateThreadFromMessage, ThreadMembers, UpdateChannel,
        UpdateThread,
    },
    gateway::ShardInfo,
    guilds::{
        AuditLog, CurrentUserGuilds, GuildCall, UpdateCurrentUserVoiceState, UpdateUserVoiceState,
    },
    interactions::{Answers, CreateFollowup, Respond, UpdateFollowup, UpdateResponse},
    members::{
        Bans, CreateBan, GuildMembers, SearchGuildMembers, UpdateCurrentMember, UpdateGuildMember,
    },
    messages::{ChannelMessages, CreateMessage, Pins, UpdateMessage},
    reactions::{Emoji, Reactions},
    roles::{CreateRole, UpdateRole},
    webhooks::{CreateWebhook, ExecuteWebhook},
};
use crate::{cache::Cache, config::Config, http::Http};

/// Commands that wait for a shard's connection; one more waits for its turn within its own timeout.
pub(crate) const COMMANDS: usize = 64;

/// What client and source have in common.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) http: Http,
    pub(crate) link: watch::Sender<LinkState>,
    pub(crate) cache: Cache,
    /// The shards, once it is known how many there are.
    pub(crate) fleet: watch::Sender<Option<Arc<Fleet>>>,
    /// What commands need of the configuration.
    pub(crate) rules: gateway::Rules,
}

impl Shared {
    pub(crate) fn new(config: &Config) -> Self {
        // A proxy that cannot be used is an error when the source runs; until then requests go where they would.
        let network = config.routed().unwrap_or_else(|_| config.network.clone());
        Self {
            http: Http::new(config, network.http()),
            link: watch::Sender::new(LinkState::Idle),
            cache: Cache::new(config.cache),
            fleet: watch::Sender::new(None),
            rules: gateway::Rules {
                intents: config.intents,
                timeout: config.action_timeout,
            },
        }
    }
}

/// A handle on one bot: cheap to clone, and usable from anywhere.
///
/// Requests work at any time; what goes over the Gateway waits for it up to [`Config::action_timeout`].
#[derive(Clone, Debug)]
pub struct Client {
    shared: Arc<Shared>,
}

impl Client {
    pub(crate) fn new(shared: Arc<Shared>) -> Self {
        Self { shared }
    }

    pub(crate) fn http(&self) -> &Http {
        &self.shared.http
    }

    /// What is known of the bot's guilds; nothing unless [`Config::cache`] asked for it.
    pub fn cache(&self) -> &Cache {
        &self.shared.cache
    }

    /// How the connection stands, and a way to wait for its changes.
    pub fn link(&self) -> watch::Receiver<LinkState> {
        self.shared.link.subscribe()
    }
}
