//! An event on one line.
//!
//! `tail`, `run --print` and the demo show events the same way:
//!
//! ```text
//! 2026-01-30 23:59:58.003 choir queup.chat-message room/choir-loft    teo: is anybody awake?
//!            12:30:05.123 choir queup.chat-message room/choir-loft    mira: good evening
//!            12:30:05.200 choir antiphon.gap       room/choir-loft    119.0s missing, 12 recovered: … (synthetic)
//! ```
//!
//! The last column is a *gist*: what the platform's own file says, else fields that several platforms name alike, else
//! the beginning of the body, 100 cells at most. In JSON the whole event is there, with its body as it was sent.

use std::{borrow::Cow, sync::Arc};

use antiphon_core::{BodyForm, Event, Gap, Link, Payload as _, Provenance, SourceName};
use antiphon_journal::Inspect;
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Value, value::RawValue};
use unicode_width::{UnicodeWidthChar as _, UnicodeWidthStr as _};

use crate::{
    command::tail::Handling,
    failure::Failure,
    names::Names,
    output::{Form, HUES, Output, Paint, blanks, padded},
    plain::plain,
    platform::PLATFORMS,
    search::Words,
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
    /// What each consumer has made of it; there with `--explain` alone.
    #[serde(skip_serializing_if = "Option::is_none")]
    handling: Option<Vec<Handling>>,
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
            handling: None,
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

/// Longest column of sources, in cells of a terminal; a longer text moves the rest of its line.
const SOURCE: usize = 16;
/// Widths between which the column of kinds grows with its texts.
const KIND: (usize, usize) = (18, 36);
/// The same for places.
const PLACE: (usize, usize) = (18, 48);

/// Shows events as lines, in columns that grow with what stands in them.
///
/// A column never shrinks, so that lines which follow each other stay aligned.
#[derive(Debug)]
pub(crate) struct Lines {
    zone: TimeZone,
    /// Names for the ids in places; `None` shows ids.
    names: Option<Names>,
    /// Texts to mark in gists.
    marked: Vec<Words>,
    /// Widths of times, sources, kinds and places.
    widths: [usize; 4],
}

/// The cells of a line, with hidden characters written out.
struct Cells {
    /// Time, source, kind and place.
    columns: [String; 4],
    gist: String,
    /// How it came, unless it is live.
    mark: String,
}

impl Default for Lines {
    /// Local times, and names as far as the events that were shown tell them.
    fn default() -> Self {
        Self::new(TimeZone::system(), true)
    }
}

impl Lines {
    /// Times are shown in a zone; in UTC they end with `Z`.
    pub(crate) fn new(zone: TimeZone, with_names: bool) -> Self {
        Self {
            zone,
            names: with_names.then(Names::new),
            marked: Vec::new(),
            widths: [0, 0, KIND.0, PLACE.0],
        }
    }

    /// Marks texts in gists where colours are shown.
    pub(crate) fn marking(mut self, words: Vec<Words>) -> Self {
        self.marked = words;
        self
    }

    /// Learns the names that events need from the journal that they are of.
    ///
    /// # Errors
    /// The journal cannot be read.
    pub(crate) async fn learn(
        &mut self,
        journal: &dyn Inspect,
        events: &[Arc<Event>],
    ) -> Result<(), Failure> {
        match &mut self.names {
            Some(names) => names.learn_for(journal, events).await,
            None => Ok(()),
        }
    }

    /// Prints events: objects with times in UTC, or aligned lines with times of the zone.
    ///
    /// Live events have no mark; others have their provenance at the end.
    pub(crate) fn show<'a>(
        &mut self,
        output: &mut Output,
        events: impl IntoIterator<Item = &'a Event>,
    ) -> anyhow::Result<()> {
        self.show_explained(output, events, |_| None)
    }

    /// [`Lines::show`], with what consumers have made of each event: in its object, or on lines behind its own.
    pub(crate) fn show_explained<'a>(
        &mut self,
        output: &mut Output,
        events: impl IntoIterator<Item = &'a Event>,
        explain: impl Fn(&Event) -> Option<Vec<Handling>>,
    ) -> anyhow::Result<()> {
        if output.form() == Form::Json {
            let mut events = events.into_iter();
            return events.try_for_each(|event| {
                let handling = explain(event);
                output.json(&Line {
                    handling,
                    ..Line::new(event)
                })
            });
        }
        let today = Timestamp::now().to_zoned(self.zone.clone()).date();
        let mut lines = Vec::new();
        for event in events {
            if let Some(names) = &mut self.names {
                names.learn(event);
            }
            lines.push((event, self.cells(event, today)));
        }
        for (_, line) in &lines {
            let longest = [usize::MAX, SOURCE, KIND.1, PLACE.1];
            for ((width, cell), longest) in self.widths.iter_mut().zip(&line.columns).zip(longest) {
                *width = cell.width().min(longest).max(*width);
            }
        }
        for (event, line) in &lines {
            self.line(output, event, line)?;
            let Some(handling) = explain(event) else {
                continue;
            };
            if handling.is_empty() {
                output.line("    no consumer: no program has a cursor in this journal")?;
            }
            for one in handling {
                output.line(format_args!("    {}", one.line()))?;
            }
        }
        Ok(())
    }

    fn cells(&self, event: &Event, today: Date) -> Cells {
        let place = match &self.names {
            Some(names) => names.place(event),
            None => event.place().to_string(),
        };
        let columns = [
            stamp(event.received_at(), &self.zone, today),
            event.source().to_string(),
            event.kind().to_string(),
            place,
        ];
        Cells {
            columns: columns.map(|text| plain(&text).into_owned()),
            gist: plain(&gist(event)).into_owned(),
            mark: match event.provenance() {
                Provenance::Live => String::new(),
                other => format!(" ({other})"),
            },
        }
    }

    fn line(&self, output: &mut Output, event: &Event, line: &Cells) -> anyhow::Result<()> {
        let [time, source, kind, place] = &line.columns;
        let widths = self.widths;
        // Times of today are short, and end where the others do.
        let time = format!("{}{time}", blanks(time, widths[0]));
        let source = padded(source, widths[1]);
        let kind = padded(kind, widths[2]);
        let place = padded(place, widths[3]);
        let mut parts = vec![
            (Paint::Faint, &*time),
            (Paint::No, " "),
            (hue(event.source()), &*source),
            (Paint::No, " "),
            (Paint::Bold, &*kind),
            (Paint::No, " "),
            (Paint::Faint, &*place),
            (Paint::No, " "),
        ];
        let mut rest = &*line.gist;
        while let Some(found) = self.first_mark(rest) {
            parts.push((Paint::No, &rest[..found.start]));
            parts.push((Paint::Marked, &rest[found.clone()]));
            rest = &rest[found.end..];
        }
        parts.extend([(Paint::No, rest), (Paint::Faint, &*line.mark)]);
        output.painted(&parts)
    }

    /// Where the first text to mark stands.
    fn first_mark(&self, text: &str) -> Option<std::ops::Range<usize>> {
        let found = self.marked.iter().filter_map(|words| words.find(text));
        found.min_by_key(|found| found.start)
    }
}

/// The colour of a source: the same in each run, by its name.
fn hue(source: &SourceName) -> Paint {
    // FNV-1a: spreads short names, and is the same everywhere.
    let hash = source.as_str().bytes().fold(0x811c_9dc5_u32, |hash, byte| {
        (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193)
    });
    Paint::Hue(usize::try_from(hash).unwrap_or(0) % HUES)
}

/// A time to the millisecond: the time of day, with the date before it unless it is today's; `Z` marks UTC.
fn stamp(at: Timestamp, zone: &TimeZone, today: Date) -> String {
    let at = at.to_zoned(zone.clone());
    let date = if at.date() == today { "" } else { "%Y-%m-%d " };
    let mark = if *zone == TimeZone::UTC { "Z" } else { "" };
    at.strftime(&format!("{date}%H:%M:%S.%3f{mark}"))
        .to_string()
}

/// The local time of day, to the millisecond.
pub(crate) fn clock(at: Timestamp) -> String {
    at.to_zoned(TimeZone::system())
        .strftime("%H:%M:%S.%3f")
        .to_string()
}

/// Summarizes an event: by its platform, by common fields of its body, or with the beginning of the body.
///
/// It may hold hidden characters; the output writes them out. It takes 100 cells of a terminal at most, and one for what
/// is left out.
pub(crate) fn gist(event: &Event) -> String {
    const LONGEST: usize = 100;
    let mut gist = whole_gist(event);
    let mut width = 0;
    let too_far = gist.char_indices().find(|(_, character)| {
        width += character.width().unwrap_or(0);
        width > LONGEST
    });
    if let Some((cut, _)) = too_far {
        gist.truncate(cut);
        gist.push('…');
    }
    gist
}

/// [`gist`] without its limit.
pub(crate) fn whole_gist(event: &Event) -> String {
    typed(event)
        .or_else(|| told(event))
        .unwrap_or_else(|| String::from_utf8_lossy(event.body()).into_owned())
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
    fn a_time_of_another_day_has_its_date() {
        let at: Timestamp = "2026-01-31T23:30:00.0074Z".parse().expect("a time");
        let check = |zone: &TimeZone, today: &str, expected: &str| {
            let today = today.parse().expect("a day");
            assert_eq!(stamp(at, zone, today), expected);
        };
        let berlin = TimeZone::posix("CET-1").expect("a rule");
        check(&TimeZone::UTC, "2026-01-31", "23:30:00.007Z");
        check(&TimeZone::UTC, "2026-02-01", "2026-01-31 23:30:00.007Z");
        check(&berlin, "2026-02-01", "00:30:00.007");
        check(&berlin, "2026-01-31", "2026-02-01 00:30:00.007");
        check(&berlin, "2027-02-01", "2026-02-01 00:30:00.007");
    }

    #[test]
    fn a_source_has_one_colour_in_every_run() {
        assert_eq!(hue(&"choir".into()), hue(&"choir".into()));
        let sources = ["bot", "choir", "node", "tea", "so", "guild"].map(|name| hue(&name.into()));
        let different: std::collections::HashSet<_> =
            sources.iter().map(|hue| format!("{hue:?}")).collect();
        assert!(different.len() > 3, "{different:?}");
    }

    #[test]
    fn a_gist_takes_a_bounded_width() {
        let wide = |body: &'static str| gist(&event("queup.message", body));
        let long: &'static str = "東".repeat(200).leak();
        assert_eq!(wide(long), format!("{}…", "東".repeat(50)));
        let fits: &'static str = "a".repeat(100).leak();
        assert_eq!(wide(fits), fits);
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
