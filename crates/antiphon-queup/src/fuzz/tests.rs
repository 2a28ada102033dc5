//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_queup_frames_holds() {
    corpus::run("queup_frames", frames);
}

#[test]
fn every_input_of_the_corpus_queup_saved_cache_holds() {
    corpus::run("queup_saved_cache", saved_cache);
}
