//! Errors of a world file.

use std::{collections::BTreeMap, fmt};

use crate::bounds;

/// A world file cannot be used.
///
/// The text names the place in the file, such as `discord.guilds[0].members[2].roles[0]`, and what is wrong there.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct WorldFileError {
    pub(super) message: String,
    pub(super) line: Option<usize>,
    pub(super) hint: Option<String>,
}

impl WorldFileError {
    /// Line of the mistake, from 1; absent where only the place is known.
    pub fn line(&self) -> Option<usize> {
        self.line
    }

    /// A way out, such as the word that was probably meant.
    pub fn hint(&self) -> Option<&str> {
        self.hint.as_deref()
    }

    pub(super) fn of(problem: Problem, line: Option<usize>) -> Self {
        Self {
            message: format!("{}: {}", problem.path, problem.message),
            line,
            hint: problem.hint,
        }
    }
}

/// A mistake at a place of the file, found when a platform is built from it.
#[derive(Debug)]
pub(crate) struct Problem {
    /// Keys and positions that lead there, such as `queup.rooms[1].owner`.
    pub(crate) path: String,
    pub(crate) message: String,
    pub(crate) hint: Option<String>,
}

impl Problem {
    pub(crate) fn new(path: impl fmt::Display, message: impl fmt::Display) -> Self {
        Self {
            path: path.to_string(),
            message: message.to_string(),
            hint: None,
        }
    }

    pub(crate) fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The problem of a name that nothing has; `of` says whose names there are.
    pub(crate) fn unknown<'a>(
        path: impl fmt::Display,
        of: impl fmt::Display,
        what: &str,
        name: &str,
        known: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let problem = Self::new(path, format_args!("{of} has no {what} `{name}`"));
        problem.hint(nearest(name, &known.into_iter().collect::<Vec<_>>()))
    }

    /// Gives an error if there are more than `most`.
    pub(crate) fn fits(
        path: impl fmt::Display,
        what: &str,
        are: usize,
        most: usize,
    ) -> Result<(), Self> {
        if are <= most {
            return Ok(());
        }
        Err(Self::new(
            path,
            format_args!("there are {are} {what}, and {most} at most"),
        ))
    }

    /// Gives an error for a name that is empty or too long.
    pub(crate) fn name(path: impl fmt::Display, name: &str) -> Result<(), Self> {
        if name.trim().is_empty() {
            return Err(Self::new(path, "a name is empty"));
        }
        Self::text(path, name)
    }

    /// Gives an error for a text that is too long.
    pub(crate) fn text(path: impl fmt::Display, text: &str) -> Result<(), Self> {
        Self::fits(path, "characters", text.chars().count(), bounds::TEXT)
    }
}

/// Most words that a hint lists.
const LISTED: usize = 60;

/// The nearest of the known words as a question, or all of them.
pub(crate) fn nearest(word: &str, known: &[&str]) -> String {
    match nearest_word(word, known) {
        Some(near) => format!("did you mean `{near}`?"),
        None if known.is_empty() => "there is none".to_owned(),
        None => {
            let more = if known.len() > LISTED {
                "` and others"
            } else {
                "`"
            };
            let known: Vec<&str> = known.iter().take(LISTED).copied().collect();
            format!("there are `{}{more}", known.join("`, `"))
        }
    }
}

/// The known word that was probably meant, for the errors of files.
///
/// A word is near if it differs in about a third of its letters at most.
///
/// ```
/// use antiphon_sim::nearest_word;
///
/// assert_eq!(nearest_word("guids", &["guilds", "users"]), Some("guilds"));
/// assert_eq!(nearest_word("planets", &["guilds", "users"]), None);
/// ```
pub fn nearest_word<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    let word = word.to_lowercase();
    let distance = |known: &str| strsim::damerau_levenshtein(&word, &known.to_lowercase());
    let near = known.iter().map(|known| (distance(known), *known)).min();
    let near = near.filter(|(distance, known)| *distance <= 1 + known.len() / 3);
    near.map(|(_, known)| known)
}

/// Names and ids of objects of one kind, by which a file refers to them.
#[derive(Debug)]
pub(crate) struct Names<I> {
    what: &'static str,
    by_name: BTreeMap<String, Vec<I>>,
    /// Objects by their ids as text, each with its name.
    by_id: BTreeMap<String, (I, String)>,
}

impl<I: Clone + ToString> Names<I> {
    pub(crate) fn new(what: &'static str) -> Self {
        Self {
            what,
            by_name: BTreeMap::new(),
            by_id: BTreeMap::new(),
        }
    }

    pub(crate) fn add(&mut self, name: &str, id: I) {
        let entry = (id.clone(), name.to_owned());
        self.by_id.insert(id.to_string(), entry);
        self.by_name.entry(name.to_owned()).or_default().push(id);
    }

    /// The object of this id or name, if there is one.
    pub(crate) fn find(&self, handle: &str) -> Option<I> {
        let by_id = self.by_id.get(handle).map(|(id, _)| id);
        by_id.or_else(|| self.by_name.get(handle)?.first()).cloned()
    }

    /// The object of this id or name.
    ///
    /// # Errors
    ///
    /// The name of nothing, with the nearest one; a name that several have.
    pub(crate) fn get(
        &self,
        path: impl fmt::Display,
        of: impl fmt::Display,
        handle: &str,
    ) -> Result<I, Problem> {
        if let Some(ids) = self.by_name.get(handle)
            && ids.len() > 1
            && !self.by_id.contains_key(handle)
        {
            let message = format!("{of} has {} {}s named `{handle}`", ids.len(), self.what);
            return Err(Problem::new(path, message).hint("name it by its id"));
        }
        self.find(handle).ok_or_else(|| {
            let known = self.by_name.keys().map(String::as_str);
            Problem::unknown(path, of, self.what, handle, known)
        })
    }

    /// How a file refers to the object of this id; `None` if there is none.
    pub(crate) fn name_of(&self, id: &I) -> Option<String> {
        let (_, name) = self.by_id.get(&id.to_string())?;
        Some(self.handle(name, id))
    }

    /// How a file refers to an object: by its name, or by its id where the name is not its own.
    pub(crate) fn handle(&self, name: &str, id: &I) -> String {
        let alone = self.by_name.get(name).is_some_and(|ids| ids.len() == 1);
        if alone && !self.by_id.contains_key(name) {
            name.to_owned()
        } else {
            id.to_string()
        }
    }
}
