//! Bodies compressed with zstd and a dictionary.
//!
//! A body of an event is some hundred bytes of which most are keys that every body of its kind has. A dictionary knows
//! them before the first byte: alone a body shrinks to 0.6 of its size, with the dictionary to 0.3.
//!
//! The dictionaries are those of `tools/journal-dictionary`, trained on keys and fixed values with everything else made
//! up, so that none holds a word that somebody wrote. The one in use is stored in the file (table `dictionary`), and
//! each row has its number: a file can be read by any program that has zstd, and by each version of this crate.
//!
//! A body is one zstd frame with its content's size, and without checksum and dictionary id. One that would not shrink,
//! or that has fewer than 64 bytes, is stored as it is.

use std::collections::{HashMap, hash_map::Entry};

use antiphon_core::Trouble;
use bytes::Bytes;
use foldhash::fast::RandomState;
use rusqlite::{Connection, OptionalExtension};
use zstd::{
    bulk::{Compressor, Decompressor},
    zstd_safe::{CParameter, compress_bound},
};

use super::trouble::Failure;

/// The number of the dictionary that new rows are compressed with.
const NEWEST: i64 = 1;

/// All dictionaries that were released, from number 1 on.
const DICTIONARIES: [&[u8]; 1] = [include_bytes!("bodies/1.dict")];

/// zstd's fastest ordinary level. The third makes a body 2 % smaller for twice the time.
const LEVEL: i32 = 1;

/// Bodies with fewer bytes are stored as they are.
const SMALLEST: usize = 64;

/// Most bytes of a body that is read: SQLite's own limit for a value.
const LARGEST: usize = 1_000_000_000;

/// Most bytes of the buffer that are kept from one body to the next.
const KEPT: usize = 1 << 20;

/// Compresses bodies for the writer.
pub(super) struct Packer {
    compressor: Compressor<'static>,
    packed: Vec<u8>,
}

impl Packer {
    /// A packer for this file, which then has the dictionary.
    pub(super) fn new(connection: &Connection) -> Result<Self, Failure> {
        let dictionary = built_in(NEWEST).expect("the newest is among them");
        connection.execute(
            "insert or ignore into dictionary (id, bytes) values (?1, ?2)",
            (NEWEST, dictionary),
        )?;
        let mut compressor = Compressor::with_dictionary(LEVEL, dictionary)?;
        compressor.set_parameter(CParameter::DictIdFlag(false))?;
        Ok(Self {
            compressor,
            packed: Vec::new(),
        })
    }

    /// The bytes to store for a body, and the number of their dictionary; `None` there if they are the body's own.
    pub(super) fn pack<'a>(&'a mut self, body: &'a [u8]) -> (&'a [u8], Option<i64>) {
        if body.len() < SMALLEST {
            return (body, None);
        }
        if self.packed.capacity() > KEPT {
            self.packed = Vec::new();
        }
        self.packed.clear();
        self.packed.reserve(compress_bound(body.len()));
        match self.compressor.compress_to_buffer(body, &mut self.packed) {
            Ok(length) if length < body.len() => (&self.packed, Some(NEWEST)),
            // The body is as good uncompressed.
            _ => (body, None),
        }
    }
}

/// Expands bodies for a reader.
#[derive(Default)]
pub(super) struct Unpacker(HashMap<i64, Decompressor<'static>, RandomState>);

impl Unpacker {
    /// The body of a row.
    ///
    /// # Errors
    /// [`Trouble::Corrupt`] if the dictionary is nowhere, or the bytes are not what was compressed with it.
    pub(super) fn unpack(
        &mut self,
        connection: &Connection,
        dictionary: i64,
        packed: &[u8],
    ) -> Result<Bytes, Failure> {
        let decompressor = match self.0.entry(dictionary) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(unknown) => {
                let bytes = find(connection, dictionary)?;
                unknown.insert(Decompressor::with_dictionary(&bytes)?)
            }
        };
        let body = decompressor.decompress(packed, LARGEST).map_err(|error| {
            Failure::said(
                Trouble::Corrupt,
                format!(
                    "a body that was compressed with dictionary {dictionary} is damaged: {error}"
                ),
            )
        })?;
        Ok(body.into())
    }
}

/// A dictionary of the file, or of this program.
fn find(connection: &Connection, dictionary: i64) -> Result<Vec<u8>, Failure> {
    let stored = connection
        .query_row(
            "select bytes from dictionary where id = ?1",
            [dictionary],
            |row| row.get(0),
        )
        .optional()?;
    let known = stored.or_else(|| built_in(dictionary).map(<[u8]>::to_vec));
    known.ok_or_else(|| {
        Failure::said(
            Trouble::Corrupt,
            format!(
                "a body is compressed with dictionary {dictionary}, which neither the file's table `dictionary` nor \
                 this version has: restore the file from a copy, or read it with the version that wrote it"
            ),
        )
    })
}

fn built_in(dictionary: i64) -> Option<&'static [u8]> {
    let index = usize::try_from(dictionary).ok()?.checked_sub(1)?;
    DICTIONARIES.get(index).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TYPING: &str = r#"{"user_id":"80351110224678912","timestamp":1767643812,"member":{"user":{"username":"mira","public_flags":0,"primary_guild":null,"id":"80351110224678912","global_name":"Mira","display_name_styles":null,"discriminator":"0","collectibles":null,"clan":null,"avatar_decoration_data":null,"avatar":null},"roles":[],"premium_since":null,"pending":false,"nick":null,"mute":false,"joined_at":"2021-05-27T17:10:11.093000+00:00","flags":0,"deaf":false,"communication_disabled_until":null,"banner":null,"avatar":null},"channel_id":"81384788765712484","guild_id":"81384788765712384"}"#;

    fn file() -> Connection {
        let connection = Connection::open_in_memory().expect("opened");
        connection
            .execute_batch(
                "create table dictionary (id integer primary key, bytes blob not null) strict",
            )
            .expect("made");
        connection
    }

    #[test]
    fn a_body_comes_back_byte_for_byte() {
        let connection = file();
        let mut packer = Packer::new(&connection).expect("made");
        let mut unpacker = Unpacker::default();
        let mut rng = antiphon_core::Rng::with_seed(3);
        for length in [0, 1, 63, 64, 65, 1000, 3 << 20] {
            let noise: Vec<u8> = (0..length).map(|_| rng.u8(..)).collect();
            let text: Vec<u8> = TYPING.bytes().cycle().take(length).collect();
            for body in [noise, text] {
                let (stored, dictionary) = packer.pack(&body);
                assert!(stored.len() <= body.len());
                match dictionary {
                    None => assert_eq!(stored, body),
                    Some(dictionary) => {
                        let back = unpacker.unpack(&connection, dictionary, stored);
                        assert_eq!(back.expect("whole"), body);
                    }
                }
            }
        }
    }

    #[test]
    fn a_frequent_body_shrinks_to_less_than_a_third() {
        let connection = file();
        let mut packer = Packer::new(&connection).expect("made");
        let (stored, dictionary) = packer.pack(TYPING.as_bytes());
        assert_eq!(dictionary, Some(NEWEST));
        assert!(stored.len() * 3 < TYPING.len(), "{}", stored.len());
    }

    #[test]
    fn an_unknown_dictionary_and_damage_are_errors_that_say_so() {
        let connection = file();
        let mut packer = Packer::new(&connection).expect("made");
        let stored = packer.pack(TYPING.as_bytes()).0.to_vec();
        let mut unpacker = Unpacker::default();
        let mut check = |dictionary, bytes: &[u8], words: &str| {
            let failure = unpacker
                .unpack(&connection, dictionary, bytes)
                .expect_err("refused");
            assert_eq!(failure.trouble, Trouble::Corrupt);
            let cause = failure.source.expect("a cause").to_string();
            assert!(cause.contains(words), "{cause}");
        };
        check(99, &stored, "dictionary 99");
        check(0, &stored, "dictionary 0");
        check(NEWEST, &stored[..stored.len() / 2], "damaged");
        check(NEWEST, b"plain", "damaged");
    }

    /// Each word of the fixtures' own texts is made up as well, and none of them is in the dictionary.
    #[test]
    fn the_dictionaries_hold_none_of_the_words_that_somebody_wrote() {
        // Names and texts of `fixtures`, from whose shapes the dictionary was trained.
        const WORDS: [&str; 8] = [
            "benchbot",
            "mira",
            "\"teo\"",
            "Sandbox",
            "is fine",
            "Artist",
            "choir",
            "80351110224678912",
        ];
        for dictionary in DICTIONARIES {
            let text = String::from_utf8_lossy(dictionary);
            for word in WORDS {
                assert!(!text.contains(word), "{word}");
            }
        }
    }
}
