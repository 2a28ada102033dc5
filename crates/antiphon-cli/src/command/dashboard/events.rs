//! The list of events, and the page of one.

use std::{
    sync::{Arc, LazyLock},
    time::Duration,
};

use antiphon_core::{
    BodyForm, ConsumerName, Cursor, DeadLetter, DeadLetterId, Event, KindPattern, Position,
    Provenance,
};
use antiphon_journal::{Filter, Inspect};
use axum::{Router, extract::State, routing::get};
use maud::{Markup, html};
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    Site,
    dead::LETTERS,
    pages::{Answer, Failed, Path, Query, ROWS, link, page, time},
};
use crate::{
    failure::Failure, plain::plain, platform::PLATFORMS, range, search::Words, show::gist,
};

/// Positions that one list looks at, the newest first; a link leads on from there.
const LOOKED_AT: u64 = 200_000;
/// Time after which a list looks no further; it looks at stretches that are twice as long each, so that it may take up to
/// three times as long.
const LONGEST: Duration = Duration::from_millis(300);
/// Characters of a body that are shown; the rest is told by its number.
const BODY: usize = 200_000;

/// Which events to show.
#[derive(Clone, Debug, Default, Deserialize)]
pub(super) struct Wanted {
    #[serde(default)]
    source: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    place: String,
    /// Text that the event's summary or body has, whatever its case.
    #[serde(default)]
    text: String,
    /// Only events before this position.
    before: Option<u64>,
    /// Only events after this position: where a live page goes on.
    pub(super) after: Option<u64>,
}

impl Wanted {
    pub(super) fn filter(&self) -> Filter {
        let mut filter = Filter::new();
        if !self.source.is_empty() {
            filter = filter.source(self.source.as_str().into());
        }
        if !self.kind.is_empty() {
            filter = filter.kind(KindPattern::new(&*self.kind));
        }
        if !self.place.is_empty() {
            filter = filter.place(KindPattern::new(&*self.place));
        }
        filter
    }

    /// The text that an event must have as well, if there is one.
    ///
    /// # Errors
    /// Status 400: it is too long.
    pub(super) fn words(&self) -> Result<Option<Words>, Failed> {
        let words = (!self.text.is_empty()).then(|| Words::parse(&self.text));
        words.transpose().map_err(Failed::wrong)
    }

    /// Its address, with another end.
    pub(super) fn at(&self, path: &str, before: Option<Position>) -> String {
        let before = before
            .map(|position| position.to_string())
            .unwrap_or_default();
        link(
            path,
            &[
                ("source", &self.source),
                ("kind", &self.kind),
                ("place", &self.place),
                ("text", &self.text),
                ("before", &before),
            ],
        )
    }
}

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/events", get(events))
        .route("/events/{position}", get(event))
}

async fn events(State(site): State<Arc<Site>>, Query(wanted): Query<Wanted>) -> Answer {
    let journal = site.journal().await?;
    let end = *journal.last().borrow();
    let before = wanted
        .before
        .map_or(end.next(), Position::new)
        .min(end.next());
    let words = wanted.words()?;
    let found = newest(&*journal, &wanted.filter(), words.as_ref(), before).await?;
    let is_live = wanted.before.is_none();
    let sources = site
        .figures()
        .await
        .look(|figures| figures.sources.keys().cloned().collect::<Vec<_>>());
    let body = html! {
        h1 { "Events" }
        form.filters method="get" action="/events" {
            label { "source" select name="source" {
                option value="" { "all" }
                @for source in &sources { option value=(source) selected[*source == wanted.source] { (plain(source)) } }
                @if !wanted.source.is_empty() && !sources.contains(&wanted.source) { option value=(wanted.source) selected { (plain(&wanted.source)) } }
            } }
            label { "kind, with * for anything" input name="kind" value=(plain(&wanted.kind)) list="kinds" autocomplete="off"; }
            label { "place, with * for anything" input name="place" value=(plain(&wanted.place)); }
            label { "text" input name="text" type="search" value=(plain(&wanted.text)); }
            button { "Show" }
            @if !wanted.at("", None).is_empty() { a href="/events" { "show all" } }
            datalist id="kinds" { @for kind in KINDS.iter() { option value=(kind) {} } }
        }
        @if is_live { p.note.live { "newest first; with JavaScript new events appear by themselves" } }
        @else { p { a href=(wanted.at("/events", None)) { "to the newest" } } }
        table.cards.events {
            thead { tr { th { "received" } th { "source" } th { "kind" } th { "place" } th { "what" } } }
            tbody data-live=[is_live.then(|| wanted.at("/events/live", None))] data-after=(end) {
                @for event in &found.events { (row(event)) }
            }
        }
        @if found.events.is_empty() { p.none { "No such event" @if found.older.is_some() { " among those that were looked at" } "." } }
        div.pager { @if let Some(older) = found.older {
            a href=(wanted.at("/events", Some(older))) rel="next" { @if found.events.len() < ROWS { "look further back" } @else { "older" } }
        } }
    };
    Ok(page("Events", "/events", &body))
}

/// The names of all typed kinds.
static KINDS: LazyLock<Vec<&str>> = LazyLock::new(|| {
    let kinds = PLATFORMS.iter().flat_map(|platform| platform.kinds);
    kinds.map(|kind| kind.kind).collect()
});

/// A part of a list.
struct Found {
    /// The newest first.
    events: Vec<Arc<Event>>,
    /// Before which position the next part begins; absent where this one reaches the beginning.
    older: Option<Position>,
}

/// The newest events before a position, as far back as one page looks.
async fn newest(
    journal: &dyn Inspect,
    filter: &Filter,
    words: Option<&Words>,
    before: Position,
) -> Result<Found, Failure> {
    let begun = Instant::now();
    let until = before.previous();
    let after = Position::new(until.get().saturating_sub(LOOKED_AT));
    let taken = |events: &[Arc<Event>]| {
        let taken = events.iter();
        let taken = taken.filter(|event| words.is_none_or(|words| words.is_in(event)));
        Ok(taken.cloned().collect())
    };
    // One more than is shown says whether there are more.
    let rows = ROWS + 1;
    let is_over = || begun.elapsed() > LONGEST;
    let last = range::last(journal, (after, until), rows, filter, taken, is_over).await?;
    let mut events = Vec::from(last.events);
    events.reverse();
    let older = if events.len() > ROWS {
        events.get(ROWS - 1).map(|event| event.position())
    } else {
        (last.from > Position::ZERO).then(|| last.from.next())
    };
    events.truncate(ROWS);
    Ok(Found { events, older })
}

/// An event in a list; what a live page adds is the same.
pub(super) fn row(event: &Event) -> Markup {
    let (source, kind, place) = (
        event.source().as_str(),
        event.kind().as_str(),
        event.place().as_str(),
    );
    html! { tr {
        td.time { a href=(format!("/events/{}", event.position())) { (time(event.received_at())) } }
        td { (plain(source)) }
        td { (plain(kind)) }
        td.place { (plain(place)) }
        td.gist { (plain(&gist(event))) @if event.provenance() != Provenance::Live { " " span.note { "(" (event.provenance()) ")" } } }
    } }
}

async fn event(State(site): State<Arc<Site>>, Path(position): Path<u64>) -> Answer {
    let journal = site.journal().await?;
    let position = Position::new(position);
    let page_of = journal.read(position.previous(), 1).await?;
    let Some(event) = page_of.first().filter(|event| event.position() == position) else {
        return Err(Failed::missing(format!(
            "No event has position {position}: positions have holes, and retention may have removed it."
        )));
    };
    let overview = journal.overview().await?;
    let letters = journal.dead_letters(DeadLetterId(0), LETTERS).await?;
    let letters: Vec<_> = letters
        .into_iter()
        .filter(|letter| letter.event.position() == position)
        .collect();
    let (source, place) = (event.source().as_str(), event.place().as_str());
    let body = html! {
        h1 { (plain(event.kind().as_str())) }
        p { (plain(&gist(event))) }
        dl.facts {
            dt { "position" } dd { (position) " · " a href=(format!("/events/{}", position.previous())) { "before" } " · " a href=(format!("/events/{}", position.next())) { "after" } }
            dt { "received" } dd { (time(event.received_at())) " (" (event.received_at()) ")" }
            dt { "source" } dd { a href=(link("/events", &[("source", source)])) { (plain(source)) } }
            dt { "place" } dd { @if place.is_empty() { "none" } @else { a href=(link("/events", &[("source", source), ("place", place)])) { (plain(place)) } } }
            dt { "origin" } dd { (plain(event.origin().as_str())) }
            dt { "provenance" } dd { (event.provenance()) }
            @if let Some(deletes) = event.deletes() { dt { "deletes" } dd { (plain(deletes.as_str())) } }
        }
        h2 { "What became of it" }
        @if overview.consumers.is_empty() { p.none { "Nobody has read this journal yet." } }
        ul { @for one in &overview.consumers { li { (plain(one.name.as_str())) ": " (became(one.cursor.as_ref(), &letters, &one.name, position)) } } }
        h2 { "Body" }
        (shown(event.body(), event.form()))
        @if let Some(note) = event.note() { h2 { "Note" } (shown(note, BodyForm::Json)) }
    };
    Ok(page(event.kind().as_str(), "", &body))
}

/// What a consumer has done with the event at a position, as far as the journal knows.
fn became(
    cursor: Option<&Cursor>,
    letters: &[DeadLetter],
    consumer: &ConsumerName,
    position: Position,
) -> Markup {
    if let Some(letter) = letters.iter().find(|letter| letter.consumer == *consumer) {
        return html! { a href="/dead" { "a dead letter" } ": " (plain(&letter.error)) };
    }
    let words = match cursor {
        None => "not known",
        Some(cursor) if cursor.open.iter().any(|open| open.position == position) => {
            "waits in its lane, or is being handled"
        }
        Some(cursor) if position > cursor.read => "not read yet",
        Some(cursor) if position >= cursor.needs() => "read; handled unless its lane is full",
        Some(_) => "handled, or of no interest to a handler",
    };
    html! { (words) }
}

/// A body as it was sent, with secrets masked, such as the token of an interaction; of JSON the blanks differ too.
fn shown(bytes: &[u8], form: BodyForm) -> Markup {
    let text = antiphon_sim::masked(&String::from_utf8_lossy(bytes));
    let text = if form == BodyForm::Json {
        indented(&text)
    } else {
        text
    };
    let more = text.char_indices().nth(BODY).map(|(at, _)| at);
    html! {
        pre { @for line in text[..more.unwrap_or(text.len())].lines() { (plain(line)) "\n" } }
        @if let Some(at) = more { p.note { (text.len() - at) " further bytes are not shown." } }
    }
}

/// JSON on lines of its own, with nothing changed but blanks between its parts.
fn indented(json: &str) -> String {
    let mut text = String::with_capacity(json.len() * 2);
    let (mut depth, mut in_string, mut is_escaped) = (0_usize, false, false);
    let mut characters = json.chars().peekable();
    while let Some(character) = characters.next() {
        if in_string {
            text.push(character);
            in_string = is_escaped || character != '"';
            is_escaped = !is_escaped && character == '\\';
            continue;
        }
        match character {
            ' ' | '\n' | '\r' | '\t' => {}
            '"' => {
                in_string = true;
                text.push('"');
            }
            '{' | '[' => {
                while characters.next_if(char::is_ascii_whitespace).is_some() {}
                text.push(character);
                if let Some(end) = characters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    new_line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                new_line(&mut text, depth);
                text.push(character);
            }
            ',' => {
                text.push(',');
                new_line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            other => text.push(other),
        }
    }
    text
}

/// Deeper levels than 32 are not moved further in.
fn new_line(text: &mut String, depth: usize) {
    text.push('\n');
    text.extend(std::iter::repeat_n("  ", depth.min(32)));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_body_is_indented_and_nothing_of_it_changes() {
        let sent = r#"{"a":[1, 2.50,{}],"b": "x, \"{y}\": \\","c":[ ],"n":12345678901234567890}"#;
        let text = indented(sent);
        assert_eq!(
            text,
            "{\n  \"a\": [\n    1,\n    2.50,\n    {}\n  ],\n  \"b\": \"x, \\\"{y}\\\": \\\\\",\n  \"c\": [],\n  \"n\": 12345678901234567890\n}"
        );
        // Whatever is sent: broken JSON is shown, and depth moves nothing out of the page.
        let deep = "[".repeat(10_000);
        assert!(indented(&deep).len() < 700_000);
        assert_eq!(indented("}}"), "\n}\n}");
    }

    #[test]
    fn texts_from_platforms_are_never_markup() {
        let mut draft = antiphon_core::Draft::new(
            antiphon_core::Kind::new("test.<b>"),
            antiphon_core::Place::new("room/\"><i>"),
            antiphon_core::Origin::frame("c", 1),
            jiff::Timestamp::UNIX_EPOCH,
            r#"{"message":"<script>alert(1)</script> & '\"","user":{"username":"\u001b[31mmira"}}"#,
        );
        draft.form = BodyForm::Json;
        let event = Event::stored(Position::new(1), "cho<ir".into(), draft);
        let html = row(&event).into_string();
        for markup in ["<script", "<b>", "<i>", "cho<ir", "\u{1b}"] {
            assert!(!html.contains(markup), "{html}");
        }
        assert!(html.contains("&lt;script&gt;"), "{html}");
    }

    #[test]
    fn the_token_of_an_interaction_is_masked_and_the_rest_of_its_body_stays() {
        let body = br#"{"id":"7","token":"canary","data":{"name":"sing","options":[]},"member":{"token":"canary"}}"#;
        for form in [BodyForm::Json, BodyForm::Text] {
            let html = shown(body, form).into_string();
            assert!(!html.contains("canary"), "{html}");
            assert!(html.contains("[masked]") && html.contains("sing"), "{html}");
        }
    }

    #[test]
    fn an_address_keeps_what_was_asked_for() {
        let wanted = Wanted {
            kind: "discord.*".to_owned(),
            text: "a&b=c".to_owned(),
            ..Wanted::default()
        };
        assert_eq!(
            wanted.at("/events", Some(Position::new(7))),
            "/events?kind=discord.*&text=a%26b%3Dc&before=7"
        );
    }
}
