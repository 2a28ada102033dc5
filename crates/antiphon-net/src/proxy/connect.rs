//! HTTP CONNECT (RFC 9110 §9.3.6).
//!
//! The login goes with the first request. Statuses that may pass
//! (408, 425, 429, 5xx) are transient; 407 and all others are not.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use tokio::io::AsyncWriteExt as _;

use super::{Login, Refusal};
use crate::{
    Stream,
    head::{self, HeadError},
    network::Target,
};

pub(super) async fn tunnel(
    mut stream: Stream,
    target: &Target,
    login: Option<&Login>,
    limit: usize,
) -> Result<Stream, Refusal> {
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some(Login { name, password }) = login {
        let login = STANDARD.encode(format!("{}:{}", name.expose(), password.expose()));
        request.push_str("Proxy-Authorization: Basic ");
        request.push_str(&login);
        request.push_str("\r\n");
    }
    request.push_str("\r\n");
    stream.write_all(request.as_bytes()).await?;
    stream.flush().await?;
    let (head, early) = head::read(&mut stream, limit)
        .await
        .map_err(|error| match error {
            HeadError::Broken(error) => Refusal::Broken(error),
            HeadError::TooLarge(_) | HeadError::NotHttp => Refusal::permanent(error.to_string()),
        })?;
    match head.status {
        200..=299 => Ok(stream.with_early(early.freeze())),
        407 => Err(Refusal::login(login)),
        status @ (408 | 425 | 429 | 500..=599) => Err(Refusal::passing(answered(status))),
        status => Err(Refusal::permanent(answered(status))),
    }
}

fn answered(status: u16) -> String {
    format!("the proxy answered with status {status}")
}
