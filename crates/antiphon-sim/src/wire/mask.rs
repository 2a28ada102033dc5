//! Secrets in what went over the wire, masked by the names under which they are sent.
//!
//! Bodies are masked as texts and not as documents, since they may be cut, nested as text in other documents, or no JSON
//! at all.

use std::sync::LazyLock;

use regex::Regex;

/// What stands in place of a secret.
const MASKED: &str = "[masked]";

/// Ends of the names of fields that hold secrets.
const NAMES: &str = r"[A-Za-z0-9_]*(?i:token|password|passwd|secret|fkey|cookie|authorization)";

fn regex(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern that a test compiles")
}

/// A text of a JSON object.
static FIELD: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r#"("{NAMES}"\s*:\s*")(?:[^"\\]|\\.)*\\?"#)));
/// The same in JSON that is text within JSON.
static NESTED: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r#"(\\+"{NAMES}\\+"\s*:\s*\\+")[^"\\]*"#)));
/// A parameter of an address or of a form.
static PARAMETER: LazyLock<Regex> =
    LazyLock::new(|| regex(&format!(r##"((?:^|[?&]){NAMES}=)[^&\s"#]*"##)));
/// A part of a multipart form.
static PART: LazyLock<Regex> = LazyLock::new(|| {
    regex(&format!(
        r#"(name="{NAMES}"\r?\n(?:[^\r\n]+\r?\n)*\r?\n)[^\r\n]*"#
    ))
});
/// Addresses that are secrets: of a webhook, of an interaction's answer, of a chat's socket.
static ADDRESS: LazyLock<Regex> = LazyLock::new(|| {
    regex(r"((?:webhooks|interactions)/[0-9]+/|/events/[0-9]+/)[A-Za-z0-9._~%-]{8,}")
});

/// An address without secrets.
pub(super) fn address(text: &str) -> String {
    let masked = PARAMETER.replace_all(text, replacement());
    ADDRESS.replace_all(&masked, replacement()).into_owned()
}

/// A body or another text, for people to look at: what stands under the name of a secret is `[masked]`.
///
/// Names are told by their ends: `token`, `password`, `passwd`, `secret`, `fkey`, `cookie` and `authorization`, in JSON,
/// in parameters and in forms. So are the addresses of webhooks and of answers to interactions.
///
/// ```
/// let body = r#"{"type":2,"id":"7","token":"aW50ZXJhY3Rpb24"}"#;
/// assert_eq!(antiphon_sim::masked(body), r#"{"type":2,"id":"7","token":"[masked]"}"#);
/// ```
pub fn masked(text: &str) -> String {
    let masked = address(text);
    let masked = FIELD.replace_all(&masked, replacement());
    let masked = NESTED.replace_all(&masked, replacement());
    PART.replace_all(&masked, replacement()).into_owned()
}

fn replacement() -> String {
    format!("${{1}}{MASKED}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn secrets_are_masked_wherever_they_stand() {
        for (text, expected) in [
            (
                r#"{"op":2,"d":{"token":"Bot canary","intents":7}}"#,
                r#"{"op":2,"d":{"token":"[masked]","intents":7}}"#,
            ),
            (
                r#"{"password" : "can\"ary\\","x":1}"#,
                r#"{"password" : "[masked]","x":1}"#,
            ),
            (
                r#"{"access_token":"canary-that-is-c"#,
                r#"{"access_token":"[masked]"#,
            ),
            (
                r#"{"token":"canary-cut-in-an-escape\"#,
                r#"{"token":"[masked]"#,
            ),
            (
                r#"{"data":"{\"token\":\"canary\",\"name\":\"mira\"}"}"#,
                r#"{"data":"{\"token\":\"[masked]\",\"name\":\"mira\"}"}"#,
            ),
            (
                "email=a%40b&password=canary&fkey=canary",
                "email=a%40b&password=[masked]&fkey=[masked]",
            ),
            (
                "--b\r\nContent-Disposition: form-data; name=\"fkey\"\r\n\r\ncanary\r\n--b",
                "--b\r\nContent-Disposition: form-data; name=\"fkey\"\r\n\r\n[masked]\r\n--b",
            ),
            (
                r#"{"url":"wss://chat.sockets.stackexchange.com/events/4242/canary-0123456789"}"#,
                r#"{"url":"wss://chat.sockets.stackexchange.com/events/4242/[masked]"}"#,
            ),
        ] {
            assert_eq!(masked(text), expected);
            assert!(!masked(text).contains("canary"));
        }
        assert_eq!(
            address("/api/v10/webhooks/42/canary_long-enough/messages/@original"),
            "/api/v10/webhooks/42/[masked]/messages/@original"
        );
        assert_eq!(
            address("/interactions/42/canarycanary/callback"),
            "/interactions/42/[masked]/callback"
        );
        assert_eq!(
            address("/ws/?access_token=canary&v=1"),
            "/ws/?access_token=[masked]&v=1"
        );
    }

    #[test]
    fn nothing_else_is_changed() {
        for text in [
            r#"{"content":"my token is lost","custom_id":"token","n":1}"#,
            r#"{"token":null,"tokens":"two"}"#,
            "/api/v10/webhooks/42",
            "/api/v10/channels/42/messages",
            "",
        ] {
            assert_eq!(masked(text), text);
        }
    }
}
