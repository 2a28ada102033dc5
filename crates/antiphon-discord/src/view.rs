//! What filters look at: events with borrowed texts.
