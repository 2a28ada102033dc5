//! Commands from outside.

use std::time::Duration;

use serde::Deserialize;
use serde_json::Value;

use super::{Discord, KeyOrder};
use crate::{control::period, fault::RestFault};

/// One thing for the simulated Discord to do.
///
/// People are named by name or id; `place` is a channel by name, id or path, `loft` where none is given; `guild` is a guild by
/// name, id or path, the first one where none is given. `of` limits a fault to one bot, and `shard` to one shard.
#[derive(Clone, Debug, Deserialize)]
#[serde(tag = "do", rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Deed {
    // What people do.
    Say {
        #[serde(default = "loft")]
        place: String,
        by: String,
        text: String,
        reply_to: Option<String>,
    },
    Whisper {
        by: String,
        #[serde(default = "bot")]
        to: String,
        text: String,
    },
    Edit {
        #[serde(default = "loft")]
        place: String,
        message: String,
        text: String,
    },
    Delete {
        #[serde(default = "loft")]
        place: String,
        message: String,
    },
    DeleteMany {
        #[serde(default = "loft")]
        place: String,
        messages: Vec<String>,
    },
    React {
        #[serde(default = "loft")]
        place: String,
        message: String,
        by: String,
        emoji: String,
    },
    Pin {
        #[serde(default = "loft")]
        place: String,
        message: String,
        #[serde(default = "yes")]
        on: bool,
    },
    Type {
        #[serde(default = "loft")]
        place: String,
        by: String,
    },
    Ask {
        #[serde(default = "loft")]
        place: String,
        by: String,
        question: String,
        answers: Vec<String>,
    },
    Vote {
        #[serde(default = "loft")]
        place: String,
        message: String,
        by: String,
        answer: u64,
        #[serde(default = "yes")]
        on: bool,
    },
    Command {
        #[serde(default = "loft")]
        place: String,
        by: String,
        #[serde(default = "bot")]
        bot: String,
        name: String,
        #[serde(default)]
        options: Vec<Value>,
    },
    Press {
        #[serde(default = "loft")]
        place: String,
        by: String,
        #[serde(default = "bot")]
        bot: String,
        custom_id: String,
    },
    Appear {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        status: String,
        plays: Option<String>,
    },
    Join {
        #[serde(default = "choir")]
        guild: String,
        by: String,
    },
    Leave {
        #[serde(default = "choir")]
        guild: String,
        by: String,
    },
    Kick {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
    },
    Ban {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
    },
    Unban {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
    },
    Nick {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        nick: Option<String>,
    },
    GiveRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        user: String,
        role: String,
        #[serde(default = "yes")]
        on: bool,
    },
    AddRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        name: String,
    },
    RenameRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        role: String,
        name: String,
    },
    RemoveRole {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        role: String,
    },
    AddChannel {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        name: String,
        #[serde(default)]
        kind: u8,
    },
    Topic {
        #[serde(default = "loft")]
        place: String,
        by: String,
        text: String,
    },
    RemoveChannel {
        place: String,
        by: String,
    },
    AddThread {
        #[serde(default = "loft")]
        place: String,
        by: String,
        name: String,
    },
    Invite {
        #[serde(default = "loft")]
        place: String,
        by: String,
    },
    RenameGuild {
        #[serde(default = "choir")]
        guild: String,
        by: String,
        name: String,
    },
    AddGuild {
        name: String,
    },
    Available {
        #[serde(default = "choir")]
        guild: String,
        on: bool,
    },
    JoinVoice {
        #[serde(default = "stalls")]
        place: String,
        by: String,
    },
    LeaveVoice {
        #[serde(default = "choir")]
        guild: String,
        by: String,
    },
    ChangeVoiceServer {
        #[serde(default = "choir")]
        guild: String,
        #[serde(default = "bot")]
        bot: String,
    },
    Event {
        name: Option<String>,
        #[serde(default)]
        data: Value,
        of: Option<String>,
    },
    Account {
        name: String,
    },
    // How busy they are.
    Traffic {
        rate: u32,
    },
    Crowd {
        #[serde(default = "choir")]
        guild: String,
        members: usize,
    },
    Swell {
        #[serde(default = "choir")]
        guild: String,
        bytes: usize,
    },
    // What the server is set to.
    Shards {
        shards: u32,
        #[serde(default)]
        required: bool,
    },
    MaxConcurrency {
        identifies: u32,
    },
    SessionStarts {
        left: u32,
    },
    SessionLife {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    Replay {
        events: usize,
    },
    Privileged {
        of: String,
        on: bool,
    },
    // What goes wrong on the Gateway.
    Cut {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Reset {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(rename = "for", default, with = "period::optional")]
        how_long: Option<Duration>,
    },
    Close {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(default = "unknown_error")]
        code: u16,
        #[serde(default)]
        reason: String,
    },
    Reconnect {
        of: Option<String>,
        shard: Option<u32>,
    },
    Invalidate {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(default)]
        resumable: bool,
    },
    AskForBeats {
        of: Option<String>,
    },
    HalfOpen {
        of: Option<String>,
        shard: Option<u32>,
    },
    Stall {
        of: Option<String>,
        shard: Option<u32>,
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    Refuse {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    RefuseUpgrades {
        #[serde(default = "once_times")]
        times: usize,
        status: u16,
    },
    StaleResumeHost {
        #[serde(default = "yes")]
        on: bool,
    },
    WithholdAcks {
        #[serde(default = "yes")]
        on: bool,
    },
    DelayAcks {
        #[serde(rename = "for", with = "period")]
        how_long: Duration,
    },
    Duplicate {
        of: Option<String>,
        events: u32,
    },
    ReorderEvents {
        of: Option<String>,
        pairs: u32,
    },
    Split {
        bytes: Option<usize>,
    },
    KeyOrder {
        order: KeyOrder,
    },
    NumericIds {
        #[serde(default = "yes")]
        on: bool,
    },
    PartialUpdates {
        #[serde(default = "yes")]
        on: bool,
    },
    OddPresences {
        #[serde(default = "yes")]
        on: bool,
    },
    NullResumed {
        #[serde(default = "yes")]
        on: bool,
    },
    VoiceServerFirst {
        #[serde(default = "yes")]
        on: bool,
    },
    VoiceServerMissing {
        #[serde(default = "yes")]
        on: bool,
    },
    ReverseChunks {
        #[serde(default = "yes")]
        on: bool,
    },
    WithholdChunk {
        index: Option<usize>,
    },
    ChunkSize {
        members: usize,
    },
    Frame {
        of: Option<String>,
        text: String,
    },
    Binary {
        of: Option<String>,
        bytes: Vec<u8>,
    },
    Truncated {
        of: Option<String>,
        text: String,
    },
    Oversized {
        of: Option<String>,
        #[serde(default = "hundred_million")]
        bytes: u64,
    },
    // What goes wrong with requests.
    Fail {
        requests: String,
        #[serde(default = "once")]
        times: u32,
        fault: RestFault,
    },
    Unlimited {
        #[serde(default = "yes")]
        on: bool,
    },
    ResetToken {
        #[serde(default = "bot")]
        of: String,
    },
}

fn loft() -> String {
    "loft".into()
}

fn choir() -> String {
    "choir".into()
}

fn stalls() -> String {
    "stalls".into()
}

fn bot() -> String {
    Discord::BOT.into()
}

fn yes() -> bool {
    true
}

fn once() -> u32 {
    1
}

fn once_times() -> usize {
    1
}

fn unknown_error() -> u16 {
    4000
}

fn hundred_million() -> u64 {
    100_000_000
}
