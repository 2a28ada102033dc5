//! Frames as they are sent and received; the only file of this part with the wire's spelling.

mod header;

pub(crate) use self::header::{Header, Ids};
