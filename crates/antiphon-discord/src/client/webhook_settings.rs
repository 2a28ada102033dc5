//! Reading, changing and deleting webhooks, with the bot's permission or with the webhook's own token.
//!
//! Changes come as `discord.WEBHOOKS_UPDATE`, with the channel and not the webhook, under the intent `GUILD_WEBHOOKS`.
//! [Discord's page](https://discord.com/developers/docs/resources/webhook)

use antiphon_discord_model::{
    FollowedChannel, Webhook,
    id::{
        Id,
        marker::{ChannelMarker, GuildMarker, WebhookMarker},
    },
};
use serde::Serialize;

use super::{
    call::{AuditedCall, Call, calls},
    fields::Fields,
    routes::routes,
};

routes! {
    /// Reads a guild's webhooks.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#get-guild-webhooks)
    ///
    /// Needs `MANAGE_WEBHOOKS`.
    guild_webhooks(guild: Id<GuildMarker>) -> Call<'_, Vec<Webhook>> = Get ["guilds", guild, "webhooks"];

    /// Reads a webhook.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#get-webhook)
    ///
    /// Needs `MANAGE_WEBHOOKS`, or that the application made it.
    webhook(webhook: Id<WebhookMarker>) -> Call<'_, Webhook> = Get ["webhooks", webhook];

    /// Reads a webhook by its token; who made it is left out.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#get-webhook-with-token)
    webhook_with_token(webhook: Id<WebhookMarker>, token: &str) -> Call<'_, Webhook>
        = Get ["webhooks", webhook, token].open();

    /// Changes a webhook.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#modify-webhook)
    ///
    /// Needs `MANAGE_WEBHOOKS`, in both channels if it is moved.
    update_webhook(webhook: Id<WebhookMarker>) -> UpdateWebhook<'_> = Patch ["webhooks", webhook];

    /// Changes a webhook by its token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#modify-webhook-with-token)
    update_webhook_with_token(webhook: Id<WebhookMarker>, token: &str) -> UpdateWebhookWithToken<'_>
        = Patch ["webhooks", webhook, token].open();

    /// Deletes a webhook by its token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#delete-webhook-with-token)
    delete_webhook_with_token(webhook: Id<WebhookMarker>, token: &str) -> Call<'_, ()>
        = Delete ["webhooks", webhook, token].open();

    /// Sends an announcement channel's published messages to another channel, by a webhook.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#follow-announcement-channel)
    ///
    /// Needs `MANAGE_WEBHOOKS` in the channel that follows.
    follow_news_channel(channel: Id<ChannelMarker>, follower: Id<ChannelMarker>) -> AuditedCall<'_, FollowedChannel>
        = Post ["channels", channel, "followers"].set("webhook_channel_id", follower);

    /// Posts an event as GitHub sends it, in the words that Discord has for it.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#execute-githubcompatible-webhook)
    ///
    /// The body is a value that serializes to GitHub's JSON.
    execute_github_webhook(webhook: Id<WebhookMarker>, token: &str, event: &impl Serialize) -> Call<'_, ()>
        = Post ["webhooks", webhook, token, "github"].open().whole(event);

    /// Posts a message as Slack's webhooks take it; Discord reads no blocks of its components.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#execute-slackcompatible-webhook)
    ///
    /// The body is a value that serializes to Slack's JSON.
    execute_slack_webhook(webhook: Id<WebhookMarker>, token: &str, message: &impl Serialize) -> Call<'_, ()>
        = Post ["webhooks", webhook, token, "slack"].open().whole(message);
}

calls! {
    /// A change of a webhook; see [`Client::update_webhook`](crate::Client::update_webhook).
    UpdateWebhook(Fields) -> Webhook, Never, audited {
        /// Sets the name, 1 to 80 characters.
        name(name: &str) = "name" [1..=80];
        /// Sets the image as a data URI; `None` removes it.
        avatar(avatar: Option<&str>) = "avatar";
        /// Moves it to a channel of the same guild.
        channel_id(channel: Id<ChannelMarker>) = "channel_id";
    }

    /// A change of a webhook by its token; see
    /// [`Client::update_webhook_with_token`](crate::Client::update_webhook_with_token).
    UpdateWebhookWithToken(Fields) -> Webhook, Never {
        /// Sets the name, 1 to 80 characters.
        name(name: &str) = "name" [1..=80];
        /// Sets the image as a data URI; `None` removes it.
        avatar(avatar: Option<&str>) = "avatar";
    }
}
