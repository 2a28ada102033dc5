//! What an answer says, and what a refusal means.

use std::fmt::Write as _;

use bytes::Bytes;
use http::{HeaderMap, Response, header::LOCATION};
use serde::Deserialize;
use serde_json::Value;
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

/// How much of an answer an error shows.
const SHOWN: usize = 200;
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

/// An error's body (protocol §13).
#[derive(Deserialize)]
struct Refusal {
    #[serde(default)]
    code: u64,
    message: String,
    #[serde(default)]
    errors: Value,
}

/// The body of a successful answer, or what its status means; 429 is not for here.
pub(super) fn read(response: Response<Bytes>, is_authorized: bool) -> Result<Bytes, RequestError> {
    let status = response.status();
    if status.is_success() {
        return Ok(response.into_body());
    }
    if status.is_server_error() {
        return Err(RequestError::Server {
            status: status.as_u16(),
            message: short(response.body()),
        });
    }
    let Some(error) = refusal(status.as_u16(), response.body()) else {
        return Err(RequestError::NotAnAnswer {
            status: status.as_u16(),
            body: location(response.headers()).unwrap_or_else(|| short(response.body())),
        });
    };
    Err(match status.as_u16() {
        401 if is_authorized => RequestError::Unauthorized,
        403 => RequestError::Forbidden(error),
        404 => RequestError::NotFound(error),
        _ => RequestError::Refused(error),
    })
}

/// Reads an error's body, if it is one.
fn refusal(status: u16, body: &[u8]) -> Option<ApiError> {
    let refusal: Refusal = serde_json::from_slice(body).ok()?;
    let mut fields = Vec::new();
    flatten(&refusal.errors, &mut String::new(), &mut fields, DEPTH);
    Some(ApiError {
        status,
        code: refusal.code,
        message: refusal.message,
        fields,
    })
}

/// Turns nested errors into one line for each field: the leaves lie under `_errors`.
fn flatten(errors: &Value, path: &mut String, fields: &mut Vec<FieldError>, depth: usize) {
    let Value::Object(entries) = errors else {
        return;
    };
    for (key, inner) in entries {
        if let ("_errors", Value::Array(leaves)) = (key.as_str(), inner) {
            for leaf in leaves.iter().take(FIELDS - fields.len().min(FIELDS)) {
                let text = |name| leaf[name].as_str().unwrap_or_default().to_owned();
                fields.push(FieldError {
                    path: path.clone(),
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

fn location(headers: &HeaderMap) -> Option<String> {
    let location = headers.get(LOCATION)?.to_str().ok()?;
    // Its query could hold a secret.
    let bare = location.split('?').next().unwrap_or_default();
    Some(format!("a redirect to {}", short(bare.as_bytes())))
}

/// The beginning of a body, on one line.
pub(super) fn short(body: &[u8]) -> String {
    let text = String::from_utf8_lossy(&body[..body.len().min(4 * SHOWN)]);
    let mut line = String::with_capacity(SHOWN);
    for word in text.split_whitespace() {
        if line.len() + word.len() > SHOWN {
            line.push('…');
            break;
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    line
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
    fn a_page_is_shown_as_one_short_line() {
        let page = format!("<html>\n  <body>{}", "word ".repeat(200));
        let line = short(page.as_bytes());
        assert!(line.starts_with("<html> <body>word word"), "{line}");
        assert!(line.len() <= SHOWN + '…'.len_utf8());
        assert_eq!(short(&[0xff; 10]), "\u{fffd}".repeat(10));
    }
}
