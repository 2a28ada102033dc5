//! `antiphon tail`.
//!
//! It reads pages of a read-only journal. The file has no index by kind, place or time, so that a filter passes over the
//! other rows, without reading their bodies; texts and expressions are looked at in what is left.
//!
//! Without `--follow` it ends at the event that was the last when it began, however fast the journal grows. `--lines`
//! reads backwards, in steps that grow, until it has enough.

mod explain;
mod pick;

use std::{collections::VecDeque, sync::Arc};

use antiphon_core::{Event, Position};
use antiphon_journal::Inspect;
use jiff::{Timestamp, tz::TimeZone};

pub(crate) use self::explain::Handling;
use self::{explain::Explainer, pick::Pick};
use crate::{
    args::Tail,
    config, doubt,
    expression::Expression,
    failure::{Exit, Failure},
    journal,
    output::{Form, Output, say},
    range,
    show::Lines,
    signals::Stop,
};

/// Events of a page.
///
/// A page ends earlier at 8 MiB.
const PAGE: usize = 1000;

/// # Errors
/// Options that cannot be used, no journal, one that cannot be read, and one whose files were changed by somebody else
/// meanwhile (exit code 5).
pub(crate) async fn tail(args: Tail, stop: &Stop) -> anyhow::Result<Exit> {
    let mut pick = Pick::new(&args)?;
    let mut view = View::new(&args)?;
    let journal = journal::to_read(&config::journal(&args.journal)?).await?;
    doubt::warn(&*journal, &args.kinds, &args.places, &args.sources).await?;
    let mut last = journal.last();
    let end = *last.borrow_and_update();
    let (mut after, until) = bounds(&args, &*journal, end).await?;
    if let Some(lines) = args.lines {
        let events = pick.last(&*journal, after, until, lines, stop).await?;
        view.show(&*journal, &Vec::from(events)).await?;
        after = until;
    }
    loop {
        let page = journal.read_where(after, PAGE, pick.filter()).await;
        let page = page.map_err(Failure::from)?;
        let is_shown = |event: &&Arc<Event>| args.follow || event.position() <= until;
        let events = pick.taken(page.events.iter().take_while(is_shown))?;
        view.show(&*journal, &events).await?;
        let is_end = page.through == after;
        after = page.through;
        if stop.token().is_cancelled() {
            break;
        }
        if is_end || (!args.follow && after >= until) {
            view.output.flush()?;
            if !args.follow {
                break;
            }
            tokio::select! {
                () = stop.asked() => break,
                stored = last.changed() => if stored.is_err() { break },
            }
        }
    }
    view.output.flush()?;
    if args.explain && args.shape.output == Form::Text {
        say(
            "hint: the program that handles says for each event why no handler was called, with `RUST_LOG=antiphon=trace`",
        );
    }
    let complaints = [pick.complaint(), view.complaint()];
    complaints.into_iter().flatten().for_each(say);
    Ok(stop.exit())
}

/// The position before the first event to show, and that of the last without `--follow`.
async fn bounds(
    args: &Tail,
    journal: &dyn Inspect,
    end: Position,
) -> Result<(Position, Position), Failure> {
    let now = Timestamp::now().to_zoned(zone(args));
    let after = match args.since {
        Some(since) => range::begin(journal, since, &now, end).await?,
        None if args.follow && args.lines.is_none() => end,
        None => Position::ZERO,
    };
    let until = match args.until {
        Some(until) => range::finish(journal, until, &now, end).await?,
        None => end,
    };
    Ok((after, until))
}

fn zone(args: &Tail) -> TimeZone {
    if args.utc {
        TimeZone::UTC
    } else {
        TimeZone::system()
    }
}

impl Pick {
    /// The last events that are wanted of those behind `after`, up to `until`, in order.
    async fn last(
        &mut self,
        journal: &dyn Inspect,
        after: Position,
        until: Position,
        lines: usize,
        stop: &Stop,
    ) -> anyhow::Result<VecDeque<Arc<Event>>> {
        let filter = self.filter().clone();
        let taken = |events: &[Arc<Event>]| self.taken(events);
        let is_over = || stop.token().is_cancelled();
        let last = range::last(journal, (after, until), lines, &filter, taken, is_over).await?;
        Ok(last.events)
    }
}

/// How events are shown: as lines, or as what an expression makes of them.
struct View {
    output: Output,
    lines: Lines,
    select: Option<Expression>,
    /// Whether each event is followed by what became of it.
    is_explained: bool,
}

impl View {
    fn new(args: &Tail) -> Result<Self, Failure> {
        let select = args.select.as_deref();
        let select = select.map(|code| Expression::start("--select", code, usize::MAX));
        Ok(Self {
            output: Output::stdout(args.shape.output),
            lines: Lines::new(zone(args), !args.ids).marking(args.grep.clone()),
            select: select.transpose()?,
            is_explained: args.explain,
        })
    }

    async fn show(&mut self, journal: &dyn Inspect, events: &[Arc<Event>]) -> anyhow::Result<()> {
        let Some(select) = &mut self.select else {
            if self.output.form() == Form::Text {
                self.lines.learn(journal, events).await?;
            }
            // Read anew for each page, as consumers go on meanwhile.
            let explainer = if self.is_explained && !events.is_empty() {
                Some(Explainer::read(journal).await?)
            } else {
                None
            };
            let explain = |event: &Event| Some(explainer.as_ref()?.handling(event));
            let events = events.iter().map(|event| &**event);
            let (output, lines) = (&mut self.output, &mut self.lines);
            return lines.show_explained(output, events, explain);
        };
        for event in events {
            let outputs = tokio::task::block_in_place(|| select.outputs(event))?;
            for output in outputs {
                match (self.output.form(), output.text) {
                    (Form::Text, Some(text)) => self.output.line(text)?,
                    _ => self.output.document_text(&output.json)?,
                }
            }
        }
        Ok(())
    }

    fn complaint(&self) -> Option<String> {
        self.select.as_ref()?.complaint()
    }
}
