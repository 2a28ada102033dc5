"""Frequent bodies of Discord's Gateway with their keys in the order in which it sends them.

Strings stand for their form alone: `build.py` replaces all of them but the fixed values that it lists.
The keys are those of https://docs.discord.com/developers/events/gateway-events and of the objects that it links.
"""

ID = "100000000000000001"
HASH = "0123456789abcdef0123456789abcdef"
TIME = "2020-01-01T00:00:00.000000+00:00"
TEXT = "a text of several words for its form"

USER = {
    "username": "name", "public_flags": 0, "primary_guild": None, "id": ID, "global_name": "name",
    "display_name_styles": None, "discriminator": "0", "collectibles": None, "clan": None,
    "avatar_decoration_data": None, "avatar": HASH,
}
BOT = {
    "username": "name", "public_flags": 524288, "primary_guild": None, "id": ID, "global_name": None,
    "display_name_styles": None, "discriminator": "1234", "collectibles": None, "clan": None, "bot": True,
    "avatar_decoration_data": None, "avatar": None,
}
MEMBER = {
    "roles": [ID, ID], "premium_since": None, "pending": False, "nick": None, "mute": False, "joined_at": TIME,
    "flags": 0, "deaf": False, "communication_disabled_until": None, "banner": None, "avatar": None,
}
NAMED = {**MEMBER, "roles": [], "nick": "name", "flags": 2}
ROLELESS = {**MEMBER, "roles": []}
ATTACHMENT = {
    "width": 1200, "url": "https://cdn.discordapp.com/attachments/", "size": 123456, "proxy_url":
    "https://media.discordapp.net/attachments/", "placeholder_version": 1, "placeholder": "placeholder", "id": ID,
    "height": 800, "filename": "image.png", "content_type": "image/png", "content_scan_version": 0,
}
EMBED = {
    "type": "rich", "title": TEXT, "description": TEXT, "color": 5793266, "url": "https://", "footer": {"text": TEXT},
    "thumbnail": {"url": "https://", "proxy_url": "https://", "width": 10, "height": 10},
    "fields": [{"name": TEXT, "value": TEXT, "inline": True}], "author": {"name": "name"}, "timestamp": TIME,
}


def message(**more):
    body = {
        "type": 0, "tts": False, "timestamp": TIME, "pinned": False, "nonce": ID, "mentions": [], "mention_roles": [],
        "mention_everyone": False, "member": MEMBER, "id": ID, "flags": 0, "embeds": [], "edited_timestamp": None,
        "content": TEXT, "components": [], "channel_type": 0, "channel_id": ID, "author": USER, "attachments": [],
        "guild_id": ID,
    }
    return {**body, **more}


REFERRED = {key: value for key, value in message(type=0).items() if key not in ("member", "guild_id", "nonce")}
ACTIVITY = {
    "type": 0, "timestamps": {"start": 1700000000000}, "session_id": HASH, "name": TEXT, "id": "0123456789abcdef",
    "created_at": 1700000000000, "application_id": ID, "state": TEXT, "details": TEXT,
}
LISTENING = {
    "type": 2, "timestamps": {"start": 1700000000000, "end": 1700000000000}, "sync_id": "name", "state": TEXT,
    "session_id": HASH, "party": {"id": "spotify:100000000000000001"}, "name": "Spotify", "id": "spotify:1",
    "flags": 48, "details": TEXT, "created_at": 1700000000000,
    "assets": {"large_text": TEXT, "large_image": "spotify:ab67616d0000b273"},
}
CUSTOM = {"type": 4, "state": TEXT, "name": "Custom Status", "id": "custom", "emoji": {"name": "name"}, "created_at": 1}


def presence(status, *activities, device="desktop"):
    return {
        "user": {"id": ID}, "status": status, "processed_at_timestamp": 1700000000000, "guild_id": ID,
        "client_status": {device: status} if device else {}, "broadcast": None, "activities": list(activities),
    }


def voice(member, channel):
    return {
        "member": {"user": USER, **member}, "user_id": ID, "suppress": False, "session_id": HASH, "self_video": False,
        "self_mute": False, "self_deaf": False, "request_to_speak_timestamp": None, "mute": False, "guild_id": ID,
        "deaf": False, "channel_id": channel,
    }


def interaction(kind, data, **more):
    return {
        "version": 1, "type": kind, "token": "token", "member": {"user": USER, **MEMBER, "permissions": "2248473465835073"},
        "locale": "en-US", "id": ID, "guild_locale": "en-US", "guild_id": ID,
        "guild": {"locale": "en-US", "id": ID, "features": ["COMMUNITY", "NEWS"]}, "entitlements": [],
        "entitlement_sku_ids": [], "data": data, "context": 0, "channel_id": ID,
        "channel": {"type": 0, "topic": None, "theme_color": None, "rate_limit_per_user": 0, "position": 1,
                    "permissions": "2248473465835073", "parent_id": ID, "nsfw": False, "name": "name",
                    "last_message_id": ID, "id": ID, "icon_emoji": None, "guild_id": ID, "flags": 0},
        "authorizing_integration_owners": {"0": ID}, "attachment_size_limit": 10485760, "application_id": ID,
        "app_permissions": "2248473465835073", **more,
    }


def reaction(**more):
    return {"user_id": ID, "type": 0, "message_id": ID, "message_author_id": ID, **more, "emoji": {"name": "name", "id": None},
            "channel_id": ID, "burst": False, "guild_id": ID}


# A body and how often it is a sample, beside one for each documented frame.
SHAPES = [
    (message(), 60),
    (message(member=ROLELESS), 15),
    (message(member=NAMED, mentions=[{**USER, "member": MEMBER}]), 10),
    (message(author=BOT, embeds=[EMBED]), 8),
    (message(content="", attachments=[ATTACHMENT]), 8),
    (message(type=19, message_reference={"type": 0, "message_id": ID, "guild_id": ID, "channel_id": ID},
             referenced_message=REFERRED), 12),
    (message(components=[{"type": 1, "id": 1, "components": [{"type": 2, "style": 1, "label": TEXT, "id": 2,
                                                             "custom_id": "name"}]}], author=BOT), 6),
    (message(edited_timestamp=TIME, tts=False), 8),
    ({"id": ID, "channel_id": ID, "guild_id": ID}, 4),
    (presence("online"), 12), (presence("idle"), 8), (presence("dnd"), 8),
    (presence("offline", device=None), 8), (presence("online", device="mobile"), 6), (presence("online", device="web"), 3),
    (presence("online", ACTIVITY), 12), (presence("dnd", ACTIVITY), 6), (presence("idle", CUSTOM, device="mobile"), 5),
    (presence("online", LISTENING), 8), (presence("online", CUSTOM, ACTIVITY), 5),
    ({"user_id": ID, "timestamp": 1700000000, "member": {"user": USER, **MEMBER}, "channel_id": ID, "guild_id": ID}, 20),
    ({"user_id": ID, "timestamp": 1700000000, "member": {"user": USER, **NAMED}, "channel_id": ID, "guild_id": ID}, 5),
    (voice(MEMBER, ID), 10), (voice(ROLELESS, ID), 4), (voice(NAMED, None), 4),
    (reaction(member={"user": USER, **MEMBER}), 6), (reaction(), 4),
    ({**MEMBER, "user": USER, "guild_id": ID}, 6), ({**NAMED, "user": USER, "unusual_dm_activity_until": None, "guild_id": ID}, 6),
    ({"user": USER, "guild_id": ID}, 4),
    (interaction(2, {"type": 1, "options": [{"value": TEXT, "type": 3, "name": "name"}], "name": "name", "id": ID}), 8),
    (interaction(3, {"id": 2, "custom_id": "name", "component_type": 2}, message=message(author=BOT, flags=64)), 6),
    ({"version": 1700000000000, "type": 0, "topic": None, "rate_limit_per_user": 0, "position": 1,
      "permission_overwrites": [{"type": 0, "id": ID, "deny": "1024", "allow": "0"}], "parent_id": ID, "nsfw": False,
      "name": "name", "last_message_id": ID, "id": ID, "guild_id": ID, "flags": 0}, 4),
]
