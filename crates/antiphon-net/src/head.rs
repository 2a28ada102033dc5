//! The head of an HTTP response on a bare stream, for upgrades and proxies.
//!
//! Two answers are read on the bare stream, before it is anything else: a proxy's to `CONNECT`, and a server's to an
//! upgrade. What was read beyond the head belongs to what comes next and is given back ([`Stream::with_early`]), or a
//! server that speaks first would lose its first bytes.

use ::http::{HeaderMap, HeaderName, HeaderValue};
use bytes::BytesMut;
use tokio::io::{AsyncRead, AsyncReadExt as _};

/// Most header fields of a response.
const MOST_FIELDS: usize = 100;

/// Status and header fields of a response.
#[derive(Debug)]
pub(crate) struct Head {
    pub(crate) status: u16,
    pub(crate) fields: HeaderMap,
}

/// A response's head could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum HeadError {
    #[error("the head of the answer has more than {0} bytes")]
    TooLarge(usize),
    #[error("the answer is not HTTP")]
    NotHttp,
    #[error("the connection broke")]
    Broken(#[source] std::io::Error),
}

/// Reads the head of a response, and returns it with the bytes that were read behind it.
///
/// Interim responses (1xx) other than 101 are skipped.
///
/// # Errors
/// A head beyond `limit`, an answer that is no HTTP, and a connection that breaks before the head's end.
pub(crate) async fn read(
    stream: &mut (impl AsyncRead + Unpin),
    limit: usize,
) -> Result<(Head, BytesMut), HeadError> {
    let mut buffer = BytesMut::with_capacity(2048);
    // The sum of all heads, so that an endless row of interim responses is refused as well.
    let mut taken = 0;
    loop {
        while let Some((length, head)) = parse(&buffer)? {
            let _ = buffer.split_to(length);
            taken += length;
            if head.status == 101 || head.status >= 200 {
                return Ok((head, buffer));
            }
        }
        if taken + buffer.len() >= limit {
            return Err(HeadError::TooLarge(limit));
        }
        if stream
            .read_buf(&mut buffer)
            .await
            .map_err(HeadError::Broken)?
            == 0
        {
            return Err(HeadError::Broken(std::io::ErrorKind::UnexpectedEof.into()));
        }
    }
}

/// The first head in the buffer and its length, if it is there as a whole.
fn parse(buffer: &[u8]) -> Result<Option<(usize, Head)>, HeadError> {
    let mut fields = [httparse::EMPTY_HEADER; MOST_FIELDS];
    let mut response = httparse::Response::new(&mut fields);
    let length = match response.parse(buffer) {
        Ok(httparse::Status::Complete(length)) => length,
        Ok(httparse::Status::Partial) => return Ok(None),
        Err(_) => return Err(HeadError::NotHttp),
    };
    let mut map = HeaderMap::with_capacity(response.headers.len());
    for field in response.headers.iter() {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(HeadError::NotHttp);
        };
        map.append(name, value);
    }
    let status = response.code.ok_or(HeadError::NotHttp)?;
    Ok(Some((
        length,
        Head {
            status,
            fields: map,
        },
    )))
}
