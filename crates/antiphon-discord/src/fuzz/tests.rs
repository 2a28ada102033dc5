//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_discord_frames_holds() {
    corpus::run("discord_frames", frames);
}

#[test]
fn every_input_of_the_corpus_discord_inflate_holds() {
    corpus::run("discord_inflate", inflate);
}

#[test]
fn every_input_of_the_corpus_discord_saved_cache_holds() {
    corpus::run("discord_saved_cache", saved_cache);
}
