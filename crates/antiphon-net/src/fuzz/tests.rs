//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_http_head_holds() {
    corpus::run("http_head", http_head);
}

#[test]
fn every_input_of_the_corpus_proxy_holds() {
    corpus::run("proxy", proxy);
}

#[test]
fn every_input_of_the_corpus_websocket_holds() {
    corpus::run("websocket", websocket);
}

#[test]
fn every_input_of_the_corpus_addresses_holds() {
    corpus::run("addresses", addresses);
}
