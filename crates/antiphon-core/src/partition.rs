//! Partitions: how several processes of one consumer, its workers, divide its lanes.
//!
//! A consumer with workers is split into a fixed number of partitions. Each lane belongs to one of them for good, and a
//! partition is one worker's at a time. For a journal a partition is a consumer like any other, with a cursor and a claim
//! of its own: `choir#17` is partition 17 of the consumer `choir`. The places of workers are claims as well: `choir#w3`.

use serde::{Deserialize, Serialize};

use crate::ConsumerName;

/// Number of partitions into which a consumer with workers is split.
///
/// It is decided when the consumer is split, and is also how many workers it can have. Each partition is a cursor, a
/// claim and a lease, so that a number far above that of the workers costs writes.
///
/// ```
/// use antiphon_core::Partitions;
///
/// assert_eq!(Partitions::default().get(), 32);
/// assert!(Partitions::new(0).is_none() && Partitions::new(257).is_none());
/// // A lane's partition is the same in every version and on every machine.
/// let eight = Partitions::new(8).expect("from 1 to 256");
/// assert_eq!(eight.of("guild/1/channel/2"), 2);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(try_from = "u16", into = "u16")]
pub struct Partitions(u16);

impl Partitions {
    /// The greatest number of partitions.
    pub const MOST: u16 = 256;

    /// So many partitions: 1 to 256.
    pub const fn new(number: u16) -> Option<Self> {
        if number == 0 || number > Self::MOST {
            return None;
        }
        Some(Self(number))
    }

    /// The number itself.
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The partition of a lane, from its key: below the number of partitions.
    ///
    /// It is FNV-1a (64 bits) over the key's bytes, with the finalizer `fmix64` of `MurmurHash3`, modulo the number of
    /// partitions. That is a promise: another hash would take lanes from the cursors that know how far they are.
    pub fn of(self, lane: &str) -> u16 {
        const BASIS: u64 = 0xcbf2_9ce4_8422_2325;
        const PRIME: u64 = 0x0000_0100_0000_01b3;
        let fnv = |hash: u64, byte: u8| (hash ^ u64::from(byte)).wrapping_mul(PRIME);
        let mut hash = lane.bytes().fold(BASIS, fnv);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
        hash = (hash ^ (hash >> 33)).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
        hash ^= hash >> 33;
        u16::try_from(hash % u64::from(self.0)).expect("it is below the number of partitions")
    }

    /// The number of partitions that each of `workers` has when they are balanced, for the one with this rank from 0.
    ///
    /// Two workers differ by one at most; without workers it is 0.
    ///
    /// ```
    /// use antiphon_core::Partitions;
    ///
    /// let of_three = |rank| Partitions::default().quota(rank, 3);
    /// assert_eq!([of_three(0), of_three(1), of_three(2)], [11, 11, 10]);
    /// ```
    pub fn quota(self, rank: usize, workers: usize) -> usize {
        let all = usize::from(self.0);
        if workers == 0 {
            return 0;
        }
        all / workers + usize::from(rank < all % workers)
    }
}

impl Default for Partitions {
    fn default() -> Self {
        Self(32)
    }
}

impl From<Partitions> for u16 {
    fn from(partitions: Partitions) -> Self {
        partitions.0
    }
}

impl TryFrom<u16> for Partitions {
    type Error = &'static str;

    fn try_from(number: u16) -> Result<Self, Self::Error> {
        Self::new(number).ok_or("a consumer has 1 to 256 partitions")
    }
}

impl ConsumerName {
    /// The consumer that a partition is for a journal: `choir#17`.
    ///
    /// ```
    /// use antiphon_core::ConsumerName;
    ///
    /// let choir = ConsumerName::new("choir");
    /// assert_eq!(choir.partition(17).as_str(), "choir#17");
    /// assert_eq!(choir.partition(17).whole(), Some("choir"));
    /// assert_eq!(choir.worker(3).whole(), Some("choir"));
    /// assert_eq!(choir.whole(), None);
    /// ```
    #[must_use]
    pub fn partition(&self, number: u16) -> Self {
        Self::from(format!("{self}#{number}"))
    }

    /// The claim that a worker has for as long as it is one: `choir#w3`.
    #[must_use]
    pub fn worker(&self, slot: u16) -> Self {
        Self::from(format!("{self}#w{slot}"))
    }

    /// The consumer of which this is a partition, or the claim of a worker; `None` for a consumer itself.
    ///
    /// Names of this form are therefore refused for consumers of apps.
    pub fn whole(&self) -> Option<&str> {
        let (whole, number) = self.as_str().rsplit_once('#')?;
        let digits = number.strip_prefix('w').unwrap_or(number);
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then_some(whole)
    }

    /// The number of the partition that this is; `None` for anything else.
    pub fn partition_number(&self) -> Option<u16> {
        self.whole()?;
        self.as_str().rsplit_once('#')?.1.parse().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Another implementation gave these: a change of the hash is seen here.
    #[test]
    fn a_lanes_partition_never_changes() {
        let all = Partitions::new(256).expect("in range");
        for (lane, partition) in LANES {
            assert_eq!(all.of(lane), partition, "{lane:?}");
        }
    }

    const LANES: [(&str, u16); 5] = [
        ("", 38),
        ("room/loft", 11),
        ("guild/1/channel/2", 122),
        ("guild/81384788765712384/channel/381870553235193857", 162),
        ("Zimmer/Höhle", 101),
    ];

    #[test]
    fn lanes_are_spread_over_all_partitions() {
        for number in [1, 2, 3, 32, 255, 256] {
            let partitions = Partitions::new(number).expect("in range");
            let mut lanes = vec![0_u32; usize::from(number)];
            let each = 400;
            for channel in 0..u32::from(number) * each {
                let lane = format!("guild/1/channel/{channel}");
                lanes[usize::from(partitions.of(&lane))] += 1;
            }
            assert!(
                lanes
                    .iter()
                    .all(|lanes| (each * 7 / 10..each * 13 / 10).contains(lanes)),
                "{number}: {lanes:?}"
            );
        }
    }

    #[test]
    fn quotas_add_up_and_differ_by_one_at_most() {
        for number in 1..=256 {
            let partitions = Partitions::new(number).expect("in range");
            for workers in 1..=300 {
                let quotas = (0..workers).map(|rank| partitions.quota(rank, workers));
                let quotas: Vec<_> = quotas.collect();
                assert_eq!(quotas.iter().sum::<usize>(), usize::from(number));
                let (least, most) = (quotas.iter().min(), quotas.iter().max());
                assert!(
                    most.zip(least)
                        .is_some_and(|(most, least)| most - least <= 1)
                );
            }
        }
    }

    #[test]
    fn only_names_of_partitions_and_workers_have_a_whole() {
        let name = |text: &str| ConsumerName::new(text);
        for plain in [
            "", "#", "choir", "choir#", "choir#w", "choir#x1", "choir#1a", "choir#-1",
        ] {
            assert_eq!(name(plain).whole(), None, "{plain}");
        }
        assert_eq!(name("a#b#7").whole(), Some("a#b"));
        assert_eq!(name("a#7").partition_number(), Some(7));
        assert_eq!(name("a#w7").partition_number(), None);
    }

    #[test]
    fn a_number_out_of_range_is_no_number_of_partitions() {
        for text in ["0", "257", "-1", "70000"] {
            assert!(serde_json::from_str::<Partitions>(text).is_err(), "{text}");
        }
        let most: Partitions = serde_json::from_str("256").expect("in range");
        assert_eq!(serde_json::to_string(&most).expect("plain data"), "256");
    }
}
