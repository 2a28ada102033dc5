//! Requests and responses of routes.
//!
//! Clients send forms and JSON, lists with brackets and with commas, flags as numbers and as words; all of them are read, because
//! the real server does.

use form_urlencoded::parse;
use http::{HeaderMap, Method, Request, header};
use serde_json::{Value, json};

/// Names and values from a query or a body, whatever it was encoded as.
#[derive(Clone, Debug, Default)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// Reads a query or a form.
    pub(crate) fn form(text: &[u8]) -> Self {
        let named = |(name, value): (std::borrow::Cow<'_, str>, std::borrow::Cow<'_, str>)| {
            (without_brackets(&name), value.into_owned())
        };
        Self(parse(text).map(named).collect())
    }

    /// Reads a JSON object; lists become repeated names.
    fn json(body: &[u8]) -> Option<Self> {
        let Value::Object(object) = serde_json::from_slice(body).ok()? else {
            return None;
        };
        let mut fields = Vec::new();
        for (name, value) in object {
            let name = without_brackets(&name);
            match value {
                Value::Array(items) => {
                    fields.extend(items.iter().map(|item| (name.clone(), plain(item))));
                }
                Value::Null => {}
                value => fields.push((name, plain(&value))),
            }
        }
        Some(Self(fields))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(field, _)| field == name)
            .map(|(_, value)| value.as_str())
    }

    /// All values of a name, also those that were joined by commas.
    pub(crate) fn list(&self, name: &str) -> Vec<String> {
        self.0
            .iter()
            .filter(|(field, _)| field == name)
            .flat_map(|(_, value)| value.split(','))
            .filter(|value| !value.is_empty())
            .map(str::to_owned)
            .collect()
    }

    /// A flag, in any spelling that clients use.
    pub(crate) fn flag(&self, name: &str) -> Option<bool> {
        match self.get(name)? {
            "1" | "true" => Some(true),
            "0" | "false" => Some(false),
            _ => None,
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
    }
}

fn without_brackets(name: &str) -> String {
    name.strip_suffix("[]").unwrap_or(name).to_owned()
}

fn plain(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A request, read.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) method: Method,
    /// Without repeated or trailing slashes.
    pub(crate) path: String,
    /// Parameters behind the path.
    pub(crate) query: Fields,
    /// Fields of a form or of a JSON object.
    pub(crate) body: Fields,
    /// Session cookie, whether it is known or not.
    pub(crate) cookie: Option<String>,
    /// Id of the user whose session the cookie is.
    pub(crate) user: Option<String>,
    /// Error of the request, if there is one.
    pub(crate) fault: Option<String>,
}

impl Call {
    pub(crate) fn read(request: &Request<bytes::Bytes>) -> Self {
        let path = request
            .uri()
            .path()
            .split('/')
            .filter(|segment| !segment.is_empty())
            .fold(String::new(), |path, segment| path + "/" + segment);
        let mut call = Self {
            method: request.method().clone(),
            path,
            query: Fields::form(request.uri().query().unwrap_or_default().as_bytes()),
            body: Fields::default(),
            cookie: session_cookie(request.headers()),
            user: None,
            fault: None,
        };
        let body = request.body();
        if !body.is_empty() {
            match content_type(request.headers()) {
                "application/x-www-form-urlencoded" => call.body = Fields::form(body),
                "application/json" => match Fields::json(body) {
                    Some(fields) => call.body = fields,
                    None => call.fault = Some("the body is not a JSON object".to_owned()),
                },
                other => {
                    call.fault = Some(format!(
                        "a body of type `{other}`, which is neither a form nor JSON"
                    ));
                }
            }
        }
        call
    }
}

fn content_type(headers: &HeaderMap) -> &str {
    headers
        .get(header::CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.split(';').next())
        .unwrap_or_default()
        .trim()
}

/// The value of `connect.sid`, in any of the cookie headers.
fn session_cookie(headers: &HeaderMap) -> Option<String> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .find_map(|pair| pair.trim().strip_prefix("connect.sid="))
        .map(str::to_owned)
}

/// A response.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    /// HTTP status, which the envelope repeats.
    pub(crate) status: u16,
    pub(crate) body: Body,
    /// Headers beside the content type.
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// The body of an answer.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    /// An envelope around this data, with this message.
    Envelope(&'static str, Value),
    /// A page of HTML.
    Html(String),
    /// Anything else, which says of itself that it is JSON.
    Text(String),
}

/// Result of a route: a response, or an early one.
pub(crate) type Routed = Result<Answer, Answer>;

impl Answer {
    pub(crate) fn ok(data: Value) -> Self {
        Self::new(200, "OK", data)
    }

    fn new(status: u16, message: &'static str, data: Value) -> Self {
        Self {
            status,
            body: Body::Envelope(message, data),
            headers: Vec::new(),
        }
    }

    /// The error that almost all routes answer with.
    pub(crate) fn error(status: u16, text: &str) -> Self {
        let details = json!({"code": status, "message": text});
        let data = json!({"err": {"details": details, "origin": "method"}});
        Self::new(status, reason(status), data)
    }

    /// The other shape of errors: login, throttled chat, private rooms.
    pub(crate) fn details(status: u16, message: impl Into<Value>) -> Self {
        let message = message.into();
        let data = json!({"details": {"code": status, "message": message}});
        Self::new(status, reason(status), data)
    }

    pub(crate) fn redirect(location: &str) -> Self {
        Self {
            status: 302,
            body: Body::Text(format!("Found. Redirecting to {location}")),
            headers: vec![("location", location.to_owned())],
        }
    }

    pub(crate) fn html(status: u16) -> Self {
        let reason = reason(status);
        let page = format!(
            "<html>\r\n<head><title>{status} {reason}</title></head>\r\n<body>\r\n<center><h1>{status} {reason}</h1></center>\r\n</body>\r\n</html>\r\n"
        );
        Self {
            status,
            body: Body::Html(page),
            headers: Vec::new(),
        }
    }

    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// The words that go with a status.
pub(crate) fn reason(status: u16) -> &'static str {
    match status {
        500 => "Internal error",
        _ => http::StatusCode::from_u16(status)
            .ok()
            .and_then(|status| status.canonical_reason())
            .unwrap_or("Error"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_is_understood_in_every_encoding_in_use() {
        for form in ["order[]=a&order[]=b", "order=a&order=b", "order=a%2Cb"] {
            assert_eq!(
                Fields::form(form.as_bytes()).list("order"),
                ["a", "b"],
                "{form}"
            );
        }
        let json = Fields::json(br#"{"order":["a","b"]}"#).expect("an object");
        assert_eq!(json.list("order"), ["a", "b"]);
    }

    #[test]
    fn slashes_too_many_or_at_the_end_do_not_matter() {
        let request = Request::get("https://api.queup.net//chat/5a/?page=2")
            .header("cookie", "a=b; connect.sid=s%3Axyz")
            .body(bytes::Bytes::new())
            .expect("a request");
        let call = Call::read(&request);
        assert_eq!(call.path, "/chat/5a");
        assert_eq!(call.query.get("page"), Some("2"));
        assert_eq!(call.cookie.as_deref(), Some("s%3Axyz"));
    }
}
