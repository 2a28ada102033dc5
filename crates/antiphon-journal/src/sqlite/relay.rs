//! Commands of consumers' processes, over a socket beside the file.
//!
//! The process that appends listens on `<file>.relay`, which only its owner can open. It makes the socket in a new
//! folder that nobody else can enter, and then renames it to its name: that replaces one that a killed process left, and
//! at no moment could another user connect. The journal's lock sees to it that there is one such process.
//!
//! A connection is for one message and its answer, each with its length before it, in four bytes, the highest first. Who
//! asked and closes the connection does not want the command any more; it is dropped then.
//!
//! Why not rows of the file: each command and each answer would be a commit that the ingester's appends wait for, both
//! sides would have to look for them again and again, and a row that outlives its process would be carried out too late.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::fs::{DirBuilderExt as _, FileTypeExt as _, MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use antiphon_core::{BoxError, BoxFuture, Desk, Relay, RelayError, Rng};
use bytes::Bytes;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{UnixListener, UnixStream},
    sync::{Mutex, Semaphore},
    task::JoinSet,
    time::{sleep, timeout},
};

use super::connection::beside;

/// Longest path of a socket in bytes: the system keeps 108 (macOS 104), and the last one is a zero.
const LONGEST_PATH: usize = 103;
/// Connections at a time; further ones wait for their turn.
const CONNECTIONS: usize = 256;
/// How long a connection may take for its message.
const MESSAGE_WITHIN: Duration = Duration::from_secs(10);
/// Pause after a connection that could not be taken, such as for want of file handles.
const AGAIN: Duration = Duration::from_millis(100);

/// The socket beside a journal.
#[derive(Debug)]
pub(super) struct Socket {
    path: PathBuf,
    /// Held by the desk that is served.
    turn: Mutex<()>,
}

impl Socket {
    /// The socket beside the journal at this path.
    pub(super) fn beside(journal: &Path) -> Arc<Self> {
        Arc::new(Self {
            path: beside(journal, ".relay"),
            turn: Mutex::default(),
        })
    }

    fn check_length(&self) -> Result<(), String> {
        let bytes = self.path.as_os_str().len();
        if bytes > LONGEST_PATH {
            let path = self.path.display();
            return Err(format!(
                "the path {path} is longer than a socket's may be ({LONGEST_PATH} bytes)"
            ));
        }
        Ok(())
    }

    /// Binds in a folder that only the owner can enter, and gives the socket its name.
    fn bind(&self) -> io::Result<Listener> {
        match fs::symlink_metadata(&self.path) {
            Ok(file) if !file.file_type().is_socket() => {
                let cause = format!("{} is there and is no socket", self.path.display());
                return Err(io::Error::new(ErrorKind::AlreadyExists, cause));
            }
            Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
            _ => {}
        }
        let folder = self.path.parent().unwrap_or(Path::new("."));
        let mut rng = Rng::new();
        // Short, for the sake of the socket's own path.
        let folder = Private(folder.join(format!(".{:06x}", rng.u32(..1 << 24))));
        fs::DirBuilder::new().mode(0o700).create(&folder.0)?;
        let made = folder.0.join("s");
        let socket = UnixListener::bind(&made)?;
        fs::set_permissions(&made, fs::Permissions::from_mode(0o600))?;
        let file = fs::symlink_metadata(&made)?;
        fs::rename(&made, &self.path)?;
        Ok(Listener {
            socket,
            path: self.path.clone(),
            file: (file.dev(), file.ino()),
        })
    }
}

/// A folder that is removed when this is dropped.
struct Private(PathBuf);

impl Drop for Private {
    fn drop(&mut self) {
        // Whatever is left of it is in nobody's way.
        let _ = fs::remove_file(self.0.join("s"));
        let _ = fs::remove_dir(&self.0);
    }
}

/// A socket that listens; its file is removed when this is dropped, unless it is another one's by then.
struct Listener {
    socket: UnixListener,
    path: PathBuf,
    file: (u64, u64),
}

impl Drop for Listener {
    fn drop(&mut self) {
        let file = fs::symlink_metadata(&self.path);
        if file.is_ok_and(|file| (file.dev(), file.ino()) == self.file) {
            // The next process replaces it.
            let _ = fs::remove_file(&self.path);
        }
    }
}

impl Relay for Socket {
    fn send<'a>(
        &'a self,
        _: Option<&'a str>,
        message: Bytes,
        within: Duration,
    ) -> BoxFuture<'a, Result<Bytes, RelayError>> {
        Box::pin(async move {
            self.check_length().map_err(RelayError::Unreachable)?;
            let exchanged = timeout(within, exchange(&self.path, &message)).await;
            exchanged.unwrap_or(Err(RelayError::TimedOut(within)))
        })
    }

    fn serve(&self, desk: Arc<Desk>) -> BoxFuture<'_, BoxError> {
        Box::pin(async move {
            let _turn = self.turn.lock().await;
            if let Err(cause) = self.check_length() {
                return cause.into();
            }
            let listener = match self.bind() {
                Ok(listener) => listener,
                Err(error) => return error.into(),
            };
            let room = Arc::new(Semaphore::new(CONNECTIONS));
            let mut connections = JoinSet::new();
            loop {
                while connections.try_join_next().is_some() {}
                let permit = Arc::clone(&room).acquire_owned().await;
                let Ok((stream, _)) = listener.socket.accept().await else {
                    sleep(AGAIN).await;
                    continue;
                };
                let desk = Arc::clone(&desk);
                connections.spawn(async move {
                    let _permit = permit;
                    // Whoever asked is told of nothing then, and knows that.
                    let _ = answer(stream, &desk).await;
                });
            }
        })
    }
}

/// Sends a message and reads its answer.
async fn exchange(path: &Path, message: &[u8]) -> Result<Bytes, RelayError> {
    let mut stream = match UnixStream::connect(path).await {
        Ok(stream) => stream,
        // No socket, or one that a killed process left.
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::NotFound | ErrorKind::ConnectionRefused
            ) =>
        {
            return Err(RelayError::NobodyServes);
        }
        Err(error) => return Err(RelayError::Unreachable(error.to_string())),
    };
    // A message that is not whole is not carried out.
    let written = write(&mut stream, message).await;
    written.map_err(|_| RelayError::NobodyServes)?;
    let answer = read(&mut stream, Desk::MOST_ANSWER).await;
    answer.map_err(|_| RelayError::Lost)
}

/// Reads a message, carries it out and sends the answer.
async fn answer(mut stream: UnixStream, desk: &Desk) -> io::Result<()> {
    let message = async {
        let length = length(&mut stream, Desk::MOST_MESSAGE).await?;
        let room = desk.room(length).await;
        Ok::<_, io::Error>((body(&mut stream, length).await?, room))
    };
    let (message, _room) = timeout(MESSAGE_WITHIN, message)
        .await
        .map_err(|_| ErrorKind::TimedOut)??;
    let answer = tokio::select! {
        answer = desk.answer(message) => answer,
        // Nothing more is to come: whoever asked has gone.
        _ = stream.read_u8() => return Ok(()),
    };
    write(&mut stream, &answer).await
}

async fn write(stream: &mut UnixStream, bytes: &[u8]) -> io::Result<()> {
    let length = u32::try_from(bytes.len()).map_err(|_| ErrorKind::InvalidInput)?;
    stream.write_u32(length).await?;
    stream.write_all(bytes).await?;
    stream.flush().await
}

async fn read(stream: &mut UnixStream, most: usize) -> io::Result<Bytes> {
    let length = length(stream, most).await?;
    body(stream, length).await
}

async fn length(stream: &mut UnixStream, most: usize) -> io::Result<usize> {
    let length = stream.read_u32().await?;
    let length = usize::try_from(length)
        .ok()
        .filter(|length| *length <= most);
    length.ok_or_else(|| ErrorKind::InvalidData.into())
}

async fn body(stream: &mut UnixStream, length: usize) -> io::Result<Bytes> {
    let mut bytes = Vec::new();
    // It grows as it comes: a length alone takes no memory.
    let read = stream.take(length as u64).read_to_end(&mut bytes).await?;
    if read < length {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    Ok(bytes.into())
}
