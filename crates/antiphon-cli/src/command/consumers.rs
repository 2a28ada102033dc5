//! `antiphon consumers`.
//!
//! The list is read through a read-only journal, also beside a running daemon. To forget, the journal is opened as a
//! consumer's process opens it, so that a daemon goes on meanwhile; the journal itself refuses a consumer that a process
//! has, also one that has begun since the list was read.

use antiphon_core::{ConsumerName, Position};
use antiphon_journal::{ConsumerOverview, Inspect};
use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Serialize;

use super::status::text::{process, workers};
use crate::{
    args::{Consumers, ConsumersCommand, Where},
    config,
    control::wire,
    failure::{Exit, Failure},
    figures::length,
    journal,
    output::{Form, Output, say, table},
    plain::plain,
};

/// Seconds for which a consumer without a process has to be behind to be spoken of.
const LONG: f64 = 86_400.0;

/// # Errors
/// A journal that is not there or cannot be read; for `forget` a consumer that is not there, or that a process has.
pub(crate) async fn consumers(args: Consumers) -> anyhow::Result<Exit> {
    match args.command {
        ConsumersCommand::List { journal, shape } => {
            list(&journal, Output::stdout(shape.output)).await
        }
        ConsumersCommand::Forget {
            name,
            yes,
            journal,
            shape,
        } => forget(name, yes, &journal, Output::stdout(shape.output)).await,
    }
}

/// A consumer, and how far it is.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "Consumer")]
pub(crate) struct Line {
    #[serde(flatten)]
    consumer: wire::Consumer,
    /// When the last event that it has read was received, in UTC; absent if the journal no longer has that event.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    read_received_at: Option<Timestamp>,
    /// Number of events that were queued or being handled when it was saved last.
    open: u64,
    /// Number of lanes that had no room for their next event when it was saved last.
    parked: u64,
}

/// A consumer that is given up.
#[derive(Serialize, JsonSchema)]
#[schemars(rename = "ForgottenConsumer")]
pub(crate) struct Forgotten {
    /// Whether it was done; otherwise it was only said what would be given up.
    done: bool,
    #[serde(flatten)]
    given_up: Line,
}

impl Line {
    /// # Errors
    /// The journal cannot be read.
    async fn new(
        journal: &dyn Inspect,
        one: &ConsumerOverview,
        last: Position,
        now: Timestamp,
    ) -> Result<Self, Failure> {
        let cursor = one.cursor.as_ref();
        let read = cursor.map(|cursor| cursor.read);
        let event = match read {
            Some(read) => journal.read(read.previous(), 1).await?.into_iter().next(),
            None => None,
        };
        let event = event.filter(|event| Some(event.position()) == read);
        let count = |items: usize| u64::try_from(items).unwrap_or(u64::MAX);
        Ok(Self {
            consumer: wire::Consumer::new(one, last, now),
            read_received_at: event.map(|event| event.received_at()),
            open: cursor.map_or(0, |cursor| count(cursor.open.len())),
            parked: cursor.map_or(0, |cursor| count(cursor.parked.len())),
        })
    }

    /// The cells of one line.
    fn row(&self) -> [String; 9] {
        let one = &self.consumer;
        let number = |number: Option<u64>| number.map_or("-".to_owned(), |it| it.to_string());
        [
            one.name.clone(),
            number(one.read),
            self.read_at(),
            number(one.lag),
            self.behind(),
            self.open.to_string(),
            self.parked.to_string(),
            self.held(),
            one.dead_letters.to_string(),
        ]
    }

    /// When the last event that it has read was received, to the second.
    fn read_at(&self) -> String {
        let at = self.read_received_at;
        at.map_or("-".to_owned(), |at| format!("{at:.0}"))
    }

    /// How long the oldest event that it still needs has waited.
    fn behind(&self) -> String {
        let seconds = self.consumer.lag_seconds;
        seconds.map_or("-".to_owned(), |seconds| {
            length(std::time::Duration::try_from_secs_f64(seconds).unwrap_or_default())
        })
    }

    /// The processes that have it.
    fn held(&self) -> String {
        let one = &self.consumer;
        match one.partitions {
            Some(partitions) => workers(partitions, one.workers.iter().map(|one| one.partitions)),
            None => process(one.process),
        }
    }

    /// Whether a process has it, or a partition of it.
    fn is_held(&self) -> bool {
        self.consumer.process.is_some() || !self.consumer.workers.is_empty()
    }
}

/// An empty list is no failure: the text form says so on stderr, the JSON form prints nothing.
async fn list(place: &Where, mut output: Output) -> anyhow::Result<Exit> {
    let journal = journal::to_read(&config::journal(place)?).await?;
    let lines = lines(&*journal).await?;
    match output.form() {
        Form::Json => {
            for line in &lines {
                output.json(line)?;
            }
        }
        Form::Text if lines.is_empty() => say("the journal knows no consumer"),
        Form::Text => {
            let rows: Vec<_> = lines.iter().map(Line::row).collect();
            let head = [
                "consumer",
                "read",
                "received",
                "lag",
                "behind",
                "open",
                "parked",
                "process",
                "dead letters",
            ];
            for line in table(head, &rows) {
                output.line(line)?;
            }
        }
    }
    output.flush()?;
    if output.form() == Form::Text {
        for line in lines.iter().filter(|line| !line.is_held()) {
            if line
                .consumer
                .lag_seconds
                .is_some_and(|behind| behind > LONG)
            {
                let (name, behind) = (plain(&line.consumer.name), line.behind());
                say(format_args!(
                    "warning: retention has waited for `{name}` for {behind}, and no process has it: start its program, or give \
                     it up with `antiphon consumers forget`"
                ));
            }
        }
    }
    Ok(Exit::Done)
}

/// Every consumer of a journal, by name.
///
/// # Errors
/// The journal cannot be read.
async fn lines(journal: &dyn Inspect) -> Result<Vec<Line>, Failure> {
    let overview = journal.overview().await?;
    let now = Timestamp::now();
    let mut lines = Vec::with_capacity(overview.consumers.len());
    for one in &overview.consumers {
        lines.push(Line::new(journal, one, overview.last, now).await?);
    }
    Ok(lines)
}

/// # Errors
/// A name that no consumer has, one that has dead letters alone, and one that a process has.
async fn forget(
    name: String,
    is_sure: bool,
    place: &Where,
    mut output: Output,
) -> anyhow::Result<Exit> {
    let location = config::journal(place)?;
    let journal = journal::to_read(&location).await?;
    let lines = lines(&*journal).await?;
    journal.close().await.map_err(Failure::from)?;
    let line = lines.into_iter().find(|line| line.consumer.name == name);
    let line = line.ok_or_else(|| {
        Failure::new(
            Exit::Failed,
            format!("there is no consumer `{}`", plain(&name)),
        )
        .hint("`antiphon consumers list` shows those there are")
    })?;
    if line.consumer.read.is_none() {
        let error = format!(
            "the consumer `{}` has nothing but dead letters",
            plain(&name)
        );
        return Err(Failure::new(Exit::Failed, error)
            .hint("`antiphon dead drop --all --consumer NAME` forgets those")
            .into());
    }
    if line.is_held() {
        return Err(in_use(&name, &line.held()).into());
    }
    if is_sure {
        let consumer = ConsumerName::from(name.clone());
        journal::forget(&location, &consumer)
            .await
            .map_err(|failure| match failure {
                journal::NotForgotten::InUse => in_use(&name, "another process"),
                journal::NotForgotten::Failed(failure) => failure,
            })?;
    }
    if output.form() == Form::Json {
        output.json(&Forgotten {
            done: is_sure,
            given_up: line,
        })?;
        output.flush()?;
        return Ok(Exit::Done);
    }
    let one = &line.consumer;
    let fields = [
        ("consumer", one.name.clone()),
        ("read", one.read.unwrap_or_default().to_string()),
        ("received", line.read_at()),
        ("lag", one.lag.unwrap_or_default().to_string()),
        ("behind", line.behind()),
        ("open", line.open.to_string()),
        ("parked", line.parked.to_string()),
        ("partitions", one.partitions.unwrap_or(1).to_string()),
        ("dead letters", format!("{}, which stay", one.dead_letters)),
    ];
    for (name, value) in fields {
        output.line(format_args!("{name:<12}  {value}"))?;
    }
    output.flush()?;
    say(if is_sure {
        "forgotten: its place in the journal and the projections of its own; retention waits for it no longer"
    } else {
        "nothing was changed: `--yes` gives up its place in the journal and the projections of its own for good, and a \
         consumer of that name that starts again is a new one"
    });
    Ok(Exit::Done)
}

/// The error for a consumer that is held.
fn in_use(name: &str, by: &str) -> Failure {
    let error = format!("the consumer `{}` is in use: {by}", plain(name));
    Failure::new(Exit::Failed, error).hint("stop its program, and repeat the command")
}
