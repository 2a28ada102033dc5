//! Commands over the Gateway, against the simulator on a paused clock.

mod harness;

use std::time::Duration;

use antiphon_discord::{
    Activity, CommandError, Intents, MemberQuery, MembersError, Presence, Shards, VoiceError,
    model::id::{
        Id,
        marker::{ChannelMarker, GuildMarker},
    },
};
use antiphon_sim::{Simulator, discord::Discord};
use harness::{Begin as _, Running, config, lost};
use tokio::time::{Instant, sleep};

fn guild(sim: &Simulator) -> Id<GuildMarker> {
    Id::new(sim.discord().guild_id())
}

fn voice_channel(sim: &Simulator) -> Id<ChannelMarker> {
    Id::new(sim.discord().voice_channel_id())
}

#[tokio::test(start_paused = true)]
async fn a_voice_join_completes_in_either_order_and_without_a_server_at_first() {
    for fault in ["none", "server first", "server missing"] {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        discord.voice_server_first(fault == "server first");
        discord.voice_server_missing(fault == "server missing");
        let app = Running::start(&sim, config(&sim));
        app.connected().await;
        let voice = app
            .client
            .join_voice(guild(&sim), voice_channel(&sim), false, true)
            .await
            .expect("joined");
        let there = discord.voice(&guild(&sim).to_string(), Discord::BOT);
        let (channel, session, token) = there.expect("in voice");
        assert_eq!(voice.channel.get(), channel);
        assert_eq!(voice.session_id, session);
        assert_eq!(voice.token.expose(), token);
        assert_eq!(voice.user.get(), discord.account().id);
        app.client.leave_voice(guild(&sim)).await.expect("left");
        let journal = app
            .until(|journal| journal.count("discord.VOICE_STATE_UPDATE") >= 2)
            .await;
        assert!(
            discord
                .voice(&guild(&sim).to_string(), Discord::BOT)
                .is_none()
        );
        assert!(journal.count("discord.VOICE_SERVER_UPDATE") >= 1);
        app.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_full_channel_times_out_and_a_missing_intent_fails_at_once() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let channel = voice_channel(&sim);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let elsewhere = Id::new(discord.channel("crypt").expect("a channel"));
    let since = Instant::now();
    let error = app
        .client
        .join_voice(guild(&sim), elsewhere, false, false)
        .await
        .expect_err("nobody answers");
    assert!(matches!(
        error,
        VoiceError::TimedOut {
            has_state: false,
            has_server: false
        }
    ));
    assert!(since.elapsed() >= Duration::from_secs(10));
    app.stop().await;
    let sim = Simulator::with_seed(7);
    let config = antiphon_discord::Config::new(sim.discord().token(), Intents::GUILDS)
        .network(sim.network())
        .clock(sim.clock());
    let (client, _source) = antiphon_discord::connect(config);
    let error = client
        .join_voice(guild(&sim), channel, false, false)
        .await
        .expect_err("no intent");
    assert!(matches!(error, VoiceError::IntentMissing));
}

#[tokio::test(start_paused = true)]
async fn members_are_collected_from_chunks_in_any_order() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    discord.crowd(&guild(&sim).to_string(), 2500);
    discord.reverse_chunks(true);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let members = app
        .client
        .request_members(MemberQuery::all(guild(&sim)).with_presences())
        .await
        .expect("all of them");
    assert!(members.len() >= 3);
    let indexes: Vec<u64> = members
        .chunks()
        .filter_map(|chunk| chunk.parse::<serde_json::Value>().ok()?["chunk_index"].as_u64())
        .collect();
    let all: Vec<u64> = (0..).take(members.len()).collect();
    assert_eq!(indexes, all);
    let journal = app
        .until(|journal| journal.count("discord.GUILD_MEMBERS_CHUNK") == members.len())
        .await;
    let error = app
        .client
        .request_members(MemberQuery::all(guild(&sim)))
        .await
        .expect_err("once in 30 seconds");
    assert!(matches!(error, MembersError::RateLimited { .. }), "{error}");
    sleep(Duration::from_secs(31)).await;
    discord.withhold_chunk(Some(1));
    let error = app
        .client
        .request_members(MemberQuery::all(guild(&sim)))
        .await
        .expect_err("one is missing");
    assert!(matches!(error, MembersError::TimedOut { .. }), "{error}");
    assert_eq!(
        error.partial().expect("the others").len(),
        members.len() - 1
    );
    assert!(journal.gaps().is_empty());
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_request_that_cannot_be_answered_is_not_sent() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let many = (1..=101).map(Id::new);
    let refused = [
        MemberQuery::users(guild(&sim), many),
        MemberQuery::users(guild(&sim), []),
        MemberQuery::named(guild(&sim), "m", 0),
        MemberQuery::named(guild(&sim), "m".repeat(5000), 1),
    ];
    for query in refused {
        let error = app
            .client
            .request_members(query)
            .await
            .expect_err("refused");
        let MembersError::Command(error) = error else {
            panic!("{error}")
        };
        assert!(!error.is_transient(), "{error}");
    }
    app.stop().await;
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn more_than_a_minute_takes_waits_its_turn_and_beats_go_on() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let since = Instant::now();
    let asks = (0..150).map(|_| app.client.request_channel_info(guild(&sim)));
    for answer in futures_util::future::join_all(asks).await {
        answer.expect("sent");
    }
    let took = since.elapsed();
    assert!(
        took >= Duration::from_secs(50) && took < Duration::from_secs(90),
        "{took:?}"
    );
    sleep(Duration::from_secs(60)).await;
    let journal = app.stop().await;
    assert_eq!(journal.count("discord.CHANNEL_INFO"), 150);
    assert_eq!(journal.count("discord.CONNECT"), 1, "nobody was thrown out");
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_presence_is_shown_on_every_shard() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim).shards(Shards::Count(2)));
    app.connected().await;
    let presence = Presence::idle().activity(Activity::listening_to("a demo"));
    app.client.update_presence(presence).await.expect("shown");
    sleep(Duration::from_secs(5)).await;
    let journal = app.stop().await;
    // The simulator answers each shard's op 3 with one event for each guild of the bot.
    let shown = journal.of("discord.PRESENCE_UPDATE");
    assert_eq!(shown.len(), 2 * journal.count("discord.GUILD_CREATE"));
    for event in shown {
        let body: serde_json::Value = event.parse().expect("JSON");
        assert_eq!(body["status"], "idle");
        assert_eq!(body["activities"][0]["name"], "a demo");
    }
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_command_waits_for_the_connection_and_then_says_how_it_stands() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    // A short outage is waited for.
    discord.cut();
    app.client
        .request_channel_info(guild(&sim))
        .await
        .expect("sent after the resume");
    discord.refuse_sockets(Duration::from_secs(3600));
    discord.cut();
    let since = Instant::now();
    let error = loop {
        if let Err(error) = app.client.request_channel_info(guild(&sim)).await {
            break error;
        }
    };
    assert!(matches!(error, CommandError::NotConnected(_)), "{error}");
    assert!(error.to_string().contains("waiting until"), "{error}");
    assert!(since.elapsed() >= Duration::from_secs(10));
    app.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_command_is_not_worth_another_try_once_the_source_has_stopped() {
    for shards in [1, 2] {
        let sim = Simulator::with_seed(7);
        let discord = sim.discord();
        let mut app = Running::start(&sim, config(&sim).shards(Shards::Count(shards)));
        app.connected().await;
        let sent = app.client.request_channel_info(guild(&sim)).await;
        sent.expect("connected");
        discord.close(4004, "");
        app.ended().await.expect_err("the token is not accepted");
        for shard_guild in [guild(&sim), Id::new(guild(&sim).get() ^ (1 << 22))] {
            let error = app.client.request_channel_info(shard_guild).await;
            let error = error.expect_err("stopped");
            assert!(matches!(error, CommandError::NotConnected(_)), "{error}");
            assert!(!error.is_transient(), "{error}");
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_guild_of_a_shard_elsewhere_is_refused_by_name() {
    let sim = Simulator::with_seed(7);
    let count = 4;
    let shard = u32::try_from((sim.discord().guild_id() >> 22) % u64::from(count)).expect("small");
    let from = (shard + 1) % count;
    let range = Shards::Range {
        from,
        to: from + 1,
        count,
    };
    let app = Running::start(&sim, config(&sim).shards(range));
    app.connected().await;
    let error = app
        .client
        .leave_voice(guild(&sim))
        .await
        .expect_err("elsewhere");
    assert!(
        matches!(error, CommandError::ShardElsewhere { .. }),
        "{error}"
    );
    assert_eq!(app.client.shards().len(), 1);
    let journal = app.stop().await;
    assert_eq!(lost(&sim, &journal), Vec::<String>::new());
}
