//! Version, info and route planner of a node (protocol §5.4, §5.5).

use serde_json::{Value, json};

use super::{Answer, Call, Refusal, Routed};
use crate::lavalink::{quirk::NodeQuirk, state::State};

/// The version of Lavalink that is simulated.
const VERSION: &str = "4.2.2";
/// The version of the other server.
const OTHER_VERSION: &str = "3.7.0";
/// When it was built, in Unix milliseconds.
const BUILT: i64 = 1_767_225_600_000;

impl State {
    pub(crate) fn version(&self, node: usize) -> Answer {
        let is_other = self.nodes[node].quirks.contains(&NodeQuirk::OtherInfo);
        Answer::text(200, if is_other { OTHER_VERSION } else { VERSION })
    }

    pub(crate) fn info(&self, node: usize) -> Answer {
        let node = &self.nodes[node];
        let git = json!({"branch": "HEAD", "commit": "4f38f9a", "commitTime": BUILT});
        if node.quirks.contains(&NodeQuirk::OtherInfo) {
            return Answer::ok(&json!({
                "version": {
                    "semver": OTHER_VERSION, "major": 3, "minor": 7, "patch": 0,
                    "prerelease": [], "build": [],
                },
                "buildTime": -1,
                "git": git,
                "node": "v24.21.0",
                "nodejs": "v24.21.0",
                "isNodelink": true,
                "isNodeLink": true,
                "sourceManagers": ["youtube", "soundcloud", "http"],
                "filters": node.filters(),
                "plugins": [],
            }));
        }
        let lyrics = if node.quirks.contains(&NodeQuirk::JavaLyrics) {
            json!({"name": "java-lyrics-plugin", "version": "1.6.6"})
        } else {
            json!({"name": "lavalyrics-plugin", "version": "1.1.0"})
        };
        let plugins = if node.quirks.contains(&NodeQuirk::NoPlugins) {
            json!([])
        } else {
            json!([
                {"name": "lavasrc-plugin", "version": "4.8.1"},
                {"name": "sponsorblock-plugin", "version": "3.0.1"},
                {"name": "lavasearch-plugin", "version": "1.0.0"},
                lyrics,
            ])
        };
        Answer::ok(&json!({
            "version": {"semver": VERSION, "major": 4, "minor": 2, "patch": 2, "preRelease": null},
            "buildTime": BUILT,
            "git": git,
            "jvm": "18.0.2.1",
            "lavaplayer": "2.2.4",
            "sourceManagers": [
                "youtube", "soundcloud", "bandcamp", "twitch", "vimeo", "http", "local", "spotify",
            ],
            "filters": node.filters(),
            "plugins": plugins,
        }))
    }

    pub(crate) fn planner_status(&self, node: usize) -> Answer {
        let Some(failing) = &self.nodes[node].planner else {
            return Answer::empty(204);
        };
        let failing: Vec<Value> = failing
            .iter()
            .map(|(address, at)| {
                json!({
                    "failingAddress": address,
                    "failingTimestamp": at,
                    "failingTime": "Mon Jan 05 20:00:00 UTC 2026",
                })
            })
            .collect();
        Answer::ok(&json!({
            "class": "RotatingNanoIpRoutePlanner",
            "details": {
                "ipBlock": {"type": "Inet6Address", "size": "1208925819614629174706176"},
                "failingAddresses": failing,
                "blockIndex": "0",
                "currentAddressIndex": "36792023813",
            },
        }))
    }

    pub(crate) fn free_address(&mut self, call: &Call<'_>) -> Routed {
        let body: Value = call.body()?;
        let address = body.get("address").and_then(Value::as_str);
        let address = address
            .filter(|address| address.parse::<std::net::IpAddr>().is_ok())
            .ok_or_else(|| Refusal::bad("Invalid address"))?;
        self.planner(call.node)?.remove(address);
        Ok(Answer::empty(204))
    }

    pub(crate) fn free_all(&mut self, node: usize) -> Routed {
        self.planner(node)?.clear();
        Ok(Answer::empty(204))
    }

    fn planner(
        &mut self,
        node: usize,
    ) -> Result<&mut crate::lavalink::node::FailingAddresses, Refusal> {
        let planner = self.nodes[node].planner.as_mut();
        planner.ok_or_else(|| Refusal::new(500, "Can't access disabled route planner"))
    }
}
