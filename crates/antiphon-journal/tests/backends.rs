//! The contract for every backend, and the backends compared with one another.

#[cfg_attr(
    not(feature = "sqlite"),
    expect(dead_code, reason = "some promises need a disk")
)]
mod contract;
#[cfg(feature = "jetstream")]
mod nats;

/// Runs every promise for a backend; those behind `disk` only for a backend with a disk, and those behind `shared` for
/// one that several processes use.
macro_rules! keeps_the_contract {
    ($backend:ty) => {
        keeps_the_contract!(@ $backend:
            an_append_is_there_on_return,
            an_empty_batch_is_stored_without_ado,
            events_keep_every_field,
            positions_grow_in_the_order_of_the_batch,
            the_same_origin_is_stored_once,
            the_same_origin_of_another_source_is_another_event,
            repeats_among_many_new_events_take_no_number,
            a_checkpoint_is_stored_also_with_a_repeat,
            the_last_checkpoint_of_a_part_wins,
            checkpoints_belong_to_their_source,
            reads_resume_after_a_position_with_holes,
            a_page_ends_at_its_limit,
            a_page_is_bounded_in_bytes_but_never_empty,
            a_slow_reader_misses_nothing,
            appends_side_by_side_are_all_stored,
            the_last_position_is_watched,
            a_cursor_is_there_as_it_was_saved_last,
            a_projection_is_there_as_it_was_saved_last,
            a_dead_letter_is_kept_as_it_was_buried,
            burying_the_same_failure_again_replaces_the_letter,
            dead_letters_are_read_in_pages,
            a_replay_is_marked_and_watched,
            a_dropped_dead_letter_is_gone_and_its_number_is_not_given_again,
            a_batch_is_stored_whole_or_not_at_all,
            a_batch_that_failed_can_be_appended_again,
            repeats_are_recognised_after_retention_within_the_window,
            positions_are_not_given_again_after_retention,
            a_sweep_removes_by_age_and_kind,
            a_sweep_does_not_pass_a_cursor,
            momentary_events_go_past_cursors_and_are_counted,
            a_sweep_by_size_removes_the_oldest,
            an_event_from_a_wrong_clock_keeps_no_other,
            a_platforms_deletion_is_honoured_after_the_grace,
            a_dead_letter_keeps_its_copy_of_a_deleted_event,
            an_erased_person_is_gone_and_a_repeat_is_known,
            an_erasure_knows_what_one_knew_that_was_interrupted,
            an_erasure_puts_no_older_state_in_the_place_of_a_newer_one,
            a_closed_journal_says_so,
            any_bytes_can_be_a_body,
            any_text_can_be_a_name,
            a_consumer_is_one_claims_at_a_time,
            who_has_a_consumer_is_told_and_nobody_waits_for_a_try,
            a_forgotten_consumer_has_no_cursor_and_holds_nothing,
            a_split_consumer_holds_what_its_partitions_need,
            a_shared_value_is_replaced_only_at_its_revision,
            a_shared_value_ends_by_itself_and_can_be_made_again,
            names_and_values_that_cannot_be_shared_are_refused,
            of_many_who_count_together_nobody_is_overlooked
        );
    };
    ($backend:ty, disk) => {
        keeps_the_contract!($backend);
        keeps_the_contract!(@ $backend:
            everything_survives_reopening,
            everything_survives_being_dropped,
            repeats_are_recognised_after_reopening,
            positions_go_on_after_reopening_though_no_row_is_left,
            a_failed_batch_does_not_unsettle_the_positions
        );
    };
    ($backend:ty, shared) => {
        keeps_the_contract!($backend, disk);
        keeps_the_contract!(@ $backend:
            a_consumer_of_another_process_sees_what_is_appended,
            what_a_consumer_keeps_is_there_for_everybody,
            a_consumer_stores_nothing_of_another_role,
            a_claim_keeps_other_processes_away,
            a_journal_is_followed_while_somebody_else_has_a_consumer,
            a_worker_stores_for_its_partitions_and_letters_for_the_consumer,
            a_sweep_waits_for_a_consumer_of_another_process,
            a_replay_is_told_to_consumers_of_other_processes,
            what_one_process_shares_another_one_reads,
            a_command_of_a_consumer_reaches_the_process_that_serves
        );
    };
    (@ $backend:ty: $($promise:ident),*) => {
        $(
            #[tokio::test]
            async fn $promise() {
                if <$backend as crate::contract::Backend>::is_there() {
                    crate::contract::$promise::<$backend>().await;
                }
            }
        )*
    };
}

mod memory {
    use antiphon_core::{Journal, Trouble};
    use antiphon_journal::MemoryJournal;

    use crate::contract::{Backend, chat, events};

    impl Backend for MemoryJournal {
        async fn fresh() -> Self {
            Self::new()
        }

        fn journal(&self) -> &dyn Journal {
            self
        }

        async fn cramp(&self, cramped: bool) {
            self.limit(cramped.then_some(100_000));
        }
    }

    keeps_the_contract!(MemoryJournal);

    #[tokio::test]
    async fn repeats_weigh_nothing_at_the_limit() {
        let journal = MemoryJournal::new();
        let room_for_two = 2 * chat(1).weight() as u64;
        journal.limit(Some(room_for_two));
        let appended = journal.append(events([chat(1), chat(2)])).await;
        assert_eq!(appended.expect("room").events.len(), 2);

        let repeats = journal.append(events([chat(1), chat(2), chat(1)])).await;
        assert_eq!(repeats.expect("nothing is new").repeats, 3);
        let error = journal.append(events([chat(1), chat(3)])).await;
        assert_eq!(error.expect_err("one is new").trouble(), Trouble::Full);

        journal.limit(Some(room_for_two + chat(3).weight() as u64));
        let once = journal.append(events([chat(3), chat(3)])).await;
        assert_eq!(once.expect("it weighs once").repeats, 1);
    }
}

#[cfg(feature = "sqlite")]
mod sqlite {
    use std::time::Duration;

    use antiphon_core::Journal;
    use antiphon_journal::{Options, SqliteJournal};
    use tempfile::TempDir;

    use crate::contract::{Backend, OnDisk, Shared};

    /// A journal in a file, with bodies compressed or not.
    pub(crate) struct Sqlite<const COMPRESS: bool> {
        folder: TempDir,
        journal: SqliteJournal,
    }

    impl<const COMPRESS: bool> Sqlite<COMPRESS> {
        async fn open(folder: TempDir) -> Self {
            let options = Options::new().compress(COMPRESS).wait(Duration::ZERO);
            let path = folder.path().join("journal.sqlite");
            let journal = SqliteJournal::open_with(path, options)
                .await
                .expect("opened");
            Self { folder, journal }
        }
    }

    impl<const COMPRESS: bool> Backend for Sqlite<COMPRESS> {
        async fn fresh() -> Self {
            Self::open(TempDir::new().expect("a folder")).await
        }

        fn journal(&self) -> &dyn Journal {
            &self.journal
        }

        async fn cramp(&self, cramped: bool) {
            let limit = self.journal.limit(cramped.then_some(0));
            limit.await.expect("limited");
        }
    }

    impl<const COMPRESS: bool> OnDisk for Sqlite<COMPRESS> {
        async fn reopened(self) -> Self {
            self.journal.close().await.expect("closed");
            Self::open(self.folder).await
        }

        async fn dropped(self) -> Self {
            drop(self.journal);
            Self::open(self.folder).await
        }
    }

    impl<const COMPRESS: bool> Shared for Sqlite<COMPRESS> {
        type Consumers = SqliteJournal;

        async fn for_consumers(&self) -> SqliteJournal {
            let path = self.folder.path().join("journal.sqlite");
            let options = Options::new().wait(Duration::ZERO);
            let journal = SqliteJournal::for_consumers_with(path, options).await;
            journal.expect("opened")
        }
    }

    mod plain {
        keeps_the_contract!(super::Sqlite<false>, shared);
    }

    mod compressed {
        keeps_the_contract!(super::Sqlite<true>, shared);
    }
}

#[cfg(feature = "jetstream")]
mod jetstream {
    use std::time::Duration;

    use antiphon_core::Journal;
    use antiphon_journal::{JetStreamJournal, JetStreamOptions};

    use crate::{
        contract::{Backend, OnDisk, Shared},
        nats::{self, Server, cluster, is_there, replicates, urls},
    };

    /// Longer than a lease, as a process has to wait that was not given the journal; no longer, since what is refused
    /// waits as well.
    fn options() -> JetStreamOptions {
        JetStreamOptions::new("test")
            .lease(Duration::from_secs(1))
            .wait(Duration::from_secs(5))
    }

    /// A journal in the stream of servers of its own: of one, or of three that are one cluster.
    pub(crate) struct JetStream<const SERVERS: usize> {
        servers: Vec<Server>,
        journal: JetStreamJournal,
    }

    impl<const SERVERS: usize> JetStream<SERVERS> {
        async fn open(servers: Vec<Server>) -> Self {
            let journal = nats::open(&servers, options()).await;
            Self { servers, journal }
        }
    }

    impl<const SERVERS: usize> Backend for JetStream<SERVERS> {
        fn is_there() -> bool {
            is_there() && (SERVERS == 1 || replicates())
        }

        async fn fresh() -> Self {
            let servers = if SERVERS == 1 {
                vec![Server::start().await]
            } else {
                cluster().await
            };
            Self::open(servers).await
        }

        fn journal(&self) -> &dyn Journal {
            &self.journal
        }

        async fn cramp(&self, cramped: bool) {
            self.journal.limit(cramped.then_some(100_000));
        }
    }

    impl<const SERVERS: usize> OnDisk for JetStream<SERVERS> {
        async fn reopened(self) -> Self {
            self.journal.close().await.expect("closed");
            Self::open(self.servers).await
        }

        async fn dropped(self) -> Self {
            drop(self.journal);
            Self::open(self.servers).await
        }
    }

    impl<const SERVERS: usize> Shared for JetStream<SERVERS> {
        type Consumers = JetStreamJournal;

        async fn for_consumers(&self) -> JetStreamJournal {
            let journal = JetStreamJournal::for_consumers(&urls(&self.servers), options()).await;
            journal.expect("opened")
        }
    }

    keeps_the_contract!(JetStream<1>, shared);

    mod replicated {
        keeps_the_contract!(super::JetStream<3>, shared);
    }
}
