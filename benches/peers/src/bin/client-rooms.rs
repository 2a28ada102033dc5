//! antiphon on QueUp, Stack Exchange chat or Lavalink, with a typed handler for each kind of the corpus.
//!
//! `client-rooms ADDRESSES EVENTS PLATFORM memory|process`; ADDRESSES is a file in the form that `antiphon sim` prints.

use std::sync::Arc;

use antiphon::{
    App, HandlerError, Payload, State,
    journal::Durability,
    lavalink, queup, stackexchange,
};
use antiphon_peers::{Arguments, Meter, run_measured};

/// A handler of any payload, which counts.
async fn count<P: Payload>(payload: Arc<P>, State(meter): State<Arc<Meter>>) -> Result<(), HandlerError> {
    drop(payload);
    meter.count();
    Ok(())
}

#[tokio::main(worker_threads = 2)]
async fn main() {
    let arguments = Arguments::read();
    let addresses = antiphon::net::Addresses::read(&arguments.address).expect("a file of addresses");
    let meter = Arc::new(Meter::new(arguments.events));
    let app = App::new(Arc::clone(&meter));
    let app = match &*arguments.workload {
        "queup" => {
            let config = queup::Config::simulated(&addresses).expect("complete addresses");
            let (_, source) = queup::connect(config);
            app.source(source).on(count::<queup::Chat>).on(count::<queup::Dub>)
        }
        "stackexchange" => {
            let config = stackexchange::Config::simulated(&addresses).expect("complete addresses");
            let (_, source) = stackexchange::connect(config);
            app.source(source)
                .on(count::<stackexchange::MessageEvent>)
                .on(count::<stackexchange::EditEvent>)
                .on(count::<stackexchange::MessageStarredEvent>)
        }
        "lavalink" => {
            let config = lavalink::Config::simulated(&addresses).expect("complete addresses");
            let (_, source) = lavalink::connect(config);
            app.source(source)
                .on(count::<lavalink::PlayerUpdate>)
                .on(count::<lavalink::TrackStart>)
                .on(count::<lavalink::TrackEnd>)
        }
        other => panic!("the platform `{other}` is unknown"),
    };
    let in_memory = arguments.options.iter().any(|option| option == "memory");
    run_measured(app, (!in_memory).then_some(Durability::Process), &meter).await;
}
