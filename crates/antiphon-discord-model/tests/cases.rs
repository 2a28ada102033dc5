//! Odd and new values, as servers were seen to send them: each is typed, and costs no neighbour.

use antiphon_discord_model::{
    AuditLogEntry, Channel, CommandOptionValue, Component, Interaction, InteractionData,
    InviteTargetType, Message, Permissions, Presence, Read, ReadError, from_slice, from_str,
    gateway::{GuildCreate, InviteCreate, MemberChunk, RoleUpdate},
    id::Id,
};
use serde_json::{Value, json};

/// The body in a file of cases.
fn body(case: &str) -> Value {
    let path = format!("{}/fixtures/cases/{case}.json", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read(path).expect("the case");
    let mut case: Value = serde_json::from_slice(&text).expect("JSON");
    case["d"].take()
}

#[track_caller]
fn read<T: Read>(body: &Value) -> (T, Vec<String>) {
    match from_str::<T>(&body.to_string()) {
        Ok((value, repairs)) => (value, repairs.iter().map(ToString::to_string).collect()),
        Err(error) => panic!("{error}"),
    }
}

/// What is read without a repair.
#[track_caller]
fn clean<T: Read>(body: &Value) -> T {
    let (value, repairs) = read(body);
    assert_eq!(repairs, [""; 0]);
    value
}

#[test]
fn times_of_an_activity_are_rounded() {
    let (presence, repairs) = read::<Presence>(&body("activity-float-times"));
    let times = presence.activities[0].timestamps.as_ref().expect("times");
    assert_eq!(times.start, Some(1_770_000_000_001));
    assert_eq!(
        repairs,
        ["/activities/0/timestamps/start: rounded to a whole number"]
    );
}

#[test]
fn a_change_in_the_audit_log_keeps_key_and_values_whatever_they_are() {
    let entry: AuditLogEntry = clean(&body("audit-command-permission"));
    let change = &entry.changes[0];
    assert_eq!(change.key, "290926798999357250");
    let new: Value = change
        .new_value
        .as_ref()
        .expect("a value")
        .parse()
        .expect("JSON");
    assert_eq!(
        new,
        json!({"id": "290926798999357250", "permission": true, "type": 3})
    );
    assert_eq!(change.old_value, None);
    let options = entry.options.expect("options");
    assert_eq!(
        options.application_id,
        Some(Id::new(845_027_738_276_462_632))
    );
    let other = json!({"id": "1", "user_id": null, "target_id": null, "action_type": 193, "options": {"status": "karaoke"}, "changes": [
        {"key": "flags", "old_value": 1, "new_value": 3}, {"key": "allow", "old_value": "0", "new_value": "281474976710656"},
    ]});
    let entry: AuditLogEntry = clean(
        &json!({"guild_id": "7", "id": "1", "user_id": null, "target_id": null, "action_type": 193, "options": other["options"], "changes": other["changes"]}),
    );
    assert_eq!(
        entry.options.and_then(|options| options.status).as_deref(),
        Some("karaoke")
    );
    let allow: Permissions = entry.changes[1]
        .new_value
        .as_ref()
        .expect("bits")
        .parse()
        .expect("bits");
    assert_eq!(allow, Permissions::SET_VOICE_CHANNEL_STATUS);
}

#[test]
fn a_command_keeps_the_decoration_of_whom_it_is_about() {
    let sent = body("command-user-option-decorated");
    let command: Interaction = clean(&sent);
    let Some(InteractionData::ApplicationCommand(data)) = &command.data else {
        panic!("{:?}", command.data);
    };
    let CommandOptionValue::User(ben) = data.options[0].value else {
        panic!("{:?}", data.options);
    };
    let user = &data.resolved.as_ref().expect("objects").users[&ben];
    let worn = user.avatar_decoration_data.as_ref().expect("a decoration");
    assert_eq!(
        worn.asset.to_string(),
        "v2_a_0123456789abcdef0123456789abcdef"
    );
    assert_eq!(
        command
            .app_permissions
            .map(|permissions| permissions.bits()),
        Some(2_251_799_813_685_247)
    );
    assert_eq!(
        command
            .member
            .as_ref()
            .and_then(|member| member.permissions)
            .map(|own| own.bits()),
        Some(9_007_199_254_740_991)
    );
}

#[test]
fn one_odd_object_in_an_interaction_costs_itself_alone() {
    let mut sent = body("command-user-option-decorated");
    let resolved = &mut sent["data"]["resolved"];
    resolved["users"]["7"] = json!({"id": "seven", "username": "x"});
    resolved["users"]["8"] = json!({"id": "8", "username": "x", "discriminator": "0", "avatar": [], "global_name": null});
    resolved["roles"] = json!({"9": {"id": "9", "name": "dj"}, "10": "odd"});
    resolved["channels"] = json!({"11": {"id": "11", "type": 99, "permissions": "1"}, "no id": {}});
    resolved["messages"] = json!({"12": {"id": "12", "channel_id": "11", "embeds": [{"thumbnail": {}}, 5], "author": {"id": "8"}}});
    resolved["attachments"] = json!({"13": {"id": "13", "width": "wide", "size": 5.0}});
    let (command, repairs) = read::<Interaction>(&sent);
    let Some(InteractionData::ApplicationCommand(data)) = command.data else {
        panic!("no command");
    };
    let resolved = data.resolved.expect("objects");
    assert_eq!(resolved.users.len(), 2, "without the one that is not known");
    assert_eq!(resolved.users[&Id::new(8)].name, "x");
    assert_eq!(resolved.roles.len(), 1);
    assert_eq!(resolved.channels[&Id::new(11)].kind.number(), 99);
    assert_eq!(resolved.messages[&Id::new(12)].embeds.len(), 1);
    assert_eq!(resolved.attachments[&Id::new(13)].size, 5);
    for named in [
        "/data/resolved/users/7/id: expected an id, found a text",
        "/data/resolved/users/7: `id` is missing, so it was left out",
        "/data/resolved/users/8/avatar: expected the name of a picture, found a list",
        "/data/resolved/roles/10: expected an object, found a text",
    ] {
        assert!(
            repairs.iter().any(|repair| repair == named),
            "{named}\n{repairs:#?}"
        );
    }
}

#[test]
fn a_forward_keeps_what_can_be_read() {
    let message: Message = clean(&body("forward-odd-embed"));
    let snapshot = &message.message_snapshots[0].message;
    assert_eq!(snapshot.content, "the forwarded words");
    assert_eq!(snapshot.embeds[0].title.as_deref(), Some("kept"));
    let picture = snapshot.embeds[0].thumbnail.as_ref().expect("a picture");
    assert_eq!((picture.url.as_deref(), picture.width), (None, Some(1)));
    let (message, repairs) = read::<Message>(&body("forward-without-embeds-key"));
    let snapshot = &message.message_snapshots[0].message;
    assert!(!snapshot.content.is_empty());
    assert_eq!(
        repairs,
        ["/message_snapshots/0/message: `embeds` is missing"]
    );
}

#[test]
fn an_invite_has_its_end_its_target_and_its_roles() {
    let invite: InviteCreate = clean(&body("invite-create"));
    let end = invite.expires_at.expect("an end");
    assert_eq!(end.to_string(), "2026-01-08T00:00:00Z");
    assert_eq!(invite.target_type, Some(InviteTargetType::Stream));
    assert_eq!(invite.role_ids, [Id::new(600_000_000_000_000_001)]);
    let mut sent = body("invite-create");
    sent["target_application"] = json!({"id": "5", "name": "Chess", "icon": null});
    let invite: InviteCreate = clean(&sent);
    let target = invite.target_application.expect("an application");
    assert_eq!(target.name.as_deref(), Some("Chess"));
}

#[test]
fn whoever_is_mentioned_has_a_name_and_the_message_its_nonce() {
    let message: Message = clean(&body("mention-names"));
    let mention = &message.mentions[0];
    assert_eq!(mention.global_name.as_deref(), Some("Ben"));
    assert!(mention.member.is_some());
    assert_eq!(
        message.nonce.as_ref().map(ToString::to_string).as_deref(),
        Some("1234567890")
    );
    assert_eq!(message.position, Some(7));
}

#[test]
fn a_form_says_what_was_chosen() {
    let form: Interaction = clean(&body("modal-radio-group"));
    let Some(InteractionData::ModalSubmit(data)) = form.data else {
        panic!("no form");
    };
    let Some(Component::RadioGroup(size)) = data.answers().next() else {
        panic!("{:?}", data.components);
    };
    assert_eq!(
        (size.custom_id.as_str(), size.value.as_deref()),
        ("size", Some("large"))
    );
    assert_eq!(size.id, Some(2));
}

#[test]
fn a_kind_of_component_that_is_not_known_keeps_its_json() {
    let container = json!({"type": 17, "components": [
        {"type": 99, "custom_id": "x", "later": {"b": 1, "a": 1.50}},
        {"type": 10, "content": "kept"},
        {"type": 1, "components": [{"type": 2, "custom_id": "y", "label": 7}, 5]},
    ]});
    let (component, repairs) = read::<Component>(&container);
    let Component::Container(container) = &component else {
        panic!("{component:?}");
    };
    let Component::Unknown(json) = &container.components[0] else {
        panic!("{container:?}");
    };
    assert_eq!(json.pointer("/later/a"), Some("1.5"));
    assert!(
        matches!(&container.components[1], Component::TextDisplay(text) if text.content == "kept")
    );
    let Component::ActionRow(row) = &container.components[2] else {
        panic!("{container:?}");
    };
    assert!(
        matches!(&row.components[0], Component::Button(button) if button.label.as_deref() == Some("7"))
    );
    assert_eq!(repairs, ["/components/2/components/0: `style` is missing"]);
    let written = serde_json::to_value(&component).expect("JSON");
    assert_eq!(written["components"][0]["later"], json!({"b": 1, "a": 1.5}));
    assert_eq!(written["components"][2]["components"][1], 5);
}

#[test]
fn a_permission_without_a_name_is_not_taken_away() {
    let update: RoleUpdate = clean(&body("role-set-voice-channel-status"));
    let all = update.role.permissions | Permissions::MANAGE_MESSAGES;
    assert_eq!(
        all.bits(),
        1 << 48 | 1 << 13 | 1 << 10 & update.role.permissions.bits()
    );
    for bit in [47, 48, 53, 63] {
        let mut sent = body("role-set-voice-channel-status");
        sent["role"]["permissions"] = json!((1_u64 << bit).to_string());
        let role = clean::<RoleUpdate>(&sent).role;
        let more = role.permissions | Permissions::SPEAK;
        assert_eq!(more - Permissions::SPEAK, role.permissions);
        assert_eq!((!more & role.permissions).bits(), 0);
        assert_eq!(
            serde_json::to_value(more).expect("JSON"),
            json!((1_u64 << bit | 1 << 21).to_string())
        );
    }
}

#[test]
fn flags_without_a_name_are_kept_everywhere() {
    let far = (1_u64 << 50) | 1;
    let message: Message = clean(&json!({
        "id": "1", "channel_id": "2", "type": 0, "content": "", "timestamp": "2026-01-31T12:00:00+00:00", "edited_timestamp": null, "tts": false,
        "mention_everyone": false, "mentions": [], "mention_roles": [], "pinned": false, "embeds": [], "flags": far,
        "author": {"id": "3", "username": "m", "discriminator": "0", "global_name": null, "avatar": null, "public_flags": far},
        "member": {"roles": [], "flags": far, "joined_at": null, "deaf": false, "mute": false},
        "attachments": [{"id": "4", "filename": "a", "size": 1, "url": "", "proxy_url": "", "flags": far}],
        "thread": {"id": "1", "type": 11, "name": "t", "flags": far, "permission_overwrites": [{"id": "9", "type": 0, "allow": far.to_string(), "deny": far}]},
    }));
    let thread = message.thread.as_ref().expect("a thread");
    let overwrite = &thread.permission_overwrites[0];
    let bits = [
        message.flags.map(|flags| flags.bits()),
        message.author.public_flags.map(|flags| flags.bits()),
        message
            .member
            .as_ref()
            .and_then(|member| member.flags)
            .map(|flags| flags.bits()),
        message.attachments[0].flags.map(|flags| flags.bits()),
        thread.flags.map(|flags| flags.bits()),
        Some(overwrite.allow.bits()),
        Some(overwrite.deny.bits()),
    ];
    assert_eq!(bits, [Some(far); 7]);
}

#[test]
fn a_voice_channel_has_its_status() {
    let channel: Channel = clean(&body("voice-channel-status"));
    assert_eq!(channel.status.as_deref(), Some("karaoke"));
}

#[test]
fn a_guild_may_have_its_own_fields_inside_properties() {
    let (guild, repairs) = read::<GuildCreate>(&body("guild-create-properties"));
    let GuildCreate::Available(guild) = guild else {
        panic!("{guild:?}");
    };
    assert_eq!(
        (guild.name.as_str(), guild.owner_id),
        ("Choir loft", Some(Id::new(1_300_000_000_000_000_002)))
    );
    assert_eq!(
        (guild.channels.len(), guild.roles.len(), guild.afk_timeout),
        (1, 1, 300)
    );
    assert_eq!(
        repairs[0],
        "/properties: taken from another place than the documented one"
    );
    let mut sent = body("guild-create-properties");
    sent["name"] = json!("Outside");
    sent["properties"]["roles"] = json!([]);
    let (guild, _) = read::<GuildCreate>(&sent);
    let GuildCreate::Available(guild) = guild else {
        panic!("{guild:?}");
    };
    assert_eq!(
        (guild.name.as_str(), guild.roles.len()),
        ("Outside", 1),
        "what is outside counts"
    );
}

#[test]
fn a_posted_message_is_read_whatever_the_other_wears() {
    let message: Message = clean(&body("rest-reply-to-decorated"));
    let other = message.referenced_message.expect("the message it answers");
    assert!(other.author.avatar_decoration_data.is_some());
}

/// A member; an odd one wears something that is no decoration.
fn member(id: u64, is_odd: bool) -> Value {
    let decoration = if is_odd {
        json!(["odd"])
    } else {
        json!({"asset": "v2_a_0123456789abcdef0123456789abcdef", "sku_id": "1144058522808614923"})
    };
    json!({
        "roles": ["600000000000000001"], "premium_since": null, "pending": false, "nick": null, "mute": false, "deaf": false,
        "joined_at": "2024-05-01T10:00:00.000000+00:00", "flags": 0, "communication_disabled_until": null, "banner": null, "avatar": null,
        "user": {
            "id": id.to_string(), "username": "mira", "discriminator": "0", "global_name": "Mira", "avatar": "8342729096ea3675442027381ff50dfe",
            "public_flags": 64, "avatar_decoration_data": decoration, "collectibles": null, "primary_guild": null,
        },
    })
}

#[test]
fn all_members_of_a_large_chunk_are_typed() {
    let members: Vec<Value> = (1..=1000).map(|id| member(id, id % 2 == 0)).collect();
    let sent = json!({"guild_id": "7", "members": members, "chunk_index": 0, "chunk_count": 1, "not_found": []});
    assert!(sent.to_string().len() > 256 << 10);
    let (chunk, repairs) = from_str::<MemberChunk>(&sent.to_string()).expect("a chunk");
    assert_eq!(chunk.members.len(), 1000);
    let worn = chunk
        .members
        .iter()
        .filter(|member| member.user.avatar_decoration_data.is_some());
    assert_eq!(worn.count(), 500);
    assert_eq!((repairs.len(), repairs.iter().len()), (500, 256));
}

#[test]
fn only_an_object_that_nothing_identifies_is_refused() {
    for (body, why) in [
        (
            json!({"content": "x", "channel_id": "1"}),
            "/: `id` is missing, so it was left out",
        ),
        (
            json!({"id": "0", "channel_id": "1"}),
            "/id: the number is out of range",
        ),
        (json!([]), "/: expected an object, found a list"),
    ] {
        let Err(error) = from_str::<Message>(&body.to_string()) else {
            panic!("{body} was read");
        };
        assert!(error.to_string().contains(why), "{error}");
    }
    assert_eq!(
        from_slice::<Message>(b"{\"id\":\"1\"").map(drop),
        Err(ReadError::NotJson)
    );
    let (message, repairs) = read::<Message>(&json!({"id": 5, "channel_id": "6"}));
    assert_eq!((message.id.get(), message.content.as_str()), (5, ""));
    assert!(
        repairs.contains(&"/: `author` is missing".to_owned()),
        "{repairs:?}"
    );
}

#[test]
fn bytes_that_are_no_text_are_replaced() {
    let (message, repairs) =
        from_slice::<Message>(b"{\"id\":\"1\",\"channel_id\":\"2\",\"content\":\"a\xffb\"}")
            .expect("a message");
    assert_eq!(message.content, "a\u{fffd}b");
    assert_eq!(
        repairs.iter().next().map(ToString::to_string).as_deref(),
        Some("/: bytes that are no UTF-8 were replaced")
    );
}

#[test]
fn messages_inside_messages_are_bounded() {
    let mut message = json!({"id": "1", "channel_id": "2"});
    for _ in 0..60 {
        message = json!({"id": "1", "channel_id": "2", "referenced_message": message});
    }
    let (message, _) = read::<Message>(&message);
    assert!(message.referenced_message.is_some());
}
