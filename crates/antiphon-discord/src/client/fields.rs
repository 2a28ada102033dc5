//! Fields of an object that is created or changed, and the request that sends them.
//!
//! twilight's builders cannot send fields that its model does not have.
//!
//! Channels, threads, members and roles are changed with objects of which only the set fields are sent: a field that is not
//! set stays as it is, and `None` is sent as null, which removes the value.
//! A documented limit is checked when the field is set; the first error is kept and returned when the call is awaited.

use antiphon_core::BoxError;
use serde::Serialize;
use serde_json::{Map, Value};
use twilight_http::{request::Request, routing::Route};

use super::call::{Build, Known};
use crate::http::Http;

/// The fields that are set.
///
/// A field that is set twice has the last value.
#[derive(Debug)]
pub(super) struct Fields<'a> {
    /// Method and path of the request.
    route: Route<'a>,
    /// Fields by their names on the wire.
    body: Map<String, Value>,
    /// Fields that the response has for certain, because the request names them.
    known: Vec<Known>,
    /// First error of a setter; with it nothing is sent.
    fault: Option<BoxError>,
}

/// Largest numbers of characters.
///
/// The longest that any kind of channel, member or role takes; Discord itself refuses a text channel's topic above 1,024.
const LENGTHS: &[(&str, usize)] = &[("name", 100), ("nick", 32), ("topic", 4_096)];
/// Largest numbers.
///
/// In the field's own unit: seconds.
const NUMBERS: &[(&str, u64)] = &[("rate_limit_per_user", 21_600)];

impl<'a> Fields<'a> {
    pub(super) fn new(route: Route<'a>) -> Self {
        Self {
            route,
            body: Map::new(),
            known: Vec::new(),
            fault: None,
        }
    }

    /// Adds a field that the response has for certain.
    pub(super) fn known(mut self, field: &'static str, value: Value) -> Self {
        self.known.push((field, value));
        self
    }

    /// Sets a field by its name on the wire; `None` sets it to null.
    pub(super) fn set(mut self, field: &'static str, value: impl Serialize) -> Self {
        match serde_json::to_value(value) {
            Ok(value) => {
                let fault = check(field, &value);
                self.fault = self.fault.or(fault.map(Into::into));
                self.body.insert(field.to_owned(), value);
            }
            Err(error) => self.fault = Some(error.into()),
        }
        self
    }
}

/// Reason that Discord would refuse a value, if its limits are documented.
fn check(field: &str, value: &Value) -> Option<String> {
    let length = value.as_str().map_or(0, |text| text.chars().count());
    for (name, most) in LENGTHS {
        if *name == field && length > *most {
            return Some(format!(
                "`{field}` has {length} characters, where Discord takes {most}"
            ));
        }
    }
    let number = value.as_u64().unwrap_or_default();
    for (name, most) in NUMBERS {
        if *name == field && number > *most {
            return Some(format!("`{field}` is {number}, where Discord takes {most}"));
        }
    }
    None
}

impl Build for Fields<'_> {
    fn known(&self) -> Vec<Known> {
        self.known.clone()
    }

    fn build(self, _: &Http) -> Result<Request, BoxError> {
        match self.fault {
            Some(fault) => Err(fault),
            None => Ok(Request::builder(&self.route).json(&self.body).build()?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_discord_documents_as_too_much_is_refused() {
        assert_eq!(check("nick", &"é".repeat(32).into()), None);
        assert!(check("nick", &"é".repeat(33).into()).is_some());
        assert_eq!(check("nick", &Value::Null), None);
        assert_eq!(check("rate_limit_per_user", &21_600.into()), None);
        assert!(check("rate_limit_per_user", &21_601.into()).is_some());
    }
}
