//! Webhooks, which post in a channel under another name.
//!
//! A webhook has an id and a token, and whoever has both may post through it, under any name and picture.
//! Posting carries no token of the bot and counts against the webhook's own bucket, outside the bot's global limit.
//! [Discord's page](https://discord.com/developers/docs/resources/webhook)

use std::future::IntoFuture;

use antiphon_discord_model::{
    AllowedMentions, Component, Embed, Message, MessageFlags, Webhook,
    id::{
        Id,
        marker::{AttachmentMarker, ChannelMarker, MessageMarker, WebhookMarker},
    },
};
use twilight_http::request::channel::webhook::{
    CreateWebhook as TwilightCreate, DeleteWebhookMessage as TwilightDelete,
    GetWebhookMessage as TwilightMessage,
};

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
    /// The response has no message, so the call succeeds when Discord has accepted it; [`ExecuteWebhook::wait`] asks for
    /// the message.
    pub fn execute_webhook<'a>(
        &'a self,
        webhook: Id<WebhookMarker>,
        token: &'a str,
    ) -> ExecuteWebhook<'a> {
        let target = Target::Webhook {
            webhook,
            token,
            thread: None,
            wait: false,
        };
        ExecuteWebhook::new(self.http(), Draft::new(target))
    }

    /// Reads a message that a webhook posted, with the webhook's token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#get-webhook-message)
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, model::id::Id};
    /// use antiphon_sim::Simulator;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let config = Config::new(sim.discord().token(), Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    /// let webhook = client.create_webhook(Id::new(sim.discord().channel_id()), "herald").await?;
    /// let token = webhook.token.as_deref().unwrap_or_default();
    ///
    /// let posted = client.execute_webhook(webhook.id, token).content("la").wait().await?;
    /// client.update_webhook_message(webhook.id, token, posted.id).content(Some("la la")).await?;
    /// assert_eq!(client.webhook_message(webhook.id, token, posted.id).await?.content, "la la");
    /// client.delete_webhook_message(webhook.id, token, posted.id).await?;
    /// # Ok(())
    /// # }
    /// ```
    pub fn webhook_message<'a>(
        &'a self,
        webhook: Id<WebhookMarker>,
        token: &'a str,
        message: Id<MessageMarker>,
    ) -> WebhookMessage<'a> {
        let request = self
            .http()
            .builders()
            .webhook_message(webhook, token, message);
        WebhookMessage::new(self.http(), request)
    }

    /// Edits a message that a webhook posted, with the webhook's token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#edit-webhook-message)
    pub fn update_webhook_message<'a>(
        &'a self,
        webhook: Id<WebhookMarker>,
        token: &'a str,
        message: Id<MessageMarker>,
    ) -> UpdateWebhookMessage<'a> {
        let target = Target::WebhookMessage {
            webhook,
            token,
            message,
            thread: None,
        };
        UpdateWebhookMessage::new(self.http(), Draft::new(target))
    }

    /// Deletes a message that a webhook posted, with the webhook's token.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/webhook#delete-webhook-message)
    pub fn delete_webhook_message<'a>(
        &'a self,
        webhook: Id<WebhookMarker>,
        token: &'a str,
        message: Id<MessageMarker>,
    ) -> DeleteWebhookMessage<'a> {
        let builders = self.http().builders();
        let request = builders.delete_webhook_message(webhook, token, message);
        DeleteWebhookMessage::new(self.http(), request)
    }
}

impl<'a> ExecuteWebhook<'a> {
    /// Waits until the message is posted, and returns it. This ends the chain of setters.
    ///
    /// ```no_run
    /// # use antiphon_discord::{Client, RequestError, model::{Message, id::{Id, marker::WebhookMarker}}};
    /// # async fn f(client: Client, webhook: Id<WebhookMarker>, token: &str) -> Result<(), RequestError> {
    /// let posted: Message = client.execute_webhook(webhook, token).content("la").wait().await?;
    /// println!("{}", posted.id);
    /// # Ok(()) }
    /// ```
    pub fn wait(self) -> Call<'a, Message> {
        Call::new(self.http, Repeat::Never, self.request.wait())
    }
}

calls! {
    /// A webhook's message; see [`Client::webhook_message`].
    WebhookMessage(TwilightMessage<'a>) -> Message, Safe {
        /// Names the thread that the message is in.
        thread_id(thread: Id<ChannelMarker>);
    }

    /// The deletion of a webhook's message; see [`Client::delete_webhook_message`].
    DeleteWebhookMessage(TwilightDelete<'a>) -> (), Safe {
        /// Names the thread that the message is in.
        thread_id(thread: Id<ChannelMarker>);
    }

    /// An edit of a webhook's message; see [`Client::update_webhook_message`].
    ///
    /// A field that is not set stays as it is; `None` removes it.
    ///
    /// A lost response is [`RequestError::OutcomeUnknown`](crate::RequestError::OutcomeUnknown): the message may have the new
    /// content.
    UpdateWebhookMessage(Draft<'a>) -> Message, Never {
        /// Sets the text, at most 2,000 characters.
        content(content: Option<&'a str>);
        /// Sets the embeds, at most 10.
        embeds(embeds: Option<&'a [Embed]>);
        /// Sets the components.
        components(components: Option<&'a [Component]>);
        /// Attaches files, at most 10; older files are removed unless they are kept.
        attachments(attachments: &'a [File]);
        /// Sets which of its files stay. Default: all, or none if new ones are attached.
        keep_attachment_ids(attachments: &'a [Id<AttachmentMarker>]);
        /// Sets the allowed mentions.
        allowed_mentions(mentions: Option<&'a AllowedMentions>);
        /// Sets flags.
        flags(flags: MessageFlags);
        /// Names the thread that the message is in.
        thread_id(thread: Id<ChannelMarker>);
    }

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
