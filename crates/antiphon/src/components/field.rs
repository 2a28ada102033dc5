//! Fields of a form: which component a type is, and how it is read.

use antiphon_discord::model::{
    Attachment, Channel, Checkbox, Component, FileUpload, Label, ModalData, ResolvedData, Role,
    SelectMenu, TextInput, User,
    id::{
        Id,
        marker::{ChannelMarker, RoleMarker, UserMarker},
    },
};

use super::select_options::SelectOptions;

/// A field of a form, as `#[derive(Modal)]` describes it.
#[derive(Clone, Debug, Default)]
pub struct Field {
    custom_id: &'static str,
    label: &'static str,
    description: Option<&'static str>,
    placeholder: Option<&'static str>,
    min_length: Option<i64>,
    max_length: Option<i64>,
    min_values: Option<i64>,
    max_values: Option<i64>,
    is_paragraph: bool,
    /// Radio buttons or boxes in place of a menu.
    is_group: bool,
}

impl Field {
    /// Creates a field with its custom id and its label.
    pub fn new(custom_id: &'static str, label: &'static str) -> Self {
        Self {
            custom_id,
            label,
            ..Self::default()
        }
    }

    /// Sets a second line under the label.
    #[must_use]
    pub fn description(mut self, description: &'static str) -> Self {
        self.description = Some(description);
        self
    }

    /// Sets what stands where nothing is written or chosen.
    #[must_use]
    pub fn placeholder(mut self, placeholder: &'static str) -> Self {
        self.placeholder = Some(placeholder);
        self
    }

    /// Sets the least number of characters.
    #[must_use]
    pub fn min_length(mut self, length: i64) -> Self {
        self.min_length = Some(length);
        self
    }

    /// Sets the largest number of characters.
    #[must_use]
    pub fn max_length(mut self, length: i64) -> Self {
        self.max_length = Some(length);
        self
    }

    /// Sets the least number of choices.
    #[must_use]
    pub fn min_values(mut self, count: i64) -> Self {
        self.min_values = Some(count);
        self
    }

    /// Sets the largest number of choices.
    #[must_use]
    pub fn max_values(mut self, count: i64) -> Self {
        self.max_values = Some(count);
        self
    }

    /// Makes a text field take several lines.
    #[must_use]
    pub fn paragraph(mut self) -> Self {
        self.is_paragraph = true;
        self
    }

    /// Shows the options of one choice as radio buttons.
    #[must_use]
    pub fn radio(mut self) -> Self {
        self.is_group = true;
        self
    }

    /// Shows the options of several choices as boxes.
    #[must_use]
    pub fn checkboxes(mut self) -> Self {
        self.is_group = true;
        self
    }

    /// The label with the component of a type, filled in with a value if there is one.
    pub fn label_of<T: FormField>(self, filled: Option<&T>) -> Component {
        let mut component = T::component(&self);
        if !T::REQUIRED {
            not_required(&mut component);
        }
        if let Some(value) = filled {
            value.fill(&mut component);
        }
        Label {
            description: self.description.map(Into::into),
            ..Label::new(self.label, component)
        }
        .into()
    }

    fn text(&self) -> TextInput {
        let input = if self.is_paragraph {
            TextInput::paragraph(self.custom_id)
        } else {
            TextInput::short(self.custom_id)
        };
        TextInput {
            placeholder: self.placeholder.map(Into::into),
            min_length: self.min_length,
            max_length: self.max_length,
            ..input
        }
    }

    /// A menu of one choice.
    fn menu(&self, menu: SelectMenu) -> SelectMenu {
        SelectMenu {
            placeholder: self.placeholder.map(Into::into),
            min_values: self.min_values,
            max_values: self.max_values,
            ..menu
        }
    }
}

/// Says that a form may be sent without this component.
fn not_required(component: &mut Component) {
    let required = match component {
        Component::TextInput(input) => &mut input.required,
        Component::SelectMenu(menu) => &mut menu.required,
        Component::RadioGroup(group) => &mut group.required,
        Component::CheckboxGroup(group) => &mut group.required,
        Component::FileUpload(upload) => &mut upload.required,
        _ => return,
    };
    *required = Some(false);
}

/// What a user gave for one field.
#[derive(Clone, Copy, Debug)]
pub struct FieldAnswer<'a> {
    component: Option<&'a Component>,
    resolved: Option<&'a ResolvedData>,
}

impl<'a> FieldAnswer<'a> {
    /// Finds the answer of the field with this custom id.
    pub(crate) fn of(data: &'a ModalData, custom_id: &str) -> Self {
        let is_of = |component: &&Component| match component {
            Component::TextInput(one) => one.custom_id == custom_id,
            Component::SelectMenu(one) => one.custom_id == custom_id,
            Component::RadioGroup(one) => one.custom_id == custom_id,
            Component::CheckboxGroup(one) => one.custom_id == custom_id,
            Component::Checkbox(one) => one.custom_id == custom_id,
            Component::FileUpload(one) => one.custom_id == custom_id,
            _ => false,
        };
        Self {
            component: data.answers().find(is_of),
            resolved: data.resolved.as_deref(),
        }
    }

    /// Component of the answer; absent if the submitted form does not have the field.
    pub fn component(&self) -> Option<&'a Component> {
        self.component
    }

    /// Text that was written, or value of the radio button; absent if it is empty.
    pub fn text(&self) -> Option<&'a str> {
        let text = match self.component? {
            Component::TextInput(input) => input.value.as_deref(),
            Component::RadioGroup(group) => group.value.as_deref(),
            _ => None,
        };
        text.filter(|text| !text.is_empty())
    }

    /// Values that were chosen: of options, or ids.
    pub fn values(&self) -> Vec<String> {
        let values = match self.component {
            Some(Component::SelectMenu(menu)) => menu.values.clone(),
            Some(Component::CheckboxGroup(group)) => group.values.clone(),
            Some(Component::FileUpload(upload)) => {
                let ids = upload.values.iter().flatten().map(ToString::to_string);
                Some(ids.collect())
            }
            Some(Component::RadioGroup(group)) => group.value.clone().map(|value| vec![value]),
            _ => None,
        };
        values.unwrap_or_default()
    }

    /// Objects that the values name.
    pub fn resolved(&self) -> Option<&'a ResolvedData> {
        self.resolved
    }

    fn is_empty(&self) -> bool {
        match self.component {
            Some(Component::Checkbox(_)) => false,
            Some(Component::TextInput(_)) => self.text().is_none(),
            _ => self.values().is_empty(),
        }
    }
}

/// A type that a form can ask for.
///
/// | type | component |
/// | --- | --- |
/// | `String`, whole numbers, `f64` | a text field |
/// | `bool` | a checkbox |
/// | an enum with [`SelectOptions`] | a menu, or radio buttons |
/// | [`User`], [`Role`], [`Channel`], and their ids | a menu of users, roles or channels |
/// | [`Attachment`] | an upload of one file |
/// | `Vec` of an enum or of these | a menu, boxes or an upload, of one to all |
/// | `Option` of any of them | the same, which need not be filled in |
///
/// Numbers are what `str::parse` reads, without blanks around.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be a field of a form",
    note = "texts, numbers, `bool`, enums with `#[derive(SelectOptions)]`, users, roles, channels, attachments, and \
            `Option` and `Vec` of them can"
)]
pub trait FormField: Sized {
    /// Whether the form cannot be sent without it.
    const REQUIRED: bool = true;

    /// The component that asks for it.
    fn component(field: &Field) -> Component;

    /// Fills the component in with this value, where it can be: texts, boxes and options.
    fn fill(&self, component: &mut Component) {
        let _ = component;
    }

    /// Reads the answer.
    ///
    /// # Errors
    /// Why it cannot be read, in words for the user that follow the label: `is no whole number`.
    fn read(answer: &FieldAnswer<'_>) -> Result<Self, String>;
}

impl FormField for String {
    fn component(field: &Field) -> Component {
        field.text().into()
    }

    fn fill(&self, component: &mut Component) {
        if let Component::TextInput(input) = component {
            input.value = Some(self.clone());
        }
    }

    fn read(answer: &FieldAnswer<'_>) -> Result<Self, String> {
        Ok(answer.text().unwrap_or_default().to_owned())
    }
}

macro_rules! numbers {
    ($($number:ty: $what:expr;)*) => {$(
        impl FormField for $number {
            fn component(field: &Field) -> Component {
                field.text().into()
            }

            fn fill(&self, component: &mut Component) {
                self.to_string().fill(component);
            }

            fn read(answer: &FieldAnswer<'_>) -> Result<Self, String> {
                let text = answer.text().unwrap_or_default().trim();
                text.parse().map_err(|_| $what)
            }
        }
    )*};
}

fn whole(least: impl std::fmt::Display, most: impl std::fmt::Display) -> String {
    format!("is no whole number from {least} to {most}")
}

numbers! {
    u8: whole(Self::MIN, Self::MAX);
    i8: whole(Self::MIN, Self::MAX);
    u16: whole(Self::MIN, Self::MAX);
    i16: whole(Self::MIN, Self::MAX);
    u32: whole(Self::MIN, Self::MAX);
    i32: whole(Self::MIN, Self::MAX);
    u64: whole(Self::MIN, Self::MAX);
    i64: whole(Self::MIN, Self::MAX);
    f64: "is no number, such as 1.5".to_owned();
}

impl FormField for bool {
    fn component(field: &Field) -> Component {
        Checkbox::new(field.custom_id).into()
    }

    fn fill(&self, component: &mut Component) {
        if let Component::Checkbox(checkbox) = component {
            checkbox.default = Some(*self);
        }
    }

    fn read(answer: &FieldAnswer<'_>) -> Result<Self, String> {
        match answer.component() {
            Some(Component::Checkbox(checkbox)) => Ok(checkbox.value.unwrap_or_default()),
            _ => Ok(false),
        }
    }
}

impl<T: FormField> FormField for Option<T> {
    const REQUIRED: bool = false;

    fn component(field: &Field) -> Component {
        T::component(field)
    }

    fn fill(&self, component: &mut Component) {
        if let Some(value) = self {
            value.fill(component);
        }
    }

    fn read(answer: &FieldAnswer<'_>) -> Result<Self, String> {
        if answer.is_empty() {
            return Ok(None);
        }
        T::read(answer).map(Some)
    }
}

/// A type of which several can be chosen.
pub trait FormChoice: Sized {
    /// The component of one choice, or of several if `most` is given.
    fn component_of(field: &Field, most: Option<i64>) -> Component;

    /// Marks this choice as chosen at first, where it can be.
    fn choose(&self, component: &mut Component) {
        let _ = component;
    }

    /// Reads a chosen value.
    ///
    /// # Errors
    /// Why it cannot be read, in words for the user.
    fn choice(value: &str, resolved: Option<&ResolvedData>) -> Result<Self, String>;
}

/// Reads the only choice.
fn only<T: FormChoice>(answer: &FieldAnswer<'_>) -> Result<T, String> {
    let values = answer.values();
    let value = values.first().ok_or("is not chosen")?;
    T::choice(value, answer.resolved())
}

impl<T: FormChoice> FormField for Vec<T> {
    fn component(field: &Field) -> Component {
        T::component_of(field, Some(field.max_values.unwrap_or(i64::MAX)))
    }

    fn fill(&self, component: &mut Component) {
        for one in self {
            one.choose(component);
        }
    }

    fn read(answer: &FieldAnswer<'_>) -> Result<Self, String> {
        let values = answer.values();
        let values = values.iter();
        values
            .map(|value| T::choice(value, answer.resolved()))
            .collect()
    }
}

impl<T: SelectOptions> FormChoice for T {
    fn component_of(field: &Field, most: Option<i64>) -> Component {
        let options = i64::try_from(T::options().len()).unwrap_or(i64::MAX);
        let most = most.map(|most| most.min(options));
        match (field.is_group, most) {
            (true, None) => T::radio_group(field.custom_id).into(),
            (true, Some(most)) => {
                let mut group = T::checkbox_group(field.custom_id).max_values(most);
                group.min_values = field.min_values;
                group.into()
            }
            (false, most) => {
                let mut menu = field.menu(T::menu(field.custom_id));
                menu.max_values = most;
                menu.into()
            }
        }
    }

    fn choose(&self, component: &mut Component) {
        let value = self.value();
        match component {
            Component::SelectMenu(menu) => {
                let mut options = menu.options.iter_mut().flatten();
                if let Some(option) = options.find(|option| option.value == value) {
                    option.default = Some(true);
                }
            }
            Component::RadioGroup(group) => {
                let mut options = group.options.iter_mut().flatten();
                if let Some(option) = options.find(|option| option.value == value) {
                    option.default = Some(true);
                }
            }
            Component::CheckboxGroup(group) => {
                let mut options = group.options.iter_mut().flatten();
                if let Some(option) = options.find(|option| option.value == value) {
                    option.default = Some(true);
                }
            }
            _ => {}
        }
    }

    fn choice(value: &str, _: Option<&ResolvedData>) -> Result<Self, String> {
        T::of_value(value).ok_or_else(|| "has an option that is no longer there".to_owned())
    }
}

/// Most choices in a menu (Discord's page on select menus).
const MENU: i64 = 25;
/// Most files of an upload (Discord's page on file uploads).
const FILES: i64 = 10;

macro_rules! choices {
    ($($type:ty: |$field:ident, $most:ident| $component:expr, |$value:ident, $resolved:ident| $read:expr;)*) => {$(
        impl FormChoice for $type {
            fn component_of($field: &Field, $most: Option<i64>) -> Component {
                $component.into()
            }

            fn choice($value: &str, $resolved: Option<&ResolvedData>) -> Result<Self, String> {
                $read
            }
        }

        impl FormField for $type {
            fn component(field: &Field) -> Component {
                <$type as FormChoice>::component_of(field, None)
            }

            fn read(answer: &FieldAnswer<'_>) -> Result<Self, String> {
                only(answer)
            }
        }
    )*};
}

/// A menu of one or several.
fn several(field: &Field, menu: SelectMenu, most: Option<i64>) -> SelectMenu {
    let mut menu = field.menu(menu);
    menu.max_values = most.map(|most| most.min(MENU));
    menu
}

fn upload(field: &Field, most: Option<i64>) -> FileUpload {
    let mut upload = FileUpload::new(field.custom_id);
    upload.min_values = field.min_values;
    upload.max_values = most.map(|most| most.min(FILES));
    upload
}

/// Takes the object of an id out of those that Discord sent.
fn object<T: Clone>(found: Option<&T>) -> Result<T, String> {
    found
        .cloned()
        .ok_or_else(|| "names something that Discord did not send".to_owned())
}

fn id<M>(value: &str) -> Result<Id<M>, String> {
    value.parse().map_err(|_| "is no id".to_owned())
}

choices! {
    User: |field, most| several(field, SelectMenu::user(field.custom_id), most),
        |value, resolved| object(resolved.and_then(|it| it.users.get(&value.parse().ok()?)));
    Id<UserMarker>: |field, most| several(field, SelectMenu::user(field.custom_id), most),
        |value, _resolved| id(value);
    Role: |field, most| several(field, SelectMenu::role(field.custom_id), most),
        |value, resolved| object(resolved.and_then(|it| it.roles.get(&value.parse().ok()?)));
    Id<RoleMarker>: |field, most| several(field, SelectMenu::role(field.custom_id), most),
        |value, _resolved| id(value);
    Channel: |field, most| several(field, SelectMenu::channel(field.custom_id), most),
        |value, resolved| object(resolved.and_then(|it| it.channels.get(&value.parse().ok()?)));
    Id<ChannelMarker>: |field, most| several(field, SelectMenu::channel(field.custom_id), most),
        |value, _resolved| id(value);
    Attachment: |field, most| upload(field, most),
        |value, resolved| object(resolved.and_then(|it| it.attachments.get(&value.parse().ok()?)));
}

/// What `#[derive(SelectOptions)]` calls to make an enum a field of a form.
#[doc(hidden)]
pub fn one_component<T: FormChoice>(field: &Field) -> Component {
    T::component_of(field, None)
}

/// What `#[derive(SelectOptions)]` calls to read the field.
#[doc(hidden)]
pub fn one_choice<T: FormChoice>(answer: &FieldAnswer<'_>) -> Result<T, String> {
    only(answer)
}
