//! How the source behaves against a simulated QueUp, on a paused clock.

mod harness;

use antiphon_queup::{Chat, JoinedRoom, Ready};
use antiphon_sim::Simulator;
use harness::{ROOM, Running, config};

#[tokio::test(start_paused = true)]
async fn a_room_is_joined_and_chat_is_heard_and_said() {
    let sim = Simulator::with_seed(7);
    let app = Running::start(&sim, config(&sim));
    let journal = app.settled().await;
    assert_eq!(journal.decoded::<Ready>().len(), 1);
    assert_eq!(journal.decoded::<JoinedRoom>().len(), 1);

    let room = sim.queup().room(ROOM);
    room.say("teo", "it's <fine> & well");
    app.until(|journal| journal.texts() == ["it's <fine> & well"])
        .await;

    let mine = app.client.rooms().into_iter().next().expect("a room");
    let sent = mine.send_message("hello & <goodbye>").await.expect("sent");
    let journal = app.until(|journal| journal.texts().len() == 2).await;
    let heard: Chat = journal.decoded::<Chat>().pop().expect("an echo");
    assert_eq!(heard.message.id, sent.id);
    assert_eq!(heard.content, "hello & <goodbye>");
    assert_eq!(sent.content, "hello & <goodbye>");
    app.stop().await;
    assert_eq!(sim.notes(), []);
}
