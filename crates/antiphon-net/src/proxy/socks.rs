//! SOCKS 5 (RFC 1928, RFC 1929), SOCKS 4 and SOCKS 4a.
//!
//! Each answer is read to its last byte and no further, since the tunnel's own bytes follow.
//!
//! A login is offered only if there is one. Replies are sorted into refusals that may pass (the host cannot be reached
//! now) and those that will not (the proxy's rules).

use std::net::{IpAddr, Ipv4Addr};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{Login, Refusal};
use crate::{Stream, network::Target};

/// Methods of RFC 1928 §3.
const NO_LOGIN: u8 = 0;
const NAME_AND_PASSWORD: u8 = 2;

/// RFC 1928; the login by RFC 1929.
pub(super) async fn tunnel5(
    mut stream: Stream,
    target: &Target,
    login: Option<&Login>,
) -> Result<Stream, Refusal> {
    let greeting: &[u8] = match login {
        Some(_) => &[5, 2, NO_LOGIN, NAME_AND_PASSWORD],
        None => &[5, 1, NO_LOGIN],
    };
    send(&mut stream, greeting).await?;
    let [version, method] = receive(&mut stream).await?;
    expect(version == 5, "5")?;
    match (method, login) {
        (NO_LOGIN, _) => {}
        (NAME_AND_PASSWORD, Some(login)) => log_in(&mut stream, login).await?,
        _ => return Err(Refusal::login(login)),
    }
    send(&mut stream, &request5(target)?).await?;
    let [version, reply, _, kind] = receive(&mut stream).await?;
    expect(version == 5, "5")?;
    refused5(reply).map_or(Ok(()), Err)?;
    // The address that the proxy connected from is not needed.
    let length = match kind {
        1 => 4,
        4 => 16,
        3 => stream.read_u8().await?.into(),
        _ => return Err(not_socks("5")),
    };
    let mut address = vec![0; length + 2];
    stream.read_exact(&mut address).await?;
    Ok(stream)
}

/// Logs in with name and password (RFC 1929).
async fn log_in(stream: &mut Stream, login: &Login) -> Result<(), Refusal> {
    let mut message = vec![1];
    for part in [&login.name, &login.password] {
        message.extend(length_of(part.expose())?);
        message.extend(part.expose().bytes());
    }
    send(stream, &message).await?;
    let [_, status] = receive(stream).await?;
    if status == 0 {
        Ok(())
    } else {
        Err(Refusal::login(Some(login)))
    }
}

/// The request for a connection (RFC 1928 §4).
fn request5(target: &Target) -> Result<Vec<u8>, Refusal> {
    let mut message = vec![5, 1, 0];
    match target.host.parse() {
        Ok(IpAddr::V4(address)) => {
            message.push(1);
            message.extend(address.octets());
        }
        Ok(IpAddr::V6(address)) => {
            message.push(4);
            message.extend(address.octets());
        }
        Err(_) => {
            message.push(3);
            message.extend(length_of(&target.host)?);
            message.extend(target.host.bytes());
        }
    }
    message.extend(target.port.to_be_bytes());
    Ok(message)
}

/// The length of a text, as one byte.
fn length_of(text: &str) -> Result<[u8; 1], Refusal> {
    let length = u8::try_from(text.len());
    Ok(
        [
            length
                .map_err(|_| Refusal::permanent("the host's name is longer than SOCKS can say"))?,
        ],
    )
}

/// The refusal that a reply stands for, if it is one (RFC 1928 §6).
fn refused5(reply: u8) -> Option<Refusal> {
    Some(match reply {
        0 => return None,
        1 => Refusal::passing("the proxy failed"),
        2 => Refusal::permanent("the proxy's rules do not allow it"),
        3 => Refusal::passing("the proxy cannot reach the network"),
        4 => Refusal::passing("the proxy cannot reach the host"),
        5 => Refusal::passing("the host refused the proxy's connection"),
        6 => Refusal::passing("the proxy's packets ran out of time"),
        7 | 8 => Refusal::permanent("the proxy does not know this kind of request"),
        other => Refusal::passing(format!("the proxy answered with code {other}")),
    })
}

/// The name of a login is the protocol's `USERID`; there is no password.
pub(super) async fn tunnel4(
    mut stream: Stream,
    target: &Target,
    login: Option<&Login>,
) -> Result<Stream, Refusal> {
    let (address, name) = match target.host.parse() {
        Ok(IpAddr::V4(address)) => (address, None),
        Ok(IpAddr::V6(_)) => return Err(Refusal::permanent("SOCKS 4 knows no IPv6")),
        // SOCKS 4a: an impossible address announces a name.
        Err(_) => (Ipv4Addr::new(0, 0, 0, 1), Some(&target.host)),
    };
    let mut message = vec![4, 1];
    message.extend(target.port.to_be_bytes());
    message.extend(address.octets());
    message.extend(
        login
            .map(|login| login.name.expose())
            .unwrap_or_default()
            .bytes(),
    );
    message.push(0);
    if let Some(name) = name {
        message.extend(name.bytes());
        message.push(0);
    }
    send(&mut stream, &message).await?;
    let [version, reply, ..] = receive::<8>(&mut stream).await?;
    expect(version == 0, "4")?;
    match reply {
        90 => Ok(stream),
        91 => Err(Refusal::passing("the proxy refused or failed")),
        92 | 93 => Err(Refusal::login(login)),
        other => Err(Refusal::passing(format!(
            "the proxy answered with code {other}"
        ))),
    }
}

async fn send(stream: &mut Stream, bytes: &[u8]) -> Result<(), Refusal> {
    stream.write_all(bytes).await?;
    Ok(stream.flush().await?)
}

async fn receive<const N: usize>(stream: &mut Stream) -> Result<[u8; N], Refusal> {
    let mut bytes = [0; N];
    stream.read_exact(&mut bytes).await?;
    Ok(bytes)
}

fn expect(is_as_said: bool, version: &str) -> Result<(), Refusal> {
    if is_as_said {
        Ok(())
    } else {
        Err(not_socks(version))
    }
}

fn not_socks(version: &str) -> Refusal {
    Refusal::permanent(format!("the proxy does not speak SOCKS {version}"))
}
