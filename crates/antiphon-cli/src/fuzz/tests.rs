//! Every input of the corpora that were found by the fuzzers.

#[path = "../../../../fuzz/corpus.rs"]
mod corpus;

use super::*;

#[test]
fn every_input_of_the_corpus_cli_configuration_holds() {
    corpus::run("cli_configuration", cli_configuration);
}

#[test]
fn every_input_of_the_corpus_cli_import_holds() {
    corpus::run("cli_import", cli_import);
}

#[test]
fn every_input_of_the_corpus_cli_options_holds() {
    corpus::run("cli_options", cli_options);
}

#[test]
fn every_input_of_the_corpus_cli_expression_holds() {
    corpus::run("cli_expression", cli_expression);
}

#[test]
fn every_input_of_the_corpus_cli_requests_holds() {
    corpus::run("cli_requests", cli_requests);
}

#[test]
fn every_input_of_the_corpus_cli_answers_holds() {
    corpus::run("cli_answers", cli_answers);
}
