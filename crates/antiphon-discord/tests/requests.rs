//! The client's requests against a scripted server, on a paused clock.

#[path = "rest/bodies.rs"]
mod bodies;
mod rest;

use std::time::Duration;

use antiphon_core::Clock;
use antiphon_discord::{
    Client, File, PollRequest, RequestError, Scope,
    model::{
        AllowedMentions, Modal, Permissions, Poll,
        id::{
            Id,
            marker::{ChannelMarker, GuildMarker, MessageMarker, UserMarker},
        },
    },
};
use futures_util::future::join_all;
use http::Method;
use serde_json::{Value, json};

use crate::rest::{Reply, Seen, Server, TOKEN};

const LOFT: Id<ChannelMarker> = Id::new(22);
const CHOIR: Id<GuildMarker> = Id::new(11);
const MIRA: Id<UserMarker> = Id::new(33);
const SONG: Id<MessageMarker> = Id::new(44);

fn second(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A server that accepts every message, with rate limits that are never met.
fn posting() -> Server {
    Server::new(|_, _| Reply::ok(bodies::message()))
}

fn refusal(status: u16, code: u64, message: &str) -> Reply {
    Reply::status(status, json!({"code": code, "message": message}))
}

fn limited(retry_after: f64, is_global: bool, scope: &str) -> Reply {
    let body = json!({"message": "You are being rate limited.", "retry_after": retry_after, "global": is_global});
    let reply = Reply::status(429, body).header("X-RateLimit-Scope", scope);
    if is_global {
        reply.header("X-RateLimit-Global", true)
    } else {
        reply
    }
}

mod sending {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_request_says_who_we_are_and_keeps_the_token_to_the_header() {
        let server = posting();
        let posted = server.client.create_message(LOFT).content("ping").await;
        assert_eq!(posted.expect("posted").id, SONG);
        let seen = server.last();
        assert_eq!(
            (&seen.method, &*seen.path),
            (&Method::POST, "channels/22/messages")
        );
        assert_eq!(seen.header("authorization"), Some(&*format!("Bot {TOKEN}")));
        let agent = seen.header("user-agent").expect("a name");
        assert!(agent.starts_with("DiscordBot (https://"), "{agent}");
        assert_eq!(seen.header("content-type"), Some("application/json"));
        assert_eq!(seen.json()["content"], "ping");
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_carries_a_nonce_of_its_own_that_is_enforced() {
        let server = posting();
        for _ in 0..2 {
            server
                .client
                .create_message(LOFT)
                .content("x")
                .await
                .expect("posted");
        }
        server
            .client
            .create_message(LOFT)
            .content("x")
            .nonce("mine")
            .await
            .expect("posted");
        let bodies: Vec<Value> = server.seen().iter().map(Seen::json).collect();
        assert!(bodies.iter().all(|body| body["enforce_nonce"] == true));
        assert!(bodies[0]["nonce"].is_string());
        assert_ne!(bodies[0]["nonce"], bodies[1]["nonce"]);
        assert_eq!(bodies[2]["nonce"], "mine");
    }

    #[tokio::test(start_paused = true)]
    async fn whom_a_message_may_mention_can_be_chosen_for_all() {
        let server = Server::with(
            |_, _| Reply::ok(bodies::message()),
            |config| config.allowed_mentions(AllowedMentions::default()),
        );
        let client = &server.client;
        client
            .create_message(LOFT)
            .content("@everyone")
            .await
            .expect("posted");
        assert_eq!(
            server.last().json()["allowed_mentions"],
            json!({"parse": []})
        );
        let call = client.create_message(LOFT).content("@everyone");
        call.allowed_mentions(None).await.expect("posted");
        assert_eq!(server.last().json()["allowed_mentions"], Value::Null);
    }

    #[tokio::test(start_paused = true)]
    async fn files_travel_as_a_form_with_the_message_in_it() {
        let server = posting();
        let files = [File::new("score.txt", "do re mi")];
        let call = server
            .client
            .create_message(LOFT)
            .content("{look}")
            .attachments(&files);
        call.await.expect("posted");
        let seen = server.last();
        let kind = seen.header("content-type").expect("a type");
        assert!(kind.starts_with("multipart/form-data; boundary="), "{kind}");
        let body = String::from_utf8(seen.body.to_vec()).expect("text");
        assert!(body.contains(r#""enforce_nonce":true"#), "{body}");
        assert!(body.contains(r#""content":"{look}""#), "{body}");
        assert!(body.contains("filename=\"score.txt\""), "{body}");
        assert!(body.contains("\r\n\r\ndo re mi\r\n"), "{body}");
    }

    // Names that Discord takes and cleanses itself: discord/discord-api-docs#2102, #4292 and #7890.
    #[tokio::test(start_paused = true)]
    async fn files_of_any_ordinary_name_are_sent() {
        let server = posting();
        for name in [
            "spaß.txt",
            "测试文件.json",
            "a (1).txt",
            "[x]@y.txt",
            "_x",
            "😀 100%.png",
        ] {
            let files = [File::new("first", "do"), File::new(name, "la")];
            let call = server.client.create_message(LOFT).attachments(&files);
            call.await.expect("posted");
            let body = String::from_utf8(server.last().body.to_vec()).expect("text");
            let head = format!(r#"name="files[1]"; filename="{name}""#);
            assert!(body.contains(&head), "{body}");
            assert!(
                body.contains(&json!({"filename": name, "id": 1}).to_string()),
                "{body}"
            );
        }
        for name in ["", "a\r\nb", "a\0", "dir/a.txt"] {
            let files = [File::new(name, "")];
            let call = server.client.create_message(LOFT).attachments(&files);
            let error = call.await.expect_err("not sent");
            assert!(matches!(error, RequestError::Invalid(_)), "{error:?}");
        }
        assert_eq!(server.seen().len(), 6);
    }

    #[tokio::test(start_paused = true)]
    async fn an_edit_names_the_files_that_stay_and_those_that_come() {
        let server = posting();
        let client = &server.client;
        let edit = || client.update_message(LOFT, SONG);
        edit().keep_attachment_ids(&[]).await.expect("edited");
        assert_eq!(server.last().json(), json!({"attachments": []}));
        let (kept, files) = (
            [Id::new(70)],
            [File::new("a.txt", "la").description("a song").spoiler()],
        );
        let call = edit().keep_attachment_ids(&kept).attachments(&files);
        call.await.expect("edited");
        let body = String::from_utf8(server.last().body.to_vec()).expect("text");
        let entries = json!([
            {"id": 0, "filename": "a.txt", "description": "a song", "is_spoiler": true},
            {"id": "70"},
        ]);
        assert!(
            body.contains(&json!({ "attachments": entries }).to_string()),
            "{body}"
        );
        assert!(
            body.contains("name=\"files[0]\"; filename=\"a.txt\""),
            "{body}"
        );
    }

    // A poll's request has hours and no ids: Discord's OpenAPI, PollCreateRequest; DSharpPlus/DSharpPlus#1835.
    #[tokio::test(start_paused = true)]
    async fn a_poll_is_sent_as_the_request_has_it_wherever_it_goes() {
        let server = Server::with(
            |_, _| Reply::ok(bodies::message()),
            |config| {
                config.clock(Clock::starting_at(
                    "2026-12-28T00:00:00Z".parse().expect("a time"),
                ))
            },
        );
        let poll: Poll = serde_json::from_value(json!({"question": {"text": "Q?"}, "answers":
            [{"answer_id": 1, "poll_media": {"text": "A", "emoji": {"id": null, "name": "☀️"}}}],
            "expiry": "2026-12-30T00:00:00.000000+00:00", "allow_multiselect": true, "layout_type": 1}))
        .expect("a poll");
        let expected = json!({"question": {"text": "Q?"}, "answers":
            [{"poll_media": {"text": "A", "emoji": {"name": "☀️"}}}],
            "duration": 48, "allow_multiselect": true, "layout_type": 1});
        let client = &server.client;
        let new = PollRequest::new("Q?")
            .answer_with_emoji("A", "☀️")
            .hours(48)
            .allow_multiselect();
        let interaction = bodies::interaction();
        let answers = client.interaction(&interaction);
        client
            .create_message(LOFT)
            .poll(&poll)
            .await
            .expect("posted");
        client.create_message(LOFT).poll(new).await.expect("posted");
        let call = client.execute_webhook(Id::new(88), "t");
        call.poll(&poll).await.expect("posted");
        let call = answers.create_followup();
        call.poll(poll.clone()).await.expect("posted");
        answers.message("vote").poll(&poll).await.expect("posted");
        for seen in server.seen() {
            let body = seen.json();
            let body = body.get("data").unwrap_or(&body);
            assert_eq!(body["poll"], expected, "{}", seen.path);
        }
        assert_eq!(server.seen().len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_reason_reaches_the_audit_log_in_any_letters() {
        let server = Server::new(|_, _| Reply::status(204, ""));
        let client = &server.client;
        client
            .create_ban(CHOIR, MIRA)
            .delete_message_seconds(60)
            .reason("Spam: é ☕")
            .await
            .expect("banned");
        let reason = "Spam%3A%20%C3%A9%20%E2%98%95";
        assert_eq!(server.last().header("x-audit-log-reason"), Some(reason));
        assert_eq!(server.last().json(), json!({"delete_message_seconds": 60}));
        client
            .remove_guild_member(CHOIR, MIRA)
            .reason("Spam: é ☕")
            .await
            .expect("kicked");
        assert_eq!(server.last().header("x-audit-log-reason"), Some(reason));
        client
            .remove_guild_member(CHOIR, MIRA)
            .await
            .expect("kicked");
        assert_eq!(server.last().header("x-audit-log-reason"), None);
    }

    #[tokio::test(start_paused = true)]
    async fn what_discord_would_refuse_is_not_sent() {
        let server = posting();
        let client = &server.client;
        let long = "x".repeat(2_001);
        let one = [SONG];
        let errors = [
            client.create_message(LOFT).content(&long).await.err(),
            client
                .create_message(LOFT)
                .content("x")
                .nonce("n".repeat(26))
                .await
                .err(),
            client.channel_messages(LOFT).limit(101).await.err(),
            client.delete_messages(LOFT, &one).await.err(),
            client
                .create_ban(CHOIR, MIRA)
                .delete_message_seconds(604_801)
                .await
                .err(),
            client
                .create_ban(CHOIR, MIRA)
                .reason("r".repeat(513))
                .await
                .err(),
        ];
        for error in errors {
            let error = error.expect("refused");
            assert!(matches!(error, RequestError::Invalid(_)), "{error:?}");
            assert!(!error.is_transient());
            let why = std::error::Error::source(&error)
                .expect("a reason")
                .to_string();
            assert!(!why.is_empty());
        }
        assert!(server.seen().is_empty());
    }

    #[tokio::test]
    async fn a_client_can_be_made_where_no_runtime_is() {
        let made = std::thread::spawn(|| {
            let config = antiphon_discord::Config::new(TOKEN, antiphon_discord::Intents::empty());
            antiphon_discord::connect(config)
        });
        made.join().expect("made");
    }
}

/// Each method once: what it sends.
mod methods {
    use antiphon_discord::model::{
        ChannelType, Checkbox, CheckboxGroup, CheckboxGroupOption, Command, Component, Label,
        PermissionOverwrite, PermissionOverwriteType, RadioGroup, RadioGroupOption,
    };

    use super::*;

    /// Answers by the path, as Discord would.
    fn discord() -> Server {
        Server::new(|seen, _| {
            let path = seen.path.split('?').next().unwrap_or_default();
            let parts: Vec<&str> = path.split('/').collect();
            let list = |item| Reply::ok(json!([item]));
            if seen.method == Method::DELETE
                || seen.method == Method::PUT && parts[0] != "applications"
            {
                return Reply::status(204, "");
            }
            match (seen.method.as_str(), &parts[..]) {
                ("GET", ["users", "@me"]) => Reply::ok(bodies::current_user()),
                ("GET", ["users", "@me", "guilds"]) => list(
                    json!({"id": "11", "name": "choir", "icon": null, "owner": true, "permissions": "0",
                        "features": []}),
                ),
                ("GET", ["users", _]) => Reply::ok(bodies::user()),
                ("POST", ["users", "@me", "channels"]) => {
                    Reply::ok(json!({"id": "99", "type": 1, "recipients": [bodies::user()]}))
                }
                (_, ["oauth2", "applications", "@me"] | ["applications", "@me"]) => {
                    Reply::ok(bodies::application())
                }
                (_, ["applications", .., "commands"]) => list(bodies::command()),
                ("GET", ["channels", _, "messages", "pins"]) => {
                    Reply::ok(json!({"items": [], "has_more": false}))
                }
                ("GET", ["channels", _, "messages"]) => list(bodies::message()),
                ("GET", ["channels", _, "messages", _, "reactions", _]) => list(bodies::user()),
                ("GET", ["channels", _, "thread-members"]) => Reply::ok("[]"),
                ("GET", ["channels", _, "webhooks"]) => list(bodies::webhook()),
                ("POST", ["channels", _, "webhooks"]) => Reply::ok(bodies::webhook()),
                ("POST", [.., "bulk-delete" | "typing" | "callback"] | ["webhooks", "88", "t"]) => {
                    Reply::status(204, "")
                }
                (_, ["channels", .., "threads"]) => Reply::ok(bodies::channel()),
                (_, ["channels", _, ..] | ["webhooks", ..]) if parts.len() > 2 => {
                    Reply::ok(bodies::message())
                }
                (_, ["channels", _]) | ("POST", ["guilds", _, "channels"]) => {
                    Reply::ok(bodies::channel())
                }
                ("GET", ["guilds", _]) => Reply::ok(bodies::guild()),
                ("GET", ["guilds", _, "channels"]) => list(bodies::channel()),
                ("GET", ["guilds", _, "threads", "active"]) => {
                    Reply::ok(json!({"threads": [], "members": [], "has_more": false}))
                }
                ("GET", ["guilds", _, "audit-logs"]) => {
                    Reply::ok(json!({"application_commands": [],
                    "audit_log_entries": [], "auto_moderation_rules": [], "guild_scheduled_events": [],
                    "integrations": [], "threads": [], "users": [], "webhooks": []}))
                }
                ("GET", ["guilds", _, "bans"]) => {
                    list(json!({"reason": null, "user": bodies::user()}))
                }
                ("GET", ["guilds", _, "bans", _]) => {
                    Reply::ok(json!({"reason": "spam", "user": bodies::user()}))
                }
                ("GET", ["guilds", _, "members"] | ["guilds", _, "members", "search"]) => {
                    list(bodies::member())
                }
                (_, ["guilds", _, "members", _]) => Reply::ok(bodies::member()),
                ("GET" | "PATCH", ["guilds", _, "roles"]) => list(bodies::role()),
                (_, ["guilds", _, "roles", ..]) => Reply::ok(bodies::role()),
                ("GET", ["guilds", _, "voice-states", _]) => Reply::ok(bodies::voice_state()),
                ("PATCH", ["guilds", _, "voice-states", _]) => Reply::status(204, ""),
                ("GET", ["voice", "regions"]) => list(
                    json!({"id": "eu", "name": "Europe", "optimal": true, "deprecated": false, "custom": false}),
                ),
                _ => Reply::status(404, json!({"code": 0, "message": "404: Not Found"})),
            }
        })
    }

    /// Awaits a call, and returns its method, path and body.
    macro_rules! sent {
        ($server:expr, $call:expr) => {{
            $call.await.expect("an answer that is understood");
            let seen = $server.last();
            let body = seen.json();
            let body = if body.is_null() {
                String::new()
            } else {
                format!(" {body}")
            };
            format!("{} {}{body}", seen.method, seen.path)
        }};
    }

    #[tokio::test(start_paused = true)]
    async fn messages_and_reactions_are_sent_as_documented() {
        let (server, two) = (discord(), [SONG, Id::new(45)]);
        let c = &server.client;
        let custom = "<:loud:41>";
        insta::assert_snapshot!([
            sent!(server, c.create_message(LOFT).content("a").reply(SONG).nonce("n")),
            sent!(server, c.update_message(LOFT, SONG).content(Some("b")).embeds(None)),
            sent!(server, c.delete_message(LOFT, SONG)),
            sent!(server, c.delete_messages(LOFT, &two)),
            sent!(server, c.message(LOFT, SONG)),
            sent!(server, c.channel_messages(LOFT)),
            sent!(server, c.channel_messages(LOFT).limit(5).before(SONG)),
            sent!(server, c.channel_messages(LOFT).after(SONG).limit(5)),
            sent!(server, c.channel_messages(LOFT).around(SONG)),
            sent!(server, c.crosspost_message(LOFT, SONG)),
            sent!(server, c.end_poll(LOFT, SONG)),
            sent!(server, c.pins(LOFT).limit(5)),
            sent!(server, c.create_pin(LOFT, SONG)),
            sent!(server, c.delete_pin(LOFT, SONG)),
            sent!(server, c.create_typing_trigger(LOFT)),
            sent!(server, c.create_reaction(LOFT, SONG, "👍")),
            sent!(server, c.create_reaction(LOFT, SONG, custom)),
            sent!(server, c.delete_current_user_reaction(LOFT, SONG, "👍")),
            sent!(server, c.delete_reaction(LOFT, SONG, "👍", MIRA)),
            sent!(server, c.delete_all_reaction(LOFT, SONG, "👍")),
            sent!(server, c.delete_all_reactions(LOFT, SONG)),
            sent!(server, c.reactions(LOFT, SONG, "👍").limit(5)),
        ].join("\n"), @r#"
        POST channels/22/messages {"content":"a","enforce_nonce":true,"message_reference":{"channel_id":"22","message_id":"44","type":0},"nonce":"n"}
        PATCH channels/22/messages/44 {"content":"b","embeds":null}
        DELETE channels/22/messages/44
        POST channels/22/messages/bulk-delete {"messages":["44","45"]}
        GET channels/22/messages/44
        GET channels/22/messages
        GET channels/22/messages?before=44&limit=5
        GET channels/22/messages?after=44&limit=5
        GET channels/22/messages?around=44
        POST channels/22/messages/44/crosspost
        POST channels/22/polls/44/expire
        GET channels/22/messages/pins?limit=5
        PUT channels/22/messages/pins/44
        DELETE channels/22/messages/pins/44
        POST channels/22/typing
        PUT channels/22/messages/44/reactions/%F0%9F%91%8D/@me
        PUT channels/22/messages/44/reactions/loud:41/@me
        DELETE channels/22/messages/44/reactions/%F0%9F%91%8D/@me
        DELETE channels/22/messages/44/reactions/%F0%9F%91%8D/33
        DELETE channels/22/messages/44/reactions/%F0%9F%91%8D
        DELETE channels/22/messages/44/reactions
        GET channels/22/messages/44/reactions/%F0%9F%91%8D?limit=5
        "#);
    }

    #[tokio::test(start_paused = true)]
    async fn members_and_roles_are_sent_as_documented() {
        let (server, roles, role) = (discord(), [Id::new(55)], Id::new(55));
        let c = &server.client;
        insta::assert_snapshot!([
            sent!(server, c.guild_member(CHOIR, MIRA)),
            sent!(server, c.guild_members(CHOIR).limit(1_000).after(MIRA)),
            sent!(server, c.search_guild_members(CHOIR, "mi")),
            sent!(server, c.update_guild_member(CHOIR, MIRA).nick(None).roles(&roles).mute(true).deaf(false)
                .channel_id(None).communication_disabled_until(None)),
            sent!(server, c.update_current_member(CHOIR).nick(Some("echo"))),
            sent!(server, c.remove_guild_member(CHOIR, MIRA)),
            sent!(server, c.add_guild_member_role(CHOIR, MIRA, role)),
            sent!(server, c.remove_guild_member_role(CHOIR, MIRA, role)),
            sent!(server, c.create_ban(CHOIR, MIRA)),
            sent!(server, c.delete_ban(CHOIR, MIRA)),
            sent!(server, c.ban(CHOIR, MIRA)),
            sent!(server, c.bans(CHOIR).limit(5)),
            sent!(server, c.roles(CHOIR)),
            sent!(server, c.role(CHOIR, role)),
            sent!(server, c.create_role(CHOIR).name("alto").permissions(Permissions::SEND_MESSAGES).hoist(true)),
            sent!(server, c.update_role(CHOIR, role).name(Some("alto")).color(None)),
            sent!(server, c.delete_role(CHOIR, role)),
        ].join("\n"), @r#"
        GET guilds/11/members/33
        GET guilds/11/members?after=33&limit=1000
        GET guilds/11/members/search?query=mi
        PATCH guilds/11/members/33 {"channel_id":null,"communication_disabled_until":null,"deaf":false,"mute":true,"nick":null,"roles":["55"]}
        PATCH guilds/11/members/@me {"nick":"echo"}
        DELETE guilds/11/members/33
        PUT guilds/11/members/33/roles/55
        DELETE guilds/11/members/33/roles/55
        PUT guilds/11/bans/33 {"delete_message_seconds":null}
        DELETE guilds/11/bans/33
        GET guilds/11/bans/33
        GET guilds/11/bans?limit=5
        GET guilds/11/roles
        GET guilds/11/roles/55
        POST guilds/11/roles {"hoist":true,"name":"alto","permissions":"2048"}
        PATCH guilds/11/roles/55 {"color":null,"name":"alto"}
        DELETE guilds/11/roles/55
        "#);
    }

    #[tokio::test(start_paused = true)]
    async fn guilds_channels_and_users_are_sent_as_documented() {
        let server = discord();
        let c = &server.client;
        let overwrite = PermissionOverwrite {
            allow: Permissions::empty(),
            deny: Permissions::SEND_MESSAGES,
            id: Id::new(33),
            kind: PermissionOverwriteType::Member,
        };
        insta::assert_snapshot!([
            sent!(server, c.guild(CHOIR).with_counts(true)),
            sent!(server, c.guild_channels(CHOIR)),
            sent!(server, c.active_threads(CHOIR)),
            sent!(server, c.audit_log(CHOIR).limit(5)),
            sent!(server, c.current_user_guilds().limit(5)),
            sent!(server, c.leave_guild(CHOIR)),
            sent!(server, c.user_voice_state(CHOIR, MIRA)),
            sent!(server, c.current_user_voice_state(CHOIR)),
            sent!(server, c.update_user_voice_state(CHOIR, MIRA, LOFT).suppress()),
            sent!(server, c.update_current_user_voice_state(CHOIR).channel_id(LOFT)),
            sent!(server, c.voice_regions()),
            sent!(server, c.channel(LOFT)),
            sent!(server, c.create_guild_channel(CHOIR, "nave").kind(ChannelType::GuildVoice)),
            sent!(server, c.update_channel(LOFT).topic("rehearsals")),
            sent!(server, c.delete_channel(LOFT)),
            sent!(server, c.update_channel_permission(LOFT, &overwrite)),
            sent!(server, c.create_thread(LOFT, "solo", ChannelType::PublicThread)),
            sent!(server, c.create_thread_from_message(LOFT, SONG, "solo")),
            sent!(server, c.update_thread(LOFT).archived(true)),
            sent!(server, c.join_thread(LOFT)),
            sent!(server, c.leave_thread(LOFT)),
            sent!(server, c.add_thread_member(LOFT, MIRA)),
            sent!(server, c.remove_thread_member(LOFT, MIRA)),
            sent!(server, c.thread_members(LOFT)),
            sent!(server, c.current_user()),
            sent!(server, c.current_user_application()),
            sent!(server, c.user(MIRA)),
            sent!(server, c.create_private_channel(MIRA)),
            sent!(server, c.create_webhook(LOFT, "echo").reason("why")),
            sent!(server, c.channel_webhooks(LOFT)),
            sent!(server, c.execute_webhook(Id::new(88), "t").content("hi").username("Echo")),
            sent!(server, c.delete_webhook(Id::new(88))),
        ].join("\n"), @r#"
        GET guilds/11?with_counts=true
        GET guilds/11/channels
        GET guilds/11/threads/active
        GET guilds/11/audit-logs?limit=5
        GET users/@me/guilds?limit=5
        DELETE users/@me/guilds/11
        GET guilds/11/voice-states/33
        GET guilds/11/voice-states/@me
        PATCH guilds/11/voice-states/33 {"channel_id":"22","suppress":true}
        PATCH guilds/11/voice-states/@me {"channel_id":"22"}
        GET voice/regions
        GET channels/22
        POST guilds/11/channels {"name":"nave","type":2}
        PATCH channels/22 {"topic":"rehearsals"}
        DELETE channels/22
        PUT channels/22/permissions/33 {"allow":"0","deny":"2048","type":1}
        POST channels/22/threads {"name":"solo","type":11}
        POST channels/22/messages/44/threads {"name":"solo"}
        PATCH channels/22 {"archived":true}
        PUT channels/22/thread-members/@me
        DELETE channels/22/thread-members/@me
        PUT channels/22/thread-members/33
        DELETE channels/22/thread-members/33
        GET channels/22/thread-members
        GET users/@me
        GET applications/@me
        GET users/33
        POST users/@me/channels {"recipient_id":"33"}
        POST channels/22/webhooks {"name":"echo"}
        GET channels/22/webhooks
        POST webhooks/88/t?wait=false&with_components=false {"content":"hi","username":"Echo"}
        DELETE webhooks/88
        "#);
    }

    #[tokio::test(start_paused = true)]
    async fn a_form_asks_by_radio_buttons_and_boxes_as_documented() {
        let server = discord();
        let interaction = bodies::interaction();
        let option = |voice: &str| RadioGroupOption {
            label: voice.to_owned(),
            value: voice.to_lowercase(),
            ..RadioGroupOption::default()
        };
        let day = CheckboxGroupOption {
            label: "Monday".into(),
            value: "1".into(),
            default: Some(true),
            ..CheckboxGroupOption::default()
        };
        let asked: [Component; 3] = [
            RadioGroup {
                custom_id: "voice".into(),
                options: Some(vec![option("Alto"), option("Tenor")]),
                ..RadioGroup::default()
            }
            .into(),
            CheckboxGroup {
                custom_id: "days".into(),
                options: Some(vec![day]),
                min_values: Some(0),
                ..CheckboxGroup::default()
            }
            .into(),
            Checkbox {
                custom_id: "news".into(),
                ..Checkbox::default()
            }
            .into(),
        ];
        let labels = asked.map(|component| {
            let label = Label {
                label: Some("Q?".into()),
                component: Some(Box::new(component)),
                ..Label::default()
            };
            label.into()
        });
        let answers = server.client.interaction(&interaction);
        let call = answers.modal("join", "Join", labels.into());
        call.await.expect("opened");
        let label = |component: Value| json!({"type": 18, "label": "Q?", "component": component});
        assert_eq!(
            server.last().json()["data"]["components"],
            json!([
                label(json!({"type": 21, "custom_id": "voice", "options":
                    [{"label": "Alto", "value": "alto"}, {"label": "Tenor", "value": "tenor"}]})),
                label(
                    json!({"type": 22, "custom_id": "days", "min_values": 0, "options":
                    [{"label": "Monday", "value": "1", "default": true}]})
                ),
                label(json!({"type": 23, "custom_id": "news"})),
            ])
        );
    }

    #[tokio::test(start_paused = true)]
    async fn interactions_and_commands_are_sent_as_documented() {
        let server = discord();
        let c = &server.client;
        let interaction = bodies::interaction();
        let answers = c.interaction(&interaction);
        let commands: Vec<Command> =
            serde_json::from_value(json!([bodies::command()])).expect("commands");
        insta::assert_snapshot!([
            sent!(server, answers.pong()),
            sent!(server, answers.message("hi").ephemeral()),
            sent!(server, answers.defer().ephemeral()),
            sent!(server, answers.defer_update()),
            sent!(server, answers.update().content("again")),
            sent!(server, answers.autocomplete(Vec::new())),
            sent!(server, answers.show_modal(Modal::new("form", "Title").text("la"))),
            sent!(server, answers.response()),
            sent!(server, answers.update_response().content(Some("done"))),
            sent!(server, answers.delete_response()),
            sent!(server, answers.create_followup().content("more")),
            sent!(server, answers.followup(SONG)),
            sent!(server, answers.update_followup(SONG).content(None)),
            sent!(server, answers.delete_followup(SONG)),
            sent!(server, c.global_commands(Id::new(9))),
            sent!(server, c.set_global_commands(Id::new(9), &commands)),
            sent!(server, c.delete_global_command(Id::new(9), Id::new(66))),
            sent!(server, c.guild_commands(Id::new(9), CHOIR)),
            sent!(server, c.set_guild_commands(Id::new(9), CHOIR, &commands)),
            sent!(server, c.delete_guild_command(Id::new(9), CHOIR, Id::new(66))),
        ].join("\n"), @r#"
        POST interactions/7/secret/callback {"type":1}
        POST interactions/7/secret/callback {"data":{"content":"hi","flags":64},"type":4}
        POST interactions/7/secret/callback {"data":{"flags":64},"type":5}
        POST interactions/7/secret/callback {"type":6}
        POST interactions/7/secret/callback {"data":{"content":"again"},"type":7}
        POST interactions/7/secret/callback {"data":{"choices":[]},"type":8}
        POST interactions/7/secret/callback {"data":{"components":[{"content":"la","type":10}],"custom_id":"form","title":"Title"},"type":9}
        GET webhooks/9/secret/messages/@original
        PATCH webhooks/9/secret/messages/@original {"content":"done"}
        DELETE webhooks/9/secret/messages/@original
        POST webhooks/9/secret?with_components=false {"content":"more"}
        GET webhooks/9/secret/messages/44
        PATCH webhooks/9/secret/messages/44 {"content":null}
        DELETE webhooks/9/secret/messages/44
        GET applications/9/commands?with_localizations=true
        PUT applications/9/commands [{"application_id":"9","description":"asks","id":"66","name":"ping","type":1,"version":"1"}]
        DELETE applications/9/commands/66
        GET applications/9/guilds/11/commands?with_localizations=true
        PUT applications/9/guilds/11/commands [{"application_id":"9","description":"asks","id":"66","name":"ping","type":1,"version":"1"}]
        DELETE applications/9/guilds/11/commands/66
        "#);
        let other = json!({"name": "ping", "description": "asks"});
        assert_eq!(
            sent!(server, c.set_global_commands(Id::new(9), &[other])),
            r#"PUT applications/9/commands [{"description":"asks","name":"ping"}]"#
        );
        let full = json!({"type": 12});
        assert_eq!(
            sent!(server, answers.create_response(&full)),
            r#"POST interactions/7/secret/callback {"type":12}"#
        );
        let with_token = |seen: &&Seen| seen.header("authorization").is_some();
        let seen = server.seen();
        assert!(
            seen.iter()
                .filter(with_token)
                .all(|seen| seen.path.starts_with("applications/"))
        );
    }
}

mod answers {
    use antiphon_discord::model::{
        ActionRow, Button, Component, Container, Message, MessageFlags, Role, TextDisplay, from_str,
    };

    use super::*;

    /// An asset that is not 32 hexadecimal digits.
    fn decorated(id: u64) -> Value {
        let mut message = bodies::message();
        message["id"] = id.to_string().into();
        message["author"]["avatar"] = "clyde_or_a_word".into();
        message["author"]["avatar_decoration_data"] = json!({"asset": "v2_a_0123456789abcdef0123456789abcdef", "sku_id": "1144058522808614923"});
        message
    }

    #[tokio::test(start_paused = true)]
    async fn a_reply_to_somebody_with_an_odd_decoration_is_posted_and_given() {
        let mut answer = bodies::message();
        answer["type"] = 19.into();
        answer["referenced_message"] = decorated(5);
        let server = Server::new(move |_, _| Reply::ok(&answer));
        let call = server
            .client
            .create_message(LOFT)
            .content("pong")
            .reply(SONG);
        let posted = call.await.expect("posted");
        let asked = posted.referenced_message.expect("what it replies to");
        let worn = asked.author.avatar_decoration_data.expect("a decoration");
        assert_eq!(
            worn.asset.to_string(),
            "v2_a_0123456789abcdef0123456789abcdef"
        );
        assert_eq!(
            asked.author.avatar.expect("a word").to_string(),
            "clyde_or_a_word"
        );
        assert_eq!(server.seen().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn one_odd_message_of_fifty_costs_its_odd_value_alone() {
        let history: Vec<Value> = (1..=50)
            .map(|id| {
                let mut message = decorated(id);
                match id {
                    7 => message["embeds"] = json!([{"thumbnail": {"url": []}}, 7]),
                    8 => message["timestamp"] = "yesterday".into(),
                    9 => message["author"] = Value::Null,
                    10 => message["attachments"] = json!({}),
                    _ => {}
                }
                message
            })
            .collect();
        let server = Server::new(move |_, _| Reply::ok(json!(history)));
        let messages = server
            .client
            .channel_messages(LOFT)
            .await
            .expect("a history");
        let ids: Vec<u64> = messages.iter().map(|message| message.id.get()).collect();
        assert_eq!(ids, (1..=50).collect::<Vec<u64>>());
        assert_eq!(messages[6].embeds.len(), 1);
    }

    /// Checks that a response with little more than an id is read, and that nothing is sent twice.
    #[tokio::test(start_paused = true)]
    async fn what_was_done_is_no_failure_whatever_the_answer_lacks() {
        let server = Server::new(|seen, _| {
            let id = json!({"id": "44", "type": "odd", "name": 7, "roles": {}, "author": []});
            match seen.method {
                // A member has no id of its own.
                Method::PATCH if seen.path.contains("/members/") => Reply::ok(json!({"nick": 7})),
                _ => Reply::ok(id),
            }
        });
        let c = &server.client;
        let role = Id::new(55);
        let interaction = bodies::interaction();
        let answers = c.interaction(&interaction);
        assert_eq!(
            c.create_message(LOFT)
                .content("x")
                .await
                .expect("posted")
                .id,
            SONG
        );
        assert_eq!(
            c.update_message(LOFT, SONG)
                .await
                .expect("edited")
                .channel_id,
            LOFT
        );
        assert_eq!(
            c.crosspost_message(LOFT, SONG).await.expect("published").id,
            SONG
        );
        assert_eq!(c.end_poll(LOFT, SONG).await.expect("ended").id, SONG);
        assert_eq!(
            c.create_guild_channel(CHOIR, "a")
                .await
                .expect("made")
                .id
                .get(),
            44
        );
        assert_eq!(c.update_channel(LOFT).await.expect("changed").id.get(), 44);
        assert_eq!(
            c.create_thread_from_message(LOFT, SONG, "a")
                .await
                .expect("begun")
                .id
                .get(),
            44
        );
        assert_eq!(c.create_role(CHOIR).await.expect("made").id.get(), 44);
        assert_eq!(
            c.update_role(CHOIR, role).await.expect("changed").id.get(),
            44
        );
        assert_eq!(
            c.create_webhook(LOFT, "a").await.expect("made").id.get(),
            44
        );
        assert_eq!(
            c.create_private_channel(MIRA)
                .await
                .expect("opened")
                .id
                .get(),
            44
        );
        assert_eq!(
            c.update_guild_member(CHOIR, MIRA)
                .await
                .expect("changed")
                .user
                .id,
            MIRA
        );
        assert_eq!(
            answers
                .create_followup()
                .content("x")
                .await
                .expect("posted")
                .id,
            SONG
        );
        assert_eq!(answers.update_response().await.expect("edited").id, SONG);
        assert_eq!(
            answers.update_followup(SONG).await.expect("edited").id,
            SONG
        );
        assert_eq!(server.seen().len(), 15);
    }

    // Bit 48 is documented (SET_VOICE_CHANNEL_STATUS, discord-api-types 0.38.57); bit 60 has no name yet.
    #[tokio::test(start_paused = true)]
    async fn permissions_that_are_written_back_take_none_away() {
        let bits = 1_u64 << 60 | 1 << 48 | 1 << 10;
        let mut role = bodies::role();
        role["permissions"] = bits.to_string().into();
        let mut channel = bodies::channel();
        channel["permission_overwrites"] = json!([{"id": "33", "type": 1, "allow": bits.to_string(), "deny": (1_u64 << 59).to_string()}]);
        let server = Server::new(move |seen, _| {
            Reply::ok(if seen.path.contains("roles") {
                &role
            } else {
                &channel
            })
        });
        let client = &server.client;
        let role: Role = client.role(CHOIR, Id::new(55)).await.expect("a role");
        let more = role.permissions | Permissions::MANAGE_MESSAGES;
        client
            .update_role(CHOIR, role.id)
            .permissions(more)
            .await
            .expect("changed");
        let expected = (bits | 1 << 13).to_string();
        assert_eq!(server.last().json(), json!({ "permissions": expected }));
        client
            .create_role(CHOIR)
            .permissions(more)
            .await
            .expect("made");
        assert_eq!(server.last().json(), json!({ "permissions": expected }));

        let mut overwrites = client
            .channel(LOFT)
            .await
            .expect("a channel")
            .permission_overwrites;
        overwrites[0].allow |= Permissions::MANAGE_MESSAGES;
        let expected =
            json!({"id": "33", "type": 1, "allow": expected, "deny": (1_u64 << 59).to_string()});
        let call = client
            .update_channel(LOFT)
            .permission_overwrites(&overwrites);
        call.await.expect("changed");
        assert_eq!(
            server.last().json()["permission_overwrites"],
            json!([expected])
        );
        let call = client.create_guild_channel(CHOIR, "nave");
        call.permission_overwrites(&overwrites).await.expect("made");
        assert_eq!(
            server.last().json()["permission_overwrites"],
            json!([expected])
        );
        client
            .update_channel_permission(LOFT, &overwrites[0])
            .await
            .expect("changed");
        let sent = server.last();
        assert_eq!(sent.json()["allow"], expected["allow"]);
        assert_eq!(sent.json()["deny"], expected["deny"]);
    }

    #[tokio::test(start_paused = true)]
    async fn components_of_layout_set_their_flag_and_stand_alone() {
        let server = posting();
        let card: [Component; 1] = [Container::new().component(TextDisplay::new("la")).into()];
        let post = || server.client.create_message(LOFT).components(&card);
        post().await.expect("posted");
        assert_eq!(server.last().json()["flags"], 1 << 15);
        let quiet = MessageFlags::SUPPRESS_NOTIFICATIONS;
        post().flags(quiet).await.expect("posted");
        assert_eq!(server.last().json()["flags"], 1 << 15 | 1 << 12);
        let both = post().content("la").await.expect_err("refused");
        let both = antiphon_core::error_chain(&both);
        assert!(
            both.contains("`content` is set beside components of layout"),
            "{both}"
        );
        let row: [Component; 1] = [ActionRow::new([Button::primary("a", "b")]).into()];
        server
            .client
            .create_message(LOFT)
            .components(&row)
            .await
            .expect("posted");
        assert_eq!(server.last().json()["flags"], Value::Null);
        let count = server.seen().len();
        let long = ActionRow::new([Button::primary("a", "b".repeat(81))]).into();
        let long = server.client.create_message(LOFT).components(&[long]).await;
        let long = antiphon_core::error_chain(&long.expect_err("refused"));
        let why =
            "`components[0].components[0].label` has 81 characters, where Discord takes 1 to 80";
        assert!(long.contains(why), "{long}");
        assert_eq!(server.seen().len(), count, "nothing was sent");
    }

    #[tokio::test(start_paused = true)]
    async fn what_nobody_knows_of_a_message_is_sent_on_as_it_came() {
        let unknown = r#"{"type":99,"weight":1.50,"inner":{"b":1,"a":[]}}"#;
        let server = Server::new(|_, _| Reply::ok(bodies::message()));
        let mut sent = bodies::message();
        sent["components"] = json!([{"type": 17, "components": []}]);
        sent["flags"] = (1_u64 << 40 | 1 << 15).into();
        let sent = sent.to_string().replace(
            r#"{"components":[],"type":17}"#,
            &format!(r#"{{"type":17,"components":[{unknown}]}}"#),
        );
        let (message, _) = from_str::<Message>(&sent).expect("a message");
        let Component::Container(_) = &message.components[0] else {
            panic!("{:?}", message.components);
        };
        let flags = message.flags.expect("flags");
        let call = server.client.create_message(LOFT).flags(flags);
        call.components(&message.components).await.expect("posted");
        let body = String::from_utf8(server.last().body.to_vec()).expect("text");
        assert!(body.contains(unknown), "{body}");
        assert_eq!(server.last().json()["flags"], 1_u64 << 40 | 1 << 15);
    }
}

mod refusals {
    use super::*;

    async fn error_of(reply: Reply) -> RequestError {
        let server = Server::new(move |_, _| reply.clone());
        let answer = server.client.create_message(LOFT).content("x").await;
        answer.expect_err("refused")
    }

    #[tokio::test(start_paused = true)]
    async fn a_refusal_says_all_that_discord_said() {
        let body = json!({"code": 50035, "message": "Invalid Form Body", "errors": {"embeds": {"0": {"title":
            {"_errors": [{"code": "BASE_TYPE_MAX_LENGTH", "message": "Must be 256 or fewer in length."}]}}}}});
        let error = error_of(Reply::status(400, body)).await;
        assert_eq!(
            error.to_string(),
            "Discord refused: Invalid Form Body (code 50035, status 400): embeds[0].title: Must be 256 or fewer in \
             length."
        );
        let said = error.api().expect("Discord's words");
        assert_eq!((said.status, said.code, said.fields.len()), (400, 50035, 1));
        assert!(!error.is_transient());
    }

    #[tokio::test(start_paused = true)]
    async fn missing_permissions_and_unknown_things_are_told_apart() {
        let error = error_of(refusal(403, 50013, "Missing Permissions")).await;
        assert!(
            matches!(&error, RequestError::Forbidden(said) if said.code == 50013),
            "{error:?}"
        );
        let error = error_of(refusal(404, 10003, "Unknown Channel")).await;
        assert!(
            matches!(&error, RequestError::NotFound(said) if said.code == 10003),
            "{error:?}"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn a_refused_token_is_not_sent_again() {
        let server = Server::new(|_, _| refusal(401, 0, "401: Unauthorized"));
        for _ in 0..3 {
            let error = server.client.current_user().await.expect_err("refused");
            assert!(matches!(error, RequestError::Unauthorized), "{error:?}");
            assert!(!format!("{error:?} {error}").contains("c4n4ry"));
        }
        assert_eq!(server.seen().len(), 1);
        // A webhook has a token of its own.
        let error = server
            .client
            .execute_webhook(Id::new(88), "t")
            .content("x")
            .await;
        assert!(matches!(error, Err(RequestError::Refused(_))), "{error:?}");
        assert_eq!(server.seen().len(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_page_of_the_edge_is_no_answer() {
        let error = error_of(Reply::status(
            403,
            "<html><title>Access denied</title></html>",
        ))
        .await;
        assert_eq!(
            error.to_string(),
            "the answer with status 403 is not Discord's: 41 bytes of no type"
        );
        let reply = Reply::status(301, "").header("Location", "https://elsewhere.test/secret?x=1");
        let error = error_of(reply).await;
        assert!(
            error.to_string().ends_with("a redirect to elsewhere.test"),
            "{error}"
        );
    }

    /// An error with its causes, as dead letters and logs have it.
    fn whole(error: &RequestError) -> String {
        let mut text = format!("{error:?} {error}");
        let mut cause = std::error::Error::source(error);
        while let Some(error) = cause {
            text = format!("{text} {error:?} {error}");
            cause = error.source();
        }
        text
    }

    #[tokio::test(start_paused = true)]
    async fn no_error_holds_the_text_of_an_answer() {
        let canary = "<p>canary</p>";
        let texts = [
            canary.to_owned(),
            json!({"canary": "canary", "id": "canary"}).to_string(),
            json!(["canary"]).to_string(),
            r#"{"content":"canary"#.to_owned(),
        ];
        for (status, text) in [200, 302, 400, 403, 404, 500, 502]
            .iter()
            .flat_map(|status| texts.iter().map(move |text| (*status, text)))
        {
            let reply = Reply::status(status, text)
                .header("Content-Type", "text/canary the")
                .header("Location", "https://elsewhere.test/canary");
            let error = error_of(reply).await;
            let shown = whole(&error);
            assert!(!shown.contains("canary"), "{status} {text}: {shown}");
            if status == 200 {
                let length = format!("status 200, {} bytes of ", text.len());
                assert!(shown.contains(&length), "{shown}");
                let places = ["(line 1, column ", "`id` is missing", "/: expected"];
                assert!(places.iter().any(|it| shown.contains(it)), "{shown}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_of_another_shape_says_that_it_was_done() {
        let error = error_of(Reply::ok(json!({"id": []}))).await;
        assert!(
            matches!(error, RequestError::Undecodable { .. }),
            "{error:?}"
        );
        assert!(error.to_string().starts_with("Discord accepted"), "{error}");
        assert!(!error.is_transient());
    }

    #[tokio::test(start_paused = true)]
    async fn too_many_refusals_stop_all_requests_for_a_while() {
        let server = Server::with(
            |_, _| refusal(403, 50013, "Missing Permissions"),
            |config| config.requests_per_second(10_000),
        );
        let ask = |client: Client| async move { client.channel(LOFT).await.expect_err("refused") };
        for _ in 0..9_000 {
            assert!(matches!(
                ask(server.client.clone()).await,
                RequestError::Forbidden(_)
            ));
        }
        let error = ask(server.client.clone()).await;
        let RequestError::TooManyRefusals {
            refusals,
            retry_after,
        } = error
        else {
            panic!("{error:?}");
        };
        assert_eq!((refusals, server.seen().len()), (9_000, 9_000));
        tokio::time::advance(retry_after).await;
        assert!(matches!(
            ask(server.client.clone()).await,
            RequestError::Forbidden(_)
        ));
    }
}

mod limits {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_bucket_is_waited_for_to_the_millisecond() {
        let server = Server::new(|_, before| {
            let left = [4, 3, 2, 1, 0][before % 5];
            Reply::ok(bodies::message()).bucket("messages", 5, left, 1.337)
        });
        let posts = (0..12).map(|_| {
            server
                .client
                .create_message(LOFT)
                .content("x")
                .into_future()
        });
        for posted in join_all(posts).await {
            posted.expect("posted");
        }
        let expected = [[0; 5].as_slice(), &[1_337; 5], &[2_674; 2]].concat();
        assert_eq!(server.times(), expected);
    }

    #[tokio::test(start_paused = true)]
    async fn channels_have_buckets_of_their_own_and_routes_share_them() {
        let server = Server::new(|seen, _| {
            let reply = match seen.method {
                Method::DELETE => Reply::status(204, ""),
                _ => Reply::ok(bodies::message()),
            };
            reply.bucket("shared", 1, 0, 5.0)
        });
        let client = &server.client;
        client
            .create_message(LOFT)
            .content("x")
            .await
            .expect("posted");
        client
            .create_message(Id::new(23))
            .content("x")
            .await
            .expect("posted");
        client
            .update_message(LOFT, SONG)
            .content(Some("y"))
            .await
            .expect("edited");
        // Only the response shows that edits fall into the same bucket.
        client
            .create_message(LOFT)
            .content("x")
            .await
            .expect("posted");
        client
            .update_message(LOFT, SONG)
            .content(Some("y"))
            .await
            .expect("edited");
        assert_eq!(server.times(), [0, 0, 0, 5_000, 10_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_unknown_bucket_lets_one_go_ahead_and_find_out() {
        let server = Server::new(|_, before| {
            let reply = Reply::ok(bodies::message()).bucket("m", 3, [2, 1, 0][before % 3], 1.0);
            if before == 0 {
                reply.after(Duration::from_millis(80))
            } else {
                reply
            }
        });
        let posts = (0..3).map(|_| {
            server
                .client
                .create_message(LOFT)
                .content("x")
                .into_future()
        });
        for posted in join_all(posts).await {
            posted.expect("posted");
        }
        assert_eq!(server.times(), [0, 80, 80]);
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_than_fifty_go_out_within_a_second() {
        let server = Server::new(|_, _| Reply::ok(bodies::channel()));
        let ask = |channel| server.client.channel(Id::new(channel)).into_future();
        for answer in join_all((1..=120).map(ask)).await {
            answer.expect("an answer");
        }
        let times = server.times();
        assert_eq!(times.len(), 120);
        for (index, at) in times.iter().enumerate().skip(50) {
            assert!(at - times[index - 50] >= 1_000, "{index}: {times:?}");
        }
        assert_eq!(times.last(), Some(&2_000));
    }

    #[tokio::test(start_paused = true)]
    async fn interactions_do_not_wait_for_the_bots_limit() {
        let server = Server::with(
            |seen, _| match seen.method {
                Method::GET => Reply::ok(bodies::channel()),
                _ => Reply::status(204, ""),
            },
            |config| config.requests_per_second(1),
        );
        server.client.channel(LOFT).await.expect("an answer");
        server
            .client
            .execute_webhook(Id::new(88), "t")
            .content("x")
            .await
            .expect("posted");
        server.client.channel(LOFT).await.expect("an answer");
        assert_eq!(server.times(), [0, 0, 1_000]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_of_the_bot_or_of_all_is_waited_for_and_sent_again() {
        for scope in ["user", "shared"] {
            let server = Server::new(move |_, before| match before {
                0 => limited(1.337, false, scope).bucket("m", 5, 0, 0.2),
                _ => Reply::ok(bodies::message()),
            });
            server
                .client
                .create_message(LOFT)
                .content("x")
                .await
                .expect("posted");
            assert_eq!(server.times(), [0, 1_337], "{scope}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_global_429_stops_every_route() {
        let server = Server::new(|_, before| match before {
            0 => limited(2.5, true, "global"),
            _ => Reply::ok(bodies::channel()),
        });
        let first = server.client.channel(LOFT).into_future();
        let second = async {
            // Sent after the response to the first one.
            tokio::time::sleep(Duration::from_millis(10)).await;
            server.client.channel(Id::new(23)).await
        };
        let (first, second) = tokio::join!(first, second);
        first.expect("an answer");
        second.expect("an answer");
        assert_eq!(server.times(), [0, 2_500, 2_500]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_429_of_the_edge_stops_every_route_for_as_long_as_it_says() {
        let server = Server::new(|_, before| match before {
            0 => Reply::status(429, "<html>error code: 1015</html>").header("Retry-After", 20),
            _ => Reply::ok(bodies::channel()),
        });
        server.client.channel(LOFT).await.expect("an answer");
        assert_eq!(server.times(), [0, 20_000]);
    }

    // Headers as discord/discord-api-docs#5646 has them: far from the truth until the true limit is met.
    #[tokio::test(start_paused = true)]
    async fn a_window_shrinks_with_the_newest_answer_also_under_a_new_bucket() {
        let wrong = |reply: Reply| reply.bucket("wrong", 50_000, 48_773, 102_737.719);
        for has_headers in [true, false] {
            let server = Server::new(move |_, before| match before {
                1 => {
                    let reply = limited(2.0, false, "user").header("Retry-After", 2);
                    if has_headers {
                        reply.bucket("real", 5, 0, 2.0)
                    } else {
                        reply
                    }
                }
                3 => limited(2.0, false, "user").bucket("real", 5, 0, 102_737.719),
                _ => wrong(Reply::ok(bodies::message())),
            });
            for _ in 0..3 {
                let call = server.client.create_message(LOFT).content("x");
                call.await.expect("posted");
            }
            assert_eq!(server.times(), [0, 0, 2_000, 2_000, 4_000], "{has_headers}");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn the_newest_of_two_answers_of_one_bucket_counts_whichever_comes_first() {
        for (first_comes, second_comes) in [(50, 10), (10, 50)] {
            // The first answer is about a window of an hour, perhaps of another bucket; the second is newer.
            for bucket in ["m", "old"] {
                let server = Server::new(move |_, before| {
                    let posted = Reply::ok(bodies::message());
                    match before {
                        0 => posted.bucket("m", 5, 4, 60.0),
                        1 => posted
                            .bucket(bucket, 5, 0, 3_600.0)
                            .after(Duration::from_millis(first_comes)),
                        2 => posted
                            .bucket("m", 5, 0, 2.0)
                            .after(Duration::from_millis(second_comes)),
                        _ => posted.bucket("m", 5, 4, 2.0),
                    }
                });
                let post = || {
                    server
                        .client
                        .create_message(LOFT)
                        .content("x")
                        .into_future()
                };
                post().await.expect("posted");
                for posted in join_all([post(), post()]).await {
                    posted.expect("posted");
                }
                post().await.expect("posted");
                let last = u128::from(2_000 + second_comes);
                assert_eq!(server.times(), [0, 0, 0, last], "{bucket} {first_comes}");
            }
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_route_that_joins_a_bucket_brings_its_newer_window() {
        let server = Server::new(|seen, before| {
            let reply = Reply::ok(bodies::message());
            match (&seen.method, before) {
                (&Method::POST, 0) => reply.bucket("m", 5, 0, 3_600.0),
                _ => reply.bucket("m", 5, 4, 2.0),
            }
        });
        let client = &server.client;
        let post = || client.create_message(LOFT).content("x").into_future();
        post().await.expect("posted");
        post().await.expect_err("an hour is too long");
        let edit = client.update_message(LOFT, SONG).content(Some("y"));
        edit.await.expect("edited");
        post().await.expect("posted");
        assert_eq!(server.times(), [0, 0, 0]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_shorter_429_for_all_lets_the_others_go_sooner() {
        let server = Server::new(|_, before| {
            let delay = |millis| Duration::from_millis(millis);
            match before {
                0 => limited(20.0, true, "global").after(delay(10)),
                1 => limited(1.0, true, "global").after(delay(20)),
                _ => Reply::ok(bodies::channel()),
            }
        });
        let ask = |channel| server.client.channel(Id::new(channel)).into_future();
        for answer in join_all([ask(1), ask(2)]).await {
            answer.expect("an answer");
        }
        assert_eq!(server.times(), [0, 0, 1_020, 1_020]);
    }

    #[tokio::test(start_paused = true)]
    async fn a_limit_that_outlasts_the_timeout_is_an_error_at_once() {
        let server = Server::new(|_, _| limited(3_600.0, false, "shared"));
        let start = tokio::time::Instant::now();
        let error = server.client.channel(LOFT).await.expect_err("limited");
        assert!(start.elapsed() < second(1), "{:?}", start.elapsed());
        let RequestError::RateLimited { retry_after, scope } = &error else {
            panic!("{error:?}");
        };
        assert_eq!((*scope, retry_after.as_secs()), (Scope::Shared, 3_600));
        assert!(error.is_transient());
        server
            .client
            .channel(LOFT)
            .await
            .expect_err("still limited");
        assert_eq!(server.seen().len(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_429_without_end_is_not_hammered() {
        let server = Server::new(|_, _| limited(0.0, false, "user"));
        let error = server.client.channel(LOFT).await.expect_err("limited");
        assert!(
            matches!(error, RequestError::RateLimited { .. }),
            "{error:?}"
        );
        assert_eq!(server.times(), [0, 100, 200, 300, 400, 500]);
    }

    #[tokio::test(start_paused = true)]
    async fn more_than_may_wait_are_told_so() {
        let server = Server::with(
            |_, _| Reply::ok(bodies::message()).after(second(5)),
            |config| config.max_queued_requests(2),
        );
        let posts = (0..5).map(|_| {
            server
                .client
                .create_message(LOFT)
                .content("x")
                .into_future()
        });
        let outcomes = join_all(posts).await;
        let busy = outcomes
            .iter()
            .filter(|it| matches!(it, Err(RequestError::Busy(2))))
            .count();
        assert_eq!(busy, 2, "{outcomes:?}");
        assert_eq!(server.seen().len(), 3, "one at once, and two that waited");
    }

    #[tokio::test(start_paused = true)]
    async fn a_cancelled_request_does_not_keep_others_from_their_turn() {
        let server = Server::new(|_, before| {
            let reply = Reply::ok(bodies::message()).bucket("m", 1, 0, 1.0);
            if before == 0 {
                reply.after(second(60))
            } else {
                reply
            }
        });
        let client = &server.client;
        let cancelled = client.create_message(LOFT).content("x").into_future();
        let patient = client.create_message(LOFT).content("y").into_future();
        let (cancelled, patient) =
            tokio::join!(tokio::time::timeout(second(1), cancelled), patient);
        cancelled.expect_err("cancelled");
        patient.expect("posted");
        assert_eq!(server.times(), [0, 1_000]);
    }
}

mod repeating {
    use super::*;

    /// Posts like Discord: a known nonce returns its message.
    fn losing(
        how: impl Fn(usize) -> Option<Reply> + Send + 'static,
    ) -> (Server, impl Fn(&Server) -> usize) {
        let server = Server::new(move |_, before| {
            how(before).unwrap_or_else(|| Reply::ok(bodies::message()))
        });
        let posted = |server: &Server| {
            let mut nonces: Vec<String> = server
                .seen()
                .iter()
                .map(|seen| seen.json()["nonce"].to_string())
                .collect();
            nonces.sort();
            nonces.dedup();
            nonces.len()
        };
        (server, posted)
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_whose_answer_was_lost_is_posted_once() {
        let page = "<html><h1>502 Bad Gateway</h1></html>";
        let (server, posted) = losing(move |before| match before {
            0 => Some(Reply::Break),
            1 => Some(Reply::status(502, page)),
            2 => Some(Reply::ok("").after(second(60))),
            _ => None,
        });
        server
            .client
            .create_message(LOFT)
            .content("x")
            .await
            .expect("posted");
        assert_eq!((server.seen().len(), posted(&server)), (4, 1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_message_that_may_have_been_posted_is_no_failure_to_try_again() {
        let server = Server::new(|_, _| Reply::ok("").after(second(60)));
        let post = || server.client.create_message(LOFT).content("x");
        let error = post().await.expect_err("no answer");
        assert!(
            matches!(error, RequestError::OutcomeUnknown(_)),
            "{error:?}"
        );
        assert!(!error.is_transient());
        // With a chosen nonce it is the same message in every call.
        let error = post().nonce("mine").await.expect_err("no answer");
        assert!(matches!(error, RequestError::TimedOut(_)), "{error:?}");
        assert!(error.is_transient());
    }

    #[tokio::test(start_paused = true)]
    async fn what_could_happen_twice_is_not_sent_twice() {
        for reply in [
            Reply::Break,
            Reply::status(502, "<html>"),
            Reply::ok("").after(second(60)),
        ] {
            let server = Server::new(move |_, _| reply.clone());
            let error = server.client.create_role(CHOIR).await.expect_err("lost");
            assert!(
                matches!(error, RequestError::OutcomeUnknown(_)),
                "{error:?}"
            );
            assert!(!error.is_transient());
            assert_eq!(server.seen().len(), 1);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_fails_on_is_asked_a_few_times_only() {
        let server = Server::new(|_, _| {
            Reply::status(503, "<html><h1>upstream\n connect error</h1></html>")
        });
        let error = server.client.channel(LOFT).await.expect_err("failed");
        assert_eq!(
            error.to_string(),
            "the server failed with status 503: 45 bytes of no type"
        );
        assert!(error.is_transient());
        assert_eq!(server.seen().len(), 5);
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_says_nothing_ends_with_the_timeout() {
        let server = Server::new(|_, _| Reply::ok("").after(second(600)));
        let start = tokio::time::Instant::now();
        let error = server.client.channel(LOFT).await.expect_err("no answer");
        assert!(matches!(error, RequestError::TimedOut(_)), "{error:?}");
        assert!(start.elapsed() <= second(30), "{:?}", start.elapsed());
        assert!(server.seen().len() >= 2);
    }

    #[tokio::test(start_paused = true)]
    async fn a_deletion_that_was_done_before_its_answer_was_lost_is_done() {
        let gone = |_: &Seen, before| match before {
            0 => Reply::Break,
            _ => refusal(404, 10008, "Unknown Message"),
        };
        let server = Server::new(gone);
        server
            .client
            .delete_message(LOFT, SONG)
            .await
            .expect("deleted");
        let error = server
            .client
            .delete_message(LOFT, SONG)
            .await
            .expect_err("not there");
        assert!(matches!(error, RequestError::NotFound(_)), "{error:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_server_that_is_not_there_is_unreachable() {
        let config = antiphon_discord::Config::new(TOKEN, antiphon_discord::Intents::empty());
        let (connector, listener) = antiphon_net::pipe::listen(1_024);
        drop(listener);
        let route = antiphon_net::Route::connector(std::sync::Arc::new(connector));
        let network = antiphon_net::Network::new().route("*", route);
        let (client, _source) = antiphon_discord::connect(config.network(network));
        let error = client.create_role(CHOIR).await.expect_err("nobody there");
        assert!(matches!(error, RequestError::Unreachable(_)), "{error:?}");
        assert!(error.is_transient());
    }
}

mod own_routes {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_search_whose_index_is_not_ready_is_asked_again() {
        let server = Server::new(|_, before| match before {
            0 | 1 => Reply::status(
                202,
                json!({"message": "Index not yet available. Try again later", "code": 110_000, "documents_indexed": 0,
                    "retry_after": 1}),
            ),
            _ => Reply::ok(
                json!({"messages": [[bodies::message()]], "total_results": 1,
                "doing_deep_historical_index": false}),
            ),
        });
        let found = server
            .client
            .search_guild_messages(CHOIR)
            .content("la & la")
            .has(&["link", "poll"]);
        assert_eq!(found.await.expect("found").messages[0][0].id, SONG);
        let path = "guilds/11/messages/search?content=la%20%26%20la&has=link&has=poll";
        let paths: Vec<String> = server.seen().into_iter().map(|seen| seen.path).collect();
        assert_eq!(paths, [path; 3]);
    }

    #[tokio::test(start_paused = true)]
    async fn an_index_that_is_never_ready_is_an_error_and_no_empty_result() {
        let server = Server::new(|_, _| {
            Reply::status(
                202,
                json!({"message": "Index not yet available", "code": 110_000, "retry_after": 1}),
            )
        });
        let error = server
            .client
            .search_guild_messages(CHOIR)
            .await
            .expect_err("no result");
        assert!(
            matches!(error, RequestError::Server { status: 202, .. }),
            "{error:?}"
        );
        assert!(error.is_transient());
    }

    #[tokio::test(start_paused = true)]
    async fn an_access_token_goes_in_place_of_the_bots_and_leaves_it_good() {
        let server = Server::new(|seen, _| match seen.path.as_str() {
            "users/@me" => Reply::ok(bodies::current_user()),
            _ => refusal(401, 0, "401: Unauthorized"),
        });
        let c = &server.client;
        let error = c
            .current_user_connections("Bearer us3r")
            .await
            .expect_err("expired");
        let RequestError::Refused(said) = &error else {
            panic!("{error:?}");
        };
        assert_eq!((said.status, error.is_transient()), (401, false));
        assert_eq!(server.last().header("authorization"), Some("Bearer us3r"));
        c.current_user().await.expect("the bot's token is good");
        assert_eq!(
            server.last().header("authorization"),
            Some(&*format!("Bot {TOKEN}"))
        );
        let odd = c
            .current_authorization("a\nb")
            .await
            .expect_err("no header");
        assert!(matches!(odd, RequestError::Invalid(_)) && !odd.to_string().contains("a\nb"));
        for open in [
            c.webhook_with_token(Id::new(88), "t").await.err(),
            c.gateway().await.err(),
        ] {
            assert!(matches!(open, Some(RequestError::Refused(_))), "{open:?}");
            assert_eq!(server.last().header("authorization"), None);
        }
    }

    #[tokio::test(start_paused = true)]
    async fn a_sticker_is_a_form_with_its_file() {
        let server = Server::new(|_, _| {
            Reply::ok(
                json!({"id": "77", "name": "wave", "tags": "wave", "type": 2, "format_type": 1,
                "description": "a hand"}),
            )
        });
        let wave = File::new("wave.png", &b"\x89PNG"[..]);
        let made = server
            .client
            .create_guild_sticker(CHOIR, "wave", "a hand", "wave", &wave);
        made.reason("hello").await.expect("made");
        let seen = server.last();
        assert_eq!(seen.header("x-audit-log-reason"), Some("hello"));
        let kind = seen.header("content-type").expect("a type");
        let boundary = kind
            .strip_prefix("multipart/form-data; boundary=")
            .expect("a form");
        let body = String::from_utf8_lossy(&seen.body).replace(boundary, "B");
        for part in [
            "--B\r\nContent-Disposition: form-data; name=\"name\"\r\n\r\nwave\r\n",
            "--B\r\nContent-Disposition: form-data; name=\"tags\"\r\n\r\nwave\r\n",
            "--B\r\nContent-Disposition: form-data; name=\"description\"\r\n\r\na hand\r\n",
            "--B\r\nContent-Disposition: form-data; name=\"file\"; filename=\"wave.png\"\r\nContent-Type: image/png\r\n\r\n",
        ] {
            assert!(body.contains(part), "{part}: {body}");
        }
        assert!(body.ends_with("\r\n--B--"), "{body}");
    }
}
