//! Responses as Discord sends them, each with an unknown field.

use antiphon_discord::model::Interaction;
use serde_json::{Value, json};

pub(crate) fn user() -> Value {
    json!({"id": "33", "username": "mira", "discriminator": "0", "avatar": null, "global_name": null, "new_field": 1})
}

pub(crate) fn current_user() -> Value {
    json!({"id": "9", "username": "bot", "discriminator": "0", "avatar": null, "bot": true, "mfa_enabled": false,
        "new_field": 1})
}

pub(crate) fn message() -> Value {
    json!({"id": "44", "channel_id": "22", "author": user(), "content": "pong", "nonce": "1",
        "timestamp": "2026-08-01T00:00:00.000000+00:00", "edited_timestamp": null, "tts": false,
        "mention_everyone": false, "mentions": [], "mention_roles": [], "attachments": [], "embeds": [],
        "pinned": false, "type": 0, "components": [], "flags": 0, "new_field": {"deep": []}})
}

pub(crate) fn channel() -> Value {
    json!({"id": "22", "type": 0, "guild_id": "11", "name": "loft", "position": 0, "new_field": 1})
}

pub(crate) fn role() -> Value {
    json!({"id": "55", "name": "tenor", "color": 0, "hoist": false, "managed": false, "mentionable": false,
        "colors": {"primary_color": 0, "secondary_color": null, "tertiary_color": null},
        "permissions": "0", "position": 1, "flags": 0, "new_field": 1})
}

pub(crate) fn member() -> Value {
    json!({"user": user(), "nick": null, "avatar": null, "roles": ["55"], "joined_at": "2026-08-01T00:00:00.000000+00:00",
        "deaf": false, "mute": false, "flags": 0, "pending": false, "communication_disabled_until": null,
        "new_field": 1})
}

pub(crate) fn voice_state() -> Value {
    json!({"channel_id": "77", "guild_id": "11", "user_id": "33", "session_id": "s", "deaf": false, "mute": false,
        "self_deaf": false, "self_mute": false, "self_video": false, "suppress": false,
        "request_to_speak_timestamp": null, "new_field": 1})
}

pub(crate) fn guild() -> Value {
    json!({"id": "11", "name": "choir", "icon": null, "splash": null, "discovery_splash": null, "owner_id": "33",
        "afk_channel_id": null, "afk_timeout": 300, "verification_level": 0, "default_message_notifications": 0,
        "explicit_content_filter": 0, "roles": [role()], "emojis": [], "features": [], "mfa_level": 0,
        "application_id": null, "system_channel_id": null, "system_channel_flags": 0, "rules_channel_id": null,
        "vanity_url_code": null, "description": null, "banner": null, "premium_tier": 0,
        "preferred_locale": "en-US", "public_updates_channel_id": null, "nsfw_level": 0,
        "premium_progress_bar_enabled": false, "new_field": 1})
}

pub(crate) fn application() -> Value {
    json!({"id": "9", "name": "bot", "icon": null, "description": "", "bot_public": true,
        "bot_require_code_grant": false, "verify_key": "k", "team": null, "summary": "", "new_field": 1})
}

pub(crate) fn command() -> Value {
    json!({"id": "66", "application_id": "9", "name": "ping", "description": "asks", "type": 1, "version": "1",
        "default_member_permissions": null, "new_field": 1})
}

pub(crate) fn webhook() -> Value {
    json!({"id": "88", "type": 1, "channel_id": "22", "guild_id": "11", "name": "echo", "avatar": null,
        "application_id": null, "token": "t", "new_field": 1})
}

/// An interaction to answer, which a ping is.
pub(crate) fn interaction() -> Interaction {
    let body = json!({"id": "7", "application_id": "9", "type": 1, "token": "secret", "version": 1,
        "app_permissions": "0", "entitlements": [], "authorizing_integration_owners": {},
        "attachment_size_limit": 8});
    serde_json::from_value(body).expect("an interaction")
}
