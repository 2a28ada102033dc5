//! The clients that the demo's handlers use.
//!
//! A map by type, since the demo must not name the platforms: each adds its client under the client's own type, and its
//! handlers ask for that type.

use std::{
    any::{Any, TypeId},
    collections::HashMap,
    fmt,
    sync::Arc,
};

/// What handlers hold of each platform, by its type.
///
/// One value for each type; a second one takes the place of the first.
#[derive(Clone, Default)]
pub(crate) struct Clients(HashMap<TypeId, Arc<dyn Any + Send + Sync>>);

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Clients").field(&self.0.len()).finish()
    }
}

impl Clients {
    /// Adds a client.
    pub(crate) fn add<C: Send + Sync + 'static>(&mut self, client: C) {
        self.0.insert(TypeId::of::<C>(), Arc::new(client));
    }

    /// Gives a client that was added.
    ///
    /// # Panics
    /// If nobody added one, which is a defect of the platform's own file.
    pub(crate) fn get<C: Clone + 'static>(&self) -> C {
        let client = self.0.get(&TypeId::of::<C>());
        let client = client.and_then(|client| client.downcast_ref::<C>());
        client
            .expect("a platform adds its client before a handler asks for it")
            .clone()
    }
}
