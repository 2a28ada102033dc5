//! From a request that twilight built to one for the network.
//!
//! The token goes into the header `Authorization` with the prefix `Bot`, marked as sensitive, so that no log of the HTTP
//! stack shows it; requests of webhooks and interactions go without it, and those for a user with the user's own
//! ([Discord's page](https://discord.com/developers/docs/reference#authentication)).
//! A prepared request can be sent several times with the same bytes.

use antiphon_core::Secret;
use bytes::Bytes;
use http::{
    HeaderMap, HeaderValue, Method, Request, Uri,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};
use twilight_http::request::Method as Verb;

use super::{UnsentRequest, reason};
use crate::error::RequestError;

/// Parts that every request has.
#[derive(Debug)]
pub(super) struct RequestParts {
    /// Base URL with version and without a slash at the end.
    base: String,
    /// Header with the token; absent if the token has a character that no header may have.
    authorization: Option<HeaderValue>,
    /// `User-Agent` as Discord asks for it; absent if it has a character that no header may have.
    user_agent: Option<HeaderValue>,
}

/// A request that can be sent several times.
#[derive(Debug)]
pub(super) struct PreparedRequest {
    pub(super) method: Method,
    /// Path below the base URL, with the query.
    pub(super) path: String,
    /// Whether it carries the bot's token.
    pub(super) is_authorized: bool,
    /// Whether a 401 means that Discord does not know the token.
    pub(super) shows_token: bool,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
}

impl RequestParts {
    pub(super) fn new(base: &str, token: &Secret, user_agent: &str) -> Self {
        let token = token.expose().trim();
        let token = token.strip_prefix("Bot ").unwrap_or(token);
        let mut authorization = HeaderValue::try_from(format!("Bot {token}")).ok();
        if let Some(value) = &mut authorization {
            value.set_sensitive(true);
        }
        Self {
            base: base.trim_end_matches('/').to_owned(),
            authorization,
            user_agent: HeaderValue::try_from(user_agent).ok(),
        }
    }

    /// Prepares a request for the network.
    pub(super) fn prepare(
        &self,
        unsent: UnsentRequest<'_>,
    ) -> Result<PreparedRequest, RequestError> {
        let request = unsent.request.map_err(RequestError::Invalid)?;
        let path = request.path().to_owned();
        let uri = format!("{}/{path}", self.base)
            .parse()
            .map_err(|error: http::uri::InvalidUri| RequestError::Invalid(error.into()))?;
        // A user's access token, where a request carries one instead of the bot's.
        let mut headers = request.headers().cloned().unwrap_or_default();
        if let Some(reason) = unsent.reason {
            headers.insert(reason::HEADER, reason::encoded(&reason)?);
        }
        let is_authorized = request.use_authorization_token();
        if is_authorized {
            let value = self.authorization.clone().ok_or_else(|| {
                RequestError::Invalid("the token holds characters that no header may".into())
            })?;
            headers.insert(AUTHORIZATION, value);
        }
        if let Some(value) = &self.user_agent {
            headers.insert(USER_AGENT, value.clone());
        }
        let body = match (request.form(), request.body()) {
            (Some(form), _) => {
                let kind = HeaderValue::try_from(form.content_type())
                    .map_err(|error| RequestError::Invalid(error.into()))?;
                headers.insert(CONTENT_TYPE, kind);
                Some(form.clone().build())
            }
            (None, Some(json)) => {
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
                Some(json.to_vec())
            }
            (None, None) => None,
        };
        Ok(PreparedRequest {
            method: method(request.method()),
            path,
            is_authorized,
            shows_token: is_authorized && unsent.blames_token,
            uri,
            headers,
            body: body.unwrap_or_default().into(),
        })
    }
}

impl RequestParts {
    /// A request for a page of Discord's CDN, without the token.
    ///
    /// A server that stands for Discord stands for its CDN as well, under the same paths.
    pub(super) fn page(&self, url: &Uri) -> Request<Bytes> {
        let api: Option<Uri> = self.base.parse().ok();
        let other = api.filter(|api| !is_discords(api.host().unwrap_or_default()));
        let mut parts = url.clone().into_parts();
        if let Some(other) = other {
            let other = other.into_parts();
            (parts.scheme, parts.authority) = (other.scheme, other.authority);
        }
        let mut request = Request::new(Bytes::new());
        // The parts are those of two whole URLs.
        *request.uri_mut() = Uri::from_parts(parts).unwrap_or_else(|_| url.clone());
        if let Some(value) = &self.user_agent {
            request.headers_mut().insert(USER_AGENT, value.clone());
        }
        request
    }
}

/// Whether a host is one of Discord's own for its API.
fn is_discords(host: &str) -> bool {
    ["discord.com", "discordapp.com"].into_iter().any(|known| {
        host.strip_suffix(known)
            .is_some_and(|before| before.is_empty() || before.ends_with('.'))
    })
}

impl PreparedRequest {
    /// The request to send.
    pub(super) fn request(&self) -> Request<Bytes> {
        let mut request = Request::new(self.body.clone());
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.uri.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

fn method(verb: Verb) -> Method {
    match verb {
        Verb::Delete => Method::DELETE,
        Verb::Patch => Method::PATCH,
        Verb::Post => Method::POST,
        Verb::Put => Method::PUT,
        _ => Method::GET,
    }
}
