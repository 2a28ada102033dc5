//! Components of messages and forms.

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
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Component {
            $($(#[$doc])* $variant($variant),)*
            /// Anything else, as it was sent.
            Unknown(Json),
        }

        impl Component {
            /// Type of the component; of an unknown one only if the type is a number.
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
    ActionRow(ActionRow),
    /// A button.
    Button(Button),
    /// A menu of texts, users, roles, mentionables or channels.
    SelectMenu(StringSelect, UserSelect, RoleSelect, MentionableSelect, ChannelSelect),
    /// A field for text.
    TextInput(TextInput),
    /// Texts with an image or a button beside them.
    Section(Section),
    /// Text with formatting.
    TextDisplay(TextDisplay),
    /// A small image.
    Thumbnail(Thumbnail),
    /// Images and videos side by side.
    MediaGallery(MediaGallery),
    /// A file of the message.
    FileDisplay(File),
    /// A gap or a line.
    Separator(Separator),
    /// A box around components.
    Container(Container),
    /// A component of a form with its title.
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
