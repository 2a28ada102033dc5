//! What can break at the platforms, as commands of the simulator.

use antiphon::Rng;
use serde_json::{Map, Value, json};

use crate::script::between;

/// Draws the fields of a fault; the number is the share of its usual length.
type Fields = fn(&mut Rng, f64) -> Value;

/// A fault of one platform.
#[derive(Clone, Copy)]
pub(crate) struct Fault {
    platform: &'static str,
    name: &'static str,
    fields: Fields,
    /// Fields of the command that undoes it; `null` if it passes by itself.
    undone: fn() -> Value,
}

/// Names of the simulated nodes.
const NODES: [&str; 3] = ["eu-1", "us-1", "asia-1"];

impl Fault {
    const fn new(platform: &'static str, name: &'static str, fields: Fields) -> Self {
        Self {
            platform,
            name,
            fields,
            undone: || Value::Null,
        }
    }

    const fn undone(mut self, by: fn() -> Value) -> Self {
        self.undone = by;
        self
    }

    /// The command, and the one that undoes it.
    pub(crate) fn draw(&self, rng: &mut Rng, hurry: f64) -> (Value, Option<Value>) {
        let mut command = Map::new();
        command.insert("platform".into(), self.platform.into());
        command.insert("do".into(), self.name.into());
        if self.platform == "lavalink" && rng.u8(..4) > 0 {
            command.insert("node".into(), NODES[rng.usize(..NODES.len())].into());
        }
        let with = |fields: Value| {
            let mut command = command.clone();
            if let Value::Object(fields) = fields {
                command.extend(fields);
            }
            Value::Object(command)
        };
        let undone = (self.undone)();
        let fields = (self.fields)(rng, hurry);
        (with(fields), (!undone.is_null()).then(|| with(undone)))
    }
}

/// Every fault of every platform, once.
pub(crate) fn all() -> Vec<Fault> {
    let mut all = Vec::new();
    for platform in ["discord", "lavalink", "queup", "stackexchange"] {
        all.extend([
            Fault::new(platform, "cut", |rng, hurry| lasting(rng, hurry, 0.0, 6.0)),
            Fault::new(platform, "reset", |rng, hurry| {
                lasting(rng, hurry, 0.0, 6.0)
            }),
            Fault::new(platform, "refuse", |rng, hurry| {
                lasting(rng, hurry, 0.5, 8.0)
            }),
            Fault::new(platform, "half_open", |_, _| json!({})),
        ]);
        all.push(if platform == "queup" {
            Fault::new(platform, "refuse_upgrades", |rng, hurry| {
                refusing(rng, hurry, &BROKEN)
            })
        } else {
            Fault::new(platform, "refuse_upgrades", |rng, hurry| {
                refusing(rng, hurry, &REFUSED)
            })
        });
        if platform != "stackexchange" {
            all.push(Fault::new(platform, "stall", |rng, hurry| {
                lasting(rng, hurry, 0.5, 8.0)
            }));
            all.push(Fault::new(
                platform,
                "oversized",
                |rng, _| json!({"bytes": 10_u64.pow(rng.u32(6..9))}),
            ));
        }
        if matches!(platform, "discord" | "queup") {
            all.push(Fault::new(
                platform,
                "duplicate",
                |rng, _| json!({"events": rng.u32(1..21)}),
            ));
            all.push(Fault::new(
                platform,
                "reorder_events",
                |rng, _| json!({"pairs": rng.u32(1..21)}),
            ));
        } else {
            all.push(Fault::new(
                platform,
                "duplicate",
                |rng, _| json!({"frames": rng.u32(1..21)}),
            ));
        }
    }
    all.extend(DISCORD);
    all.extend(LAVALINK);
    all.extend(QUEUP);
    all.extend(STACK_EXCHANGE);
    all
}

/// The commands that undo every fault that does not pass by itself.
pub(crate) fn undone() -> Vec<Value> {
    let undone = all().into_iter().filter_map(|fault| {
        let mut command = (fault.undone)();
        let fields = command.as_object_mut()?;
        fields.insert("platform".into(), fault.platform.into());
        fields.insert("do".into(), fault.name.into());
        Some(command)
    });
    undone.collect()
}

/// Faults that Discord alone has.
const DISCORD: [Fault; 7] = [
    Fault::new("discord", "close", |rng, _| {
        closing(
            rng,
            &[1000, 1001, 4000, 4001, 4002, 4003, 4005, 4007, 4008, 4009],
        )
    }),
    Fault::new("discord", "reconnect", |_, _| json!({})),
    Fault::new(
        "discord",
        "invalidate",
        |rng, _| json!({"resumable": rng.bool()}),
    ),
    Fault::new("discord", "ask_for_beats", |_, _| json!({})),
    Fault::new("discord", "withhold_acks", |_, _| json!({"on": true})).undone(off),
    Fault::new("discord", "delay_acks", |rng, hurry| {
        lasting(rng, hurry, 0.5, 5.0)
    })
    .undone(|| json!({"for": "0s"})),
    Fault::new("discord", "fail", |rng, hurry| {
        failing(rng, hurry, &["*"], &REFUSED, Forms::Any)
    }),
];

/// Faults that Lavalink's nodes alone have.
const LAVALINK: [Fault; 5] = [
    Fault::new("lavalink", "close", |rng, _| {
        closing(rng, &[1000, 1001, 1011, 4000])
    }),
    Fault::new("lavalink", "kill", |rng, hurry| {
        lasting(rng, hurry, 0.5, 8.0)
    }),
    Fault::new("lavalink", "shut_down", |rng, hurry| {
        lasting(rng, hurry, 0.5, 8.0)
    }),
    Fault::new("lavalink", "expire_sessions", |_, _| json!({})),
    Fault::new("lavalink", "fail", |rng, hurry| {
        failing(rng, hurry, &["*"], &REFUSED, Forms::Any)
    }),
];

/// Faults that QueUp alone has.
const QUEUP: [Fault; 5] = [
    Fault::new("queup", "close", |rng, _| {
        closing(rng, &[1000, 1001, 1011, 4000])
    }),
    Fault::new("queup", "withhold_pongs", |_, _| json!({"on": true})).undone(off),
    Fault::new("queup", "expire_sessions", |_, _| json!({})),
    Fault::new("queup", "expire_tokens", |_, _| json!({})),
    Fault::new("queup", "fail", |rng, hurry| {
        // Not 429, after which QueUp is left alone for ten minutes.
        let requests = ["*", "GET /room/*", "GET /chat/*", "POST /auth/*"];
        failing(rng, hurry, &requests, &BROKEN, Forms::Any)
    }),
];

/// Faults that Stack Exchange chat alone has.
const STACK_EXCHANGE: [Fault; 8] = [
    Fault::new("stackexchange", "close", |rng, _| {
        closing(rng, &[1000, 1001, 1011, 4000])
    }),
    Fault::new("stackexchange", "silence", |_, _| json!({"on": true})).undone(off),
    Fault::new("stackexchange", "expire_cookies", |_, _| json!({})),
    Fault::new("stackexchange", "new_keys", |_, _| json!({})),
    Fault::new("stackexchange", "replay", |rng, _| {
        let events = [0, 10, 200, 5000];
        json!({"events": events[rng.usize(..events.len())]})
    }),
    Fault::new(
        "stackexchange",
        "history_ids",
        |rng, _| json!({"messages": rng.bool()}),
    ),
    Fault::new("stackexchange", "begin_late", |_, _| json!({"on": true})).undone(off),
    Fault::new("stackexchange", "fail", |rng, hurry| {
        let requests = ["*", "POST /chats/*/events", "POST /ws-auth", "*login*"];
        failing(rng, hurry, &requests, &REFUSED, Forms::Known)
    }),
];

fn off() -> Value {
    json!({"on": false})
}

fn seconds(rng: &mut Rng, hurry: f64, least: f64, most: f64) -> String {
    format!("{}ms", (between(rng, least, most) * hurry * 1000.0).round())
}

fn lasting(rng: &mut Rng, hurry: f64, least: f64, most: f64) -> Value {
    json!({"for": seconds(rng, hurry, least, most)})
}

fn closing(rng: &mut Rng, codes: &[u16]) -> Value {
    json!({"code": codes[rng.usize(..codes.len())], "reason": "as the wind blows"})
}

/// How often; short runs have fewer, since pauses between tries grow.
fn times(rng: &mut Rng, hurry: f64, most: u32) -> u32 {
    if hurry < 1.0 {
        rng.u32(1..3)
    } else {
        rng.u32(1..=most)
    }
}

/// Statuses of a server in trouble.
const BROKEN: [u16; 3] = [500, 502, 503];
/// The same, and the one that asks to wait.
const REFUSED: [u16; 4] = [429, 500, 502, 503];

/// Answers that have another form than requests expect.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Forms {
    /// A body that is no JSON, and one that is huge.
    Any,
    /// None: a login page that has another form ends a source of Stack Exchange, as it says.
    Known,
}

fn refusing(rng: &mut Rng, hurry: f64, statuses: &[u16]) -> Value {
    let status = statuses[rng.usize(..statuses.len())];
    json!({"times": times(rng, hurry, 5), "status": status})
}

/// Requests that fail by a status, without an answer, with a late one, or with one that is not what it should be.
fn failing(rng: &mut Rng, hurry: f64, requests: &[&str], statuses: &[u16], forms: Forms) -> Value {
    let answers = if forms == Forms::Any { 6 } else { 4 };
    let fault = match rng.u8(..answers) {
        0 => json!({"status": statuses[rng.usize(..statuses.len())]}),
        1 => json!({"html": 502}),
        2 => json!("dropped"),
        3 => json!({"slow": seconds(rng, hurry, 0.5, 4.0)}),
        4 => json!("not-json"),
        _ => json!({"huge": 20_000_000}),
    };
    let requests = requests[rng.usize(..requests.len())];
    json!({"requests": requests, "times": times(rng, hurry, 4), "fault": fault})
}

#[cfg(test)]
mod tests {
    use antiphon_sim::{Command, Simulator};

    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_simulator_takes_every_fault_and_what_undoes_it() {
        let sim = Simulator::with_seed(7);
        for command in undone() {
            let parsed = Command::parse(&command.to_string()).expect("a command");
            sim.execute(&parsed)
                .unwrap_or_else(|error| panic!("{command}: {error}"));
        }
        let mut rng = Rng::with_seed(7);
        for fault in all() {
            for _ in 0..8 {
                let (command, undone) = fault.draw(&mut rng, 0.25);
                for command in [Some(command), undone].into_iter().flatten() {
                    let parsed = Command::parse(&command.to_string());
                    let done = sim.execute(&parsed.expect("a command"));
                    done.unwrap_or_else(|error| panic!("{command}: {error}"));
                }
            }
        }
    }
}
