//! Errors of downloads from Discord's CDN.

use antiphon_core::BoxError;

/// A file could not be downloaded.
///
/// ```no_run
/// use antiphon_discord::{Client, DownloadError, model::Attachment};
///
/// async fn size(client: &Client, attachment: &Attachment) -> Result<Option<usize>, DownloadError> {
///     match client.download(attachment).await {
///         Ok(bytes) => Ok(Some(bytes.len())),
///         // Reading the message again brings a new address.
///         Err(DownloadError::Expired) => Ok(None),
///         Err(error) => Err(error),
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum DownloadError {
    /// The address is not one of Discord's CDN; nothing was sent.
    #[error("the address is not one of Discord's CDN: {0}")]
    NotDiscords(String),
    /// The address of an attachment has expired: read its message again for a new one.
    ///
    /// <https://discord.com/developers/docs/reference#signed-attachment-cdn-urls>
    #[error("the attachment's address has expired: read its message again for a new one")]
    Expired,
    /// The file does not exist any more.
    #[error("there is no such file")]
    NotFound,
    /// The file is larger than the limit; raise it by [`Download::limit`](crate::client::Download::limit).
    #[error("the file has more than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: u64,
    },
    /// The server answered with another status than success.
    #[error("the server answered with status {0}")]
    Status(u16),
    /// The server could not be reached, or the connection broke.
    #[error("could not reach the server")]
    Unreachable {
        /// Whether the same download could succeed later.
        is_transient: bool,
        /// The cause.
        #[source]
        source: BoxError,
    },
}

impl DownloadError {
    /// Whether the same download could succeed later.
    pub fn is_transient(&self) -> bool {
        match self {
            Self::Unreachable { is_transient, .. } => *is_transient,
            Self::Status(status) => *status == 429 || *status >= 500,
            Self::NotDiscords(_) | Self::Expired | Self::NotFound | Self::TooLarge { .. } => false,
        }
    }
}
