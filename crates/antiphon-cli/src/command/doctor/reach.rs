//! Whether a server can be reached, and why not.
//!
//! The network's errors say at which step a connection failed; this file makes findings of them. TLS is told by the
//! words of rustls, which has no stable way to ask.

use std::{error::Error, time::Duration};

use antiphon::net::{ConnectError, HttpError, Network, Phase};
use bytes::Bytes;
use http::{Request, Response, Uri, header};
use jiff::{Timestamp, fmt::rfc2822};

use super::Probe;
use crate::finding::{Code, Finding};

/// Difference between this machine's clock and a server's from which it is reported.
const MOST_SKEW: Duration = Duration::from_secs(30);

/// Answer of a server.
pub(crate) type Answer = Response<Bytes>;

impl Probe {
    /// Asks a server, notes what is wrong with the way to it, and gives its answer, whatever its status is.
    ///
    /// A page of HTML and a redirect are no answers: something else stands at the address.
    pub(crate) async fn ask(
        &mut self,
        network: &Network,
        request: Request<Bytes>,
    ) -> Option<Answer> {
        let uri = request.uri().clone();
        match network.http().send(request).await {
            Ok(answer) => {
                self.look_at_the_clock(&answer);
                match page(&uri, &answer).or_else(|| elsewhere(&uri, &answer)) {
                    None => Some(answer),
                    Some(finding) => {
                        self.met(behind(network, &uri, finding));
                        None
                    }
                }
            }
            Err(error) => {
                let finding = explain_http(network, &uri, &error).await;
                self.met(behind(network, &uri, finding));
                None
            }
        }
    }

    /// Asks for a page, whatever it is, and notes that the server answers.
    pub(crate) async fn reaches(&mut self, network: &Network, url: &str) -> bool {
        let Ok(request) = Request::get(url).body(Bytes::new()) else {
            self.met(Finding::new(Code::UrlWrong, "the URL cannot be used"));
            return false;
        };
        let uri = request.uri().clone();
        match network.http().send(request).await {
            Ok(answer) => {
                self.look_at_the_clock(&answer);
                self.fine(format!("{url} answers"));
                true
            }
            Err(error) => {
                let finding = explain_http(network, &uri, &error).await;
                self.met(behind(network, &uri, finding));
                false
            }
        }
    }

    /// Opens a connection and closes it again; notes what is wrong with the way to the server.
    pub(crate) async fn open(&mut self, network: &Network, url: &str) -> bool {
        let Ok(uri) = url.parse::<Uri>() else {
            self.met(Finding::new(Code::UrlWrong, "the server named no URL"));
            return false;
        };
        match network.open(&uri).await {
            Ok(_) => true,
            Err(error) => {
                self.met(explain_connect(&error));
                false
            }
        }
    }

    fn look_at_the_clock(&mut self, answer: &Answer) {
        let date = answer.headers().get(header::DATE);
        let date = date.and_then(|date| date.to_str().ok());
        let Some(date) = date.and_then(|date| rfc2822::parse(date).ok()) else {
            return;
        };
        let skew = Timestamp::now().duration_since(date.timestamp());
        if skew.unsigned_abs() > MOST_SKEW && !self.has_skew {
            self.has_skew = true;
            let way = if skew.is_negative() {
                "behind"
            } else {
                "ahead"
            };
            let seconds = skew.unsigned_abs().as_secs();
            self.found(Finding::new(
                Code::ClockSkew,
                format_args!("this machine's clock is {seconds} s {way} of the server's"),
            ));
        }
    }
}

/// What is wrong with an answer that is a page; nothing with any other.
fn page(uri: &Uri, answer: &Answer) -> Option<Finding> {
    let kind = answer.headers().get(header::CONTENT_TYPE);
    let is_html = kind.is_some_and(|kind| kind.as_bytes().starts_with(b"text/html"));
    let text = String::from_utf8_lossy(answer.body()).to_ascii_lowercase();
    let status = answer.status().as_u16();
    let host = uri.host().unwrap_or_default();
    if status == 400 && (text.contains("https port") || text.contains("speaks tls")) {
        let message = format!("{host} wants TLS where the URL says {}", scheme(uri));
        return Some(Finding::new(Code::TlsExpected, message));
    }
    is_html.then(|| {
        let message = format!("{host} answered with a page of HTML and status {status}");
        Finding::new(Code::NotThisService, message)
    })
}

/// What is wrong with an answer that leads to another address: none that is examined does.
fn elsewhere(uri: &Uri, answer: &Answer) -> Option<Finding> {
    let status = answer.status();
    if !status.is_redirection() {
        return None;
    }
    let host = uri.host().unwrap_or_default();
    let to = answer.headers().get(header::LOCATION);
    let to = to.and_then(|to| to.to_str().ok()?.parse::<Uri>().ok());
    let of = format!(
        "{host} answered with a redirect (status {})",
        status.as_u16()
    );
    let Some((to, at)) = to.as_ref().and_then(|to| Some((to, to.authority()?))) else {
        return Some(Finding::new(Code::NotThisService, of));
    };
    // Path and query may be anybody's, and a name before the host a login.
    let at = at.as_str().rsplit('@').next().unwrap_or_default();
    let message = format!("{of} to {}://{at}", scheme(to));
    let finding = Finding::new(Code::NotThisService, message);
    Some(
        if to.host() == uri.host() && scheme(to) == "https" && scheme(uri) == "http" {
            finding.hint("write `https://` into the URL")
        } else {
            finding.hint("write the address that answers by itself into the URL; a login page of the network may stand in between")
        },
    )
}

/// A finding about an answer, with the proxy that may have given it in the server's place.
fn behind(network: &Network, uri: &Uri, finding: Finding) -> Finding {
    let is_of_the_way = matches!(
        finding.code,
        Code::NotThisService | Code::AnswerTimedOut | Code::TlsExpected
    );
    match network.proxy_to(uri).filter(|_| is_of_the_way) {
        Some(proxy) => finding.hint(format!(
            "look at the proxy {proxy} first, which may answer in the server's place; then at the URL"
        )),
        None => finding,
    }
}

fn scheme(uri: &Uri) -> &str {
    uri.scheme_str().unwrap_or_default()
}

/// Finds out why a request got no answer.
async fn explain_http(network: &Network, uri: &Uri, error: &HttpError) -> Finding {
    let host = uri.host().unwrap_or_default();
    match error {
        HttpError::Connect(error) => explain_connect(error),
        HttpError::TimedOut { .. } => Finding::new(
            Code::AnswerTimedOut,
            format_args!("{host} did not answer in time"),
        )
        .because(error),
        HttpError::Broken { .. } if scheme(uri) == "http" && speaks_tls(network, uri).await => {
            Finding::new(
                Code::TlsExpected,
                format_args!("{host} wants TLS where the URL says http"),
            )
            .because(words(error))
        }
        _ => Finding::new(
            Code::NotThisService,
            format_args!("{host} does not answer as a web server does"),
        )
        .because(words(error)),
    }
}

/// Whether a server that was asked without TLS speaks it.
async fn speaks_tls(network: &Network, uri: &Uri) -> bool {
    let port = uri.port_u16().unwrap_or(80);
    let host = uri.host().unwrap_or_default();
    let Ok(secure) = format!("https://{host}:{port}/").parse::<Uri>() else {
        return false;
    };
    match network.open(&secure).await {
        Ok(_) => true,
        // A certificate that is not trusted comes from a server that speaks TLS.
        Err(error) => error.phase() == Phase::Tls && words(&error).contains("certificate"),
    }
}

/// The finding about an error of a platform's library: the way to the server, if that is the cause.
pub(crate) fn explain(error: &(dyn Error + 'static)) -> Option<Finding> {
    let mut cause = Some(error);
    while let Some(error) = cause {
        if let Some(error) = error.downcast_ref::<ConnectError>() {
            return Some(explain_connect(error));
        }
        if let Some(HttpError::Connect(error)) = error.downcast_ref::<HttpError>() {
            return Some(explain_connect(error));
        }
        cause = error.source();
    }
    None
}

/// Finds the step at which a connection failed, and what it says.
fn explain_connect(error: &ConnectError) -> Finding {
    let said = words(error);
    let code = code_of(error.phase(), &said);
    let (message, cause) = match said.split_once(": ") {
        Some((message, cause)) => (message.to_owned(), Some(cause.to_owned())),
        None => (said, None),
    };
    let finding = match way_out(error.phase(), code, &message) {
        Some(hint) => Finding::new(code, message).hint(hint),
        None => Finding::new(code, message),
    };
    match cause {
        Some(cause) => finding.because(cause),
        None => finding,
    }
}

/// The way out of TLS that failed with a proxy, or through one; the code's own speaks of the server.
fn way_out(phase: Phase, code: Code, message: &str) -> Option<&'static str> {
    if phase != Phase::Tls {
        return None;
    }
    let with_proxy = message.contains("the proxy ");
    let through = message.contains(" through ");
    match code {
        Code::TlsNotSpoken if with_proxy => {
            Some("write `http://` before the address of the proxy, or the port where it speaks TLS")
        }
        Code::TlsWrongHost if with_proxy => {
            Some("write the name that the proxy's certificate has into the URL of the proxy")
        }
        Code::TlsExpired if with_proxy => Some("renew the certificate of the proxy"),
        Code::TlsNotSpoken | Code::TlsWrongHost | Code::TlsFailed if through => {
            Some("look at the proxy first, which may answer in the server's place; then at the URL")
        }
        _ => None,
    }
}

/// The code for a step that failed and what was said of it.
fn code_of(phase: Phase, said: &str) -> Code {
    let has = |text: &str| said.contains(text);
    let is_proxy = has("the proxy ");
    match phase {
        Phase::Resolve | Phase::Connect if is_proxy => Code::ProxyUnreachable,
        Phase::Resolve => Code::HostUnknown,
        Phase::Connect if has("no answer within") => Code::ConnectTimedOut,
        Phase::Connect if has("refused") => Code::ConnectRefused,
        Phase::Connect => Code::ConnectFailed,
        Phase::Proxy if has("does not accept the login") || has("asks for a login") => {
            Code::ProxyLoginRefused
        }
        Phase::Proxy => Code::ProxyRefused,
        Phase::Tls if has("expired") || has("not valid yet") => Code::TlsExpired,
        Phase::Tls if has("not valid for") => Code::TlsWrongHost,
        Phase::Tls if has("UnknownIssuer") => Code::TlsUnknownIssuer,
        Phase::Tls if has("InvalidContentType") => Code::TlsNotSpoken,
        _ => Code::TlsFailed,
    }
}

/// An error and its causes as one sentence.
fn words(error: &dyn Error) -> String {
    let mut said = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        said = format!("{said}: {error}");
        cause = error.source();
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_certificate_is_told_by_what_is_wrong_with_it() {
        let code = |said| code_of(Phase::Tls, said);
        assert_eq!(
            code("invalid peer certificate: certificate expired: verification time 5"),
            Code::TlsExpired
        );
        assert_eq!(
            code("invalid peer certificate: certificate not valid yet"),
            Code::TlsExpired
        );
    }
}
