//! Faults of requests and sockets, and QueUp's quirks.
//!
//! A control handle switches them on for a number of requests, for an account, for a time, or until they are switched off; a
//! request meets the first rule that fits it, and uses it up.
//! Faults of sockets are in [`Sockets`](crate::Sockets), because every platform's sockets know the same ones.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use antiphon_core::KindPattern;
use serde::{Deserialize, Serialize};

use crate::{
    bounds::{self, fits},
    command::CommandError,
};

/// A quirk of QueUp, by its number in the list of `docs/protocol/queup.md` §9.
///
/// Numbers 2 (the server never pings), 8 (ISO times in song information), 11, 12, 16 (own chat echoes), 18, 22 (guests),
/// 26, 28 and 30 (nothing is replayed) are how the simulator always behaves.
/// 3 is [`crate::queup::QueUp::fail_rest`] with [`RestFault::LoggedOut`]; 15 and 27 are up to the client, and what it
/// sends is checked and noted; 17, 19, 23 and 25 are events, each with a call of its own.
///
/// A client that follows the protocol's documents bears each of them.
/// They change what QueUp answers and what it sends, without an error anywhere:
///
/// ```
/// use antiphon_sim::{Quirk, Simulator};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() {
/// let queup = Simulator::with_seed(7).queup();
/// // Song items without the time at which they began, for one account alone.
/// queup.quirk_for("antiphon", Quirk::PlayedAbsent, true);
/// for quirk in Quirk::ALL {
///     queup.quirk(quirk, true);
/// }
/// // In a command a quirk has its name in small letters with hyphens.
/// let read: Quirk = serde_json::from_str(r#""song-info-null""#).expect("a quirk");
/// assert_eq!(read, Quirk::SongInfoNull);
/// # }
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum Quirk {
    /// 1: the inner data of room actions is text that is not JSON.
    DataNotJson,
    /// 4: `playlist/active` answers 404 although a song plays.
    ActiveNotFound,
    /// 4: `playlist/active` answers 200 without a song.
    ActiveWithoutSong,
    /// 5: a member's `roleid` is in turn absent, a text, an object and a number.
    RoleShapes,
    /// 6: `_user` and `_song` are in turn a text, an object, null and absent.
    ReferenceShapes,
    /// 7: `played` is absent from every queue item.
    PlayedAbsent,
    /// 7: `played` is null in every queue item.
    PlayedNull,
    /// 9: `songInfo` is null.
    SongInfoNull,
    /// 10: every update of the playing song comes twice.
    SongUpdateTwice,
    /// 13: `chat-skip` has no user.
    SkipWithoutName,
    /// 14: entities are spelt `&apos;` and `&quot;`.
    OtherEntities,
    /// 20: `playlist/details` has nulls between its items.
    QueueNulls,
    /// 21: `connectionId` is called `socketId`.
    SocketId,
    /// 21: presence has no `action`.
    PresenceWithoutAction,
    /// 24: `usersid` is a list of ids.
    ConversationIds,
    /// 24: the count of unread messages is a text.
    CountAsText,
    /// 29: times are texts of digits.
    TimesAsText,
    /// 29: times are fractional numbers.
    TimesAsFractions,
    /// 30: joining again is announced again.
    JoinAnnouncedAgain,
    /// 31: members have an unknown role.
    UnknownRoles,
    /// §5.1: users have no `created` and no picture.
    BareUsers,
    /// §4.3: the answer to a chat message says nothing about it.
    ChatAnswerEmpty,
    /// §6: chat messages have no `queue_object`.
    ChatWithoutMember,
}

impl Quirk {
    /// Every quirk.
    pub const ALL: [Self; 23] = [
        Self::DataNotJson,
        Self::ActiveNotFound,
        Self::ActiveWithoutSong,
        Self::RoleShapes,
        Self::ReferenceShapes,
        Self::PlayedAbsent,
        Self::PlayedNull,
        Self::SongInfoNull,
        Self::SongUpdateTwice,
        Self::SkipWithoutName,
        Self::OtherEntities,
        Self::QueueNulls,
        Self::SocketId,
        Self::PresenceWithoutAction,
        Self::ConversationIds,
        Self::CountAsText,
        Self::TimesAsText,
        Self::TimesAsFractions,
        Self::JoinAnnouncedAgain,
        Self::UnknownRoles,
        Self::BareUsers,
        Self::ChatAnswerEmpty,
        Self::ChatWithoutMember,
    ];
}

/// A fault of a request, which a control handle sets for the next requests that fit a pattern.
///
/// In a command it is `{"status":429}`, `{"html":502}`, `"logged-out"`, `{"slow":"2s"}`, `"dropped"`, `"not-json"`,
/// `{"code-inside":401}` or `{"huge":1000000}`.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_sim::RestFault;
///
/// let fault: RestFault = serde_json::from_str(r#"{"slow":"2s"}"#)?;
/// assert_eq!(fault, RestFault::Slow(Duration::from_secs(2)));
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// A rule is used up by the requests that meet it, and the next ones are answered as always:
///
/// ```
/// use antiphon_sim::{RestFault, Simulator};
/// use bytes::Bytes;
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let sim = Simulator::with_seed(7);
/// sim.queup().fail_rest("GET /room/*", 1, RestFault::Html(502));
///
/// let (client, url) = (sim.network().http(), "https://api.queup.net/room/choir-loft");
/// let first = client.send(http::Request::get(url).body(Bytes::new())?).await?;
/// assert_eq!((first.status().as_u16(), first.headers()["content-type"].to_str()?), (502, "text/html"));
/// let second = client.send(http::Request::get(url).body(Bytes::new())?).await?;
/// assert_eq!(second.status(), 200);
/// # Ok(())
/// # }
/// ```
///
/// | fault | what it is good for |
/// | --- | --- |
/// | [`Status`](Self::Status), [`CodeInside`](Self::CodeInside) | refusals, rate limits, a code that hides in a success |
/// | [`Html`](Self::Html), [`NotJson`](Self::NotJson) | a proxy that answers for the server, a body that breaks off |
/// | [`LoggedOut`](Self::LoggedOut) | a session that ended |
/// | [`Slow`](Self::Slow), [`Dropped`](Self::Dropped) | timeouts, and responses that never come |
/// | [`Huge`](Self::Huge) | a body beyond what a client takes |
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
#[non_exhaustive]
pub enum RestFault {
    /// With this status and an error envelope; 429 asks to wait, as chat does.
    Status(u16),
    /// With this status and an HTML page, as a proxy in front of the server sends it.
    Html(u16),
    /// As without a login: with a redirect to the login page, or 401 from Discord.
    LoggedOut,
    /// The answer is as always, but late by this much.
    ///
    /// The request is carried out at once; only its answer waits.
    Slow(#[serde(with = "crate::command::period")] Duration),
    /// The connection is closed instead of an answer.
    ///
    /// The request is carried out before.
    Dropped,
    /// With status 200 and a body that is not JSON.
    NotJson,
    /// With status 200 and an envelope whose own code is this; from Discord with status 400 and this code.
    CodeInside(u16),
    /// With status 200 and a body of this many bytes.
    ///
    /// The body is no JSON either.
    Huge(usize),
}

/// A rule that lets requests fail.
#[derive(Clone, Debug)]
pub(crate) struct RestRule {
    /// Over `METHOD /path`, or the path alone.
    ///
    /// `*` stands for any run of characters.
    pub(crate) requests: KindPattern,
    /// Only for this account.
    pub(crate) account: Option<String>,
    /// How many requests it fails before it is over.
    pub(crate) left: u32,
    pub(crate) fault: RestFault,
}

/// All faults that are switched on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    /// Quirks for everyone.
    pub(crate) quirks: BTreeSet<Quirk>,
    /// Quirks of single accounts, by their ids; they are added to those of everyone.
    pub(crate) quirks_of: BTreeMap<String, BTreeSet<Quirk>>,
    /// Rules for requests; the first that fits is used.
    pub(crate) rest: Vec<RestRule>,
    /// Sockets are refused until then (Unix milliseconds).
    pub(crate) refuse_until: Option<i64>,
    /// Answers to the next socket upgrades.
    ///
    /// Each is used by one request for a socket, in order.
    pub(crate) upgrades: Vec<u16>,
    /// Whether pings stay without an answer, on every socket.
    pub(crate) withhold_pongs: bool,
    /// Accounts and connections whose pings stay without an answer, by their ids.
    pub(crate) withhold_pongs_of: BTreeSet<String>,
}

/// How a request for a socket is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The connection is closed without an answer.
    Dropped,
    /// The answer has this status.
    Status(u16),
}

impl Faults {
    /// Lets the next `times` requests fail that fit a pattern, of one account or of all.
    pub(crate) fn fail(
        &mut self,
        requests: &str,
        account: Option<String>,
        times: u32,
        fault: RestFault,
    ) {
        if times > 0 {
            self.rest.push(RestRule {
                requests: KindPattern::new(requests),
                account,
                left: times,
                fault,
            });
        }
    }

    /// Takes the fault that a request for a socket meets, if there is one.
    pub(crate) fn for_upgrade(&mut self, now: i64) -> Option<Refusal> {
        if self.refuse_until.is_some_and(|until| until > now) {
            return Some(Refusal::Dropped);
        }
        (!self.upgrades.is_empty()).then(|| Refusal::Status(self.upgrades.remove(0)))
    }

    /// Gives an error if there is no room for one more rule.
    pub(crate) fn fits_rule(&self) -> Result<(), CommandError> {
        fits("rules", self.rest.len(), bounds::RULES)
    }

    /// Gives an error if there is no room for more answers to requests for sockets.
    pub(crate) fn fits_answer(&self) -> Result<(), CommandError> {
        fits("answers", self.upgrades.len(), bounds::ANSWERS)
    }

    /// Quirks that are switched on for an account.
    pub(crate) fn quirks_for(&self, account: Option<&str>) -> BTreeSet<Quirk> {
        let mut quirks = self.quirks.clone();
        if let Some(own) = account.and_then(|account| self.quirks_of.get(account)) {
            quirks.extend(own);
        }
        quirks
    }

    /// Takes the fault that a request meets, if there is one.
    pub(crate) fn for_request(
        &mut self,
        method: &str,
        path: &str,
        account: Option<&str>,
    ) -> Option<RestFault> {
        let whole = format!("{method} {path}");
        let met = self.rest.iter_mut().find(|rule| {
            let fits = rule.requests.matches(path) || rule.requests.matches(&whole);
            fits && rule.account.as_deref().is_none_or(|of| account == Some(of))
        })?;
        met.left -= 1;
        let fault = met.fault.clone();
        self.rest.retain(|rule| rule.left > 0);
        Some(fault)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_meets_as_many_requests_as_it_was_made_for() {
        let mut faults = Faults::default();
        faults.fail("POST /chat/*", None, 2, RestFault::Status(429));
        assert_eq!(faults.for_request("GET", "/chat/1", None), None);
        for _ in 0..2 {
            assert!(faults.for_request("POST", "/chat/1", None).is_some());
        }
        assert_eq!(faults.for_request("POST", "/chat/1", None), None);
    }
}
