//! Caches that follow the journal.
//!
//! Projections are applied by the head, one event after another, so that [`Projection::apply`] must be quick and cannot
//! wait. What it replaced travels with the event to the handlers as a [`Before`].

use std::{any::Any, sync::Arc};

use crate::{BoxError, Event};

/// A picture of the platform that is made from events alone, such as the members of a room.
///
/// The dispatcher applies each event as it reads it, before any handler sees it; so the picture is never older than a
/// handler's event, and possibly newer.
///
/// ```
/// use antiphon_core::{Before, BoxError, Event, Projection};
///
/// /// Counts the events of every kind.
/// #[derive(Default)]
/// struct Count(u64);
///
/// impl Projection for Count {
///     fn name(&self) -> &str {
///         "count"
///     }
///
///     fn apply(&mut self, _: &Event) -> Before {
///         self.0 += 1;
///         Before::was(self.0 - 1)
///     }
///
///     fn save(&self) -> Option<Vec<u8>> {
///         Some(self.0.to_be_bytes().to_vec())
///     }
///
///     fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError> {
///         self.0 = u64::from_be_bytes(saved.try_into()?);
///         Ok(())
///     }
/// }
///
/// let mut count = Count::default();
/// count.restore(&7_u64.to_be_bytes())?;
/// assert_eq!(count.save(), Some(7_u64.to_be_bytes().to_vec()));
/// # Ok::<(), BoxError>(())
/// ```
pub trait Projection: Send + 'static {
    /// A name that is stable across versions and unique among an app's sources, such as `queup/choir`.
    ///
    /// It names the saved state in the journal.
    fn name(&self) -> &str;

    /// Takes in one event and gives what it replaced or removed.
    ///
    /// Events of other sources arrive too and are passed over.
    fn apply(&mut self, event: &Event) -> Before;

    /// The picture as bytes, to be stored with the position of the last event applied.
    ///
    /// `None` says that the picture is cheap to make again and need not be stored.
    fn save(&self) -> Option<Vec<u8>> {
        None
    }

    /// Takes up a stored picture.
    ///
    /// A projection that cannot be restored is built again from the last 100,000 positions of the journal.
    ///
    /// # Errors
    /// Any error means that the picture cannot be read, for instance after an upgrade; the projection stays empty.
    fn restore(&mut self, saved: &[u8]) -> Result<(), BoxError>;
}

/// What an event replaced or removed in a projection, for handlers that ask for it.
///
/// ```
/// use antiphon_core::Before;
///
/// let before = Before::was("gloria".to_owned());
/// assert_eq!(before.get::<String>().as_deref().map(String::as_str), Some("gloria"));
/// assert!(before.get::<u64>().is_none() && Before::NOTHING.is_nothing());
/// ```
#[derive(Clone, Debug, Default)]
pub struct Before(Option<Arc<dyn Any + Send + Sync>>);

impl Before {
    /// Nothing was replaced.
    pub const NOTHING: Self = Self(None);

    /// This was.
    pub fn was<T: Send + Sync + 'static>(value: T) -> Self {
        Self(Some(Arc::new(value)))
    }

    /// Whether nothing was replaced.
    pub fn is_nothing(&self) -> bool {
        self.0.is_none()
    }

    /// What was replaced, if it is a `T`.
    pub fn get<T: Send + Sync + 'static>(&self) -> Option<Arc<T>> {
        self.0.clone().and_then(|value| value.downcast::<T>().ok())
    }
}
