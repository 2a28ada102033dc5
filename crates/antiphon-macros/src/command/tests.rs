//! What the macros refuse, by Discord's rules
//! (<https://discord.com/developers/docs/interactions/application-commands#application-command-object>).

use quote::quote;
use syn::parse_quote;

use super::*;

/// The error of a command.
#[track_caller]
fn refused(input: &DeriveInput) -> String {
    expand(input).expect_err("against a rule").to_string()
}

/// The error of a command with this attribute.
#[track_caller]
fn refused_command(attribute: &TokenStream) -> String {
    refused(&parse_quote!(
        /// Sings a song
        #[command(#attribute)]
        struct Sing;
    ))
}

/// The error of an option with this attribute.
#[track_caller]
fn refused_option(attribute: &TokenStream) -> String {
    refused(&parse_quote!(
        /// Sings a song
        struct Sing {
            /// What to sing
            #[option(#attribute)]
            song: String,
        }
    ))
}

#[track_caller]
fn check(error: &str, part: &str) {
    assert!(error.contains(part), "{error}");
}

#[test]
fn names_have_1_to_32_small_letters_digits_and_three_signs() {
    for name in [
        "sing",
        "sing-2_times",
        "l'orgue",
        "singe_lied",
        "गाना",
        "ร้องเพลง",
        "歌う",
    ] {
        let command: DeriveInput = parse_quote!(
            /// Sings a song
            #[command(name = #name)]
            struct Sing;
        );
        assert!(expand(&command).is_ok(), "{name}");
    }
    let long = "a".repeat(33);
    check(
        &refused_command(&quote!(name = #long)),
        "a name has 1 to 32 characters, and this one has 33",
    );
    check(&refused_command(&quote!(name = "")), "this one has 0");
    check(
        &refused_command(&quote!(name = "Sing")),
        "in small letters: `sing`",
    );
    check(
        &refused_command(&quote!(name = "ÄRGER")),
        "in small letters: `ärger`",
    );
    check(&refused_command(&quote!(name = "sing it")), "no ` `");
    check(&refused_command(&quote!(name = "sing!")), "no `!`");
    check(
        &refused_command(&quote!(name_localizations("de" = "Singen"))),
        "in small letters",
    );
    check(&refused_option(&quote!(name = "Song")), "in small letters");
    check(&refused_option(&quote!(rename = "song title")), "no ` `");
}

#[test]
fn descriptions_have_1_to_100_characters_and_come_from_the_doc_comment() {
    let missing = refused(&parse_quote!(
        struct Sing;
    ));
    check(
        &missing,
        "a command needs a description of 1 to 100 characters: write a doc comment",
    );
    let missing = refused(&parse_quote!(
        /// Sings
        struct Sing {
            song: String,
        }
    ));
    check(&missing, "an option needs a description");
    let missing = refused(&parse_quote!(
        /// Sings
        enum Sing {
            Song {},
        }
    ));
    check(&missing, "a subcommand needs a description");
    let long = "ä".repeat(101);
    check(
        &refused_command(&quote!(description = #long)),
        "1 to 100 characters, and this one has 101",
    );
    check(
        &refused_command(&quote!(description_localizations("de" = #long))),
        "this one has 101",
    );
    let written = expand(&parse_quote!(
        /// Sings a song
        /// in two lines
        ///
        /// and tells more.
        struct Sing;
    ));
    let written = written.expect("a command").to_string();
    check(&written, "\"Sings a song in two lines\"");
    assert!(!written.contains("tells more"));
}

#[test]
fn locales_are_discords() {
    check(
        &refused_command(&quote!(name_localizations("de-DE" = "singen"))),
        "did you mean `de`?",
    );
    check(
        &refused_command(&quote!(name_localizations("xx" = "singen"))),
        "`xx` is no locale of Discord's",
    );
    let twice = refused_command(&quote!(name_localizations("de" = "singen", "de" = "singe")));
    check(&twice, "translated already");
}

#[test]
fn required_options_stand_before_optional_ones() {
    let error = refused(&parse_quote!(
        /// Sings a song
        struct Sing {
            /// How loud
            volume: Option<i64>,
            /// What to sing
            song: String,
        }
    ));
    check(&error, "move `song` above `volume`");
}

#[test]
fn there_are_25_options_subcommands_and_choices_at_most() {
    let fields = (0..26).map(|number| {
        let ident = quote::format_ident!("o{number}");
        quote!(#[doc = "An option"] #ident: bool)
    });
    let error = refused(&parse_quote!(
        /// Sings
        struct Sing { #(#fields),* }
    ));
    check(&error, "0 to 25 options, and these are 26");
    let variants: Vec<_> = (0..26)
        .map(|number| quote::format_ident!("V{number}"))
        .collect();
    let error = refused(&parse_quote!(
        /// Sings
        enum Sing { #(#[doc = "One"] #variants),* }
    ));
    check(&error, "1 to 25 subcommands, and these are 26");
    let choices = 0..26_i64;
    check(
        &refused_option(&quote!(choices(#(#choices),*))),
        "1 to 25 choices, and these are 26",
    );
    let error = expand_choice(&parse_quote!(enum Mood { #(#variants),* }));
    check(&error.expect_err("too many").to_string(), "1 to 25 choices");
}

#[test]
fn siblings_have_different_names_in_each_language() {
    let error = refused(&parse_quote!(
        /// Sings
        struct Sing {
            /// One
            a: bool,
            /// Two
            #[option(name = "a")]
            b: bool,
        }
    ));
    check(&error, "there is an option `a` already");
    let error = refused(&parse_quote!(
        /// Sings
        enum Sing {
            /// One
            #[command(name_localizations("de" = "eins"))]
            A,
            /// Two
            #[command(name_localizations("de" = "eins"))]
            B,
        }
    ));
    check(&error, "there is a subcommand `eins` already");
}

#[test]
fn ranges_and_choices_fit_together() {
    check(
        &refused_option(&quote!(min = 3, max = 2)),
        "`max` is smaller than `min`",
    );
    check(
        &refused_option(&quote!(min_length = 3, max_length = 2)),
        "smaller than `min_length`",
    );
    check(
        &refused_option(&quote!(max_length = 6001)),
        "between 0 and 6000",
    );
    check(
        &refused_option(&quote!(max_length = 0)),
        "between 1 and 6000",
    );
    check(
        &refused_option(&quote!(max = 9007199254740993)),
        "between -2^53 and 2^53",
    );
    check(
        &refused_option(&quote!(choices("a"), autocomplete = songs)),
        "either choices or autocomplete",
    );
    check(
        &refused_option(&quote!(choices("a", "a"))),
        "a choice `a` already",
    );
    check(
        &refused_option(&quote!(choices("a", 1))),
        "all choices are texts, or all are numbers",
    );
    let long = "a".repeat(101);
    check(
        &refused_option(&quote!(choices(#long))),
        "the name of a choice has 1 to 100",
    );
    check(
        &refused_option(&quote!(choices("a" = #long))),
        "the value of a choice has 1 to 100",
    );
    check(
        &refused_option(&quote!(channel_types(Text))),
        "the channel types are `GuildText`",
    );
}

#[test]
fn words_are_refused_with_those_that_are_known() {
    check(
        &refused_command(&quote!(context(Guild))),
        "here takes `name`, `name_localizations`",
    );
    check(
        &refused_command(&quote!(contexts(Server))),
        "the contexts are `Guild`, `BotDm`, `PrivateChannel`",
    );
    check(
        &refused_command(&quote!(contexts(Guild, Guild))),
        "`Guild` is named already",
    );
    check(&refused_command(&quote!(contexts())), "name one or more");
    check(
        &refused_command(&quote!(default_permissions = 8)),
        "permissions are written by name",
    );
    check(&refused_option(&quote!(nsfw)), "`#[option(…)]` here takes");
    let wrong = refused(&parse_quote!(
        /// Sings
        struct Sing {
            /// What
            #[command(name = "x")]
            song: String,
        }
    ));
    check(&wrong, "here stands `#[option(…)]`");
}

#[test]
fn a_command_has_one_of_four_shapes() {
    check(
        &refused(&parse_quote!(
            #[doc = "A"]
            struct Sing<T> {
                a: T,
            }
        )),
        "cannot be generic",
    );
    check(
        &refused(&parse_quote!(
            #[doc = "A"]
            struct Sing(User, User);
        )),
        "one unnamed field: its target",
    );
    check(
        &refused(&parse_quote!(
            #[doc = "A"]
            enum Sing {
                #[doc = "B"]
                A(u8, u8),
            }
        )),
        "a subcommand is a variant",
    );
    check(
        &refused(&parse_quote!(
            #[command(description = "A")]
            struct Sing(User);
        )),
        "here takes `name`, `name_localizations`, `default_permissions`",
    );
    let menu = expand(&parse_quote!(
        struct PraiseSinger(User);
    ))
    .expect("a menu")
    .to_string();
    check(&menu, "\"Praise singer\"");
    let error = expand_choice(&parse_quote!(
        enum Mood {
            Sad(u8),
        }
    ))
    .expect_err("a field");
    check(&error.to_string(), "a variant without fields");
}
