//! What happened, and the wire, as HTML.

use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;

use super::{
    Asked, Happened,
    acts::{Act, Came, Tie, is_beat, time},
    text,
};
use crate::{
    command::dashboard::{
        Site,
        pages::{link, time as shown_time},
    },
    plain::plain,
};

/// Characters of a text that stand on the page; the rest is behind a fold.
const SHORT: usize = 160;

/// What became of the act that was just done.
pub(super) fn outcome(act: &Act) -> Markup {
    match &act.outcome {
        Ok(said) => html! { p.verdict role="status" {
            @if said.get("done") == Some(&Value::Bool(false)) { "Nothing was done: " } @else { "Done: " }
            (told(act)) ". "
            @if said.as_object().is_some_and(|said| !said.is_empty()) { (folded("said", &masked(said).to_string())) " " }
            a href="#happened" { "What came of it" }
        } },
        Err(why) => {
            html! { p.verdict.bad role="status" { "The simulator refused it: " (plain(why)) } }
        }
    }
}

/// A text of one line; a long one behind a fold.
fn folded(id: &str, text: &str) -> Markup {
    html! {
        @if text.chars().count() > SHORT {
            details.frame id=(id) {
                summary { code { (plain(&clipped(text))) } }
                pre { (plain(text)) }
            }
        } @else { code { (plain(text)) } }
    }
}

/// A document whose secrets are masked by the names of their fields: commands give logins, and show them.
fn masked(of: &Value) -> Value {
    match of {
        Value::Object(fields) => {
            let is_secret = |name: &str| name.ends_with("password") || name.ends_with("token");
            let fields = fields.iter().map(|(name, value)| {
                let value = if is_secret(name) {
                    "[masked]".into()
                } else {
                    masked(value)
                };
                (name.clone(), value)
            });
            Value::Object(fields.collect())
        }
        Value::Array(items) => items.iter().map(masked).collect(),
        other => other.clone(),
    }
}

/// A command in a few words: its name, and its texts.
fn told(act: &Act) -> Markup {
    let command = masked(&act.command);
    let fields = command.as_object().into_iter().flatten();
    let name = text(&command, "do");
    let others =
        fields.filter(|(field, _)| !["do", "platform", "place", "bot"].contains(&field.as_str()));
    html! {
        strong { (plain(text(&command, "platform"))) " " (plain(name)) }
        @for (field, value) in others {
            " " span.note { (plain(field)) } " "
            @match value { Value::String(text) => (plain(&clipped(text))), other => (plain(&clipped(&other.to_string()))) }
        }
    }
}

fn clipped(text: &str) -> String {
    match text.char_indices().nth(SHORT) {
        Some((at, _)) => format!("{}…", &text[..at]),
        None => text.to_owned(),
    }
}

/// The newest acts, each with what came of it.
pub(super) fn happened(all: &[Happened], site: &Site) -> Markup {
    html! {
        @if all.is_empty() { p.none { "Nothing was done from here yet: say something above." } }
        @for one in all { (act(one, site)) }
    }
}

fn act(one: &Happened, site: &Site) -> Markup {
    let began = one.act.at.as_millisecond();
    html! {
        section.happened {
            p { span.note { (shown_time(one.act.at)) } " " (told(&one.act)) }
            @if let Err(why) = &one.act.outcome { p.verdict.bad { (plain(why)) } }
            @if one.came.is_empty() && one.act.outcome.is_ok() { p.none { "Nothing came of it so far." } }
            @if !one.came.is_empty() {
                ol.came { @for (at, came) in &one.came {
                    li { span.note.after { (after(*at - began)) } " " (line(came, one)) }
                } }
            }
            @if one.more > 0 { p.note { (one.more) " further lines are left out." } }
            (gaps(one, site))
        }
    }
}

/// Time since the act.
fn after(millis: i64) -> String {
    match millis.max(0) {
        millis @ 0..10_000 => format!("+{millis} ms"),
        millis => format!("+{} s", millis / 1000),
    }
}

fn line(came: &Came, one: &Happened) -> Markup {
    match came {
        Came::Event(row) => {
            let position = one.positions.get(text(row, "origin"));
            let is_sent = !row["frame"].is_null();
            html! {
                span.tag.event { "event" } " " (plain(text(row, "kind"))) " " span.note { (plain(text(row, "place"))) } " "
                @if let Some(position) = position { a href=(format!("/events/{position}")) { "in the journal, position " (position) } }
                @else if is_sent { span.note { "sent, and not in this journal" } }
                @else { span.note { "not sent: nobody was connected who is due it" } }
            }
        }
        Came::Sent(entry, tie) => html! {
            span.tag.sent { (plain(text(entry, "platform"))) } " "
            @match tie {
                Tie::Names => { strong { "answers it: " } }
                Tie::Place => { span.note { "same place: " } }
                Tie::After => { span.note { "afterwards: " } }
            }
            (head(entry)) " " (body(entry))
        },
        Came::Link {
            source,
            place,
            state,
        } => html! {
            span.tag.link-change { "connection" } " " (plain(source)) @if !place.is_empty() { " " span.note { (plain(place)) } } ": " (plain(state))
        },
    }
}

/// Gaps of outages that began between the act and the next one, and other gaps of that time, the first ones.
fn gaps(one: &Happened, site: &Site) -> Markup {
    let (act, next) = (&one.act, one.next.as_ref());
    let seen = site.recent.look(|figures| {
        let gaps = figures.gaps.iter();
        // A gap is stored when the connection is back, and further acts may have been done meanwhile.
        let gaps = gaps.filter(|gap| match figures.outage_of(gap) {
            Some(began) => act.at <= began && next.is_none_or(|next| began < next.at),
            None => act.saw(gap.position) && !next.is_some_and(|next| next.saw(gap.position)),
        });
        let gaps = gaps.map(|gap| (gap.position, gap.source.clone(), gap.place.clone()));
        gaps.take(5).collect::<Vec<_>>()
    });
    html! { @if !seen.is_empty() { p.note { "Gaps that came of it: "
        @for (position, source, place) in seen { a href=(format!("/events/{position}")) { (plain(&source)) " " (plain(&place)) } " " }
    } } }
}

/// What stands before a body: the request, its status, the kind of frame.
fn head(entry: &Value) -> Markup {
    html! { @match text(entry, "what") {
        "request" => {
            code { (plain(text(entry, "method"))) " " (plain(text(entry, "path"))) }
            @if let Some(status) = entry["status"].as_u64() { " → " (status) }
        }
        "answer" => { "answer " (entry["status"]) " to " (entry["to"]) },
        "dropped" => { "closed without an answer to " (entry["to"]) },
        "close" => { "close " (entry["code"]) },
        "end" => { "end of the connection" },
        _ if entry["binary"] == true => { "binary frame" },
        _ => { "frame" },
    } }
}

/// A body: short ones as they are, others behind a fold.
fn body(entry: &Value) -> Markup {
    let body = text(entry, "body");
    let bytes = entry["bytes"].as_u64().unwrap_or_default();
    let left_out = bytes.saturating_sub(body.len() as u64);
    html! {
        @if body.chars().count() > SHORT {
            details.frame id=(format!("w-{}", entry["n"])) {
                summary { code { (plain(&clipped(body))) } }
                pre { @for line in body.lines() { (plain(line)) "\n" } }
            }
        } @else if !body.is_empty() { code { (plain(body)) } }
        // Masks change the length.
        @if body.is_empty() && bytes > 0 { span.note { (bytes) " bytes" } }
        @else if bytes > 4096 { span.note { " of " (bytes) " bytes; " (left_out) " are not shown" } }
    }
}

/// Entries of the wire, the newest first.
pub(super) fn wire(entries: &[Value], asked: &Asked) -> Markup {
    html! {
        @if entries.is_empty() { p.none { "Nothing went over the wire yet." } }
        @else { div.scroll { table.cards.wire {
            thead { tr { th { "time" } th { "connection" } th { "sent by" } th { "what" } } }
            tbody { @for entry in entries.iter().rev() { (row(entry, asked)) } }
        } } }
    }
}

fn row(entry: &Value, asked: &Asked) -> Markup {
    let connection = entry["connection"].to_string();
    let is_client = text(entry, "from") == "client";
    let at = Timestamp::from_millisecond(time(entry)).unwrap_or_default();
    let to = [("platform", &*asked.platform), ("connection", &connection)];
    html! { tr.beat[is_beat(entry)] {
        td.time { (shown_time(at)) }
        td.route { a href=(link("/sandbox/wire", &to)) { (connection) } " " span.note { (plain(text(entry, "server"))) } }
        td { @if is_client { span.tag.sent { "client →" } } @else { span.tag.event { "← platform" } } }
        td.gist { (head(entry)) " " (body(entry)) }
    } }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_went_over_the_wire_is_never_markup() {
        let entries = [
            json!({"n": 1, "at": 0, "platform": "queup", "server": "<b>", "connection": 1, "from": "client", "what": "request", "method": "GET", "path": "/<script>", "status": 200, "body": "", "bytes": 0}),
            json!({"n": 2, "at": 0, "platform": "queup", "server": "<b>", "connection": 1, "from": "server", "what": "frame", "binary": false, "body": "<script>alert(1)</script>\u{202e}".repeat(20), "bytes": 5000}),
        ];
        let html = wire(&entries, &Asked::default()).into_string();
        for markup in ["<b>", "<script", "\u{202e}"] {
            assert!(!html.contains(markup), "{html}");
        }
        assert!(html.contains("of 5000 bytes"), "{html}");
    }

    #[test]
    fn logins_that_commands_show_are_masked() {
        let said = json!({"username": "mira", "password": "canary", "more": [{"access_token": {"a": "canary"}}]});
        let masked = masked(&said).to_string();
        assert!(
            masked.contains("mira") && !masked.contains("canary"),
            "{masked}"
        );
    }

    #[test]
    fn times_count_from_the_act() {
        assert_eq!(after(12), "+12 ms");
        assert_eq!(after(12_345), "+12 s");
        assert_eq!(after(-3), "+0 ms");
    }
}
