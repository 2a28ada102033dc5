//! What the schema cannot say of the file.
//!
//! [`Lint`] is what all platforms share: secrets, addresses, proxies, certificates and files. Rules of one platform are
//! in its `check.rs`.

mod journal;

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Display,
    net::{IpAddr, SocketAddr},
    ops::Range,
    path::{Path, PathBuf},
};

use antiphon::net::{EnvironmentProxies, parse_url};
use antiphon_core::Secret;
use http::{HeaderValue, Uri};
use toml::de::DeValue;

use super::{Findings, Table, clipped};
use crate::{
    args::host_and_port,
    command::dashboard::login_of,
    config::{
        PLATFORM, proxy,
        secret::{SecretFrom, is_open_to_others, shell_word},
        value::{FilePath, overlap},
    },
    finding::{Code, Finding},
    platform::PLATFORMS,
};

/// Checks everything that the schema cannot say.
pub(super) fn lint(root: &DeValue<'_>, folder: &Path, findings: &mut Findings<'_>) {
    let Some(root) = Table::root(root) else {
        return;
    };
    let mut lint = Lint {
        folder,
        findings,
        accounts: BTreeMap::new(),
        files: BTreeMap::new(),
        open: BTreeSet::new(),
    };
    journal::check(root.table("journal"), &mut lint);
    metrics(root.table("metrics"), &mut lint);
    dashboard(root.table("dashboard"), &mut lint);
    listeners(root.table("metrics"), root.table("dashboard"), &mut lint);
    let mut platforms = BTreeSet::new();
    for source in root.tables("sources") {
        let Some((name, _)) = source.text(PLATFORM) else {
            continue;
        };
        let Some(platform) = PLATFORMS.iter().find(|known| known.name == name) else {
            continue;
        };
        platforms.insert(platform.name);
        lint.connection(source);
        (platform.check)(source, &mut lint);
    }
    if root.tables("sources").next().is_none() && !lint.findings.is_broken() {
        lint.findings.add(
            Code::SourcesEmpty,
            &(0..0),
            "the configuration has no source",
        );
    }
    environment(root, &mut lint);
    let pool = root.tables("sources").find(|source| {
        source
            .text(PLATFORM)
            .is_some_and(|(name, _)| name == "lavalink")
    });
    if let Some(pool) = pool
        && !platforms.contains("discord")
    {
        let message = format_args!("{} has nodes, and no source is a bot", of(pool));
        lint.findings
            .add(Code::LavalinkWithoutDiscord, &pool.at(), message);
    }
}

/// Looks at the proxies of the environment, which sources without a proxy of their own use.
fn environment(root: Table<'_>, lint: &mut Lint<'_, '_>) {
    let Some(source) = root
        .tables("sources")
        .find(|source| !source.has("proxy") && source.has(PLATFORM))
    else {
        return;
    };
    match EnvironmentProxies::from_env() {
        Ok(proxies) => {
            for (variable, proxy) in proxies.named() {
                let message = format_args!(
                    "{} has no proxy of its own, and `{variable}` in the environment names {proxy}",
                    of(source)
                );
                lint.add(Code::ProxyOfEnvironment, &source.at(), message);
            }
        }
        Err(error) => {
            let message = format_args!("{} has no proxy of its own, and {error}", of(source));
            let cause = std::error::Error::source(&error).map(ToString::to_string);
            let finding = Finding::new(Code::ProxyVariableWrong, message)
                .because(cause.unwrap_or_default())
                .hint(proxy::way_out(&error));
            lint.put(&source.at(), finding);
        }
    }
}

/// Looks whether other machines can reach the metrics without leave.
fn metrics(metrics: Option<Table<'_>>, lint: &mut Lint<'_, '_>) {
    let Some(metrics) = metrics else { return };
    if let Some((listen, at)) = metrics.text("listen")
        && let Ok(address) = listen.parse::<SocketAddr>()
        && !address.ip().is_loopback()
        && metrics.flag("allow_remote") != Some(true)
    {
        let message = format_args!("`listen` of [metrics]: other machines can reach {address}");
        lint.add(Code::MetricsOpen, &at, message);
    }
}

/// Looks whether other machines can reach the pages without a login, and at the login and the names.
fn dashboard(dashboard: Option<Table<'_>>, lint: &mut Lint<'_, '_>) {
    let Some(dashboard) = dashboard else { return };
    match (dashboard.text("login"), dashboard.text("listen")) {
        (Some((name, at)), _) => {
            let path = lint.path(name);
            lint.openness(&path, &at);
            if let Err(finding) = login_of(&path) {
                lint.put(&at, finding);
            }
        }
        (None, Some((listen, at))) => {
            if let Ok(address) = listen.parse::<SocketAddr>()
                && !address.ip().is_loopback()
            {
                let message =
                    format_args!("`listen` of [dashboard]: other machines can reach {address}");
                lint.add(Code::DashboardOpen, &at, message);
            }
        }
        (None, None) => {}
    }
    for (host, at) in dashboard.texts("hosts") {
        if host_and_port(host).is_err() {
            let message = format_args!(
                "`hosts` of [dashboard]: `{}` is no name or address of a machine",
                clipped(host)
            );
            lint.add(Code::DashboardHostWrong, &at, message);
        }
    }
}

/// Looks whether the metrics and the dashboard are to listen on one port.
fn listeners(metrics: Option<Table<'_>>, dashboard: Option<Table<'_>>, lint: &mut Lint<'_, '_>) {
    let address = |table: Option<Table<'_>>| {
        let (listen, at) = table?.text("listen")?;
        Some((listen.parse::<SocketAddr>().ok()?, at))
    };
    let (Some((metrics, _)), Some((dashboard, at))) = (address(metrics), address(dashboard)) else {
        return;
    };
    if overlap(metrics, dashboard) {
        let message =
            format_args!("`listen` of [dashboard]: {dashboard} is where [metrics] listens already");
        lint.add(Code::ListenTwice, &at, message);
    }
}

/// The name of a source's table in a message.
pub(crate) fn of(source: Table<'_>) -> String {
    format!("[sources.{}]", clipped(source.name))
}

/// Checks that the sources of all platforms share, and what they have seen so far.
#[derive(Debug)]
pub(crate) struct Lint<'a, 't> {
    /// Folder where relative names begin.
    folder: &'a Path,
    findings: &'a mut Findings<'t>,
    /// Sources by their account; an account is compared and never shown.
    accounts: BTreeMap<String, String>,
    /// Keys by the file that they name for themselves.
    files: BTreeMap<PathBuf, String>,
    /// Files that are open to others, each reported once.
    open: BTreeSet<PathBuf>,
}

impl Lint<'_, '_> {
    pub(crate) fn add(&mut self, code: Code, at: &Range<usize>, message: impl Display) {
        self.findings.add(code, at, message);
    }

    pub(crate) fn put(&mut self, at: &Range<usize>, finding: Finding) {
        self.findings.put(at, finding);
    }

    /// A file that a key names, from the configuration's folder on.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        FilePath::new(name).within(self.folder)
    }

    /// Checks proxy, certificate and the name in requests.
    fn connection(&mut self, source: Table<'_>) {
        if let Some((text, at)) = source.text("proxy")
            && source.proxy("proxy").is_some()
            && has_login(text)
        {
            let message = format_args!("`proxy` of {} has a login in it", of(source));
            self.add(Code::ProxyWithLogin, &at, message);
        }
        if let Some(proxy) = self.secret(source, "proxy", "the proxy")
            && let Err(error) = antiphon::net::Proxy::parse(proxy.expose())
        {
            let message = format_args!("the proxy of {}: {error}", of(source));
            self.add(Code::ProxyWrong, &source.at_key("proxy"), message);
        }
        if let Some((name, at)) = source.text("certificate") {
            self.certificate(&self.path(name), &at);
        }
        self.header(source, "user_agent");
    }

    /// Checks a text that becomes a field of a request's head.
    pub(crate) fn header(&mut self, table: Table<'_>, key: &str) {
        if let Some((text, at)) = table.text(key)
            && (text.is_empty() || HeaderValue::try_from(text).is_err())
        {
            let message = format_args!("`{key}` of {} cannot be sent as a header", of(table));
            self.add(Code::HeaderUnsendable, &at, message);
        }
    }

    fn certificate(&mut self, path: &Path, at: &Range<usize>) {
        let shown = path.display();
        match std::fs::read(path) {
            Err(error) => {
                let message = format_args!("could not read the certificate {shown}");
                let finding = Finding::new(Code::CertificateUnreadable, message);
                self.put(at, finding.because(error));
            }
            Ok(bytes) => {
                let marker = b"-----BEGIN CERTIFICATE-----";
                let is_pem = bytes.windows(marker.len()).any(|part| part == marker);
                // DER begins with a sequence of a length in two bytes.
                if !is_pem && !bytes.starts_with(&[0x30, 0x82]) {
                    let message = format_args!("{shown} has no certificate in it");
                    self.add(Code::CertificateWrong, at, message);
                }
            }
        }
    }

    /// Checks the secret of a key, and gives it if it can be read without using it up.
    ///
    /// `of` says which secret: `the password`, `the proxy`.
    pub(crate) fn secret(
        &mut self,
        table: Table<'_>,
        key: &str,
        what: impl Display,
    ) -> Option<Secret> {
        let (from, at) = table.secret(key)?;
        let about = format!("{what} of {}", of(table));
        self.secret_from(&from, &at, &about)
    }

    /// Checks a secret; `about` begins the message.
    pub(crate) fn secret_from(
        &mut self,
        from: &SecretFrom,
        at: &Range<usize>,
        about: &str,
    ) -> Option<Secret> {
        if let SecretFrom::File(path) = from {
            let path = path.within(self.folder);
            self.openness(&path, at);
            // What a service manager gives through a pipe can be read once alone, by the source itself.
            let is_pipe = |file: std::fs::Metadata| !file.is_file() && !file.is_dir();
            if path.metadata().is_ok_and(is_pipe) {
                return None;
            }
        }
        let text = match from.text(self.folder) {
            Ok(text) => text,
            Err(finding) => {
                self.put(at, finding.about(about));
                return None;
            }
        };
        let line = text.lines().next().unwrap_or_default();
        if line.trim() != line || is_quoted(line) {
            let message = if is_quoted(line) {
                format!("{about} has quotation marks around it")
            } else {
                format!("{about} has blanks around it")
            };
            self.add(Code::SecretQuoted, at, message);
        }
        if is_assignment(line) {
            let message = format!("{about} begins with the name of a variable and `=`");
            self.add(Code::SecretAssignment, at, message);
        }
        Some(Secret::new(line))
    }

    /// Checks that nobody else can read a file.
    fn openness(&mut self, path: &Path, at: &Range<usize>) {
        if !is_open_to_others(path) || !self.open.insert(path.to_owned()) {
            return;
        }
        let path = path.display();
        let finding = Finding::new(
            Code::SecretOpen,
            format_args!("the secret in {path} is open to others"),
        );
        let hint = format!("chmod 600 {}", shell_word(&path.to_string()));
        self.put(at, finding.hint(hint));
    }

    /// Checks a URL of one of two schemes, the plain one first, and gives it if it can be used.
    pub(crate) fn url(
        &mut self,
        table: Table<'_>,
        key: &str,
        schemes: [&'static str; 2],
    ) -> Option<(Uri, Range<usize>)> {
        self.url_of(table, key, schemes, &of(table))
    }

    /// The same for a table inside a source's, which the message calls `name`.
    pub(crate) fn url_of(
        &mut self,
        table: Table<'_>,
        key: &str,
        schemes: [&'static str; 2],
        name: &str,
    ) -> Option<(Uri, Range<usize>)> {
        let (text, at) = table.text(key)?;
        let of = format!("`{key}` of {name}");
        if has_login(text) {
            self.add(
                Code::UrlWithLogin,
                &at,
                format_args!("{of} has a login in it"),
            );
            return None;
        }
        if !text.contains("://") {
            let finding = Finding::new(Code::UrlWithoutScheme, format_args!("{of} has no scheme"));
            let hint = format!("write `{}://…` or `{}://…`", schemes[0], schemes[1]);
            self.put(&at, finding.hint(hint));
            return None;
        }
        let uri = match parse_url(text, schemes) {
            Ok(uri) => uri,
            Err(error) => {
                self.add(Code::UrlWrong, &at, format_args!("{of} {error}"));
                return None;
            }
        };
        let host = uri.host().unwrap_or_default();
        if uri.scheme_str() == Some(schemes[0]) && is_public(host) {
            let message = format_args!("{of} sends logins to {host} unencrypted");
            self.add(Code::UrlPlain, &at, message);
        }
        Some((uri, at))
    }

    /// Checks the file in which a login is kept, which has to be this source's alone.
    pub(crate) fn cookie_file(&mut self, source: Table<'_>) {
        let Some((name, at)) = source.text("cookie_file") else {
            return;
        };
        let path = self.path(name);
        self.owned(&path, &at, &format!("`cookie_file` of {}", of(source)));
        let shown = path.display();
        let folder = folder_of(&path);
        let message = if path.is_dir() {
            format!("the cookie file {shown} is a folder")
        } else if folder.is_dir() {
            self.openness(&path, &at);
            return;
        } else {
            format!("the folder of the cookie file {shown} is not there")
        };
        self.add(Code::CookieFileWrong, &at, message);
    }

    /// Notes that a key names a file for itself alone.
    pub(crate) fn owned(&mut self, path: &Path, at: &Range<usize>, key: &str) {
        match self.files.get(path) {
            Some(other) => {
                let message = format!("{key} names the same file as {other}");
                self.add(Code::FileShared, at, message);
            }
            None => {
                self.files.insert(path.to_owned(), key.to_owned());
            }
        }
    }

    /// Notes the account of a source; `account` is what tells accounts apart, and is never shown.
    pub(crate) fn account(&mut self, source: Table<'_>, account: String) {
        match self.accounts.get(&account) {
            Some(other) => {
                let message = format!("{} uses the same account as {other}", of(source));
                self.add(Code::AccountTwice, &source.at(), message);
            }
            None => {
                self.accounts.insert(account, of(source));
            }
        }
    }

    /// Checks the name of an account, and gives it if there is one.
    pub(crate) fn email<'s>(&mut self, source: Table<'s>) -> Option<&'s str> {
        let (email, at) = source.text("email")?;
        if email.is_empty() {
            let message = format_args!("`email` of {} is empty", of(source));
            self.add(Code::AccountEmpty, &at, message);
            return None;
        }
        Some(email)
    }

    /// Checks a length of time that must be longer than nothing.
    pub(crate) fn longer_than_nothing(&mut self, source: Table<'_>, key: &str) {
        if let Some((length, at)) = source.length(key)
            && length.is_zero()
        {
            let message = format_args!("`{key}` of {} is no time at all", of(source));
            self.add(Code::LengthZero, &at, message);
        }
    }

    /// Looks for rooms that are listed twice, and for a list without any.
    pub(crate) fn rooms<T: Ord + Display>(
        &mut self,
        source: Table<'_>,
        rooms: impl Iterator<Item = (T, Range<usize>)>,
    ) {
        let mut known = BTreeSet::new();
        let mut is_empty = source.list("rooms").next().is_none();
        for (room, at) in rooms {
            is_empty = false;
            if known.contains(&room) {
                let message = format_args!("the room {room} of {} is listed twice", of(source));
                self.add(Code::RoomTwice, &at, message);
            }
            known.insert(room);
        }
        if is_empty {
            let message = format_args!("{} joins no room", of(source));
            self.add(Code::RoomsEmpty, &source.at_key("rooms"), message);
        }
    }
}

/// The folder in which a file is.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    }
}

/// Whether a URL has a login before its host.
fn has_login(url: &str) -> bool {
    let behind = url.split_once("://").map_or(url, |(_, behind)| behind);
    let authority = behind.split(['/', '?', '#']).next().unwrap_or_default();
    authority.contains('@')
}

fn is_quoted(text: &str) -> bool {
    ['"', '\'']
        .into_iter()
        .any(|quote| text.len() > 1 && text.starts_with(quote) && text.ends_with(quote))
}

/// Whether a line is one of a list of variables, such as `export DISCORD_TOKEN=…`.
fn is_assignment(line: &str) -> bool {
    let line = line.strip_prefix("export ").unwrap_or(line);
    line.split_once('=').is_some_and(|(name, value)| {
        let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        name.len() > 2 && name.contains('_') && name.bytes().all(fits) && !value.is_empty()
    })
}

/// Whether a host is one of the internet: neither this machine nor one beside it.
fn is_public(host: &str) -> bool {
    let host = host.trim_matches(['[', ']']);
    match host.parse() {
        Ok(IpAddr::V4(address)) => {
            !(address.is_loopback()
                || address.is_private()
                || address.is_link_local()
                || address.is_unspecified())
        }
        Ok(IpAddr::V6(address)) => {
            !(address.is_loopback()
                || address.is_unique_local()
                || address.is_unicast_link_local()
                || address.is_unspecified())
        }
        // A name of one word is one of the local network, such as that of a container.
        Err(_) => {
            let host = host.trim_end_matches('.').to_ascii_lowercase();
            let near = [
                ".localhost",
                ".local",
                ".internal",
                ".lan",
                ".home.arpa",
                ".test",
            ];
            host.contains('.') && !near.iter().any(|end| host.ends_with(end))
        }
    }
}
