//! Cooldowns: how often a command may be used.
//!
//! A cooldown is decided from the events alone: the head shows every used command to a projection, which counts it at the
//! time that Discord's id of the interaction contains.
//! The journal saves the projection and shows it again what came after, so that neither a restart nor a crash resets a
//! cooldown, and a redelivered command is not counted twice.
//! A use that a check refuses later is given back.

use std::{
    collections::{BTreeMap, HashMap},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use antiphon_core::{Before, BoxError, Event, Payload as _, Projection};
use antiphon_discord::{
    InteractionCreate,
    model::{Interaction, InteractionType, id::Id},
    moment_of,
};
use jiff::Timestamp;
use serde_json::{Value, json};

use super::invocation::{data, path};

/// Most windows that are counted at a time.
const WINDOWS: usize = 16_384;
/// Most decisions that are remembered, each for the life of an interaction.
const DECISIONS: usize = 8192;
/// Milliseconds for which an interaction can be answered
/// (<https://discord.com/developers/docs/interactions/receiving-and-responding#followup-messages>).
const LIFE: i64 = 15 * 60 * 1000;

/// A limit of how often a command may be used: a number of uses in a window of time, which begins with the first of them.
///
/// Further uses until the window ends are [`CommandError::Cooldown`](super::CommandError::Cooldown), and the user is told
/// when it ends.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon::commands::Cooldown;
///
/// // Three uses by one user in a minute.
/// let cooldown = Cooldown::user(Duration::from_secs(60)).uses(3);
/// // One use of `/queue add` in ten seconds, in each guild.
/// let add = Cooldown::guild(Duration::from_secs(10)).of("add");
/// ```
///
/// At most 16,384 windows are counted at a time for all commands of a bot; beyond that, those that end first are forgotten.
/// A use that a check refuses counts until the check has run, and no longer; one of the last ten seconds before a crash may
/// go on counting after it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cooldown {
    per: Per,
    window: Duration,
    uses: u32,
    subcommand: Option<String>,
}

/// Whose uses are counted together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Per {
    User,
    Member,
    Channel,
    Guild,
    All,
}

impl Cooldown {
    fn per(per: Per, window: Duration) -> Self {
        Self {
            per,
            window,
            uses: 1,
            subcommand: None,
        }
    }

    /// Counts the uses of each user.
    pub fn user(window: Duration) -> Self {
        Self::per(Per::User, window)
    }

    /// Counts the uses of each user in each guild; in direct messages, in each of them.
    pub fn member(window: Duration) -> Self {
        Self::per(Per::Member, window)
    }

    /// Counts the uses in each channel.
    pub fn channel(window: Duration) -> Self {
        Self::per(Per::Channel, window)
    }

    /// Counts the uses in each guild; in direct messages, of each user.
    pub fn guild(window: Duration) -> Self {
        Self::per(Per::Guild, window)
    }

    /// Counts all uses together.
    pub fn global(window: Duration) -> Self {
        Self::per(Per::All, window)
    }

    /// Sets how many uses a window has. Default: 1; at least 1.
    #[must_use]
    pub fn uses(mut self, uses: u32) -> Self {
        self.uses = uses.max(1);
        self
    }

    /// Counts one subcommand alone, or one group: its name, such as `add` or `queue add`. Default: the whole command.
    #[must_use]
    pub fn of(mut self, subcommand: impl Into<String>) -> Self {
        self.subcommand = Some(subcommand.into());
        self
    }

    /// The window that a use counts in; none if it is of another subcommand.
    fn key(&self, command: &str, path: &str, interaction: &Interaction) -> Option<String> {
        if let Some(subcommand) = &self.subcommand {
            let inner = path.strip_prefix(command)?.strip_prefix(' ')?;
            let rest = inner.strip_prefix(&**subcommand)?;
            if !rest.is_empty() && !rest.starts_with(' ') {
                return None;
            }
        }
        let user = interaction.author_id()?.get();
        let channel = interaction.channel_id.map_or(user, Id::get);
        let guild = interaction.guild_id.map(Id::get);
        let who = match (self.per, guild) {
            (Per::User, _) => format!("user {user}"),
            (Per::Member, Some(guild)) => format!("member {guild} {user}"),
            (Per::Member, None) => format!("member {channel} {user}"),
            (Per::Channel, _) => format!("channel {channel}"),
            (Per::Guild, Some(guild)) => format!("guild {guild}"),
            (Per::Guild, None) => format!("guild @me {user}"),
            (Per::All, _) => "all".to_owned(),
        };
        let subcommand = self.subcommand.as_deref().unwrap_or_default();
        let (count, window) = (self.uses, self.window.as_millis());
        Some(format!("{command}/{subcommand}/{count}/{window}/{who}"))
    }
}

/// The cooldowns of a bot's commands, by type and name.
pub(super) type Rules = HashMap<(i64, String), Vec<Cooldown>>;

/// What was counted and decided.
#[derive(Debug, Default)]
struct Ledger {
    /// End in milliseconds since 1970 and uses, by key.
    windows: HashMap<String, (i64, u32)>,
    /// Decisions by the id of the interaction, the oldest first.
    decisions: BTreeMap<u64, Decision>,
}

#[derive(Debug)]
enum Decision {
    /// It was counted in these windows.
    Counted(Vec<String>),
    /// It was refused until this time, in milliseconds since 1970.
    Refused(i64),
}

impl Ledger {
    /// Counts a use at a time, or refuses it.
    fn used(&mut self, id: u64, at: i64, cooldowns: &[(String, &Cooldown)]) {
        let full = cooldowns.iter().filter_map(|(key, cooldown)| {
            let (end, uses) = *self.windows.get(key)?;
            (end > at && uses >= cooldown.uses).then_some(end)
        });
        let decision = if let Some(end) = full.max() {
            Decision::Refused(end)
        } else {
            for (key, cooldown) in cooldowns {
                let length = i64::try_from(cooldown.window.as_millis()).unwrap_or(i64::MAX);
                let new = (at.saturating_add(length), 0);
                let window = self.windows.entry(key.clone()).or_insert(new);
                if window.0 <= at {
                    *window = new;
                }
                window.1 += 1;
            }
            Decision::Counted(cooldowns.iter().map(|(key, _)| key.clone()).collect())
        };
        self.decisions.insert(id, decision);
        self.forget(at);
    }

    /// Forgets what is over, and what is too much.
    fn forget(&mut self, now: i64) {
        while let Some((&id, _)) = self.decisions.first_key_value()
            && (moment_of(id).as_millisecond() + LIFE < now || self.decisions.len() > DECISIONS)
        {
            self.decisions.pop_first();
        }
        if self.windows.len() <= WINDOWS {
            return;
        }
        self.windows.retain(|_, (end, _)| *end > now);
        if self.windows.len() > WINDOWS {
            // A sixteenth at a time, so that the next uses need not look for it.
            let mut ends: Vec<i64> = self.windows.values().map(|(end, _)| *end).collect();
            let (_, last, _) = ends.select_nth_unstable(WINDOWS / 16);
            let last = *last;
            self.windows.retain(|_, (end, _)| *end > last);
        }
    }

    fn give_back(&mut self, id: u64) {
        let Some(Decision::Counted(keys)) = self.decisions.get_mut(&id) else {
            return;
        };
        for key in std::mem::take(keys) {
            if let Some((_, uses)) = self.windows.get_mut(&key) {
                *uses -= 1;
                if *uses == 0 {
                    self.windows.remove(&key);
                }
            }
        }
    }

    fn save(&self) -> Value {
        let decisions = self.decisions.iter().map(|(id, decision)| match decision {
            Decision::Counted(keys) => json!([id, keys]),
            Decision::Refused(end) => json!([id, end]),
        });
        let windows = self.windows.iter();
        let windows = windows.map(|(key, (end, uses))| json!([key, end, uses]));
        json!({
            "windows": windows.collect::<Vec<_>>(),
            "decisions": decisions.collect::<Vec<_>>(),
        })
    }

    /// `None` if these are not saved cooldowns.
    fn restore(saved: &Value) -> Option<Self> {
        let mut ledger = Self::default();
        for window in saved["windows"].as_array()? {
            let uses = u32::try_from(window[2].as_u64()?).ok()?;
            let counted = (window[1].as_i64()?, uses);
            ledger
                .windows
                .insert(window[0].as_str()?.to_owned(), counted);
        }
        for decision in saved["decisions"].as_array()? {
            let kept = match &decision[1] {
                Value::Array(keys) => {
                    let keys = keys.iter().map(|key| key.as_str().map(str::to_owned));
                    Decision::Counted(keys.collect::<Option<_>>()?)
                }
                end => Decision::Refused(end.as_i64()?),
            };
            ledger.decisions.insert(decision[0].as_u64()?, kept);
        }
        Some(ledger)
    }
}

/// The cooldowns as handlers ask for them.
#[derive(Clone, Default)]
pub(super) struct Cooldowns(Arc<Mutex<Ledger>>);

impl Cooldowns {
    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// When a refused command may be used again; `None` if it was not refused.
    pub(super) fn refused(&self, used: &Interaction) -> Option<Timestamp> {
        match self.ledger().decisions.get(&used.id.get())? {
            Decision::Refused(end) => Timestamp::from_millisecond(*end).ok(),
            Decision::Counted(_) => None,
        }
    }

    /// Takes back the count of a use that was refused for another reason.
    pub(super) fn give_back(&self, used: &Interaction) {
        self.ledger().give_back(used.id.get());
    }

    /// The projection that counts.
    pub(super) fn projection(&self, source: &str, rules: Rules) -> impl Projection + use<> {
        Counter {
            name: format!("discord/{source}/cooldowns"),
            source: source.to_owned(),
            rules,
            cooldowns: self.clone(),
        }
    }
}

impl fmt::Debug for Cooldowns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ledger = self.ledger();
        f.debug_struct("Cooldowns")
            .field("windows", &ledger.windows.len())
            .field("decisions", &ledger.decisions.len())
            .finish()
    }
}

/// The projection.
struct Counter {
    name: String,
    source: String,
    rules: Rules,
    cooldowns: Cooldowns,
}

impl Counter {
    fn count(&self, event: &Event) -> Option<()> {
        let view = InteractionCreate::view(event).ok()?;
        if view.kind != Some(InteractionType::ApplicationCommand) {
            return None;
        }
        let kind = i64::try_from(view.data.kind?).ok()?;
        let command = view.data.name.into_owned();
        let rules = self.rules.get(&(kind, command.clone()))?;
        let used = InteractionCreate::decode(event).ok()?;
        let path = path(data(&used)?);
        let cooldowns = rules.iter().filter_map(|cooldown| {
            Some((
                cooldown.key(
                    &format!("{kind}:{command}"),
                    &format!("{kind}:{path}"),
                    &used,
                )?,
                cooldown,
            ))
        });
        let cooldowns: Vec<_> = cooldowns.collect();
        let id = used.id.get();
        let at = moment_of(id).as_millisecond();
        self.cooldowns.ledger().used(id, at, &cooldowns);
        Some(())
    }
}

impl Projection for Counter {
    fn name(&self) -> &str {
        &self.name
    }

    fn apply(&mut self, event: &Event) -> Before {
        if *event.kind() == InteractionCreate::KINDS[0] && event.source().as_str() == self.source {
            self.count(event);
        }
        Before::NOTHING
    }

    fn save(&self) -> Option<Vec<u8>> {
        serde_json::to_vec(&self.cooldowns.ledger().save()).ok()
    }

    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
        let saved: Value = antiphon_core::read_json(saved)?;
        let ledger = Ledger::restore(&saved).ok_or("these are not saved cooldowns")?;
        *self.cooldowns.ledger() = ledger;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The id of an interaction at a second.
    fn id(second: u64) -> u64 {
        (second * 1000) << 22
    }

    fn at(second: u64) -> i64 {
        moment_of(id(second)).as_millisecond()
    }

    fn use_at(ledger: &mut Ledger, second: u64, key: &str, cooldown: &Cooldown) -> bool {
        ledger.used(id(second), at(second), &[(key.to_owned(), cooldown)]);
        matches!(ledger.decisions[&id(second)], Decision::Counted(_))
    }

    #[test]
    fn a_window_begins_with_its_first_use_and_takes_so_many() {
        let cooldown = Cooldown::user(Duration::from_secs(10)).uses(2);
        let mut ledger = Ledger::default();
        let taken =
            [1, 5, 9, 11, 12, 20, 21].map(|second| use_at(&mut ledger, second, "a", &cooldown));
        assert_eq!(taken, [true, true, false, true, true, false, true]);
        assert!(use_at(&mut ledger, 22, "b", &cooldown), "another user");
    }

    #[test]
    fn a_use_that_was_given_back_once_is_free_again() {
        let cooldown = Cooldown::user(Duration::from_secs(10));
        let mut ledger = Ledger::default();
        assert!(use_at(&mut ledger, 1, "a", &cooldown));
        ledger.give_back(id(1));
        assert!(use_at(&mut ledger, 2, "a", &cooldown));
        ledger.give_back(id(1));
        assert!(
            !use_at(&mut ledger, 3, "a", &cooldown),
            "it is given back only once"
        );
    }

    #[test]
    fn what_was_saved_decides_as_before() {
        let cooldown = Cooldown::user(Duration::from_secs(10));
        let mut ledger = Ledger::default();
        use_at(&mut ledger, 1, "a", &cooldown);
        use_at(&mut ledger, 2, "a", &cooldown);
        let mut again = Ledger::restore(&ledger.save()).expect("saved");
        assert!(matches!(again.decisions[&id(2)], Decision::Refused(end) if end == at(11)));
        assert!(!use_at(&mut again, 10, "a", &cooldown));
        assert!(use_at(&mut again, 11, "a", &cooldown));
        assert!(Ledger::restore(&json!([])).is_none());
    }

    #[test]
    fn windows_and_decisions_are_bounded() {
        let cooldown = Cooldown::user(Duration::from_secs(1 << 30));
        let mut ledger = Ledger::default();
        for number in 0..(WINDOWS as u64 + 10) {
            use_at(&mut ledger, number, &number.to_string(), &cooldown);
            assert!(ledger.windows.len() <= WINDOWS);
        }
        assert!(
            ledger.windows.len() > WINDOWS / 2,
            "only some are forgotten"
        );
        // 15 minutes of one use a second.
        assert!(
            (899..=901).contains(&ledger.decisions.len()),
            "{}",
            ledger.decisions.len()
        );
    }

    #[test]
    fn a_cooldown_of_a_subcommand_leaves_the_others_alone() {
        let sent = r#"{"id":"7","application_id":"9","type":2,"token":"t","version":1,"user":{"id":"33"}}"#;
        let (used, _) =
            antiphon_discord::model::from_str::<Interaction>(sent).expect("an interaction");
        let cooldown = Cooldown::user(Duration::from_secs(1)).of("queue");
        assert!(cooldown.key("music", "music queue add", &used).is_some());
        assert!(cooldown.key("music", "music queue", &used).is_some());
        assert!(cooldown.key("music", "music queued", &used).is_none());
        assert!(cooldown.key("music", "music", &used).is_none());
    }
}
