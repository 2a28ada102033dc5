//! `#[command(…)]`, `#[option(…)]`, `#[choice(…)]` and doc comments, as authors write them.
//!
//! One reader serves all places ([`Where`]): an attribute that has no meaning at its place is refused with the place's
//! own list.

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Attribute, Error, Expr, ExprLit, Ident, Lit, LitInt, LitStr, Meta, Path, Result, Token, Type,
    meta::ParseNestedMeta, parse::Parse, punctuated::Punctuated, spanned::Spanned as _,
};

use super::locales;
use crate::names;

/// A place of attributes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    Command,
    /// A user or message command, which has no description.
    Menu,
    Subcommand,
    Option,
    Choice,
}

impl Where {
    /// The name of the attribute.
    fn attribute(self) -> &'static str {
        match self {
            Self::Command | Self::Menu | Self::Subcommand => "command",
            Self::Option => "option",
            Self::Choice => "choice",
        }
    }

    /// What may stand in it.
    fn known(self) -> &'static [&'static str] {
        match self {
            Self::Command => &[
                "name",
                "name_localizations",
                "description",
                "description_localizations",
                "default_permissions",
                "contexts",
                "integration_types",
                "nsfw",
                "state",
            ],
            Self::Menu => &[
                "name",
                "name_localizations",
                "default_permissions",
                "contexts",
                "integration_types",
                "nsfw",
            ],
            Self::Subcommand => &[
                "name",
                "name_localizations",
                "description",
                "description_localizations",
            ],
            Self::Option => &[
                "name",
                "rename",
                "name_localizations",
                "description",
                "description_localizations",
                "min",
                "max",
                "min_length",
                "max_length",
                "choices",
                "channel_types",
                "autocomplete",
            ],
            Self::Choice => &["name", "name_localizations", "value"],
        }
    }
}

/// A text, and where it was written.
#[derive(Clone)]
pub(super) struct Text {
    pub(super) value: String,
    pub(super) span: Span,
}

impl From<&LitStr> for Text {
    fn from(text: &LitStr) -> Self {
        Self {
            value: text.value(),
            span: text.span(),
        }
    }
}

/// Name and description, with their translations by locale.
pub(super) struct Texts {
    pub(super) name: Text,
    pub(super) names: Vec<(String, Text)>,
    pub(super) description: Text,
    pub(super) descriptions: Vec<(String, Text)>,
}

impl Texts {
    /// The texts of an item; the name is the item's own in snake case unless an attribute sets one.
    pub(super) fn of(attributes: &Attributes, ident: &Ident) -> Self {
        let own = || Text {
            value: names::snake(&ident.to_string()),
            span: ident.span(),
        };
        let none = || Text {
            value: String::new(),
            span: ident.span(),
        };
        Self {
            name: attributes.name.clone().unwrap_or_else(own),
            names: attributes.names.clone(),
            description: attributes.description.clone().unwrap_or_else(none),
            descriptions: attributes.descriptions.clone(),
        }
    }

    pub(super) fn tokens(&self) -> TokenStream {
        let (name, names) = (&self.name.value, translations(&self.names));
        let (description, descriptions) =
            (&self.description.value, translations(&self.descriptions));
        quote! {
            ::antiphon::commands::spec::Texts {
                name: #name,
                names: #names,
                description: #description,
                descriptions: #descriptions,
            }
        }
    }
}

/// `&[("de", "singen"), …]`
fn translations(texts: &[(String, Text)]) -> TokenStream {
    let texts = texts.iter().map(|(locale, text)| {
        let text = &text.value;
        quote!((#locale, #text))
    });
    quote!(&[#(#texts),*])
}

/// An end of a range.
pub(super) struct Bound {
    pub(super) value: TokenStream,
    /// The number itself, for comparing both ends.
    pub(super) number: f64,
    pub(super) span: Span,
}

/// A choice: a name and a value.
pub(super) struct Choice {
    pub(super) name: Text,
    pub(super) names: Vec<(String, Text)>,
    /// The value as the author wrote it.
    pub(super) value: ChoiceValue,
}

pub(super) enum ChoiceValue {
    Text(Text),
    Number(Number),
}

/// A number literal with its sign.
pub(super) struct Number {
    pub(super) is_float: bool,
    pub(super) text: String,
    pub(super) span: Span,
}

impl Number {
    /// `Number::Integer(…)` or `Number::Float(…)` of the model.
    pub(super) fn tokens(&self) -> Result<TokenStream> {
        let wrong = || Error::new(self.span, format!("`{}` is not a number", self.text));
        let path = quote!(::antiphon::discord::model::Number);
        if self.is_float {
            let number: f64 = self.text.parse().map_err(|_| wrong())?;
            return Ok(quote_spanned!(self.span=> #path::Float(#number)));
        }
        let number: i64 = self.text.parse().map_err(|_| wrong())?;
        if number.unsigned_abs() > 1 << 53 {
            let message = "a whole number of an option lies between -2^53 and 2^53";
            return Err(Error::new(self.span, message));
        }
        Ok(quote_spanned!(self.span=> #path::Integer(#number)))
    }

    fn bound(&self) -> Result<Bound> {
        Ok(Bound {
            value: self.tokens()?,
            number: self.text.parse().unwrap_or_default(),
            span: self.span,
        })
    }
}

impl Parse for Number {
    fn parse(input: syn::parse::ParseStream<'_>) -> Result<Self> {
        let minus: Option<Token![-]> = input.parse()?;
        let literal: Lit = input.parse()?;
        let sign = if minus.is_some() { "-" } else { "" };
        let (is_float, digits) = match &literal {
            Lit::Int(number) => (false, number.base10_digits()),
            Lit::Float(number) => (true, number.base10_digits()),
            other => return Err(Error::new(other.span(), "a number is expected here")),
        };
        Ok(Self {
            is_float,
            text: format!("{sign}{digits}"),
            span: literal.span(),
        })
    }
}

impl Choice {
    pub(super) fn tokens(&self) -> TokenStream {
        let (name, names) = (&self.name.value, translations(&self.names));
        let value = match &self.value {
            ChoiceValue::Text(text) => {
                let text = &text.value;
                quote!(::antiphon::commands::spec::Value::Text(#text))
            }
            ChoiceValue::Number(number) => {
                let number = number
                    .tokens()
                    .unwrap_or_else(|error| error.to_compile_error());
                quote!(::antiphon::commands::spec::Value::Number(#number))
            }
        };
        quote!(::antiphon::commands::spec::Choice { name: #name, names: #names, value: #value })
    }
}

/// A literal choice: `"Quiet" = 1`, or `"Quiet"` or `1`, whose name is the value.
impl Parse for Choice {
    fn parse(input: syn::parse::ParseStream<'_>) -> Result<Self> {
        if !input.peek(LitStr) {
            let number: Number = input.parse()?;
            return Ok(Self {
                name: Text {
                    value: number.text.clone(),
                    span: number.span,
                },
                names: Vec::new(),
                value: ChoiceValue::Number(number),
            });
        }
        let name = Text::from(&input.parse::<LitStr>()?);
        let value = if input.parse::<Option<Token![=]>>()?.is_none() {
            ChoiceValue::Text(name.clone())
        } else {
            input.parse()?
        };
        Ok(Self {
            name,
            names: Vec::new(),
            value,
        })
    }
}

impl Parse for ChoiceValue {
    fn parse(input: syn::parse::ParseStream<'_>) -> Result<Self> {
        if input.peek(LitStr) {
            return Ok(Self::Text(Text::from(&input.parse::<LitStr>()?)));
        }
        input.parse().map(Self::Number)
    }
}

/// A translation: `"de" = "singen"`.
struct Translation {
    locale: LitStr,
    text: LitStr,
}

impl Parse for Translation {
    fn parse(input: syn::parse::ParseStream<'_>) -> Result<Self> {
        let locale = input.parse()?;
        input.parse::<Token![=]>()?;
        let text = input.parse()?;
        Ok(Self { locale, text })
    }
}

/// Attributes of an item, and its doc comment.
#[derive(Default)]
pub(super) struct Attributes {
    pub(super) name: Option<Text>,
    pub(super) names: Vec<(String, Text)>,
    pub(super) description: Option<Text>,
    pub(super) descriptions: Vec<(String, Text)>,
    pub(super) default_permissions: Option<Vec<Ident>>,
    pub(super) contexts: Option<Vec<Ident>>,
    pub(super) integration_types: Option<Vec<Ident>>,
    pub(super) nsfw: bool,
    pub(super) state: Option<Type>,
    pub(super) min: Option<Bound>,
    pub(super) max: Option<Bound>,
    pub(super) min_length: Option<(u16, Span)>,
    pub(super) max_length: Option<(u16, Span)>,
    pub(super) choices: Vec<Choice>,
    pub(super) channel_types: Vec<Ident>,
    pub(super) autocomplete: Option<Path>,
    pub(super) value: Option<ChoiceValue>,
}

impl Attributes {
    pub(super) fn read(attributes: &[Attribute], place: Where) -> Result<Self> {
        let mut read = Self::default();
        for attribute in attributes {
            if attribute.path().is_ident(place.attribute()) {
                attribute.parse_nested_meta(|meta| read.take(&meta, place))?;
            } else if ["command", "option", "choice"]
                .iter()
                .any(|other| attribute.path().is_ident(other))
            {
                let message = format!("here stands `#[{}(…)]`", place.attribute());
                return Err(Error::new(attribute.path().span(), message));
            }
        }
        if read.description.is_none() && !matches!(place, Where::Choice | Where::Menu) {
            read.description = documentation(attributes);
        }
        Ok(read)
    }

    fn take(&mut self, meta: &ParseNestedMeta<'_>, place: Where) -> Result<()> {
        let word = meta.path.get_ident().map(Ident::to_string);
        let word = word.as_deref().unwrap_or_default();
        if !place.known().contains(&word) {
            let known = place.known().join("`, `");
            let message = format!("`#[{}(…)]` here takes `{known}`", place.attribute());
            return Err(meta.error(message));
        }
        match word {
            "name" | "rename" => self.name = Some(Text::from(&meta.value()?.parse::<LitStr>()?)),
            "name_localizations" => self.names = localizations(meta)?,
            "description" => {
                self.description = Some(Text::from(&meta.value()?.parse::<LitStr>()?));
            }
            "description_localizations" => self.descriptions = localizations(meta)?,
            "default_permissions" => self.default_permissions = Some(permissions(meta)?),
            "contexts" => {
                let of = ["Guild", "BotDm", "PrivateChannel"];
                self.contexts = Some(words_of(meta, &of, "contexts")?);
            }
            "integration_types" => {
                let of = ["GuildInstall", "UserInstall"];
                self.integration_types = Some(words_of(meta, &of, "integration types")?);
            }
            "nsfw" => self.nsfw = true,
            "state" => self.state = Some(meta.value()?.parse()?),
            "min" => self.min = Some(meta.value()?.parse::<Number>()?.bound()?),
            "max" => self.max = Some(meta.value()?.parse::<Number>()?.bound()?),
            "min_length" => self.min_length = Some(length(meta)?),
            "max_length" => self.max_length = Some(length(meta)?),
            "choices" => {
                self.choices = list(meta)?;
                for choice in &self.choices {
                    if let ChoiceValue::Number(number) = &choice.value {
                        number.tokens()?;
                    }
                }
            }
            "channel_types" => self.channel_types = words_of(meta, CHANNELS, "channel types")?,
            "autocomplete" => self.autocomplete = Some(meta.value()?.parse()?),
            _ => self.value = Some(meta.value()?.parse()?),
        }
        Ok(())
    }

    /// The default permissions, if they are set.
    pub(super) fn permissions(&self) -> Option<TokenStream> {
        let permissions = self.default_permissions.as_ref()?;
        let path = quote!(::antiphon::discord::model::Permissions);
        Some(quote!(#path::empty()#(.union(#path::#permissions))*))
    }
}

/// Types of channels that an option may be limited to.
const CHANNELS: &[&str] = &[
    "GuildText",
    "Dm",
    "GuildVoice",
    "GroupDm",
    "GuildCategory",
    "GuildAnnouncement",
    "AnnouncementThread",
    "PublicThread",
    "PrivateThread",
    "GuildStageVoice",
    "GuildDirectory",
    "GuildForum",
    "GuildMedia",
];

/// A list in parentheses.
fn list<T: Parse>(meta: &ParseNestedMeta<'_>) -> Result<Vec<T>> {
    let inside;
    syn::parenthesized!(inside in meta.input);
    let items = Punctuated::<T, Token![,]>::parse_terminated(&inside)?;
    Ok(items.into_iter().collect())
}

/// Identifiers of a fixed set, in parentheses.
fn words_of(meta: &ParseNestedMeta<'_>, of: &[&str], what: &str) -> Result<Vec<Ident>> {
    let idents: Vec<Ident> = list(meta)?;
    if idents.is_empty() {
        return Err(meta.error(format!("name one or more of `{}`", of.join("`, `"))));
    }
    for (index, ident) in idents.iter().enumerate() {
        let word = ident.to_string();
        if !of.contains(&&*word) {
            let message = format!("the {what} are `{}`", of.join("`, `"));
            return Err(Error::new(ident.span(), message));
        }
        if idents[..index].contains(ident) {
            return Err(Error::new(
                ident.span(),
                format!("`{word}` is named already"),
            ));
        }
    }
    Ok(idents)
}

/// `SEND_MESSAGES | MANAGE_MESSAGES`, or `0`, which leaves a command to administrators.
fn permissions(meta: &ParseNestedMeta<'_>) -> Result<Vec<Ident>> {
    let value = meta.value()?;
    if value.peek(LitInt) {
        let number: LitInt = value.parse()?;
        if number.base10_digits() == "0" {
            return Ok(Vec::new());
        }
        let message = "permissions are written by name, such as `BAN_MEMBERS | KICK_MEMBERS`, or `0` for administrators";
        return Err(Error::new(number.span(), message));
    }
    let names = Punctuated::<Ident, Token![|]>::parse_separated_nonempty(value)?;
    Ok(names.into_iter().collect())
}

fn length(meta: &ParseNestedMeta<'_>) -> Result<(u16, Span)> {
    let length: LitInt = meta.value()?.parse()?;
    let wrong = |_| Error::new(length.span(), "a length lies between 0 and 6000");
    let number = length.base10_parse::<u16>().map_err(wrong)?;
    if number > 6000 {
        return Err(wrong(Error::new(length.span(), "")));
    }
    Ok((number, length.span()))
}

fn localizations(meta: &ParseNestedMeta<'_>) -> Result<Vec<(String, Text)>> {
    let mut texts: Vec<(String, Text)> = Vec::new();
    for Translation { locale, text } in list::<Translation>(meta)? {
        locales::locale(&locale)?;
        if texts.iter().any(|(known, _)| *known == locale.value()) {
            return Err(Error::new(
                locale.span(),
                "this locale is translated already",
            ));
        }
        texts.push((locale.value(), Text::from(&text)));
    }
    Ok(texts)
}

/// The first paragraph of a doc comment, in one line.
fn documentation(attributes: &[Attribute]) -> Option<Text> {
    let (mut lines, mut span): (Vec<String>, Option<Span>) = (Vec::new(), None);
    for attribute in attributes.iter().filter(|one| one.path().is_ident("doc")) {
        let Meta::NameValue(meta) = &attribute.meta else {
            continue;
        };
        let Expr::Lit(ExprLit {
            lit: Lit::Str(text),
            ..
        }) = &meta.value
        else {
            continue;
        };
        for line in text.value().lines().map(str::trim) {
            if line.is_empty() && !lines.is_empty() {
                return Some(joined(&lines, span));
            }
            if !line.is_empty() {
                span.get_or_insert_with(|| text.span());
                lines.push(line.to_owned());
            }
        }
        if text.value().trim().is_empty() && !lines.is_empty() {
            break;
        }
    }
    (!lines.is_empty()).then(|| joined(&lines, span))
}

fn joined(lines: &[String], span: Option<Span>) -> Text {
    Text {
        value: lines.join(" "),
        span: span.unwrap_or_else(Span::call_site),
    }
}
