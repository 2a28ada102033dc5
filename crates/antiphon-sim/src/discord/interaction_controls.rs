//! Control of interactions: what users do with commands, components and modals, and what they get.

use serde_json::{Value, json};

use super::{controls::Discord, model::Id, state::State};

/// The place that stands for the direct conversation of the user with the bot.
const DIRECT: &str = "@me";

/// Interactions.
///
/// A channel is named as elsewhere, or `@me` for the direct conversation of the user with the bot.
/// What Discord's own client would not offer is refused: a command that is not registered, or not for this place or user;
/// an option, a choice or a value that its description does not have; a component that no message of the bot has, or
/// that is disabled; a modal that is not open. A note says why, and the call returns zero.
///
/// ```
/// use antiphon_sim::Simulator;
/// use serde_json::json;
///
/// # #[tokio::main(flavor = "current_thread")]
/// # async fn main() {
/// let discord = Simulator::with_seed(7).discord();
/// let greet = json!({
///     "name": "greet", "description": "greets somebody",
///     "options": [{"name": "who", "type": 6, "description": "whom", "required": true}],
/// });
/// discord.register("antiphon", None, &greet);
/// let asked = discord.command("loft", "mira", "antiphon", "greet", &json!({"who": "iris"}));
/// assert_ne!(asked, 0);
/// assert_eq!(discord.answer_to(asked), None, "no bot is connected");
/// assert_eq!(discord.command("loft", "mira", "antiphon", "wave", &json!({})), 0);
/// # }
/// ```
impl Discord {
    /// Registers a command of a bot, globally or for a guild, as the bot itself would by a request; returns its id, or
    /// zero if Discord would refuse it.
    pub fn register(&self, bot: &str, guild: Option<&str>, command: &Value) -> u64 {
        self.noted(self.try_register(bot, guild, command))
    }

    pub(super) fn try_register(
        &self,
        bot: &str,
        guild: Option<&str>,
        command: &Value,
    ) -> Result<Id, String> {
        let bot = self.account_named(bot).id;
        self.act(|state| {
            let guild = match guild {
                None => None,
                Some(name) => {
                    let known = state.community.guild_named(name);
                    Some(known.ok_or_else(|| format!("no guild `{name}`"))?)
                }
            };
            state.register(bot, guild, command)
        })
    }

    /// Uses a slash command of a bot; returns the id of the interaction.
    ///
    /// A name such as `music play` names a sub-command. `options` is a list in Discord's form, whose `type` may be left
    /// out, or an object of names and values; users, roles and channels are named by name or id, a file by its name.
    pub fn command(&self, channel: &str, by: &str, bot: &str, name: &str, options: &Value) -> u64 {
        self.noted(
            self.interact(channel, by, bot, |state, channel, user, bot| {
                state.use_command(channel, user, bot, name, options, None)
            }),
        )
    }

    /// Types an option of a slash command, so that the bot is asked for choices (type 4); returns the id of the
    /// interaction. `focused` names the option that is typed; if it is empty, the last one that has
    /// autocomplete is.
    pub fn autocomplete(
        &self,
        channel: &str,
        by: &str,
        bot: &str,
        name: &str,
        options: &Value,
        focused: &str,
    ) -> u64 {
        self.noted(
            self.interact(channel, by, bot, |state, channel, user, bot| {
                state.use_command(channel, user, bot, name, options, Some(focused))
            }),
        )
    }

    /// Uses a command of a context menu on a user, given by name or id, or on a message, given by id; returns the id of
    /// the interaction.
    pub fn context(&self, channel: &str, by: &str, bot: &str, name: &str, target: &str) -> u64 {
        self.noted(
            self.interact(channel, by, bot, |state, channel, user, bot| {
                state.use_menu(channel, user, bot, name, target)
            }),
        )
    }

    /// Presses the button with this custom id of the bot's newest message that has one; returns the id of the
    /// interaction.
    pub fn press(&self, channel: &str, by: &str, bot: &str, custom_id: &str) -> u64 {
        self.noted(
            self.interact(channel, by, bot, |state, channel, user, bot| {
                state.press(channel, user, bot, custom_id, None)
            }),
        )
    }

    /// Chooses values in the select menu with this custom id of the bot's newest message that has one; returns the id of
    /// the interaction.
    pub fn select(
        &self,
        channel: &str,
        by: &str,
        bot: &str,
        custom_id: &str,
        values: &[&str],
    ) -> u64 {
        let values: Vec<Value> = values.iter().map(|value| json!(value)).collect();
        self.noted(
            self.interact(channel, by, bot, |state, channel, user, bot| {
                state.choose(channel, user, bot, custom_id, &values, None)
            }),
        )
    }

    /// Submits the modal that a bot opened last for a user, or the one with this custom id; returns the id of the
    /// interaction. `fields` is an object of values by the fields' custom ids.
    pub fn submit(&self, by: &str, bot: &str, custom_id: Option<&str>, fields: &Value) -> u64 {
        self.noted(self.try_submit(by, bot, custom_id, fields))
    }

    pub(super) fn try_submit(
        &self,
        by: &str,
        bot: &str,
        custom_id: Option<&str>,
        fields: &Value,
    ) -> Result<Id, String> {
        let bot = self.account_named(bot).id;
        self.act(|state| {
            let user = state.someone(by);
            state.submit(user, bot, custom_id, fields)
        })
    }

    pub(super) fn interact(
        &self,
        channel: &str,
        by: &str,
        bot: &str,
        act: impl FnOnce(&mut State, Id, Id, Id) -> Result<Id, String>,
    ) -> Result<Id, String> {
        let bot = self.account_named(bot).id;
        self.act(|state| {
            let user = state.someone(by);
            let place = if channel == DIRECT {
                Some(state.conversation(user, bot))
            } else {
                state.community.channel_named(channel)
            };
            let place = place.ok_or_else(|| format!("no channel `{channel}`"))?;
            act(state, place, user, bot)
        })
    }

    /// Notes why something was refused, which then is zero.
    fn noted(&self, done: Result<Id, String>) -> u64 {
        done.unwrap_or_else(|why| {
            self.act(|state| state.note(why));
            0
        })
    }

    /// Type of the response to an interaction; `None` until there is one.
    pub fn answer_to(&self, interaction: u64) -> Option<u64> {
        self.act(|state| state.rest.interactions.get(&interaction)?.answered)
    }

    /// The response to an interaction: its `type` and `data`, and the `message` that it posted or changed, as it is now;
    /// `None` until there is a response.
    pub fn response_to(&self, interaction: u64) -> Option<Value> {
        self.act(|state| {
            let known = state.rest.interactions.get(&interaction)?;
            let mut response = json!({"type": known.answered?, "data": known.answer});
            let shown = |id: Id| {
                let message = state.message(known.channel, id)?;
                Some(state.message_for(message, known.application))
            };
            if let Some(message) = known.message.and_then(shown) {
                response["message"] = message;
            }
            let follow_ups: Vec<Value> =
                known.follow_ups.iter().copied().filter_map(shown).collect();
            response["follow_ups"] = json!(follow_ups);
            Some(response)
        })
    }
}
