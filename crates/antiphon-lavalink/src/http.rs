//! Requests to nodes ([REST API](https://lavalink.dev/api/rest.html)) and the classification of their responses
//! (protocol §5).
//!
//! Handles send requests about tracks and nodes from here directly; the loop sends those about sessions and players.
//! Every request has the password and the client's name. Time limits and the size of responses are those of the
//! network's HTTP client.
//!
//! # Classification
//! 1. 204, or any other success: the body, or none.
//! 2. 401 and 403: the password is wrong, whatever the body says; Lavalink sends none.
//! 3. A JSON object with a message: the node's own error; 404 with `Session not found` is a session that is gone or
//!    waits to be resumed.
//! 4. Anything else is somebody else's page: the status alone.
//!
//! Nothing is repeated here: a player's request is repeated by `player/request.rs`, and any other by its caller.

use std::time::Duration;

use antiphon_core::json_position;
use antiphon_net::HttpClient;
use bytes::Bytes;
use form_urlencoded::byte_serialize;
use http::{
    HeaderValue, Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, USER_AGENT},
};

use crate::{
    config::{Config, NodeConfig},
    error::{Failure, LoadError, RequestError},
    model::{
        GuildId, LoadResult, Lyrics, LyricsMatch, LyricsOptions, Playable, SearchResults,
        SearchType, load_result,
    },
    player::{RemotePlayer, RequestBody},
    pool::remotes,
    wire::{self, Info, RoutePlanner, StatsOP},
};

/// `resume_timeout` at which sessions are not kept.
const NO_TIMEOUT: u64 = 0;

/// Sends requests to the nodes of a pool.
#[derive(Clone, Debug)]
pub(crate) struct Http {
    client: HttpClient,
    /// Addresses and passwords, by index.
    nodes: std::sync::Arc<[NodeConfig]>,
    user_agent: String,
    /// How long nodes keep a lost session; sent in whole seconds.
    resume_timeout: Duration,
}

/// The body of a successful response; `None` without content.
#[derive(Clone, Debug)]
pub(crate) struct Body(pub(crate) Option<Bytes>);

impl Body {
    /// The bytes; none where there is no content.
    fn bytes(&self) -> &[u8] {
        self.0.as_deref().unwrap_or_default()
    }

    /// Reads the body; the error has the position and not the content.
    fn json<'a, T: serde::Deserialize<'a>>(&'a self) -> Result<T, RequestError> {
        antiphon_core::read_json(self.bytes())
            .map_err(|error| RequestError::Undecodable(json_position(&error).into()))
    }
}

impl Http {
    pub(crate) fn new(config: &Config, client: HttpClient) -> Self {
        Self {
            client,
            nodes: config.nodes.clone().into(),
            user_agent: config.client_name.clone(),
            resume_timeout: config.resume_timeout,
        }
    }

    /// Sends one request; `path` begins with a slash and may have a query.
    ///
    /// The password is marked as sensitive, so that no log shows the header.
    pub(crate) async fn send(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: Option<Vec<u8>>,
    ) -> Result<Body, RequestError> {
        let config = &self.nodes[node];
        let invalid = |error: &dyn std::fmt::Display| RequestError::Invalid(error.to_string());
        let uri = config
            .address(path, false)
            .map_err(|error| invalid(&error))?;
        let mut password = HeaderValue::try_from(config.password.expose())
            .map_err(|_| RequestError::Invalid("the password cannot be sent".into()))?;
        password.set_sensitive(true);
        let mut request = Request::builder()
            .method(method)
            .uri(uri)
            .header(AUTHORIZATION, password)
            .header(USER_AGENT, &self.user_agent);
        if body.is_some() {
            request = request.header(CONTENT_TYPE, "application/json");
        }
        let request = request
            .body(Bytes::from(body.unwrap_or_default()))
            .map_err(|error| invalid(&error))?;
        let answer = self.client.send(request).await;
        let answer = answer.map_err(|error| RequestError::Unreachable {
            node: config.id.clone(),
            source: error.into(),
        })?;
        amounts_to(answer.status(), answer.into_body())
    }

    async fn get(&self, node: usize, path: &str) -> Result<Body, RequestError> {
        self.send(node, Method::GET, path, None).await
    }

    /// Sends a request with a JSON body.
    async fn send_json(
        &self,
        node: usize,
        method: Method,
        path: &str,
        body: &impl serde::Serialize,
    ) -> Result<Body, RequestError> {
        let body =
            serde_json::to_vec(body).map_err(|error| RequestError::Invalid(error.to_string()))?;
        self.send(node, method, path, Some(body)).await
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Tracks.

    /// Loads tracks: a load that failed is an outcome, and no error of the request.
    pub(crate) async fn load_tracks(
        &self,
        node: usize,
        identifier: &str,
    ) -> Result<LoadResult, LoadError> {
        let path = format!("/v4/loadtracks?identifier={}", encoded(identifier));
        let body = self.get(node, &path).await.map_err(LoadError::Request)?;
        let wire: wire::Loaded<'_> = body.json().map_err(LoadError::Request)?;
        load_result(wire).map_err(|error| {
            LoadError::Request(RequestError::Undecodable(json_position(&error).into()))
        })
    }

    pub(crate) async fn decode_track(
        &self,
        node: usize,
        track: &str,
    ) -> Result<Playable, RequestError> {
        let path = format!("/v4/decodetrack?encodedTrack={}", encoded(track));
        let body = self.get(node, &path).await?;
        let track: wire::Track<'_> = body.json()?;
        Ok(track.into())
    }

    pub(crate) async fn decode_tracks(
        &self,
        node: usize,
        tracks: &[&str],
    ) -> Result<Vec<Playable>, RequestError> {
        if tracks.is_empty() {
            // Nodes refuse an empty list (protocol §5).
            return Ok(Vec::new());
        }
        let body = self
            .send_json(node, Method::POST, "/v4/decodetracks", &tracks)
            .await?;
        let read = wire::objects::<wire::Track<'_>>(body.bytes());
        let read = read.map_err(|error| RequestError::Undecodable(json_position(&error).into()))?;
        if read.len() != tracks.len() {
            let told = format!("{} tracks for {}", read.len(), tracks.len());
            return Err(RequestError::Undecodable(told.into()));
        }
        Ok(read.into_iter().map(Into::into).collect())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Sessions and players.

    /// Enables [resuming](https://lavalink.dev/api/rest.html#update-session) as the configuration says, or disables it;
    /// returns whether the session will be kept.
    pub(crate) async fn update_session(
        &self,
        node: usize,
        session: &str,
        keep: bool,
    ) -> Result<bool, RequestError> {
        let timeout = self.resume_timeout.as_secs();
        let body = wire::ResumeSession {
            resuming: keep && timeout != NO_TIMEOUT,
            timeout,
        };
        let path = format!("/v4/sessions/{}", encoded(session));
        let body = self.send_json(node, Method::PATCH, &path, &body).await?;
        Ok(body.json::<wire::Resuming>()?.resuming)
    }

    pub(crate) async fn players(
        &self,
        node: usize,
        session: &str,
    ) -> Result<Vec<RemotePlayer>, RequestError> {
        let path = format!("/v4/sessions/{}/players", encoded(session));
        let body = self.get(node, &path).await?;
        remotes(body.bytes())
            .map_err(|error| RequestError::Undecodable(json_position(&error).into()))
    }

    /// One player; `None` where the node responds with 404, unless the session itself is gone.
    pub(crate) async fn player(
        &self,
        node: usize,
        session: &str,
        guild: GuildId,
    ) -> Result<Option<RemotePlayer>, RequestError> {
        match self.get(node, &player_path(session, guild)).await {
            Ok(body) => Ok(Some(body.json::<wire::Player<'_>>()?.into())),
            Err(RequestError::Lavalink(failure)) if failure.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// [Updates](https://lavalink.dev/api/rest.html#update-player) or destroys a player; an update returns the whole
    /// player.
    pub(crate) async fn update_player(
        &self,
        node: usize,
        session: &str,
        guild: GuildId,
        body: &RequestBody,
    ) -> Result<Option<RemotePlayer>, RequestError> {
        let path = player_path(session, guild);
        match body {
            RequestBody::Update { body, no_replace } => {
                let path = format!("{path}?noReplace={no_replace}");
                let answer = self.send_json(node, Method::PATCH, &path, body).await;
                let answer = answer.map_err(|error| error.without(body.voice.as_ref()))?;
                Ok(Some(answer.json::<wire::Player<'_>>()?.into()))
            }
            RequestBody::Plugin(request) => {
                let path = format!("{path}{}", request.path);
                let body = request
                    .body
                    .as_ref()
                    .map(|body| body.to_string().into_bytes());
                let answer = self.send(node, request.method.clone(), &path, body).await;
                answer.map(|_| None)
            }
            RequestBody::Destroy => self.destroy(node, session, guild).await.map(|()| None),
        }
    }

    pub(crate) async fn destroy(
        &self,
        node: usize,
        session: &str,
        guild: GuildId,
    ) -> Result<(), RequestError> {
        let path = player_path(session, guild);
        self.send(node, Method::DELETE, &path, None).await.map(drop)
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Plugins (protocol §5.7, §22).

    /// Lyrics of a track, by `LavaLyrics`.
    pub(crate) async fn lava_lyrics(
        &self,
        node: usize,
        track: &str,
        options: &LyricsOptions,
    ) -> Result<Option<Lyrics>, RequestError> {
        let track = encoded(track);
        let skips = options.skip_track_source;
        let path = format!("/v4/lyrics?track={track}&skipTrackSource={skips}");
        self.lyrics(node, &path).await
    }

    /// Lyrics of a track, by `NodeLink`, which wraps them as it wraps tracks.
    pub(crate) async fn node_link_lyrics(
        &self,
        node: usize,
        track: &str,
        options: &LyricsOptions,
    ) -> Result<Option<Lyrics>, RequestError> {
        let mut path = format!("/v4/loadlyrics?encodedTrack={}", encoded(track));
        let options = [("lang", &options.language), ("source", &options.source)];
        for (name, value) in options {
            if let Some(value) = value {
                path = format!("{path}&{name}={}", encoded(value));
            }
        }
        let body = self.get(node, &path).await?;
        let loaded: wire::LoadedLyrics<'_> = body.json()?;
        Ok((loaded.load_type == "lyrics").then(|| loaded.data.into()))
    }

    /// Lyrics of a video.
    pub(crate) async fn video_lyrics(
        &self,
        node: usize,
        video: &str,
    ) -> Result<Option<Lyrics>, RequestError> {
        self.lyrics(node, &format!("/v4/lyrics/{}", encoded(video)))
            .await
    }

    /// Videos whose lyrics fit these words, which are in the path for lyrics.kt.
    pub(crate) async fn search_lyrics(
        &self,
        node: usize,
        words: &str,
        in_path: bool,
    ) -> Result<Vec<LyricsMatch>, RequestError> {
        let path = if in_path {
            // A plus stands for itself in a path.
            format!("/v4/lyrics/search/{}", encoded(words).replace('+', "%20"))
        } else {
            format!("/v4/lyrics/search?query={}&source=youtube", encoded(words))
        };
        let body = match self.get(node, &path).await {
            Ok(body) => body,
            Err(error) if error.status() == Some(404) => return Ok(Vec::new()),
            Err(error) => return Err(error),
        };
        let found = wire::objects::<wire::VideoMatch<'_>>(body.bytes());
        let found =
            found.map_err(|error| RequestError::Undecodable(json_position(&error).into()))?;
        Ok(found.into_iter().map(Into::into).collect())
    }

    /// Lyrics of the best match at Genius.
    pub(crate) async fn genius_lyrics(
        &self,
        node: usize,
        words: &str,
    ) -> Result<Option<Lyrics>, RequestError> {
        let path = format!("/v4/lyrics/search?query={}&source=genius", encoded(words));
        self.lyrics(node, &path).await
    }

    /// Lyrics of a player's track, by the part of the path behind the player's own.
    pub(crate) async fn player_lyrics(
        &self,
        node: usize,
        session: &str,
        guild: GuildId,
        part: &str,
    ) -> Result<Option<Lyrics>, RequestError> {
        let path = format!("{}{part}", player_path(session, guild));
        match self.lyrics(node, &path).await {
            // java-lyrics-plugin and lyrics.kt refuse a player without a track so.
            Err(RequestError::Lavalink(failure)) if failure.status == 400 => Ok(None),
            lyrics => lyrics,
        }
    }

    /// Lyrics of a response; `None` for one without content, and for 404.
    async fn lyrics(&self, node: usize, path: &str) -> Result<Option<Lyrics>, RequestError> {
        match self.get(node, path).await {
            Ok(body) if body.bytes().is_empty() => Ok(None),
            Ok(body) => Ok(Some(body.json::<wire::Lyrics<'_>>()?.into())),
            Err(RequestError::Lavalink(failure)) if failure.status == 404 => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The categories of `SponsorBlock` of a player; `None` if it has none.
    pub(crate) async fn sponsorblock(
        &self,
        node: usize,
        session: &str,
        guild: GuildId,
        is_node_link: bool,
    ) -> Result<Option<Vec<String>>, RequestError> {
        let path = player_path(session, guild);
        let path = if is_node_link {
            format!("{path}/sponsorblock")
        } else {
            format!("{path}/sponsorblock/categories")
        };
        let body = match self.get(node, &path).await {
            Ok(body) => body,
            Err(RequestError::Lavalink(failure)) if failure.status == 404 => return Ok(None),
            Err(error) => return Err(error),
        };
        if is_node_link {
            let state: wire::SponsorBlock = body.json()?;
            return Ok(state.enabled.then_some(state.categories));
        }
        body.json().map(Some)
    }

    /// Results of an advanced search; none for a response without content.
    pub(crate) async fn load_search(
        &self,
        node: usize,
        query: &str,
        types: &[SearchType],
    ) -> Result<SearchResults, RequestError> {
        let words: Vec<&str> = types.iter().map(|kind| kind.as_str()).collect();
        let (query, types) = (encoded(query), encoded(&words.join(",")));
        let path = format!("/v4/loadsearch?query={query}&types={types}");
        let body = self.get(node, &path).await?;
        if body.bytes().is_empty() {
            return Ok(SearchResults::default());
        }
        Ok(body.json::<wire::SearchResult<'_>>()?.into())
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The node itself.

    pub(crate) async fn info(&self, node: usize) -> Result<Info, RequestError> {
        self.get(node, "/v4/info").await?.json()
    }

    pub(crate) async fn stats(&self, node: usize) -> Result<StatsOP, RequestError> {
        self.get(node, "/v4/stats").await?.json()
    }

    pub(crate) async fn version(&self, node: usize) -> Result<String, RequestError> {
        let body = self.get(node, "/version").await?;
        Ok(String::from_utf8_lossy(body.bytes()).trim().to_owned())
    }

    /// Status of the route planner; `None` if the node has none.
    pub(crate) async fn route_planner(
        &self,
        node: usize,
    ) -> Result<Option<RoutePlanner>, RequestError> {
        let body = self.get(node, "/v4/routeplanner/status").await?;
        if body.bytes().is_empty() {
            return Ok(None);
        }
        let planner: Option<RoutePlanner> = body.json()?;
        // Some servers send an object without a class instead of no content.
        Ok(planner.filter(|planner| !planner.class.is_empty()))
    }

    pub(crate) async fn free_address(
        &self,
        node: usize,
        address: &str,
    ) -> Result<(), RequestError> {
        let path = "/v4/routeplanner/free/address";
        let body = wire::Address { address };
        self.send_json(node, Method::POST, path, &body)
            .await
            .map(drop)
    }

    pub(crate) async fn free_all(&self, node: usize) -> Result<(), RequestError> {
        let path = "/v4/routeplanner/free/all";
        self.send(node, Method::POST, path, None).await.map(drop)
    }
}

/// Path of a player.
fn player_path(session: &str, guild: GuildId) -> String {
    format!("/v4/sessions/{}/players/{guild}", encoded(session))
}

/// A value for a path or a query: `+`, `/` and `=` of base64 must not be taken for anything else.
fn encoded(text: &str) -> String {
    byte_serialize(text.as_bytes()).collect()
}

/// Classifies a response by status and body together (protocol §5.1).
pub(crate) fn amounts_to(status: StatusCode, body: Bytes) -> Result<Body, RequestError> {
    if status == StatusCode::NO_CONTENT {
        return Ok(Body(None));
    }
    if status.is_success() {
        return Ok(Body(Some(body)));
    }
    if matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN) {
        return Err(RequestError::AuthorizationFailed {
            status: status.as_u16(),
        });
    }
    let Some(failure) = failure(status, &body) else {
        return Err(RequestError::Node {
            status: status.as_u16(),
        });
    };
    if status == StatusCode::NOT_FOUND && failure.message.starts_with("Session not found") {
        return Err(RequestError::SessionExpired(failure));
    }
    Err(RequestError::Lavalink(failure))
}

/// The node's error body; `None` if the body is something else, such as a proxy's page.
fn failure(status: StatusCode, body: &[u8]) -> Option<Failure> {
    let first = body.iter().find(|byte| !byte.is_ascii_whitespace());
    if first != Some(&b'{') {
        return None;
    }
    let wire: wire::Failure = antiphon_core::read_json(body).ok()?;
    if wire.message.is_empty() && wire.error.is_empty() {
        return None;
    }
    Some(Failure {
        timestamp: wire.timestamp,
        status: u16::try_from(wire.status)
            .ok()
            .filter(|status| *status != 0)
            .unwrap_or(status.as_u16()),
        error: wire.error,
        trace: wire.trace,
        message: wire.message,
        path: wire.path,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(status: u16, body: &'static str) -> RequestError {
        let status = StatusCode::from_u16(status).expect("a status");
        amounts_to(status, Bytes::from_static(body.as_bytes())).expect_err("a failure")
    }

    #[test]
    fn a_wrong_password_is_told_with_any_body() {
        for (status, body) in [(401, ""), (403, ""), (401, "Unauthorized"), (403, "<html>")] {
            let error = refused(status, body);
            assert!(
                matches!(error, RequestError::AuthorizationFailed { status: found } if found == status)
            );
            assert!(!error.is_transient());
        }
    }

    #[test]
    fn a_refusal_keeps_every_field() {
        let error = refused(
            400,
            r#"{"timestamp":1733000000123,"status":400,"error":"Bad Request","trace":"at x","message":"End time must be greater than 0","path":"/v4/x"}"#,
        );
        let RequestError::Lavalink(failure) = &error else {
            panic!("{error:?}")
        };
        assert_eq!(
            (failure.timestamp, failure.status, &*failure.error),
            (1_733_000_000_123, 400, "Bad Request")
        );
        assert_eq!(
            (failure.trace.as_deref(), &*failure.path),
            (Some("at x"), "/v4/x")
        );
        assert_eq!(
            error.to_string(),
            "the node refused with 400: End time must be greater than 0"
        );
    }

    #[test]
    fn a_refusal_repeats_no_secret_of_the_request() {
        let voice = wire::Voice {
            token: "t0ken".into(),
            endpoint: "e".into(),
            session_id: "s3ssion".into(),
            channel_id: "1".into(),
        };
        let error = refused(
            400,
            r#"{"status":400,"error":"Bad Request","trace":"t0ken","message":"Partial voice state: VoiceState(token=t0ken, sessionId=s3ssion)"}"#,
        );
        let error = format!("{0} {0:?}", error.without(Some(&voice)));
        assert!(
            !error.contains("t0ken") && !error.contains("s3ssion"),
            "{error}"
        );
        assert!(error.contains("Partial voice state"), "{error}");
    }

    #[test]
    fn an_expired_session_is_told_apart_from_a_missing_player() {
        let body = r#"{"timestamp":1,"status":404,"error":"Not Found","message":"Session not found","path":"/v4/x"}"#;
        let error = refused(404, body);
        assert!(matches!(error, RequestError::SessionExpired(_)) && error.is_transient());
        let body = r#"{"status":404,"error":"Not Found","message":"Player not found"}"#;
        assert!(matches!(refused(404, body), RequestError::Lavalink(_)));
    }

    #[test]
    fn pages_and_empty_answers_are_failures_without_their_words() {
        for (status, body, transient) in [
            (404, "", false),
            (502, "<html>bad gateway</html>", true),
            (503, "", true),
            (500, "{}", false),
            (302, "", false),
        ] {
            let error = refused(status, body);
            assert!(matches!(error, RequestError::Node { .. }), "{error:?}");
            assert_eq!(error.is_transient(), transient, "{status}");
            assert_eq!(error.status(), Some(status));
        }
        let error = refused(502, "<html>token=abc");
        assert!(!format!("{error} {error:?}").contains("abc"), "{error:?}");
    }

    #[test]
    fn what_stands_in_an_address_is_encoded() {
        assert_eq!(encoded("ytsearch:a+b/c=="), "ytsearch%3Aa%2Bb%2Fc%3D%3D");
    }
}
