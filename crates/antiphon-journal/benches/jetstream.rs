//! The journal on JetStream beside bare async-nats, on the same server and with the same bytes.
//!
//! `cargo bench -p antiphon-journal --features jetstream --bench jetstream` starts a nats-server on loopback and prints
//! events a second and ratios. It takes some seconds, and wants a machine that does nothing else.

#[path = "../tests/nats/mod.rs"]
#[allow(dead_code, reason = "only a server is needed")]
mod nats;

use std::{collections::VecDeque, future::IntoFuture, sync::Arc, time::Duration};

use antiphon_core::{Batch, Draft, Journal, Kind, Origin, Place, Position};
use antiphon_journal::{JetStreamJournal, JetStreamOptions};
use async_nats::{
    HeaderMap,
    jetstream::{self, consumer::pull, message::PublishMessage, stream},
};
use futures_util::StreamExt;
use tokio::time::Instant;

/// Events that are stored and read.
const EVENTS: u64 = 20_000;
/// Bytes of a body.
const BODY: usize = 900;

fn batch(from: u64, count: u64) -> Arc<Batch> {
    let draft = |n: u64| {
        Draft::new(
            Kind::from_static("discord.MESSAGE_CREATE"),
            Place::new("guild/41771983423143937/channel/127121515262115840"),
            Origin::frame("7c51cd4a5b0bd1b6eab9d5d5d4b1d3a0", n),
            "2026-01-01T00:00:00Z".parse().expect("a time"),
            vec![b'x'; BODY],
        )
    };
    Arc::new(Batch {
        events: (from..from + count)
            .map(|n| ("bot".into(), draft(n)))
            .collect(),
        ..Batch::default()
    })
}

#[expect(clippy::cast_precision_loss, reason = "figures for a person")]
fn rate(events: u64, time: Duration) -> f64 {
    events as f64 / time.as_secs_f64()
}

/// Publishes the messages that the journal has stored, with the same window.
async fn bare_publish(context: &jetstream::Context, messages: &[(HeaderMap, bytes::Bytes)]) -> f64 {
    let config = stream::Config {
        name: "bare".into(),
        subjects: vec!["bare.>".into()],
        ..stream::Config::default()
    };
    context.create_stream(config).await.expect("made");
    let begun = Instant::now();
    let mut acks = VecDeque::new();
    for (n, (headers, payload)) in (0_u64..).zip(messages) {
        if acks.len() == 128
            && let Some(ack) = acks.pop_front()
        {
            let ack: async_nats::jetstream::context::PublishAckFuture = ack;
            ack.into_future().await.expect("stored");
        }
        let message = PublishMessage::build()
            .payload(payload.clone())
            .headers(headers.clone())
            .expected_last_sequence(n);
        let sent = context.send_publish("bare.event.discord.MESSAGE_CREATE", message);
        acks.push_back(sent.await.expect("sent"));
    }
    for ack in acks {
        ack.into_future().await.expect("stored");
    }
    rate(messages.len() as u64, begun.elapsed())
}

/// Reads all messages of a stream with a pull consumer, page by page.
async fn bare_read(
    context: &jetstream::Context,
    name: &str,
) -> (f64, Vec<(HeaderMap, bytes::Bytes)>) {
    let stream = context.get_stream(name).await.expect("there");
    let config = pull::Config {
        ack_policy: jetstream::consumer::AckPolicy::None,
        ..pull::Config::default()
    };
    let consumer = stream.create_consumer(config).await.expect("made");
    let begun = Instant::now();
    let mut read = Vec::new();
    while read.len() < usize::try_from(EVENTS).expect("small") {
        // With a time: a 2.9 server that counts messages which are deleted meanwhile answers a request without one never.
        let page = consumer
            .batch()
            .max_messages(512)
            .expires(Duration::from_secs(10));
        let mut page = page.messages().await.expect("asked");
        while let Some(message) = page.next().await {
            let message = message.expect("read").message;
            let headers = message.headers.unwrap_or_default();
            if headers.get("Antiphon-Position").is_some() {
                read.push((headers, message.payload));
            }
            if read.len() == usize::try_from(EVENTS).expect("small") {
                break;
            }
        }
    }
    (rate(read.len() as u64, begun.elapsed()), read)
}

async fn journal_read(journal: &JetStreamJournal) -> f64 {
    let begun = Instant::now();
    let mut after = Position::ZERO;
    let mut count = 0;
    loop {
        let page = journal.read(after, 512).await.expect("read");
        let Some(last) = page.last() else { break };
        after = last.position();
        count += page.len() as u64;
    }
    assert_eq!(count, EVENTS);
    rate(count, begun.elapsed())
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
#[expect(clippy::print_stdout, reason = "figures for a person")]
async fn main() {
    if !nats::is_there() {
        return;
    }
    for size in [16, 256] {
        let server = nats::Server::start().await;
        let journal = JetStreamJournal::open(&server.url(), JetStreamOptions::new("bench")).await;
        let journal = journal.expect("opened");
        let begun = Instant::now();
        for from in (0..EVENTS).step_by(size) {
            let count = (size as u64).min(EVENTS - from);
            journal.append(batch(from, count)).await.expect("stored");
        }
        let appended = rate(EVENTS, begun.elapsed());
        let read = journal_read(&journal).await;
        let client = async_nats::connect(server.url()).await.expect("connected");
        let context = jetstream::new(client);
        let (bare_read, messages) = bare_read(&context, "antiphon-bench").await;
        let bare = bare_publish(&context, &messages).await;
        println!(
            "batches of {size}: append {appended:.0}/s, bare publish {bare:.0}/s, ratio {:.2}; read {read:.0}/s, bare pull {bare_read:.0}/s, ratio {:.2}",
            appended / bare,
            read / bare_read
        );
        let begun = Instant::now();
        journal.close().await.expect("closed");
        let again = JetStreamJournal::open(&server.url(), JetStreamOptions::new("bench")).await;
        again.expect("opened");
        println!(
            "opening with {EVENTS} events: {} ms",
            begun.elapsed().as_millis()
        );
    }
}
