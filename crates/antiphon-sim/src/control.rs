//! Commands from outside.

/// Lengths of time as text, such as `2s` or `500ms`.
pub(crate) mod period {
    use std::time::Duration;

    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    /// Reads `250ms`, `2s`, `1.5s`, `3m` or `1h`; a number without a unit is seconds.
    pub(crate) fn parse(text: &str) -> Option<Duration> {
        let text = text.trim();
        let digits = text
            .find(|character: char| !character.is_ascii_digit() && character != '.')
            .unwrap_or(text.len());
        let (number, unit) = text.split_at(digits);
        let number: f64 = number.parse().ok()?;
        let seconds = match unit.trim() {
            "ms" => number / 1000.0,
            "" | "s" => number,
            "m" => number * 60.0,
            "h" => number * 3600.0,
            _ => return None,
        };
        Duration::try_from_secs_f64(seconds).ok()
    }

    pub(crate) fn serialize<S: Serializer>(
        period: &Duration,
        serializer: S,
    ) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&format!("{}ms", period.as_millis()))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(
        deserializer: D,
    ) -> Result<Duration, D::Error> {
        let value = serde_json::Value::deserialize(deserializer)?;
        let text = value
            .as_str()
            .map_or_else(|| value.to_string(), str::to_owned);
        parse(&text)
            .ok_or_else(|| D::Error::custom(format!("`{text}` is no length of time such as `2s`")))
    }
}
