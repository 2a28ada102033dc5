//! The list of payloads, and the payload of an event.

use antiphon_core::{Event, Payload as _};
use antiphon_queup as queup;

/// Decodes an event as the payload of its kind, and prints the result.
pub(crate) fn shown(event: &Event) -> String {
    macro_rules! one_of {
        ($($payload:ident),* $(,)?) => {
            $(if queup::$payload::KINDS.contains(&event.kind().as_str()) {
                if !queup::$payload::concerns(event) {
                    return concat!(stringify!($payload), ": not concerned").to_owned();
                }
                let view = queup::$payload::view(event).is_ok();
                return match queup::$payload::decode(event) {
                    Ok(payload) => {
                        assert!(view, "what decodes has a view");
                        format!("{payload:#?}")
                    }
                    Err(error) => format!("error: {error}"),
                };
            })*
        };
    }
    one_of!(
        ActiveDubs,
        Chat,
        ChatDelete,
        ChatDeleteGlobal,
        ChatSkip,
        Comment,
        Conversations,
        Dub,
        ErrorNotice,
        Grab,
        JoinedRoom,
        LeftRoom,
        MemberJoin,
        MemberPresence,
        MemberUpdate,
        PlaylistActive,
        PlaylistDetails,
        PlaylistSongAdd,
        PrivateMessage,
        QueueRemoveUser,
        QueueRemoveUserSong,
        QueueReorder,
        QueueUpdate,
        QueueUpdateDub,
        Ready,
        RoomAllowGuestChat,
        RoomAllowGuestEmbed,
        RoomLockQueue,
        RoomSlowMode,
        RoomState,
        RoomUpdate,
        RoomUsers,
        Session,
        SongChange,
        Unknown,
        UserBan,
        UserImage,
        UserKick,
        UserLeave,
        UserMute,
        UserPauseQueue,
        UserPauseQueueMod,
        UserSetRole,
        UserUnban,
        UserUnmute,
        UserUnsetRole,
    );
    "no type".into()
}
