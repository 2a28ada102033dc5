//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_stackexchange_frame_holds() {
    corpus::run("stackexchange_frame", frame);
}

#[test]
fn every_input_of_the_corpus_stackexchange_page_holds() {
    corpus::run("stackexchange_page", page);
}

#[test]
fn every_input_of_the_corpus_stackexchange_content_holds() {
    corpus::run("stackexchange_content", content);
}

#[test]
fn every_input_of_the_corpus_stackexchange_split_holds() {
    corpus::run("stackexchange_split", split);
}
