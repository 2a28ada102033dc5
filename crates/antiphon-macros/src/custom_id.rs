//! `#[derive(CustomId)]`.

use proc_macro2::TokenStream;
use quote::{format_ident, quote};
use syn::{
    Data, DeriveInput, Error, Field, Fields, LitStr, Result, Token, Variant, parse::ParseStream,
    spanned::Spanned as _,
};

use crate::names::{plain_type, snake};

/// Longest prefix, so that most of the 100 characters are left for the state.
const PREFIX: usize = 32;

pub(crate) fn derive(input: &DeriveInput) -> Result<TokenStream> {
    plain_type(input, "CustomId")?;
    let name = &input.ident;
    let (length, write, read) = match &input.data {
        Data::Struct(data) => {
            let parts = Parts::of(&data.fields, &quote!(Self))?;
            let Parts {
                pattern,
                length,
                write,
                read,
            } = parts;
            let write = quote! { let #pattern = self; #write };
            (
                quote!(0 #length),
                write,
                quote!(::core::result::Result::Ok(#read)),
            )
        }
        Data::Enum(data) => variants(name, data.variants.iter())?,
        Data::Union(_) => return Err(Error::new(input.span(), "a union has no custom id")),
    };
    let value = quote! {
        impl ::antiphon::components::CustomIdValue for #name {
            const LENGTH: usize = #length;

            fn write(&self, to: &mut ::antiphon::components::CustomIdWriter) {
                let _ = &to;
                #write
            }

            fn read(
                from: &mut ::antiphon::components::CustomIdReader<'_>,
            ) -> ::core::result::Result<Self, ::antiphon::components::CustomIdError> {
                let _ = &from;
                #read
            }
        }
    };
    let Some(prefix) = prefix(input)? else {
        return Ok(value);
    };
    let too_long = format!(
        "a custom id of `{name}` can have more than the 100 characters that Discord takes: take fields out, or keep them \
         elsewhere under an id"
    );
    Ok(quote! {
        #value

        impl ::antiphon::components::CustomId for #name {
            const PREFIX: &'static str = #prefix;
        }

        impl ::core::convert::From<#name> for ::std::string::String {
            fn from(state: #name) -> Self {
                ::antiphon::components::CustomId::to_text(&state)
            }
        }

        impl ::core::convert::From<&#name> for ::std::string::String {
            fn from(state: &#name) -> Self {
                ::antiphon::components::CustomId::to_text(state)
            }
        }

        const _: () = ::core::assert!(
            #prefix.len() + <#name as ::antiphon::components::CustomIdValue>::LENGTH <= 100,
            #too_long
        );
    })
}

/// How the fields of a struct or a variant are written and read.
struct Parts {
    /// Pattern that binds the fields.
    pattern: TokenStream,
    /// `+ length` of each field.
    length: TokenStream,
    write: TokenStream,
    /// Expression that reads the whole.
    read: TokenStream,
}

impl Parts {
    fn of(fields: &Fields, constructor: &TokenStream) -> Result<Self> {
        let bound: Vec<_> = (0..fields.len())
            .map(|at| format_ident!("field_{at}"))
            .collect();
        let types: Vec<_> = fields.iter().map(|field| &field.ty).collect();
        let field_reads = fields.iter().map(read_of).collect::<Result<Vec<_>>>()?;
        let (pattern, read) = match fields {
            Fields::Named(named) => {
                let idents: Vec<_> = named.named.iter().map(|field| &field.ident).collect();
                (
                    quote!(#constructor { #(#idents: #bound),* }),
                    quote!(#constructor { #(#idents: #field_reads),* }),
                )
            }
            Fields::Unnamed(_) => (
                quote!(#constructor(#(#bound),*)),
                quote!(#constructor(#(#field_reads),*)),
            ),
            Fields::Unit => (quote!(#constructor), quote!(#constructor)),
        };
        Ok(Self {
            pattern,
            length: quote!(#(+ <#types as ::antiphon::components::CustomIdValue>::LENGTH)*),
            write: quote!(#(::antiphon::components::CustomIdValue::write(#bound, to);)*),
            read,
        })
    }
}

/// Expression that reads a field.
fn read_of(field: &Field) -> Result<TokenStream> {
    let mut is_new = false;
    for attribute in field
        .attrs
        .iter()
        .filter(|one| one.path().is_ident("custom_id"))
    {
        attribute.parse_nested_meta(|meta| {
            if meta.path.is_ident("default") {
                is_new = true;
                return Ok(());
            }
            Err(meta.error("a field takes `default` alone: `#[custom_id(default)]`"))
        })?;
    }
    Ok(if is_new {
        quote!(from.or_default()?)
    } else {
        quote!(::antiphon::components::CustomIdValue::read(from)?)
    })
}

/// Length, writing and reading of an enum.
fn variants<'a>(
    name: &syn::Ident,
    variants: impl Iterator<Item = &'a Variant>,
) -> Result<(TokenStream, TokenStream, TokenStream)> {
    let (mut lengths, mut writes, mut reads) = (Vec::new(), Vec::new(), Vec::new());
    let mut known: Vec<String> = Vec::new();
    for variant in variants {
        let ident = &variant.ident;
        let word = word(variant)?;
        if known.contains(&word) {
            let why = format!("`{word}` is the word of another variant too");
            return Err(Error::new(variant.span(), why));
        }
        let Parts {
            pattern,
            length,
            write,
            read,
        } = Parts::of(&variant.fields, &quote!(#name::#ident))?;
        lengths.push(quote!(1 + #word.len() #length));
        writes.push(quote!(#pattern => { to.part(#word); #write }));
        reads.push(quote!(#word => ::core::result::Result::Ok(#read)));
        known.push(word);
    }
    if known.is_empty() {
        return Err(Error::new(
            name.span(),
            "an enum without variants has no custom id",
        ));
    }
    let length = quote! {{
        let lengths = [#(#lengths),*];
        let (mut most, mut at) = (0, 0);
        while at < lengths.len() {
            if lengths[at] > most {
                most = lengths[at];
            }
            at += 1;
        }
        most
    }};
    let write = quote!(match self { #(#writes)* });
    let read = quote! {
        match &*from.part()? {
            #(#reads,)*
            _ => ::core::result::Result::Err(from.outdated("is no variant that is known")),
        }
    };
    Ok((length, write, read))
}

/// Word that stands for a variant: its name in snake case, or the one that an attribute gives.
fn word(variant: &Variant) -> Result<String> {
    let mut word = snake(&variant.ident.to_string());
    for attribute in variant
        .attrs
        .iter()
        .filter(|one| one.path().is_ident("custom_id"))
    {
        let given: LitStr = attribute.parse_args()?;
        word = given.value();
        if !is_word(&word) {
            return Err(Error::new(given.span(), WORD));
        }
    }
    Ok(word)
}

/// Prefix of a type, `#[custom_id("vote")]` or `#[custom_id(prefix = "vote")]`.
fn prefix(input: &DeriveInput) -> Result<Option<String>> {
    let mut prefix = None;
    for attribute in input
        .attrs
        .iter()
        .filter(|one| one.path().is_ident("custom_id"))
    {
        let given: LitStr = attribute.parse_args_with(|from: ParseStream<'_>| {
            if from.peek(syn::Ident) {
                let key: syn::Ident = from.parse()?;
                if key != "prefix" {
                    return Err(Error::new(key.span(), "write `#[custom_id(\"prefix\")]`"));
                }
                from.parse::<Token![=]>()?;
            }
            from.parse()
        })?;
        let text = given.value();
        if !is_word(&text) {
            return Err(Error::new(given.span(), WORD));
        }
        prefix = Some(text);
    }
    Ok(prefix)
}

const WORD: &str =
    "a prefix or a variant's word has 1 to 32 characters: small letters, digits, `_` and `-`";

pub(crate) fn is_word(text: &str) -> bool {
    let is_plain =
        |one: u8| one.is_ascii_lowercase() || one.is_ascii_digit() || b"_-".contains(&one);
    (1..=PREFIX).contains(&text.len()) && text.bytes().all(is_plain)
}
