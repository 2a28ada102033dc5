//! Voice connections of players: a client's claim and the voice server's verdict (protocol §9).

use std::{collections::VecDeque, fmt, sync::Arc};

use crate::discord::VoicePass;

/// Voice data that a client gives a node.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Claim {
    pub(crate) user: u64,
    pub(crate) guild: u64,
    pub(crate) token: String,
    pub(crate) endpoint: String,
    pub(crate) session: String,
    /// Absent from clients of nodes before 4.2.
    pub(crate) channel: Option<String>,
}

/// The voice server's verdict on a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// The voice connection opens.
    Open,
    /// There is no server at that endpoint.
    Unreachable,
    /// The server closes at once, with this code and reason.
    Closed(u16, String),
}

/// Judges a claim.
pub(crate) type Judge = Arc<dyn Fn(&Claim) -> Verdict + Send + Sync>;

impl Claim {
    pub(crate) fn fits(&self, pass: &VoicePass) -> bool {
        let channel = self.channel.as_ref();
        self.token == pass.token
            && self.session == pass.session
            && channel.is_none_or(|channel| *channel == pass.channel.to_string())
    }
}

/// Discord's voice servers.
///
/// Without a judge, every claim is accepted.
#[derive(Clone, Default)]
pub(crate) struct VoiceServers {
    pub(crate) judge: Option<Judge>,
    /// Verdicts on the next claims, before any judge.
    pub(crate) next: VecDeque<Verdict>,
}

impl fmt::Debug for VoiceServers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VoiceServers")
            .field("judge", &self.judge.is_some())
            .field("next", &self.next)
            .finish()
    }
}

impl VoiceServers {
    /// Whether a voice that was opened may go on.
    pub(crate) fn is_open(&self, claim: &Claim) -> bool {
        let judge = self.judge.as_ref();
        judge.is_none_or(|judge| judge(claim) == Verdict::Open)
    }

    pub(crate) fn judge(&mut self, claim: &Claim) -> Verdict {
        match (self.next.pop_front(), &self.judge) {
            (Some(verdict), _) => verdict,
            (None, Some(judge)) => judge(claim),
            (None, None) => Verdict::Open,
        }
    }
}
