//! Views that filters read: the wire's form with borrowed texts, cheaper than the full decode.

pub use crate::wire::{
    CPUStats, Exception, FrameStats, MemoryStats, PlayerState, PlayerUpdate, Ready, StatsOP, Track,
    TrackEvent, TrackInfo, VoiceClosed,
};
