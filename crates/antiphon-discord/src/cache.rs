//! What the bot's guilds look like, as a projection that follows the journal; off unless asked for.
