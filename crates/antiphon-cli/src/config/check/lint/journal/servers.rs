//! Checks of a journal on NATS: its addresses, name and login, and keys that are for a file.

use super::super::{Lint, has_login, is_public};
use crate::{
    config::{check::Table, secret::SecretFrom, value::FilePath},
    finding::{Code, Finding},
};

/// Keys that only a journal on NATS has.
const KEYS: [&str; 12] = [
    "name",
    "replicas",
    "max_events",
    "stream_bytes",
    "lease",
    "wait",
    "user",
    "password",
    "token",
    "certificate",
    "client_certificate",
    "client_key",
];
/// Keys that only a file has.
const OF_A_FILE: [&str; 2] = ["durability", "compress"];

/// Looks for keys of a journal on NATS where there are no servers.
pub(super) fn misplaced(journal: Table<'_>, lint: &mut Lint<'_, '_>) {
    for key in KEYS.iter().filter(|key| journal.has(key)) {
        let message = format_args!("`{key}` of [journal] is for a journal on NATS");
        lint.add(Code::JournalKeyWithoutUrl, &journal.at_key(key), message);
    }
}

/// Checks a journal that has `url`.
pub(super) fn check(journal: Table<'_>, lint: &mut Lint<'_, '_>) {
    let at = journal.at_key("url");
    if cfg!(not(feature = "jetstream")) {
        let message = "this antiphon was built without JetStream, and [journal] has `url`";
        lint.add(Code::JournalWithoutJetstream, &at, message);
    }
    if journal.has("path") {
        let message = "[journal] has `path` and `url`";
        lint.add(Code::JournalUrlAndPath, &at, message);
    }
    for key in OF_A_FILE.iter().filter(|key| journal.has(key)) {
        let message = format_args!("`{key}` of [journal] is for a file");
        lint.add(Code::JournalKeyWithUrl, &journal.at_key(key), message);
    }
    addresses(journal, lint);
    login(journal, lint);
    if let Some((name, at)) = journal.text("name") {
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
            let message = "`name` of [journal] cannot be the name of a stream";
            lint.add(Code::JournalNameWrong, &at, message);
        }
    }
    if let Some((lease, at)) = journal.length("lease")
        && lease.is_zero()
    {
        lint.add(Code::LengthZero, &at, "`lease` of [journal] is zero");
    }
    for key in ["certificate", "client_certificate"] {
        if let Some((name, at)) = journal.text(key) {
            lint.certificate(&lint.path(name), &at);
        }
    }
    if let Some((name, at)) = journal.text("client_key") {
        // It has a secret in it, though not in its first line.
        lint.secret_from(
            &SecretFrom::File(FilePath::new(name)),
            &at,
            "`client_key` of [journal]",
        );
    }
}

/// Looks at the addresses: no login stands in them, and none that is given goes over the internet unencrypted.
fn addresses(journal: Table<'_>, lint: &mut Lint<'_, '_>) {
    if let Some((from, at)) = journal.secret("url") {
        lint.secret_from(&from, &at, "`url` of [journal]");
    }
    let Some((text, at)) = journal.text("url") else {
        return;
    };
    if text.split(',').any(has_login) {
        let finding = Finding::new(Code::UrlWithLogin, "`url` of [journal] has a login in it");
        lint.put(
            &at,
            finding.hint(
                "write `user` and `password`, or put the whole URL into a secret: { env = \"NAME\" } or { file = \"PATH\" }",
            ),
        );
        return;
    }
    let has_secret = ["password", "token"].iter().any(|key| journal.has(key));
    for address in text.split(',').filter(|_| has_secret) {
        let uri = address.trim().parse::<http::Uri>().ok();
        let uri = uri.filter(|uri| uri.scheme_str() == Some("nats"));
        let host = uri.as_ref().and_then(http::Uri::host);
        if let Some(host) = host.filter(|host| is_public(host)) {
            let message = format_args!("`url` of [journal] sends logins to {host} unencrypted");
            let finding = Finding::new(Code::UrlPlain, message);
            lint.put(&at, finding.hint("write `tls://` if the server has TLS"));
        }
    }
}

fn login(journal: Table<'_>, lint: &mut Lint<'_, '_>) {
    for key in ["password", "token"] {
        if let Some((from, at)) = journal.secret(key) {
            lint.secret_from(&from, &at, &format!("`{key}` of [journal]"));
        }
    }
    let has = |key: &str| journal.has(key);
    let wrong = if has("user") != has("password") {
        let (there, missing) = if has("user") {
            ("user", "password")
        } else {
            ("password", "user")
        };
        Some((there, format!("[journal] has `{there}` and no `{missing}`")))
    } else if has("token") && has("user") {
        Some(("token", "[journal] has `token` and `user`".to_owned()))
    } else if has("client_certificate") != has("client_key") {
        let (there, missing) = if has("client_key") {
            ("client_key", "client_certificate")
        } else {
            ("client_certificate", "client_key")
        };
        Some((there, format!("[journal] has `{there}` and no `{missing}`")))
    } else {
        None
    };
    if let Some((key, message)) = wrong {
        lint.add(Code::JournalLoginWrong, &journal.at_key(key), message);
    }
}
