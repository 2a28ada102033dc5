//! Requests that the client's methods return: values with options, sent when they are awaited.
//!
//! Every method of [`Client`](crate::Client) that speaks to Discord's HTTP interface returns a value of this file: [`Call`]
//! where there is nothing to choose, [`AuditedCall`] where the guild's audit log takes a reason, and else a type of its
//! own with a setter for each option, made by the macro `calls!`.
//! A method that needs nothing but its arguments is a row of `routes!`: another route is a few lines.
//! Making such a value checks its arguments and sends nothing; awaiting it hands the request to `http`, which queues it
//! under the rate limits, sends it, repeats it where that is safe, and reads the response.
//!
//! A value that Discord would refuse for a documented limit never leaves the process: the check's error is kept in the
//! value and returned as [`RequestError::Invalid`] when it is awaited, so that a chain of setters needs no `?` in between.
//!
//! Whether a lost response may be answered by sending again is fixed for each method (`Repeat`), by HTTP's own rule for
//! `GET`, `PUT` and `DELETE`, and by what Discord does with a second message of one nonce and a second answer to one
//! interaction.

use std::{borrow::Cow, fmt, future::IntoFuture, marker::PhantomData};

use antiphon_core::{BoxError, BoxFuture};
use antiphon_discord_model::id::{Id, marker::InteractionMarker};
use serde_json::Value;
use twilight_http::request::{Request, TryIntoRequest};

use crate::{
    error::RequestError,
    http::{Answer, Http, Repeat, UnsentRequest},
};

/// A request that is sent when it is awaited, and returns a `T`.
///
/// Dropping it without awaiting sends nothing.
/// Dropping the future while it waits gives its place in the queue up; a request that is on its way by then may be
/// carried out.
///
/// It waits for Discord's rate limits, and is sent again after a failure where a repetition cannot carry it out twice;
/// both within [`Config::request_timeout`](crate::Config::request_timeout).
///
/// # Errors
///
/// Awaiting it returns a [`RequestError`].
///
/// The kinds that a bot tells apart:
///
/// | error | what to do |
/// | --- | --- |
/// | [`Invalid`](RequestError::Invalid), [`Refused`](RequestError::Refused) | correct the request; the text names the field |
/// | [`Forbidden`](RequestError::Forbidden) | give the bot the permission that the method's page names |
/// | [`NotFound`](RequestError::NotFound) | the thing is gone, or the bot cannot see it |
/// | [`Unauthorized`](RequestError::Unauthorized) | replace the token; no further request is sent with this one |
/// | [`OutcomeUnknown`](RequestError::OutcomeUnknown) | look whether it was done before asking again |
/// | all for which [`is_transient`](RequestError::is_transient) is true | ask again later |
///
/// # Examples
///
/// Calls run side by side like other futures, and each waits for its own bucket alone:
///
/// ```no_run
/// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::GuildMarker}};
/// # async fn f(client: Client, guild: Id<GuildMarker>) -> Result<(), RequestError> {
/// let (channels, roles) = tokio::join!(client.guild_channels(guild), client.roles(guild));
/// println!("{} channels, {} roles", channels?.len(), roles?.len());
/// # Ok(()) }
/// ```
///
/// A thing that is gone is an answer too:
///
/// ```no_run
/// # use antiphon_discord::{Client, RequestError, model::{Message, id::{Id, marker::{ChannelMarker, MessageMarker}}}};
/// async fn find(
///     client: &Client,
///     channel: Id<ChannelMarker>,
///     message: Id<MessageMarker>,
/// ) -> Result<Option<Message>, RequestError> {
///     match client.message(channel, message).await {
///         Ok(message) => Ok(Some(message)),
///         Err(RequestError::NotFound(_)) => Ok(None),
///         Err(error) => Err(error),
///     }
/// }
/// ```
#[must_use = "a request is sent when it is awaited"]
pub struct Call<'a, T> {
    http: &'a Http,
    /// Request, or the reason why it cannot be sent, with its rule for repetition.
    pub(super) unsent: UnsentRequest<'a>,
    /// Type of the response, which no value of the call holds.
    answer: PhantomData<fn() -> T>,
}

/// A field of the response and its certain value, which the request names.
///
/// A response that lacks the field is read with this value instead of failing: a message without its `channel_id`, for
/// example, was posted all the same.
pub(crate) type Known = (&'static str, Value);

/// A source of a request.
///
/// Implemented by twilight's builders, by [`Draft`](super::draft::Draft) for all that has a message's content, and by
/// [`Fields`](super::fields::Fields) for objects that are created or changed.
pub(super) trait Build {
    /// Fields that the response has for certain.
    fn known(&self) -> Vec<Known> {
        Vec::new()
    }

    /// Interaction that the request answers.
    fn interaction(&self) -> Option<Id<InteractionMarker>> {
        None
    }

    /// Builds the request; the error says why Discord would refuse it.
    fn build(self, http: &Http) -> Result<Request, BoxError>;
}

/// twilight's builders.
impl<B: TryIntoRequest> Build for B {
    fn build(self, _: &Http) -> Result<Request, BoxError> {
        self.try_into_request().map_err(|error| {
            let text = error.to_string();
            error.into_source().unwrap_or_else(|| text.into())
        })
    }
}

impl<'a, T> Call<'a, T> {
    pub(super) fn new(http: &'a Http, repeat: Repeat, request: impl Build) -> Self {
        let (known, interaction) = (request.known(), request.interaction());
        let mut unsent = UnsentRequest::new(request.build(http), repeat);
        unsent.known = known;
        unsent.interaction = interaction;
        Self::of(http, unsent)
    }

    /// Adds a field that the response has for certain.
    pub(super) fn known(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.unsent.known.push((field, value.into()));
        self
    }

    /// Names the interaction that the request answers.
    pub(super) fn answers(mut self, interaction: Id<InteractionMarker>) -> Self {
        self.unsent.interaction = Some(interaction);
        self
    }

    pub(super) fn of(http: &'a Http, unsent: UnsentRequest<'a>) -> Self {
        Self {
            http,
            unsent,
            answer: PhantomData,
        }
    }
}

impl<'a, T: Answer + 'a> IntoFuture for Call<'a, T> {
    type Output = Result<T, RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.http.call(self.unsent))
    }
}

impl<T> fmt::Debug for Call<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").finish_non_exhaustive()
    }
}

/// A [`Call`] that is written to the guild's audit log, with a reason if one is set.
///
/// Discord shows the reason beside the entry, in the guild's settings and in the event
/// [`GuildAuditLogEntryCreate`](crate::GuildAuditLogEntryCreate)
/// ([Discord's page](https://discord.com/developers/docs/resources/audit-log)).
///
/// ```no_run
/// # use antiphon_discord::{Client, RequestError, model::id::{Id, marker::{GuildMarker, UserMarker}}};
/// # async fn f(client: Client, guild: Id<GuildMarker>, user: Id<UserMarker>) -> Result<(), RequestError> {
/// client.remove_guild_member(guild, user).reason("sings flat").await?;
/// # Ok(()) }
/// ```
///
/// # Errors
///
/// The same as [`Call`]'s.
#[must_use = "a request is sent when it is awaited"]
pub struct AuditedCall<'a, T>(Call<'a, T>);

impl<'a, T> AuditedCall<'a, T> {
    pub(super) fn new(http: &'a Http, repeat: Repeat, request: impl Build) -> Self {
        Self(Call::new(http, repeat, request))
    }

    pub(super) fn of(http: &'a Http, unsent: UnsentRequest<'a>) -> Self {
        Self(Call::of(http, unsent))
    }

    /// Sets the reason in the audit log, at most 512 characters. Default: none.
    ///
    /// Characters of any script are taken; a longer text is [`RequestError::Invalid`] when the call is awaited, and nothing is
    /// sent.
    pub fn reason(mut self, reason: impl Into<Cow<'a, str>>) -> Self {
        self.0.unsent.reason = Some(reason.into());
        self
    }
}

impl<'a, T: Answer + 'a> IntoFuture for AuditedCall<'a, T> {
    type Output = Result<T, RequestError>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        self.0.into_future()
    }
}

impl<T> fmt::Debug for AuditedCall<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AuditedCall").finish_non_exhaustive()
    }
}

/// A call that is made from its request; the rows of `routes!` end here.
pub(super) trait FromRequest<'a, R> {
    fn from_request(http: &'a Http, request: R) -> Self;
}

/// Defines a call with options: its type, its builder and its setters.
///
/// `audited` adds a reason for the audit log; `= "field"` sets a field of [`Fields`](super::fields::Fields), a range in
/// brackets bounds its characters, items or value, `as` converts the argument first, and `by` calls another method than
/// `set`.
macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $name:ident($inner:ty) -> $answer:ty, $repeat:ident $(, $audited:ident)? {
            $(
                $(#[$setter_doc:meta])*
                $setter:ident($($argument:ident: $type:ty)?) $(= $wire:literal)? $([$range:expr])? $(by $method:ident)? $(as $convert:path)?;
            )*
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// The same as [`Call`](crate::Call)'s.
        #[must_use = "a request is sent when it is awaited"]
        pub struct $name<'a> {
            http: &'a $crate::http::Http,
            request: $inner,
            reason: Option<std::borrow::Cow<'a, str>>,
        }

        impl<'a> $name<'a> {
            pub(super) fn new(http: &'a $crate::http::Http, request: $inner) -> Self {
                Self { http, request, reason: None }
            }

            $(
                $(#[$setter_doc])*
                pub fn $setter(mut self $(, $argument: $type)?) -> Self {
                    self.request = $crate::client::call::set!(
                        self.request, $setter($($argument)?) $(= $wire)? $([$range])? $(by $method)? $(as $convert)?
                    );
                    self
                }
            )*

            $($crate::client::call::$audited!('a);)?
        }

        impl<'a> $crate::client::call::FromRequest<'a, $inner> for $name<'a> {
            fn from_request(http: &'a $crate::http::Http, request: $inner) -> Self {
                Self::new(http, request)
            }
        }

        impl<'a> IntoFuture for $name<'a> {
            type Output = Result<$answer, $crate::error::RequestError>;
            type IntoFuture = antiphon_core::BoxFuture<'a, Self::Output>;

            fn into_future(self) -> Self::IntoFuture {
                let repeat = $crate::http::Repeat::$repeat;
                let mut call = $crate::client::call::Call::new(self.http, repeat, self.request);
                call.unsent.reason = self.reason;
                call.into_future()
            }
        }

        impl std::fmt::Debug for $name<'_> {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.debug_struct(stringify!($name)).finish_non_exhaustive()
            }
        }
    )*};
}

/// Writes the setter of a reason.
macro_rules! audited {
    ($lifetime:lifetime) => {
        /// Sets the reason in the audit log, at most 512 characters. Default: none.
        pub fn reason(mut self, reason: impl Into<std::borrow::Cow<$lifetime, str>>) -> Self {
            self.reason = Some(reason.into());
            self
        }
    };
}

/// Writes the call of a builder's setter.
macro_rules! set {
    ($request:expr, $setter:ident($($argument:expr)?)) => {
        $request.$setter($($argument)?)
    };
    ($request:expr, $setter:ident($argument:expr) = $wire:literal) => {
        $request.set($wire, $argument)
    };
    ($request:expr, $setter:ident($argument:expr) = $wire:literal by $method:ident) => {
        $request.$method($wire, $argument)
    };
    ($request:expr, $setter:ident($argument:expr) = $wire:literal [$range:expr]) => {
        $request.bounded($wire, $range, $argument)
    };
    ($request:expr, $setter:ident($argument:expr) = $wire:literal as $convert:path) => {
        $request.set($wire, $convert($argument))
    };
    ($request:expr, $setter:ident($argument:expr) as $convert:path) => {
        $request.$setter($convert($argument))
    };
}

pub(super) use audited;
pub(super) use calls;
pub(super) use set;
