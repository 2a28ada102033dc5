//! One file for each command.
//!
//! Each has one public function, which takes the parsed arguments and gives an [`Exit`](crate::failure::Exit) or an
//! error. Commands that run until they are stopped take the [`Stop`](crate::signals::Stop) of the process as well.
//!
//! | command | does | writes to the journal |
//! | --- | --- | --- |
//! | `demo` | the whole path against the simulator, with an audit at the end | a file of its own |
//! | `replay` | sends a stretch once more, to stdout or a command | no |
//! | `run` | the daemon: configured sources into the configured journal | yes, as its one appender |
//! | `check` | all mistakes of a configuration, offline | no |
//! | `doctor` | examines sources and journal, online | no |
//! | `sim` | the simulator alone, for any client | no |
//! | `tail` | shows a journal, past or live | no |
//! | `dead` | lists, shows, replays and drops dead letters | a request, or the change itself if nobody appends |
//! | `erase` | erases a person | yes, as its one appender |
//! | `export` | writes events and states to a file or stdout | no |
//! | `import` | stores the events of an exported file | yes, as its one appender |
//! | `status` | asks the running daemon, or reads the journal where none runs | no |
//! | `top` | draws what the running daemon answers, each second | no |
//! | `kinds` | lists the typed kinds | no |
//! | `schema` | prints the JSON Schemas of what `--output json` prints | no |
//! | `man` | prints manual pages, or writes them | no |
//! | `completions` | writes a shell's completion script | no |

pub(crate) mod check;
pub(crate) mod completions;
pub(crate) mod consumers;
pub(crate) mod dashboard;
pub(crate) mod dead;
pub(crate) mod demo;
pub(crate) mod doctor;
pub(crate) mod erase;
pub(crate) mod export;
pub(crate) mod import;
pub(crate) mod kinds;
pub(crate) mod man;
pub(crate) mod replay;
pub(crate) mod rooms;
pub(crate) mod run;
pub(crate) mod schema;
pub(crate) mod sim;
pub(crate) mod status;
pub(crate) mod tail;
pub(crate) mod top;
