//! Interactions: what users do with applications, and what becomes of it.

use serde_json::{Value, json};

use super::{
    choices::{Choices, component, shortened},
    community::Scope,
    components,
    model::{Id, kind},
    permissions,
    state::State,
};

/// Milliseconds within which an interaction has its first answer.
pub(crate) const FIRST_ANSWER: i64 = 3_000;
/// Milliseconds for which an interaction's token is good.
pub(crate) const TOKEN_LIFE: i64 = 900_000;
/// All permissions that there are.
const RIGHTS: u64 = (1 << 53) - 1;

/// Types of [interactions](https://docs.discord.com/developers/interactions/receiving-and-responding#interaction-object-interaction-type).
pub(crate) mod interaction {
    pub(crate) const COMMAND: u8 = 2;
    pub(crate) const COMPONENT: u8 = 3;
    pub(crate) const AUTOCOMPLETE: u8 = 4;
    pub(crate) const MODAL_SUBMIT: u8 = 5;
}

/// An interaction.
#[derive(Clone, Debug, Default)]
pub(crate) struct Interaction {
    pub(crate) token: String,
    /// Unix milliseconds.
    pub(crate) asked_at: i64,
    pub(crate) application: Id,
    pub(crate) channel: Id,
    pub(crate) user: Id,
    pub(crate) kind: u8,
    /// Name of the command with its sub-commands, or the custom id.
    pub(crate) name: String,
    /// Type of the command: 1 for a slash command, 2 and 3 for a user's and a message's menu.
    pub(crate) command_type: u64,
    /// User or message of a context menu.
    pub(crate) target: Option<Id>,
    /// The message whose component was used, also by the modal that the component opened.
    pub(crate) source: Option<Id>,
    /// Metadata of the interaction that opened the modal.
    pub(crate) triggered_by: Option<Value>,
    /// The type of the answer, once there is one.
    pub(crate) answered: Option<u64>,
    /// The answer's `data`.
    pub(crate) answer: Value,
    /// The message that answers it: the one that was posted, or the one that was updated.
    pub(crate) message: Option<Id>,
    /// Whether that message still says that the application thinks.
    pub(crate) is_loading: bool,
    /// Messages that followed.
    pub(crate) follow_ups: Vec<Id>,
    /// Whether the modal was submitted.
    pub(crate) is_submitted: bool,
}

impl Interaction {
    /// Whether it was answered by a modal that is not yet submitted.
    pub(crate) fn is_open_form(&self) -> bool {
        self.answered == Some(9) && !self.is_submitted
    }
}

impl State {
    /// The guild of a channel.
    pub(crate) fn guild_of_channel(&self, channel: Id) -> Option<Id> {
        self.community.channels.get(&channel)?.guild
    }

    /// Permissions of a user in a channel, as interactions have them.
    pub(crate) fn rights(&self, user: Id, channel: Id) -> u64 {
        let place = self.community.channels.get(&channel);
        place.map_or(0, |place| self.community.permissions(user, place)) & RIGHTS
    }

    fn name_of(&self, user: Id) -> String {
        let user = self.community.users.get(&user);
        user.map(|user| user.name.clone()).unwrap_or_default()
    }

    /// Checks that a user and an application can meet in a channel.
    fn check_meeting(&self, channel: Id, user: Id, application: Id) -> Result<(), String> {
        let Some(place) = self.community.channels.get(&channel) else {
            return Err(format!("no channel {channel}"));
        };
        let may = |who: Id| self.community.permissions(who, place) & permissions::VIEW_CHANNEL != 0;
        if !may(user) {
            return Err(format!("`{}` cannot see this channel", self.name_of(user)));
        }
        let is_here = match place.guild.and_then(|id| self.community.guilds.get(&id)) {
            Some(guild) => guild.members.contains_key(&application),
            None => place.recipients.contains(&application),
        };
        if is_here {
            Ok(())
        } else {
            Err(format!("`{}` is not here", self.name_of(application)))
        }
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Commands.

    /// Commands of an application that a user can use in a channel, with the guild that each is registered for.
    pub(crate) fn commands_here(
        &self,
        channel: Id,
        user: Id,
        application: Id,
    ) -> Vec<(Option<Id>, Value)> {
        let guild = self.guild_of_channel(channel);
        let of = |place: Option<Id>| {
            let known = self.rest.commands.get(&(application, place));
            known
                .into_iter()
                .flatten()
                .map(move |command| (place, command.clone()))
        };
        let own = guild.map(|guild| of(Some(guild)));
        let all = own.into_iter().flatten().chain(of(None));
        let context = u8::from(guild.is_none());
        let rights = self.rights(user, channel);
        let fits = |command: &Value| {
            let contexts = command["contexts"].as_array();
            let here = contexts.is_none_or(|contexts| contexts.contains(&json!(context)));
            let may = match command["default_member_permissions"]
                .as_str()
                .map(str::parse::<u64>)
            {
                // Zero leaves a command to administrators.
                Some(Ok(asks)) if guild.is_some() => {
                    let has_all = asks != 0 && rights & asks == asks;
                    has_all || rights & permissions::ADMINISTRATOR != 0
                }
                _ => true,
            };
            here && may && !(guild.is_none() && command["dm_permission"] == false)
        };
        all.filter(|(_, command)| fits(command)).collect()
    }

    fn command_named(
        &self,
        channel: Id,
        user: Id,
        application: Id,
        fits: impl Fn(&Value) -> bool,
        name: &str,
    ) -> Result<(Option<Id>, Value), String> {
        self.check_meeting(channel, user, application)?;
        let here = self.commands_here(channel, user, application);
        let known: Vec<String> = here
            .iter()
            .filter(|(_, command)| fits(command))
            .map(|(_, command)| format!("`{}`", command["name"].as_str().unwrap_or_default()))
            .collect();
        let found = here
            .into_iter()
            .find(|(_, command)| fits(command) && command["name"] == name);
        found.ok_or_else(|| {
            let known = if known.is_empty() { "none".to_owned() } else { known.join(", ") };
            format!(
                "`{}` has registered no such command `{name}` that `{}` can use here; there are: {known}",
                self.name_of(application),
                self.name_of(user),
            )
        })
    }

    /// A user uses a slash command; a name such as `music play` names a sub-command. With `focused` the user is still
    /// typing this option (the last one with autocomplete where it is empty), and autocomplete is asked for. Returns the interaction's id.
    pub(crate) fn use_command(
        &mut self,
        channel: Id,
        user: Id,
        application: Id,
        name: &str,
        options: &Value,
        focused: Option<&str>,
    ) -> Result<Id, String> {
        let mut words = name.split_whitespace();
        let first = words.next().unwrap_or_default();
        let is_slash = |command: &Value| command["type"] == 1;
        let (guild, command) = self.command_named(channel, user, application, is_slash, first)?;
        let inner: Vec<&str> = words.collect();
        let options = inner
            .iter()
            .rev()
            .fold(options.clone(), |options, word| json!({*word: options}));
        let mut choices = Choices::new(self, channel);
        choices.focused = focused.map(str::to_owned);
        let options = choices.options(&command, &options)?;
        if focused.is_some() && !options.iter().any(has_focus) {
            return Err("no option is being typed: `focused` names one of `options`".into());
        }
        let resolved = choices.resolved();
        let mut name = vec![first.to_owned()];
        let mut inside = options.first();
        while let Some(sub) = inside.filter(|one| matches!(one["type"].as_u64(), Some(1 | 2))) {
            name.push(sub["name"].as_str().unwrap_or_default().to_owned());
            inside = sub["options"].get(0);
        }
        let mut data = json!({"id": command["id"], "name": command["name"], "type": 1});
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild.to_string());
        }
        if !options.is_empty() {
            data["options"] = json!(options);
        }
        if let Some(resolved) = resolved {
            data["resolved"] = resolved;
        }
        let interaction = Interaction {
            application,
            channel,
            user,
            kind: if focused.is_some() {
                interaction::AUTOCOMPLETE
            } else {
                interaction::COMMAND
            },
            name: name.join(" "),
            command_type: 1,
            ..Interaction::default()
        };
        Ok(self.interact(interaction, &data))
    }

    /// A user uses a command of a context menu on a user or a message, given by name or id.
    pub(crate) fn use_menu(
        &mut self,
        channel: Id,
        user: Id,
        application: Id,
        name: &str,
        target: &str,
    ) -> Result<Id, String> {
        let is_menu = |command: &Value| matches!(command["type"].as_u64(), Some(2 | 3));
        let (guild, command) = self.command_named(channel, user, application, is_menu, name)?;
        let command_type = command["type"].as_u64().unwrap_or_default();
        let (target, resolved) = if command_type == 2 {
            let mut choices = Choices::new(self, channel);
            let target = choices
                .user(&json!(target))
                .map_err(|why| format!("`target` {why}"))?;
            (super::model::id_in(&target), choices.resolved())
        } else {
            let message = target.parse().ok().and_then(|id| self.message(channel, id));
            let message =
                message.ok_or_else(|| format!("no message `{target}` in this channel"))?;
            let shown = self.message_for(message, application);
            let resolved = json!({"messages": {target: shown}});
            (Some(message.id), Some(resolved))
        };
        let target = target.unwrap_or_default();
        let mut data = json!({
            "id": command["id"], "name": command["name"], "type": command_type, "target_id": target.to_string(),
            "resolved": resolved,
        });
        if let Some(guild) = guild {
            data["guild_id"] = json!(guild.to_string());
        }
        let interaction = Interaction {
            application,
            channel,
            user,
            kind: interaction::COMMAND,
            name: name.to_owned(),
            command_type,
            target: Some(target),
            ..Interaction::default()
        };
        Ok(self.interact(interaction, &data))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // Components and modals.

    /// The application's newest message in a channel that has a component of this custom id, or the message that is
    /// named; and the component.
    fn component(
        &self,
        channel: Id,
        user: Id,
        application: Id,
        custom_id: &str,
        named: Option<Id>,
    ) -> Result<(Id, Value), String> {
        self.check_meeting(channel, user, application)?;
        let kept = self.community.messages.get(&channel);
        let kept = kept.into_iter().flat_map(|kept| kept.values());
        let own = self.community.ephemeral.values();
        let own = own.filter(|message| message.channel == channel && message.seen_by == Some(user));
        let fits = |message: &&super::model::Message| {
            message.author == application && named.is_none_or(|id| id == message.id)
        };
        let found = kept.chain(own).filter(fits);
        let found = found.filter_map(|message| {
            let mut inside = components::all(&message.components).into_iter();
            Some((
                message.id,
                inside.find(|one| one["custom_id"] == custom_id)?,
            ))
        });
        let Some((message, component)) = found.max_by_key(|(id, _)| *id) else {
            return Err(format!(
                "no message of `{}` here has a component with the custom id `{custom_id}`",
                self.name_of(application)
            ));
        };
        if component["disabled"] == true {
            return Err(format!("the component `{custom_id}` is disabled"));
        }
        Ok((message, component.clone()))
    }

    fn use_component(
        &mut self,
        channel: Id,
        user: Id,
        application: Id,
        message: Id,
        component: &Value,
        more: Value,
    ) -> Id {
        let mut data = json!({
            "id": component["id"], "component_type": component["type"], "custom_id": component["custom_id"],
        });
        if let (Value::Object(data), Value::Object(more)) = (&mut data, more) {
            data.extend(more);
        }
        let interaction = Interaction {
            application,
            channel,
            user,
            kind: interaction::COMPONENT,
            name: component["custom_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            source: Some(message),
            ..Interaction::default()
        };
        self.interact(interaction, &data)
    }

    /// A user presses a button of an application's message; returns the interaction's id.
    pub(crate) fn press(
        &mut self,
        channel: Id,
        user: Id,
        application: Id,
        custom_id: &str,
        message: Option<Id>,
    ) -> Result<Id, String> {
        let (message, component) =
            self.component(channel, user, application, custom_id, message)?;
        if component["type"] != component::BUTTON {
            return Err(format!(
                "the component `{custom_id}` is no button: use `select`"
            ));
        }
        Ok(self.use_component(channel, user, application, message, &component, Value::Null))
    }

    /// A user chooses values in a select menu of an application's message; returns the interaction's id.
    pub(crate) fn choose(
        &mut self,
        channel: Id,
        user: Id,
        application: Id,
        custom_id: &str,
        values: &[Value],
        message: Option<Id>,
    ) -> Result<Id, String> {
        let (message, component) =
            self.component(channel, user, application, custom_id, message)?;
        let kind = component["type"].as_u64().unwrap_or_default();
        if !matches!(
            kind,
            component::STRING_SELECT | component::USER_SELECT..=component::CHANNEL_SELECT
        ) {
            return Err(format!(
                "the component `{custom_id}` is no select menu: use `press`"
            ));
        }
        let mut choices = Choices::new(self, channel);
        let values = choices.values(&component, values, 1);
        let values = values.map_err(|why| format!("the select menu `{custom_id}` {why}"))?;
        let mut more = json!({"values": values});
        if let Some(resolved) = choices.resolved() {
            more["resolved"] = resolved;
        }
        Ok(self.use_component(channel, user, application, message, &component, more))
    }

    /// A user submits the modal that an application opened last, or that has this custom id, with values by the custom
    /// ids of its fields; returns the interaction's id.
    pub(crate) fn submit(
        &mut self,
        user: Id,
        application: Id,
        custom_id: Option<&str>,
        fields: &Value,
    ) -> Result<Id, String> {
        let open = self.rest.interactions.iter().rev().find(|(_, one)| {
            one.application == application
                && one.user == user
                && one.is_open_form()
                && custom_id.is_none_or(|id| one.answer["custom_id"] == id)
        });
        let Some((trigger, opened)) = open.map(|(id, one)| (*id, one.clone())) else {
            return Err(format!(
                "`{}` has opened no modal{} for `{}` that is not yet submitted",
                self.name_of(application),
                custom_id.map(|id| format!(" `{id}`")).unwrap_or_default(),
                self.name_of(user),
            ));
        };
        self.check_meeting(opened.channel, user, application)?;
        let mut choices = Choices::new(self, opened.channel);
        let components = choices.submitted(&opened.answer, fields)?;
        let mut data = json!({"custom_id": opened.answer["custom_id"], "components": components});
        if let Some(resolved) = choices.resolved() {
            data["resolved"] = resolved;
        }
        let triggered_by = self.metadata(trigger, &opened, None);
        if let Some(opened) = self.rest.interactions.get_mut(&trigger) {
            opened.is_submitted = true;
        }
        let interaction = Interaction {
            application,
            channel: opened.channel,
            user,
            kind: interaction::MODAL_SUBMIT,
            name: opened.answer["custom_id"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            source: opened.source,
            triggered_by: Some(triggered_by),
            ..Interaction::default()
        };
        Ok(self.interact(interaction, &data))
    }

    // -----------------------------------------------------------------------------------------------------------------
    // The event, and the metadata of answers.

    /// Sends an application an interaction; returns its id.
    fn interact(&mut self, mut interaction: Interaction, data: &Value) -> Id {
        let now = self.now();
        let id = self.snowflakes.next(now);
        interaction.token = format!("{}{}", self.secret(), self.secret());
        interaction.asked_at = now;
        let (channel, user, application) = (
            interaction.channel,
            interaction.user,
            interaction.application,
        );
        let guild = self.guild_of_channel(channel);
        let mut event = json!({
            "id": id.to_string(),
            "application_id": application.to_string(),
            "type": interaction.kind,
            "data": data,
            "channel_id": channel.to_string(),
            "channel": self.channel_of_interaction(channel, user),
            "token": interaction.token,
            "version": 1,
            "app_permissions": self.rights(application, channel).to_string(),
            "locale": "en-US",
            "entitlements": self.entitlements_of(user, application),
            "authorizing_integration_owners": {"0": guild.unwrap_or(0).to_string()},
            "context": u8::from(guild.is_none()),
            "attachment_size_limit": 10_485_760,
        });
        if let Some(message) = interaction.source.and_then(|id| self.message(channel, id)) {
            event["message"] = self.message_for(message, application);
        }
        self.rest.interactions.insert(id, interaction);
        if self.rest.interactions.len() > self.settings.history {
            self.rest.interactions.pop_first();
        }
        let Some(guild) = guild else {
            event["user"] = self.user_json(user);
            self.publish("INTERACTION_CREATE", Scope::account(application), &event);
            return id;
        };
        event["guild_id"] = json!(guild.to_string());
        event["guild_locale"] = json!("en-US");
        event["guild"] =
            json!({"id": guild.to_string(), "locale": "en-US", "features": ["COMMUNITY"]});
        if let Some(mut member) = self.member_json(channel, user) {
            member["permissions"] = json!(self.rights(user, channel).to_string());
            event["member"] = member;
        }
        self.publish(
            "INTERACTION_CREATE",
            Scope::guild(guild).only(application),
            &event,
        );
        id
    }

    /// The channel of an interaction, as its user sees it.
    fn channel_of_interaction(&self, channel: Id, user: Id) -> Value {
        let Some(place) = self.community.channels.get(&channel) else {
            return Value::Null;
        };
        if place.kind == kind::DM {
            return self.conversation_json(channel, user);
        }
        let mut json = shortened(place);
        json["permissions"] = json!(self.rights(user, channel).to_string());
        json
    }

    /// The metadata of an interaction, as its answers have it; a follow-up names the first answer.
    pub(crate) fn metadata(
        &self,
        id: Id,
        interaction: &Interaction,
        original: Option<Id>,
    ) -> Value {
        let guild = self.guild_of_channel(interaction.channel).unwrap_or(0);
        let mut metadata = json!({
            "id": id.to_string(),
            "type": interaction.kind,
            "user": self.user_json(interaction.user),
            "authorizing_integration_owners": {"0": guild.to_string()},
        });
        match interaction.kind {
            interaction::COMMAND => {
                metadata["name"] = json!(interaction.name);
                metadata["command_type"] = json!(interaction.command_type);
                match (interaction.command_type, interaction.target) {
                    (2, Some(user)) => metadata["target_user"] = self.user_json(user),
                    (3, Some(message)) => {
                        metadata["target_message_id"] = json!(message.to_string());
                    }
                    _ => {}
                }
            }
            interaction::COMPONENT => {
                let message = interaction.source.unwrap_or_default();
                metadata["interacted_message_id"] = json!(message.to_string());
            }
            _ => metadata["triggering_interaction_metadata"] = json!(interaction.triggered_by),
        }
        if let Some(original) = original {
            metadata["original_response_message_id"] = json!(original.to_string());
        }
        metadata
    }
}

/// Whether an option, or one of a sub-command's, is being typed.
fn has_focus(option: &Value) -> bool {
    let inner = option["options"].as_array();
    option["focused"] == true || inner.is_some_and(|inner| inner.iter().any(has_focus))
}
