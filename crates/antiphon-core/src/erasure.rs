//! Erasing a person: which events are theirs, and what is left of the others.
//!
//! A platform says in a [`Rule`] where its documents name users; the walk over the documents is the same for all of
//! them. docs/erasure.md has the rules in words.
//!
//! An event is the person's if its body's outermost object is; then nothing of its content stays. In every other body
//! the objects that are the person's are taken out, and so is each value and each word that is the person's id or names
//! them in the form of a mention.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    sync::Arc,
};

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{BodyForm, Event, Journal, Position, ReadError, Saved, SourceName};

/// The word that stands where an id or a name was.
const ERASED: &str = "erased";

/// Names shorter than this are not looked for: they would be found everywhere.
const SHORTEST_NAME: usize = 3;

/// Where a platform's documents name users.
#[derive(Debug)]
pub struct Rule {
    /// The platform, as its kinds begin.
    pub platform: &'static str,
    /// Whether a text is an id of a user. Another word would be found in other people's events, and cut out of them.
    pub is_id: fn(&str) -> bool,
    /// What such an id is, in a sentence for whoever gave another text.
    pub ids: &'static str,
    /// Whether an id of a user is nobody else's and no other thing's, so that the id alone is proof.
    pub unique: bool,
    /// Keys of ids: an object in which one of them has the person's id is the person's.
    pub own: &'static [&'static str],
    /// Keys of objects that are users, in which `id` counts as well; needed only where ids are not unique.
    pub users: &'static [&'static str],
    /// Keys of objects: if one of these is the person's, so is the object that has it.
    pub by: &'static [&'static str],
    /// Keys of ids that name the person in an object that is somebody else's; the value is taken out.
    pub about: &'static [&'static str],
    /// Keys of names in an object that is the person's.
    pub names: &'static [&'static str],
    /// Text that stands right before the person's id in a text, where the id alone is no proof: `/users/`.
    pub before: &'static [&'static str],
    /// The key of the message's id in the body of an event of this kind, by which later events are about it.
    pub message: fn(&str) -> Option<&'static str>,
    /// Whether an object in which the person's id stands anywhere is theirs as a whole, by its key: free data that a
    /// program attached.
    pub data: &'static [&'static str],
}

/// What to do with an event.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Verdict {
    /// It has nothing of the person.
    Keep,
    /// It is the person's: body, note and origin go.
    Erase,
    /// It is somebody else's: this is left of its body and note.
    Redact {
        /// The body without the person.
        body: Bytes,
        /// The note without the person.
        note: Option<Bytes>,
        /// Whether the origin, or that of the event that it deletes, names the person.
        origin: bool,
    },
}

/// What to do with a stored state whose encoding is its owner's.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum StateVerdict {
    /// It has nothing of the person.
    Keep,
    /// This is left of it.
    Redact(Vec<u8>),
    /// It cannot be read, and has the person's id: it goes as a whole.
    Erase,
}

/// Reads and writes a saved projection whose bytes are no JSON; `None` if the bytes are not its own.
pub type Repack = fn(&[u8], &mut dyn FnMut(&[u8]) -> StateVerdict) -> Option<StateVerdict>;

/// What an erasure changed, or would change.
///
/// It can be written as JSON and read back, since a running daemon erases for the command that asks it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Erased {
    /// Events by kind: those whose content went, and those of which the rest was left.
    pub events: BTreeMap<String, (u64, u64)>,
    /// Dead letters that went or were changed.
    pub dead_letters: u64,
    /// Checkpoints, cursors and projections that went or were changed.
    pub states: u64,
    /// Places that had the person's id.
    pub places: u64,
    /// Origins of events that retention had removed.
    pub origins: u64,
    /// Whether the write-ahead log could be cut to nothing; a reader that stays in one read keeps it.
    pub log_is_empty: bool,
}

impl Erased {
    /// Counts an event.
    pub fn count(&mut self, kind: &str, verdict: &Verdict) {
        let (erased, redacted) = match verdict {
            Verdict::Keep => return,
            Verdict::Erase => (1, 0),
            Verdict::Redact { .. } => (0, 1),
        };
        let counts = self.events.entry(kind.to_owned()).or_default();
        counts.0 += erased;
        counts.1 += redacted;
    }

    /// Events whose content went, and those of which the rest was left.
    pub fn total(&self) -> (u64, u64) {
        self.events
            .values()
            .fold((0, 0), |sum, counts| (sum.0 + counts.0, sum.1 + counts.1))
    }
}

/// A person who is erased, with all that is known of them.
///
/// It is first shown every event ([`Person::learn`]), by which it knows the person's names and messages, and then
/// judges them.
///
/// ```
/// use antiphon_core::{Draft, Event, Kind, Origin, Person, Place, Position, Rule, Verdict};
///
/// static RULE: Rule = Rule {
///     platform: "chat",
///     is_id: |text| text.starts_with('u'),
///     ids: "a `u` and a number",
///     unique: true,
///     own: &["user_id"],
///     users: &[],
///     by: &["author"],
///     about: &[],
///     names: &["name"],
///     before: &[],
///     message: |_| None,
///     data: &[],
/// };
///
/// # fn event(body: &'static str) -> Event {
/// #     let (kind, origin) = (Kind::from_static("chat.said"), Origin::frame("c", 1));
/// #     let draft = Draft::new(kind, Place::root(), origin, "2026-01-01T00:00:00Z".parse().expect("a time"), body);
/// #     Event::stored(Position::new(1), "choir".into(), draft)
/// # }
/// let mut person = Person::new([&RULE], "u7");
/// let said = event(r#"{"author":{"user_id":"u7","name":"mira"},"text":"good evening"}"#);
/// let answer = event(r#"{"author":{"user_id":"u8","name":"teo"},"text":"@mira hello"}"#);
/// person.learn(&said);
/// assert_eq!(person.judge(&said), Verdict::Erase);
/// let Verdict::Redact { body, .. } = person.judge(&answer) else { panic!("it names her") };
/// assert_eq!(body, r#"{"author":{"name":"teo","user_id":"u8"},"text":"@erased hello"}"#);
/// ```
#[derive(Clone, Debug)]
pub struct Person {
    rules: Vec<&'static Rule>,
    source: Option<SourceName>,
    id: Arc<str>,
    learnt: Learnt,
    /// Texts that are taken out wherever they stand as a word.
    also: BTreeSet<String>,
    repack: BTreeMap<&'static str, Repack>,
}

/// What events told of a person.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Learnt {
    /// Names that their own objects have; taken out of others' texts where they stand behind an `@`.
    names: BTreeSet<String>,
    /// Ids of the person's messages.
    messages: HashSet<String>,
}

/// What a walk found in a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Found {
    Nothing,
    /// Something was taken out.
    Changed,
    /// The value is the person's as a whole.
    Theirs,
}

impl Person {
    /// The user of this id on the platforms of these rules.
    pub fn new(rules: impl IntoIterator<Item = &'static Rule>, id: &str) -> Self {
        Self {
            rules: rules.into_iter().collect(),
            source: None,
            id: id.into(),
            learnt: Learnt::default(),
            also: BTreeSet::new(),
            repack: BTreeMap::new(),
        }
    }

    /// Looks at events of this source alone: ids of several servers of one platform are not the same people's.
    #[must_use]
    pub fn of(mut self, source: SourceName) -> Self {
        self.source = Some(source);
        self
    }

    /// Takes out this text as well, wherever it stands as a word.
    #[must_use]
    pub fn also(mut self, text: &str) -> Self {
        if !text.is_empty() {
            self.also.insert(text.to_owned());
        }
        self
    }

    /// Reads and writes saved projections whose names begin with `platform` and a slash by this function.
    #[must_use]
    pub fn repacking(mut self, platform: &'static str, repack: Repack) -> Self {
        self.repack.insert(platform, repack);
        self
    }

    /// The id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// The names that were learnt.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.learnt.names.iter().map(String::as_str)
    }

    /// Learns the person's names and messages from an event.
    pub fn learn(&mut self, event: &Event) {
        let Some(rule) = self.rule(event) else { return };
        if !contains(event.body(), &self.id) {
            return;
        }
        let Ok(mut body) = serde_json::from_slice::<Value>(event.body()) else {
            return;
        };
        let mut names = BTreeSet::new();
        self.collect(rule, &body, None, &mut names);
        self.learnt.names.extend(names);
        if let Some(id) = message(rule, event, &body)
            && self.walk(rule, &mut body, None) == Found::Theirs
        {
            self.learnt.messages.insert(id);
        }
    }

    /// What to do with an event.
    pub fn judge(&self, event: &Event) -> Verdict {
        let Some(rule) = self.rule(event) else {
            return Verdict::Keep;
        };
        let names_origin = std::iter::once(event.origin())
            .chain(event.deletes())
            .any(|origin| rule.unique && has_word(origin.as_str(), &self.id));
        let body = self.bytes(rule, event.body(), event.form());
        let note = event
            .note()
            .map(|note| self.bytes(rule, note, BodyForm::Json));
        if body == StateVerdict::Erase || self.is_about_a_message(rule, event) {
            return Verdict::Erase;
        }
        if body == StateVerdict::Keep
            && note.as_ref().is_none_or(|note| *note == StateVerdict::Keep)
            && !names_origin
        {
            return Verdict::Keep;
        }
        Verdict::Redact {
            body: left(body, event.body()).unwrap_or_default(),
            note: event
                .note()
                .zip(note)
                .and_then(|(whole, note)| left(note, whole)),
            origin: names_origin,
        }
    }

    /// The text without the person; `None` if it has nothing of them.
    ///
    /// For places, parts, lanes and errors.
    pub fn text(&self, text: &str) -> Option<String> {
        self.rules
            .iter()
            .fold(None, |changed: Option<String>, rule| {
                let new = self.words(rule, changed.as_deref().unwrap_or(text));
                new.or(changed)
            })
    }

    /// What to do with a checkpoint's or a projection's state.
    ///
    /// `name` is the projection's, and the source's for a checkpoint.
    pub fn state(&self, name: &str, state: &[u8]) -> StateVerdict {
        let platform = name.split_once('/').map_or("", |(platform, _)| platform);
        let mut json = |state: &[u8]| self.json(state);
        if let Some(repack) = self.repack.get(platform)
            && let Some(verdict) = repack(state, &mut json)
        {
            return verdict;
        }
        json(state)
    }

    /// The name of the projection in which a backend saves what is known of the person while it erases them.
    ///
    /// An erasure that was interrupted has changed some of the events by which the next one would know it. The
    /// projection goes with the last of them.
    #[must_use]
    pub fn record(&self) -> String {
        let platform = self.rules.first().map_or("", |rule| rule.platform);
        let source = self.source.as_ref().map_or("", SourceName::as_str);
        format!("erasure@antiphon/{platform}/{source}/{}", self.id)
    }

    /// What is known of the person, to be saved under [`Person::record`].
    #[must_use]
    pub fn saved(&self) -> Saved {
        Saved {
            position: Position::ZERO,
            state: serde_json::to_vec(&self.learnt).expect("it is plain data"),
        }
    }

    /// Reads a whole journal: learns the person's names and messages, and counts what an erasure would change.
    ///
    /// It also learns what an erasure knew that was interrupted.
    ///
    /// # Errors
    /// [`ReadError`] if the journal cannot be read.
    pub async fn survey(&mut self, journal: &dyn Journal) -> Result<Erased, ReadError> {
        /// Events of a page.
        const PAGE: usize = 512;
        let mut found = Erased::default();
        if let Some(saved) = journal.projection(&self.record()).await?
            && let Ok(knew) = serde_json::from_slice::<Learnt>(&saved.state)
        {
            self.learnt.names.extend(knew.names);
            self.learnt.messages.extend(knew.messages);
        }
        for is_learning in [true, false] {
            let mut after = Position::ZERO;
            loop {
                let page = journal.read(after, PAGE).await?;
                let Some(last) = page.last() else { break };
                after = last.position();
                for event in &page {
                    if is_learning {
                        self.learn(event);
                    } else {
                        found.count(event.kind().as_str(), &self.judge(event));
                    }
                }
            }
        }
        Ok(found)
    }

    /// Whether bytes have the person's id or one of their names, for a search afterwards.
    ///
    /// A name inside a longer word is another word, and stays where it is.
    ///
    /// Ids that are not unique are no proof, and are not looked for.
    pub fn is_in(&self, bytes: &[u8]) -> bool {
        let unique = self.rules.iter().any(|rule| rule.unique);
        (unique && contains(bytes, &self.id)) || self.also.iter().any(|text| stands(bytes, text))
    }

    /// A state that is no JSON is nobody's to change: with the person's id in it, it goes as a whole.
    fn json(&self, state: &[u8]) -> StateVerdict {
        if BodyForm::of(state) != BodyForm::Json {
            return if self.is_in(state) {
                StateVerdict::Erase
            } else {
                StateVerdict::Keep
            };
        }
        let mut bytes = None;
        for rule in &self.rules {
            let now = bytes.as_deref().unwrap_or(state);
            match self.bytes(rule, now, BodyForm::Json) {
                StateVerdict::Keep => {}
                StateVerdict::Redact(less) => bytes = Some(less),
                StateVerdict::Erase => return StateVerdict::Erase,
            }
        }
        bytes.map_or(StateVerdict::Keep, StateVerdict::Redact)
    }

    /// The rule of an event; events that antiphon made have the first.
    fn rule(&self, event: &Event) -> Option<&'static Rule> {
        if self.source.as_ref().is_some_and(|of| of != event.source()) {
            return None;
        }
        let platform = event.kind().platform();
        let mut rules = self.rules.iter().copied();
        if platform == "antiphon" {
            return rules.next();
        }
        rules.find(|rule| rule.platform == platform)
    }

    /// An event about one of the person's messages, such as a star, has its text.
    fn is_about_a_message(&self, rule: &Rule, event: &Event) -> bool {
        (rule.message)(event.kind().as_str()).is_some()
            && !self.learnt.messages.is_empty()
            && serde_json::from_slice::<Value>(event.body())
                .ok()
                .and_then(|body| message(rule, event, &body))
                .is_some_and(|id| self.learnt.messages.contains(&id))
    }

    /// Looks at bytes only if something of the person is in them.
    fn bytes(&self, rule: &Rule, bytes: &[u8], form: BodyForm) -> StateVerdict {
        let is_there = contains(bytes, &self.id)
            || self.named().any(|name| {
                contains(bytes, name) || (!name.is_ascii() && contains(bytes, &escaped(name)))
            });
        if !is_there {
            return StateVerdict::Keep;
        }
        if form == BodyForm::Json
            && let Ok(mut value) = serde_json::from_slice::<Value>(bytes)
        {
            return match self.walk(rule, &mut value, None) {
                Found::Theirs => StateVerdict::Erase,
                Found::Nothing => StateVerdict::Keep,
                Found::Changed => {
                    let less = serde_json::to_vec(&value).expect("it was read as JSON");
                    StateVerdict::Redact(less)
                }
            };
        }
        match std::str::from_utf8(bytes) {
            Ok(text) if form == BodyForm::Text => {
                self.words(rule, text).map_or(StateVerdict::Keep, |less| {
                    StateVerdict::Redact(less.into_bytes())
                })
            }
            // Nobody can say whose bytes these are; an id that is proof is one here as well.
            _ if rule.unique && contains(bytes, &self.id) => StateVerdict::Erase,
            _ => StateVerdict::Keep,
        }
    }

    fn named(&self) -> impl Iterator<Item = &str> {
        self.learnt
            .names
            .iter()
            .chain(&self.also)
            .map(String::as_str)
    }

    fn is_id(&self, value: &Value) -> bool {
        match value {
            Value::String(text) => **text == *self.id,
            Value::Number(number) => number.to_string() == *self.id,
            _ => false,
        }
    }

    /// Whether an object is the person's by an id of its own.
    fn is_theirs(
        &self,
        rule: &Rule,
        map: &serde_json::Map<String, Value>,
        key: Option<&str>,
    ) -> bool {
        let has = |key: &str| map.get(key).is_some_and(|id| self.is_id(id));
        rule.own.iter().any(|key| has(key))
            || key.is_some_and(|key| rule.users.contains(&key)) && has("id")
    }

    /// Takes the person out of a value, which stands under a key or in the list of one.
    fn walk(&self, rule: &Rule, value: &mut Value, key: Option<&str>) -> Found {
        match value {
            Value::Object(map) => self.walk_object(rule, map, key),
            Value::Array(list) => {
                let before = list.len();
                let mut changed = false;
                list.retain_mut(|item| match self.walk(rule, item, key) {
                    Found::Theirs => false,
                    found => {
                        changed |= found == Found::Changed;
                        true
                    }
                });
                if changed || list.len() < before {
                    Found::Changed
                } else {
                    Found::Nothing
                }
            }
            Value::String(_) | Value::Number(_)
                if self.is_id(value)
                    && (rule.unique || key.is_some_and(|key| rule.about.contains(&key))) =>
            {
                *value = Value::Null;
                Found::Changed
            }
            Value::String(text) => match self.words(rule, text) {
                Some(less) => {
                    *text = less;
                    Found::Changed
                }
                None => Found::Nothing,
            },
            _ => Found::Nothing,
        }
    }

    fn walk_object(
        &self,
        rule: &Rule,
        map: &mut serde_json::Map<String, Value>,
        key: Option<&str>,
    ) -> Found {
        if self.is_theirs(rule, map, key) {
            return Found::Theirs;
        }
        let before = map.len();
        if rule.unique {
            // Maps of users by their id.
            map.retain(|key, _| *key != *self.id);
        }
        let mut changed = map.len() < before;
        for (key, child) in map.iter_mut() {
            match self.walk(rule, child, Some(key)) {
                Found::Theirs if rule.by.contains(&key.as_str()) => return Found::Theirs,
                Found::Theirs => {
                    *child = Value::Null;
                    changed = true;
                }
                Found::Changed => {
                    if rule.data.contains(&key.as_str()) {
                        *child = Value::Null;
                    }
                    changed = true;
                }
                Found::Nothing => {}
            }
        }
        if changed {
            Found::Changed
        } else {
            Found::Nothing
        }
    }

    /// The names in objects that are the person's.
    fn collect(&self, rule: &Rule, value: &Value, key: Option<&str>, names: &mut BTreeSet<String>) {
        match value {
            Value::Object(map) => {
                let child_is_theirs = || {
                    rule.by.iter().any(|by| {
                        let child = map.get(*by).and_then(Value::as_object);
                        child.is_some_and(|child| self.is_theirs(rule, child, Some(by)))
                    })
                };
                if self.is_theirs(rule, map, key) || child_is_theirs() {
                    let found = rule
                        .names
                        .iter()
                        .filter_map(|name| map.get(*name)?.as_str());
                    for name in found.filter(|name| name.chars().count() >= SHORTEST_NAME) {
                        names.insert(name.to_owned());
                        // Mentions leave blanks out.
                        names.insert(name.split_whitespace().collect());
                    }
                }
                for (key, child) in map {
                    self.collect(rule, child, Some(key), names);
                }
            }
            Value::Array(list) => {
                for item in list {
                    self.collect(rule, item, key, names);
                }
            }
            _ => {}
        }
    }

    /// A text without the words that are the person's.
    fn words(&self, rule: &Rule, text: &str) -> Option<String> {
        let mut less = None;
        let mut cut = |before: &str, word: &str| {
            let now = less.as_deref().unwrap_or(text);
            if let Some(shorter) = without(now, before, word) {
                less = Some(shorter);
            }
        };
        if rule.unique {
            cut("", &self.id);
        }
        for before in rule.before {
            cut(before, &self.id);
        }
        for name in &self.learnt.names {
            cut("@", name);
        }
        for text in &self.also {
            cut("", text);
        }
        less
    }
}

/// The id of the message that an event is about.
fn message(rule: &Rule, event: &Event, body: &Value) -> Option<String> {
    let key = (rule.message)(event.kind().as_str())?;
    match body.get(key)? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

/// What is left of bytes; `None` if nothing is.
fn left(verdict: StateVerdict, whole: &Bytes) -> Option<Bytes> {
    match verdict {
        StateVerdict::Keep => Some(whole.clone()),
        StateVerdict::Redact(less) => Some(less.into()),
        StateVerdict::Erase => None,
    }
}

/// A text in which each `word` behind `before` is [`ERASED`]; `None` if there is none.
///
/// Behind the path of a link, such as `/users/`, the next step of the path goes too: it is the name.
fn without(text: &str, before: &str, word: &str) -> Option<String> {
    let mut less = String::new();
    let mut done = 0;
    for (at, _) in text.match_indices(word) {
        // Overlapping with the last one, or in the middle of a longer word.
        let is_behind = at >= done && text[..at].ends_with(before);
        let is_part = |next: Option<char>| next.is_some_and(char::is_alphanumeric);
        let begins = !before.is_empty() || !is_part(text[..at].chars().next_back());
        if is_behind && begins && !is_part(text[at + word.len()..].chars().next()) {
            less.push_str(&text[done..at]);
            less.push_str(ERASED);
            done = at + word.len();
            if before.ends_with('/') && text[done..].starts_with('/') {
                let ends =
                    |character: char| !(character.is_alphanumeric() || "-_.%~".contains(character));
                let step = &text[done + 1..];
                done += 1 + step.find(ends).unwrap_or(step.len());
            }
        }
    }
    if done == 0 {
        return None;
    }
    less.push_str(&text[done..]);
    Some(less)
}

fn has_word(text: &str, word: &str) -> bool {
    without(text, "", word).is_some()
}

/// Whether bytes have a text in them.
fn contains(bytes: &[u8], text: &str) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(whole) => whole.contains(text),
        Err(_) => bytes
            .windows(text.len().max(1))
            .any(|window| window == text.as_bytes()),
    }
}

/// Whether a text stands in bytes as a word: not inside a longer one, as [`without`] judges it.
fn stands(bytes: &[u8], text: &str) -> bool {
    let places = bytes.windows(text.len().max(1)).enumerate();
    places
        .filter(|(_, window)| *window == text.as_bytes())
        .any(|(at, _)| {
            let (before, after) = (&bytes[..at], &bytes[at + text.len()..]);
            !ends_in_word(before) && !begins_in_word(after)
        })
}

/// The letter of an escape of JSON, as in `\n`, is no part of a word.
fn ends_in_word(bytes: &[u8]) -> bool {
    let escape = matches!(bytes, [.., b'\\', b'b' | b'f' | b'n' | b'r' | b't'])
        || bytes.len() >= 6 && bytes[bytes.len() - 6..].starts_with(b"\\u");
    let near = String::from_utf8_lossy(&bytes[bytes.len().saturating_sub(4)..]);
    !escape && near.chars().next_back().is_some_and(char::is_alphanumeric)
}

fn begins_in_word(bytes: &[u8]) -> bool {
    let near = String::from_utf8_lossy(&bytes[..bytes.len().min(4)]);
    near.chars().next().is_some_and(char::is_alphanumeric)
}

/// A text as a JSON writer spells it that knows ASCII alone.
fn escaped(text: &str) -> String {
    use std::fmt::Write as _;
    let mut escaped = String::new();
    for character in text.chars() {
        if character.is_ascii() {
            escaped.push(character);
        } else {
            for unit in character.encode_utf16(&mut [0; 2]) {
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        }
    }
    escaped
}
