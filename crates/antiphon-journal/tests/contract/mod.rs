//! The promises of every backend, one function each.

use std::{future::Future, sync::Arc, task::Poll, time::Duration};

use antiphon_core::{
    Batch, BodyForm, Checkpoint, ConsumerName, Cursor, DeadLetter, DeadLetterChange, DeadLetterId,
    Desk, Draft, Event, Journal, Kind, KindPattern, OpenEvent, Origin, Parked, Partitions, Person,
    Place, Position, Provenance, RelayError, Remote, Retention, Role, Rule, Saved, SharedValues,
    SourceName, Trouble,
};
use jiff::Timestamp;

/// A storage under test.
pub(crate) trait Backend: Sized + Send {
    /// Whether the programs that it needs are there; says what is skipped where they are not.
    fn is_there() -> bool {
        true
    }

    /// An empty journal.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// The open journal.
    fn journal(&self) -> &dyn Journal;

    /// Sets a limit that leaves hardly any room, or lifts it.
    fn cramp(&self, cramped: bool) -> impl Future<Output = ()> + Send;
}

/// A storage that outlives its journal.
pub(crate) trait OnDisk: Backend {
    /// Closes the journal in good order and opens it again.
    fn reopened(self) -> impl Future<Output = Self> + Send;

    /// Drops the journal as it is and opens it again.
    fn dropped(self) -> impl Future<Output = Self> + Send;
}

/// A storage that one process appends to while others handle its events.
pub(crate) trait Shared: OnDisk {
    type Consumers: Journal;

    /// The journal as a process opens it that has consumers alone.
    fn for_consumers(&self) -> impl Future<Output = Self::Consumers> + Send;
}

pub(crate) fn time(text: &str) -> Timestamp {
    text.parse().expect("a timestamp")
}

/// A time, in seconds after the start of these tests' time.
pub(crate) fn at(seconds: i64) -> Timestamp {
    time("2026-01-01T00:00:00Z") + jiff::SignedDuration::from_secs(seconds)
}

pub(crate) fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn choir() -> SourceName {
    "choir".into()
}

/// The `n`th chat of room `loft`.
pub(crate) fn chat(n: u64) -> Draft {
    Draft::new(
        Kind::from_static("queup.chat-message"),
        Place::new("room/loft"),
        Origin::occurrence("chat", &format!("{n:06}")),
        at(0),
        format!("{{\"message\":\"{n}\"}}"),
    )
}

/// A body that no backend stores in fewer bytes.
fn noise(length: usize) -> bytes::Bytes {
    let mut rng = antiphon_core::Rng::with_seed(5);
    let noise: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
    noise.into()
}

/// The same chat, received so many seconds later.
pub(crate) fn chat_at(n: u64, seconds: i64) -> Draft {
    Draft {
        received_at: at(seconds),
        ..chat(n)
    }
}

/// A presence, which is momentary.
fn presence_at(n: u64, seconds: i64) -> Draft {
    Draft {
        kind: Kind::from_static("queup.user-update"),
        origin: Origin::frame("c", n),
        ..chat_at(n, seconds)
    }
}

/// A batch of these events, all of source `choir`.
pub(crate) fn events(drafts: impl IntoIterator<Item = Draft>) -> Arc<Batch> {
    Arc::new(Batch {
        events: drafts.into_iter().map(|draft| (choir(), draft)).collect(),
        ..Batch::default()
    })
}

pub(crate) fn checkpoint(part: &str, mark: i64) -> Checkpoint {
    Checkpoint {
        part: part.into(),
        state: format!("state {mark}").into(),
        mark,
    }
}

fn cursors(cursors: impl IntoIterator<Item = (&'static str, Cursor)>) -> Arc<Batch> {
    let cursors = cursors.into_iter();
    Arc::new(Batch {
        cursors: cursors
            .map(|(name, cursor)| (name.into(), cursor))
            .collect(),
        ..Batch::default()
    })
}

pub(crate) fn letter(handler: &str, event: &Event) -> DeadLetter {
    DeadLetter {
        id: DeadLetterId(0),
        consumer: "app".into(),
        handler: handler.into(),
        event: event.clone(),
        error: "the song was gone: not found".into(),
        attempts: 3,
        at: at(60),
        replay: false,
    }
}

pub(crate) fn dead(changes: impl IntoIterator<Item = DeadLetterChange>) -> Arc<Batch> {
    Arc::new(Batch {
        dead: changes.into_iter().collect(),
        ..Batch::default()
    })
}

pub(crate) fn bury(letter: DeadLetter) -> DeadLetterChange {
    DeadLetterChange::Bury(Box::new(letter))
}

pub(crate) async fn append(journal: &dyn Journal, batch: Arc<Batch>) -> Vec<Arc<Event>> {
    journal.append(batch).await.expect("stored").events
}

/// Every event, read page by page.
pub(crate) async fn all(journal: &dyn Journal) -> Vec<Arc<Event>> {
    let mut all: Vec<Arc<Event>> = Vec::new();
    loop {
        let after = all.last().map_or(Position::ZERO, |event| event.position());
        let page = journal.read(after, 3).await.expect("read");
        if page.is_empty() {
            return all;
        }
        all.extend(page);
    }
}

/// The numbers in the origins of all chats.
pub(crate) async fn numbers(journal: &dyn Journal) -> Vec<u64> {
    let number = |event: &Arc<Event>| {
        let (_, number) = event.origin().as_str().rsplit_once('/').expect("two parts");
        number.parse().expect("a number")
    };
    all(journal).await.iter().map(number).collect()
}

pub(crate) async fn letters(journal: &dyn Journal) -> Vec<DeadLetter> {
    journal
        .dead_letters(DeadLetterId(0), 100)
        .await
        .expect("read")
}

pub(crate) async fn an_append_is_there_on_return<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let appended = append(journal, events([chat(1), chat(2)])).await;
    let read = journal.read(Position::ZERO, 10).await.expect("read");
    assert_eq!(appended, read);
    assert_eq!(*read[0].draft(), chat(1));
    assert_eq!(*read[0].source(), choir());
    assert_eq!(*read[1].draft(), chat(2));
}

pub(crate) async fn an_empty_batch_is_stored_without_ado<B: Backend>() {
    let backend = B::fresh().await;
    let appended = backend
        .journal()
        .append(Arc::default())
        .await
        .expect("stored");
    assert_eq!((appended.events.len(), appended.repeats), (0, 0));
}

pub(crate) async fn events_keep_every_field<B: Backend>() {
    let backend = B::fresh().await;
    let mut drafts = Vec::new();
    for (n, provenance) in (1..).zip([
        Provenance::Live,
        Provenance::Replayed,
        Provenance::Backfilled,
        Provenance::Synthetic,
    ]) {
        for (m, form) in (1..).zip([BodyForm::Json, BodyForm::Text, BodyForm::Binary]) {
            let mut draft = chat(10 * n + m).provenance(provenance);
            draft.received_at = time("2026-02-03T04:05:06.123456789Z");
            draft.form = form;
            draft.note = (m == 1).then(|| r#"{"original":7}"#.into());
            draft.deletes = (m == 2).then(|| Origin::occurrence("chat", "000000"));
            drafts.push(draft);
        }
    }
    append(backend.journal(), events(drafts.clone())).await;
    let read = all(backend.journal()).await;
    let read: Vec<_> = read.iter().map(|event| event.draft().clone()).collect();
    assert_eq!(read, drafts);
}

pub(crate) async fn positions_grow_in_the_order_of_the_batch<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    append(journal, events([chat(5), chat(3)])).await;
    append(journal, events([chat(4), chat(3), chat(1)])).await;
    assert_eq!(numbers(journal).await, [5, 3, 4, 1]);
    let positions: Vec<_> = all(journal)
        .await
        .iter()
        .map(|event| event.position())
        .collect();
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");
    assert!(positions[0] > Position::ZERO);
}

pub(crate) async fn the_same_origin_is_stored_once<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let mut other_body = chat(1);
    other_body.body = "{}".into();
    other_body.kind = Kind::from_static("queup.other");
    let batch = events([chat(1), chat(1), other_body]);
    let first = journal.append(Arc::clone(&batch)).await.expect("stored");
    assert_eq!((first.events.len(), first.repeats), (1, 2));
    let again = journal.append(batch).await.expect("stored");
    assert_eq!((again.events.len(), again.repeats), (0, 3));
    assert_eq!(*all(journal).await[0].draft(), chat(1), "the first counts");
}

/// Wherever the repeats are: before, among and after new events, of this batch and of earlier ones.
pub(crate) async fn repeats_among_many_new_events_take_no_number<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let mut stored = 0;
    for (batch, repeats) in [
        ((0..100).collect::<Vec<_>>(), 0),
        ((0..100).collect(), 100),
        ((50..150).collect(), 50),
        ((150..250).chain([150, 7, 250]).collect(), 2),
        ((251..300).flat_map(|n| [n, n]).collect(), 49),
    ] {
        let mut drafts: Vec<_> = batch.iter().map(|n| chat(*n)).collect();
        for draft in drafts
            .iter_mut()
            .filter(|draft| draft.body.ends_with(b"9\"}"))
        {
            draft.deletes = Some(chat(1).origin);
        }
        let appended = journal.append(events(drafts)).await.expect("stored");
        assert_eq!(appended.repeats, repeats);
        for event in appended.events {
            stored += 1;
            assert_eq!(event.position(), Position::new(stored));
            assert_eq!(event.draft().body, chat(stored - 1).body);
        }
    }
    assert_eq!(stored, 300);
    let read = journal.read(Position::ZERO, 1000).await.expect("read");
    assert_eq!(read.len(), 300);
    for (n, event) in (0..).zip(&read) {
        assert_eq!(
            (event.position(), event.origin()),
            (Position::new(n + 1), &chat(n).origin)
        );
    }
}

pub(crate) async fn the_same_origin_of_another_source_is_another_event<B: Backend>() {
    let backend = B::fresh().await;
    let batch = Arc::new(Batch {
        events: vec![("choir".into(), chat(1)), ("band".into(), chat(1))],
        ..Batch::default()
    });
    let appended = append(backend.journal(), batch).await;
    assert_eq!(*appended[0].source(), choir());
    assert_eq!(*appended[1].source(), "band".into());
}

pub(crate) async fn a_checkpoint_is_stored_also_with_a_repeat<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    append(journal, events([chat(1)])).await;
    let batch = Batch {
        events: vec![(choir(), chat(1))],
        checkpoints: vec![(choir(), checkpoint("room/loft", 7))],
        ..Batch::default()
    };
    assert_eq!(
        journal
            .append(Arc::new(batch))
            .await
            .expect("stored")
            .repeats,
        1
    );
    let stored = journal.checkpoints(&choir()).await.expect("read");
    assert_eq!(stored, [checkpoint("room/loft", 7)]);
}

pub(crate) async fn the_last_checkpoint_of_a_part_wins<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    for marks in [[1, 9], [5, -3]] {
        let of_part = |mark| (choir(), checkpoint("room/loft", mark));
        let batch = Batch {
            checkpoints: marks.map(of_part).into(),
            ..Batch::default()
        };
        append(journal, Arc::new(batch)).await;
        let stored = journal.checkpoints(&choir()).await.expect("read");
        assert_eq!(stored, [checkpoint("room/loft", marks[1])]);
    }
}

pub(crate) async fn checkpoints_belong_to_their_source<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let batch = Batch {
        checkpoints: vec![
            (choir(), checkpoint("room/b", 2)),
            ("band".into(), checkpoint("room/b", 3)),
            (choir(), checkpoint("room/a", 1)),
        ],
        ..Batch::default()
    };
    append(journal, Arc::new(batch)).await;
    let of_choir = journal.checkpoints(&choir()).await.expect("read");
    assert_eq!(of_choir, [checkpoint("room/a", 1), checkpoint("room/b", 2)]);
    let of_band = journal.checkpoints(&"band".into()).await.expect("read");
    assert_eq!(of_band, [checkpoint("room/b", 3)]);
    assert_eq!(journal.checkpoints(&"none".into()).await.expect("read"), []);
}

pub(crate) async fn reads_resume_after_a_position_with_holes<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(
        journal,
        events([chat(1), presence_at(2, 0), chat(3), presence_at(4, 0)]),
    )
    .await;
    let policy = Retention {
        momentary: vec![(KindPattern::new("*.user-update"), seconds(1))],
        ..Retention::default()
    };
    journal
        .sweep(Arc::new(policy), at(10))
        .await
        .expect("swept");
    let after = |event: &Event| journal.read(event.position(), 10);
    assert_eq!(
        after(&stored[0]).await.expect("read"),
        [Arc::clone(&stored[2])]
    );
    assert_eq!(
        after(&stored[1]).await.expect("read"),
        [Arc::clone(&stored[2])],
        "after one that is gone"
    );
    assert_eq!(after(&stored[2]).await.expect("read"), []);
    assert_eq!(
        journal
            .read(Position::new(u64::MAX - 1), 10)
            .await
            .expect("read"),
        []
    );
}

pub(crate) async fn a_page_ends_at_its_limit<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events((1..=5).map(chat))).await;
    let page = |limit| journal.read(stored[0].position(), limit);
    assert_eq!(page(2).await.expect("read"), stored[1..3]);
    assert_eq!(page(0).await.expect("read"), []);
    assert_eq!(page(usize::MAX).await.expect("read"), stored[1..]);
}

pub(crate) async fn a_page_is_bounded_in_bytes_but_never_empty<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let large = |n| Draft {
        body: noise(3 << 20),
        ..chat(n)
    };
    let huge = Draft {
        body: noise(9 << 20),
        ..chat(9)
    };
    let stored = append(journal, events([huge, large(1), large(2), large(3)])).await;
    assert_eq!(
        journal.read(Position::ZERO, 10).await.expect("read"),
        stored[..1]
    );
    let rest = journal.read(stored[0].position(), 10).await.expect("read");
    assert_eq!(rest, stored[1..3], "two fit into 8 MiB");
}

pub(crate) async fn a_slow_reader_misses_nothing<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let write = async {
        for n in (1..=300).step_by(3) {
            append(journal, events([chat(n), chat(n + 1), chat(n + 2)])).await;
        }
    };
    let read = async {
        let mut last = journal.last();
        let mut read = Vec::new();
        let mut after = Position::ZERO;
        while read.len() < 300 {
            last.wait_for(|last| *last > after).await.expect("open");
            let page = journal.read(after, 2).await.expect("read");
            after = page.last().expect("the watch said so").position();
            read.extend(page.iter().map(|event| event.origin().clone()));
        }
        read
    };
    let ((), read) = tokio::join!(write, read);
    let expected: Vec<_> = (1..=300).map(|n| chat(n).origin).collect();
    assert_eq!(read, expected);
}

pub(crate) async fn appends_side_by_side_are_all_stored<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let write = |from: u64| async move {
        for n in from..from + 20 {
            append(journal, events([chat(n), chat(5)])).await;
        }
    };
    tokio::join!(write(100), write(200), write(300));
    let mut numbers = numbers(journal).await;
    numbers.sort_unstable();
    let expected: Vec<_> = [5]
        .into_iter()
        .chain(100..120)
        .chain(200..220)
        .chain(300..320)
        .collect();
    assert_eq!(numbers, expected);
}

pub(crate) async fn the_last_position_is_watched<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let mut last = journal.last();
    assert_eq!(*last.borrow_and_update(), Position::ZERO);
    let stored = append(journal, events([chat(1), chat(2)])).await;
    assert!(last.has_changed().expect("open"));
    assert_eq!(*last.borrow_and_update(), stored[1].position());
    append(journal, events([chat(1)])).await;
    assert!(!last.has_changed().expect("open"), "nothing was new");
}

pub(crate) async fn a_cursor_is_there_as_it_was_saved_last<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let name: ConsumerName = "app".into();
    assert_eq!(journal.cursor(&name).await.expect("read"), None);
    append(journal, cursors([("app", Cursor::at(Position::new(3)))])).await;
    let mut full = Cursor::at(Position::new(9));
    full.open.push(OpenEvent {
        position: Position::new(7),
        starts: 2,
    });
    full.parked.push(Parked {
        lane: "room/'\"\0".into(),
        from: Position::new(8),
    });
    full.parked_all = Some(Position::new(6));
    full.clean = true;
    append(
        journal,
        cursors([("app", full.clone()), ("other", Cursor::default())]),
    )
    .await;
    assert_eq!(journal.cursor(&name).await.expect("read"), Some(full));
}

pub(crate) async fn a_projection_is_there_as_it_was_saved_last<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    assert_eq!(journal.projection("queup/choir").await.expect("read"), None);
    for (position, state) in [(1, vec![1; 10]), (2, vec![0, 255, 0])] {
        let saved = Saved {
            position: Position::new(position),
            state,
        };
        let batch = Batch {
            projections: vec![("queup/choir".into(), saved.clone())],
            ..Batch::default()
        };
        append(journal, Arc::new(batch)).await;
        assert_eq!(
            journal.projection("queup/choir").await.expect("read"),
            Some(saved)
        );
    }
}

pub(crate) async fn a_dead_letter_is_kept_as_it_was_buried<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let mut draft = chat(1).provenance(Provenance::Backfilled);
    draft.note = Some("{}".into());
    draft.deletes = Some(Origin::occurrence("chat", "0"));
    draft.form = BodyForm::Text;
    let stored = append(journal, events([draft])).await;
    append(journal, dead([bury(letter("announce", &stored[0]))])).await;
    let kept = letters(journal).await;
    let expected = DeadLetter {
        id: DeadLetterId(1),
        ..letter("announce", &stored[0])
    };
    assert_eq!(kept, [expected]);
}

pub(crate) async fn burying_the_same_failure_again_replaces_the_letter<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events([chat(1), chat(2)])).await;
    append(
        journal,
        dead([
            bury(letter("announce", &stored[0])),
            bury(letter("count", &stored[0])),
            bury(letter("announce", &stored[1])),
            DeadLetterChange::Replay(DeadLetterId(1)),
        ]),
    )
    .await;
    let mut again = letter("announce", &stored[0]);
    again.error = "another reason".into();
    append(journal, dead([bury(again)])).await;
    let kept = letters(journal).await;
    let ids: Vec<_> = kept.iter().map(|letter| letter.id.0).collect();
    assert_eq!(ids, [1, 2, 3]);
    assert_eq!(kept[0].error, "another reason");
    assert!(!kept[0].replay, "it was handled again, and failed again");
}

pub(crate) async fn dead_letters_are_read_in_pages<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events((1..=5).map(chat))).await;
    append(
        journal,
        dead(stored.iter().map(|event| bury(letter("announce", event)))),
    )
    .await;
    let page = journal
        .dead_letters(DeadLetterId(1), 2)
        .await
        .expect("read");
    let ids: Vec<_> = page.iter().map(|letter| letter.id.0).collect();
    assert_eq!(ids, [2, 3]);
    assert_eq!(
        journal
            .dead_letters(DeadLetterId(u64::MAX), 2)
            .await
            .expect("read"),
        []
    );
}

pub(crate) async fn a_replay_is_marked_and_watched<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events([chat(1)])).await;
    append(journal, dead([bury(letter("announce", &stored[0]))])).await;
    let mut replays = journal.replays();
    let before = *replays.borrow_and_update();
    append(journal, dead([DeadLetterChange::Replay(DeadLetterId(1))])).await;
    assert_eq!(*replays.borrow_and_update(), before + 1);
    assert!(letters(journal).await[0].replay);
    append(journal, dead([DeadLetterChange::Replay(DeadLetterId(77))])).await;
    assert!(
        !replays.has_changed().expect("open"),
        "there is no such letter"
    );
}

pub(crate) async fn a_dropped_dead_letter_is_gone_and_its_number_is_not_given_again<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events([chat(1)])).await;
    append(journal, dead([bury(letter("announce", &stored[0]))])).await;
    append(journal, dead([DeadLetterChange::Drop(DeadLetterId(1))])).await;
    assert_eq!(letters(journal).await, []);
    append(journal, dead([bury(letter("announce", &stored[0]))])).await;
    assert_eq!(letters(journal).await[0].id, DeadLetterId(2));
}

/// A batch with all kinds of records, too large for a cramped journal, from a new place.
fn large_batch() -> Arc<Batch> {
    let large = |n| Draft {
        place: Place::new("room/attic"),
        body: noise(10_000),
        ..chat(n)
    };
    let events = (100..200).map(|n| (choir(), large(n)));
    let buried = Event::stored(Position::new(1), choir(), chat(1));
    Arc::new(Batch {
        events: events.collect(),
        checkpoints: vec![(choir(), checkpoint("room/loft", 9))],
        cursors: vec![("app".into(), Cursor::at(Position::new(1)))],
        dead: vec![bury(letter("announce", &buried))],
        projections: vec![(
            "queup/choir".into(),
            Saved {
                position: Position::new(1),
                state: vec![1],
            },
        )],
        forgotten: vec!["organ".into()],
    })
}

pub(crate) async fn a_batch_is_stored_whole_or_not_at_all<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    append(journal, events([chat(1)])).await;
    let last = journal.last();
    backend.cramp(true).await;
    let error = journal.append(large_batch()).await.expect_err("no room");
    assert_eq!(error.trouble(), Trouble::Full);
    assert!(error.is_transient());
    assert_eq!(numbers(journal).await, [1]);
    assert_eq!(journal.checkpoints(&choir()).await.expect("read"), []);
    assert_eq!(journal.cursor(&"app".into()).await.expect("read"), None);
    assert_eq!(journal.projection("queup/choir").await.expect("read"), None);
    assert_eq!(letters(journal).await, []);
    assert!(!last.has_changed().expect("open"));
}

pub(crate) async fn a_batch_that_failed_can_be_appended_again<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    append(journal, events([chat(1)])).await;
    let batch = large_batch();
    backend.cramp(true).await;
    journal
        .append(Arc::clone(&batch))
        .await
        .expect_err("no room");
    journal
        .append(Arc::clone(&batch))
        .await
        .expect_err("still none");
    backend.cramp(false).await;
    let appended = journal.append(batch).await.expect("room again");
    assert_eq!((appended.events.len(), appended.repeats), (100, 0));
    let expected: Vec<_> = [1].into_iter().chain(100..200).collect();
    assert_eq!(numbers(journal).await, expected);
    assert_eq!(letters(journal).await.len(), 1);
}

pub(crate) async fn repeats_are_recognised_after_retention_within_the_window<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    append(journal, events([chat_at(1, 0), chat_at(2, 50)])).await;
    let policy = Arc::new(Retention {
        keep: Some(seconds(10)),
        window: seconds(100),
        ..Retention::default()
    });
    let sweep = journal
        .sweep(Arc::clone(&policy), at(70))
        .await
        .expect("swept");
    assert_eq!(sweep.removed, 2);
    let again = journal
        .append(events([chat(1), chat(2)]))
        .await
        .expect("stored");
    assert_eq!((again.events.len(), again.repeats), (0, 2));
    // At that time the window of the first event is over, and that of the second is not.
    journal.sweep(policy, at(120)).await.expect("swept");
    let again = journal
        .append(events([chat_at(1, 120), chat_at(2, 120)]))
        .await
        .expect("stored");
    assert_eq!((again.events.len(), again.repeats), (1, 1));
    assert_eq!(numbers(journal).await, [1]);
}

pub(crate) async fn positions_are_not_given_again_after_retention<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let first = append(journal, events([chat(1), chat(2)])).await;
    let policy = Retention {
        keep: Some(seconds(1)),
        ..Retention::default()
    };
    journal
        .sweep(Arc::new(policy), at(10))
        .await
        .expect("swept");
    assert_eq!(all(journal).await, []);
    let next = append(journal, events([chat(3)])).await;
    assert!(next[0].position() > first[1].position());
    assert_eq!(*journal.last().borrow(), next[0].position());
}

pub(crate) async fn a_sweep_removes_by_age_and_kind<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let other = |n, seconds| Draft {
        kind: Kind::from_static("queup.room_playlist-update"),
        ..chat_at(n, seconds)
    };
    let batch = events([
        chat_at(1, 0),
        other(2, 0),
        chat_at(3, 60),
        other(4, 60),
        chat_at(5, 100),
    ]);
    append(journal, batch).await;
    let policy = Arc::new(Retention {
        keep: Some(seconds(100)),
        rules: vec![
            (KindPattern::new("queup.chat-*"), seconds(30)),
            (KindPattern::new("queup.*"), seconds(1000)),
        ],
        ..Retention::default()
    });
    let sweep = |seconds| journal.sweep(Arc::clone(&policy), at(seconds));
    assert_eq!(sweep(29).await.expect("swept").removed, 0);
    assert_eq!(
        sweep(30).await.expect("swept").removed,
        1,
        "exactly that old is old"
    );
    assert_eq!(numbers(journal).await, [2, 3, 4, 5]);
    assert_eq!(sweep(120).await.expect("swept").removed, 1);
    assert_eq!(numbers(journal).await, [2, 4, 5]);
    assert_eq!(sweep(5000).await.expect("swept").removed, 3);
    // Another policy begins again with the rows that the first has passed.
    append(journal, events([chat_at(6, 5000)])).await;
    let nothing = journal
        .sweep(Arc::default(), at(1_000_000))
        .await
        .expect("swept");
    assert_eq!(nothing, antiphon_core::Sweep::default());
}

pub(crate) async fn a_sweep_does_not_pass_a_cursor<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events((1..=6).map(chat))).await;
    let position = |n: usize| stored[n - 1].position();
    let mut behind = Cursor::at(position(5));
    behind.open.push(OpenEvent {
        position: position(3),
        starts: 1,
    });
    append(
        journal,
        cursors([("fast", Cursor::at(position(6))), ("slow", behind)]),
    )
    .await;
    let policy = Arc::new(Retention {
        keep: Some(seconds(1)),
        max_bytes: Some(0),
        ..Retention::default()
    });
    let sweep = || journal.sweep(Arc::clone(&policy), at(10));
    assert_eq!(sweep().await.expect("swept").removed, 2);
    assert_eq!(numbers(journal).await, [3, 4, 5, 6]);
    let mut parked = Cursor::at(position(6));
    parked.parked.push(Parked {
        lane: "room/loft".into(),
        from: position(5),
    });
    append(journal, cursors([("slow", parked)])).await;
    assert_eq!(sweep().await.expect("swept").removed, 2);
    assert_eq!(numbers(journal).await, [5, 6]);
    append(journal, cursors([("slow", Cursor::at(position(6)))])).await;
    assert_eq!(sweep().await.expect("swept").removed, 2);
}

pub(crate) async fn momentary_events_go_past_cursors_and_are_counted<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let batch = events([
        presence_at(1, 0),
        chat_at(2, 0),
        presence_at(3, 0),
        presence_at(4, 50),
    ]);
    let stored = append(journal, batch).await;
    append(
        journal,
        cursors([("app", Cursor::at(stored[1].position()))]),
    )
    .await;
    let policy = Retention {
        keep: Some(seconds(1)),
        momentary: vec![(KindPattern::new("queup.user-update"), seconds(20))],
        ..Retention::default()
    };
    let sweep = journal
        .sweep(Arc::new(policy), at(60))
        .await
        .expect("swept");
    assert_eq!(sweep.removed, 2, "both events that the consumer has read");
    assert_eq!(sweep.expired, 1, "the one it had not");
    assert_eq!(numbers(journal).await, [4]);
}

pub(crate) async fn a_sweep_by_size_removes_the_oldest<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let large = |n| Draft {
        body: noise(100_000),
        ..chat(n)
    };
    append(journal, events((1..=20).map(large))).await;
    let policy = Arc::new(Retention {
        max_bytes: Some(1_100_000),
        ..Retention::default()
    });
    let sweep = journal
        .sweep(Arc::clone(&policy), at(0))
        .await
        .expect("swept");
    let left = numbers(journal).await;
    assert_eq!(sweep.removed, 20 - left.len() as u64);
    assert_eq!(left.last(), Some(&20));
    assert!((8..=10).contains(&left.len()), "{left:?}");
    let nothing = journal.sweep(policy, at(0)).await.expect("swept");
    assert_eq!(nothing.removed, 0, "it is small enough");
}

pub(crate) async fn an_event_from_a_wrong_clock_keeps_no_other<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    append(journal, events([chat_at(1, 1_000_000), chat_at(2, 0)])).await;
    let policy = Arc::new(Retention {
        keep: Some(seconds(50)),
        ..Retention::default()
    });
    let sweep = journal.sweep(policy, at(100)).await.expect("swept");
    assert_eq!(sweep.removed, 1);
    assert_eq!(numbers(journal).await, [1]);
}

pub(crate) async fn a_platforms_deletion_is_honoured_after_the_grace<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let mut said = chat_at(1, 0);
    said.note = Some("{\"text\":\"hello\"}".into());
    said.form = BodyForm::Text;
    let mut deletion = chat_at(2, 100);
    deletion.deletes = Some(said.origin.clone());
    let mut of_nothing = chat_at(3, 100);
    of_nothing.deletes = Some(Origin::occurrence("chat", "999"));
    let stored = append(journal, events([said.clone(), deletion, of_nothing])).await;
    let policy = Arc::new(Retention {
        delete_grace: seconds(60),
        ..Retention::default()
    });
    let sweep = |seconds| journal.sweep(Arc::clone(&policy), at(seconds));
    assert_eq!(sweep(159).await.expect("swept").erased, 0);
    assert_eq!(all(journal).await, stored);
    assert_eq!(sweep(160).await.expect("swept").erased, 1);
    let after = all(journal).await;
    let tombstone = &after[0];
    assert_eq!(tombstone.body(), "null");
    assert_eq!(tombstone.form(), BodyForm::Json);
    assert_eq!(tombstone.note(), None);
    assert_eq!(tombstone.position(), stored[0].position());
    assert_eq!(
        (tombstone.kind(), tombstone.place()),
        (stored[0].kind(), stored[0].place())
    );
    assert_eq!(after[1..], stored[1..]);
    assert_eq!(sweep(1000).await.expect("swept").erased, 0);
    let again = journal.append(events([said])).await.expect("stored");
    assert_eq!(
        again.repeats, 1,
        "it is not told again by the platform's history"
    );
}

pub(crate) async fn a_dead_letter_keeps_its_copy_of_a_deleted_event<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let mut deletion = chat_at(2, 0);
    deletion.deletes = Some(chat(1).origin);
    let stored = append(journal, events([chat(1), deletion])).await;
    append(journal, dead([bury(letter("announce", &stored[0]))])).await;
    let policy = Retention {
        delete_grace: seconds(1),
        keep: Some(seconds(5)),
        ..Retention::default()
    };
    let sweep = journal
        .sweep(Arc::new(policy), at(10))
        .await
        .expect("swept");
    assert_eq!((sweep.erased, sweep.removed), (1, 2));
    assert_eq!(letters(journal).await[0].event, *stored[0]);
}

pub(crate) async fn a_closed_journal_says_so<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    journal.close().await.expect("closed");
    let closed = Trouble::Closed;
    assert_eq!(
        journal
            .append(Arc::default())
            .await
            .expect_err("closed")
            .trouble(),
        closed
    );
    assert_eq!(
        journal
            .read(Position::ZERO, 1)
            .await
            .expect_err("closed")
            .trouble(),
        closed
    );
    assert_eq!(
        journal
            .checkpoints(&choir())
            .await
            .expect_err("closed")
            .trouble(),
        closed
    );
    assert_eq!(
        journal
            .cursor(&"app".into())
            .await
            .expect_err("closed")
            .trouble(),
        closed
    );
    assert_eq!(
        journal.projection("p").await.expect_err("closed").trouble(),
        closed
    );
    assert_eq!(
        journal
            .dead_letters(DeadLetterId(0), 1)
            .await
            .expect_err("closed")
            .trouble(),
        closed
    );
    assert_eq!(
        journal
            .sweep(Arc::default(), at(0))
            .await
            .expect_err("closed")
            .trouble(),
        closed
    );
    assert!(!Trouble::Closed.is_transient());
    journal.close().await.expect("closing again does nothing");
}

pub(crate) async fn any_bytes_can_be_a_body<B: Backend>() {
    let backend = B::fresh().await;
    let mut drafts = Vec::new();
    let bodies: [Vec<u8>; 5] = [
        Vec::new(),
        vec![0],
        (0..=255).collect(),
        "\u{feff}\u{1f3b5}".into(),
        (0..=250).cycle().take(4 << 20).collect(),
    ];
    for (n, body) in (1..).zip(bodies) {
        let mut draft = chat(n);
        draft.form = BodyForm::of(&body);
        draft.note = Some(body.clone().into());
        draft.body = body.into();
        drafts.push(draft);
    }
    append(backend.journal(), events(drafts.clone())).await;
    let read = all(backend.journal()).await;
    for (event, draft) in read.iter().zip(&drafts) {
        assert!(event.draft() == draft, "{}", draft.origin);
    }
    assert_eq!(read.len(), drafts.len());
}

/// Unusual names.
fn hostile_names() -> Vec<String> {
    let mut names: Vec<String> = [
        "",
        "'; drop table stored; --",
        "\"",
        "\0",
        "a\0b",
        "a\0c",
        "?1",
        "%s",
        "🎵\u{202e}",
        "A",
        "a",
    ]
    .map(Into::into)
    .into();
    names.push("long/".repeat(20_000));
    names
}

pub(crate) async fn any_text_can_be_a_name<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    for name in hostile_names() {
        let draft = Draft {
            kind: Kind::new(name.as_str()),
            place: Place::new(name.as_str()),
            origin: Origin::new(name.as_str()),
            ..chat(1)
        };
        let consumer: ConsumerName = name.as_str().into();
        let source: SourceName = name.as_str().into();
        let saved = Saved {
            position: Position::new(1),
            state: name.clone().into_bytes(),
        };
        let buried = DeadLetter {
            consumer: consumer.clone(),
            handler: name.clone(),
            ..letter(
                &name,
                &Event::stored(Position::new(1), source.clone(), draft.clone()),
            )
        };
        let batch = Arc::new(Batch {
            events: vec![(source.clone(), draft.clone())],
            checkpoints: vec![(source.clone(), checkpoint(&name, 1))],
            cursors: vec![(consumer.clone(), Cursor::at(Position::new(2)))],
            dead: vec![bury(buried.clone())],
            projections: vec![(name.clone(), saved.clone())],
            forgotten: vec![consumer.partition(1)],
        });
        let appended = journal
            .append(Arc::clone(&batch))
            .await
            .expect("stored")
            .events;
        assert_eq!(appended.len(), 1, "{name:?} is like no other");
        assert_eq!(journal.append(batch).await.expect("stored").repeats, 1);
        let read = journal
            .read(appended[0].position().previous(), 1)
            .await
            .expect("read");
        assert!(
            *read[0].draft() == draft && *read[0].source() == source,
            "{name:?}"
        );
        assert_eq!(
            journal.checkpoints(&source).await.expect("read"),
            [checkpoint(&name, 1)]
        );
        assert_eq!(
            journal.cursor(&consumer).await.expect("read"),
            Some(Cursor::at(Position::new(2)))
        );
        assert_eq!(journal.projection(&name).await.expect("read"), Some(saved));
        let kept = letters(journal).await.pop().expect("the last");
        assert!(
            kept == DeadLetter {
                id: kept.id,
                ..buried
            },
            "{name:?}"
        );
    }
    assert_eq!(all(journal).await.len(), hostile_names().len());
}

/// Stores one record of each kind.
async fn one_of_everything(journal: &dyn Journal) -> Vec<Arc<Event>> {
    let stored = append(journal, large_batch()).await;
    append(journal, dead([DeadLetterChange::Replay(DeadLetterId(1))])).await;
    stored
}

async fn is_all_there(journal: &dyn Journal, stored: &[Arc<Event>]) {
    assert_eq!(all(journal).await, stored);
    assert_eq!(
        *journal.last().borrow(),
        stored[stored.len() - 1].position()
    );
    let batch = large_batch();
    assert_eq!(
        journal.checkpoints(&choir()).await.expect("read"),
        [checkpoint("room/loft", 9)]
    );
    let cursor = journal.cursor(&"app".into()).await.expect("read");
    assert_eq!(cursor.as_ref(), Some(&batch.cursors[0].1));
    let saved = journal.projection("queup/choir").await.expect("read");
    assert_eq!(saved.as_ref(), Some(&batch.projections[0].1));
    let letters = letters(journal).await;
    assert_eq!(letters.len(), 1);
    assert!(letters[0].replay);
}

pub(crate) async fn everything_survives_reopening<B: OnDisk>() {
    let backend = B::fresh().await;
    let stored = one_of_everything(backend.journal()).await;
    let backend = backend.reopened().await;
    is_all_there(backend.journal(), &stored).await;
    let next = append(backend.journal(), events([chat(1)])).await;
    assert_eq!(
        next[0].position(),
        stored[stored.len() - 1].position().next()
    );
}

pub(crate) async fn everything_survives_being_dropped<B: OnDisk>() {
    let backend = B::fresh().await;
    let stored = one_of_everything(backend.journal()).await;
    let backend = backend.dropped().await;
    is_all_there(backend.journal(), &stored).await;
    let next = append(backend.journal(), events([chat(1)])).await;
    assert!(next[0].position() > stored[stored.len() - 1].position());
}

pub(crate) async fn repeats_are_recognised_after_reopening<B: OnDisk>() {
    let backend = B::fresh().await;
    append(backend.journal(), events([chat_at(1, 0), chat_at(2, 50)])).await;
    let policy = Retention {
        keep: Some(seconds(40)),
        ..Retention::default()
    };
    let sweep = backend
        .journal()
        .sweep(Arc::new(policy), at(60))
        .await
        .expect("swept");
    assert_eq!(sweep.removed, 1);
    let backend = backend.reopened().await;
    let again = backend
        .journal()
        .append(events([chat(1), chat(2)]))
        .await
        .expect("stored");
    assert_eq!(again.repeats, 2);
}

pub(crate) async fn positions_go_on_after_reopening_though_no_row_is_left<B: OnDisk>() {
    let backend = B::fresh().await;
    let stored = append(backend.journal(), events([chat(1), chat(2)])).await;
    let policy = Arc::new(Retention {
        keep: Some(seconds(1)),
        ..Retention::default()
    });
    backend
        .journal()
        .sweep(policy, at(10))
        .await
        .expect("swept");
    let backend = backend.reopened().await;
    let next = append(backend.journal(), events([chat(3)])).await;
    assert_eq!(next[0].position(), stored[1].position().next());
    let backend = backend.dropped().await;
    let after = append(backend.journal(), events([chat(4)])).await;
    assert!(after[0].position() > next[0].position());
}

pub(crate) async fn a_failed_batch_does_not_unsettle_the_positions<B: OnDisk>() {
    let backend = B::fresh().await;
    backend.cramp(true).await;
    backend
        .journal()
        .append(large_batch())
        .await
        .expect_err("no room");
    backend.cramp(false).await;
    let first = append(backend.journal(), events([chat(1)])).await;
    let policy = Arc::new(Retention {
        keep: Some(seconds(1)),
        ..Retention::default()
    });
    backend
        .journal()
        .sweep(policy, at(10))
        .await
        .expect("swept");
    let backend = backend.dropped().await;
    let next = append(backend.journal(), events([chat(2)])).await;
    assert!(next[0].position() > first[0].position());
}

/// Where the documents of these tests name users.
pub(crate) static RULE: Rule = Rule {
    platform: "queup",
    is_id: |_| true,
    ids: "",
    unique: true,
    own: &["_id"],
    users: &[],
    by: &["user"],
    about: &[],
    names: &["username"],
    before: &[],
    message: |_| None,
    data: &[],
};

/// A chat of a user, with the user's id in the origin, as QueUp's have it.
pub(crate) fn said(n: u64, user: &str, name: &str, message: &str) -> Draft {
    Draft {
        origin: Origin::occurrence("chat", &format!("{user}-{n:06}")),
        body: serde_json::json!({
            "message": message, "user": {"_id": user, "username": name},
            "filler": "so that it is worth compressing, and long enough for pages to fill",
        })
        .to_string()
        .into(),
        ..chat(n)
    }
}

/// Whoever is erased in these tests.
pub(crate) const MIRA: &str = "5f1c0aa1b2c3d4e5f6071829";

/// Shows her the whole journal, and erases her.
pub(crate) async fn erase(journal: &dyn Journal) -> antiphon_core::Erased {
    let mut mira = Person::new([&RULE], MIRA);
    mira.survey(journal).await.expect("read");
    journal.erase(Arc::new(mira)).await.expect("erased")
}

/// A journal in which she spoke and was mentioned, with states that know her; gives the drafts.
async fn with_mira(journal: &dyn Journal) -> [Draft; 5] {
    let own = Draft {
        place: Place::root().join("user", MIRA),
        ..chat(9)
    };
    let mut deletion = chat(8);
    deletion.deletes = Some(said(1, MIRA, "mira", "").origin);
    let drafts = [
        said(1, MIRA, "mira", "good evening"),
        said(2, "u8", "teo", "@mira hello"),
        said(3, "u8", "teo", "nothing of her"),
        own,
        deletion,
    ];
    let stored = journal.append(events(drafts.clone())).await;
    let stored = stored.expect("stored").events;
    let mut cursor = Cursor::at(Position::new(3));
    cursor.parked.push(Parked {
        lane: format!("user/{MIRA}"),
        from: Position::new(4),
    });
    let saved = |state: String| Saved {
        position: Position::new(3),
        state: state.into(),
    };
    let about = Checkpoint {
        state: format!(r#"{{"seen":["{MIRA}","u8"]}}"#).into(),
        ..checkpoint("room/loft", 1)
    };
    let states = Batch {
        checkpoints: vec![(choir(), about), (choir(), checkpoint("room/nave", 2))],
        cursors: vec![("app".into(), cursor)],
        dead: [0, 1]
            .map(|n| DeadLetterChange::Bury(Box::new(letter("greet", &stored[n]))))
            .into(),
        projections: vec![
            (
                "room".into(),
                saved(format!(
                    r#"{{"users":[{{"_id":"{MIRA}"}},{{"_id":"u8"}}]}}"#
                )),
            ),
            ("opaque".into(), saved(format!("\u{1}{MIRA}"))),
        ],
        ..Batch::default()
    };
    journal.append(Arc::new(states)).await.expect("stored");
    drafts
}

pub(crate) async fn an_erased_person_is_gone_and_a_repeat_is_known<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let drafts = with_mira(journal).await;

    let erased = erase(journal).await;
    assert_eq!(erased.total(), (1, 2), "{erased:?}");
    assert_eq!(
        (erased.dead_letters, erased.states, erased.places),
        (2, 4, 1)
    );

    let read = journal.read(Position::ZERO, 10).await.expect("read");
    let positions: Vec<_> = read.iter().map(|event| event.position().get()).collect();
    assert_eq!(positions, [1, 2, 3, 4, 5], "a tombstone keeps its position");
    assert_eq!(
        (read[0].body().as_ref(), read[0].kind()),
        (&b"null"[..], &chat(1).kind)
    );
    assert_eq!(
        read[2].draft(),
        &drafts[2],
        "others' events stay byte for byte"
    );
    let letters = journal
        .dead_letters(DeadLetterId(0), 10)
        .await
        .expect("read");
    assert_eq!(letters.len(), 1);
    let cursor = journal
        .cursor(&"app".into())
        .await
        .expect("read")
        .expect("saved");
    assert_eq!(
        cursor.parked[0].lane,
        read[3].place().as_str(),
        "the lane is that of its events"
    );
    let room = journal
        .projection("room")
        .await
        .expect("read")
        .expect("saved");
    assert_eq!(room.state, br#"{"users":[{"_id":"u8"}]}"#);
    assert_eq!(journal.projection("opaque").await.expect("read"), None);
    let all = format!(
        "{read:?}{letters:?}{cursor:?}{:?}",
        journal.checkpoints(&choir()).await
    );
    for trace in [MIRA, "mira", "good evening"] {
        assert!(!all.contains(trace), "{trace} in {all}");
    }

    let again = journal.append(events(drafts)).await.expect("stored");
    assert_eq!((again.repeats, again.events.len()), (5, 0));
    assert_eq!(
        erase(journal).await.total(),
        (0, 0),
        "nothing is left to do"
    );
}

pub(crate) async fn an_erasure_knows_what_one_knew_that_was_interrupted<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let mut knew = Person::new([&RULE], MIRA);
    let stored = journal
        .append(events([said(1, MIRA, "mira of the choir", "")]))
        .await;
    knew.learn(&stored.expect("stored").events[0]);
    let record = Batch {
        projections: vec![(knew.record(), knew.saved())],
        ..Batch::default()
    };
    journal.append(Arc::new(record)).await.expect("stored");
    erase(journal).await;
    assert_eq!(
        journal.projection(&knew.record()).await.expect("read"),
        None
    );

    // Her own events are gone by now; another process was killed before it came to this one.
    let record = Batch {
        projections: vec![(knew.record(), knew.saved())],
        ..events([said(2, "u8", "teo", "@mira of the choir hello")])
            .as_ref()
            .clone()
    };
    journal.append(Arc::new(record)).await.expect("stored");
    let erased = erase(journal).await;
    assert_eq!((erased.total(), erased.states), ((0, 1), 0));
    let read = journal.read(Position::new(1), 1).await.expect("read");
    let body = String::from_utf8_lossy(read[0].body());
    assert!(!body.contains("mira"), "{body}");
    assert_eq!(
        journal.projection(&knew.record()).await.expect("read"),
        None
    );
}

/// States that name her, as an app saves them again and again.
fn states_of_mira(mark: u64) -> Arc<Batch> {
    let mut cursor = Cursor::at(Position::new(mark));
    cursor.parked.push(Parked {
        lane: format!("user/{MIRA}"),
        from: Position::new(mark),
    });
    let about = Checkpoint {
        state: format!(r#"{{"seen":["{MIRA}","u8"]}}"#).into(),
        ..checkpoint("room/loft", i64::try_from(mark).expect("small"))
    };
    Arc::new(Batch {
        checkpoints: vec![(choir(), about)],
        cursors: vec![("app".into(), cursor)],
        ..Batch::default()
    })
}

/// The mark of a part's checkpoint, and how far the cursor has read.
async fn saved(journal: &dyn Journal) -> (Option<i64>, Option<Position>) {
    let checkpoints = journal.checkpoints(&choir()).await.expect("read");
    let of_loft = |checkpoint: &&Checkpoint| &*checkpoint.part == "room/loft";
    let mark = checkpoints.iter().find(of_loft).map(|of| of.mark);
    let cursor = journal.cursor(&"app".into()).await.expect("read");
    (mark, cursor.map(|cursor| cursor.read))
}

pub(crate) async fn an_erasure_puts_no_older_state_in_the_place_of_a_newer_one<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    with_mira(journal).await;
    let letters = journal.dead_letters(DeadLetterId(0), 2).await;
    let dropped = letters.expect("read")[1].id;
    let mut mira = Person::new([&RULE], MIRA);
    mira.survey(journal).await.expect("read");

    let mut erasure = std::pin::pin!(journal.erase(Arc::new(mira)));
    let mut mark = None;
    loop {
        let polled = std::future::poll_fn(|context| Poll::Ready(erasure.as_mut().poll(context)));
        let polled = polled.await;
        let next = mark.map_or(100, |mark| mark + 1);
        // Whatever the erasure has asked for is done before this is.
        append(journal, events([chat(1000 + next)])).await;
        if let Some(mark) = mark {
            let expected = (i64::try_from(mark).ok(), Some(Position::new(mark)));
            assert_eq!(saved(journal).await, expected);
            let letters = journal.dead_letters(DeadLetterId(0), 10).await;
            let letters = letters.expect("read");
            assert!(letters.iter().all(|letter| letter.id != dropped));
        }
        if let Poll::Ready(erased) = polled {
            erased.expect("erased");
            break;
        }
        append(journal, states_of_mira(next)).await;
        append(journal, dead([DeadLetterChange::Drop(dropped)])).await;
        mark = Some(next);
    }
}

pub(crate) async fn a_consumer_is_one_claims_at_a_time<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let (choir, organ) = ("choir".into(), "organ".into());
    let claim = journal.claim(&choir).await.expect("nobody has it");
    let other = journal.claim(&organ).await.expect("another consumer");
    let refused = journal.claim(&choir).await.expect_err("it is taken");
    assert_eq!(
        (refused.consumer(), refused.trouble()),
        (&choir, Trouble::Locked)
    );
    drop(claim);
    let again = journal.claim(&choir).await;
    drop((again.expect("it was given up"), other));
}

pub(crate) async fn who_has_a_consumer_is_told_and_nobody_waits_for_a_try<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let names: [ConsumerName; 3] = ["choir".into(), "organ".into(), "bells".into()];
    let [choir, organ, _] = &names;
    let claimed = async || journal.claimed(&names).await.expect("read");
    assert_eq!(claimed().await, []);
    let claim = journal.try_claim(organ).await.expect("open");
    let claim = claim.expect("nobody has it");
    assert_eq!(claimed().await, std::slice::from_ref(organ));
    let again = journal.try_claim(organ).await.expect("open");
    assert!(again.is_none(), "it is taken");
    let other = journal.try_claim(choir).await.expect("open");
    assert_eq!(claimed().await, [choir.clone(), organ.clone()]);
    drop(claim);
    // Giving up may take a moment.
    let again = journal.claim(organ).await.expect("it was given up");
    drop((again, other));
    while !claimed().await.is_empty() {
        tokio::task::yield_now().await;
    }
}

pub(crate) async fn a_forgotten_consumer_has_no_cursor_and_holds_nothing<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events((1..=3).map(chat))).await;
    let (choir, organ) = (ConsumerName::new("choir"), ConsumerName::new("organ"));
    let both = [("choir", Cursor::default()), ("organ", Cursor::default())];
    append(journal, cursors(both)).await;
    let behind = Cursor::at(stored[1].position());
    let batch = Batch {
        cursors: vec![(organ.clone(), behind.clone())],
        forgotten: vec![choir.clone(), "nobody".into()],
        ..Batch::default()
    };
    append(journal, Arc::new(batch)).await;
    assert_eq!(journal.cursor(&choir).await.expect("read"), None);
    assert_eq!(journal.cursor(&organ).await.expect("read"), Some(behind));
    let policy = Arc::new(Retention {
        keep: Some(seconds(1)),
        ..Retention::default()
    });
    let swept = journal.sweep(policy, at(10)).await.expect("swept");
    assert_eq!(swept.removed, 2);
}

pub(crate) async fn a_split_consumer_holds_what_its_partitions_need<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let stored = append(journal, events((1..=3).map(chat))).await;
    let app = ConsumerName::new("app");
    let partitions = Partitions::new(2).expect("in range");
    let split = Cursor::split(Position::ZERO, partitions);
    let behind = Cursor::at(stored[0].position());
    let batch = Batch {
        cursors: vec![
            (app.clone(), split.clone()),
            (app.partition(0), behind),
            (app.partition(1), Cursor::at(stored[1].position())),
        ],
        ..Batch::default()
    };
    append(journal, Arc::new(batch)).await;
    assert_eq!(journal.cursor(&app).await.expect("read"), Some(split));
    let policy = Arc::new(Retention {
        keep: Some(seconds(1)),
        ..Retention::default()
    });
    let swept = journal.sweep(policy, at(10)).await.expect("swept");
    assert_eq!(swept.removed, 1);
    assert_eq!(numbers(journal).await, [2, 3]);
}

pub(crate) async fn a_worker_stores_for_its_partitions_and_letters_for_the_consumer<B: Shared>() {
    let backend = B::fresh().await;
    let appended = append(backend.journal(), events([chat(1)])).await;
    let consumers = backend.for_consumers().await;
    let app = ConsumerName::new("app");
    let claim = consumers.claim(&app.partition(1)).await.expect("free");
    let at_one = || Cursor::at(appended[0].position());
    let own = Batch {
        cursors: vec![(app.partition(1), at_one())],
        dead: vec![bury(letter("greet", &appended[0]))],
        ..Batch::default()
    };
    consumers.append(Arc::new(own)).await.expect("stored");
    assert_eq!(letters(backend.journal()).await[0].consumer, app);
    let others = [
        Batch {
            cursors: vec![(app.clone(), at_one())],
            ..Batch::default()
        },
        Batch {
            forgotten: vec![app.partition(2)],
            ..Batch::default()
        },
        Batch {
            dead: vec![bury(DeadLetter {
                consumer: "organ".into(),
                ..letter("greet", &appended[0])
            })],
            ..Batch::default()
        },
    ];
    for batch in others {
        let refused = consumers.append(Arc::new(batch.clone())).await;
        let error = refused.expect_err("not its own");
        assert_eq!(error.trouble(), Trouble::OtherRole, "{batch:?}");
    }
    drop(claim);
}

pub(crate) async fn a_consumer_of_another_process_sees_what_is_appended<B: Shared>() {
    let backend = B::fresh().await;
    append(backend.journal(), events([chat(1)])).await;
    let consumers = backend.for_consumers().await;
    assert_eq!(consumers.role(), Role::Consumer);
    let mut last = consumers.last();
    assert_eq!(numbers(&consumers).await, [1]);
    let appended = append(backend.journal(), events([chat(2), chat(3)])).await;
    let end = appended[1].position();
    let seen = last.wait_for(|last| *last >= end).await;
    seen.expect("the journal is open");
    assert_eq!(numbers(&consumers).await, [1, 2, 3]);
}

pub(crate) async fn what_a_consumer_keeps_is_there_for_everybody<B: Shared>() {
    let backend = B::fresh().await;
    let ingester = backend.journal();
    let appended = append(ingester, events([chat(1), chat(2)])).await;
    let consumers = backend.for_consumers().await;
    let app = ConsumerName::new("app");
    let claim = consumers.claim(&app).await.expect("nobody has it");
    let (cursor, saved) = (
        Cursor::at(appended[0].position()),
        Saved {
            position: appended[0].position(),
            state: b"state".to_vec(),
        },
    );
    let save = Batch {
        cursors: vec![(app.clone(), cursor.clone())],
        dead: vec![bury(letter("greet", &appended[0]))],
        projections: vec![("cache".into(), saved.clone())],
        ..Batch::default()
    };
    consumers.append(Arc::new(save)).await.expect("stored");
    for journal in [ingester, &consumers] {
        assert_eq!(
            journal.cursor(&app).await.expect("read"),
            Some(cursor.clone())
        );
        let projection = journal.projection("cache").await.expect("read");
        assert_eq!(projection, Some(saved.clone()));
        assert_eq!(letters(journal).await[0].handler, "greet");
    }
    // What another process holds up neither appends nor loses.
    append(ingester, events([chat(3)])).await;
    drop(claim);
    drop(consumers);
    let backend = backend.reopened().await;
    assert_eq!(numbers(backend.journal()).await, [1, 2, 3]);
    let kept = backend.journal().cursor(&app).await.expect("read");
    assert_eq!(kept, Some(cursor));
}

pub(crate) async fn a_consumer_stores_nothing_of_another_role<B: Shared>() {
    let backend = B::fresh().await;
    let appended = append(backend.journal(), events([chat(1)])).await;
    let consumers = backend.for_consumers().await;
    let app = ConsumerName::new("app");
    let claim = consumers.claim(&app).await.expect("nobody has it");
    let own = Batch {
        cursors: vec![(app.clone(), Cursor::at(appended[0].position()))],
        ..Batch::default()
    };
    let others = [
        Batch {
            events: vec![(choir(), chat(2))],
            ..own.clone()
        },
        Batch {
            checkpoints: vec![(choir(), checkpoint("socket", 1))],
            ..own.clone()
        },
        Batch {
            cursors: vec![
                (app.clone(), Cursor::default()),
                ("organ".into(), Cursor::default()),
            ],
            ..Batch::default()
        },
        Batch {
            dead: vec![bury(DeadLetter {
                consumer: "organ".into(),
                ..letter("greet", &appended[0])
            })],
            ..own.clone()
        },
    ];
    for batch in others {
        let refused = consumers.append(Arc::new(batch.clone())).await;
        let error = refused.expect_err("another role's");
        assert_eq!(error.trouble(), Trouble::OtherRole, "{batch:?}");
        assert!(!error.is_transient());
    }
    let swept = consumers.sweep(Arc::default(), at(0)).await;
    assert_eq!(
        swept.expect_err("the ingester's").trouble(),
        Trouble::OtherRole
    );
    let erased = consumers
        .erase(Arc::new(Person::new(Vec::new(), "u1")))
        .await;
    assert_eq!(
        erased.expect_err("the ingester's").trouble(),
        Trouble::OtherRole
    );
    // Nothing of a refused batch is stored.
    assert_eq!(consumers.cursor(&app).await.expect("read"), None);
    assert_eq!(letters(backend.journal()).await, []);
    assert_eq!(numbers(backend.journal()).await, [1]);
    drop(claim);
    let given_up = consumers.append(Arc::new(own)).await;
    assert_eq!(
        given_up.expect_err("given up").trouble(),
        Trouble::OtherRole
    );
}

pub(crate) async fn a_claim_keeps_other_processes_away<B: Shared>() {
    let backend = B::fresh().await;
    let (one, other) = (backend.for_consumers().await, backend.for_consumers().await);
    let app = ConsumerName::new("app");
    let claim = one.claim(&app).await.expect("nobody has it");
    for journal in [backend.journal(), &other] {
        let refused = journal.claim(&app).await.expect_err("it is taken");
        assert_eq!(refused.trouble(), Trouble::Locked);
    }
    drop(claim);
    let claim = other.claim(&app).await.expect("it was given up");
    drop(claim);
    let claim = backend.journal().claim(&app).await;
    drop(claim.expect("it was given up"));
}

pub(crate) async fn a_journal_is_followed_while_somebody_else_has_a_consumer<B: Shared>() {
    let backend = B::fresh().await;
    let ingester = backend.journal();
    let followed = async |journal: &dyn Journal| journal.followed().await.expect("a look");
    let (one, other) = (backend.for_consumers().await, backend.for_consumers().await);
    // Open beside it is not enough, nor is a consumer of its own.
    let own = ingester.claim(&"own".into()).await.expect("nobody has it");
    assert_eq!(followed(ingester).await, Some(false));
    assert_eq!(followed(&one).await, Some(true));
    let claim = one.claim(&"app".into()).await.expect("nobody has it");
    assert_eq!(followed(ingester).await, Some(true));
    let partition = ConsumerName::new("crowd").partition(3);
    let second = other.claim(&partition).await.expect("nobody has it");
    drop(claim);
    assert_eq!(followed(ingester).await, Some(true), "one is left");
    drop((second, own));
    // It may be told by the time of a lease longer than it is true.
    while followed(ingester).await != Some(false) {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

pub(crate) async fn a_sweep_waits_for_a_consumer_of_another_process<B: Shared>() {
    let backend = B::fresh().await;
    let appended = append(backend.journal(), events([chat(1), chat(2), chat(3)])).await;
    let consumers = backend.for_consumers().await;
    let app = ConsumerName::new("app");
    let claim = consumers.claim(&app).await.expect("nobody has it");
    let save = cursors([("app", Cursor::at(appended[0].position()))]);
    consumers.append(save).await.expect("stored");
    // It is away, and still needs what it has not read.
    drop((claim, consumers));
    let policy = Arc::new(Retention {
        keep: Some(seconds(1)),
        ..Retention::default()
    });
    let swept = backend
        .journal()
        .sweep(policy, at(60))
        .await
        .expect("swept");
    assert_eq!(swept.removed, 1);
    assert_eq!(numbers(backend.journal()).await, [2, 3]);
}

pub(crate) async fn a_replay_is_told_to_consumers_of_other_processes<B: Shared>() {
    let backend = B::fresh().await;
    let ingester = backend.journal();
    let appended = append(ingester, events([chat(1)])).await;
    let consumers = backend.for_consumers().await;
    let claim = consumers.claim(&"app".into()).await.expect("nobody has it");
    let buried = dead([bury(letter("greet", &appended[0]))]);
    consumers.append(buried).await.expect("stored");
    let mut replays = consumers.replays();
    // Twice, as for a letter that fails again before anybody has looked.
    for _ in 0..2 {
        let id = letters(ingester).await[0].id;
        replays.mark_unchanged();
        append(ingester, dead([DeadLetterChange::Replay(id)])).await;
        replays.changed().await.expect("the journal is open");
        assert!(letters(&consumers).await[0].replay);
        let begun = dead([bury(letter("greet", &appended[0]))]);
        consumers.append(begun).await.expect("stored");
        assert!(!letters(ingester).await[0].replay);
    }
    drop(claim);
}

fn values(journal: &dyn Journal) -> Arc<dyn SharedValues> {
    journal.shared().expect("it shares values")
}

pub(crate) async fn a_shared_value_is_replaced_only_at_its_revision<B: Backend>() {
    let backend = B::fresh().await;
    let values = values(backend.journal());
    let put = async |value: &'static str, expected| {
        let stored = values.put("limit.choir", value.into(), expected, seconds(600));
        stored.await.expect("stored")
    };
    assert_eq!(values.get("limit.choir").await.expect("read"), None);
    assert_eq!(put("zero", Some(1)).await, None, "there is none to replace");
    let first = put("one", None).await.expect("nobody was faster");
    assert_eq!(put("other", None).await, None, "there is one");
    let second = put("two", Some(first)).await.expect("nobody was faster");
    assert!(second > first);
    assert_eq!(put("late", Some(first)).await, None);
    let value = values.get("limit.choir").await.expect("read");
    let value = value.expect("it is there");
    assert_eq!((value.revision, &value.value[..]), (second, &b"two"[..]));
    let names = values.names("limit.").await.expect("read");
    assert_eq!(names, ["limit.choir"]);
    assert!(values.names("limits").await.expect("read").is_empty());
}

pub(crate) async fn a_shared_value_ends_by_itself_and_can_be_made_again<B: Backend>() {
    let backend = B::fresh().await;
    let values = values(backend.journal());
    let brief = Duration::from_millis(1);
    let stored = values.put("a", "one".into(), None, brief).await;
    let first = stored.expect("stored").expect("nobody was faster");
    while values.get("a").await.expect("read").is_some() {
        tokio::task::yield_now().await;
    }
    assert!(values.names("").await.expect("read").is_empty());
    let late = values.put("a", "two".into(), Some(first), brief).await;
    assert_eq!(late.expect("asked"), None, "it has ended");
    let again = values.put("a", "two".into(), None, seconds(600)).await;
    assert!(again.expect("stored").expect("nobody was faster") > first);
}

pub(crate) async fn names_and_values_that_cannot_be_shared_are_refused<B: Backend>() {
    let backend = B::fresh().await;
    let values = values(backend.journal());
    let refused = values.put("a b", "".into(), None, seconds(1)).await;
    assert_eq!(refused.expect_err("a space").trouble(), Trouble::Other);
    assert!(values.get("").await.is_err());
    let large = bytes::Bytes::from(vec![0; (64 << 10) + 1]);
    let refused = values.put("a", large, None, seconds(1)).await;
    assert_eq!(refused.expect_err("too large").trouble(), Trouble::Other);
    let largest = bytes::Bytes::from(vec![0; 64 << 10]);
    let stored = values.put("a", largest, None, seconds(600)).await;
    assert!(stored.expect("stored").is_some());
}

pub(crate) async fn of_many_who_count_together_nobody_is_overlooked<B: Backend>() {
    const EACH: u64 = 8;
    let backend = B::fresh().await;
    let values = values(backend.journal());
    let count = async || {
        for _ in 0..EACH {
            loop {
                let before = values.get("count").await.expect("read");
                let number = before.as_ref().map_or(0, |value| value.value[0]);
                let revision = before.map(|value| value.revision);
                let next = bytes::Bytes::from(vec![number + 1]);
                let stored = values.put("count", next, revision, seconds(600)).await;
                if stored.expect("asked").is_some() {
                    break;
                }
            }
        }
    };
    tokio::join!(count(), count(), count());
    let value = values.get("count").await.expect("read").expect("counted");
    assert_eq!(u64::from(value.value[0]), 3 * EACH);
}

pub(crate) async fn what_one_process_shares_another_one_reads<B: Shared>() {
    let backend = B::fresh().await;
    let consumers = backend.for_consumers().await;
    let (here, there) = (values(backend.journal()), values(&consumers));
    let stored = here.put("a", "one".into(), None, seconds(600)).await;
    let revision = stored.expect("stored").expect("nobody was faster");
    let value = there.get("a").await.expect("read").expect("it is there");
    assert_eq!((value.revision, &value.value[..]), (revision, &b"one"[..]));
    let other = there.put("a", "two".into(), None, seconds(600)).await;
    assert_eq!(other.expect("asked"), None, "there is one");
    let other = there.put("a", "two".into(), Some(revision), seconds(600));
    assert!(other.await.expect("stored").is_some());
}

pub(crate) async fn a_command_of_a_consumer_reaches_the_process_that_serves<B: Shared>() {
    let backend = B::fresh().await;
    let consumers = backend.for_consumers().await;
    let way = consumers.relay().expect("it has a way");
    let remote = Remote::new(way, choir(), seconds(30));
    let asked = remote.call::<u64>(&1).await;
    assert_eq!(asked, Err(RelayError::NobodyServes), "nobody serves yet");

    let serving = async |answer: &'static str| {
        let desk = Desk::new();
        let serve: antiphon_core::Serve = Arc::new(move |command| {
            // Three times as long as the command, and behind it what says who answered.
            let echo = [&command[..], &command, &command].concat();
            Box::pin(async move { Ok(Remote::answer(&answer, &echo)) })
        });
        desk.add(choir(), serve);
        let way = backend.journal().relay().expect("it has a way");
        way.serve(Arc::new(desk)).await
    };
    let ask = async |bytes: usize| {
        let command = "x".repeat(bytes);
        loop {
            match remote.call::<String>(&command).await {
                // It has only begun to serve.
                Err(RelayError::NobodyServes) => tokio::task::yield_now().await,
                answer => break answer.map(|(said, echo)| (said, echo.len())),
            }
        }
    };
    // The command has quotes around it, and a large one and its answer are larger than a message.
    let (small, large) = (5, (4 << 20) - 2);
    let asked = tokio::select! {
        error = serving("first") => panic!("{error}"),
        asked = async { (ask(small).await, ask(large).await) } => asked,
    };
    assert_eq!(asked.0, Ok(("first".into(), 3 * (small + 2))));
    assert_eq!(asked.1, Ok(("first".into(), 12 << 20)));
    let other = remote.to("organ".into());
    // A server may have handed it a message at its end, which nobody answers.
    let way = consumers.relay().expect("it has a way");
    let brief = Remote::new(way, choir(), seconds(1));
    while brief.call::<u64>(&1).await != Err(RelayError::NobodyServes) {}
    // Another process has taken over.
    let asked = tokio::select! {
        error = serving("second") => panic!("{error}"),
        asked = async { (ask(small).await, other.call::<u64>(&1).await) } => asked,
    };
    assert_eq!(asked.0, Ok(("second".into(), 3 * (small + 2))));
    assert_eq!(asked.1, Err(RelayError::NoSuchSource));
}
