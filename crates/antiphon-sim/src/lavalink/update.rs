//! How a request changes a player: the order is that of the server (protocol §6).

use std::collections::BTreeMap;

use serde_json::{Map, Value, value::RawValue};

use super::{
    catalogue::Loaded,
    filters::Filters,
    number,
    player::{EndReason, Fate},
    quirk::NodeQuirk,
    rest::Refusal,
    state::{Key, State},
    track::Track,
    voice::{Claim, Verdict},
};
use crate::timers::Timed as _;

/// How long a voice server takes to refuse a user, in milliseconds.
const REFUSAL: u64 = 40;

/// Fields of a player to be changed.
#[derive(Debug, Default)]
pub(crate) struct Update {
    track: Option<Wanted>,
    /// Change of the track that begins where the current one ends.
    next: Option<Next>,
    /// Change of the crossfade, in milliseconds; 0 switches it off.
    crossfade: Option<i64>,
    /// Fields of `NodeLink` alone.
    other: Vec<String>,
    user_data: Option<Map<String, Value>>,
    position: Option<i64>,
    end: End,
    volume: Option<i64>,
    paused: Option<bool>,
    filters: Option<Filters>,
    /// Names of the filters in the request.
    filter_names: Vec<String>,
    voice: Option<Voice>,
    /// Unknown fields.
    pub(crate) unknown: Vec<String>,
}

/// The track that begins where the current one ends.
#[derive(Debug)]
enum Next {
    /// An encoded track and its data.
    Track(String, Map<String, Value>),
    /// None: an earlier one is taken back.
    None,
}

/// The wanted track.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Wanted {
    Encoded(String),
    Identifier(String),
    /// `encoded: null`.
    None,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum End {
    #[default]
    Absent,
    /// `null`, with which the server does nothing to the current track.
    Null,
    At(i64),
}

#[derive(Debug)]
struct Voice {
    token: String,
    endpoint: String,
    session: String,
    channel: Option<String>,
}

/// A field of another type than it should have.
fn wrong(name: &str) -> Refusal {
    Refusal::unreadable(format!("`{name}` is of another type"))
}

fn long(token: &RawValue, name: &str) -> Result<i64, Refusal> {
    number::long(token.get()).ok_or_else(|| wrong(name))
}

fn flag(token: &RawValue, name: &str) -> Result<bool, Refusal> {
    number::flag(token.get()).ok_or_else(|| wrong(name))
}

fn words(value: &Value, name: &str) -> Result<String, Refusal> {
    value.as_str().map(str::to_owned).ok_or_else(|| wrong(name))
}

fn map<'a>(value: &'a Value, name: &str) -> Result<&'a Map<String, Value>, Refusal> {
    value.as_object().ok_or_else(|| wrong(name))
}

impl Update {
    /// Reads a body.
    pub(crate) fn read(body: &str) -> Result<Self, Refusal> {
        let fields: BTreeMap<String, Box<RawValue>> =
            serde_json::from_str(body).map_err(|error| Refusal::unreadable(error.to_string()))?;
        let mut update = Self::default();
        let mut old = Vec::new();
        let mut has_track = false;
        for (name, token) in &fields {
            let name = name.as_str();
            match name {
                "position" => update.position = Some(long(token, name)?),
                "endTime" if token.get() == "null" => update.end = End::Null,
                "endTime" => update.end = End::At(long(token, name)?),
                "volume" => {
                    let volume = number::int(token.get()).ok_or_else(|| wrong(name))?;
                    update.volume = Some(volume.into());
                }
                "paused" => update.paused = Some(flag(token, name)?),
                _ => {
                    let value: Value =
                        serde_json::from_str(token.get()).map_err(|_| wrong(name))?;
                    match name {
                        "track" => {
                            has_track = true;
                            update.read_track(map(&value, name)?)?;
                        }
                        "nextTrack" => update.read_next(&value)?,
                        "encodedTrack" if value.is_null() => old.push(Wanted::None),
                        "encodedTrack" => old.push(Wanted::Encoded(words(&value, name)?)),
                        "identifier" => old.push(Wanted::Identifier(words(&value, name)?)),
                        "crossfade" => update.read_crossfade(&value)?,
                        // Fields of `NodeLink` without an effect here.
                        "fading" | "loudnessNormalizer" | "ducking" => {
                            update.other.push(name.to_owned());
                        }
                        "filters" => update.read_filters(token.get(), &value)?,
                        "voice" => update.voice = Some(Voice::read(map(&value, name)?)?),
                        other => update.unknown.push(other.to_owned()),
                    }
                }
            }
        }
        if has_track && !old.is_empty() {
            return Err(Refusal::bad(
                "Cannot specify both track and encodedTrack/identifier",
            ));
        }
        if old.len() > 1 {
            return Err(Refusal::bad(
                "Cannot specify both encodedTrack and identifier",
            ));
        }
        update.track = old.pop().or(update.track);
        Ok(update)
    }

    fn read_track(&mut self, track: &Map<String, Value>) -> Result<(), Refusal> {
        for (name, value) in track {
            match name.as_str() {
                "encoded" | "identifier" if self.track.is_some() => {
                    return Err(Refusal::bad(
                        "Cannot specify both encodedTrack and identifier",
                    ));
                }
                "encoded" if value.is_null() => self.track = Some(Wanted::None),
                "encoded" => self.track = Some(Wanted::Encoded(words(value, name)?)),
                "identifier" => self.track = Some(Wanted::Identifier(words(value, name)?)),
                "userData" => self.user_data = Some(map(value, name)?.clone()),
                // Clients send whole tracks; other fields of them are ignored.
                "info" | "pluginInfo" => {}
                other => self.unknown.push(format!("track.{other}")),
            }
        }
        Ok(())
    }

    fn read_filters(&mut self, text: &str, value: &Value) -> Result<(), Refusal> {
        let names = map(value, "filters")?.iter();
        let is_set = |(_, filter): &(&String, &Value)| !filter.is_null();
        self.filter_names = names.filter(is_set).map(|(name, _)| name.clone()).collect();
        let filters = Filters::read(text);
        self.filters =
            Some(filters.map_err(|error| Refusal::unreadable(format!("`filters`: {error}")))?);
        let unknown = Filters::unknown(value).into_iter();
        self.unknown
            .extend(unknown.map(|name| format!("filters.{name}")));
        Ok(())
    }

    /// Reads the track that a node with [`NodeQuirk::Gapless`] plays after the current one.
    fn read_next(&mut self, value: &Value) -> Result<(), Refusal> {
        self.next = Some(match value {
            Value::Null => Next::None,
            value => {
                let encoded = map(value, "nextTrack")?.get("encoded");
                let encoded = encoded.ok_or_else(|| wrong("nextTrack"))?;
                let data = value.get("userData").and_then(Value::as_object).cloned();
                Next::Track(words(encoded, "nextTrack")?, data.unwrap_or_default())
            }
        });
        Ok(())
    }

    /// Reads the crossfade of a node with [`NodeQuirk::Gapless`], bounded as `sanitizeCrossfadeConfig` of `NodeLink` does.
    fn read_crossfade(&mut self, value: &Value) -> Result<(), Refusal> {
        let fields = map(value, "crossfade")?;
        let is_on = fields.get("enabled") == Some(&Value::Bool(true));
        let duration = fields
            .get("duration")
            .and_then(Value::as_i64)
            .unwrap_or(5000);
        self.crossfade = Some(if is_on { duration.clamp(0, 30_000) } else { 0 });
        Ok(())
    }

    /// Refuses what can be refused without looking at the player (protocol §5.1).
    pub(crate) fn check(&self, disabled: &[String]) -> Result<(), Refusal> {
        let off: Vec<&str> = self
            .filter_names
            .iter()
            .map(String::as_str)
            .filter(|name| disabled.iter().any(|other| other == name))
            .collect();
        if !off.is_empty() {
            let message = format!(
                "Following filters are disabled in the config: {}",
                off.join(", ")
            );
            return Err(Refusal::bad(message));
        }
        if let Some(voice) = &self.voice {
            voice.check()?;
        }
        match self.end {
            End::At(..=0) => Err(Refusal::bad("End time must be greater than 0")),
            _ => Ok(()),
        }
    }
}

impl Voice {
    fn read(voice: &Map<String, Value>) -> Result<Self, Refusal> {
        let text = |name: &str| match voice.get(name) {
            None | Some(Value::Null) => Ok(String::new()),
            Some(value) => words(value, name),
        };
        Ok(Self {
            token: text("token")?,
            endpoint: text("endpoint")?,
            session: text("sessionId")?,
            channel: Some(text("channelId")?).filter(|channel| !channel.trim().is_empty()),
        })
    }

    /// Every field is required, the channel since version 4.2 (protocol §6).
    fn check(&self) -> Result<(), Refusal> {
        let blank = [
            self.token.trim().is_empty(),
            self.endpoint.trim().is_empty(),
            self.session.trim().is_empty(),
            self.channel.is_none(),
        ];
        if blank.contains(&true) {
            let words = "token, endpoint, sessionId and channelId must be provided in voice state";
            return Err(Refusal::bad(words));
        }
        Ok(())
    }
}

impl State {
    /// Changes a player that exists; what was done before a refusal stays done, as on the server.
    pub(crate) fn update(
        &mut self,
        key: &Key,
        mut update: Update,
        no_replace: bool,
    ) -> Result<(), Refusal> {
        if let Some(voice) = update.voice.take() {
            self.set_voice(key, voice)?;
        }
        let is_new = update.track.is_some();
        self.with_player(key, |player, writer, now| {
            if let (Some(paused), false) = (update.paused, is_new) {
                player.pause(paused, now, writer);
            }
            if let (Some(user_data), false, Some(playing)) =
                (&update.user_data, is_new, &mut player.playing)
            {
                playing.track.user_data.clone_from(user_data);
            }
            if let Some(volume) = update.volume {
                player.set_volume(volume, writer);
            }
            if let (Some(position), false) = (update.position, is_new) {
                player.seek(position, now, writer);
            }
            if let (End::At(end), false) = (update.end, is_new) {
                player.set_end(end);
            }
        });
        if let Some(filters) = update.filters.take() {
            if let Some(band) = filters.odd_band() {
                let words = format!("Index {band} out of bounds for length 15");
                return Err(Refusal::new(500, words));
            }
            self.with_player(key, |player, writer, now| {
                player.set_filters(filters, now, writer);
            });
        }
        if let Some(wanted) = &update.track {
            self.change_track(key, wanted, &update, no_replace)?;
        }
        if let Some(next) = update.next {
            self.set_next(key, next)?;
        }
        self.set_other(key, update.crossfade, update.other);
        Ok(())
    }

    /// Sets what `NodeLink` alone knows, after the next track.
    fn set_other(&mut self, key: &Key, crossfade: Option<i64>, mut other: Vec<String>) {
        if self.nodes[key.node].quirks.contains(&NodeQuirk::Gapless) {
            if let Some(crossfade) = crossfade {
                self.with_player(key, |player, _, _| player.crossfade = crossfade);
            }
            return;
        }
        other.extend(crossfade.map(|_| "crossfade".to_owned()));
        for field in other {
            self.note(format!("a field of a player that no node knows: {field}"));
        }
    }

    /// Begins a track or stops the one that plays (protocol §6, steps 9 to 11).
    fn change_track(
        &mut self,
        key: &Key,
        wanted: &Wanted,
        update: &Update,
        no_replace: bool,
    ) -> Result<(), Refusal> {
        let is_set = self.with_player(key, |player, _, _| player.playing.is_some());
        if no_replace && is_set == Some(true) {
            return Ok(());
        }
        self.with_player(key, |player, writer, now| {
            player.pause(update.paused.unwrap_or_default(), now, writer);
        });
        let track = self.wanted(wanted)?;
        self.with_player(key, |player, writer, now| match track {
            None => player.end(EndReason::Stopped, now, writer),
            Some((mut track, fate)) => {
                track.user_data = update.user_data.clone().unwrap_or_default();
                let start = update.position.unwrap_or(track.info.position).max(0);
                let end = match update.end {
                    End::At(end) => Some(end),
                    End::Absent | End::Null => None,
                };
                player.play(track, fate, start, end, now, writer);
            }
        });
        Ok(())
    }

    /// Sets the track that begins where the current one ends, on a node that has such a thing.
    fn set_next(&mut self, key: &Key, next: Next) -> Result<(), Refusal> {
        if !self.nodes[key.node].quirks.contains(&NodeQuirk::Gapless) {
            self.note("a field of a player that no node knows: nextTrack");
            return Ok(());
        }
        let next = match next {
            Next::None => None,
            Next::Track(encoded, user_data) => {
                let mut track = self.read_track(&encoded)?;
                track.user_data = user_data;
                let entry = self.catalogue.entry(&track.info.identifier);
                let fate = entry.map(|entry| entry.fate).unwrap_or_default();
                // A track that cannot be prepared is not set, and the answer is the same.
                Some((track, fate)).filter(|(_, fate)| *fate != Fate::Fails)
            }
        };
        self.with_player(key, |player, _, _| player.set_next(next));
        Ok(())
    }

    /// Loads the wanted track and its fault; `None` stops the player.
    fn wanted(&self, wanted: &Wanted) -> Result<Option<(Track, Fate)>, Refusal> {
        let track = match wanted {
            Wanted::None => return Ok(None),
            Wanted::Encoded(encoded) => self.read_track(encoded)?,
            Wanted::Identifier(identifier) => match self.catalogue.load(identifier) {
                Loaded::Track(track) => *track,
                Loaded::Playlist(_) | Loaded::Search(_) => {
                    return Err(Refusal::bad("Cannot play a playlist or search result"));
                }
                Loaded::Empty => return Err(Refusal::bad("No matches found for identifier")),
                Loaded::Error { message, .. } => return Err(Refusal::bad(message)),
            },
        };
        let entry = self.catalogue.entry(&track.info.identifier);
        let fate = entry.map(|entry| entry.fate).unwrap_or_default();
        Ok(Some((track, fate)))
    }

    /// Reopens the voice connection if its data differ (protocol §6, step 3).
    fn set_voice(&mut self, key: &Key, voice: Voice) -> Result<(), Refusal> {
        if let Some(channel) = &voice.channel
            && channel.parse::<i64>().is_err()
        {
            let words = format!("For input string: \"{channel:.40}\"");
            return Err(Refusal::new(500, words));
        }
        let session = self.nodes[key.node].sessions.get(&*key.session);
        let claim = Claim {
            user: session.map(|session| session.user).unwrap_or_default(),
            guild: key.guild,
            token: voice.token,
            endpoint: voice.endpoint,
            session: voice.session,
            channel: voice.channel,
        };
        let stays = self.with_player(key, |player, _, _| {
            player.is_connected && player.voice.as_ref() == Some(&claim)
        });
        if stays == Some(true) {
            return Ok(());
        }
        match self.voice.judge(&claim) {
            Verdict::Open => {
                self.with_player(key, |player, writer, now| {
                    player.connect(claim, now, writer);
                });
            }
            Verdict::Unreachable => {
                self.with_player(key, |player, _, now| player.disconnect(Some(claim), now));
                return Err(Refusal::new(500, "Failed to connect to voice server"));
            }
            Verdict::Closed(code, reason) => {
                self.with_player(key, |player, _, now| player.disconnect(Some(claim), now));
                let key = key.clone();
                self.later(std::time::Duration::from_millis(REFUSAL), move |state| {
                    state.with_player(&key, |player, writer, now| {
                        player.close_voice(code, &reason, true, now, writer);
                    });
                });
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[track_caller]
    fn refused(body: &Value, message: &str) {
        let checked =
            Update::read(&body.to_string()).and_then(|update| update.check(&["karaoke".into()]));
        assert_eq!(checked, Err(Refusal::bad(message)), "{body}");
    }

    #[test]
    fn what_the_server_refuses_is_refused_in_its_words() {
        refused(
            &json!({"track": {"identifier": "a"}, "encodedTrack": "b"}),
            "Cannot specify both track and encodedTrack/identifier",
        );
        refused(
            &json!({"track": {"identifier": "a", "encoded": "b"}}),
            "Cannot specify both encodedTrack and identifier",
        );
        refused(
            &json!({"filters": {"karaoke": {}, "volume": 1.0}}),
            "Following filters are disabled in the config: karaoke",
        );
        refused(&json!({"endTime": 0}), "End time must be greater than 0");
        refused(
            &json!({"voice": {"token": "t", "endpoint": "e", "sessionId": "s"}}),
            "token, endpoint, sessionId and channelId must be provided in voice state",
        );
    }

    #[test]
    fn a_field_of_another_type_is_refused_without_a_word_about_it() {
        for (body, field) in [
            (r#"{"volume": "loud"}"#, "`volume`"),
            (r#"{"volume": null}"#, "`volume`"),
            (r#"{"volume": 2147483648}"#, "`volume`"),
            (r#"{"position": 10.0}"#, "`position`"),
            (r#"{"position": "10.0"}"#, "`position`"),
            (r#"{"position": ""}"#, "`position`"),
            (r#"{"paused": "yes"}"#, "`paused`"),
            (r#"{"paused": 1}"#, "`paused`"),
            (r#"{"paused": null}"#, "`paused`"),
            (r#"{"encodedTrack": 12345}"#, "`encodedTrack`"),
            (r#"{"filters": {"volume": "x"}}"#, "`filters`"),
            (r#"{"filters": null}"#, "`filters`"),
            (r#"{"voice": {"channelId": 9}}"#, "`channelId`"),
        ] {
            let refusal = Update::read(body).expect_err(body);
            assert_eq!((refusal.status, &*refusal.message), (400, "Bad Request"));
            let why = refusal.why.expect("a reason for the notes");
            assert!(why.contains(field), "{why}");
        }
    }

    #[test]
    fn numbers_may_be_quoted() {
        let body = r#"{"position": "61000", "endTime": "90000", "volume": "80"}"#;
        let update = Update::read(body).expect("sound");
        assert_eq!(
            (update.position, update.end),
            (Some(61_000), End::At(90_000))
        );
        assert_eq!(update.volume, Some(80));
    }

    /// `decodeBoolean` of kotlinx.serialization 1.7.0 is `consumeBooleanLenient`, whatever `isLenient` says.
    #[test]
    fn flags_may_be_quoted_in_any_case() {
        for (body, paused) in [
            (r#"{"paused": "true"}"#, true),
            (r#"{"paused": "True"}"#, true),
            (r#"{"paused": "false"}"#, false),
            (r#"{"paused": true}"#, true),
        ] {
            let update = Update::read(body).expect(body);
            assert_eq!(update.paused, Some(paused), "{body}");
        }
    }

    #[test]
    fn absent_null_and_a_text_are_three_things() {
        let track = |body: Value| Update::read(&body.to_string()).expect("sound").track;
        assert_eq!(track(json!({"track": {"userData": {}}})), None);
        assert_eq!(
            track(json!({"track": {"encoded": null}})),
            Some(Wanted::None)
        );
        assert_eq!(track(json!({"encodedTrack": null})), Some(Wanted::None));
        assert_eq!(
            track(json!({"track": {"encoded": "QA"}})),
            Some(Wanted::Encoded("QA".into()))
        );
    }

    #[test]
    fn fields_that_nobody_knows_are_named() {
        let body = json!({"track": {"colour": 1}, "filters": {"reverb": {}}, "speed": 2});
        let update = Update::read(&body.to_string()).expect("sound");
        assert_eq!(update.unknown, ["filters.reverb", "speed", "track.colour"]);
    }
}
