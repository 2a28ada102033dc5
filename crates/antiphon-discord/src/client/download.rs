//! Downloads of attachments and images from Discord's CDN.
//!
//! They go over the same network and proxy as requests, without the bot's token, and count against no rate limit.
//! Only Discord's own hosts are asked, whatever a message says, so that no user makes a bot open a page of their choice.

use std::{
    fmt,
    future::IntoFuture,
    pin::Pin,
    task::{Context, Poll, ready},
};

use antiphon_core::BoxFuture;
use antiphon_discord_model::Attachment;
use antiphon_net::{HttpBody, HttpError};
use bytes::{Bytes, BytesMut};
use futures_util::Stream;
use http::Uri;
use jiff::Timestamp;

use super::Client;
use crate::{error::DownloadError, http::Http};

/// Hosts of Discord's CDN.
const HOSTS: [&str; 2] = ["cdn.discordapp.com", "media.discordapp.net"];
/// Largest download, unless another limit is set.
const LIMIT: u64 = 32 << 20;

impl Client {
    /// Downloads an attachment of a message.
    ///
    /// Awaiting it returns the whole file, at most 32 MiB ([`Download::limit`]); [`Download::stream`] gives it piece by
    /// piece.
    ///
    /// The address of an attachment is signed and expires after about a day. An expired one is
    /// [`DownloadError::Expired`] and is not asked for; reading the message again ([`Client::message`]) brings a new one.
    ///
    /// ```
    /// use antiphon_discord::{Config, File, Intents, model::id::Id};
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let config = Config::new(sim.discord().token(), Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    /// let loft = Id::new(sim.discord().channel_id());
    ///
    /// let score = [File::new("score.txt", "do re mi")];
    /// let posted = client.create_message(loft).attachments(&score).await?;
    /// assert_eq!(client.download(&posted.attachments[0]).await?, "do re mi");
    /// # Ok(())
    /// # }
    /// ```
    pub fn download(&self, attachment: &Attachment) -> Download<'_> {
        self.download_url(&*attachment.url)
    }

    /// Downloads a file from an address of Discord's CDN, such as an avatar's ([`cdn`](crate::model::cdn)).
    ///
    /// The address begins with `https://cdn.discordapp.com/` or `https://media.discordapp.net/`; any other is
    /// [`DownloadError::NotDiscords`], and nothing is sent. A client whose [`Config::rest`](crate::Config::rest) is not Discord's,
    /// such as that of a simulator, asks the host of that address for the same path.
    pub fn download_url(&self, url: impl Into<String>) -> Download<'_> {
        Download {
            http: self.http(),
            url: url.into(),
            limit: LIMIT,
        }
    }
}

/// A download; see [`Client::download`].
///
/// # Errors
///
/// [`DownloadError`].
#[must_use = "a download begins when it is awaited"]
pub struct Download<'a> {
    http: &'a Http,
    url: String,
    limit: u64,
}

impl Download<'_> {
    /// Sets the largest number of bytes that are taken. Default: 32 MiB.
    ///
    /// A larger file is [`DownloadError::TooLarge`], at once if the server announces its length, and as soon as the limit is
    /// passed otherwise.
    pub fn limit(mut self, bytes: u64) -> Self {
        self.limit = bytes;
        self
    }

    /// Begins the download and returns its pieces as they come, so that a large file needs no memory of its size.
    ///
    /// The limit counts the pieces together.
    ///
    /// # Errors
    ///
    /// [`DownloadError`].
    ///
    /// # Examples
    ///
    /// ```no_run
    /// use antiphon_discord::{Client, DownloadError, model::Attachment};
    /// use futures_util::TryStreamExt as _;
    ///
    /// async fn size(client: &Client, attachment: &Attachment) -> Result<usize, DownloadError> {
    ///     let (mut pieces, mut size) = (client.download(attachment).limit(1 << 30).stream().await?, 0);
    ///     while let Some(piece) = pieces.try_next().await? {
    ///         size += piece.len();
    ///     }
    ///     Ok(size)
    /// }
    /// ```
    pub async fn stream(self) -> Result<DownloadStream, DownloadError> {
        let url = checked(&self.url, self.http.now())?;
        let response = self.http.open(&url).await.map_err(unreachable)?;
        match response.status().as_u16() {
            200 => {}
            404 | 410 => return Err(DownloadError::NotFound),
            status => return Err(DownloadError::Status(status)),
        }
        let body = response.into_body();
        let limit = self.limit;
        if body.announced().is_some_and(|length| length > limit) {
            return Err(DownloadError::TooLarge { limit });
        }
        Ok(DownloadStream {
            announced: body.announced(),
            next: Some(next(body)),
            left: limit,
            limit,
        })
    }
}

impl<'a> IntoFuture for Download<'a> {
    type Output = Result<Bytes, DownloadError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            let mut pieces = self.stream().await?;
            let mut whole = BytesMut::new();
            while let Some(piece) =
                std::future::poll_fn(|context| Pin::new(&mut pieces).poll_next(context)).await
            {
                whole.extend_from_slice(&piece?);
            }
            Ok(whole.freeze())
        })
    }
}

impl fmt::Debug for Download<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Download")
            .field("limit", &self.limit)
            .finish_non_exhaustive()
    }
}

/// A body, and the piece that it brought; `None` at its end.
type Piece = (HttpBody, Result<Option<Bytes>, HttpError>);

/// The pieces of a file, in their order; see [`Download::stream`].
///
/// It ends after an error. Dropping it before its end closes the connection.
#[must_use = "a stream takes nothing before it is polled"]
pub struct DownloadStream {
    announced: Option<u64>,
    /// The next piece, with the rest of the body behind it; `None` at the end.
    next: Option<BoxFuture<'static, Piece>>,
    left: u64,
    limit: u64,
}

impl DownloadStream {
    /// Length of the file in bytes, if the server announced it.
    pub fn announced(&self) -> Option<u64> {
        self.announced
    }
}

impl Stream for DownloadStream {
    type Item = Result<Bytes, DownloadError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(waiting) = &mut self.next else {
            return Poll::Ready(None);
        };
        let (body, piece) = ready!(waiting.as_mut().poll(context));
        self.next = None;
        Poll::Ready(match piece {
            Ok(None) => None,
            Ok(Some(piece)) => match self.left.checked_sub(piece.len() as u64) {
                Some(left) => {
                    self.left = left;
                    self.next = Some(next(body));
                    Some(Ok(piece))
                }
                None => Some(Err(DownloadError::TooLarge { limit: self.limit })),
            },
            Err(error) => Some(Err(unreachable(error))),
        })
    }
}

impl fmt::Debug for DownloadStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("DownloadStream")
            .field("announced", &self.announced)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// Waits for the next piece of a body.
fn next(mut body: HttpBody) -> BoxFuture<'static, Piece> {
    Box::pin(async move {
        let piece = body.chunk().await;
        (body, piece)
    })
}

fn unreachable(error: HttpError) -> DownloadError {
    DownloadError::Unreachable {
        is_transient: error.is_transient(),
        source: error.into(),
    }
}

/// Reads an address of Discord's CDN; the error says why it is none, or that it has expired.
fn checked(url: &str, now: Timestamp) -> Result<Uri, DownloadError> {
    let refused = |why: &str| DownloadError::NotDiscords(why.to_owned());
    let uri: Uri = url.parse().map_err(|_| refused("it is no URL"))?;
    if uri.scheme_str() != Some("https") {
        return Err(refused("its scheme is not https"));
    }
    // The authority is compared whole, so that no user name and no port stands beside the host.
    let authority = uri.authority().map(http::uri::Authority::as_str);
    let host = authority.unwrap_or_default();
    if !HOSTS.iter().any(|known| host.eq_ignore_ascii_case(known)) {
        return Err(DownloadError::NotDiscords(format!(
            "its host is not {} or {}",
            HOSTS[0], HOSTS[1]
        )));
    }
    let mut parameters = uri.query().unwrap_or_default().split('&');
    let expires = parameters.find_map(|one| one.strip_prefix("ex="));
    let expires = expires.and_then(|seconds| i64::from_str_radix(seconds, 16).ok());
    if expires.is_some_and(|seconds| seconds <= now.as_second()) {
        return Err(DownloadError::Expired);
    }
    Ok(uri)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_discords_cdn_are_asked() {
        let now = Timestamp::from_second(0x65d9_0000).expect("a time");
        for good in [
            "https://cdn.discordapp.com/attachments/1/2/my_image.png",
            "https://media.discordapp.net/stickers/7.gif",
            // The example of <https://discord.com/developers/docs/reference#signed-attachment-cdn-urls>.
            "https://cdn.discordapp.com/attachments/1/2/my_image.png?ex=65d903de&is=65c68ede&hm=2481f30d&",
        ] {
            assert!(checked(good, now).is_ok(), "{good}");
        }
        for bad in [
            "http://cdn.discordapp.com/a.png",
            "https://cdn.discordapp.com.evil.example/a.png",
            "https://cdn.discordapp.com@evil.example/a.png",
            "https://evil.example@cdn.discordapp.com/a.png",
            "https://cdn.discordapp.com:8443/a.png",
            "https://169.254.169.254/latest",
            "ftp://cdn.discordapp.com/a.png",
            "/attachments/1/2/a.png",
            "not a url",
            "",
        ] {
            let refused = checked(bad, now);
            assert!(
                matches!(refused, Err(DownloadError::NotDiscords(_))),
                "{bad}: {refused:?}"
            );
        }
        let later = Timestamp::from_second(0x65d9_03de).expect("a time");
        let expired = checked(
            "https://cdn.discordapp.com/attachments/1/2/a.png?ex=65d903de&is=1&hm=2",
            later,
        );
        assert!(matches!(expired, Err(DownloadError::Expired)));
    }
}
