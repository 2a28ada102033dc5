//! Configuration of the daemon, `antiphon.toml`.
//!
//! A key is declared once, as a field: its type is what it takes, its doc comment what it means, and serde's attributes
//! say its default. The reader, its errors, the JSON Schema and the tables of `docs/configuration.md` come from that.
//!
//! Reading goes in three steps. [`check`] holds the file against the schema, since its errors can name line, column,
//! table and key and suggest the nearest word, where serde's would show the value; all mistakes of a file are told in
//! one run. serde then builds the structs, which cannot fail any more but for a defect. Secrets are read last, when a
//! source is built, so that `tail` and `dead` need none.
//!
//! ```toml
//! [journal]
//! path = "antiphon.db"
//! keep = "90d"
//!
//! [sources.choir]
//! platform = "queup"
//! email = "mira@example.org"
//! password = { env = "QUEUP_PASSWORD" }
//! rooms = ["choir-loft"]
//! ```
//!
//! File names begin at the folder of the configuration, wherever the command was started.

pub(crate) mod check;
pub(crate) mod proxy;
#[cfg(test)]
pub(crate) mod reference;
pub(crate) mod schema;
pub(crate) mod secret;
pub(crate) mod servers;
pub(crate) mod simulator;
pub(crate) mod value;

use std::{
    collections::BTreeMap,
    fmt::Display,
    net::SocketAddr,
    path::{Path, PathBuf},
    time::Duration,
};

use antiphon::net::{Network, Proxy as NetProxy};
use antiphon_core::{KindPattern, Retention, Secret};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

#[cfg(test)]
pub(crate) use self::reference::keys;
pub(crate) use self::schema::schema;
use self::{
    proxy::Proxy,
    secret::SecretFrom,
    servers::ServersFrom,
    simulator::Simulator,
    value::{Address, FilePath, Length, Levels},
};
use crate::{
    args::Where, failure::Failure, journal::location::Location, logging::LogFormat,
    platform::SourceConfig,
};

/// Name of the configuration if none is given.
///
/// `tail` and `dead` use it only if it is there.
const FILE: &str = "antiphon.toml";
/// Name of the journal if none is given.
///
/// Both the configuration's default and that of commands without a configuration.
const JOURNAL: &str = "antiphon.db";
/// Name of a journal on NATS if none is given.
const NAME: &str = "antiphon";
/// Key that decides which other keys a source has.
const PLATFORM: &str = "platform";

/// Sources that `antiphon run` connects, and where it journals.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "antiphon.toml")]
pub(crate) struct Config {
    /// Where events are kept, and for how long.
    #[serde(default)]
    pub(crate) journal: Journal,
    /// What is logged on stderr, and in which form.
    #[serde(default)]
    pub(crate) log: Log,
    /// Figures for Prometheus.
    #[serde(default)]
    pub(crate) metrics: Metrics,
    /// Web pages of the journal.
    #[serde(default)]
    pub(crate) dashboard: Dashboard,
    /// Simulation that the sources connect to.
    #[serde(default)]
    pub(crate) simulator: Simulator,
    /// Sources to connect, each under a name of your own.
    #[serde(default)]
    #[schemars(extend("propertyNames" = {"minLength": 1}))]
    pub(crate) sources: BTreeMap<String, SourceConfig>,
    /// Folder where relative file names begin.
    #[serde(skip)]
    pub(crate) folder: PathBuf,
    /// The file as it is written, for a comparison with the next one; empty if it was not checked as a whole.
    #[serde(skip)]
    pub(crate) written: toml::Table,
}

/// Journal, and how long it keeps events.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Journal {
    /// File of the journal.
    #[schemars(example = &"antiphon.db")]
    pub(crate) path: FilePath,
    url: Option<ServersFrom>,
    /// Name of a journal on NATS: 1 to 64 letters, digits, `-` and `_`. Its stream is `antiphon-NAME`.
    name: String,
    /// How many servers of a cluster keep a journal on NATS; more than one needs nats-server 2.10.25. One that exists
    /// keeps its number.
    ///
    /// Default: as the stream has it, 1 for a new one.
    #[schemars(range(min = 1, max = 5))]
    replicas: Option<u8>,
    /// How many events a journal on NATS may have at a time; at the limit nothing is stored until a sweep has made room.
    /// The daemon needs about 150 bytes of memory for each.
    ///
    /// Default: 16,777,216.
    #[schemars(range(min = 1))]
    max_events: Option<u64>,
    /// How many bytes the stream of a journal on NATS may have on a server; at nine tenths of it nothing is stored until
    /// a sweep has made room. One that exists keeps its limit.
    ///
    /// Default: as the stream has it, no limit for a new one.
    #[schemars(range(min = 1_048_576))]
    stream_bytes: Option<u64>,
    /// After how long without a sign of life another process takes a journal on NATS over; the first process decides.
    lease: Length,
    /// How long the daemon waits for another one to give a journal on NATS up; a long time makes it one that stands by.
    wait: Length,
    /// User at the NATS servers.
    ///
    /// Default: none.
    user: Option<String>,
    /// Password of that user.
    ///
    /// Default: none.
    password: Option<SecretFrom>,
    /// Token for the NATS servers, in place of user and password.
    ///
    /// Default: none.
    token: Option<SecretFrom>,
    /// File in PEM with certificates to trust at `tls://` beside the system's.
    ///
    /// Default: none.
    #[schemars(example = &"nats-ca.pem")]
    certificate: Option<FilePath>,
    /// File in PEM with the certificate that the NATS servers may ask for.
    ///
    /// Default: none.
    #[schemars(example = &"nats-client.pem")]
    client_certificate: Option<FilePath>,
    /// File in PEM with the key of that certificate.
    ///
    /// Default: none.
    #[schemars(example = &"nats-client.key")]
    client_key: Option<FilePath>,
    /// What a stored event survives: `process`, the end of the process at any moment; `power`, the loss of the
    /// machine's power as well, for one fsync a commit.
    pub(crate) durability: Durability,
    /// Whether the bodies of new events are compressed; SQLite's tools then do not show them as text.
    pub(crate) compress: bool,
    /// How long events are kept that no rule names.
    ///
    /// Default: for good.
    keep: Option<Length>,
    /// How long events of these kinds are kept; the first rule that matches counts.
    rules: Vec<Rule>,
    /// Size in bytes above which the oldest events go first, as far as readers have got.
    ///
    /// Default: no limit.
    max_bytes: Option<u64>,
    /// How long the body of an event is kept after its platform has deleted it.
    delete_grace: Length,
    /// How long repeats are recognised.
    window: Length,
}

/// Log of the daemon, on stderr.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Log {
    /// Form of the log: `text`, for people; `json`, one object a line, for programs. `--log-format` counts before it.
    pub(crate) format: LogFormat,
    /// What is logged: `off`, `error`, `warn`, `info`, `debug` or `trace`, and levels of parts behind it. Notices of
    /// the daemon itself are always logged, unless `antiphon::daemon` has a level of its own. `RUST_LOG` counts before
    /// it.
    pub(crate) level: Levels,
}

/// Figures of the daemon, as Prometheus text at `/metrics`.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Metrics {
    /// Address to listen on.
    ///
    /// Default: the daemon does not listen.
    listen: Option<Address>,
    /// Whether `listen` may be an address that other machines can reach; there is no login.
    allow_remote: bool,
}

impl Metrics {
    /// The address to listen on, if there is one.
    ///
    /// # Errors
    /// An address that other machines can reach, without leave.
    pub(crate) fn address(&self) -> Result<Option<SocketAddr>, Failure> {
        match self.listen {
            Some(Address(address)) if !address.ip().is_loopback() && !self.allow_remote => {
                let error = format!("`listen` of [metrics]: other machines can reach {address}");
                Err(Failure::usage(error).hint(
                    "choose an address such as \"127.0.0.1:9464\", or add `allow_remote = true`",
                ))
            }
            listen => Ok(listen.map(|Address(address)| address)),
        }
    }
}

/// Web pages of the daemon, as `antiphon dashboard` serves them.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Dashboard {
    /// Address to listen on; any but a loopback address needs `login`.
    ///
    /// Default: the daemon serves no pages.
    listen: Option<Address>,
    /// Further names by which browsers reach the server, such as that of a proxy; one without a port is taken with that
    /// of `listen`, and with none.
    #[schemars(example = &["bot.example.org"])]
    pub(crate) hosts: Vec<String>,
    /// File with the login that is asked for, in its first line: `user:password`.
    ///
    /// Default: none is asked for.
    #[schemars(example = &"dashboard.login")]
    pub(crate) login: Option<FilePath>,
}

impl Dashboard {
    /// The address to listen on, if there is one.
    pub(crate) fn listen(&self) -> Option<SocketAddr> {
        self.listen.map(|Address(address)| address)
    }
}

/// What a stored event survives.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
#[schemars(inline)]
pub(crate) enum Durability {
    /// The end of the process at any moment.
    #[default]
    Process,
    /// The loss of the machine's power as well, for one fsync a commit.
    Power,
}

/// How long events of some kinds are kept.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(inline)]
struct Rule {
    /// Kinds that it is about, with `*` for any characters.
    #[schemars(example = &"queup.*")]
    kind: String,
    /// How long their events are kept.
    keep: Length,
}

impl Default for Journal {
    fn default() -> Self {
        let retention = Retention::default();
        Self {
            path: FilePath::new(JOURNAL),
            url: None,
            name: NAME.to_owned(),
            replicas: None,
            max_events: None,
            stream_bytes: None,
            lease: Length(Duration::from_secs(6)),
            wait: Length(Duration::from_secs(10)),
            user: None,
            password: None,
            token: None,
            certificate: None,
            client_certificate: None,
            client_key: None,
            durability: Durability::default(),
            compress: false,
            keep: None,
            rules: Vec::new(),
            max_bytes: None,
            delete_grace: Length(retention.delete_grace),
            window: Length(retention.window),
        }
    }
}

impl Journal {
    /// What the journal keeps, and for how long.
    ///
    /// Momentary kinds are added by the app, from the platforms' lists.
    pub(crate) fn retention(&self) -> Retention {
        let rules = self.rules.iter();
        Retention {
            keep: self.keep.map(|keep| keep.0),
            rules: rules
                .map(|rule| (KindPattern::new(rule.kind.as_str()), rule.keep.0))
                .collect(),
            max_bytes: self.max_bytes,
            delete_grace: self.delete_grace.0,
            window: self.window.0,
            ..Retention::default()
        }
    }
}

impl Config {
    /// Reads the file, and no secrets: each is read when its source is built.
    ///
    /// # Errors
    /// Usage errors, each with line and column: no file, no TOML, an unknown or missing key, a value that does not fit.
    pub(crate) fn read(path: &Path) -> Result<Self, Failure> {
        let text = check::load(path).map_err(Failure::from)?;
        Self::parse(path, &text)
    }

    /// Reads a text; `path` is for errors, and its folder for relative file names.
    ///
    /// # Errors
    /// As those of [`Config::read`], but for those of the file.
    pub(crate) fn parse(path: &Path, text: &str) -> Result<Self, Failure> {
        let config = check::read(path, text)?;
        Ok(Self {
            folder: path.parent().unwrap_or(Path::new("")).to_owned(),
            ..config
        })
    }

    /// Where the journal is.
    ///
    /// # Errors
    /// A secret of a journal on servers that cannot be read.
    pub(crate) fn location(&self) -> Result<Location, Failure> {
        self.journal.location(&self.folder)
    }

    /// The sources, each with its name and the folder of its files.
    pub(crate) fn sources(&self) -> impl Iterator<Item = (Context<'_>, &SourceConfig)> {
        self.sources.iter().map(|(name, source)| {
            let context = Context {
                name,
                folder: &self.folder,
            };
            (context, source)
        })
    }
}

/// Name of a source, and folder where its relative file names begin.
///
/// It goes with each source while the source is built, for errors that name it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Context<'a> {
    /// The name in `[sources.NAME]`, which is the source's name in the journal.
    pub(crate) name: &'a str,
    /// The configuration's folder; empty for one of the working folder.
    pub(crate) folder: &'a Path,
}

impl Context<'_> {
    /// Reads a secret; an error names the source and the secret.
    ///
    /// # Errors
    /// Which secret of which source could not be read, and why; never the secret.
    pub(crate) fn secret(self, from: &SecretFrom, of: impl Display) -> Result<Secret, Failure> {
        from.read(self.folder)
            .map_err(|error| self.about(error.into(), of))
    }

    /// The path that a key names, from the configuration's folder on.
    pub(crate) fn path(self, path: Option<&FilePath>) -> Option<PathBuf> {
        path.map(|path| path.within(self.folder))
    }

    /// The internet, through the proxy if there is one, with trust in the certificate if there is one.
    ///
    /// # Errors
    /// A secret that cannot be read, or a URL in it that is no proxy's; a certificate that cannot be read.
    pub(crate) fn network(
        self,
        proxy: Option<&Proxy>,
        certificate: Option<&FilePath>,
    ) -> Result<Network, Failure> {
        let network = match self.path(certificate) {
            None => Network::new(),
            Some(path) => {
                Network::new().root_certificate(&std::fs::read(&path).map_err(|error| {
                    let message = format!("could not read {}", path.display());
                    let error = Failure::usage(message).because(error);
                    self.about(error, "the certificate")
                        .hint("`certificate` takes the name of a PEM file")
                })?)
            }
        };
        let proxy = match proxy {
            None => return Ok(network.environment(proxy::of_environment()?)),
            Some(Proxy::Url(None)) => return Ok(network),
            Some(Proxy::Url(Some(proxy))) => proxy.clone(),
            Some(Proxy::Secret(from)) => {
                let of = "the proxy";
                NetProxy::parse(self.secret(from, of)?.expose())
                    .map_err(|error| self.about(Failure::usage(error.to_string()), of))?
            }
        };
        Ok(network.proxy(proxy))
    }

    /// `of` says which secret: `the password`, `the proxy`.
    fn about(self, error: Failure, of: impl Display) -> Failure {
        error.about(format_args!("{of} of [sources.{}]", self.name))
    }
}

/// Sets an option if a value is given.
pub(crate) fn set<C, T>(config: C, value: Option<T>, set: impl FnOnce(C, T) -> C) -> C {
    match value {
        Some(value) => set(config, value),
        None => config,
    }
}

/// The journal that a command reads.
///
/// `--journal` needs no configuration; `--config` must exist; otherwise `antiphon.toml` of this folder counts if there
/// is one.
pub(crate) fn journal(place: &Where) -> Result<Location, Failure> {
    journal_of(place, of_place(place)?.as_ref())
}

/// The same, with the configuration of the place.
///
/// # Errors
/// A secret that cannot be read, and an address in place of a file's name.
pub(crate) fn journal_of(place: &Where, config: Option<&Config>) -> Result<Location, Failure> {
    match (&place.journal, config) {
        (Some(journal), _) => file(journal),
        (None, Some(config)) => config.location(),
        (None, None) => Ok(PathBuf::from(JOURNAL).into()),
    }
}

/// The file that `--journal` names.
///
/// # Errors
/// It is the address of a server.
pub(crate) fn file(path: &Path) -> Result<Location, Failure> {
    let is_address = ["nats://", "tls://"].iter().any(|scheme| {
        let name = path.as_os_str().as_encoded_bytes();
        name.starts_with(scheme.as_bytes())
    });
    if is_address {
        let error = Failure::usage("`--journal` names a file, and not servers");
        return Err(error.hint(
            "write `[journal]` with `url` into a configuration, and name that one with `--config`",
        ));
    }
    Ok(path.to_owned().into())
}

/// What the journal of a command keeps, as its configuration says; everything for one that was named by its file.
pub(crate) fn retention_of(config: Option<&Config>) -> Retention {
    config.map_or_else(Retention::default, |config| config.journal.retention())
}

/// The configuration that names the journal, if there is one.
///
/// # Errors
/// As [`journal`].
pub(crate) fn of_place(place: &Where) -> Result<Option<Config>, Failure> {
    match &place.config {
        _ if place.journal.is_some() => Ok(None),
        Some(config) => Config::read(config).map(Some),
        None if Path::new(FILE).exists() => Config::read(Path::new(FILE)).map(Some),
        None => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use antiphon_discord::Intents as Bits;

    use super::*;
    use crate::{
        failure::report,
        journal::location::Login,
        platform::{
            PLATFORMS,
            discord::config::{Compression, Intents},
            stackexchange::config::{Server, Sockets},
        },
    };

    /// Tests that this is among the errors of a file. Columns have tests of their own (`check/tests.rs`).
    #[track_caller]
    fn refused(text: &str, expected: &str) {
        let error = Config::parse(Path::new("a.toml"), text).expect_err("it is wrong");
        let (exit, said) = report(&error.into());
        let said = said.iter().map(|line| without_column(line));
        let said = said.collect::<String>();
        assert_eq!(exit.code(), 2);
        assert!(said.contains(expected), "{said}\n{expected}");
    }

    /// `error: a.toml:2:1: …` as `error: a.toml:2: …`, with a line end.
    fn without_column(line: &str) -> String {
        let parts: Vec<_> = line.splitn(5, ':').collect();
        match parts.as_slice() {
            ["error", file, line, _, rest] => format!("error:{file}:{line}:{rest}\n"),
            _ => format!("{line}\n"),
        }
    }

    const WHOLE: &str = r#"
        [journal]
        path = "events.db"
        name = "choir"
        replicas = 3
        max_events = 1_000_000
        stream_bytes = 1_000_000_000
        lease = "4s"
        wait = "1h"
        user = "mira"
        password = { env = "NATS_PASSWORD" }
        token = { file = "nats-token" }
        certificate = "nats-ca.pem"
        client_certificate = "nats-client.pem"
        client_key = "nats-client.key"
        durability = "power"
        compress = true
        keep = "90d"
        rules = [{ kind = "queup.presence_change", keep = "10m" }]
        max_bytes = 1_000_000_000
        delete_grace = "1h"
        window = "14d"

        [log]
        format = "json"
        level = "info,antiphon_net=warn"

        [metrics]
        listen = "[::1]:9464"
        allow_remote = true

        [dashboard]
        listen = "192.0.2.1:8420"
        hosts = ["bot.example.org", "sim.example.org:81"]
        login = "dashboard.login"

        [simulator]
        control = "127.0.0.1:7000"
        token = { env = "ANTIPHON_SIM_TOKEN" }
    "#;

    /// A configuration with every key.
    fn whole() -> String {
        let platforms = PLATFORMS.iter().map(|platform| platform.whole);
        [WHOLE].into_iter().chain(platforms).collect()
    }

    #[test]
    fn every_key_is_read() {
        let config = Config::parse(Path::new("/etc/antiphon/a.toml"), &whole()).unwrap();
        let location = config.location().expect("no secrets");
        assert_eq!(location.file(), Some(Path::new("/etc/antiphon/events.db")));
        assert_eq!(config.journal.durability, Durability::Power);
        assert!(config.journal.compress);
        let retention = config.journal.retention();
        assert_eq!(retention.keep, Some(Duration::from_secs(90 * 86_400)));
        let rule = (
            KindPattern::new("queup.presence_change"),
            Duration::from_secs(600),
        );
        assert_eq!(retention.rules, [rule]);
        assert_eq!(retention.max_bytes, Some(1_000_000_000));
        assert_eq!(retention.delete_grace, Duration::from_secs(3600));
        assert_eq!(retention.window, Duration::from_secs(14 * 86_400));

        let listen = config.metrics.address().expect("loopback");
        assert_eq!(listen, Some("[::1]:9464".parse().expect("an address")));
        let pages = &config.dashboard;
        let listen = "192.0.2.1:8420".parse().expect("an address");
        assert_eq!(pages.listen(), Some(listen));
        assert_eq!(pages.hosts, ["bot.example.org", "sim.example.org:81"]);
        assert_eq!(pages.login, Some(FilePath::new("dashboard.login")));
        assert_eq!(config.log.format, LogFormat::Json);
        assert_eq!(config.log.level.as_str(), "info,antiphon_net=warn");

        let source = |name: &str| &config.sources[name];
        let (
            SourceConfig::Queup(queup),
            SourceConfig::Discord(bot),
            SourceConfig::Lavalink(organ),
            SourceConfig::StackExchange(chat),
        ) = (
            source("choir"),
            source("nave"),
            source("organ"),
            source("tea"),
        )
        else {
            panic!("sources by their names");
        };
        assert_eq!(bot.token, SecretFrom::Env("DISCORD_TOKEN".to_owned()));
        let intents = Bits::GUILDS | Bits::GUILD_EMOJIS_AND_STICKERS | Bits::MESSAGE_CONTENT;
        assert_eq!(bot.intents, Intents(intents));
        assert_eq!(bot.shards.map(std::num::NonZeroU32::get), Some(4));
        assert_eq!(bot.compression, Compression::Zlib);

        assert_eq!(organ.user.0.get(), 80_351_110_224_678_912);
        assert_eq!(organ.failover_after.0, Duration::from_secs(5));
        let nodes: Vec<_> = organ.nodes.iter().collect();
        let [(eu, node), (_, us)] = nodes.as_slice() else {
            panic!("two nodes");
        };
        assert_eq!((eu.as_str(), node.region.as_deref()), ("eu-1", Some("eu")));
        assert_eq!(us.url, "https://us.example.org");
        assert_eq!(us.password, SecretFrom::File(FilePath::new("us")));

        assert_eq!(chat.server, Server::MetaStackExchange);
        let rooms: Vec<_> = chat.rooms.iter().map(|room| room.get()).collect();
        assert_eq!(rooms, [4242, 17]);
        assert_eq!(chat.sockets, Sockets::PerRoom);
        assert_eq!(chat.poll_interval.0, Duration::from_secs(3));
        assert!(!chat.acknowledge && chat.url.is_some());

        assert_eq!(queup.password, SecretFrom::Env("QUEUP_PASSWORD".to_owned()));
        assert_eq!(queup.rooms, ["choir-loft", "night-radio"]);
        let password = SecretFrom::Env("NIGHT_RADIO".to_owned());
        assert_eq!(queup.room_passwords.get("night-radio"), Some(&password));
        let folder = &config.folder;
        let cookies = queup.cookie_file.as_ref().map(|path| path.within(folder));
        assert_eq!(
            cookies.as_deref(),
            Some(Path::new("/var/lib/choir.cookies"))
        );
        let Some(Proxy::Secret(SecretFrom::File(proxy))) = &queup.proxy else {
            panic!("a secret proxy");
        };
        assert_eq!(proxy.within(folder), Path::new("/etc/antiphon/proxy"));
        let whole = whole();
        for (table, keys) in reference::tables() {
            for key in keys {
                assert!(
                    whole.contains(&format!("{key} =")) || whole.contains(&format!(".{key}]")),
                    "`{key}` of {table} is not tried"
                );
            }
        }
    }

    #[test]
    fn a_journal_on_servers_is_shown_by_its_name_and_their_addresses() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("password"), "canary-7f3a\n").unwrap();
        let text = "[journal]\nurl = \"nats://10.0.0.1:4222, tls://nats.example.org\"\nname = \"choir\"\n\
                    replicas = 3\nlease = \"4s\"\nuser = \"mira\"\npassword = { file = \"password\" }\n";
        let parse = |text: &str| Config::parse(&folder.path().join("a.toml"), text).unwrap();
        let location = parse(text).location().unwrap();
        assert_eq!(
            location.to_string(),
            "`choir` at nats://10.0.0.1:4222, tls://nats.example.org"
        );
        assert_eq!(location.beside(), folder.path().join("antiphon-choir"));
        assert!(!format!("{location:?}").contains("canary"));
        let Location::Servers(servers) = location else {
            panic!("it is on servers");
        };
        assert_eq!((servers.replicas, servers.lease.as_secs()), (Some(3), 4));
        assert!(matches!(servers.login, Some(Login::User(user, _)) if user == "mira"));

        let url = "nats://mira:canary-7f3a@10.0.0.1";
        std::fs::write(folder.path().join("url"), url).unwrap();
        let location = parse("[journal]\nurl = { file = \"url\" }")
            .location()
            .unwrap();
        assert_eq!(location.to_string(), "`antiphon` at nats://10.0.0.1");
        std::fs::write(folder.path().join("url"), "canary-7f3a").unwrap();
        let wrong = parse("[journal]\nurl = { file = \"url\" }").location();
        let (exit, said) = report(&wrong.expect_err("it is no address").into());
        assert_eq!(exit.code(), 2);
        assert!(said[0].contains("no addresses of NATS servers"), "{said:?}");
        assert!(!said.concat().contains("canary"), "{said:?}");
    }

    #[test]
    fn an_empty_configuration_is_all_defaults() {
        let config = Config::parse(Path::new("a.toml"), "").unwrap();
        let location = config.location().expect("no secrets");
        assert_eq!(location.file(), Some(Path::new("antiphon.db")));
        assert!(config.sources.is_empty());
    }

    #[test]
    fn metrics_are_for_this_machine_unless_others_are_let_in() {
        for address in ["0.0.0.0:9464", "192.0.2.1:9464", "[::]:9464"] {
            let text = format!("[metrics]\nlisten = \"{address}\"\n");
            let listen = |text: &str| {
                Config::parse(Path::new("a.toml"), text)
                    .unwrap()
                    .metrics
                    .address()
            };
            let (exit, said) = report(&listen(&text).expect_err("refused").into());
            assert_eq!(exit.code(), 2);
            assert_eq!(
                said[0],
                format!("error: `listen` of [metrics]: other machines can reach {address}")
            );
            assert!(listen(&format!("{text}allow_remote = true")).is_ok());
        }
        refused(
            "[metrics]\nlisten = \"localhost\"",
            "error: a.toml:2: `listen` of [metrics] is not an address with its port such as \"127.0.0.1:9464\"\n",
        );
    }

    #[test]
    fn a_bot_asks_for_no_privilege_unless_told_to() {
        let text = "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"T\" }";
        let config = Config::parse(Path::new("a.toml"), text).unwrap();
        let Some(SourceConfig::Discord(bot)) = config.sources.values().next() else {
            panic!("a Discord bot");
        };
        let Intents(intents) = bot.intents;
        assert!(intents.contains(Bits::GUILDS | Bits::GUILD_MESSAGES));
        assert!(
            !intents
                .intersects(Bits::GUILD_MEMBERS | Bits::GUILD_PRESENCES | Bits::MESSAGE_CONTENT)
        );
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
            "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"T\" }\nnothing = 1",
            "error: a.toml:4: [sources.nave] knows no key `nothing`\n\
             hint: it knows `platform`, `token`, `certificate`, `compression`, `gateway`, `intents`, `proxy`, `rest`, `shards`, `user_agent`\n",
        );
        refused(
            "[other]",
            "error: a.toml:1: the configuration knows no table `other`\nhint: it knows `dashboard`, `journal`, `log`, `metrics`, `simulator`, `sources`\n",
        );
    }

    #[test]
    fn a_value_of_the_wrong_kind_is_refused_with_an_example() {
        for keep in ["30", "\"30\"", "\"soon\"", "\"-1h\"", "[\"1h\"]"] {
            refused(
                &format!("[journal]\nkeep = {keep}"),
                "error: a.toml:2: `keep` of [journal] is not a length of time such as \"30d\"\n",
            );
        }
        refused(
            "[journal]\ndurability = \"disk\"",
            "error: a.toml:2: `durability` of [journal] is not one of \"process\", \"power\"\n",
        );
        refused(
            "[log]\nlevel = \"loud\"",
            "error: a.toml:2: `level` of [log] is not a level, or levels of parts, such as \"warn\"\n",
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
    fn a_rule_and_an_item_are_refused_on_their_own_lines() {
        refused(
            "[journal]\n\n[[journal.rules]]\nkind = \"queup.*\"\nkeep = \"1h\"\n[[journal.rules]]\nknd = \"\"\nkeep = \"1h\"",
            "error: a.toml:7: [[journal.rules]] knows no key `knd`\nhint: did you mean `kind`?\n",
        );
        refused(
            "[journal]\nrules = [\n{ kind = \"a\", keep = \"1h\" },\n{ kind = \"a\", keep = 1 },\n]",
            "error: a.toml:4: `keep` of [[journal.rules]] is not a length of time such as \"30d\"\n",
        );
        refused(
            "[journal]\nrules = 5",
            "error: a.toml:2: `rules` of [journal] is not a list of { kind = \"queup.*\", keep = \"30d\" }\n",
        );
        refused(
            &format!("{CHAT}rooms = [\n4242,\n\"tea\",\n]"),
            "error: a.toml:7: `rooms` of [sources.tea] is not a list of whole numbers such as [4242]\n",
        );
    }

    const BOT: &str = "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"T\" }\n";
    const CHAT: &str =
        "[sources.tea]\nplatform = \"stackexchange\"\nemail = \"m\"\npassword = { env = \"T\" }\n";

    #[test]
    fn a_value_out_of_range_is_refused_with_the_range() {
        for shards in [
            "0",
            "-1",
            "4_294_967_296",
            "9_223_372_036_854_775_808",
            "1.5",
        ] {
            refused(
                &format!("{BOT}shards = {shards}"),
                "error: a.toml:4: `shards` of [sources.nave] is not a whole number from 1 to 4294967295\n",
            );
        }
        refused(
            &format!("{CHAT}url = \"localhost\""),
            "error: a.toml:5: `url` of [sources.tea] is not a URL of a server such as \"http://127.0.0.1:7007\"\n",
        );
        let pool = "[sources.organ]\nplatform = \"lavalink\"\nnodes.eu-1 = { url = \"http://e\", password = { env = \"E\" } }";
        for user in ["0", "-7", "\"mira\"", "\"0\"", "true"] {
            refused(
                &format!("{pool}\nuser = {user}"),
                "error: a.toml:4: `user` of [sources.organ] is not an id such as \"80351110224678912\"\n",
            );
        }
    }

    /// The names of all platforms, as a hint lists them.
    fn known() -> String {
        let names = PLATFORMS.iter();
        let names: Vec<_> = names.map(|known| format!("\"{}\"`", known.name)).collect();
        let (last, first) = names.split_last().expect("there are some");
        format!("{} or `{last}", first.join(", `"))
    }

    #[test]
    fn what_is_no_table_and_what_names_no_platform_is_refused() {
        refused("journal = 5", "error: a.toml:1: [journal] is not a table\n");
        refused(
            "sources = []",
            "error: a.toml:1: [sources] is not a table\n",
        );
        refused(
            "[sources]\ntea = \"\"",
            "error: a.toml:2: [sources.tea] is not a table\n",
        );
        refused(
            "[sources.tea]\nemail = \"m\"",
            &format!(
                "error: a.toml:1: [sources.tea] has no `platform`\nhint: add `platform = {}\n",
                known()
            ),
        );
        refused(
            "[sources.tea]\nplatform = 7",
            "error: a.toml:2: `platform` of [sources.tea] is not a text\n",
        );
        refused(
            &format!("{CHAT}platfrom = \"\""),
            "error: a.toml:5: [sources.tea] knows no key `platfrom`\nhint: did you mean `platform`?\n",
        );
    }

    #[test]
    fn a_proxy_is_read_at_once() {
        refused(
            &format!("{BOT}proxy = \"htp://mira:canary-7f3a@nowhere\""),
            "error: a.toml:4: `proxy` of [sources.nave] cannot be used: a proxy's scheme is one of http, https, socks5, \
             socks5h, socks4 and socks4a\n",
        );
        for proxy in [
            "5",
            "{}",
            "{ evn = \"P\" }",
            "{ env = \"P\", file = \"p\" }",
        ] {
            refused(
                &format!("{BOT}proxy = {proxy}"),
                "error: a.toml:4: `proxy` of [sources.nave] is not a URL such as \"socks5h://127.0.0.1:9050\", or \
                 { env = \"NAME\" } or { file = \"PATH\" }\n",
            );
        }

        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(&file, "htp://mira:canary-7f3a@nowhere\n").unwrap();
        let context = Context {
            name: "nave",
            folder: Path::new(""),
        };
        let path = file.path().to_str().expect("a plain path");
        let from = Proxy::Secret(SecretFrom::File(FilePath::new(path)));
        let error = context
            .network(Some(&from), None)
            .expect_err("it is no proxy");
        let (exit, lines) = report(&error.into());
        assert_eq!(
            (exit.code(), lines.join("\n").as_str()),
            (
                2,
                "error: the proxy of [sources.nave]: a proxy's scheme is one of http, https, socks5, socks5h, socks4 \
                 and socks4a"
            )
        );
    }

    #[test]
    fn a_secret_in_the_configuration_is_refused_and_not_repeated() {
        refused(
            "[sources.choir]\nplatform = \"queup\"\nemail = \"m\"\npassword = \"canary-7f3a\"",
            "error: a.toml:4: `password` of [sources.choir] is a secret and must not stand in the configuration\n\
             hint: write { env = \"NAME\" } or { file = \"PATH\" }\n",
        );
        refused(
            "[sources.nave]\nplatform = \"discord\"\ntoken = { env = \"T\" }\nintents = \"canary-7f3a\"",
            "error: a.toml:4: `intents` of [sources.nave] is not a list of texts such as [\"GUILDS\", \"GUILD_MESSAGES\"]\n",
        );
        for password in [
            "{ canary-7f3a = \"x\" }",
            "[\"canary-7f3a\"]",
            "{ env = 7 }",
        ] {
            refused(
                &format!(
                    "[sources.choir]\nplatform = \"queup\"\nemail = \"m\"\npassword = {password}"
                ),
                "error: a.toml:4: `password` of [sources.choir] is not { env = \"NAME\" } or { file = \"PATH\" }\n",
            );
        }
        refused(
            "[sources.choir]\nplatform = \"queup\"\nemail = \"m\"\npassword = { env = \"P\" }\nroom_passwords = { loft = \"canary-7f3a\" }",
            "error: a.toml:5: `room_passwords` of [sources.choir] holds secrets, which must not stand in the configuration\n\
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
