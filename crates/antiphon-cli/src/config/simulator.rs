//! Where the simulation is controlled that the sources connect to.

use std::{net::SocketAddr, path::Path};

use antiphon_core::Secret;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{secret::SecretFrom, value::Address};
use crate::failure::Failure;

/// Simulation that the sources connect to, as `antiphon sim --write` writes it; the dashboard then has the page Sandbox.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[schemars(inline)]
pub(crate) struct Simulator {
    /// Control address of the simulation; a loopback address.
    ///
    /// Default: the sources connect to no simulation.
    control: Option<Address>,
    /// What the control address asks for, if `ANTIPHON_SIM_TOKEN` was set for `antiphon sim`.
    ///
    /// Default: `ANTIPHON_SIM_TOKEN` of the environment, if it is set.
    token: Option<SecretFrom>,
}

impl Simulator {
    /// The control address and its token, if there is one.
    ///
    /// # Errors
    /// A token that cannot be read.
    pub(crate) fn control(
        &self,
        folder: &Path,
    ) -> Result<Option<(SocketAddr, Option<Secret>)>, Failure> {
        let Some(Address(control)) = self.control else {
            return Ok(None);
        };
        let token = self.token.as_ref().map(|token| token.read(folder));
        let token = token
            .transpose()
            .map_err(|finding| Failure::from(finding).about("the token of [simulator]"))?;
        Ok(Some((control, token)))
    }
}
