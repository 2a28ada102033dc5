//! What the number of places costs: `places PLACES EVENTS memory|process`.
//!
//! A source of QueUp chat messages of about 300 bytes, the places in turn, through intake, committer, journal and lanes
//! to a handler that has the message decoded. The drafts are made beforehand.

use std::{env, sync::Arc};

use antiphon::{
    App, DecodeError, Draft, Event, HandlerError, Kind, Origin, Payload, Place, State,
    journal::Durability,
};
use antiphon_core::{BoxFuture, Entry, Intake, Judge, KindInfo, LinkState, Source, SourceError, SourceName, Stop};
use antiphon_peers::{Meter, run_measured};
use serde::Deserialize;

#[derive(Clone, Debug, Deserialize)]
struct Chat {
    message: String,
}

impl Payload for Chat {
    const KINDS: &'static [&'static str] = &["queup.chat-message"];
    type View<'a> = Self;

    fn view(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }

    fn decode(event: &Event) -> Result<Self, DecodeError> {
        event.parse()
    }
}

/// Brings the drafts as fast as they are taken.
struct Feed {
    name: SourceName,
    drafts: Vec<Draft>,
}

impl Source for Feed {
    fn name(&self) -> &SourceName {
        &self.name
    }

    fn kinds(&self) -> &'static [KindInfo] {
        &[]
    }

    fn judge(&self) -> Judge {
        |_| None
    }

    fn run(self: Box<Self>, intake: Intake, stop: Stop) -> BoxFuture<'static, Result<(), SourceError>> {
        Box::pin(async move {
            intake.show_link(LinkState::Connected { since: intake.now() });
            for draft in self.drafts {
                if intake.send(Entry::event(draft)).await.is_err() {
                    return Ok(());
                }
            }
            stop.closing().await;
            Ok(())
        })
    }
}

fn drafts(count: u64, places: u64) -> Vec<Draft> {
    let kind = Kind::from_static("queup.chat-message");
    let places: Vec<_> = (0..places).map(|place| Place::new(format!("room/5a77aa00bb11cc22{place:08x}"))).collect();
    let draft = |number: u64| {
        let body = format!(
            concat!(
                r#"{{"message":"message number {n}, as long as people write","time":{n},"chatid":"c{n}","#,
                r#""type":"chat-message","queue_object":{{"dubs":12,"authorized":false}},"#,
                r#""user":{{"_id":"5a77aa00bb11cc22dd33aa01","username":"mira","status":1,"created":1517704704123,"#,
                r#""userInfo":{{"locale":"en_EU","invites":3}}}}}}"#
            ),
            n = number
        );
        let place = places[usize::try_from(number).expect("a 64-bit machine") % places.len()].clone();
        Draft::new(kind.clone(), place, Origin::frame("c", number), jiff::Timestamp::UNIX_EPOCH, body)
    };
    (0..count).map(draft).collect()
}

async fn tally(chat: Arc<Chat>, State(meter): State<Arc<Meter>>) -> Result<(), HandlerError> {
    assert!(!chat.message.is_empty());
    meter.count();
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [places, events, journal] = &arguments[..] else {
        panic!("usage: places PLACES EVENTS memory|process");
    };
    let events: u64 = events.parse().expect("a number of events");
    let drafts = drafts(events, places.parse().expect("a number of places"));
    let meter = Arc::new(Meter::new(events));
    let app = App::new(Arc::clone(&meter)).source(Feed { name: "queup".into(), drafts }).on(tally);
    run_measured(app, (journal != "memory").then_some(Durability::Process), &meter).await;
}
