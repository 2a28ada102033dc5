//! Byte for byte: every part of any frame leaves a row or a count.

use std::borrow::Cow;

use antiphon_sim::mutation::Mutator;
use serde::{
    Deserialize,
    de::{Deserializer, MapAccess, Visitor},
};
use serde_json::value::RawValue;

use super::*;

/// The fields of an object in order, repeated ones too.
struct Pairs<'a>(Vec<(String, &'a RawValue)>);

impl<'de: 'a, 'a> Deserialize<'de> for Pairs<'a> {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Fields;

        impl<'de> Visitor<'de> for Fields {
            type Value = Pairs<'de>;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("an object")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<Pairs<'de>, A::Error> {
                let mut pairs = Vec::new();
                while let Some((key, value)) = fields.next_entry::<Cow<'de, str>, &RawValue>()? {
                    pairs.push((key.into_owned(), value));
                }
                Ok(Pairs(pairs))
            }
        }

        from.deserialize_map(Fields)
    }
}

fn pairs(json: &[u8]) -> Option<Vec<(String, &RawValue)>> {
    serde_json::from_slice::<Pairs<'_>>(json)
        .ok()
        .map(|pairs| pairs.0)
}

/// The bodies of the rows of a frame, and its counts by reason.
struct Left {
    bodies: Vec<Bytes>,
    counts: BTreeMap<&'static str, u64>,
}

impl Table {
    /// Reads a frame, and answers the histories that it asks for, so that no event is held back.
    fn left_by(&mut self, id: SocketId, frame: &Bytes) -> Left {
        let before = self.session.skipped.clone();
        self.session.on_bytes(id, frame, self.now);
        for task in self.tasks() {
            if let Task::History { room, round, .. } = task {
                self.done(Done::History {
                    room,
                    round,
                    outcome: Ok(Past::default()),
                });
            }
        }
        let entries = std::iter::from_fn(|| self.session.outbox.take());
        let drafts = entries.filter_map(|entry| entry.event);
        let bodies = drafts
            .filter(|draft| draft.provenance != Provenance::Synthetic)
            .map(|draft| draft.body)
            .collect();
        let counts = self.session.skipped.iter();
        let counts = counts.map(|(reason, count)| (reason, count - before.of(reason)));
        Left {
            bodies,
            counts: counts.filter(|(_, count)| *count > 0).collect(),
        }
    }
}

/// Checks that every part of a frame has a row or a count; returns the first part without one.
fn unaccounted(frame: &Bytes, left: &Left) -> Option<String> {
    let of = |reason: &str| left.counts.get(reason).copied().unwrap_or_default();
    if left.bodies.contains(frame) {
        return None;
    }
    let Some(parts) = pairs(frame) else {
        return Some("a frame that is no object has no row".into());
    };
    let mut bodies = left.bodies.clone();
    let (mut missing, mut silent) = (0, 0);
    for (key, value) in &parts {
        let is_number = |value: &str| value.parse::<f64>().is_ok() || value == "null";
        match key.as_str() {
            "sync" | "ms" | "time" if is_number(value.get()) => continue,
            "reset" if matches!(value.get(), "false" | "null") => continue,
            _ if key.starts_with('r') && key[1..].parse::<u64>().is_ok() => {}
            _ => return Some(format!("the key {key}")),
        }
        let Some(fields) = pairs(value.get().as_bytes()) else {
            return Some(format!("the part {key}"));
        };
        let mut says = false;
        for (field, value) in &fields {
            let text = value.get();
            let is_scalar = !text.starts_with(['[', '{']);
            match field.as_str() {
                "e" if text.starts_with('[') => {
                    let elements: Vec<&RawValue> =
                        serde_json::from_str(text).expect("it was read before");
                    says |= !elements.is_empty();
                    for element in elements {
                        let body = element.get().as_bytes();
                        match bodies.iter().position(|row| row == body) {
                            Some(row) => drop(bodies.swap_remove(row)),
                            None => missing += 1,
                        }
                    }
                }
                "timeout" | "reset" | "exit" if is_scalar => {
                    let row = bodies.iter().position(|row| row == value_of(&parts, key));
                    if let Some(row) = row {
                        bodies.swap_remove(row);
                        says = true;
                    }
                }
                "t" | "d" | "ms" | "sync" | "time" if is_scalar => {}
                _ if text == "null" && field == "e" => {}
                _ => return Some(format!("the field {field} of {key}")),
            }
        }
        silent += u64::from(!says);
    }
    if parts.iter().all(|(key, _)| !key.starts_with('r')) {
        silent += 1;
    }
    let skipped = of("null") + of("repeat") + of("before-join");
    let quiet = of("heartbeat") + of("counter") + of("other-line");
    (missing > skipped || silent > quiet).then(|| {
        format!(
            "{missing} events, {silent} parts; counted: {:?}",
            left.counts
        )
    })
}

/// The value of a part, as the body of a row.
fn value_of<'a>(parts: &'a [(String, &RawValue)], key: &str) -> &'a [u8] {
    let part = parts.iter().find(|(known, _)| known == key);
    part.map_or(b"", |(_, value)| value.get().as_bytes())
}

/// A frame as servers send them, with ids of its own.
fn good_frame(number: usize) -> Value {
    let id = TOP + 1 + 2 * i64::try_from(number).expect("few");
    let told = [message(id, SANDBOX), event(35, id + 1, SANDBOX)];
    let invited = json!({"event_type": 17, "id": id, "room_id": 5151, "user_id": TEO, "content": "a \"quoted\" word"});
    match number % 10 {
        0..=3 => frame(SANDBOX, &told),
        4 => json!({"r4242": {"e": [invited], "t": id, "d": id - TOP}, "r17": {}}),
        5 => {
            json!({"r4242": {"e": [null, told[0], {"no": "id"}, 7], "t": id, "d": id - TOP}, "sync": 5, "ms": 1})
        }
        6 => json!({"r4242": {"t": id, "d": id - TOP}, "r17": {"e": [message(id, TEA)]}}),
        7 => json!({"r4242": {}, "r17": {}}),
        8 => json!({"r4242": {"timeout": "ending in 58 seconds", "e": [told[0]]}}),
        _ => json!({"r4242": {"e": {"a": told[0]}, "t": id, "d": 1}}),
    }
}

#[test]
fn of_a_hundred_thousand_damaged_frames_nothing_leaves_without_a_row_or_a_count() {
    let mut mutator = Mutator::new(20_261_129);
    let (mut table, mut id) = Table::served(&[SANDBOX, TEA]);
    let (mut rows, mut whole) = (0, 0);
    for number in 0..100_000 {
        let good = good_frame(number).to_string();
        let frame = Bytes::from(mutator.damage(good.as_bytes()));
        let left = table.left_by(id, &frame);
        if let Some(what) = unaccounted(&frame, &left) {
            panic!("{what}: {}", String::from_utf8_lossy(&frame));
        }
        rows += left.bodies.len();
        whole += usize::from(left.bodies.contains(&frame));
        let is_heard = table
            .session
            .lines
            .get(&0)
            .is_some_and(|line| line.stream.is_some());
        if table.session.rooms.len() < 2 || !is_heard || table.session.mentions.len() > 500 {
            (table, id) = Table::served(&[SANDBOX, TEA]);
        }
    }
    assert!(
        rows > 80_000 && (20_000..95_000).contains(&whole),
        "{rows} rows, {whole} whole frames"
    );
}

#[test]
fn what_is_known_is_not_kept_twice() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    for number in 0..9 {
        let good = Bytes::from(good_frame(number).to_string());
        let left = table.left_by(id, &good);
        assert!(!left.bodies.contains(&good), "{number}");
        assert_eq!(unaccounted(&good, &left), None);
    }
}

#[track_caller]
fn check_whole(frame: &str, place: &str) {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    table
        .session
        .on_bytes(id, &Bytes::from(frame.to_owned()), table.now);
    let drafts: Vec<Draft> = table
        .store()
        .iter()
        .filter_map(|entry| entry.event.clone())
        .collect();
    let odd = drafts
        .iter()
        .find(|draft| draft.kind.as_str() == "stackexchange.malformed");
    let odd = odd.unwrap_or_else(|| panic!("{frame} has no row"));
    assert_eq!((&*odd.body, odd.place.as_str()), (frame.as_bytes(), place));
}

#[test]
fn a_frame_with_something_that_nobody_knows_is_kept_as_a_whole() {
    for odd in [
        r#""text""#,
        "7",
        "true",
        r#"{"a":{"event_type":1,"id":1001}}"#,
    ] {
        check_whole(
            &format!(r#"{{"r4242":{{"e":{odd},"t":1,"d":1}}}}"#),
            "room/4242",
        );
    }
    for part in [
        "null",
        "[]",
        r#""busy""#,
        r#"{"t":"soon"}"#,
        r#"{"t":1,"t":2}"#,
        r#"{"new":1}"#,
    ] {
        check_whole(&format!(r#"{{"r17":{part},"r4242":{{}}}}"#), "room/17");
    }
    check_whole(r#"{"r4242":null,"r17":null}"#, "");
    check_whole(r#"{"mystery":1}"#, "");
    check_whole(r#"{"sync":{"a":1}}"#, "");
    check_whole(r#"{"reset":"later"}"#, "");
    check_whole("[1,2]", "");
    check_whole("null", "");
    check_whole("", "");
    check_whole(r#"{"r4242":{}} trailing"#, "");
}

#[test]
fn an_unreadable_part_takes_no_other_with_it() {
    let (mut table, id) = Table::served(&[SANDBOX, TEA]);
    let odd = json!({"r17": {"e": "text"}, "r4242": {"e": [message(TOP + 1, SANDBOX), "odd"]}});
    table.frame(id, &odd);
    let drafts = table.store().iter().filter_map(|entry| entry.event.clone());
    let bodies: Vec<Bytes> = drafts.map(|draft| draft.body).collect();
    let expected = [
        message(TOP + 1, SANDBOX).to_string(),
        r#""odd""#.into(),
        odd.to_string(),
    ];
    assert_eq!(bodies, expected);
}

#[test]
fn what_leaves_no_row_is_counted_by_its_reason() {
    let check = |frame: Value, reason: &str| {
        let (mut table, id) = Table::served(&[SANDBOX]);
        table.frame(
            id,
            &crate::session::tests::frame(SANDBOX, &[message(TOP + 1, SANDBOX)]),
        );
        table.store();
        let before = table.session.skipped.of(reason);
        table.frame(id, &frame);
        assert_eq!(table.session.skipped.of(reason), before + 1, "{frame}");
        assert!(table.origins().is_empty(), "{frame}");
    };
    check(json!({}), "heartbeat");
    check(json!({"r4242": {}}), "heartbeat");
    check(json!({"r4242": {"t": TOP + 9, "d": 9}}), "counter");
    check(json!({"r4242": {"e": [null]}}), "null");
    check(frame(SANDBOX, &[message(TOP + 1, SANDBOX)]), "repeat");
    check(frame(SANDBOX, &[message(TOP, SANDBOX)]), "before-join");
    check(
        json!({"r4242": {"e": [{"event_type": 1, "id": "12", "room_id": SANDBOX}]}}),
        "before-join",
    );

    let (mut table, ids) = Table::served_each(&[TEA, SANDBOX]);
    table.frame(ids[0], &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    assert_eq!(table.session.skipped.of("other-line"), 1);
}

#[test]
fn an_id_that_is_no_whole_number_is_no_id_and_the_event_is_kept() {
    for odd in [
        "3.0",
        "3.5",
        "1e3",
        "-7",
        "0",
        "1e400",
        "99999999999999999999",
        "\"x\"",
        "\"3.0\"",
        "null",
        "[5]",
    ] {
        let (mut table, id) = Table::served(&[SANDBOX]);
        let element = format!(r#"{{"event_type":1,"id":{odd},"room_id":4242}}"#);
        let frame = Bytes::from(format!(r#"{{"r4242":{{"e":[{element}]}}}}"#));
        let left = table.left_by(id, &frame);
        // A number beyond any is no JSON to the reader, and the whole frame stays.
        assert!(
            left.bodies == [Bytes::from(element)] || left.bodies == [frame],
            "{odd}: {:?}",
            left.bodies
        );
    }
    let (mut table, id) = Table::served(&[SANDBOX]);
    let text = json!({"r4242": {"e": [{"event_type": 1, "id": format!("{}", TOP + 1), "room_id": SANDBOX}]}});
    table.frame(id, &text);
    assert_eq!(
        table.origins(),
        [format!("event/{}", TOP + 1)],
        "a number in a text counts"
    );
}

#[test]
fn what_a_history_has_that_is_no_event_is_kept() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.frame(id, &json!({"r4242": {"t": TOP + 6, "d": 1}}));
    let odd = ["{\"no\":\"id\"}", "7", "7"].map(|text| Bytes::from_static(text.as_bytes()));
    table.answer_history(Past {
        malformed: odd.to_vec(),
        old: 2,
        ..past(&[message(TOP + 2, SANDBOX)], false)
    });
    let drafts = table.store().iter().filter_map(|entry| entry.event.clone());
    let kept = drafts.filter(|draft| draft.kind.as_str() == "stackexchange.malformed");
    let kept: Vec<Draft> = kept.collect();
    let bodies: Vec<Bytes> = kept.iter().map(|draft| draft.body.clone()).collect();
    assert_eq!(bodies, odd);
    let origins: HashSet<&Origin> = kept.iter().map(|draft| &draft.origin).collect();
    assert_eq!(origins.len(), 3, "two that look the same are two");
    assert_eq!(table.session.skipped.of("repeat"), 2);
}

#[test]
fn a_poll_that_is_answered_after_a_socket_was_had_is_counted() {
    let (mut table, id) = Table::served(&[SANDBOX]);
    table.polled(0, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    assert_eq!(table.session.skipped.of("late-poll"), 1);
    table.frame(id, &frame(SANDBOX, &[message(TOP + 1, SANDBOX)]));
    assert_eq!(table.origins().len(), 1, "the socket says it");
}
