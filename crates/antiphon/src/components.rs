//! Buttons, menus and forms of Discord, with typed state in their custom ids.
//!
//! | what a bot does | with |
//! | --- | --- |
//! | writes buttons, menus, layouts, forms and embeds | the builders of [`discord::model`](crate::discord::model): `Button::primary(…)`, `SelectMenu::user(…)`, `Container::new()`, `Embed::new()` |
//! | gives a button state that comes back | [`trait@CustomId`], [`Signed`] |
//! | handles presses and choices | [`Press`], [`trait@SelectOptions`] |
//! | asks by a form | [`trait@Modal`], [`Submitted`], [`explain`] |
//! | answers buttons of an older version | [`no_longer_valid`] |
//! | shows pages | [`Pages`], [`paginate`], [`turn`] |
//! | asks for a yes | [`Confirm`], [`confirm`], [`decide`] |
//!
//! Everything that a press needs is in its custom id and in the journal; nothing waits in the program. A button therefore works
//! after a restart as it did before.

mod confirm;
mod custom_id;
mod field;
mod modal;
mod pages;
mod press;
mod refusal;
mod select_options;
mod signed;

pub use antiphon_macros::{CustomId, Modal, SelectOptions};

#[doc(hidden)]
pub use self::field::{one_choice, one_component};
pub use self::{
    confirm::{Confirm, Confirmations, Decision, buttons, confirm, decide},
    custom_id::{CustomId, CustomIdError, CustomIdReader, CustomIdValue, CustomIdWriter},
    field::{Field, FieldAnswer, FormChoice, FormField},
    modal::{FormAnswers, FormError, Modal, Rejected, Submitted, explain},
    pages::{Page, Pages, Turn, paginate, turn},
    press::Press,
    refusal::{Unclaimed, no_longer_valid},
    select_options::SelectOptions,
    signed::{CustomIdKey, Signed},
};
