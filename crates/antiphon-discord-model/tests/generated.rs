//! The generated files are what `model.json` says; making them anew needs Node, and looking at them does not.

use std::fmt::Write as _;

use serde_json::Value;

#[test]
fn the_generated_structs_are_those_of_the_model() {
    let model: Value = serde_json::from_str(include_str!("../model.json")).expect("JSON");
    for (part, text) in [
        ("objects", include_str!("../src/generated/objects.rs")),
        ("gateway", include_str!("../src/generated/gateway.rs")),
    ] {
        let mut written = String::new();
        for object in model[part].as_array().expect("a list") {
            let _ = writeln!(written, "{} {{", object["name"].as_str().expect("a name"));
            for field in object["fields"].as_array().expect("a list") {
                let of = |key: &str| field[key].as_str().unwrap_or_default();
                let mark = match of("mark") {
                    "" => String::new(),
                    mark => format!(" [{mark}]"),
                };
                let (wire, name, kind) = (of("wire"), of("name"), of("type"));
                let _ = writeln!(written, "    \"{wire}\" => {name}: {kind}{mark},");
            }
            written.push_str("}\n");
        }
        let body = text.split_once("objects! {\n").expect("objects").1;
        let body = body.split_once("\n}\n\ndefaults!").expect("an end").0;
        let lines = body.lines().filter(|line| {
            let line = line.trim_start();
            !line.is_empty() && !line.starts_with("///") && !line.starts_with('#')
        });
        let found: Vec<_> = lines.collect();
        assert_eq!(found, written.lines().collect::<Vec<_>>(), "{part}");
    }
}
