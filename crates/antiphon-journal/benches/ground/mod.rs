//! What both benches of the journal stand on: a varied corpus, and bare rusqlite.
//!
//! The corpus is the four most frequent events of a Discord shard, `MESSAGE_CREATE`, `PRESENCE_UPDATE`, `TYPING_START`
//! and `VOICE_STATE_UPDATE` in the proportion 7 : 3 : 2 : 1, with their keys in Discord's order: 3,000 people, 20 guilds of
//! 30 channels, random ids, times and pictures, and texts cut from this repository's pages.

mod bare;

use std::{fmt::Write as _, sync::Arc};

use antiphon_core::{Batch, Checkpoint, Draft, Kind, Origin, Place, Rng, SourceName};
use jiff::Timestamp;
use rusqlite::Connection;

pub(crate) use self::bare::{append_bare, bare};

const TEXTS: [&str; 3] = [
    include_str!("../../../../docs/journal.md"),
    include_str!("../../../../docs/policy.md"),
    include_str!("../../../../README.md"),
];

struct User {
    id: u64,
    json: String,
}

struct Guild {
    id: u64,
    channels: Vec<(u64, Place)>,
    roles: Vec<u64>,
}

/// Events in the order in which a shard brings them.
pub(crate) fn corpus(count: usize) -> Vec<(SourceName, Draft)> {
    let mut rng = Rng::with_seed(7);
    let words: Vec<&str> = TEXTS
        .iter()
        .flat_map(|text| text.split_whitespace())
        .collect();
    let users: Vec<_> = (0..3000).map(|_| user(&mut rng)).collect();
    let guilds: Vec<_> = (0..20).map(|_| guild(&mut rng)).collect();
    let kinds = [
        "MESSAGE_CREATE",
        "PRESENCE_UPDATE",
        "TYPING_START",
        "VOICE_STATE_UPDATE",
    ]
    .map(|name| Kind::new(format!("discord.{name}")));
    let begun: Timestamp = "2026-01-01T00:00:00Z".parse().expect("a timestamp");
    let source = SourceName::new("choir");
    (0..count as u64)
        .map(|number| {
            let guild = &guilds[rng.usize(..guilds.len())];
            let user = &users[rng.usize(..users.len())];
            let (channel, place) = &guild.channels[rng.usize(..guild.channels.len())];
            let kind = [0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 2, 2, 3][rng.usize(..13)];
            let body = match kind {
                0 => message(&mut rng, &words, guild, user, *channel),
                1 => presence(&mut rng, &words, guild, user),
                2 => format!(
                    r#"{{"user_id":"{}","timestamp":{},"member":{{"user":{},{}}},"channel_id":"{channel}","guild_id":"{}"}}"#,
                    user.id, rng.u64(1_700_000_000..1_790_000_000), user.json, member(&mut rng, guild), guild.id,
                ),
                _ => format!(
                    r#"{{"member":{{"user":{},{}}},"user_id":"{}","suppress":false,"session_id":"{}","self_video":false,"self_mute":{},"self_deaf":false,"request_to_speak_timestamp":null,"mute":false,"guild_id":"{}","deaf":false,"channel_id":"{channel}"}}"#,
                    user.json, member(&mut rng, guild), user.id, hex(&mut rng, 32), rng.bool(), guild.id,
                ),
            };
            let origin = Origin::sequence("8f14e45fceea167a5a36dedd4bea2543", number);
            let received_at = begun + std::time::Duration::from_micros(number * 200);
            let draft = Draft::new(kinds[kind].clone(), place.clone(), origin, received_at, body);
            (source.clone(), draft)
        })
        .collect()
}

/// Batches of `size` events, with a checkpoint of 160 bytes each, or with every event.
pub(crate) fn batches(
    events: &[(SourceName, Draft)],
    size: usize,
    with_every_event: bool,
) -> Vec<Arc<Batch>> {
    let checkpoint = |mark: usize| Checkpoint {
        part: "shard/0".into(),
        state: format!("{mark:0160}").into(),
        mark: i64::try_from(mark).expect("a small number"),
    };
    let batch = |(number, events): (usize, &[(SourceName, Draft)])| {
        let checkpoints = if with_every_event { events.len() } else { 1 };
        let first = number * size;
        Arc::new(Batch {
            checkpoints: (first..first + checkpoints)
                .map(|mark| (events[0].0.clone(), checkpoint(mark)))
                .collect(),
            events: events.to_vec(),
            ..Batch::default()
        })
    };
    events.chunks(size).enumerate().map(batch).collect()
}

fn id(rng: &mut Rng) -> u64 {
    rng.u64(100_000_000_000_000_000..1_400_000_000_000_000_000)
}

fn hex(rng: &mut Rng, length: usize) -> String {
    (0..length)
        .map(|_| char::from_digit(rng.u32(..16), 16).expect("a digit"))
        .collect()
}

fn time(rng: &mut Rng) -> String {
    let seconds = rng.i64(1_460_000_000..1_790_000_000);
    let time = Timestamp::new(seconds, rng.i32(0..1000) * 1_000_000).expect("this century");
    format!("{time:.6}").replace('Z', "+00:00")
}

fn text(rng: &mut Rng, words: &[&str], count: usize) -> String {
    let from = rng.usize(..words.len() - count);
    words[from..from + count]
        .join(" ")
        .replace('\\', "")
        .replace('"', "\\\"")
}

fn user(rng: &mut Rng) -> User {
    let id = id(rng);
    let name: String = (0..rng.usize(4..14))
        .map(|_| rng.alphanumeric().to_ascii_lowercase())
        .collect();
    let global_name = if rng.bool() {
        "null".to_owned()
    } else {
        format!("\"{}\"", name.to_uppercase())
    };
    let flags = [0, 0, 64, 128, 256][rng.usize(..5)];
    let json = format!(
        r#"{{"username":"{name}","public_flags":{flags},"primary_guild":null,"id":"{id}","global_name":{global_name},"display_name_styles":null,"discriminator":"0","collectibles":null,"clan":null,"avatar_decoration_data":null,"avatar":"{}"}}"#,
        hex(rng, 32),
    );
    User { id, json }
}

fn guild(rng: &mut Rng) -> Guild {
    let guild = id(rng);
    let channel = |rng: &mut Rng| {
        let channel = id(rng);
        (
            channel,
            Place::new(format!("guild/{guild}/channel/{channel}")),
        )
    };
    Guild {
        id: guild,
        channels: (0..30).map(|_| channel(rng)).collect(),
        roles: (0..40).map(|_| id(rng)).collect(),
    }
}

/// A member's fields without the braces around them.
fn member(rng: &mut Rng, guild: &Guild) -> String {
    let mut roles = String::new();
    for number in 0..rng.usize(..7) {
        let comma = if number > 0 { "," } else { "" };
        let _ = write!(
            roles,
            "{comma}\"{}\"",
            guild.roles[rng.usize(..guild.roles.len())]
        );
    }
    format!(
        r#""roles":[{roles}],"premium_since":null,"pending":false,"nick":null,"mute":false,"joined_at":"{}","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null"#,
        time(rng),
    )
}

fn message(rng: &mut Rng, words: &[&str], guild: &Guild, user: &User, channel: u64) -> String {
    let count = rng.usize(2..30);
    format!(
        r#"{{"type":0,"tts":false,"timestamp":"{}","pinned":false,"nonce":"{}","mentions":[],"mention_roles":[],"mention_everyone":false,"member":{{{}}},"id":"{}","flags":0,"embeds":[],"edited_timestamp":null,"content":"{}","components":[],"channel_type":0,"channel_id":"{channel}","author":{},"attachments":[],"guild_id":"{}"}}"#,
        time(rng),
        id(rng),
        member(rng, guild),
        id(rng),
        text(rng, words, count),
        user.json,
        guild.id,
    )
}

fn presence(rng: &mut Rng, words: &[&str], guild: &Guild, user: &User) -> String {
    let status = ["online", "idle", "dnd"][rng.usize(..3)];
    let mut activity = String::new();
    if rng.bool() {
        activity = format!(
            r#"{{"type":0,"timestamps":{{"start":{}}},"session_id":"{}","name":"{}","id":"{}","created_at":{},"application_id":"{}","state":"{}","details":"{}"}}"#,
            rng.u64(1_700_000_000_000..1_790_000_000_000),
            hex(rng, 32),
            text(rng, words, 2),
            hex(rng, 16),
            rng.u64(1_700_000_000_000..1_790_000_000_000),
            id(rng),
            text(rng, words, 3),
            text(rng, words, 3),
        );
    }
    format!(
        r#"{{"user":{{"id":"{}"}},"status":"{status}","processed_at_timestamp":{},"guild_id":"{}","client_status":{{"desktop":"{status}"}},"broadcast":null,"activities":[{activity}]}}"#,
        user.id,
        rng.u64(1_700_000_000_000..1_790_000_000_000),
        guild.id,
    )
}

/// Reads every row once in the order of positions, all columns, and adds up the bytes of the bodies.
pub(crate) fn read_bare(connection: &Connection) -> usize {
    let mut select = connection
        .prepare(
            "select source, kind, place, provenance, form, received_at, origin, deletes, note, body, position \
             from stored order by position",
        )
        .expect("prepared");
    let mut rows = select.query([]).expect("begun");
    let mut bytes = 0;
    while let Some(row) = rows.next().expect("a row") {
        for column in [0, 1, 2, 3, 4, 5, 10] {
            bytes += usize::from(row.get_ref(column).expect("a column").as_i64().is_ok());
        }
        for column in [7, 8] {
            bytes += usize::from(
                row.get_ref(column)
                    .expect("a column")
                    .as_str_or_null()
                    .is_ok(),
            );
        }
        bytes += row
            .get_ref(6)
            .expect("a column")
            .as_str()
            .expect("a text")
            .len();
        bytes += row
            .get_ref(9)
            .expect("a column")
            .as_bytes()
            .expect("bytes")
            .len();
    }
    bytes
}
