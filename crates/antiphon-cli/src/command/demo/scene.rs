//! The course of the demo in words.
//!
//! The director announces a [`Scene`] at each turn; [`Course`] keeps what a picture needs to know of them, and words the
//! few that a person wants to read. Platforms come and go in any order, but a line is about all of them, so that two
//! runs have the same lines.

use std::time::Duration;

use tokio::{sync::mpsc, time::Instant};

/// A turn of the demo's course.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Scene {
    /// The bot is in its rooms on a platform.
    Joined { platform: &'static str },
    /// Traffic begins, and lasts until `until` at least.
    Begun { until: Instant },
    /// Every connection is cut for this long.
    Cut { length: Duration },
    /// The bot is in its rooms again, so long after the cut.
    Back {
        platform: &'static str,
        after: Duration,
    },
    /// Traffic has ended.
    Ended,
}

/// Where scenes are announced. Unbounded, for a demo has two scenes a platform and three more.
#[derive(Clone, Debug)]
pub(super) struct Scenes(mpsc::UnboundedSender<Scene>);

impl Scenes {
    /// The announcements, and where they are read.
    pub(super) fn new() -> (Self, mpsc::UnboundedReceiver<Scene>) {
        let (scenes, read) = mpsc::unbounded_channel();
        (Self(scenes), read)
    }

    /// Announces a scene; nobody has to read it.
    pub(super) fn tell(&self, scene: Scene) {
        let _ = self.0.send(scene);
    }
}

/// Where a platform's part stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// It has not been in its rooms yet.
    Joining,
    /// It is in its rooms.
    Joined,
    /// It was cut, and is not in its rooms again.
    Cut,
    /// It is in its rooms again.
    Back,
}

/// The course so far.
#[derive(Debug)]
pub(super) struct Course {
    phases: Vec<(&'static str, Phase)>,
    /// When the traffic is to end; absent before it begins, and once it has ended.
    until: Option<Instant>,
}

impl Course {
    /// A course at its beginning.
    pub(super) fn new(platforms: impl IntoIterator<Item = &'static str>) -> Self {
        let phases = platforms.into_iter().map(|name| (name, Phase::Joining));
        Self {
            phases: phases.collect(),
            until: None,
        }
    }

    /// Where each platform stands, in the order in which they were given.
    pub(super) fn phases(&self) -> &[(&'static str, Phase)] {
        &self.phases
    }

    /// How long the traffic will last from `now` on, in whole seconds; absent while there is none.
    pub(super) fn seconds_left(&self, now: Instant) -> Option<u64> {
        let left = self.until?.saturating_duration_since(now);
        Some(
            left.as_millis()
                .div_ceil(1000)
                .try_into()
                .unwrap_or(u64::MAX),
        )
    }

    /// Takes the next scene; returns the line that tells it, if people read it.
    pub(super) fn take(&mut self, scene: Scene) -> Option<String> {
        match scene {
            Scene::Joined { platform } => {
                self.enter(platform, Phase::Joined);
                None
            }
            Scene::Begun { until } => {
                self.until = Some(until);
                let names: Vec<_> = self.phases.iter().map(|(name, _)| *name).collect();
                Some(format!("connected to {}; people talk", listed(&names)))
            }
            Scene::Cut { length } => {
                for (_, phase) in &mut self.phases {
                    *phase = Phase::Cut;
                }
                Some(format!(
                    "every connection is cut for {} s; people talk on",
                    length.as_secs()
                ))
            }
            Scene::Back { platform, after } => {
                self.enter(platform, Phase::Back);
                let is_last = self.phases.iter().all(|(_, phase)| *phase == Phase::Back);
                is_last.then(|| {
                    format!(
                        "every connection is back, the last one after {:.1} s",
                        after.as_secs_f64()
                    )
                })
            }
            Scene::Ended => {
                self.until = None;
                Some("people have stopped talking; waiting for what is under way".to_owned())
            }
        }
    }

    fn enter(&mut self, platform: &str, phase: Phase) {
        for (name, of) in &mut self.phases {
            if *name == platform {
                *of = phase;
            }
        }
    }
}

/// Names in a sentence: `a`, `a and b`, `a, b and c`.
pub(super) fn listed(names: &[&str]) -> String {
    match names {
        [] => String::new(),
        [name] => (*name).to_owned(),
        [names @ .., last] => format!("{} and {last}", names.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_lines_of_two_runs_are_the_same_whoever_comes_first() {
        let told = |order: [&'static str; 2]| {
            let mut course = Course::new(["discord", "queup"]);
            let until = Instant::now();
            let second = Duration::from_secs(1);
            let scenes = [
                Scene::Joined { platform: order[0] },
                Scene::Joined { platform: order[1] },
                Scene::Begun { until },
                Scene::Cut { length: 2 * second },
                Scene::Back {
                    platform: order[0],
                    after: 2 * second,
                },
                Scene::Back {
                    platform: order[1],
                    after: 3 * second,
                },
                Scene::Ended,
            ];
            let lines = scenes.into_iter().filter_map(|scene| course.take(scene));
            lines.collect::<Vec<_>>().join("\n")
        };
        assert_eq!(told(["discord", "queup"]), told(["queup", "discord"]));
        insta::assert_snapshot!(told(["queup", "discord"]), @r"
        connected to discord and queup; people talk
        every connection is cut for 2 s; people talk on
        every connection is back, the last one after 3.0 s
        people have stopped talking; waiting for what is under way
        ");
    }

    #[test]
    fn a_platform_that_came_back_early_is_not_cut_any_more() {
        let mut course = Course::new(["discord", "queup"]);
        let length = Duration::from_secs(2);
        course.take(Scene::Cut { length });
        let back = Scene::Back {
            platform: "queup",
            after: length,
        };
        assert_eq!(course.take(back), None, "the other one is still away");
        let phases = [("discord", Phase::Cut), ("queup", Phase::Back)];
        assert_eq!(course.phases(), phases);
    }
}
