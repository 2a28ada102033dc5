//! Interactions of users with applications.

use serde_json::{Value, json};

use super::{community::Scope, model::Id, permissions, rest::state::Interaction, state::State};

/// Milliseconds within which an interaction has its first answer.
pub(crate) const FIRST_ANSWER: i64 = 3_000;
/// Milliseconds for which an interaction's token is good.
pub(crate) const TOKEN_LIFE: i64 = 900_000;

impl State {
    /// A user uses something of a bot: a command (type 2), a component (3), a form (5); returns the id.
    pub(crate) fn interact(
        &mut self,
        channel: Id,
        user: Id,
        application: Id,
        kind: u8,
        data: &Value,
    ) -> Id {
        let id = self.new_id();
        let token = format!("{}{}", self.secret(), self.secret());
        let name = data["name"]
            .as_str()
            .or(data["custom_id"].as_str())
            .unwrap_or_default();
        let interaction = Interaction {
            token: token.clone(),
            asked_at: self.now(),
            application,
            channel,
            user,
            name: name.to_owned(),
            answered: None,
            message: None,
        };
        self.rest.interactions.insert(id, interaction);
        if self.rest.interactions.len() > self.settings.history {
            self.rest.interactions.pop_first();
        }
        let guild = self
            .community
            .channels
            .get(&channel)
            .and_then(|channel| channel.guild);
        let place = self.community.channels.get(&channel);
        let rights =
            |user: Id| place.map_or(0, |channel| self.community.permissions(user, channel));
        let mut event = json!({
            "id": id.to_string(),
            "application_id": application.to_string(),
            "type": kind,
            "data": data,
            "channel_id": channel.to_string(),
            "channel": place.map(super::model::Channel::json),
            "token": token,
            "version": 1,
            "app_permissions": rights(application).to_string(),
            "locale": "en-US",
            "entitlements": [],
            "authorizing_integration_owners": {"0": guild.map_or_else(|| "0".to_owned(), |guild| guild.to_string())},
            "context": u8::from(guild.is_none()),
            "attachment_size_limit": 10_485_760,
        });
        let Some(guild) = guild else {
            event["user"] = self
                .community
                .users
                .get(&user)
                .map(super::model::User::json)
                .unwrap_or_default();
            self.publish("INTERACTION_CREATE", Scope::account(application), &event);
            return id;
        };
        event["guild_id"] = json!(guild.to_string());
        event["guild_locale"] = json!("en-US");
        event["guild"] =
            json!({"id": guild.to_string(), "locale": "en-US", "features": ["COMMUNITY"]});
        if let Some(mut member) = self.member_json(channel, user) {
            let own = rights(user) & !permissions::ADMINISTRATOR;
            member["permissions"] = json!((own & ((1 << 53) - 1)).to_string());
            event["member"] = member;
        }
        self.publish(
            "INTERACTION_CREATE",
            Scope::guild(guild).only(application),
            &event,
        );
        id
    }
}
