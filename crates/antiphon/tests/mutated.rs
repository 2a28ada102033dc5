//! A hundred thousand damaged payloads of each platform, through the intake, the journal's file, lanes and handlers.
//!
//! Each is stored byte for byte, and its handler has it typed or it is a dead letter with the reason. A later version of
//! the program, whose types can read them, handles every one of those when they are replayed; the stored rows stay as
//! they were. What sessions make of damaged frames is tested in the crates of the platforms.

#![expect(
    clippy::unwrap_used,
    reason = "a test may unwrap, also outside its own function"
)]

mod support;

use std::{
    collections::HashMap,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering},
    },
};

use antiphon::{
    App, DecodeError, Event, HandlerExt as _, Payload, Position, State, discord,
    journal::{Batch, Journal as _, SqliteJournal},
    lavalink::{self, Bytes},
    queup, stackexchange,
    testing::TestApp,
};
use antiphon_core::{
    BodyForm, DeadLetter, DeadLetterChange, DeadLetterId, Draft, Entry, Kind, Origin, Place,
};
use antiphon_sim::mutation::Mutator;
use serde_json::Value;

/// Payloads of each platform.
const PAYLOADS: usize = 100_000;
/// Places that they are spread over.
const PLACES: usize = 50;

/// How many payloads were handled.
type Count = Arc<AtomicUsize>;

/// Handles a payload of any type.
async fn count<P: Payload>(_: P, State(count): State<Count>) {
    count.fetch_add(1, Ordering::Relaxed);
}

/// An app with a handler for each payload, named by its kind.
macro_rules! app {
    ($count:expr, $($payload:ty),+ $(,)?) => {
        App::new(Count::clone($count)).named("mutated")$(
            .on(count::<$payload>.named(<$payload as Payload>::KINDS[0]))
        )+
    };
}

/// Sound payloads of one platform, each with its kind.
type Samples = Vec<(&'static str, Vec<u8>)>;

/// Puts the bodies of a fixture's rows under the kinds that a test has handlers for.
fn samples(rows: Vec<(String, Vec<u8>)>, kinds: &[&'static str]) -> Samples {
    let mut samples = Samples::new();
    for (kind, body) in rows {
        if let Some(kind) = kinds.iter().find(|known| **known == kind) {
            samples.push((kind, body));
        }
    }
    for kind in kinds {
        assert!(samples.iter().any(|(sample, _)| sample == kind), "{kind}");
    }
    samples
}

/// Damaged payloads.
fn damaged(samples: &Samples) -> Vec<(&'static str, Bytes)> {
    let mut mutator = Mutator::new(20_261_130);
    let numbers = 0..PAYLOADS;
    let damage = |number: usize| {
        let (kind, body) = &samples[number % samples.len()];
        (*kind, Bytes::from(mutator.damage(body)))
    };
    numbers.map(damage).collect()
}

/// Every dead letter.
async fn letters(journal: &SqliteJournal) -> Vec<DeadLetter> {
    let (mut all, mut after) = (Vec::new(), DeadLetterId(0));
    loop {
        let page = antiphon::journal::Journal::dead_letters(journal, after, 1000)
            .await
            .unwrap();
        let Some(last) = page.last() else { return all };
        after = last.id;
        all.extend(page);
    }
}

/// Holds what is stored against the payloads, in their order in each place.
async fn check_stored(journal: &SqliteJournal, payloads: &[(&'static str, Bytes)]) {
    let (mut after, mut count) = (Position::ZERO, 0);
    loop {
        let page = journal.read(after, 1000).await.unwrap();
        let Some(last) = page.last() else { break };
        after = last.position();
        for event in page
            .iter()
            .filter(|event| !event.kind().as_str().starts_with("antiphon."))
        {
            let (kind, body) = &payloads[count];
            assert_eq!((event.kind().as_str(), event.body()), (*kind, body));
            count += 1;
        }
    }
    assert_eq!(count, payloads.len());
}

/// Runs `first` over damaged payloads, and `later` over its dead letters.
async fn check(
    samples: Samples,
    first: impl FnOnce(&Count) -> App<Count>,
    later: impl FnOnce(&Count) -> App<Count>,
) {
    let payloads = damaged(&samples);
    let folder = tempfile::tempdir().unwrap();
    let journal = SqliteJournal::open(folder.path().join("mutated.sqlite"))
        .await
        .unwrap();
    let journal = Arc::new(journal);

    let sent = payloads.clone();
    let source = support::running("mutated", move |intake, stop| async move {
        for (number, (kind, body)) in sent.into_iter().enumerate() {
            let place = Place::from(format!("room/{}", number % PLACES));
            let origin = Origin::frame("mutated", number as u64);
            let form = BodyForm::of(&body);
            let mut draft = Draft::new(Kind::from_static(kind), place, origin, intake.now(), body);
            draft.form = form;
            if intake.send(Entry::event(draft)).await.is_err() {
                return Ok(());
            }
        }
        stop.closing().await;
        Ok(())
    });
    let typed = Count::default();
    let app = TestApp::start(first(&typed).source(source), Arc::clone(&journal)).await;
    // The app counts a payload as typed or makes it a dead letter, whose change is stored a moment later.
    let all =
        || async { typed.load(Ordering::Relaxed) + letters(&journal).await.len() == PAYLOADS };
    while !all().await {
        assert!(!app.has_ended());
        app.settle().await;
    }
    app.stop().await.unwrap();
    check_stored(&journal, &payloads).await;
    let dead = letters(&journal).await;
    assert!(dead.iter().all(|letter| !letter.error.is_empty()));
    // Some of both, or the damage is none.
    let dead_of = |least: usize| dead.len() > least && typed.load(Ordering::Relaxed) > least;
    assert!(dead_of(PAYLOADS / 100), "{} dead letters", dead.len());
    // What a dead letter has is what was stored.
    let mut bodies: HashMap<&[u8], usize> = HashMap::new();
    for (_, body) in &payloads {
        *bodies.entry(body).or_default() += 1;
    }
    assert!(
        dead.iter()
            .all(|letter| bodies.contains_key(&letter.event.body()[..]))
    );

    let replay = Batch {
        dead: dead
            .iter()
            .map(|letter| DeadLetterChange::Replay(letter.id))
            .collect(),
        ..Batch::default()
    };
    antiphon::journal::Journal::append(&*journal, Arc::new(replay))
        .await
        .unwrap();
    let read = Count::default();
    let app = TestApp::start(later(&read), Arc::clone(&journal)).await;
    app.until(|| read.load(Ordering::Relaxed) == dead.len())
        .await;
    while !letters(&journal).await.is_empty() {
        assert!(!app.has_ended());
        app.settle().await;
    }
    app.stop().await.unwrap();
    assert_eq!(read.load(Ordering::Relaxed), dead.len(), "each once");
    check_stored(&journal, &payloads).await;
}

/// Types of a later version, which read any body.
macro_rules! later {
    ($($name:ident = $payload:ty),+ $(,)?) => {$(
        #[derive(Clone)]
        struct $name;

        impl Payload for $name {
            const KINDS: &'static [&'static str] = &[<$payload as Payload>::KINDS[0]];
            type View<'a> = Self;

            fn view(_: &Event) -> Result<Self, DecodeError> {
                Ok(Self)
            }

            fn decode(_: &Event) -> Result<Self, DecodeError> {
                Ok(Self)
            }
        }
    )+};
}

/// A test of one platform, by its payloads and their fixture.
macro_rules! platform {
    (fn $test:ident($rows:expr), $($name:ident = $payload:ty),+ $(,)?) => {
        #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
        async fn $test() {
            later!($($name = $payload),+);
            let kinds = [$(<$payload as Payload>::KINDS[0]),+];
            check(
                samples($rows, &kinds),
                |count| app!(count, $($payload),+),
                |count| app!(count, $($name),+),
            )
            .await;
        }
    };
}

/// A fixture of this repository.
fn fixture(name: &str) -> String {
    std::fs::read_to_string(format!(
        "{}/../../fixtures/{name}",
        env!("CARGO_MANIFEST_DIR")
    ))
    .unwrap()
}

fn discord_rows() -> Vec<(String, Vec<u8>)> {
    let lines = fixture("discord/frames.ndjson");
    let rows = lines
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap());
    rows.map(|row| {
        (
            format!("discord.{}", row["name"].as_str().unwrap()),
            row["body"].to_string().into_bytes(),
        )
    })
    .collect()
}

fn queup_rows() -> Vec<(String, Vec<u8>)> {
    let rows: Vec<Value> = serde_json::from_str(&fixture("queup/recorded.json")).unwrap();
    rows.iter()
        .map(|row| {
            (
                row["kind"].as_str().unwrap().to_owned(),
                row["body"].to_string().into_bytes(),
            )
        })
        .collect()
}

fn lavalink_rows() -> Vec<(String, Vec<u8>)> {
    let rows: Vec<Value> = serde_json::from_str(&fixture("lavalink/frames.json")).unwrap();
    let frames = rows
        .iter()
        .filter_map(|row| serde_json::from_str::<Value>(row["frame"].as_str()?).ok());
    let named = frames.filter_map(|frame| {
        let word = match frame["op"].as_str()? {
            "event" => frame["type"].as_str()?,
            op => op,
        };
        Some((format!("lavalink.{word}"), frame.to_string().into_bytes()))
    });
    named.collect()
}

fn chat_rows() -> Vec<(String, Vec<u8>)> {
    let rows: Vec<Value> = serde_json::from_str(&fixture("stackexchange/frames.json")).unwrap();
    let mut named = Vec::new();
    for row in &rows {
        let frame = Bytes::from(row["frame"].as_str().unwrap_or_default().to_owned());
        for draft in stackexchange::read_frame(&frame, jiff::Timestamp::UNIX_EPOCH) {
            named.push((draft.kind.to_string(), draft.body.to_vec()));
        }
    }
    named
}

platform!(
    fn every_damaged_payload_of_discord_is_typed_or_kept_until_it_can_be(discord_rows()),
    Message = discord::MessageCreate,
    Update = discord::MessageUpdate,
    Guild = discord::GuildCreate,
    Member = discord::GuildMemberAdd,
    Interaction = discord::InteractionCreate,
    Channel = discord::ChannelUpdate,
    Voice = discord::VoiceStateUpdate,
    Presence = discord::PresenceUpdate,
);

platform!(
    fn every_damaged_payload_of_lavalink_is_typed_or_kept_until_it_can_be(lavalink_rows()),
    Ready = lavalink::NodeReady,
    Stats = lavalink::Stats,
    Update = lavalink::PlayerUpdate,
    Start = lavalink::TrackStart,
    End = lavalink::TrackEnd,
    Exception = lavalink::TrackException,
);

platform!(
    fn every_damaged_payload_of_queup_is_typed_or_kept_until_it_can_be(queup_rows()),
    Chat = queup::Chat,
    Skip = queup::ChatSkip,
    Join = queup::MemberJoin,
    Role = queup::UserSetRole,
    Dub = queup::Dub,
    Details = queup::PlaylistDetails,
);

platform!(
    fn every_damaged_payload_of_stack_exchange_is_typed_or_kept_until_it_can_be(chat_rows()),
    Posted = stackexchange::MessageEvent,
    Edited = stackexchange::EditEvent,
    Deleted = stackexchange::DeleteEvent,
    Starred = stackexchange::MessageStarredEvent,
);
