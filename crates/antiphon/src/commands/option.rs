//! Types of options: how each is declared, and how it is read from what Discord sends.

use std::fmt;

use antiphon_discord::model::{
    Attachment, Channel, CommandOptionType, CommandOptionValue, Number, PartialMember,
    ResolvedData, Role, User,
    id::{
        Id,
        marker::{AttachmentMarker, ChannelMarker, GenericMarker, RoleMarker, UserMarker},
    },
};

use super::spec::Choice;

/// A type that an option of a slash command may have.
///
/// An `Option<T>` is an option that a user may leave out.
///
/// | type | option |
/// | --- | --- |
/// | `String` | a text |
/// | `i64`, and `i8` to `u64` with their ranges | a whole number between -2^53 and 2^53 |
/// | `f64`, `f32` | a number |
/// | `bool` | yes or no |
/// | [`User`], [`ResolvedUser`], `Id<UserMarker>` | a user; [`ResolvedUser`] has the member as well |
/// | [`PartialMember`] | a user who is a member of the guild; anyone else is [`OptionError::NotAMember`] |
/// | [`Channel`], `Id<ChannelMarker>` | a channel or thread |
/// | [`Role`], `Id<RoleMarker>` | a role |
/// | [`Mentionable`], `Id<GenericMarker>` | a user or a role |
/// | [`Attachment`], `Id<AttachmentMarker>` | a file |
/// | an enum with [`#[derive(Choice)]`](macro@super::Choice) | one of up to 25 choices |
///
/// A type of your own reads another one and checks it:
///
/// ```
/// use antiphon::{
///     commands::{CommandOption, OptionError},
///     discord::model::{CommandOptionType, CommandOptionValue, ResolvedData},
/// };
///
/// /// A colour, written as `#ff8800`.
/// struct Colour(u32);
///
/// impl CommandOption for Colour {
///     const KIND: CommandOptionType = CommandOptionType::String;
///
///     fn from_option(value: &CommandOptionValue, resolved: Option<&ResolvedData>) -> Result<Self, OptionError> {
///         let text = String::from_option(value, resolved)?;
///         let number = text.strip_prefix('#').and_then(|digits| u32::from_str_radix(digits, 16).ok());
///         number.map(Self).ok_or_else(|| OptionError::invalid("Write a colour as `#ff8800`."))
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be an option of a command",
    note = "options are `String`, numbers, `bool`, `User`, `ResolvedUser`, `PartialMember`, `Channel`, `Role`, `Mentionable`, `Attachment`, their ids, and enums with `#[derive(Choice)]`",
    note = "an `Option` of one of them may be left out"
)]
pub trait CommandOption: Sized {
    /// Type on the wire.
    const KIND: CommandOptionType;
    /// Fixed choices; none by default.
    const CHOICES: &'static [Choice] = &[];
    /// Smallest number; none by default.
    const MIN: Option<Number> = None;
    /// Greatest number; none by default.
    const MAX: Option<Number> = None;

    /// Reads a value; users, roles, channels and files that it names are in `resolved`.
    ///
    /// # Errors
    /// [`OptionError`] if the value is of another type, or is refused.
    fn from_option(
        value: &CommandOptionValue,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError>;
}

/// A value of an option that cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// A required option was left out.
    #[error("it is missing")]
    Missing,
    /// It is of another type.
    #[error("it is a {} and not a {}", Kind(*found), Kind(*expected))]
    WrongType {
        /// Type of the declaration.
        expected: CommandOptionType,
        /// Type that was sent.
        found: CommandOptionType,
    },
    /// A number or the length of a text is not within the range of the declaration.
    #[error("it is outside of its range")]
    OutOfRange,
    /// It is none of the declared choices.
    #[error("it is none of the choices")]
    NotAChoice,
    /// The object that it names is not in `resolved`.
    #[error("the {} that it names was not sent", Kind(*.0))]
    Unresolved(CommandOptionType),
    /// The user is no member of the guild.
    #[error("the user is no member of this guild")]
    NotAMember,
    /// A type of the program's own refused it, with a text for the user.
    #[error("{0}")]
    Invalid(String),
}

impl OptionError {
    /// A value that a type of the program's own refuses, with a text for the user.
    pub fn invalid(text: impl Into<String>) -> Self {
        Self::Invalid(text.into())
    }

    /// Whether the user is to correct the value, and not the program its declaration.
    pub fn is_for_user(&self) -> bool {
        matches!(self, Self::NotAMember | Self::Invalid(_))
    }
}

/// The name of a type in an error.
struct Kind(CommandOptionType);

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            CommandOptionType::Subcommand => "subcommand",
            CommandOptionType::SubcommandGroup => "subcommand group",
            CommandOptionType::String => "text",
            CommandOptionType::Integer => "whole number",
            CommandOptionType::Boolean => "boolean",
            CommandOptionType::User => "user",
            CommandOptionType::Channel => "channel",
            CommandOptionType::Role => "role",
            CommandOptionType::Mentionable => "mentionable",
            CommandOptionType::Number => "number",
            CommandOptionType::Attachment => "file",
            _ => "value of an unknown type",
        })
    }
}

fn wrong<T: CommandOption>(value: &CommandOptionValue) -> OptionError {
    OptionError::WrongType {
        expected: T::KIND,
        found: value.kind(),
    }
}

/// Implements an option that is one variant's value.
macro_rules! plain {
    ($($type:ty = $kind:ident;)*) => {$(
        impl CommandOption for $type {
            const KIND: CommandOptionType = CommandOptionType::$kind;

            fn from_option(
                value: &CommandOptionValue,
                _: Option<&ResolvedData>,
            ) -> Result<Self, OptionError> {
                match value {
                    CommandOptionValue::$kind(value) => Ok(value.clone()),
                    other => Err(wrong::<Self>(other)),
                }
            }
        }
    )*};
}

plain! {
    String = String;
    bool = Boolean;
    Id<UserMarker> = User;
    Id<ChannelMarker> = Channel;
    Id<RoleMarker> = Role;
    Id<GenericMarker> = Mentionable;
    Id<AttachmentMarker> = Attachment;
}

/// Greatest whole number of an option, and with a minus its smallest.
const WHOLE: i64 = 1 << 53;

/// Implements whole numbers; their range is the type's, within Discord's.
macro_rules! whole {
    ($($type:ident: $min:expr, $max:expr;)*) => {$(
        impl CommandOption for $type {
            const KIND: CommandOptionType = CommandOptionType::Integer;
            const MIN: Option<Number> = $min;
            const MAX: Option<Number> = $max;

            fn from_option(
                value: &CommandOptionValue,
                _: Option<&ResolvedData>,
            ) -> Result<Self, OptionError> {
                match value {
                    CommandOptionValue::Integer(value) => {
                        Self::try_from(*value).map_err(|_| OptionError::OutOfRange)
                    }
                    other => Err(wrong::<Self>(other)),
                }
            }
        }
    )*};
}

whole! {
    i64: None, None;
    u64: Some(Number::Integer(0)), Some(Number::Integer(WHOLE));
    i32: Some(Number::Integer(i32::MIN as i64)), Some(Number::Integer(i32::MAX as i64));
    u32: Some(Number::Integer(0)), Some(Number::Integer(u32::MAX as i64));
    i16: Some(Number::Integer(i16::MIN as i64)), Some(Number::Integer(i16::MAX as i64));
    u16: Some(Number::Integer(0)), Some(Number::Integer(u16::MAX as i64));
    i8: Some(Number::Integer(i8::MIN as i64)), Some(Number::Integer(i8::MAX as i64));
    u8: Some(Number::Integer(0)), Some(Number::Integer(u8::MAX as i64));
}

impl CommandOption for f64 {
    const KIND: CommandOptionType = CommandOptionType::Number;

    fn from_option(
        value: &CommandOptionValue,
        _: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        match value {
            CommandOptionValue::Number(value) => Ok(value.as_f64()),
            other => Err(wrong::<Self>(other)),
        }
    }
}

impl CommandOption for f32 {
    const KIND: CommandOptionType = CommandOptionType::Number;

    #[expect(
        clippy::cast_possible_truncation,
        reason = "the author chose the precision"
    )]
    fn from_option(
        value: &CommandOptionValue,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        f64::from_option(value, resolved).map(|number| number as Self)
    }
}

/// A user, and the member if the command was used in a guild that the user is in.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct ResolvedUser {
    /// The user.
    pub user: User,
    /// The member, without `user`; absent in a direct message, and for a user who is not in the guild.
    pub member: Option<PartialMember>,
}

/// A user or a role.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Mentionable {
    /// A user.
    User(Box<ResolvedUser>),
    /// A role.
    Role(Box<Role>),
}

impl ResolvedUser {
    pub(super) fn of(
        id: Id<UserMarker>,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        let user = resolved.and_then(|resolved| resolved.users.get(&id));
        let user = user.ok_or(OptionError::Unresolved(CommandOptionType::User))?;
        let member = resolved.and_then(|resolved| resolved.members.get(&id));
        Ok(Self {
            user: user.clone(),
            member: member.cloned(),
        })
    }

    /// The member with its user.
    pub(super) fn into_member(self) -> Result<PartialMember, OptionError> {
        let mut member = self.member.ok_or(OptionError::NotAMember)?;
        member.user = Some(self.user);
        Ok(member)
    }
}

impl CommandOption for ResolvedUser {
    const KIND: CommandOptionType = CommandOptionType::User;

    fn from_option(
        value: &CommandOptionValue,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        Self::of(Id::<UserMarker>::from_option(value, resolved)?, resolved)
    }
}

impl CommandOption for User {
    const KIND: CommandOptionType = CommandOptionType::User;

    fn from_option(
        value: &CommandOptionValue,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        ResolvedUser::from_option(value, resolved).map(|resolved| resolved.user)
    }
}

impl CommandOption for PartialMember {
    const KIND: CommandOptionType = CommandOptionType::User;

    fn from_option(
        value: &CommandOptionValue,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        ResolvedUser::from_option(value, resolved)?.into_member()
    }
}

impl CommandOption for Mentionable {
    const KIND: CommandOptionType = CommandOptionType::Mentionable;

    fn from_option(
        value: &CommandOptionValue,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        let id = Id::<GenericMarker>::from_option(value, resolved)?;
        // A user's id is found among the users; everything else that can be mentioned is a role.
        let role = resolved.and_then(|resolved| resolved.roles.get(&id.cast()));
        match role {
            Some(role) => Ok(Self::Role(Box::new(role.clone()))),
            None => match ResolvedUser::of(id.cast(), resolved) {
                Ok(user) => Ok(Self::User(Box::new(user))),
                Err(_) => Err(OptionError::Unresolved(Self::KIND)),
            },
        }
    }
}

/// Implements an object that an id names.
macro_rules! resolved {
    ($($type:ty = $kind:ident in $list:ident;)*) => {$(
        impl CommandOption for $type {
            const KIND: CommandOptionType = CommandOptionType::$kind;

            fn from_option(
                value: &CommandOptionValue,
                resolved: Option<&ResolvedData>,
            ) -> Result<Self, OptionError> {
                let CommandOptionValue::$kind(id) = value else {
                    return Err(wrong::<Self>(value));
                };
                let found = resolved.and_then(|resolved| resolved.$list.get(id));
                found.cloned().ok_or(OptionError::Unresolved(Self::KIND))
            }
        }
    )*};
}

resolved! {
    Channel = Channel in channels;
    Role = Role in roles;
    Attachment = Attachment in attachments;
}

impl<T: CommandOption> CommandOption for Box<T> {
    const KIND: CommandOptionType = T::KIND;
    const CHOICES: &'static [Choice] = T::CHOICES;
    const MIN: Option<Number> = T::MIN;
    const MAX: Option<Number> = T::MAX;

    fn from_option(
        value: &CommandOptionValue,
        resolved: Option<&ResolvedData>,
    ) -> Result<Self, OptionError> {
        T::from_option(value, resolved).map(Box::new)
    }
}
