//! A room's past, page by page (protocol §6).

use std::collections::HashSet;

use bytes::Bytes;

use crate::{
    error::RequestError,
    event::EventType,
    http::{Call, Http},
    model::RoomId,
    session::Past,
    wire::{self, Header, List},
};

/// The most that one page has.
pub(crate) const PAGE: usize = 500;
/// Pages read for one hole, whatever the bound on events.
const PAGES: usize = 40;

/// One page of a history.
pub(crate) struct Page {
    /// Headers and bodies, ascending by id.
    pub(crate) events: Vec<(Header, Bytes)>,
    /// What is no event: elements without an id, or the whole answer if it has no list.
    odd: Vec<Bytes>,
    /// Whether it has a list at all.
    is_list: bool,
}

impl Page {
    /// How many elements it has, whatever they are.
    fn count(&self) -> usize {
        self.events.len() + self.odd.len()
    }
}

/// Reads one page.
pub(crate) async fn page(http: &Http, call: Call) -> Result<Page, RequestError> {
    let answer = http.call(call).await?;
    let history: wire::History<'_> = answer.json()?;
    let List::Elements(elements) = history.events else {
        return Ok(Page {
            events: Vec::new(),
            odd: vec![answer.body],
            is_list: false,
        });
    };
    let (mut events, mut odd) = (Vec::with_capacity(elements.len()), Vec::new());
    for element in elements {
        let body = answer.body.slice_ref(element.get().as_bytes());
        match Header::of(element) {
            Some(header) => events.push((header, body)),
            None => odd.push(body),
        }
    }
    events.sort_by_key(|(header, _)| header.id);
    Ok(Page {
        events,
        odd,
        is_list: true,
    })
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
    let is_after = |(header, _): &(Header, Bytes)| header.id.is_some_and(|id| id > since);
    let newest = page(http, ask("Events", since, size)).await?;
    // What cannot be read has no number, so nobody knows whether it is missing.
    let readable = newest.odd.is_empty();
    let reaches = newest.count() < size || newest.events.iter().any(|event| !is_after(event));
    let mut odd = newest.odd;
    let all = newest.events.len();
    let mut events = newest.events;
    events.retain(is_after);
    let mut old = all - events.len();
    // Of a full page nobody knows what lies before it besides messages, unless it begins just after the count.
    let follows = |event: &(Header, Bytes)| event.0.id == Some(since + 1);
    let reaches = reaches || events.first().is_some_and(follows);
    let mut known: HashSet<_> = events.iter().map(|(header, _)| header.id).collect();
    let mut left = most.saturating_sub(events.len());
    // Only messages that were posted there count: a star or an edit may be about one of last year.
    let posted = |header: &Header| header.event_type == Some(EventType::MESSAGE_POSTED.0);
    let mut oldest = events
        .iter()
        .filter_map(|(header, _)| header.message_id.filter(|_| posted(header)))
        .min();
    let mut pages = 0;
    let mut messages_reach = reaches || !newest.is_list;
    while !messages_reach && left > 0 && pages < PAGES {
        pages += 1;
        let size = left.min(PAGE);
        let mut call = ask("Messages", 0, size);
        if let Some(oldest) = oldest {
            call = call.field("before", &oldest);
        }
        let older = page(http, call).await?;
        messages_reach = older.count() < size || older.events.iter().any(|event| !is_after(event));
        oldest = older
            .events
            .iter()
            .filter_map(|(header, _)| header.message_id)
            .min();
        odd.extend(older.odd);
        let before = events.len();
        for event in older.events {
            if is_after(&event) && known.insert(event.0.id) {
                events.push(event);
            } else {
                old += 1;
            }
        }
        let new = events.len() - before;
        left -= new.min(left);
        if new == 0 || oldest.is_none() {
            break;
        }
    }
    events.sort_by_key(|(header, _)| header.id);
    Ok(Past {
        events,
        odd,
        old,
        whole: reaches && readable,
    })
}
