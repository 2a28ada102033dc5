//! Forms, which Discord calls modals, and their fields.

use serde::Serialize;

use super::setters;
use crate::{
    component::Component,
    generated::{
        numbers::TextInputStyle,
        objects::{
            Checkbox, CheckboxGroup, CheckboxGroupOption, FileUpload, Label, RadioGroup,
            RadioGroupOption, TextDisplay, TextInput,
        },
    },
};

/// A form to open.
///
/// [Discord's page](https://discord.com/developers/docs/interactions/receiving-and-responding#interaction-response-object-modal)
///
/// ```
/// use antiphon_discord_model::{Checkbox, FileUpload, Label, Modal, RadioGroup, SelectMenu, TextInput};
///
/// let form = Modal::new("join", "Join the choir")
///     .text("We sing on **Thursdays**.")
///     .component(Label::new("Your name", TextInput::short("name").max_length(50)))
///     .component(Label::new("Voice", RadioGroup::new("voice", [("Alto", "a"), ("Tenor", "t")])))
///     .component(Label::new("Brought by", SelectMenu::user("by").required(false)))
///     .component(Label::new("Score", FileUpload::new("score").required(false)).description("PDF"));
/// let json = serde_json::to_value(&form)?;
/// assert_eq!(json["components"][1]["component"]["custom_id"], "name");
/// assert_eq!(json["components"][2]["component"]["options"][1]["value"], "t");
/// # let _ = Checkbox::new("sure");
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Modal {
    /// Text of 1 to 100 characters that comes back with the submission.
    pub custom_id: String,
    /// Title, 1 to 45 characters.
    pub title: String,
    /// One to five labels and texts.
    pub components: Vec<Component>,
}

impl Modal {
    /// Creates a form without fields.
    pub fn new(custom_id: impl Into<String>, title: impl Into<String>) -> Self {
        Self {
            custom_id: custom_id.into(),
            title: title.into(),
            components: Vec::new(),
        }
    }

    /// Adds a label with its field; a form has one to five components.
    #[must_use]
    pub fn component(mut self, component: impl Into<Component>) -> Self {
        self.components.push(component.into());
        self
    }

    /// Adds a text, which counts as one of the five components.
    #[must_use]
    pub fn text(self, text: impl Into<TextDisplay>) -> Self {
        self.component(text.into())
    }
}

impl Label {
    /// Creates a label of 1 to 45 characters with its field.
    pub fn new(label: impl Into<String>, component: impl Into<Component>) -> Self {
        Self {
            label: Some(label.into()),
            component: Some(Box::new(component.into())),
            ..Self::default()
        }
    }
}

impl TextInput {
    /// Creates a field for one line.
    ///
    /// `custom_id` has 1 to 100 characters and comes back with the text.
    pub fn short(custom_id: impl Into<String>) -> Self {
        Self::of(TextInputStyle::Short, custom_id)
    }

    /// Creates a field for several lines.
    pub fn paragraph(custom_id: impl Into<String>) -> Self {
        Self::of(TextInputStyle::Paragraph, custom_id)
    }

    fn of(style: TextInputStyle, custom_id: impl Into<String>) -> Self {
        Self {
            custom_id: custom_id.into(),
            style: Some(style),
            ..Self::default()
        }
    }
}

impl RadioGroup {
    /// Creates a choice of one among two to ten.
    pub fn new(
        custom_id: impl Into<String>,
        options: impl IntoIterator<Item = impl Into<RadioGroupOption>>,
    ) -> Self {
        Self {
            custom_id: custom_id.into(),
            options: Some(options.into_iter().map(Into::into).collect()),
            ..Self::default()
        }
    }
}

impl CheckboxGroup {
    /// Creates a choice of several among one to ten.
    pub fn new(
        custom_id: impl Into<String>,
        options: impl IntoIterator<Item = impl Into<CheckboxGroupOption>>,
    ) -> Self {
        Self {
            custom_id: custom_id.into(),
            options: Some(options.into_iter().map(Into::into).collect()),
            ..Self::default()
        }
    }
}

impl Checkbox {
    /// Creates a box to tick.
    pub fn new(custom_id: impl Into<String>) -> Self {
        Self {
            custom_id: custom_id.into(),
            ..Self::default()
        }
    }

    /// Sets whether the box is ticked at first. Default: no.
    ///
    /// The field is `default` on the wire.
    #[must_use]
    pub fn checked(mut self, checked: bool) -> Self {
        self.default = Some(checked);
        self
    }
}

impl FileUpload {
    /// Creates a field for files.
    pub fn new(custom_id: impl Into<String>) -> Self {
        Self {
            custom_id: custom_id.into(),
            ..Self::default()
        }
    }
}

/// Writes constructors of the options of a group.
macro_rules! options {
    ($($name:ident),*) => {$(
        impl $name {
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
        impl<L: Into<String>, V: Into<String>> From<(L, V)> for $name {
            fn from((label, value): (L, V)) -> Self {
                Self::new(label, value)
            }
        }
    )*};
}

options!(RadioGroupOption, CheckboxGroupOption);

setters! {
    Label {
        /// Sets a second line, at most 100 characters.
        description: impl Into<String>;
    }
    TextInput {
        /// Sets the least number of characters, 0 to 4,000. Default: none.
        min_length: i64;
        /// Sets the largest number of characters, 1 to 4,000. Default: 4,000.
        max_length: i64;
        /// Sets the text that stands where nothing is written, at most 100 characters.
        placeholder: impl Into<String>;
        /// Sets whether the form cannot be sent without a text. Default: yes.
        required: bool;
        /// Sets the text at first, at most 4,000 characters.
        value: impl Into<String>;
    }
    RadioGroup {
        /// Sets whether the form cannot be sent without a choice. Default: yes.
        required: bool;
    }
    RadioGroupOption {
        /// Sets a second line, at most 100 characters.
        description: impl Into<String>;
    }
    CheckboxGroup {
        /// Sets the least number of choices, 0 to 10. Default: 1.
        min_values: i64;
        /// Sets the largest number of choices, 1 to 10. Default: all.
        max_values: i64;
        /// Sets whether the form cannot be sent without a choice. Default: yes.
        required: bool;
    }
    CheckboxGroupOption {
        /// Sets a second line, at most 100 characters.
        description: impl Into<String>;
    }
    FileUpload {
        /// Sets the least number of files, 0 to 10. Default: 1.
        min_values: i64;
        /// Sets the largest number of files, 1 to 10. Default: 1.
        max_values: i64;
        /// Sets whether the form cannot be sent without a file. Default: yes.
        required: bool;
    }
}
