//! The metrics and the dashboard at a reload, which may move to where the other one was.

use std::net::SocketAddr;

use crate::{
    command::dashboard::{self, Login},
    config::{Config, value::overlap},
    failure::{Exit, Failure},
    logging,
    metrics::Endpoint,
};

/// What became of the two.
pub(super) struct Moved {
    /// Names of the tables that could not be applied; why was told.
    pub(super) failed: Vec<&'static str>,
    /// Whether the dashboard asks for another login.
    pub(super) login: Login,
}

/// Opens, moves and closes metrics and dashboard as the configuration says.
///
/// One that wants the address of the other comes after it. Where each wants the other's, the dashboard closes first: there
/// is no order in which both could move.
pub(super) async fn change(
    metrics: &mut Endpoint,
    pages: &mut dashboard::Endpoint,
    config: &Config,
) -> Moved {
    let (to_metrics, to_pages) = (
        config.metrics.address().ok().flatten(),
        config.dashboard.listen(),
    );
    let after_pages = is_there(to_metrics, pages.listens());
    if after_pages && is_there(to_pages, metrics.listens()) {
        pages.make_room().await;
    }
    let (of_metrics, of_pages) = if after_pages && pages.listens().is_some() {
        let of_pages = pages.change(config).await;
        let held = pages.listens().filter(|_| of_pages.is_err());
        let of_metrics = match taken(to_metrics, held, "the metrics", "the dashboard") {
            Some(failure) => Err(failure),
            None => metrics.change(&config.metrics).await,
        };
        (of_metrics, of_pages)
    } else {
        let of_metrics = metrics.change(&config.metrics).await;
        let held = metrics.listens().filter(|_| of_metrics.is_err());
        let of_pages = match taken(to_pages, held, "the dashboard", "the metrics") {
            Some(failure) => {
                pages.stay(config).await;
                Err(failure)
            }
            None => pages.change(config).await,
        };
        (of_metrics, of_pages)
    };
    let login = *of_pages.as_ref().unwrap_or(&Login::Same);
    let mut failed = Vec::new();
    for (table, failure) in [("metrics", of_metrics.err()), ("dashboard", of_pages.err())] {
        if let Some(failure) = failure {
            logging::tell(failure);
            failed.push(table);
        }
    }
    Moved { failed, login }
}

/// Whether a wanted address cannot be had beside one that is held.
fn is_there(wanted: Option<SocketAddr>, held: Option<SocketAddr>) -> bool {
    wanted
        .zip(held)
        .is_some_and(|(wanted, held)| overlap(wanted, held))
}

/// The failure of one whose address the other one has, which could not leave it.
fn taken(
    wanted: Option<SocketAddr>,
    held: Option<SocketAddr>,
    of: &str,
    by: &str,
) -> Option<Failure> {
    let address = wanted.filter(|_| is_there(wanted, held))?;
    let message = format!("{of} cannot move to {address}, which {by} could not leave");
    Some(
        Failure::new(Exit::Failed, message)
            .hint("mend the cause that was told before, and reload again"),
    )
}
