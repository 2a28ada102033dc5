//! Responses, and errors of a request's fields.

use serde_json::{Map, Value, json};

/// Body of a response.
#[derive(Clone, Debug)]
pub(crate) enum Body {
    Json(Value),
    /// JSON by name only.
    Text(String),
    Html(String),
    /// Bytes of a type of their own.
    File(&'static str, Vec<u8>),
    Empty,
}

/// An answer over REST.
#[derive(Clone, Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Body,
    pub(crate) headers: Vec<(&'static str, String)>,
}

/// Result of a request; an error is a response as well.
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

    /// 200 with the bytes of a file.
    pub(crate) fn file(content_type: &'static str, bytes: Vec<u8>) -> Self {
        Self::new(200, Body::File(content_type, bytes))
    }

    pub(crate) fn empty(status: u16) -> Self {
        Self::new(status, Body::Empty)
    }

    /// 204 without a body.
    pub(crate) fn done() -> Self {
        Self::empty(204)
    }

    pub(crate) fn error(status: u16, code: u32, message: &str) -> Self {
        Self::json(status, json!({"message": message, "code": code}))
    }

    /// 413: the request, or one of its files, is too large.
    pub(crate) fn too_large() -> Self {
        Self::error(413, 40005, "Request entity too large")
    }

    /// 400: this one field is wrong.
    pub(crate) fn invalid(field: &str, code: &str, message: &str) -> Self {
        let mut faulty = Faulty::default();
        faulty.add(field, code, message);
        faulty.into_answer()
    }

    /// 400: the body is no list.
    pub(crate) fn not_a_list() -> Self {
        let mut faulty = Faulty::default();
        faulty.not_a_list("");
        faulty.into_answer()
    }

    /// 400: a message would have nothing in it.
    pub(crate) fn empty_message() -> Self {
        Self::error(400, 50006, "Cannot send an empty message")
    }

    /// 404: there is no such route.
    pub(crate) fn missing() -> Self {
        Self::json(404, json!({"message": "404: Not Found", "code": 0}))
    }

    /// 404: the object does not exist.
    pub(crate) fn unknown(what: &str, code: u32) -> Self {
        Self::error(404, code, &format!("Unknown {what}"))
    }

    /// 403: the bot has no access to the object.
    pub(crate) fn no_access() -> Self {
        Self::error(403, 50001, "Missing Access")
    }

    /// 403: the bot lacks a permission.
    pub(crate) fn not_permitted() -> Self {
        Self::error(403, 50013, "Missing Permissions")
    }
}

/// Errors of a request's fields.
#[derive(Debug, Default)]
pub(crate) struct Faulty(Map<String, Value>);

impl Faulty {
    /// Adds an error of a field, such as `content` or `embeds.0.title`; the empty name is the body itself.
    pub(crate) fn add(&mut self, field: &str, code: &str, message: &str) {
        let mut at = &mut self.0;
        for step in field.split('.').filter(|step| !step.is_empty()) {
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

    /// Adds that a field is absent.
    pub(crate) fn required(&mut self, field: &str) {
        self.add(field, "BASE_TYPE_REQUIRED", "This field is required");
    }

    /// Adds that a field is no list.
    pub(crate) fn not_a_list(&mut self, field: &str) {
        let message = "Only iterables may be used in a ListType";
        self.add(field, "LIST_TYPE_CONVERT", message);
    }

    /// Adds that a field is no object.
    pub(crate) fn not_an_object(&mut self, field: &str) {
        let message = "Only dictionaries may be used in a ModelType";
        self.add(field, "MODEL_TYPE_CONVERT", message);
    }

    /// Adds that a text does not stand for a number of this kind, such as `snowflake`.
    pub(crate) fn not_a_number(&mut self, field: &str, text: &str, what: &str) {
        let message = format!("Value \"{text}\" is not {what}.");
        self.add(field, "NUMBER_TYPE_COERCE", &message);
    }

    /// Checks a required text and its length.
    pub(crate) fn length(&mut self, field: &str, value: &Value, least: usize, most: usize) {
        let Some(text) = value.as_str() else {
            return self.required(field);
        };
        if !(least..=most).contains(&text.chars().count()) {
            let message = format!("Must be between {least} and {most} in length.");
            self.add(field, "BASE_TYPE_BAD_LENGTH", &message);
        }
    }

    /// The 400 response, if there is an error.
    pub(crate) fn check(self) -> Result<(), Answer> {
        if self.0.is_empty() {
            return Ok(());
        }
        Err(self.into_answer())
    }

    fn into_answer(self) -> Answer {
        let body = json!({"code": 50035, "message": "Invalid Form Body", "errors": self.0});
        Answer::json(400, body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_wrong_is_told_where_it_is() {
        let mut faulty = Faulty::default();
        faulty.length("content", &json!("abc"), 1, 2);
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
            "BASE_TYPE_BAD_LENGTH"
        );
        assert_eq!(
            body["errors"]["embeds"]["0"]["title"]["_errors"][0]["message"],
            "y"
        );
    }
}
