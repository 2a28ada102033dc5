//! Sources of the four platforms, replaced while people talk: nothing is lost, nothing comes twice, and sessions go on.

#![cfg(all(
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]

use std::{sync::Arc, time::Duration};

use antiphon::{
    App, Event, Gap, Payload as _, Source, discord, journal::MemoryJournal, lavalink, queup,
    stackexchange, testing::TestApp,
};
use antiphon_sim::{Audit, Due, Simulator, StoredEvents, discord::Discord};
use tokio::time::sleep;

fn bot(sim: &Simulator) -> discord::Source {
    use discord::Intents;
    let intents = Intents::GUILDS | Intents::GUILD_MESSAGES | Intents::MESSAGE_CONTENT;
    let config = discord::Config::new(sim.discord().token(), intents);
    discord::connect(config.network(sim.network()).clock(sim.clock())).1
}

fn nodes(sim: &Simulator) -> lavalink::Source {
    let node = sim.lavalink().node("eu-1");
    let node = lavalink::NodeConfig::new("eu-1", node.url(), node.password());
    let user: u64 = sim.discord().user(Discord::BOT);
    let config = lavalink::Config::new(user, [node]);
    lavalink::connect(config.network(sim.network()).clock(sim.clock())).1
}

fn rooms(sim: &Simulator) -> queup::Source {
    let account = sim.queup().account();
    let account = queup::Account::new(account.email, account.password);
    let config = queup::Config::new(account).network(sim.network());
    queup::connect(config.clock(sim.clock()).rooms(["choir-loft"])).1
}

fn chat(sim: &Simulator) -> stackexchange::Source {
    let account = sim.stackexchange().account();
    let account = stackexchange::Account::new(account.email, account.password);
    let config = stackexchange::Config::new(account).network(sim.network());
    stackexchange::connect(config.clock(sim.clock()).rooms([4242])).1
}

/// What is stored, and the last row of the ledger by then.
type Stored = (Vec<Arc<Event>>, u64);

/// Runs one source, which is replaced again and again, once after a while without it.
async fn replaced(sim: &Simulator, source: impl Fn() -> Box<dyn Source>) -> Stored {
    let first = source();
    let name = first.name().clone();
    let app = TestApp::start(App::new(()).boxed_source(first), MemoryJournal::new()).await;
    let up = || {
        let links = app.handle().links();
        links.iter().all(|(_, link)| link.is_connected())
    };
    app.until(up).await;
    for round in 0_u64..6 {
        sleep(Duration::from_millis(700 + 311 * round)).await;
        let mut link = if round == 3 {
            app.handle()
                .remove_source(name.clone())
                .await
                .expect("removed");
            sleep(Duration::from_secs(20)).await;
            app.handle()
                .add_boxed_source(source())
                .await
                .expect("added")
        } else {
            let replaced = app.handle().replace_boxed_source(source()).await;
            replaced.expect("replaced")
        };
        let connected = link.wait_for(antiphon::LinkState::is_connected).await;
        connected.expect("it runs");
    }
    sim.discord().traffic(0);
    sim.queup().traffic(0);
    sim.stackexchange().traffic(0);
    sim.lavalink().traffic(0);
    app.settle().await;
    // Its own leave at the stop is nothing that it could hear.
    let last = sim.ledger().last();
    let events = app.journal().events().await;
    app.stop().await.expect("a clean stop");
    (events, last)
}

#[track_caller]
fn check(sim: &Simulator, due: Due<'_>, events: &[Arc<Event>]) -> Audit {
    let mut stored = StoredEvents::default();
    for event in events {
        stored.add(&(&**event).into());
    }
    let audit = sim.ledger().audit(due, &stored).expect("every row");
    assert!(audit.lost.is_empty(), "{:?}", audit.lost);
    assert!(audit.disordered.is_empty(), "{:?}", audit.disordered);
    assert_eq!(audit.repeated, 0);
    assert!(audit.stored > 50, "{} events", audit.stored);
    audit
}

fn gaps(events: &[Arc<Event>]) -> Vec<Gap> {
    let gaps = events.iter().filter(|event| *event.kind() == Gap::KIND);
    gaps.map(|event| Gap::decode(event).expect("a gap"))
        .collect()
}

#[tokio::test(start_paused = true)]
async fn a_bot_that_is_replaced_resumes_its_session_without_an_identify() {
    let sim = Simulator::with_seed(7);
    sim.discord().traffic(20);
    let (events, last) = replaced(&sim, || Box::new(bot(&sim))).await;
    assert_eq!(sim.discord().identifies(Discord::BOT), 1);
    assert!(gaps(&events).is_empty(), "{:?}", gaps(&events));
    let account = sim.discord().user(Discord::BOT).to_string();
    let audit = check(&sim, Due::to("discord", &account).until(last), &events);
    assert!(audit.gapped.is_empty());
}

#[tokio::test(start_paused = true)]
async fn nodes_that_are_replaced_resume_their_sessions() {
    let sim = Simulator::with_seed(7);
    sim.lavalink().traffic(20);
    let (events, _) = replaced(&sim, || Box::new(nodes(&sim))).await;
    let ready = events
        .iter()
        .filter(|event| *event.kind() == "lavalink.ready");
    let ready = ready.map(|event| lavalink::NodeReady::decode(event).expect("a ready"));
    let resumed: Vec<_> = ready.map(|ready| ready.resumed).collect();
    assert_eq!(resumed, [false, true, true, true, true, true, true]);
}

#[tokio::test(start_paused = true)]
async fn a_room_goes_on_at_its_checkpoint_and_names_what_it_missed() {
    let sim = Simulator::with_seed(7);
    sim.queup().traffic(20);
    let (events, last) = replaced(&sim, || Box::new(rooms(&sim))).await;
    let account = sim.queup().account().id;
    let audit = check(&sim, Due::to("queup", &account).until(last), &events);
    let gaps = gaps(&events);
    assert!(!audit.gapped.is_empty() && !gaps.is_empty());
    // As after a restart: what chat's history has is recovered, and the rest lies in gaps.
    assert!(gaps.iter().any(|gap| gap.recovered > 0), "{gaps:?}");
}

#[tokio::test(start_paused = true)]
async fn a_chat_goes_on_at_its_checkpoint_and_loses_nothing() {
    let sim = Simulator::with_seed(7);
    sim.stackexchange().traffic(20);
    let (events, last) = replaced(&sim, || Box::new(chat(&sim))).await;
    let account = sim.stackexchange().account().id.to_string();
    check(
        &sim,
        Due::to("stackexchange", &account).until(last),
        &events,
    );
}

#[tokio::test(start_paused = true)]
async fn a_refused_login_leaves_the_others_running_and_a_right_one_takes_its_place() {
    let sim = Simulator::with_seed(7);
    let app = App::new(()).source(bot(&sim));
    let app = TestApp::start(app, MemoryJournal::new()).await;
    let account = sim.queup().account();
    let wrong = queup::Account::new(account.email, "canary-7f3a");
    let wrong = queup::Config::new(wrong).network(sim.network());
    let (_, wrong) = queup::connect(wrong.clock(sim.clock()).rooms(["choir-loft"]));
    let mut link = app.handle().add_source(wrong).await.expect("it begins");
    let stopped = link.wait_for(|state| state.word() == "stopped").await;
    assert!(!stopped.expect("it runs").to_string().contains("canary"));
    app.settle().await;
    assert!(!app.has_ended());
    let mut link = app
        .handle()
        .replace_source(rooms(&sim))
        .await
        .expect("replaced");
    link.wait_for(antiphon::LinkState::is_connected)
        .await
        .expect("it runs");
    app.stop().await.expect("a clean stop");
}
