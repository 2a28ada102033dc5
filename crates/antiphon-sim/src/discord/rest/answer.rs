//! Answers, and what is wrong with a request.

use serde_json::{Map, Value, json};

/// What an answer says.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Value),
    /// JSON by name only.
    Text(String),
    Html(String),
    Empty,
}

/// An answer over REST.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// What a request comes to; an error is an answer too.
pub(crate) type Outcome = Result<Answer, Answer>;

impl Answer {
    fn new(status: u16, body: Body) -> Self {
        Self {
            status,
            body,
            headers: Vec::new(),
        }
    }

    pub(crate) fn json(status: u16, json: Value) -> Self {
        Self::new(status, Body::Json(json))
    }

    pub(crate) fn text(status: u16, text: &str) -> Self {
        Self::new(status, Body::Text(text.to_owned()))
    }

    pub(crate) fn html(status: u16, html: &str) -> Self {
        Self::new(status, Body::Html(html.to_owned()))
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Body::Empty)
    }

    /// It was done, and there is nothing to say about it.
    pub(crate) fn done() -> Self {
        Self::empty(204)
    }

    pub(crate) fn error(status: u16, code: u32, message: &str) -> Self {
        Self::json(status, json!({"message": message, "code": code}))
    }

    /// There is no such thing.
    pub(crate) fn unknown(what: &str, code: u32) -> Self {
        Self::error(404, code, &format!("Unknown {what}"))
    }

    /// It is there, but not for this bot.
    pub(crate) fn no_access() -> Self {
        Self::error(403, 50001, "Missing Access")
    }

    /// The bot may not do that.
    pub(crate) fn not_permitted() -> Self {
        Self::error(403, 50013, "Missing Permissions")
    }
}

/// What is wrong with the fields of a request.
#[derive(Debug, Default)]
pub(crate) struct Faulty(Map<String, Value>);

impl Faulty {
    /// Something is wrong with a field: `content`, or `embeds.0.title`.
    pub(crate) fn add(&mut self, field: &str, code: &str, message: &str) {
        let mut at = &mut self.0;
        for step in field.split('.') {
            let next = at.entry(step).or_insert_with(|| Value::Object(Map::new()));
            let Value::Object(next) = next else {
                return;
            };
            at = next;
        }
        let error = json!({"code": code, "message": message});
        match at.entry("_errors").or_insert_with(|| json!([])) {
            Value::Array(errors) => errors.push(error),
            other => *other = json!([error]),
        }
    }

    /// A text that is too long or not a text.
    pub(crate) fn text(&mut self, body: &Value, field: &str, most: usize) {
        match &body[field] {
            Value::String(text) if text.chars().count() > most => {
                self.add(
                    field,
                    "BASE_TYPE_MAX_LENGTH",
                    &format!("Must be {most} or fewer in length."),
                );
            }
            Value::Null | Value::String(_) => {}
            _ => self.add(
                field,
                "STRING_TYPE_CONVERT",
                "Could not interpret value as string.",
            ),
        }
    }

    /// A list that is too long or not a list.
    pub(crate) fn list(&mut self, body: &Value, field: &str, most: usize) {
        match &body[field] {
            Value::Array(items) if items.len() > most => {
                self.add(
                    field,
                    "BASE_TYPE_MAX_LENGTH",
                    &format!("Must be {most} or fewer in length."),
                );
            }
            Value::Null | Value::Array(_) => {}
            _ => self.add(
                field,
                "LIST_TYPE_CONVERT",
                "Only iterables may be used in a ListType",
            ),
        }
    }

    /// The answer that says so, if anything is wrong.
    pub(crate) fn check(self) -> Result<(), Answer> {
        if self.0.is_empty() {
            return Ok(());
        }
        let body = json!({"code": 50035, "message": "Invalid Form Body", "errors": self.0});
        Err(Answer::json(400, body))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_where_it_is() {
        let mut faulty = Faulty::default();
        faulty.text(&json!({"content": "abc"}), "content", 2);
        faulty.add("embeds.0.title", "X", "y");
        let Err(Answer {
            body: Body::Json(body),
            ..
        }) = faulty.check()
        else {
            panic!("nothing wrong");
        };
        assert_eq!(
            body["errors"]["content"]["_errors"][0]["code"],
            "BASE_TYPE_MAX_LENGTH"
        );
        assert_eq!(
            body["errors"]["embeds"]["0"]["title"]["_errors"][0]["message"],
            "y"
        );
    }
}
