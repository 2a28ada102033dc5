//! From tracing's records to lines.
//!
//! A record has the fields of its own and those of the spans around it, the innermost first. A span `source{name=choir}`
//! gives the field `source`: the `name` of a span belongs to what the span is called.

use std::{
    fmt,
    io::{self, Write as _},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Map, Value};
use tracing::{
    Event, Subscriber,
    field::{Field, Visit},
    span::{Attributes, Id, Record},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::line::{LogLine, now};

/// Writes each record as a line to stderr.
#[derive(Debug)]
pub(super) struct Lines {
    is_json: Arc<AtomicBool>,
    /// Whether stderr shows colours.
    paint: bool,
}

impl Lines {
    pub(super) fn new(is_json: Arc<AtomicBool>) -> Self {
        let choice = anstream::AutoStream::choice(&io::stderr());
        Self {
            is_json,
            paint: choice != anstream::ColorChoice::Never,
        }
    }
}

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Lines {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut fields = Fields::default();
        attributes.record(&mut fields);
        if let Some(name) = fields.0.remove("name") {
            let span = attributes.metadata().name();
            fields.0.insert(span.to_owned(), name);
        }
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(fields);
        }
    }

    fn on_record(&self, id: &Id, values: &Record<'_>, context: Context<'_, S>) {
        if let Some(span) = context.span(id)
            && let Some(fields) = span.extensions_mut().get_mut::<Fields>()
        {
            values.record(fields);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let mut fields = collect(event, &context);
        let metadata = event.metadata();
        // Taken before the time, so that the times of the lines never go back.
        let mut to = io::stderr().lock();
        let line = LogLine {
            time: now(),
            level: super::level(*metadata.level()),
            message: fields.take("message").unwrap_or_default(),
            source: fields.take("source"),
            place: fields.take("place"),
            error: fields.take("error"),
            hint: fields.take("hint"),
            target: metadata.target().to_owned(),
            fields: fields.0,
        };
        let line = if self.is_json.load(Ordering::Relaxed) {
            line.json()
        } else {
            line.text(self.paint).into_bytes()
        };
        // A closed stderr is no error.
        let _ = to.write_all(&line);
    }
}

/// The fields of a record and of the spans around it.
fn collect<S>(event: &Event<'_>, context: &Context<'_, S>) -> Fields
where
    S: Subscriber + for<'a> LookupSpan<'a>,
{
    let mut fields = Fields::default();
    event.record(&mut fields);
    for span in context.event_scope(event).into_iter().flatten() {
        if let Some(of_span) = span.extensions().get::<Fields>() {
            fields.add(of_span);
        }
    }
    fields
}

/// The fields of a record or a span by their names.
#[derive(Debug, Default)]
struct Fields(Map<String, Value>);

impl Fields {
    /// A field that is here already stays.
    fn add(&mut self, others: &Self) {
        for (name, value) in &others.0 {
            if !self.0.contains_key(name) {
                self.0.insert(name.clone(), value.clone());
            }
        }
    }

    fn take(&mut self, name: &str) -> Option<String> {
        Some(match self.0.remove(name)? {
            Value::String(text) => text,
            other => other.to_string(),
        })
    }

    fn put(&mut self, field: &Field, value: impl Into<Value>) {
        self.0.insert(field.name().to_owned(), value.into());
    }
}

impl Visit for Fields {
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value);
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value);
    }

    /// The causes follow, so that a log says the whole story.
    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        let causes = std::iter::successors(Some(value), |error| error.source());
        let causes: Vec<_> = causes.map(ToString::to_string).collect();
        self.put(field, causes.join(": "));
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.put(field, format!("{value:?}"));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use tracing::{info_span, warn};
    use tracing_subscriber::layer::SubscriberExt as _;

    use super::*;

    /// Keeps the fields of records as the log would show them.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<Map<String, Value>>>>);

    impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Kept {
        fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
            let fields = collect(event, &context);
            self.0.lock().expect("no panic").push(fields.0);
        }
    }

    #[derive(Debug, thiserror::Error)]
    #[error("could not store")]
    struct Failed(#[source] io::Error);

    fn is_span(metadata: &tracing::Metadata<'_>) -> bool {
        metadata.is_span()
    }

    #[test]
    fn a_record_names_the_source_of_its_span_and_every_cause() {
        let kept = Kept::default();
        // Spans are kept by the layer of the log itself, which must not write in a test.
        let lines =
            Lines::new(Arc::default()).with_filter(tracing_subscriber::filter::filter_fn(is_span));
        let registry = tracing_subscriber::registry()
            .with(lines)
            .with(kept.clone());
        tracing::subscriber::with_default(registry, || {
            let _source = info_span!("source", name = %"choir").entered();
            let error = Failed(io::Error::other("the disk is full"));
            warn!(error = &error as &dyn std::error::Error, tries = 3, "again");
        });
        let kept = kept.0.lock().expect("no panic");
        let expected = serde_json::json!({
            "message": "again", "tries": 3, "source": "choir", "error": "could not store: the disk is full"
        });
        assert_eq!(Value::Object(kept[0].clone()), expected);
    }
}
