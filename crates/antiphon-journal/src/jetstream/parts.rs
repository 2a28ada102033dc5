//! Requests that are larger than a message: they go in parts, beside the stream.
//!
//! Each part names who asks, the number of the request and its own number. The last one says where the answer goes. Parts
//! that were lost, or came in another order, make no request; the last one then has an answer that says so.

use std::{
    collections::HashMap,
    sync::atomic::{AtomicU64, Ordering},
};

use antiphon_core::{Rng, Trouble};
use async_nats::{HeaderMap, Message};
use bytes::Bytes;

use super::server::{Failure, Link};

/// Most bytes of a request, and of all that are half here.
pub(super) const MOST: usize = 64 << 20;
/// Most processes whose requests may be half here.
const ASKERS: usize = 64;
/// Who asks, and the number of the request.
const ASK: &str = "Antiphon-Ask";
/// How many parts came before this one.
pub(super) const PART: &str = "Antiphon-Part";

/// Sends requests of one process.
#[derive(Debug)]
pub(super) struct Sender {
    name: String,
    asked: AtomicU64,
}

impl Sender {
    pub(super) fn new() -> Self {
        let mut rng = Rng::new();
        Self {
            name: format!("{:016x}", rng.u64(..)),
            asked: AtomicU64::new(0),
        }
    }

    /// Sends all parts of a request but the last, whose headers and payload it gives.
    pub(super) async fn send_all_but_last(
        &self,
        link: &Link,
        subject: &str,
        mut payload: Bytes,
    ) -> Result<(HeaderMap, Bytes), Failure> {
        let number = self.asked.fetch_add(1, Ordering::Relaxed);
        let mut part = 0_u64;
        let mut headers = || {
            let mut headers = HeaderMap::new();
            headers.insert(ASK, format!("{}/{number}", self.name));
            headers.insert(PART, part.to_string());
            part += 1;
            headers
        };
        while payload.len() > link.most {
            let begin = payload.split_to(link.most);
            let sent = link
                .client
                .publish_with_headers(subject.to_owned(), headers(), begin);
            sent.await.map_err(|error| Failure::unreachable(&error))?;
        }
        Ok((headers(), payload))
    }
}

/// The parts of the newest request of every process that asks.
#[derive(Debug, Default)]
pub(super) struct Parts {
    by_asker: HashMap<String, (String, Vec<Bytes>)>,
}

impl Parts {
    /// Takes a message in; gives the whole request with its last one.
    pub(super) fn put(&mut self, message: &Message) -> Option<Result<Bytes, Failure>> {
        let headers = message.headers.as_ref();
        let header = |name| headers.and_then(|headers| headers.get(name));
        let name = header(ASK)?.as_str().to_owned();
        let part: usize = header(PART)?.as_str().parse().ok()?;
        let (asker, _) = name.split_once('/')?;
        let asker = asker.to_owned();
        let is_last = message.reply.is_some();
        if part == 0 && is_last {
            self.by_asker.remove(&asker);
            return Some(Ok(message.payload.clone()));
        }
        if part == 0 {
            if self.by_asker.len() >= ASKERS {
                // Whoever loses a part asks again.
                self.by_asker.clear();
            }
            self.by_asker
                .insert(asker.clone(), (name.clone(), Vec::new()));
        }
        let lost = || Failure::said(Trouble::Other, "a part of a request was lost");
        let known = self.by_asker.get_mut(&asker);
        let known = known.filter(|(of, parts)| *of == name && parts.len() == part);
        let Some((_, parts)) = known else {
            return is_last.then(|| Err(lost()));
        };
        parts.push(message.payload.clone());
        let all = self.by_asker.values().flat_map(|(_, parts)| parts);
        if all.map(Bytes::len).sum::<usize>() > MOST {
            self.by_asker.clear();
            return is_last.then(|| Err(lost()));
        }
        is_last.then(|| {
            let (_, parts) = self.by_asker.remove(&asker).ok_or_else(lost)?;
            Ok(parts.concat().into())
        })
    }
}
