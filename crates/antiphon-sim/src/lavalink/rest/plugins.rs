//! Requests of the plugins that `/v4/info` lists: `SponsorBlock` and `LavaLyrics` (protocol §5.7).

use std::collections::BTreeSet;

use http::Method;

use super::{Answer, Call, Refusal, Routed};
use crate::lavalink::{lyrics::Lyrics, state::State};

/// Most categories that a client may set for a player.
const CATEGORIES: usize = 100;

/// Answers with lyrics, or with nothing where there are none.
fn told(lyrics: Option<Lyrics>) -> Answer {
    lyrics.map_or_else(|| Answer::empty(204), |lyrics| Answer::ok(&lyrics))
}

impl State {
    /// Answers a request about a player to a plugin; `None` if no plugin has such a route.
    ///
    /// The steps are the session, the guild, and the two last parts of the path.
    pub(super) fn plugin_route(
        &mut self,
        call: &Call<'_>,
        method: &Method,
        [session, guild, part, rest]: [&str; 4],
    ) -> Option<Routed> {
        Some(match (method, part, rest) {
            (&Method::GET, "sponsorblock", "categories") => self.categories(call, session, guild),
            (&Method::PUT, "sponsorblock", "categories") => {
                self.set_categories(call, session, guild)
            }
            (&Method::DELETE, "sponsorblock", "categories") => {
                Ok(self.remove_categories(call, session, guild))
            }
            (&Method::GET, "track", "lyrics") => self.lyrics_of_player(call, session, guild),
            (&Method::POST, "lyrics", "subscribe") => self.subscribe(call, session, guild),
            (&Method::DELETE, "lyrics", "subscribe") => Ok(self.unsubscribe(call, session, guild)),
            _ => return None,
        })
    }

    fn categories(&self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        let session = self.nodes[key.node].sessions.get(&*key.session);
        let categories = session.and_then(|session| session.categories.get(&key.guild));
        let categories = categories.ok_or_else(|| Refusal::new(404, "Guild not found"))?;
        Ok(Answer::ok(categories))
    }

    /// Sets the categories of a player, which need not exist yet.
    fn set_categories(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let categories: BTreeSet<String> = call.body()?;
        let key = self.key(call, session, guild)?;
        if categories.len() > CATEGORIES {
            let why = format!("more than {CATEGORIES} categories");
            return Err(Refusal::unreadable(why));
        }
        if let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session) {
            session.categories.insert(key.guild, categories);
        }
        Ok(Answer::empty(200))
    }

    fn remove_categories(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Answer {
        // An unknown session is no error here.
        if let Ok(key) = self.key(call, session, guild)
            && let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session)
        {
            session.categories.remove(&key.guild);
        }
        Answer::empty(200)
    }

    /// Lyrics of an encoded track.
    pub(super) fn lyrics_of_track(&self, call: &Call<'_>) -> Routed {
        let encoded = call
            .field("track")
            .ok_or_else(|| Refusal::bad("Required parameter 'track' is not present."))?;
        Ok(told(Lyrics::of(&self.read_track(encoded)?)))
    }

    fn lyrics_of_player(&self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        let session = self.nodes[key.node].sessions.get(&*key.session);
        let player = session.and_then(|session| session.players.get(&key.guild));
        let player = player.ok_or_else(|| Refusal::new(404, "Player not found"))?;
        let playing = player.playing.as_ref();
        let playing = playing.ok_or_else(|| Refusal::new(404, "No track playing"))?;
        Ok(told(Lyrics::of(&playing.track)))
    }

    /// Subscribes a player to lines; one that does not exist yet has them from its beginning, in spite of the 404.
    fn subscribe(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Routed {
        let key = self.key(call, session, guild)?;
        if let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session) {
            session.lyrics.insert(key.guild);
        }
        let begun = self.with_player(&key, |player, writer, now| {
            player.has_lyrics = true;
            player.begin_lyrics(now, writer);
        });
        begun.ok_or_else(|| Refusal::new(404, "Player not found"))?;
        Ok(Answer::empty(204))
    }

    fn unsubscribe(&mut self, call: &Call<'_>, session: &str, guild: &str) -> Answer {
        if let Ok(key) = self.key(call, session, guild) {
            if let Some(session) = self.nodes[key.node].sessions.get_mut(&*key.session) {
                session.lyrics.remove(&key.guild);
            }
            // Lines of the track that plays still come, as from the plugin.
            self.with_player(&key, |player, _, _| player.has_lyrics = false);
        }
        Answer::empty(204)
    }
}
