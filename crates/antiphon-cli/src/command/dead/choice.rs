//! Which dead letters a command is about, and what is to be said of them before.

use std::{io::IsTerminal as _, time::Duration};

use antiphon_core::{DeadLetter, Retention};
use jiff::Timestamp;

use crate::{
    args::LetterFilter,
    failure::{Exit, Failure},
    globs::take,
    output::{ask, say},
    retention::{self, kept},
    signals::Stop,
};

/// Kind of Discord's interactions.
const INTERACTION: &str = "discord.INTERACTION_CREATE";

/// How long Discord takes an answer to an interaction.
///
/// <https://discord.com/developers/docs/interactions/receiving-and-responding>
const TOKEN: Duration = Duration::from_secs(15 * 60);

impl LetterFilter {
    /// Whether nothing was asked for, so that every letter fits.
    pub(super) fn is_empty(&self) -> bool {
        self.consumers.is_empty()
            && self.handlers.is_empty()
            && self.kinds.is_empty()
            && self.sources.is_empty()
            && self.older_than.is_none()
    }

    /// Whether a letter fits: patterns of one option are alternatives, and all options must fit.
    pub(super) fn takes(&self, letter: &DeadLetter, now: Timestamp) -> bool {
        take(&self.consumers, letter.consumer.as_str())
            && take(&self.handlers, &letter.handler)
            && take(&self.kinds, letter.event.kind().as_str())
            && take(&self.sources, letter.event.source().as_str())
            && self
                .older_than
                .is_none_or(|age| is_older(letter.at, age, now))
    }
}

/// Whether more than `age` has passed since.
fn is_older(since: Timestamp, age: Duration, now: Timestamp) -> bool {
    Duration::try_from(now.duration_since(since)).is_ok_and(|passed| passed > age)
}

/// Says which letters are of no use any more: interactions that can no longer be answered, and events that the journal
/// itself has not kept.
pub(super) fn warn(letters: &[DeadLetter], retention: &Retention, now: Timestamp) {
    let count =
        |of: &dyn Fn(&DeadLetter) -> bool| letters.iter().filter(|letter| of(letter)).count();
    let late = count(&|letter| {
        let event = &letter.event;
        *event.kind() == INTERACTION && is_older(event.received_at(), TOKEN, now)
    });
    if late > 0 {
        say(format_args!(
            "warning: {} of interactions older than 15 minutes, which Discord takes no answer to: a replay skips their handlers",
            counted(late)
        ));
    }
    let policy = retention::whole(retention.clone());
    let outlived = count(&|letter| {
        let kept = kept(letter.event.kind().as_str(), &policy);
        kept.is_some_and(|kept| is_older(letter.event.received_at(), kept, now))
    });
    if outlived > 0 {
        say(format_args!(
            "warning: {} of events older than the journal keeps: the letters alone still have them",
            counted(outlived)
        ));
    }
}

fn counted(letters: usize) -> String {
    match letters {
        1 => "1 letter is".to_owned(),
        many => format!("{many} letters are"),
    }
}

/// Asks whether so many letters are to be forgotten; `is_sure` says that nobody has to be asked.
///
/// # Errors
/// Nobody can be asked, or the answer is no.
pub(super) async fn confirm(letters: usize, is_sure: bool, stop: &Stop) -> Result<(), Failure> {
    if is_sure {
        return Ok(());
    }
    let which = match letters {
        // A script without `--yes` is refused at once, and not only on the day on which there is a letter.
        0 => "dead letters".to_owned(),
        1 => "1 dead letter".to_owned(),
        many => format!("{many} dead letters"),
    };
    if !std::io::stdin().is_terminal() || !std::io::stderr().is_terminal() {
        let error =
            format!("`dead drop --all` forgets {which} for good, and nobody can be asked here");
        return Err(Failure::usage(error).hint("add `--yes`"));
    }
    if letters == 0 {
        return Ok(());
    }
    let answer =
        tokio::task::spawn_blocking(move || ask(&format!("Forget {which} for good? [y/N] ")));
    let answer = tokio::select! {
        answer = answer => answer.ok().and_then(Result::ok).unwrap_or_default(),
        () = stop.asked() => return Err(Failure::new(Exit::Interrupted, "interrupted")),
    };
    match answer.trim() {
        "y" | "Y" | "yes" => Ok(()),
        _ => Err(Failure::new(Exit::Failed, "nothing was forgotten")),
    }
}
