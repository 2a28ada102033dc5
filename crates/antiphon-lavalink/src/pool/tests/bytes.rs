//! Every frame leaves one event with its bytes.

use antiphon_core::{BodyForm, Draft, Link};
use antiphon_sim::mutation::Mutator;

use super::*;

/// Gives a frame to the pool; returns the events of the frame, and the number of antiphon's own.
fn heard(stage: &mut Stage, node: usize, frame: &[u8]) -> (Vec<Draft>, usize) {
    let (epoch, _) = stage.open[node].clone().expect("opened once");
    let frame = Bytes::copy_from_slice(frame);
    stage.pool.on_frame(node, epoch, &frame, stage.now);
    let before = stage.events.len();
    stage.settle();
    let drafts = stage.events.split_off(before).into_iter();
    let (own, brought): (Vec<_>, Vec<_>) = drafts
        .map(|event| event.draft().clone())
        .partition(|draft| draft.provenance == Provenance::Synthetic);
    (brought, own.len())
}

/// Valid frames of every kind.
fn good() -> Vec<Vec<u8>> {
    let track =
        json!({"encoded": "a", "info": {"identifier": "a", "length": 9, "title": "\u{1f3b6}"}});
    let event = |kind: &str, more: serde_json::Value| {
        let mut event = json!({"op": "event", "type": kind, "guildId": "1", "track": track});
        let more = more.as_object().expect("an object").clone();
        event.as_object_mut().expect("an object").extend(more);
        event
    };
    let frames = [
        json!({"op": "ready", "resumed": false, "sessionId": "s1"}),
        json!({"op": "stats", "players": 1, "memory": {"free": 1}, "frameStats": null}),
        json!({"op": "playerUpdate", "guildId": "1", "state": {"time": 1, "position": 2, "connected": true, "ping": -1}}),
        event("TrackStartEvent", json!({})),
        event("TrackEndEvent", json!({"reason": "finished"})),
        event(
            "TrackExceptionEvent",
            json!({"exception": {"message": "x", "severity": "common"}}),
        ),
        event("TrackStuckEvent", json!({"thresholdMs": 10})),
        event(
            "WebSocketClosedEvent",
            json!({"code": 4022, "reason": "x", "byRemote": true}),
        ),
        event("BrandNewEvent", json!({"x": [1, {"y": null}]})),
        json!({"op": "brandNew", "guildId": 1}),
        json!([1, 2]),
    ];
    let mut frames: Vec<Vec<u8>> = frames
        .iter()
        .map(|it| it.to_string().into_bytes())
        .collect();
    frames.extend([
        b"".to_vec(),
        b"\x00\xff\xfe".to_vec(),
        b"no JSON {".to_vec(),
    ]);
    frames
}

#[test]
fn a_hundred_thousand_damaged_frames_are_kept_byte_for_byte() {
    let good = good();
    let mut mutator = Mutator::new(20_261_129);
    let mut stage = Stage::new(1);
    for round in 0..100_000 {
        if round % 500 == 0 {
            // A player at a node that may be lost and closed again.
            stage = Stage::ready(1);
            stage.play(1, "x", "a");
        }
        let frame = mutator.damage(&good[round % good.len()]);
        let (brought, _) = heard(&mut stage, 0, &frame);
        let what = String::from_utf8_lossy(&frame);
        let [draft] = &brought[..] else {
            panic!("{what} became {brought:?}")
        };
        assert_eq!(draft.body, frame, "{what}");
        assert_eq!(draft.form, BodyForm::of(&frame), "{what}");
        let count = stage.pool.nodes[0].last_frame().2;
        let origin = Origin::frame("noncep-000001", count);
        assert_eq!(draft.origin, origin, "each has its own number");
    }
}

#[test]
fn a_frame_of_a_socket_that_was_given_up_is_kept_and_nothing_follows_from_it() {
    let mut stage = Stage::ready(1);
    let heard_up_to = stage.pool.nodes[0].last_edge();
    stage.lose(0);
    let ready = br#"{"op":"ready","resumed":false,"sessionId":"s9"}"#;
    for number in 1..=2 {
        let (brought, own) = heard(&mut stage, 0, ready);
        assert_eq!((brought.len(), own), (1, 0));
        assert_eq!(&brought[0].body[..], ready);
        assert_eq!(brought[0].origin, Origin::frame("noncep-late", number));
    }
    assert!(!stage.pool.nodes[0].is_ready());
    assert_eq!(stage.pool.nodes[0].last_edge(), heard_up_to);
}

#[test]
fn origins_of_runs_and_pools_never_meet() {
    let mut origins = std::collections::HashSet::new();
    let mut kept = HashMap::new();
    // Two runs of one pool, the second of which ended before a checkpoint was stored, and another pool.
    for (nonce, keeps) in [
        ("run1", true),
        ("run2", false),
        ("run3", true),
        ("other", false),
    ] {
        let now = Stage::new(0).now;
        let before = kept.clone();
        let mut stage = Stage::with(&config(2), kept.clone());
        stage.pool = PoolState::new(&config(2), Rng::with_seed(1), nonce, kept.values(), now);
        stage.events.clear();
        stage.pool.start(now);
        stage.settle();
        for node in 0..2 {
            stage.greet(node, false);
            stage.frame(node, json!({"op": "stats"}));
            stage.lose(node);
            heard(&mut stage, node, b"late");
        }
        for event in &stage.events {
            assert!(
                origins.insert(event.origin().clone()),
                "{:?}",
                event.origin()
            );
        }
        kept = if keeps { stage.kept } else { before };
    }
    assert!(origins.len() > 40, "{}", origins.len());
}

#[test]
fn the_link_of_the_pool_names_the_node_and_each_node_has_its_own() {
    let mut stage = Stage::new(2);
    for node in 0..2 {
        let (epoch, _) = stage.open[node].clone().expect("opened");
        let failure = OpenFailure::new("status 401").fatal("authorization", "check the password");
        let loss = ConnectionLoss {
            status: Some(401),
            ..ConnectionLoss::of(failure)
        };
        stage.pool.on_lost(node, epoch, &loss, stage.now);
        stage.settle();
        assert_eq!(
            stage.pool.is_stopped(),
            node == 1,
            "one dead node ends no pool"
        );
        let event = stage.events.last().expect("a link");
        assert_eq!(event.place().as_str(), format!("node/n{node}"));
        let link: Link = event.parse().expect("a link");
        let LinkState::Stopped { code, reason, hint } = link.state else {
            panic!("{:?}", link.state)
        };
        assert_eq!(
            (code.as_str(), reason.as_str()),
            ("authorization", "status 401")
        );
        assert!(hint.is_some());
    }
    let link = stage.pool.take_link().expect("stopped");
    assert!(link.to_string().contains("node `n0`"), "{link}");
}
