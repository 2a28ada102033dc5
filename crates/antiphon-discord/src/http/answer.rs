//! What an answer says, and what a refusal means.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{
    HeaderMap, Response, Uri,
    header::{CONTENT_TYPE, LOCATION},
};
use serde_json::{Value, error::Category};
use twilight_model::{
    application::command::Command,
    channel::{
        Channel, Message, Webhook,
        message::PinsListing,
        thread::{ThreadMember, ThreadsListing},
    },
    gateway::connection_info::BotConnectionInfo,
    guild::{Ban, Guild, Member, Role, audit_log::AuditLog},
    oauth::Application,
    user::{CurrentUser, CurrentUserGuild, User},
    voice::{VoiceRegion, VoiceState},
};

use crate::error::{ApiError, FieldError, RequestError};

/// How many characters of Discord's words for a refusal an error shows.
const WORDS: usize = 400;
/// How many field errors one refusal may list.
const FIELDS: usize = 64;
/// How deep field errors may be nested.
const DEPTH: usize = 16;

/// What a successful answer is read as.
pub(crate) trait Answer: Sized {
    fn read(body: &[u8]) -> Result<Self, serde_json::Error>;
}

/// Nothing that anybody needs.
impl Answer for () {
    fn read(_: &[u8]) -> Result<Self, serde_json::Error> {
        Ok(())
    }
}

/// Answers as twilight's models have them.
macro_rules! answers {
    ($($type:ty),* $(,)?) => {$(
        impl Answer for $type {
            fn read(body: &[u8]) -> Result<Self, serde_json::Error> {
                serde_json::from_slice(body)
            }
        }
    )*};
}

answers!(
    Application,
    AuditLog,
    Ban,
    BotConnectionInfo,
    Channel,
    CurrentUser,
    Guild,
    Member,
    Message,
    PinsListing,
    Role,
    ThreadsListing,
    User,
    Vec<Ban>,
    Vec<Channel>,
    Vec<Command>,
    Vec<CurrentUserGuild>,
    Vec<Member>,
    Vec<Message>,
    Vec<Role>,
    Vec<ThreadMember>,
    Vec<User>,
    Vec<VoiceRegion>,
    Vec<Webhook>,
    VoiceState,
    Webhook,
);

/// An answer to what was carried out.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) body: Bytes,
    /// What it was like, without its text.
    kind: String,
}

impl Done {
    /// The error for one that cannot be read.
    pub(super) fn unread(&self, error: &serde_json::Error) -> RequestError {
        RequestError::Undecodable {
            answer: self.kind.clone(),
            source: place(error).into(),
        }
    }
}

/// Where and why reading failed; serde's own words show what was read.
fn place(error: &serde_json::Error) -> String {
    let why = match error.classify() {
        Category::Syntax => "no JSON",
        Category::Eof => "it breaks off",
        Category::Data | Category::Io => "a field is missing, or has a value of another kind",
    };
    format!("{why} (line {}, column {})", error.line(), error.column())
}

/// The body of a successful answer, or what its status means; 429 is not for here.
pub(super) fn done(response: Response<Bytes>, is_authorized: bool) -> Result<Done, RequestError> {
    let status = response.status();
    if status.is_success() {
        let kind = format!("status {}, {}", status.as_u16(), described(&response));
        return Ok(Done {
            body: response.into_body(),
            kind,
        });
    }
    let error = refusal(status.as_u16(), response.body());
    if status.is_server_error() {
        return Err(RequestError::Server {
            status: status.as_u16(),
            message: error.map_or_else(|| described(&response), |error| error.message),
        });
    }
    let Some(error) = error else {
        return Err(RequestError::NotAnAnswer {
            status: status.as_u16(),
            answer: location(response.headers()).unwrap_or_else(|| described(&response)),
        });
    };
    Err(match status.as_u16() {
        401 if is_authorized => RequestError::Unauthorized,
        403 => RequestError::Forbidden(error),
        404 => RequestError::NotFound(error),
        _ => RequestError::Refused(error),
    })
}

/// Reads an error's body, if it is one (protocol §13).
fn refusal(status: u16, body: &[u8]) -> Option<ApiError> {
    let refusal: Value = serde_json::from_slice(body).ok()?;
    let message = refusal.get("message")?.as_str()?;
    let code = &refusal["code"];
    let digits = || code.as_str()?.parse().ok();
    let mut fields = Vec::new();
    flatten(&refusal["errors"], &mut String::new(), &mut fields, DEPTH);
    Some(ApiError {
        status,
        code: code.as_u64().or_else(digits).unwrap_or_default(),
        message: words(message),
        fields,
    })
}

/// Discord's words, at most so many, on one line.
fn words(text: &str) -> String {
    let line: String = text.chars().take(WORDS).collect();
    let mut line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().nth(WORDS).is_some() {
        line.push('…');
    }
    line
}

/// Turns nested errors into one line for each field: the leaves lie under `_errors`.
fn flatten(errors: &Value, path: &mut String, fields: &mut Vec<FieldError>, depth: usize) {
    let Value::Object(entries) = errors else {
        return;
    };
    for (key, inner) in entries {
        if let ("_errors", Value::Array(leaves)) = (key.as_str(), inner) {
            for leaf in leaves.iter().take(FIELDS - fields.len().min(FIELDS)) {
                let text = |name| words(leaf[name].as_str().unwrap_or_default());
                fields.push(FieldError {
                    path: words(path),
                    code: text("code"),
                    message: text("message"),
                });
            }
        } else if depth > 0 {
            let length = path.len();
            let _ = if key.bytes().all(|byte| byte.is_ascii_digit()) {
                write!(path, "[{key}]")
            } else if path.is_empty() {
                write!(path, "{key}")
            } else {
                write!(path, ".{key}")
            };
            flatten(inner, path, fields, depth - 1);
            path.truncate(length);
        }
    }
}

/// To which host a redirect leads; the rest of an address could hold a token.
fn location(headers: &HeaderMap) -> Option<String> {
    let location: Uri = headers.get(LOCATION)?.as_bytes().try_into().ok()?;
    Some(match location.host() {
        Some(host) => format!("a redirect to {host}"),
        None => "a redirect within the host".to_owned(),
    })
}

/// How long an answer is and of what type, which is all that an error or a log may tell of it.
fn described(response: &Response<Bytes>) -> String {
    let kind = response.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
    let is_type = |kind: &&str| {
        let is_name =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'/' | b'.' | b'+' | b'-');
        kind.len() <= 64 && kind.contains('/') && kind.bytes().all(is_name)
    };
    let kind = kind.map(str::trim).filter(is_type).unwrap_or("no type");
    format!("{} bytes of {kind}", response.body().len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_errors_become_a_line_for_each_field() {
        let body = br#"{"code":50035,"message":"Invalid Form Body","errors":{
            "_errors":[{"code":"WHOLE","message":"as a whole"}],
            "embeds":{"0":{"title":{"_errors":[{"code":"BASE_TYPE_MAX_LENGTH","message":"Must be 256 or fewer."}]}}}}}"#;
        let error = refusal(400, body).expect("an error's body");
        assert_eq!(
            error.to_string(),
            "Invalid Form Body (code 50035, status 400): as a whole; embeds[0].title: Must be 256 or fewer."
        );
        assert_eq!(error.fields[1].code, "BASE_TYPE_MAX_LENGTH");
    }

    #[test]
    fn errors_without_end_are_cut() {
        let mut nested = String::from(r#"{"_errors":[{"message":"deep"}]}"#);
        for _ in 0..100 {
            nested = format!(r#"{{"a":{nested}}}"#);
        }
        let leaves = vec![r#"{"message":"x"}"#; 1_000].join(",");
        let body = format!(
            r#"{{"message":"m","errors":{{"deep":{nested},"wide":{{"_errors":[{leaves}]}}}}}}"#
        );
        let error = refusal(400, body.as_bytes()).expect("an error's body");
        assert_eq!(error.fields.len(), FIELDS);
        assert!(error.fields.iter().all(|field| field.path == "wide"));
    }

    #[test]
    fn an_answer_is_described_without_its_text() {
        let response = |kind: &str| {
            let response = Response::builder().header(CONTENT_TYPE, kind);
            response
                .body(Bytes::from_static(b"canary"))
                .expect("an answer")
        };
        for (kind, expected) in [
            ("application/json", "6 bytes of application/json"),
            ("text/html; charset=UTF-8", "6 bytes of text/html"),
            ("canary", "6 bytes of no type"),
            ("text/the canary sings", "6 bytes of no type"),
        ] {
            assert_eq!(described(&response(kind)), expected);
        }
        for text in [r#"{"id":"canary"}"#, r#"{"id":1,"canary"#, "canary"] {
            let error = serde_json::from_str::<std::collections::BTreeMap<String, u8>>(text);
            let shown = place(&error.expect_err("not of this shape"));
            assert!(shown.contains("line 1, column"), "{shown}");
            assert!(!shown.contains("canary"), "{shown}");
        }
    }

    #[test]
    fn a_refusal_is_read_whatever_its_code_is() {
        for code in ["50013", "\"50013\""] {
            let body = format!(r#"{{"message":"Missing Permissions","code":{code}}}"#);
            let error = refusal(403, body.as_bytes()).expect("a refusal");
            assert_eq!(error.code, 50_013);
        }
        let long = format!(r#"{{"message":"{}","code":[]}}"#, "la ".repeat(1_000));
        let error = refusal(400, long.as_bytes()).expect("a refusal");
        assert!(error.message.len() <= WORDS + '…'.len_utf8());
        assert!(refusal(400, b"{}").is_none());
    }
}
