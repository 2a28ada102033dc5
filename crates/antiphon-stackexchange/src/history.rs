//! A room's past, page by page (protocol §6).
//!
//! Rows of `mode=Messages` have neither an event id nor the room's name: message ids identify, order and page them. Rows of
//! `mode=Events` have event ids as far as is known; without them they are read all the same.
//!
//! Two callers: the source, which fills a hole of the stream with [`since`], and `Room::history`, which reads one page
//! with [`messages`]. A hole is filled in two steps, because the server has two modes (protocol §6):
//!
//! 1. One page of `mode=Events` after the count up to which the room was heard. It has events of every kind, 500 at
//!    most. If it is not full, reaches the known stretch, or begins just after the count, nothing is missing.
//! 2. Otherwise pages of `mode=Messages` backwards from the oldest message so far, until one reaches the known stretch,
//!    `most` rows are there, or 40 pages were read. They have messages alone, so that the result is not `whole` and the
//!    session reports a gap beside it.
//!
//! Whether a row lies after the count is told by its event id, else by its message id, else by its time ([`Since`]). A
//! page never fails for one element: those that are no rows are returned as `malformed`, and make the result not
//! `whole`.

use std::collections::HashSet;

use bytes::Bytes;

use crate::{
    error::RequestError,
    http::{Call, Http},
    model::{MessageId, RoomId},
    session::{Past, Row},
    wire::{self, Header, List, Shape},
};

/// Rows of one page at most.
pub(crate) const PAGE: usize = 500;
/// Pages of messages that are read for one hole at most.
///
/// 40 pages of 500 rows are 20,000 messages; an outage with more of them ends in a gap.
const PAGES: usize = 40;

/// The beginning of a stretch of a room's history.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Since {
    /// The server's count up to which the room was heard.
    pub(crate) count: i64,
    /// The newest message up to that count; absent if it is not known, as after an update from an earlier version.
    pub(crate) message: Option<i64>,
    /// When the server told that count, in Unix seconds; decides about rows where neither id does.
    pub(crate) at: i64,
}

impl Since {
    /// Whether a row of messages lies after the count; `None` where the row does not tell.
    fn is_after(&self, (header, body): &Row) -> Option<bool> {
        if let Some(id) = header.id.0 {
            return Some(id > self.count);
        }
        let message = header.posted()?;
        Some(match self.message {
            Some(known) => message.get() > known,
            None => Shape::of(body).time_stamp().is_none_or(|at| at > self.at),
        })
    }

    /// Whether a row of `mode=Events` lies after the count; the server was asked for those alone.
    ///
    /// Without ids and without a known message nothing is told, and the server's own selection counts.
    fn is_after_event(&self, row: &Row) -> Option<bool> {
        if row.0.id.is_none() && self.message.is_none() {
            return None;
        }
        self.is_after(row)
    }
}

/// Splits the rows of a page, which ascend, into the rows after the count and the number of rows up to it.
///
/// A row that does not tell lies before the count if a later row does.
fn part(rows: Vec<Row>, is_after: impl Fn(&Row) -> Option<bool>) -> (Vec<Row>, usize) {
    let all = rows.len();
    let last_before = rows.iter().rposition(|row| is_after(row) == Some(false));
    let after: Vec<Row> = rows
        .into_iter()
        .enumerate()
        .filter(|(at, row)| {
            is_after(row).unwrap_or_else(|| last_before.is_none_or(|last| *at > last))
        })
        .map(|(_, row)| row)
        .collect();
    let before = all - after.len();
    (after, before)
}

/// One page of a history.
pub(crate) struct Page {
    /// Rows, ascending.
    pub(crate) rows: Vec<Row>,
    /// Elements that are no row, or the whole answer if it has no list.
    pub(crate) malformed: Vec<Bytes>,
    /// Whether the answer has a list.
    is_list: bool,
    /// The server's count.
    time: Option<i64>,
}

impl Page {
    /// Number of its elements.
    fn count(&self) -> usize {
        self.rows.len() + self.malformed.len()
    }
}

/// Orders rows by event ids if all have one, by message ids if all posted a message; else the server's order stays.
fn order(rows: &mut [Row]) {
    if rows.iter().all(|(header, _)| header.id.is_some()) {
        rows.sort_by_key(|(header, _)| header.id.0);
    } else if rows.iter().all(|(header, _)| header.posted().is_some()) {
        rows.sort_by_key(|(header, _)| header.posted());
    }
}

/// Reads one page, of which every element is kept.
async fn page(http: &Http, call: Call) -> Result<Page, RequestError> {
    let answer = http.call(call).await?;
    let history: wire::History<'_> = answer.json()?;
    let List::Elements(elements) = history.events else {
        return Ok(Page {
            rows: Vec::new(),
            malformed: vec![answer.body],
            is_list: false,
            time: None,
        });
    };
    let (mut rows, mut malformed) = (Vec::with_capacity(elements.len()), Vec::new());
    for element in elements {
        let body = antiphon_core::keep_part(&answer.body, element.get().as_bytes());
        match Header::of_row(element) {
            Some(header) => rows.push((header, body)),
            None => malformed.push(body),
        }
    }
    order(&mut rows);
    Ok(Page {
        rows,
        malformed,
        is_list: true,
        time: history.time.0,
    })
}

/// Reads one page for [`Room::history`](crate::Room::history): an answer without a list is an error.
pub(crate) async fn messages(http: &Http, call: Call) -> Result<Page, RequestError> {
    let page = page(http, call).await?;
    if page.is_list {
        return Ok(page);
    }
    Err(RequestError::Undecodable {
        source: "the answer has no list of events".into(),
    })
}

/// The ids of the rows so far.
#[derive(Default)]
struct Known {
    events: HashSet<i64>,
    messages: HashSet<MessageId>,
}

impl Known {
    /// Whether a row is new; a row without ids always is.
    ///
    /// Two events with different ids that claim the same message are both new.
    fn is_new(&mut self, header: &Header) -> bool {
        let is_new = match (header.id.0, header.posted()) {
            (Some(id), _) => !self.events.contains(&id),
            (None, Some(message)) => !self.messages.contains(&message),
            (None, None) => true,
        };
        self.events.extend(header.id.0);
        self.messages.extend(header.posted());
        is_new
    }
}

/// Reads the events of a room after a count, as far as its history reaches and `most` allows.
///
/// The first page has events of every kind. Where it is full, older messages are read page by page, since the server has
/// no older events of other kinds; `whole` then says that they are missing.
///
/// # Errors
/// The failure of any page; what earlier pages had is dropped, and the session asks again later.
pub(crate) async fn since(
    http: &Http,
    room: RoomId,
    since: Since,
    most: usize,
) -> Result<Past, RequestError> {
    paged(http, room, since, most, PAGE).await
}

/// Reads as [`since`] does, with pages of a given size.
async fn paged(
    http: &Http,
    room: RoomId,
    since: Since,
    most: usize,
    page_size: usize,
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
    let size = most.min(page_size);
    let newest = page(http, ask("Events", since.count, size)).await?;
    // An element that cannot be read has no number, so that later ones may be missing.
    let readable = newest.malformed.is_empty();
    let is_full = newest.count() >= size;
    let mut malformed = newest.malformed;
    let (mut rows, mut old) = part(newest.rows, |row| since.is_after_event(row));
    // Events may lie before a full page, unless it begins just after the count.
    let follows = |row: &Row| row.0.id.0 == Some(since.count + 1);
    let reaches = !is_full || old > 0 || rows.first().is_some_and(follows);
    let mut known = Known::default();
    rows.retain(|(header, _)| known.is_new(header));
    let mut left = most.saturating_sub(rows.len());
    // Only posted messages count: a star or an edit may be about an old message.
    let oldest_of = |rows: &[Row]| rows.iter().filter_map(|(header, _)| header.posted()).min();
    let mut oldest = oldest_of(&rows);
    let mut pages = 0;
    let mut messages_reach = reaches || !newest.is_list;
    while !messages_reach && left > 0 && pages < PAGES {
        pages += 1;
        let size = left.min(page_size);
        let mut call = ask("Messages", 0, size);
        if let Some(oldest) = oldest {
            call = call.field("before", &oldest);
        }
        let older = page(http, call).await?;
        let is_full = older.count() >= size;
        oldest = oldest_of(&older.rows);
        malformed.extend(older.malformed);
        let (mut more, before) = part(older.rows, |row| since.is_after(row));
        messages_reach = !is_full || before > 0;
        let after = more.len();
        more.retain(|(header, _)| known.is_new(header));
        old += before + after - more.len();
        left -= more.len().min(left);
        let is_over = more.is_empty() || oldest.is_none();
        // Every row is older than any row of the pages before.
        more.append(&mut rows);
        rows = more;
        if is_over {
            break;
        }
    }
    order(&mut rows);
    Ok(Past {
        rows,
        malformed,
        old,
        whole: reaches && readable,
        time: newest.time,
    })
}

#[cfg(test)]
mod tests {
    use antiphon_sim::Simulator;
    use serde_json::Value;

    use super::*;
    use crate::{Account, Config};

    const EVENTS: &str = "POST /chats/4242/events";

    async fn http(sim: &Simulator) -> Http {
        let bot = sim.stackexchange().account();
        let config = Config::new(Account::new(bot.email, bot.password));
        let http = Http::new(&config, sim.network().http());
        http.log_in().await.expect("logged in");
        http
    }

    /// What is taken of these answers, with pages of five, and how many requests that took.
    async fn taken(since: Since, answers: &[&Value]) -> (Past, usize) {
        let sim = Simulator::with_seed(7);
        let http = http(&sim).await;
        let chat = sim.stackexchange();
        for answer in answers {
            chat.answer(EVENTS, 1, 200, None, &answer.to_string());
        }
        let past = paged(&http, RoomId::new(4242), since, 1000, 5).await;
        (past.expect("a past"), answers.len() - chat.answers_left())
    }

    fn messages_of(past: &Past) -> Vec<i64> {
        let messages = past.rows.iter().filter_map(|(header, _)| header.posted());
        messages.map(MessageId::get).collect()
    }

    /// Rows as in `stackchat/parse/json/events_test.py` of `stack.chat` 3.1.0.dev1513065255.
    fn case() -> Value {
        let case = include_str!("../fixtures/cases/history-second-page-without-id.json");
        serde_json::from_str(case).expect("a case")
    }

    fn after(message: Option<i64>) -> Since {
        Since {
            count: 165_000_150,
            message,
            at: 1_770_000_028,
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_of_messages_without_event_ids_is_taken_by_their_message_ids() {
        let case = case();
        let (first, second) = (
            &case["first_page"]["answer"],
            &case["second_page"]["answer"],
        );
        let expected = [29, 32, 101, 104, 108, 115, 121].map(|number| 66_000_000 + number);
        // After an update nobody knows which message was heard last; the time of the last frame tells.
        for message in [Some(66_000_026), None] {
            let (past, requests) = taken(after(message), &[first, second, second]).await;
            assert_eq!(messages_of(&past), expected);
            assert_eq!(requests, 2, "the second page reaches back");
            assert_eq!((past.old, past.malformed.len()), (3, 0));
            assert!(!past.whole, "other events of that stretch are unknown");
            assert_eq!(past.time, Some(165_000_300));
        }
    }

    #[tokio::test(start_paused = true)]
    async fn rows_of_events_without_ids_are_taken_as_well() {
        let case = case();
        let mut first = case["first_page"]["answer"].clone();
        for row in first["events"].as_array_mut().expect("rows") {
            row.as_object_mut().expect("a row").remove("id");
        }
        first["events"][1]["event_type"] = 3.into();
        let second = &case["second_page"]["answer"];
        let (past, requests) = taken(after(Some(66_000_026)), &[&first, second, second]).await;
        assert_eq!(requests, 2);
        let expected = [29, 32, 101, 108, 115, 121].map(|number| 66_000_000 + number);
        assert_eq!(messages_of(&past), expected);
        assert_eq!(past.rows.len(), 7, "and what is no message");
        assert_eq!(
            past.rows[3].0.event_type.0,
            Some(3),
            "in the server's order"
        );

        // A server that gives more than it was asked for.
        let (past, _) = taken(after(Some(66_000_108)), &[&first]).await;
        assert_eq!(messages_of(&past), [66_000_115, 66_000_121]);
        assert_eq!(past.old, 3, "whatever stands before an old one is old");
    }

    #[tokio::test(start_paused = true)]
    async fn a_row_in_two_pages_is_taken_once_and_pages_that_repeat_end() {
        let case = case();
        let first = &case["first_page"]["answer"];
        let second = &case["second_page"]["answer"];
        let mut again = second.clone();
        again["events"][4] = first["events"][0].clone();
        again["events"][4]
            .as_object_mut()
            .expect("a row")
            .remove("id");
        let (past, _) = taken(
            after(Some(66_000_010)),
            &[first, &again, second, second, second],
        )
        .await;
        let expected = [20, 23, 26, 29, 32, 101, 104, 108, 115, 121].map(|n| 66_000_000 + n);
        assert_eq!(messages_of(&past), expected);
    }
}
