//! Pages of lists: `before`, `after`, `around` and `limit`.

use super::{Answer, Call};
use crate::discord::model::Id;

/// Part of a list that a request asks for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Page {
    pub(crate) limit: usize,
    before: Option<Id>,
    after: Option<Id>,
    around: Option<Id>,
}

impl Page {
    /// Reads the query; `limit` is at least 1.
    pub(crate) fn of(call: &Call<'_>, default: usize, most: usize) -> Result<Self, Answer> {
        let mut query = call.query();
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let limit = query.number("limit", 1..=most);
        let page = Self {
            limit: limit
                .and_then(|limit| usize::try_from(limit).ok())
                .unwrap_or(default),
            before: query.id("before"),
            after: query.id("after"),
            around: query.id("around"),
        };
        query.check()?;
        Ok(page)
    }

    /// Items of the page, lowest id first; `before` counts back from its id.
    pub(crate) fn ascending<T>(&self, items: impl IntoIterator<Item = (Id, T)>) -> Vec<T> {
        let mut items: Vec<(Id, T)> = items
            .into_iter()
            .filter(|(id, _)| self.after.is_none_or(|after| *id > after))
            .filter(|(id, _)| self.before.is_none_or(|before| *id < before))
            .collect();
        items.sort_unstable_by_key(|(id, _)| *id);
        let skipped = if self.before.is_some() && self.after.is_none() {
            items.len().saturating_sub(self.limit)
        } else {
            0
        };
        let items = items.into_iter().skip(skipped).take(self.limit);
        items.map(|(_, item)| item).collect()
    }

    /// Items of the page, highest id first; `after` counts on from its id, `around` takes both sides.
    pub(crate) fn descending<T>(&self, items: impl IntoIterator<Item = (Id, T)>) -> Vec<T> {
        let items = items.into_iter();
        let mut found = match (self.around, self.after) {
            (Some(around), _) => {
                let (newer, older): (Vec<_>, Vec<_>) = items.partition(|(id, _)| *id >= around);
                let count = self.limit.div_ceil(2);
                let newer = lowest(newer, count);
                let older = highest(older, self.limit - newer.len().min(self.limit));
                newer.into_iter().chain(older).collect()
            }
            (None, Some(after)) => lowest(items.filter(|(id, _)| *id > after), self.limit),
            (None, None) => {
                let before = self.before.unwrap_or(Id::MAX);
                highest(items.filter(|(id, _)| *id < before), self.limit)
            }
        };
        found.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
        found.into_iter().map(|(_, item)| item).collect()
    }

    /// Whether the request counts on from an id.
    pub(crate) fn goes_on(&self) -> bool {
        self.after.is_some()
    }
}

fn lowest<T>(items: impl IntoIterator<Item = (Id, T)>, count: usize) -> Vec<(Id, T)> {
    let mut items: Vec<(Id, T)> = items.into_iter().collect();
    items.sort_unstable_by_key(|(id, _)| *id);
    items.truncate(count);
    items
}

fn highest<T>(items: impl IntoIterator<Item = (Id, T)>, count: usize) -> Vec<(Id, T)> {
    let mut items: Vec<(Id, T)> = items.into_iter().collect();
    items.sort_unstable_by_key(|(id, _)| std::cmp::Reverse(*id));
    items.truncate(count);
    items
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(limit: usize, before: Option<Id>, after: Option<Id>, around: Option<Id>) -> Page {
        Page {
            limit,
            before,
            after,
            around,
        }
    }

    fn items() -> impl Iterator<Item = (Id, Id)> {
        (1..=5).map(|id| (id, id))
    }

    #[test]
    fn pages_of_users_are_ascending() {
        assert_eq!(page(2, None, None, None).ascending(items()), [1, 2]);
        assert_eq!(page(2, None, Some(3), None).ascending(items()), [4, 5]);
        assert_eq!(page(2, Some(4), None, None).ascending(items()), [2, 3]);
        assert_eq!(page(9, None, Some(5), None).ascending(items()), [0; 0]);
    }

    #[test]
    fn pages_of_messages_are_descending() {
        assert_eq!(page(2, None, None, None).descending(items()), [5, 4]);
        assert_eq!(page(2, None, Some(1), None).descending(items()), [3, 2]);
        assert_eq!(page(2, Some(3), None, None).descending(items()), [2, 1]);
        assert_eq!(page(3, None, None, Some(3)).descending(items()), [4, 3, 2]);
    }
}
