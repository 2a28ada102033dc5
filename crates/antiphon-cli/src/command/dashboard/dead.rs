//! Dead letters, and what can be done with them.

use std::sync::Arc;

use antiphon_core::{DeadLetterChange, DeadLetterId};
use antiphon_journal::Asked;
use axum::{
    Router,
    extract::State,
    response::Redirect,
    routing::{get, post},
};
use maud::html;
use serde::Deserialize;

use super::{
    Site,
    pages::{Answer, Failed, Path, Query, page, time},
};
use crate::{failure::Failure, journal, plain::plain, show::gist};

/// Dead letters that are shown.
pub(super) const LETTERS: usize = 500;

#[derive(Debug, Deserialize)]
struct Done {
    done: Option<String>,
}

pub(super) fn routes() -> Router<Arc<Site>> {
    Router::new()
        .route("/dead", get(dead))
        .route("/dead/{id}/{change}", post(change))
}

async fn dead(State(site): State<Arc<Site>>, Query(done): Query<Done>) -> Answer {
    let journal = site.journal().await?;
    let letters = journal.dead_letters(DeadLetterId(0), LETTERS).await?;
    let said = match done.done.as_deref() {
        Some("done") => Some("Done."),
        Some("queued") => {
            Some("Asked for: the program that writes the journal does it within about a second.")
        }
        Some("absent") => Some("There is no such dead letter any more."),
        _ => None,
    };
    let body = html! {
        h1 { "Dead letters" }
        @if let Some(said) = said { p.verdict role="status" { (said) } }
        @if letters.is_empty() { p.none { "There are none: no event was given up." } } @else {
            p.note { "Events whose handler failed for good. To handle one again is up to the program whose consumer it names." }
            div.scroll { table {
                thead { tr { th { "given up" } th { "consumer" } th { "handler" } th { "event" } th { "error" } th {} } }
                tbody { @for letter in &letters {
                    tr {
                        td.time { (time(letter.at)) }
                        td { (plain(letter.consumer.as_str())) }
                        td { (plain(&letter.handler)) }
                        td { a href=(format!("/events/{}", letter.event.position())) { (plain(letter.event.kind().as_str())) } " " (plain(&gist(&letter.event))) }
                        td.gist { (plain(&letter.error)) @if letter.replay { " " span.note { "(to be handled again)" } } }
                        td {
                            form method="post" action=(format!("/dead/{}/replay", letter.id)) { button { "Handle again" } }
                            " "
                            form method="post" action=(format!("/dead/{}/drop", letter.id)) { button { "Drop" } }
                        }
                    }
                } }
            } }
            @if letters.len() == LETTERS { p.note { "Only the first " (LETTERS) " are shown; `antiphon dead list` has all." } }
        }
    };
    Ok(page("Dead letters", "/dead", &body))
}

async fn change(
    State(site): State<Arc<Site>>,
    Path((id, change)): Path<(u64, String)>,
) -> Result<Redirect, Failed> {
    let id = DeadLetterId(id);
    let change = match &*change {
        "replay" => DeadLetterChange::Replay(id),
        "drop" => DeadLetterChange::Drop(id),
        _ => return Err(Failed::missing("There is no such change.")),
    };
    let journal = site.journal().await?;
    let mut writer = None;
    let asked = journal::change_letter(&site.location, &*journal, &mut writer, change).await;
    if let Some(writer) = writer {
        writer.close().await.map_err(Failure::from)?;
    }
    let asked = asked?;
    Ok(Redirect::to(match asked {
        Asked::Done => "/dead?done=done",
        Asked::Absent => "/dead?done=absent",
        _ => "/dead?done=queued",
    }))
}
