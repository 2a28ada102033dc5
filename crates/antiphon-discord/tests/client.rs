//! What the client has beside a method for each route: raw requests, streams, downloads, typing, webhooks, defaults.

#[allow(dead_code, reason = "each test binary uses a part of it")]
#[path = "rest/bodies.rs"]
mod bodies;
#[allow(dead_code, reason = "each test binary uses a part of it")]
mod rest;

use std::{future::IntoFuture as _, time::Duration};

use antiphon_core::{Draft, Event, Kind, Origin, Place, Position};
use antiphon_discord::{
    self as discord, Client, Config, DownloadError, File, Intents, Method, RequestError,
    RequestPath,
    model::{
        AllowedMentions, Interaction, from_str,
        id::{
            Id,
            marker::{ChannelMarker, GuildMarker},
        },
        moment_of,
    },
};
use antiphon_sim::{RestFault, Simulator};
use futures_util::{StreamExt as _, TryStreamExt as _};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::rest::{Reply, Seen, Server, TOKEN};

const LOFT: Id<ChannelMarker> = Id::new(22);
const CHOIR: Id<GuildMarker> = Id::new(11);

/// A client of a simulated Discord.
fn simulated() -> (Simulator, Client, Id<ChannelMarker>, Id<GuildMarker>) {
    let sim = Simulator::with_seed(7);
    let config = Config::new(sim.discord().token(), Intents::empty());
    let (client, _) = discord::connect(config.network(sim.network()).clock(sim.clock()));
    let (loft, choir) = (sim.discord().channel_id(), sim.discord().guild_id());
    (sim, client, Id::new(loft), Id::new(choir))
}

fn empty() -> Server {
    Server::new(|_, _| Reply::status(204, ""))
}

mod raw_requests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_raw_request_is_sent_as_it_was_put_together() {
        let server = Server::new(|_, _| Reply::ok(r#"{"id":"7"}"#));
        let path = RequestPath::new("guilds")
            .segment(CHOIR)
            .segment("new things/?");
        let call = server.client.request(Method::POST, path);
        let call = call
            .query("kind", "a b&c")
            .query("kind", 2)
            .reason("because é");
        let answer = call.json(&json!({"name": "x"})).await.expect("taken");
        assert_eq!(answer, json!({"id": "7"}));
        let seen = server.last();
        assert_eq!(seen.method, Method::POST);
        assert_eq!(
            seen.path,
            "guilds/11/new%20things%2F%3F?kind=a%20b%26c&kind=2"
        );
        assert_eq!(seen.json(), json!({"name": "x"}));
        assert_eq!(seen.header("authorization"), Some(&*format!("Bot {TOKEN}")));
        assert_eq!(seen.header("x-audit-log-reason"), Some("because%20%C3%A9"));
        let open = server
            .client
            .request(Method::GET, "/gateway")
            .without_token();
        open.discard().await.expect("taken");
        assert_eq!(server.last().header("authorization"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_response_is_read_as_it_is_asked_for() {
        let server = Server::new(|seen: &Seen, _| match &*seen.path {
            "empty" => Reply::status(204, ""),
            "odd" => Reply::ok("<html>canary"),
            _ => Reply::ok(r#"{"name":"loft"}"#),
        });
        let get = |path: &'static str| server.client.request(Method::GET, path);
        assert_eq!(get("empty").await.expect("null"), Value::Null);
        assert_eq!(
            get("empty").decode::<Option<u8>>().await.expect("null"),
            None
        );
        assert_eq!(get("empty").bytes().await.expect("none"), "");
        assert_eq!(
            get("thing").bytes().await.expect("bytes"),
            r#"{"name":"loft"}"#
        );
        let error = get("odd").await.expect_err("no JSON");
        assert!(
            matches!(error, RequestError::Undecodable { .. }),
            "{error:?}"
        );
        assert!(!format!("{error:?}").contains("canary"));
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_is_sent_for_a_path_that_leads_elsewhere() {
        let server = empty();
        for path in [
            "https://evil.example/x",
            "guilds/../users/@me",
            "guilds/1?x=1",
            "guilds//x",
        ] {
            let error = server.client.request(Method::GET, path).discard().await;
            assert!(matches!(error, Err(RequestError::Invalid(_))), "{path}");
        }
        let method = server
            .client
            .request(Method::OPTIONS, "guilds/1")
            .discard()
            .await;
        assert!(matches!(method, Err(RequestError::Invalid(_))));
        assert!(server.seen().is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn a_lost_response_is_asked_for_again_only_where_that_is_safe() {
        let breaking = || {
            Server::new(|_, before| match before {
                0 => Reply::Break,
                _ => Reply::ok("{}"),
            })
        };
        for (method, count) in [
            (Method::GET, 2),
            (Method::PUT, 2),
            (Method::DELETE, 2),
            (Method::POST, 1),
            (Method::PATCH, 1),
        ] {
            let server = breaking();
            let outcome = server
                .client
                .request(method.clone(), "things/1")
                .discard()
                .await;
            assert_eq!(server.seen().len(), count, "{method}");
            let is_unknown = matches!(outcome, Err(RequestError::OutcomeUnknown(_)));
            assert_eq!(is_unknown, count == 1, "{method}");
        }
        let server = breaking();
        let call = server
            .client
            .request(Method::POST, "things/1")
            .repeatable(true);
        call.discard().await.expect("asked again");
        assert_eq!(server.seen().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_raw_request_waits_for_the_bucket_of_its_path() {
        let server = Server::new(|_, _| Reply::ok("{}").bucket("things", 1, 0, 5.0));
        for guild in [11, 11, 12] {
            let path = format!("guilds/{guild}/things");
            server
                .client
                .request(Method::GET, path)
                .discard()
                .await
                .expect("taken");
        }
        assert_eq!(
            server.times(),
            [0, 5_000, 5_000],
            "each guild has a bucket of its own"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_that_takes_no_bots_token_stops_no_other_request() {
        let server = Server::new(|seen: &Seen, _| match &*seen.path {
            "oauth2/@me" => Reply::status(401, json!({"message": "401: Unauthorized", "code": 0})),
            _ => Reply::ok(bodies::message()),
        });
        let error = server.client.request(Method::GET, "oauth2/@me").await;
        assert!(matches!(error, Err(RequestError::Refused(error)) if error.status == 401));
        server
            .client
            .create_message(LOFT)
            .content("la")
            .await
            .expect("posted");
    }

    #[tokio::test(start_paused = true)]
    async fn files_travel_as_messages_or_as_a_routes_own_form() {
        let server = Server::new(|_, _| Reply::ok("{}"));
        let files = [File::new("a.txt", "do").description("one")];
        let call = server.client.request(Method::POST, "channels/22/messages");
        call.json(&json!({"content": "x"}))
            .files(&files)
            .await
            .expect("taken");
        let body = String::from_utf8(server.last().body.to_vec()).expect("text");
        assert!(
            body.contains(r#"name="payload_json""#)
                && body.contains(r#"name="files[0]"; filename="a.txt""#)
        );
        assert!(body.contains(r#""description":"one""#), "{body}");

        let call = server.client.request(Method::POST, "guilds/11/stickers");
        let call = call.form_field("name", "la").form_file("file", &files[0]);
        call.discard().await.expect("taken");
        let body = String::from_utf8(server.last().body.to_vec()).expect("text");
        assert!(
            !body.contains("payload_json") && body.contains("name=\"name\"\r\n\r\nla\r\n"),
            "{body}"
        );
        assert!(body.contains(r#"name="file"; filename="a.txt""#), "{body}");

        let call = server
            .client
            .request(Method::POST, "guilds/11/stickers")
            .form_field("a\"b", "x");
        assert!(matches!(
            call.discard().await,
            Err(RequestError::Invalid(_))
        ));
    }
}

mod streams {
    use antiphon_discord::client::{Listing, Pages};

    use super::*;

    /// Id after which a page is asked for.
    fn after(seen: &Seen) -> u64 {
        let after = seen.path.split("after=").nth(1);
        after.map_or(0, |after| after.parse().expect("an id"))
    }

    fn texts(messages: &[discord::model::Message]) -> Vec<&str> {
        messages.iter().map(|message| &*message.content).collect()
    }

    #[tokio::test(start_paused = true)]
    async fn messages_come_in_either_direction_and_within_bounds() {
        let (sim, client, loft, _) = simulated();
        let say = |number: u32| Id::new(sim.discord().say("loft", "mira", &number.to_string()));
        let ids: Vec<_> = (0..230).map(say).collect();
        let all = |from: u32, to: u32| {
            (from..to)
                .map(|number| number.to_string())
                .collect::<Vec<_>>()
        };

        let newest: Vec<_> = client
            .stream()
            .messages(loft)
            .try_collect()
            .await
            .expect("read");
        let mut expected = all(0, 230);
        assert_eq!(
            texts(&newest[..]),
            expected.iter().rev().collect::<Vec<_>>()
        );
        let oldest = client.stream().messages(loft).oldest_first();
        let oldest: Vec<_> = oldest.try_collect().await.expect("read");
        assert_eq!(texts(&oldest), expected);

        let between = client
            .stream()
            .messages(loft)
            .after(ids[9])
            .before(ids[220]);
        let between: Vec<_> = between.try_collect().await.expect("read");
        expected = all(10, 220);
        assert_eq!(texts(&between), expected.iter().rev().collect::<Vec<_>>());
        let between = client
            .stream()
            .messages(loft)
            .after(ids[9])
            .before(ids[220])
            .oldest_first();
        let between: Vec<_> = between.try_collect().await.expect("read");
        assert_eq!(texts(&between), expected);

        let some: Vec<_> = client
            .stream()
            .messages(loft)
            .after(ids[9])
            .limit(150)
            .try_collect()
            .await
            .expect("read");
        assert_eq!(texts(&some), all(10, 160));
        let around = client.stream().messages(loft).around(ids[100]).limit(5);
        let around: Vec<_> = around.try_collect().await.expect("read");
        assert_eq!(texts(&around), ["102", "101", "100", "99", "98"]);
        let nothing: Vec<_> = client
            .stream()
            .messages(loft)
            .limit(0)
            .try_collect()
            .await
            .expect("read");
        assert!(nothing.is_empty());
    }

    #[tokio::test(start_paused = true)]
    async fn messages_that_come_and_go_meanwhile_shift_no_others() {
        let (sim, client, loft, _) = simulated();
        let discord = sim.discord();
        let ids: Vec<_> = (0..250)
            .map(|number| discord.say("loft", "mira", &number.to_string()))
            .collect();
        let mut messages = client.stream().messages(loft);
        let mut heard = Vec::new();
        for _ in 0..100 {
            heard.push(
                messages
                    .next()
                    .await
                    .expect("a message")
                    .expect("read")
                    .content,
            );
        }
        // Fifteen go that were read, the last one among them; five go that were not; and twenty come.
        for id in &ids[145..165] {
            assert!(discord.delete("loft", *id));
        }
        for number in 0..20 {
            discord.say("loft", "teo", &format!("late {number}"));
        }
        while let Some(message) = messages.next().await {
            heard.push(message.expect("read").content);
        }
        let gone: Vec<u32> = (145..150).collect();
        let expected = (0..250).rev().filter(|number| !gone.contains(number));
        assert_eq!(
            heard,
            expected
                .map(|number| number.to_string())
                .collect::<Vec<_>>()
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_stream_asks_for_nothing_that_is_not_read_and_goes_on_after_an_error() {
        let page = |from: u64| {
            let bans = (from..from + 1_000)
                .map(|id| json!({"user": {"id": id.to_string(), "username": "x"}}));
            Reply::ok(Value::Array(bans.collect()))
        };
        let server = Server::new(move |seen: &Seen, before| {
            let after = after(seen);
            match before {
                1 => Reply::status(403, json!({"message": "Missing Access", "code": 50001})),
                3 => Reply::ok("[]"),
                _ => page(after + 1),
            }
        });
        let mut bans = server.client.stream().bans(CHOIR);
        assert!(server.seen().is_empty());
        for id in 1..=1_000 {
            let ban = bans.next().await.expect("a ban").expect("read");
            assert_eq!(ban.user.id.get(), id);
        }
        assert_eq!(server.seen().len(), 1, "the next page is not wanted yet");
        let error = bans.next().await.expect("an item").expect_err("refused");
        assert!(matches!(error, RequestError::Forbidden(_)));
        assert_eq!(bans.place().as_deref(), Some("1000"));
        assert!(bans.next().await.is_none(), "an error ends it");
        bans.resume();
        assert_eq!(
            bans.next()
                .await
                .expect("a ban")
                .expect("read")
                .user
                .id
                .get(),
            1_001
        );
        let rest: Vec<_> = bans.try_collect().await.expect("read");
        assert_eq!(rest.len(), 999);
        assert!(
            server
                .seen()
                .iter()
                .all(|seen| seen.path.contains("limit=1000"))
        );
    }

    #[tokio::test(start_paused = true)]
    async fn an_item_that_cannot_be_read_ends_no_stream_and_a_server_in_circles_does() {
        let server = Server::new(|seen: &Seen, _| {
            let after = after(seen);
            let user = |id: u64| match id {
                7 => json!({"username": "without an id"}),
                _ => json!({"id": id.to_string(), "username": "x"}),
            };
            let users: Vec<Value> = (after + 1..=(after + 100).min(150)).map(user).collect();
            Reply::ok(json!({ "users": users }))
        });
        let voters = server.client.stream().poll_voters(LOFT, Id::new(44), 1);
        let voters: Vec<_> = voters.try_collect().await.expect("read");
        assert_eq!(voters.len(), 149);

        let server = Server::new(|_, _| {
            let users = (1..=100).map(|id| json!({"id": id.to_string(), "username": "x"}));
            Reply::ok(Value::Array(users.collect()))
        });
        let users = server.client.stream().reactions(LOFT, Id::new(44), "👍");
        let users: Vec<_> = users.collect().await;
        assert_eq!(users.len(), 101);
        assert!(matches!(users[100], Err(RequestError::Undecodable { .. })));
        assert_eq!(server.seen().len(), 2);
        assert!(server.last().path.starts_with(
            "channels/22/messages/44/reactions/%F0%9F%91%8D?type=0&limit=100&after=100"
        ));
    }

    #[tokio::test(start_paused = true)]
    async fn threads_archived_at_one_time_are_parted_by_no_page() {
        // 250 threads, many of them archived at the same time.
        let threads: Vec<(u64, i64)> = (0..250)
            .map(|id| {
                (
                    1_000 - id,
                    1_000_000 - i64::try_from(id).expect("small") / 70,
                )
            })
            .collect();
        let server = Server::new(move |seen: &Seen, _| {
            let before = seen.path.split("before=").nth(1).map(|text| {
                let text = text.replace("%3A", ":");
                text.parse::<Timestamp>().expect("a time").as_millisecond()
            });
            let left: Vec<_> = threads
                .iter()
                .filter(|(_, at)| before.is_none_or(|before| at * 1_000 < before))
                .collect();
            let page = left.iter().take(100).map(|(id, at)| {
                let at = Timestamp::from_second(*at).expect("a time");
                json!({"id": id.to_string(), "type": 11, "thread_metadata": {"archived": true, "archive_timestamp": at}})
            });
            let page: Vec<Value> = page.collect();
            Reply::ok(
                json!({"threads": page, "members": [{"id": "1000", "user_id": "5"}], "has_more": left.len() > 100}),
            )
        });
        let found = server.client.stream().public_archived_threads(LOFT);
        let found: Vec<_> = found.try_collect().await.expect("read");
        let ids: Vec<u64> = found.iter().map(|thread| thread.id.get()).collect();
        assert_eq!(ids, (751..=1_000).rev().collect::<Vec<_>>());
        assert!(
            found[0].member.is_some(),
            "the bot's own membership comes with it"
        );
    }

    /// All items of a stream.
    async fn all<L: Listing>(pages: Pages<L>) -> Vec<L::Item> {
        pages.try_collect().await.expect("read")
    }

    #[tokio::test(start_paused = true)]
    async fn every_stream_reads_its_route_of_the_simulated_discord() {
        let (sim, client, loft, choir) = simulated();
        let discord = sim.discord();
        let guild = discord.guild_id().to_string();
        discord.crowd(&guild, 1_500);
        let members = all(client.stream().members(choir)).await;
        assert!(members.len() > 1_500, "{}", members.len());
        let mut pairs = members.windows(2);
        assert!(
            pairs.all(|two| two[0].user.id < two[1].user.id),
            "none twice"
        );

        let message = Id::new(discord.say("loft", "mira", "vote"));
        for name in ["mira", "teo", "iris"] {
            assert!(discord.react("loft", message.get(), name, "👍"));
        }
        let stream = client.stream();
        assert_eq!(all(stream.reactions(loft, message, "👍")).await.len(), 3);
        assert_eq!(
            all(stream.burst_reactions(loft, message, "👍")).await.len(),
            0
        );
        let poll = discord.ask("loft", "mira", "Which?", &["a", "b"]);
        assert!(discord.vote("loft", poll, "teo", 1, true));
        let voters = all(stream.poll_voters(loft, Id::new(poll), 1)).await;
        assert_eq!((voters.len(), &*voters[0].name), (1, "teo"));
        let mass = json!({"name": "mass", "privacy_level": 2, "entity_type": 3, "entity_metadata": {"location": "loft"},
            "scheduled_start_time": "2030-01-01T00:00:00Z", "scheduled_end_time": "2030-01-01T01:00:00Z"});
        let path = RequestPath::new("guilds")
            .segment(choir)
            .segment("scheduled-events");
        let mass = client
            .request(Method::POST, path)
            .json(&mass)
            .await
            .expect("made");
        let mass: u64 = mass["id"].as_str().expect("an id").parse().expect("an id");
        for name in ["mira", "iris"] {
            assert!(discord.attend(&guild, mass, name, true));
        }
        assert_eq!(
            all(stream.scheduled_event_users(choir, Id::new(mass)))
                .await
                .len(),
            2
        );

        assert_eq!(all(stream.guilds()).await.len(), 1);
        discord.ban(&guild, "mira", "teo");
        assert_eq!(all(stream.bans(choir)).await.len(), 1);
        let application = client.current_user_application().await.expect("its own").id;
        all(stream.entitlements(application)).await;
        all(stream.public_archived_threads(loft)).await;
        all(stream.private_archived_threads(loft)).await;
        all(stream.joined_private_archived_threads(loft)).await;
        let own = stream.messages(loft).filter("limit", 5).next().await;
        assert!(matches!(own, Some(Err(RequestError::Invalid(_)))));
    }

    #[tokio::test(start_paused = true)]
    async fn the_audit_log_comes_in_either_direction_and_by_action() {
        let (_sim, client, _, choir) = simulated();
        for number in 0..130 {
            let name = format!("choir {number}");
            client
                .create_role(choir)
                .name(&name)
                .await
                .expect("created");
        }
        let created = client.stream().audit_log(choir).filter("action_type", 30);
        let created = all(created).await;
        assert_eq!(created.len(), 130);
        let newest_first = |two: &[discord::model::AuditLogEntry]| two[0].id > two[1].id;
        assert!(created.windows(2).all(newest_first));
        let later = all(client.stream().audit_log(choir).after(created[129].id)).await;
        assert!(later.len() >= 129);
        assert!(!later.windows(2).any(newest_first), "the oldest first");
    }
}

mod downloads {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn an_attachment_is_downloaded_within_a_limit() {
        let (_sim, client, loft, _) = simulated();
        let files = [File::new("song.bin", vec![7_u8; 300_000])];
        let posted = client
            .create_message(loft)
            .attachments(&files)
            .await
            .expect("posted");
        let file = &posted.attachments[0];
        let whole = client.download(file).await.expect("downloaded");
        assert!(whole.len() == 300_000 && whole.iter().all(|byte| *byte == 7));
        let pieces = client.download(file).stream().await.expect("begun");
        assert_eq!(pieces.announced(), Some(300_000));
        let pieces: Vec<_> = pieces.try_collect().await.expect("downloaded");
        assert!(pieces.len() > 1, "it comes in pieces");
        let small = client.download(file).limit(299_999).await;
        assert!(matches!(
            small,
            Err(DownloadError::TooLarge { limit: 299_999 })
        ));
        let gone = client
            .download_url("https://cdn.discordapp.com/attachments/0/1/gone.bin")
            .await;
        assert!(matches!(gone, Err(DownloadError::NotFound)));
    }

    #[tokio::test(start_paused = true)]
    async fn no_other_host_is_asked_and_the_token_stays_at_home() {
        let server = Server::new(|_, _| Reply::ok("la"));
        for url in [
            "https://evil.example/a",
            "http://cdn.discordapp.com/a",
            "https://cdn.discordapp.com@evil.example/a",
        ] {
            let refused = server.client.download_url(url).await;
            assert!(
                matches!(refused, Err(DownloadError::NotDiscords(_))),
                "{url}"
            );
        }
        let expired = server
            .client
            .download_url("https://cdn.discordapp.com/attachments/1/2/a?ex=65d903de&is=1&hm=2")
            .await;
        assert!(matches!(expired, Err(DownloadError::Expired)));
        assert!(server.seen().is_empty());
        let image = discord::model::cdn::emoji(Id::new(41), false);
        assert_eq!(
            server.client.download_url(image).await.expect("downloaded"),
            "la"
        );
        assert_eq!(server.last().path, "/emojis/41.webp");
        assert_eq!(server.last().header("authorization"), None);
    }
}

mod typing {
    use super::*;

    fn times(server: &Server) -> Vec<u64> {
        let seen = server.seen();
        let typing = seen.iter().filter(|seen| seen.path == "channels/22/typing");
        let first = seen.first().map(|seen| seen.at);
        typing
            .map(|seen| (seen.at - first.expect("a request")).as_secs())
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn the_indicator_is_shown_until_the_work_ends() {
        let server = empty();
        let work = async {
            tokio::time::sleep(Duration::from_secs(20)).await;
            7
        };
        assert_eq!(server.client.typing(LOFT).during(work).await, 7);
        tokio::time::sleep(Duration::from_secs(60)).await;
        assert_eq!(times(&server), [0, 8, 16]);
        let server = empty();
        server.client.typing(LOFT).during(async {}).await;
        assert!(
            server.seen().is_empty(),
            "work that does not wait shows nothing"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn the_indicator_ends_with_a_message_a_refusal_or_its_time() {
        let hour = || tokio::time::sleep(Duration::from_secs(3_600));
        let server = Server::new(|seen: &Seen, _| match &*seen.path {
            "channels/22/messages" => Reply::ok(bodies::message()),
            _ => Reply::status(204, ""),
        });
        let work = async {
            tokio::time::sleep(Duration::from_secs(10)).await;
            server
                .client
                .create_message(LOFT)
                .content("la")
                .await
                .expect("posted");
            hour().await;
        };
        server.client.typing(LOFT).during(work).await;
        assert_eq!(times(&server), [0, 8]);

        let server = Server::new(|_, _| {
            Reply::status(403, json!({"message": "Missing Access", "code": 50001}))
        });
        server.client.typing(LOFT).during(hour()).await;
        assert_eq!(times(&server), [0]);

        let server = empty();
        server
            .client
            .typing(LOFT)
            .at_most(Duration::from_secs(20))
            .during(hour())
            .await;
        assert_eq!(times(&server), [0, 8, 16]);
        let server = empty();
        server.client.typing(LOFT).during(hour()).await;
        assert_eq!(times(&server).len(), 75, "ten minutes");
    }
}

mod webhooks {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_webhooks_message_is_returned_read_edited_and_deleted() {
        let (sim, client, loft, _) = simulated();
        let webhook = client
            .create_webhook(loft, "herald")
            .await
            .expect("created");
        let token = webhook.token.as_deref().expect("its token");
        let files = [File::new("a.txt", "do")];
        let call = client
            .execute_webhook(webhook.id, token)
            .content("la")
            .attachments(&files);
        let posted = call.wait().await.expect("posted");
        assert_eq!((&*posted.content, posted.attachments.len()), ("la", 1));
        let edit = client
            .update_webhook_message(webhook.id, token, posted.id)
            .content(Some("la la"));
        assert_eq!(
            edit.keep_attachment_ids(&[])
                .await
                .expect("edited")
                .attachments
                .len(),
            0
        );
        let read = client
            .webhook_message(webhook.id, token, posted.id)
            .await
            .expect("read");
        assert_eq!(read.content, "la la");
        client
            .delete_webhook_message(webhook.id, token, posted.id)
            .await
            .expect("deleted");
        assert_eq!(sim.discord().texts("loft").len(), 0);

        let thread = Id::new(sim.discord().add_thread("loft", "mira", "altos"));
        let call = client
            .execute_webhook(webhook.id, token)
            .content("there")
            .thread_id(thread);
        let posted = call.wait().await.expect("posted");
        assert_eq!(posted.channel_id, thread);
        let edit = client
            .update_webhook_message(webhook.id, token, posted.id)
            .thread_id(thread);
        edit.content(Some("here")).await.expect("edited");
        let read = client
            .webhook_message(webhook.id, token, posted.id)
            .thread_id(thread);
        assert_eq!(read.await.expect("read").content, "here");
        let delete = client.delete_webhook_message(webhook.id, token, posted.id);
        delete.thread_id(thread).await.expect("deleted");
    }
}

mod answers {
    use super::*;

    fn asked() -> Interaction {
        let sent = r#"{"id":"50","application_id":"5","type":2,"token":"t0k","channel_id":"22","data":{"id":"1","name":"sing","type":1}}"#;
        from_str::<Interaction>(sent).expect("an interaction").0
    }

    #[tokio::test(start_paused = true)]
    async fn the_default_of_mentions_holds_for_every_message_and_answer() {
        let server = Server::with(
            |_, _| Reply::ok(bodies::message()),
            |config| config.allowed_mentions(AllowedMentions::default()),
        );
        let (client, asked) = (&server.client, asked());
        let answer = client.interaction(&asked);
        let mentions = || {
            let body = server.last().json();
            let message = if body["data"].is_object() {
                &body["data"]
            } else {
                &body
            };
            message["allowed_mentions"].clone()
        };
        answer.message("@everyone").await.expect("answered");
        assert_eq!(mentions(), json!({"parse": []}));
        answer
            .update()
            .content("@everyone")
            .await
            .expect("answered");
        assert_eq!(mentions(), json!({"parse": []}));
        answer
            .update_response()
            .content(Some("@everyone"))
            .await
            .expect("edited");
        assert_eq!(mentions(), json!({"parse": []}));
        answer
            .create_followup()
            .content("@everyone")
            .await
            .expect("posted");
        assert_eq!(mentions(), json!({"parse": []}));
        client
            .execute_webhook(Id::new(5), "t")
            .content("@everyone")
            .await
            .expect("posted");
        assert_eq!(mentions(), json!({"parse": []}));
        let edit = client.update_webhook_message(Id::new(5), "t", Id::new(44));
        edit.content(Some("@everyone")).await.expect("edited");
        assert_eq!(mentions(), json!({"parse": []}));
        let own = AllowedMentions {
            users: Some(vec![Id::new(33)]),
            ..AllowedMentions::default()
        };
        answer
            .message("@everyone")
            .allowed_mentions(own)
            .await
            .expect("answered");
        assert_eq!(mentions(), json!({"parse": [], "users": ["33"]}));
        answer.defer().await.expect("answered");
        assert_eq!(
            server.last().json(),
            json!({"type": 5}),
            "there is no message yet"
        );
    }

    fn refusing(status: u16, code: u64) -> Server {
        Server::new(move |seen: &Seen, _| match seen.method {
            Method::POST => Reply::status(status, json!({"message": "refused", "code": code})),
            _ => Reply::ok(bodies::message()),
        })
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_that_was_given_before_is_edited() {
        let server = refusing(400, 40_060);
        let (client, asked) = (&server.client, asked());
        let answer = client.interaction(&asked);
        answer.message("gloria").ephemeral().await.expect("edited");
        let edit = server.last();
        assert_eq!(
            (edit.method.as_str(), &*edit.path),
            ("PATCH", "webhooks/5/t0k/messages/@original")
        );
        assert_eq!(edit.json(), json!({"content": "gloria"}));
        for (before, deferred) in [
            (2, answer.defer()),
            (3, answer.defer_update()),
            (4, answer.autocomplete(Vec::new())),
        ] {
            deferred.await.expect("counts as given");
            assert_eq!(server.seen().len(), before + 1, "nothing is edited");
        }
        let raw = answer.create_response(&json!({"type": 6})).await;
        assert!(matches!(raw, Err(RequestError::Refused(_))));
    }

    #[tokio::test(start_paused = true)]
    async fn an_interaction_whose_time_is_over_has_an_error_of_its_own() {
        for (status, code) in [(404, 10_062), (401, 50_027)] {
            let server = refusing(status, code);
            let (client, asked) = (&server.client, asked());
            let answer = client.interaction(&asked);
            let outcomes = [
                answer.message("la").await,
                answer.create_followup().content("la").await.map(drop),
                answer.create_response(&json!({"type": 6})).await,
            ];
            for outcome in outcomes {
                let error = outcome.expect_err("too late");
                assert!(
                    matches!(error, RequestError::Expired { interaction, .. } if interaction == asked.id),
                    "{error:?}"
                );
                assert!(!error.is_transient());
                assert_eq!(error.api().map(|error| error.code), Some(code));
            }
        }
        // The same code elsewhere is what it was.
        let server = refusing(404, 10_062);
        let error = server.client.create_message(LOFT).content("la").await;
        assert!(matches!(error, Err(RequestError::NotFound(_))));
    }
}

#[tokio::test(start_paused = true)]
async fn an_events_nonce_is_sent_and_enforced_and_the_simulator_posts_once() {
    let (sim, client, loft, _) = simulated();
    let event = |origin: &str| {
        let draft = Draft::new(
            Kind::from_static("queup.chat-message"),
            Place::root(),
            Origin::from(origin),
            Timestamp::UNIX_EPOCH,
            "{}",
        );
        Event::stored(Position::new(1), "choir".into(), draft)
    };
    let (one, two) = (
        event("chat/5f1c7a2b3c4d5e6f70819203-1767297600123"),
        event("chat/2"),
    );
    let post = |event: &Event, part| {
        let call = client.create_message(loft).content("la");
        call.nonce_of_part(event, part).into_future()
    };
    let first = post(&one, 0).await.expect("posted").id;
    assert_eq!(post(&one, 0).await.expect("posted").id, first);
    let call = client.create_message(loft).content("la").nonce_of(&one);
    assert_eq!(call.await.expect("posted").id, first);
    assert_ne!(post(&one, 1).await.expect("posted").id, first);
    assert_ne!(post(&two, 0).await.expect("posted").id, first);
    assert_eq!(sim.discord().texts("loft").len(), 3);

    // A lost answer is asked for again by the same call.
    sim.discord()
        .fail("POST /channels/*/messages", 1, RestFault::Dropped);
    post(&event("chat/3"), 0).await.expect("posted");
    assert_eq!(sim.discord().texts("loft").len(), 4);
    assert!(moment_of(first) > Timestamp::UNIX_EPOCH);
}
