//! Progress of long commands, on a terminal only.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

/// A bar on stderr, if that is a terminal; otherwise nothing is shown.
///
/// It disappears when the command ends.
#[derive(Debug)]
pub(crate) struct Progress(ProgressBar);

impl Progress {
    /// A bar of this length, behind a word such as `exporting`.
    pub(crate) fn new(length: u64, what: &'static str) -> Self {
        // A terminal that wants no escapes gets no bar.
        let paints =
            anstream::AutoStream::choice(&std::io::stderr()) != anstream::ColorChoice::Never;
        let target = if paints {
            ProgressDrawTarget::stderr()
        } else {
            ProgressDrawTarget::hidden()
        };
        let bar = ProgressBar::with_draw_target(Some(length), target);
        let style = ProgressStyle::with_template("{msg} {wide_bar} {percent}% {eta} left")
            .expect("a template of known fields");
        bar.set_style(style);
        bar.set_message(what);
        Self(bar)
    }

    /// Moves the bar to a place between zero and its length.
    pub(crate) fn at(&self, place: u64) {
        self.0.set_position(place);
    }

    /// Removes the bar.
    pub(crate) fn end(&self) {
        self.0.finish_and_clear();
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.end();
    }
}
