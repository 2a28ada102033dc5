//! A player's plugin state: what a client declared once, and every new node or session is told again.
//!
//! A *part* is one piece of it: the categories of `SponsorBlock`, the subscription to lyrics, or a request of the
//! client's own ([`Declaration`]). Parts are kept in the order of their first declaration, and in the player's
//! checkpoint.
//!
//! # When a part is sent
//! - when it is declared, if the player has a node; the call fails if the node does not take it, and the part is not
//!   kept then;
//! - when the player gets its first node, and when it is put back at a node, in the order of the parts behind the
//!   request that makes the player there. Categories of `SponsorBlock`'s plugin go before it, since the plugin looks at
//!   them when a track begins (protocol §5.7);
//! - after a resumed session, since the plugins forget their state with the socket (protocol §5.7). The subscription to
//!   lyrics waits for the next track, because the lines of the current one still come and would come twice.
//!
//! # What holds
//! - Nothing is sent before the node's `info` is known, since plugin and `NodeLink` have different routes.
//! - A part that a node does not take is reported once ([`Output::PluginStateLost`]), and stays for the next node.
//! - At most [`MOST`] parts, with [`MOST_BYTES`] bytes of JSON in all.

use std::sync::Arc;

use http::Method;
use serde_json::{Value, json};

use super::{LocalPlayer, Operation, Output, Reply, Request};
use crate::{
    error::{DeclarationError, PlayerError, RequestError, Unsupported},
    wire::{Info, LyricsApi, SavedDeclaration, SavedRequest},
};

/// Parts of one player.
pub(crate) const MOST: usize = 16;
/// Bytes of all parts of one player, as JSON.
pub(crate) const MOST_BYTES: usize = 64 << 10;
/// Characters of a name.
const LONGEST_NAME: usize = 64;
/// Characters of a path.
const LONGEST_PATH: usize = 256;
/// Fields of the player's own route that are state of the player already, so that a declaration must not send them.
const OWN_FIELDS: [&str; 11] = [
    "crossfade",
    "encodedTrack",
    "endTime",
    "filters",
    "identifier",
    "nextTrack",
    "paused",
    "position",
    "track",
    "voice",
    "volume",
];

/// Name of the part for `SponsorBlock`.
pub(crate) const SPONSORBLOCK: &str = "sponsorblock";
/// Name of the part for lyrics.
pub(crate) const LYRICS: &str = "lyrics";

/// What is known of the player's node.
#[derive(Clone, Debug, Default)]
pub(crate) struct Features {
    /// Version and plugins; absent if the node did not tell.
    pub(crate) info: Option<Arc<Info>>,
    /// Whether the request for them was answered in this session, or failed.
    pub(crate) is_settled: bool,
    /// Whether it takes the next track beforehand.
    pub(crate) has_next_track: bool,
}

impl Features {
    fn is_node_link(&self) -> bool {
        self.info.as_ref().is_some_and(|info| info.is_node_link)
    }

    /// Whether the node told that it lacks something.
    fn lacks(&self, has: impl FnOnce(&Info) -> bool) -> bool {
        self.info.as_ref().is_some_and(|info| !has(info))
    }
}

/// A request below a player's path.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct PluginRequest {
    pub(crate) method: Method,
    /// Path behind the player's own; may have a query.
    pub(crate) path: String,
    pub(crate) body: Option<Value>,
}

impl PluginRequest {
    fn new(method: Method, path: impl Into<String>, body: Option<Value>) -> Self {
        Self {
            method,
            path: path.into(),
            body,
        }
    }

    fn check(&self) -> Result<(), DeclarationError> {
        let is_change = [Method::PUT, Method::PATCH, Method::POST, Method::DELETE];
        if !is_change.contains(&self.method) {
            return Err(DeclarationError::Method(self.method.to_string()));
        }
        let is_path = (self.path.is_empty() || self.path.starts_with(['/', '?']))
            && self.path.len() <= LONGEST_PATH
            && !self
                .path
                .contains(|c: char| c.is_whitespace() || c.is_control())
            && !self.path.contains("..");
        if !is_path {
            return Err(DeclarationError::Path(LONGEST_PATH));
        }
        let is_own = self.path.trim_start_matches('/').is_empty() || self.path.starts_with('?');
        if is_own && self.method == Method::DELETE {
            return Err(DeclarationError::Field("the whole player".into()));
        }
        let fields = self.body.as_ref().and_then(Value::as_object);
        let own = fields
            .into_iter()
            .flat_map(|fields| fields.keys())
            .find(|field| OWN_FIELDS.contains(&field.as_str()));
        match own.filter(|_| is_own) {
            Some(field) => Err(DeclarationError::Field(format!("`{field}`"))),
            None => Ok(()),
        }
    }

    fn saved(&self) -> SavedRequest {
        SavedRequest {
            method: self.method.to_string(),
            path: self.path.clone(),
            body: self.body.clone(),
        }
    }

    fn restored(saved: SavedRequest) -> Option<Self> {
        let method = saved.method.parse().ok()?;
        Some(Self::new(method, saved.path, saved.body))
    }
}

/// A request that sets a plugin's state of a player, declared once by [`Player::declare`](crate::Player::declare) and
/// sent again to each new node and session.
///
/// # Examples
/// `NodeLink`'s fading is a field of the player's own route, whose path is empty:
///
/// ```
/// use antiphon_lavalink::{Declaration, Method};
/// use serde_json::json;
///
/// let fading = Declaration::new("fading", Method::PATCH, "")
///     .body(json!({"fading": {"enabled": true, "trackStart": {"duration": 1500}}}))
///     .undo(Method::PATCH, "", Some(json!({"fading": {"enabled": false}})));
/// assert_eq!(fading.name(), "fading");
///
/// // A route of a plugin, which has to be installed.
/// let shown = Declaration::new("bands", Method::PUT, "/visualiser/bands").body(json!([63, 1000])).plugin("visualiser");
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct Declaration {
    name: String,
    plugin: Option<String>,
    put: PluginRequest,
    undo: Option<PluginRequest>,
}

impl Declaration {
    /// Creates a declaration with its name and its request.
    ///
    /// The name has 1 to 64 characters; another declaration of the same name replaces this one, in its place. The
    /// method is PUT, PATCH, POST or DELETE. The path is what stands behind the player's own
    /// (`/v4/sessions/{session}/players/{guild}`), such as `/sponsorblock/categories`; values in it must be
    /// percent-encoded. An empty path is the player's own route, for fields of other servers; fields that [`Player`]
    /// sets itself are refused.
    ///
    /// [`Player`]: crate::Player
    pub fn new(name: impl Into<String>, method: Method, path: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            plugin: None,
            put: PluginRequest::new(method, path, None),
            undo: None,
        }
    }

    /// Sets the body. Default: none.
    #[must_use]
    pub fn body(mut self, body: Value) -> Self {
        self.put.body = Some(body);
        self
    }

    /// Sets the plugin that the node needs, by its name in [`Info::plugins`](crate::Info::plugins). Default: none, so
    /// that only the node's 404 tells that it lacks the route.
    #[must_use]
    pub fn plugin(mut self, plugin: impl Into<String>) -> Self {
        self.plugin = Some(plugin.into());
        self
    }

    /// Sets the request that takes it back, sent by [`Player::retract`](crate::Player::retract). Default: none.
    #[must_use]
    pub fn undo(mut self, method: Method, path: impl Into<String>, body: Option<Value>) -> Self {
        self.undo = Some(PluginRequest::new(method, path, body));
        self
    }

    /// Its name.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// One piece of a player's plugin state.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Part {
    /// The categories that `SponsorBlock` skips.
    SponsorBlock(Arc<[String]>),
    /// The subscription to lyrics.
    Lyrics { skip_track_source: bool },
    /// A request of the client's own.
    Request(Arc<Declaration>),
}

impl Part {
    /// Its name among the parts.
    pub(crate) fn name(&self) -> &str {
        match self {
            Self::SponsorBlock(_) => SPONSORBLOCK,
            Self::Lyrics { .. } => LYRICS,
            Self::Request(declaration) => &declaration.name,
        }
    }

    /// The feature that its node needs, in words for people.
    fn feature(&self) -> String {
        match self {
            Self::SponsorBlock(_) => "SponsorBlock (`sponsorblock-plugin`)".to_owned(),
            Self::Lyrics { .. } => "live lyrics (`lavalyrics-plugin`)".to_owned(),
            Self::Request(declaration) => match &declaration.plugin {
                Some(plugin) => format!("plugin `{plugin}`"),
                None => format!("route {} {}", declaration.put.method, declaration.put.path),
            },
        }
    }

    /// Whether the node holds it in spite of this error: `LavaLyrics` does for a player that it does not know yet.
    pub(super) fn is_held_by(&self, error: &RequestError) -> bool {
        matches!(
            (self, error),
            (Self::Lyrics { .. }, RequestError::Lavalink(failure))
                if failure.status == 404 && failure.message == "Player not found"
        )
    }

    /// Whether it goes before the request that begins a track.
    pub(super) fn is_early(&self) -> bool {
        matches!(self, Self::SponsorBlock(_))
    }

    /// Checks names, paths and fields.
    fn check(&self) -> Result<(), DeclarationError> {
        let Self::Request(declaration) = self else {
            return Ok(());
        };
        let name = &declaration.name;
        if name.is_empty() || name.chars().count() > LONGEST_NAME {
            return Err(DeclarationError::Name(LONGEST_NAME));
        }
        if [SPONSORBLOCK, LYRICS].contains(&name.as_str()) {
            return Err(DeclarationError::Reserved(name.clone()));
        }
        declaration.put.check()?;
        declaration
            .undo
            .as_ref()
            .map_or(Ok(()), PluginRequest::check)
    }

    /// Bytes of its stored form.
    fn weight(&self) -> usize {
        serde_json::to_vec(&self.saved()).map_or(0, |saved| saved.len())
    }

    /// The request that sets it at a node; `None` if the node told that it lacks the feature.
    fn put(&self, node: &Features) -> Option<PluginRequest> {
        Some(match self {
            Self::SponsorBlock(_) if node.lacks(Info::has_sponsorblock) => return None,
            Self::SponsorBlock(categories) if node.is_node_link() => {
                let body = json!({"enabled": true, "categories": categories});
                PluginRequest::new(Method::PATCH, "/sponsorblock", Some(body))
            }
            Self::SponsorBlock(categories) => {
                let body = json!(categories);
                PluginRequest::new(Method::PUT, "/sponsorblock/categories", Some(body))
            }
            Self::Lyrics { .. }
                if node.lacks(|info| info.lyrics().is_some_and(LyricsApi::is_live)) =>
            {
                return None;
            }
            Self::Lyrics { skip_track_source } => {
                let path = format!("/lyrics/subscribe?skipTrackSource={skip_track_source}");
                PluginRequest::new(Method::POST, path, None)
            }
            Self::Request(declaration) => {
                let lacks = |plugin: &String| node.lacks(|info| info.has_plugin(plugin));
                if declaration.plugin.as_ref().is_some_and(lacks) {
                    return None;
                }
                declaration.put.clone()
            }
        })
    }

    /// The request that takes it back at a node; `None` if there is nothing to take back.
    fn undo(&self, node: &Features) -> Option<PluginRequest> {
        self.put(node)?;
        match self {
            // Its DELETE removes segments, and leaves the categories.
            Self::SponsorBlock(_) if node.is_node_link() => Some(PluginRequest::new(
                Method::PATCH,
                "/sponsorblock",
                Some(json!({"enabled": false})),
            )),
            Self::SponsorBlock(_) => Some(PluginRequest::new(
                Method::DELETE,
                "/sponsorblock/categories",
                None,
            )),
            Self::Lyrics { .. } => Some(PluginRequest::new(
                Method::DELETE,
                "/lyrics/subscribe",
                None,
            )),
            Self::Request(declaration) => declaration.undo.clone(),
        }
    }

    /// Its stored form.
    pub(crate) fn saved(&self) -> SavedDeclaration {
        match self {
            Self::SponsorBlock(categories) => SavedDeclaration::SponsorBlock(categories.to_vec()),
            Self::Lyrics { skip_track_source } => SavedDeclaration::Lyrics {
                skip_track_source: *skip_track_source,
            },
            Self::Request(declaration) => SavedDeclaration::Request {
                name: declaration.name.clone(),
                plugin: declaration.plugin.clone(),
                put: declaration.put.saved(),
                undo: declaration.undo.as_ref().map(PluginRequest::saved),
            },
        }
    }

    /// Restores a stored part; `None` for one that cannot be sent.
    pub(crate) fn restored(saved: SavedDeclaration) -> Option<Self> {
        Some(match saved {
            SavedDeclaration::SponsorBlock(categories) => Self::SponsorBlock(categories.into()),
            SavedDeclaration::Lyrics { skip_track_source } => Self::Lyrics { skip_track_source },
            SavedDeclaration::Request {
                name,
                plugin,
                put,
                undo,
            } => Self::Request(Arc::new(Declaration {
                name,
                plugin,
                put: PluginRequest::restored(put)?,
                undo: undo.and_then(PluginRequest::restored),
            })),
        })
    }
}

impl LocalPlayer {
    /// Takes a part, and sends it if there is a node.
    pub(super) fn declare(&mut self, part: Part, reply: Reply) {
        if let Err(error) = self.room_for(&part) {
            let _ = reply.send(Err(PlayerError::Declaration(error)));
            return;
        }
        if self.node.is_none() {
            // The first node is told.
            self.keep_part(part);
            let _ = reply.send(Ok(None));
            return;
        }
        self.push(Operation::Declare(part), Some(reply));
    }

    /// Gives up the part of this name, and takes it back at the node.
    pub(super) fn retract(&mut self, name: &str, reply: Reply) {
        self.drop_replays(|part| part.name() == name);
        let declared = Arc::make_mut(&mut self.declared);
        let index = declared.iter().position(|part| part.name() == name);
        let part = index.map(|index| declared.remove(index));
        self.dirty |= part.is_some();
        self.resubscribe &= name != LYRICS;
        match part {
            Some(part) if self.node.is_some() => {
                self.push(Operation::Retract(part), Some(reply));
            }
            _ => drop(reply.send(Ok(None))),
        }
    }

    /// Whether a part is sound, and has room beside the others.
    fn room_for(&self, part: &Part) -> Result<(), DeclarationError> {
        part.check()?;
        let others = || {
            self.declared
                .iter()
                .filter(|known| known.name() != part.name())
        };
        if others().count() >= MOST {
            return Err(DeclarationError::TooMany(MOST));
        }
        let bytes = others().map(Part::weight).sum::<usize>() + part.weight();
        if bytes > MOST_BYTES {
            return Err(DeclarationError::TooLarge(MOST_BYTES));
        }
        Ok(())
    }

    /// Keeps a part, in the place of one with its name.
    pub(super) fn keep_part(&mut self, part: Part) {
        let declared = Arc::make_mut(&mut self.declared);
        match declared
            .iter_mut()
            .find(|known| known.name() == part.name())
        {
            Some(known) => *known = part,
            None => declared.push(part),
        }
        self.dirty = true;
    }

    /// Removes the requests that send parts again.
    fn drop_replays(&mut self, is: impl Fn(&Part) -> bool) {
        self.requests.retain(|request| {
            let Operation::Declare(part) = &request.operation else {
                return true;
            };
            request.reply.is_some() || !is(part)
        });
    }

    /// Queues all parts for a new node or session: early ones first, the others behind the request that makes the
    /// player there.
    pub(super) fn replay_declared(&mut self) {
        self.drop_replays(|_| true);
        self.resubscribe = false;
        let request = |part: &Part| Request::new(Operation::Declare(part.clone()), None);
        let declared = Arc::clone(&self.declared);
        let anchor = self.anchor().map_or(0, |index| index + 1);
        let late = declared.iter().filter(|part| !part.is_early());
        for (index, part) in late.enumerate() {
            self.requests.insert(anchor + index, request(part));
        }
        for part in declared.iter().rev().filter(|part| part.is_early()) {
            self.requests.push_front(request(part));
        }
    }

    /// Sends the parts again after a resumed session, whose plugins forgot them.
    pub(crate) fn on_resumed(&mut self) {
        if self.declared.is_empty() || self.is_gone {
            return;
        }
        self.replay_declared();
        if self.current().is_some() {
            // The lines of this track still come.
            self.drop_replays(|part| part.name() == LYRICS);
            self.resubscribe = self.declared.iter().any(|part| part.name() == LYRICS);
        }
    }

    /// Subscribes to lyrics again, once the next track after a resumed session begins.
    pub(super) fn subscribe_again(&mut self) {
        if !std::mem::take(&mut self.resubscribe) {
            return;
        }
        let lyrics = self.declared.iter().find(|part| part.name() == LYRICS);
        if let Some(lyrics) = lyrics.cloned() {
            self.requests
                .push_front(Request::new(Operation::Declare(lyrics), None));
        }
    }

    /// Index of the request that makes the player at its node.
    fn anchor(&self) -> Option<usize> {
        self.requests.iter().position(|request| {
            matches!(
                request.operation,
                Operation::Voice | Operation::Restore { .. }
            )
        })
    }

    /// Whether the first request must go behind the one that makes the player: `NodeLink` knows no parts before.
    pub(super) fn put_off_first(&mut self) -> bool {
        let is_early = |request: &Request| matches!(&request.operation, Operation::Declare(part) if part.is_early());
        if !self.features.is_node_link() || !self.requests.front().is_some_and(is_early) {
            return false;
        }
        let Some(anchor) = self.anchor() else {
            return false;
        };
        if let Some(first) = self.requests.pop_front() {
            // The anchor moved one place to the front.
            self.requests.insert(anchor, first);
        }
        true
    }

    /// The plugin request of an operation: `Err` if the node lacks the feature, `Ok(None)` if there is nothing to send.
    pub(super) fn plugin_request(
        &self,
        operation: &Operation,
    ) -> Result<Option<PluginRequest>, Unsupported> {
        match operation {
            Operation::Declare(part) => match part.put(&self.features) {
                Some(request) => Ok(Some(request)),
                None => Err(self.unsupported(part)),
            },
            Operation::Retract(part) => Ok(part.undo(&self.features)),
            _ => Ok(None),
        }
    }

    /// The error of a part that the node does not know.
    pub(super) fn unsupported(&self, part: &Part) -> Unsupported {
        Unsupported {
            node: self.node.clone().unwrap_or_else(|| "".into()),
            feature: part.feature(),
        }
    }

    /// Reports that a node did not take a part; it stays for the next node.
    pub(super) fn part_lost(&mut self, part: &Part, reason: String) {
        tracing::warn!(guild = %self.guild, part = part.name(), reason, "a node did not take a part of the plugin state");
        self.outputs.push_back(Output::PluginStateLost {
            declaration: part.name().to_owned(),
            reason,
        });
    }
}
