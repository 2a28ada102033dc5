//! The list of simulated platforms, and everything that looks into it.
//!
//! A platform appears once, in the list of `lib.rs`; ports, commands, addresses, help and the transcript follow from it.
//! A script and a request of the control address are read here, because both name their platform in the JSON itself.

use std::{any::Any, sync::Arc, time::Duration};

use serde_json::{Map, Value, json};

use crate::{
    PLATFORMS, bounds,
    command::{self, Command, CommandError, period},
    discord::Discord,
    lavalink::Lavalink,
    options::{Options, UnknownServer},
    platform::{Platform, Simulated, Start, find},
    queup::QueUp,
    stackexchange::StackExchange,
    world_file::{FromFile as _, WorldFile},
};

/// Platform of the commands that name none.
const DEFAULT: &str = QueUp::NAME;

/// A platform before it starts.
pub(crate) struct Kind {
    /// Name in commands, ports, addresses and the ledger.
    name: &'static str,
    /// Starts the platform, and gives its control handle.
    start: fn(&Start<'_>) -> Box<dyn Platform>,
    /// Reads one of its commands.
    parse: fn(&str, Map<String, Value>) -> Result<Command, CommandError>,
    /// Its commands, as `GET /commands` shows them.
    help: fn() -> Vec<Value>,
}

impl Kind {
    pub(crate) const fn of<P: Simulated>() -> Self {
        Self {
            name: P::NAME,
            start: |start| Box::new(P::start(start)),
            parse: |name, fields| command::parse(P::NAME, P::COMMANDS, name, fields),
            help: || {
                let rows = P::COMMANDS.iter();
                rows.map(
                    |row| json!({"do": row.name, "help": row.help.trim(), "fields": row.fields}),
                )
                .collect()
            },
        }
    }
}

/// The platforms of one simulation; clones are the same ones.
#[derive(Clone)]
pub(crate) struct Platforms(Arc<[Box<dyn Platform>]>);

impl Platforms {
    /// Starts every platform.
    pub(crate) fn start(world: crate::World, ledger: &crate::Ledger, options: &Options) -> Self {
        let mut started: Vec<Box<dyn Platform>> = Vec::new();
        for kind in PLATFORMS {
            let platform = (kind.start)(&Start {
                world,
                ledger,
                options,
                started: &started,
            });
            started.push(platform);
        }
        Self(started.into())
    }

    /// The platforms with their names.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&'static str, &dyn Platform)> {
        let names = PLATFORMS.iter().map(|kind| kind.name);
        names.zip(self.0.iter().map(|platform| &**platform))
    }

    /// The control handle of this type.
    pub(crate) fn get<P: Simulated>(&self) -> P {
        let platform: Option<&P> = find(&self.0);
        platform
            .expect("every platform of the list was started")
            .clone()
    }

    /// The platform of this name.
    pub(crate) fn named(&self, name: &str) -> &dyn Platform {
        let found = self.iter().find(|(known, _)| *known == name);
        found.expect("names come from the list of platforms").1
    }

    /// Executes a command at once; returns its outcome, such as the id of a message.
    pub(crate) fn execute(&self, command: &Command) -> Result<Value, CommandError> {
        let platform: &dyn Any = self.named(command.platform);
        (command.action)(platform)
    }

    /// The present world of every platform.
    pub(crate) fn world(&self) -> WorldFile {
        let lavalink: Lavalink = self.get();
        let queup: QueUp = self.get();
        let chat: StackExchange = self.get();
        WorldFile {
            inherit: false,
            discord: Some(self.get::<Discord>().act(|state| state.to_file())),
            lavalink: Some(Simulated::server(&lavalink).with(|state| state.to_file())),
            queup: Some(Simulated::server(&queup).with(|state| state.to_file())),
            stackexchange: Some(Simulated::server(&chat).with(|state| state.to_file())),
        }
    }

    /// Every command's name, help and fields, by platform.
    pub(crate) fn help() -> Value {
        let platforms = PLATFORMS.iter();
        let platforms = platforms.map(|kind| (kind.name.to_owned(), Value::Array((kind.help)())));
        Value::Object(platforms.collect())
    }
}

impl Command {
    /// Reads a command from a JSON object.
    ///
    /// `at` may be a text such as `2s` or a number of seconds; a name may be written with hyphens or underscores.
    ///
    /// # Errors
    ///
    /// [`CommandError`] if the text is no command of its platform, or a field is wrong or asks for too much.
    pub fn parse(text: &str) -> Result<Self, CommandError> {
        let Ok(Value::Object(mut fields)) = serde_json::from_str(text) else {
            return Err(CommandError::Shape);
        };
        let at = match fields.remove("at") {
            None => Duration::ZERO,
            Some(at) => period::parse(at.as_str().unwrap_or(&at.to_string()))
                .ok_or_else(|| CommandError::Unknown(format!("`at` is no time: {at}")))?,
        };
        let platform = fields.remove("platform").unwrap_or_else(|| json!(DEFAULT));
        let Some(Value::String(name)) = fields.remove("do") else {
            return Err(CommandError::Shape);
        };
        let name = name.replace('-', "_");
        bounds::check(&name, &fields)?;
        let platform = platform.as_str().unwrap_or("that");
        let kind = PLATFORMS.iter().find(|kind| kind.name == platform);
        let kind = kind.ok_or_else(|| CommandError::Platform(platform.to_owned()))?;
        let mut command = (kind.parse)(&name, fields)?;
        command.at = at;
        Ok(command)
    }

    /// Reads a script: one command a line; empty lines and lines that begin with `#` are skipped.
    ///
    /// Commands need not be sorted by their times.
    ///
    /// # Errors
    ///
    /// [`CommandError::Line`] for the first line that is wrong.
    ///
    /// # Examples
    ///
    /// ```
    /// use antiphon_sim::{Command, Options, Simulator};
    ///
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), antiphon_sim::CommandError> {
    /// let script = r#"
    /// ## A room whose sockets are cut after four seconds.
    /// {"at":"2s","do":"say","place":"room/choir-loft","by":"mira","text":"hello"}
    /// {"at":"4s","do":"cut","platform":"queup","for":"2s"}
    /// "#;
    /// let script = Command::parse_script(script)?;
    /// let sim = Simulator::over_pipes(&Options::new().script(script));
    /// # drop(sim);
    /// # Ok(())
    /// # }
    /// ```
    pub fn parse_script(text: &str) -> Result<Vec<Self>, CommandError> {
        text.lines()
            .enumerate()
            .filter(|(_, line)| !line.trim().is_empty() && !line.trim_start().starts_with('#'))
            .map(|(index, line)| {
                Self::parse(line).map_err(|error| CommandError::Line {
                    line: index + 1,
                    error: Box::new(error),
                })
            })
            .collect()
    }
}

impl Options {
    /// Name of the control address among the servers.
    pub(crate) const CONTROL: &str = "control";

    /// Sets the port of the control address (`control`), or the first port of a platform (`discord`, `lavalink`,
    /// `queup`, `stackexchange`). Default: 0, which takes a free port.
    ///
    /// Discord has two: the given one for REST, and the next for the Gateway. Each further node of `lavalink` has the
    /// next port.
    ///
    /// # Errors
    ///
    /// [`UnknownServer`] if there is no server of that name.
    pub fn port(mut self, server: &str, port: u16) -> Result<Self, UnknownServer> {
        let names = || std::iter::once(Self::CONTROL).chain(PLATFORMS.iter().map(|kind| kind.name));
        let Some(name) = names().find(|name| *name == server) else {
            let known: Vec<&str> = names().collect();
            return Err(UnknownServer::new(server, &known));
        };
        self.ports.insert(name, port);
        Ok(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_unknown_command_is_told_which_ones_there_are() {
        let error = Command::parse(r#"{"do":"dance"}"#).expect_err("no such command");
        let text = error.to_string();
        assert!(
            text.contains("unknown variant `dance`") && text.contains("`say`"),
            "{text}"
        );
    }

    #[test]
    fn a_misspelt_field_is_an_error() {
        let command = r#"{"do":"say","place":"room/choir-loft","by":"mira","txt":"hello"}"#;
        assert!(Command::parse(command).is_err());
    }

    #[test]
    fn a_script_names_the_line_that_is_wrong() {
        let script = "# a story\n{\"at\":\"2s\",\"do\":\"cut\",\"platform\":\"queup\",\"for\":\"2s\"}\n\n{\"do\":1}\n";
        let error = Command::parse_script(script).expect_err("line 4 is wrong");
        assert!(error.to_string().starts_with("line 4"), "{error}");
        let sound = script.lines().take(2).collect::<Vec<_>>().join("\n");
        let commands = Command::parse_script(&sound).expect("a sound script");
        assert_eq!(commands[0].at, Duration::from_secs(2));
    }
}
