//! The source against a simulated Gateway, on a paused clock (protocol §20).

mod harness;

use std::time::Duration;

use antiphon_core::{IntakeLimits, Link, LinkState, Provenance};
use antiphon_discord::{CloseCode, Compression, InteractionCreate, Shards};
use antiphon_sim::{Simulator, discord::Discord};
use harness::{Begin as _, Journal, Running, Said as _, config, lost};
use serde_json::json;
use tokio::time::{Instant, sleep};

/// Waits until a message is stored, and thus everything before it.
async fn heard(sim: &Simulator, app: &Running, text: &str) -> Journal {
    sim.discord().say("loft", "mira", text);
    app.until(|journal| journal.texts().iter().any(|heard| heard == text))
        .await
}

fn identifies(sim: &Simulator) -> u32 {
    sim.discord().identifies(Discord::BOT)
}

#[tokio::test(start_paused = true)]
async fn a_bot_identifies_and_hears_what_is_said() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let journal = heard(&sim, &app, "hello").await;
    let kinds = journal.kinds();
    let at = |kind: &str| {
        kinds
            .iter()
            .position(|other| *other == kind)
            .expect("it came")
    };
    assert!(at("discord.CONNECT") < at("discord.SHARD_CONNECT"));
    assert!(at("discord.SHARD_CONNECT") < at("discord.READY"));
    assert!(at("discord.READY") < at("discord.GUILD_CREATE"));
    assert!(journal.gaps().is_empty(), "a fresh install reports none");
    app.stop().await;
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn frames_that_come_in_a_row_are_all_taken() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let texts: Vec<String> = (0..300).map(|number| number.to_string()).collect();
    for text in &texts {
        sim.discord().say("loft", "mira", text);
    }
    let journal = heard(&sim, &app, "and the last").await;
    assert_eq!(journal.texts()[..300], texts);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_cut_gateway_resumes_without_losing_messages() {
    for compression in [Compression::Zstd, Compression::Zlib, Compression::None] {
        let sim = Simulator::with_seed(7);
        let app = Running::start(&sim, config(&sim).compression(compression));
        app.connected().await;
        let discord = sim.discord();
        heard(&sim, &app, "first").await;
        discord.cut();
        discord.say("loft", "mira", "second");
        let journal = app
            .until(|journal| journal.count("discord.SHARD_RESUME") == 1)
            .await;
        assert_eq!(journal.texts(), ["first", "second"]);
        assert_eq!(journal.texts_by(Provenance::Replayed), ["second"]);
        heard(&sim, &app, "third").await;
        let journal = app.stop().await;
        assert_eq!(identifies(&sim), 1);
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
        assert_eq!(journal.count("discord.READY"), 1);
        assert_eq!(journal.count("discord.DISCONNECT"), 2, "each close once");
        assert_eq!(journal.count("discord.SHARD_DISCONNECT"), 2);
        assert!(journal.gaps().is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_restart_costs_no_identify_and_no_event() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    heard(&sim, &app, "before").await;
    let mut journal = app.kill().await;
    for round in 0..5 {
        for number in 0..10 {
            sim.discord()
                .say("loft", "mira", &format!("{round}.{number}"));
        }
        let app = Running::resume(&sim, config(&sim), journal);
        app.until(|journal| journal.texts().len() == 11 + 10 * round)
            .await;
        app.connected().await;
        journal = if round % 2 == 0 {
            app.kill().await
        } else {
            app.stop().await
        };
    }
    assert_eq!(journal.count("discord.READY"), 1);
    assert_eq!(identifies(&sim), 1);
    assert!(journal.gaps().is_empty());
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn op_7_op_9_and_every_resumable_close_resume() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let mut resumes = 0;
    let mut comes_back = async |text: &str| {
        resumes += 1;
        discord.say("loft", "mira", text);
        app.until(|journal| journal.count("discord.SHARD_RESUME") == resumes)
            .await;
        heard(&sim, &app, &format!("after {text}")).await;
    };
    discord.reconnect();
    comes_back("op 7").await;
    discord.invalidate(true);
    comes_back("op 9").await;
    for code in [1000, 1001, 4000, 4001, 4002, 4003, 4005, 4008, 4999] {
        discord.close(code, "");
        comes_back(&code.to_string()).await;
    }
    let journal = app.stop().await;
    assert_eq!(identifies(&sim), 1);
    assert!(journal.gaps().is_empty());
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_lost_session_identifies_afresh_and_reports_what_is_missing() {
    for way in ["invalid", "4007", "4009", "forgotten"] {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        let app = Running::start(&sim, config(&sim));
        app.connected().await;
        heard(&sim, &app, "before").await;
        match way {
            "invalid" => discord.invalidate(false),
            "forgotten" => {
                discord.cut();
                discord.forget_sessions();
            }
            code => discord.close(code.parse().expect("a code"), ""),
        }
        discord.say("loft", "mira", "missed");
        app.until(|journal| journal.count("discord.READY") == 2)
            .await;
        heard(&sim, &app, "after").await;
        let journal = app.stop().await;
        assert_eq!(journal.gaps().len(), 1, "{way}");
        assert_eq!(identifies(&sim), 2, "{way}");
        assert_eq!(lost(&sim, &journal), Vec::<String>::new(), "{way}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_stated_wait_does_not_pass_without_a_new_word() {
    for shards in [1, 3] {
        let sim = Simulator::with_seed(7);
        let app = Running::start(&sim, config(&sim).shards(Shards::Count(shards)));
        app.connected().await;
        sim.discord().close(4007, "");
        app.until(|journal| journal.count("discord.READY") == 2 * shards as usize)
            .await;
        app.connected().await;
        let journal = app.stop().await;
        let mut waits = 0;
        for shard in 0..shards {
            let place = match shards {
                1 => String::new(),
                _ => format!("shard/{shard}"),
            };
            let words: Vec<_> = journal
                .events
                .iter()
                .filter(|event| event.place().as_str() == place)
                .filter(|event| matches!(event.kind().name(), "link" | "SHARD_CONNECT"))
                .collect();
            for pair in words.windows(2) {
                let Ok(Link {
                    state: LinkState::Waiting { until, .. },
                    ..
                }) = pair[0].parse()
                else {
                    continue;
                };
                waits += 1;
                let next = pair[1].received_at();
                assert!(
                    next.duration_since(until).as_millis() < 1000,
                    "{until} {next}"
                );
            }
        }
        assert!(waits > shards, "the turn is waited for too");
        // The gap begins with the last frame, not with a wait.
        for (_, gap) in journal.gaps() {
            assert!(gap.from.frame.is_some() && gap.from.at < gap.to.at);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_shard_that_stops_alone_is_told_by_its_number() {
    let sim = Simulator::with_seed(7);
    let mut app = Running::start(&sim, config(&sim).shards(Shards::Count(2)));
    app.connected().await;
    sim.discord().shard(1).close(4010, "");
    let error = app.ended().await.expect_err("it stops");
    assert_eq!(error.code(), "invalid_shard");
    assert!(
        error.message().starts_with("shard 1: "),
        "{}",
        error.message()
    );
    assert!(error.way_out().is_some());
    let link = app.client.link().borrow().clone();
    assert!(link.to_string().contains("shard 1: "), "{link}");
    let journal = app.stop().await;
    for place in ["shard/1", ""] {
        let links = journal.of(Link::KIND).into_iter();
        let mut links = links.filter(|event| event.place().as_str() == place);
        let last: Link = links.next_back().expect("a link").parse().expect("a link");
        assert!(
            matches!(last.state, LinkState::Stopped { code, hint: Some(_), .. } if code == "invalid_shard"),
            "{place}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_that_cannot_be_inflated_are_kept() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    discord.binary(b"not compressed at all");
    app.until(|journal| journal.count("discord.SHARD_RESUME") == 1)
        .await;
    let journal = app.stop().await;
    assert_eq!(journal.count("discord.UNREADABLE"), 1);
}

#[tokio::test(start_paused = true)]
async fn fatal_closes_stop_with_the_way_out() {
    let codes = [
        (4004, "authorization"),
        (4010, "invalid_shard"),
        (4011, "sharding_required"),
        (4012, "invalid_version"),
        (4013, "invalid_intents"),
        (4014, "disallowed_intents"),
    ];
    for (code, word) in codes {
        let sim = Simulator::with_seed(7);
        let mut app = Running::start(&sim, config(&sim));
        app.connected().await;
        sim.discord().close(code, "");
        let error = app.ended().await.expect_err("it stops");
        assert_eq!(error.code(), word);
        assert!(error.message().contains(&code.to_string()));
        assert!(error.way_out().is_some());
        let link = app.client.link().borrow().clone();
        assert!(matches!(link, LinkState::Stopped { .. }), "{link}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_token_and_disallowed_intents_are_never_tried_twice() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    discord.privileged(Discord::BOT, false);
    let mut app = Running::start(&sim, config(&sim));
    let error = app.ended().await.expect_err("it stops");
    assert_eq!(error.code(), "disallowed_intents");
    let before = config(&sim);
    discord.reset_token(Discord::BOT);
    let mut app = Running::start(&sim, before);
    let error = app.ended().await.expect_err("it stops");
    assert_eq!(error.code(), "authorization");
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_fell_silent_is_left_and_resumed() {
    for fault in ["acks", "half-open"] {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        let app = Running::start(&sim, config(&sim));
        app.connected().await;
        let since = Instant::now();
        if fault == "acks" {
            discord.withhold_acks(true);
        } else {
            discord.half_open();
        }
        discord.say("loft", "mira", "into the void");
        app.until(|journal| journal.count("discord.DISCONNECT") == 1)
            .await;
        discord.withhold_acks(false);
        assert!(since.elapsed() < Duration::from_secs(100));
        app.until(|journal| journal.count("discord.SHARD_RESUME") == 1)
            .await;
        let journal = heard(&sim, &app, "heard").await;
        assert_eq!(journal.texts(), ["into the void", "heard"]);
        let journal = app.stop().await;
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
        assert_eq!(identifies(&sim), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn the_latency_of_heartbeats_is_measured() {
    let sim = Simulator::with_seed(7);
    sim.discord().delay_acks(Duration::from_millis(80));
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    assert_eq!(app.client.latency(0), None);
    sleep(Duration::from_secs(60)).await;
    let latency = app.client.latency(0).expect("measured");
    assert!(latency >= Duration::from_millis(80) && latency < Duration::from_millis(90));
    let (beats, acks) = sim.discord().heartbeats();
    sim.discord().ask_for_beats();
    sleep(Duration::from_secs(1)).await;
    assert_eq!(sim.discord().heartbeats(), (beats + 1, acks + 1));
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_stale_resume_host_costs_a_moment_and_nothing_else() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    discord.stale_resume_host(true);
    discord.cut();
    discord.say("loft", "mira", "meanwhile");
    app.until(|journal| journal.count("discord.SHARD_RESUME") == 1)
        .await;
    let journal = app.stop().await;
    assert_eq!(journal.texts(), ["meanwhile"]);
    assert_eq!(identifies(&sim), 1);
    assert!(journal.gaps().is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_gateway_that_is_down_is_waited_for() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    discord.refuse_sockets(Duration::from_secs(40));
    discord.cut();
    discord.say("loft", "mira", "meanwhile");
    app.until(|journal| journal.count("discord.SHARD_RESUME") == 1)
        .await;
    let journal = app.stop().await;
    assert_eq!(journal.texts(), ["meanwhile"]);
    let waits = journal.decoded::<Link>();
    let reasons = waits.iter().filter_map(|link| match &link.state {
        LinkState::Waiting { reason, .. } => Some(reason),
        _ => None,
    });
    assert!(reasons.count() >= 2, "each try says why");
}

#[tokio::test(start_paused = true)]
async fn a_slow_journal_stops_the_reading_and_costs_no_heartbeat() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let limits = IntakeLimits {
        entries: 4,
        bytes: 1 << 20,
    };
    let app = Running::with_limits(
        &sim,
        config(&sim).buffer_bytes(20_000),
        Journal::default(),
        limits,
    );
    app.connected().await;
    app.pause_journal(true);
    for number in 0..200 {
        discord.say("loft", "mira", &number.to_string());
    }
    sleep(Duration::from_secs(600)).await;
    let (beats, _) = discord.heartbeats();
    assert!(beats >= 14, "{beats}");
    app.pause_journal(false);
    let journal = app.until(|journal| journal.texts().len() == 200).await;
    assert_eq!(journal.count("discord.DISCONNECT"), 0);
    sleep(Duration::from_secs(200)).await;
    let journal = app.stop().await;
    assert_eq!(journal.count("discord.CONNECT"), 1, "the connection lives");
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_payload_split_over_frames_decodes_on_every_connection() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    discord.split(Some(100));
    let app = Running::start(&sim, config(&sim).compression(Compression::Zlib));
    app.connected().await;
    heard(&sim, &app, "first").await;
    discord.cut();
    app.until(|journal| journal.count("discord.SHARD_RESUME") == 1)
        .await;
    heard(&sim, &app, "second").await;
    let journal = app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_broken_compressed_stream_is_resumed() {
    for compression in [Compression::Zstd, Compression::Zlib] {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        let app = Running::start(&sim, config(&sim).compression(compression));
        app.connected().await;
        discord.binary(b"not compressed at all\x00\x00\xff\xff");
        discord.say("loft", "mira", "behind it");
        let journal = app
            .until(|journal| journal.count("discord.SHARD_RESUME") == 1)
            .await;
        assert_eq!(journal.texts(), ["behind it"]);
        let journal = app.stop().await;
        assert_eq!(identifies(&sim), 1);
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn an_oversized_frame_is_refused_by_its_header_and_the_session_resumes() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    discord.oversized(1 << 30);
    discord.say("loft", "mira", "behind it");
    let journal = app
        .until(|journal| journal.count("discord.SHARD_RESUME") == 1)
        .await;
    assert_eq!(journal.texts(), ["behind it"]);
    let journal = app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn bad_frames_are_kept_and_the_session_goes_on() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    discord.frame("<html>502 Bad Gateway</html>");
    discord.frame(r#"{"op":77,"d":null}"#);
    discord.frame(&format!("{{\"op\":0,\"d\":{}", "[".repeat(10_000)));
    discord.dispatch(None, &serde_json::json!({"guild_id": "1"}));
    discord.dispatch(
        Some("SOMETHING_NEW"),
        &serde_json::json!({"shape": "unknown"}),
    );
    discord.numeric_ids(true);
    heard(&sim, &app, "after").await;
    let journal = app.stop().await;
    assert_eq!(journal.count("discord.UNREADABLE"), 1);
    assert_eq!(journal.count("discord.OP_77"), 1);
    assert_eq!(
        journal.count("discord.UNNAMED"),
        2,
        "the broken dispatch too"
    );
    assert_eq!(journal.count("discord.SOMETHING_NEW"), 1);
    assert_eq!(
        journal.count("discord.DISCONNECT"),
        1,
        "only the stop's own"
    );
    let message = journal.of("discord.MESSAGE_CREATE")[0];
    assert!(message.place().as_str().contains("/channel/"));
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn repeated_and_reordered_delivery_is_stored_once() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    discord.duplicate(5);
    discord.reorder(2);
    for number in 0..8 {
        discord.say("loft", "mira", &number.to_string());
    }
    app.until(|journal| journal.texts().len() == 8).await;
    let journal = app.stop().await;
    assert!(journal.repeats > 0);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn four_shards_identify_in_pairs_and_each_resumes_by_itself() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    discord.shards(4);
    discord.max_concurrency(2);
    let since = Instant::now();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let took = since.elapsed();
    assert!(
        took >= Duration::from_secs(5) && took < Duration::from_secs(7),
        "{took:?}"
    );
    let shards = app.client.shards();
    assert_eq!(shards.len(), 4);
    assert!(
        shards
            .iter()
            .all(|shard| shard.count == 4 && shard.link.is_connected())
    );
    heard(&sim, &app, "first").await;
    discord.cut();
    app.until(|journal| journal.count("discord.SHARD_RESUME") == 4)
        .await;
    heard(&sim, &app, "second").await;
    let journal = app.kill().await;
    let parts: Vec<&str> = journal
        .checkpoints
        .iter()
        .map(|checkpoint| &*checkpoint.part)
        .collect();
    for part in ["shard/0", "shard/1", "shard/2", "shard/3", "identifies"] {
        assert!(parts.contains(&part), "{parts:?}");
    }
    let app = Running::resume(&sim, config(&sim), journal);
    app.connected().await;
    let journal = app.stop().await;
    assert_eq!(identifies(&sim), 4);
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    assert!(journal.gaps().is_empty());
}

#[tokio::test(start_paused = true)]
async fn another_number_of_shards_identifies_afresh_and_reports_a_gap() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).shards(Shards::Count(2)));
    app.connected().await;
    heard(&sim, &app, "before").await;
    let journal = app.kill().await;
    sim.discord().say("loft", "mira", "missed");
    sleep(Duration::from_secs(10)).await;
    let app = Running::resume(&sim, config(&sim).shards(Shards::Count(1)), journal);
    app.connected().await;
    heard(&sim, &app, "after").await;
    let journal = app.kill().await;
    assert_eq!(journal.gaps().len(), 1);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    let app = Running::resume(&sim, config(&sim).shards(Shards::Count(1)), journal);
    app.connected().await;
    let journal = app.stop().await;
    assert_eq!(journal.gaps().len(), 1, "it is reported once");
    assert_eq!(identifies(&sim), 3);
}

#[tokio::test(start_paused = true)]
async fn a_spent_budget_is_waited_for_and_never_overdrawn() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    discord.session_starts(0);
    let app = Running::start(&sim, config(&sim));
    let mut link = app.client.link();
    let waiting = link
        .wait_for(|state| matches!(state, LinkState::Waiting { .. }))
        .await
        .expect("it runs")
        .clone();
    let LinkState::Waiting { until, reason } = waiting else {
        panic!("{waiting}")
    };
    assert!(
        reason.contains("identifies of the day are spent"),
        "{reason}"
    );
    let wait = until.duration_since(sim.clock().now());
    assert!(wait.as_hours() >= 20, "{wait}");
    sleep(Duration::from_secs(25 * 3600)).await;
    app.connected().await;
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn an_ordered_stop_keeps_the_session_unless_told_otherwise() {
    for (code, sessions) in [(CloseCode::Resume, 1), (CloseCode::Normal, 0)] {
        let sim = Simulator::with_seed(7);
        let app = Running::start(&sim, config(&sim).close_code(code));
        app.connected().await;
        heard(&sim, &app, "before").await;
        let journal = app.stop().await;
        sleep(Duration::from_secs(1)).await;
        assert_eq!(sim.discord().sessions().len(), sessions);
        let app = Running::resume(&sim, config(&sim), journal);
        app.connected().await;
        let journal = app.stop().await;
        assert_eq!(journal.gaps().len(), 1 - sessions);
        assert_eq!(
            identifies(&sim),
            2 - u32::try_from(sessions).expect("small")
        );
    }
}

#[tokio::test(start_paused = true)]
async fn a_guild_of_fifty_megabytes_passes() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let large = serde_json::json!({"id": "1", "name": "x".repeat(50 << 20)});
    discord.dispatch(Some("GUILD_CREATE"), &large);
    heard(&sim, &app, "after").await;
    let journal = app.stop().await;
    assert_eq!(journal.count("discord.CONNECT"), 1);
    assert!(
        journal
            .of("discord.GUILD_CREATE")
            .iter()
            .any(|event| event.body().len() > 50 << 20)
    );
}

#[tokio::test(start_paused = true)]
async fn a_guild_beyond_the_limit_is_passed_over_with_a_gap() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim).largest_frame(1 << 20));
    app.connected().await;
    let large = serde_json::json!({"id": "1", "name": "x".repeat(2 << 20)});
    discord.dispatch(Some("GUILD_CREATE"), &large);
    heard(&sim, &app, "after").await;
    let journal = app.stop().await;
    assert_eq!(journal.count("discord.CONNECT"), 1);
    assert_eq!(journal.gaps().len(), 1);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}

#[tokio::test(start_paused = true)]
async fn a_guild_that_swells_passes_uncompressed_too() {
    for compression in [Compression::None, Compression::Zlib] {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        discord.swell(&discord.guild_id().to_string(), 20 << 20);
        let app = Running::start(&sim, config(&sim).compression(compression));
        app.connected().await;
        heard(&sim, &app, "after").await;
        let journal = app.stop().await;
        assert_eq!(journal.count("discord.CONNECT"), 1, "{compression:?}");
        assert_eq!(lost(&sim, &journal), Vec::<String>::new());
    }
}

#[tokio::test(start_paused = true)]
async fn the_token_shows_nowhere() {
    let sim = Simulator::with_seed(7);
    let token = sim.discord().token();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    sim.discord().cut();
    app.until(|journal| journal.count("discord.SHARD_RESUME") == 1)
        .await;
    let printed = format!("{:?} {:?}", app.client, config(&sim));
    assert!(!printed.contains(token.expose()));
    let journal = app.stop().await;
    let has_token = |bytes: &[u8]| String::from_utf8_lossy(bytes).contains(token.expose());
    assert!(!journal.events.iter().any(|event| has_token(event.body())));
    assert!(!journal.checkpoints.iter().any(|one| has_token(&one.state)));
}

#[tokio::test(start_paused = true)]
async fn an_empty_cache_begins_a_new_session() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    heard(&sim, &app, "before").await;
    let journal = app.stop().await;
    let cached = config(&sim).cache(antiphon_discord::CacheLimits::default());
    let app = Running::resume(&sim, cached, journal);
    app.connected().await;
    let journal = app
        .until(|journal| journal.count("discord.READY") == 2)
        .await;
    assert_eq!(journal.gaps().len(), 1);
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn runs_that_die_before_their_session_begins_do_not_spend_the_day() {
    let sim = Simulator::with_seed(7);
    let mut journal = Journal::default();
    for _ in 0..200 {
        // Dies some seconds after it began, whatever it reached; its checkpoint of the shard is lost with it.
        let app = Running::resume(&sim, config(&sim), journal);
        sleep(Duration::from_secs(2)).await;
        journal = app.kill().await;
        let is_ready = journal.count("discord.READY") > 0;
        assert!(is_ready, "the first run is not held back");
        journal
            .checkpoints
            .retain(|checkpoint| &*checkpoint.part == "identifies");
        for checkpoint in &mut journal.checkpoints {
            // As if READY had never come.
            let text = String::from_utf8_lossy(&checkpoint.state);
            checkpoint.state = text.replace("\"in_vain\":0", "\"in_vain\":8").into();
        }
    }
    assert!(identifies(&sim) < 20, "{}", identifies(&sim));
}

#[tokio::test(start_paused = true)]
async fn interactions_of_every_kind_are_typed_and_answered() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let discord = sim.discord();
    let who = json!({"name": "who", "type": 6, "description": "whom", "autocomplete": false});
    let song = json!({"name": "song", "type": 3, "description": "which", "autocomplete": true});
    let command = json!({"name": "greet", "description": "greets", "options": [who, song]});
    discord.register("antiphon", None, &command);
    discord.register("antiphon", None, &json!({"name": "Wave at", "type": 2}));

    discord.autocomplete(
        "loft",
        "mira",
        "antiphon",
        "greet",
        &json!({"song": "lo"}),
        "",
    );
    discord.context("loft", "mira", "antiphon", "Wave at", "iris");
    let asked = discord.command("loft", "mira", "antiphon", "greet", &json!({"who": "iris"}));
    let journal = app
        .until(|journal| journal.count("discord.INTERACTION_CREATE") == 3)
        .await;
    let interactions: Vec<InteractionCreate> = journal.decoded();
    let command = &interactions[2];
    assert_eq!(command.id.get(), asked);
    app.client
        .interaction(command)
        .defer()
        .await
        .expect("deferred");
    let answers = app.client.interaction(command);
    let thinking = answers.response().await.expect("it thinks");
    let filled = answers
        .update_response()
        .content(Some("hello"))
        .await
        .expect("filled");
    assert_eq!((filled.id, &*filled.content), (thinking.id, "hello"));
    let more = answers
        .create_followup()
        .content("more")
        .await
        .expect("followed");
    answers.delete_followup(more.id).await.expect("deleted");

    // A button of a message that the bot posted as an answer.
    let row = json!([{"type": 1, "components": [
        {"type": 2, "style": 1, "label": "Ask", "custom_id": "ask"},
    ]}]);
    let answer = json!({"type": 4, "data": {"content": "press", "components": row}});
    let menu = app.client.interaction(&interactions[1]);
    menu.create_response(&answer).await.expect("answered");
    assert_ne!(discord.press("loft", "teo", "antiphon", "ask"), 0);
    let journal = app
        .until(|journal| journal.count("discord.INTERACTION_CREATE") == 4)
        .await;
    let pressed = journal.decoded::<InteractionCreate>().remove(3);
    assert_eq!(
        pressed.message.as_ref().map(|message| &*message.content),
        Some("press")
    );
    let updated = app.client.interaction(&pressed).update().content("pressed");
    updated.await.expect("updated");
    let journal = app.stop().await;
    for interaction in journal.decoded::<InteractionCreate>() {
        let repairs: Vec<_> = interaction
            .repairs()
            .iter()
            .map(ToString::to_string)
            .collect();
        assert_eq!(repairs, Vec::<String>::new());
    }
    assert!(discord.texts("loft").contains(&"pressed".to_owned()));
    assert_eq!(sim.notes(), []);
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}
