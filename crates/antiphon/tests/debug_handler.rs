//! The errors of `#[debug_handler]` and `#[derive(FromRef)]`, as the compiler says them.
//!
//! Each case is a small crate that `rustc` checks against the library that this test was built with, without code and
//! without building anything again. A case says where the error stands and what the message contains; the rest of the
//! compiler's words changes from version to version.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::OnceLock,
};

use tempfile::TempDir;

/// What every case begins with.
const HEAD: &str = "
#![allow(dead_code, unused_imports)]
use std::{rc::Rc, sync::Arc};
use antiphon::{Before, BoxError, Delivery, Event, FromRef, Gap, Handle, HandlerError, Link, State, debug_handler};
struct Bot;
#[derive(Clone)]
struct Client;
impl FromRef<Bot> for Client { fn from_ref(_: &Bot) -> Self { Client } }
";

/// Checks a crate; gives the compiler's words, or nothing if it is fine.
fn checked(library: &Path, code: &str) -> Option<String> {
    let folder = TempDir::new().expect("a temporary folder");
    let file = folder.path().join("case.rs");
    std::fs::write(&file, code).expect("a file");
    let dependencies = library.parent().expect("a folder");
    let output = Command::new("rustc")
        .args([
            "--edition=2024",
            "--crate-type=lib",
            "--emit=metadata",
            "--color=never",
        ])
        .arg("--out-dir")
        .arg(folder.path())
        .arg("-L")
        .arg(format!("dependency={}", dependencies.display()))
        .arg("--extern")
        .arg(format!("antiphon={}", library.display()))
        .arg(&file)
        .stdin(Stdio::null())
        .output()
        .expect("rustc runs");
    let said = String::from_utf8(output.stderr).expect("UTF-8");
    (!output.status.success()).then_some(said)
}

/// The library beside this test: of several builds the newest that a crate can use. `None`, with a word about it, where
/// there is no compiler.
#[expect(clippy::print_stderr, reason = "a skipped test says so")]
fn library() -> Option<&'static Path> {
    static LIBRARY: OnceLock<Option<PathBuf>> = OnceLock::new();
    let found = LIBRARY.get_or_init(|| {
        if Command::new("rustc")
            .arg("-V")
            .stdout(Stdio::null())
            .status()
            .is_err()
        {
            return None;
        }
        let test = std::env::current_exe().expect("a path");
        let folder = std::fs::read_dir(test.parent().expect("a folder")).expect("a folder");
        let mut builds: Vec<_> = folder
            .map(|file| file.expect("a file"))
            .filter(|file| {
                let name = file.file_name().to_string_lossy().into_owned();
                let name = name.strip_suffix(".rlib");
                name.is_some_and(|name| name.starts_with("libantiphon-"))
            })
            .map(|file| {
                let time = file.metadata().and_then(|data| data.modified());
                (time.expect("its time"), file.path())
            })
            .collect();
        builds.sort();
        let fine = "#[debug_handler] async fn handler(_: Event) {}";
        let usable = |library: &PathBuf| checked(library, &format!("{HEAD}{fine}")).is_none();
        let newest = builds.into_iter().rev().map(|(_, path)| path);
        Some(
            newest
                .into_iter()
                .find(usable)
                .expect("a library to check against"),
        )
    });
    if found.is_none() {
        eprintln!("skipped: there is no `rustc`");
    }
    found.as_deref()
}

/// Checks that code is refused, with an error where `at` begins in its last line, that contains all the texts.
#[track_caller]
fn refused(code: &str, at: &str, texts: &[&str]) {
    let Some(library) = library() else { return };
    let last = code.lines().last().expect("a line");
    let column = last.rfind(at).expect("it is in the last line") + 1;
    let line = format!("{HEAD}{code}").lines().count();
    let said = checked(library, &format!("{HEAD}{code}\n")).expect("it is refused");
    // Compilers differ in how they write the type.
    let said = said
        .replace("std::string::String", "String")
        .replace("`antiphon::", "`");
    let place = format!("case.rs:{line}:{column}\n");
    assert!(said.contains(&place), "not at {place}{said}");
    for text in texts {
        assert!(said.contains(text), "not `{text}` in\n{said}");
    }
}

#[track_caller]
fn fine(code: &str) {
    let Some(library) = library() else { return };
    if let Some(said) = checked(library, &format!("{HEAD}{code}")) {
        panic!("{said}");
    }
}

#[test]
fn handlers_that_fit_are_fine() {
    fine(
        "
        #[debug_handler] async fn nothing_else(_: Event) {}
        #[debug_handler] async fn shared(_: Arc<Gap>, _: Arc<Event>, _: Delivery, _: Before<String>) {}
        #[debug_handler] async fn of_state(_: Gap, State(_): State<Client>, _: Handle<Bot>) -> Result<(), BoxError> { Ok(()) }
        #[debug_handler(state = Bot)] async fn of_part(_: Gap, State(_): State<Client>) -> Result<(), HandlerError> { Ok(()) }
        #[debug_handler] async fn own_error(_: Gap) -> Result<(), std::fmt::Error> { Ok(()) }
        #[debug_handler] fn boxed(_: Gap) -> antiphon::HandlerFuture { Box::pin(async { Ok(()) }) }
        #[derive(FromRef)] struct Whole { client: u8, #[from_ref(skip)] other: u8, last: Option<u16> }
        #[derive(FromRef)] struct Tuple(Client, u32);
        #[debug_handler(state = Whole)] async fn of_derived(_: Gap, _: State<u8>, _: State<Option<u16>>) {}
        ",
    );
}

#[test]
fn a_part_that_the_state_does_not_have_is_named() {
    refused(
        "#[debug_handler(state = Bot)] async fn handler(_: Gap, _: Delivery, _: State<String>) {}",
        "State<String>",
        &["`String` is not part of the state `Bot`"],
    );
    refused(
        "#[debug_handler(state = u8)] async fn handler(_: Gap, _: Handle<Bot>) {}",
        "Handle<Bot>",
        &["a handler in an app with state `u8` cannot ask for `Handle<Bot>`"],
    );
}

#[test]
fn an_argument_in_the_wrong_place_is_named() {
    refused(
        "#[debug_handler] async fn handler(_: State<Client>, _: Gap) {}",
        "State<Client>",
        &["`State` is no event: the event is the first argument, and extractors follow it"],
    );
    refused(
        "#[debug_handler] async fn handler(_: Gap, _: Link) {}",
        "Link",
        &[
            "cannot ask for `Link`",
            "an event is the first argument; what follows are extractors",
        ],
    );
}

#[test]
fn a_foreign_payload_is_named() {
    refused(
        "#[debug_handler] async fn handler(_: String) {}",
        "String",
        &["`String` is not the payload of an event"],
    );
    refused(
        "#[debug_handler] async fn handler(_: Arc<Client>) {}",
        "Arc<Client>",
        &["`Client` is not the payload of an event"],
    );
}

#[test]
fn a_payload_that_cannot_be_cloned_is_named() {
    let payload = "
struct Said;
impl antiphon::Payload for Said {
    const KINDS: &'static [&'static str] = &[];
    type View<'a> = Said;
    fn view(_: &Event) -> Result<Said, antiphon::DecodeError> { Ok(Said) }
    fn decode(_: &Event) -> Result<Said, antiphon::DecodeError> { Ok(Said) }
}";
    refused(
        &format!(
            "{payload}
#[debug_handler] async fn handler(_: Said) {{}}"
        ),
        "Said)",
        &[
            "a handler takes `Said` by value, which is not `Clone`",
            "or take `Arc<Said>`",
        ],
    );
}

#[test]
fn a_return_type_that_does_not_fit_is_named() {
    refused(
        "#[debug_handler] async fn handler(_: Gap) -> Result<String, HandlerError> { todo!() }",
        "Result<String",
        &["a handler cannot return `Result<String, HandlerError>`"],
    );
    refused(
        "#[debug_handler] async fn handler(_: Gap) -> Result<(), Box<dyn std::error::Error>> { Ok(()) }",
        "Result<()",
        &[
            "a handler cannot return `Result<(), Box<",
            "write `Box<dyn Error + Send + Sync>`",
        ],
    );
    refused(
        "#[debug_handler] async fn handler(_: Gap) -> u8 { 7 }",
        "u8 {",
        &["a handler cannot return `u8`"],
    );
}

#[test]
fn a_future_that_is_not_send_points_to_the_await() {
    refused(
        "#[debug_handler]
async fn handler(_: Gap) { let score = Rc::new(7); std::future::ready(()).await; drop(score); }",
        "handler",
        &[
            "future cannot be sent between threads safely",
            "has type `Rc<i32>` which is not `Send`",
            "await occurs here, with `score` maybe used later",
        ],
    );
}

#[test]
fn a_function_that_is_no_handler_is_refused_with_the_reason() {
    refused(
        "#[debug_handler] fn handler(_: Gap) {}",
        "fn handler",
        &["a handler is an `async fn`"],
    );
    refused(
        "#[debug_handler] async fn handler() {}",
        "handler()",
        &["a handler takes an event as its first argument"],
    );
    refused(
        "#[debug_handler] async fn handler(_: &Gap) {}",
        "&Gap",
        &["a handler owns its arguments: take `Gap` or `Arc<Gap>`"],
    );
    refused(
        "#[debug_handler] async fn handler(_: Gap, _: Delivery, _: Delivery, _: Delivery, _: Delivery, _: Arc<Event>) {}",
        "Arc<Event>",
        &["up to four extractors"],
    );
    refused(
        "#[debug_handler] async fn handler<T: antiphon::Payload>(_: Arc<T>) {}",
        "<T: antiphon",
        &["cannot check a generic function"],
    );
    refused(
        "#[debug_handler] async fn handler(_: Gap, _: State<Client>, _: State<u8>) {}",
        "u8>",
        &["the app's state is not clear", "state = TYPE"],
    );
    refused(
        "#[debug_handler(stat = Bot)] async fn handler(_: Gap) {}",
        "stat =",
        &["`debug_handler` knows one option: `state = TYPE`"],
    );
    refused(
        "impl Bot { #[debug_handler] async fn handler(&self, _: Gap) {} }",
        "&self",
        &["takes no `self`"],
    );
}

#[test]
fn a_state_that_cannot_be_taken_apart_is_refused_with_the_reason() {
    refused(
        "#[derive(FromRef)] struct Two { one: u8, other: u8 }",
        "u8 }",
        &["two fields have this type", "#[from_ref(skip)]"],
    );
    refused(
        "#[derive(FromRef)] enum Either { One(u8) }",
        "Either",
        &["derived for a struct"],
    );
    refused(
        "struct Score; #[derive(FromRef)] struct Desk { score: Score }",
        "score: Score }",
        &["the trait bound `Score: Clone` is not satisfied"],
    );
}

#[test]
fn without_the_attribute_the_error_says_where_more_is_to_be_learnt() {
    let Some(library) = library() else { return };
    let code = "async fn handler(_: Gap, _: State<String>) {} fn app() { antiphon::App::new(Bot).on(handler); }";
    let said = checked(library, &format!("{HEAD}{code}")).expect("it is refused");
    assert!(
        said.contains("`#[antiphon::debug_handler(state = Bot)]` above the function"),
        "{said}"
    );
}
