//! The codes of all findings, in one table.
//!
//! A code is never renamed and never means another thing: scripts and pages refer to it. A row has the name, the word,
//! the severity, the meaning in one sentence, and the way out. docs/troubleshooting.md shows the table, and a test for
//! each code provokes it (`config/check/tests.rs`, `command/doctor/tests.rs`).

use schemars::JsonSchema;
use serde::Serialize;

use super::Severity::{self, Error, Note, Warning};

/// Entry of a code, as `antiphon check --explain CODE --output json` shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "FindingCode")]
pub(crate) struct Entry {
    /// Stable word.
    code: &'static str,
    /// How bad a finding with it is.
    severity: Severity,
    /// What it means.
    meaning: &'static str,
    /// The way out.
    hint: &'static str,
}

macro_rules! codes {
    ($($Name:ident $word:literal $severity:ident $meaning:literal $way_out:literal;)*) => {
        /// Stable word for one thing that may be wrong.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub(crate) enum Code {
            $(#[doc = $meaning] $Name,)*
        }

        impl Code {
            /// Every code, in the order of the page.
            pub(crate) const ALL: &[Self] = &[$(Self::$Name),*];

            /// The word, in kebab case.
            pub(crate) fn word(self) -> &'static str {
                match self { $(Self::$Name => $word),* }
            }

            /// How bad it is, always.
            pub(crate) fn severity(self) -> Severity {
                match self { $(Self::$Name => $severity),* }
            }

            /// What it means, as a sentence.
            pub(crate) fn meaning(self) -> &'static str {
                match self { $(Self::$Name => $meaning),* }
            }

            /// The way out, in the imperative and without a full stop.
            pub(crate) fn way_out(self) -> &'static str {
                match self { $(Self::$Name => $way_out),* }
            }

            /// All of it.
            pub(crate) fn entry(self) -> Entry {
                Entry {
                    code: self.word(),
                    severity: self.severity(),
                    meaning: self.meaning(),
                    hint: self.way_out(),
                }
            }
        }
    };
}

codes! {
    // The file.
    ConfigMissing "config-missing" Error
        "The configuration is not there."
        "name one with `--config`; docs/configuration.md has an example";
    ConfigUnreadable "config-unreadable" Error
        "The configuration is there and cannot be read."
        "name a file that this user may read; a folder or a device is none";
    ConfigNotText "config-not-text" Error
        "The configuration is not UTF-8."
        "save the file as UTF-8";
    ConfigTooLarge "config-too-large" Error
        "The configuration is larger than 1 MiB."
        "name the configuration with `--config`, not a journal or a log";
    Syntax "syntax" Error
        "The file is no TOML at this place."
        "mend the line; https://toml.io describes the format";
    KeyTwice "key-twice" Error
        "A key or a table is given twice."
        "leave one of them out, or give a second source another name";
    TableUnknown "table-unknown" Error
        "The configuration knows no table of that name."
        "docs/configuration.md has all tables";
    KeyUnknown "key-unknown" Error
        "A table knows no key of that name."
        "docs/configuration.md has all keys";
    KeyMissing "key-missing" Error
        "A table lacks a key that it needs."
        "add the key";
    NotATable "not-a-table" Error
        "A value stands where a table belongs."
        "write a table such as `[journal]`, with its keys on the lines below";
    ValueWrong "value-wrong" Error
        "A value is of another type than its key takes."
        "write the value as docs/configuration.md shows it";
    LengthWrong "length-wrong" Error
        "A value is no length of time."
        "write a number with its unit, as a text, such as \"30d\" or \"1h30m\"";
    LengthZero "length-zero" Error
        "A length of time is zero where it must not be."
        "give it a second or more";
    WordUnknown "word-unknown" Error
        "A value is none of the words that its key takes."
        "write one of the words";
    NumberOutOfRange "number-out-of-range" Error
        "A number is outside the range of its key, or not whole."
        "write a whole number within the range";
    IdWrong "id-wrong" Error
        "A value is no id of Discord's."
        "copy the id with Discord's developer mode; it is a number of about 18 digits";
    HeaderUnsendable "header-unsendable" Error
        "A text that requests carry is empty or has characters that HTTP forbids."
        "use printable ASCII characters alone";

    // Sources.
    SourcesEmpty "sources-empty" Error
        "The configuration has no source."
        "add a table such as `[sources.choir]`; docs/configuration.md has an example";
    SourceUnnamed "source-unnamed" Error
        "A source has no name."
        "give it one, such as `[sources.choir]`";
    PlatformMissing "platform-missing" Error
        "A source does not say its platform."
        "add `platform`";
    PlatformUnknown "platform-unknown" Error
        "There is no platform of that name."
        "name a platform of docs/configuration.md";
    AccountTwice "account-twice" Error
        "Two sources use the same account at the same server."
        "leave one of them out: each event would be journaled twice";
    AccountEmpty "account-empty" Error
        "The name of an account is empty."
        "write the e-mail address of the account";
    EmailOdd "email-odd" Warning
        "An e-mail address has no `@`."
        "write the e-mail address of the account, not its name";
    FileShared "file-shared" Error
        "Two keys name the same file."
        "give each its own file";

    // Addresses.
    UrlWrong "url-wrong" Error
        "A URL cannot be used."
        "write scheme, host and port, such as `https://node.example.org:443`";
    UrlWithoutScheme "url-without-scheme" Error
        "A URL has no scheme."
        "put `http://` or `https://` before it";
    UrlWithLogin "url-with-login" Error
        "A URL has a login in it, which nobody would use."
        "take the login out of the URL; the keys for the account are others";
    UrlPlain "url-plain" Warning
        "Logins go unencrypted over the internet."
        "write `https://` (or `wss://`) if the server has TLS";
    UrlHasVersion "url-has-version" Warning
        "A node's URL ends in the path that antiphon adds itself."
        "leave `/v4` out";
    UrlWithoutVersion "url-without-version" Warning
        "Discord's URL does not end in a version of its API."
        "write a URL that ends in `/api/v10`";
    ProxyWrong "proxy-wrong" Error
        "A proxy cannot be used."
        "write one such as \"socks5h://127.0.0.1:9050\"";
    ProxyWithLogin "proxy-with-login" Warning
        "The login of a proxy stands in the configuration."
        "put the whole URL into a secret: { env = \"NAME\" } or { file = \"PATH\" }";
    ProxyVariableWrong "proxy-variable-wrong" Error
        "A variable of the environment names no proxy, and a source goes by the environment."
        "mend the variable or unset it; `proxy = \"none\"` of a source does without";
    ProxyOfEnvironment "proxy-of-environment" Note
        "A source without a proxy of its own goes through one that the environment names."
        "`proxy = \"none\"` of a source does without";
    ProxyAndUrl "proxy-and-url" Error
        "A source has both `proxy` and `url`, which exclude each other."
        "leave one of them out";
    CertificateUnreadable "certificate-unreadable" Error
        "A certificate cannot be read."
        "`certificate` takes the name of a PEM file";
    CertificateWrong "certificate-wrong" Error
        "A file has no certificate in it."
        "name a PEM file with `-----BEGIN CERTIFICATE-----` in it, not a key";

    // Secrets.
    SecretInFile "secret-in-file" Error
        "A secret stands in the configuration."
        "write { env = \"NAME\" } or { file = \"PATH\" }, and change the secret if the file was shared";
    SecretShape "secret-shape" Error
        "A secret is named in a way that is not known."
        "write { env = \"NAME\" } or { file = \"PATH\" }";
    SecretVariableMissing "secret-variable-missing" Error
        "The environment has no variable of the name that `env` gives."
        "set the variable for the daemon, for instance with `Environment=` or `EnvironmentFile=` of its unit";
    SecretVariableEmpty "secret-variable-empty" Error
        "The variable that `env` names is empty."
        "put the secret into the variable";
    SecretFileMissing "secret-file-missing" Error
        "The file that `file` names is not there."
        "`file` takes a file's name; put the secret on its first line, readable by you alone";
    SecretFileUnreadable "secret-file-unreadable" Error
        "The file that `file` names cannot be read."
        "`file` takes a file's name; put the secret on its first line, readable by you alone";
    SecretFileEmpty "secret-file-empty" Error
        "The first line of the file that `file` names is empty."
        "put the secret on the first line";
    SecretTooLong "secret-too-long" Error
        "A secret's file has more than 64 KiB."
        "name a file that has the secret alone";
    SecretNotText "secret-not-text" Error
        "A secret is not UTF-8."
        "save the file as UTF-8 with the secret as its first line";
    SecretOpen "secret-open" Warning
        "Others than the owner can read a file with a secret."
        "chmod 600 the file";
    SecretQuoted "secret-quoted" Warning
        "A secret begins and ends with quotation marks, or has blanks around it."
        "put the secret alone on the first line, without quotation marks and blanks";
    SecretAssignment "secret-assignment" Warning
        "A secret's file looks like a list of variables."
        "put the secret alone on the first line, without `NAME=` before it";
    SecretUnsendable "secret-unsendable" Error
        "A secret has characters that its protocol cannot carry."
        "copy the secret again";

    // Discord.
    TokenPrefix "token-prefix" Warning
        "A token begins with `Bot`, which is no part of it."
        "leave `Bot` and the blank behind it out";
    TokenShape "token-shape" Warning
        "A token does not look like a bot's."
        "copy the token from the page \"Bot\" of the application, not its client secret or public key";
    IntentUnknown "intent-unknown" Error
        "There is no intent of that name."
        "docs/configuration.md has all intents";
    IntentsMissing "intents-missing" Warning
        "Texts of messages will be empty: `MESSAGE_CONTENT` is not among the intents."
        "list the intents with `MESSAGE_CONTENT`, and switch it on for the application at https://discord.com/developers/applications";
    IntentsEmpty "intents-empty" Warning
        "A bot asks for no events."
        "list the intents whose events you want, or leave `intents` out";
    IntentTwice "intent-twice" Warning
        "An intent is listed twice."
        "leave one of them out";
    ShardsTooMany "shards-too-many" Error
        "A bot has more shards than can be."
        "leave `shards` out: Discord recommends a number";

    // Lavalink.
    NodesEmpty "nodes-empty" Error
        "A pool has no node."
        "add a table such as `[sources.NAME.nodes.eu-1]` with `url` and `password`";
    NodeNameWrong "node-name-wrong" Error
        "A node's name cannot be used."
        "name it with 1 to 64 characters without `/` and blanks";
    NodeTwice "node-twice" Warning
        "Two names lead to the same node."
        "leave one of them out";
    LavalinkWithoutDiscord "lavalink-without-discord" Note
        "Nodes are configured without a bot: their events are journaled, and nothing plays by this configuration."
        "add a source with `platform = \"discord\"` if its events belong into the same journal";

    // Rooms.
    RoomsEmpty "rooms-empty" Warning
        "A source joins no room."
        "list rooms in `rooms`";
    RoomTwice "room-twice" Warning
        "A room is listed twice."
        "leave one of them out";
    RoomWrong "room-wrong" Error
        "A text is no name of a room."
        "write the last part of the room's address, such as \"choir-loft\"";
    RoomsTooMany "rooms-too-many" Error
        "A source has more rooms than an account reads."
        "spread the rooms over several accounts";
    RoomPasswordUnused "room-password-unused" Warning
        "A password is given for a room that is not joined."
        "add the room to `rooms`, or leave its password out";
    CookieFileUnset "cookie-file-unset" Note
        "Each run logs in anew, and many logins bring a challenge that only a person can answer."
        "add `cookie_file`";
    CookieFileWrong "cookie-file-wrong" Error
        "The login cannot be kept in the file that `cookie_file` names."
        "name a file in a folder that is there and that this user may write";

    // The journal.
    JournalPathWrong "journal-path-wrong" Error
        "The journal's path names no file."
        "name a file, such as `antiphon.db`";
    JournalIsFolder "journal-is-folder" Error
        "The journal's path is a folder."
        "name a file in it, such as `antiphon.db`";
    JournalNotAFile "journal-not-a-file" Error
        "The journal's path is a device or a socket."
        "name a file on a disk of this machine";
    JournalFolderMissing "journal-folder-missing" Error
        "The folder of the journal is not there."
        "make the folder first";
    JournalFolderReadOnly "journal-folder-read-only" Error
        "Nothing can be written in the folder of the journal, which needs files beside it."
        "give this user the right to write there, or name another folder";
    JournalReadOnly "journal-read-only" Error
        "The journal cannot be written."
        "give this user the right to write the file";
    JournalPathLong "journal-path-long" Note
        "The journal's path is too long for a control socket beside it."
        "choose a shorter path: the socket's may have 107 bytes";
    JournalUrlAndPath "journal-url-and-path" Error
        "The journal has a file and servers, and can be in one of them."
        "leave `path` or `url` out";
    JournalKeyWithoutUrl "journal-key-without-url" Error
        "A key is for a journal on NATS, and the journal is a file."
        "add `url`, or leave the key out";
    JournalKeyWithUrl "journal-key-with-url" Error
        "A key is for a file, and the journal is on NATS."
        "leave the key out; docs/scale-out.md says what a journal on NATS keeps";
    JournalNameWrong "journal-name-wrong" Error
        "The name of a journal on NATS cannot be the name of a stream."
        "use 1 to 64 letters, digits, `-` and `_`";
    JournalLoginWrong "journal-login-wrong" Error
        "The login at the NATS servers is not whole, or there are two."
        "write `user` and `password`, or `token` alone";
    JournalWithoutJetstream "journal-without-jetstream" Error
        "This antiphon was built without JetStream, and the journal is on NATS."
        "install it with its usual features, `cargo install --path crates/antiphon-cli`";
    RuleUnmatched "rule-unmatched" Warning
        "A retention rule fits no kind that is known."
        "`antiphon kinds` lists the kinds; upper and lower case differ";
    RuleShadowed "rule-shadowed" Warning
        "A retention rule never counts, since an earlier one fits all its kinds."
        "put the rule before the earlier one";
    KeepUnderWindow "keep-under-window" Warning
        "Events are kept shorter than repeats are recognised: what is sent again is not stored again."
        "make `window` no longer than `keep`";
    MaxBytesSmall "max-bytes-small" Warning
        "The journal's limit is smaller than 1 MiB."
        "`max_bytes` counts bytes: a gibibyte is 1_073_741_824";

    // The metrics.
    MetricsOpen "metrics-open" Error
        "Other machines can reach the metrics, and nothing says that they may."
        "choose an address such as \"127.0.0.1:9464\", or add `allow_remote = true`";

    // The dashboard.
    DashboardOpen "dashboard-open" Error
        "Other machines can reach the dashboard, and no login is asked for."
        "choose an address such as \"127.0.0.1:8420\", or name a file with `user:password` by `login`";
    DashboardLoginWrong "dashboard-login-wrong" Error
        "The file with the login of the dashboard cannot be read, or has none in its first line."
        "write `user:password` there, with a password of 8 characters or more";
    DashboardHostWrong "dashboard-host-wrong" Error
        "A name of the dashboard is none of a machine."
        "write a name or an address, with a port behind it if it needs one, such as \"bot.example.org\"";
    ListenTwice "listen-twice" Error
        "The metrics and the dashboard are to listen on the same port."
        "give one of the two another port";

    // The way to a server.
    HostUnknown "host-unknown" Error
        "The name of a server cannot be resolved."
        "check the name in the URL, and this machine's DNS";
    ConnectRefused "connect-refused" Error
        "A server refuses connections: nobody listens on the port."
        "check the port in the URL, and that the server runs";
    ConnectTimedOut "connect-timed-out" Error
        "A server did not take a connection in time."
        "check the address, firewalls, and whether a proxy is needed";
    ConnectFailed "connect-failed" Error
        "A server cannot be reached."
        "check this machine's network";
    AnswerTimedOut "answer-timed-out" Error
        "A server took the connection and did not answer in time."
        "look at the server's log, or give more time by `--timeout`";
    ExamTimedOut "exam-timed-out" Error
        "A source could not be examined in time."
        "give more time by `--timeout`";
    TlsExpired "tls-expired" Error
        "The certificate of a server has expired, or is not valid yet."
        "renew the certificate; if others reach the server, check this machine's clock";
    TlsWrongHost "tls-wrong-host" Error
        "The certificate of a server is for another name."
        "write the name that the certificate has into the URL";
    TlsUnknownIssuer "tls-unknown-issuer" Error
        "The certificate of a server is from an authority that this machine does not trust."
        "name the authority's certificate by `certificate`";
    TlsNotSpoken "tls-not-spoken" Error
        "A server does not speak TLS where the URL says https or wss."
        "write `http://` (or `ws://`), or the port where the server speaks TLS";
    TlsExpected "tls-expected" Error
        "A server wants TLS where the URL says http or ws."
        "write `https://` (or `wss://`)";
    TlsFailed "tls-failed" Error
        "TLS with a server failed."
        "look at the cause; something in between may change the traffic";
    ProxyUnreachable "proxy-unreachable" Error
        "The proxy cannot be reached."
        "check the proxy's address, and that it runs";
    ProxyLoginRefused "proxy-login-refused" Error
        "The proxy wants another login."
        "put the proxy's URL with name and password into a secret";
    ProxyRefused "proxy-refused" Error
        "The proxy opens no connection to a server."
        "allow the server in the proxy's configuration, or check the proxy's protocol";
    NotThisService "not-this-service" Error
        "Something else answers at the address of a server."
        "check host, port and path of the URL; a login page of the network may stand in between";
    PageUnexpected "page-unexpected" Error
        "A site answered with another page than the one that was asked for: of a maintenance, or a login page of a network or a proxy."
        "open the site in a browser on this machine; wait while it is under maintenance, or let this machine past the login page";
    ClockSkew "clock-skew" Warning
        "The clock of this machine differs by more than 30 s from a server's."
        "set the clock, for instance by `timedatectl set-ntp true`: logins, waits and times of events go wrong with it";
    RequestFailed "request-failed" Error
        "A request of the examination failed."
        "look at the cause; try again later if the server has trouble";

    // What Discord says.
    TokenRefused "token-refused" Error
        "Discord does not accept the token."
        "copy the token again from the application's page \"Bot\"; it is reset when it leaks, or after too many identifies";
    IntentsNotGranted "intents-not-granted" Error
        "The application lacks privileged intents that the file asks for: Discord closes such connections."
        "switch them on at https://discord.com/developers/applications, page \"Bot\", or leave them out of `intents`";
    SessionStartsNone "session-starts-none" Error
        "Fewer sessions may be begun today than the bot has shards."
        "wait until the limit is reset, and find out what identifies again and again";
    SessionStartsLow "session-starts-low" Warning
        "Less than a tenth of the session starts of a day are left."
        "find out what identifies again and again; each start of a shard without a session to resume costs one";
    ShardsTooFew "shards-too-few" Warning
        "The bot has fewer shards than Discord recommends."
        "leave `shards` out, or set it to the recommended number; Discord refuses a shard with more than 2,500 guilds";

    // What nodes say.
    NodePasswordRefused "node-password-refused" Error
        "A node does not take the password."
        "compare it with `lavalink.server.password` of the node's configuration";
    NodeTooOld "node-too-old" Error
        "A node is older than Lavalink 4."
        "install Lavalink 4";
    NotANode "not-a-node" Error
        "What answers is no Lavalink node."
        "check host, port and path of the node's URL";
    NodeWithoutSources "node-without-sources" Warning
        "A node has no source, so that it can play nothing."
        "switch sources on in `lavalink.server.sources` of the node's configuration, or install a plugin";
    NodeYoutubeBuiltIn "node-youtube-built-in" Warning
        "A node has YouTube built in, which no longer works, and not the plugin."
        "install the plugin `youtube-source`, and set `lavalink.server.sources.youtube` to false";
    NodeJavaOld "node-java-old" Warning
        "A node runs on a Java older than 17, which Lavalink 4 needs."
        "install Java 17 or newer for the node";

    // Logins and rooms.
    LoginRefused "login-refused" Error
        "The platform refused name or password."
        "check the account's e-mail address and password";
    LoginChallenged "login-challenged" Error
        "The site asks for a human before it lets the account in."
        "log in once with a browser from this machine's network, and keep the login by `cookie_file`";
    LoginNotAccepted "login-not-accepted" Error
        "The chat server does not know the account, although the site let it in."
        "give the account a profile on the site of the chat server";
    CookieExpired "cookie-expired" Warning
        "The login that `cookie_file` keeps has expired; a new one was possible."
        "nothing needs to be done: the next run logs in and keeps the new login";
    CookieOfAnother "cookie-of-another" Error
        "The login that `cookie_file` keeps is that of another account."
        "remove the file, or name another one";
    RoomMissing "room-missing" Error
        "A room does not exist, or is deleted or closed to the account."
        "check the room in its address";
    RoomBanned "room-banned" Error
        "The account is banned from a room."
        "ask the room's moderators, or leave the room out";
    RoomReadOnly "room-read-only" Warning
        "The account may read a room and not write in it: it is a gallery, or the account was kicked."
        "ask an owner for the right to write, if the program has to";

    // The journal as it is.
    JournalInUse "journal-in-use" Note
        "Another process appends to the journal; a daemon that runs does so."
        "stop it before you start another one";
    JournalDamaged "journal-damaged" Error
        "The journal is damaged, or another program's file."
        "restore the file from a copy, or move it away to begin a new one";
    JournalNewer "journal-newer" Error
        "The journal was written by a newer version of antiphon."
        "use the version of antiphon that wrote it, or a newer one";
    JournalUnreadable "journal-unreadable" Error
        "The journal cannot be read."
        "make the file readable for this user, and look at its disk";
    JournalUnreachable "journal-unreachable" Error
        "No NATS server of the journal could be reached, or none took the login."
        "start a server, or look at the addresses and the login";
    JournalServerDown "journal-server-down" Warning
        "One of the NATS servers of the journal could not be reached; others were."
        "start it, or take its address out of `url`";
    JournalServerUnfit "journal-server-unfit" Error
        "A NATS server cannot keep the journal as it is configured."
        "docs/scale-out.md says which servers and settings are needed";
    JournalReplicaBehind "journal-replica-behind" Warning
        "A server of the cluster does not have all that the journal's leader has."
        "look at that server; it catches up by itself once it is reached";
    JournalStreamFull "journal-stream-full" Warning
        "The stream of the journal has used four fifths of its limit; at nine tenths nothing more is stored."
        "keep events shorter by `keep`, `rules` or `max_bytes`, or raise the limit by `nats stream edit`";
    JournalUnchecked "journal-unchecked" Note
        "The journal is so large that the search for damage did not end in time."
        "give more time by `--timeout`";
    DiskFull "disk-full" Error
        "The disk of the journal has less than 16 MiB left: nothing more can be stored soon."
        "free some space; a daemon that runs goes on by itself";
    DiskLow "disk-low" Warning
        "The disk of the journal has less than 512 MiB left."
        "free some space, or keep events shorter by `keep`, `rules` or `max_bytes`";
    JournalWalLarge "journal-wal-large" Warning
        "The journal's write-ahead log is larger than 256 MiB: a reader keeps it from being emptied."
        "end readers that have stopped reading, such as a `tail` that waits for its pager";
    DeadLetters "dead-letters" Warning
        "Events wait whose handler failed for good."
        "`antiphon dead list` shows them; replay or drop them";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_a_word_of_its_own_and_its_texts_are_sentences() {
        for (index, code) in Code::ALL.iter().enumerate() {
            let word = code.word();
            let fits = |byte: u8| byte.is_ascii_lowercase() || byte == b'-';
            assert!(word.bytes().all(fits), "{word}");
            let others = &Code::ALL[..index];
            assert!(others.iter().all(|other| other.word() != word), "{word}");
            assert!(code.meaning().ends_with('.'), "{word}");
            assert!(!code.way_out().ends_with('.'), "{word}");
        }
    }

    /// A text with the forms of a secret as code, which the program shows as they are.
    fn marked(text: &str) -> String {
        let mut marked = text.to_owned();
        for form in ["{ env = \"NAME\" }", "{ file = \"PATH\" }"] {
            marked = marked.replace(form, &format!("`{form}`"));
        }
        marked
    }

    /// The table of the page.
    fn table() -> String {
        let rows = Code::ALL.iter().map(|code| {
            let (word, severity) = (code.word(), code.severity().word());
            let (meaning, way_out) = (code.meaning(), code.way_out());
            let (meaning, way_out) = (marked(meaning), marked(way_out));
            format!("| `{word}` | {severity} | {meaning} | {way_out} |\n")
        });
        let head = "| code | is | means | way out |\n| --- | --- | --- | --- |\n";
        format!("{head}{}", rows.collect::<String>())
    }

    #[test]
    fn the_page_has_every_code_as_the_program_says_it() {
        crate::config::reference::check("troubleshooting.md", |page| {
            let (begin, end) = ("<!-- codes -->\n", "<!-- end -->");
            let (before, rest) = page.split_once(begin).expect("a beginning");
            let (_, after) = rest.split_once(end).expect("an end");
            format!("{before}{begin}\n{}\n{end}{after}", table())
        });
    }

    #[test]
    fn every_code_is_provoked_by_a_test() {
        let check = crate::config::check::tests::provoked();
        let doctor = crate::command::doctor::tests::provoked();
        let provoked: Vec<_> = check.chain(doctor).collect();
        let without: Vec<_> = Code::ALL
            .iter()
            .filter(|code| !provoked.contains(code))
            .map(|code| code.word())
            .collect();
        assert!(without.is_empty(), "no test provokes {without:?}");
    }
}
