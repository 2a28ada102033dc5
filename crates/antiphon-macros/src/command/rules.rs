//! Discord's limits of commands, as far as a macro sees them.
//!
//! [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-object)

use proc_macro2::Span;
use syn::{Error, Result};

use super::{
    attributes::{Attributes, Choice, ChoiceValue, Text, Texts},
    locales, repeated,
};

/// Checks the name and description of a slash command, a subcommand or an option, in all languages.
pub(super) fn texts(texts: &Texts) -> Result<()> {
    for text in std::iter::once(&texts.name).chain(texts.names.iter().map(|(_, text)| text)) {
        name(text)?;
    }
    let descriptions = texts.descriptions.iter().map(|(_, text)| text);
    for text in std::iter::once(&texts.description).chain(descriptions) {
        length(text, 1, 100, "a description")?;
    }
    Ok(())
}

/// Checks a name of a slash command, a subcommand or an option.
pub(super) fn name(text: &Text) -> Result<()> {
    let name = &text.value;
    length(text, 1, 32, "a name")?;
    // Discord's pattern is `[-_'\p{L}\p{N}\p{sc=Deva}\p{sc=Thai}]`.
    let fits = |one: char| {
        one.is_alphanumeric()
            || matches!(one, '-' | '_' | '\'' | '\u{900}'..='\u{97f}' | '\u{e00}'..='\u{e7f}')
    };
    if let Some(other) = name.chars().find(|one| !fits(*one)) {
        let message =
            format!("a name has letters, digits, `-`, `_` and `'`, and no `{other}`: `{name}`");
        return Err(Error::new(text.span, message));
    }
    if name.to_lowercase() != *name {
        let message = format!("a name is in small letters: `{}`", name.to_lowercase());
        return Err(Error::new(text.span, message));
    }
    Ok(())
}

/// Checks the name of a user or message command.
pub(super) fn menu(texts: &Texts) -> Result<()> {
    for text in std::iter::once(&texts.name).chain(texts.names.iter().map(|(_, text)| text)) {
        length(text, 1, 32, "a name")?;
    }
    Ok(())
}

/// Checks the attributes of an option that belong together.
pub(super) fn option(attributes: &Attributes) -> Result<()> {
    if let (Some(min), Some(max)) = (&attributes.min, &attributes.max)
        && min.number > max.number
    {
        return Err(Error::new(max.span, "`max` is smaller than `min`"));
    }
    if let (Some((min, _)), Some((max, span))) = (attributes.min_length, attributes.max_length)
        && min > max
    {
        return Err(Error::new(
            span,
            "`max_length` is smaller than `min_length`",
        ));
    }
    if let Some((0, span)) = attributes.max_length {
        return Err(Error::new(span, "`max_length` lies between 1 and 6000"));
    }
    if let (Some(path), false) = (&attributes.autocomplete, attributes.choices.is_empty()) {
        let message = "an option has either choices or autocomplete";
        return Err(Error::new_spanned(path, message));
    }
    choices(&attributes.choices)
}

/// Checks choices of one option.
pub(super) fn choices(choices: &[Choice]) -> Result<()> {
    let Some(first) = choices.first() else {
        return Ok(());
    };
    count(choices.len(), 1, 25, "choices", first.name.span)?;
    let is_text = |choice: &Choice| matches!(choice.value, ChoiceValue::Text(_));
    for choice in choices {
        for text in std::iter::once(&choice.name).chain(choice.names.iter().map(|(_, text)| text)) {
            length(text, 1, 100, "the name of a choice")?;
        }
        if let ChoiceValue::Text(text) = &choice.value {
            length(text, 1, 100, "the value of a choice")?;
        }
        if is_text(choice) != is_text(first) {
            let message = "the values of all choices are texts, or all are numbers";
            return Err(Error::new(choice.name.span, message));
        }
    }
    if let Some(text) = repeated(choices.iter().map(|choice| &choice.name)) {
        let message = format!("there is a choice `{}` already", text.value);
        return Err(Error::new(text.span, message));
    }
    Ok(())
}

/// Checks that siblings have different names, in each language.
pub(super) fn unique(all: &[Texts], what: &str) -> Result<()> {
    let again = |text: &Text| {
        let message = format!("there is {} {what} `{}` already", article(what), text.value);
        Error::new(text.span, message)
    };
    if let Some(text) = repeated(all.iter().map(|texts| &texts.name)) {
        return Err(again(text));
    }
    for locale in locales::LOCALES {
        let names = all.iter().filter_map(|texts| {
            let own = texts.names.iter().find(|(known, _)| known == locale);
            own.map(|(_, text)| text)
        });
        if let Some(text) = repeated(names) {
            return Err(again(text));
        }
    }
    Ok(())
}

fn article(what: &str) -> &'static str {
    if what.starts_with('o') { "an" } else { "a" }
}

pub(super) fn count(count: usize, min: usize, max: usize, what: &str, at: Span) -> Result<()> {
    if (min..=max).contains(&count) {
        return Ok(());
    }
    let message = format!("Discord takes {min} to {max} {what}, and these are {count}");
    Err(Error::new(at, message))
}

fn length(text: &Text, min: usize, max: usize, what: &str) -> Result<()> {
    let length = text.value.chars().count();
    if (min..=max).contains(&length) {
        return Ok(());
    }
    let message = format!("{what} has {min} to {max} characters, and this one has {length}");
    Err(Error::new(text.span, message))
}
