//! Ambient traffic: only what people in a room can do.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use antiphon_sim::{Options, Query, Simulator};
use serde_json::Value;

use super::{Client, ROOM};

/// Id of the account that the client has.
const BOT: i64 = 99;

#[tokio::test(start_paused = true)]
async fn traffic_makes_no_event_that_chat_cannot_make() {
    let sim = Simulator::over_pipes(&Options::new().seed(2).outgoing(1 << 20));
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let own = sim.stackexchange().say(ROOM, "antiphon", "good evening");
    client.listen(&[ROOM], sim.stackexchange().counter()).await;
    sim.stackexchange().traffic(50);
    tokio::time::sleep(Duration::from_secs(60)).await;
    sim.stackexchange().traffic(0);

    let mut present: BTreeSet<i64> = (101..113).collect();
    let mut authors = BTreeMap::from([(own, BOT)]);
    let mut gone = BTreeSet::new();
    let (mut seen, mut replies) = (BTreeSet::new(), 0);
    for row in sim.ledger().rows(&Query::default()) {
        let body: Value = serde_json::from_str(&row.body).expect("JSON");
        let number = |name: &str| body[name].as_i64().unwrap_or_default();
        let (user, message) = (number("user_id"), number("message_id"));
        match number("event_type") {
            _ if number("room_id") != ROOM => continue,
            1 => {
                assert!(present.contains(&user), "{body}");
                assert!(authors.insert(message, user).is_none());
                if let Some(parent) = body["parent_id"].as_i64() {
                    replies += 1;
                    assert!(
                        authors[&parent] != user && !gone.contains(&parent),
                        "{body}"
                    );
                }
            }
            2 | 10 => {
                assert_eq!(authors.get(&message), Some(&user), "{body}");
                assert!(user != BOT && !gone.contains(&message), "{body}");
                if number("event_type") == 10 {
                    gone.insert(message);
                }
            }
            6 => assert!(
                authors.contains_key(&message) && !gone.contains(&message),
                "{body}"
            ),
            3 => assert!(present.insert(user), "{body} was there"),
            4 => assert!(present.remove(&user), "{body} was not there"),
            _ => {}
        }
        seen.insert(number("event_type"));
    }
    for kind in [1, 2, 3, 4, 5, 6, 8, 10, 15, 22, 34] {
        assert!(seen.contains(&kind), "no event of type {kind}: {seen:?}");
    }
    assert!(replies > 0, "no reply");
    assert_eq!(sim.notes(), []);
}
