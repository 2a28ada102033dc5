//! Lavalink's section of a world file: a state from it, and back.
//!
//! Sessions, players, route planners, faults and quirks are no part of the file.

use std::collections::BTreeSet;

use super::{
    catalogue::{Catalogue, Playlist},
    node::Node,
    player::Fate,
    settings::Settings,
    state::{NODES, State, lasting},
    track::{Track, TrackInfo},
};
use crate::{
    bounds,
    ledger::Ledger,
    world::World,
    world_file::{
        FromFile, Problem,
        lavalink::{Node as NodeFile, Playlist as PlaylistFile, Section, Track as TrackFile},
    },
};

impl FromFile for State {
    type Section = Section;
    type Settings = Settings;

    fn default_world(world: World, ledger: Ledger, settings: Settings) -> Self {
        Self::new(world, ledger, settings)
    }

    fn of_file(
        world: World,
        ledger: Ledger,
        settings: Settings,
        section: &Section,
        inherit: bool,
    ) -> Result<Self, Problem> {
        let mut state = Self::new(world, ledger, settings);
        if let Some(nodes) = &section.nodes {
            state.nodes = made_nodes(&state, nodes)?;
        }
        match &section.tracks {
            Some(tracks) => {
                state.catalogue = Catalogue::default();
                add_tracks(&mut state.catalogue, tracks)?;
            }
            None if !inherit => state.catalogue = Catalogue::default(),
            None => {}
        }
        if let Some(playlists) = &section.playlists {
            add_playlists(&mut state.catalogue, playlists)?;
        }
        Ok(state)
    }

    fn to_file(&self) -> Section {
        let nodes = self.nodes.iter().map(|node| NodeFile {
            name: node.name.to_owned(),
            password: Some(node.password.clone()),
        });
        let tracks = self.catalogue.found();
        let playlists = self.catalogue.playlists.iter();
        let playlists = playlists.map(|(uri, list)| PlaylistFile {
            name: list.name.clone(),
            uri: uri.clone(),
            tracks: list
                .tracks
                .iter()
                .map(|track| track.info.identifier.clone())
                .collect(),
            plugin_info: list.plugin_info.clone(),
        });
        Section {
            nodes: Some(nodes.collect()),
            tracks: Some(
                tracks
                    .map(|entry| track_file(&entry.track, entry.fate))
                    .collect(),
            ),
            playlists: Some(playlists.collect()),
        }
    }
}

/// Nodes, with the passwords of the default ones where they have their names.
fn made_nodes(state: &State, nodes: &[NodeFile]) -> Result<Vec<Node>, Problem> {
    let path = "lavalink.nodes";
    if nodes.is_empty() {
        let problem = Problem::new(path, "there is no node");
        return Err(problem.hint("name one, or leave `nodes` out"));
    }
    Problem::fits(path, "nodes", nodes.len(), bounds::NODES)?;
    let mut made: Vec<Node> = Vec::new();
    for (number, node) in nodes.iter().enumerate() {
        let path = format!("{path}[{number}].name");
        let name = &node.name;
        let fits = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if name.is_empty() || name.len() > 50 || !name.bytes().all(fits) {
            let message = format!("`{name}` is not up to 50 small letters, digits and hyphens");
            return Err(Problem::new(path, message));
        }
        if made.iter().any(|other| other.name == name) {
            return Err(Problem::new(
                path,
                format_args!("two nodes are named `{name}`"),
            ));
        }
        let known = NODES.iter().position(|known| known == name);
        let usual = || {
            let made = || {
                let mut secrets = state.world.mint(&format!("lavalink {name}"));
                format!("{:016x}", secrets.u64(..))
            };
            known.map_or_else(made, |index| state.nodes[index].password.clone())
        };
        let password = node.password.clone().unwrap_or_else(usual);
        made.push(Node::new(lasting(name), password, state.now()));
    }
    Ok(made)
}

fn add_tracks(catalogue: &mut Catalogue, tracks: &[TrackFile]) -> Result<(), Problem> {
    let path = "lavalink.tracks";
    Problem::fits(path, "tracks", tracks.len(), bounds::TRACKS)?;
    let mut seen = BTreeSet::new();
    for (number, track) in tracks.iter().enumerate() {
        let path = format!("{path}[{number}]");
        let identifier = &track.identifier;
        Problem::name(format_args!("{path}.identifier"), identifier)?;
        Problem::name(format_args!("{path}.source"), &track.source)?;
        Problem::text(format_args!("{path}.title"), &track.title)?;
        Problem::text(format_args!("{path}.author"), &track.author)?;
        if !seen.insert(identifier) {
            return Err(Problem::new(
                format_args!("{path}.identifier"),
                format_args!("two tracks have the identifier `{identifier}`"),
            ));
        }
        let fate = match (track.fails, track.breaks_at, track.sticks_at) {
            (false, None, None) => Fate::Plays,
            (true, None, None) => Fate::Fails,
            (false, Some(at), None) => Fate::Breaks(at.into()),
            (false, None, Some(at)) => Fate::Sticks(at.into()),
            _ => {
                let message = "a track has one of `fails`, `breaks_at` and `sticks_at`";
                return Err(Problem::new(path, message));
            }
        };
        let version = track.version.unwrap_or(3);
        if !(1..=3).contains(&version) {
            let message = format!("{version} is not a version from 1 to 3");
            return Err(Problem::new(format_args!("{path}.version"), message));
        }
        let usual = || {
            let is_video = track.source == "youtube" && version > 1;
            is_video.then(|| format!("https://www.youtube.com/watch?v={identifier}"))
        };
        let length = track.length.map_or(i64::MAX, i64::from);
        let info = TrackInfo {
            identifier: identifier.clone(),
            is_seekable: track.length.is_some(),
            author: track.author.clone(),
            length,
            is_stream: track.length.is_none(),
            position: 0,
            title: track.title.clone(),
            uri: track.uri.clone().or_else(usual),
            artwork_url: track.artwork_url.clone(),
            isrc: track.isrc.clone(),
            source_name: track.source.clone(),
        };
        let mut made = Track::in_version(info, version);
        made.plugin_info.clone_from(&track.plugin_info);
        catalogue.add(made, fate);
    }
    Ok(())
}

fn add_playlists(catalogue: &mut Catalogue, playlists: &[PlaylistFile]) -> Result<(), Problem> {
    let path = "lavalink.playlists";
    Problem::fits(path, "playlists", playlists.len(), bounds::IN_GUILD)?;
    catalogue.playlists.clear();
    for (number, list) in playlists.iter().enumerate() {
        let path = format!("{path}[{number}]");
        Problem::name(format_args!("{path}.uri"), &list.uri)?;
        Problem::fits(
            format_args!("{path}.tracks"),
            "tracks",
            list.tracks.len(),
            bounds::TRACKS,
        )?;
        if catalogue.playlists.contains_key(&list.uri) {
            return Err(Problem::new(
                format_args!("{path}.uri"),
                format_args!("two playlists have the address {}", list.uri),
            ));
        }
        let mut tracks = Vec::new();
        for (number, identifier) in list.tracks.iter().enumerate() {
            let entry = catalogue.entry(identifier).ok_or_else(|| {
                let path = format!("{path}.tracks[{number}]");
                let known = catalogue
                    .tracks()
                    .map(|track| track.info.identifier.as_str());
                Problem::unknown(path, "the catalogue", "track", identifier, known)
            })?;
            tracks.push(entry.track.clone());
        }
        let made = Playlist {
            name: list.name.clone(),
            selected: -1,
            plugin_info: list.plugin_info.clone(),
            tracks,
        };
        catalogue.playlists.insert(list.uri.clone(), made);
    }
    Ok(())
}

fn track_file(track: &Track, fate: Fate) -> TrackFile {
    let info = &track.info;
    let at = |at: i64| u32::try_from(at).ok();
    let length = Some(info.length).filter(|_| !info.is_stream);
    TrackFile {
        identifier: info.identifier.clone(),
        title: info.title.clone(),
        author: info.author.clone(),
        length: length.map(|length| u32::try_from(length).unwrap_or(u32::MAX)),
        source: info.source_name.clone(),
        uri: info.uri.clone(),
        artwork_url: info.artwork_url.clone(),
        isrc: info.isrc.clone(),
        version: Some(track.version()).filter(|version| *version != 3),
        plugin_info: track.plugin_info.clone(),
        fails: fate == Fate::Fails,
        breaks_at: match fate {
            Fate::Breaks(position) => at(position),
            _ => None,
        },
        sticks_at: match fate {
            Fate::Sticks(position) => at(position),
            _ => None,
        },
    }
}
