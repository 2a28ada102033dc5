//! Snapshots of caches.
//!
//! A cache changes while events flow, so that a handle gives a copy: a list of shared values, the oldest first. Copying
//! costs one pointer for each value.

/// A snapshot of a cache, the oldest value first. Later changes do not affect it.
///
/// ```no_run
/// # fn example(client: &antiphon_queup::Client) {
/// let messages = client.messages();
/// println!("{} messages were heard", messages.len());
/// let ping = messages.find(|message| message.content == "!ping");
/// for message in messages.iter().filter(|message| !message.deleted) {
///     println!("{}: {}", message.author.username, message.content);
/// }
/// # let _ = ping;
/// # }
/// ```
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

    /// Number of values.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether it has no value.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// All values, the oldest first.
    pub fn iter(&self) -> std::slice::Iter<'_, T> {
        self.items.iter()
    }

    /// The first value that matches: the oldest. For the newest, use `iter().rev()`.
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
