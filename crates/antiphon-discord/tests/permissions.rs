//! Permissions of members against Discord's rules and against twilight's calculator.

use antiphon_core::{Draft, Event, Kind, Origin, Place, Position, Source as _};
use antiphon_discord::{
    CacheLimits, Config, Intents,
    model::{Channel, Guild, Member, PermissionCalculator, Permissions, from_str, id::Id},
};
use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};
use twilight_model::{
    channel::{
        ChannelType,
        permission_overwrite::{PermissionOverwrite, PermissionOverwriteType},
    },
    guild::Permissions as TwilightPermissions,
};
use twilight_util::permission_calculator::PermissionCalculator as TwilightCalculator;

const GUILD: u64 = 11;
const USER: u64 = 33;
/// Permissions that twilight's calculator leaves out of a text channel, where ours keeps what roles and overwrites say.
const KEPT: Permissions = Permissions::ADMINISTRATOR
    .union(Permissions::BAN_MEMBERS)
    .union(Permissions::CHANGE_NICKNAME)
    .union(Permissions::KICK_MEMBERS)
    .union(Permissions::MANAGE_GUILD_EXPRESSIONS)
    .union(Permissions::MANAGE_GUILD)
    .union(Permissions::MANAGE_NICKNAMES)
    .union(Permissions::VIEW_AUDIT_LOG)
    .union(Permissions::VIEW_GUILD_INSIGHTS)
    .union(Permissions::CONNECT)
    .union(Permissions::DEAFEN_MEMBERS)
    .union(Permissions::MOVE_MEMBERS)
    .union(Permissions::MUTE_MEMBERS)
    .union(Permissions::PRIORITY_SPEAKER)
    .union(Permissions::REQUEST_TO_SPEAK)
    .union(Permissions::SPEAK)
    .union(Permissions::STREAM)
    .union(Permissions::USE_VAD);

/// Permissions that mean nothing without `SEND_MESSAGES`.
const OF_SENDING: Permissions = Permissions::MENTION_EVERYONE
    .union(Permissions::SEND_TTS_MESSAGES)
    .union(Permissions::ATTACH_FILES)
    .union(Permissions::EMBED_LINKS);

/// Bits of which many are those that matter.
fn bits() -> impl Strategy<Value = u64> {
    let known = TwilightPermissions::all().bits();
    let matters = TwilightPermissions::VIEW_CHANNEL | TwilightPermissions::SEND_MESSAGES;
    (any::<u64>(), any::<u64>(), any::<bool>()).prop_map(move |(one, two, more)| {
        let bits = one & two & known & !TwilightPermissions::ADMINISTRATOR.bits();
        if more { bits | matters.bits() } else { bits }
    })
}

fn overwrite() -> impl Strategy<Value = (u64, bool, u64, u64)> {
    let who = prop_oneof![
        Just((GUILD, false)),
        (1_u64..6).prop_map(|role| (role, false)),
        Just((USER, true)),
        Just((34_u64, true)),
    ];
    (who, bits(), bits()).prop_map(|((id, is_member), allow, deny)| (id, is_member, allow, deny))
}

proptest! {
    #[test]
    fn a_text_channels_permissions_are_those_of_twilight(
        everyone in bits(),
        roles in proptest::collection::vec(bits(), 0..4),
        overwrites in proptest::collection::vec(overwrite(), 0..6),
        is_owner in proptest::bool::weighted(0.1),
        admin in proptest::bool::weighted(0.1),
    ) {
        // Discord has one overwrite for each role and member.
        let mut overwrites = overwrites;
        overwrites.sort_by_key(|(id, is_member, ..)| (*id, *is_member));
        overwrites.dedup_by_key(|(id, is_member, ..)| (*id, *is_member));
        let everyone = if admin { everyone | Permissions::ADMINISTRATOR.bits() } else { everyone };
        let owner = if is_owner { USER } else { 1 };

        let theirs: Vec<_> = (1..).zip(&roles)
            .map(|(id, bits)| (Id::new(id), TwilightPermissions::from_bits_truncate(*bits)))
            .collect();
        let listed: Vec<_> = overwrites.iter().map(|(id, is_member, allow, deny)| PermissionOverwrite {
            allow: TwilightPermissions::from_bits_truncate(*allow),
            deny: TwilightPermissions::from_bits_truncate(*deny),
            id: Id::new(*id),
            kind: if *is_member { PermissionOverwriteType::Member } else { PermissionOverwriteType::Role },
        }).collect();
        let base = TwilightPermissions::from_bits_truncate(everyone);
        let twilight = TwilightCalculator::new(Id::new(GUILD), Id::new(USER), base, &theirs).owner_id(Id::new(owner));
        let in_guild = twilight.root().bits();
        let in_channel = twilight.in_channel(ChannelType::GuildText, &listed).bits();

        let ours = (1..).zip(&roles).map(|(id, bits)| (Id::new(id), Permissions::from_bits_retain(*bits)));
        let ours = PermissionCalculator::new(Id::new(GUILD), Id::new(USER), Permissions::from_bits_retain(everyone), ours)
            .owner(Some(Id::new(owner)));
        let known = Permissions::from_bits_retain(TwilightPermissions::all().bits());
        prop_assert_eq!((ours.in_guild() & known).bits(), in_guild);
        let channel = channel(0, &overwrites);
        // twilight heeds a lack of these two only where an overwrite of the member or a role denies them.
        let mut expected = Permissions::from_bits_retain(in_channel);
        if !expected.contains(Permissions::VIEW_CHANNEL) {
            expected = Permissions::empty();
        } else if !expected.contains(Permissions::SEND_MESSAGES) {
            expected = expected.difference(OF_SENDING);
        }
        let both = known.difference(KEPT);
        prop_assert_eq!(ours.in_channel(&channel) & both, expected & both);
    }
}

fn channel(kind: u8, overwrites: &[(u64, bool, u64, u64)]) -> Channel {
    let overwrites: Vec<Value> = overwrites
        .iter()
        .map(|(id, is_member, allow, deny)| {
            json!({"id": id.to_string(), "type": u8::from(*is_member), "allow": allow.to_string(), "deny": deny.to_string()})
        })
        .collect();
    let sent = json!({"id": "22", "type": kind, "permission_overwrites": overwrites}).to_string();
    from_str(&sent).expect("a channel").0
}

fn guild(everyone: Permissions, alto: Permissions) -> Guild {
    let sent = json!({"id": "11", "name": "choir", "owner_id": "1", "roles": [
        {"id": "11", "name": "@everyone", "permissions": everyone.bits().to_string()},
        {"id": "44", "name": "alto", "permissions": alto.bits().to_string()},
    ]});
    from_str(&sent.to_string()).expect("a guild").0
}

fn member(id: u64, timed_out_until: Option<&str>) -> Member {
    let sent = json!({"user": {"id": id.to_string(), "username": "eve"}, "roles": ["44", "99"],
        "communication_disabled_until": timed_out_until});
    from_str(&sent.to_string()).expect("a member").0
}

/// A permission that nobody has named yet.
const NEW: Permissions = Permissions::from_bits_retain(1 << 60);
const BASE: Permissions = Permissions::VIEW_CHANNEL
    .union(Permissions::SEND_MESSAGES)
    .union(Permissions::READ_MESSAGE_HISTORY)
    .union(Permissions::ATTACH_FILES)
    .union(Permissions::SEND_MESSAGES_IN_THREADS)
    .union(Permissions::CONNECT)
    .union(Permissions::SPEAK)
    .union(Permissions::MANAGE_CHANNELS)
    .union(NEW);

fn eve() -> PermissionCalculator {
    PermissionCalculator::of(
        &guild(BASE, Permissions::empty()),
        &member(33, None),
        Timestamp::UNIX_EPOCH,
    )
}

#[test]
fn bits_without_a_name_are_kept() {
    assert_eq!(eve().in_guild(), BASE);
    assert!(eve().in_channel(&channel(0, &[])).contains(NEW));
    let denied = channel(0, &[(44, false, 0, NEW.bits())]);
    assert!(!eve().in_channel(&denied).contains(NEW));
    let owner =
        PermissionCalculator::of(&guild(BASE, NEW), &member(1, None), Timestamp::UNIX_EPOCH);
    assert_eq!(owner.in_channel(&denied), Permissions::all());
}

#[test]
fn what_cannot_be_seen_allows_nothing_and_what_cannot_be_written_no_files() {
    let unseen = channel(0, &[(11, false, 0, Permissions::VIEW_CHANNEL.bits())]);
    assert_eq!(eve().in_channel(&unseen), Permissions::empty());
    let silent = channel(0, &[(33, true, 0, Permissions::SEND_MESSAGES.bits())]);
    let left = eve().in_channel(&silent);
    assert!(
        !left.contains(Permissions::ATTACH_FILES)
            && left.contains(Permissions::READ_MESSAGE_HISTORY)
    );
}

#[test]
fn a_voice_channel_without_connect_can_be_neither_used_nor_managed() {
    let closed = [(11, false, 0, Permissions::CONNECT.bits())];
    let voice = eve().in_channel(&channel(2, &closed));
    assert!(!voice.intersects(Permissions::SPEAK | Permissions::MANAGE_CHANNELS));
    assert!(
        eve()
            .in_channel(&channel(0, &closed))
            .contains(Permissions::MANAGE_CHANNELS)
    );
}

#[test]
fn a_thread_has_its_parents_permissions_and_a_right_to_write_of_its_own() {
    let news = channel(5, &[(11, false, 0, Permissions::SEND_MESSAGES.bits())]);
    let thread = eve().in_thread(&news);
    assert!(thread.contains(Permissions::SEND_MESSAGES_IN_THREADS | Permissions::ATTACH_FILES));
    assert!(!thread.contains(Permissions::SEND_MESSAGES));
    let closed = channel(
        0,
        &[(11, false, 0, Permissions::SEND_MESSAGES_IN_THREADS.bits())],
    );
    assert!(!eve().in_thread(&closed).contains(Permissions::ATTACH_FILES));
    assert_eq!(
        eve().in_channel(&channel(11, &[])),
        Permissions::empty(),
        "a thread needs its parent"
    );
}

#[test]
fn a_timed_out_member_may_read_unless_they_administrate() {
    let at = |time: &str| time.parse::<Timestamp>().expect("a time");
    let until = Some("2026-01-01T00:00:00Z");
    let eve = |now| {
        PermissionCalculator::of(
            &guild(BASE, Permissions::empty()),
            &member(33, until),
            at(now),
        )
    };
    let during = Permissions::VIEW_CHANNEL | Permissions::READ_MESSAGE_HISTORY;
    assert_eq!(
        eve("2025-12-31T23:59:59Z").in_channel(&channel(0, &[])),
        during
    );
    assert_eq!(eve("2025-12-31T23:59:59Z").in_guild(), during);
    assert_eq!(
        eve("2026-01-01T00:00:00Z").in_channel(&channel(0, &[])),
        BASE
    );
    let admin = guild(BASE, Permissions::ADMINISTRATOR);
    let admin = PermissionCalculator::of(&admin, &member(33, until), at("2025-12-31T23:59:59Z"));
    assert_eq!(admin.in_channel(&channel(0, &[])), Permissions::all());
    // An overwrite grants nobody the right of administrators.
    let odd = channel(0, &[(33, true, Permissions::ADMINISTRATOR.bits(), 0)]);
    assert_eq!(eve("2025-12-31T23:59:59Z").in_channel(&odd), during);
}

#[test]
fn the_cache_knows_a_members_permissions_or_says_that_it_does_not() {
    let config = Config::new("token", Intents::GUILDS).cache(CacheLimits::new());
    let (client, mut source) = antiphon_discord::connect(config.name("bot"));
    let mut projection = source.projections().remove(0);
    let body = json!({"id": "11", "name": "choir", "owner_id": "1",
        "roles": [{"id": "11", "name": "@everyone", "permissions": BASE.bits().to_string()}],
        "channels": [{"id": "22", "type": 0, "name": "loft", "permission_overwrites": [
            {"id": "33", "type": 1, "allow": "0", "deny": Permissions::SEND_MESSAGES.bits().to_string()}]}],
        "threads": [{"id": "23", "type": 11, "name": "altos", "parent_id": "22"}],
        "members": [{"user": {"id": "33", "username": "eve"}, "roles": []},
            {"user": {"id": "34", "username": "teo"}, "roles": ["77"]}]});
    let kind = Kind::from_static("discord.GUILD_CREATE");
    let draft = Draft::new(
        kind,
        Place::root(),
        Origin::from("a/1"),
        Timestamp::UNIX_EPOCH,
        body.to_string(),
    );
    projection.apply(&Event::stored(Position::new(1), "bot".into(), draft));
    let may = |user, channel| {
        client
            .cache()
            .permissions_in(Id::new(user), Id::new(channel))
    };
    assert!(
        !may(33, 22)
            .expect("known")
            .contains(Permissions::ATTACH_FILES)
    );
    assert!(
        may(33, 23)
            .expect("known")
            .contains(Permissions::ATTACH_FILES)
    );
    assert_eq!(may(34, 22), None, "a role is not known");
    assert_eq!((may(35, 22), may(33, 24)), (None, None));
}
