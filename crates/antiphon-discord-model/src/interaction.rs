//! Data of an interaction.
//!
//! What was used is told by the fields of `data`, not by the interaction's own type: a component has a `component_type`, a form
//! a `custom_id` alone, a command a `name`.
//! An interaction is therefore read even if its type is a number that antiphon does not know.

use antiphon_core::lenient::{Json, Reader};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    component::Component,
    generated::{
        numbers::CommandOptionType,
        objects::{CommandData, ComponentData, ModalData},
    },
    id::{AttachmentMarker, ChannelMarker, GenericMarker, Id, RoleMarker, UserMarker},
    read::{Read, missing},
    values::Number,
};

/// Data of an interaction.
///
/// ```
/// use antiphon_discord_model::{InteractionData, from_str};
///
/// let (press, _) = from_str::<InteractionData>(r#"{"component_type":2,"custom_id":"vote"}"#)?;
/// assert!(matches!(press, InteractionData::MessageComponent(press) if press.custom_id == "vote"));
/// let (form, _) = from_str::<InteractionData>(r#"{"custom_id":"join","components":[]}"#)?;
/// assert!(matches!(form, InteractionData::ModalSubmit(_)));
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum InteractionData {
    /// A command, or an option of one that is being completed.
    ///
    /// Its options have values of their own types; users, roles, channels and files that they name are in `resolved`.
    ApplicationCommand(Box<CommandData>),
    /// A component of a message.
    ///
    /// `values` has what was chosen in a menu; a button has none.
    MessageComponent(Box<ComponentData>),
    /// A submitted form.
    ///
    /// [`ModalData::answers`] has its fields without the rows and labels around them.
    ModalSubmit(Box<ModalData>),
    /// Anything else, as it was sent.
    Unknown(Json),
}

impl Read for InteractionData {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let at = from.at();
        let has = from.glance_all(["component_type", "custom_id", "name"]);
        let known = match has {
            [true, _, _] => Read::read(from).map(Self::MessageComponent),
            [_, true, _] => Read::read(from).map(Self::ModalSubmit),
            [_, _, true] => Read::read(from).map(Self::ApplicationCommand),
            _ => None,
        };
        known.or_else(|| {
            from.seek(at);
            from.json().map(Self::Unknown)
        })
    }

    fn stand_in() -> Self {
        Self::Unknown(Json::default())
    }
}

impl Serialize for InteractionData {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::ApplicationCommand(data) => data.serialize(to),
            Self::MessageComponent(data) => data.serialize(to),
            Self::ModalSubmit(data) => data.serialize(to),
            Self::Unknown(json) => json.serialize(to),
        }
    }
}

impl ModalData {
    /// Components of the form with a value, at any depth.
    ///
    /// In the order in which they stand; texts between them are left out.
    ///
    /// ```
    /// use antiphon_discord_model::{Component, ModalData, from_str};
    ///
    /// let sent = r#"{"custom_id":"join","components":[
    ///     {"type":18,"component":{"type":4,"custom_id":"name","value":"Eve"}}]}"#;
    /// let (form, _) = from_str::<ModalData>(sent)?;
    /// let fields: Vec<&Component> = form.answers().collect();
    /// assert!(matches!(fields[0], Component::TextInput(name) if name.value.as_deref() == Some("Eve")));
    /// # Ok::<(), antiphon_discord_model::ReadError>(())
    /// ```
    pub fn answers(&self) -> impl Iterator<Item = &Component> {
        let mut open: Vec<&Component> = self.components.iter().rev().collect();
        std::iter::from_fn(move || {
            loop {
                match open.pop()? {
                    Component::ActionRow(row) => open.extend(row.components.iter().rev()),
                    Component::Label(label) => open.extend(label.component.as_deref()),
                    Component::TextDisplay(_) => {}
                    answer => return Some(answer),
                }
            }
        })
    }
}

/// An option of a used command.
///
/// A subcommand's own options are inside its value:
///
/// ```
/// use antiphon_discord_model::{CommandData, CommandOptionValue, from_str};
///
/// let sent = r#"{"id":"5","name":"queue","type":1,"options":[
///     {"name":"add","type":1,"options":[{"name":"song","type":3,"value":"Miserere"}]}]}"#;
/// let (command, _) = from_str::<CommandData>(sent)?;
/// let CommandOptionValue::SubCommand(options) = &command.options[0].value else {
///     panic!("a subcommand");
/// };
/// assert_eq!(options[0].value, CommandOptionValue::String("Miserere".into()));
/// # Ok::<(), antiphon_discord_model::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct CommandDataOption {
    /// Name of the option.
    ///
    /// As the command was declared, in small letters.
    pub name: String,
    /// Value, or the options of a subcommand.
    ///
    /// A value whose kind does not fit its type is kept as [`CommandOptionValue::Unknown`].
    pub value: CommandOptionValue,
    /// Whether the user is typing this option.
    ///
    /// True for one option of an autocomplete interaction; its value is [`CommandOptionValue::Focused`].
    pub focused: bool,
}

/// Value of an option of a used command.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum CommandOptionValue {
    /// A subcommand with its options.
    SubCommand(Vec<CommandDataOption>),
    /// A group of subcommands, with the one that was used.
    SubCommandGroup(Vec<CommandDataOption>),
    /// A text.
    String(String),
    /// A whole number.
    ///
    /// Within 2^53 on both sides of 0, as Discord allows.
    Integer(i64),
    /// Yes or no.
    Boolean(bool),
    /// A user.
    ///
    /// The user and the member are in `resolved`.
    User(Id<UserMarker>),
    /// A channel.
    Channel(Id<ChannelMarker>),
    /// A role.
    Role(Id<RoleMarker>),
    /// A user or a role.
    Mentionable(Id<GenericMarker>),
    /// A number.
    ///
    /// A whole number stays whole.
    Number(Number),
    /// A file.
    ///
    /// Name, size and URL are in `resolved`.
    Attachment(Id<AttachmentMarker>),
    /// The text so far of an option that the user is typing.
    Focused(String, CommandOptionType),
    /// A value of another kind than its type, or of an unknown type, as it was sent.
    Unknown(CommandOptionType, Json),
}

impl CommandOptionValue {
    /// Type of the option.
    ///
    /// Of a value that is being typed, the type that it will have.
    pub fn kind(&self) -> CommandOptionType {
        match self {
            Self::SubCommand(_) => CommandOptionType::Subcommand,
            Self::SubCommandGroup(_) => CommandOptionType::SubcommandGroup,
            Self::String(_) => CommandOptionType::String,
            Self::Integer(_) => CommandOptionType::Integer,
            Self::Boolean(_) => CommandOptionType::Boolean,
            Self::User(_) => CommandOptionType::User,
            Self::Channel(_) => CommandOptionType::Channel,
            Self::Role(_) => CommandOptionType::Role,
            Self::Mentionable(_) => CommandOptionType::Mentionable,
            Self::Number(_) => CommandOptionType::Number,
            Self::Attachment(_) => CommandOptionType::Attachment,
            Self::Focused(_, kind) | Self::Unknown(kind, _) => *kind,
        }
    }

    /// Reads a value of this type; a value of another kind is kept as it was sent.
    fn read(kind: CommandOptionType, is_focused: bool, from: &mut Reader<'_>) -> Self {
        use CommandOptionType as Kind;
        let at = from.at();
        let value = match kind {
            kind if is_focused => Read::read(from).map(|text| Self::Focused(text, kind)),
            Kind::String => Read::read(from).map(Self::String),
            Kind::Integer => Read::read(from).map(Self::Integer),
            Kind::Boolean => Read::read(from).map(Self::Boolean),
            Kind::User => Read::read(from).map(Self::User),
            Kind::Channel => Read::read(from).map(Self::Channel),
            Kind::Role => Read::read(from).map(Self::Role),
            Kind::Mentionable => Read::read(from).map(Self::Mentionable),
            Kind::Number => Read::read(from).map(Self::Number),
            Kind::Attachment => Read::read(from).map(Self::Attachment),
            _ => None,
        };
        value.unwrap_or_else(|| {
            from.seek(at);
            Self::Unknown(kind, from.json().unwrap_or_default())
        })
    }
}

impl Read for CommandDataOption {
    fn read(from: &mut Reader<'_>) -> Option<Self> {
        let start = from.at();
        let mut fields = from.object()?;
        let (mut name, mut kind, mut focused) = (None, None, false);
        let (mut value, mut options) = (None, None);
        while let Some(field) = fields.next(from) {
            match &*field {
                "name" => name = Read::read(from),
                "type" => kind = Read::read(from),
                "focused" => focused = Read::read(from).unwrap_or_default(),
                "options" => options = Read::read(from),
                // The type may come after the value.
                "value" => {
                    value = Some(from.at());
                    from.skip();
                }
                _ => from.skip(),
            }
        }
        if name.is_none() {
            missing(from, start, "name", false);
        }
        let kind = kind.unwrap_or_else(|| {
            missing(from, start, "type", false);
            CommandOptionType::default()
        });
        let value = match (kind, value) {
            (CommandOptionType::Subcommand, _) => {
                CommandOptionValue::SubCommand(options.unwrap_or_default())
            }
            (CommandOptionType::SubcommandGroup, _) => {
                CommandOptionValue::SubCommandGroup(options.unwrap_or_default())
            }
            (kind, Some(value)) => {
                let end = from.at();
                from.seek(value);
                let value = CommandOptionValue::read(kind, focused, from);
                from.seek(end);
                value
            }
            (kind, None) => CommandOptionValue::Unknown(kind, Json::default()),
        };
        let name = name.unwrap_or_default();
        Some(Self {
            name,
            value,
            focused,
        })
    }

    fn stand_in() -> Self {
        Self {
            name: String::new(),
            value: CommandOptionValue::Unknown(CommandOptionType::default(), Json::default()),
            focused: false,
        }
    }
}

impl Serialize for CommandDataOption {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        use CommandOptionValue as Value;
        let mut map = to.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("type", &self.value.kind())?;
        match &self.value {
            Value::SubCommand(options) | Value::SubCommandGroup(options) => {
                map.serialize_entry("options", options)?;
            }
            Value::String(text) | Value::Focused(text, _) => map.serialize_entry("value", text)?,
            Value::Integer(number) => map.serialize_entry("value", number)?,
            Value::Boolean(flag) => map.serialize_entry("value", flag)?,
            Value::User(id) => map.serialize_entry("value", id)?,
            Value::Channel(id) => map.serialize_entry("value", id)?,
            Value::Role(id) => map.serialize_entry("value", id)?,
            Value::Mentionable(id) => map.serialize_entry("value", id)?,
            Value::Number(number) => map.serialize_entry("value", number)?,
            Value::Attachment(id) => map.serialize_entry("value", id)?,
            Value::Unknown(_, json) => map.serialize_entry("value", json)?,
        }
        if self.focused {
            map.serialize_entry("focused", &true)?;
        }
        map.end()
    }
}

deserialize!(InteractionData, CommandDataOption);
