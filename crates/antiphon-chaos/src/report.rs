//! What is printed: a line for each run, what broke, and the counts of all runs.

use std::io::{self, Write as _};

use crate::{
    rig::{
        Outcome,
        cluster::take_over::{Beside, seconds},
    },
    script::{Script, Shape},
    tally::Tally,
    verdict::Counts,
};

/// Prints a line at once.
///
/// # Errors
/// A closed stdout.
pub(crate) fn line(text: impl std::fmt::Display) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{text}")?;
    stdout.flush()
}

/// Prints what became of a run.
///
/// # Errors
/// A closed stdout.
pub(crate) fn run(script: &Script, outcome: &Outcome) -> io::Result<()> {
    let shape = match script.shape {
        Shape::Beside => "beside",
        Shape::Alone => "alone",
        Shape::Cluster => "cluster",
    };
    let counts = &outcome.verdict.counts;
    let told = if outcome.holds() { "kept" } else { "BROKEN" };
    line(format_args!(
        "seed {:<6} {told:<6} {shape:<7} {:>2} acts, {} kills; due {}, stored {}, in gaps {}, lost {}; \
         acted again {}, dead {}; healed after {:.1} s",
        script.seed,
        script.acts.len(),
        kills(outcome),
        counts.due,
        counts.stored,
        counts.gapped,
        counts.lost,
        counts.twice_open,
        counts.dead_expected,
        outcome.healed.as_secs_f64(),
    ))?;
    let late = outcome.take_overs.iter();
    if let Some(longest) = late
        .filter(|one| one.beside == Beside::Nothing)
        .max_by_key(|one| one.took)
    {
        line(format_args!(
            "    {} take-overs; the longest with nothing else broken after {:.1} s: {} from {:?}",
            outcome.take_overs.len(),
            seconds(longest.took),
            longest.of,
            longest.from,
        ))?;
    }
    for broken in &outcome.verdict.broken {
        line(format_args!("    {broken}"))?;
    }
    Ok(())
}

/// How often something was killed.
pub(crate) fn kills(outcome: &Outcome) -> u64 {
    let acts = outcome.acts.iter();
    let kills = acts.filter(|(name, _)| name.starts_with("kill"));
    kills.map(|(_, count)| count).sum()
}

/// Prints the acts of a script.
///
/// # Errors
/// A closed stdout.
pub(crate) fn acts(script: &Script) -> io::Result<()> {
    for act in &script.acts {
        line(format_args!("    {act}"))?;
    }
    line(format_args!(
        "    {:8.3} s  healing",
        script.length.as_secs_f64()
    ))
}

/// Prints the counts of all runs.
///
/// # Errors
/// A closed stdout.
#[expect(clippy::cast_precision_loss, reason = "a take-over has some seconds")]
pub(crate) fn tally(tally: &Tally) -> io::Result<()> {
    line("")?;
    line(format_args!(
        "{:13} {:>9} {:>9} {:>8} {:>5} {:>9} {:>13}",
        "", "due", "stored", "in gaps", "lost", "repeated", "out of order"
    ))?;
    let row = |name: &str, counts: &Counts| {
        line(format_args!(
            "{name:13} {:>9} {:>9} {:>8} {:>5} {:>9} {:>13}",
            counts.due,
            counts.stored,
            counts.gapped,
            counts.lost,
            counts.repeated,
            counts.disordered
        ))
    };
    for (platform, counts) in &tally.platforms {
        row(platform, counts)?;
    }
    row("all", &tally.counts)?;
    let counts = &tally.counts;
    line(format_args!(
        "{} runs, {} with a kill, {} failed {:?}; {} identifies, {} panics",
        tally.runs,
        tally.with_kill,
        tally.failed.len(),
        tally.failed,
        counts.identifies,
        tally.panics,
    ))?;
    line(format_args!(
        "stored before a history that came late: {}",
        counts.before_history
    ))?;
    line(format_args!(
        "handled: {} never, {} again because a process ended in the middle, {} again for no reason, {} unmarked, \
         {} out of order",
        counts.unhandled,
        counts.twice_open,
        counts.twice_closed,
        counts.unmarked,
        counts.acted_disordered,
    ))?;
    line(format_args!(
        "answers: {} questions, {} without an answer, {} answered twice",
        counts.asked, counts.unanswered, counts.keyed_twice
    ))?;
    line(format_args!(
        "dead letters: {} expected, {} unexpected, {} missing",
        counts.dead_expected, counts.dead_unexpected, counts.dead_missing
    ))?;
    let list = |map: &std::collections::BTreeMap<String, u64>| {
        let each = map.iter().map(|(name, count)| format!("{count} {name}"));
        each.collect::<Vec<_>>().join(", ")
    };
    for (name, took) in &tally.take_overs {
        let [median, longest] =
            [took.len() / 2, took.len() - 1].map(|index| took[index] as f64 / 1000.0);
        line(format_args!(
            "taken over, {name}: {}, half of them within {median:.1} s, the longest after {longest:.1} s",
            took.len()
        ))?;
    }
    if !tally.ends.is_empty() {
        line(format_args!("ended by themselves: {}", list(&tally.ends)))?;
    }
    line(format_args!("acts: {}", list(&tally.acts)))?;
    if !tally.skipped.is_empty() {
        line(format_args!("skipped: {}", list(&tally.skipped)))?;
    }
    Ok(())
}
