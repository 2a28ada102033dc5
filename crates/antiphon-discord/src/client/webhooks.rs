//! Webhooks, which post in a channel under another name.
//!
//! A webhook has an id and a token, and whoever has both may post through it, under any name and picture.
//! Posting carries no token of the bot and counts against the webhook's own bucket, outside the bot's global limit.
//! [Discord's page](https://discord.com/developers/docs/resources/webhook)

use std::future::IntoFuture;

use antiphon_discord_model::{
    AllowedMentions, Component, Embed, MessageFlags, Webhook,
    id::{
        Id,
        marker::{ChannelMarker, WebhookMarker},
    },
};
use twilight_http::request::channel::webhook::CreateWebhook as TwilightCreate;

use super::{
    Client,
    call::{AuditedCall, Call, calls},
    draft::{Draft, Target},
    files::File,
    poll::PollRequest,
};
use crate::http::Repeat;

impl Client {
    /// Creates a webhook in a channel.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#create-webhook)
    ///
    /// Needs `MANAGE_WEBHOOKS`.
    /// The name has 1 to 80 characters, and Discord refuses some words in it, such as its own name.
    pub fn create_webhook<'a>(
        &'a self,
        channel: Id<ChannelMarker>,
        name: &'a str,
    ) -> CreateWebhook<'a> {
        let request = self.http().builders().create_webhook(channel, name);
        CreateWebhook::new(self.http(), request)
    }

    /// Reads a channel's webhooks.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#get-channel-webhooks)
    ///
    /// Needs `MANAGE_WEBHOOKS`. Those that other applications made come without a token.
    pub fn channel_webhooks(&self, channel: Id<ChannelMarker>) -> Call<'_, Vec<Webhook>> {
        let request = self.http().builders().channel_webhooks(channel);
        Call::new(self.http(), Repeat::Safe, request)
    }

    /// Deletes a webhook.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#delete-webhook)
    ///
    /// Needs `MANAGE_WEBHOOKS`. The event is `discord.WEBHOOKS_UPDATE`, with the channel and not the webhook.
    pub fn delete_webhook(&self, webhook: Id<WebhookMarker>) -> AuditedCall<'_, ()> {
        let request = self.http().builders().delete_webhook(webhook);
        AuditedCall::new(self.http(), Repeat::Safe, request)
    }

    /// Posts through a webhook, with the webhook's token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#execute-webhook)
    ///
    /// Discord takes no nonce here: if the response is lost, the outcome is unknown.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::ChannelMarker}};
    /// # async fn f(client: Client, channel: Id<ChannelMarker>) -> Result<(), RequestError> {
    /// let webhook = client.create_webhook(channel, "herald").await?;
    /// let token = webhook.token.as_deref().unwrap_or_default();
    /// client.execute_webhook(webhook.id, token).username("Mira").content("la").await?;
    /// # Ok(()) }
    /// ```
    ///
    /// The response has no message (`wait` is false), so the call succeeds when Discord has accepted it.
    pub fn execute_webhook<'a>(
        &'a self,
        webhook: Id<WebhookMarker>,
        token: &'a str,
    ) -> ExecuteWebhook<'a> {
        let target = Target::Webhook {
            webhook,
            token,
            thread: None,
        };
        ExecuteWebhook::new(self.http(), Draft::new(target))
    }
}

calls! {
    /// A new webhook; see [`Client::create_webhook`].
    CreateWebhook(TwilightCreate<'a>) -> Webhook, Never, audited {
        /// Sets the image as a data URI.
        avatar(avatar: &'a str);
    }

    /// A message through a webhook; see [`Client::execute_webhook`].
    ExecuteWebhook(Draft<'a>) -> (), Never {
        /// Sets the text, at most 2,000 characters.
        content(content: &'a str);
        /// Sets the embeds, at most 10.
        embeds(embeds: &'a [Embed]);
        /// Sets the components.
        components(components: &'a [Component]);
        /// Attaches files, at most 10.
        attachments(attachments: &'a [File]);
        /// Sets the shown name. Default: the webhook's.
        ///
        /// At most 80 characters.
        username(name: &'a str);
        /// Sets the URL of the shown image. Default: the webhook's.
        avatar_url(url: &'a str);
        /// Sets the allowed mentions.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags.
        flags(flags: MessageFlags);
        /// Posts in a thread of the webhook's channel.
        ///
        /// Without it the message is in the channel itself.
        thread_id(thread: Id<ChannelMarker>);
        /// Begins a thread in the webhook's forum.
        ///
        /// Required for a webhook of a forum or media channel, unless [`thread_id`](Self::thread_id) is set.
        thread_name(name: &'a str);
        /// Sets a poll: a new one ([`PollRequest`]), or a copy of a received one.
        poll(poll: impl Into<PollRequest>);
        /// Sets whether the message is read aloud. Default: no.
        tts(tts: bool);
    }
}
