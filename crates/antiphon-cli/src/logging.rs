//! The log, on stderr.

use tracing_subscriber::{
    field::MakeExt as _, filter::Targets, fmt::format::debug_fn, layer::SubscriberExt as _,
    util::SubscriberInitExt as _,
};

use crate::{failure::Failure, plain::Plain};

/// Shows the log from here on: by `RUST_LOG`, or by these directives where it is not set.
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
    // Many fields hold text from outside; what is around them is ours.
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
