//! Journals on NATS JetStream.

use std::{sync::Arc, time::Duration};

use antiphon_core::Trouble;
use antiphon_journal::{Inspect, JetStreamJournal, JetStreamOpenError, JetStreamOptions};

use super::{
    hint,
    location::{Login, Servers},
};
use crate::failure::{Exit, Failure};

/// The options of a journal.
pub(crate) fn options(servers: &Servers) -> JetStreamOptions {
    let mut options = JetStreamOptions::new(servers.name.clone())
        .lease(servers.lease)
        .wait(servers.wait);
    if let Some(replicas) = servers.replicas {
        options = options.replicas(replicas.into());
    }
    if let Some(events) = servers.max_events {
        options = options.max_events(usize::try_from(events).unwrap_or(usize::MAX));
    }
    if let Some(bytes) = servers.stream_bytes {
        options = options.stream_bytes(bytes);
    }
    options = match &servers.login {
        Some(Login::User(user, password)) => options.user(user.clone(), password.clone()),
        Some(Login::Token(token)) => options.token(token.clone()),
        None => options,
    };
    if let Some(file) = &servers.certificate {
        options = options.root_certificate(file);
    }
    if let Some((certificate, key)) = &servers.client {
        options = options.client_certificate(certificate, key);
    }
    options
}

/// Opens a journal for reading.
pub(super) async fn to_read(servers: &Servers) -> Result<Arc<dyn Inspect>, Failure> {
    Ok(Arc::new(read(servers).await?))
}

/// Opens a journal for reading, as what it is.
pub(crate) async fn open(servers: &Servers) -> Result<JetStreamJournal, JetStreamOpenError> {
    JetStreamJournal::read_only(servers.url.expose(), options(servers)).await
}

async fn read(servers: &Servers) -> Result<JetStreamJournal, Failure> {
    open(servers).await.map_err(|error| match error.trouble() {
        Trouble::Empty => {
            let error = format!("there is no journal `{}` on the servers", servers.name);
            Failure::new(Exit::Failed, error).hint("`antiphon run` makes it")
        }
        _ => open_failure(&error),
    })
}

/// Opens a journal as the process of a consumer does, which has two seconds for what another process may have.
pub(super) async fn for_consumers(servers: &Servers) -> Result<Arc<dyn Inspect>, Failure> {
    /// Longest wait for a lease, and for a process that appends and may be starting.
    const PATIENCE: Duration = Duration::from_secs(2);
    let options = options(servers).wait(PATIENCE);
    let opened = JetStreamJournal::for_consumers(servers.url.expose(), options).await;
    Ok(Arc::new(opened.map_err(|error| open_failure(&error))?))
}

/// Opens a journal for writing, and creates a missing one.
pub(super) async fn to_write(
    servers: &Servers,
    importing: bool,
) -> Result<Arc<dyn Inspect>, Failure> {
    let options = options(servers).importing(importing);
    let opened = JetStreamJournal::open(servers.url.expose(), options).await;
    Ok(Arc::new(opened.map_err(|error| open_failure(&error))?))
}

/// Takes message, hint and exit code from an error of opening.
fn open_failure(error: &JetStreamOpenError) -> Failure {
    let trouble = error.trouble();
    let way_out = match error {
        JetStreamOpenError::Journal { .. } => hint(trouble),
        error => error.hint(),
    };
    Failure::from_error(Exit::storage(trouble), error).hint(way_out)
}
