//! Tables of `docs/configuration.md`, and the test that the checked-in pages say what the program does.
//!
//! `RENEW=1 cargo test -p antiphon-cli reference` writes them anew.
//!
//! The page's tables and the schema's file are made from the structs, and the test fails while the checked-in pages say
//! something else. A key without a description, and one without a default that is neither needed nor documented, make
//! it panic.

use serde::{Deserializer, de, de::DeserializeOwned, forward_to_deserialize_any};
use serde_json::json;

use super::{
    Dashboard, Journal, Log, Metrics, Rule, Simulator,
    schema::{Part, schema, toml},
};
use crate::platform::{PLATFORMS, lavalink::config::Node};

/// Folder of the pages.
const DOCS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs");

/// Every table of the configuration by its name in the page, with its keys as they are declared.
pub(super) fn tables() -> Vec<(&'static str, &'static [&'static str])> {
    let tables = [
        ("journal", keys::<Journal>()),
        ("rules", keys::<Rule>()),
        ("log", keys::<Log>()),
        ("metrics", keys::<Metrics>()),
        ("dashboard", keys::<Dashboard>()),
        ("simulator", keys::<Simulator>()),
        ("nodes", keys::<Node>()),
    ];
    let platforms = PLATFORMS.iter();
    let platforms = platforms.map(|platform| (platform.name, (platform.keys)()));
    tables.into_iter().chain(platforms).collect()
}

/// The schema of the table of that name.
fn find<'a>(root: Part<'a>, name: &str) -> Part<'a> {
    let source = root.key("sources").entry();
    match name {
        "journal" => root.key("journal"),
        "log" | "metrics" | "dashboard" | "simulator" => root.key(name),
        "rules" => root.key("journal").key("rules").item(),
        "nodes" => source.platform("lavalink").key("nodes").entry(),
        platform => source.platform(platform),
    }
}

/// The keys of a table, in the order of its fields.
pub(crate) fn keys<T: DeserializeOwned>() -> &'static [&'static str] {
    struct Asker;

    #[derive(Debug, thiserror::Error)]
    #[error("the keys are {0:?}")]
    struct Keys(&'static [&'static str]);

    impl de::Error for Keys {
        fn custom<M: std::fmt::Display>(message: M) -> Self {
            unreachable!("nothing is read: {message}")
        }
    }

    impl<'de> Deserializer<'de> for Asker {
        type Error = Keys;

        fn deserialize_any<V: de::Visitor<'de>>(self, _: V) -> Result<V::Value, Keys> {
            unreachable!("a table is a struct")
        }

        fn deserialize_struct<V: de::Visitor<'de>>(
            self,
            _: &'static str,
            keys: &'static [&'static str],
            _: V,
        ) -> Result<V::Value, Keys> {
            Err(Keys(keys))
        }

        forward_to_deserialize_any! {
            bool i8 i16 i32 i64 i128 u8 u16 u32 u64 u128 f32 f64 char str string bytes byte_buf option unit unit_struct
            newtype_struct seq tuple tuple_struct map enum identifier ignored_any
        }
    }

    match T::deserialize(Asker) {
        Err(Keys(keys)) => keys,
        Ok(_) => unreachable!("the asker always fails"),
    }
}

/// The table in Markdown.
///
/// Keys come in the order of the fields, which is the order in which a reader should meet them.
fn markdown(table: Part<'_>, keys: &[&str]) -> String {
    let rows = keys.iter().map(|key| {
        let (declared, takes) = (&table.part["properties"][key], table.key(key));
        let about = declared["description"]
            .as_str()
            .or(takes.part["description"].as_str());
        let about = about.unwrap_or_else(|| panic!("`{key}` says nothing: write a comment"));
        let default = declared
            .get("default")
            .filter(|default| **default != json!([]));
        // A default is the better example.
        let value = value(takes, default.is_none());
        let (about, default) = match (about.split_once(" Default: "), default) {
            (Some((about, default)), _) => (about, default.trim_end_matches('.').to_owned()),
            (None, Some(default)) => (about, format!("`{}`", toml(default))),
            (None, None) if declared.get("default").is_some() => (about, "none".to_owned()),
            (None, None) if table.needed().any(|needed| needed == *key) => {
                (about, "needed".to_owned())
            }
            (None, None) => panic!("`{key}` says no default: write \"Default: …\""),
        };
        format!("| `{key}` | {value} | {about} | {default} |\n")
    });
    format!(
        "| key | value | meaning | default |\n| --- | --- | --- | --- |\n{}",
        rows.collect::<String>()
    )
}

/// The values that a key takes, in Markdown.
fn value(takes: Part<'_>, with_example: bool) -> String {
    if takes.is_secret() {
        return "secret".to_owned();
    }
    if takes.is_flag() {
        return "`true` or `false`".to_owned();
    }
    if let Some(words) = takes.words() {
        let words: Vec<_> = words.iter().map(|word| format!("`\"{word}\"`")).collect();
        return words.join(", ");
    }
    if let Some(kinds) = takes.kinds() {
        let kinds: Vec<_> = kinds
            .into_iter()
            .map(|kind| value(kind, with_example))
            .collect();
        return kinds.join(", or ");
    }
    if takes.entry().is_table() {
        return "table of tables".to_owned();
    }
    if takes.entry().is_secret() {
        return "table of secrets".to_owned();
    }
    let (noun, example) = takes.noun();
    let noun = noun.replace('{', "`{").replace('}', "}`");
    match example.filter(|example| with_example && !example.contains('…')) {
        Some(example) => format!("{noun} such as `{example}`"),
        None => noun,
    }
}

/// The page with its tables replaced by the declared ones; each stands between two comments.
fn page(page: &str) -> String {
    let schema = schema();
    let mut page = page.to_owned();
    for (name, keys) in tables() {
        let (begin, end) = (format!("<!-- keys of {name} -->\n"), "<!-- end -->");
        let split = page.split_once(&begin).and_then(|(before, rest)| {
            let (_, after) = rest.split_once(end)?;
            Some((before, after))
        });
        let (before, after) = split.unwrap_or_else(|| panic!("the page has no keys of {name}"));
        let table = markdown(find(Part::root(&schema), name), keys);
        page = format!("{before}{begin}\n{table}\n{end}{after}");
    }
    page
}

/// Compares a page with the expected one or, with `RENEW`, writes it.
#[track_caller]
pub(crate) fn check(name: &str, expected: impl FnOnce(&str) -> String) {
    let path = format!("{DOCS}/{name}");
    let kept = std::fs::read_to_string(&path).expect("the page is there");
    let expected = expected(&kept);
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(&path, expected).expect("the page is ours");
    } else {
        assert!(
            kept == expected,
            "docs/{name} is stale: run `RENEW=1 cargo test -p antiphon-cli reference`"
        );
    }
}

#[test]
fn the_tables_of_the_page_are_the_declared_ones() {
    check("configuration.md", page);
}

#[test]
fn the_schema_in_the_documentation_is_the_declared_one() {
    check("antiphon.schema.json", |_| format!("{:#}\n", schema()));
}
