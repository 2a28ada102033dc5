//! Examination of a journal on NATS: each server, the stream, who appends to it, and what waits in it.
//!
//! It is opened for reading only, which takes no lease and makes nothing.

use std::time::Duration;

use antiphon_core::{Journal as _, error_chain};
use antiphon_journal::{JetStreamJournal, JetStreamOpenError, JetStreamStream};

use super::{Probe, journal};
use crate::{
    finding::{Code, Finding},
    journal::{location::Servers, open, options},
};

/// Examines a journal; each server, and each of its answers, has the limit.
pub(super) async fn examine(servers: &Servers, limit: Duration, probe: &mut Probe) {
    let name = &servers.name;
    let options = options(servers).patience(limit);
    let url = servers.url.expose();
    let asked = match JetStreamJournal::servers(url, &options).await {
        Ok(asked) => asked,
        Err(error) => return probe.found(finding(&error, "the journal could not be asked for")),
    };
    let is_any_there = asked.iter().any(|(_, said)| said.is_ok());
    for (address, said) in &asked {
        match said {
            Ok(server) => {
                let cluster = server.cluster.as_ref();
                let cluster = cluster.map(|name| format!(", of the cluster `{name}`"));
                probe.fine(format!(
                    "{address} is nats-server {}{}",
                    server.version,
                    cluster.unwrap_or_default()
                ));
            }
            Err(error) => {
                let mut found = finding(error, &format!("{address} cannot keep the journal"));
                if found.code == Code::JournalUnreachable && is_any_there {
                    found.code = Code::JournalServerDown;
                }
                probe.found(found);
            }
        }
    }
    if !is_any_there {
        return;
    }
    let journal = match open(servers).await {
        Ok(journal) => journal,
        Err(error) if journal::code_of(error.trouble()).is_none() => {
            return probe.fine(format!(
                "there is no journal `{name}` yet; the first run makes it"
            ));
        }
        Err(error) => {
            let message = format!("the journal `{name}` could not be opened");
            return probe.found(finding(&error, &message));
        }
    };
    let last = *journal.last().borrow();
    match journal.health().await {
        Ok(stream) => {
            let (replicas, mib) = (stream.replicas, stream.bytes.div_ceil(1 << 20));
            probe.fine(format!(
                "the stream `{}` has {mib} MiB, and copies on {replicas} server{}; its last event is #{last}",
                stream.name,
                if replicas == 1 { "" } else { "s" },
            ));
            for found in of_stream(&stream, name) {
                probe.found(found);
            }
        }
        Err(error) => {
            let finding = Finding::new(
                Code::JournalUnreachable,
                "the stream of the journal could not be looked at",
            );
            return probe.found(finding.because(error_chain(&error)));
        }
    }
    journal::dead_letters(&journal, probe).await;
    journal::last_gap(&journal, last, probe).await;
}

/// What is to be said of a stream.
fn of_stream(stream: &JetStreamStream, name: &str) -> Vec<Finding> {
    let mut found = Vec::new();
    if let Some(holder) = &stream.holder {
        let message = format!(
            "{holder} appends to the journal `{name}`, under a lease of {} s",
            stream.lease.as_secs()
        );
        found.push(Finding::new(Code::JournalInUse, message));
    }
    for peer in &stream.peers {
        if !peer.is_current || peer.is_offline {
            let state = if peer.is_offline {
                "is not there"
            } else {
                "is behind"
            };
            let message = format!("the server `{}` {state}", peer.name);
            found.push(Finding::new(Code::JournalReplicaBehind, message));
        }
    }
    if let Some(limit) = stream.max_bytes
        && stream.bytes > limit / 5 * 4
    {
        let message = format!(
            "the stream has {} MiB of {} MiB",
            stream.bytes >> 20,
            limit >> 20
        );
        found.push(Finding::new(Code::JournalStreamFull, message));
    }
    found
}

/// The finding for an error of opening or asking.
fn finding(error: &JetStreamOpenError, message: &str) -> Finding {
    let code = match error {
        JetStreamOpenError::Unreachable(_) | JetStreamOpenError::Login(_) => {
            Code::JournalUnreachable
        }
        JetStreamOpenError::Journal { trouble, .. } => {
            journal::code_of(*trouble).unwrap_or(Code::JournalUnreadable)
        }
        _ => Code::JournalServerUnfit,
    };
    let finding = Finding::new(code, message).because(error_chain(error));
    finding.hint(error.hint())
}

#[cfg(test)]
mod tests {
    use antiphon_core::Trouble;
    use antiphon_journal::JetStreamPeer;

    use super::*;

    #[test]
    fn an_error_of_a_server_has_the_code_of_its_kind() {
        let journal = |trouble| JetStreamOpenError::Journal {
            trouble,
            source: "so".into(),
        };
        for (error, code) in [
            (
                JetStreamOpenError::Unreachable("so".into()),
                Code::JournalUnreachable,
            ),
            (
                JetStreamOpenError::Login("so".into()),
                Code::JournalUnreachable,
            ),
            (
                JetStreamOpenError::OldServer("2.8.4".to_owned()),
                Code::JournalServerUnfit,
            ),
            (
                JetStreamOpenError::NoJetStream("so".into()),
                Code::JournalServerUnfit,
            ),
            (journal(Trouble::Corrupt), Code::JournalDamaged),
            (journal(Trouble::NewerSchema), Code::JournalNewer),
            (journal(Trouble::Other), Code::JournalUnreadable),
        ] {
            let found = finding(&error, "it is so");
            assert_eq!((found.code, found.way_out()), (code, error.hint()));
        }
    }

    #[test]
    fn servers_that_are_behind_and_a_stream_that_is_nearly_full_have_their_codes() {
        let codes = |stream: &JetStreamStream| -> Vec<Code> {
            let found = of_stream(stream, "choir");
            found.into_iter().map(|finding| finding.code).collect()
        };
        let mut stream = JetStreamStream::default();
        assert_eq!(codes(&stream), []);
        let mut peer = JetStreamPeer::default();
        peer.is_current = true;
        stream.peers = vec![peer.clone()];
        stream.max_bytes = Some(10 << 20);
        stream.bytes = 8 << 20;
        assert_eq!(codes(&stream), []);
        peer.is_offline = true;
        stream.peers.push(peer);
        stream.bytes += 1;
        stream.holder = Some("process 4711 (00c0ffee)".to_owned());
        let all = [
            Code::JournalInUse,
            Code::JournalReplicaBehind,
            Code::JournalStreamFull,
        ];
        assert_eq!(codes(&stream), all);
    }
}
