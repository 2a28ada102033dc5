//! The fast readers against the lenient one.

use proptest::prelude::*;

use super::*;

/// Checks that the fast readers agree with the lenient one; returns whether header and update were read fast.
#[track_caller]
fn check(frame: &str) -> [bool; 2] {
    let lenient = Header::lenient(frame.as_bytes());
    let header = Header::plain(frame.as_bytes());
    if let Ok(header) = &header {
        assert_eq!(Some(header), lenient.as_ref(), "{frame}");
    }
    let update = PlayerUpdate::usual(frame.as_bytes());
    if let Some((guild, update)) = &update {
        assert_eq!(Header::of(frame.as_bytes()), lenient, "{frame}");
        assert_eq!(lenient.and_then(|header| header.guild), Some(*guild));
        let lenient = serde_json::from_str(frame).expect("the lenient way reads it too");
        assert_eq!(*update, lenient, "{frame}");
    }
    [header.is_ok(), update.is_some()]
}

fn update(guild: &str, time: &str, connected: &str, ping: &str) -> String {
    format!(
        r#"{{"op":"playerUpdate","guildId":"{guild}","state":{{"time":{time},"position":4200,"connected":{connected},"ping":{ping}}}}}"#
    )
}

#[test]
fn what_nodes_send_is_read_at_a_glance() {
    let check_update = |frame: String| assert_eq!(check(&frame), [true, true], "{frame}");
    check_update(update("900100200300400500", "1733000000123", "true", "31"));
    check_update(update("1", "0", "false", "-1"));
    check_update(update(
        "9999999999999999999",
        "9223372036854775807",
        "true",
        "0",
    ));
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
    let usual = update("7", "1", "true", "1");
    assert_eq!(check(&usual), [true, true]);
    for frame in [
        update("", "1", "true", "1"),
        update("0", "1", "true", "1"),
        update("18446744073709551615", "1", "true", "1"),
        update("7", "9223372036854775808", "true", "1"),
        update("7", "10000000000000000000", "true", "1"),
        update("7", "01", "true", "1"),
        update("7", "1.5", "true", "1"),
        update("7", "-0", "true", "1"),
        update("7", "1", "1", "1"),
        update("7", "1", "true", "null"),
        format!("{usual} "),
        usual.replace("4200", "\"4200\""),
        usual.replace("state", "State"),
        usual[..usual.len() - 1].to_owned(),
    ] {
        assert!(!check(&frame)[1], "{frame}");
    }
}

/// Values of a field, wrong ones among them.
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

    #[test]
    fn any_value_in_the_usual_place_is_read_alike(
        guild in "[0-9]{0,21}", time in value(), connected in value(), ping in value(),
    ) {
        check(&update(&guild, &time, &connected, &ping));
    }
}

/// `NodeLink` has written `isNodelink` and `isNodeLink` (<https://github.com/PerformanC/NodeLink/blob/v3/src/api/info.ts>),
/// and a proxy may merge the answers of two servers.
#[test]
fn a_value_under_two_spellings_is_read_and_refuses_nothing() {
    let info: super::Info = serde_json::from_str(
        r#"{"version":{"semver":"3.7.0-rc.1","major":"3","preRelease":"rc.1","prerelease":["rc",1],"build":null},
            "isNodelink":true,"isNodeLink":false,"plugins":[]}"#,
    )
    .expect("readable");
    assert!(info.is_node_link && info.has_next_track());
    assert_eq!(info.version.pre_release.as_deref(), Some("rc.1"));
    let older: super::Info =
        serde_json::from_str(r#"{"version":{"prerelease":"beta"},"isNodeLink":true}"#)
            .expect("readable");
    assert!(older.is_node_link && !older.has_next_track());
    assert_eq!(older.version.pre_release.as_deref(), Some("beta"));
    let cpu: super::CPUStats = serde_json::from_str(
        r#"{"cores":8,"systemLoad":0.5,"lavalinkLoad":0.125,"nodelinkLoad":0.25}"#,
    )
    .expect("readable");
    assert_eq!(
        (cpu.cores, cpu.system_load, cpu.lavalink_load),
        (8, 0.5, 0.25)
    );
}
