//! The derive macros and attributes of `antiphon`, which re-exports them; use them from there.
//!
//! The code that they write names its paths from `::antiphon`.

mod command;
mod custom_id;
mod debug_handler;
mod from_ref;
mod modal;
mod names;

use proc_macro::TokenStream;

/// Derives `antiphon::commands::Command`; `antiphon::commands` explains it.
#[proc_macro_derive(Command, attributes(command, option))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    derived(input, command::expand)
}

/// Derives `antiphon::commands::CommandOption` for an enum of choices; `antiphon::commands` explains it.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    derived(input, command::expand_choice)
}

/// Names the part of a handler that does not fit: an argument, its place, the return type, or the await that keeps the
/// future from being `Send`.
///
/// The checks cost nothing at run time. The app's state is taken from `Handle<S>` or from the one `State<T>`;
/// `#[debug_handler(state = Bot)]` names it where a handler asks for parts of it.
#[proc_macro_attribute]
pub fn debug_handler(options: TokenStream, function: TokenStream) -> TokenStream {
    debug_handler::expand(options.into(), &function.into()).into()
}

/// Makes every field of the app's state a part that `State<T>` can take, by `impl FromRef` for its type.
///
/// `#[from_ref(skip)]` leaves a field out. Fields are cloned when they are taken.
#[proc_macro_derive(FromRef, attributes(from_ref))]
pub fn from_ref(state: TokenStream) -> TokenStream {
    from_ref::expand(state.into()).into()
}

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
