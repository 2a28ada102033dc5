//! `Config::simulated`: every platform from the addresses of a simulation over real sockets.

#![cfg(all(
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]

use antiphon::{
    App, Event, State, discord, journal::MemoryJournal, lavalink, net::Addresses, queup,
    stackexchange,
};
use antiphon_sim::{Options, Simulator};
use tokio::sync::mpsc;

/// Sends on the kind of each event.
async fn note(event: Event, State(kinds): State<mpsc::UnboundedSender<String>>) {
    // The test has seen enough.
    let _ = kinds.send(event.kind().to_string());
}

/// Runs all four platforms until each has told something of its own.
async fn hears_every_platform(options: Options) {
    let sim = Simulator::listen(&options).await.expect("free ports");
    // What another process would read: the line that `antiphon sim` prints.
    let printed = serde_json::to_string(&sim.addresses()).expect("JSON");
    let addresses = Addresses::parse(&printed).expect("addresses");
    let control = Addresses::fetch(&addresses.control, None).await;
    let shown = serde_json::to_string(&control.expect("it answers")).expect("JSON");
    assert_eq!(shown, printed);

    let (_, bot) = discord::connect(discord::Config::simulated(&addresses).expect("Discord"));
    let (_, nodes) = lavalink::connect(lavalink::Config::simulated(&addresses).expect("nodes"));
    let (_, rooms) = queup::connect(queup::Config::simulated(&addresses).expect("QueUp"));
    let config = stackexchange::Config::simulated(&addresses).expect("Stack Exchange");
    let (_, chat) = stackexchange::connect(config);
    let (kinds, mut heard) = mpsc::unbounded_channel();
    let app = App::new(kinds)
        .source(bot)
        .source(nodes)
        .source(rooms)
        .source(chat)
        .on_raw("*", note);
    let mut awaited = vec![
        "discord.MESSAGE_CREATE",
        "lavalink.ready",
        "queup.chat-message",
        "stackexchange.MessagePosted",
    ];
    app.run(MemoryJournal::new(), async move {
        while !awaited.is_empty() {
            let kind = heard.recv().await.expect("the app runs");
            awaited.retain(|awaited| *awaited != kind);
        }
    })
    .await
    .expect("an ordered stop");
    sim.stop().await;
}

#[tokio::test]
async fn every_platform_is_reached_by_what_the_simulator_prints() {
    hears_every_platform(Options::new().seed(7).rate(50)).await;
}

#[tokio::test]
async fn every_platform_trusts_the_certificate_that_the_simulator_prints() {
    hears_every_platform(Options::new().seed(7).rate(50).tls(true)).await;
}

#[tokio::test]
async fn addresses_without_a_platform_are_refused_by_name() {
    let addresses = Addresses::parse(r#"{"control":"http://127.0.0.1:1"}"#).expect("addresses");
    for (name, error) in [
        ("discord", discord::Config::simulated(&addresses).err()),
        ("lavalink", lavalink::Config::simulated(&addresses).err()),
        ("queup", queup::Config::simulated(&addresses).err()),
        (
            "stackexchange",
            stackexchange::Config::simulated(&addresses).err(),
        ),
    ] {
        assert_eq!(
            error.expect("there is none").to_string(),
            format!("the simulator's addresses have no entry `{name}`")
        );
    }
}

#[tokio::test]
async fn a_control_address_without_its_token_refuses_the_addresses() {
    let options = Options::new().control_token("open sesame".into());
    let sim = Simulator::listen(&options).await.expect("free ports");
    let control = sim.addresses().expect("addresses").control.clone();
    let error = Addresses::fetch(&control, None)
        .await
        .expect_err("no token");
    assert_eq!(
        error.to_string(),
        "the simulator's control address refused with status 401"
    );
    let token = "open sesame".into();
    Addresses::fetch(&control, Some(&token))
        .await
        .expect("addresses");
    sim.stop().await;
}
