//! Expressions of jq over events, evaluated by [jaq](https://gedenkt.at/jaq/manual/).
//!
//! An expression sees an event as `--output json` prints it, and has jq's filters but `env`, `halt` and `input`, since it
//! is about the event alone.
//!
//! jaq cannot be stopped: an expression may loop, and its values cannot leave their thread. Each expression therefore has
//! a thread of its own, which is asked event by event and waited for until [`LONGEST`]; after that the command ends.
//! What an expression may take of memory is not bounded, and a recursion of its own without an end overflows the
//! thread's stack, which ends the process.

use std::{
    sync::{
        Arc,
        mpsc::{self, Receiver, RecvTimeoutError, SyncSender},
    },
    time::Duration,
};

use antiphon_core::Event;
use jaq_core::{
    Compiler, Ctx, Filter, Vars,
    data::JustLut,
    load::{self, Arena, File, Loader},
};
use jaq_json::Val;

use crate::{
    failure::{Exit, Failure},
    show,
};

/// Longest expression, in bytes.
const LENGTH: usize = 16 << 10;

/// Most outputs of one event; more are an error of this event.
const OUTPUTS: usize = 1000;

/// Longest evaluation of one event.
const LONGEST: Duration = Duration::from_secs(10);

/// Deepest nesting of an event, in arrays and objects within each other; a deeper one is an error of this event.
///
/// jaq reads and drops values by recursion, so that a body could end the process. Types are read to this depth too.
const DEEPEST: usize = 120;

/// Stack of the thread, in bytes: jaq recurses with the depth of a filter's calls.
const STACK: usize = 64 << 20;

/// What an expression makes of one event: its outputs, or why there are none.
pub(crate) type Outcome = Result<Vec<Output>, String>;

/// One output of an expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Output {
    /// JSON on one line.
    pub(crate) json: String,
    /// The text, if it is one.
    pub(crate) text: Option<String>,
}

impl Output {
    /// Whether jq counts it as true: everything but `false` and `null`.
    pub(crate) fn is_true(&self) -> bool {
        !matches!(&*self.json, "false" | "null")
    }

    /// # Errors
    /// A value that JSON has not: `nan`, `infinite`, bytes that are no UTF-8 within an array or object.
    fn new(value: &Val) -> Result<Self, String> {
        let text = match value {
            Val::TStr(text) | Val::BStr(text) => Some(String::from_utf8_lossy(text).into_owned()),
            _ => None,
        };
        let json = match &text {
            Some(text) => serde_json::Value::from(&**text).to_string(),
            None => value.to_string(),
        };
        // jaq prints what JSON cannot have in ways of its own.
        if serde_json::from_str::<serde::de::IgnoredAny>(&json).is_err() {
            let shown = shortened(&json);
            return Err(format!("its output `{shown}` is no JSON"));
        }
        Ok(Self { json, text })
    }
}

/// An expression, and the thread that evaluates it.
#[derive(Debug)]
pub(crate) struct Expression {
    /// Option that it was given by, such as `--where`.
    option: &'static str,
    ask: SyncSender<Arc<Event>>,
    outcomes: Receiver<Outcome>,
    longest: Duration,
    /// Events for which it failed, and the first error.
    failed: u64,
    first: Option<String>,
}

impl Expression {
    /// Compiles an expression and starts its thread; `outputs` is how many outputs of an event are asked for.
    ///
    /// # Errors
    /// An expression that cannot be read, with a caret under the place.
    pub(crate) fn start(option: &'static str, code: &str, outputs: usize) -> Result<Self, Failure> {
        if code.len() > LENGTH {
            let failure = Failure::usage(format!("`{option}` is longer than {LENGTH} bytes"));
            return Err(failure.hint("write less, or give the lines to `jq`"));
        }
        // One event at a time.
        let (ask, asked) = mpsc::sync_channel::<Arc<Event>>(1);
        let (answer, outcomes) = mpsc::channel();
        let (compiled, ready) = mpsc::channel();
        let text = code.to_owned();
        let evaluate = move || {
            let filter = match compile(&text) {
                Ok(filter) => filter,
                Err(wrong) => {
                    let _ = compiled.send(Err(wrong));
                    return;
                }
            };
            let _ = compiled.send(Ok(()));
            while let Ok(event) = asked.recv() {
                if answer.send(outcome(&filter, &event, outputs)).is_err() {
                    return;
                }
            }
        };
        let thread = std::thread::Builder::new()
            .name("expression".to_owned())
            .stack_size(STACK)
            .spawn(evaluate);
        thread.map_err(|error| {
            Failure::new(Exit::Failed, "could not start a thread").because(error)
        })?;
        match ready.recv() {
            Ok(Ok(())) => Ok(Self {
                option,
                ask,
                outcomes,
                longest: LONGEST,
                failed: 0,
                first: None,
            }),
            Ok(Err(wrong)) => Err(wrong.failure(option, code)),
            Err(_) => Err(Failure::usage(format!("`{option}` could not be compiled"))
                .hint("write it more simply, or give the lines to `jq`")),
        }
    }

    /// The outputs for an event; none if it failed, which is counted.
    ///
    /// It blocks its thread.
    ///
    /// # Errors
    /// The evaluation did not end in time.
    pub(crate) fn outputs(&mut self, event: &Arc<Event>) -> Result<Vec<Output>, Failure> {
        let option = self.option;
        let ended = || {
            Failure::new(
                Exit::Failed,
                format!("the evaluation of `{option}` broke off"),
            )
        };
        self.ask.send(Arc::clone(event)).map_err(|_| ended())?;
        let outcome = match self.outcomes.recv_timeout(self.longest) {
            Ok(outcome) => outcome,
            Err(RecvTimeoutError::Disconnected) => return Err(ended()),
            Err(RecvTimeoutError::Timeout) => {
                let longest = self.longest.as_secs();
                let error = format!(
                    "`{option}` did not end within {longest} s for event {}",
                    event.position()
                );
                let failure = Failure::new(Exit::Failed, error);
                return Err(failure.hint("look for a loop in it, such as `repeat` or `while`"));
            }
        };
        Ok(outcome.unwrap_or_else(|error| {
            self.failed += 1;
            let position = event.position();
            self.first
                .get_or_insert_with(|| format!("event {position}: {}", shortened(&error)));
            Vec::new()
        }))
    }

    /// Whether the first output for an event is true; no output and an error are no.
    ///
    /// # Errors
    /// As [`Expression::outputs`].
    pub(crate) fn holds(&mut self, event: &Arc<Event>) -> Result<bool, Failure> {
        let outputs = self.outputs(event)?;
        Ok(outputs.first().is_some_and(Output::is_true))
    }

    /// A sentence about the events for which it failed, if there were any.
    pub(crate) fn complaint(&self) -> Option<String> {
        let first = self.first.as_ref()?;
        let (option, failed) = (self.option, self.failed);
        let events = if failed == 1 { "event" } else { "events" };
        Some(format!(
            "`{option}` failed for {failed} {events}; the first is {first}"
        ))
    }
}

/// As much of an error as a line takes: it may quote a whole body.
fn shortened(error: &str) -> String {
    const LONGEST: usize = 200;
    match error.char_indices().nth(LONGEST) {
        Some((cut, _)) => format!("{}…", &error[..cut]),
        None => error.to_owned(),
    }
}

/// What is wrong with an expression, and where.
#[derive(Debug)]
struct Wrong {
    message: String,
    /// First byte.
    at: usize,
}

impl Wrong {
    /// `part` lies inside of `code`.
    fn new(code: &str, part: &str, message: String) -> Self {
        let at = load::span(code, part).start;
        Self { message, at }
    }

    /// The sentence with its column, the line with a caret under it, and the way out.
    fn failure(&self, option: &str, code: &str) -> Failure {
        let before = code.get(..self.at).unwrap_or(code);
        let line_start = before.rfind('\n').map_or(0, |end| end + 1);
        let line = code[line_start..].lines().next().unwrap_or_default();
        let row = before.matches('\n').count() + 1;
        let column = before[line_start..].chars().count() + 1;
        let place = match row {
            1 => format!("column {column}"),
            _ => format!("line {row}, column {column}"),
        };
        let sentence = format!("`{option}` cannot be read at {place}: {}", self.message);
        Failure::usage(sentence)
            .shown(line, column)
            .hint("it is an expression of jq over an event, such as `.body.author.id == \"1\"`")
    }
}

/// Compiles an expression; it may call everything but what reaches beyond the event.
fn compile(code: &str) -> Result<Filter<JustLut<Val>>, Wrong> {
    const BEYOND: [&str; 4] = ["env", "halt", "halt_error", "input_line_number"];
    let is_within = |name: &str| !BEYOND.contains(&name);
    let defs = jaq_core::defs()
        .chain(jaq_std::defs())
        .chain(jaq_json::defs())
        .filter(|def| is_within(def.name));
    let funs = jaq_core::funs()
        .chain(jaq_std::funs())
        .chain(jaq_json::funs())
        .filter(|fun| is_within(fun.0));
    let arena = Arena::default();
    let file = File { code, path: () };
    let modules = Loader::new(defs).load(&arena, file).map_err(|errors| {
        let first = errors.into_iter().next().map(|(_, error)| error);
        unread(code, first)
    })?;
    let compiler = Compiler::default().with_funs(funs);
    compiler.compile(modules).map_err(|errors| {
        let first = errors.into_iter().flat_map(|(_, errors)| errors).next();
        match first {
            Some((part, what)) => {
                let message = format!("there is no {} `{part}`", what.as_str());
                Wrong::new(code, part, message)
            }
            None => Wrong::new(code, code, "it cannot be compiled".to_owned()),
        }
    })
}

/// The error of a text that is no expression.
fn unread(code: &str, error: Option<load::Error<&str>>) -> Wrong {
    let found = |part: &str| match part.chars().next() {
        None => "the end".to_owned(),
        Some(first) => format!("`{first}`"),
    };
    match error {
        Some(load::Error::Lex(errors)) if !errors.is_empty() => {
            let (expected, part) = &errors[0];
            let message = match expected {
                // An opening mark has no end: the mark is what to look at.
                load::lex::Expect::Delim(_) => {
                    format!("no {} for {}", expected.as_str(), found(part))
                }
                _ => format!("{} where a {} was expected", found(part), expected.as_str()),
            };
            Wrong::new(code, part, message)
        }
        Some(load::Error::Parse(errors)) if !errors.is_empty() => {
            let (expected, part) = &errors[0];
            let message = match expected.as_str() {
                "nothing" => format!("{} is one too many", found(part)),
                "term" => format!("{} where a value was expected", found(part)),
                other => format!("{} where `{other}` was expected", found(part)),
            };
            Wrong::new(code, part, message)
        }
        Some(load::Error::Io(errors)) if !errors.is_empty() => {
            Wrong::new(code, errors[0].0, "modules cannot be loaded".to_owned())
        }
        _ => Wrong::new(code, code, "it cannot be read".to_owned()),
    }
}

/// The first outputs of a filter for an event.
fn outcome(filter: &Filter<JustLut<Val>>, event: &Event, outputs: usize) -> Outcome {
    let line = serde_json::to_vec(&show::Line::new(event)).map_err(|error| error.to_string())?;
    if is_deep(&line) {
        return Err(format!("it is nested more than {DEEPEST} deep"));
    }
    let value = jaq_json::read::parse_single(&line).map_err(|error| error.to_string())?;
    let context = Ctx::<JustLut<Val>>::new(&filter.lut, Vars::new([]));
    let mut found = Vec::new();
    for output in filter
        .id
        .run((context, value))
        .take(outputs.min(OUTPUTS + 1))
    {
        let value = output.map_err(|end| match end.get_err() {
            Ok(error) => error.to_string(),
            Err(_) => "it broke off".to_owned(),
        })?;
        found.push(Output::new(&value)?);
    }
    if found.len() > OUTPUTS {
        return Err(format!("it has more than {OUTPUTS} outputs"));
    }
    Ok(found)
}

/// Whether JSON is nested more than [`DEEPEST`] deep.
fn is_deep(json: &[u8]) -> bool {
    let (mut depth, mut in_text, mut escaped) = (0_usize, false, false);
    json.iter().any(|byte| {
        match byte {
            _ if escaped => escaped = false,
            b'\\' if in_text => escaped = true,
            b'"' => in_text = !in_text,
            b'[' | b'{' if !in_text => depth += 1,
            b']' | b'}' if !in_text => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > DEEPEST
    })
}

#[cfg(test)]
mod tests {
    use antiphon_core::{Draft, Kind, Origin, Place, Position};
    use jiff::Timestamp;

    use super::*;
    use crate::failure::report;

    fn event(body: &'static str) -> Arc<Event> {
        let draft = Draft::new(
            Kind::from_static("queup.chat-message"),
            Place::new("room/1"),
            Origin::frame("c", 1),
            Timestamp::UNIX_EPOCH,
            body,
        );
        Arc::new(Event::stored(Position::new(7), "choir".into(), draft))
    }

    fn start(code: &str) -> Expression {
        Expression::start("--where", code, usize::MAX).expect("it compiles")
    }

    #[test]
    fn an_expression_sees_the_event_as_json_output_has_it() {
        let chat = event(r#"{"message":"R&B","user":{"username":"mira","dubs":3}}"#);
        for (code, expected) in [
            (r#".body.user.username == "mira""#, true),
            (".body.user.dubs > 3", false),
            (r#".kind | startswith("queup.")"#, true),
            (r#".place == "room/1" and .position == 7"#, true),
            (r#".body.message | test("r&b"; "i")"#, true),
            (".received_at | fromdateiso8601 == 0", true),
            ("empty", false),
            (".note", false),
            ("0", true),
        ] {
            assert_eq!(
                start(code).holds(&chat).expect("in time"),
                expected,
                "{code}"
            );
        }
        let mut select = start(".source, .body.user, (.body.message | length)");
        let outputs = select.outputs(&chat).expect("in time");
        let json: Vec<_> = outputs.iter().map(|output| &*output.json).collect();
        assert_eq!(json, [r#""choir""#, r#"{"username":"mira","dubs":3}"#, "3"]);
        assert_eq!(outputs[0].text.as_deref(), Some("choir"));
    }

    #[test]
    fn an_event_of_any_nesting_fails_alone() {
        // Brackets in a text are no nesting.
        let text = format!(r#"{{"message":"\\"{}"}}"#, "[".repeat(1000));
        for (body, is_failed) in [
            (text, false),
            ("[".repeat(100) + &"]".repeat(100), false),
            ("[".repeat(300_000) + &"]".repeat(300_000), true),
        ] {
            let mut expression = start(".kind");
            let holds = expression.holds(&event(body.leak())).expect("in time");
            assert_eq!(holds, !is_failed);
            assert_eq!(expression.complaint().is_some(), is_failed);
        }
    }

    #[test]
    fn an_event_that_fails_is_no_match_and_is_counted() {
        let mut expression = start(".body.user.username");
        assert!(!expression.holds(&event("[1]")).expect("in time"));
        assert!(!expression.holds(&event("3")).expect("in time"));
        assert!(
            expression
                .holds(&event(r#"{"user":{"username":"teo"}}"#))
                .expect("in time")
        );
        let complaint = expression.complaint().expect("two failed");
        assert!(
            complaint.starts_with("`--where` failed for 2 events; the first is event 7: "),
            "{complaint}"
        );
        assert_eq!(start(".kind").complaint(), None);
    }

    #[test]
    fn an_expression_that_cannot_be_read_is_shown_with_a_caret() {
        let wrong = |code: &str| {
            let failure = Expression::start("--where", code, 1).expect_err("it is wrong");
            let (exit, lines) = report(&failure.into());
            assert_eq!(exit.code(), 2);
            lines[..3].join("\n")
        };
        let cases = [
            ".body.id ==",
            "(.kind",
            ".kind | startwith(\"x\")",
            "$name",
            ".a b",
            "\"\\q\"",
            "",
            ".größe | foo",
            "import \"a\" as a; .",
            "\n.kind |\n  foo",
            "env.HOME",
            "$ENV",
        ];
        let all: Vec<_> = cases.iter().map(|code| wrong(code)).collect();
        insta::assert_snapshot!(all.join("\n"));
    }

    #[test]
    fn an_expression_without_an_end_is_given_up() {
        let mut expression = start("last(repeat(1))");
        expression.longest = Duration::from_millis(1);
        let error = expression.holds(&event("{}")).expect_err("it loops");
        assert!(error.to_string().contains("did not end within"), "{error}");
    }

    #[test]
    fn what_an_expression_gives_is_bounded() {
        let mut expression = start("range(1000)");
        assert_eq!(
            expression.outputs(&event("{}")).expect("in time").len(),
            1000
        );
        let mut expression = start("range(1001)");
        assert_eq!(expression.outputs(&event("{}")).expect("in time"), []);
        let complaint = expression.complaint().expect("too many");
        assert!(
            complaint.ends_with("it has more than 1000 outputs"),
            "{complaint}"
        );
        for code in ["nan", "infinite", "{a: [-infinite]}"] {
            let mut none = start(code);
            assert_eq!(none.outputs(&event("{}")).expect("in time"), [], "{code}");
            let complaint = none.complaint().expect("no JSON");
            assert!(complaint.ends_with("is no JSON"), "{complaint}");
        }
        let long = format!(".kind{}", " ".repeat(LENGTH));
        assert!(Expression::start("--where", &long, 1).is_err());
        // Only the first output is asked for, so that more of them do not matter.
        let mut first = Expression::start("--where", "repeat(1)", 1).expect("it compiles");
        assert!(first.holds(&event("{}")).expect("in time"));
    }
}
