//! Log of a node's requests.

use std::collections::VecDeque;

use bytes::Bytes;
use http::Request;

/// Most requests that are kept; the oldest are dropped first.
const REQUESTS: usize = 4096;
/// Longest body that is remembered, in bytes; of a longer one nothing is.
const BODY: usize = 4096;

/// A request to a node, other than for a socket.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct NodeRequest {
    /// Time in Unix milliseconds.
    pub at: i64,
    /// Its method.
    pub method: String,
    /// Its path, without the query.
    pub path: String,
    /// Its body; empty where there was none, or one of more than 4 KiB.
    pub body: String,
}

impl NodeRequest {
    /// Whether the request sets or removes a player's track.
    pub fn is_about_track(&self) -> bool {
        let body: serde_json::Value = serde_json::from_str(&self.body).unwrap_or_default();
        let fields = ["track", "encodedTrack", "identifier"];
        self.method == "PATCH" && fields.iter().any(|field| body.get(field).is_some())
    }
}

/// The newest requests, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct RequestLog(VecDeque<NodeRequest>);

impl RequestLog {
    pub(crate) fn add(&mut self, at: i64, request: &Request<Option<Bytes>>) {
        if self.0.len() >= REQUESTS {
            self.0.pop_front();
        }
        let body = request.body().as_deref().unwrap_or_default();
        let body = if body.len() > BODY { &[] } else { body };
        self.0.push_back(NodeRequest {
            at,
            method: request.method().to_string(),
            path: request.uri().path().to_owned(),
            body: String::from_utf8_lossy(body).into_owned(),
        });
    }

    pub(crate) fn all(&self) -> Vec<NodeRequest> {
        self.0.iter().cloned().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn request(body: &str) -> Request<Option<Bytes>> {
        let request = Request::patch("http://a/v4/sessions/s/players/1?noReplace=true");
        let body = Bytes::copy_from_slice(body.as_bytes());
        request.body(Some(body)).expect("a request")
    }

    #[test]
    fn it_remembers_so_many_requests_and_no_body_that_is_long() {
        let mut asked = RequestLog::default();
        asked.add(1, &request(&"x".repeat(BODY + 1)));
        assert_eq!(asked.all()[0].body, "");
        for at in 0..5000 {
            asked.add(at, &request("{}"));
        }
        let all = asked.all();
        assert_eq!((all.len(), all[0].at), (REQUESTS, 5000 - 4096));
        assert_eq!(all[0].path, "/v4/sessions/s/players/1");
    }

    #[test]
    fn it_tells_which_requests_are_about_a_track() {
        let mut asked = RequestLog::default();
        for body in [r#"{"track":{"encoded":null}}"#, r#"{"volume":5}"#, "oops"] {
            asked.add(0, &request(body));
        }
        let about: Vec<bool> = asked
            .all()
            .iter()
            .map(NodeRequest::is_about_track)
            .collect();
        assert_eq!(about, [true, false, false]);
    }
}
