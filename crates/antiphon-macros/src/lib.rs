//! The derive macros and attributes of `antiphon`, which re-exports them; use them from there.
//!
//! The code that they write names its paths from `::antiphon`.

mod command;

use proc_macro::TokenStream;

/// Derives `antiphon::commands::Command`; `antiphon::commands` explains it.
#[proc_macro_derive(Command, attributes(command, option))]
pub fn derive_command(input: TokenStream) -> TokenStream {
    command::derive(input.into(), command::expand).into()
}

/// Derives `antiphon::commands::CommandOption` for an enum of choices; `antiphon::commands` explains it.
#[proc_macro_derive(Choice, attributes(choice))]
pub fn derive_choice(input: TokenStream) -> TokenStream {
    command::derive(input.into(), command::expand_choice).into()
}
