//! Messages that a loop takes in a row.

use std::task::Poll;

/// A bound on the messages that a loop takes before it looks at anything else.
///
/// A message that was asked for is gone from its socket and must be handled. Therefore the bound ends the row *before*
/// the question, and a message that [`Row::next`] returns never lies beyond it.
///
/// ```
/// use std::task::Poll;
///
/// use antiphon_net::Row;
///
/// let mut waiting = vec![2, 1];
/// let (mut row, mut taken, mut next) = (Row::begin(), Vec::new(), Some(0));
/// while let Some(message) = next {
///     taken.push(message);
///     next = row.next(|| waiting.pop().map_or(Poll::Pending, Poll::Ready));
/// }
/// assert_eq!(taken, [0, 1, 2]);
/// ```
#[derive(Debug)]
pub struct Row {
    /// Messages that may still be asked for.
    left: usize,
}

impl Row {
    /// Most messages of a row: they take less than 1 ms, so that a heartbeat that falls due meanwhile is late by no more.
    pub const MOST: usize = 32;

    /// Begins a row whose first message has come already.
    pub fn begin() -> Self {
        Self {
            left: Self::MOST - 1,
        }
    }

    /// Asks for the next message; `None` if the row is over, or if no message has come yet.
    pub fn next<T>(&mut self, ask: impl FnOnce() -> Poll<T>) -> Option<T> {
        self.left = self.left.checked_sub(1)?;
        match ask() {
            Poll::Ready(message) => Some(message),
            Poll::Pending => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_asks_for_no_message_that_it_does_not_take() {
        let (mut row, mut asked, mut taken) = (Row::begin(), 0, 1);
        while row
            .next(|| {
                asked += 1;
                Poll::Ready(())
            })
            .is_some()
        {
            taken += 1;
        }
        assert_eq!((asked, taken), (Row::MOST - 1, Row::MOST));
    }

    #[test]
    fn a_row_ends_where_nothing_has_come() {
        assert_eq!(Row::begin().next(|| Poll::<()>::Pending), None);
    }
}
