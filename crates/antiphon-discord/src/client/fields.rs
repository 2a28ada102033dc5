//! Fields of a request, and the request that sends them.
//!
//! twilight's builders cannot send fields that its model does not have, and know only a part of Discord's routes.
//!
//! A request has a method, a path and fields.
//! The fields of a `GET` or a `DELETE` go into the query, those of all others into a JSON body: only those that are set, so
//! that a field that is not set stays as it is, and `None` is sent as null, which removes the value.
//! A documented limit is checked when the field is set; the first error is kept and returned when the call is awaited.

use std::{fmt::Display, ops::RangeInclusive};

use antiphon_core::{BoxError, Secret};
use antiphon_discord_model::id::Id;
use http::{HeaderValue, header::AUTHORIZATION};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde::Serialize;
use serde_json::{Map, Value};
use twilight_http::{
    request::{Form, Method, Request},
    routing::Route,
};

use super::{
    call::{Build, Known},
    files::{self, File},
};
use crate::http::{Http, Repeat};

/// A request with the fields that are set.
///
/// A field that is set twice has the last value.
#[derive(Debug)]
pub(super) struct Fields {
    method: Method,
    /// Path below the base URL, without the query.
    path: String,
    authorization: Authorization,
    /// Whether it may be sent twice.
    repeat: Repeat,
    /// Parameters of the query, encoded.
    query: Vec<String>,
    /// Fields of the body by their names on the wire.
    body: Map<String, Value>,
    /// Body that is no object of fields, such as a list.
    whole: Option<Value>,
    /// File to upload, with the name and the form of its part.
    file: Option<(&'static str, FileForm, File)>,
    /// Fields that the response has for certain, because the request names them.
    known: Vec<Known>,
    /// First error of a setter; with it nothing is sent.
    fault: Option<BoxError>,
}

/// Token that a request carries.
#[derive(Debug)]
enum Authorization {
    Bot,
    /// The access token of a user who authorized the application by `OAuth2`.
    Bearer(Secret),
    /// No token; the path has one of its own, or the route is open.
    Open,
}

/// Form that carries a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum FileForm {
    /// The fields are parts of their own beside the file.
    Parts,
    /// The fields are JSON in the part `payload_json`.
    Payload,
}

/// Characters that stand for themselves in a segment of a path or in a query.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'_')
    .remove(b'.')
    .remove(b'~')
    .remove(b'@');

/// Largest numbers of characters.
///
/// The longest that any kind of channel, member or role takes; Discord itself refuses a text channel's topic above 1,024.
const LENGTHS: &[(&str, u32)] = &[("name", 100), ("nick", 32), ("topic", 4_096)];
/// Largest numbers.
///
/// In the field's own unit: seconds.
const NUMBERS: &[(&str, u32)] = &[("rate_limit_per_user", 21_600)];

impl Fields {
    /// A request of twilight's table of routes.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "a route is named where it is used"
    )]
    pub(super) fn new(route: Route<'_>) -> Self {
        Self::with(route.method(), route.to_string())
    }

    /// A request for a path of these segments; each is percent-encoded.
    pub(super) fn to(method: Method, segments: &[&dyn Display]) -> Self {
        let mut path = String::new();
        let mut fault = None;
        for segment in segments {
            let segment = segment.to_string();
            // A server would resolve these, and the request would go somewhere else.
            if matches!(&*segment, "" | "." | "..") {
                fault = Some(format!("`{segment}` cannot be a part of a path").into());
            }
            if !path.is_empty() {
                path.push('/');
            }
            path.push_str(&encoded(&segment));
        }
        let mut fields = Self::with(method, path);
        fields.fault = fault;
        fields
    }

    fn with(method: Method, path: String) -> Self {
        // HTTP's own rule.
        let repeat = match method {
            Method::Get | Method::Put | Method::Delete => Repeat::Safe,
            _ => Repeat::Never,
        };
        Self {
            method,
            path,
            authorization: Authorization::Bot,
            repeat,
            query: Vec::new(),
            body: Map::new(),
            whole: None,
            file: None,
            known: Vec::new(),
            fault: None,
        }
    }

    /// Whether it may be sent twice: by HTTP's own rule for the method, unless [`safe`](Self::safe) was called.
    pub(super) fn repeat(&self) -> Repeat {
        self.repeat
    }

    /// Says that Discord carries it out once, however often it is sent.
    pub(super) fn safe(mut self) -> Self {
        self.repeat = Repeat::Safe;
        self
    }

    /// Sends it without a token.
    pub(super) fn open(mut self) -> Self {
        self.authorization = Authorization::Open;
        self
    }

    /// Sends it with a user's access token instead of the bot's.
    pub(super) fn bearer(mut self, token: &str) -> Self {
        let token = token.strip_prefix("Bearer ").unwrap_or(token);
        self.authorization = Authorization::Bearer(Secret::new(token.trim()));
        self
    }

    /// Adds a field that the response has for certain.
    pub(super) fn known(mut self, field: &'static str, value: Value) -> Self {
        self.known.push((field, value));
        self
    }

    /// Sets a field by its name on the wire; `None` sets it to null.
    pub(super) fn set(mut self, field: &'static str, value: impl Serialize) -> Self {
        let value = match serde_json::to_value(value) {
            Ok(value) => value,
            Err(error) => return self.fail(error.into()),
        };
        if let Some(fault) = check(field, &value) {
            self = self.fail(fault.into());
        }
        if matches!(self.method, Method::Get | Method::Delete) {
            return self.query(field, &value);
        }
        self.body.insert(field.to_owned(), value);
        self
    }

    /// Sets a field whose characters, items or value are in this range.
    pub(super) fn bounded(
        self,
        field: &'static str,
        range: RangeInclusive<u32>,
        value: impl Serialize,
    ) -> Self {
        let checked = match serde_json::to_value(value) {
            Ok(value) => value,
            Err(error) => return self.fail(error.into()),
        };
        match outside(field, &range, &checked) {
            Some(fault) => self.fail(fault.into()),
            None => self.set(field, checked),
        }
    }

    /// Adds a parameter to the query: a list as one parameter for each item, and null as none.
    pub(super) fn query(mut self, field: &'static str, value: &Value) -> Self {
        match value {
            Value::Null => {}
            Value::Array(items) => {
                for item in items {
                    self = self.query(field, item);
                }
            }
            Value::String(text) => self.query.push(format!("{field}={}", encoded(text))),
            other => {
                let text = other.to_string();
                self.query.push(format!("{field}={}", encoded(&text)));
            }
        }
        self
    }

    /// Sends this value as the body, instead of fields.
    pub(super) fn whole(mut self, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => self.whole = Some(value),
            Err(error) => return self.fail(error.into()),
        }
        self
    }

    /// Sends a list as the body, of a number of items in this range.
    pub(super) fn list(self, range: RangeInclusive<u32>, items: &[impl Serialize]) -> Self {
        match counted("list", &range, items.len(), "items") {
            Some(fault) => self.fail(fault.into()),
            None => self.whole(items),
        }
    }

    /// Uploads a file in the part of this name, beside a part for each field.
    pub(super) fn form(mut self, part: &'static str, file: &File) -> Self {
        self.file = Some((part, FileForm::Parts, file.clone()));
        self
    }

    /// Uploads a file in the part of this name, beside the fields as JSON.
    pub(super) fn upload(mut self, part: &'static str, file: &File) -> Self {
        self.file = Some((part, FileForm::Payload, file.clone()));
        self
    }

    /// Keeps the first error.
    fn fail(mut self, fault: BoxError) -> Self {
        self.fault.get_or_insert(fault);
        self
    }
}

/// Writes ids as one text with commas between them, the form in which some routes take a list.
pub(super) fn joined<M>(ids: &[Id<M>]) -> String {
    let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
    ids.join(",")
}

/// Percent-encodes a segment of a path or a value of a query.
fn encoded(text: &str) -> String {
    utf8_percent_encode(text, ENCODED).to_string()
}

/// Reason that Discord would refuse a value, if its limits are documented for all routes.
fn check(field: &str, value: &Value) -> Option<String> {
    let of = |table: &[(&str, u32)]| {
        let row = table.iter().find(|(name, _)| *name == field);
        row.map(|(_, most)| 0..=*most)
    };
    if value.is_string() {
        outside(field, &of(LENGTHS)?, value)
    } else {
        outside(field, &of(NUMBERS)?, value)
    }
}

/// Reason that a value is out of its range: a text by its characters, a list by its items, a number by itself.
pub(super) fn outside(field: &str, range: &RangeInclusive<u32>, value: &Value) -> Option<String> {
    match value {
        Value::String(text) => counted(field, range, text.chars().count(), "characters"),
        Value::Array(items) => counted(field, range, items.len(), "items"),
        Value::Object(entries) => counted(field, range, entries.len(), "entries"),
        Value::Number(number) => {
            let (least, most) = (f64::from(*range.start()), f64::from(*range.end()));
            let is_inside = number
                .as_f64()
                .is_some_and(|it| (least..=most).contains(&it));
            (!is_inside)
                .then(|| format!("`{field}` is {number}, where Discord takes {least} to {most}"))
        }
        Value::Null | Value::Bool(_) => None,
    }
}

fn counted(field: &str, range: &RangeInclusive<u32>, count: usize, unit: &str) -> Option<String> {
    let is_inside = u32::try_from(count).is_ok_and(|count| range.contains(&count));
    let (least, most) = (range.start(), range.end());
    (!is_inside)
        .then(|| format!("`{field}` has {count} {unit}, where Discord takes {least} to {most}"))
}

impl Build for Fields {
    fn known(&self) -> Vec<Known> {
        self.known.clone()
    }

    fn build(self, _: &Http) -> Result<Request, BoxError> {
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut path = self.path;
        if !self.query.is_empty() {
            path.push(if path.contains('?') { '&' } else { '?' });
            path.push_str(&self.query.join("&"));
        }
        let request = twilight_http::request::RequestBuilder::raw(self.method, path);
        let request = match self.authorization {
            Authorization::Bot => request,
            Authorization::Open => request.use_authorization_token(false),
            Authorization::Bearer(token) => {
                let value = HeaderValue::try_from(format!("Bearer {}", token.expose()));
                let mut value =
                    value.map_err(|_| "the access token holds characters that no header may")?;
                value.set_sensitive(true);
                request
                    .use_authorization_token(false)
                    .headers([(AUTHORIZATION, value)].into_iter())
            }
        };
        if let Some((part, form, file)) = self.file {
            files::check(std::slice::from_ref(&file))?;
            let fields = match form {
                FileForm::Parts => self.body.iter().fold(Form::new(), |form, (name, value)| {
                    let text = value
                        .as_str()
                        .map_or_else(|| value.to_string(), str::to_owned);
                    form.part(name.as_bytes(), text.as_bytes())
                }),
                FileForm::Payload if self.body.is_empty() => Form::new(),
                FileForm::Payload => {
                    Form::new().json_part(b"payload_json", &serde_json::to_vec(&self.body)?)
                }
            };
            let (boundary, body) = files::with_part(fields, part, &file);
            return Ok(request.multipart(boundary, body).build()?);
        }
        Ok(match (self.whole, self.method) {
            (Some(whole), _) => request.json(&whole).build()?,
            (None, Method::Get | Method::Delete) => request.build()?,
            (None, _) => request.json(&self.body).build()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_discord_documents_as_too_much_is_refused() {
        assert_eq!(check("nick", &"é".repeat(32).into()), None);
        assert!(check("nick", &"é".repeat(33).into()).is_some());
        assert_eq!(check("nick", &Value::Null), None);
        assert_eq!(check("rate_limit_per_user", &21_600.into()), None);
        assert!(check("rate_limit_per_user", &21_601.into()).is_some());
    }

    #[test]
    fn a_range_is_of_characters_items_or_values() {
        let error = |range, value: Value| outside("it", &range, &value);
        assert_eq!(error(2..=3, "éé".into()), None);
        assert_eq!(
            error(2..=3, "é".into()).as_deref(),
            Some("`it` has 1 characters, where Discord takes 2 to 3")
        );
        assert_eq!(error(0..=1, vec![1].into()), None);
        assert!(error(0..=1, vec![1, 2].into()).is_some());
        assert_eq!(error(0..=1, 0.5.into()), None);
        assert!(error(0..=1, 1.5.into()).is_some());
        assert!(error(0..=1, (-1).into()).is_some());
        assert_eq!(error(2..=3, Value::Null), None);
    }

    #[track_caller]
    fn path(fields: &Fields) -> String {
        let query = fields.query.join("&");
        format!("{} {query}", fields.path)
    }

    #[test]
    fn a_segment_cannot_leave_its_place_in_the_path() {
        let fields = Fields::to(Method::Get, &[&"invites", &"a/../b?c=d%2f"]);
        assert_eq!(path(&fields), "invites/a%2F..%2Fb%3Fc%3Dd%252f ");
        assert_eq!(
            path(&Fields::to(Method::Get, &[&"users", &"@me"])),
            "users/@me "
        );
        for odd in ["", ".", ".."] {
            assert!(Fields::to(Method::Get, &[&"invites", &odd]).fault.is_some());
        }
    }

    #[test]
    fn a_get_has_its_fields_in_the_query() {
        let fields = Fields::to(Method::Get, &[&"guilds"])
            .set("content", "a b&c")
            .set("has", ["link", "poll"])
            .set("pinned", true)
            .set("limit", 5)
            .set("after", None::<u64>);
        assert_eq!(
            path(&fields),
            "guilds content=a%20b%26c&has=link&has=poll&pinned=true&limit=5"
        );
    }

    #[test]
    fn no_debug_text_shows_an_access_token() {
        let fields = Fields::to(Method::Get, &[&"users"]).bearer("Bearer c4n4ry");
        assert!(!format!("{fields:?}").contains("c4n4ry"));
    }
}
