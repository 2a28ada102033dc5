//! The Social SDK of games.

use serde_json::json;

use super::{Answer, Call, Outcome, fields::Fields, lobbies::moderation_metadata, route::Route};
use crate::discord::{model::Id, state::State};

const PROVIDER: &str = "proves an account by the token of an identity provider outside of Discord (Steam, Epic, OIDC); bots have routes of their own";

pub(crate) const ROUTES: &[Route] = &[
    Route::put(
        "/partner-sdk/dms/{user_id_1}/{user_id_2}/messages/{message_id}/moderation-metadata",
        "update_user_message_external_moderation_metadata",
        State::moderate_direct_message,
    )
    .simplified("the metadata is taken, and not shown"),
    Route::unserved(
        "POST",
        "/partner-sdk/provisional-accounts/unmerge",
        "partner_sdk_unmerge_provisional_account",
        PROVIDER,
    ),
    Route::post(
        "/partner-sdk/provisional-accounts/unmerge/bot",
        "bot_partner_sdk_unmerge_provisional_account",
        State::unmerge_provisional,
    )
    .simplified("the next token is for a new account"),
    Route::unserved("POST", "/partner-sdk/token", "partner_sdk_token", PROVIDER),
    Route::post(
        "/partner-sdk/token/bot",
        "bot_partner_sdk_token",
        State::provisional_token,
    )
    .simplified("the last 1000 provisional accounts are known; no request takes their tokens"),
];

/// Provisional accounts that are known; the oldest goes first.
const ACCOUNTS: usize = 1000;
/// Seconds for which a token is good.
const TOKEN: u32 = 604_800;

/// Reads the id that a game has for a user.
fn external_id(fields: &mut Fields<'_>) -> String {
    fields.require(&["external_user_id"]);
    let id = fields.text("external_user_id", 1..=1024);
    id.unwrap_or_default().to_owned()
}

impl State {
    fn moderate_direct_message(&mut self, call: &Call<'_>) -> Outcome {
        moderation_metadata(call)?;
        let users = ["user_id_1", "user_id_2"].map(|name| call.step(name).parse::<Id>().ok());
        let id = call.id("message_id");
        let known = self.community.channels.values().any(|channel| {
            let has =
                |user: &Option<Id>| user.is_some_and(|user| channel.recipients.contains(&user));
            channel.guild.is_none()
                && users.iter().all(has)
                && self.message(channel.id, id).is_some()
        });
        if known {
            Ok(Answer::done())
        } else {
            Err(Answer::unknown("Message", 10008))
        }
    }

    fn provisional_token(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let external = external_id(&mut fields);
        let name = fields.text("preferred_global_name", 1..=32);
        let name = name.map(str::to_owned);
        let wanted = fields.id("provisional_user_id");
        fields.check()?;
        let key = (call.account, external);
        let known = self.rest.provisional.get(&key).copied();
        let user = match (wanted, known) {
            (Some(wanted), known) if known != Some(wanted) => {
                return Err(Answer::unknown("User", 10013));
            }
            (_, Some(user)) => user,
            (_, None) => {
                let number = self.new_id();
                let user = self.add_user(&format!("provisional_{number}"), false);
                if self.rest.provisional.len() >= ACCOUNTS {
                    let all = self.rest.provisional.iter();
                    let oldest = all.min_by_key(|(_, user)| **user);
                    if let Some((oldest, gone)) = oldest.map(|(key, user)| (key.clone(), *user)) {
                        self.rest.provisional.remove(&oldest);
                        self.community.users.remove(&gone);
                    }
                }
                self.rest.provisional.insert(key, user);
                user
            }
        };
        if let Some(known) = self
            .community
            .users
            .get_mut(&user)
            .filter(|_| name.is_some())
        {
            known.display_name = name;
        }
        let (access, proof) = (self.secret(), self.secret());
        Ok(Answer::json(
            200,
            json!({
                "token_type": "Bearer",
                "access_token": format!("{user}.{access}"),
                "expires_in": TOKEN,
                "scope": "sdk.social_layer",
                "id_token": proof,
                "refresh_token": null,
                "scopes": ["sdk.social_layer"],
                "expires_at_s": self.now() / 1000 + i64::from(TOKEN),
            }),
        ))
    }

    fn unmerge_provisional(&mut self, call: &Call<'_>) -> Outcome {
        let mut fields = call.fields();
        let external = external_id(&mut fields);
        fields.check()?;
        let user = self.rest.provisional.remove(&(call.account, external));
        let user = user.ok_or_else(|| Answer::unknown("User", 10013))?;
        self.community.users.remove(&user);
        Ok(Answer::done())
    }
}
