//! Voice connections, which the simulated Discord judges (protocol §9).

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{GUILD, client::Client, client::voice, connected};

/// A client for the simulated Discord's first bot, and the bot's voice data for a channel.
async fn in_channel(channel: &str) -> (Simulator, Client, u64, Value) {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let mut client = Client::of(&sim, "eu-1");
    client.user = discord.account().id.to_string();
    client.connect().await;
    discord.join_voice(channel, "antiphon");
    let guild = discord.guild_id();
    let pass = pass(&sim);
    (sim, client, guild, pass)
}

fn pass(sim: &Simulator) -> Value {
    let voice = sim.discord().voice("choir", "antiphon");
    let (channel, session, token) = voice.expect("in a channel");
    json!({
        "token": token,
        "endpoint": "c-fra01-sim.discord.media:443",
        "sessionId": session,
        "channelId": channel.to_string(),
    })
}

#[tokio::test(start_paused = true)]
async fn what_discord_handed_out_opens_the_voice() {
    let (_sim, mut client, guild, pass) = in_channel("stalls").await;
    let player = client.update(guild, json!({"voice": pass})).await;
    assert_eq!(
        (&player["state"]["connected"], &player["voice"]),
        (&json!(true), &pass)
    );
    assert_eq!(client.frame().await["state"]["connected"], true);
    client.update(guild, json!({"voice": pass})).await;
    assert_eq!(
        client.rest().await,
        [""; 0],
        "the same again changes nothing"
    );
}

#[tokio::test(start_paused = true)]
async fn what_belongs_to_an_earlier_connection_is_closed_with_4006() {
    let (sim, mut client, guild, old) = in_channel("stalls").await;
    sim.discord().join_voice("side-chapel", "antiphon");
    let mut mixed = pass(&sim);
    mixed["token"] = old["token"].clone();
    for stale in [old, mixed] {
        client.update(guild, json!({"voice": stale})).await;
        let closed = client.event("WebSocketClosedEvent").await;
        assert_eq!(
            (&closed["code"], &closed["byRemote"]),
            (&json!(4006), &json!(true))
        );
        assert_eq!(client.frame().await["state"]["connected"], false);
    }
    let mut elsewhere = pass(&sim);
    elsewhere["endpoint"] = json!("c-atl01.discord.media:443");
    let refused = client
        .patch(&client.player(guild), &json!({"voice": elsewhere}))
        .await;
    assert_eq!(refused.error(500), "Failed to connect to voice server");
    client.update(guild, json!({"voice": pass(&sim)})).await;
    assert_eq!(client.frame().await["state"]["connected"], true);
}

#[tokio::test(start_paused = true)]
async fn who_is_moved_or_thrown_out_is_closed_with_4014() {
    let (sim, mut client, guild, pass_one) = in_channel("stalls").await;
    client.update(guild, json!({"voice": pass_one})).await;
    client.frame().await;
    sim.discord().join_voice("side-chapel", "antiphon");
    let closed = client.event("WebSocketClosedEvent").await;
    assert_eq!(
        (&closed["code"], &closed["byRemote"]),
        (&json!(4014), &json!(true))
    );
    assert_eq!(client.frame().await["state"]["connected"], false);
    client.update(guild, json!({"voice": pass(&sim)})).await;
    client.frame().await;
    sim.discord().leave_voice("choir", "antiphon");
    assert_eq!(client.event("WebSocketClosedEvent").await["code"], 4014);
}

#[tokio::test(start_paused = true)]
async fn guilds_that_discord_does_not_know_are_believed_unless_told_otherwise() {
    let (sim, mut client) = connected().await;
    client.speak(GUILD).await;
    assert_eq!(client.frame().await["state"]["connected"], true);
    let lavalink = sim.lavalink();
    lavalink.close_voices(1, 4022, "Call terminated.");
    lavalink.voice_unreachable(1);
    let mut other = voice();
    other["token"] = json!("another");
    client.update(GUILD, json!({"voice": other})).await;
    assert_eq!(client.event("WebSocketClosedEvent").await["code"], 4022);
    let refused = client
        .patch(&client.player(GUILD), &json!({"voice": voice()}))
        .await;
    refused.error(500);
}
