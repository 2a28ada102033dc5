//! How a journal is opened, and why it was not.

use std::{path::PathBuf, time::Duration};

use antiphon_core::{BoxError, Secret, Trouble};

/// Options of a [`JetStreamJournal`](super::JetStreamJournal).
///
/// ```
/// use std::time::Duration;
/// use antiphon_journal::JetStreamOptions;
///
/// let options = JetStreamOptions::new("choir").replicas(3).lease(Duration::from_secs(5));
/// # let _ = options;
/// ```
#[derive(Clone, Debug)]
pub struct JetStreamOptions {
    pub(super) name: String,
    pub(super) shared: Option<String>,
    pub(super) replicas: Option<usize>,
    pub(super) stream_bytes: Option<i64>,
    pub(super) lease: Duration,
    pub(super) wait: Duration,
    pub(super) patience: Duration,
    pub(super) max_events: usize,
    pub(super) importing: bool,
    pub(super) login: Option<Login>,
    pub(super) root_certificate: Option<PathBuf>,
    pub(super) client_certificate: Option<(PathBuf, PathBuf)>,
}

/// What a server is shown at the beginning of a connection.
#[derive(Clone, Debug)]
pub(super) enum Login {
    User(String, Secret),
    Token(Secret),
}

impl JetStreamOptions {
    /// Options for the journal of this name: 1 to 64 letters, digits, `-` and `_`.
    ///
    /// Its stream is `antiphon-NAME`, its subjects `antiphon.NAME.>`, and its lease stands in the bucket
    /// `antiphon-NAME-lease`.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            shared: None,
            replicas: None,
            stream_bytes: None,
            lease: Duration::from_secs(6),
            wait: Duration::from_secs(10),
            patience: Duration::from_secs(5),
            max_events: 16 << 20,
            importing: false,
            login: None,
            root_certificate: None,
            client_certificate: None,
        }
    }

    /// Sets whose values the processes share ([`Journal::shared`](antiphon_core::Journal::shared)), as the name of a
    /// journal. Default: those of this journal, in the bucket `antiphon-NAME-shared`.
    ///
    /// Processes with different journals on the same servers name the same one, so that they count together: the groups of a
    /// large bot's shards, each with a journal of its own, then take turns to identify. That journal need not exist. A name
    /// follows the rule of [`new`](Self::new).
    #[must_use]
    pub fn shared(mut self, name: impl Into<String>) -> Self {
        self.shared = Some(name.into());
        self
    }

    /// Sets how many servers of a cluster keep the journal: 1 to 5. Default: as the stream has it, 1 for a new one.
    ///
    /// A journal that exists is not changed: another number is refused. More than one needs nats-server 2.10.25.
    #[must_use]
    pub fn replicas(mut self, replicas: usize) -> Self {
        self.replicas = Some(replicas);
        self
    }

    /// Sets how many bytes the stream may have on a server. Default: as the stream has it, no limit for a new one.
    ///
    /// At the limit an append fails with [`Trouble::Full`] until a sweep has made room. A journal that exists is not
    /// changed: a server would throw its oldest messages away to come under a new limit.
    #[must_use]
    pub fn stream_bytes(mut self, bytes: u64) -> Self {
        self.stream_bytes = Some(i64::try_from(bytes).unwrap_or(i64::MAX));
        self
    }

    /// Sets after how long without a sign of life another process may take the journal over. Default: 6 s; at least 1 s.
    ///
    /// The first process that opens a journal decides for all that come later.
    #[must_use]
    pub fn lease(mut self, lease: Duration) -> Self {
        self.lease = lease.max(Duration::from_secs(1));
        self
    }

    /// Sets how long opening waits for another process to give the journal up. Default: 10 s, longer than a lease.
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Sets how long an answer of the server is waited for. Default: 5 s; at least 100 ms.
    #[must_use]
    pub fn patience(mut self, patience: Duration) -> Self {
        self.patience = patience.max(Duration::from_millis(100));
        self
    }

    /// Sets how many events the journal may have at a time. Default: 16,777,216.
    ///
    /// The appender remembers about 150 bytes of each. At the limit an append fails with [`Trouble::Full`] until a sweep
    /// has made room.
    #[must_use]
    pub fn max_events(mut self, events: usize) -> Self {
        self.max_events = events;
        self
    }

    /// Sets whether a journal is opened whose import was not finished, to go on with it. Default: it is refused.
    #[must_use]
    pub fn importing(mut self, importing: bool) -> Self {
        self.importing = importing;
        self
    }

    /// Sets the user and the password for the servers. Default: those of the first address that has some.
    #[must_use]
    pub fn user(mut self, user: impl Into<String>, password: Secret) -> Self {
        self.login = Some(Login::User(user.into(), password));
        self
    }

    /// Sets the token for the servers. Default: that of the first address that has a user without a password.
    #[must_use]
    pub fn token(mut self, token: Secret) -> Self {
        self.login = Some(Login::Token(token));
        self
    }

    /// Sets a PEM file with certificates that are trusted beside the system's, for addresses with `tls://`. Default:
    /// none.
    #[must_use]
    pub fn root_certificate(mut self, file: impl Into<PathBuf>) -> Self {
        self.root_certificate = Some(file.into());
        self
    }

    /// Sets the PEM files with the certificate and the key that a server may ask for. Default: none.
    #[must_use]
    pub fn client_certificate(
        mut self,
        certificate: impl Into<PathBuf>,
        key: impl Into<PathBuf>,
    ) -> Self {
        self.client_certificate = Some((certificate.into(), key.into()));
        self
    }
}

/// A journal on JetStream could not be opened.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JetStreamOpenError {
    /// The journal's name cannot be the name of a stream.
    #[error("`{0}` cannot be the name of a journal")]
    Name(String),
    /// No connection to a server came about, or it did not answer.
    #[error("the NATS server could not be reached")]
    Unreachable(#[source] BoxError),
    /// A server was reached and refused the login.
    #[error("the NATS server refused the login")]
    Login(#[source] BoxError),
    /// The server is older than 2.9.
    #[error("the NATS server has version {0}")]
    OldServer(String),
    /// The server is older than 2.10.25, and the journal should have replicas.
    ///
    /// In a cluster of 2.9.10 a server that was killed comes back without messages that it had, and says that it has all;
    /// when it leads later, they are gone.
    #[error("the NATS server has version {0}, whose replicas lose messages")]
    OldForReplicas(String),
    /// The server, or the account, has no JetStream.
    #[error("the NATS server has no JetStream for this account")]
    NoJetStream(#[source] BoxError),
    /// The server takes smaller messages than antiphon needs.
    #[error("the NATS server takes messages of at most {0} bytes")]
    SmallMessages(usize),
    /// Another process appends to the journal.
    #[error("{holder} holds the journal")]
    Held {
        /// What that process wrote about itself.
        holder: String,
    },
    /// The stream is configured otherwise than it was asked for, or than the server says it did.
    #[error("the stream `{stream}` has {option} = {has}, and should have {asked}")]
    Config {
        /// Name of the stream.
        stream: String,
        /// The option in the server's words.
        option: &'static str,
        /// What the server says.
        has: String,
        /// What was asked for.
        asked: String,
    },
    /// The journal cannot be used as it is.
    #[error("the journal could not be opened: {trouble}")]
    Journal {
        /// What is wrong.
        trouble: Trouble,
        /// Why.
        #[source]
        source: BoxError,
    },
}

impl JetStreamOpenError {
    /// What the operator can do.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Name(_) => "use 1 to 64 letters, digits, `-` and `_`",
            Self::Unreachable(_) => "start the server, or look at the address and the login",
            Self::Login(_) => "look at the user and the password, or the token",
            Self::OldServer(_) => "use nats-server 2.9 or newer",
            Self::OldForReplicas(_) => "use nats-server 2.10.25 or newer, or one replica",
            Self::NoJetStream(_) => {
                "start nats-server with --jetstream, and give the account some storage"
            }
            Self::SmallMessages(_) => "set max_payload of the server to 1MB, which is its default",
            Self::Held { .. } => {
                "stop the other process, wait for its lease to end, or use another name"
            }
            Self::Config { .. } => {
                "change the stream with `nats stream edit`, use another name, or a server that knows the option"
            }
            Self::Journal { trouble, .. } => trouble.hint(),
        }
    }

    /// What is wrong, in the words of a journal's other errors.
    pub fn trouble(&self) -> Trouble {
        match self {
            Self::Unreachable(_) | Self::Login(_) => Trouble::Unreachable,
            Self::Held { .. } => Trouble::Locked,
            Self::Journal { trouble, .. } => *trouble,
            _ => Trouble::Other,
        }
    }
}
