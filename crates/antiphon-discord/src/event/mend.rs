//! Fills in what a body leaves out, so that events decode which `twilight-model` alone refuses.
//!
//! The model is strict where Discord is not: a member without `flags`, a presence without `client_status`, a time of
//! 24 characters, one odd embed make it refuse the whole event (protocol §19).
//! So a refused body is laid over the shape that its type needs: what is missing gets a stand-in, what has the wrong
//! type counts as missing, and what can be spared and cannot be read is left out.

use std::borrow::Cow;

use antiphon_core::{DecodeError, Event};
use serde::de::DeserializeOwned;
use serde_json::{Map, Value, json};

/// What an object needs to be read.
pub(crate) struct Shape {
    /// Fields that get attention; others stay as sent.
    pub(crate) needs: &'static [(&'static str, Is)],
    /// Whether the object can be read as it is.
    pub(crate) reads: fn(&Value) -> bool,
}

/// What a field is, and what happens if it is something else.
pub(crate) enum Is {
    /// An id, which nothing can stand for: without it the object cannot be read.
    Id,
    /// An id that can be spared.
    MaybeId,
    /// The guild's id; the one of the event's place stands for it, and else [`NO_GUILD`](super::NO_GUILD).
    Guild,
    /// A text, with its stand-in; numbers become texts.
    Text(&'static str),
    /// Digits in a text, with their stand-in; a number becomes its digits.
    Digits(&'static str),
    /// One of these words, that can be spared.
    MaybeWord(&'static [&'static str]),
    /// Yes or no; no stands for anything else.
    Flag,
    /// Always yes.
    Yes,
    /// An integer, with its stand-in; numbers in texts count.
    Int(i64),
    /// An integer that can be spared.
    MaybeInt,
    /// An integer of at most 255, which stands for greater ones, with its stand-in.
    Byte(u8),
    /// A number; 0 stands for anything else.
    Float,
    /// A time; the beginning of 1970 stands for anything else.
    Time,
    /// A time that can be spared.
    MaybeTime,
    /// An object, which nothing can stand for.
    One(&'static Shape),
    /// An object that can be spared.
    Maybe(&'static Shape),
    /// An object, with a stand-in that is made from what is beside it.
    Made(fn(&Map<String, Value>) -> Value, &'static Shape),
    /// One of these words, likewise.
    MadeWord(fn(&Map<String, Value>) -> Value, &'static [&'static str]),
    /// A time, likewise.
    MadeTime(fn(&Map<String, Value>) -> Value),
    /// A list of objects; those that cannot be read are left out, and an empty one stands for anything else.
    Many(&'static Shape),
    /// A list of objects that can be spared.
    MaybeMany(&'static Shape),
    /// A list of ids, likewise.
    Ids,
    /// A list of texts, likewise.
    Texts,
}

/// Objects nest this deep at most; what lies deeper stays as sent.
const DEEPEST: usize = 12;
/// In bodies up to this size each spare field is tried; in greater ones that would take too long.
const PATIENCE: usize = 256 << 10;

/// The body if it is an object; serde alone would take a list for one.
pub(crate) fn object<T>(event: &Event) -> Result<&[u8], DecodeError> {
    let first = event.body().iter().find(|byte| !byte.is_ascii_whitespace());
    if first == Some(&b'{') {
        Ok(event.body())
    } else {
        Err(event.undecodable::<T>("the body is not an object"))
    }
}

/// Reads the body into `T`, and failing that, mends it and reads it again.
pub(crate) fn read<T: DeserializeOwned>(event: &Event, shape: &Shape) -> Result<T, DecodeError> {
    read_partial(event, shape).map(|(read, _)| read)
}

/// Reads the body into `T` as [`read`] does, and says which fields got a stand-in.
pub(crate) fn read_partial<T: DeserializeOwned>(
    event: &Event,
    shape: &Shape,
) -> Result<(T, Vec<&'static str>), DecodeError> {
    match serde_json::from_slice(object::<T>(event)?) {
        Ok(read) => Ok((read, Vec::new())),
        Err(refusal) => mended(event, shape, &refusal),
    }
}

/// Lays the body over its shape and reads it again; `refusal` says why it was not read as it is.
#[cold]
pub(crate) fn mended<T: DeserializeOwned>(
    event: &Event,
    shape: &Shape,
    refusal: &serde_json::Error,
) -> Result<(T, Vec<&'static str>), DecodeError> {
    let refused = |why: String| event.undecodable::<T>(why);
    let mut body: Value =
        serde_json::from_slice(event.body()).map_err(|error| refused(error.to_string()))?;
    let mut mender = Mender {
        guild: event.place().id("guild"),
        is_sparing: false,
        is_patient: event.body().len() <= PATIENCE,
        stand_ins: Vec::new(),
    };
    mender.mend(&mut body, shape, "", 0).map_err(refused)?;
    let again = match T::deserialize(&body) {
        Ok(read) => return Ok((read, mender.stand_ins)),
        Err(error) => error,
    };
    // Filling in was not enough: what cannot be read and can be spared goes.
    mender.is_sparing = true;
    mender.mend(&mut body, shape, "", 0).map_err(refused)?;
    if mender.is_patient {
        spare(&mut body, shape);
    }
    T::deserialize(&body)
        .map(|read| (read, mender.stand_ins))
        .map_err(|_| {
            let (again, refusal) = (again.to_string(), refusal.to_string());
            if refusal.starts_with(&again) {
                refused(refusal)
            } else {
                refused(format!("{again} (as sent: {refusal})"))
            }
        })
}

struct Mender<'a> {
    guild: Option<&'a str>,
    /// Whether objects that can be spared and still cannot be read are left out.
    is_sparing: bool,
    is_patient: bool,
    /// Fields of the outermost object that got a stand-in.
    stand_ins: Vec<&'static str>,
}

impl Mender<'_> {
    /// Lays an object over its shape; the error names what nothing can stand for.
    fn mend(
        &mut self,
        value: &mut Value,
        shape: &Shape,
        path: &str,
        depth: usize,
    ) -> Result<(), String> {
        let Value::Object(object) = value else {
            return Err(missing(path, "object"));
        };
        if depth > DEEPEST {
            return Ok(());
        }
        for (name, is) in shape.needs {
            let was_there = depth > 0 || object.get(*name).is_some_and(|sent| !sent.is_null());
            let path = if path.is_empty() {
                Cow::Borrowed(*name)
            } else {
                Cow::Owned(format!("{path}.{name}"))
            };
            self.field(object, name, is, &path, depth)?;
            if !was_there && object.contains_key(*name) && !self.is_sparing {
                self.stand_ins.push(name);
            }
        }
        Ok(())
    }

    fn field(
        &mut self,
        object: &mut Map<String, Value>,
        name: &'static str,
        is: &Is,
        path: &str,
        depth: usize,
    ) -> Result<(), String> {
        let sent = object.get_mut(name);
        let stand_in = match (is, sent) {
            (Is::Id, Some(sent)) if is_id(sent) => return Ok(()),
            (Is::Id, _) => return Err(missing(path, "id")),
            (Is::One(shape), Some(sent)) => {
                self.mend(sent, shape, path, depth + 1)?;
                if self.is_sparing && self.is_patient {
                    spare(sent, shape);
                }
                return Ok(());
            }
            (Is::One(_), None) => return Err(missing(path, "object")),
            (Is::Maybe(shape), Some(sent)) => {
                if self.fits(sent, shape, path, depth) {
                    return Ok(());
                }
                None
            }
            (Is::Made(make, shape), sent) => {
                if sent.is_some_and(|sent| self.fits(sent, shape, path, depth)) {
                    return Ok(());
                }
                Some(make(object))
            }
            (Is::MadeWord(make, words), sent) => {
                if word(sent.as_deref(), words).is_some() {
                    return Ok(());
                }
                Some(make(object))
            }
            (Is::MadeTime(make), sent) => match time(sent.as_deref()) {
                Some(time) => Some(time),
                None => Some(make(object)),
            },
            (Is::Many(shape) | Is::MaybeMany(shape), Some(Value::Array(items))) => {
                items.retain_mut(|item| self.fits(item, shape, path, depth));
                return Ok(());
            }
            (Is::Many(_), _) => Some(json!([])),
            // Where a whole number was read and still refused, it should not be negative.
            (Is::Int(stand_in), Some(sent))
                if self.is_sparing && sent.as_i64().is_some_and(i64::is_negative) =>
            {
                Some((*stand_in).into())
            }
            (is, sent) => match scalar(is, sent, self.guild) {
                Scalar::Stays => return Ok(()),
                Scalar::Becomes(value) => Some(value),
                Scalar::Goes => None,
            },
        };
        match stand_in {
            Some(value) => object.insert(name.to_owned(), value),
            None => object.remove(name),
        };
        Ok(())
    }

    /// Mends an object that can be spared, and says whether it is of use.
    fn fits(&mut self, value: &mut Value, shape: &Shape, path: &str, depth: usize) -> bool {
        if self.mend(value, shape, path, depth + 1).is_err() {
            return false;
        }
        !self.is_sparing || (shape.reads)(value) || (self.is_patient && spare(value, shape))
    }
}

fn missing(path: &str, what: &str) -> String {
    format!("`{path}` is missing or not an {what}")
}

/// What becomes of a field that holds no object.
enum Scalar {
    Stays,
    Becomes(Value),
    Goes,
}

fn scalar(is: &Is, sent: Option<&mut Value>, guild: Option<&str>) -> Scalar {
    let sent = sent.map(|sent| &*sent);
    let becomes = |value: Value| match sent {
        Some(sent) if *sent == value => Scalar::Stays,
        _ => Scalar::Becomes(value),
    };
    let or_goes = |value: Option<Value>| value.map_or(Scalar::Goes, becomes);
    match is {
        Is::MaybeId | Is::Guild if sent.is_some_and(is_id) => Scalar::Stays,
        Is::Guild => becomes(guild.unwrap_or("1").into()),
        Is::Text(stand_in) => match sent {
            Some(Value::String(_)) => Scalar::Stays,
            Some(Value::Number(number)) => becomes(number.to_string().into()),
            _ => becomes((*stand_in).into()),
        },
        Is::Digits(stand_in) => match int(sent).as_ref().and_then(Value::as_u64) {
            Some(_) if sent.is_some_and(Value::is_string) => Scalar::Stays,
            Some(number) => becomes(number.to_string().into()),
            None => becomes((*stand_in).into()),
        },
        Is::MaybeWord(words) => or_goes(word(sent, words).map(Value::from)),
        Is::Flag => becomes(sent.and_then(Value::as_bool).unwrap_or_default().into()),
        Is::Yes => becomes(true.into()),
        Is::Int(stand_in) => becomes(int(sent).unwrap_or_else(|| (*stand_in).into())),
        Is::MaybeInt => or_goes(int(sent)),
        Is::Byte(stand_in) => {
            let number = int(sent).and_then(|number| number.as_u64());
            becomes(
                number
                    .map_or(*stand_in, |number| u8::try_from(number).unwrap_or(u8::MAX))
                    .into(),
            )
        }
        Is::Float if sent.is_some_and(Value::is_number) => Scalar::Stays,
        Is::Float => becomes(0.0.into()),
        Is::Time => becomes(time(sent).unwrap_or_else(|| "1970-01-01T00:00:00+00:00".into())),
        Is::MaybeTime => or_goes(time(sent)),
        Is::Ids | Is::Texts => {
            let items = sent.and_then(Value::as_array);
            let is_right = if matches!(is, Is::Ids) {
                is_id
            } else {
                Value::is_string
            };
            let kept = items.into_iter().flatten().filter(|item| is_right(item));
            becomes(kept.cloned().collect())
        }
        _ => Scalar::Goes,
    }
}

fn is_id(value: &Value) -> bool {
    let number = match value {
        Value::String(text) => text.parse().ok(),
        Value::Number(number) => number.as_u64(),
        _ => None,
    };
    number.is_some_and(|number: u64| number > 0)
}

fn word(sent: Option<&Value>, words: &[&'static str]) -> Option<&'static str> {
    let sent = sent?.as_str()?;
    words.iter().find(|word| **word == sent).copied()
}

fn int(sent: Option<&Value>) -> Option<Value> {
    match sent? {
        Value::Number(number) if number.is_i64() || number.is_u64() => Some(number.clone().into()),
        Value::String(text) => text.trim().parse::<i64>().ok().map(Value::from),
        _ => None,
    }
}

/// A time as the model takes it: with an offset of nothing, and never shorter than 25 characters.
fn time(sent: Option<&Value>) -> Option<Value> {
    let time: jiff::Timestamp = match sent? {
        Value::String(text) => text.parse().ok()?,
        Value::Number(number) => jiff::Timestamp::from_millisecond(number.as_i64()?).ok()?,
        _ => return None,
    };
    Some(written(time))
}

/// A time as the model takes it.
pub(crate) fn written(time: jiff::Timestamp) -> Value {
    time.strftime("%Y-%m-%dT%H:%M:%S.%6f+00:00")
        .to_string()
        .into()
}

/// Leaves out those fields without which an object can be read, and says whether it can.
fn spare(value: &mut Value, shape: &Shape) -> bool {
    if (shape.reads)(value) {
        return true;
    }
    let Value::Object(object) = value else {
        return false;
    };
    let names = object.keys().filter(|name| !shape.insists_on(name));
    let names: Vec<String> = names.cloned().collect();
    // One is wrong, as a rule.
    for name in &names {
        let Some(sent) = value.as_object_mut().and_then(|object| object.remove(name)) else {
            continue;
        };
        if (shape.reads)(value) {
            return true;
        }
        value[name] = sent;
    }
    // Else all go, and those that do no harm come back.
    let Value::Object(object) = value else {
        return false;
    };
    let spared: Vec<(String, Value)> = names
        .into_iter()
        .filter_map(|name| object.remove_entry(&name))
        .collect();
    let is_read = (shape.reads)(value);
    for (name, sent) in spared {
        value[&name] = sent;
        if is_read
            && !(shape.reads)(value)
            && let Value::Object(object) = value
        {
            object.remove(&name);
        }
    }
    is_read
}

impl Shape {
    /// Whether the object cannot do without this field.
    fn insists_on(&self, name: &str) -> bool {
        self.needs.iter().any(|(needed, is)| {
            let can_be_spared = matches!(
                is,
                Is::MaybeId
                    | Is::MaybeInt
                    | Is::MaybeTime
                    | Is::MaybeWord(_)
                    | Is::Maybe(_)
                    | Is::MaybeMany(_)
            );
            *needed == name && !can_be_spared
        })
    }
}
