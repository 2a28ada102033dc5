//! The log, on stderr.
//!
//! The log is for operators and is quiet by default; what a user must know is said with `say`, whatever the filter.
//! Values of fields are shown with hidden characters written out, since they may come from outside.

use tracing_subscriber::{
    field::MakeExt as _, filter::Targets, fmt::format::debug_fn, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{failure::Failure, plain::Plain};

/// Starts the log, filtered by `RUST_LOG` or, if that is not set, by these directives.
///
/// # Errors
/// A `RUST_LOG` that cannot be read.
pub(crate) fn start(directives: &str) -> Result<(), Failure> {
    let filter: Targets = match std::env::var("RUST_LOG") {
        Ok(filter) => filter.parse().map_err(|error| {
            Failure::usage("`RUST_LOG` cannot be read")
                .because(error)
                .hint(
                    "write a level such as `info`, or one for a part: `warn,antiphon_queup=debug`",
                )
        })?,
        Err(_) => directives.parse().expect("they are written above"),
    };
    let colours = anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
    // Fields may hold text from outside; the rest of a line is this program's own.
    let fields = debug_fn(|to, field, value| {
        let value = Plain(format_args!("{value:?}"));
        match field.name() {
            "message" => write!(to, "{value}"),
            name => write!(to, "{name}={value}"),
        }
    });
    let lines = tracing_subscriber::fmt::layer()
        .fmt_fields(fields.delimited(" "))
        .with_writer(std::io::stderr)
        .with_ansi(colours)
        .with_target(false);
    // A second call in the same process changes nothing.
    let _ = tracing_subscriber::registry()
        .with(filter)
        .with(lines)
        .try_init();
    Ok(())
}
