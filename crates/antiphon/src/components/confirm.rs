//! A question with yes and no, which is answered once and outlives the program.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_core::{Before, BoxError, Event, Payload, Projection};
use antiphon_discord::{
    Client, InteractionCreate, interaction_lane,
    model::{
        ActionRow, Button, Interaction,
        id::{Id, marker::UserMarker},
    },
};

use super::{
    custom_id::{CustomId, CustomIdError, CustomIdReader, CustomIdValue, CustomIdWriter},
    pages::{self, LIFE},
    press::Press,
};
use crate::{Delivery, HandlerError, State};

/// Sign of a confirmation's custom ids.
const MARK: &str = "?";

/// Something that a user has to confirm.
///
/// The value is in the custom ids of the two buttons, and the first press is known from the journal, so that neither a restart nor
/// a second press carries it out again.
///
/// ```
/// use antiphon::{App, Delivery, FromRef, HandlerError, State};
/// use antiphon::components::{Confirm, Confirmations, CustomId, confirm, decide};
/// use antiphon::discord::{Client, InteractionCreate, model::id::{Id, marker::UserMarker}};
///
/// #[derive(CustomId)]
/// #[custom_id("expel")]
/// struct Expel { user: Id<UserMarker> }
///
/// # #[derive(Clone)] struct Bot { client: Client, confirmations: Confirmations }
/// # impl FromRef<Bot> for Client { fn from_ref(bot: &Bot) -> Self { bot.client.clone() } }
/// # impl FromRef<Bot> for Confirmations { fn from_ref(bot: &Bot) -> Self { bot.confirmations.clone() } }
/// impl Confirm<Bot> for Expel {
///     async fn confirmed(&self, press: &InteractionCreate, _: &Delivery, bot: &Bot) -> Result<String, HandlerError> {
///         let guild = press.guild_id.ok_or_else(|| HandlerError::message("only in a guild"))?;
///         bot.client.remove_guild_member(guild, self.user).await?;
///         Ok("They are out.".into())
///     }
/// }
///
/// async fn expel(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
///     confirm(&bot.client, &command, &Expel { user: Id::new(7) }, "Really?").await?;
///     Ok(())
/// }
///
/// # fn app(bot: Bot) -> App<Bot> {
/// let confirmations = bot.confirmations.clone();
/// App::new(bot)
///     .projection(confirmations)
///     .on(decide::<Expel, Bot>)
/// # }
/// ```
///
/// - Only the user who was asked answers; others are told so, and nobody else sees that.
/// - The first press decides, whatever the second one is; the second is told so.
/// - A press that was being handled when the program died is handled again, with [`Delivery::redelivered`]: what the handler did
///   until then is the only thing that may happen twice, as for every handler.
/// - The buttons work for [`LIFE`](Self::LIFE) from the message's own time.
pub trait Confirm<S>: CustomId {
    /// How long the buttons work, from the time of the message. Default: 15 min.
    const LIFE: Duration = LIFE;

    /// Does what was confirmed, and returns the text that replaces the question.
    ///
    /// The first answer was given before, so that it may take up to fifteen minutes.
    fn confirmed(
        &self,
        press: &InteractionCreate,
        delivery: &Delivery,
        state: &S,
    ) -> impl Future<Output = Result<String, HandlerError>> + Send;

    /// Text that replaces the question after a no. Default: `Cancelled.`
    fn declined(&self) -> String {
        "Cancelled.".into()
    }
}

/// Custom id of a confirmation's button.
#[derive(Clone, Debug)]
pub struct Decision<T> {
    is_yes: bool,
    author: Id<UserMarker>,
    action: T,
}

fn write<T: CustomIdValue>(
    to: &mut CustomIdWriter,
    is_yes: bool,
    author: Id<UserMarker>,
    action: &T,
) {
    is_yes.write(to);
    author.write(to);
    action.write(to);
}

impl<T: CustomId> CustomIdValue for Decision<T> {
    const LENGTH: usize = bool::LENGTH + Id::<UserMarker>::LENGTH + T::LENGTH;

    fn write(&self, to: &mut CustomIdWriter) {
        write(to, self.is_yes, self.author, &self.action);
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        Ok(Self {
            is_yes: CustomIdValue::read(from)?,
            author: CustomIdValue::read(from)?,
            action: T::read(from)?,
        })
    }
}

impl<T: CustomId> CustomId for Decision<T> {
    const PREFIX: &'static str = T::PREFIX;
    const MARK: &'static str = MARK;
}

/// Answers an interaction with a question and the buttons yes and no, which its user alone sees.
///
/// # Errors
/// Those of the answer; an interaction without a user cannot be asked.
pub async fn confirm<T: CustomId>(
    client: &Client,
    interaction: &Interaction,
    action: &T,
    question: impl Into<String>,
) -> Result<(), HandlerError> {
    let author = interaction.author_id();
    let author = author.ok_or_else(|| HandlerError::message("the interaction has no user"))?;
    let answers = client.interaction(interaction);
    let answer = answers.message(question).ephemeral();
    Ok(answer.components([buttons(author, action)]).await?)
}

/// The buttons yes and no, for a message of your own.
pub fn buttons<T: CustomId>(author: Id<UserMarker>, action: &T) -> ActionRow {
    let id = |is_yes| {
        let mut text = CustomIdWriter::begin(T::PREFIX, MARK);
        write(&mut text, is_yes, author, action);
        text.end()
    };
    ActionRow::new([
        Button::danger(id(true), "Yes"),
        Button::secondary(id(false), "No"),
    ])
}

/// Handler of yes and no: `.on(decide::<Expel, Bot>)`.
///
/// # Errors
/// Those of [`Confirm::confirmed`] and of the answers, and one that says that [`Confirmations`] is no projection of the app.
pub async fn decide<T: Confirm<S>, S: Send + Sync>(
    press: Press<Decision<T>>,
    delivery: Delivery,
    State(state): State<S>,
    State(client): State<Client>,
    State(confirmations): State<Confirmations>,
) -> Result<(), HandlerError> {
    let decision = press.state();
    if !pages::check(&press, decision.author, T::LIFE, &client).await? {
        return Ok(());
    }
    match confirmations.is_first(&press) {
        None => {
            let why = "a confirmation was pressed, and `Confirmations` is no projection of the app: add it with `App::projection`";
            return Err(HandlerError::message(why));
        }
        Some(false) => {
            press
                .reply(&client, "This was answered already.")
                .ephemeral()
                .await?;
            return Ok(());
        }
        Some(true) => {}
    }
    // It passes if the first answer was given before the program died, or before a retry.
    press.defer_update(&client).await?;
    let text = if decision.is_yes {
        decision.action.confirmed(&press, &delivery, &state).await?
    } else {
        decision.action.declined()
    };
    let answers = press.answers(&client);
    answers
        .update_response()
        .content(Some(&text))
        .components(Some(&[]))
        .await?;
    Ok(())
}

/// Message and user, whose first press decides.
type Key = (u64, u64);

/// The first press of each confirmation, as the journal has it.
///
/// It is a projection and a handle on it: add one clone to the app ([`App::projection`](crate::App::projection)) and keep another
/// in its state.
/// It holds the newest 10,000 confirmations that were answered, by the ids of their messages, and is saved with the journal.
#[derive(Clone, Debug, Default)]
pub struct Confirmations(Arc<Mutex<BTreeMap<Key, u64>>>);

impl Confirmations {
    /// Confirmations that are held; the oldest messages are forgotten beyond.
    const MOST: usize = 10_000;

    fn lock(&self) -> MutexGuard<'_, BTreeMap<Key, u64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether a press is the first of its user on its message; `None` if no press there is known.
    fn is_first(&self, press: &InteractionCreate) -> Option<bool> {
        let message = press.message.as_ref()?.id.get();
        let user = press.author_id()?.get();
        let first = self.lock().get(&(message, user)).copied();
        first.map(|first| first == press.id.get())
    }

    fn note(&self, event: &Event) -> Option<()> {
        if !InteractionCreate::KINDS.contains(&event.kind().as_str()) {
            return None;
        }
        let view = InteractionCreate::view(event).ok()?;
        let (prefix, _) = view.data.custom_id.split_once(':')?;
        prefix.strip_suffix(MARK)?;
        let lane = interaction_lane(event)?;
        let (message, user) = lane.as_str().strip_prefix("press/")?.split_once('/')?;
        let key = (message.parse().ok()?, user.parse().ok()?);
        let mut known = self.lock();
        known.entry(key).or_insert(view.id?.get());
        while known.len() > Self::MOST {
            known.pop_first();
        }
        Some(())
    }
}

impl Projection for Confirmations {
    fn name(&self) -> &'static str {
        "antiphon/confirmations"
    }

    fn apply(&mut self, event: &Event) -> Before {
        self.note(event);
        Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        let known: Vec<(Key, u64)> = self.lock().iter().map(|(key, id)| (*key, *id)).collect();
        serde_json::to_vec(&known).ok()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        let known: Vec<(Key, u64)> = antiphon_core::read_json(saved)?;
        *self.lock() = known.into_iter().collect();
        Ok(())
    }
}
