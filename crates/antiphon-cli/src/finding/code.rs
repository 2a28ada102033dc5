//! The codes of all findings, in one table.
//!
//! A code is never renamed and never means another thing: scripts and pages refer to it. A row has the name, the word,
//! the severity, the meaning in one sentence, and the way out. docs/troubleshooting.md shows the table, and a test for
//! each code provokes it (`check/tests.rs`, `doctor/tests.rs`).

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

    /// The table of the page.
    fn table() -> String {
        let rows = Code::ALL.iter().map(|code| {
            let (word, severity) = (code.word(), code.severity().word());
            let (meaning, way_out) = (code.meaning(), code.way_out());
            format!("| `{word}` | {severity} | {meaning} | {way_out} |\n")
                .replace("{ env", "`{ env")
                .replace("\" }", "\" }`")
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
        let provoked: Vec<_> = crate::config::check::tests::provoked().collect();
        let without: Vec<_> = Code::ALL
            .iter()
            .filter(|code| !provoked.contains(code))
            .map(|code| code.word())
            .collect();
        assert!(without.is_empty(), "no test provokes {without:?}");
    }
}
