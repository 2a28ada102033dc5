//! Each code that `antiphon check` finds, provoked by a file that has that mistake.

use std::path::Path;

use tempfile::TempDir;

use super::*;
use crate::{finding::Severity, platform::PLATFORMS};

/// The text of a file, or the name of a file in the folder of [`files`].
enum Given {
    Text(&'static str),
    File(&'static str),
}

use Given::{File, Text};

/// Each code with a file that has it.
///
/// `BOT`, `POOL`, `QUEUP` and `CHAT` stand for sources without a mistake, to which the lines behind them belong.
#[rustfmt::skip]
const CASES: &[(Code, Given)] = &[
    (Code::ConfigMissing, File("no.toml")),
    (Code::ConfigUnreadable, File("folder")),
    (Code::ConfigNotText, File("binary")),
    (Code::ConfigTooLarge, File("large")),
    (Code::Syntax, Text("[journal\npath = 'a'")),
    (Code::KeyTwice, Text("[journal]\npath = 'a'\npath = 'b'")),
    (Code::TableUnknown, Text("[jurnal]")),
    (Code::KeyUnknown, Text("[journal]\npth = 'a'")),
    (Code::KeyMissing, Text("[sources.nave]\nplatform = 'discord'")),
    (Code::NotATable, Text("journal = 5")),
    (Code::ValueWrong, Text("[journal]\npath = 5")),
    (Code::LengthWrong, Text("[journal]\nkeep = '30'")),
    (Code::LengthZero, Text("POOL\nheartbeat = '0s'")),
    (Code::WordUnknown, Text("[journal]\ndurability = 'disk'")),
    (Code::NumberOutOfRange, Text("BOT\nshards = 0")),
    (Code::IdWrong, Text("[sources.organ]\nplatform = 'lavalink'\nuser = 'mira'")),
    (Code::HeaderUnsendable, Text("BOT\nuser_agent = \"a\\nb\"")),
    (Code::SourcesEmpty, Text("")),
    (Code::SourceUnnamed, Text("[sources.'']\nplatform = 'queup'")),
    (Code::PlatformMissing, Text("[sources.nave]")),
    (Code::PlatformUnknown, Text("[sources.nave]\nplatform = 'irc'")),
    (Code::AccountTwice, Text("BOT\n[sources.two]\nplatform = 'discord'\ntoken = { file = 'token' }")),
    (Code::AccountEmpty, Text("[sources.choir]\nplatform = 'queup'\nemail = ''")),
    (Code::EmailOdd, Text("[sources.tea]\nplatform = 'stackexchange'\nemail = 'mira'")),
    (Code::FileShared, Text("[journal]\npath = 'a.db'\n[sources.choir]\nplatform = 'queup'\ncookie_file = 'a.db'")),
    (Code::UrlWrong, Text("QUEUP\nrest = 'gopher://a'")),
    (Code::UrlWithoutScheme, Text("POOL\nnodes.b = { url = 'node:2333', password = { file = 'good' } }")),
    (Code::UrlWithLogin, Text("QUEUP\nrest = 'https://mira:canary@a.example'")),
    (Code::UrlPlain, Text("POOL\nnodes.b = { url = 'http://node.example.org:2333', password = { file = 'good' } }")),
    (Code::UrlHasVersion, Text("POOL\nnodes.b = { url = 'http://node:2333/v4/', password = { file = 'good' } }")),
    (Code::UrlWithoutVersion, Text("BOT\nrest = 'https://discord.com/api'")),
    (Code::ProxyWrong, Text("BOT\nproxy = 'ftp://canary@proxy'")),
    (Code::ProxyWithLogin, Text("BOT\nproxy = 'http://mira:canary@proxy'")),
    (Code::ProxyAndUrl, Text("CHAT\nproxy = 'http://proxy'\nurl = 'http://127.0.0.1:7007'")),
    (Code::CertificateUnreadable, Text("BOT\ncertificate = 'no.pem'")),
    (Code::CertificateWrong, Text("BOT\ncertificate = 'good'")),
    (Code::SecretInFile, Text("[sources.nave]\nplatform = 'discord'\ntoken = 'canary'")),
    (Code::SecretShape, Text("[sources.nave]\nplatform = 'discord'\ntoken = { evn = 'canary' }")),
    (Code::SecretVariableMissing, Text("[sources.nave]\nplatform = 'discord'\ntoken = { env = 'ANTIPHON_NOT_SET' }")),
    (Code::SecretFileMissing, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'canary' }")),
    (Code::SecretFileUnreadable, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'folder' }")),
    (Code::SecretFileEmpty, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'empty' }")),
    (Code::SecretTooLong, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'large' }")),
    (Code::SecretNotText, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'binary' }")),
    (Code::SecretQuoted, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'quoted' }")),
    (Code::SecretAssignment, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'variables' }")),
    (Code::SecretUnsendable, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'two-words' }")),
    (Code::TokenPrefix, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'prefixed' }")),
    (Code::TokenShape, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'good' }")),
    (Code::IntentUnknown, Text("BOT\nintents = ['GUILD_MESSAGE']")),
    (Code::IntentsMissing, Text("BOT\nintents = ['GUILDS', 'GUILD_MESSAGES']")),
    (Code::IntentsMissing, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'token' }")),
    (Code::IntentsEmpty, Text("[sources.nave]\nplatform = 'discord'\nintents = []")),
    (Code::IntentTwice, Text("[sources.nave]\nplatform = 'discord'\nintents = ['GUILDS', 'GUILDS']")),
    (Code::ShardsTooMany, Text("BOT\nshards = 100_001")),
    (Code::NodesEmpty, Text("[sources.organ]\nplatform = 'lavalink'\nuser = 7\nnodes = {}")),
    (Code::NodeNameWrong, Text("POOL\nnodes.'a/b' = { url = 'http://node:1', password = { file = 'good' } }")),
    (Code::NodeTwice, Text("POOL\nnodes.b = { url = 'HTTP://node:2333/', password = { file = 'good' } }")),
    (Code::LavalinkWithoutDiscord, Text("POOL")),
    (Code::RoomsEmpty, Text("[sources.choir]\nplatform = 'queup'\nrooms = []")),
    (Code::RoomTwice, Text("[sources.tea]\nplatform = 'stackexchange'\nrooms = [1, 1]")),
    (Code::RoomWrong, Text("[sources.choir]\nplatform = 'queup'\nrooms = ['https://www.queup.net/join/loft']")),
    (Code::RoomWrong, Text("[sources.tea]\nplatform = 'stackexchange'\nrooms = [18_446_744_073_709_551_615]")),
    (Code::RoomsTooMany, File("rooms.toml")),
    (Code::RoomPasswordUnused, Text("QUEUP\nroom_passwords = { attic = { file = 'good' } }")),
    (Code::CookieFileUnset, Text("[sources.tea]\nplatform = 'stackexchange'")),
    (Code::CookieFileWrong, Text("[sources.tea]\nplatform = 'stackexchange'\ncookie_file = 'no/cookies'")),
    (Code::MetricsOpen, Text("[metrics]\nlisten = '0.0.0.0:9464'")),
    (Code::DashboardOpen, Text("[dashboard]\nlisten = '0.0.0.0:8420'")),
    (Code::DashboardLoginWrong, Text("[dashboard]\nlisten = '0.0.0.0:8420'\nlogin = 'good'")),
    (Code::DashboardLoginWrong, Text("[dashboard]\nlogin = 'no.login'")),
    (Code::DashboardHostWrong, Text("[dashboard]\nhosts = ['http://bot.example.org']")),
    (Code::ListenTwice, Text("[metrics]\nlisten = '127.0.0.1:9464'\n[dashboard]\nlisten = '127.0.0.1:9464'")),
    (Code::ListenTwice, Text("[metrics]\nlisten = '0.0.0.0:9464'\nallow_remote = true\n[dashboard]\nlisten = '127.0.0.1:9464'")),
    (Code::JournalPathWrong, Text("[journal]\npath = ''")),
    (Code::JournalPathWrong, Text("[journal]\npath = \"a\\u0000b\"")),
    (Code::JournalIsFolder, Text("[journal]\npath = 'folder'")),
    (Code::JournalNotAFile, Text("[journal]\npath = '/dev/null'")),
    (Code::JournalFolderMissing, Text("[journal]\npath = 'no/a.db'")),
    #[cfg(target_os = "linux")]
    (Code::JournalFolderReadOnly, Text("[journal]\npath = '/proc/a.db'")),
    #[cfg(target_os = "linux")]
    (Code::JournalReadOnly, Text("[journal]\npath = '/proc/sys/kernel/ostype'")),
    (Code::JournalPathLong, Text("[journal]\npath = 'a-name-that-is-longer-than-a-socket-may-be-wherever-it-is-and-this-is-because-of-the-many-words-that-it-has.db'")),
    (Code::JournalUrlAndPath, Text("[journal]\npath = 'a.db'\nurl = 'nats://host'")),
    (Code::JournalKeyWithoutUrl, Text("[journal]\nreplicas = 3")),
    (Code::JournalKeyWithUrl, Text("[journal]\nurl = 'nats://host'\ncompress = true")),
    (Code::JournalNameWrong, Text("[journal]\nurl = 'nats://host'\nname = 'the choir'")),
    (Code::JournalLoginWrong, Text("[journal]\nurl = 'nats://host'\nuser = 'mira'")),
    (Code::JournalLoginWrong, Text("[journal]\nurl = 'nats://host'\nuser = 'mira'\npassword = { file = 'good' }\ntoken = { file = 'good' }")),
    (Code::JournalLoginWrong, Text("[journal]\nurl = 'nats://host'\nclient_key = 'good'")),
    (Code::ValueWrong, Text("[journal]\nurl = 'http://mira:canary@host'")),
    (Code::UrlWithLogin, Text("[journal]\nurl = 'nats://mira:canary@host'")),
    (Code::UrlPlain, Text("[journal]\nurl = 'nats://nats.example.org'\ntoken = { file = 'good' }")),
    (Code::LengthZero, Text("[journal]\nurl = 'nats://host'\nlease = '0s'")),
    (Code::NumberOutOfRange, Text("[journal]\nurl = 'nats://host'\nreplicas = 6")),
    (Code::SecretVariableMissing, Text("[journal]\nurl = { env = 'ANTIPHON_NOT_SET' }")),
    (Code::CertificateUnreadable, Text("[journal]\nurl = 'tls://host'\ncertificate = 'no.pem'")),
    (Code::RuleUnmatched, Text("[journal]\nrules = [{ kind = 'queup.chatmessage', keep = '1h' }]")),
    (Code::RuleShadowed, Text("[journal]\nrules = [{ kind = 'queup.*', keep = '1h' }, { kind = 'queup.chat-*', keep = '2h' }]")),
    (Code::KeepUnderWindow, Text("[journal]\nkeep = '1d'")),
    (Code::MaxBytesSmall, Text("[journal]\nmax_bytes = 500")),
    #[cfg(unix)]
    (Code::SecretOpen, Text("[sources.nave]\nplatform = 'discord'\ntoken = { file = 'open' }")),
];

/// Codes of `check` whose mistake cannot be made in this process, with the test that makes it elsewhere.
const ELSEWHERE: &[(Code, &str)] = &[
    (
        Code::SecretVariableEmpty,
        "a_secret_in_place_of_its_name_is_not_shown",
    ),
    (
        Code::JournalWithoutJetstream,
        "a_build_without_jetstream_names_the_way_out",
    ),
    (
        Code::ProxyVariableWrong,
        "check_looks_at_the_proxies_of_the_environment",
    ),
    (
        Code::ProxyOfEnvironment,
        "check_looks_at_the_proxies_of_the_environment",
    ),
];

const BOT: &str = "[sources.nave]\nplatform = 'discord'\ntoken = { file = 'token' }";
const POOL: &str = "[sources.organ]\nplatform = 'lavalink'\nuser = 7\nnodes.a = { url = 'http://node:2333', password = { file = 'good' } }";
const QUEUP: &str = "[sources.choir]\nplatform = 'queup'\nemail = 'mira@example.org'\npassword = { file = 'good' }\nrooms = ['loft']";
const CHAT: &str = "[sources.tea]\nplatform = 'stackexchange'\nemail = 'mira@example.org'\npassword = { file = 'good' }\nrooms = [1]\ncookie_file = 'tea.cookies'";

const TOKEN: &str = "MTU4NzkyNTgwOTc2MDEwMzM5NDU.canary.Y4CnJM4KZKNJRNx9zqRSSEazbpsP86A";

/// A folder with the files that the cases name.
fn files() -> TempDir {
    let folder = tempfile::tempdir().expect("a temporary folder");
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).expect("a file");
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            let mode = if name == "open" { 0o644 } else { 0o600 };
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(&path, mode).expect("it is ours");
        }
    };
    std::fs::create_dir(folder.path().join("folder")).expect("a folder");
    write("good", b"canary-7f3a\n");
    write("open", TOKEN.as_bytes());
    write("token", TOKEN.as_bytes());
    write("prefixed", format!("Bot {TOKEN}\n").as_bytes());
    write("quoted", format!("\"{TOKEN}\"\n").as_bytes());
    write("variables", format!("DISCORD_TOKEN={TOKEN}\n").as_bytes());
    write("two-words", b"canary canary");
    write("empty", b"\ncanary");
    write("binary", &[0xff, 0xfe, 0]);
    write("large", &vec![b'a'; 1 << 21]);
    let rooms: Vec<_> = (1..=257).map(|room| room.to_string()).collect();
    let rooms = format!("{CHAT}\n").replace("[1]", &format!("[{}]", rooms.join(", ")));
    write("rooms.toml", rooms.as_bytes());
    folder
}

fn text_of(text: &str) -> String {
    let mut text = text.to_owned();
    for (name, source) in [
        ("BOT", BOT),
        ("POOL", POOL),
        ("QUEUP", QUEUP),
        ("CHAT", CHAT),
    ] {
        if let Some(rest) = text.strip_prefix(name) {
            text = format!("{source}{rest}");
            break;
        }
    }
    text
}

fn findings(folder: &Path, given: &Given) -> Vec<Finding> {
    match given {
        Text(text) => whole_text(&folder.join("a.toml"), &text_of(text)).findings,
        File(name) => whole(&folder.join(name)).findings,
    }
}

/// The codes that `antiphon check` finds, all of which a test provokes.
pub(crate) fn provoked() -> impl Iterator<Item = Code> {
    let cases = CASES.iter().map(|(code, _)| *code);
    cases.chain(ELSEWHERE.iter().map(|(code, _)| *code))
}

#[test]
fn each_mistake_has_its_code_and_shows_no_secret() {
    let folder = files();
    for (code, given) in CASES {
        let found = findings(folder.path(), given);
        assert!(
            found.iter().any(|finding| finding.code == *code),
            "{}: {found:#?}",
            code.word()
        );
        for finding in found {
            let shown = format!("{finding:?} {}", finding.way_out());
            assert!(!shown.contains("canary"), "{}: {shown}", code.word());
        }
    }
}

#[test]
fn a_code_that_is_provoked_elsewhere_has_its_test() {
    let tests = concat!(
        include_str!("../../../tests/network.rs"),
        include_str!("../../../tests/check.rs")
    );
    for (code, test) in ELSEWHERE {
        assert!(tests.contains(&format!("fn {test}()")), "{}", code.word());
    }
}

#[test]
fn sources_without_a_mistake_have_no_finding() {
    let folder = files();
    let text = [
        "[journal]\npath = 'a.db'\nkeep = '30d'\nrules = [{ kind = 'queup.*', keep = '9d' }, { kind = '*', keep = '20d' }]",
        BOT,
        "intents = ['GUILDS', 'GUILD_MESSAGES', 'MESSAGE_CONTENT']",
        POOL,
        QUEUP,
        CHAT,
    ]
    .join("\n");
    let checked = whole_text(&folder.path().join("a.toml"), &text);
    assert_eq!(checked.findings, []);
    let config = checked.config.expect("it is read");
    assert_eq!(config.sources.len(), PLATFORMS.len());
    assert_eq!(config.folder, folder.path());
}

/// The findings of a file as lines.
fn lines(text: &str) -> String {
    let folder = files();
    let checked = whole_text(&folder.path().join("a.toml"), text);
    let begin = format!("{}/", folder.path().display());
    let lines = checked.findings.iter().map(|finding| {
        let line = format!("{} [{}]\n", finding.sentence(), finding.code.word());
        line.replace(&begin, "")
    });
    lines.collect()
}

#[test]
fn all_mistakes_are_told_at_once_with_line_and_column_in_characters() {
    let text = "\
[journal]
keep = 'söon'
påth = { ö = 'é' }
[sources.nave]
platform = 'discord'
token = { env = 'ANTIPHON_NOT_SET' }
intents = ['GUILDS', 'GUILD_MESSAGE', 'MESAGE_CONTENT']
proxy = 'ftp://nowhere'
shards = 0
[sources.organ]
platform = 'lavalink'
nodes.'ë' = { url = 'node:2333', password = 'hunter2' }
";
    insta::assert_snapshot!(lines(text), @r#"
        a.toml:2:8: `keep` of [journal] is not a length of time such as "30d" [length-wrong]
        a.toml:3:2: invalid unquoted key, expected letters, numbers, `-`, `_` [syntax]
        a.toml:6:9: the token of [sources.nave]: the environment has no `ANTIPHON_NOT_SET` [secret-variable-missing]
        a.toml:7:22: [sources.nave] knows no intent `GUILD_MESSAGE` [intent-unknown]
        a.toml:7:39: [sources.nave] knows no intent `MESAGE_CONTENT` [intent-unknown]
        a.toml:8:9: `proxy` of [sources.nave] cannot be used: a proxy's scheme is one of http, https, socks5, socks5h, socks4 and socks4a [proxy-wrong]
        a.toml:9:10: `shards` of [sources.nave] is not a whole number from 1 to 4294967295 [number-out-of-range]
        a.toml:12:21: `url` of the node `ë` of [sources.organ] has no scheme [url-without-scheme]
        a.toml:12:45: `password` of [sources.organ.nodes.ë] is a secret and must not stand in the configuration [secret-in-file]
        "#);
}

#[test]
fn what_is_no_toml_hides_no_mistake_of_another_line() {
    insta::assert_snapshot!(lines("[journal]\nkeep = 'soon\npth = 'a'\npath == 'b'\n[sources.x]\nplatform = 'irc'"), @r#"
        a.toml:2:13: invalid literal string, expected `'` [syntax]
        a.toml:3:1: [journal] knows no key `pth` [key-unknown]
        a.toml:4:7: extra `=`, expected nothing [syntax]
        a.toml:6:12: [sources.x] knows no platform `irc` [platform-unknown]
        "#);
}

#[test]
fn a_secret_on_a_line_that_is_no_toml_is_not_shown() {
    for text in [
        "[sources.choir]\npassword = \"canary-7f3a",
        "canary-7f3a",
        "[sources.choir]\ncanary-7f3a\npassword = canary-7f3a",
        "canary-7f3a = = 5",
    ] {
        let said = lines(text);
        assert!(!said.contains("canary"), "{text}: {said}");
        assert!(said.contains("[syntax]"), "{text}: {said}");
    }
}

#[test]
fn a_report_is_bounded() {
    let keys: Vec<_> = (0..500).map(|number| format!("key{number} = 1")).collect();
    let text = keys.join("\n");
    let checked = whole_text(Path::new("a.toml"), &text);
    assert_eq!(checked.findings.len(), MOST);
    assert!(checked.more >= 300, "{}", checked.more);
    let word = "a".repeat(10_000);
    let said = lines(&format!("{word} = 1"));
    assert!(said.lines().all(|line| line.len() < 300), "{said}");
}

#[test]
fn a_failure_tells_all_errors_and_no_warnings() {
    let checked = whole_text(
        Path::new("a.toml"),
        "[journal]\nkeep = '1h'\npth = 1\ndurability = 'disk'\n[sources.x]\nplatform = 'irc'",
    );
    let has_warning = |finding: &Finding| finding.severity() == Severity::Warning;
    assert!(checked.findings.iter().any(has_warning));
    let error = checked.usable().expect_err("it is wrong");
    let (exit, lines) = crate::failure::report(&error.into());
    assert_eq!(exit.code(), 2);
    insta::assert_snapshot!(lines.join("\n"), @r#"
        error: a.toml:3:1: [journal] knows no key `pth`
        hint: did you mean `path`?
        error: a.toml:4:14: `durability` of [journal] is not one of "process", "power"
        hint: write one of the words
        error: a.toml:6:12: [sources.x] knows no platform `irc`
        hint: it knows `discord`, `lavalink`, `queup`, `stackexchange`
        "#);
}
