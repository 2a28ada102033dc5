//! A message's nonce, by which Discord recognises one that is sent again (protocol §13).

use antiphon_core::{BoxError, Rng};

/// Discord takes no longer ones.
const LONGEST: usize = 25;

/// A text of 1 to 25 characters; a second message with it from the same bot within a few minutes is the first again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Nonce(String);

impl Nonce {
    pub(crate) fn random(rng: &mut Rng) -> Self {
        Self(rng.u64(..).to_string())
    }

    pub(crate) fn new(text: String) -> Result<Self, BoxError> {
        match text.chars().count() {
            1..=LONGEST => Ok(Self(text)),
            length => Err(format!(
                "a nonce has between 1 and {LONGEST} characters, this one {length}"
            )
            .into()),
        }
    }

    /// Puts it into a message's body, JSON or a form with JSON as its first part.
    ///
    /// twilight knows neither nonces of letters nor `enforce_nonce`.
    pub(super) fn enforced_in(&self, body: Vec<u8>) -> Vec<u8> {
        // A form's head holds no brace before the JSON begins.
        let Some(brace) = body.iter().position(|byte| *byte == b'{') else {
            return body;
        };
        let is_empty = body[brace + 1..].starts_with(b"}");
        let comma = if is_empty { "" } else { "," };
        let text = serde_json::Value::from(&*self.0);
        let fields = format!(r#""nonce":{text},"enforce_nonce":true{comma}"#);
        let mut longer = Vec::with_capacity(body.len() + fields.len());
        longer.extend_from_slice(&body[..=brace]);
        longer.extend_from_slice(fields.as_bytes());
        longer.extend_from_slice(&body[brace + 1..]);
        longer
    }
}

#[cfg(test)]
mod tests {
    use twilight_http::request::Form;

    use super::*;

    #[test]
    fn a_nonce_is_put_into_json_and_into_forms() {
        let nonce = Nonce::new("say \"hi\"".into()).expect("short enough");
        let enforced = |body: &str| {
            String::from_utf8(nonce.enforced_in(body.as_bytes().to_vec())).expect("text")
        };
        assert_eq!(
            enforced(r#"{"content":"{}"}"#),
            r#"{"nonce":"say \"hi\"","enforce_nonce":true,"content":"{}"}"#
        );
        assert_eq!(
            enforced("{}"),
            r#"{"nonce":"say \"hi\"","enforce_nonce":true}"#
        );
        let form = Form::new()
            .json_part(b"payload_json", br#"{"content":"x"}"#)
            .file_part(b"files[0]", b"a.txt", b"{file}");
        let body = String::from_utf8(nonce.enforced_in(form.build())).expect("text");
        assert!(body.contains(r#""enforce_nonce":true,"content":"x"}"#));
        assert!(body.contains("\r\n\r\n{file}\r\n"));
    }

    #[test]
    fn a_nonce_that_discord_would_refuse_is_refused() {
        assert!(Nonce::new(String::new()).is_err());
        assert!(Nonce::new("n".repeat(26)).is_err());
        assert!(Nonce::new("é".repeat(25)).is_ok());
    }
}
