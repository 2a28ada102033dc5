//! Reading a used command into the type that declares it.

use std::fmt;

use antiphon_discord::model::{
    CommandData, CommandDataOption, CommandOptionValue, CommandType, Message, PartialMember, User,
    id::{
        Id,
        marker::{MessageMarker, UserMarker},
    },
};

use super::{
    option::{CommandOption, OptionError, ResolvedUser},
    spec::{OptionSpec, Spec, joined},
};

/// A command's declaration and how it is read; made by [`#[derive(Command)]`](macro@super::Command).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a command",
    note = "derive it: `#[derive(antiphon::commands::Command)]`"
)]
pub trait Command: Sized + Send + Sync + 'static {
    /// The declaration.
    const SPEC: &'static Spec;

    /// Reads a used command.
    ///
    /// # Errors
    /// [`ParseError`] if it does not fit the declaration, as a command that was registered by an earlier version may not.
    fn parse(input: &Input<'_>) -> Result<Self, ParseError>;
}

/// A used command, or one of its subcommands, that is being read.
#[derive(Clone, Debug)]
pub struct Input<'a> {
    data: &'a CommandData,
    /// Name of the command with its subcommands.
    path: String,
    options: &'a [CommandDataOption],
}

impl<'a> Input<'a> {
    /// A used command.
    pub fn new(data: &'a CommandData) -> Self {
        Self {
            data,
            path: data.name.clone(),
            options: &data.options,
        }
    }

    /// Goes into the subcommand that was used.
    ///
    /// # Errors
    /// [`ParseError`] if none was.
    pub fn subcommand(&self) -> Result<(&'a str, Self), ParseError> {
        if let [one] = self.options
            && let CommandOptionValue::SubCommand(options)
            | CommandOptionValue::SubCommandGroup(options) = &one.value
        {
            let inner = Self {
                data: self.data,
                path: joined(&self.path, &one.name),
                options,
            };
            return Ok((&one.name, inner));
        }
        Err(self.error(Problem::NoSubcommand))
    }

    /// The error for a subcommand without a declaration.
    pub fn unknown(&self) -> ParseError {
        self.error(Problem::UnknownSubcommand)
    }

    /// The options, held against their declarations.
    ///
    /// # Errors
    /// [`ParseError`] if there is one without a declaration.
    pub fn options(&self, specs: &'static [OptionSpec]) -> Result<Options<'a, '_>, ParseError> {
        let known =
            |option: &&CommandDataOption| specs.iter().any(|spec| spec.texts.name == option.name);
        if let Some(unknown) = self.options.iter().find(|option| !known(option)) {
            return Err(self.error(Problem::UnknownOption(unknown.name.clone())));
        }
        Ok(Options { input: self, specs })
    }

    /// The user or message that the command was used on.
    ///
    /// # Errors
    /// [`ParseError`] if it was not sent.
    pub fn target<T: Target>(&self) -> Result<T, ParseError> {
        T::from_data(self.data)
            .map_err(|error| self.error(Problem::Option("target".to_owned(), error)))
    }

    fn error(&self, problem: Problem) -> ParseError {
        ParseError {
            command: self.path.clone(),
            problem,
        }
    }
}

/// Options of a used command, beside their declarations.
#[derive(Debug)]
pub struct Options<'a, 'b> {
    input: &'b Input<'a>,
    specs: &'static [OptionSpec],
}

impl Options<'_, '_> {
    /// Reads the option with this index, which a user has to give.
    ///
    /// # Errors
    /// [`ParseError`] if it is missing or does not fit.
    pub fn required<T: CommandOption>(&self, index: usize) -> Result<T, ParseError> {
        self.optional(index)?
            .ok_or_else(|| self.error(index, OptionError::Missing))
    }

    /// Reads the option with this index, which a user may leave out.
    ///
    /// # Errors
    /// [`ParseError`] if it does not fit.
    pub fn optional<T: CommandOption>(&self, index: usize) -> Result<Option<T>, ParseError> {
        let spec = &self.specs[index];
        let given = self.input.options.iter();
        let Some(option) = given.into_iter().find(|one| one.name == spec.texts.name) else {
            return Ok(None);
        };
        let resolved = self.input.data.resolved.as_deref();
        let read = T::from_option(&option.value, resolved);
        let read = read.and_then(|value| within(spec, &option.value).map(|()| value));
        read.map(Some).map_err(|error| self.error(index, error))
    }

    fn error(&self, index: usize, error: OptionError) -> ParseError {
        let name = self.specs[index].texts.name.to_owned();
        self.input.error(Problem::Option(name, error))
    }
}

/// Holds a value against the range and choices of its declaration.
fn within(spec: &OptionSpec, value: &CommandOptionValue) -> Result<(), OptionError> {
    let number = match value {
        CommandOptionValue::Integer(number) => {
            Some(antiphon_discord::model::Number::Integer(*number).as_f64())
        }
        CommandOptionValue::Number(number) => Some(number.as_f64()),
        _ => None,
    };
    if let Some(number) = number {
        let fits = spec.min.is_none_or(|min| number >= min.as_f64())
            && spec.max.is_none_or(|max| number <= max.as_f64());
        if !fits {
            return Err(OptionError::OutOfRange);
        }
    }
    if let CommandOptionValue::String(text) = value {
        let length = text.chars().count();
        let fits = spec.min_length.is_none_or(|min| length >= usize::from(min))
            && spec.max_length.is_none_or(|max| length <= usize::from(max));
        if !fits {
            return Err(OptionError::OutOfRange);
        }
    }
    if spec.choices.is_empty() {
        return Ok(());
    }
    super::spec::Choice::position(spec.choices, value).map(drop)
}

/// The user or message of a user or message command: the one field of its struct.
///
/// [`User`], [`ResolvedUser`], [`PartialMember`] and `Id<UserMarker>` make a user command; [`Message`] and
/// `Id<MessageMarker>` a message command.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be the target of a user or message command",
    note = "targets are `User`, `ResolvedUser`, `PartialMember`, `Message`, and the ids of users and messages"
)]
pub trait Target: Sized {
    /// Type of the command.
    const KIND: CommandType;

    /// Reads the target.
    ///
    /// # Errors
    /// [`OptionError`] if it was not sent.
    fn from_data(data: &CommandData) -> Result<Self, OptionError>;
}

impl Target for Id<UserMarker> {
    const KIND: CommandType = CommandType::User;

    fn from_data(data: &CommandData) -> Result<Self, OptionError> {
        data.target_id.map(Id::cast).ok_or(OptionError::Missing)
    }
}

impl Target for ResolvedUser {
    const KIND: CommandType = CommandType::User;

    fn from_data(data: &CommandData) -> Result<Self, OptionError> {
        Self::of(Id::from_data(data)?, data.resolved.as_deref())
    }
}

impl Target for User {
    const KIND: CommandType = CommandType::User;

    fn from_data(data: &CommandData) -> Result<Self, OptionError> {
        ResolvedUser::from_data(data).map(|resolved| resolved.user)
    }
}

impl Target for PartialMember {
    const KIND: CommandType = CommandType::User;

    fn from_data(data: &CommandData) -> Result<Self, OptionError> {
        ResolvedUser::from_data(data)?.into_member()
    }
}

impl Target for Id<MessageMarker> {
    const KIND: CommandType = CommandType::Message;

    fn from_data(data: &CommandData) -> Result<Self, OptionError> {
        data.target_id.map(Id::cast).ok_or(OptionError::Missing)
    }
}

impl Target for Message {
    const KIND: CommandType = CommandType::Message;

    fn from_data(data: &CommandData) -> Result<Self, OptionError> {
        let id: Id<MessageMarker> = Id::from_data(data)?;
        let messages = data.resolved.as_deref().map(|resolved| &resolved.messages);
        let message = messages.and_then(|messages| messages.get(&id));
        message.cloned().ok_or(OptionError::Missing)
    }
}

/// A used command that does not fit its declaration.
///
/// The usual cause is a command that was registered by an earlier version of the program: Discord's clients keep the old
/// declaration for a while.
#[derive(Clone, Debug, PartialEq)]
pub struct ParseError {
    /// Name of the command with its subcommands.
    command: String,
    problem: Problem,
}

#[derive(Clone, Debug, PartialEq)]
enum Problem {
    NoSubcommand,
    UnknownSubcommand,
    UnknownOption(String),
    Option(String, OptionError),
}

impl ParseError {
    /// Name of the command with its subcommands, such as `music queue add`.
    pub fn command(&self) -> &str {
        &self.command
    }

    /// Name of the option, if it is about one; `target` for the user or message of a context menu.
    pub fn option(&self) -> Option<&str> {
        match &self.problem {
            Problem::UnknownOption(name) | Problem::Option(name, _) => Some(name),
            _ => None,
        }
    }

    /// The error of that option's value; absent for an option without a declaration.
    pub fn option_error(&self) -> Option<&OptionError> {
        match &self.problem {
            Problem::Option(_, error) => Some(error),
            _ => None,
        }
    }
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { command, problem } = self;
        match problem {
            Problem::NoSubcommand => write!(f, "`/{command}` was used without a subcommand"),
            Problem::UnknownSubcommand => write!(
                f,
                "`/{command}` was used with a subcommand that is not declared"
            ),
            Problem::UnknownOption(name) => {
                write!(
                    f,
                    "`/{command}` was used with the option `{name}`, which is not declared"
                )
            }
            Problem::Option(name, error) => write!(f, "option `{name}` of `/{command}`: {error}"),
        }
    }
}

impl std::error::Error for ParseError {}
