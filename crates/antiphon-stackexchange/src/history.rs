//! A room's past, page by page (protocol §6).

use bytes::Bytes;

use crate::{
    error::RequestError,
    http::{Call, Http},
    model::RoomId,
    session::Past,
    wire::{self, Header},
};

/// The most that one page has.
pub(crate) const PAGE: usize = 500;
/// Pages read for one hole, whatever the bound on events.
const PAGES: usize = 40;

/// One page: headers and bodies, ascending by id.
pub(crate) async fn page(http: &Http, call: Call) -> Result<Vec<(Header, Bytes)>, RequestError> {
    let answer = http.call(call).await?;
    let history: wire::History<'_> = answer.json()?;
    let events = history.events.iter().filter_map(|element| {
        let header = Header::of(element)?;
        Some((header, answer.body.slice_ref(element.get().as_bytes())))
    });
    let mut events: Vec<_> = events.collect();
    events.sort_by_key(|(header, _)| header.id);
    Ok(events)
}

/// The events of a room after a count, as far as its history reaches and `most` allows.
///
/// The events of every kind are asked for first. Where that page is full, older messages are read page by page, since
/// only messages can be asked for before another; then other events of that stretch are missing, and `whole` says so.
pub(crate) async fn since(
    http: &Http,
    room: RoomId,
    since: i64,
    most: usize,
) -> Result<Past, RequestError> {
    if most == 0 {
        return Ok(Past::default());
    }
    let ask = |mode: &'static str, since: i64, count: usize| {
        Call::ask(format!("/chats/{room}/events"))
            .from(room)
            .field("since", &since)
            .field("mode", &mode)
            .field("msgCount", &count)
    };
    let size = most.min(PAGE);
    let mut events = page(http, ask("Events", since, size)).await?;
    let is_after = |(header, _): &(Header, Bytes)| header.id.is_some_and(|id| id > since);
    events.retain(is_after);
    // Of a full page nobody knows what lies before it besides messages, unless it begins just after the count.
    let follows = |event: &(Header, Bytes)| event.0.id == Some(since + 1);
    let whole = events.len() < size || events.first().is_some_and(follows);
    let mut messages_whole = whole;
    let mut left = most.saturating_sub(events.len());
    let mut pages = 0;
    while !messages_whole && left > 0 && pages < PAGES {
        pages += 1;
        let oldest = events
            .iter()
            .filter_map(|(header, _)| header.message_id)
            .min();
        let Some(oldest) = oldest else {
            break;
        };
        let size = left.min(PAGE);
        let older = page(http, ask("Messages", 0, size).field("before", &oldest)).await?;
        let reached = older.iter().any(|event| !is_after(event));
        let full = older.len() >= size;
        let before = events.len();
        for event in older.into_iter().filter(is_after) {
            if !events.iter().any(|(header, _)| header.id == event.0.id) {
                events.push(event);
            }
        }
        events.sort_by_key(|(header, _)| header.id);
        let new = events.len() - before;
        left -= new.min(left);
        messages_whole = reached || !full;
        if new == 0 && !messages_whole {
            break;
        }
    }
    Ok(Past { events, whole })
}
