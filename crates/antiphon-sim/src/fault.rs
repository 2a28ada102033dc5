//! Faults of requests and sockets, and QueUp's quirks.

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
    /// 10: every change of a queue brings the playing song's update twice.
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
    Slow(#[serde(with = "crate::command::period")] Duration),
    /// The connection is closed instead of an answer.
    Dropped,
    /// With status 200 and a body that is not JSON.
    NotJson,
    /// With status 200 and an envelope whose own code is this; from Discord with status 400 and this code.
    CodeInside(u16),
    /// With status 200 and a body of this many bytes.
    Huge(usize),
}

/// A rule that lets requests fail.
#[derive(Clone, Debug)]
pub(crate) struct RestRule {
    /// Over `METHOD /path`, or the path alone.
    pub(crate) requests: KindPattern,
    /// Only for this account.
    pub(crate) account: Option<String>,
    pub(crate) left: u32,
    pub(crate) fault: RestFault,
}

/// All faults that are switched on.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) quirks: BTreeSet<Quirk>,
    pub(crate) quirks_of: BTreeMap<String, BTreeSet<Quirk>>,
    pub(crate) rest: Vec<RestRule>,
    /// Sockets are refused until then (Unix milliseconds).
    pub(crate) refuse_until: Option<i64>,
    /// Answers to the next socket upgrades.
    pub(crate) upgrades: Vec<u16>,
    pub(crate) withhold_pongs: bool,
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
