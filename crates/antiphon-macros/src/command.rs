//! `#[derive(Command)]` and `#[derive(Choice)]`.
//!
//! The macros write data, not logic: a constant `Spec` that the runtime registers, and a `parse` that reads one option
//! after another.
//! `attributes` reads what authors write, `rules` has Discord's limits, and this file puts a declaration together.
//! A rule that needs another type (the depth of subcommands, the size of a whole command) is checked by the runtime's
//! constant functions, which the written code calls in a constant.

mod attributes;
mod choice;
mod locales;
mod rules;

use std::collections::HashSet;

use proc_macro2::{Span, TokenStream};
use quote::{quote, quote_spanned};
use syn::{
    Data, DeriveInput, Error, Field, Fields, GenericArgument, Ident, Path, PathArguments, Result,
    Type, Variant, spanned::Spanned as _,
};

use crate::names;

use self::attributes::{Attributes, Bound, Text, Texts, Where};
pub(crate) use self::choice::expand as expand_choice;

/// Writes the implementation of `Command`.
pub(crate) fn expand(input: &DeriveInput) -> Result<TokenStream> {
    if !input.generics.params.is_empty() {
        let message = "a command cannot be generic: Discord knows one declaration of it";
        return Err(Error::new(input.generics.span(), message));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => menu(input, &fields.unnamed[0]),
            Fields::Unnamed(fields) => Err(Error::new(
                fields.span(),
                "a slash command has named fields, and a user or message command one unnamed field: its target",
            )),
            fields => slash(input, fields),
        },
        Data::Enum(data) => subcommands(input, data.variants.iter().collect()),
        Data::Union(data) => Err(Error::new(
            data.union_token.span,
            "a command is a struct of its options or an enum of its subcommands",
        )),
    }
}

/// Parts of an implementation, beside the texts and attributes of the type.
struct Body {
    kind: TokenStream,
    spec: TokenStream,
    parse: TokenStream,
    completers: TokenStream,
    /// Types of subcommands, whose completers are needed.
    inner: Vec<Type>,
}

/// A user or message command: a struct of its target alone.
fn menu(input: &DeriveInput, target: &Field) -> Result<TokenStream> {
    let attributes = Attributes::read(&input.attrs, Where::Menu)?;
    let texts = Texts {
        name: attributes.name.clone().unwrap_or_else(|| Text {
            value: names::words(&input.ident.to_string()),
            span: input.ident.span(),
        }),
        names: attributes.names.clone(),
        description: Text {
            value: String::new(),
            span: input.ident.span(),
        },
        descriptions: Vec::new(),
    };
    rules::menu(&texts)?;
    let ty = &target.ty;
    let body = Body {
        kind: quote_spanned!(ty.span()=> <#ty as ::antiphon::commands::Target>::KIND),
        spec: quote!(::antiphon::commands::spec::Body::Options(&[])),
        parse: quote!(::core::result::Result::Ok(Self(input.target()?))),
        completers: TokenStream::new(),
        inner: Vec::new(),
    };
    Ok(implementation(input, &attributes, &texts, &body))
}

/// A slash command, or a subcommand: a struct of its options.
fn slash(input: &DeriveInput, fields: &Fields) -> Result<TokenStream> {
    let attributes = Attributes::read(&input.attrs, Where::Command)?;
    let texts = texts(&attributes, &input.ident, "a command")?;
    let options = options(fields)?;
    let specs = options.iter().map(|option| &option.spec);
    let reads = options.iter().map(|option| &option.read);
    let completers = options
        .iter()
        .filter_map(|option| option.completer.as_ref());
    let body = Body {
        kind: quote!(::antiphon::discord::model::CommandType::ChatInput),
        spec: quote!(::antiphon::commands::spec::Body::Options(&[#(#specs),*])),
        parse: quote! {
            let options = input.options(Self::SPEC.body.options())?;
            ::core::result::Result::Ok(Self { #(#reads)* })
        },
        completers: quote!(#(#completers)*),
        inner: Vec::new(),
    };
    Ok(implementation(input, &attributes, &texts, &body))
}

/// A command with subcommands, or a group of them: an enum.
fn subcommands(input: &DeriveInput, variants: Vec<&Variant>) -> Result<TokenStream> {
    let attributes = Attributes::read(&input.attrs, Where::Command)?;
    let texts = texts(&attributes, &input.ident, "a command")?;
    rules::count(variants.len(), 1, 25, "subcommands", input.ident.span())?;
    let (mut specs, mut arms, mut completers, mut inner) =
        (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    let mut all = Vec::new();
    for variant in variants {
        let attributes = Attributes::read(&variant.attrs, Where::Subcommand)?;
        let ident = &variant.ident;
        match &variant.fields {
            Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
                let ty = &fields.unnamed[0].ty;
                // The type has a description already.
                let texts = Texts::of(&attributes, ident);
                let inherits = texts.description.value.is_empty();
                if inherits {
                    rules::name(&texts.name)?;
                } else {
                    rules::texts(&texts)?;
                }
                let name = &texts.name.value;
                let written = texts.tokens();
                let own = quote_spanned!(ty.span()=> <#ty as ::antiphon::commands::Command>::SPEC);
                specs.push(quote!(::antiphon::commands::spec::Subcommand::of(#written, #own)));
                arms.push(quote! {
                    #name => ::core::result::Result::Ok(
                        Self::#ident(<#ty as ::antiphon::commands::Command>::parse(&input)?),
                    ),
                });
                completers.push(quote! {
                    completers.within(#name, <#ty as ::antiphon::commands::Completes<S>>::completers);
                });
                inner.push(ty.clone());
                all.push(texts);
            }
            Fields::Unnamed(fields) => {
                let message = "a subcommand is a variant with named fields, with one type of options, or with nothing";
                return Err(Error::new(fields.span(), message));
            }
            fields => {
                let texts = self::texts(&attributes, ident, "a subcommand")?;
                let options = options(fields)?;
                let name = &texts.name.value;
                let written = texts.tokens();
                let option_specs = options.iter().map(|option| &option.spec);
                specs.push(quote!(::antiphon::commands::spec::Subcommand {
                    texts: #written,
                    body: ::antiphon::commands::spec::Body::Options(&[#(#option_specs),*]),
                }));
                let reads = options.iter().map(|option| &option.read);
                let made = if matches!(fields, Fields::Unit) {
                    quote!(Self::#ident)
                } else {
                    quote!(Self::#ident { #(#reads)* })
                };
                arms.push(quote! {
                    #name => {
                        let options = input.options(Self::SPEC.body.subcommand(#name))?;
                        ::core::result::Result::Ok(#made)
                    }
                });
                let own = options
                    .iter()
                    .filter_map(|option| option.completer.as_ref());
                completers.push(quote!(completers.within(#name, |completers| { #(#own)* });));
                all.push(texts);
            }
        }
    }
    rules::unique(&all, "subcommand")?;
    let body = Body {
        kind: quote!(::antiphon::discord::model::CommandType::ChatInput),
        spec: quote!(::antiphon::commands::spec::Body::Subcommands(&[#(#specs),*])),
        parse: quote! {
            let (name, input) = input.subcommand()?;
            match name {
                #(#arms)*
                _ => ::core::result::Result::Err(input.unknown()),
            }
        },
        completers: quote!(#(#completers)*),
        inner,
    };
    Ok(implementation(input, &attributes, &texts, &body))
}

/// Texts of a command or subcommand, checked.
fn texts(attributes: &Attributes, ident: &Ident, what: &str) -> Result<Texts> {
    let texts = Texts::of(attributes, ident);
    if texts.description.value.is_empty() {
        let message = format!(
            "{what} needs a description of 1 to 100 characters: write a doc comment above it"
        );
        return Err(Error::new(ident.span(), message));
    }
    rules::texts(&texts)?;
    Ok(texts)
}

fn implementation(
    input: &DeriveInput,
    attributes: &Attributes,
    texts: &Texts,
    body: &Body,
) -> TokenStream {
    let ident = &input.ident;
    let written = texts.tokens();
    let permissions = optional(attributes.permissions());
    let contexts = optional_list(
        attributes.contexts.as_deref(),
        &quote!(::antiphon::discord::model::InteractionContextType),
    );
    let integrations = optional_list(
        attributes.integration_types.as_deref(),
        &quote!(::antiphon::discord::model::ApplicationIntegrationType),
    );
    let nsfw = attributes.nsfw;
    let Body {
        kind,
        spec,
        parse,
        completers,
        inner,
    } = body;
    let size = quote_spanned!(ident.span()=> ::antiphon::commands::spec::check(<#ident as ::antiphon::commands::Command>::SPEC));
    let completes = if let Some(state) = &attributes.state {
        quote!(impl ::antiphon::commands::Completes<#state> for #ident)
    } else {
        quote! {
            impl<S: ::core::marker::Send + ::core::marker::Sync + 'static>
                ::antiphon::commands::Completes<S> for #ident
            where #(#inner: ::antiphon::commands::Completes<S>),*
        }
    };
    // The name of the state's type that `within` needs.
    let state = attributes.state.as_ref();
    let state = state
        .map(|state| quote!(type S = #state;))
        .filter(|_| !inner.is_empty());
    let of = attributes
        .state
        .as_ref()
        .map_or_else(|| quote!(S), |state| quote!(#state));
    quote! {
        #[automatically_derived]
        impl ::antiphon::commands::Command for #ident {
            const SPEC: &'static ::antiphon::commands::spec::Spec = &::antiphon::commands::spec::Spec {
                kind: #kind,
                texts: #written,
                default_member_permissions: #permissions,
                contexts: #contexts,
                integration_types: #integrations,
                nsfw: #nsfw,
                body: #spec,
            };

            fn parse(
                input: &::antiphon::commands::Input<'_>,
            ) -> ::core::result::Result<Self, ::antiphon::commands::ParseError> {
                #parse
            }
        }

        #[automatically_derived]
        #completes {
            fn completers(completers: &mut ::antiphon::commands::Completers<#of>) {
                #state
                let _ = &completers;
                #completers
            }
        }

        const _: () = #size;
    }
}

/// `Some(&[Type::A, …])` or `None`.
fn optional_list(idents: Option<&[Ident]>, ty: &TokenStream) -> TokenStream {
    optional(idents.map(|idents| quote!(&[#(#ty::#idents),*])))
}

/// `Some(value)` or `None`.
fn optional(value: Option<TokenStream>) -> TokenStream {
    value.map_or_else(
        || quote!(::core::option::Option::None),
        |value| quote!(::core::option::Option::Some(#value)),
    )
}

/// One option: its declaration, how its field is read, and its completer.
struct Opt {
    spec: TokenStream,
    read: TokenStream,
    completer: Option<TokenStream>,
}

/// Options of a slash command or subcommand, checked.
fn options(fields: &Fields) -> Result<Vec<Opt>> {
    rules::count(fields.len(), 0, 25, "options", fields.span())?;
    let (mut options, mut all) = (Vec::new(), Vec::new());
    let mut may_be_left_out: Option<&Ident> = None;
    for (index, field) in fields.iter().enumerate() {
        let ident = field.ident.as_ref().expect("fields are named here");
        let attributes = Attributes::read(&field.attrs, Where::Option)?;
        let texts = texts(&attributes, ident, "an option")?;
        let inner = inside_option(&field.ty);
        match (inner, may_be_left_out) {
            (None, Some(earlier)) => {
                let message = format!(
                    "required options stand before optional ones: move `{ident}` above `{earlier}`"
                );
                return Err(Error::new(ident.span(), message));
            }
            (Some(_), None) => may_be_left_out = Some(ident),
            _ => {}
        }
        rules::option(&attributes)?;
        let ty = inner.unwrap_or(&field.ty);
        options.push(option(
            &attributes,
            &texts,
            ident,
            ty,
            inner.is_none(),
            index,
        ));
        all.push(texts);
    }
    rules::unique(&all, "option")?;
    Ok(options)
}

fn option(
    attributes: &Attributes,
    texts: &Texts,
    ident: &Ident,
    ty: &Type,
    is_required: bool,
    index: usize,
) -> Opt {
    let written = texts.tokens();
    let name = &texts.name.value;
    let of = quote_spanned!(ty.span()=> <#ty as ::antiphon::commands::CommandOption>);
    let bound = |bound: Option<&Bound>, of: TokenStream| match bound {
        Some(bound) => {
            let value = &bound.value;
            quote_spanned!(bound.span=> ::core::option::Option::Some(#value))
        }
        None => of,
    };
    let least = bound(attributes.min.as_ref(), quote!(#of::MIN));
    let most = bound(attributes.max.as_ref(), quote!(#of::MAX));
    let length = |length: Option<(u16, Span)>| optional(length.map(|(length, _)| quote!(#length)));
    let (min_length, max_length) = (length(attributes.min_length), length(attributes.max_length));
    let choices = if attributes.choices.is_empty() {
        quote!(#of::CHOICES)
    } else {
        let choices = attributes.choices.iter().map(attributes::Choice::tokens);
        quote!(&[#(#choices),*])
    };
    let channel_types = &attributes.channel_types;
    let autocomplete = attributes.autocomplete.is_some();
    let check = quote_spanned!(ty.span()=> .checked());
    let spec = quote! {
        ::antiphon::commands::spec::OptionSpec {
            texts: #written,
            kind: #of::KIND,
            is_required: #is_required,
            has_autocomplete: #autocomplete,
            choices: #choices,
            min: #least,
            max: #most,
            min_length: #min_length,
            max_length: #max_length,
            channel_types: &[#(::antiphon::discord::model::ChannelType::#channel_types),*],
        }#check
    };
    let how = Ident::new(
        if is_required { "required" } else { "optional" },
        Span::call_site(),
    );
    let read = quote!(#ident: options.#how(#index)?,);
    let completer = attributes
        .autocomplete
        .as_ref()
        .map(|path: &Path| quote_spanned!(path.span()=> completers.add(#name, #path);));
    Opt {
        spec,
        read,
        completer,
    }
}

/// The `T` of an `Option<T>`.
fn inside_option(ty: &Type) -> Option<&Type> {
    let Type::Path(path) = ty else { return None };
    let last = path.path.segments.last()?;
    let PathArguments::AngleBracketed(arguments) = &last.arguments else {
        return None;
    };
    match arguments.args.first()? {
        GenericArgument::Type(inner) if last.ident == "Option" => Some(inner),
        _ => None,
    }
}

/// The first of some texts that comes twice, in one language.
fn repeated<'a>(all: impl Iterator<Item = &'a Text>) -> Option<&'a Text> {
    let mut seen = HashSet::new();
    all.into_iter().find(|text| !seen.insert(&text.value))
}

#[cfg(test)]
mod tests;
