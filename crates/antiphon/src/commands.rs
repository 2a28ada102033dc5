//! Commands, declared once: registration, reading, autocomplete, checks, cooldowns and answers.
//!
//! A struct with [`#[derive(Command)]`](macro@Command) is a slash command, and its fields are the options; the doc comments
//! are the descriptions.
//! A handler is an async function of an [`Invocation`] of it, and [`Commands`] joins handlers to an app, registers what
//! differs from what Discord knows, and answers users where a command is refused or fails.
//!
//! ```
//! use std::time::Duration;
//!
//! use antiphon::{
//!     App, HandlerError, State,
//!     commands::{Choice, Command, CommandExt as _, Commands, Cooldown, Focused, Invocation},
//!     discord::{Client, Source},
//! };
//!
//! /// The songs of the choir, which is the app's state.
//! #[derive(Clone)]
//! struct Songs(Vec<String>);
//!
//! /// Sings a song
//! #[derive(Command)]
//! #[command(contexts(Guild, BotDm), name_localizations("de" = "singen"), state = Songs)]
//! struct Sing {
//!     /// What to sing
//!     #[option(autocomplete = songs, max_length = 100)]
//!     song: String,
//!     /// How to sing it
//!     mood: Mood,
//!     /// How loud
//!     #[option(min = 1, max = 11)]
//!     volume: Option<i64>,
//! }
//!
//! #[derive(Choice)]
//! enum Mood {
//!     Joyful,
//!     #[choice(name = "Very sad", name_localizations("de" = "Sehr traurig"))]
//!     Sad,
//! }
//!
//! async fn songs(focused: Focused, State(Songs(songs)): State<Songs>) -> Vec<String> {
//!     songs.into_iter().filter(|song| song.contains(focused.text())).collect()
//! }
//!
//! async fn sing(sing: Invocation<Sing>) -> Result<(), HandlerError> {
//!     sing.reply(format!("♪ {} ({})", sing.song, sing.mood.choice_name())).await?;
//!     Ok(())
//! }
//!
//! fn app(client: &Client, source: Source) -> App<Songs> {
//!     let commands = Commands::new(client).add(sing.cooldown(Cooldown::user(Duration::from_secs(10))));
//!     App::new(Songs(vec!["Miserere".into()])).source(source).commands(commands)
//! }
//! ```
//!
//! # Declarations
//!
//! | what | how |
//! | --- | --- |
//! | slash command | a struct with named fields, or without any |
//! | option | a field; an `Option` may be left out; [`CommandOption`] lists the types |
//! | subcommands | an enum: a variant has named fields, nothing, or one type that is a command itself; an enum in an enum is a group |
//! | user or message command | a struct with one unnamed field, its [`Target`]: `struct Praise(User);` |
//! | choices | an enum with [`#[derive(Choice)]`](macro@Choice), or `choices("Quiet" = 1, "Loud" = 11)` on an option |
//!
//! `#[command(…)]` on a struct, an enum or a variant takes
//! - `name = "…"`: default is the Rust name in snake case, for user and message commands in words;
//! - `description = "…"`: default is the first paragraph of the doc comment;
//! - `name_localizations("de" = "…")` and `description_localizations(…)`;
//!
//! and, for a whole command alone,
//! - `default_permissions = KICK_MEMBERS | BAN_MEMBERS` (`0` for administrators), `contexts(Guild, BotDm, PrivateChannel)`,
//!   `integration_types(GuildInstall, UserInstall)`, `nsfw`;
//! - `state = Bot`: the state of the app, where an autocomplete function asks for a part of it.
//!
//! `#[option(…)]` on a field takes name, description and their localizations as above, `min` and `max` (numbers),
//! `min_length` and `max_length` (texts), `choices(…)`, `channel_types(GuildText, …)` and `autocomplete = function`.
//! `#[choice(…)]` on a variant takes `name`, `name_localizations` and `value` (a text or a number; default is the name in
//! snake case).
//!
//! Discord's limits (names of 1 to 32 small letters, digits, `-`, `_` and `'`, descriptions of 1 to 100 characters, 25
//! options, 25 choices, required options first, two levels of subcommands, 8,000 characters in all) are checked when the
//! program is compiled:
//!
//! ```compile_fail
//! use antiphon::commands::Command;
//!
//! /// Sings a song
//! #[derive(Command)]
//! #[command(name = "Sing")] // error: a name is in small letters: `sing`
//! struct Sing;
//! ```
//!
//! # Registration
//!
//! When the bot's first connection of a run stands, the commands that are registered are read and held against the
//! declarations.
//! What differs is created, edited or deleted; unchanged commands cost no request beyond that reading.
//! A failure is logged with the command's name and Discord's words, and does not end the bot.
//! [`Commands::guilds`] registers in guilds instead, [`Commands::unregistered`] leaves registration to
//! [`Commands::register`].
//!
//! # One use of a command
//!
//! The interaction is stored in the journal, counted by the cooldowns at the head, read into the command's type, checked,
//! and handled; each user's command has a lane of its own.
//! An option that is not declared, of another type or outside of its range is a [`ParseError`]: its user is told that the
//! command has changed, and the event is a dead letter.
//! A handler's error is a dead letter too, after its user was told.
//! A command whose handling was cut off by a crash comes again, marked as redelivered: its first answer then edits the one
//! that was given.

mod autocomplete;
mod cooldown;
mod entry;
mod failure;
mod function;
mod input;
mod invocation;
mod option;
mod register;
pub mod spec;

use std::{
    collections::{BTreeMap, HashSet},
    fmt,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use antiphon_core::Link;
use antiphon_discord::{
    Client, InteractionCreate, RequestError,
    model::{
        CommandType, InteractionType, TeamMemberRole, TeamMembershipState,
        id::{
            Id,
            marker::{ApplicationMarker, GuildMarker, UserMarker},
        },
    },
    view,
};
use serde_json::Value;
use tokio::sync::OnceCell;
use tracing::{debug, error, info};

pub use antiphon_macros::{Choice, Command};

pub use self::{
    autocomplete::{Completers, Completes, Focused, IntoChoice, Suggestions},
    cooldown::Cooldown,
    entry::{CommandEntry, CommandExt, Ready, Verdict},
    failure::{CommandError, Failed, Refusal},
    function::{Bound, Function},
    input::{Command, Input, Options, ParseError, Target},
    invocation::{Invocation, Reply},
    option::{CommandOption, Mentionable, OptionError, ResolvedUser},
    register::{RegisterError, Registered},
};
use self::{
    cooldown::{Cooldowns, Rules},
    entry::{Called, Caller, OnError, is_of_command, tell},
    function::erase,
};
use crate::{
    app::App,
    context::Context,
    handler::{Handler, HandlerError, HandlerExt, HandlerFuture, Outcome},
};

/// Most slash commands of an application, everywhere or in one guild.
const SLASH_COMMANDS: usize = 100;

/// The commands of a bot, in an app with state `S`.
///
/// [`App::commands`](crate::App::commands) takes them; an app has one set for each of its bots.
pub struct Commands<S> {
    client: Client,
    entries: Vec<CommandEntry<S>>,
    guilds: Option<Vec<Id<GuildMarker>>>,
    on_error: Option<OnError<S>>,
    is_registered: bool,
    answers_unknown: bool,
}

impl<S> fmt::Debug for Commands<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Commands")
            .field("source", self.client.source())
            .field("entries", &self.entries)
            .finish_non_exhaustive()
    }
}

impl<S: Send + Sync + 'static> Commands<S> {
    /// No commands yet, of the bot with this client.
    pub fn new(client: &Client) -> Self {
        Self {
            client: client.clone(),
            entries: Vec::new(),
            guilds: None,
            on_error: None,
            is_registered: true,
            answers_unknown: true,
        }
    }

    /// Adds a command by its handler.
    ///
    /// Two commands of one type and name are [`RunError::Configuration`](crate::RunError::Configuration) when the app starts.
    #[must_use]
    #[expect(
        clippy::should_implement_trait,
        reason = "it takes a handler, as `Handle::add` does"
    )]
    pub fn add<M>(mut self, handler: impl CommandExt<M, S>) -> Self {
        self.entries.push(handler.entry());
        self
    }

    /// Registers the commands in these guilds, and not everywhere. Default: everywhere.
    ///
    /// A guild's commands are there at once, which is handy while a command is written.
    /// The commands of guilds that are not named any more stay there until somebody deletes them.
    #[must_use]
    pub fn guilds(mut self, guilds: impl IntoIterator<Item = Id<GuildMarker>>) -> Self {
        self.guilds = Some(guilds.into_iter().collect());
        self
    }

    /// Sets what happens when a command without an error handler of its own is refused or fails, or is unknown.
    ///
    /// Default: its user gets [`CommandError::text`] as an answer that nobody else sees.
    #[must_use]
    pub fn on_error<M, F>(mut self, handler: F) -> Self
    where
        F: Function<Failed, M, S>,
        F::Output: Outcome + 'static,
    {
        self.on_error = Some(erase(handler, Outcome::into_result));
        self
    }

    /// Leaves commands that are not declared here to other handlers of the app.
    ///
    /// Default: their user is told that they are not available any more, and the event is a dead letter.
    #[must_use]
    pub fn leave_unknown(mut self) -> Self {
        self.answers_unknown = false;
        self
    }

    /// Registers nothing at the start; [`Commands::register`] does it when the program wants.
    #[must_use]
    pub fn unregistered(mut self) -> Self {
        self.is_registered = false;
        self
    }

    /// The commands as they are registered, with the guilds of each; none means everywhere.
    fn declared(&self) -> Declared {
        let mut declared = Declared::default();
        declared.0.insert(None, Vec::new());
        for entry in &self.entries {
            let guilds = entry.guilds.as_ref().or(self.guilds.as_ref());
            let places: Vec<Option<Id<GuildMarker>>> = match guilds {
                None => vec![None],
                Some(guilds) => guilds.iter().copied().map(Some).collect(),
            };
            for place in places {
                declared.0.entry(place).or_default().push(entry.spec.json());
            }
        }
        declared
    }

    /// Registers the commands now: reads what is registered, and sends what differs.
    ///
    /// # Errors
    /// The first failure; the commands behind it were registered.
    pub async fn register(&self) -> Result<Registered, RegisterError> {
        let application = Application::read(&self.client).await;
        let application = application.map_err(RegisterError::Application)?;
        let (done, errors) = self.declared().register(&self.client, application.id).await;
        errors.into_iter().next().map_or(Ok(done), Err)
    }

    /// The first thing that Discord would refuse, or that could not work.
    fn problem(&self) -> Option<String> {
        let mut seen = HashSet::new();
        for entry in &self.entries {
            let (kind, name) = (entry.spec.kind, entry.spec.texts.name);
            if !seen.insert((kind, name)) {
                return Some(format!("two commands are named `{name}`"));
            }
            let mut completed = Vec::new();
            entry.spec.body.completed("", &mut completed);
            let lacks = |(path, option): &(String, &'static str)| {
                entry.completers.find(path, option).is_none()
            };
            if let Some((path, option)) = completed.into_iter().find(lacks) {
                return Some(format!(
                    "option `{option}` of `/{}` has autocomplete, and no function for it",
                    spec::joined(name, &path).trim_end()
                ));
            }
        }
        let slash = |command: &&Value| command["type"] == CommandType::ChatInput.number();
        let too_many =
            |commands: &Vec<Value>| commands.iter().filter(slash).count() > SLASH_COMMANDS;
        let declared = self.declared();
        declared.0.values().any(too_many).then(|| {
            format!(
                "Discord takes {SLASH_COMMANDS} slash commands in one place, and these are more"
            )
        })
    }

    /// Joins the commands to an app.
    fn join(self, mut app: App<S>) -> App<S> {
        if let Some(problem) = self.problem() {
            return app.refused(problem);
        }
        let cooldowns = Cooldowns::default();
        let mut rules = Rules::new();
        for entry in self
            .entries
            .iter()
            .filter(|entry| !entry.cooldowns.is_empty())
        {
            let key = (entry.spec.kind.number(), entry.spec.texts.name.to_owned());
            rules.insert(key, entry.cooldowns.clone());
        }
        if !rules.is_empty() {
            let source = self.client.source().as_str();
            app = app.projection(cooldowns.projection(source, rules));
        }
        let known = self.entries.iter();
        let known = known.map(|entry| (entry.spec.kind.number(), entry.spec.texts.name));
        let known: HashSet<(i64, &'static str)> = known.collect();
        let declared = self.is_registered.then(|| self.declared());
        let set = Arc::new(Set {
            client: self.client,
            application: OnceCell::new(),
            cooldowns,
            on_error: self.on_error,
        });
        let source = set.client.source().clone();
        for entry in self.entries {
            let set = Arc::clone(&set);
            app = app.on(Caller { set, entry });
        }
        if self.answers_unknown {
            let set = Arc::clone(&set);
            app =
                app.on(Unknown { set, known }.named(format!("discord/{source}/unknown commands")));
        }
        if let Some(declared) = declared {
            let has_registered = AtomicBool::new(false);
            let registrar = Registrar {
                set,
                declared: Arc::new(declared),
                has_registered: Arc::new(has_registered),
            };
            app = app.on(registrar
                .named(format!("discord/{source}/registration"))
                // A wait for Discord's limits of registration may take some minutes.
                .deadline(Duration::from_secs(15 * 60)));
        }
        app
    }
}

impl<S: Send + Sync + 'static> App<S> {
    /// Adds the commands of a Discord bot, whose source the app has; see [`commands`](crate::commands).
    ///
    /// Commands that Discord would refuse in their number, or that have one name, are
    /// [`RunError::Configuration`](crate::RunError::Configuration) when the app starts.
    #[must_use]
    pub fn commands(self, commands: Commands<S>) -> Self {
        commands.join(self)
    }
}

/// What the handlers of a set share.
struct Set<S> {
    client: Client,
    application: OnceCell<Application>,
    cooldowns: Cooldowns,
    on_error: Option<OnError<S>>,
}

impl<S> Set<S> {
    /// The bot's application, which is read once.
    async fn application(&self) -> Result<&Application, RequestError> {
        self.application
            .get_or_try_init(|| Application::read(&self.client))
            .await
    }
}

/// What is asked of the bot's application.
#[derive(Debug)]
struct Application {
    id: Id<ApplicationMarker>,
    owners: Vec<Id<UserMarker>>,
}

impl Application {
    async fn read(client: &Client) -> Result<Self, RequestError> {
        let application = client.current_user_application().await?;
        let mut owners = Vec::new();
        match &application.team {
            Some(team) => {
                owners.extend(team.owner_user_id);
                let members = team.members.iter().filter(|member| {
                    member.membership_state == TeamMembershipState::Accepted
                        && member.role != TeamMemberRole::ReadOnly
                });
                owners.extend(members.map(|member| member.user.id));
            }
            None => owners.extend(application.owner.as_ref().map(|owner| owner.id)),
        }
        Ok(Self {
            id: application.id,
            owners,
        })
    }
}

/// Declarations by the place they are registered in; `None` is everywhere.
#[derive(Debug, Default)]
struct Declared(BTreeMap<Option<Id<GuildMarker>>, Vec<Value>>);

impl Declared {
    async fn register(
        &self,
        client: &Client,
        application: Id<ApplicationMarker>,
    ) -> (Registered, Vec<RegisterError>) {
        let (mut done, mut errors) = (Registered::default(), Vec::new());
        for (guild, commands) in &self.0 {
            let failed = register::register(client, application, *guild, commands, &mut done);
            errors.extend(failed.await);
        }
        (done, errors)
    }
}

/// The handler that registers the commands when the first connection of a run stands.
///
/// A resumed session begins without a READY, and after a restart it is the usual one; what tells of both is the link.
struct Registrar<S> {
    set: Arc<Set<S>>,
    declared: Arc<Declared>,
    has_registered: Arc<AtomicBool>,
}

impl<S: Send + Sync + 'static> HandlerExt<Called> for Registrar<S> {
    type Payload = Link;
}

impl<S: Send + Sync + 'static> Handler<Called, S> for Registrar<S> {
    fn call(&self, link: Arc<Link>, context: &Context<'_, S>) -> HandlerFuture {
        let is_due = link.state.is_connected()
            && context.event.source() == self.set.client.source()
            && !self.has_registered.swap(true, Ordering::Relaxed);
        let (set, declared) = (Arc::clone(&self.set), Arc::clone(&self.declared));
        let has_registered = Arc::clone(&self.has_registered);
        Box::pin(async move {
            if !is_due {
                return Ok(());
            }
            let application = match set.application().await {
                Ok(application) => application.id,
                Err(error) => {
                    let error = RegisterError::Application(error);
                    told(&error);
                    has_registered.store(false, Ordering::Relaxed);
                    return Ok(());
                }
            };
            let (done, errors) = declared.register(&set.client, application).await;
            let Registered {
                created,
                updated,
                deleted,
                unchanged,
            } = &done;
            if created.len() + updated.len() + deleted.len() == 0 {
                debug!(unchanged, "the commands are registered already");
            } else {
                info!(
                    ?created,
                    ?updated,
                    ?deleted,
                    unchanged,
                    "commands were registered"
                );
            }
            if !errors.is_empty() {
                errors.iter().for_each(told);
                // The next connection tries again.
                has_registered.store(false, Ordering::Relaxed);
            }
            Ok(())
        })
    }
}

/// Logs a failed registration.
fn told(failed: &RegisterError) {
    error!(
        error = %antiphon_core::error_chain(failed),
        "commands are not registered as they are declared; the bot goes on with what Discord knows"
    );
}

/// The handler of commands that are not declared.
struct Unknown<S> {
    set: Arc<Set<S>>,
    known: HashSet<(i64, &'static str)>,
}

impl<S: Send + Sync + 'static> HandlerExt<Called> for Unknown<S> {
    type Payload = InteractionCreate;
}

impl<S: Send + Sync + 'static> Handler<Called, S> for Unknown<S> {
    fn call(&self, interaction: Arc<InteractionCreate>, context: &Context<'_, S>) -> HandlerFuture {
        let set = Arc::clone(&self.set);
        let is_own = context.event.source() == set.client.source();
        let is_typed = interaction.kind == InteractionType::ApplicationCommandAutocomplete;
        let invocation = Invocation::new(set.client.clone(), interaction);
        let on_error = set.on_error.as_ref().map(|handler| handler(context));
        Box::pin(async move {
            let Some(invocation) = invocation.filter(|_| is_own) else {
                return Ok(());
            };
            if is_typed {
                if let Err(error) = invocation.answers().autocomplete(Vec::new()).await {
                    debug!(command = invocation.name(), %error, "choices came too late");
                }
                return Ok(());
            }
            tell(&invocation, CommandError::Unknown, on_error).await;
            let name = invocation.name();
            Err(HandlerError::message(format!(
                "the command `{name}` is not declared"
            )))
        })
    }

    fn passes(&self, view: &view::Interaction<'_>) -> bool {
        let kind = view.data.kind.and_then(|kind| i64::try_from(kind).ok());
        is_of_command(view) && !self.known.contains(&(kind.unwrap_or(1), &*view.data.name))
    }

    fn options(&self) -> crate::handler::Options {
        crate::handler::Options {
            name: "unknown commands".into(),
            named: true,
            attempts: 1,
            deadline: Duration::from_secs(60),
            filtered: true,
            fallback: false,
            saves: false,
        }
    }
}
