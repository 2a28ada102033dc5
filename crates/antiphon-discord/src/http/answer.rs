//! Responses: their bodies, and the errors for refusals.
//!
//! A body is read by `antiphon-discord-model`, so that a value of another kind costs itself alone; what was repaired is
//! logged at *debug* and counted.
//! No error and no log has the text of a response, apart from the message of an error that Discord documents: a response may
//! hold a webhook's token, and a page of a proxy may hold anything.

use std::{collections::BTreeMap, fmt::Write as _};

use antiphon_core::json_position;
use antiphon_discord_model::{
    ActivityInstance, Application, ApplicationAttachment, ApplicationRoleConnection,
    ApplicationRoleConnectionMetadata, AuditLog, Authorization, AutoModerationRule, Ban, BulkBan,
    Channel, Command, Connection, CurrentUserGuild, Emoji, EmojiList, Entitlement, FollowedChannel,
    GatewayBotInfo, GatewayInfo, Guild, GuildCommandPermissions, GuildPreview, GuildWidget,
    GuildWidgetSettings, IncidentsData, Integration, Invite, InviteTargetUsersJob, JoinRequest,
    JoinRequests, Lobby, LobbyInvite, LobbyMember, LobbyMessage, Member, Message, MessageSearch,
    NewMemberWelcome, Onboarding, PinsListing, PollAnswerVoters, ProvisionalToken, PruneCount,
    PublicKeys, ReadError, Repairs, Role, ScheduledEvent, ScheduledEventException,
    ScheduledEventUser, ScheduledEventUserCounts, Sku, SoundboardSound, SoundboardSoundList,
    StageInstance, Sticker, StickerPack, StickerPackList, Subscription, Template, ThreadMember,
    ThreadsListing, User, UserInfo, VanityUrl, VoiceRegion, VoiceState, Webhook, WelcomeScreen,
    from_slice,
    id::{
        Id,
        marker::{RoleMarker, UserMarker},
    },
};
use bytes::Bytes;
use http::{
    HeaderMap, Response, StatusCode, Uri,
    header::{CONTENT_TYPE, LOCATION},
};
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::{Map, Value};
use tracing::debug;

use crate::error::{ApiError, FieldError, RequestError};

/// Largest number of characters of Discord's message that an error shows.
///
/// A longer one ends with an ellipsis.
const WORDS: usize = 400;
/// Largest number of field errors in one error.
///
/// Further ones are left out.
const FIELDS: usize = 64;
/// Largest depth of nested field errors.
///
/// Deeper ones are left out; Discord nests as deep as the request's own fields.
const DEPTH: usize = 16;

/// A type that the body of a successful response is read as.
pub(crate) trait Answer: Sized {
    /// Reads the body, and returns the repairs beside the value.
    fn read(body: &[u8]) -> Result<(Self, Repairs), ReadError>;
}

/// For requests whose response body is not needed.
impl Answer for () {
    fn read(_: &[u8]) -> Result<(Self, Repairs), ReadError> {
        Ok(((), Repairs::default()))
    }
}

/// For requests that Discord answers with or without a body.
impl<T: Answer> Answer for Option<T> {
    fn read(body: &[u8]) -> Result<(Self, Repairs), ReadError> {
        if body.is_empty() {
            return Ok((None, Repairs::default()));
        }
        let (value, repairs) = T::read(body)?;
        Ok((Some(value), repairs))
    }
}

/// For bodies that are no JSON, such as pictures.
impl Answer for Bytes {
    fn read(body: &[u8]) -> Result<(Self, Repairs), ReadError> {
        Ok((Self::copy_from_slice(body), Repairs::default()))
    }
}

/// For CSV of one column with the ids of users; a heading and other lines are passed over.
impl Answer for Vec<Id<UserMarker>> {
    fn read(body: &[u8]) -> Result<(Self, Repairs), ReadError> {
        let text = String::from_utf8_lossy(body);
        let ids = text.lines().map(|line| line.trim().trim_matches('"'));
        Ok((
            ids.filter_map(|id| id.parse().ok()).collect(),
            Repairs::default(),
        ))
    }
}

/// Implements `Answer` for types of the model.
macro_rules! answers {
    ($($type:ty),* $(,)?) => {$(
        impl Answer for $type {
            fn read(body: &[u8]) -> Result<(Self, Repairs), ReadError> {
                from_slice(body)
            }
        }
    )*};
}

answers!(
    ActivityInstance,
    Application,
    ApplicationAttachment,
    ApplicationRoleConnection,
    AuditLog,
    Authorization,
    AutoModerationRule,
    BTreeMap<Id<RoleMarker>, i64>,
    Ban,
    BulkBan,
    Channel,
    Command,
    Emoji,
    EmojiList,
    Entitlement,
    FollowedChannel,
    GatewayBotInfo,
    GatewayInfo,
    Guild,
    GuildCommandPermissions,
    GuildPreview,
    GuildWidget,
    GuildWidgetSettings,
    IncidentsData,
    Invite,
    InviteTargetUsersJob,
    JoinRequest,
    JoinRequests,
    Lobby,
    LobbyInvite,
    LobbyMember,
    LobbyMessage,
    Member,
    Message,
    MessageSearch,
    NewMemberWelcome,
    Onboarding,
    PinsListing,
    PollAnswerVoters,
    ProvisionalToken,
    PruneCount,
    PublicKeys,
    Role,
    ScheduledEvent,
    ScheduledEventException,
    ScheduledEventUserCounts,
    SoundboardSound,
    SoundboardSoundList,
    StageInstance,
    Sticker,
    StickerPack,
    StickerPackList,
    Subscription,
    Template,
    ThreadMember,
    ThreadsListing,
    User,
    UserInfo,
    VanityUrl,
    Vec<ApplicationRoleConnectionMetadata>,
    Vec<AutoModerationRule>,
    Vec<Ban>,
    Vec<Channel>,
    Vec<Command>,
    Vec<Connection>,
    Vec<CurrentUserGuild>,
    Vec<Emoji>,
    Vec<Entitlement>,
    Vec<GuildCommandPermissions>,
    Vec<Integration>,
    Vec<Invite>,
    Vec<LobbyMember>,
    Vec<LobbyMessage>,
    Vec<Member>,
    Vec<Message>,
    Vec<Role>,
    Vec<ScheduledEvent>,
    Vec<ScheduledEventUser>,
    Vec<Sku>,
    Vec<SoundboardSound>,
    Vec<Sticker>,
    Vec<Subscription>,
    Vec<Template>,
    Vec<ThreadMember>,
    Vec<User>,
    Vec<VoiceRegion>,
    Vec<Webhook>,
    VoiceState,
    Webhook,
    WelcomeScreen,
);

/// Response to a request that was carried out.
#[derive(Debug, Default)]
pub(crate) struct Done {
    /// Body as it came; empty for a 204 and for an attempt whose response was lost.
    pub(crate) body: Bytes,
    /// Status, length and content type, without the text.
    kind: String,
}

impl Done {
    /// Reads the answer to what was carried out: what is odd in it is left out, and what is missing taken from what
    /// the request says.
    pub(super) fn read<T: Answer>(
        &self,
        known: &[(&'static str, Value)],
    ) -> Result<T, RequestError> {
        let read = match T::read(&self.body) {
            Err(ReadError::Unreadable(_)) if !known.is_empty() => {
                T::read(&filled(&self.body, known))
            }
            read => read,
        };
        let (answer, repairs) = read.map_err(|error| self.unread(&error))?;
        if !repairs.is_empty() {
            debug!(%repairs, "an answer was repaired");
            metrics::counter!("antiphon_discord_repairs_total", "kind" => "answer")
                .increment(repairs.len() as u64);
        }
        Ok(answer)
    }

    /// Reads the body as any JSON; an empty one counts as null.
    pub(crate) fn decode<T: DeserializeOwned>(&self) -> Result<T, RequestError> {
        let body: &[u8] = if self.body.is_empty() {
            b"null"
        } else {
            &self.body
        };
        antiphon_core::read_json(body).map_err(|_| self.undecodable(place(&self.body)))
    }

    /// Creates the error for a response that cannot be read.
    fn unread(&self, error: &ReadError) -> RequestError {
        let why = match error {
            ReadError::Unreadable(repairs) if !repairs.is_empty() => {
                let first = repairs.iter().next().map(ToString::to_string);
                match (first.unwrap_or_default(), repairs.len() - 1) {
                    (first, 0) => first,
                    (first, more) => format!("{first}, and {more} more"),
                }
            }
            _ => place(&self.body),
        };
        self.undecodable(why)
    }

    /// Creates the error for a response with another shape, for this reason.
    pub(crate) fn undecodable(&self, why: String) -> RequestError {
        RequestError::Undecodable {
            answer: self.kind.clone(),
            source: why.into(),
        }
    }
}

/// Adds the known fields to an object.
fn filled(body: &[u8], known: &[(&'static str, Value)]) -> Vec<u8> {
    let mut object: Map<String, Value> = antiphon_core::read_json(body).unwrap_or_default();
    for (field, value) in known {
        object.insert((*field).to_owned(), value.clone());
    }
    serde_json::to_vec(&object).unwrap_or_default()
}

/// Place and reason of a JSON error; serde's own message could contain parts of the body.
fn place(body: &[u8]) -> String {
    match antiphon_core::read_json::<IgnoredAny>(body) {
        Ok(IgnoredAny) => "another kind of value was expected".to_owned(),
        Err(error) => json_position(&error),
    }
}

/// Returns the body of a successful response, or the error for its status; 429 is handled before.
pub(super) fn done(response: Response<Bytes>, is_authorized: bool) -> Result<Done, RequestError> {
    let status = response.status();
    // A search whose index is not ready has no result; asking again a little later has one.
    if status == StatusCode::ACCEPTED
        && let Some(error) = refusal(status.as_u16(), response.body())
    {
        return Err(RequestError::Server {
            status: status.as_u16(),
            message: error.message,
        });
    }
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

/// Reads the body of an error, if it is one of Discord's (protocol §13,
/// <https://discord.com/developers/docs/reference#error-messages>).
fn refusal(status: u16, body: &[u8]) -> Option<ApiError> {
    let refusal: Value = antiphon_core::read_json(body).ok()?;
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

/// Shortens Discord's message, and puts it on one line.
fn words(text: &str) -> String {
    let line: String = text.chars().take(WORDS).collect();
    let mut line = line.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.chars().nth(WORDS).is_some() {
        line.push('…');
    }
    line
}

/// Flattens nested errors into one for each field; the leaves lie under `_errors`.
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

/// Host of a redirect; the rest of the URL could hold a token.
fn location(headers: &HeaderMap) -> Option<String> {
    let location: Uri = headers.get(LOCATION)?.as_bytes().try_into().ok()?;
    Some(match location.host() {
        Some(host) => format!("a redirect to {host}"),
        None => "a redirect within the host".to_owned(),
    })
}

/// Length and type of a body, which is all that an error or a log may show of it.
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
    use std::sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    };

    use metrics::{
        Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit,
    };
    use serde_json::json;

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
        assert_eq!(place(b"canary"), "no JSON (line 1, column 1)");
        assert_eq!(
            place(br#"{"id":"canary"#),
            "it breaks off (line 1, column 13)"
        );
    }

    #[expect(clippy::needless_pass_by_value, reason = "the calls are shorter")]
    fn done(body: Value) -> Done {
        Done {
            body: body.to_string().into(),
            kind: String::new(),
        }
    }

    #[test]
    fn a_posted_message_is_given_by_what_can_be_read_of_it() {
        let known = [("channel_id", "22".into())];
        let odd = done(json!({"id": "44", "author": "mira", "embeds": {}, "timestamp": 7}));
        let message: Message = odd.read(&known).expect("its id is known");
        assert_eq!((message.id.get(), message.channel_id.get()), (44, 22));
        let other = done(json!({"id": "44", "channel_id": "23"}));
        let message: Message = other.read(&known).expect("its id is known");
        assert_eq!(message.channel_id.get(), 23);
        let error = done(json!({"id": []})).read::<Message>(&known);
        assert!(
            matches!(error, Err(RequestError::Undecodable { .. })),
            "{error:?}"
        );
    }

    /// Formats a count with its noun.
    struct Counting(Arc<AtomicU64>);

    impl Recorder for Counting {
        fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}
        fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

        fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
            assert_eq!(key.name(), "antiphon_discord_repairs_total");
            Counter::from_arc(Arc::clone(&self.0))
        }

        fn register_gauge(&self, _: &Key, _: &Metadata<'_>) -> Gauge {
            Gauge::noop()
        }

        fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
            Histogram::noop()
        }
    }

    #[test]
    fn repairs_are_counted() {
        let count = Arc::new(AtomicU64::new(0));
        metrics::with_local_recorder(&Counting(Arc::clone(&count)), || {
            let user = json!({"id": "33", "username": [], "discriminator": "0", "avatar": 7.5});
            done(user).read::<User>(&[]).expect("a user");
            done(json!({"id": "33", "username": "mira", "discriminator": "0", "avatar": null}))
                .read::<User>(&[])
                .expect("a user");
        });
        assert_eq!(count.load(Ordering::Relaxed), 2);
    }

    #[test]
    fn an_odd_value_costs_itself_and_no_item_of_a_list() {
        let user = |avatar: Value| json!({"id": "33", "username": "mira", "avatar": avatar});
        let list = done(json!([
            {"user": user("v2_a_0123".into()), "reason": ["spam"]},
            {"user": user(7.5.into()), "reason": "spam"},
            {"user": {"id": "34"}},
        ]));
        let bans: Vec<Ban> = list.read(&[]).expect("a list");
        let ids: Vec<u64> = bans.iter().map(|ban| ban.user.id.get()).collect();
        assert_eq!(ids, [33, 33, 34]);
        assert_eq!(bans[1].reason.as_deref(), Some("spam"));
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
