//! Search of messages and threads.

use antiphon_sim::Simulator;
use serde_json::{Value, json};

use super::{client::Rest, quiet};

fn begun() -> (Simulator, Rest, String) {
    let (sim, rest, _) = quiet();
    let path = format!("/guilds/{}/messages/search", sim.discord().guild_id());
    (sim, rest, path)
}

/// Texts of the messages that a search found.
fn texts(found: &Value) -> Vec<&str> {
    let messages = found["messages"].as_array().expect("messages").iter();
    messages
        .map(|one| one[0]["content"].as_str().expect("a text"))
        .collect()
}

// https://docs.discord.com/developers/resources/message#search-guild-messages
#[tokio::test(start_paused = true)]
async fn messages_are_found_by_what_they_say_and_have() {
    let (sim, rest, path) = begun();
    let discord = sim.discord();
    discord.say("loft", "mira", "evensong at six");
    discord.say("lobby", "teo", "Evensong, or vespers?");
    discord.say("loft", "iris", "see https://example.org/hymns");
    discord.say("crypt", "mira", "evensong in the crypt");
    let (mira, teo) = (discord.user("mira"), discord.user("teo"));
    let loft = format!("/channels/{}", discord.channel_id());
    let own = rest
        .post(
            &format!("{loft}/messages"),
            &json!({"content": format!("evensong, <@{mira}>"), "embeds": [{"title": "hymns"}]}),
        )
        .await
        .ok();
    let own_text = own["content"].as_str().expect("a text");
    for (query, expected) in [
        (
            "content=evensong".to_owned(),
            vec![own_text, "Evensong, or vespers?", "evensong at six"],
        ),
        (
            "content=evensong&sort_order=asc&limit=1".into(),
            vec!["evensong at six"],
        ),
        (
            "content=evensong&offset=1&limit=1".into(),
            vec!["Evensong, or vespers?"],
        ),
        (
            format!("content=evensong&author_id={mira}&author_id={teo}"),
            vec!["Evensong, or vespers?", "evensong at six"],
        ),
        (
            format!("content=evensong&channel_id={}", discord.channel_id()),
            vec![own_text, "evensong at six"],
        ),
        ("has=link".into(), vec!["see https://example.org/hymns"]),
        ("has=embed".into(), vec![own_text]),
        (
            "has=-embed&content=evensong".into(),
            vec!["Evensong, or vespers?", "evensong at six"],
        ),
        ("author_type=bot".into(), vec![own_text]),
        (format!("mentions={mira}"), vec![own_text]),
        (
            "link_hostname=example.org".into(),
            vec!["see https://example.org/hymns"],
        ),
        ("pinned=true".into(), vec![]),
        ("content=madrigal".into(), vec![]),
    ] {
        let found = rest.get(&format!("{path}?{query}")).await.ok();
        assert_eq!(texts(&found), expected, "{query}");
        assert_eq!(found["doing_deep_historical_index"], false);
    }
    let page = rest
        .get(&format!("{path}?content=evensong&limit=1"))
        .await
        .ok();
    assert_eq!(page["total_results"], 3);
    assert_eq!(page["messages"][0][0]["hit"], true);
}

#[tokio::test(start_paused = true)]
async fn a_search_is_refused_beyond_its_bounds() {
    let (sim, rest, path) = begun();
    for query in [
        "limit=0",
        "limit=26",
        "offset=9976",
        "has=wings",
        "author_type=ghost",
        "author_id=mira",
        "sort_by=length",
        "sort_order=up",
        "min_id=x",
        "slop=101",
        "pinned=maybe",
    ] {
        let answer = rest.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.code(), (400, 50035), "{query}");
    }
    let long = format!("{path}?content={}", "x".repeat(1025));
    assert_eq!(rest.get(&long).await.code(), (400, 50035));
    let crypt = sim.discord().channel("crypt").expect("a channel");
    let hidden = rest.get(&format!("{path}?channel_id={crypt}")).await;
    assert_eq!(hidden.code(), (403, 50001));
    let unknown = rest.get(&format!("{path}?channel_id=5")).await;
    assert_eq!(unknown.code(), (404, 10003));
}

#[tokio::test(start_paused = true)]
async fn threads_of_a_forum_are_found_by_name_and_tag() {
    let (sim, rest, _) = begun();
    let guild = sim.discord().guild_id();
    let forum = rest
        .post(
            &format!("/guilds/{guild}/channels"),
            &json!({"name": "questions", "type": 15, "available_tags": [{"name": "song"}, {"name": "key"}]}),
        )
        .await
        .json();
    let forum_id = forum["id"].as_str().expect("an id");
    let tags = [
        &forum["available_tags"][0]["id"],
        &forum["available_tags"][1]["id"],
    ];
    let mut made = Vec::new();
    for (name, tags) in [
        ("which key for psalms", vec![tags[1]]),
        ("which song", vec![tags[0]]),
        ("both, for psalms", tags.to_vec()),
    ] {
        let body = json!({"name": name, "applied_tags": tags, "message": {"content": name}});
        let path = format!("/channels/{forum_id}/threads");
        made.push(rest.post(&path, &body).await.json());
    }
    let closed = format!("/channels/{}", made[1]["id"].as_str().expect("an id"));
    rest.patch(&closed, &json!({"archived": true})).await.ok();
    let path = format!("/channels/{forum_id}/threads/search");
    let (song, key) = (
        tags[0].as_str().expect("an id"),
        tags[1].as_str().expect("an id"),
    );
    for (query, expected) in [
        ("name=psalms".to_owned(), vec![2, 0]),
        (
            "name=psalms&sort_by=creation_time&sort_order=asc".into(),
            vec![0, 2],
        ),
        ("archived=true".into(), vec![1]),
        (format!("tag={song},{key}&tag_setting=match_all"), vec![2]),
        (
            format!("tag={song}&tag={key}&tag_setting=match_some"),
            vec![2, 1, 0],
        ),
        ("limit=1&offset=2".into(), vec![0]),
    ] {
        let found = rest.get(&format!("{path}?{query}")).await.ok();
        let threads = found["threads"].as_array().expect("threads").iter();
        let threads: Vec<&Value> = threads.map(|one| &one["id"]).collect();
        let wanted: Vec<&Value> = expected.iter().map(|at: &usize| &made[*at]["id"]).collect();
        assert_eq!(threads, wanted, "{query}");
        let first = found["first_messages"].as_array().expect("messages");
        assert_eq!(first.len(), threads.len());
    }
    let page = rest.get(&format!("{path}?limit=1")).await.ok();
    assert_eq!(
        (&page["has_more"], &page["total_results"]),
        (&json!(true), &json!(3))
    );
    for query in ["limit=26", "tag_setting=none", "archived=x", "tag=x"] {
        let answer = rest.get(&format!("{path}?{query}")).await;
        assert_eq!(answer.code(), (400, 50035), "{query}");
    }
}
