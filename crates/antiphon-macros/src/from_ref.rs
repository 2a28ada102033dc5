//! `#[derive(FromRef)]`: every field of the app's state as a part of it.

use proc_macro2::TokenStream;
use quote::{ToTokens as _, quote, quote_spanned};
use syn::{Data, DeriveInput, Error, Field, Fields, Index, Member, Result, spanned::Spanned as _};

/// Writes `impl FromRef<State> for Field` for each field.
pub(crate) fn expand(input: TokenStream) -> TokenStream {
    syn::parse2(input)
        .and_then(|input| implementations(&input))
        .unwrap_or_else(Error::into_compile_error)
}

fn implementations(input: &DeriveInput) -> Result<TokenStream> {
    let Data::Struct(data) = &input.data else {
        return Err(Error::new(
            input.ident.span(),
            "`FromRef` is derived for a struct, whose fields are the parts of the state",
        ));
    };
    if !input.generics.params.is_empty() {
        return Err(Error::new(
            input.generics.span(),
            "`FromRef` cannot be derived for a generic state; write the `impl`s by hand",
        ));
    }
    if matches!(data.fields, Fields::Unit) {
        return Err(Error::new(
            input.ident.span(),
            "`FromRef` needs a field: a state without parts is taken whole",
        ));
    }
    let state = &input.ident;
    let mut seen: Vec<String> = Vec::new();
    let mut written = TokenStream::new();
    for (number, field) in data.fields.iter().enumerate() {
        if is_skipped(field)? {
            continue;
        }
        let ty = &field.ty;
        let text = ty.to_token_stream().to_string();
        if seen.contains(&text) {
            return Err(Error::new(
                ty.span(),
                "two fields have this type, and a handler asks by type: give one a type of its own, or mark it \
                 `#[from_ref(skip)]`",
            ));
        }
        seen.push(text);
        let member = match &field.ident {
            Some(name) => Member::Named(name.clone()),
            None => Member::Unnamed(Index::from(number)),
        };
        written.extend(quote_spanned! {ty.span()=>
            impl ::antiphon::FromRef<#state> for #ty {
                fn from_ref(state: &#state) -> Self {
                    ::core::clone::Clone::clone(&state.#member)
                }
            }
        });
    }
    Ok(quote! { #written })
}

/// Whether the field is marked `#[from_ref(skip)]`.
fn is_skipped(field: &Field) -> Result<bool> {
    let mut skipped = false;
    for attribute in &field.attrs {
        if !attribute.path().is_ident("from_ref") {
            continue;
        }
        attribute.parse_nested_meta(|meta| {
            if !meta.path.is_ident("skip") {
                return Err(meta.error("`from_ref` knows one word: `skip`"));
            }
            skipped = true;
            Ok(())
        })?;
    }
    Ok(skipped)
}
