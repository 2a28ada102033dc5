//! What filters look at, and what is handed on as the wire has it: borrowed texts, cheaper than the full decode.

pub use crate::wire::{
    CPUStats, Exception, FrameStats, MemoryStats, PlayerState, PlayerUpdate, Ready, StatsOP, Track,
    TrackEvent, TrackInfo, VoiceClosed,
};
