//! A snapshot of a cache.

/// A snapshot of a cache, the oldest first.
#[derive(Clone, Debug)]
pub struct Collection<T> {
    items: Vec<T>,
}

impl<T> Collection<T> {
    pub(super) fn new(items: impl Iterator<Item = T>) -> Self {
        Self {
            items: items.collect(),
        }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All of them, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// The first that matches.
    pub fn find(&self, mut matches: impl FnMut(&T) -> bool) -> Option<&T> {
        self.items.iter().find(|item| matches(item))
    }
}

impl<T> IntoIterator for Collection<T> {
    type Item = T;
    type IntoIter = std::vec::IntoIter<T>;

    fn into_iter(self) -> Self::IntoIter {
        self.items.into_iter()
    }
}

impl<'a, T> IntoIterator for &'a Collection<T> {
    type Item = &'a T;
    type IntoIter = std::slice::Iter<'a, T>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
