//! Answers to what nobody takes, and refusals.

use antiphon_core::{DecodeError, Event, Payload};
use antiphon_discord::{
    Client, InteractionCreate,
    model::{ComponentType, InteractionData, InteractionType},
    view,
};

use crate::{HandlerError, State};

/// What is said of a component whose custom id no handler can read.
const BUTTON: &str = "This button is no longer valid.";
const MENU: &str = "This menu is no longer valid.";
const FORM: &str = "This form could not be read. Please open it again.";

/// A press or a submitted form, for [`no_longer_valid`].
#[derive(Clone, Debug)]
pub struct Unclaimed(InteractionCreate);

impl Unclaimed {
    /// The interaction.
    pub fn interaction(&self) -> &InteractionCreate {
        &self.0
    }
}

impl Payload for Unclaimed {
    const KINDS: &'static [&'static str] = InteractionCreate::KINDS;
    type View<'a> = view::Interaction<'a>;

    fn concerns(event: &Event) -> bool {
        InteractionCreate::view(event).is_ok_and(|view| {
            matches!(
                view.kind,
                Some(InteractionType::MessageComponent | InteractionType::ModalSubmit)
            )
        })
    }

    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
        InteractionCreate::view(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        InteractionCreate::decode(event).map(Self)
    }
}

/// Handler that tells the user alone that a button, a menu or a form is no longer valid: `.fallback(no_longer_valid)`.
///
/// It answers presses and forms that no typed handler takes: those of an older version of the bot, of another program with
/// the same token, and of a modified client.
/// A handler of every [`InteractionCreate`] takes them all, so give such a handler a filter (`when`).
///
/// The metric `antiphon_components_refused_total` counts them.
///
/// # Errors
/// Those of the answer.
pub async fn no_longer_valid(
    interaction: Unclaimed,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    metrics::counter!("antiphon_components_refused_total").increment(1);
    let text = match &interaction.0.data {
        Some(InteractionData::MessageComponent(press))
            if press.component_type == ComponentType::Button =>
        {
            BUTTON
        }
        Some(InteractionData::MessageComponent(_)) => MENU,
        _ => FORM,
    };
    client
        .interaction(&interaction.0)
        .message(text)
        .ephemeral()
        .await?;
    Ok(())
}
