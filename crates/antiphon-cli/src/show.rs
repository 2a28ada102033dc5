//! An event on one line.
//!
//! `tail`, `run --print` and the demo show events the same way:
//!
//! ```text
//! 12:30:05.123 choir queup.chat-message           room/5f1c2d                   mira: good evening
//! 12:30:05.200 choir antiphon.gap                 room/5f1c2d                   119.0s missing, 12 recovered: … (synthetic)
//! ```
//!
//! The last column is a *gist*: what the platform's own file says, else fields that several platforms name alike, else
//! the beginning of the body, 100 characters at most. In JSON the whole event is there, with its body as it was sent.

use std::borrow::Cow;

use antiphon_core::{BodyForm, Event, Gap, Link, Payload as _, Provenance};
use jiff::{Timestamp, tz::TimeZone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, value::RawValue};

use crate::{
    output::{Form, Output, Paint},
    plain::plain,
    platform::PLATFORMS,
};

// The field names are stable: scripts read them.
/// An event as the journal has it.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Event")]
pub(crate) struct Line<'a> {
    /// Number of the event in its journal; it grows from event to event, with holes.
    position: u64,
    /// Name of the source that brought it.
    source: &'a str,
    /// Platform and the wire's own name, such as `queup.chat-message`.
    kind: &'a str,
    /// Where it happened, such as `room/5f1c2d`; empty for a source as a whole.
    place: &'a str,
    /// Identity of the occurrence; within a source each is stored once.
    origin: &'a str,
    /// How it came: as it happened, sent again after a resume, fetched from a history, or made by antiphon itself.
    #[schemars(extend("enum" = ["live", "replayed", "backfilled", "synthetic"]))]
    provenance: &'a str,
    /// When its last byte was read, in UTC, with fractions as they are.
    #[schemars(with = "String", extend("format" = "date-time"))]
    received_at: Timestamp,
    /// The platform's own document; one that is no JSON is a text.
    #[schemars(with = "Value")]
    body: Body<'a>,
    /// What antiphon knows beside the body; left out where there is nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(with = "Option<Value>")]
    note: Option<Body<'a>>,
}

impl<'a> Line<'a> {
    pub(crate) fn new(event: &'a Event) -> Self {
        Self {
            position: event.position().get(),
            source: event.source().as_str(),
            kind: event.kind().as_str(),
            place: event.place().as_str(),
            origin: event.origin().as_str(),
            provenance: event.provenance().as_str(),
            received_at: event.received_at(),
            body: Body::new(event.body(), event.form()),
            note: event.note().map(|note| Body::new(note, BodyForm::Json)),
        }
    }
}

/// A JSON body as it is; any other as a text.
///
/// A body that the journal calls JSON and that is none after all is a text.
#[derive(Serialize)]
#[serde(untagged)]
enum Body<'a> {
    Json(&'a RawValue),
    Text(Cow<'a, str>),
}

impl<'a> Body<'a> {
    fn new(bytes: &'a [u8], form: BodyForm) -> Self {
        if form == BodyForm::Json
            && let Ok(json) = serde_json::from_slice::<&RawValue>(bytes)
        {
            return Self::Json(json);
        }
        Self::Text(String::from_utf8_lossy(bytes))
    }
}

/// Prints one event.
///
/// Times are local in text, and UTC in JSON. Live events have no mark; others have their provenance at the end.
pub(crate) fn event(output: &mut Output, event: &Event) -> anyhow::Result<()> {
    match output.form() {
        Form::Json => output.json(&Line::new(event)),
        Form::Text => {
            let kind = format!("{:<28}", plain(event.kind().as_str()));
            let place = format!("{:<29}", plain(event.place().as_str()));
            let mark = match event.provenance() {
                Provenance::Live => String::new(),
                other => format!(" ({other})"),
            };
            output.painted(&[
                (Paint::Faint, &clock(event.received_at())),
                (Paint::No, " "),
                (Paint::No, event.source().as_str()),
                (Paint::No, " "),
                (Paint::Bold, &kind),
                (Paint::No, " "),
                (Paint::Faint, &place),
                (Paint::No, " "),
                (Paint::No, &gist(event)),
                (Paint::Faint, &mark),
            ])
        }
    }
}

/// The local time of day, to the millisecond.
pub(crate) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%H:%M:%S.%3f")
        .to_string()
}

/// Summarizes an event: by its platform, by common fields of its body, or with the beginning of the body.
///
/// It may hold hidden characters; the output writes them out.
pub(crate) fn gist(event: &Event) -> String {
    const LONGEST: usize = 100;
    let mut gist = typed(event)
        .or_else(|| told(event))
        .unwrap_or_else(|| String::from_utf8_lossy(event.body()).into_owned());
    if let Some((cut, _)) = gist.char_indices().nth(LONGEST) {
        gist.truncate(cut);
        gist.push('…');
    }
    gist
}

/// Summarizes an event by its kind; texts have no HTML escapes.
fn typed(event: &Event) -> Option<String> {
    if *event.kind() == Gap::KIND {
        let gap = Gap::decode(event).ok()?;
        let seconds = gap.to.at.duration_since(gap.from.at).as_secs_f64();
        let (recovered, cause) = (gap.recovered, gap.cause);
        return Some(format!(
            "{seconds:.1}s missing, {recovered} recovered: {cause}"
        ));
    }
    if *event.kind() == Link::KIND {
        return Some(Link::decode(event).ok()?.state.to_string());
    }
    let platform = event.kind().platform();
    let mut platforms = PLATFORMS.iter();
    let platform = platforms.find(|known| known.name == platform)?;
    (platform.gist)(event)
}

/// Summarizes a body by fields that several platforms name alike.
///
/// `None` if the body has none of the fields.
fn told(event: &Event) -> Option<String> {
    const WHO: [&str; 4] = [
        "/user/username",
        "/username",
        "/user/userid",
        "/presence/clientId",
    ];
    const WHOM: [&str; 4] = [
        "/modUser/username",
        "/kickedUser/username",
        "/mutedUser/username",
        "/removedUser/username",
    ];
    const WHAT: [&str; 9] = [
        "/message",
        "/dubtype",
        "/songInfo/name",
        "/role_object/label",
        "/song/songid",
        "/room/name",
        "/error",
        "/connectionId",
        "/messageid",
    ];
    let body: Value = event.parse().ok()?;
    let first = |paths: &[&str]| {
        let mut found = paths.iter().filter_map(|path| body.pointer(path)?.as_str());
        found
            .next()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let (who, whom, what) = (first(&WHO), first(&WHOM), first(&WHAT));
    let mut gist = who.unwrap_or_default();
    if let Some(whom) = whom {
        gist.push_str(" → ");
        gist.push_str(&whom);
    }
    if let Some(what) = what {
        gist.push_str(if gist.is_empty() { "" } else { ": " });
        gist.push_str(&what);
    }
    match &body {
        _ if !gist.is_empty() => Some(gist),
        Value::Array(rows) => Some(match rows.len() {
            1 => "1 row".to_owned(),
            count => format!("{count} rows"),
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};

    use super::*;

    fn event(kind: &'static str, body: &'static str) -> Event {
        let mut draft = Draft::new(
            Kind::from_static(kind),
            Place::new("room/1"),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            body,
        );
        draft.form = BodyForm::of(body.as_bytes());
        Event::stored(Position::new(1), "choir".into(), draft)
    }

    #[track_caller]
    fn check(kind: &'static str, body: &'static str, expected: &str) {
        assert_eq!(gist(&event(kind, body)), expected);
    }

    #[test]
    fn a_line_tells_who_did_what_to_whom() {
        check(
            "queup.chat-message",
            r#"{"message":"hello","user":{"username":"mira"}}"#,
            "mira: hello",
        );
        check(
            "queup.user-kick",
            r#"{"user":{"username":"mira"},"kickedUser":{"username":"teo"}}"#,
            "mira → teo",
        );
        check(
            "queup.chat-message",
            r#"{"message":"R&amp;B","user":{"username":"mira"}}"#,
            "mira: R&B",
        );
        check("queup.room_users", "[{},{}]", "2 rows");
        check("queup.message", "no json", "no json");
        check(
            "antiphon.gap",
            r#"{"from":{"at":"1970-01-01T00:00:00Z"},"to":{"at":"1970-01-01T00:00:02Z"},"cause":"cut","recovered":3}"#,
            "2.0s missing, 3 recovered: cut",
        );
    }
}
