//! A command with its handler, checks and cooldowns, and how one use of it runs.

use std::{
    fmt,
    panic::{AssertUnwindSafe, resume_unwind},
    sync::Arc,
    time::Duration,
};

use antiphon_core::BoxFuture;
use antiphon_discord::{
    InteractionCreate,
    model::{
        CommandData, Interaction, InteractionType, Permissions,
        id::{Id, marker::GuildMarker},
    },
    view,
};
use futures_util::FutureExt as _;
use tracing::{debug, warn};

use super::{
    Set,
    autocomplete::{Completers, Completes, Focused, no_completer},
    cooldown::Cooldown,
    failure::{CommandError, Failed},
    function::{Bound, Erased, Function, erase},
    input::{Command, Input, ParseError},
    invocation::{Invocation, data},
    spec::Spec,
};
use crate::{
    context::Context,
    handler::{Handler, HandlerError, HandlerExt, HandlerFuture, Options, Outcome},
};

/// A command that is read and can be called.
type Start = Box<dyn FnOnce() -> HandlerFuture + Send>;
/// Reads a command for its handler.
type Prepare<S> = Arc<
    dyn Fn(&Invocation, &CommandData, &Context<'_, S>) -> Result<Start, ParseError> + Send + Sync,
>;
/// A check whose own type is erased.
type Check<S> = Erased<Invocation, Result<bool, HandlerError>, S>;
/// An error handler whose own type is erased.
pub(super) type OnError<S> = Erased<Failed, Result<(), HandlerError>, S>;

/// A check that needs nothing but the interaction.
#[derive(Clone, Copy, Debug)]
enum Need {
    Guild,
    Owner,
    Permissions(Permissions),
    BotPermissions(Permissions),
}

/// The result of a check: `bool`, or a `Result` of one.
///
/// `false` refuses the command. A [`Refusal`](super::Refusal) as error refuses it with a text, and any other error fails it.
pub trait Verdict {
    /// Whether the command may run.
    ///
    /// # Errors
    /// The check's own error.
    fn into_result(self) -> Result<bool, HandlerError>;
}

impl Verdict for bool {
    fn into_result(self) -> Result<bool, HandlerError> {
        Ok(self)
    }
}

impl<E: Into<HandlerError>> Verdict for Result<bool, E> {
    fn into_result(self) -> Result<bool, HandlerError> {
        self.map_err(Into::into)
    }
}

/// A handler of a command with its checks, cooldowns and error handler, in an app with state `S`.
///
/// It is made by the methods of [`CommandExt`] on the handler itself.
pub struct CommandEntry<S> {
    pub(super) spec: &'static Spec,
    name: Arc<str>,
    is_named: bool,
    deadline: Duration,
    prepare: Prepare<S>,
    pub(super) completers: Completers<S>,
    needs: Vec<Need>,
    checks: Vec<Check<S>>,
    pub(super) cooldowns: Vec<Cooldown>,
    on_error: Option<OnError<S>>,
    /// Guilds that it is registered in; absent for those of the set.
    pub(super) guilds: Option<Vec<Id<GuildMarker>>>,
}

impl<S> fmt::Debug for CommandEntry<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CommandEntry")
            .field("command", &self.spec.texts.name)
            .field("handler", &self.name)
            .field("cooldowns", &self.cooldowns)
            .finish_non_exhaustive()
    }
}

impl<S: 'static> CommandEntry<S> {
    fn new<T, M, F>(function: F) -> Self
    where
        T: Command + Completes<S>,
        F: Function<Invocation<T>, M, S>,
        F::Output: Outcome + 'static,
    {
        let function = erase(function, Outcome::into_result);
        let prepare: Prepare<S> = Arc::new(
            move |invocation: &Invocation, data: &CommandData, context: &Context<'_, S>| {
                let command = T::parse(&Input::new(data))?;
                let (bound, invocation) = (function(context), invocation.with(command));
                let start: Start = Box::new(move || bound(invocation));
                Ok(start)
            },
        );
        Self {
            spec: T::SPEC,
            name: std::any::type_name::<F>().into(),
            is_named: false,
            // Beyond that, an interaction cannot be answered.
            deadline: Duration::from_secs(15 * 60),
            prepare,
            completers: Completers::of::<T>(),
            needs: Vec::new(),
            checks: Vec::new(),
            cooldowns: Vec::new(),
            on_error: None,
            guilds: None,
        }
    }

    /// See [`CommandExt::check`].
    #[must_use]
    pub fn check<M, F>(mut self, check: F) -> Self
    where
        F: Function<Invocation, M, S>,
        F::Output: Verdict + 'static,
    {
        self.checks.push(erase(check, Verdict::into_result));
        self
    }

    /// See [`CommandExt::guild_only`].
    #[must_use]
    pub fn guild_only(self) -> Self {
        self.needing(Need::Guild)
    }

    /// See [`CommandExt::owner_only`].
    #[must_use]
    pub fn owner_only(self) -> Self {
        self.needing(Need::Owner)
    }

    /// See [`CommandExt::permissions`].
    #[must_use]
    pub fn permissions(self, permissions: Permissions) -> Self {
        self.needing(Need::Permissions(permissions))
    }

    /// See [`CommandExt::bot_permissions`].
    #[must_use]
    pub fn bot_permissions(self, permissions: Permissions) -> Self {
        self.needing(Need::BotPermissions(permissions))
    }

    fn needing(mut self, need: Need) -> Self {
        self.needs.push(need);
        self
    }

    /// See [`CommandExt::cooldown`].
    #[must_use]
    pub fn cooldown(mut self, cooldown: Cooldown) -> Self {
        self.cooldowns.push(cooldown);
        self
    }

    /// See [`CommandExt::on_error`].
    #[must_use]
    pub fn on_error<M, F>(mut self, handler: F) -> Self
    where
        F: Function<Failed, M, S>,
        F::Output: Outcome + 'static,
    {
        self.on_error = Some(erase(handler, Outcome::into_result));
        self
    }

    /// See [`CommandExt::guilds`].
    #[must_use]
    pub fn guilds(mut self, guilds: impl IntoIterator<Item = Id<GuildMarker>>) -> Self {
        self.guilds = Some(guilds.into_iter().collect());
        self
    }

    /// See [`CommandExt::named`].
    #[must_use]
    pub fn named(mut self, name: impl Into<Arc<str>>) -> Self {
        self.name = name.into();
        self.is_named = true;
        self
    }

    /// See [`CommandExt::deadline`].
    #[must_use]
    pub fn deadline(mut self, deadline: Duration) -> Self {
        self.deadline = deadline;
        self
    }
}

/// A handler of a command, in an app with state `S`, and its options.
///
/// It is implemented for every async function whose first argument is an [`Invocation`] of a command, followed by up to
/// four extractors.
/// `M` tells the shapes of functions apart and is always inferred.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::{
///     HandlerError,
///     commands::{Command, CommandExt as _, Commands, Cooldown, Invocation},
///     discord::{Client, model::Permissions},
/// };
///
/// /// Sings a song
/// #[derive(Command)]
/// struct Sing;
///
/// async fn sing(sing: Invocation<Sing>) -> Result<(), HandlerError> {
///     Ok(sing.reply("♪").await?)
/// }
///
/// async fn rested(call: Invocation) -> bool {
///     call.user().name != "teo"
/// }
///
/// fn commands(client: &Client) -> Commands<()> {
///     Commands::new(client).add(sing
///         .permissions(Permissions::SEND_MESSAGES)
///         .check(rested)
///         .cooldown(Cooldown::user(Duration::from_secs(10))))
/// }
/// ```
///
/// Before a command runs it is read, then its checks run in this order: [`guild_only`](Self::guild_only) and the other
/// fixed ones, the [checks](Self::check), the [cooldowns](Self::cooldown).
/// The first that refuses it ends that, and its user gets an answer ([`CommandError`]).
#[diagnostic::on_unimplemented(
    message = "`{Self}` is not a handler of a command in an app with state `{S}`",
    note = "a handler of a command is an async function: `async fn name(command: Invocation<C>, …) -> Result<(), HandlerError>`",
    note = "`C` is a command: `#[derive(Command)]`",
    note = "up to four extractors may follow: `State<T>`, `Delivery`, `Handle<S>`, `Arc<Event>`; the future must be `Send`"
)]
pub trait CommandExt<M, S: 'static>: Sized {
    /// The handler without its type.
    fn entry(self) -> CommandEntry<S>;

    /// Adds a check: an async function of an [`Invocation`] without a type that says whether the command may run.
    ///
    /// See [`Verdict`]. Checks run in the order in which they were added, each after the one before.
    fn check<N, F>(self, check: F) -> CommandEntry<S>
    where
        F: Function<Invocation, N, S>,
        F::Output: Verdict + 'static,
    {
        self.entry().check(check)
    }

    /// Refuses the command outside of guilds.
    ///
    /// `contexts(Guild)` in its declaration hides it there as well.
    fn guild_only(self) -> CommandEntry<S> {
        self.entry().guild_only()
    }

    /// Refuses the command to all but the owner of the application, or the owner, admins and developers of its team.
    ///
    /// Who these are is asked once in each run.
    fn owner_only(self) -> CommandEntry<S> {
        self.entry().owner_only()
    }

    /// Refuses the command to members without these permissions in its channel, and in direct messages.
    ///
    /// `default_permissions` in its declaration hides it from them too, until an administrator decides otherwise.
    fn permissions(self, permissions: Permissions) -> CommandEntry<S> {
        self.entry().permissions(permissions)
    }

    /// Refuses the command where the bot itself lacks these permissions.
    fn bot_permissions(self, permissions: Permissions) -> CommandEntry<S> {
        self.entry().bot_permissions(permissions)
    }

    /// Adds a cooldown; a use counts in all of them, and is refused if one of them is full.
    fn cooldown(self, cooldown: Cooldown) -> CommandEntry<S> {
        self.entry().cooldown(cooldown)
    }

    /// Sets what happens when the command is refused or fails. Default: that of
    /// [`Commands::on_error`](super::Commands::on_error).
    ///
    /// The handler answers the user itself. After it, a failure is a dead letter all the same
    /// ([`CommandError::is_failure`]).
    fn on_error<N, F>(self, handler: F) -> CommandEntry<S>
    where
        F: Function<Failed, N, S>,
        F::Output: Outcome + 'static,
    {
        self.entry().on_error(handler)
    }

    /// Sets the guilds that the command is registered in. Default: those of
    /// [`Commands::guilds`](super::Commands::guilds).
    fn guilds(self, guilds: impl IntoIterator<Item = Id<GuildMarker>>) -> CommandEntry<S> {
        self.entry().guilds(guilds)
    }

    /// Sets the handler's name, under which its dead letters are kept. Default: the function's path.
    fn named(self, name: impl Into<Arc<str>>) -> CommandEntry<S> {
        self.entry().named(name)
    }

    /// Sets how long a use may take, with its checks. Default: 15 min, after which an interaction cannot be answered.
    fn deadline(self, deadline: Duration) -> CommandEntry<S> {
        self.entry().deadline(deadline)
    }
}

impl<F, T, M, S: 'static> CommandExt<(T, M), S> for F
where
    T: Command + Completes<S>,
    F: Function<Invocation<T>, M, S>,
    F::Output: Outcome + 'static,
{
    fn entry(self) -> CommandEntry<S> {
        CommandEntry::new(self)
    }
}

/// Marks commands whose types are erased.
#[derive(Debug)]
pub struct Ready;

impl<S: 'static> CommandExt<Ready, S> for CommandEntry<S> {
    fn entry(self) -> Self {
        self
    }
}

/// Marks the handlers that commands are called by.
pub(super) struct Called;

/// A command as a handler of interactions.
pub(super) struct Caller<S> {
    pub(super) set: Arc<Set<S>>,
    pub(super) entry: CommandEntry<S>,
}

/// Whether an interaction uses a command or types one of its options.
pub(super) fn is_of_command(view: &view::Interaction<'_>) -> bool {
    matches!(
        view.kind,
        Some(InteractionType::ApplicationCommand | InteractionType::ApplicationCommandAutocomplete)
    )
}

impl<S: Send + Sync + 'static> HandlerExt<Called> for Caller<S> {
    type Payload = InteractionCreate;
}

impl<S: Send + Sync + 'static> Handler<Called, S> for Caller<S> {
    fn call(&self, payload: Arc<InteractionCreate>, context: &Context<'_, S>) -> HandlerFuture {
        if context.event.source() != self.set.client.source() {
            return Box::pin(async { Ok(()) });
        }
        let interaction = payload;
        if interaction.kind == InteractionType::ApplicationCommandAutocomplete {
            return self.complete(interaction, context);
        }
        let client = self.set.client.clone();
        let Some(invocation) = Invocation::new(client, Arc::clone(&interaction)) else {
            return Box::pin(async { Err(HandlerError::message("the interaction names no user")) });
        };
        self.run(invocation, &interaction, context)
    }

    fn passes(&self, view: &view::Interaction<'_>) -> bool {
        let spec = self.entry.spec;
        let kind = view.data.kind.and_then(|kind| i64::try_from(kind).ok());
        is_of_command(view) && kind == Some(spec.kind.number()) && view.data.name == spec.texts.name
    }

    fn options(&self) -> Options {
        Options {
            name: Arc::clone(&self.entry.name),
            named: self.entry.is_named,
            // The user can use the command again, and knows better whether to.
            attempts: 1,
            deadline: self.entry.deadline,
            filtered: true,
            fallback: false,
            saves: false,
        }
    }
}

impl<S: Send + Sync + 'static> Caller<S> {
    /// Runs a use of the command.
    fn run(
        &self,
        invocation: Invocation,
        interaction: &Interaction,
        context: &Context<'_, S>,
    ) -> HandlerFuture {
        let data = data(interaction).expect("the filter passes commands alone");
        let start = (self.entry.prepare)(&invocation, data, context);
        let checks: Vec<Bound<Invocation, _>> = self
            .entry
            .checks
            .iter()
            .map(|check| check(context))
            .collect();
        let on_error = self.entry.on_error.as_ref().or(self.set.on_error.as_ref());
        let on_error = on_error.map(|handler| handler(context));
        let needs = self.entry.needs.clone();
        let set = Arc::clone(&self.set);
        Box::pin(async move {
            let checked = async {
                let start = start.map_err(CommandError::Parse)?;
                check(&set, &invocation, &needs, checks).await?;
                Ok(start)
            };
            let checked = checked.await.inspect_err(|_| {
                set.cooldowns.give_back(invocation.interaction());
            });
            let ran = match checked {
                Ok(start) => match set.cooldowns.refused(invocation.interaction()) {
                    Some(end) => Err(CommandError::Cooldown(end)),
                    None => match AssertUnwindSafe(async { start().await })
                        .catch_unwind()
                        .await
                    {
                        Ok(result) => result.map_err(CommandError::of),
                        Err(panic) => {
                            tell(&invocation, CommandError::Panicked, on_error).await;
                            resume_unwind(panic)
                        }
                    },
                },
                Err(error) => Err(error),
            };
            match ran {
                Ok(()) => Ok(()),
                Err(error) => {
                    let error = tell(&invocation, error, on_error).await;
                    if error.is_failure() {
                        Err(failure(error))
                    } else {
                        Ok(())
                    }
                }
            }
        })
    }

    /// Answers with choices for the option that is being typed.
    fn complete(
        &self,
        interaction: Arc<InteractionCreate>,
        context: &Context<'_, S>,
    ) -> HandlerFuture {
        let client = self.set.client.clone();
        let Some(focused) = Focused::new(client, Arc::clone(&interaction)) else {
            return Box::pin(async {
                warn!("an autocomplete interaction without an option that is typed is passed over");
                Ok(())
            });
        };
        let path = focused.command();
        let path = path.split_once(' ').map_or("", |(_, path)| path);
        let completer = self.entry.completers.find(path, focused.option());
        let bound = completer.map(|completer| completer(context));
        Box::pin(async move {
            let choices = match bound {
                Some(bound) => bound(focused.clone()).await,
                None => Err(HandlerError::message(no_completer(&focused).to_string())),
            };
            let choices = choices.unwrap_or_else(|error| {
                warn!(command = focused.command(), option = focused.option(), %error, "autocomplete failed");
                Vec::new()
            });
            let answers = focused.client().interaction(&interaction);
            if let Err(error) = answers.autocomplete(choices).await {
                // Nobody waits for it after three seconds or one more letter.
                debug!(command = focused.command(), %error, "choices came too late");
            }
            Ok(())
        })
    }
}

/// Runs the checks of a command.
async fn check<S>(
    set: &Set<S>,
    invocation: &Invocation,
    needs: &[Need],
    checks: Vec<Bound<Invocation, Result<bool, HandlerError>>>,
) -> Result<(), CommandError> {
    for need in needs {
        satisfied(set, invocation, *need).await?;
    }
    for check in checks {
        match check(invocation.clone()).await {
            Ok(true) => {}
            Ok(false) => return Err(CommandError::Check),
            Err(error) => return Err(CommandError::of(error)),
        }
    }
    Ok(())
}

async fn satisfied<S>(
    set: &Set<S>,
    invocation: &Invocation,
    need: Need,
) -> Result<(), CommandError> {
    let interaction = invocation.interaction();
    let lacking = |all: Permissions, has: Option<Permissions>| {
        let has = has.unwrap_or_else(Permissions::empty);
        let is_admin = has.contains(Permissions::ADMINISTRATOR);
        (!is_admin && !has.contains(all)).then(|| all.difference(has))
    };
    match need {
        Need::Guild | Need::Permissions(_) if interaction.guild_id.is_none() => {
            Err(CommandError::GuildOnly)
        }
        Need::Owner => {
            let application = set.application().await;
            let application = application.map_err(|error| CommandError::Failed(error.into()))?;
            if application.owners.contains(&invocation.user_id()) {
                Ok(())
            } else {
                Err(CommandError::OwnerOnly)
            }
        }
        Need::Permissions(all) => {
            let member = interaction.member.as_ref();
            match lacking(all, member.and_then(|member| member.permissions)) {
                Some(missing) => Err(CommandError::MissingPermissions(missing)),
                None => Ok(()),
            }
        }
        Need::BotPermissions(all) => match lacking(all, interaction.app_permissions) {
            Some(missing) => Err(CommandError::BotMissingPermissions(missing)),
            None => Ok(()),
        },
        Need::Guild => Ok(()),
    }
}

/// Tells the user why a command did not run to its end; returns the error.
pub(super) async fn tell(
    invocation: &Invocation,
    error: CommandError,
    on_error: Option<Bound<Failed, Result<(), HandlerError>>>,
) -> CommandError {
    let command = invocation.name();
    let error = Arc::new(error);
    if error.is_failure() {
        warn!(command, %error, "a command failed");
    } else {
        debug!(command, %error, "a command was refused");
    }
    let answered: BoxFuture<'_, _> = if let Some(handler) = on_error {
        handler(Failed::new(invocation.clone(), Arc::clone(&error)))
    } else {
        let reply = invocation.reply(error.text()).ephemeral();
        Box::pin(async { reply.await.map_err(HandlerError::from) })
    };
    if let Err(failure) = answered.await {
        warn!(command, error = %failure, "the user was not told why a command failed");
    }
    Arc::try_unwrap(error)
        .unwrap_or_else(|error| CommandError::Failed(HandlerError::message(error.to_string())))
}

/// The error that makes a dead letter.
fn failure(error: CommandError) -> HandlerError {
    match error {
        CommandError::Failed(error) => error,
        CommandError::Parse(error) => error.into(),
        other => HandlerError::message(other.to_string()),
    }
}
