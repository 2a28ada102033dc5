//! What a method of the client gives: a request to await, and perhaps to choose options for before.

use std::{borrow::Cow, fmt, future::IntoFuture, marker::PhantomData};

use antiphon_core::{BoxError, BoxFuture};
use serde_json::Value;
use twilight_http::request::{Request, TryIntoRequest};

use crate::{
    error::RequestError,
    http::{Answer, Http, Repeat, UnsentRequest},
};

/// A request that is sent when it is awaited, and gives a `T`.
///
/// It waits for its turn under Discord's rate limits, and is sent again after a failure where that cannot do twice
/// what was asked once; all together for [`Config::request_timeout`](crate::Config::request_timeout) at most.
///
/// # Errors
///
/// Awaited, it gives a [`RequestError`] that says what went wrong.
#[must_use = "a request is sent when it is awaited"]
pub struct Call<'a, T> {
    http: &'a Http,
    pub(super) unsent: UnsentRequest<'a>,
    answer: PhantomData<fn() -> T>,
}

/// A field of an answer by its name, and what it holds for certain, since the request says so.
pub(crate) type Known = (&'static str, Value);

/// What a request is made from.
pub(super) trait Build {
    /// What its answer holds for certain.
    fn known(&self) -> Vec<Known> {
        Vec::new()
    }

    /// Checks its values; the error says why Discord would refuse it.
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
        let known = request.known();
        let mut unsent = UnsentRequest::new(request.build(http), repeat);
        unsent.known = known;
        Self::of(http, unsent)
    }

    /// Says what the answer holds for certain.
    pub(super) fn known(mut self, field: &'static str, value: impl Into<Value>) -> Self {
        self.unsent.known.push((field, value.into()));
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

/// A [`Call`] that the guild's audit log notes, with a reason if one is given.
///
/// # Errors
///
/// As [`Call`]'s.
#[must_use = "a request is sent when it is awaited"]
pub struct AuditedCall<'a, T>(Call<'a, T>);

impl<'a, T> AuditedCall<'a, T> {
    pub(super) fn new(http: &'a Http, repeat: Repeat, request: impl Build) -> Self {
        Self(Call::new(http, repeat, request))
    }

    pub(super) fn of(http: &'a Http, unsent: UnsentRequest<'a>) -> Self {
        Self(Call::of(http, unsent))
    }

    /// Sets what the audit log says of it, at most 512 characters; the default is nothing.
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

/// Defines a call with options: its type, what builds its request, and its setters.
///
/// `audited` adds a reason for the audit log; `= "field"` sets a field of [`Fields`](super::fields::Fields), and `as`
/// converts the argument first.
macro_rules! calls {
    ($(
        $(#[$doc:meta])*
        $name:ident($inner:ty) -> $answer:ty, $repeat:ident $(, $audited:ident)? {
            $(
                $(#[$setter_doc:meta])*
                $setter:ident($($argument:ident: $type:ty)?) $(= $wire:literal)? $(as $convert:path)?;
            )*
        }
    )*) => {$(
        $(#[$doc])*
        ///
        /// # Errors
        ///
        /// Awaited, it gives what [`Call`](crate::Call) gives.
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
                        self.request, $setter($($argument)?) $(= $wire)? $(as $convert)?
                    );
                    self
                }
            )*

            $($crate::client::call::$audited!('a);)?
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

/// The setter of a reason.
macro_rules! audited {
    ($lifetime:lifetime) => {
        /// Sets what the audit log says of it, at most 512 characters; the default is nothing.
        pub fn reason(mut self, reason: impl Into<std::borrow::Cow<$lifetime, str>>) -> Self {
            self.reason = Some(reason.into());
            self
        }
    };
}

/// Sets an option of a request.
macro_rules! set {
    ($request:expr, $setter:ident($($argument:expr)?)) => {
        $request.$setter($($argument)?)
    };
    ($request:expr, $setter:ident($argument:expr) = $wire:literal) => {
        $request.set($wire, $argument)
    };
    ($request:expr, $setter:ident($argument:expr) as $convert:path) => {
        $request.$setter($convert($argument))
    };
}

pub(super) use audited;
pub(super) use calls;
pub(super) use set;
