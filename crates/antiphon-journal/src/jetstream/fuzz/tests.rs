//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_jetstream_message_holds() {
    corpus::run("jetstream_message", message);
}
