//! How many events are decoded in a second.
fn main() {}
