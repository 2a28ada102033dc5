//! What is read at a glance, against the lenient way.

use proptest::prelude::*;

use super::*;

/// Whatever is read at a glance is what the lenient way reads; says whether it was.
#[track_caller]
fn check(frame: &str) -> [bool; 2] {
    let header = Header::plain(frame.as_bytes());
    if let Ok(header) = &header {
        assert_eq!(
            Some(header),
            Header::lenient(frame.as_bytes()).as_ref(),
            "{frame}"
        );
    }
    let update = PlayerUpdate::plain(frame.as_bytes());
    if let Ok(update) = &update {
        let lenient = serde_json::from_str(frame).expect("the lenient way reads it too");
        assert_eq!(*update, lenient, "{frame}");
    }
    [header.is_ok(), update.is_ok()]
}

#[test]
fn what_nodes_send_is_read_at_a_glance() {
    let update = r#"{"op":"playerUpdate","guildId":"9001","state":{"time":1733000000123,"position":4200,"connected":true,"ping":-1}}"#;
    assert_eq!(check(update), [true, true]);
    assert_eq!(
        check(r#" { "op" : "stats" , "players" : 3 } "#),
        [true, false]
    );
    assert_eq!(
        check(r#"{"type":"X","guildId":7,"op":"event","x":[{"op":1}]}"#),
        [true, false]
    );
}

#[test]
fn what_has_another_form_is_left_to_the_lenient_way() {
    for frame in [
        r#"{"op":7}"#,
        r#"{"op":"a","op":"b"}"#,
        r#"{"op":"stats","guildId":""}"#,
        r#"{"op":"stats","guildId":"0"}"#,
        r#"{"op":"stats","guildId":"+7"}"#,
        r#"["stats"]"#,
        r#"{"op":"stats"} x"#,
        r#"{"op":"stats","x":01}"#,
    ] {
        assert_eq!(check(frame), [false, false], "{frame}");
    }
    for state in [
        r#"{"time":1.5,"position":0,"connected":true,"ping":1}"#,
        r#"{"time":1,"position":"0","connected":true,"ping":1}"#,
        r#"{"time":1,"position":0,"connected":1,"ping":1}"#,
        r#"{"time":1,"position":0,"connected":true}"#,
        r#"{"time":1,"position":0,"connected":true,"ping":1,"ping":2}"#,
        r#"{"time":9223372036854775808,"position":0,"connected":true,"ping":1}"#,
        "null",
    ] {
        assert_eq!(
            check(&format!(r#"{{"state":{state}}}"#)),
            [true, false],
            "{state}"
        );
    }
    let state = r#"{"time":1,"position":0,"connected":true,"ping":1}"#;
    assert_eq!(
        check(&format!(r#"{{"state":{state},"state":{state}}}"#)),
        [true, false]
    );
}

/// Values that a field may have, wrong ones among them.
fn value() -> impl Strategy<Value = String> {
    prop_oneof![
        any::<i64>().prop_map(|number| number.to_string()),
        any::<u64>().prop_map(|number| format!("\"{number}\"")),
        any::<f64>().prop_map(|number| format!("{number:e}")),
        Just("true".to_owned()),
        Just("false".to_owned()),
        Just("null".to_owned()),
        "\"[a-z\\\\\"u0é ]{0,9}\"",
        "[-0-9.eE+]{1,4}",
        Just("[{},[1]]".to_owned()),
        Just("{\"op\":\"x\"}".to_owned()),
    ]
}

fn object(
    keys: &'static [&'static str],
    value: impl Strategy<Value = String>,
) -> impl Strategy<Value = String> {
    let field = (prop::sample::select(keys), value);
    prop::collection::vec(field, 0..7).prop_map(|fields| {
        let fields = fields
            .iter()
            .map(|(key, value)| format!("\"{key}\":{value}"));
        format!("{{{}}}", fields.collect::<Vec<_>>().join(","))
    })
}

proptest! {
    #[test]
    fn what_is_read_at_a_glance_is_what_the_lenient_way_reads(
        frame in object(
            &["op", "type", "guildId", "state", "x", "\\u006fp"],
            prop_oneof![
                value(),
                object(&["time", "position", "connected", "ping", "x"], value()),
                Just(r#"{"time":1,"position":0,"connected":true,"ping":1}"#.to_owned()),
            ],
        )
    ) {
        check(&frame);
    }
}
