//! Select menus of all five kinds.

use super::setters;
use crate::{
    generated::{
        numbers::{ChannelType, ComponentType},
        objects::{PartialEmoji, SelectDefaultValue, SelectMenu, SelectMenuOption},
        words::SelectDefaultValueType,
    },
    id::{ChannelMarker, Id, RoleMarker, UserMarker},
    values::Snowflake,
};

/// Constructors and setters.
///
/// ```
/// use antiphon_discord_model::{ActionRow, ChannelType, SelectMenu, SelectMenuOption};
///
/// let voices = SelectMenu::string("voice", [("Alto", "a"), ("Tenor", "t")])
///     .option(SelectMenuOption::new("Bass", "b").description("down to E").selected(true))
///     .placeholder("Which voice?");
/// let places = SelectMenu::channel("place").channel_types([ChannelType::GuildText]).max_values(3);
/// let rows = [ActionRow::new([voices]), ActionRow::new([places])];
/// let json = serde_json::to_value(rows)?;
/// assert_eq!(json[0]["components"][0]["options"][2]["default"], true);
/// assert_eq!(json[1]["components"][0]["type"], 8);
/// # Ok::<(), serde_json::Error>(())
/// ```
impl SelectMenu {
    /// Creates a menu of one to 25 texts.
    ///
    /// `custom_id` has 1 to 100 characters and comes back with the choice.
    pub fn string(
        custom_id: impl Into<String>,
        options: impl IntoIterator<Item = impl Into<SelectMenuOption>>,
    ) -> Self {
        Self {
            options: Some(options.into_iter().map(Into::into).collect()),
            ..Self::of(ComponentType::StringSelect, custom_id)
        }
    }

    /// Creates a menu of the guild's users.
    pub fn user(custom_id: impl Into<String>) -> Self {
        Self::of(ComponentType::UserSelect, custom_id)
    }

    /// Creates a menu of the guild's roles.
    pub fn role(custom_id: impl Into<String>) -> Self {
        Self::of(ComponentType::RoleSelect, custom_id)
    }

    /// Creates a menu of the guild's users and roles.
    pub fn mentionable(custom_id: impl Into<String>) -> Self {
        Self::of(ComponentType::MentionableSelect, custom_id)
    }

    /// Creates a menu of the guild's channels.
    pub fn channel(custom_id: impl Into<String>) -> Self {
        Self::of(ComponentType::ChannelSelect, custom_id)
    }

    fn of(kind: ComponentType, custom_id: impl Into<String>) -> Self {
        Self {
            custom_id: custom_id.into(),
            kind,
            ..Self::default()
        }
    }

    /// Adds an option; a menu of texts has at most 25.
    #[must_use]
    pub fn option(mut self, option: impl Into<SelectMenuOption>) -> Self {
        self.options.get_or_insert_default().push(option.into());
        self
    }

    /// Sets the types of channels that a channel menu shows. Default: all.
    #[must_use]
    pub fn channel_types(mut self, types: impl IntoIterator<Item = ChannelType>) -> Self {
        self.channel_types = Some(types.into_iter().collect());
        self
    }

    /// Adds users that are chosen at first, in a menu of users or mentionables.
    #[must_use]
    pub fn default_users(self, ids: impl IntoIterator<Item = Id<UserMarker>>) -> Self {
        let ids = ids.into_iter().map(Id::get);
        self.defaults(&SelectDefaultValueType::User, ids)
    }

    /// Adds roles that are chosen at first, in a menu of roles or mentionables.
    #[must_use]
    pub fn default_roles(self, ids: impl IntoIterator<Item = Id<RoleMarker>>) -> Self {
        let ids = ids.into_iter().map(Id::get);
        self.defaults(&SelectDefaultValueType::Role, ids)
    }

    /// Adds channels that are chosen at first, in a menu of channels.
    #[must_use]
    pub fn default_channels(self, ids: impl IntoIterator<Item = Id<ChannelMarker>>) -> Self {
        let ids = ids.into_iter().map(Id::get);
        self.defaults(&SelectDefaultValueType::Channel, ids)
    }

    fn defaults(
        mut self,
        kind: &SelectDefaultValueType,
        ids: impl IntoIterator<Item = u64>,
    ) -> Self {
        let values = ids.into_iter().map(|id| SelectDefaultValue {
            id: Snowflake(id),
            kind: kind.clone(),
        });
        self.default_values.get_or_insert_default().extend(values);
        self
    }
}

setters! {
    SelectMenu {
        /// Sets the text that stands where nothing is chosen, at most 150 characters.
        placeholder: impl Into<String>;
        /// Sets the least number of choices, 0 to 25. Default: 1.
        min_values: i64;
        /// Sets the largest number of choices, 1 to 25. Default: 1.
        max_values: i64;
        /// Sets whether the menu is greyed out. Default: no. Not for forms.
        disabled: bool;
        /// Sets whether a form cannot be sent without a choice. Default: yes. Only for forms.
        required: bool;
        /// Sets the number of the component in its message. Default: Discord counts.
        id: i64;
    }
    SelectMenuOption {
        /// Sets a second line, at most 100 characters.
        description: impl Into<String>;
        /// Sets an emoji before the label.
        emoji: impl Into<PartialEmoji>;
    }
}

impl SelectMenuOption {
    /// Creates an option with the text that is shown and the value that comes back, at most 100 characters each.
    pub fn new(label: impl Into<String>, value: impl Into<String>) -> Self {
        Self {
            label: label.into(),
            value: value.into(),
            ..Self::default()
        }
    }

    /// Sets whether the option is chosen at first. Default: no.
    ///
    /// The field is `default` on the wire.
    #[must_use]
    pub fn selected(mut self, selected: bool) -> Self {
        self.default = Some(selected);
        self
    }
}

/// Makes an option of its label and its value.
impl<L: Into<String>, V: Into<String>> From<(L, V)> for SelectMenuOption {
    fn from((label, value): (L, V)) -> Self {
        Self::new(label, value)
    }
}
