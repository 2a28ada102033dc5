//! What had to be repaired, and where.
//!
//! A reader notes offsets while it reads; paths are found in a second pass over the document, which only documents with
//! notes pay for. At most 256 notes are kept for one document and the others are counted, so that a hostile document
//! costs a bounded amount of memory.

use std::fmt;

use crate::scan::Scan;

/// Notes that one document keeps; further ones are counted.
pub(super) const MOST_NOTES: usize = 256;

/// Something noted about the value that begins at an offset.
#[derive(Clone, Copy, Debug)]
pub(super) struct Note {
    pub(super) at: usize,
    pub(super) reason: Reason,
}

/// Why a value could not be taken as it was; it never holds a part of the document.
///
/// Reasons name kinds of values and fields of the model, and nothing of the document: they may be logged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Reason {
    /// A value of another kind: it counts as absent.
    Wrong {
        /// What it should have been.
        expected: &'static str,
        /// What it was.
        found: &'static str,
    },
    /// A required field is not there: its documented stand-in is.
    Missing(&'static str),
    /// The field that says which object it is, is absent or unreadable: the object counts as absent.
    Unidentified(&'static str),
    /// A number with a fraction, where only whole ones are: it was rounded.
    Rounded,
    /// A number that is too great or too small: it counts as absent.
    OutOfRange,
    /// Half of a character in an escape: a replacement character stands for it.
    BrokenEscape,
    /// The document is no UTF-8: replacement characters stand for what is not.
    NotUtf8,
    /// An object or a list that is nested too deeply: it counts as absent.
    TooDeep,
    /// The field is documented to be elsewhere and was taken from here.
    Elsewhere,
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Wrong { expected, found } => write!(f, "expected {expected}, found {found}"),
            Self::Missing(field) => write!(f, "`{field}` is missing"),
            Self::Unidentified(field) => write!(f, "`{field}` is missing, so it was left out"),
            Self::Rounded => f.write_str("rounded to a whole number"),
            Self::OutOfRange => f.write_str("the number is out of range"),
            Self::BrokenEscape => f.write_str("an escape that is no character was replaced"),
            Self::NotUtf8 => f.write_str("bytes that are no UTF-8 were replaced"),
            Self::TooDeep => f.write_str("nested too deeply"),
            Self::Elsewhere => f.write_str("taken from another place than the documented one"),
        }
    }
}

/// One value that could not be taken as it was.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Repair {
    /// Path of the value as a JSON pointer, such as `/mentions/0/avatar`; of the object for what it lacks.
    pub path: String,
    /// Why it was not taken as it was.
    pub reason: Reason,
}

impl fmt::Display for Repair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let path = if self.path.is_empty() {
            "/"
        } else {
            &self.path
        };
        write!(f, "{path}: {}", self.reason)
    }
}

/// What had to be repaired in a document: the first 256 by path and reason, and how many there were.
///
/// ```
/// use antiphon_core::lenient::{Reader, Reason};
///
/// let mut reader = Reader::new(r#"{"count": 2.7, "name": {}}"#);
/// let mut fields = reader.object().ok_or("no object")?;
/// let (mut count, mut name) = (None, None);
/// while let Some(field) = fields.next(&mut reader) {
///     match &*field {
///         "count" => count = reader.integer(),
///         _ => name = reader.string(),
///     }
/// }
/// let repairs = reader.finish().ok_or("no JSON")?;
/// assert_eq!((count, name), (Some(3), None));
/// assert_eq!(repairs.to_string(), "/count: rounded to a whole number, /name: expected a text, found an object");
/// assert!(matches!(repairs.iter().next().map(|repair| repair.reason), Some(Reason::Rounded)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repairs {
    // Boxed: nearly every document is without, and payloads carry this.
    listed: Option<Box<Listed>>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Listed {
    list: Vec<Repair>,
    unlisted: usize,
}

impl Repairs {
    /// Whether everything was taken as it was.
    pub fn is_empty(&self) -> bool {
        self.listed.is_none()
    }

    /// How many there were, listed or not.
    pub fn len(&self) -> usize {
        self.listed
            .as_ref()
            .map_or(0, |listed| listed.list.len() + listed.unlisted)
    }

    /// The first 256, in the order of the document.
    pub fn iter(&self) -> std::slice::Iter<'_, Repair> {
        self.listed
            .as_ref()
            .map_or([].as_slice(), |listed| &listed.list)
            .iter()
    }

    /// Puts one in front, about the document as a whole.
    #[must_use]
    pub fn and_before(self, reason: Reason) -> Self {
        let mut listed = self.listed.unwrap_or_default();
        let path = String::new();
        listed.list.insert(0, Repair { path, reason });
        Self {
            listed: Some(listed),
        }
    }
}

impl<'a> IntoIterator for &'a Repairs {
    type Item = &'a Repair;
    type IntoIter = std::slice::Iter<'a, Repair>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl fmt::Display for Repairs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, repair) in self.iter().enumerate() {
            let comma = if index > 0 { ", " } else { "" };
            write!(f, "{comma}{repair}")?;
        }
        match self.len() - self.iter().len() {
            0 => Ok(()),
            more => write!(f, ", and {more} more"),
        }
    }
}

/// Finds the paths of what was noted, in one pass over the document.
pub(super) fn located(text: &str, mut notes: Vec<Note>, unlisted: usize) -> Repairs {
    if notes.is_empty() {
        return Repairs::default();
    }
    notes.sort_by_key(|note| note.at);
    let mut finder = Finder {
        path: String::new(),
        list: Vec::with_capacity(notes.len()),
        notes,
    };
    let mut scan = Scan::new(text.as_bytes());
    scan.space();
    // A document that breaks off has been refused already.
    let _ = finder.value(&mut scan, 0);
    Repairs {
        listed: Some(Box::new(Listed {
            list: finder.list,
            unlisted,
        })),
    }
}

struct Finder {
    path: String,
    list: Vec<Repair>,
    notes: Vec<Note>,
}

impl Finder {
    fn value(&mut self, scan: &mut Scan<'_>, depth: u32) -> crate::scan::Step<()> {
        while let Some(note) = self.notes.get(self.list.len())
            && note.at <= scan.at()
        {
            self.list.push(Repair {
                path: self.path.clone(),
                reason: note.reason,
            });
        }
        let is_done = self.list.len() == self.notes.len();
        let length = self.path.len();
        match scan.peek()? {
            b'{' if !is_done && depth <= super::DEEPEST => scan.object(|scan, key| {
                self.path.push('/');
                for part in String::from_utf8_lossy(key).chars() {
                    match part {
                        '~' => self.path.push_str("~0"),
                        '/' => self.path.push_str("~1"),
                        other => self.path.push(other),
                    }
                }
                let read = self.value(scan, depth + 1);
                self.path.truncate(length);
                read
            }),
            b'[' if !is_done && depth <= super::DEEPEST => scan.list(|scan, index| {
                use fmt::Write as _;
                let _ = write!(self.path, "/{index}");
                let read = self.value(scan, depth + 1);
                self.path.truncate(length);
                read
            }),
            _ => scan.skip(),
        }
    }
}
