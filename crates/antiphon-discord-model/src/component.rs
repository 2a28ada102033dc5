//! Components of messages and forms.
//!
//! A component is known by its number in `type`; a number without a variant, and an object that lacks what its type needs,
//! is kept as JSON and written back as it was.
//! Which components stand where is said by [Discord's page](https://discord.com/developers/docs/components/overview): rows of
//! buttons and menus in every message, texts, sections and containers in messages with the flag `IS_COMPONENTS_V2`, labels
//! with fields in forms.

use antiphon_core::lenient::{Json, Reader};
use serde::{Serialize, Serializer, ser::SerializeMap};

use crate::{
    generated::numbers::ComponentType,
    generated::objects::{
        ActionRow, Button, Checkbox, CheckboxGroup, Container, FileDisplay, FileUpload, Label,
        MediaGallery, RadioGroup, Section, SelectMenu, Separator, TextDisplay, TextInput,
        Thumbnail,
    },
    read::{Object, Read},
};

/// Writes the enum of components, with one variant for each kind.
macro_rules! components {
    ($($(#[$doc:meta])* $variant:ident($($kind:ident),+),)*) => {
        /// A part of a message or a form, to be received or sent.
        ///
        /// In a submitted form the fields `value` and `values` have the user's input.
        /// A component of an unknown kind, or one that cannot be read, keeps its JSON.
        ///
        /// [Discord's page](https://discord.com/developers/docs/components/reference)
        ///
        /// A row of two buttons, as it is sent:
        ///
        /// ```
        /// use antiphon_discord_model::{ActionRow, Button, ButtonStyle, Component, ComponentType};
        ///
        /// let button = |id: &str, label: &str| Button {
        ///     custom_id: Some(id.into()),
        ///     label: Some(label.into()),
        ///     style: ButtonStyle::Primary,
        ///     ..Button::default()
        /// };
        /// let row = ActionRow {
        ///     components: vec![button("yes", "Yes").into(), button("no", "No").into()],
        ///     ..ActionRow::default()
        /// };
        /// let row = Component::from(row);
        /// assert_eq!(row.kind(), Some(ComponentType::ActionRow));
        /// let json = serde_json::to_value(&row)?;
        /// assert_eq!(json["type"], 1);
        /// assert_eq!(json["components"][1]["custom_id"], "no");
        /// # Ok::<(), serde_json::Error>(())
        /// ```
        ///
        /// A component that antiphon does not know goes through unchanged:
        ///
        /// ```
        /// use antiphon_discord_model::{Component, from_str};
        ///
        /// let sent = r#"{"type":99,"choir":"loft"}"#;
        /// let (component, repairs) = from_str::<Component>(sent)?;
        /// assert!(matches!(component, Component::Unknown(_)) && repairs.is_empty());
        /// assert_eq!(serde_json::to_string(&component).expect("JSON"), sent);
        /// # Ok::<(), antiphon_discord_model::ReadError>(())
        /// ```
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Component {
            $($(#[$doc])* $variant($variant),)*
            /// Anything else, as it was sent.
            Unknown(Json),
        }

        impl Component {
            /// Type of the component; of an unknown one only if the type is a number.
            ///
            /// Menus of all five kinds are one variant, and this tells them apart.
            pub fn kind(&self) -> Option<ComponentType> {
                match self {
                    $(Self::$variant(component) => Some(components!(@kind component, $($kind),+)),)*
                    Self::Unknown(json) => json.pointer("/type")?.parse().ok().map(|kind: i64| kind.into()),
                }
            }
        }

        impl Read for Component {
            fn read(from: &mut Reader<'_>) -> Option<Self> {
                let at = from.at();
                let kind = from.glance("type", |from| ComponentType::read(from));
                let known = match kind {
                    $(Some($(ComponentType::$kind)|+) => $variant::read(from).map(Self::$variant),)*
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

        impl Serialize for Component {
            fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
                match self {
                    $(Self::$variant(component) => components!(@write component, to, $($kind),+),)*
                    Self::Unknown(json) => json.serialize(to),
                }
            }
        }

        $(impl From<$variant> for Component {
            fn from(component: $variant) -> Self {
                Self::$variant(component)
            }
        })*
    };
    (@kind $component:ident, $kind:ident) => {{
        let _ = $component;
        ComponentType::$kind
    }};
    (@kind $component:ident, $($kind:ident),+) => { $component.kind };
    (@write $component:ident, $to:ident, $kind:ident) => {{
        let mut map = $to.serialize_map(None)?;
        map.serialize_entry("type", &ComponentType::$kind)?;
        $component.entries(&mut map)?;
        map.end()
    }};
    (@write $component:ident, $to:ident, $($kind:ident),+) => { $component.serialize($to) };
}

components! {
    /// A row of buttons, or one menu.
    ///
    /// At most five buttons; a message has at most five rows, or as many as its other components leave room for.
    ActionRow(ActionRow),
    /// A button.
    ///
    /// A button has a `custom_id`, or the URL of a link, or the id of a paid feature.
    Button(Button),
    /// A menu of texts, users, roles, mentionables or channels.
    ///
    /// Only a menu of texts has options of its own, at most 25.
    SelectMenu(StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect),
    /// A field for text.
    ///
    /// Only in forms; its `value` is the user's text in a submitted one.
    TextInput(TextInput),
    /// Texts with an image or a button beside them.
    ///
    /// One to three texts.
    Section(Section),
    /// Text with formatting.
    ///
    /// Markdown, as in a message's own text.
    TextDisplay(TextDisplay),
    /// A small image.
    Thumbnail(Thumbnail),
    /// Images and videos side by side.
    MediaGallery(MediaGallery),
    /// A file of the message.
    FileDisplay(File),
    /// A gap or a line.
    ///
    /// Without `divider` it is a gap alone.
    Separator(Separator),
    /// A box around components.
    Container(Container),
    /// A component of a form with its title.
    ///
    /// Only in forms; the field itself is inside.
    Label(Label),
    /// An upload of files.
    FileUpload(FileUpload),
    /// A group of radio buttons.
    RadioGroup(RadioGroup),
    /// A group of checkboxes.
    CheckboxGroup(CheckboxGroup),
    /// A checkbox.
    Checkbox(Checkbox),
}

deserialize!(Component);
