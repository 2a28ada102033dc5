//! Builders: constructors and chained setters of what a bot writes itself.
//!
//! They are methods of the structs themselves, so that a value that was read and one that was built are the same type, and
//! nothing ends in `.build()`.
//! A setter checks nothing: a request checks all of Discord's limits when it is made, and its error names the component by
//! its path.

mod button;
mod embed;
mod form;
mod layout;
mod select;

pub use self::form::Modal;

/// Writes setters of optional fields.
macro_rules! setters {
    ($($type:ident { $($(#[$doc:meta])* $field:ident: $value:ty;)* })*) => {$(
        impl $type {
            $(
                $(#[$doc])*
                #[must_use]
                pub fn $field(mut self, $field: $value) -> Self {
                    self.$field = Some($field.into());
                    self
                }
            )*
        }
    )*};
}

use setters;
