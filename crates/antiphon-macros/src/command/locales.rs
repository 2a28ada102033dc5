//! Locales: the languages that Discord knows.

use syn::{Error, LitStr, Result};

/// Languages that Discord's client can be set to
/// (<https://discord.com/developers/docs/reference#locales>).
pub(super) const LOCALES: &[&str] = &[
    "id", "da", "de", "en-GB", "en-US", "es-ES", "es-419", "fr", "hr", "it", "lt", "hu", "nl",
    "no", "pl", "pt-BR", "ro", "fi", "sv-SE", "vi", "tr", "cs", "el", "bg", "ru", "uk", "hi", "th",
    "zh-CN", "ja", "zh-TW", "ko",
];

pub(super) fn locale(locale: &LitStr) -> Result<()> {
    let word = locale.value();
    if LOCALES.contains(&&*word) {
        return Ok(());
    }
    let language = word
        .split(['-', '_'])
        .next()
        .unwrap_or_default()
        .to_lowercase();
    let near = LOCALES
        .iter()
        .find(|known| known.split('-').next() == Some(&*language));
    let near = near.map_or_else(String::new, |near| format!("; did you mean `{near}`?"));
    let message = format!(
        "`{word}` is no locale of Discord's{near} (they are: {})",
        LOCALES.join(", ")
    );
    Err(Error::new(locale.span(), message))
}
