//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_json_holds() {
    corpus::run("json", json);
}

#[test]
fn every_input_of_the_corpus_html_holds() {
    corpus::run("html", html);
}

#[test]
fn every_input_of_the_corpus_states_holds() {
    corpus::run("states", states);
}
