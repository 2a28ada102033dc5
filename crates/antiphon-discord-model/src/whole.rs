//! Objects whose fields tell more together than each by itself.

use antiphon_core::lenient::{Reader, Reason};

use jiff::Timestamp;

use crate::{
    generated::{
        gateway::Ready,
        objects::{ClientStatus, Guild, Message, Presence},
        words::Status,
    },
    id::{Id, NOBODY},
    read::{self, Object},
};

/// Reads a message; one without its time has the time that its id says.
pub(crate) fn message(from: &mut Reader<'_>) -> Option<Message> {
    let mut message: Message = read::object(from)?;
    if message.timestamp == Timestamp::UNIX_EPOCH {
        message.timestamp = moment_of(message.id);
    }
    Some(message)
}

/// Reads the beginning of a session; a bot and its application share an id, as a rule.
pub(crate) fn ready(from: &mut Reader<'_>) -> Option<Ready> {
    let mut ready: Ready = read::object(from)?;
    if ready.application.id.get() == NOBODY {
        ready.application.id = ready.user.id.cast();
    }
    Some(ready)
}

/// When the thing with this id was made: every id of Discord's says so.
pub fn moment_of<M>(id: Id<M>) -> Timestamp {
    let since_2015 = i64::try_from(id.get() >> 22).expect("42 bits");
    Timestamp::from_millisecond(1_420_070_400_000 + since_2015)
        .expect("42 bits of milliseconds are 139 years")
}

/// Reads a presence; a status that is missing or not known is the busiest of the user's clients.
pub(crate) fn presence(from: &mut Reader<'_>) -> Option<Presence> {
    let mut presence: Presence = read::object(from)?;
    if let Status::Unknown(_) = presence.status {
        let ClientStatus {
            desktop,
            mobile,
            web,
            vr,
        } = &presence.client_status;
        let clients = [desktop, mobile, web, vr];
        let busiest = [
            Status::DoNotDisturb,
            Status::Online,
            Status::Idle,
            Status::Invisible,
        ];
        let mut busiest = busiest.into_iter();
        let status = busiest.find(|status| clients.contains(&&Some(status.clone())));
        presence.status = status.unwrap_or(Status::Offline);
    }
    Some(presence)
}

/// Reads a guild; fields that are missing above are taken from `properties`, and what is in it knows its guild.
///
/// Discord sends fields of a guild inside `properties` to clients that ask for it, and Discord-compatible servers do
/// so unasked.
pub(crate) fn guild(from: &mut Reader<'_>) -> Option<Guild> {
    let at = from.at();
    let notes = from.notes();
    let mut fields = from.object()?;
    let mut guild = Guild::blank();
    let mut seen = 0;
    let mut properties = None;
    while let Some(name) = fields.next(from) {
        if guild.field(&name, from, &mut seen) {
            continue;
        }
        if name == "properties" && from.peek() == b'{' {
            properties = Some(from.at());
        }
        from.skip();
    }
    if let Some(properties) = properties {
        let end = from.at();
        // The outer fields are read again, over those inside.
        from.forget(notes);
        from.note_at(properties, Reason::Elsewhere);
        for place in [properties, at] {
            from.seek(place);
            let mut fields = from.object()?;
            while let Some(name) = fields.next(from) {
                if !guild.field(&name, from, &mut seen) {
                    from.skip();
                }
            }
        }
        from.seek(end);
    }
    if !Guild::complete(seen, at, from) {
        return None;
    }
    let id = Some(guild.id);
    for channel in guild.channels.iter_mut().chain(&mut guild.threads) {
        channel.guild_id = channel.guild_id.or(id);
    }
    for state in &mut guild.voice_states {
        state.guild_id = state.guild_id.or(id);
    }
    for presence in &mut guild.presences {
        presence.guild_id = presence.guild_id.or(id);
    }
    Some(guild)
}
