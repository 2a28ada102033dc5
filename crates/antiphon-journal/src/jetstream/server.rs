//! The connection to the server, and its answers as the journal's.

use std::{error::Error as _, sync::Arc, time::Duration};

use antiphon_core::{AppendError, BoxError, ClaimError, ConsumerName, ReadError, Role, Trouble};
use async_nats::{
    Client, ConnectErrorKind, ConnectOptions, HeaderMap, ServerAddr,
    jetstream::{
        Context, ErrorCode,
        context::{GetStreamError, GetStreamErrorKind, PublishError, PublishErrorKind},
        kv,
        stream::{
            Config, DeleteMessageErrorKind, DirectGetErrorKind, DiscardPolicy,
            LastRawMessageErrorKind, RetentionPolicy, StorageType, Stream,
        },
    },
};
use bytes::{Bytes, BytesMut};
use futures_util::{StreamExt, TryStreamExt, stream};

use super::{
    format::Subjects,
    options::{JetStreamOpenError, JetStreamOptions, Login},
};

/// Requests for messages that are under way together.
pub(super) const GETS: usize = 64;
/// Room that is left for headers in a message, which has the server's limit together with its payload.
const HEADERS: usize = 32 << 10;
/// Smallest limit of messages that leaves room for headers and some payload.
const SMALLEST: usize = 64 << 10;
/// How a stream's description begins; the number behind it is that of the format.
const DESCRIPTION: &str = "antiphon journal, format ";
/// The format that this version writes.
const FORMAT: u32 = 1;

/// A failure, before it becomes the error of an append or of a read.
#[derive(Clone, Debug)]
pub(super) struct Failure {
    pub(super) trouble: Trouble,
    source: Option<Arc<str>>,
}

impl Failure {
    pub(super) fn new(trouble: Trouble) -> Self {
        Self {
            trouble,
            source: None,
        }
    }

    pub(super) fn said(trouble: Trouble, cause: impl std::fmt::Display) -> Self {
        let source = Some(cause.to_string().into());
        Self { trouble, source }
    }

    /// A message that is there and cannot be what it should be.
    pub(super) fn damaged(sequence: u64, cause: impl std::fmt::Display) -> Self {
        Self::said(
            Trouble::Corrupt,
            format!("message {sequence} of the stream: {cause}"),
        )
    }

    /// The server did not answer, or not to what was asked.
    pub(super) fn unreachable(error: &(dyn std::error::Error + 'static)) -> Self {
        Self::said(Trouble::Unreachable, chain(error))
    }

    /// What is behind it, in one line.
    pub(super) fn text(&self) -> Option<&str> {
        self.source.as_deref()
    }

    fn cause(self) -> Option<BoxError> {
        self.source.map(|text| String::from(&*text).into())
    }

    pub(super) fn append(self) -> AppendError {
        AppendError::new(self.trouble, self.cause())
    }

    pub(super) fn read(self) -> ReadError {
        ReadError::new(self.trouble, self.cause())
    }

    pub(super) fn claim(self, consumer: &ConsumerName) -> ClaimError {
        ClaimError::new(consumer.clone(), self.trouble, self.cause())
    }

    pub(super) fn open(self) -> JetStreamOpenError {
        let trouble = self.trouble;
        let source = self.cause().unwrap_or_else(|| trouble.to_string().into());
        match trouble {
            Trouble::Unreachable => JetStreamOpenError::Unreachable(source),
            _ => JetStreamOpenError::Journal { trouble, source },
        }
    }
}

/// What a publish that was not acknowledged means.
#[derive(Debug)]
pub(super) enum Refusal {
    /// The server did not store the message, and says why.
    Definite(Failure),
    /// The message may be stored or not, or another writer was there.
    Unknown(Failure),
}

/// Reads the error of a publish.
pub(super) fn refusal(error: &PublishError) -> Refusal {
    let said = |trouble| Failure::said(trouble, chain(error));
    match error.kind() {
        PublishErrorKind::MaxPayloadExceeded => Refusal::Definite(said(Trouble::Other)),
        PublishErrorKind::Other if code(error).is_some_and(is_full) => {
            Refusal::Definite(said(Trouble::Full))
        }
        PublishErrorKind::TimedOut
        | PublishErrorKind::BrokenPipe
        | PublishErrorKind::StreamNotFound => Refusal::Unknown(said(Trouble::Unreachable)),
        _ => Refusal::Unknown(said(Trouble::Other)),
    }
}

fn code(error: &PublishError) -> Option<ErrorCode> {
    let error = error
        .source()?
        .downcast_ref::<async_nats::jetstream::Error>()?;
    Some(error.error_code())
}

fn is_full(code: ErrorCode) -> bool {
    [
        ErrorCode::STREAM_STORE_FAILED,
        ErrorCode::STORAGE_RESOURCES_EXCEEDED,
        ErrorCode::ACCOUNT_RESOURCES_EXCEEDED,
        ErrorCode::INSUFFICIENT_RESOURCES,
        ErrorCode::MEMORY_RESOURCES_EXCEEDED,
        ErrorCode::STREAM_MAX_STREAM_BYTES_EXCEEDED,
    ]
    .contains(&code)
}

/// Whether a server did not store a message because somebody else was there before.
///
/// Newer servers in a cluster have a second code for it (10164), which async-nats 0.51 takes for any other error.
pub(super) fn is_overtaken(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(said) = error.downcast_ref::<async_nats::jetstream::Error>() {
            return matches!(
                said.error_code(),
                ErrorCode::STREAM_WRONG_LAST_SEQUENCE
                    | ErrorCode::STREAM_WRONG_LAST_SEQUENCE_CONSTANT
            );
        }
        cause = error.source();
    }
    false
}

/// An error and its causes in one line.
pub(super) fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    antiphon_core::error_chain(error)
}

/// An open connection, and the stream of a journal.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) client: Client,
    pub(super) context: Context,
    pub(super) stream: Stream,
    pub(super) subjects: Subjects,
    /// The bucket of values that processes share.
    pub(super) shared: String,
    /// Most bytes of a message's payload.
    pub(super) most: usize,
    /// How long an answer is waited for.
    pub(super) patience: Duration,
}

impl Link {
    /// Connects, looks at the server, and makes the stream or looks at the one that is there, as the role asks for.
    pub(super) async fn open(
        servers: &str,
        options: &JetStreamOptions,
        role: Role,
    ) -> Result<Self, JetStreamOpenError> {
        let name = &options.name;
        let shared = options.shared.as_ref().unwrap_or(name);
        let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        for name in [name, shared] {
            if name.is_empty() || name.len() > 64 || !name.bytes().all(is_plain) {
                return Err(JetStreamOpenError::Name(name.clone()));
            }
        }
        let client = connect(addresses(servers)?, options).await?;
        let server = client.server_info();
        fits(&client, options.replicas)?;
        let mut context = async_nats::jetstream::new(client.clone());
        context.set_timeout(options.patience);
        let subjects = Subjects::of(name);
        let stream = stream_of(&context, &subjects, options, role).await?;
        fits(&client, Some(stream.cached_info().config.num_replicas))?;
        Ok(Self {
            client,
            context,
            stream,
            subjects,
            shared: Subjects::of(shared).shared(),
            most: server.max_payload - HEADERS,
            patience: options.patience,
        })
    }

    /// The bucket of the lease, whose entries end by themselves after the lease's time.
    ///
    /// A process that only reads makes none.
    pub(super) async fn bucket(
        &self,
        options: &JetStreamOptions,
        role: Role,
    ) -> Result<(kv::Store, Duration), JetStreamOpenError> {
        let bucket = format!("antiphon-{}-lease", options.name);
        if role == Role::Reader
            && let Err(missing) = self.context.get_stream(format!("KV_{bucket}")).await
        {
            return Err(if is_missing(&missing) {
                Failure::new(Trouble::Empty).open()
            } else {
                Failure::unreachable(&missing).open()
            });
        }
        let description = "lease of an antiphon journal";
        let store = self.store(bucket, description, options.lease).await;
        let store = store.map_err(Failure::open)?;
        let lease = store.stream.cached_info().config.max_age;
        if lease.is_zero() {
            return Err(JetStreamOpenError::Config {
                stream: store.stream_name.clone(),
                option: "max_age",
                has: "0".into(),
                asked: format!("{} s", options.lease.as_secs()),
            });
        }
        Ok((store, lease))
    }

    /// A bucket, which is made if there is none; its entries end after the time `max_age`.
    pub(super) async fn store(
        &self,
        bucket: String,
        description: &str,
        max_age: Duration,
    ) -> Result<kv::Store, Failure> {
        // As `create_key_value` would make it; that one first reads the account's figures, in which it misses fields that a
        // 2.9 server does not send.
        let config = Config {
            name: format!("KV_{bucket}"),
            subjects: vec![format!("$KV.{bucket}.>")],
            description: Some(description.into()),
            max_messages_per_subject: 1,
            max_age,
            discard: DiscardPolicy::New,
            storage: StorageType::File,
            num_replicas: self.stream.cached_info().config.num_replicas,
            allow_rollup: true,
            deny_delete: true,
            allow_direct: true,
            ..Config::default()
        };
        if self.context.get_stream(&config.name).await.is_err() {
            // Another process may make it at the same moment: then it is there.
            if let Err(error) = self.context.create_stream(&config).await {
                let is_there = self.context.get_stream(&config.name).await.is_ok();
                if !is_there {
                    return Err(Failure::unreachable(&error));
                }
            }
        }
        let store = self.context.get_key_value(&bucket).await;
        store.map_err(|error| Failure::unreachable(&error))
    }

    /// A message; `None` if it is not in the stream.
    ///
    /// Any server of a cluster may answer, and one that lags behind may not have it yet: then the leader is asked.
    pub(super) async fn message(
        &self,
        sequence: u64,
    ) -> Result<Option<(HeaderMap, Bytes)>, Failure> {
        match self.stream.direct_get(sequence).await {
            Ok(message) => Ok(Some((message.headers, message.payload))),
            Err(error) => match error.kind() {
                DirectGetErrorKind::NotFound => self.message_of_leader(sequence).await,
                _ => Err(Failure::unreachable(&error)),
            },
        }
    }

    /// Whether the stream's leader has any message from this sequence number on, up to another one.
    pub(super) async fn leader_has(&self, from: u64, to: u64) -> Result<bool, Failure> {
        let all = self.subjects.all();
        match self
            .stream
            .get_first_raw_message_by_subject(all, from)
            .await
        {
            Ok(message) => Ok(message.sequence <= to),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(false),
                LastRawMessageErrorKind::JetStream(said)
                    if said.error_code() == ErrorCode::NO_MESSAGE_FOUND =>
                {
                    Ok(false)
                }
                _ => Err(Failure::unreachable(&error)),
            },
        }
    }

    /// A message as the stream's leader has it.
    ///
    /// A server that has just become the leader may not have in its store yet what is in its log: a message is not there
    /// only if the leader has later ones, and still not that one.
    pub(super) async fn message_of_leader(
        &self,
        sequence: u64,
    ) -> Result<Option<(HeaderMap, Bytes)>, Failure> {
        if let Some(message) = self.leaders(sequence).await? {
            return Ok(Some(message));
        }
        if self.last_sequence().await? < sequence {
            let cause = "the stream's leader has not caught up with what it has acknowledged";
            return Err(Failure::said(Trouble::Unreachable, cause));
        }
        self.leaders(sequence).await
    }

    /// A message, if the stream's leader has it at this moment.
    async fn leaders(&self, sequence: u64) -> Result<Option<(HeaderMap, Bytes)>, Failure> {
        match self.stream.get_raw_message(sequence).await {
            Ok(message) => Ok(Some((message.headers, message.payload))),
            Err(error) => match error.kind() {
                LastRawMessageErrorKind::NoMessageFound => Ok(None),
                LastRawMessageErrorKind::JetStream(said)
                    if said.error_code() == ErrorCode::NO_MESSAGE_FOUND =>
                {
                    Ok(None)
                }
                _ => Err(Failure::unreachable(&error)),
            },
        }
    }

    /// The headers of a message and its whole payload, with what stands in the parts before it.
    pub(super) async fn whole(
        &self,
        sequence: u64,
        parts: u32,
    ) -> Result<Option<(HeaderMap, Bytes)>, Failure> {
        if parts == 0 {
            return self.message(sequence).await;
        }
        let first = sequence.saturating_sub(parts.into());
        let messages: Vec<_> = stream::iter(first..=sequence)
            .map(|sequence| self.message(sequence))
            .buffered(GETS)
            .try_collect()
            .await?;
        let mut payload = BytesMut::new();
        let mut headers = HeaderMap::new();
        for message in messages {
            let Some((its_headers, its_payload)) = message else {
                return Ok(None);
            };
            payload.extend_from_slice(&its_payload);
            headers = its_headers;
        }
        Ok(Some((headers, payload.freeze())))
    }

    /// Deletes a message and overwrites its bytes; one that is gone already is no error.
    pub(super) async fn delete(&self, sequence: u64) -> Result<(), Failure> {
        match self.stream.delete_message(sequence).await {
            Ok(_) => Ok(()),
            Err(error) => match error.kind() {
                DeleteMessageErrorKind::JetStream(said)
                    if matches!(
                        said.error_code(),
                        ErrorCode::NO_MESSAGE_FOUND
                            | ErrorCode::SEQUENCE_NOT_FOUND
                            | ErrorCode::STREAM_MESSAGE_DELETE_FAILED
                    ) =>
                {
                    Ok(())
                }
                _ => Err(Failure::unreachable(&error)),
            },
        }
    }

    /// Deletes messages, many at a time.
    pub(super) async fn delete_all(
        &self,
        sequences: impl IntoIterator<Item = u64>,
    ) -> Result<(), Failure> {
        stream::iter(sequences)
            .map(|sequence| self.delete(sequence))
            .buffer_unordered(GETS)
            .try_collect()
            .await
    }

    /// The stream's last sequence number, asked of its leader.
    pub(super) async fn last_sequence(&self) -> Result<u64, Failure> {
        let info = self.stream.get_info().await;
        info.map(|info| info.state.last_sequence)
            .map_err(|error| Failure::unreachable(&error))
    }

    /// The messages of a stretch that have headers, as the leader has them.
    pub(super) async fn headers(
        &self,
        sequences: impl IntoIterator<Item = u64>,
    ) -> Result<Vec<(u64, HeaderMap)>, Failure> {
        stream::iter(sequences)
            .map(async |sequence| {
                let message = self.message_of_leader(sequence).await?;
                Ok::<_, Failure>(message.map(|(headers, _)| (sequence, headers)))
            })
            .buffered(GETS)
            .try_filter_map(async |message| Ok(message))
            .try_collect()
            .await
    }
}

/// The addresses in a text that has commas between them.
pub(super) fn addresses(servers: &str) -> Result<Vec<ServerAddr>, JetStreamOpenError> {
    let servers = servers.split(',').map(|server| server.trim().parse());
    let servers: Result<Vec<ServerAddr>, _> = servers.collect();
    servers.map_err(|error| Failure::unreachable(&error).open())
}

/// Connects to one of these servers.
pub(super) async fn connect(
    servers: Vec<ServerAddr>,
    options: &JetStreamOptions,
) -> Result<Client, JetStreamOpenError> {
    let mut connect = match &options.login {
        Some(Login::User(user, password)) => {
            ConnectOptions::with_user_and_password(user.clone(), password.expose().to_owned())
        }
        Some(Login::Token(token)) => ConnectOptions::with_token(token.expose().to_owned()),
        None => with_login(ConnectOptions::new(), &servers),
    };
    if let Some(file) = &options.root_certificate {
        connect = connect.add_root_certificates(file.clone());
    }
    if let Some((certificate, key)) = &options.client_certificate {
        connect = connect.add_client_certificate(certificate.clone(), key.clone());
    }
    let connected = connect
        .name("antiphon")
        .connection_timeout(options.patience)
        .request_timeout(Some(options.patience))
        .connect(servers)
        .await;
    connected.map_err(|error| match error.kind() {
        ConnectErrorKind::Authentication | ConnectErrorKind::AuthorizationViolation => {
            JetStreamOpenError::Login(chain(&error).into())
        }
        _ => Failure::unreachable(&error).open(),
    })
}

/// Looks whether a server can keep a journal with so many replicas.
pub(super) fn fits(client: &Client, replicas: Option<usize>) -> Result<(), JetStreamOpenError> {
    let server = client.server_info();
    if !client.is_server_compatible(2, 9, 0) {
        return Err(JetStreamOpenError::OldServer(server.version));
    }
    if replicas.is_some_and(|asked| asked > 1) && !client.is_server_compatible(2, 10, 25) {
        return Err(JetStreamOpenError::OldForReplicas(server.version));
    }
    if server.max_payload < SMALLEST {
        return Err(JetStreamOpenError::SmallMessages(server.max_payload));
    }
    Ok(())
}

/// Sets the login that stands in the first address that has one: a user with a password, or a token alone.
fn with_login(options: ConnectOptions, servers: &[ServerAddr]) -> ConnectOptions {
    let decoded = |text: &str| {
        let decoded = percent_encoding::percent_decode_str(text);
        decoded.decode_utf8_lossy().into_owned()
    };
    let login = servers
        .iter()
        .find_map(|server| Some((server.username()?, server.password())));
    match login {
        None => options,
        Some((user, Some(password))) => options.user_and_password(decoded(user), decoded(password)),
        Some((token, None)) => options.token(decoded(token)),
    }
}

/// The stream of a journal: the one that is there, or a new one.
async fn stream_of(
    context: &Context,
    subjects: &Subjects,
    options: &JetStreamOptions,
    role: Role,
) -> Result<Stream, JetStreamOpenError> {
    let asked = Config {
        name: format!("antiphon-{}", options.name),
        subjects: vec![subjects.all()],
        description: Some(format!("{DESCRIPTION}{FORMAT}")),
        retention: RetentionPolicy::Limits,
        discard: DiscardPolicy::New,
        storage: StorageType::File,
        num_replicas: options.replicas.unwrap_or(1),
        max_bytes: options.stream_bytes.unwrap_or(-1),
        max_messages: -1,
        max_messages_per_subject: -1,
        max_message_size: -1,
        allow_direct: true,
        ..Config::default()
    };
    let stream = match context.get_stream(&asked.name).await {
        Ok(stream) => stream,
        // Only the process that appends makes a stream, and never one whose state it does not know.
        Err(missing) if !role.appends() => {
            return Err(if is_missing(&missing) {
                Failure::new(Trouble::Empty).open()
            } else if has_no_jetstream(&missing) {
                JetStreamOpenError::NoJetStream(chain(&missing).into())
            } else {
                Failure::unreachable(&missing).open()
            });
        }
        Err(missing) => match context.create_stream(asked.clone()).await {
            Ok(stream) => stream,
            Err(error) => {
                use async_nats::jetstream::context::CreateStreamErrorKind as Kind;
                let said = chain(&error).into();
                return Err(match error.kind() {
                    Kind::JetStreamUnavailable => JetStreamOpenError::NoJetStream(said),
                    Kind::TimedOut | Kind::Response => Failure::unreachable(&missing).open(),
                    // It is there, and the servers did not say so before.
                    Kind::JetStream(error)
                        if error.error_code() == ErrorCode::STREAM_NAME_EXIST
                            && !is_missing(&missing) =>
                    {
                        Failure::unreachable(&missing).open()
                    }
                    Kind::JetStream(error)
                        if matches!(
                            error.error_code(),
                            ErrorCode::JETSTREAM_NOT_ENABLED
                                | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
                        ) =>
                    {
                        JetStreamOpenError::NoJetStream(said)
                    }
                    _ => JetStreamOpenError::Journal {
                        trouble: Trouble::Other,
                        source: said,
                    },
                });
            }
        },
    };
    check(&stream.cached_info().config, &asked, options)?;
    Ok(stream)
}

/// Whether the server says that there is no such stream.
fn is_missing(error: &GetStreamError) -> bool {
    let GetStreamErrorKind::JetStream(said) = error.kind() else {
        return false;
    };
    said.error_code() == ErrorCode::STREAM_NOT_FOUND
}

/// Whether the server says that it has no JetStream, or nobody there knows of it.
fn has_no_jetstream(error: &GetStreamError) -> bool {
    use async_nats::jetstream::context::{RequestError, RequestErrorKind};
    match error.kind() {
        GetStreamErrorKind::JetStream(said) => matches!(
            said.error_code(),
            ErrorCode::JETSTREAM_NOT_ENABLED | ErrorCode::JETSTREAM_NOT_ENABLED_FOR_ACCOUNT
        ),
        GetStreamErrorKind::Request => {
            let cause = std::error::Error::source(error);
            let cause = cause.and_then(|cause| cause.downcast_ref::<RequestError>());
            cause.is_some_and(|cause| cause.kind() == RequestErrorKind::NoResponders)
        }
        _ => false,
    }
}

/// An option of a stream in the server's words, and its value as a text.
type Row = (&'static str, fn(&Config) -> String);

/// Options that have to be as they were asked for.
const OPTIONS: [Row; 14] = [
    ("subjects", |config| config.subjects.join(" ")),
    ("retention", |config| format!("{:?}", config.retention)),
    ("discard", |config| format!("{:?}", config.discard)),
    ("storage", |config| format!("{:?}", config.storage)),
    ("max_age", |config| format!("{:?}", config.max_age)),
    ("max_msgs", |config| config.max_messages.to_string()),
    ("max_msgs_per_subject", |config| {
        config.max_messages_per_subject.to_string()
    }),
    ("max_msg_size", |config| config.max_message_size.to_string()),
    ("allow_direct", |config| config.allow_direct.to_string()),
    ("deny_delete", |config| config.deny_delete.to_string()),
    ("deny_purge", |config| config.deny_purge.to_string()),
    ("sealed", |config| config.sealed.to_string()),
    ("num_replicas", |config| config.num_replicas.to_string()),
    ("max_bytes", |config| config.max_bytes.to_string()),
];

/// Holds what the server says of the stream against what was asked for.
///
/// A server takes options that it does not know without an error, and a stream may be somebody else's.
fn check(
    has: &Config,
    asked: &Config,
    options: &JetStreamOptions,
) -> Result<(), JetStreamOpenError> {
    let format = has.description.as_deref().unwrap_or_default();
    let damaged = |trouble, source: String| JetStreamOpenError::Journal {
        trouble,
        source: source.into(),
    };
    let Some(format) = format.strip_prefix(DESCRIPTION) else {
        let source = format!("the stream `{}` is not antiphon's", has.name);
        return Err(damaged(Trouble::Corrupt, source));
    };
    match format.parse::<u32>() {
        Ok(FORMAT) => {}
        Ok(newer) if newer > FORMAT => {
            let source = format!("it has format {newer}, and this version knows {FORMAT}");
            return Err(damaged(Trouble::NewerSchema, source));
        }
        _ => {
            let source = format!("it has format `{format}`");
            return Err(damaged(Trouble::Corrupt, source));
        }
    }
    let chosen = [
        ("num_replicas", options.replicas.is_some()),
        ("max_bytes", options.stream_bytes.is_some()),
    ];
    let wrong = OPTIONS.iter().find(|(option, value)| {
        // What was not chosen is as the stream has it.
        !chosen.contains(&(*option, false)) && value(has) != value(asked)
    });
    match wrong {
        None => Ok(()),
        Some((option, value)) => Err(JetStreamOpenError::Config {
            stream: has.name.clone(),
            option,
            has: value(has),
            asked: value(asked),
        }),
    }
}
