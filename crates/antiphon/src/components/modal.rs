//! Forms as structs.

use std::{fmt, ops::Deref, sync::Arc};

use antiphon_core::{DecodeError, Event, Payload};
use antiphon_discord::{
    Client, InteractionCreate,
    client::{Answers, Respond},
    model::{self, Component, InteractionData, InteractionType, ModalData},
    view,
};

use super::{
    custom_id::{self, CustomIdValue},
    field::{FieldAnswer, FormField},
};
use crate::{HandlerError, State};

/// A form as a struct: its fields are what the user is asked for, and what comes back.
///
/// ```
/// use antiphon::{
///     App, HandlerError, State,
///     components::{CustomId, Modal, Press, SelectOptions, Submitted, explain},
///     discord::{Client, model::Attachment},
/// };
///
/// #[derive(Modal)]
/// #[modal(title = "Join the choir", custom_id = "join")]
/// struct Join {
///     #[field(label = "Your name", placeholder = "Mira", max_length = 50)]
///     name: String,
///     #[field(radio)]
///     voice: Voice,
///     #[field(label = "Years of singing")]
///     years: u8,
///     #[field(label = "Anything else?", paragraph)]
///     note: Option<String>,
///     #[field(label = "A recording", max_values = 2)]
///     recordings: Vec<Attachment>,
/// }
///
/// #[derive(SelectOptions)]
/// enum Voice { Alto, Tenor }
///
/// #[derive(CustomId)]
/// #[custom_id("ask")]
/// struct Ask;
///
/// async fn ask(press: Press<Ask>, State(client): State<Client>) -> Result<(), HandlerError> {
///     press.show_modal(&client, Join::modal()).await?;
///     Ok(())
/// }
///
/// async fn join(form: Submitted<Join>, State(client): State<Client>) -> Result<(), HandlerError> {
///     form.reply(&client, format!("Welcome, {}.", form.name)).ephemeral().await?;
///     Ok(())
/// }
///
/// # fn app(client: Client) -> App<Client> {
/// App::new(client).on(ask).on(join).on(explain::<Join>)
/// # }
/// ```
///
/// # Derive
///
/// `#[modal(title = "…", custom_id = "…")]` on a struct with one to five named fields, since Discord takes no more.
/// A field's type chooses the component ([`FormField`]), and its settings are
///
/// | setting | of | means |
/// | --- | --- | --- |
/// | `label` | all | the text above, 1 to 45 characters; default: the field's name in words |
/// | `description` | all | a second line, at most 100 characters |
/// | `placeholder` | texts, menus | what stands where nothing is written or chosen |
/// | `min_length`, `max_length` | texts | lengths in characters |
/// | `paragraph` | texts | several lines |
/// | `radio` | an enum | radio buttons in place of a menu |
/// | `checkboxes` | a `Vec` of an enum | boxes in place of a menu |
/// | `min_values`, `max_values` | `Vec` | how many are chosen; default: one to all |
///
/// An `Option` need not be filled in.
///
/// # State
///
/// A form may carry state as a button does: open it with [`modal_with`](Self::modal_with) and take `Submitted<Join, Ticket>`.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no form",
    note = "write `#[derive(Modal)]` and `#[modal(title = \"…\", custom_id = \"…\")]` on it"
)]
pub trait Modal: Sized + Send + Sync + 'static {
    /// Begins the form's custom id; open forms name it, so that it stays as it is.
    const CUSTOM_ID: &'static str;
    /// Title, 1 to 45 characters.
    const TITLE: &'static str;

    /// The labels with their fields, filled in with what a form has.
    fn fields(filled: Option<&Self>) -> Vec<Component>;

    /// Reads a submitted form; a field that cannot be read is noted in `answers`, and the form is `None`.
    fn read(answers: &mut FormAnswers<'_>) -> Option<Self>;

    /// The empty form.
    fn modal() -> model::Modal {
        Self::modal_with(&())
    }

    /// The empty form with a state, which comes back with the submission.
    fn modal_with<T: CustomIdValue>(state: &T) -> model::Modal {
        form::<Self, T>(None, state)
    }

    /// The form with texts and choices filled in.
    fn filled(&self) -> model::Modal {
        self.filled_with(&())
    }

    /// The form with texts and choices filled in, and a state.
    fn filled_with<T: CustomIdValue>(&self, state: &T) -> model::Modal {
        form(Some(self), state)
    }
}

fn form<F: Modal, T: CustomIdValue>(filled: Option<&F>, state: &T) -> model::Modal {
    let custom_id = custom_id::write(F::CUSTOM_ID, "", state);
    let empty = model::Modal::new(custom_id, F::TITLE);
    F::fields(filled)
        .into_iter()
        .fold(empty, model::Modal::component)
}

/// Fields of a submitted form, and what is wrong with them.
#[derive(Debug)]
pub struct FormAnswers<'a> {
    data: &'a ModalData,
    faults: Vec<(String, String)>,
}

impl FormAnswers<'_> {
    /// Reads the field with this custom id; a reason why it cannot be read is noted under the label.
    pub fn read<T: FormField>(&mut self, custom_id: &str, label: &str) -> Option<T> {
        let answer = FieldAnswer::of(self.data, custom_id);
        let read = T::read(&answer);
        read.map_err(|why| self.faults.push((label.to_owned(), why)))
            .ok()
    }
}

/// What a user wrote into a form cannot be read.
///
/// Its text is for the user: `**Years of singing** is no whole number from 0 to 255`, a line for each field. It repeats nothing
/// that the user wrote.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FormError(Vec<(String, String)>);

impl FormError {
    /// Labels of the fields that cannot be read, each with the reason.
    pub fn faults(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter().map(|(label, why)| (&**label, &**why))
    }
}

impl fmt::Display for FormError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (label, why)) in self.faults().enumerate() {
            let line = if number == 0 { "" } else { "\n" };
            write!(f, "{line}**{label}** {why}")?;
        }
        Ok(())
    }
}

impl std::error::Error for FormError {}

/// Reads the fields of a form.
fn read<F: Modal>(data: &ModalData) -> Result<F, FormError> {
    let mut answers = FormAnswers {
        data,
        faults: Vec::new(),
    };
    F::read(&mut answers).ok_or(FormError(answers.faults))
}

/// State of a submitted form of `F`; `None` for another form, or another state.
fn state_of<F: Modal, T: CustomIdValue>(custom_id: &str) -> Option<T> {
    custom_id::read(F::CUSTOM_ID, "", custom_id).ok()
}

/// Whether an event is the submission of a form with this custom id, and of its state.
fn is_of<F: Modal, T: CustomIdValue>(event: &Event) -> bool {
    InteractionCreate::view(event).is_ok_and(|view| {
        view.kind == Some(InteractionType::ModalSubmit)
            && state_of::<F, T>(&view.data.custom_id).is_some()
    })
}

/// Data of a submitted form.
fn data(interaction: &InteractionCreate) -> Option<&ModalData> {
    match &interaction.data {
        Some(InteractionData::ModalSubmit(data)) => Some(data),
        _ => None,
    }
}

/// A user submitted the form `F`, which was opened with the state `T`.
///
/// It derefs to the form's fields.
/// A handler of it is called for submissions whose custom id and fields can be read; of the others
/// [`Rejected`] tells whose fields cannot, and [`no_longer_valid`](super::no_longer_valid) answers the rest.
pub struct Submitted<F, T = ()>(Arc<Form<F, T>>);

struct Form<F, T> {
    fields: F,
    state: T,
    interaction: InteractionCreate,
}

impl<F, T> Submitted<F, T> {
    /// State that the form was opened with.
    pub fn state(&self) -> &T {
        &self.0.state
    }

    /// The interaction: user, channel, and the message whose component opened the form.
    pub fn interaction(&self) -> &InteractionCreate {
        &self.0.interaction
    }

    /// All answers to the submission.
    pub fn answers<'a>(&'a self, client: &'a Client) -> Answers<'a> {
        client.interaction(self.interaction())
    }

    /// Answers with a message.
    pub fn reply<'a>(&'a self, client: &'a Client, content: impl Into<String>) -> Respond<'a> {
        self.answers(client).message(content)
    }

    /// Edits the message whose component opened the form; not for a form that a command opened.
    pub fn update<'a>(&'a self, client: &'a Client) -> Respond<'a> {
        self.answers(client).update()
    }
}

/// A clone shares the form.
impl<F, T> Clone for Submitted<F, T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<F, T> Deref for Submitted<F, T> {
    type Target = F;

    fn deref(&self) -> &F {
        &self.0.fields
    }
}

/// Shows that it is a form, and nothing that the user wrote.
impl<F, T> fmt::Debug for Submitted<F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted")
            .field("form", &std::any::type_name::<F>())
            .field("interaction", &self.interaction().id)
            .finish_non_exhaustive()
    }
}

impl<F: Modal, T: CustomIdValue> Payload for Submitted<F, T> {
    const KINDS: &'static [&'static str] = InteractionCreate::KINDS;
    type View<'a> = view::Interaction<'a>;

    fn concerns(event: &Event) -> bool {
        is_of::<F, T>(event) && Self::decode(event).is_ok()
    }

    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
        InteractionCreate::view(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let interaction = InteractionCreate::decode(event)?;
        let wrong = |why: &str| event.undecodable::<Self>(why.to_owned());
        let data = data(&interaction).ok_or_else(|| wrong("the interaction is no form"))?;
        let state = state_of::<F, T>(&data.custom_id);
        let state = state.ok_or_else(|| wrong("the form has another custom id"))?;
        let fields = read::<F>(data).map_err(|_| wrong("a field of the form cannot be read"))?;
        Ok(Self(Arc::new(Form {
            fields,
            state,
            interaction,
        })))
    }
}

/// A user submitted the form `F` with fields that cannot be read, such as a word in place of a number.
///
/// [`explain`] is a handler of it.
pub struct Rejected<F>(
    Arc<(InteractionCreate, FormError)>,
    std::marker::PhantomData<fn() -> F>,
);

impl<F> Rejected<F> {
    /// What is wrong, in words for the user.
    pub fn error(&self) -> &FormError {
        &self.0.1
    }

    /// The interaction.
    pub fn interaction(&self) -> &InteractionCreate {
        &self.0.0
    }
}

impl<F> Clone for Rejected<F> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0), std::marker::PhantomData)
    }
}

impl<F> fmt::Debug for Rejected<F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Rejected").field(self.error()).finish()
    }
}

impl<F: Modal> Payload for Rejected<F> {
    const KINDS: &'static [&'static str] = InteractionCreate::KINDS;
    type View<'a> = view::Interaction<'a>;

    fn concerns(event: &Event) -> bool {
        let is_submission = |view: view::Interaction<'_>| {
            let rest = view.data.custom_id.strip_prefix(F::CUSTOM_ID);
            view.kind == Some(InteractionType::ModalSubmit)
                && rest.is_some_and(|rest| rest.is_empty() || rest.starts_with(':'))
        };
        InteractionCreate::view(event).is_ok_and(is_submission) && Self::decode(event).is_ok()
    }

    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
        InteractionCreate::view(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let interaction = InteractionCreate::decode(event)?;
        let error = data(&interaction).and_then(|data| read::<F>(data).err());
        let error = error.ok_or_else(|| event.undecodable::<Self>("the form can be read"))?;
        Ok(Self(
            Arc::new((interaction, error)),
            std::marker::PhantomData,
        ))
    }
}

/// Handler that tells the user alone why a form could not be read: `.on(explain::<Join>)`.
///
/// # Errors
/// Those of the answer.
pub async fn explain<F: Modal>(
    form: Rejected<F>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let answers = client.interaction(form.interaction());
    answers
        .message(form.error().to_string())
        .ephemeral()
        .await?;
    Ok(())
}
