//! The derive macros and attributes of `antiphon`, which re-exports them; use them from there.
//!
//! The code that they write names its paths from `::antiphon`.

mod custom_id;
mod modal;
mod names;

use proc_macro::TokenStream;

/// Derives `antiphon::components::CustomId`, whose page describes it.
#[proc_macro_derive(CustomId, attributes(custom_id))]
pub fn custom_id(input: TokenStream) -> TokenStream {
    derived(input, custom_id::derive)
}

/// Derives `antiphon::components::Modal`, whose page describes it.
#[proc_macro_derive(Modal, attributes(modal, field))]
pub fn modal(input: TokenStream) -> TokenStream {
    derived(input, modal::modal)
}

/// Derives `antiphon::components::SelectOptions`, whose page describes it.
#[proc_macro_derive(SelectOptions, attributes(option))]
pub fn select_options(input: TokenStream) -> TokenStream {
    derived(input, modal::select_options)
}

/// Runs a derive; its error is the compiler's.
fn derived(
    input: TokenStream,
    derive: impl FnOnce(&syn::DeriveInput) -> syn::Result<proc_macro2::TokenStream>,
) -> TokenStream {
    let input = syn::parse_macro_input!(input as syn::DeriveInput);
    derive(&input)
        .unwrap_or_else(syn::Error::into_compile_error)
        .into()
}
