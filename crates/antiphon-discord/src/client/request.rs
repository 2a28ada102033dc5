//! Raw requests, for routes that the client has no method for.
//!
//! They take the same way as all others: the limiter finds the bucket by the path, a 401, 403 or 429 counts as a refusal,
//! and a lost response is repeated where that is safe.
//! A path is checked before anything is sent, so that no value of a user leads a request to another route.

use std::{borrow::Cow, fmt, fmt::Write as _, future::IntoFuture};

use antiphon_core::{BoxError, BoxFuture};
use bytes::Bytes;
use http::Method;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;
use twilight_http::request::{Form, Method as Verb, RequestBuilder};

use super::{
    Client,
    files::{self, File},
};
use crate::{
    error::RequestError,
    http::{Done, Http, Repeat, UnsentRequest},
};

/// Longest path with its query, in bytes.
const LONGEST: usize = 8_192;
/// Largest number of parts of a form.
const PARTS: usize = 64;
/// Characters that stay as they are in a path and a query: the unreserved ones of RFC 3986, and `@` of `@me`.
const ENCODED: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'@');

impl Client {
    /// Sends any request to Discord's HTTP interface, for routes that have no method here yet.
    ///
    /// The path begins below the version: `guilds/11/emojis`, not `/api/v10/guilds/11/emojis`. It is a checked text, or
    /// is put together by [`RequestPath`], which encodes every segment.
    ///
    /// Awaiting it returns the response as [`Value`], null for an empty one; [`RawRequest::decode`], [`RawRequest::bytes`]
    /// and [`RawRequest::discard`] end it otherwise.
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, Method, RequestPath};
    /// use antiphon_sim::Simulator;
    /// use serde_json::{Value, json};
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let config = Config::new(sim.discord().token(), Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    /// let loft = sim.discord().channel_id();
    ///
    /// let path = RequestPath::new("channels").segment(loft).segment("messages");
    /// let body = json!({"content": "la"});
    /// let posted = client.request(Method::POST, path).json(&body).await?;
    /// assert_eq!(posted["content"], "la");
    ///
    /// #[derive(serde::Deserialize)]
    /// struct Channel {
    ///     name: String,
    /// }
    /// let channel: Channel = client.request(Method::GET, format!("channels/{loft}")).decode().await?;
    /// assert_eq!(channel.name, "loft");
    ///
    /// let wrong = client.request(Method::GET, "channels/../users/@me").await.unwrap_err();
    /// assert!(format!("{:?}", wrong).contains(".."));
    /// # Ok(())
    /// # }
    /// ```
    pub fn request(&self, method: Method, path: impl Into<RequestPath>) -> RawRequest<'_> {
        RawRequest {
            http: self.http(),
            is_repeatable: matches!(method, Method::GET | Method::PUT | Method::DELETE),
            method,
            path: path.into(),
            query: String::new(),
            json: None,
            parts: Vec::new(),
            reason: None,
            is_authorized: true,
            fault: None,
        }
    }
}

/// Path of a raw request, below the version of the API.
///
/// [`new`](Self::new) and [`segment`](Self::segment) encode what they are given, so that no slash, question mark or dot in
/// a value leads the request elsewhere.
/// A text converts as well (`"guilds/11/emojis"`), if it is a path already: it has no scheme, query or fragment, no empty
/// segment, no `.` or `..`, and only characters that a path may have. Another text is [`RequestError::Invalid`] when the
/// request is awaited, and nothing is sent.
///
/// ```
/// use antiphon_discord::RequestPath;
///
/// let path = RequestPath::new("guilds").segment(11).segment("emojis").segment("a b/c?");
/// assert_eq!(path.to_string(), "guilds/11/emojis/a%20b%2Fc%3F");
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestPath {
    /// Segments joined by slashes, percent-encoded.
    text: String,
    /// First thing that is wrong with it.
    fault: Option<String>,
}

impl RequestPath {
    /// Begins a path with its first segment.
    pub fn new(segment: impl fmt::Display) -> Self {
        let path = Self {
            text: String::new(),
            fault: None,
        };
        path.segment(segment)
    }

    /// Adds a segment, such as an id, and encodes it.
    ///
    /// `.`, `..` and an empty one cannot be encoded, and are refused when the request is awaited.
    #[must_use]
    pub fn segment(mut self, segment: impl fmt::Display) -> Self {
        let segment = segment.to_string();
        if self.fault.is_none() {
            self.fault = fault(&segment, &segment).err();
        }
        if !self.text.is_empty() {
            self.text.push('/');
        }
        self.text.extend(utf8_percent_encode(&segment, ENCODED));
        self
    }

    /// Takes a whole path, as it is documented; one slash at the beginning is left out.
    fn whole(text: &str) -> Self {
        let path = text.strip_prefix('/').unwrap_or(text);
        Self {
            text: path.to_owned(),
            fault: check(path).err(),
        }
    }
}

impl fmt::Display for RequestPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl From<&str> for RequestPath {
    fn from(path: &str) -> Self {
        Self::whole(path)
    }
}

impl From<String> for RequestPath {
    fn from(path: String) -> Self {
        Self::whole(&path)
    }
}

impl From<&String> for RequestPath {
    fn from(path: &String) -> Self {
        Self::whole(path)
    }
}

/// Says what is wrong with a path that was given as a whole, and what to do.
fn check(path: &str) -> Result<(), String> {
    if path.contains("://") || path.starts_with('/') {
        return Err(
            "the path is a URL with its host: give the path alone, such as `guilds/11`".into(),
        );
    }
    if path.contains('?') {
        return Err("the path has a query: set it by `query`".into());
    }
    if path.contains('#') {
        return Err("the path has a fragment (`#`): encode the segment by `RequestPath`".into());
    }
    if path == "api" || path.starts_with("api/") {
        return Err("the path begins with `api`: leave `/api` and the version out".into());
    }
    let is_of_a_path = |one: char| {
        one.is_ascii_alphanumeric()
            || matches!(
                one,
                '-' | '.'
                    | '_'
                    | '~'
                    | '@'
                    | '%'
                    | '/'
                    | ':'
                    | '!'
                    | '$'
                    | '&'
                    | '\''
                    | '('
                    | ')'
                    | '*'
                    | '+'
                    | ','
                    | ';'
                    | '='
            )
    };
    if let Some(odd) = path.chars().find(|one| !is_of_a_path(*one)) {
        return Err(format!(
            "the path has the character {odd:?}: encode the segment by `RequestPath`"
        ));
    }
    for segment in path.split('/') {
        let is_encoded = segment.match_indices('%').all(|(at, _)| {
            let digits = segment.get(at + 1..at + 3).unwrap_or_default();
            digits.len() == 2 && digits.bytes().all(|one| one.is_ascii_hexdigit())
        });
        let decoded = percent_decode_str(segment).decode_utf8();
        match decoded {
            Ok(decoded) if is_encoded => fault(segment, &decoded)?,
            _ => {
                return Err(format!(
                    "the segment `{segment}` is not percent-encoded UTF-8"
                ));
            }
        }
    }
    Ok(())
}

/// Says what is wrong with a segment, given as it was written and without its encoding.
fn fault(segment: &str, decoded: &str) -> Result<(), String> {
    if segment.is_empty() {
        return Err("the path has an empty segment: is an id missing?".into());
    }
    if decoded
        .split(['/', '\\'])
        .any(|step| matches!(step, "." | ".."))
    {
        return Err(format!(
            "the segment `{}` leads to another path",
            segment.escape_debug()
        ));
    }
    if decoded.contains(char::is_control) {
        return Err(format!(
            "the segment `{}` has a control character",
            segment.escape_debug()
        ));
    }
    Ok(())
}

/// A part of a form.
#[derive(Debug)]
enum Part<'a> {
    Field(String),
    File(&'a File),
}

/// A request to any route; see [`Client::request`].
///
/// # Errors
///
/// The same as [`Call`](crate::Call)'s. A 401 is [`RequestError::Refused`] here and stops no other request, because a
/// route that takes no bot's token answers with it as well.
#[must_use = "a request is sent when it is awaited"]
pub struct RawRequest<'a> {
    http: &'a Http,
    method: Method,
    path: RequestPath,
    /// Pairs joined by `&`, encoded.
    query: String,
    json: Option<Value>,
    /// Parts of the form with their names; with one or more, the JSON is its part `payload_json`.
    parts: Vec<(String, Part<'a>)>,
    reason: Option<Cow<'a, str>>,
    is_authorized: bool,
    is_repeatable: bool,
    /// First error of a setter; with it nothing is sent.
    fault: Option<BoxError>,
}

impl<'a> RawRequest<'a> {
    /// Adds a parameter to the query, encoded.
    ///
    /// A name may come several times; each time adds one more.
    pub fn query(mut self, name: &str, value: impl fmt::Display) -> Self {
        if !self.query.is_empty() {
            self.query.push('&');
        }
        let value = value.to_string();
        let _ = write!(
            self.query,
            "{}={}",
            utf8_percent_encode(name, ENCODED),
            utf8_percent_encode(&value, ENCODED)
        );
        self
    }

    /// Sets the body, as JSON. Default: none.
    ///
    /// Beside files or fields of a form it is the form's part `payload_json`.
    pub fn json(mut self, body: &impl Serialize) -> Self {
        match serde_json::to_value(body) {
            Ok(body) => self.json = Some(body),
            Err(error) => self.fault = self.fault.or(Some(error.into())),
        }
        self
    }

    /// Attaches files as messages do: as parts `files[0]` and so on, at most 10.
    ///
    /// Their titles and descriptions go into `attachments` of the body, or of its `data`, unless the body has a list of
    /// that name.
    pub fn files(mut self, files: &'a [File]) -> Self {
        if let Err(error) = files::check(files) {
            self.fault = self.fault.or(Some(error));
        }
        let body = self
            .json
            .get_or_insert_with(|| Value::Object(serde_json::Map::new()));
        let message = if body["data"].is_object() {
            &mut body["data"]
        } else {
            body
        };
        if let Some(fields) = message.as_object_mut() {
            let entries = || Value::Array(files::entries(files, &[]));
            fields.entry("attachments").or_insert_with(entries);
        }
        let parts = files.iter().enumerate();
        self.parts
            .extend(parts.map(|(id, file)| (format!("files[{id}]"), Part::File(file))));
        self
    }

    /// Adds a text to the form, for routes that take a form without JSON, such as a new sticker.
    pub fn form_field(mut self, name: impl Into<String>, value: impl Into<String>) -> Self {
        self.parts.push((name.into(), Part::Field(value.into())));
        self
    }

    /// Adds a file to the form under this name, which some routes ask for instead of `files[0]`.
    ///
    /// The file's title and description are not sent.
    pub fn form_file(mut self, name: impl Into<String>, file: &'a File) -> Self {
        if let Err(error) = files::check(std::slice::from_ref(file)) {
            self.fault = self.fault.or(Some(error));
        }
        self.parts.push((name.into(), Part::File(file)));
        self
    }

    /// Sets the reason in the audit log, at most 512 characters. Default: none.
    pub fn reason(mut self, reason: impl Into<Cow<'a, str>>) -> Self {
        self.reason = Some(reason.into());
        self
    }

    /// Leaves the bot's token out, for routes whose path has a token of its own, and for public ones.
    pub fn without_token(mut self) -> Self {
        self.is_authorized = false;
        self
    }

    /// Sets whether the request is sent again if its response is lost. Default: yes for `GET`, `PUT` and `DELETE`, no for
    /// others.
    ///
    /// A request that is not repeatable ends with [`RequestError::OutcomeUnknown`] then.
    pub fn repeatable(mut self, is_repeatable: bool) -> Self {
        self.is_repeatable = is_repeatable;
        self
    }

    /// Sends the request, and returns the response as any type that JSON decodes to.
    ///
    /// An empty response decodes as null does. Objects of [`model`](crate::model) decode as leniently as elsewhere.
    ///
    /// # Errors
    ///
    /// [`RequestError`]; a response of another shape is [`RequestError::Undecodable`], which says where it is odd.
    pub async fn decode<T: DeserializeOwned>(self) -> Result<T, RequestError> {
        self.send().await?.decode()
    }

    /// Sends the request, and returns the body of the response as it came.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub async fn bytes(self) -> Result<Bytes, RequestError> {
        Ok(self.send().await?.body)
    }

    /// Sends the request, and returns nothing of the response.
    ///
    /// # Errors
    ///
    /// [`RequestError`].
    pub async fn discard(self) -> Result<(), RequestError> {
        self.send().await.map(drop)
    }

    /// Sends the request.
    fn send(self) -> BoxFuture<'a, Result<Done, RequestError>> {
        let http = self.http;
        Box::pin(http.carry_out(self.unsent()))
    }

    /// Builds the request; its errors are kept in it.
    pub(super) fn unsent(mut self) -> UnsentRequest<'a> {
        let repeat = if self.is_repeatable {
            Repeat::Safe
        } else {
            Repeat::Never
        };
        let reason = self.reason.take();
        let mut unsent = UnsentRequest::new(self.build(), repeat);
        unsent.reason = reason;
        unsent.blames_token = false;
        unsent
    }

    fn build(self) -> Result<twilight_http::request::Request, BoxError> {
        if let Some(fault) = self.path.fault {
            return Err(fault.into());
        }
        if let Some(fault) = self.fault {
            return Err(fault);
        }
        let mut path = self.path.text;
        if !self.query.is_empty() {
            path = format!("{path}?{}", self.query);
        }
        if path.len() > LONGEST {
            let why = format!(
                "the path has {} bytes, where {LONGEST} are sent at most",
                path.len()
            );
            return Err(why.into());
        }
        let request = RequestBuilder::raw(verb(&self.method)?, path)
            .use_authorization_token(self.is_authorized);
        let request = match (self.parts.is_empty(), self.json) {
            (true, Some(json)) => request.body(serde_json::to_vec(&json)?),
            (true, None) => request,
            (false, json) => request.form(form(json, &self.parts)?),
        };
        Ok(request.build()?)
    }
}

/// Puts a form together.
fn form(json: Option<Value>, parts: &[(String, Part<'_>)]) -> Result<Form, BoxError> {
    if parts.len() > PARTS {
        let why = format!(
            "the form has {} parts, where {PARTS} are sent at most",
            parts.len()
        );
        return Err(why.into());
    }
    let mut form = Form::new();
    if let Some(json) = json {
        form = form.json_part(b"payload_json", &serde_json::to_vec(&json)?);
    }
    for (name, part) in parts {
        if name.is_empty() || name.contains(|one: char| one == '"' || one.is_control()) {
            let why = format!(
                "the form's part {name:?} needs a name without quotes and control characters"
            );
            return Err(why.into());
        }
        form = match part {
            Part::Field(value) => form.part(name.as_bytes(), value.as_bytes()),
            Part::File(file) => file.part(form, name),
        };
    }
    Ok(form)
}

/// Converts the method to twilight's.
fn verb(method: &Method) -> Result<Verb, BoxError> {
    Ok(match *method {
        Method::GET => Verb::Get,
        Method::POST => Verb::Post,
        Method::PUT => Verb::Put,
        Method::PATCH => Verb::Patch,
        Method::DELETE => Verb::Delete,
        _ => {
            let why = format!("Discord has no {method}: use GET, POST, PUT, PATCH or DELETE");
            return Err(why.into());
        }
    })
}

impl<'a> IntoFuture for RawRequest<'a> {
    type Output = Result<Value, RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.decode())
    }
}

impl fmt::Debug for RawRequest<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The path may have a webhook's token.
        f.debug_struct("RawRequest")
            .field("method", &self.method)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(path: impl Into<RequestPath>, why: &str) {
        let fault = path.into().fault.expect("refused");
        assert!(fault.contains(why), "{fault}");
    }

    #[test]
    fn a_path_that_leads_elsewhere_is_refused_with_advice() {
        refused(
            "https://discord.com/api/v10/users/@me",
            "give the path alone",
        );
        refused("//evil.example/users", "give the path alone");
        refused("guilds/11?limit=5", "by `query`");
        refused("guilds/11#x", "fragment");
        refused("/api/v10/guilds/11", "leave `/api`");
        refused("guilds/../users/@me", "another path");
        refused("guilds/%2e%2E/users", "another path");
        refused("guilds/..%2Fusers", "another path");
        refused("guilds/./11", "another path");
        refused("guilds//11", "empty segment");
        refused("", "empty segment");
        refused("guilds/11/", "empty segment");
        refused("guilds/a b", "' '");
        refused("guilds/a\nb", "'\\n'");
        refused("guilds/é", "'é'");
        refused("guilds/a\\b", "'\\\\'");
        refused("guilds/%zz", "percent-encoded");
        refused("guilds/%ff", "percent-encoded");
        refused("guilds/%", "percent-encoded");
        refused("guilds/a%0Ab", "control character");
        refused(RequestPath::new("guilds").segment(".."), "another path");
        refused(
            RequestPath::new("guilds").segment("../users"),
            "another path",
        );
        refused(RequestPath::new("guilds").segment(""), "empty segment");
        refused(
            RequestPath::new("guilds").segment("a\r\nb"),
            "control character",
        );
    }

    #[test]
    fn a_documented_path_is_taken_as_it_is() {
        for path in [
            "users/@me",
            "/users/@me",
            "channels/1/messages/2/reactions/%F0%9F%91%8D/@me",
            "webhooks/5/a-b_c/messages/@original",
            "channels/1/messages/2/reactions/a:5/@me",
        ] {
            let read = RequestPath::from(path);
            assert_eq!(
                (read.fault.as_deref(), &*read.text),
                (None, path.trim_start_matches('/'))
            );
        }
        let built = RequestPath::new("channels")
            .segment(1)
            .segment("👍")
            .segment("@me");
        assert_eq!(built, RequestPath::from("channels/1/%F0%9F%91%8D/@me"));
    }
}
