#![doc = include_str!("../README.md")]

#[macro_use]
mod read;

mod asked;
mod builders;
mod component;
pub mod gateway;
mod generated;
pub mod id;
mod interaction;
mod mention;
mod values;
mod whole;

pub use antiphon_core::lenient::{Json, Raw, Reason, Repair, Repairs};

pub use self::{
    builders::Modal,
    component::Component,
    generated::{flags::*, numbers::*, objects::*, words::*},
    interaction::{CommandDataOption, CommandOptionValue, InteractionData},
    mention::Mention,
    read::{Key, Object, Read, ReadError, from_slice, from_str},
    values::{
        ActivityButton, ChoiceValue, Discriminator, ImageHash, Nonce, Number, Present, Snowflake,
    },
    whole::moment_of,
};
