//! The envelope, against what the JSON library says.

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

#[track_caller]
fn check(frame: &str, op: Option<u64>, seq: Option<u64>, name: Option<&str>, data: &str) {
    let header = Header::read(frame.as_bytes());
    assert_eq!(header.op, op, "{frame}");
    assert_eq!(header.seq, seq, "{frame}");
    assert_eq!(header.name.as_deref(), name, "{frame}");
    let span = header.data.map_or("", |data| &frame[data]);
    assert_eq!(span, data, "{frame}");
}

#[test]
fn the_order_of_keys_does_not_matter() {
    let data = r#"{"t":"no","s":1,"op":9}"#;
    let (op, seq, name) = (Some(0), Some(7), Some("TYPING_START"));
    check(
        r#"{"t":"TYPING_START","s":7,"op":0,"d":{"t":"no","s":1,"op":9}}"#,
        op,
        seq,
        name,
        data,
    );
    check(
        r#"{"d":{"t":"no","s":1,"op":9},"op":0,"s":7,"t":"TYPING_START"}"#,
        op,
        seq,
        name,
        data,
    );
    check(
        r#" { "op" : 0 , "d" : {"t":"no","s":1,"op":9} , "s" : 7 , "t" : "TYPING_START" } "#,
        op,
        seq,
        name,
        data,
    );
}

#[test]
fn escaped_keys_and_names_are_understood() {
    check(
        r#"{"\u006fp":0,"s":7,"t":"TYPING\u005fSTART","d":null}"#,
        Some(0),
        Some(7),
        Some("TYPING_START"),
        "null",
    );
}

#[test]
fn a_wrong_type_reads_as_absent() {
    check(
        r#"{"op":"0","s":-1,"t":5,"d":[1]}"#,
        None,
        None,
        None,
        "[1]",
    );
    check(r#"{"op":1.5,"s":1e3,"t":null}"#, None, None, None, "");
    check(
        r#"{"op":0,"s":99999999999999999999}"#,
        Some(0),
        None,
        None,
        "",
    );
}

#[test]
fn ids_are_read_from_texts_and_numbers_at_the_top_of_d_alone() {
    let frame = json!({"op": 0, "d": {
        "author": {"id": "99", "guild_id": "98"}, "id": "1", "guild_id": 2, "channel_id": "3",
        "parent_id": null, "members": [{"id": "97"}],
    }})
    .to_string();
    let ids = Ids {
        id: Some(1),
        guild: Some(2),
        channel: Some(3),
        parent: None,
    };
    assert_eq!(Header::read(frame.as_bytes()).ids, ids);
}

#[test]
fn a_dispatch_that_breaks_off_keeps_its_name_and_what_there_is_of_d() {
    let frame = r#"{"t":"MESSAGE_CREATE","s":5,"op":0,"d":{"id":"1","content":"he"#;
    let header = Header::read(frame.as_bytes());
    assert!(!header.is_whole);
    assert_eq!(header.name.as_deref(), Some("MESSAGE_CREATE"));
    assert_eq!(header.form, BodyForm::Text);
    assert_eq!(
        &frame[header.data.expect("a body")],
        r#"{"id":"1","content":"he"#
    );
}

#[test]
fn deep_nesting_is_passed_over_and_said_aloud() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let frame = format!(r#"{{"op":0,"d":{deep},"s":3,"t":"X"}}"#);
    let header = Header::read(frame.as_bytes());
    assert_eq!((header.seq, header.form), (Some(3), BodyForm::Text));
    assert!(header.is_whole);
    let open = format!(r#"{{"op":0,"d":{}"#, "{\"a\":".repeat(100_000));
    assert!(!Header::read(open.as_bytes()).is_whole);
}

#[test]
fn bytes_that_are_no_text_are_said_to_be_so() {
    let mut frame = br#"{"op":0,"s":1,"t":"X","d":{"id":"1","#.to_vec();
    frame.extend([0xff, 0xfe]);
    let header = Header::read(&frame);
    assert_eq!(header.form, BodyForm::Binary);
    assert_eq!(header.seq, Some(1));
}

/// Any JSON, a few levels deep.
fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<i32>().prop_map(|number| Value::from(f64::from(number) / 4.0)),
        ".{0,20}".prop_map(Value::from),
        "[0-9]{1,20}".prop_map(Value::from),
    ];
    let key = prop_oneof![
        Just("id".to_owned()),
        Just("guild_id".to_owned()),
        Just("channel_id".to_owned()),
        Just("op".to_owned()),
        Just("s".to_owned()),
        Just("t".to_owned()),
        Just("d".to_owned()),
        ".{0,6}",
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::btree_map(key.clone(), inner, 0..6)
                .prop_map(|object| Value::Object(object.into_iter().collect())),
        ]
    })
}

fn id(value: &Value) -> Option<u64> {
    match value {
        Value::String(text) => text
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then(|| text.parse().ok())?,
        value => value.as_u64(),
    }
}

proptest! {
    #[test]
    fn the_header_agrees_with_the_json_library(value in any_json(), pretty in any::<bool>()) {
        let frame = if pretty {
            serde_json::to_string_pretty(&value).expect("JSON")
        } else {
            value.to_string()
        };
        let header = Header::read(frame.as_bytes());
        prop_assert_eq!(header.is_whole, value.is_object());
        if value.is_object() {
            prop_assert_eq!(header.op, value["op"].as_u64());
            prop_assert_eq!(header.seq, value["s"].as_u64());
            prop_assert_eq!(header.name.as_deref(), value["t"].as_str());
            let data = header.data.map(|data| serde_json::from_str::<Value>(&frame[data]).expect("JSON"));
            prop_assert_eq!(data.as_ref(), value.get("d"));
            let data = &value["d"];
            prop_assert_eq!(header.ids.id, id(&data["id"]));
            prop_assert_eq!(header.ids.guild, id(&data["guild_id"]));
            prop_assert_eq!(header.ids.channel, id(&data["channel_id"]));
        }
    }

    #[test]
    fn what_is_one_object_is_judged_as_the_json_library_does(value in any_json(), cut in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let mut frame = json!({"op": 0, "d": value}).to_string().into_bytes();
        let at = cut.index(frame.len());
        frame[at] = byte;
        let is_json = serde_json::from_slice::<serde::de::IgnoredAny>(&frame).is_ok();
        let is_json = is_json && std::str::from_utf8(&frame).is_ok();
        let is_object = is_json && frame.trim_ascii_start().first() == Some(&b'{');
        prop_assert_eq!(Header::read(&frame).is_whole, is_object, "{}", String::from_utf8_lossy(&frame));
    }

    #[test]
    fn no_bytes_make_it_panic(frame in prop::collection::vec(any::<u8>(), 0..200)) {
        let header = Header::read(&frame);
        if let Some(data) = header.data {
            prop_assert!(data.end <= frame.len());
        }
    }

    #[test]
    fn nothing_that_breaks_off_makes_it_panic(value in any_json(), cut in any::<prop::sample::Index>()) {
        let frame = json!({"t": "X", "d": value, "s": 5, "op": 0}).to_string();
        let mut at = cut.index(frame.len());
        while !frame.is_char_boundary(at) {
            at -= 1;
        }
        let _ = Header::read(&frame.as_bytes()[..at]);
    }
}
