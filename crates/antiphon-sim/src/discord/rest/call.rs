//! An authorised request, and the parameters of its path and query.

use serde_json::{Map, Value};

use super::fields::Fields;
use crate::discord::model::Id;

/// Request whose token, path and permissions were checked.
pub(crate) struct Call<'a> {
    /// Account of the token; 0 for a route without a token.
    pub(crate) account: Id,
    /// Parameters of the path, by their names in the row.
    pub(crate) parameters: Vec<(&'static str, String)>,
    /// Parameters of the query, as texts.
    pub(crate) query: Value,
    /// Parameters of the query as often as they came.
    pub(crate) pairs: Vec<(String, String)>,
    /// JSON body; `null` if there is none.
    pub(crate) body: &'a Value,
    /// Reason for the audit log (`X-Audit-Log-Reason`, decoded).
    pub(crate) reason: Option<String>,
}

impl Call<'_> {
    /// Parameter of the path as text; empty if the row has no such parameter.
    pub(crate) fn step(&self, name: &str) -> &str {
        let known = self.parameters.iter().find(|(key, _)| *key == name);
        known.map_or("", |(_, value)| value)
    }

    /// Snowflake of the path; 0 if the row has no such parameter.
    pub(crate) fn id(&self, name: &str) -> Id {
        self.step(name).parse().unwrap_or_default()
    }

    /// `{guild_id}`.
    pub(crate) fn guild(&self) -> Id {
        self.id("guild_id")
    }

    /// `{channel_id}`.
    pub(crate) fn channel(&self) -> Id {
        self.id("channel_id")
    }

    /// Parameter of the query as text.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.query[name].as_str()
    }

    /// All values of a parameter of the query, which may come several times or have commas.
    pub(crate) fn all(&self, name: &str) -> Vec<String> {
        let pairs = self.pairs.iter().filter(|(key, _)| key == name);
        let values = pairs.flat_map(|(_, values)| values.split(','));
        values.map(|value| value.trim().to_owned()).collect()
    }

    /// Whether a parameter of the query is `True`, `true` or `1`.
    pub(crate) fn flag(&self, name: &str) -> bool {
        self.query().flag(name) == Some(true)
    }

    /// Reader of the query.
    pub(crate) fn query(&self) -> Fields<'_> {
        Fields::of(&self.query)
    }

    /// Reader of the body, which is an object.
    pub(crate) fn fields(&self) -> Fields<'_> {
        Fields::of(self.body)
    }
}

/// Parameters of a query in their order.
pub(crate) fn pairs(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes())
        .into_owned()
        .collect()
}

/// Query as an object of texts; the last one of several values counts.
pub(crate) fn query(pairs: &[(String, String)]) -> Value {
    let fields = pairs.iter().cloned();
    let fields: Map<String, Value> = fields.map(|(key, value)| (key, value.into())).collect();
    Value::Object(fields)
}
