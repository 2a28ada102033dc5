//! What every backend promises, one function each.

use std::{future::Future, sync::Arc};

use antiphon_core::{Batch, Draft, Journal, Kind, Origin, Place, Position, SourceName};

/// A storage under test.
pub(crate) trait Backend: Sized + Send {
    /// An empty journal.
    fn fresh() -> impl Future<Output = Self> + Send;

    /// The journal as it is open now.
    fn journal(&self) -> &dyn Journal;
}

/// A storage that outlives the journal that wrote it.
pub(crate) trait OnDisk: Backend {
    /// Closes the journal in good order and opens it again.
    fn reopened(self) -> impl Future<Output = Self> + Send;
}

/// Runs every promise for a backend; those behind `disk` only for one that has one.
macro_rules! keeps_the_contract {
    ($backend:ty) => {
        keeps_the_contract!(@ $backend:
            an_append_is_there_on_return,
            the_same_origin_is_stored_once
        );
    };
    ($backend:ty, disk) => {
        keeps_the_contract!($backend);
        keeps_the_contract!(@ $backend:
            an_append_survives_reopening
        );
    };
    (@ $backend:ty: $($promise:ident),*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                contract::$promise::<$backend>().await;
            }
        )*
    };
}

/// An event of room `loft` that says `text`, with an origin of its own.
pub(crate) fn draft(n: u64, text: &str) -> Draft {
    Draft::new(
        Kind::from_static("queup.chat-message"),
        Place::new("room/loft"),
        Origin::occurrence("chat", &format!("{n:06}")),
        "2026-01-01T00:00:00Z".parse().expect("a timestamp"),
        format!("{{\"message\":{text:?}}}"),
    )
}

pub(crate) fn choir() -> SourceName {
    "choir".into()
}

/// A batch of these events, all of source `choir`.
pub(crate) fn events(drafts: impl IntoIterator<Item = Draft>) -> Arc<Batch> {
    Arc::new(Batch {
        events: drafts.into_iter().map(|draft| (choir(), draft)).collect(),
        ..Batch::default()
    })
}

pub(crate) async fn an_append_is_there_on_return<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let drafts = [draft(1, "one"), draft(2, "two")];
    let appended = journal
        .append(events(drafts.clone()))
        .await
        .expect("stored");
    let read = journal.read(Position::ZERO, 10).await.expect("read");
    assert_eq!(appended.events, read);
    assert_eq!(*read[0].draft(), drafts[0]);
    assert_eq!(*read[1].draft(), drafts[1]);
}

pub(crate) async fn the_same_origin_is_stored_once<B: Backend>() {
    let backend = B::fresh().await;
    let journal = backend.journal();
    let batch = events([draft(1, "one"), draft(1, "one"), draft(1, "another body")]);
    let first = journal.append(Arc::clone(&batch)).await.expect("stored");
    assert_eq!((first.events.len(), first.repeats), (1, 2));
    let again = journal.append(batch).await.expect("stored");
    assert_eq!((again.events.len(), again.repeats), (0, 3));
}

pub(crate) async fn an_append_survives_reopening<B: OnDisk>() {
    let backend = B::fresh().await;
    let appended = backend
        .journal()
        .append(events([draft(1, "one")]))
        .await
        .expect("stored");
    let backend = backend.reopened().await;
    let read = backend
        .journal()
        .read(Position::ZERO, 10)
        .await
        .expect("read");
    assert_eq!(appended.events, read);
}
