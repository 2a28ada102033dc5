//! Objects that need several of their fields to be read.
//!
//! A field can be missing and still be known: a message's time is in its id, a guild's settings may lie in `properties`, a
//! presence's status follows from its clients.
//! Each rule is the same in an event and in a response, because both are read by it.

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

/// Reads a message; a missing time is taken from its id.
pub(crate) fn message(from: &mut Reader<'_>) -> Option<Message> {
    let mut message: Message = read::object(from)?;
    if message.timestamp == Timestamp::UNIX_EPOCH {
        message.timestamp = moment_of(message.id);
    }
    Some(message)
}

/// Reads a READY; a missing application id is the bot's user id, which is usually the same.
///
/// The two differ for some old bots.
pub(crate) fn ready(from: &mut Reader<'_>) -> Option<Ready> {
    let mut ready: Ready = read::object(from)?;
    if ready.application.id.get() == NOBODY {
        ready.application.id = ready.user.id.cast();
    }
    Some(ready)
}

/// Time at which the object with this id was created, which every id of Discord's contains.
///
/// Of a message it is the time of posting, of a user the time of joining Discord; it has milliseconds and cannot fail.
/// An id that a server made up gives a time that means nothing.
pub fn moment_of<M>(id: Id<M>) -> Timestamp {
    let since_2015 = i64::try_from(id.get() >> 22).expect("42 bits");
    Timestamp::from_millisecond(1_420_070_400_000 + since_2015)
        .expect("42 bits of milliseconds are 139 years")
}

/// Smallest id that an object created at this time can have, which is the inverse of [`moment_of`].
///
/// It is a border for `before` and `after` in lists: the messages of the last hour are those after it. A time before 2015
/// gives the smallest id that there is, and one after 2154 the largest.
///
/// ```
/// use antiphon_discord_model::{id::{Id, marker::MessageMarker}, id_at, moment_of};
///
/// let day: Id<MessageMarker> = id_at("2026-01-01T00:00:00Z".parse()?);
/// assert_eq!(day.get(), 1_456_074_443_980_800_000);
/// assert_eq!(moment_of(day).to_string(), "2026-01-01T00:00:00Z");
/// # Ok::<(), jiff::Error>(())
/// ```
pub fn id_at<M>(time: Timestamp) -> Id<M> {
    let since_2015 = time.as_millisecond().saturating_sub(1_420_070_400_000);
    let since_2015 = u64::try_from(since_2015).unwrap_or_default();
    Id::new((since_2015.min((1 << 42) - 1) << 22).max(1))
}

/// Reads a presence; a status that is missing or unknown is that of the most active client.
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

/// Reads a guild; missing fields are taken from `properties`, and its objects get its id.
///
/// Discord sends fields of a guild inside `properties` to clients that request it, and compatible servers to
/// all clients.
///
/// The outer fields win over those of `properties`, which costs a second pass over such a guild alone.
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
        // The outer fields are read again, so that they win.
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
