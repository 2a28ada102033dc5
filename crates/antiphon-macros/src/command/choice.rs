//! `#[derive(Choice)]`: an option of fixed choices, as an enum.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput, Error, Fields, Result, spanned::Spanned as _};

use super::{
    attributes::{Attributes, Choice, ChoiceValue, Text, Where},
    repeated, rules,
};
use crate::names;

/// Writes the implementation of `CommandOption`.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Enum(data) = &input.data else {
        let message = "choices are an enum, each a variant without fields";
        return Err(Error::new(input.ident.span(), message));
    };
    rules::count(data.variants.len(), 1, 25, "choices", input.ident.span())?;
    let (mut choices, mut variants) = (Vec::new(), Vec::new());
    for variant in &data.variants {
        if !matches!(variant.fields, Fields::Unit) {
            let message = "a choice is a variant without fields";
            return Err(Error::new(variant.fields.span(), message));
        }
        let attributes = Attributes::read(&variant.attrs, Where::Choice)?;
        let ident = &variant.ident;
        let own = |value: String| Text {
            value,
            span: ident.span(),
        };
        let name = attributes.name;
        let value = attributes.value;
        if let Some(ChoiceValue::Number(number)) = &value {
            number.tokens()?;
        }
        choices.push(Choice {
            name: name.unwrap_or_else(|| own(names::words(&ident.to_string()))),
            names: attributes.names,
            value: value
                .unwrap_or_else(|| ChoiceValue::Text(own(names::snake(&ident.to_string())))),
        });
        variants.push(ident);
    }
    rules::choices(&choices)?;
    let texts = choices.iter().filter_map(|choice| match &choice.value {
        ChoiceValue::Text(text) => Some(text),
        ChoiceValue::Number(_) => None,
    });
    if let Some(text) = repeated(texts) {
        let message = format!("there is a choice with the value `{}` already", text.value);
        return Err(Error::new(text.span, message));
    }
    let is_float =
        |choice: &Choice| matches!(&choice.value, ChoiceValue::Number(number) if number.is_float);
    let kind = match &choices[0].value {
        ChoiceValue::Text(_) => quote!(String),
        ChoiceValue::Number(_) if choices.iter().any(is_float) => quote!(Number),
        ChoiceValue::Number(_) => quote!(Integer),
    };
    let ident = &input.ident;
    let written = choices.iter().map(Choice::tokens);
    let names = choices.iter().map(|choice| &choice.name.value);
    let indices = 0..variants.len();
    Ok(quote! {
        #[automatically_derived]
        impl ::antiphon::commands::CommandOption for #ident {
            const KIND: ::antiphon::discord::model::CommandOptionType =
                ::antiphon::discord::model::CommandOptionType::#kind;
            const CHOICES: &'static [::antiphon::commands::spec::Choice] = &[#(#written),*];

            fn from_option(
                value: &::antiphon::discord::model::CommandOptionValue,
                _: ::core::option::Option<&::antiphon::discord::model::ResolvedData>,
            ) -> ::core::result::Result<Self, ::antiphon::commands::OptionError> {
                match ::antiphon::commands::spec::Choice::position(Self::CHOICES, value)? {
                    #(#indices => ::core::result::Result::Ok(Self::#variants),)*
                    _ => ::core::result::Result::Err(::antiphon::commands::OptionError::NotAChoice),
                }
            }
        }

        #[automatically_derived]
        impl #ident {
            /// The name of the choice, as users see it where it is not translated.
            #[allow(dead_code, reason = "a program may not need it")]
            pub fn choice_name(&self) -> &'static str {
                match self {
                    #(Self::#variants => #names,)*
                }
            }
        }
    })
}
