//! Ids of guilds and users: a node takes and shows them as signed 64-bit numbers (protocol §5.6).
//!
//! They are kept as the same 64 bits without a sign, as Discord's are.

/// Reads an id; one above the largest signed number is none.
pub(crate) fn parse(text: &str) -> Option<u64> {
    text.parse::<i64>().ok().map(i64::cast_unsigned)
}

/// An id as the node writes it.
pub(crate) fn shown(id: u64) -> String {
    id.cast_signed().to_string()
}
