//! The socket's file, and the connections to it.
//!
//! The socket is bound in a new folder that nobody else can enter, made its owner's alone, and then renamed to its
//! name: at no moment could others connect, whatever the umask. Renaming replaces a socket that an earlier process left.
//!
//! Each connection takes one request. What a connection may cost is bounded:
//!
//! | what | limit | at the limit |
//! | --- | --- | --- |
//! | connections | 32 | the oldest that has not asked yet is closed; if all have, further ones wait |
//! | head of a request | 16 KiB, 5 s | the connection is closed |
//! | body of a request | 64 KiB | 413 |
//! | a whole connection | 15 s, unless its route takes longer | the connection is closed |

use std::{
    fs, io,
    os::unix::fs::{FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    extract::{Extension, Request},
    middleware::{self, Next},
};
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{UnixListener, UnixStream},
    task::{AbortHandle, JoinSet},
    time::sleep,
};
use tokio_util::sync::CancellationToken;
use tracing::{debug, warn};

use super::{deadline::Deadline, is_too_long, path};
use crate::{journal::location::Location, logging};

/// Most connections at a time.
const CONNECTIONS: usize = 32;
/// Longest time for the head of a request.
const HEAD: Duration = Duration::from_secs(5);
/// Most bytes of a request's head.
const HEAD_BYTES: usize = 16 << 10;
/// Longest time of a whole connection, unless its route asks for more.
const WHOLE: Duration = Duration::from_secs(15);
/// How long connections have to end once the daemon stops.
const GRACE: Duration = Duration::from_secs(1);
/// Pause after an `accept` that failed, as when the process has too many files open.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket that listens beside a journal; its file is removed when it is dropped.
#[derive(Debug)]
pub(crate) struct Server {
    listener: UnixListener,
    /// Removes the file.
    _file: Owned,
}

/// The socket's file, as long as it is this process's own.
#[derive(Debug)]
struct Owned {
    path: PathBuf,
    /// Device and inode, by which a file that took its place is told from it.
    is: (u64, u64),
}

impl Drop for Owned {
    fn drop(&mut self) {
        let is_ours =
            fs::symlink_metadata(&self.path).is_ok_and(|file| (file.dev(), file.ino()) == self.is);
        if is_ours && let Err(error) = fs::remove_file(&self.path) {
            warn!(path = %self.path.display(), %error, "the control socket could not be removed");
        }
    }
}

/// Why there is no control socket.
#[derive(Debug, thiserror::Error)]
enum NoSocket {
    #[error("the path {} is longer than a socket's may be ({} bytes)", .0.display(), super::LONGEST_PATH)]
    TooLong(PathBuf),
    #[error("{} is there and is no socket", .0.display())]
    Foreign(PathBuf),
    #[error("another process answers on {}", .0.display())]
    Answered(PathBuf),
    #[error("{} could not be made", .0.display())]
    Failed(PathBuf, #[source] io::Error),
}

impl NoSocket {
    fn hint(&self) -> &'static str {
        match self {
            Self::TooLong(_) => "give the journal a shorter path, or start in its folder",
            Self::Foreign(_) => "move it away and start again; it is not touched",
            Self::Answered(_) => "stop that process; two of them must not share a journal",
            Self::Failed(..) => "make the journal's folder writable",
        }
    }
}

impl Server {
    /// Listens beside a journal whose lock this process holds.
    ///
    /// The daemon runs without a socket too: what stands in its way is a warning of its log, and `None` is returned.
    pub(crate) async fn beside(journal: &Location) -> Option<Self> {
        match bind(path(journal)).await {
            Ok(server) => Some(server),
            Err(error) => {
                let cause = std::error::Error::source(&error)
                    .map(|cause| format!(": {cause}"))
                    .unwrap_or_default();
                logging::warn(
                    format_args!("`antiphon status` cannot ask this daemon: {error}{cause}"),
                    error.hint(),
                );
                None
            }
        }
    }

    /// Answers until `stop`; connections that are open then have a second to end.
    pub(crate) async fn run(self, routes: Router, stop: CancellationToken) {
        let mut connections = JoinSet::new();
        let mut open: Vec<Open> = Vec::new();
        loop {
            let silent = open.iter().position(Open::is_silent);
            let has_room = open.len() < CONNECTIONS;
            let accepted = tokio::select! {
                accepted = self.listener.accept(), if has_room || silent.is_some() => Some(accepted),
                Some(_) = connections.join_next() => None,
                () = stop.cancelled() => break,
            };
            match accepted {
                Some(Ok((stream, _))) => {
                    if let Some(silent) = silent.filter(|_| !has_room) {
                        open.remove(silent).task.abort();
                    }
                    let has_asked = Arc::default();
                    let serve = serve(stream, routes.clone(), Arc::clone(&has_asked));
                    let task = connections.spawn(serve);
                    open.push(Open { task, has_asked });
                }
                Some(Err(error)) => {
                    warn!(%error, "the control socket took no connection");
                    sleep(PAUSE).await;
                }
                None => {}
            }
            open.retain(|one| !one.task.is_finished());
        }
        // The name goes first, so that nobody connects to a daemon that answers no more.
        drop(self);
        tokio::select! {
            () = async { while connections.join_next().await.is_some() {} } => {}
            () = sleep(GRACE) => {}
        }
    }
}

/// A connection that is open, in the order of their beginning.
#[derive(Debug)]
struct Open {
    task: AbortHandle,
    /// Whether the head of its request has come.
    has_asked: Arc<AtomicBool>,
}

impl Open {
    fn is_silent(&self) -> bool {
        !self.has_asked.load(Ordering::Relaxed)
    }
}

/// Takes one request of a connection.
async fn serve(stream: UnixStream, routes: Router, has_asked: Arc<AtomicBool>) {
    let deadline = Deadline::after(WHOLE);
    let note = middleware::from_fn(move |request: Request, next: Next| {
        has_asked.store(true, Ordering::Relaxed);
        next.run(request)
    });
    let routes = routes.layer(Extension(deadline.clone())).layer(note);
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        .header_read_timeout(HEAD)
        .max_buf_size(HEAD_BYTES)
        .keep_alive(false)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(routes));
    tokio::select! {
        served = connection => if let Err(error) = served {
            debug!(%error, "a connection to the control socket broke");
        },
        () = deadline.passed() => debug!("a connection to the control socket took too long"),
    }
}

/// # Errors
/// [`NoSocket`]; nothing is left behind then.
async fn bind(path: PathBuf) -> Result<Server, NoSocket> {
    if is_too_long(&path) {
        return Err(NoSocket::TooLong(path));
    }
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(NoSocket::Failed(path, error)),
        Ok(file) if !file.file_type().is_socket() => return Err(NoSocket::Foreign(path)),
        // The lock says that its owner has ended; a listener that answers all the same is not robbed of its name.
        Ok(_) if UnixStream::connect(&path).await.is_ok() => return Err(NoSocket::Answered(path)),
        Ok(_) => {}
    }
    place(&path).map_err(|error| NoSocket::Failed(path, error))
}

/// Binds in a folder that only the owner can enter, and gives the socket its name.
fn place(path: &Path) -> io::Result<Server> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    let private = tempfile::Builder::new()
        .prefix(".")
        .permissions(fs::Permissions::from_mode(0o700))
        .tempdir_in(folder.unwrap_or(Path::new(".")))?;
    let made = private.path().join("s");
    let listener = UnixListener::bind(&made)?;
    fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
    let file = fs::symlink_metadata(&made)?;
    fs::rename(&made, path)?;
    Ok(Server {
        listener,
        _file: Owned {
            path: path.to_owned(),
            is: (file.dev(), file.ino()),
        },
    })
}
