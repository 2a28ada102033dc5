//! Patterns of the command line that fit nothing: most are misspelt.
//!
//! Every command that takes patterns of kinds, places or sources warns of them here, and goes on: a script may ask for
//! what is not there yet.

use antiphon_core::SourceName;
use antiphon_journal::Inspect;

use crate::{
    failure::Failure,
    globs::Pattern,
    output::say,
    platform::{PLATFORMS, all_kinds},
};

/// Most names of a journal that patterns are compared with; where there are more, no pattern is doubted.
const NAMES: usize = 100_000;

/// Warns of patterns that fit nothing which is known or stored.
///
/// # Errors
/// The journal cannot be read.
pub(crate) async fn warn(
    journal: &dyn Inspect,
    kinds: &[Pattern],
    places: &[Pattern],
    sources: &[Pattern],
) -> Result<(), Failure> {
    if kinds.is_empty() && places.is_empty() && sources.is_empty() {
        return Ok(());
    }
    let names = journal.names(NAMES).await?;
    let is_whole = names.texts.len() < NAMES;
    let stored: Vec<_> = names.texts.iter().map(|text| &**text).collect();
    let known: Vec<_> = all_kinds().map(|kind| kind.kind).collect();
    let names: Vec<_> = names.sources.iter().map(SourceName::as_str).collect();
    for pattern in kinds {
        let is_known = known.iter().chain(&stored).any(|kind| pattern.fits(kind));
        if !is_known && is_whole {
            doubt("kind", pattern, near_kind(pattern, &known));
        }
    }
    for pattern in places {
        if is_whole && !stored.iter().any(|place| pattern.fits(place)) {
            doubt("place", pattern, None);
        }
    }
    for pattern in sources {
        if !names.iter().any(|source| pattern.fits(source)) {
            let near = antiphon_sim::nearest_word(pattern.wanted(), &names);
            doubt("source", pattern, near.map(str::to_owned));
        }
    }
    Ok(())
}

fn doubt(what: &str, pattern: &Pattern, near: Option<String>) {
    let near = near.map_or(String::new(), |near| format!("; is it `{near}`?"));
    let pattern = pattern.as_str();
    say(format_args!(
        "warning: `{pattern}` fits no {what} that is known or stored{near}"
    ));
}

/// The kind that a misspelt one may be, or its platform.
fn near_kind(pattern: &Pattern, kinds: &[&str]) -> Option<String> {
    let wanted = pattern.wanted().to_lowercase();
    // Kinds are compared in one case, as patterns fit them in any.
    let lower: Vec<_> = kinds.iter().map(|kind| kind.to_lowercase()).collect();
    let words: Vec<_> = lower.iter().map(String::as_str).collect();
    // A pattern has no one kind that it may be.
    let is_whole = !wanted.contains(['*', '?', '{', '[']);
    if let Some(near) = antiphon_sim::nearest_word(&wanted, &words).filter(|_| is_whole) {
        let at = words.iter().position(|word| *word == near);
        return at.map(|at| kinds[at].to_owned());
    }
    let (platform, name) = wanted.split_once('.')?;
    let platforms: Vec<_> = PLATFORMS.iter().map(|platform| platform.name).collect();
    let near = antiphon_sim::nearest_word(platform, &platforms)?;
    (near != platform).then(|| format!("{near}.{name}"))
}
