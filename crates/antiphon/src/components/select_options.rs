//! Options of menus and groups as an enum.

use antiphon_discord::model::{
    CheckboxGroup, CheckboxGroupOption, RadioGroup, RadioGroupOption, SelectMenu, SelectMenuOption,
};

/// An enum whose variants are the options of a menu or a group.
///
/// ```
/// use antiphon::components::SelectOptions;
///
/// #[derive(SelectOptions, Debug, PartialEq)]
/// enum Voice {
///     #[option(emoji = "🎵", description = "the high ones")]
///     Alto,
///     #[option(label = "Tenor or bass", value = "low")]
///     TenorOrBass,
/// }
///
/// let menu = Voice::menu("voice").placeholder("Which voice?");
/// assert_eq!(menu.options.map(|options| options[1].label.clone()), Some("Tenor or bass".into()));
/// assert_eq!(Voice::of_value("alto"), Some(Voice::Alto));
/// assert_eq!(Voice::of_value("soprano"), None);
/// ```
///
/// Labels default to the variant's name in words (`TenorOrBass` is `Tenor or bass`), values to its name in snake case; both
/// have at most 100 characters. A form takes the enum as a field.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no enum of options",
    note = "write `#[derive(SelectOptions)]` on it"
)]
pub trait SelectOptions: Sized + Send + Sync + 'static {
    /// All options, in their order.
    fn options() -> Vec<SelectMenuOption>;

    /// Value of this option on the wire.
    fn value(&self) -> &'static str;

    /// Option with this value; `None` for a value of no option.
    fn of_value(value: &str) -> Option<Self>;

    /// A menu of the options, for a message.
    fn menu(custom_id: impl Into<String>) -> SelectMenu {
        SelectMenu::string(custom_id, Self::options())
    }

    /// A choice of one, for a form.
    fn radio_group(custom_id: impl Into<String>) -> RadioGroup {
        let options = Self::options().into_iter().map(|option| RadioGroupOption {
            description: option.description,
            ..RadioGroupOption::new(option.label, option.value)
        });
        RadioGroup::new(custom_id, options)
    }

    /// A choice of several, for a form.
    fn checkbox_group(custom_id: impl Into<String>) -> CheckboxGroup {
        let options = Self::options()
            .into_iter()
            .map(|option| CheckboxGroupOption {
                description: option.description,
                ..CheckboxGroupOption::new(option.label, option.value)
            });
        CheckboxGroup::new(custom_id, options)
    }
}
