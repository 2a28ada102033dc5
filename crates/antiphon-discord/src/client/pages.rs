//! Streams over listings that Discord gives page by page.
//!
//! A stream holds one page at most, asks for the next one when the last item of the page is taken, and keeps its place by
//! the id (or time) of the last item and not by a count, so that items that come or go meanwhile shift nothing: none is
//! given twice, and none that was there all the time is left out.
//!
//! Each listing is a plain value here that says what to ask for next and what a page brings; [`Pages`] is the only part
//! that sends requests.

use std::{
    collections::{BTreeMap, VecDeque},
    fmt,
    marker::PhantomData,
    pin::Pin,
    task::{Context, Poll, ready},
    time::Duration,
};

use antiphon_core::BoxFuture;
use antiphon_discord_model::{
    AuditLogEntry, Ban, Channel, CurrentUserGuild, Entitlement, Member, Message, Read,
    ScheduledEventUser, ThreadsListing, User, from_slice,
    id::{
        Id,
        marker::{
            ApplicationMarker, AuditLogEntryMarker, ChannelMarker, EntitlementMarker, GuildMarker,
            MessageMarker, ScheduledEventMarker, UserMarker,
        },
    },
};
use futures_util::Stream;
use http::Method;
use jiff::Timestamp;
use serde::de::IgnoredAny;
use serde_json::value::RawValue;

use super::{Client, Emoji, request::RequestPath};
use crate::{error::RequestError, http::Done};

/// The client's streams over whole listings; see [`Client::stream`].
#[derive(Clone, Copy, Debug)]
pub struct Streams<'a> {
    client: &'a Client,
}

impl Client {
    /// Streams over whole listings: messages, members, bans and others, fetched page by page as they are read.
    ///
    /// Nothing is requested before the stream is polled, and one page at most is held; pages have the largest size that
    /// Discord gives.
    /// [`Pages`] tells what happens when items come or go, and after an error.
    ///
    /// ```
    /// use antiphon_discord::{Config, Intents, model::id::Id};
    /// use antiphon_sim::Simulator;
    /// use futures_util::TryStreamExt as _;
    ///
    /// # #[tokio::main(flavor = "current_thread", start_paused = true)]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// let sim = Simulator::with_seed(7);
    /// let discord = sim.discord();
    /// let config = Config::new(discord.token(), Intents::empty()).network(sim.network()).clock(sim.clock());
    /// let (client, _source) = antiphon_discord::connect(config);
    ///
    /// let first = discord.say("loft", "mira", "line 0");
    /// for number in 1..250 {
    ///     discord.say("loft", "mira", &format!("line {number}"));
    /// }
    /// let mut messages = client.stream().messages(Id::new(discord.channel_id())).after(Id::new(first));
    /// let mut count = 0;
    /// while let Some(message) = messages.try_next().await? {
    ///     count += 1;
    ///     assert_eq!(message.content, format!("line {count}"));
    /// }
    /// assert_eq!(count, 249);
    /// # Ok(())
    /// # }
    /// ```
    pub fn stream(&self) -> Streams<'_> {
        Streams { client: self }
    }
}

impl Streams<'_> {
    fn pages<L: Listing>(self, path: RequestPath, listing: L) -> Pages<L> {
        Pages {
            client: self.client.clone(),
            path,
            filters: Vec::new(),
            listing,
            left: None,
            ready: VecDeque::new(),
            state: State::Idle,
            fault: None,
        }
    }

    /// Messages of a channel: the newest first, or the oldest first after
    /// `after` and
    /// `oldest_first`.
    ///
    /// Needs `READ_MESSAGE_HISTORY`; without it the stream is empty.
    /// [Discord's page](https://discord.com/developers/docs/resources/message#get-channel-messages)
    pub fn messages(&self, channel: Id<ChannelMarker>) -> Pages<Dated<Message, MessageMarker>> {
        let path = RequestPath::new("channels")
            .segment(channel)
            .segment("messages");
        self.pages(path, Dated::new("", |message: &Message| message.id.get()))
    }

    /// Members of a guild, by their user ids, in pages of 1,000.
    ///
    /// Needs the intent `GUILD_MEMBERS`.
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#list-guild-members)
    pub fn members(&self, guild: Id<GuildMarker>) -> Pages<ById<Member, UserMarker>> {
        let path = RequestPath::new("guilds").segment(guild).segment("members");
        self.pages(
            path,
            ById::new(1_000, |member: &Member| member.user.id.get()),
        )
    }

    /// Bans of a guild, by the ids of the banned users, in pages of 1,000.
    ///
    /// Needs `BAN_MEMBERS`.
    /// [Discord's page](https://discord.com/developers/docs/resources/guild#get-guild-bans)
    pub fn bans(&self, guild: Id<GuildMarker>) -> Pages<ById<Ban, UserMarker>> {
        let path = RequestPath::new("guilds").segment(guild).segment("bans");
        self.pages(path, ById::new(1_000, |ban: &Ban| ban.user.id.get()))
    }

    /// Entries of a guild's audit log: the newest first, or the oldest first after
    /// `after` and
    /// `oldest_first`.
    ///
    /// Needs `VIEW_AUDIT_LOG`. [`filter`](Pages::filter) takes `user_id` and `action_type`.
    /// Users, webhooks and other objects that entries name are not in the stream; [`Client::audit_log`] has them.
    /// [Discord's page](https://discord.com/developers/docs/resources/audit-log#get-guild-audit-log)
    pub fn audit_log(
        &self,
        guild: Id<GuildMarker>,
    ) -> Pages<Dated<AuditLogEntry, AuditLogEntryMarker>> {
        let path = RequestPath::new("guilds")
            .segment(guild)
            .segment("audit-logs");
        let id = |entry: &AuditLogEntry| entry.id.get();
        self.pages(path, Dated::new("audit_log_entries", id).with_short_pages())
    }

    /// Users who reacted to a message with an emoji, by their ids.
    ///
    /// [`burst_reactions`](Self::burst_reactions) has those whose reaction is a super reaction.
    /// [Discord's page](https://discord.com/developers/docs/resources/message#get-reactions)
    pub fn reactions<'a>(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: impl Into<Emoji<'a>>,
    ) -> Pages<ById<User, UserMarker>> {
        self.reactions_of(channel, message, emoji.into(), 0)
    }

    /// Users who gave a super reaction to a message with an emoji, by their ids.
    pub fn burst_reactions<'a>(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: impl Into<Emoji<'a>>,
    ) -> Pages<ById<User, UserMarker>> {
        self.reactions_of(channel, message, emoji.into(), 1)
    }

    fn reactions_of(
        self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        emoji: Emoji<'_>,
        kind: u8,
    ) -> Pages<ById<User, UserMarker>> {
        let emoji = match emoji {
            Emoji::Unicode(emoji) => emoji.to_owned(),
            // Discord looks at the id alone, but wants a name before it.
            Emoji::Custom { name, id } => format!("{}:{id}", name.unwrap_or("_")),
        };
        let path = RequestPath::new("channels")
            .segment(channel)
            .segment("messages");
        let path = path.segment(message).segment("reactions").segment(emoji);
        let listing = ById::new(100, |user: &User| user.id.get()).with_short_pages();
        self.pages(path, listing).filter("type", kind)
    }

    /// Users who voted for an answer of a poll, by their ids.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/poll#get-answer-voters)
    pub fn poll_voters(
        &self,
        channel: Id<ChannelMarker>,
        message: Id<MessageMarker>,
        answer: u8,
    ) -> Pages<ById<User, UserMarker>> {
        let path = RequestPath::new("channels")
            .segment(channel)
            .segment("polls");
        let path = path.segment(message).segment("answers").segment(answer);
        let listing = ById::new(100, |user: &User| user.id.get());
        self.pages(path, listing.within("users").with_short_pages())
    }

    /// Public threads of a channel that are archived, the last archived first.
    ///
    /// Needs `READ_MESSAGE_HISTORY`. A thread that is archived again while the stream goes on moves to the beginning,
    /// which the stream has passed.
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#list-public-archived-threads)
    pub fn public_archived_threads(&self, channel: Id<ChannelMarker>) -> Pages<ByArchiveTime> {
        let path = RequestPath::new("channels")
            .segment(channel)
            .segment("threads");
        self.pages(
            path.segment("archived").segment("public"),
            ByArchiveTime::new(false),
        )
    }

    /// Private threads of a channel that are archived, the last archived first.
    ///
    /// Needs `READ_MESSAGE_HISTORY` and `MANAGE_THREADS`.
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#list-private-archived-threads)
    pub fn private_archived_threads(&self, channel: Id<ChannelMarker>) -> Pages<ByArchiveTime> {
        let path = RequestPath::new("channels")
            .segment(channel)
            .segment("threads");
        self.pages(
            path.segment("archived").segment("private"),
            ByArchiveTime::new(false),
        )
    }

    /// Archived private threads of a channel that the bot has joined, the newest thread first.
    ///
    /// Needs `READ_MESSAGE_HISTORY`.
    /// [Discord's page](https://discord.com/developers/docs/resources/channel#list-joined-private-archived-threads)
    pub fn joined_private_archived_threads(
        &self,
        channel: Id<ChannelMarker>,
    ) -> Pages<ByArchiveTime> {
        let path = RequestPath::new("channels")
            .segment(channel)
            .segment("users");
        let path = path.segment("@me").segment("threads");
        self.pages(
            path.segment("archived").segment("private"),
            ByArchiveTime::new(true),
        )
    }

    /// Users who are interested in a scheduled event, by their ids.
    ///
    /// [`filter`](Pages::filter) takes `with_member`.
    /// [Discord's page](https://discord.com/developers/docs/resources/guild-scheduled-event#get-guild-scheduled-event-users)
    pub fn scheduled_event_users(
        &self,
        guild: Id<GuildMarker>,
        event: Id<ScheduledEventMarker>,
    ) -> Pages<ById<ScheduledEventUser, UserMarker>> {
        let path = RequestPath::new("guilds")
            .segment(guild)
            .segment("scheduled-events");
        let id = |one: &ScheduledEventUser| {
            let user = one.user.as_ref().map(|user| user.id);
            user.or(one.user_id).map_or(0, Id::get)
        };
        let path = path.segment(event).segment("users");
        self.pages(path, ById::new(100, id).with_short_pages())
    }

    /// Guilds of the bot, by their ids, in pages of 200.
    ///
    /// [`filter`](Pages::filter) takes `with_counts`.
    /// [Discord's page](https://discord.com/developers/docs/resources/user#get-current-user-guilds)
    pub fn guilds(&self) -> Pages<ById<CurrentUserGuild, GuildMarker>> {
        let path = RequestPath::new("users").segment("@me").segment("guilds");
        self.pages(
            path,
            ById::new(200, |guild: &CurrentUserGuild| guild.id.get()),
        )
    }

    /// Entitlements of an application, the oldest first.
    ///
    /// [`filter`](Pages::filter) takes `user_id`, `guild_id`, `sku_ids`, `exclude_ended` and `exclude_deleted`.
    /// [Discord's page](https://discord.com/developers/docs/resources/entitlement#list-entitlements)
    pub fn entitlements(
        &self,
        application: Id<ApplicationMarker>,
    ) -> Pages<ById<Entitlement, EntitlementMarker>> {
        let path = RequestPath::new("applications")
            .segment(application)
            .segment("entitlements");
        let listing = ById::new(100, |one: &Entitlement| one.id.get());
        // Discord documents no order for a page without a beginning.
        self.pages(path, listing.with_short_pages())
            .after(Id::new(1))
    }
}

/// A stream over a listing, page by page; see [`Client::stream`].
///
/// Options are set before the stream is polled; set later, they count from the next page.
///
/// | case | what the stream does |
/// | --- | --- |
/// | an item comes or goes while the stream is read | gives no other item twice and leaves none out; the item itself is there if its place is still ahead |
/// | an error | gives it as an item and ends; [`resume`](Self::resume) goes on behind the last item given |
/// | an item without its id | is left out, as in other responses, and the stream goes on |
/// | a page that brings nothing new | ends with [`RequestError::Undecodable`], so that no server makes it turn in circles |
///
/// One page is held at most: 100 items, 1,000 of members and bans.
/// Dropping the stream gives up a request that waits for its turn.
#[must_use = "a stream requests nothing before it is polled"]
pub struct Pages<L: Listing> {
    client: Client,
    /// Path of the route.
    path: RequestPath,
    /// Parameters that are the same for all pages.
    filters: Vec<(&'static str, String)>,
    listing: L,
    /// Items that may still be given.
    left: Option<u64>,
    /// Items of the page that are not given yet.
    ready: VecDeque<L::Item>,
    state: State,
    /// First error of a setter; with it nothing is sent.
    fault: Option<String>,
}

/// Progress of a stream.
enum State {
    /// The next page is to be requested.
    Idle,
    /// A page of this size is requested.
    Waiting(BoxFuture<'static, Result<Done, RequestError>>, u16),
    /// An error was given; the stream can go on.
    Failed,
    /// The last page is here.
    Over,
}

impl<L: Listing> Pages<L> {
    /// Sets the number of items after which the stream ends. Default: all.
    pub fn limit(mut self, limit: u64) -> Self {
        self.left = Some(limit);
        self
    }

    /// Adds a parameter of the route that selects items, such as `action_type` of the audit log.
    ///
    /// The parameters that page (`limit`, `before`, `after`, `around`) are the stream's own: setting one of them is
    /// [`RequestError::Invalid`].
    pub fn filter(mut self, name: &'static str, value: impl fmt::Display) -> Self {
        if matches!(name, "limit" | "before" | "after" | "around") {
            let why = format!("`{name}` pages the listing: use the method of that name");
            self.fault.get_or_insert(why);
        }
        self.filters.push((name, value.to_string()));
        self
    }

    /// Goes on after an error, behind the last item that was given. Without an error it changes nothing.
    ///
    /// ```no_run
    /// use antiphon_discord::{Client, RequestError, model::id::{Id, marker::GuildMarker}};
    /// use futures_util::StreamExt as _;
    ///
    /// async fn count(client: &Client, guild: Id<GuildMarker>) -> Result<usize, RequestError> {
    ///     let (mut bans, mut count) = (client.stream().bans(guild), 0);
    ///     while let Some(ban) = bans.next().await {
    ///         match ban {
    ///             Ok(_) => count += 1,
    ///             Err(error) if error.is_transient() => bans.resume(),
    ///             Err(error) => return Err(error),
    ///         }
    ///     }
    ///     Ok(count)
    /// }
    /// ```
    pub fn resume(&mut self) {
        if matches!(self.state, State::Failed) {
            self.state = State::Idle;
        }
    }

    /// Place behind the last page that was read: the id (or time) at which the next one begins; `None` before the first.
    ///
    /// After an error it is the place of the last item given, as a text for logs and for a later run.
    pub fn place(&self) -> Option<String> {
        self.listing.place()
    }

    /// Requests a page of this size.
    fn request(&self, size: u16) -> BoxFuture<'static, Result<Done, RequestError>> {
        if let Some(why) = &self.fault {
            let error = RequestError::Invalid(why.clone().into());
            return Box::pin(std::future::ready(Err(error)));
        }
        let client = self.client.clone();
        let (path, mut query) = (self.path.clone(), self.filters.clone());
        query.push(("limit", size.to_string()));
        query.extend(self.listing.bound());
        Box::pin(async move {
            let mut request = client.request(Method::GET, path);
            for (name, value) in query {
                request = request.query(name, value);
            }
            let mut unsent = request.unsent();
            unsent.blames_token = true;
            client.http().carry_out(unsent).await
        })
    }
}

impl<L: Listing> Stream for Pages<L> {
    type Item = Result<L::Item, RequestError>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let this = &mut *self;
        loop {
            if this.left == Some(0) {
                return Poll::Ready(None);
            }
            if let Some(item) = this.ready.pop_front() {
                this.left = this.left.map(|left| left - 1);
                return Poll::Ready(Some(Ok(item)));
            }
            match &mut this.state {
                State::Over | State::Failed => return Poll::Ready(None),
                State::Idle => {
                    let size = this.listing.size(this.left);
                    this.state = State::Waiting(this.request(size), size);
                }
                State::Waiting(page, size) => {
                    let size = *size;
                    let page = ready!(page.as_mut().poll(context));
                    this.state = State::Failed;
                    let done = match page {
                        Ok(done) => done,
                        Err(error) => return Poll::Ready(Some(Err(error))),
                    };
                    match this.listing.read(&done.body, size) {
                        Ok((items, is_last)) => {
                            this.ready.extend(items);
                            this.state = if is_last { State::Over } else { State::Idle };
                        }
                        Err(why) => return Poll::Ready(Some(Err(done.undecodable(why)))),
                    }
                }
            }
        }
    }
}

impl<L: Listing> fmt::Debug for Pages<L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Pages")
            .field("place", &self.place())
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}

/// A listing that [`Pages`] reads; it is implemented by the types of this crate alone.
pub trait Listing: sealed::Sealed + Unpin + Send + 'static {
    /// An item of the listing.
    type Item: Unpin + Send + 'static;

    /// Number of items to ask for, if so many are still wanted.
    #[doc(hidden)]
    fn size(&self, left: Option<u64>) -> u16;

    /// Parameter at which the next page begins or ends, if it has one.
    #[doc(hidden)]
    fn bound(&self) -> Option<(&'static str, String)>;

    /// Reads a page, moves behind it, and says whether it is the last one.
    ///
    /// # Errors
    ///
    /// The reason why it cannot be read.
    #[doc(hidden)]
    fn read(&mut self, body: &[u8], size: u16) -> Result<(Vec<Self::Item>, bool), String>;

    /// Place behind the last page.
    #[doc(hidden)]
    fn place(&self) -> Option<String>;
}

mod sealed {
    /// Keeps other crates from implementing `Listing`.
    pub trait Sealed {}

    impl<T, M> Sealed for super::ById<T, M> {}
    impl<T, M> Sealed for super::Dated<T, M> {}
    impl Sealed for super::ByArchiveTime {}
}

/// Reads a list, or the list in a field of an object, and counts its items as they were sent.
///
/// An item that cannot be read is left out and counts all the same, so that a page with one is no shorter than it was.
fn list<T: Read>(body: &[u8], field: &str) -> Result<(Vec<T>, usize), String> {
    let unreadable = |what: &str| format!("{what} was expected");
    let part = if field.is_empty() {
        body
    } else {
        let fields: BTreeMap<String, &RawValue> =
            antiphon_core::read_json(body).map_err(|_| unreadable("an object"))?;
        let Some(part) = fields.get(field) else {
            return Err(unreadable(&format!("an object with `{field}`")));
        };
        part.get().as_bytes()
    };
    let count = antiphon_core::read_json::<Vec<IgnoredAny>>(part);
    let count = count.map_err(|_| unreadable("a list"))?.len();
    let (items, repairs) = from_slice::<Vec<T>>(part).map_err(|_| unreadable("a list"))?;
    if !repairs.is_empty() {
        tracing::debug!(%repairs, "a page was repaired");
        metrics::counter!("antiphon_discord_repairs_total", "kind" => "answer")
            .increment(repairs.len() as u64);
    }
    Ok((items, count))
}

/// Error for a page that is not empty and brings nothing new.
const NOTHING_NEW: &str = "the page brings no item behind the last one";

/// Size of a page, if so many items are still wanted.
fn size(largest: u16, left: Option<u64>) -> u16 {
    let left = left.unwrap_or(u64::MAX).max(1);
    u16::try_from(left).map_or(largest, |left| left.min(largest))
}

/// A listing in the order of ids, the smallest first.
pub struct ById<T, M> {
    /// Field of the response that has the list; empty if the response is the list.
    field: &'static str,
    id: fn(&T) -> u64,
    /// Id of the last item that was read, or the id after which the listing begins.
    after: Option<u64>,
    before: Option<u64>,
    largest: u16,
    /// Whether a page that is not full can be followed by another one.
    has_short_pages: bool,
    marker: PhantomData<fn() -> M>,
}

impl<T, M> ById<T, M> {
    fn new(largest: u16, id: fn(&T) -> u64) -> Self {
        Self {
            field: "",
            id,
            after: None,
            before: None,
            largest,
            has_short_pages: false,
            marker: PhantomData,
        }
    }

    /// Finds the list in a field of the response.
    fn within(mut self, field: &'static str) -> Self {
        self.field = field;
        self
    }

    /// Reads on after a page that is not full, for listings from which Discord takes items after it counted them.
    fn with_short_pages(mut self) -> Self {
        self.has_short_pages = true;
        self
    }
}

impl<T: Read + Unpin + Send + 'static, M: 'static> Pages<ById<T, M>> {
    /// Begins after this id. Default: at the smallest.
    pub fn after(mut self, id: Id<M>) -> Self {
        self.listing.after = Some(id.get());
        self
    }

    /// Ends before this id. Default: at the largest.
    pub fn before(mut self, id: Id<M>) -> Self {
        self.listing.before = Some(id.get());
        self
    }
}

impl<T: Read + Unpin + Send + 'static, M: 'static> Listing for ById<T, M> {
    type Item = T;

    fn size(&self, left: Option<u64>) -> u16 {
        size(self.largest, left)
    }

    fn bound(&self) -> Option<(&'static str, String)> {
        self.after.map(|after| ("after", after.to_string()))
    }

    fn read(&mut self, body: &[u8], size: u16) -> Result<(Vec<T>, bool), String> {
        let (mut items, count) = list::<T>(body, self.field)?;
        let (after, id) = (self.after.unwrap_or_default(), self.id);
        items.retain(|item| id(item) > after);
        items.sort_by_key(id);
        let Some(last) = items.last() else {
            return if count == 0 {
                Ok((items, true))
            } else {
                Err(NOTHING_NEW.into())
            };
        };
        self.after = Some(id(last));
        let before = self.before.unwrap_or(u64::MAX);
        let is_short = count < usize::from(size) && !self.has_short_pages;
        let is_last = is_short || id(last) >= before;
        items.retain(|item| id(item) < before);
        Ok((items, is_last))
    }

    fn place(&self) -> Option<String> {
        self.after.map(|id| id.to_string())
    }
}

impl<T, M> fmt::Debug for ById<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ById").finish_non_exhaustive()
    }
}

/// A listing in the order of time, in either direction, by ids that are times.
pub struct Dated<T, M> {
    field: &'static str,
    id: fn(&T) -> u64,
    after: Option<u64>,
    before: Option<u64>,
    around: Option<u64>,
    /// Chosen direction.
    is_oldest_first: Option<bool>,
    /// Id of the last item that was read.
    last: Option<u64>,
    has_short_pages: bool,
    marker: PhantomData<fn() -> M>,
}

impl<T, M> Dated<T, M> {
    fn new(field: &'static str, id: fn(&T) -> u64) -> Self {
        Self {
            field,
            id,
            after: None,
            before: None,
            around: None,
            is_oldest_first: None,
            last: None,
            has_short_pages: false,
            marker: PhantomData,
        }
    }

    fn with_short_pages(mut self) -> Self {
        self.has_short_pages = true;
        self
    }

    fn is_oldest_first(&self) -> bool {
        let only_after = self.after.is_some() && self.before.is_none();
        self.is_oldest_first.unwrap_or(only_after)
    }
}

impl<T: Read + Unpin + Send + 'static, M: 'static> Pages<Dated<T, M>> {
    /// Leaves out everything up to this id, which need not exist; the direction becomes oldest first, unless
    /// [`before`](Self::before) is set as well.
    ///
    /// [`id_at`](antiphon_discord_model::id_at) makes an id of a time.
    pub fn after(mut self, id: Id<M>) -> Self {
        self.listing.after = Some(id.get());
        self
    }

    /// Leaves out everything from this id on, which need not exist.
    pub fn before(mut self, id: Id<M>) -> Self {
        self.listing.before = Some(id.get());
        self
    }

    /// Gives the oldest item first.
    pub fn oldest_first(mut self) -> Self {
        self.listing.is_oldest_first = Some(true);
        self
    }

    /// Gives the newest item first.
    pub fn newest_first(mut self) -> Self {
        self.listing.is_oldest_first = Some(false);
        self
    }
}

impl Pages<Dated<Message, MessageMarker>> {
    /// Gives the messages around this one, at most 100, the message itself among them if it exists.
    ///
    /// It is one page; [`after`](Self::after) and [`before`](Self::before) bound it further.
    pub fn around(mut self, message: Id<MessageMarker>) -> Self {
        self.listing.around = Some(message.get());
        self
    }
}

impl<T: Read + Unpin + Send + 'static, M: 'static> Listing for Dated<T, M> {
    type Item = T;

    fn size(&self, left: Option<u64>) -> u16 {
        size(100, left)
    }

    fn bound(&self) -> Option<(&'static str, String)> {
        if let Some(around) = self.around {
            return Some(("around", around.to_string()));
        }
        if self.is_oldest_first() {
            let after = self.last.or(self.after).unwrap_or_default();
            return Some(("after", after.to_string()));
        }
        let before = self.last.or(self.before);
        before.map(|before| ("before", before.to_string()))
    }

    fn read(&mut self, body: &[u8], size: u16) -> Result<(Vec<T>, bool), String> {
        let (mut items, count) = list::<T>(body, self.field)?;
        let (id, is_oldest_first) = (self.id, self.is_oldest_first());
        items.sort_by_key(id);
        if !is_oldest_first {
            items.reverse();
        }
        let (mut after, mut before) = (self.after.unwrap_or(0), self.before.unwrap_or(u64::MAX));
        let is_past = |item: &T| {
            if is_oldest_first {
                id(item) >= before
            } else {
                id(item) <= after
            }
        };
        let is_past_the_end = items.last().is_some_and(is_past);
        match self.last {
            Some(last) if is_oldest_first => after = after.max(last),
            Some(last) => before = before.min(last),
            None => {}
        }
        items.retain(|item| id(item) > after && id(item) < before);
        if let Some(last) = items.last() {
            self.last = Some(id(last));
        } else if count > 0 && !is_past_the_end && self.around.is_none() {
            return Err(NOTHING_NEW.into());
        }
        let is_short = count < usize::from(size) && !self.has_short_pages;
        let ends = count == 0 || is_short || is_past_the_end || self.around.is_some();
        Ok((items, ends))
    }

    fn place(&self) -> Option<String> {
        self.last.map(|id| id.to_string())
    }
}

impl<T, M> fmt::Debug for Dated<T, M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Dated").finish_non_exhaustive()
    }
}

/// Step by which a page of archived threads overlaps the one before.
///
/// Threads that were archived at the same time could be parted by the end of a page; times have no finer step in some
/// responses.
const OVERLAP: Duration = Duration::from_millis(1);

/// Archived threads, by the time at which they were archived or by their ids, the newest first.
#[derive(Clone, Debug)]
pub struct ByArchiveTime {
    /// Whether `before` is the id of a thread and not a time.
    is_by_id: bool,
    /// Earliest time of archiving, or smallest id, of all pages so far.
    time: Option<Timestamp>,
    id: Option<u64>,
    /// Threads at the end of the last page, which the next one may bring again.
    seen: Vec<(u64, Option<Timestamp>)>,
    /// Whether the last page brought nothing new, so that the next one must not overlap it.
    is_strict: bool,
}

impl ByArchiveTime {
    fn new(is_by_id: bool) -> Self {
        Self {
            is_by_id,
            time: None,
            id: None,
            seen: Vec::new(),
            is_strict: false,
        }
    }

    /// End of the next page: all threads that were archived before it.
    fn before(&self) -> Option<Timestamp> {
        let overlap = if self.is_strict {
            Duration::ZERO
        } else {
            OVERLAP
        };
        self.time
            .map(|time| time.checked_add(overlap).unwrap_or(time))
    }
}

impl Listing for ByArchiveTime {
    type Item = Channel;

    fn size(&self, _: Option<u64>) -> u16 {
        // A page overlaps the one before it, so that a smaller one could bring nothing new.
        100
    }

    fn bound(&self) -> Option<(&'static str, String)> {
        let before = if self.is_by_id {
            self.id.map(|id| id.to_string())
        } else {
            self.before().map(|time| time.to_string())
        };
        before.map(|before| ("before", before))
    }

    fn read(&mut self, body: &[u8], _: u16) -> Result<(Vec<Channel>, bool), String> {
        let (listing, _) = from_slice::<ThreadsListing>(body)
            .map_err(|_| "an object with `threads` was expected".to_owned())?;
        let ThreadsListing {
            mut threads,
            members,
            has_more,
            ..
        } = listing;
        threads.retain(|thread| !self.seen.iter().any(|(seen, _)| *seen == thread.id.get()));
        for thread in &mut threads {
            // The bot's own membership comes beside the threads.
            let own = members.iter().find(|member| member.id == Some(thread.id));
            thread.member = thread.member.take().or_else(|| own.cloned());
        }
        if threads.is_empty() {
            if has_more && (self.is_strict || self.is_by_id) {
                return Err(NOTHING_NEW.into());
            }
            self.is_strict = true;
            return Ok((threads, !has_more));
        }
        self.is_strict = false;
        let archived_at = |thread: &Channel| thread.thread_metadata.as_ref()?.archive_timestamp;
        let times = threads.iter().filter_map(archived_at);
        self.time = times.chain(self.time).min();
        self.id = threads
            .iter()
            .map(|thread| thread.id.get())
            .chain(self.id)
            .min();
        self.seen.extend(
            threads
                .iter()
                .map(|thread| (thread.id.get(), archived_at(thread))),
        );
        let before = self.before();
        self.seen
            .retain(|(_, time)| time.is_none() || *time < before);
        Ok((threads, !has_more))
    }

    fn place(&self) -> Option<String> {
        if self.is_by_id {
            self.id.map(|id| id.to_string())
        } else {
            self.time.map(|time| time.to_string())
        }
    }
}
