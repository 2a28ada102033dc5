//! Words: names of Rust as Discord's and as people's, and the languages that Discord knows.

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

/// `SingLoud` as `sing_loud`; what is in snake case stays.
pub(super) fn snake_case(ident: &str) -> String {
    let ident = ident.strip_prefix("r#").unwrap_or(ident);
    let mut name = String::new();
    for letter in ident.chars() {
        if letter.is_uppercase() && !name.is_empty() && !name.ends_with('_') {
            name.push('_');
        }
        name.extend(letter.to_lowercase());
    }
    name
}

/// `VeryLoud` as `Very loud`.
pub(super) fn words(ident: &str) -> String {
    let words = snake_case(ident).replace('_', " ");
    let mut letters = words.chars();
    let first = letters.next().into_iter().flat_map(char::to_uppercase);
    first.chain(letters).collect()
}
