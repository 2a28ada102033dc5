//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_lavalink_frames_holds() {
    corpus::run("lavalink_frames", frames);
}

#[test]
fn every_input_of_the_corpus_lavalink_track_holds() {
    corpus::run("lavalink_track", track);
}

#[test]
fn every_input_of_the_corpus_lavalink_answers_holds() {
    corpus::run("lavalink_answers", answers);
}
