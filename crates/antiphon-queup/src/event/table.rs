//! The table of kinds.

use std::time::Duration;

use antiphon_core::{Keep, KindInfo};

/// How long presence and the like are kept: 15 minutes.
const MOMENT: Duration = Duration::from_secs(15 * 60);

const fn info(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        kind,
        payload,
        reference,
        about,
        keep: Keep::Lasting,
    }
}

const fn moment(
    kind: &'static str,
    payload: &'static str,
    reference: &'static str,
    about: &'static str,
) -> KindInfo {
    KindInfo {
        keep: Keep::Momentary(MOMENT),
        ..info(kind, payload, reference, about)
    }
}

/// Every typed kind of this platform, with the reference library's name for it.
#[rustfmt::skip]
pub const KINDS: &[KindInfo] = &[
    info("queup.connected", "Ready", "on_ready", "the socket is established"),
    info("queup.joined_room", "JoinedRoom", "on_joined_room", "a room was joined"),
    moment("queup.presence_change", "MemberPresence", "on_member_presence", "a user changed presence in a room"),
    info("queup.chat-message", "Chat", "on_chat", "chat in a joined room"),
    info("queup.delete-chat-message", "ChatDelete", "on_chat_delete", "a message was deleted"),
    info("queup.room_playlist-dub", "Dub", "on_dub", "a user dubbed a song"),
    info("queup.room_playlist-update", "PlaylistSongAdd", "on_playlist_song_add", "a song was added to the queue, or began"),
    info("queup.user-join", "MemberJoin", "on_member_join", "a user joined a room"),
    info("queup.user_update", "MemberUpdate", "on_member_update", "a member's state changed"),
    info("queup.new-message", "PrivateMessage", "on_private_message", "someone else wrote in a conversation"),
    info("queup.left_room", "LeftRoom", "", "a room was left"),
    info("queup.error", "ErrorNotice", "", "the socket server reported an error"),
    info("queup.chat-skip", "ChatSkip", "", "a song was skipped"),
    info("queup.delete-chat-message-global", "ChatDeleteGlobal", "", "all messages of one author were deleted"),
    info("queup.room_playlist-queue-update-grabs", "Grab", "", "a user grabbed a song"),
    info("queup.room_playlist-queue-update-dub", "QueueUpdateDub", "", "a user changed the own queue"),
    info("queup.room_playlist-queue-update", "QueueUpdate", "", "a room's queue changed"),
    info("queup.room_playlist-queue-reorder", "QueueReorder", "", "a moderator reordered the queue"),
    info("queup.room_playlist-queue-remove-user-song", "QueueRemoveUserSong", "", "a moderator removed a DJ's next song"),
    info("queup.room_playlist-queue-remove-user", "QueueRemoveUser", "", "a moderator removed a DJ from the queue"),
    info("queup.room-update", "RoomUpdate", "", "a room's settings changed"),
    info("queup.room-lock-queue", "RoomLockQueue", "", "a room's queue was locked or unlocked"),
    info("queup.room-slow-mode", "RoomSlowMode", "", "slow mode was switched"),
    info("queup.room-allow-guest-chat", "RoomAllowGuestChat", "", "whether guests may chat was switched"),
    info("queup.room-allow-guest-embed", "RoomAllowGuestEmbed", "", "whether guests may embed was switched"),
    info("queup.user-leave", "UserLeave", "", "a user left a room"),
    info("queup.user-kick", "UserKick", "", "a member was kicked"),
    info("queup.user-ban", "UserBan", "", "a user was banned"),
    info("queup.user-unban", "UserUnban", "", "a user was unbanned"),
    info("queup.user-mute", "UserMute", "", "a member was muted"),
    info("queup.user-unmute", "UserUnmute", "", "a member was unmuted"),
    info("queup.user-setrole", "UserSetRole", "", "a member was given a role"),
    info("queup.user-unsetrole", "UserUnsetRole", "", "a role was taken from a member"),
    info("queup.user-update", "UserImage", "", "a user's picture changed"),
    info("queup.user-pause-queue", "UserPauseQueue", "", "a member paused the own queue"),
    info("queup.user-pause-queue-mod", "UserPauseQueueMod", "", "a moderator paused a member's queue"),
    info("queup.comment-add", "Comment", "", "a song was commented on"),
    info("queup.comment-remove", "Comment", "", "a comment on a song was removed"),
    info("queup.comment-update", "Comment", "", "a comment on a song was changed"),
    info("queup.song_change", "SongChange", "", "another song plays now, or none does"),
    info("queup.session", "Session", "", "own account, as fetched"),
    info("queup.room", "RoomState", "", "a room, as fetched"),
    info("queup.room_users", "RoomUsers", "", "everyone in a room, as fetched"),
    info("queup.playlist_active", "PlaylistActive", "", "the playing song, as fetched"),
    info("queup.playlist_active_dubs", "ActiveDubs", "", "who dubbed the playing song, as fetched"),
    info("queup.playlist_details", "PlaylistDetails", "", "a room's queue, as fetched"),
    info("queup.conversations", "Conversations", "", "the account's conversations, as fetched"),
    info("queup.message", "Unknown", "", "a message packet that is no action"),
    info("queup.room_action", "Unknown", "", "action 15 whose message cannot be read or has no name"),
    info("queup.packet", "Unknown", "", "a frame that is no message packet, byte for byte"),
    moment("queup.heartbeat", "Unknown", "", "action 0; no content is documented"),
    moment("queup.ack", "Unknown", "", "action 1; no content is documented"),
    moment("queup.nack", "Unknown", "", "action 2; no content is documented"),
    moment("queup.connect", "Unknown", "", "action 3; no content is documented"),
    moment("queup.disconnect", "Unknown", "", "action 5; no content is documented"),
    moment("queup.disconnected", "Unknown", "", "action 6; no content is documented"),
    moment("queup.close", "Unknown", "", "action 7; no content is documented"),
    moment("queup.closed", "Unknown", "", "action 8; no content is documented"),
    moment("queup.join_room", "Unknown", "", "action 10, which only clients send"),
    moment("queup.leave_room", "Unknown", "", "action 12, which only clients send"),
    moment("queup.sync", "Unknown", "", "action 16; no content is documented"),
    moment("queup.token", "Unknown", "", "action 17; it carries a token, so it is kept briefly"),
];
