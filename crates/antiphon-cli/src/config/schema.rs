//! JSON Schema of the configuration, and the values of its keys in words.
//!
//! schemars makes a schema from the structs; [`tidy`] makes it fit TOML, and [`one_line`] its descriptions. [`Part`] reads it
//! the way the checker and the reference page need it: keys, required keys, words, ranges, and a phrase for what a key
//! takes. Titles (`length of time`, `address with its port`) are how a text of a special form is known again.

use std::num::NonZeroU64;

use antiphon::net;
use schemars::{
    generate::SchemaSettings,
    transform::{RecursiveTransform, Transform as _},
};
use serde_json::Value;
use toml::{
    Spanned,
    de::{DeInteger, DeTable, DeValue},
};

use super::{Config, PLATFORM};
use crate::{logging::are_levels, time};

// Titles of the texts that `takes_text` reads.
/// Texts that [`time::parse`] reads.
pub(crate) const LENGTH: &str = "length of time";
/// Texts such as `http://127.0.0.1:7007`.
pub(crate) const SERVER: &str = "URL of a server";
/// Texts of digits, for ids that are too large for a number elsewhere.
pub(crate) const DIGITS: &str = "digits of an id";
/// Texts that `Proxy::parse` of the network reads.
pub(crate) const PROXY: &str = "URL";

/// Texts that [`are_servers`](super::servers::are_servers).
pub(crate) const SERVERS: &str = "URL of NATS servers";
/// Texts such as `127.0.0.1:9464`.
pub(crate) const ADDRESS: &str = "address with its port";
/// Texts that [`are_levels`].
pub(crate) const LEVELS: &str = "level, or levels of parts,";

/// How a secret is written.
pub(crate) const SECRET: &str = "{ env = \"NAME\" } or { file = \"PATH\" }";

/// The JSON Schema of the configuration, as `antiphon run --schema` prints it.
///
/// It is `docs/antiphon.schema.json` as well; a test compares the two.
pub(crate) fn schema() -> Value {
    let generator = SchemaSettings::draft2020_12().into_generator();
    let mut schema = generator.into_root_schema_for::<Config>();
    RecursiveTransform(tidy).transform(&mut schema);
    RecursiveTransform(one_line).transform(&mut schema);
    schema.to_value()
}

/// Makes one line of a description, since the lines of a doc comment are one sentence.
pub(crate) fn one_line(schema: &mut schemars::Schema) {
    let description = schema.get_mut("description");
    if let Some(Value::String(text)) = description {
        *text = text.split_whitespace().collect::<Vec<_>>().join(" ");
    }
}

/// Adapts one schema to TOML.
fn tidy(schema: &mut schemars::Schema) {
    let Some(schema) = schema.as_object_mut() else {
        return;
    };
    // TOML has no null: an absent key is absent.
    if let Some(Value::Array(types)) = schema.get("type") {
        let text = types.iter().find(|name| *name != "null").cloned();
        schema.extend(text.map(|name| ("type".to_owned(), name)));
    }
    if let Some(Value::Array(any)) = schema.get_mut("anyOf") {
        any.retain(|one| one["type"] != "null");
        if let [Value::Object(_)] = any.as_slice()
            && let Some(Value::Object(one)) = any.pop()
        {
            schema.remove("anyOf");
            for (key, value) in one {
                schema.entry(key).or_insert(value);
            }
        }
    }
    if schema.get("default").is_some_and(Value::is_null) {
        schema.remove("default");
    }
    if schema
        .get("format")
        .is_some_and(|format| format == "uint32")
    {
        schema.entry("maximum").or_insert(u32::MAX.into());
    }
    if let Some(platform) = schema
        .get_mut("properties")
        .and_then(|keys| keys.get_mut(PLATFORM))
    {
        platform["description"] = "Platform that the source connects to.".into();
    }
}

/// Part of the schema, and the root that its references lead from.
///
/// Cheap to copy: two references into the schema.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Part<'a> {
    root: &'a Value,
    pub(crate) part: &'a Value,
}

impl<'a> Part<'a> {
    /// The part that is the whole.
    pub(crate) fn root(schema: &'a Value) -> Self {
        Self {
            root: schema,
            part: schema,
        }
    }

    /// Follows a reference to a definition of the root, if it is one.
    fn part(self, part: &'a Value) -> Self {
        let name = part["$ref"].as_str();
        let name = name.and_then(|path| path.strip_prefix("#/$defs/"));
        Self {
            part: name.map_or(part, |name| &self.root["$defs"][name]),
            ..self
        }
    }

    /// The schema of a declared key of a table.
    pub(crate) fn key(self, name: &str) -> Self {
        self.part(&self.part["properties"][name])
    }

    /// The schema of a key that the user names.
    pub(crate) fn entry(self) -> Self {
        self.part(&self.part["additionalProperties"])
    }

    /// The schema of a list's items.
    pub(crate) fn item(self) -> Self {
        self.part(&self.part["items"])
    }

    /// Declared keys of a table, required ones first.
    pub(crate) fn keys(self) -> Vec<&'a str> {
        let keys = self.part["properties"].as_object().into_iter().flatten();
        let is_needed = |key: &str| self.needed().any(|needed| needed == key);
        let others = keys
            .map(|(key, _)| key.as_str())
            .filter(|key| !is_needed(key));
        self.needed().chain(others).collect()
    }

    /// Required keys of a table.
    pub(crate) fn needed(self) -> impl Iterator<Item = &'a str> {
        let keys = self.part["required"].as_array().into_iter().flatten();
        keys.filter_map(Value::as_str)
    }

    /// Whether this is a table whose keys are declared.
    pub(crate) fn is_table(self) -> bool {
        self.has_platforms() || self.part["properties"].is_object()
    }

    /// Whether this is a table whose platform decides which other keys there are.
    pub(crate) fn has_platforms(self) -> bool {
        self.part["oneOf"][0]["properties"][PLATFORM].is_object()
    }

    /// Names of the platforms.
    pub(crate) fn platforms(self) -> Vec<&'a str> {
        let platforms = self.part["oneOf"].as_array().into_iter().flatten();
        platforms
            .filter_map(|one| one["properties"][PLATFORM]["const"].as_str())
            .collect()
    }

    /// The table of one platform.
    pub(crate) fn platform(self, name: &str) -> Self {
        let mut platforms = self.part["oneOf"].as_array().into_iter().flatten();
        let platform = platforms.find(|one| one["properties"][PLATFORM]["const"] == name);
        self.part(platform.unwrap_or(&Value::Null))
    }

    /// Whether the table needs at least one entry.
    pub(crate) fn needs_one(self) -> bool {
        !self.part["minProperties"].is_null()
    }

    /// By the title that `SecretFrom` has.
    pub(crate) fn is_secret(self) -> bool {
        self.part["title"] == "secret"
    }

    /// Text or secret: the text is parsed here, so that a misspelt URL is an error with its line.
    pub(crate) fn is_proxy(self) -> bool {
        self.part["anyOf"][0]["title"] == PROXY
    }

    /// `true` and `false` are all that it takes.
    pub(crate) fn is_flag(self) -> bool {
        self.part["type"] == "boolean"
    }

    /// The words of which the key takes one.
    pub(crate) fn words(self) -> Option<Vec<&'a str>> {
        if let Some(words) = self.part["enum"].as_array() {
            return words.iter().map(Value::as_str).collect();
        }
        let words = self.part["oneOf"].as_array()?.iter();
        words.map(|one| one["const"].as_str()).collect()
    }

    /// The alternatives of which the key takes one, such as a text or a secret, unless they share a title.
    pub(crate) fn kinds(self) -> Option<Vec<Self>> {
        let kinds = self.part["anyOf"].as_array()?;
        let kinds = kinds.iter().map(|kind| self.part(kind)).collect();
        Some(kinds).filter(|_| self.part["title"].is_null())
    }

    /// The innermost values that do not fit the schema.
    ///
    /// None for a value that fits. A list or a table of values gives each element that does not fit.
    pub(crate) fn misfits<'v, 't>(
        self,
        value: &'v Spanned<DeValue<'t>>,
    ) -> Vec<&'v Spanned<DeValue<'t>>> {
        let fits = match value.get_ref() {
            _ if self.part["anyOf"].is_array() => {
                let mut kinds = self.part["anyOf"].as_array().into_iter().flatten();
                kinds.any(|kind| self.part(kind).is_fit_by_value(value))
            }
            DeValue::Array(items) if self.part["items"].is_object() => {
                let item = self.item();
                return items.iter().flat_map(|one| item.misfits(one)).collect();
            }
            DeValue::Table(table) if self.is_secret() => {
                let mut ways = self.part["oneOf"].as_array().into_iter().flatten();
                ways.any(|way| self.part(way).is_fit_by(table))
            }
            DeValue::Table(table) if self.part["additionalProperties"].is_object() => {
                let entry = self.entry();
                let values = table.values();
                return values.flat_map(|value| entry.misfits(value)).collect();
            }
            DeValue::String(text) => self.takes_text(text),
            DeValue::Integer(number) => self.takes_number(number),
            DeValue::Boolean(_) => self.is_flag(),
            _ => false,
        };
        if fits { Vec::new() } else { vec![value] }
    }

    /// Whether a value fits as a whole.
    fn is_fit_by_value(self, value: &Spanned<DeValue<'_>>) -> bool {
        self.misfits(value).is_empty()
    }

    /// Whether a table has all required keys, no others, and values that fit.
    fn is_fit_by(self, table: &DeTable<'_>) -> bool {
        let mut entries = table.iter();
        self.needed().all(|key| table.contains_key(key))
            && entries.all(|(key, value)| self.key(key.get_ref()).is_fit_by_value(value))
    }

    /// A text without a special title is taken as it is.
    fn takes_text(self, text: &str) -> bool {
        if let Some(words) = self.words() {
            return words.contains(&text);
        }
        self.part["type"] == "string"
            && match self.part["title"].as_str() {
                Some(LENGTH) => time::parse(text).is_ok(),
                Some(SERVER) => net::Route::url(text).is_ok(),
                Some(DIGITS) => text.parse::<NonZeroU64>().is_ok(),
                Some(PROXY) => super::proxy::parse(text).is_ok(),
                Some(SERVERS) => super::servers::are_servers(text),
                Some(ADDRESS) => text.parse::<std::net::SocketAddr>().is_ok(),
                Some(LEVELS) => are_levels(text),
                _ => true,
            }
    }

    /// Signs and bases that TOML knows are read; the range is the schema's, and from 0 where it names none.
    fn takes_number(self, number: &DeInteger<'_>) -> bool {
        let number = i128::from_str_radix(number.as_str(), number.radix());
        let (from, to) = (self.part["minimum"].as_u64(), self.part["maximum"].as_u64());
        let range = i128::from(from.unwrap_or(0))..=i128::from(to.unwrap_or(u64::MAX));
        self.part["type"] == "integer" && number.is_ok_and(|number| range.contains(&number))
    }

    /// The value in words, and an example of it.
    ///
    /// Without an article, such as `whole number from 1 to 65535`.
    pub(crate) fn noun(self) -> (String, Option<String>) {
        let example = Some(&self.part["examples"][0]).filter(|example| !example.is_null());
        let (noun, otherwise) = match (&self.part["title"], self.part["type"].as_str()) {
            (Value::String(title), _) => (title.clone(), None),
            (_, Some("integer")) => (format!("whole number{}", self.range()), None),
            (_, Some("array")) if self.item().is_table() => {
                return (format!("list of {}", self.item().table()), None);
            }
            (_, Some("array")) if self.item().part["type"] == "integer" => {
                ("list of whole numbers".to_owned(), None)
            }
            (_, Some("array")) => ("list of texts".to_owned(), Some("[\"…\", \"…\"]")),
            (_, Some("object")) => {
                let one = self.entry();
                let one = if one.is_table() {
                    one.table()
                } else {
                    one.phrase()
                };
                return ("table".to_owned(), Some(format!("{{ name = {one} }}")));
            }
            _ => ("text".to_owned(), Some("\"…\"")),
        };
        (noun, example.map(toml).or(otherwise.map(str::to_owned)))
    }

    /// The value as an error says what a key "is not", with an example.
    pub(crate) fn phrase(self) -> String {
        if self.is_secret() {
            return SECRET.to_owned();
        }
        if self.is_flag() {
            return "true or false".to_owned();
        }
        if let Some(words) = self.words() {
            return format!("one of \"{}\"", words.join("\", \""));
        }
        if let Some(kinds) = self.kinds() {
            let kinds: Vec<_> = kinds.into_iter().map(Self::phrase).collect();
            return kinds.join(", or ");
        }
        let (noun, example) = self.noun();
        let article = if noun.starts_with(['a', 'e', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        match example {
            Some(example) => format!("{article} {noun} such as {example}"),
            None => format!("{article} {noun}"),
        }
    }

    /// A table with its required keys.
    fn table(self) -> String {
        let keys = self.needed().map(|key| {
            let example = self
                .key(key)
                .noun()
                .1
                .filter(|_| !self.key(key).is_secret());
            format!("{key} = {}", example.as_deref().unwrap_or("…"))
        });
        format!("{{ {} }}", keys.collect::<Vec<_>>().join(", "))
    }

    /// Empty for a number without bounds of its own.
    fn range(self) -> String {
        match (self.part["minimum"].as_u64(), self.part["maximum"].as_u64()) {
            (Some(from), Some(to)) => format!(" from {from} to {to}"),
            (Some(from @ 1..), None) => format!(" from {from} on"),
            _ => String::new(),
        }
    }
}

/// A value as TOML writes it.
pub(crate) fn toml(value: &Value) -> String {
    match value {
        Value::Array(items) => {
            let items: Vec<_> = items.iter().map(toml).collect();
            format!("[{}]", items.join(", "))
        }
        other => other.to_string(),
    }
}
