//! Choices for an option that a user is typing.

use std::{fmt, sync::Arc};

use antiphon_core::BoxError;
use antiphon_discord::{
    Client, InteractionCreate,
    model::{
        ChoiceValue, CommandDataOption, CommandOptionChoice, CommandOptionValue, Interaction,
        Number,
    },
};

use super::{
    function::{Erased, Function, erase},
    invocation::{data, path},
    option::CommandOption,
    spec::joined,
};
use crate::handler::HandlerError;

/// Most choices of one answer.
const CHOICES: usize = 25;
/// Most characters of a choice's name and of its value, if that is a text.
const CHARACTERS: usize = 100;

/// An option that a user is typing: the first argument of an autocomplete function.
///
/// The function is named beside its option, and returns a list of texts, of numbers, of pairs of a name and a value, or of
/// [`CommandOptionChoice`]s, or a `Result` of one.
/// The first 25 are shown. A name of more than 100 characters is cut; a text value of more than 100 is left out, because
/// Discord refuses it.
///
/// ```
/// use antiphon::{State, commands::{Command, Focused}};
///
/// /// Sings a song
/// #[derive(Command)]
/// #[command(state = Vec<String>)]
/// struct Sing {
///     /// What to sing
///     #[option(autocomplete = songs)]
///     song: String,
/// }
///
/// async fn songs(focused: Focused, State(songs): State<Vec<String>>) -> Vec<String> {
///     songs.into_iter().filter(|song| song.starts_with(focused.text())).collect()
/// }
/// ```
///
/// A function without extractors needs no `state`.
/// An error of the function is logged, and the user sees no choices; it makes no dead letter, since nobody waits for the
/// answer any more.
#[derive(Clone)]
pub struct Focused {
    client: Client,
    interaction: Arc<InteractionCreate>,
}

impl Focused {
    /// `None` if no option of a command is being typed.
    pub(super) fn new(client: Client, interaction: Arc<InteractionCreate>) -> Option<Self> {
        let focused = Self {
            client,
            interaction,
        };
        focused.typed()?;
        Some(focused)
    }

    fn options(&self) -> &[CommandDataOption] {
        let mut options: &[CommandDataOption] =
            data(&self.interaction).map_or(&[], |data| &data.options);
        while let [one] = options
            && let CommandOptionValue::SubCommand(inner)
            | CommandOptionValue::SubCommandGroup(inner) = &one.value
        {
            options = inner;
        }
        options
    }

    fn typed(&self) -> Option<(&str, &str)> {
        self.options()
            .iter()
            .find_map(|option| match &option.value {
                CommandOptionValue::Focused(text, _) => Some((&*option.name, &**text)),
                _ => None,
            })
    }

    /// What the user has typed so far; may be empty, and need be no number where the option is one.
    pub fn text(&self) -> &str {
        self.typed().map_or("", |(_, text)| text)
    }

    /// Name of the option.
    pub fn option(&self) -> &str {
        self.typed().map_or("", |(name, _)| name)
    }

    /// Another option that the user has filled already; absent if it is not, or does not fit the type.
    pub fn get<T: CommandOption>(&self, name: &str) -> Option<T> {
        let option = self.options().iter().find(|option| option.name == name)?;
        let resolved = data(&self.interaction)?.resolved.as_deref();
        T::from_option(&option.value, resolved).ok()
    }

    /// Name of the command with its subcommands.
    pub fn command(&self) -> String {
        data(&self.interaction).map_or_else(String::new, path)
    }

    /// The interaction, with everything that Discord sent of it.
    pub fn interaction(&self) -> &Interaction {
        &self.interaction
    }

    /// The client.
    pub fn client(&self) -> &Client {
        &self.client
    }
}

impl fmt::Debug for Focused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Focused")
            .field("command", &self.command())
            .field("option", &self.option())
            .finish_non_exhaustive()
    }
}

/// A value that becomes a choice.
pub trait IntoChoice {
    /// The choice.
    fn into_choice(self) -> CommandOptionChoice;
}

impl IntoChoice for CommandOptionChoice {
    fn into_choice(self) -> CommandOptionChoice {
        self
    }
}

/// Implements choices whose name is their value.
macro_rules! choices {
    ($($type:ty: $value:expr;)*) => {$(
        impl IntoChoice for $type {
            fn into_choice(self) -> CommandOptionChoice {
                let make: fn($type) -> ChoiceValue = $value;
                CommandOptionChoice {
                    name: self.to_string(),
                    value: make(self),
                    ..CommandOptionChoice::default()
                }
            }
        }

        impl<N: Into<String>> IntoChoice for (N, $type) {
            fn into_choice(self) -> CommandOptionChoice {
                CommandOptionChoice {
                    name: self.0.into(),
                    ..self.1.into_choice()
                }
            }
        }
    )*};
}

choices! {
    String: ChoiceValue::String;
    &str: |text| ChoiceValue::String(text.to_owned());
    i64: |number| ChoiceValue::Number(Number::Integer(number));
    f64: |number| ChoiceValue::Number(Number::Float(number));
}

/// What an autocomplete function may return.
pub trait Suggestions {
    /// The choices, or why there are none.
    ///
    /// # Errors
    /// The function's own error.
    fn into_choices(self) -> Result<Vec<CommandOptionChoice>, HandlerError>;
}

impl<C: IntoChoice> Suggestions for Vec<C> {
    fn into_choices(self) -> Result<Vec<CommandOptionChoice>, HandlerError> {
        Ok(fitting(self.into_iter().map(IntoChoice::into_choice)))
    }
}

impl<C: IntoChoice, E: Into<HandlerError>> Suggestions for Result<Vec<C>, E> {
    fn into_choices(self) -> Result<Vec<CommandOptionChoice>, HandlerError> {
        self.map_err(Into::into)?.into_choices()
    }
}

/// The first choices that Discord takes.
fn fitting(choices: impl Iterator<Item = CommandOptionChoice>) -> Vec<CommandOptionChoice> {
    let fits = |choice: &CommandOptionChoice| match &choice.value {
        ChoiceValue::String(text) => !text.is_empty() && text.chars().count() <= CHARACTERS,
        _ => true,
    };
    let mut fitting = Vec::new();
    for mut choice in choices.filter(fits) {
        if choice.name.is_empty() {
            continue;
        }
        if choice.name.chars().count() > CHARACTERS {
            choice.name = choice
                .name
                .chars()
                .take(CHARACTERS - 1)
                .chain(['…'])
                .collect();
        }
        fitting.push(choice);
        if fitting.len() == CHOICES {
            break;
        }
    }
    fitting
}

/// An autocomplete function whose own type is erased.
pub(super) type Completer<S> = Erased<Focused, Result<Vec<CommandOptionChoice>, HandlerError>, S>;

/// The autocomplete functions of a command, which the derive macro lists.
pub struct Completers<S> {
    /// Names of the subcommands around what is listed next.
    path: String,
    all: Vec<(String, &'static str, Completer<S>)>,
}

impl<S> Completers<S> {
    pub(super) fn of<T: Completes<S>>() -> Self {
        let mut completers = Self {
            path: String::new(),
            all: Vec::new(),
        };
        T::completers(&mut completers);
        completers
    }

    /// Adds the function of an option.
    pub fn add<M, F>(&mut self, option: &'static str, function: F)
    where
        F: Function<Focused, M, S>,
        F::Output: Suggestions + 'static,
    {
        let completer = erase(function, Suggestions::into_choices);
        self.all.push((self.path.clone(), option, completer));
    }

    /// Adds the functions of a subcommand.
    pub fn within(&mut self, name: &str, inner: impl FnOnce(&mut Self)) {
        let path = std::mem::take(&mut self.path);
        self.path = joined(&path, name);
        inner(self);
        self.path = path;
    }

    /// The function of an option; the path is without the command's own name.
    pub(super) fn find(&self, path: &str, option: &str) -> Option<&Completer<S>> {
        let found = self.all.iter();
        let mut found = found.filter(|(place, name, _)| place == path && *name == option);
        found.next().map(|(_, _, completer)| completer)
    }
}

impl<S> fmt::Debug for Completers<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.all.iter().map(|(path, option, _)| (path, option));
        f.debug_list().entries(all).finish()
    }
}

/// The autocomplete functions of a command, in an app with state `S`; made by
/// [`#[derive(Command)]`](macro@super::Command).
#[diagnostic::on_unimplemented(
    message = "the autocomplete functions of `{Self}` do not fit an app with state `{S}`",
    note = "`#[command(state = …)]` on the command names the state of the app"
)]
pub trait Completes<S> {
    /// Lists the functions.
    fn completers(completers: &mut Completers<S>);
}

/// The error of an autocomplete interaction for an option without a function.
pub(super) fn no_completer(focused: &Focused) -> BoxError {
    let (command, option) = (focused.command(), focused.option());
    format!("option `{option}` of `/{command}` has no autocomplete function").into()
}
