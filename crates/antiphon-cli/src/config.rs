//! What `antiphon.toml` may say.

use std::{
    net::SocketAddr,
    ops::Range,
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon_core::{KindPattern, Retention};
use antiphon_discord::{Compression, Intents};
use antiphon_stackexchange::{Server, Sockets};
use serde_json::{Value, json};
use toml::de::{DeTable, DeValue};

use crate::{
    args::Where,
    failure::Failure,
    section::{File, Key, SecretFrom, Section, Takes, schema as section_schema, unknown},
};

/// The configuration's name where none is given.
const FILE: &str = "antiphon.toml";
/// The journal's name where none is given.
const JOURNAL: &str = "antiphon.db";

/// Everything the daemon is told.
#[derive(Debug)]
pub(crate) struct Config {
    pub(crate) journal: Journal,
    pub(crate) sources: Vec<Source>,
}

/// The `[journal]` table.
#[derive(Debug)]
pub(crate) struct Journal {
    pub(crate) path: PathBuf,
    pub(crate) power: bool,
    pub(crate) retention: Retention,
}

/// One `[sources.NAME]` table.
#[derive(Debug)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) platform: Platform,
}

/// What a source connects to.
#[derive(Debug)]
pub(crate) enum Platform {
    Discord(Discord),
    Lavalink(Lavalink),
    Queup(Queup),
    StackExchange(StackExchange),
}

/// A Discord bot.
#[derive(Debug)]
pub(crate) struct Discord {
    pub(crate) token: SecretFrom,
    pub(crate) intents: Intents,
    pub(crate) shards: Option<u32>,
    pub(crate) compression: Option<Compression>,
    pub(crate) proxy: Option<SecretFrom>,
    pub(crate) user_agent: Option<String>,
    pub(crate) rest: Option<String>,
}

/// A pool of Lavalink nodes.
#[derive(Debug)]
pub(crate) struct Lavalink {
    pub(crate) user: u64,
    pub(crate) nodes: Vec<Node>,
    pub(crate) client_name: Option<String>,
    pub(crate) heartbeat: Option<Duration>,
    pub(crate) resume_timeout: Option<Duration>,
    pub(crate) failover_after: Option<Duration>,
    pub(crate) proxy: Option<SecretFrom>,
}

/// One node of a pool.
#[derive(Debug)]
pub(crate) struct Node {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) password: SecretFrom,
    pub(crate) region: Option<String>,
}

/// An account of a Stack Exchange chat server.
#[derive(Debug)]
pub(crate) struct StackExchange {
    pub(crate) email: String,
    pub(crate) password: SecretFrom,
    pub(crate) server: antiphon_stackexchange::Server,
    pub(crate) rooms: Vec<i64>,
    pub(crate) sockets: antiphon_stackexchange::Sockets,
    pub(crate) cookie_file: Option<PathBuf>,
    pub(crate) backfill: Option<u64>,
    pub(crate) poll_interval: Option<Duration>,
    pub(crate) acknowledge: bool,
    pub(crate) proxy: Option<SecretFrom>,
    pub(crate) user_agent: Option<String>,
    pub(crate) address: Option<SocketAddr>,
}

/// A QueUp account.
#[derive(Debug)]
pub(crate) struct Queup {
    pub(crate) email: String,
    pub(crate) password: SecretFrom,
    pub(crate) rooms: Vec<String>,
    pub(crate) room_passwords: Vec<(String, SecretFrom)>,
    pub(crate) backfill: Option<u64>,
    pub(crate) recent_conversations: bool,
    pub(crate) cookie_file: Option<PathBuf>,
    pub(crate) proxy: Option<SecretFrom>,
    pub(crate) user_agent: Option<String>,
    pub(crate) rest: Option<String>,
    pub(crate) socket: Option<String>,
}

const JOURNAL_KEYS: &[Key] = &[
    Key {
        name: "path",
        takes: Takes::Path,
        about: "The journal's file; `antiphon.db` beside the configuration by default.",
        needed: false,
    },
    Key {
        name: "durability",
        takes: Takes::Word(&["process", "power"]),
        about: "What a stored event survives: the end of the process at any moment (`process`, the default), or of \
                the machine's power as well (`power`, with an fsync for each commit).",
        needed: false,
    },
    Key {
        name: "keep",
        takes: Takes::Length,
        about: "How long events are kept that no rule names; for good by default.",
        needed: false,
    },
    Key {
        name: "rules",
        takes: Takes::Rules,
        about: "How long events of these kinds are kept; the first rule that matches counts. None by default.",
        needed: false,
    },
    Key {
        name: "max_bytes",
        takes: Takes::Number,
        about: "Above this many bytes the oldest events go first, as far as readers have got; no limit by default.",
        needed: false,
    },
    Key {
        name: "delete_grace",
        takes: Takes::Length,
        about: "How long the body of an event is kept after its platform has deleted it; `24h` by default.",
        needed: false,
    },
    Key {
        name: "window",
        takes: Takes::Length,
        about: "How long repeats are recognised; `7d` by default.",
        needed: false,
    },
];

/// Every platform's name.
const PLATFORMS: &[&str] = &["discord", "lavalink", "queup", "stackexchange"];

const PLATFORM: Key = Key {
    name: "platform",
    takes: Takes::Word(PLATFORMS),
    about: "Which platform the source connects to.",
    needed: true,
};

const DISCORD_KEYS: &[Key] = &[
    PLATFORM,
    Key {
        name: "token",
        takes: Takes::Secret,
        about: "The bot's token, from the page \"Bot\" of its application.",
        needed: true,
    },
    Key {
        name: "intents",
        takes: Takes::Texts,
        about: "Which events the bot is sent, by Discord's names; by default all but the privileged ones, which are \
                `GUILD_MEMBERS`, `GUILD_PRESENCES` and `MESSAGE_CONTENT`.",
        needed: false,
    },
    Key {
        name: "shards",
        takes: Takes::Number,
        about: "Over how many connections the guilds are spread; as many as Discord recommends by default.",
        needed: false,
    },
    Key {
        name: "compression",
        takes: Takes::Word(&["zstd", "zlib", "none"]),
        about: "How the server compresses what it sends; `zstd` by default.",
        needed: false,
    },
    Key {
        name: "proxy",
        takes: Takes::TextOrSecret,
        about: "The proxy for requests and sockets alike: `http://`, `socks5://`, `socks5h://`, `socks4://` or \
                `socks4a://`, with a login where it needs one; none by default.",
        needed: false,
    },
    Key {
        name: "user_agent",
        takes: Takes::Text,
        about: "How requests introduce themselves; `DiscordBot (…)` with antiphon's version by default.",
        needed: false,
    },
    Key {
        name: "rest",
        takes: Takes::Text,
        about: "Where requests go in place of `https://discord.com/api/v10`: the `rest` of `antiphon sim`.",
        needed: false,
    },
];

const NODE_KEYS: &[Key] = &[
    Key {
        name: "url",
        takes: Takes::Text,
        about: "Where the node is: `http://` or `https://`, with its port.",
        needed: true,
    },
    Key {
        name: "password",
        takes: Takes::Secret,
        about: "The node's password, `lavalink.server.password` in its own configuration.",
        needed: true,
    },
    Key {
        name: "region",
        takes: Takes::Text,
        about: "The region of voice servers that are near, such as `eu`; none by default.",
        needed: false,
    },
];

const LAVALINK_KEYS: &[Key] = &[
    PLATFORM,
    Key {
        name: "user",
        takes: Takes::Id,
        about: "Id of the bot's user at Discord.",
        needed: true,
    },
    Key {
        name: "nodes",
        takes: Takes::Tables(NODE_KEYS),
        about: "The nodes, each under a name of your own.",
        needed: true,
    },
    Key {
        name: "client_name",
        takes: Takes::Text,
        about: "How nodes are told who connects, as `NAME/VERSION`; `antiphon/` and its version by default.",
        needed: false,
    },
    Key {
        name: "heartbeat",
        takes: Takes::Length,
        about: "How often nodes are pinged; `15s` by default. One that says nothing for two of them is lost.",
        needed: false,
    },
    Key {
        name: "resume_timeout",
        takes: Takes::Length,
        about: "How long nodes keep a session that was lost, and its players playing; `60s` by default.",
        needed: false,
    },
    Key {
        name: "failover_after",
        takes: Takes::Length,
        about: "How long a lost node may take to come back before its players move; `15s` by default.",
        needed: false,
    },
    Key {
        name: "proxy",
        takes: Takes::TextOrSecret,
        about: "The proxy for requests and sockets alike: `http://`, `socks5://`, `socks5h://`, `socks4://` or \
                `socks4a://`, with a login where it needs one; none by default.",
        needed: false,
    },
];

const QUEUP_KEYS: &[Key] = &[
    PLATFORM,
    Key {
        name: "email",
        takes: Takes::Text,
        about: "The account's e-mail address or user name.",
        needed: true,
    },
    Key {
        name: "password",
        takes: Takes::Secret,
        about: "The account's password.",
        needed: true,
    },
    Key {
        name: "rooms",
        takes: Takes::Texts,
        about: "The rooms to join, by the last part of their address; none by default.",
        needed: false,
    },
    Key {
        name: "room_passwords",
        takes: Takes::Secrets,
        about: "The passwords of private rooms, by the room's name; none by default.",
        needed: false,
    },
    Key {
        name: "backfill",
        takes: Takes::Number,
        about: "How many chat messages are fetched for a room after an outage; 100 by default.",
        needed: false,
    },
    Key {
        name: "recent_conversations",
        takes: Takes::Flag,
        about: "Whether the account's private conversations are fetched at the start; true by default.",
        needed: false,
    },
    Key {
        name: "cookie_file",
        takes: Takes::Path,
        about: "A file that keeps the session from run to run, readable by its owner alone; without it each run logs \
                in anew.",
        needed: false,
    },
    Key {
        name: "proxy",
        takes: Takes::TextOrSecret,
        about: "The proxy for requests and socket alike: `http://`, `socks5://`, `socks5h://`, `socks4://` or \
                `socks4a://`, with a login where it needs one; none by default.",
        needed: false,
    },
    Key {
        name: "user_agent",
        takes: Takes::Text,
        about: "How requests introduce themselves; `antiphon/` and its version by default.",
        needed: false,
    },
    Key {
        name: "rest",
        takes: Takes::Text,
        about: "Where requests go in place of `https://api.queup.net`: the `rest` of `antiphon sim`.",
        needed: false,
    },
    Key {
        name: "socket",
        takes: Takes::Text,
        about: "Where the socket goes in place of `wss://ws.queup.net/ws/`: the `socket` of `antiphon sim`.",
        needed: false,
    },
];

const STACK_EXCHANGE_KEYS: &[Key] = &[
    PLATFORM,
    Key {
        name: "email",
        takes: Takes::Text,
        about: "The account's e-mail address.",
        needed: true,
    },
    Key {
        name: "password",
        takes: Takes::Secret,
        about: "The account's password.",
        needed: true,
    },
    Key {
        name: "server",
        takes: Takes::Word(&[
            "chat.stackexchange.com",
            "chat.stackoverflow.com",
            "chat.meta.stackexchange.com",
        ]),
        about: "The chat server; `chat.stackexchange.com` by default.",
        needed: false,
    },
    Key {
        name: "rooms",
        takes: Takes::Numbers,
        about: "The rooms to join, by their numbers; none by default.",
        needed: false,
    },
    Key {
        name: "sockets",
        takes: Takes::Word(&["shared", "per-room"]),
        about: "Whether all rooms share a socket (`shared`, the default) or each has its own (`per-room`).",
        needed: false,
    },
    Key {
        name: "cookie_file",
        takes: Takes::Path,
        about: "A file that keeps the login from run to run, readable by its owner alone. Without it each run logs in \
                anew, and many logins bring a challenge that only a person can answer.",
        needed: false,
    },
    Key {
        name: "backfill",
        takes: Takes::Number,
        about: "How many events are fetched for a room after an outage that the socket cannot replay; 1000 by default.",
        needed: false,
    },
    Key {
        name: "poll_interval",
        takes: Takes::Length,
        about: "How often is asked for events while no socket can be had; `5s` by default.",
        needed: false,
    },
    Key {
        name: "acknowledge",
        takes: Takes::Flag,
        about: "Whether mentions are acknowledged once they are stored, which clears the account's inbox; true by \
                default.",
        needed: false,
    },
    Key {
        name: "proxy",
        takes: Takes::TextOrSecret,
        about: "The proxy for requests and socket alike: `http://`, `socks5://`, `socks5h://`, `socks4://` or \
                `socks4a://`, with a login where it needs one; none by default.",
        needed: false,
    },
    Key {
        name: "user_agent",
        takes: Takes::Text,
        about: "How requests introduce themselves; `Mozilla/5.0 (compatible; antiphon/…)` by default.",
        needed: false,
    },
    Key {
        name: "address",
        takes: Takes::Text,
        about: "Where all hosts of the platform really are, such as `127.0.0.1:7007`: the `address` of `antiphon sim`.",
        needed: false,
    },
];

impl Config {
    /// Reads the file; secrets are read later, by who needs them.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(format!(
                "could not read the configuration {}",
                path.display()
            ))
            .because(error)
            .hint("name one with `--config`; docs/configuration.md has an example")
        })?;
        Self::parse(path, &text)
    }

    fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let file = File { path, text };
        let root = file.parse()?;
        let mut journal = None;
        let mut sources = Vec::new();
        for (key, value) in &root {
            let at = key.span();
            match &**key.get_ref() {
                "journal" => {
                    let table = table(&file, "[journal]", value, &at)?;
                    journal = Some(Journal::read(&file, table, at)?);
                }
                "sources" => {
                    for (name, value) in table(&file, "[sources]", value, &at)? {
                        sources.push(Source::read(&file, name.get_ref(), value, name.span())?);
                    }
                }
                other => {
                    let known = ["journal", "sources"].into_iter();
                    return Err(unknown(
                        &file,
                        &at,
                        "table",
                        other,
                        "the configuration",
                        known,
                    ));
                }
            }
        }
        let journal = match journal {
            Some(journal) => journal,
            None => Journal::read(&file, &DeTable::new(), 0..0)?,
        };
        Ok(Self { journal, sources })
    }
}

fn table<'a>(
    file: &File<'_>,
    name: &str,
    value: &'a toml::Spanned<DeValue<'a>>,
    at: &Range<usize>,
) -> Result<&'a DeTable<'a>, Failure> {
    value
        .get_ref()
        .as_table()
        .ok_or_else(|| file.wrong(at, format!("{name} is not a table")))
}

impl Journal {
    fn read(file: &File<'_>, table: &DeTable<'_>, at: Range<usize>) -> Result<Self, Failure> {
        let section = Section::new(file, "[journal]", table, JOURNAL_KEYS, at)?;
        let rules = section.rules("rules")?.into_iter();
        let defaults = Retention::default();
        let retention = Retention {
            keep: section.length("keep")?,
            rules: rules
                .map(|(kind, keep)| (KindPattern::new(kind), keep))
                .collect(),
            max_bytes: section.number("max_bytes")?,
            delete_grace: section
                .length("delete_grace")?
                .unwrap_or(defaults.delete_grace),
            window: section.length("window")?.unwrap_or(defaults.window),
            ..defaults
        };
        Ok(Self {
            path: section
                .path("path")?
                .unwrap_or_else(|| file.path.with_file_name(JOURNAL)),
            power: section.word("durability")? == Some("power"),
            retention,
        })
    }
}

impl Source {
    fn read(
        file: &File<'_>,
        name: &str,
        value: &toml::Spanned<DeValue<'_>>,
        at: Range<usize>,
    ) -> Result<Self, Failure> {
        let title = format!("[sources.{name}]");
        if name.is_empty() {
            return Err(file
                .wrong(&at, "a source has no name")
                .hint("give it one, such as `[sources.choir]`"));
        }
        let table = table(file, &title, value, &at)?;
        let platform = table
            .iter()
            .find_map(|(key, value)| (key.get_ref() == PLATFORM.name).then_some(value));
        let Some(platform) = platform else {
            return Err(file.wrong(&at, format!("{title} has no `platform`")).hint(
                "add `platform = \"discord\"`, `\"lavalink\"`, `\"queup\"` or `\"stackexchange\"`",
            ));
        };
        let platform = match platform.get_ref().as_str() {
            Some("discord") => {
                let section = Section::new(file, title, table, DISCORD_KEYS, at)?;
                Platform::Discord(Discord::read(&section)?)
            }
            Some("lavalink") => {
                let section = Section::new(file, title, table, LAVALINK_KEYS, at)?;
                Platform::Lavalink(Lavalink::read(&section)?)
            }
            Some("queup") => Platform::Queup(Queup::read(&Section::new(
                file, title, table, QUEUP_KEYS, at,
            )?)?),
            Some("stackexchange") => {
                let section = Section::new(file, title, table, STACK_EXCHANGE_KEYS, at)?;
                Platform::StackExchange(StackExchange::read(&section)?)
            }
            Some(other) => {
                let known = PLATFORMS.iter().copied();
                return Err(unknown(
                    file,
                    &platform.span(),
                    "platform",
                    other,
                    &title,
                    known,
                ));
            }
            None => {
                return Err(file.wrong(
                    &platform.span(),
                    format!("`platform` of {title} is not a text"),
                ));
            }
        };
        Ok(Self {
            name: name.to_owned(),
            platform,
        })
    }
}

impl Discord {
    fn read(section: &Section<'_>) -> Result<Self, Failure> {
        let shards = section.number("shards")?;
        let shards = shards.map(|shards| {
            u32::try_from(shards)
                .map_err(|_| section.wrong("shards", "is more than a bot can have"))
        });
        Ok(Self {
            token: section.secret("token")?.expect("it is needed"),
            intents: Self::intents(section)?,
            shards: shards.transpose()?,
            compression: section.word("compression")?.map(|word| match word {
                "zlib" => Compression::Zlib,
                "none" => Compression::None,
                _ => Compression::Zstd,
            }),
            proxy: section.secret("proxy")?,
            user_agent: section.text("user_agent")?.map(str::to_owned),
            rest: section.text("rest")?.map(str::to_owned),
        })
    }

    /// The intents by Discord's names; without any, all that need no permission of Discord's.
    fn intents(section: &Section<'_>) -> Result<Intents, Failure> {
        let Some(names) = section.given("intents").then(|| section.texts("intents")) else {
            let privileged =
                Intents::GUILD_MEMBERS | Intents::GUILD_PRESENCES | Intents::MESSAGE_CONTENT;
            return Ok(Intents::all() - privileged);
        };
        // Discord renamed it; the models have the old name.
        let (old, new) = ("GUILD_EMOJIS_AND_STICKERS", "GUILD_EXPRESSIONS");
        let known: Vec<_> = Intents::all()
            .iter_names()
            .map(|(known, _)| if known == old { new } else { known })
            .collect();
        let mut intents = Intents::empty();
        for name in names? {
            let wanted = if name == new { old } else { &name };
            intents |= Intents::from_name(wanted).ok_or_else(|| {
                section.unknown("intents", "intent", &name, known.iter().copied())
            })?;
        }
        Ok(intents)
    }
}

impl Lavalink {
    fn read(section: &Section<'_>) -> Result<Self, Failure> {
        let nodes = section.tables("nodes")?.into_iter().map(|(name, section)| {
            Ok(Node {
                name,
                url: section.text("url")?.expect("it is needed").to_owned(),
                password: section.secret("password")?.expect("it is needed"),
                region: section.text("region")?.map(str::to_owned),
            })
        });
        let nodes = nodes.collect::<Result<Vec<_>, Failure>>()?;
        if nodes.is_empty() {
            return Err(section.wrong("nodes", "names no node").hint(
                "add a table such as `[sources.NAME.nodes.eu-1]` with `url` and `password`",
            ));
        }
        Ok(Self {
            user: section.id("user")?.expect("it is needed"),
            nodes,
            client_name: section.text("client_name")?.map(str::to_owned),
            heartbeat: section.length("heartbeat")?,
            resume_timeout: section.length("resume_timeout")?,
            failover_after: section.length("failover_after")?,
            proxy: section.secret("proxy")?,
        })
    }
}

impl Queup {
    fn read(section: &Section<'_>) -> Result<Self, Failure> {
        Ok(Self {
            email: section.text("email")?.expect("it is needed").to_owned(),
            password: section.secret("password")?.expect("it is needed"),
            rooms: section.texts("rooms")?,
            room_passwords: section.secrets("room_passwords")?,
            backfill: section.number("backfill")?,
            recent_conversations: section.flag("recent_conversations")?.unwrap_or(true),
            cookie_file: section.path("cookie_file")?,
            proxy: section.secret("proxy")?,
            user_agent: section.text("user_agent")?.map(str::to_owned),
            rest: section.text("rest")?.map(str::to_owned),
            socket: section.text("socket")?.map(str::to_owned),
        })
    }
}

impl StackExchange {
    fn read(section: &Section<'_>) -> Result<Self, Failure> {
        let host = section.word("server")?.unwrap_or_default();
        let mut servers = Server::ALL.into_iter();
        let address = section.text("address")?;
        let address = address.map(|text| {
            text.parse().map_err(|_| {
                Failure::usage(format!("`address` is not one: {text}"))
                    .hint("write it like \"127.0.0.1:7007\"")
            })
        });
        Ok(Self {
            email: section.text("email")?.expect("it is needed").to_owned(),
            password: section.secret("password")?.expect("it is needed"),
            server: servers
                .find(|server| server.chat_host() == host)
                .unwrap_or_default(),
            rooms: section.numbers("rooms")?,
            sockets: match section.word("sockets")? {
                Some("per-room") => Sockets::PerRoom,
                _ => Sockets::Shared,
            },
            cookie_file: section.path("cookie_file")?,
            backfill: section.number("backfill")?,
            poll_interval: section.length("poll_interval")?,
            acknowledge: section.flag("acknowledge")?.unwrap_or(true),
            proxy: section.secret("proxy")?,
            user_agent: section.text("user_agent")?.map(str::to_owned),
            address: address.transpose()?,
        })
    }
}

/// The journal that a command is to read.
pub(crate) fn journal(place: &Where) -> Result<PathBuf, Failure> {
    if let Some(journal) = &place.journal {
        return Ok(journal.clone());
    }
    match &place.config {
        Some(config) => Ok(Config::read(config)?.journal.path),
        None if Path::new(FILE).exists() => Ok(Config::read(Path::new(FILE))?.journal.path),
        None => Ok(JOURNAL.into()),
    }
}

/// The schema of one platform's sources.
fn platform_schema(name: &str, keys: &[Key], about: &str) -> Value {
    let mut schema = section_schema(keys, about);
    schema["properties"][PLATFORM.name] = json!({
        "description": PLATFORM.about,
        "const": name,
    });
    schema
}

/// The JSON Schema of the configuration.
pub(crate) fn schema() -> Value {
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "antiphon.toml",
        "description": "What `antiphon run` connects to, and where it journals.",
        "type": "object",
        "properties": {
            "journal": section_schema(JOURNAL_KEYS, "Where events are kept, and for how long."),
            "sources": {
                "description": "What to connect to, each under a name of your own.",
                "type": "object",
                "additionalProperties": {"oneOf": [
                    platform_schema("discord", DISCORD_KEYS, "A Discord bot."),
                    platform_schema("lavalink", LAVALINK_KEYS, "A pool of Lavalink nodes."),
                    platform_schema("queup", QUEUP_KEYS, "A QueUp account."),
                    platform_schema(
                        "stackexchange",
                        STACK_EXCHANGE_KEYS,
                        "An account of a Stack Exchange chat server.",
                    ),
                ]},
            },
        },
        "additionalProperties": false,
        "$defs": {
            "secret": {
                "description": "A secret, from the environment or from the first line of a file.",
                "oneOf": [
                    {"type": "object", "properties": {"env": {"type": "string"}}, "required": ["env"], "additionalProperties": false},
                    {"type": "object", "properties": {"file": {"type": "string"}}, "required": ["file"], "additionalProperties": false},
                ],
            },
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::report;

    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = Config::parse(Path::new("a.toml"), text).expect_err("it is wrong");
        let (exit, said) = report(&error.into());
        assert_eq!(
            (exit.code(), said.join("\n").as_str()),
            (2, expected.trim_end())
        );
    }

    const WHOLE: &str = r#"
        [journal]
        path = "events.db"
        durability = "power"
        keep = "90d"
        rules = [{ kind = "queup.presence_change", keep = "10m" }]
        max_bytes = 1_000_000_000
        delete_grace = "1h"
        window = "14d"

        [sources.choir]
        platform = "queup"
        email = "mira@example.org"
        password = { env = "QUEUP_PASSWORD" }
        rooms = ["choir-loft", "night-radio"]
        room_passwords = { night-radio = { env = "NIGHT_RADIO" } }
        backfill = 50
        recent_conversations = false
        user_agent = "choirbot/1"
        cookie_file = "/var/lib/choir.cookies"
        proxy = { file = "proxy" }
        rest = "http://127.0.0.1:7006"
        socket = "ws://127.0.0.1:7006/ws/"

        [sources.nave]
        platform = "discord"
        token = { env = "DISCORD_TOKEN" }
        intents = ["GUILDS", "GUILD_EXPRESSIONS", "MESSAGE_CONTENT"]
        shards = 4
        compression = "zlib"
        rest = "http://127.0.0.1:7001/api/v10"

        [sources.organ]
        platform = "lavalink"
        user = "80351110224678912"
        client_name = "choirbot/1"
        heartbeat = "10s"
        resume_timeout = "2m"
        failover_after = "5s"

        [sources.organ.nodes]
        eu-1 = { url = "http://127.0.0.1:7003", password = { env = "EU_PASSWORD" }, region = "eu" }
        us-1 = { url = "https://us.example.org", password = { file = "us" } }

        [sources.tea]
        platform = "stackexchange"
        email = "mira@example.org"
        password = { env = "SE_PASSWORD" }
        server = "chat.meta.stackexchange.com"
        rooms = [4242, 17]
        sockets = "per-room"
        poll_interval = "3s"
        acknowledge = false
        address = "127.0.0.1:7007"
    "#;

    #[test]
    fn every_key_is_read() {
        let config = Config::parse(Path::new("/etc/antiphon/a.toml"), WHOLE).unwrap();
        let journal = config.journal;
        assert_eq!(journal.path, Path::new("/etc/antiphon/events.db"));
        assert!(journal.power);
        assert_eq!(
            journal.retention.keep,
            Some(Duration::from_secs(90 * 86_400))
        );
        assert_eq!(journal.retention.rules.len(), 1);
        assert_eq!(journal.retention.max_bytes, Some(1_000_000_000));
        let [source, bot, organ, chat] = config.sources.as_slice() else {
            panic!("four sources");
        };
        let Platform::Discord(bot) = &bot.platform else {
            panic!("a Discord bot");
        };
        assert_eq!(bot.token, SecretFrom::Env("DISCORD_TOKEN".to_owned()));
        let intents =
            Intents::GUILDS | Intents::GUILD_EMOJIS_AND_STICKERS | Intents::MESSAGE_CONTENT;
        assert_eq!((bot.intents, bot.shards), (intents, Some(4)));
        assert_eq!(bot.compression, Some(Compression::Zlib));
        let Platform::Lavalink(organ) = &organ.platform else {
            panic!("a pool of nodes");
        };
        assert_eq!(organ.user, 80_351_110_224_678_912);
        assert_eq!(organ.failover_after, Some(Duration::from_secs(5)));
        let [eu, us] = organ.nodes.as_slice() else {
            panic!("two nodes");
        };
        assert_eq!((&*eu.name, eu.region.as_deref()), ("eu-1", Some("eu")));
        let password = SecretFrom::File("/etc/antiphon/us".into());
        assert_eq!(
            (&*us.url, &us.password),
            ("https://us.example.org", &password)
        );
        let Platform::StackExchange(chat) = &chat.platform else {
            panic!("a chat account");
        };
        assert_eq!(chat.server, Server::MetaStackExchange);
        assert_eq!(chat.rooms, [4242, 17]);
        assert_eq!(chat.sockets, Sockets::PerRoom);
        assert_eq!(chat.poll_interval, Some(Duration::from_secs(3)));
        assert!(!chat.acknowledge && chat.address.is_some());
        assert_eq!(source.name, "choir");
        let Platform::Queup(queup) = &source.platform else {
            panic!("a QueUp account");
        };
        assert_eq!(queup.password, SecretFrom::Env("QUEUP_PASSWORD".to_owned()));
        assert_eq!(queup.rooms, ["choir-loft", "night-radio"]);
        let password = SecretFrom::Env("NIGHT_RADIO".to_owned());
        assert_eq!(queup.room_passwords, [("night-radio".to_owned(), password)]);
        assert_eq!(
            queup.cookie_file.as_deref(),
            Some(Path::new("/var/lib/choir.cookies"))
        );
        assert_eq!(
            queup.proxy,
            Some(SecretFrom::File("/etc/antiphon/proxy".into()))
        );
        for key in JOURNAL_KEYS
            .iter()
            .chain(DISCORD_KEYS)
            .chain(LAVALINK_KEYS)
            .chain(NODE_KEYS)
            .chain(QUEUP_KEYS)
            .chain(STACK_EXCHANGE_KEYS)
        {
            assert!(
                WHOLE.contains(&format!("{} =", key.name))
                    || WHOLE.contains(&format!(".{}]", key.name)),
                "`{}` is not tried",
                key.name
            );
        }
    }

    #[test]
    fn an_empty_configuration_is_all_defaults() {
        let config = Config::parse(Path::new("a.toml"), "").unwrap();
        assert_eq!(config.journal.path, Path::new("antiphon.db"));
        assert!(config.sources.is_empty());
    }

    #[test]
    fn a_bot_asks_for_no_privilege_unless_told_to() {
        let text = "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"T\" }";
        let config = Config::parse(Path::new("a.toml"), text).unwrap();
        let Platform::Discord(bot) = &config.sources[0].platform else {
            panic!("a Discord bot");
        };
        assert!(
            bot.intents
                .contains(Intents::GUILDS | Intents::GUILD_MESSAGES)
        );
        assert!(!bot.intents.intersects(
            Intents::GUILD_MEMBERS | Intents::GUILD_PRESENCES | Intents::MESSAGE_CONTENT
        ));
    }

    #[test]
    fn an_unknown_key_is_refused_with_a_suggestion() {
        refused(
            "[journal]\npth = \"a\"",
            "error: a.toml:2: [journal] knows no key `pth`\nhint: did you mean `path`?\n",
        );
        refused(
            "[jurnal]",
            "error: a.toml:1: the configuration knows no table `jurnal`\nhint: did you mean `journal`?\n",
        );
        refused(
            "[sources.choir]\nplatform = \"qeuup\"",
            "error: a.toml:2: [sources.choir] knows no platform `qeuup`\nhint: did you mean `queup`?\n",
        );
        refused(
            "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"T\" }\nintents = [\"GUILD_MESSAGE\"]",
            "error: a.toml:4: [sources.nave] knows no intent `GUILD_MESSAGE`\nhint: did you mean `GUILD_MESSAGES`?\n",
        );
        refused(
            "[sources.\"\"]\nplatform = \"queup\"",
            "error: a.toml:1: a source has no name\nhint: give it one, such as `[sources.choir]`\n",
        );
        refused(
            "[other]",
            "error: a.toml:1: the configuration knows no table `other`\nhint: it knows `journal`, `sources`\n",
        );
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_with_an_example() {
        refused(
            "[journal]\nkeep = 30",
            "error: a.toml:2: `keep` of [journal] is not a length of time such as \"30d\"\n",
        );
        refused(
            "[journal]\ndurability = \"disk\"",
            "error: a.toml:2: `durability` of [journal] is not one of \"process\", \"power\"\n",
        );
        refused(
            "[sources.choir]\nplatform = \"queup\"\nemail = \"m\"",
            "error: a.toml:1: [sources.choir] has no `password`\n\
             hint: password is { env = \"NAME\" } or { file = \"PATH\" }\n",
        );
    }

    #[test]
    fn a_wrong_node_is_refused_by_its_name() {
        let pool = "[sources.organ]\nplatform = \"lavalink\"\nuser = 7\n";
        refused(
            &format!("{pool}nodes = {{}}"),
            "error: a.toml:4: `nodes` of [sources.organ] names no node\n\
             hint: add a table such as `[sources.NAME.nodes.eu-1]` with `url` and `password`\n",
        );
        refused(
            &format!("{pool}[sources.organ.nodes.eu-1]\nurl = \"http://localhost:2333\""),
            "error: a.toml:4: [sources.organ.nodes.eu-1] has no `password`\n\
             hint: password is { env = \"NAME\" } or { file = \"PATH\" }\n",
        );
        refused(
            &format!("{pool}nodes = {{ eu-1 = {{ ulr = \"\" }} }}"),
            "error: a.toml:4: [sources.organ.nodes.eu-1] knows no key `ulr`\nhint: did you mean `url`?\n",
        );
        refused(
            "[sources.organ]\nplatform = \"lavalink\"\nuser = \"mira\"\nnodes = {}",
            "error: a.toml:4: `nodes` of [sources.organ] names no node\n\
             hint: add a table such as `[sources.NAME.nodes.eu-1]` with `url` and `password`\n",
        );
    }

    #[test]
    fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
        refused(
            "[sources.choir]\nplatform = \"queup\"\nemail = \"m\"\npassword = \"canary-7f3a\"",
            "error: a.toml:4: `password` of [sources.choir] is a secret and must not stand in the configuration\n\
             hint: write { env = \"NAME\" } or { file = \"PATH\" }\n",
        );
        let broken = "[sources.choir]\npassword = \"canary-7f3a";
        let error = Config::parse(Path::new("a.toml"), broken).expect_err("it does not parse");
        assert!(
            !format!("{error:?} {error}").contains("canary"),
            "{error:?}"
        );
    }
}
