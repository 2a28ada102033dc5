//! A socket of tokio-websockets and an envelope that serde reads, and nothing else.

use antiphon_peers::{Arguments, Meter};
use futures_util::{SinkExt as _, StreamExt as _};
use serde::Deserialize;
use serde_json::value::RawValue;
use tokio_websockets::{ClientBuilder, Limits, Message};

#[derive(Deserialize)]
struct Envelope<'a> {
    op: u8,
    #[expect(dead_code, reason = "a client needs it")]
    s: Option<u64>,
    t: Option<&'a str>,
    #[serde(borrow)]
    d: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Content<'a> {
    content: &'a str,
}

const IDENTIFY: &str = r#"{"op":2,"d":{"token":"token","intents":0,"properties":{}}}"#;

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read();
    let meter = Meter::new(arguments.events + 2);
    // A stamp is in the body, which this client does not read otherwise.
    let reads_stamps = arguments.options.iter().any(|option| option == "stamps");
    let url = format!("ws://{}/?v=10&encoding=json", arguments.address);
    let (mut socket, _) =
        ClientBuilder::new().uri(&url).expect("a URL").limits(Limits::unlimited()).connect().await.expect("connected");
    while let Some(message) = socket.next().await {
        let message = message.expect("the connection lives");
        let Some(text) = message.as_text() else { continue };
        let envelope: Envelope<'_> = serde_json::from_str(text).expect("an envelope");
        match (envelope.op, envelope.t) {
            (10, _) => socket.send(Message::text(IDENTIFY)).await.expect("sent"),
            (0, Some("READY")) => {}
            (0, Some("MESSAGE_CREATE")) if reads_stamps => {
                let body = envelope.d.expect("a body").get();
                meter.message(serde_json::from_str::<Content<'_>>(body).expect("a message").content);
            }
            (0, _) => meter.count(),
            _ => {}
        }
        if meter.is_done() {
            break;
        }
    }
    meter.report();
}
