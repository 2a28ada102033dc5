//! Async functions with extractors, whose first argument is known only later.
//!
//! A command runs after its checks, and an error handler after the command; the context of the call is gone by then.
//! [`Function::bind`] therefore takes the extractors out of the context at once and leaves the call itself for later.

use std::sync::Arc;

use antiphon_core::BoxFuture;

use crate::context::{Context, FromContext};

/// A function that has its extractors, and waits for its first argument.
pub type Bound<In, Out> = Box<dyn FnOnce(In) -> BoxFuture<'static, Out> + Send>;

/// An async function of `In` and up to four [extractors](FromContext), in an app with state `S`.
///
/// Commands take an [`Invocation`](super::Invocation), checks an `Invocation` without a command, autocomplete functions a
/// [`Focused`](super::Focused), and error handlers a [`Failed`](super::Failed).
/// `M` tells the shapes of functions apart and is always inferred.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not an async function of `{In}` in an app with state `{S}`",
    note = "its first argument is `{In}`; up to four extractors may follow: `State<T>`, `Delivery`, `Handle<S>`, `Arc<Event>`",
    note = "an autocomplete function that takes `State<T>` needs `#[command(state = …)]` with the app's state on its command",
    note = "the future must be `Send`"
)]
pub trait Function<In, M, S>: Send + Sync + 'static {
    /// What the function returns.
    type Output;

    /// Takes the extractors from the context.
    fn bind(self: Arc<Self>, context: &Context<'_, S>) -> Bound<In, Self::Output>;
}

macro_rules! functions {
    ($($extractor:ident),*) => {
        impl<F, Fut, In, S, $($extractor,)*> Function<In, ($($extractor,)*), S> for F
        where
            F: Fn(In, $($extractor,)*) -> Fut + Send + Sync + 'static,
            Fut: Future + Send + 'static,
            $($extractor: FromContext<S> + Send + 'static,)*
        {
            type Output = Fut::Output;

            #[allow(non_snake_case, reason = "an argument is named as its type")]
            fn bind(self: Arc<Self>, context: &Context<'_, S>) -> Bound<In, Fut::Output> {
                let _ = context;
                $(let $extractor = $extractor::from_context(context);)*
                Box::new(move |input| Box::pin(self(input, $($extractor,)*)))
            }
        }
    };
}

functions!();
functions!(A);
functions!(A, B);
functions!(A, B, C);
functions!(A, B, C, D);

/// A function whose own type is erased.
pub(crate) type Erased<In, Out, S> = Arc<dyn Fn(&Context<'_, S>) -> Bound<In, Out> + Send + Sync>;

/// Erases a function; `convert` makes its result the same for all.
pub(crate) fn erase<In, Out, M, S, F>(
    function: F,
    convert: fn(F::Output) -> Out,
) -> Erased<In, Out, S>
where
    F: Function<In, M, S>,
    In: 'static,
    Out: 'static,
    F::Output: 'static,
{
    let function = Arc::new(function);
    Arc::new(move |context: &Context<'_, S>| {
        let bound = Arc::clone(&function).bind(context);
        Box::new(move |input| {
            let future = bound(input);
            Box::pin(async move { convert(future.await) })
        })
    })
}
