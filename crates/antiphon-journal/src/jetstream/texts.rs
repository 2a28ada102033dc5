//! Texts by number: each is kept once, for as long as an event has it.

use std::{collections::HashMap, sync::Arc};

use foldhash::fast::RandomState;

/// The texts of one field of all events, such as their places.
///
/// A number is given again once nothing has its text any more, so that there are never more texts than events.
#[derive(Default)]
pub(super) struct Texts {
    slots: Vec<Slot>,
    numbers: HashMap<Arc<str>, u32, RandomState>,
    free: Vec<u32>,
}

struct Slot {
    text: Arc<str>,
    /// How many events have it; 0 in a slot that is free.
    count: u64,
}

impl Texts {
    /// The number of a text, which one event more has.
    pub(super) fn take(&mut self, text: &str) -> u32 {
        if let Some(number) = self.numbers.get(text).copied() {
            self.slots[number as usize].count += 1;
            return number;
        }
        let text: Arc<str> = text.into();
        let slot = Slot {
            text: Arc::clone(&text),
            count: 1,
        };
        let number = if let Some(number) = self.free.pop() {
            self.slots[number as usize] = slot;
            number
        } else {
            let number = u32::try_from(self.slots.len()).expect("there are fewer events");
            self.slots.push(slot);
            number
        };
        self.numbers.insert(text, number);
        number
    }

    /// Notes that one event less has it.
    pub(super) fn release(&mut self, number: u32) {
        let slot = &mut self.slots[number as usize];
        slot.count -= 1;
        if slot.count == 0 {
            let text = std::mem::replace(&mut slot.text, Arc::from(""));
            self.numbers.remove(&text);
            self.free.push(number);
        }
    }

    /// The text of a number that an event has.
    pub(super) fn get(&self, number: u32) -> &Arc<str> {
        &self.slots[number as usize].text
    }

    /// The text of every number, and an empty one for a number that is free.
    pub(super) fn slots(&self) -> impl Iterator<Item = &str> {
        self.slots.iter().map(|slot| &*slot.text)
    }

    /// The texts that events have, roughly the newest first.
    pub(super) fn newest(&self) -> impl Iterator<Item = &Arc<str>> {
        let used = self.slots.iter().rev().filter(|slot| slot.count > 0);
        used.map(|slot| &slot.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_kept_once_and_for_as_long_as_something_has_it() {
        let mut texts = Texts::default();
        let loft = texts.take("loft");
        assert_eq!(texts.take("loft"), loft);
        let nave = texts.take("nave");
        texts.release(loft);
        assert_eq!(&**texts.get(loft), "loft");
        texts.release(loft);
        assert_eq!(
            texts.newest().map(|text| &**text).collect::<Vec<_>>(),
            ["nave"]
        );
        assert_eq!(texts.take("crypt"), loft, "its number is given again");
        assert_eq!(texts.slots().collect::<Vec<_>>(), ["crypt", "nave"]);
        assert_ne!(texts.take("loft"), nave);
    }
}
