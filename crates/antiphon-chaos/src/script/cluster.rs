//! What happens to the processes, the servers and the network of a cluster.
//!
//! A quorum of the servers is always up, and one ingester and one worker at least are never stopped or cut off, so that
//! somebody can take over.

use std::{fmt, time::Duration};

use antiphon::Rng;

use super::between;

/// Processes of a cluster that bring events.
pub(crate) const INGESTERS: usize = 2;
/// Processes that handle them.
pub(crate) const WORKERS: usize = 3;
/// Servers that keep the journal.
pub(crate) const SERVERS: usize = 3;
/// How long a stopped process stands still, in seconds; two thirds of a run that is shorter than 30 s.
const FREEZE: f64 = 20.0;

/// A process of a cluster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    Ingester(usize),
    Worker(usize),
    Server(usize),
}

/// How an ingester is cut off from the servers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Cut {
    /// No byte passes in either direction, and those under way come once the network is whole again.
    Stall,
    /// Its connections are dropped, and no other comes about.
    Drop,
}

/// One act.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Blow {
    /// SIGKILL.
    Kill(Part),
    /// SIGTERM, as a restart begins.
    Stop(Part),
    /// Starts a process that does not run.
    Start(Part),
    /// SIGSTOP.
    Freeze(Part),
    /// SIGCONT.
    Thaw(Part),
    /// An ingester is cut off.
    Cut(usize, Cut),
    /// Its network is whole again.
    Join(usize),
}

impl Blow {
    /// The act's name, by which it is counted.
    pub(crate) fn name(self) -> &'static str {
        use Part::{Ingester, Server, Worker};
        match self {
            Self::Kill(Ingester(_)) => "kill ingester",
            Self::Kill(Worker(_)) => "kill worker",
            Self::Kill(Server(_)) => "kill server",
            Self::Stop(Ingester(_)) => "stop ingester",
            Self::Stop(Worker(_)) => "stop worker",
            Self::Stop(Server(_)) => "stop server",
            Self::Start(Ingester(_)) => "start ingester",
            Self::Start(Worker(_)) => "start worker",
            Self::Start(Server(_)) => "start server",
            Self::Freeze(Ingester(_)) => "freeze ingester",
            Self::Freeze(Worker(_)) => "freeze worker",
            Self::Freeze(Server(_)) => "freeze server",
            Self::Thaw(Ingester(_)) => "thaw ingester",
            Self::Thaw(Worker(_)) => "thaw worker",
            Self::Thaw(Server(_)) => "thaw server",
            Self::Cut(_, Cut::Stall) => "stall ingester",
            Self::Cut(_, Cut::Drop) => "cut ingester",
            Self::Join(_) => "join ingester",
        }
    }

    /// The process that it happens to.
    pub(crate) fn part(self) -> Part {
        match self {
            Self::Kill(part)
            | Self::Stop(part)
            | Self::Start(part)
            | Self::Freeze(part)
            | Self::Thaw(part) => part,
            Self::Cut(ingester, _) | Self::Join(ingester) => Part::Ingester(ingester),
        }
    }
}

/// The name, and the number of the process.
impl fmt::Display for Blow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (Part::Ingester(number) | Part::Worker(number) | Part::Server(number)) = self.part();
        write!(f, "{} {number}", self.name())
    }
}

/// Until when something is wrong with each process, in seconds from the beginning.
#[derive(Default)]
struct Busy {
    ingesters: [f64; INGESTERS],
    workers: [f64; WORKERS],
    servers: [f64; SERVERS],
    /// Until when an ingester stands still or is cut off.
    ingester_lasting: f64,
    /// The same of workers, of which one always goes on.
    workers_lasting: [f64; WORKERS - 1],
}

/// The acts of a run of this length, each with its time in seconds; what begins something has its end behind it.
pub(super) fn acts(rng: &mut Rng, length: Duration) -> Vec<(f64, Blow)> {
    let length = length.as_secs_f64();
    let freeze = FREEZE.min(length * 2.0 / 3.0);
    let mut busy = Busy::default();
    let mut acts = Vec::new();
    let mut at = 0.0;
    loop {
        at += between(rng, 1.0, 5.0);
        if at > length {
            return acts;
        }
        let drawn = busy.draw(rng, at, length, freeze);
        if let Some((begin, lasts, end)) = drawn {
            acts.push((at, begin));
            acts.push(((at + lasts).min(length), end));
        }
    }
}

impl Busy {
    /// An act, how long it lasts, and its end; `None` if all that was drawn is busy.
    fn draw(
        &mut self,
        rng: &mut Rng,
        at: f64,
        length: f64,
        freeze: f64,
    ) -> Option<(Blow, f64, Blow)> {
        let draw = rng.u8(..100);
        if draw < 15 {
            if self.servers.iter().any(|until| at < *until) {
                return None;
            }
            let (server, lasts) = (rng.usize(..SERVERS), between(rng, 0.2, 6.0));
            // It has to catch up before another one goes.
            self.servers[server] = at + lasts + 3.0;
            let part = Part::Server(server);
            return Some((Blow::Kill(part), lasts, Blow::Start(part)));
        }
        if draw < 35 {
            let ingester = free(rng, &self.ingesters, at)?;
            if at < self.ingester_lasting {
                return None;
            }
            let lasts = between(rng, 0.5, 14.0);
            self.ingesters[ingester] = at + lasts;
            self.ingester_lasting = at + lasts;
            let how = if rng.bool() { Cut::Stall } else { Cut::Drop };
            return Some((Blow::Cut(ingester, how), lasts, Blow::Join(ingester)));
        }
        let is_ingester = rng.u8(..5) < 2;
        let (part, until) = if is_ingester {
            let ingester = free(rng, &self.ingesters, at)?;
            (Part::Ingester(ingester), &mut self.ingesters[ingester])
        } else {
            let worker = free(rng, &self.workers, at)?;
            (Part::Worker(worker), &mut self.workers[worker])
        };
        let may_freeze = at + freeze <= length;
        if draw < 55 && may_freeze {
            let lasting = if is_ingester {
                Some(&mut self.ingester_lasting).filter(|lasting| at >= **lasting)
            } else {
                let mut lasting = self.workers_lasting.iter_mut();
                lasting.find(|lasting| at >= **lasting)
            };
            *lasting? = at + freeze;
            *until = at + freeze;
            return Some((Blow::Freeze(part), freeze, Blow::Thaw(part)));
        }
        let lasts = between(rng, 0.1, 3.0);
        *until = at + lasts;
        let begin = if draw < 90 {
            Blow::Kill(part)
        } else {
            Blow::Stop(part)
        };
        Some((begin, lasts, Blow::Start(part)))
    }
}

/// One of the processes with which nothing is wrong.
fn free(rng: &mut Rng, until: &[f64], at: f64) -> Option<usize> {
    let free: Vec<_> = (0..until.len())
        .filter(|number| at >= until[*number])
        .collect();
    (!free.is_empty()).then(|| free[rng.usize(..free.len())])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::script::{Script, What};

    fn blows(seed: u64, seconds: u64) -> Vec<(Duration, Blow)> {
        let script = Script::of_cluster(seed, Duration::from_secs(seconds));
        let acts = script.acts.into_iter().filter_map(|act| match act.what {
            What::Blow(blow) => Some((act.at, blow)),
            _ => None,
        });
        acts.collect()
    }

    #[test]
    fn a_seed_has_one_script_of_a_cluster_and_everything_comes() {
        let mut names = BTreeSet::new();
        for seed in 0..100 {
            let acts = blows(seed, 30);
            assert_eq!(acts, blows(seed, 30));
            names.extend(acts.iter().map(|(_, blow)| blow.name()));
        }
        for name in [
            "kill ingester",
            "kill worker",
            "kill server",
            "freeze ingester",
            "freeze worker",
            "stop ingester",
            "stop worker",
            "stall ingester",
            "cut ingester",
        ] {
            assert!(names.contains(name), "{name}");
        }
    }

    #[test]
    fn somebody_can_always_take_over_and_everything_ends() {
        for seed in 0..300 {
            let mut lasting = BTreeSet::new();
            let mut broken = BTreeSet::new();
            for (at, blow) in blows(seed, 30) {
                let part = blow.part();
                match blow {
                    Blow::Freeze(_) | Blow::Cut(..) => {
                        assert!(broken.insert(part), "seed {seed}: {blow} at {at:?}");
                        lasting.insert(part);
                    }
                    Blow::Kill(_) | Blow::Stop(_) => {
                        assert!(broken.insert(part), "seed {seed}: {blow} at {at:?}");
                    }
                    Blow::Start(_) | Blow::Thaw(_) | Blow::Join(_) => {
                        assert!(broken.remove(&part), "seed {seed}: {blow} at {at:?}");
                        lasting.remove(&part);
                    }
                }
                let count = |is: fn(&Part) -> bool, of: &BTreeSet<Part>| {
                    of.iter().filter(|part| is(part)).count()
                };
                let is_server = |part: &Part| matches!(part, Part::Server(_));
                assert!(count(is_server, &broken) <= 1, "seed {seed}");
                let is_ingester = |part: &Part| matches!(part, Part::Ingester(_));
                assert!(count(is_ingester, &lasting) < INGESTERS, "seed {seed}");
                let is_worker = |part: &Part| matches!(part, Part::Worker(_));
                assert!(count(is_worker, &lasting) < WORKERS, "seed {seed}");
            }
            assert!(broken.is_empty(), "seed {seed}: {broken:?}");
        }
    }

    #[test]
    fn a_stopped_process_stands_still_for_twenty_seconds() {
        for seed in 0..50 {
            let acts = blows(seed, 30);
            for (index, (at, blow)) in acts.iter().enumerate() {
                if let Blow::Freeze(part) = blow {
                    let end = acts[index..]
                        .iter()
                        .find(|(_, blow)| *blow == Blow::Thaw(*part));
                    let (end, _) = end.expect("it ends");
                    let lasts = end.as_secs_f64() - at.as_secs_f64();
                    assert!(lasts > 19.99, "seed {seed}");
                }
            }
        }
    }
}
