//! Places, people and messages of the simulated world, and the forms by which people act in it.

use std::borrow::Cow;

use maud::{Markup, html};
use serde_json::{Value, json};

use super::{
    Asked, PLATFORMS, command, list,
    simulation::{Simulation, Trouble},
    text,
};
use crate::{
    command::dashboard::pages::link,
    plain::{is_hidden, plain},
};

/// Places and people to choose from.
const CHOICES: usize = 500;
/// Messages of the place that are shown.
const MESSAGES: usize = 15;
/// Commands of bots that have a form.
const COMMANDS: usize = 50;

/// A place of a simulated platform with one of its people, and what they see.
#[derive(Default)]
pub(super) struct Scene {
    pub(super) asked: Asked,
    places: Vec<Value>,
    people: Vec<String>,
    messages: Vec<Value>,
    /// What the platform has beside messages: songs, commands, open forms, players.
    songs: Value,
    commands: Vec<Value>,
    forms: Vec<Value>,
}

impl Scene {
    /// Looks at a platform; where the place that was asked for is not, another is taken.
    ///
    /// # Errors
    /// The simulator does not answer.
    pub(super) async fn look(simulation: &Simulation, mut asked: Asked) -> Result<Self, Trouble> {
        let platform = asked.platform.clone();
        let look = async |name: &str, more: Value| {
            let mut command = command(&platform, name);
            if let (Value::Object(command), Value::Object(more)) = (&mut command, more) {
                command.extend(more);
            }
            simulation.look(&command).await
        };
        let mut scene = Self::default();
        if platform == "lavalink" {
            let players = look("players", json!({})).await?;
            scene.places = list(&players, "players").to_vec();
            for player in &mut scene.places {
                let (node, guild) = (text(player, "node"), text(player, "guild"));
                let (place, name) = (format!("{node}/{guild}"), format!("{node}: guild {guild}"));
                player["place"] = json!(place);
                player["name"] = json!(name);
            }
            scene.places.truncate(CHOICES);
        } else {
            let places = look("places", json!({"limit": CHOICES})).await?;
            scene.places = list(&places, "places").to_vec();
        }
        let is_there = |place: &Value| text(place, "place") == asked.place;
        if !scene.places.iter().any(is_there) {
            // An act may have taken its place away, and leads back all the same.
            if asked.done.is_none() {
                asked.miss(&asked.place.clone(), "place", "another one is shown");
            }
            // Of Discord's channels the first one for text.
            let is_text = |place: &&Value| place.get("type").is_none_or(|kind| *kind == 0);
            let first = scene.places.iter().find(is_text).or(scene.places.first());
            first
                .map_or("", |place| text(place, "place"))
                .clone_into(&mut asked.place);
        }
        scene.asked = asked;
        if platform == "lavalink" || scene.places.is_empty() {
            return Ok(scene);
        }
        let here = scene.here();
        let people = look("people", with(&here, "limit", json!(CHOICES))).await?;
        let people = list(&people, "people").iter().filter_map(Value::as_str);
        scene.people = people.map(str::to_owned).collect();
        if scene.asked.person.is_empty() {
            let known = scene.people.iter().find(|name| *name == "mira");
            let first = known.or(scene.people.first()).cloned();
            scene.asked.person = first.unwrap_or_else(|| "mira".to_owned());
        }
        let messages = look("messages", with(&here, "limit", json!(MESSAGES))).await?;
        scene.messages = list(&messages, "messages").to_vec();
        match &*platform {
            "queup" => scene.songs = look("songs", with(&here, "limit", json!(10))).await?,
            "discord" => {
                let by = json!(scene.asked.person);
                let commands = look("commands", with(&here, "by", by.clone())).await?;
                scene.commands = list(&commands, "commands").to_vec();
                let forms = look("forms", json!({"by": by})).await?;
                scene.forms = list(&forms, "forms").to_vec();
            }
            _ => {}
        }
        Ok(scene)
    }

    /// The field of a command that names the place.
    fn here(&self) -> Value {
        match self.room() {
            Some(room) => json!({"room": room}),
            None => json!({"place": self.asked.place}),
        }
    }

    /// Number of a Stack Exchange room.
    fn room(&self) -> Option<i64> {
        if self.asked.platform != "stackexchange" {
            return None;
        }
        self.asked.place.strip_prefix("room/")?.parse().ok()
    }

    fn place_name(&self) -> String {
        let place = self
            .places
            .iter()
            .find(|place| text(place, "place") == self.asked.place);
        place.map(shown_place).unwrap_or_default()
    }

    /// Forms to choose platform, place and person by.
    pub(super) fn where_and_who(&self) -> Markup {
        html! {
            nav.platforms aria-label="Platforms" {
                @for (name, shown) in PLATFORMS {
                    a href=(link("/sandbox", &[("platform", name), ("as", &self.asked.person)])) aria-current=[(name == self.asked.platform).then_some("page")] { (shown) }
                }
            }
            @if self.places.is_empty() {
                p.none { "There is no " @if self.asked.platform == "lavalink" { "player: a bot gets one when it enters a voice channel and plays" } @else { "place" } "." }
            } @else {
                form.filters method="get" action="/sandbox" {
                    input type="hidden" name="platform" value=(self.asked.platform);
                    label { "place" select name="place" {
                        @for place in &self.places {
                            option value=(text(place, "place")) selected[text(place, "place") == self.asked.place] { (plain(&shown_place(place))) }
                        }
                    } }
                    @if self.asked.platform != "lavalink" {
                        label { "person; a new name makes one" input name="as" value=(self.asked.person) list="people" autocomplete="off" required; }
                        datalist id="people" { @for name in self.people.iter().filter(|name| !name.contains(is_hidden)) { option value=(name) {} } }
                    }
                    button { "Go" }
                }
            }
        }
    }

    /// A form for a command; the fields that are given are hidden.
    fn form(&self, name: &str, given: &[(&str, &str)], fields: &Markup, button: &str) -> Markup {
        html! {
            form.act method="post" action="/sandbox/do" {
                input type="hidden" name="platform" value=(self.asked.platform);
                input type="hidden" name="do" value=(name);
                input type="hidden" name="at" value=(self.asked.place);
                input type="hidden" name="as" value=(self.asked.person);
                @for (name, value) in given { input type="hidden" name=(name) value=(value); }
                (fields)
                button { (plain(button)) }
            }
        }
    }

    /// The same with the place, the person, or both.
    fn acts(
        &self,
        name: &str,
        who: Who,
        more: &[(&str, &str)],
        fields: &Markup,
        button: &str,
    ) -> Markup {
        let room = self.room().map(|room| room.to_string());
        let mut given = more.to_vec();
        if matches!(who, Who::Here | Who::HereAs) {
            given.push(match &room {
                Some(room) => ("n.room", room),
                None => ("s.place", &self.asked.place),
            });
        }
        if matches!(who, Who::As | Who::HereAs) {
            given.push(("s.by", &self.asked.person));
        }
        self.form(name, &given, fields, button)
    }

    /// What the person can do here, and what can be done to the connections.
    pub(super) fn acting(&self) -> Markup {
        html! {
            @if !self.places.is_empty() {
                @match &*self.asked.platform {
                    "discord" => (self.discord()),
                    "queup" => (self.queup()),
                    "stackexchange" => (self.stackexchange()),
                    _ => (self.lavalink()),
                }
            }
            (self.connections())
            details.more id="any" {
                summary { "Any command" }
                p.note { "As in a script of `antiphon sim`; `GET /commands` of the control address lists them all." }
                form.act method="post" action="/sandbox/do" {
                    input type="hidden" name="at" value=(self.asked.place);
                    input type="hidden" name="as" value=(self.asked.person);
                    label.wide { "command" textarea name="command" rows="3" spellcheck="false" required {
                        (json!({"platform": self.asked.platform, "do": "traffic", "rate": 1}))
                    } }
                    button { "Do" }
                }
            }
        }
    }

    fn heading(&self) -> Markup {
        html! { h2 { "As " (plain(&self.asked.person)) " in " (plain(&self.place_name())) } }
    }

    fn discord(&self) -> Markup {
        let first = self.commands.first();
        let bot = first.map_or("antiphon", |one| text(one, "bot"));
        html! {
            (self.heading())
            (self.acts("say", Who::HereAs, &[], &input("s.text", "message", "", true), "Say"))
            @for form in &self.forms { (self.modal(form)) }
            details.more id="commands" open[!self.commands.is_empty() && self.commands.len() < 6] {
                summary { "Commands of bots (" (self.commands.len()) ")" }
                @if self.commands.is_empty() { p.none { "No bot has registered a command that can be used here." } }
                @for one in self.commands.iter().take(COMMANDS) { (self.command(text(one, "bot"), &one["command"])) }
                @if self.commands.len() > COMMANDS { p.note { "Only the first " (COMMANDS) " have a form." } }
            }
            details.more id="others" {
                summary { "Other things to do" }
                (self.acts("type", Who::HereAs, &[], &html! {}, "Type"))
                (self.acts("whisper", Who::As, &[], &html! { (input("s.text", "message to", "", true)) (input("s.to", "bot", bot, true)) }, "Whisper"))
                (self.acts("join", Who::As, &[("s.guild", &self.asked.place)], &html! {}, "Join the guild"))
                (self.acts("leave", Who::As, &[("s.guild", &self.asked.place)], &html! {}, "Leave the guild"))
                (self.acts("add_thread", Who::HereAs, &[], &input("s.name", "thread", "", true), "Begin a thread"))
                (self.acts("join_voice", Who::As, &[], &input("s.place", "voice channel", "stalls", true), "Enter voice"))
                (self.acts("leave_voice", Who::As, &[("s.guild", &self.asked.place)], &html! {}, "Leave voice"))
            }
        }
    }

    /// The form of a registered command: one for a slash command or each of its sub-commands.
    fn command(&self, bot: &str, command: &Value) -> Markup {
        let name = text(command, "name");
        let kind = command.get("type").and_then(Value::as_u64).unwrap_or(1);
        if kind != 1 {
            let target = if kind == 2 { "user" } else { "message's id" };
            let fields = input("s.target", target, "", true);
            return self.acts(
                "context",
                Who::HereAs,
                &[("s.bot", bot), ("s.name", name)],
                &fields,
                name,
            );
        }
        let mut forms = Vec::new();
        let options = list(command, "options");
        for (name, options) in sub_commands(name, options) {
            let asks = options.iter().any(|one| one["autocomplete"] == true);
            // The button that is pressed names the command, behind the field that does.
            let fields = html! {
                @for one in options { (option(one)) }
                @if asks { button name="do" value="autocomplete" formnovalidate { "Ask for choices" } }
            };
            let button = format!("/{name}");
            forms.push(self.acts(
                "command",
                Who::HereAs,
                &[("s.bot", bot), ("s.name", &name)],
                &fields,
                &button,
            ));
        }
        html! { @for form in forms { (form) } }
    }

    /// A modal that a bot has opened for the person.
    fn modal(&self, open: &Value) -> Markup {
        let form = &open["form"];
        let mut fields = Vec::new();
        modal_fields(&form["components"], "", &mut fields);
        let given = [
            ("s.bot", text(open, "bot")),
            ("s.custom_id", text(form, "custom_id")),
        ];
        html! {
            section.modal aria-label="A form" {
                h3 { (plain(text(form, "title"))) }
                p.note { "A form that " (plain(text(open, "bot"))) " has opened for " (plain(&self.asked.person)) "." }
                (self.acts("submit", Who::As, &given, &html! { @for field in &fields { (field) } }, "Submit"))
            }
        }
    }

    fn queup(&self) -> Markup {
        let playing = self.songs.get("playing").filter(|song| !song.is_null());
        html! {
            (self.heading())
            (self.acts("say", Who::HereAs, &[], &input("s.text", "message", "", true), "Say"))
            p { @if let Some(song) = playing {
                "♪ " strong { (plain(text(song, "song"))) } ", queued by " (plain(text(song, "by"))) ": " (song["updubs"]) " for, " (song["downdubs"]) " against, " (song["grabs"]) " grabs"
            } @else { span.none { "Nothing plays." } } }
            @if !list(&self.songs, "waiting").is_empty() {
                ol { @for song in list(&self.songs, "waiting") { li { (plain(text(song, "song"))) ", " (plain(text(song, "by"))) } } }
            }
            (self.acts("queue", Who::HereAs, &[], &input("s.song", "song: Artist - Title", "Lantern & Co - Slow Tide", true), "Queue"))
            div.row {
                (self.acts("dub", Who::HereAs, &[], &html! {}, "Upvote"))
                (self.acts("dub", Who::HereAs, &[("b.down", "true")], &html! {}, "Downvote"))
                (self.acts("grab", Who::HereAs, &[], &html! {}, "Grab"))
                (self.acts("skip", Who::HereAs, &[], &html! {}, "Skip"))
                (self.acts("join", Who::HereAs, &[], &html! {}, "Join"))
                (self.acts("leave", Who::HereAs, &[], &html! {}, "Leave"))
            }
            details.more id="others" {
                summary { "Other things to do" }
                (self.acts("whisper", Who::As, &[], &html! { (input("s.text", "message to", "", true)) (input("s.to", "user", "antiphon", true)) }, "Whisper"))
                (self.acts("mute", Who::HereAs, &[], &input("s.user", "user", "", true), "Mute"))
                (self.acts("unmute", Who::HereAs, &[], &input("s.user", "user", "", true), "Unmute"))
                (self.acts("kick", Who::HereAs, &[], &input("s.user", "user", "", true), "Kick"))
            }
        }
    }

    fn stackexchange(&self) -> Markup {
        html! {
            (self.heading())
            (self.acts("say", Who::HereAs, &[], &input("s.text", "message", "", true), "Post"))
            div.row {
                (self.acts("enter", Who::HereAs, &[], &html! {}, "Enter"))
                (self.acts("leave", Who::HereAs, &[], &html! {}, "Leave"))
            }
            details.more id="others" {
                summary { "Other things to do" }
                (self.acts("invite", Who::HereAs, &[], &input("s.user", "user", "", true), "Invite"))
                (self.acts("kick", Who::HereAs, &[], &input("s.user", "user", "", true), "Kick"))
            }
        }
    }

    fn lavalink(&self) -> Markup {
        let (node, guild) = self.asked.place.split_once('/').unwrap_or_default();
        let player = [("s.node", node), ("s.guild", guild)];
        let here = self
            .places
            .iter()
            .find(|place| text(place, "place") == self.asked.place);
        html! {
            h2 { "The player of " (plain(&self.place_name())) }
            @if let Some(here) = here {
                p { @if here["track"].is_null() { span.none { "Nothing plays." } } @else { "♪ " strong { (plain(text(here, "track"))) } " at " (here["position"]) " ms, volume " (here["volume"]) @if here["paused"] == true { ", paused" } @if here["connected"] == false { ", without voice" } } }
            }
            div.row {
                (self.form("finish", &player, &html! {}, "End the track"))
                (self.form("stick", &player, &html! {}, "Get it stuck"))
                (self.form("clean_up", &player, &html! {}, "Clean it up"))
            }
            (self.form("break_off", &player, &input("s.message", "exception", "Something broke when playing the track.", true), "Break it off"))
            (self.form("close_voice", &player, &input("n.code", "code", "4014", true), "Close the voice socket"))
        }
    }

    /// What can be done to the connections of the platform.
    fn connections(&self) -> Markup {
        let pause = |length: &str| input("s.for", "for", length, false);
        let code = match &*self.asked.platform {
            "discord" => "4000",
            _ => "1001",
        };
        let node = self
            .asked
            .place
            .split_once('/')
            .map_or("", |(node, _)| node);
        let of: &[(&str, &str)] = if self.asked.platform == "lavalink" && !node.is_empty() {
            &[("s.node", node)]
        } else {
            &[]
        };
        let form = |name: &str, fields: &Markup, button: &str| self.form(name, of, fields, button);
        html! {
            details.more id="connections" open {
                summary { "Break its connections" @if !of.is_empty() { ", of node " (plain(node)) } }
                div.row {
                    (form("cut", &pause("2s"), "Cut"))
                    (form("stall", &input("s.for", "for", "5s", true), "Stall"))
                    (form("close", &html! { (input("n.code", "code", code, true)) (input("s.reason", "reason", "", false)) }, "Close"))
                    (form("reset", &pause(""), "Reset"))
                    (form("half_open", &html! {}, "Leave half open"))
                    (form("refuse", &input("s.for", "for", "5s", true), "Refuse new ones"))
                    (form("refuse_logins", &input("n.times", "times", "1", true), "Refuse logins"))
                    @match &*self.asked.platform {
                        "discord" => {
                            (form("invalidate", &html! {}, "Invalidate sessions (op 9)"))
                            (form("reconnect", &html! {}, "Ask to reconnect (op 7)"))
                        }
                        "queup" => (form("expire_sessions", &html! {}, "End every login")),
                        "stackexchange" => (form("expire_cookies", &html! {}, "End every login")),
                        _ => (form("kill", &input("s.for", "for", "5s", false), "Kill the node")),
                    }
                    (form("fail", &html! { (input("s.requests", "requests", "*", true)) (input("n.times", "times", "1", true)) (input("e.status", "status", "500", true)) }, "Fail requests"))
                    (self.form("traffic", &[], &input("n.rate", "events a second", "1", true), "Ambient traffic"))
                }
            }
        }
    }

    /// The newest messages of the place, with what can be pressed.
    pub(super) fn messages(&self) -> Markup {
        if self.asked.platform == "lavalink" || self.places.is_empty() {
            return html! {};
        }
        html! {
            h2 { "Messages in " (plain(&self.place_name())) }
            @if self.messages.is_empty() { p.none { "None yet." } }
            ol.messages { @for message in &self.messages {
                @match &*self.asked.platform {
                    "discord" => (self.discord_message(message)),
                    _ => (self.chat_message(message)),
                }
            } }
        }
    }

    fn chat_message(&self, message: &Value) -> Markup {
        let (chat, id) = (text(message, "chat"), message["message"].to_string());
        let is_queup = self.asked.platform == "queup";
        let key = if is_queup { chat } else { &id };
        html! { li {
            strong { (plain(text(message, "by"))) } " "
            @if message["stars"].as_u64().unwrap_or_default() > 0 { span.note { "★ " (message["stars"]) } }
            p { (plain(text(message, "text"))) }
            details.acts id=(format!("m-{key}")) {
                summary { "act on it" }
                @if is_queup {
                    (self.acts("delete", Who::HereAs, &[("s.chat", chat)], &html! {}, "Delete"))
                } @else {
                    (self.acts("star", Who::As, &[("n.message", &id)], &html! {}, "Star"))
                    (self.acts("edit", Who::Nobody, &[("n.message", &id)], &input("s.text", "text", text(message, "text"), true), "Edit"))
                    (self.acts("delete", Who::As, &[("n.message", &id)], &html! {}, "Delete"))
                    (self.acts("move", Who::Here, &[("m.messages", &id)], &input("n.to", "to room", "", true), "Move"))
                }
            }
        } }
    }

    fn discord_message(&self, message: &Value) -> Markup {
        let (id, author) = (text(message, "id"), &message["author"]);
        let is_bot = author["bot"] == true;
        let content = named_mentions(text(message, "content"), list(message, "mentions"));
        let content = content.as_str();
        let named = [("s.message", id)];
        html! { li {
            strong { (plain(text(author, "username"))) } " "
            @if is_bot { span.note { "bot " } }
            @if !message["edited_timestamp"].is_null() { span.note { "edited " } }
            @let reader = text(message, "seen_by");
            @if !reader.is_empty() { span.note { "only " (plain(reader)) " sees it" } }
            @for line in content.lines() { p { (plain(line)) } }
            @for embed in list(message, "embeds") { (embed_of(embed)) }
            @for file in list(message, "attachments") { p.note { "file " (plain(text(file, "filename"))) } }
            @for component in list(message, "components") { (self.component(id, text(author, "username"), component)) }
            @if !list(message, "reactions").is_empty() {
                p.note { @for reaction in list(message, "reactions") { (plain(text(&reaction["emoji"], "name"))) " " (reaction["count"]) " " } }
            }
            details.acts id=(format!("m-{id}")) {
                summary { "act on it" }
                (self.acts("react", Who::HereAs, &named, &input("s.emoji", "emoji", "👍", true), "React"))
                (self.acts("say", Who::HereAs, &[("s.reply_to", id)], &input("s.text", "reply", "", true), "Reply"))
                @if !is_bot { (self.acts("edit", Who::Here, &named, &input("s.text", "text", content, true), "Edit")) }
                (self.acts("delete", Who::Here, &named, &html! {}, "Delete"))
                (self.acts("pin", Who::Here, &named, &html! {}, "Pin"))
            }
        } }
    }

    /// A component of a bot's message, with a form where it can be used.
    fn component(&self, message: &str, bot: &str, component: &Value) -> Markup {
        let inner = || {
            html! {
                @for one in list(component, "components") { (self.component(message, bot, one)) }
                @if let Some(accessory) = component.get("accessory") { (self.component(message, bot, accessory)) }
            }
        };
        let id = text(component, "custom_id");
        let given = [("s.bot", bot), ("s.message", message), ("s.custom_id", id)];
        let is_off = component["disabled"] == true;
        match component["type"].as_u64() {
            Some(2) if id.is_empty() => {
                html! { span.note { (plain(&label_of(component))) " (leads elsewhere)" } }
            }
            Some(2) if is_off => html! { button disabled { (plain(&label_of(component))) } },
            Some(2) => self.acts(
                "press",
                Who::HereAs,
                &given,
                &html! {},
                &plain(&label_of(component)),
            ),
            Some(3 | 5..=8) if is_off => html! { p.note { "a menu that is switched off" } },
            Some(3 | 5..=8) => {
                let fields = menu(component, "l.values");
                self.acts("select", Who::HereAs, &given, &fields, "Choose")
            }
            Some(10) => {
                html! { @for line in text(component, "content").lines() { p { (plain(line)) } } }
            }
            Some(1) => html! { div.row { (inner()) } },
            Some(9 | 17) => html! { div.container { (inner()) } },
            _ => html! {},
        }
    }
}

/// Which fields of a command the page fills in.
#[derive(Clone, Copy)]
enum Who {
    Nobody,
    Here,
    As,
    HereAs,
}

/// An object with one more field.
fn with(object: &Value, name: &str, value: Value) -> Value {
    let mut object = object.clone();
    object[name] = value;
    object
}

fn shown_place(place: &Value) -> String {
    let (name, guild) = (text(place, "name"), text(place, "guild"));
    match place.get("type").and_then(Value::as_u64) {
        Some(2 | 13) => format!("{guild} / 🔊 {name}"),
        Some(_) if guild.is_empty() => format!("conversation: {name}"),
        Some(_) => format!("{guild} / #{name}"),
        None => name.to_owned(),
    }
}

/// What a field begins with: the text, or nothing where it has characters that nobody sees, with the text written out
/// beside it.
fn begun(value: &str) -> (&str, Option<Cow<'_, str>>) {
    if value.contains(|character| character != '\n' && is_hidden(character)) {
        return ("", Some(plain(value)));
    }
    (value, None)
}

fn input(field: &str, label: &str, value: &str, required: bool) -> Markup {
    let (value, written_out) = begun(value);
    let is_long = ["s.text", "s.song", "s.message"].contains(&field);
    let is_short = field.starts_with("n.") || field.starts_with("e.") || field == "s.for";
    html! { label.long[is_long] {
        (plain(label))
        // A field of one line would lose the others.
        @if value.contains('\n') {
            textarea name=(field) rows="3" required[required] { (value) }
        } @else {
            input name=(field) value=(value) placeholder=[written_out] required[required] size=[is_short.then_some("7")] autocomplete="off";
        }
    } }
}

/// A text of Discord with the names of the users that it mentions.
fn named_mentions(text: &str, users: &[Value]) -> String {
    users.iter().fold(text.to_owned(), |text, user| {
        let (id, name) = (super::text(user, "id"), super::text(user, "username"));
        let shown = format!("@{name}");
        text.replace(&format!("<@{id}>"), &shown)
            .replace(&format!("<@!{id}>"), &shown)
    })
}

/// The name of a button: its label, its emoji or its custom id.
fn label_of(component: &Value) -> String {
    let emoji = component
        .get("emoji")
        .map_or("", |emoji| text(emoji, "name"));
    let label = [emoji, text(component, "label")].join(" ");
    if label.trim().is_empty() {
        text(component, "custom_id").to_owned()
    } else {
        label.trim().to_owned()
    }
}

/// A select menu: its options, or a field for the name of a user, role or channel.
fn menu(component: &Value, field: &str) -> Markup {
    let shown = match text(component, "placeholder") {
        "" => "choice",
        placeholder => placeholder,
    };
    let what = match component["type"].as_u64() {
        Some(5) => "a user",
        Some(6) => "a role",
        Some(7) => "a user or a role",
        Some(8) => "a channel",
        _ => "",
    };
    let is_many = component
        .get("max_values")
        .and_then(Value::as_u64)
        .unwrap_or(1)
        > 1;
    html! { label { (plain(shown)) @if what.is_empty() {
        select name=(field) multiple[is_many] {
            @for option in list(component, "options") {
                option value=(text(option, "value")) selected[option["default"] == true] { (plain(text(option, "label"))) }
            }
        }
    } @else {
        input name=(field) placeholder=(what) autocomplete="off";
    } } }
}

/// A slash command and its sub-commands with their options, those that can be used alone.
fn sub_commands<'a>(name: &str, options: &'a [Value]) -> Vec<(String, &'a [Value])> {
    let is_sub = |option: &&Value| matches!(option["type"].as_u64(), Some(1 | 2));
    let subs: Vec<&Value> = options.iter().filter(is_sub).collect();
    if subs.is_empty() {
        return vec![(name.to_owned(), options)];
    }
    let all = subs.into_iter().flat_map(|sub| {
        let name = format!("{name} {}", text(sub, "name"));
        sub_commands(&name, list(sub, "options"))
    });
    all.collect()
}

/// A field for an option of a slash command.
fn option(option: &Value) -> Markup {
    let (name, required) = (text(option, "name"), option["required"] == true);
    let choices = list(option, "choices");
    let is_scalar = matches!(option["type"].as_u64(), Some(4 | 5 | 10));
    let field = format!("{}.{name}", if is_scalar { "p" } else { "o" });
    let what = match option["type"].as_u64() {
        Some(6) => "a user",
        Some(7) => "a channel",
        Some(8) => "a role",
        Some(9) => "a user or a role",
        Some(11) => "a file's name",
        _ if required => "",
        _ => "may be left out",
    };
    let value = |choice: &Value| match &choice["value"] {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    html! { label { (plain(name)) @if !choices.is_empty() {
        select name=(field) {
            @if !required { option value="" {} }
            @for choice in choices { option value=(value(choice)) { (plain(text(choice, "name"))) } }
        }
    } @else if option["type"] == 5 {
        select name=(field) { @if !required { option value="" {} } option { "true" } option { "false" } }
    } @else {
        input name=(field) required[required] title=(plain(text(option, "description"))) placeholder=(what) autocomplete="off";
    } } }
}

/// The fields of a modal, at every depth.
fn modal_fields(components: &Value, label: &str, fields: &mut Vec<Markup>) {
    for component in components.as_array().into_iter().flatten() {
        let id = text(component, "custom_id");
        let label = match text(component, "label") {
            "" => label,
            own => own,
        };
        match component["type"].as_u64() {
            Some(4) => {
                let field = format!("f.{id}");
                let (value, written_out) = begun(text(component, "value"));
                let placeholder =
                    written_out.unwrap_or_else(|| plain(text(component, "placeholder")));
                let required = component["required"] != false;
                fields.push(html! { label { (plain(label)) @if component["style"] == 2 {
                    textarea name=(field) rows="3" required[required] placeholder=(placeholder) { (value) }
                } @else {
                    input name=(field) value=(value) required[required] placeholder=(placeholder) autocomplete="off";
                } } });
            }
            Some(3 | 5..=8) => {
                let mut named = component.clone();
                if text(&named, "placeholder").is_empty() {
                    named["placeholder"] = json!(label);
                }
                fields.push(menu(&named, &format!("F.{id}")));
            }
            Some(10) => fields.push(html! { p { (plain(text(component, "content"))) } }),
            Some(_) if !id.is_empty() => fields.push(input(&format!("f.{id}"), label, "", false)),
            _ => {
                modal_fields(&component["components"], label, fields);
                if let Some(inner) = component.get("component") {
                    modal_fields(&json!([inner]), label, fields);
                }
            }
        }
    }
}

/// What an embed says.
fn embed_of(embed: &Value) -> Markup {
    html! { div.container {
        @if !text(embed, "title").is_empty() { strong { (plain(text(embed, "title"))) } }
        @for line in text(embed, "description").lines() { p { (plain(line)) } }
        @if !list(embed, "fields").is_empty() { dl.facts { @for field in list(embed, "fields") {
            dt { (plain(text(field, "name"))) } dd { (plain(text(field, "value"))) }
        } } }
        @if let Some(footer) = embed.get("footer") { p.note { (plain(text(footer, "text"))) } }
    } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_with_sub_commands_has_a_form_for_each() {
        let song = json!({"name": "song", "type": 3});
        let add = json!({"name": "add", "type": 1, "options": [song]});
        let skip = json!({"name": "skip", "type": 1});
        let queue = json!([{"name": "queue", "type": 2, "options": [add, skip]}]);
        let all = sub_commands("music", queue.as_array().expect("a list"));
        let names: Vec<&str> = all.iter().map(|(name, _)| &**name).collect();
        assert_eq!(names, ["music queue add", "music queue skip"]);
        assert_eq!(all[0].1[0]["name"], "song");
        assert_eq!(sub_commands("ping", &[])[0].0, "ping");
    }

    #[test]
    fn the_fields_of_a_modal_are_found_at_every_depth() {
        let modal = json!([
            {"type": 1, "components": [{"type": 4, "custom_id": "name", "label": "Your name", "style": 1}]},
            {"type": 18, "label": "Your voice", "component": {"type": 3, "custom_id": "voice", "options": [{"label": "Alto", "value": "alto"}]}},
        ]);
        let mut fields = Vec::new();
        modal_fields(&modal, "", &mut fields);
        let html: String = fields.into_iter().map(maud::Markup::into_string).collect();
        for part in [
            "f.name",
            "Your name",
            "F.voice",
            "Your voice",
            "value=\"alto\"",
        ] {
            assert!(html.contains(part), "{part}: {html}");
        }
    }

    #[test]
    fn a_field_holds_no_character_that_nobody_sees() {
        let html = input("s.text", "text", "a\u{202e}b\0", true).into_string();
        assert!(!html.contains(['\u{202e}', '\0']), "{html}");
        assert!(
            html.contains("value=\"\"") && html.contains("a\\u{202e}b\\u{0}"),
            "{html}"
        );
        let lines = input("s.text", "text", "one\ntwo", true).into_string();
        assert!(lines.contains("one\ntwo"), "{lines}");
    }

    #[test]
    fn what_bots_send_is_never_markup() {
        let scene = Scene {
            asked: Asked {
                platform: "discord".to_owned(),
                place: "\"><i>".to_owned(),
                person: "<b>".to_owned(),
                ..Asked::default()
            },
            places: vec![json!({"place": "\"><i>", "name": "<b>", "guild": "<b>", "type": 0})],
            people: vec!["<b>".to_owned()],
            messages: vec![json!({
                "id": "1", "content": "<script>alert(1)</script>\u{202e}", "author": {"username": "<b>", "bot": true},
                "embeds": [{"title": "<b>", "fields": [{"name": "<b>", "value": "<b>"}]}],
                "components": [{"type": 1, "components": [{"type": 2, "label": "<b>", "custom_id": "\"><i>"}, {"type": 3, "custom_id": "x", "options": [{"label": "<b>", "value": "\"><i>"}]}]}],
            })],
            songs: Value::Null,
            commands: vec![
                json!({"bot": "<b>", "command": {"name": "<b>", "options": [{"name": "<b>", "type": 3, "description": "\"><i>"}]}}),
            ],
            forms: vec![
                json!({"bot": "<b>", "form": {"title": "<b>", "custom_id": "\"><i>", "components": []}}),
            ],
        };
        let html = [scene.where_and_who(), scene.messages(), scene.acting()];
        for markup in html.map(maud::Markup::into_string) {
            for inside in ["<b>", "<i>", "<script", "\u{202e}"] {
                assert!(!markup.contains(inside), "{inside}: {markup}");
            }
        }
    }
}
