//! Asking a running daemon.

use std::{io, path::PathBuf, time::Duration};

use bytes::Bytes;
use http::{Method, Request, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use serde::{Deserialize, Serialize, de::DeserializeOwned};
use tokio::time::timeout;

use super::{is_too_long, path, wire::Problem, wire::VERSION};
use crate::{
    failure::{Exit, Failure},
    journal::location::Location,
};

/// How long the daemon has to answer a look.
const PATIENCE: Duration = Duration::from_secs(5);
/// Most bytes of an answer.
const LONGEST: usize = 16 << 20;

/// A way to the daemon that writes a journal, if there is one.
#[derive(Clone, Debug)]
pub(crate) struct Client {
    path: PathBuf,
}

/// No answer that can be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum AskError {
    /// Nobody listens beside the journal.
    #[error("no daemon runs")]
    NoDaemon,
    /// The socket's path cannot be used.
    #[error("no daemon can be asked: the path {} is longer than a socket's may be", .0.display())]
    TooLong(PathBuf),
    /// The socket is another user's.
    #[error("{} may not be opened by this user", .0.display())]
    Denied(PathBuf),
    /// The daemon did not answer in time.
    #[error("the daemon did not answer within {} s", .0.as_secs())]
    Silent(Duration),
    /// As many wait for the daemon as the system lets wait.
    #[error("the daemon takes no more connections")]
    Busy,
    /// What came is no answer.
    #[error("the answer on {} cannot be read: {}", .0.display(), .1)]
    Wrong(PathBuf, String),
    /// The daemon is of another version.
    #[error(
        "the daemon speaks version {0} of the control socket, and this command version {VERSION}"
    )]
    Version(u32),
    /// The daemon said no.
    #[error("the daemon refused: {}", .0.error)]
    Refused(Problem),
}

impl AskError {
    /// Whether there is nobody to ask, so that the journal alone has to do.
    pub(crate) fn is_absent(&self) -> bool {
        matches!(self, Self::NoDaemon | Self::TooLong(_))
    }

    pub(crate) fn hint(&self) -> &str {
        match self {
            Self::NoDaemon => "start it with `antiphon run`",
            Self::TooLong(_) => "name the journal by a shorter path, or from its folder",
            Self::Denied(_) => "run the command as the user who runs the daemon",
            Self::Silent(_) | Self::Busy => {
                "it may be overloaded or stopped by a debugger; its log says more"
            }
            Self::Wrong(..) => {
                "another program may listen there; docs/control-socket.md has what to expect"
            }
            Self::Version(_) => {
                "use the antiphon that the daemon was started with, or start the daemon again"
            }
            Self::Refused(problem) => problem.hint.as_deref().unwrap_or("its log says more"),
        }
    }
}

impl From<AskError> for Failure {
    fn from(error: AskError) -> Self {
        let hint = error.hint().to_owned();
        Self::from_error(Exit::Failed, error).hint(hint)
    }
}

/// The version that every answer has.
#[derive(Deserialize)]
struct Versioned {
    version: u32,
}

fn request(method: Method, path: &str, body: Bytes) -> Request<Full<Bytes>> {
    Request::builder()
        .method(method)
        .uri(path)
        // HTTP/1.1 wants a name; there is none.
        .header(header::HOST, "antiphon")
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(body))
        .expect("paths are written in this program")
}

impl Client {
    /// Asks the daemon that writes this journal.
    pub(crate) fn of(journal: &Location) -> Self {
        Self {
            path: path(journal),
        }
    }

    /// Asks for a path, such as `/v1/status`; the daemon has 5 s to answer.
    ///
    /// # Errors
    /// [`AskError`]; those that are [absent](AskError::is_absent) say that there is nobody to ask.
    pub(crate) async fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, AskError> {
        self.get_within(PATIENCE, path).await
    }

    /// The same for somebody with other patience.
    ///
    /// # Errors
    /// As [`Client::get`].
    pub(crate) async fn get_within<T: DeserializeOwned>(
        &self,
        patience: Duration,
        path: &str,
    ) -> Result<T, AskError> {
        let request = request(Method::GET, path, Bytes::new());
        let asked = timeout(patience, self.send(request)).await;
        let (status, body) = asked.map_err(|_| AskError::Silent(patience))??;
        self.read(status, &body)
    }

    /// Sends a value to a path, and waits as long as the daemon works on it.
    ///
    /// # Errors
    /// As [`Client::get`], and [`AskError::Refused`] for what the daemon cannot do.
    pub(crate) async fn post<T: DeserializeOwned>(
        &self,
        path: &str,
        value: &impl Serialize,
    ) -> Result<T, AskError> {
        let body = serde_json::to_vec(value).expect("plain data");
        let request = request(Method::POST, path, body.into());
        let (status, body) = self.send(request).await?;
        self.read(status, &body)
    }

    /// Sends a request on a connection of its own.
    async fn send(&self, request: Request<Full<Bytes>>) -> Result<(StatusCode, Bytes), AskError> {
        let stream = self.connect().await?;
        let wrong = |error: hyper::Error| self.wrong(antiphon_core::error_chain(&error));
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(wrong)?;
        let asking = async {
            let answer = sender.send_request(request).await.map_err(wrong)?;
            let status = answer.status();
            let body = Limited::new(answer.into_body(), LONGEST).collect().await;
            let body = body.map_err(|error| self.wrong(error.to_string()))?;
            Ok((status, body.to_bytes()))
        };
        tokio::pin!(asking);
        tokio::select! {
            answered = &mut asking => answered,
            // The connection ends when the answer is there; whether it ended well, the answer says.
            _ = connection => asking.await,
        }
    }

    fn read<T: DeserializeOwned>(&self, status: StatusCode, body: &[u8]) -> Result<T, AskError> {
        let version = serde_json::from_slice::<Versioned>(body)
            .map_err(|_| self.wrong(format!("status {status} without a version")))?
            .version;
        if version != VERSION {
            return Err(AskError::Version(version));
        }
        let unreadable = |error| self.wrong(antiphon_core::json_position(&error));
        if status.is_success() {
            return serde_json::from_slice(body).map_err(unreadable);
        }
        let problem = serde_json::from_slice(body).map_err(unreadable)?;
        Err(AskError::Refused(problem))
    }

    fn wrong(&self, why: String) -> AskError {
        AskError::Wrong(self.path.clone(), why)
    }

    #[cfg(unix)]
    async fn connect(&self) -> Result<tokio::net::UnixStream, AskError> {
        if is_too_long(&self.path) {
            return Err(AskError::TooLong(self.path.clone()));
        }
        tokio::net::UnixStream::connect(&self.path)
            .await
            .map_err(|error| match error.kind() {
                // A file that is no socket refuses too.
                io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => AskError::NoDaemon,
                io::ErrorKind::PermissionDenied => AskError::Denied(self.path.clone()),
                // So many wait there already that the system takes no more.
                io::ErrorKind::WouldBlock => AskError::Busy,
                _ => self.wrong(error.to_string()),
            })
    }

    /// Windows has no such sockets here: nobody can be asked.
    #[cfg(not(unix))]
    async fn connect(&self) -> Result<tokio::net::TcpStream, AskError> {
        Err(AskError::NoDaemon)
    }
}
