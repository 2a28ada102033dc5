//! World files: what they make, what is refused, and the way back.

use std::{collections::BTreeMap, time::Duration};

use antiphon_sim::{Command, Options, Simulator, WorldFile, lavalink::Node};
use proptest::prelude::*;

const EXAMPLE: &str = include_str!("../../../../examples/observatory.toml");

fn begun(file: &WorldFile) -> Simulator {
    Simulator::over_pipes(&Options::new().seed(7).world(file.clone()))
}

#[track_caller]
fn refused(text: &str, line: Option<usize>, message: &str, hint: Option<&str>) {
    let error = WorldFile::from_toml(text).expect_err("it is wrong");
    assert_eq!(error.to_string(), message);
    assert_eq!((error.line(), error.hint()), (line, hint));
}

/// The world that a file in the present world's form makes is the present world.
#[track_caller]
fn comes_back(sim: &Simulator) {
    let present = sim.present_world();
    let read = WorldFile::from_json(&present.to_json()).expect("the present world loads");
    assert_eq!(read, present);
    // Another seed and another run change nothing that a file says.
    let again = Simulator::over_pipes(&Options::new().seed(99).run(5).world(read));
    assert_eq!(again.present_world().to_json(), present.to_json());
}

#[tokio::test(start_paused = true)]
async fn the_example_makes_what_it_says() {
    let file = WorldFile::from_toml(EXAMPLE).expect("the example is right");
    let sim = begun(&file);
    let discord = sim.discord();
    let bot = discord.account();
    assert_eq!(
        (&*bot.username, bot.token.expose()),
        ("orrery", "orrery.for.tests")
    );
    assert_eq!(discord.guild_id(), 197_038_439_483_310_086);
    assert_eq!(Some(discord.channel_id()), discord.channel("dome"));
    assert_eq!(
        Some(discord.voice_channel_id()),
        discord.channel("eyepiece")
    );
    assert_eq!(discord.user("ada"), 80_351_110_224_678_912);

    let queup = sim.queup();
    let login = queup.account();
    assert_eq!(
        (&*login.email, login.password.expose()),
        ("orrery@example.org", "twelve o'clock")
    );
    let party = queup.find_room("star-party").expect("a room");
    assert!(party.has("vera") && queup.find_room("choir-loft").is_none());

    let chat = sim.stackexchange();
    assert_eq!(chat.account().username, "orrery");
    assert_eq!(
        chat.texts(1610),
        ["Is that Jupiter or a **lamp**?", "It has moons."]
    );

    let nodes: Vec<_> = sim.lavalink().nodes().iter().map(Node::name).collect();
    assert_eq!(nodes, ["dome"]);
    comes_back(&sim);
}

#[tokio::test(start_paused = true)]
async fn ids_that_are_left_out_follow_from_the_seed_and_not_from_the_run() {
    let file = WorldFile::from_toml(EXAMPLE).expect("the example is right");
    let dome = |seed, run| {
        let options = Options::new().seed(seed).run(run).world(file.clone());
        Simulator::over_pipes(&options).discord().channel("dome")
    };
    assert_eq!(dome(1, 1), dome(1, 2));
    assert_ne!(dome(1, 1), dome(2, 1));
}

#[tokio::test(start_paused = true)]
async fn the_default_world_and_an_empty_one_come_back() {
    comes_back(&Simulator::with_seed(3));
    let empty = WorldFile::from_toml("inherit = false").expect("it is right");
    let sim = begun(&empty);
    assert_eq!(
        (sim.discord().guild_id(), sim.discord().accounts().len()),
        (0, 1)
    );
    assert!(sim.queup().find_room("choir-loft").is_none());
    // Nothing can happen there, and nothing breaks.
    sim.discord().traffic(50);
    sim.stackexchange().traffic(50);
    sim.queup().traffic(50);
    tokio::time::sleep(Duration::from_secs(2)).await;
    comes_back(&sim);
}

#[tokio::test(start_paused = true)]
async fn toml_is_given_back_as_well() {
    let sim = begun(&WorldFile::from_toml(EXAMPLE).expect("the example is right"));
    let toml = sim.present_world().to_toml();
    let again = begun(&WorldFile::from_toml(&toml).expect("the present world loads"));
    assert_eq!(again.present_world().to_toml(), toml);
}

#[tokio::test(start_paused = true)]
async fn a_list_that_is_left_out_is_the_default_one() {
    let file = WorldFile::from_toml("[[discord.bots]]\nname = \"orrery\"\n").expect("it is right");
    let discord = begun(&file).discord();
    assert_eq!(discord.account().username, "orrery");
    assert!(discord.channel("loft").is_some());
    assert!(discord.say("loft", "mira", "good evening") != 0);
}

#[test]
fn a_misspelt_key_is_refused_with_its_line_and_the_nearest_key() {
    refused(
        "[[discord.guilds]]\nname = \"dome\"\nowner = \"ada\"\nchanels = []\n",
        Some(4),
        "discord.guilds[0]: there is no key `chanels`",
        Some("did you mean `channels`?"),
    );
    refused(
        "[queup]\nroms = []\n",
        Some(2),
        "queup: there is no key `roms`",
        Some("did you mean `rooms`?"),
    );
    let error =
        WorldFile::from_json("{\n \"discord\": {\n  \"gilds\": []}}").expect_err("it is wrong");
    assert_eq!(error.to_string(), "discord: there is no key `gilds`");
    assert_eq!(
        (error.line(), error.hint()),
        (Some(3), Some("did you mean `guilds`?"))
    );
}

#[test]
fn what_cannot_be_is_refused_with_its_place() {
    let guild =
        |rest: &str| format!("[[discord.guilds]]\nname = \"dome\"\nowner = \"ada\"\n{rest}\n");
    refused(
        &guild(
            "roles = [{ name = \"Keepers\" }]\nmembers = [{ name = \"hal\", roles = [\"Keeper\"] }]",
        ),
        Some(5),
        "discord.guilds[0].members[0].roles[0]: guild `dome` has no role `Keeper`",
        Some("did you mean `Keepers`?"),
    );
    refused(
        &guild("channels = [\n{ name = \"a\", id = 7 },\n{ name = \"b\", id = \"7\" },\n]"),
        Some(6),
        "discord.guilds[0].channels[1].id: two objects have the id 7",
        None,
    );
    refused(
        &guild("roles = [{ name = \"Keepers\", permissions = [\"KICK_MEMBER\"] }]"),
        Some(4),
        "discord.guilds[0].roles[0].permissions: there is no permission `KICK_MEMBER`",
        Some("did you mean `KICK_MEMBERS`?"),
    );
    refused(
        &guild("channels = [{ name = \"a\", kind = \"txt\" }]"),
        Some(4),
        "discord.guilds[0].channels[0].kind: there is no `txt`",
        Some("did you mean `text`?"),
    );
    refused(
        &guild("channels = [{ name = \"a\" }, { name = \"b\", parent = \"a\" }]"),
        Some(4),
        "discord.guilds[0].channels[1].parent: `b` cannot be in a channel of the kind `text`",
        Some("it can be in one of the kind `category`"),
    );
    refused(
        &guild("members = [{ name = \"hal\" }, { name = \"hal\" }]"),
        Some(4),
        "discord.guilds[0].members[1].name: `hal` is a member twice",
        None,
    );
    refused(
        &guild("members = [{ name = \"hal\", since = \"yesterday\" }]"),
        Some(4),
        "discord.guilds[0].members[0].since: `yesterday` is not a time in quotes such as \"2026-01-31T12:00:00Z\" or \"2026-01-31\"",
        None,
    );
    refused(
        "[[discord.guilds]]\nname = \"dome\"\n",
        Some(1),
        "discord.guilds[0]: the key `owner` is missing",
        None,
    );
    refused(
        "[[queup.rooms]]\nslug = \"a\"\nowner = \"ada\"\npeople = [{ name = \"ada\", role = \"boss\" }]\n",
        Some(4),
        "queup.rooms[0].people[0].role: a room has no role `boss`",
        Some("there are `co-owner`, `manager`, `mod`, `vip`, `resident-dj`, `dj`, `member`"),
    );
    refused(
        "[[stackexchange.rooms]]\nid = 1\nname = \"a\"\nhistory = [{ by = \"ada\", text = \"hm\", reply_to = 5 }]\n",
        Some(4),
        "stackexchange.rooms[0].history[0].reply_to: no earlier message has the id 5",
        Some("give the message that it replies to an `id`"),
    );
    refused(
        "[lavalink]\nnodes = [{ name = \"EU 1\" }]\n",
        Some(2),
        "lavalink.nodes[0].name: `EU 1` is not up to 50 small letters, digits and hyphens",
        None,
    );
    let many = "{ name = \"a\" },".repeat(501);
    refused(
        &guild(&format!("emojis = [{many}]")),
        Some(4),
        "discord.guilds[0].emojis: there are 501 emojis, and 500 at most",
        None,
    );
    let long = " ".repeat(WorldFile::BYTES + 1);
    refused(&long, None, "a world file has at most 16 MiB", None);
}

#[test]
fn the_schema_is_the_one_in_the_documentation() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/world.schema.json");
    let schema = format!("{:#}\n", WorldFile::schema());
    if std::env::var_os("RENEW").is_some() {
        std::fs::write(path, &schema).expect("the schema can be written");
    }
    let known = std::fs::read_to_string(path).unwrap_or_default();
    assert!(
        known == schema,
        "renew docs/world.schema.json by `just world`"
    );
}

/// Commands that change a world for longer than they take.
const COMMANDS: [&str; 24] = [
    r#"{"do":"add_channel","platform":"discord","by":"mira","name":"attic"}"#,
    r#"{"do":"topic","platform":"discord","place":"loft","by":"mira","text":"hymns"}"#,
    r#"{"do":"remove_channel","platform":"discord","by":"mira","place":"attic"}"#,
    r#"{"do":"add_thread","platform":"discord","place":"loft","by":"mira","name":"descants"}"#,
    r#"{"do":"add_role","platform":"discord","by":"mira","name":"Sopranos"}"#,
    r#"{"do":"give_role","platform":"discord","by":"mira","user":"otto","role":"Sopranos"}"#,
    r#"{"do":"remove_role","platform":"discord","by":"mira","role":"Sopranos"}"#,
    r#"{"do":"nick","platform":"discord","by":"teo","nick":"Teo the Loud"}"#,
    r#"{"do":"ban","platform":"discord","by":"mira","user":"otto"}"#,
    r#"{"do":"unban","platform":"discord","by":"mira","user":"otto"}"#,
    r#"{"do":"rename_guild","platform":"discord","by":"mira","name":"cathedral"}"#,
    r#"{"do":"add_guild","platform":"discord","name":"crypt guild"}"#,
    r#"{"do":"register","platform":"discord","command":{"name":"ping","description":"Answers"}}"#,
    r#"{"do":"crowd","platform":"discord","members":60}"#,
    r#"{"do":"say","place":"room/choir-loft","by":"mira","text":"hello"}"#,
    r#"{"do":"join","place":"room/choir-loft","by":"echo7"}"#,
    r#"{"do":"leave","place":"room/choir-loft","by":"suki"}"#,
    r#"{"do":"ban","place":"room/choir-loft","by":"mira","user":"noor","minutes":5}"#,
    r#"{"do":"rename","by":"pablo","name":"Pablo II"}"#,
    r#"{"do":"say","platform":"stackexchange","by":"teo","text":"hello & *welcome*"}"#,
    r#"{"do":"enter","platform":"stackexchange","by":"ingrid"}"#,
    r#"{"do":"kick","platform":"stackexchange","by":"mira","user":"teo"}"#,
    r#"{"do":"access","platform":"stackexchange","by":"mira","user":"iris","level":"owner"}"#,
    r#"{"do":"add_track","platform":"lavalink","identifier":"evensong___","author":"The Choir","title":"Evensong","length":180000}"#,
];

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    #[test]
    fn any_world_comes_back_after_traffic_and_commands(
        seed in 0u64..1000,
        is_example: bool,
        seconds in 0u64..8,
        commands in proptest::collection::vec(0..COMMANDS.len(), 0..16),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .start_paused(true)
            .build()
            .expect("a runtime");
        runtime.block_on(async {
            let mut options = Options::new().seed(seed).rate(100);
            if is_example {
                options = options.world(WorldFile::from_toml(EXAMPLE).expect("the example is right"));
            }
            let sim = Simulator::over_pipes(&options);
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            for number in commands {
                let command = Command::parse(COMMANDS[number]).expect("a command");
                // Some are refused, such as the removal of a role that is gone.
                let _ = sim.execute(&command);
            }
            tokio::time::sleep(Duration::from_secs(seconds)).await;
            comes_back(&sim);
        });
    }
}

#[test]
fn every_command_of_the_property_is_one_that_there_is() {
    let known: BTreeMap<bool, usize> = COMMANDS.iter().fold(BTreeMap::new(), |mut counts, text| {
        let parsed = Command::parse(text);
        *counts.entry(parsed.is_ok()).or_default() += 1;
        assert!(parsed.is_ok(), "{text}: {parsed:?}");
        counts
    });
    assert_eq!(known[&true], COMMANDS.len());
}
