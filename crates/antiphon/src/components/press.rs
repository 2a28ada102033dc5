//! Presses of components, routed by their custom id.

use std::{fmt, ops::Deref, str::FromStr, sync::Arc};

use antiphon_core::{DecodeError, Event, Payload};
use antiphon_discord::{
    Client, InteractionCreate,
    client::{Answers, Respond},
    model::{
        Channel, ComponentData, InteractionData, InteractionType, PartialMember, ResolvedData,
        Role, User,
        id::{Id, marker::UserMarker},
    },
    view,
};

use super::{custom_id::CustomId, select_options::SelectOptions};

/// A user pressed a button or chose in a menu whose `custom_id` is a `T`.
///
/// A handler of it is called for such presses alone; no other custom id is decoded for it.
/// It derefs to the [`Interaction`](antiphon_discord::model::Interaction).
///
/// ```
/// use antiphon::{App, HandlerError, State, components::{CustomId, Press, no_longer_valid}, discord::Client};
///
/// #[derive(CustomId)]
/// #[custom_id("vote")]
/// enum Vote { For, Against }
///
/// async fn vote(press: Press<Vote>, State(client): State<Client>) -> Result<(), HandlerError> {
///     let text = match press.state() {
///         Vote::For => "You sing it.",
///         Vote::Against => "You don't.",
///     };
///     press.reply(&client, text).ephemeral().await?;
///     Ok(())
/// }
///
/// # fn app(client: Client) -> App<Client> {
/// App::new(client).on(vote).fallback(no_longer_valid)
/// # }
/// ```
///
/// The first answer has to come within three seconds; [`defer_update`](Self::defer_update) and
/// [`Answers::defer`](antiphon_discord::client::Answers::defer) buy fifteen minutes.
///
/// # Menus
///
/// A menu's `custom_id` is routed alike; [`values`](Self::values) has what was chosen, and [`users`](Self::users),
/// [`roles`](Self::roles) and [`channels`](Self::channels) the objects that Discord sends with it.
///
/// ```
/// # use antiphon::{HandlerError, State, components::{CustomId, Press, SelectOptions}, discord::Client};
/// #[derive(CustomId)]
/// #[custom_id("invite")]
/// struct Invite;
///
/// #[derive(SelectOptions, Debug)]
/// enum Voice { Alto, Tenor }
///
/// async fn invite(press: Press<Invite>, State(client): State<Client>) -> Result<(), HandlerError> {
///     let names: Vec<_> = press.users().map(|(user, _)| &*user.name).collect();
///     press.update(&client).content(names.join(", ")).await?;
///     Ok(())
/// }
/// # fn voices(press: &Press<Invite>) -> Option<Vec<Voice>> { press.chosen() }
/// ```
pub struct Press<T>(Arc<Pressed<T>>);

struct Pressed<T> {
    state: T,
    interaction: InteractionCreate,
    data: ComponentData,
}

impl<T> Press<T> {
    /// State of the custom id.
    pub fn state(&self) -> &T {
        &self.0.state
    }

    /// Component that was used, with its custom id and what was chosen.
    pub fn data(&self) -> &ComponentData {
        &self.0.data
    }

    /// User who pressed.
    pub fn user(&self) -> &User {
        let author = self.author();
        author.expect("a press without a user is not made")
    }

    /// Id of the user who pressed; never absent.
    pub fn user_id(&self) -> Option<Id<UserMarker>> {
        self.author_id()
    }

    /// Values that were chosen: those of the options, or ids; empty for a button.
    pub fn values(&self) -> &[String] {
        &self.data().values
    }

    /// First value that was chosen, if it can be read as a `V`.
    pub fn value<V: FromStr>(&self) -> Option<V> {
        self.values().first()?.parse().ok()
    }

    /// Values of a menu that was made of [`SelectOptions`]; `None` if one is not among them, as in an older menu.
    pub fn chosen<V: SelectOptions>(&self) -> Option<Vec<V>> {
        self.values()
            .iter()
            .map(|value| V::of_value(value))
            .collect()
    }

    /// Users that were chosen, each with its member in a guild, in the order in which they were chosen.
    pub fn users(&self) -> impl Iterator<Item = (&User, Option<&PartialMember>)> {
        self.resolved(|id, resolved| {
            let id = id.parse().ok()?;
            Some((resolved.users.get(&id)?, resolved.members.get(&id)))
        })
    }

    /// Roles that were chosen, in the order in which they were chosen.
    pub fn roles(&self) -> impl Iterator<Item = &Role> {
        self.resolved(|id, resolved| resolved.roles.get(&id.parse().ok()?))
    }

    /// Channels that were chosen, in the order in which they were chosen.
    pub fn channels(&self) -> impl Iterator<Item = &Channel> {
        self.resolved(|id, resolved| resolved.channels.get(&id.parse().ok()?))
    }

    fn resolved<'a, O: 'a>(
        &'a self,
        find: impl Fn(&'a str, &'a ResolvedData) -> Option<O> + 'a,
    ) -> impl Iterator<Item = O> + 'a {
        let resolved = self.data().resolved.as_deref();
        let values = self.values().iter();
        values.filter_map(move |value| find(value, resolved?))
    }

    /// All answers to the press.
    pub fn answers<'a>(&'a self, client: &'a Client) -> Answers<'a> {
        client.interaction(self)
    }

    /// Edits the message with the component; fields that are not set stay.
    pub fn update<'a>(&'a self, client: &'a Client) -> Respond<'a> {
        self.answers(client).update()
    }

    /// Answers with a message of its own.
    pub fn reply<'a>(&'a self, client: &'a Client, content: impl Into<String>) -> Respond<'a> {
        self.answers(client).message(content)
    }

    /// Says that the message will be edited by [`Answers::update_response`]; the user sees nothing of it.
    pub fn defer_update<'a>(&'a self, client: &'a Client) -> Respond<'a> {
        self.answers(client).defer_update()
    }

    /// Opens a form.
    pub fn show_modal<'a>(
        &'a self,
        client: &'a Client,
        modal: antiphon_discord::model::Modal,
    ) -> Respond<'a> {
        self.answers(client).show_modal(modal)
    }
}

impl<T: CustomId> Press<T> {
    /// Reads a press; `None` if it is of another component, or names no user, which Discord always does.
    pub(crate) fn read(interaction: InteractionCreate) -> Option<Self> {
        let Some(InteractionData::MessageComponent(data)) = &interaction.data else {
            return None;
        };
        interaction.author()?;
        let data = (**data).clone();
        let state = T::from_custom_id(&data.custom_id).ok()?;
        Some(Self(Arc::new(Pressed {
            state,
            interaction,
            data,
        })))
    }
}

/// A clone shares the interaction.
impl<T> Clone for Press<T> {
    fn clone(&self) -> Self {
        Self(Arc::clone(&self.0))
    }
}

impl<T> Deref for Press<T> {
    type Target = InteractionCreate;

    fn deref(&self) -> &InteractionCreate {
        &self.0.interaction
    }
}

impl<T: fmt::Debug> fmt::Debug for Press<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Press")
            .field("state", self.state())
            .field("values", &self.values())
            .finish_non_exhaustive()
    }
}

impl<T: CustomId> Payload for Press<T> {
    const KINDS: &'static [&'static str] = InteractionCreate::KINDS;
    type View<'a> = view::Interaction<'a>;

    fn concerns(event: &Event) -> bool {
        InteractionCreate::view(event).is_ok_and(|view| {
            view.kind == Some(InteractionType::MessageComponent)
                && T::from_custom_id(&view.data.custom_id).is_ok()
        })
    }

    fn view(event: &Event) -> Result<Self::View<'_>, DecodeError> {
        InteractionCreate::view(event)
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        let interaction = InteractionCreate::decode(event)?;
        Self::read(interaction).ok_or_else(|| {
            event.undecodable::<Self>("the interaction is no press of this component by a user")
        })
    }
}
