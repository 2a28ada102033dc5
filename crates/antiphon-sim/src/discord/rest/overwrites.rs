//! Permission overwrites of channels.

use serde_json::{Value, json};

use super::{Answer, Call, Outcome, fields::Fields, route::Route};
use crate::discord::{
    audit::{Entry, action},
    model::{Channel, Id, Overwrite},
    permissions as rights,
    state::State,
};

pub(crate) const ROUTES: &[Route] = &[
    Route::put(
        "/channels/{channel_id}/permissions/{overwrite_id}",
        "set_channel_permission_overwrite",
        State::put_overwrite,
    )
    .in_channel(rights::MANAGE_ROLES)
    .also("no permission that the bot lacks")
    .events(&["CHANNEL_UPDATE"])
    .audit(&["CHANNEL_OVERWRITE_CREATE", "CHANNEL_OVERWRITE_UPDATE"]),
    Route::delete(
        "/channels/{channel_id}/permissions/{overwrite_id}",
        "delete_channel_permission_overwrite",
        State::delete_overwrite,
    )
    .in_channel(rights::MANAGE_ROLES)
    .events(&["CHANNEL_UPDATE"])
    .audit(&["CHANNEL_OVERWRITE_DELETE"]),
];

/// Overwrites of a channel.
pub(super) const OVERWRITES: usize = 1000;

/// Reads an overwrite; its `type` is a number or, as older clients write it, `role` or `member`.
pub(super) fn read_overwrite(fields: &mut Fields<'_>, id: Option<Id>) -> Overwrite {
    let id = id.unwrap_or_else(|| {
        fields.require(&["id"]);
        fields.id("id").unwrap_or_default()
    });
    let is_word = |text: &str| text.parse::<i64>().is_err();
    let is_member = if fields
        .value("type")
        .and_then(Value::as_str)
        .is_some_and(is_word)
    {
        fields.choice_of_texts("type", &["role", "member"]) == Some("member")
    } else {
        fields.require(&["type"]);
        fields.choice("type", &[0, 1]) == Some(1)
    };
    Overwrite {
        id,
        is_member,
        allow: fields.permissions("allow").unwrap_or(0),
        deny: fields.permissions("deny").unwrap_or(0),
    }
}

/// Refuses overwrites with permissions that the bot does not have itself.
pub(super) fn may_overwrite(
    own: u64,
    before: &[Overwrite],
    after: &[Overwrite],
) -> Result<(), Answer> {
    for one in after {
        let had = before.iter().find(|had| had.id == one.id);
        let (allow, deny) = had.map_or((0, 0), |had| (had.allow, had.deny));
        let changed = (allow ^ one.allow) | (deny ^ one.deny);
        if changed & !own != 0 {
            return Err(Answer::not_permitted());
        }
    }
    Ok(())
}

impl State {
    fn put_overwrite(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let wanted = read_overwrite(&mut fields, Some(call.id("overwrite_id")));
        fields.check()?;
        let channel = self.visible_channel(call.channel(), call.account)?;
        let guild = guild_of(channel)?;
        let own = self.community.permissions(call.account, channel);
        let before = channel.overwrites.clone();
        let known = before.iter().find(|one| one.id == wanted.id).cloned();
        let home = self.community.guilds.get(&guild);
        let exists = home.is_some_and(|home| {
            if wanted.is_member {
                home.members.contains_key(&wanted.id) || known.is_some()
            } else {
                home.roles.contains_key(&wanted.id)
            }
        });
        if !exists {
            return Err(Answer::unknown("Overwrite", 10009));
        }
        may_overwrite(own, &before, std::slice::from_ref(&wanted))?;
        if known.is_none() && before.len() >= OVERWRITES {
            return Err(Answer::error(
                400,
                30060,
                "Maximum number of permission overwrites reached (1000)",
            ));
        }
        let action = if known.is_some() {
            action::OVERWRITE_UPDATE
        } else {
            action::OVERWRITE_CREATE
        };
        self.set_overwrites(call, action, known.as_ref(), Some(&wanted));
        Ok(Answer::done())
    }

    fn delete_overwrite(&mut self, call: &Call<'_>) -> Outcome {
        let channel = self.visible_channel(call.channel(), call.account)?;
        guild_of(channel)?;
        let id = call.id("overwrite_id");
        let known = channel.overwrites.iter().find(|one| one.id == id).cloned();
        let known = known.ok_or_else(|| Answer::unknown("Overwrite", 10009))?;
        self.set_overwrites(call, action::OVERWRITE_DELETE, Some(&known), None);
        Ok(Answer::done())
    }

    /// Puts one overwrite in the place of another, and writes that into the audit log.
    fn set_overwrites(
        &mut self,
        call: &Call<'_>,
        action: u32,
        before: Option<&Overwrite>,
        after: Option<&Overwrite>,
    ) {
        let id = call.id("overwrite_id");
        let Some(channel) = self.community.channels.get_mut(&call.channel()) else {
            return;
        };
        match channel.overwrites.iter().position(|one| one.id == id) {
            Some(at) => match after {
                Some(after) => channel.overwrites[at] = after.clone(),
                None => {
                    channel.overwrites.remove(at);
                }
            },
            None => channel.overwrites.extend(after.cloned()),
        }
        let (event, guild) = (channel.json(), channel.guild.unwrap_or_default());
        let scope = self.community.scope_of(call.channel());
        self.publish("CHANNEL_UPDATE", scope, &event);
        let shown = |one: Option<&Overwrite>| {
            one.map_or(Value::Null, |one| {
                json!({"id": one.id.to_string(), "type": u8::from(one.is_member), "allow": one.allow.to_string(), "deny": one.deny.to_string()})
            })
        };
        let is_member = before.or(after).is_some_and(|one| one.is_member);
        let mut options = json!({"id": id.to_string(), "type": u8::from(is_member).to_string()});
        let home = self.community.guilds.get(&guild);
        if let Some(role) = home.and_then(|home| home.roles.get(&id)) {
            options["role_name"] = json!(role.name);
        }
        let entry = Entry::new(call.account, action, call.channel())
            .between(&shown(before), &shown(after))
            .options(options);
        self.record(guild, entry);
    }
}

/// The guild of a channel that can have overwrites.
fn guild_of(channel: &Channel) -> Result<Id, Answer> {
    let guild = channel.guild.filter(|_| !channel.is_thread());
    guild.ok_or_else(|| Answer::error(400, 50024, "Cannot execute action on this channel type"))
}
