#![doc = include_str!("../README.md")]

#[macro_use]
mod read;

mod asked;
mod builders;
pub mod cdn;
mod component;
pub mod gateway;
mod generated;
pub mod id;
mod interaction;
mod markup;
mod mention;
mod permissions;
mod values;
mod whole;

pub use antiphon_core::lenient::{Json, Raw, Reason, Repair, Repairs};

pub use self::{
    builders::Modal,
    component::Component,
    generated::{flags::*, numbers::*, objects::*, words::*},
    interaction::{CommandDataOption, CommandOptionValue, InteractionData},
    markup::{GuildNavigation, Markup, MarkupError, Mentionable, TimestampStyle, escape_markdown},
    mention::Mention,
    permissions::PermissionCalculator,
    read::{Key, Object, Read, ReadError, from_slice, from_str},
    values::{
        ActivityButton, ChoiceValue, Discriminator, ImageHash, Nonce, Number, Present, Snowflake,
    },
    whole::{id_at, moment_of},
};
