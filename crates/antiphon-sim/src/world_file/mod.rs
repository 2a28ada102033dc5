//! World file: guilds, rooms, nodes and people that a simulation begins with, as TOML or JSON.
//!
//! The file is the form in which a world is given to [`Options::world`](crate::Options::world), and in which
//! `GET {control}/world` gives the present one back. Each platform has its section, declared beside the others here and
//! turned into a state, and back, by the platform's own `world_file.rs`.
//!
//! A file is checked by building every platform from it once, so that starting a simulation cannot fail any more.

pub(crate) mod discord;
mod error;
pub(crate) mod lavalink;
pub(crate) mod queup;
mod reader;
pub(crate) mod stackexchange;
pub(crate) mod value;

use antiphon_core::Clock;
use schemars::{JsonSchema, generate::SchemaSettings};
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub(crate) use error::{Names, Problem, nearest};
pub use error::{WorldFileError, nearest_word};

use crate::{check_world, ledger::Ledger, world::World};

/// World that a simulation begins with: guilds, rooms, nodes and people.
///
/// A list that is left out is the default world's, or empty with `inherit = false`; a list that is given replaces the
/// default one. docs/simulator-world.md describes every key.
///
/// ```
/// use antiphon_sim::{Options, Simulator, WorldFile};
///
/// # #[tokio::main(flavor = "current_thread", start_paused = true)]
/// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let world = WorldFile::from_toml(
///     r#"
///     [[discord.guilds]]
///     name = "observatory"
///     owner = "ada"
///     channels = [{ name = "dome" }]
///     members = [{ name = "antiphon" }]
///     "#,
/// )?;
/// let sim = Simulator::over_pipes(&Options::new().world(world));
/// assert!(sim.discord().channel("dome").is_some());
/// assert!(sim.discord().channel("lobby").is_none());
/// // QueUp was left out, and is as it is by default.
/// assert!(sim.queup().find_room("choir-loft").is_some());
///
/// let error = WorldFile::from_toml("[discord]\nguild = []\n").expect_err("a misspelt key");
/// assert_eq!((error.line(), error.hint()), (Some(2), Some("did you mean `guilds`?")));
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(
    title = "World of the simulator",
    description = "World that a simulation begins with: guilds, rooms, nodes and people. docs/simulator-world.md describes every key."
)]
pub struct WorldFile {
    /// Whether lists that are left out are those of the default world; else they are empty.
    #[serde(default = "yes")]
    pub(crate) inherit: bool,
    /// Discord: bots, users and guilds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) discord: Option<discord::Section>,
    /// Lavalink: nodes, tracks and playlists.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) lavalink: Option<lavalink::Section>,
    /// QueUp: people, songs and rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) queup: Option<queup::Section>,
    /// Stack Exchange chat: people and rooms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) stackexchange: Option<stackexchange::Section>,
}

/// Default of keys that are true unless the file says otherwise.
pub(crate) fn yes() -> bool {
    true
}

/// Whether a flag has the default `true`, and is left out of a file that is written.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(crate) fn is_yes(flag: &bool) -> bool {
    *flag
}

/// Whether a flag has the default `false`.
#[expect(
    clippy::trivially_copy_pass_by_ref,
    reason = "serde calls it with a reference"
)]
pub(crate) fn is_no(flag: &bool) -> bool {
    !*flag
}

/// Whether a number is 0, and is left out of a file that is written.
pub(crate) fn is_zero<N: Default + PartialEq>(number: &N) -> bool {
    *number == N::default()
}

impl Default for WorldFile {
    /// The default world.
    fn default() -> Self {
        Self {
            inherit: true,
            discord: None,
            lavalink: None,
            queup: None,
            stackexchange: None,
        }
    }
}

impl WorldFile {
    /// Longest file: 16 MiB.
    pub const BYTES: usize = 16 << 20;

    /// Reads a file of TOML.
    ///
    /// # Errors
    ///
    /// [`WorldFileError`] if the text is longer than [`WorldFile::BYTES`], is no TOML, has an unknown key or a value
    /// that does not fit, or describes a world that cannot be.
    pub fn from_toml(text: &str) -> Result<Self, WorldFileError> {
        let file = reader::toml(text)?;
        check_world(&file).map_err(|problem| {
            let line = reader::line_of(text, &problem.path);
            WorldFileError::of(problem, line)
        })?;
        Ok(file)
    }

    /// Reads a file of JSON.
    ///
    /// # Errors
    ///
    /// As of [`WorldFile::from_toml`].
    pub fn from_json(text: &str) -> Result<Self, WorldFileError> {
        let file = reader::json(text)?;
        check_world(&file).map_err(|problem| WorldFileError::of(problem, None))?;
        Ok(file)
    }

    /// Builds a platform once, if it has a section.
    pub(crate) fn build<S: FromFile>(&self, section: Option<&S::Section>) -> Result<(), Problem> {
        let Some(section) = section else {
            return Ok(());
        };
        let world = World::new(0, 0, Clock::system());
        let (ledger, settings) = (Ledger::default(), S::Settings::default());
        S::of_file(world, ledger, settings, section, self.inherit).map(drop)
    }

    /// The world as JSON, which [`WorldFile::from_json`] reads.
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a world has names as keys") + "\n"
    }

    /// The world as TOML, which [`WorldFile::from_toml`] reads.
    ///
    /// TOML has no null: fields of Discord's own objects that are null are left out.
    pub fn to_toml(&self) -> String {
        let mut value = serde_json::to_value(self).expect("a world has names as keys");
        drop_nulls(&mut value);
        toml::to_string(&value).expect("a world without nulls is a table")
    }

    /// JSON Schema of the file, which `antiphon sim --world-schema` prints.
    pub fn schema() -> Value {
        let generator = SchemaSettings::draft2020_12().into_generator();
        generator.into_root_schema_for::<Self>().to_value()
    }
}

/// State of a platform, made of its section of a world file and turned back into one.
pub(crate) trait FromFile: Sized {
    type Section: Default;
    type Settings: Default;

    /// The state of a file that leaves the section out.
    fn default_world(world: World, ledger: Ledger, settings: Self::Settings) -> Self;

    /// The state of a section; lists that it leaves out are those of the default world, or empty.
    ///
    /// # Errors
    ///
    /// The first place that describes something that cannot be.
    fn of_file(
        world: World,
        ledger: Ledger,
        settings: Self::Settings,
        section: &Self::Section,
        inherit: bool,
    ) -> Result<Self, Problem>;

    /// The section of the present state.
    fn to_file(&self) -> Self::Section;
}

/// Removes nulls from objects and lists.
fn drop_nulls(value: &mut Value) {
    match value {
        Value::Object(fields) => {
            fields.retain(|_, value| !value.is_null());
            fields.values_mut().for_each(drop_nulls);
        }
        Value::Array(items) => {
            items.retain(|value| !value.is_null());
            items.iter_mut().for_each(drop_nulls);
        }
        _ => {}
    }
}
