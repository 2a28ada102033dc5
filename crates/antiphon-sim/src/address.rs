//! Where a simulation over real sockets is found, and who can log in.

use antiphon_core::Secret;
use serde::{Serialize, Serializer};

use crate::{
    discord::{BotAccount, Discord},
    lavalink::{Lavalink, Node},
    queup::{Account, QueUp},
    stackexchange::{ChatAccount, HOSTS, StackExchange},
};

/// What `antiphon sim` prints first.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct Addresses {
    /// Takes commands and shows the ledger.
    pub control: String,
    /// The simulated Discord.
    pub discord: DiscordAddresses,
    /// The simulated Lavalink nodes.
    pub lavalink: Vec<NodeAddress>,
    /// The simulated QueUp.
    pub queup: QueUpAddresses,
    /// The simulated Stack Exchange chat.
    pub stackexchange: StackExchangeAddresses,
}

/// Where the simulated Discord is, and which bots there are.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct DiscordAddresses {
    /// Beginning of REST addresses.
    pub rest: String,
    /// Address of the Gateway, without its parameters.
    pub gateway: String,
    /// The bot that may do what moderators do.
    #[serde(flatten)]
    pub bot: BotLogin,
    /// Id of the guild that the bot is in.
    pub guild_id: String,
    /// Id of a text channel there.
    pub channel_id: String,
    /// Id of a voice channel there.
    pub voice_channel_id: String,
    /// Further bots: one that may do anything, one without rights and privileged intents, and one that is in no guild.
    pub accounts: Vec<BotLogin>,
}

/// A bot and its token; serialised, it shows the token, since whoever reads that is to use it.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct BotLogin {
    /// Token, without `Bot `.
    #[serde(serialize_with = "exposed")]
    pub token: Secret,
    /// Id of the application.
    pub application_id: String,
    /// Id of the bot's user.
    pub user_id: String,
    /// Name of the bot's user.
    pub username: String,
}

impl From<BotAccount> for BotLogin {
    fn from(account: BotAccount) -> Self {
        Self {
            token: account.token,
            application_id: account.application.to_string(),
            user_id: account.id.to_string(),
            username: account.username,
        }
    }
}

impl DiscordAddresses {
    fn new((rest, gateway): (&str, &str), discord: &Discord) -> Self {
        let bot = discord.account();
        let others = discord.accounts().into_iter();
        let own = bot.id;
        let accounts = others
            .filter(|account| account.id != own)
            .map(BotLogin::from);
        Self {
            rest: format!("http://{rest}/api/v10"),
            gateway: format!("ws://{gateway}"),
            bot: bot.into(),
            guild_id: discord.guild_id().to_string(),
            channel_id: discord.channel_id().to_string(),
            voice_channel_id: discord.voice_channel_id().to_string(),
            accounts: accounts.collect(),
        }
    }
}

/// Where a simulated Lavalink node is.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct NodeAddress {
    /// Its name in this world.
    pub name: &'static str,
    /// Its address, without a path.
    pub url: String,
    /// What it asks for.
    #[serde(serialize_with = "exposed")]
    pub password: Secret,
}

impl NodeAddress {
    fn new(at: &str, node: &Node) -> Self {
        Self {
            name: node.name(),
            url: format!("http://{at}"),
            password: node.password(),
        }
    }
}

/// Where the simulated Stack Exchange chat is, and who can log in.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct StackExchangeAddresses {
    /// Where all its hosts are; which one is meant is told by the `Host` header.
    pub address: String,
    /// Its chat servers, the first of them the one with ambient traffic.
    pub servers: Vec<ChatServer>,
    /// The bot's login.
    #[serde(flatten)]
    pub bot: Login,
    /// Number of the room where the bot has every right.
    pub room: i64,
    /// Further logins.
    pub accounts: Vec<Login>,
}

/// A chat server, by the names of its hosts.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct ChatServer {
    /// Host of the chat.
    pub chat: &'static str,
    /// Host where its users log in.
    pub login: &'static str,
}

/// Where the simulated QueUp is, and who can log in.
#[derive(Clone, Debug, Serialize)]
#[non_exhaustive]
pub struct QueUpAddresses {
    /// Base of the REST calls.
    pub rest: String,
    /// Address of the socket, without its parameters.
    pub socket: String,
    /// The bot's login.
    #[serde(flatten)]
    pub bot: Login,
    /// Slug of the room where the bot has every right.
    pub room: String,
    /// Id of that room.
    pub room_id: String,
    /// Further logins: two without a role in the room, then a moderator and a manager.
    pub accounts: Vec<Login>,
}

/// A login; serialised, it shows the password, since whoever reads that is to use it.
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

fn exposed<S: Serializer>(secret: &Secret, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(secret.expose())
}

impl From<Account> for Login {
    fn from(account: Account) -> Self {
        Self {
            email: account.email,
            password: account.password,
            username: account.username,
            user_id: account.id,
        }
    }
}

impl From<ChatAccount> for Login {
    fn from(account: ChatAccount) -> Self {
        Self {
            email: account.email,
            password: account.password,
            username: account.username,
            user_id: account.id.to_string(),
        }
    }
}

impl StackExchangeAddresses {
    fn new(at: &str, chat: &StackExchange) -> Self {
        let mut accounts = chat.accounts().into_iter().map(Login::from);
        let servers = HOSTS
            .iter()
            .map(|(chat, login, _)| ChatServer { chat, login });
        Self {
            address: at.to_string(),
            servers: servers.collect(),
            bot: accounts.next().unwrap_or_else(|| chat.account().into()),
            room: StackExchange::ROOM,
            accounts: accounts.collect(),
        }
    }
}

impl Addresses {
    pub(crate) fn new(
        control: &str,
        (discord_at, discord): ((&str, &str), &Discord),
        (nodes_at, lavalink): (&[String], &Lavalink),
        (queup_at, queup): (&str, &QueUp),
        (chat_at, chat): (&str, &StackExchange),
    ) -> Self {
        let bot = queup.account();
        let room = queup.room("choir-loft");
        let others = queup.accounts().into_iter();
        let accounts = others
            .filter(|account| account.id != bot.id)
            .map(Login::from);
        Self {
            control: format!("http://{control}"),
            discord: DiscordAddresses::new(discord_at, discord),
            lavalink: nodes_at
                .iter()
                .zip(lavalink.nodes())
                .map(|(at, node)| NodeAddress::new(at, &node))
                .collect(),
            queup: QueUpAddresses {
                rest: format!("http://{queup_at}"),
                socket: format!("ws://{queup_at}/ws/"),
                room: room.slug(),
                room_id: room.id().to_owned(),
                accounts: accounts.collect(),
                bot: bot.into(),
            },
            stackexchange: StackExchangeAddresses::new(chat_at, chat),
        }
    }
}
