//! Requests against the simulator, with its permissions and its rate limits, on a paused clock.

use std::time::Duration;

use antiphon_core::Rng;
use antiphon_discord::{
    self as discord, Client, Config, Intents, RequestError,
    model::{
        Permissions,
        id::{Id, marker::MessageMarker},
    },
};
use antiphon_sim::{RestFault, Simulator, discord::Discord};
use futures_util::future::join_all;
use tokio::time::Instant;

/// The first bot, which may do what moderators do, without a connection to the Gateway.
fn bot(sim: &Simulator) -> (Discord, Client) {
    let discord = sim.discord();
    let client = client(sim, discord.token().expose());
    (discord, client)
}

fn client(sim: &Simulator, token: &str) -> Client {
    let config = Config::new(token.to_owned(), Intents::empty())
        .network(sim.network())
        .clock(sim.clock())
        .rng(Rng::with_seed(7));
    discord::connect(config).0
}

#[tokio::test(start_paused = true)]
async fn a_message_is_posted_edited_reacted_to_and_deleted() {
    let sim = Simulator::with_seed(7);
    let (discord, client) = bot(&sim);
    let loft = Id::new(discord.channel_id());
    let posted = client
        .create_message(loft)
        .content("la")
        .await
        .expect("posted");
    assert_eq!(posted.content, "la");
    let edited = client
        .update_message(loft, posted.id)
        .content(Some("la la"))
        .await;
    assert_eq!(edited.expect("edited").content, "la la");
    client
        .create_reaction(loft, posted.id, "👍")
        .await
        .expect("reacted");
    let fans = client.reactions(loft, posted.id, "👍").await.expect("read");
    assert_eq!(fans.len(), 1);
    client
        .delete_current_user_reaction(loft, posted.id, "👍")
        .await
        .expect("taken back");
    client.create_typing_trigger(loft).await.expect("typing");
    let read = client.message(loft, posted.id).await.expect("read");
    assert_eq!(read.content, "la la");
    let history = client.channel_messages(loft).limit(10).await.expect("read");
    assert_eq!(history.first().map(|message| message.id), Some(posted.id));
    client
        .delete_message(loft, posted.id)
        .reason("rehearsal")
        .await
        .expect("deleted");
    let error = client.message(loft, posted.id).await.expect_err("gone");
    assert!(
        matches!(&error, RequestError::NotFound(said) if said.code == 10008),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_message_is_posted_once_although_its_answer_was_lost() {
    let sim = Simulator::with_seed(7);
    let (discord, client) = bot(&sim);
    let loft = Id::new(discord.channel_id());
    let before = discord.texts("loft").len();
    for fault in [
        RestFault::Dropped,
        RestFault::Html(502),
        RestFault::Slow(Duration::from_secs(20)),
    ] {
        discord.fail("POST /channels/*/messages", 1, fault);
        client
            .create_message(loft)
            .content("once")
            .await
            .expect("posted");
    }
    assert_eq!(discord.texts("loft").len(), before + 3);
}

#[tokio::test(start_paused = true)]
async fn a_burst_keeps_within_the_servers_limits() {
    let sim = Simulator::with_seed(7);
    let (discord, client) = bot(&sim);
    let loft = Id::new(discord.channel_id());
    let start = Instant::now();
    let texts: Vec<String> = (0..12).map(|number| number.to_string()).collect();
    let posts = texts
        .iter()
        .map(|text| client.create_message(loft).content(text).into_future());
    for posted in join_all(posts).await {
        posted.expect("posted");
    }
    // Five in five seconds, and no 429.
    assert_eq!(start.elapsed().as_secs(), 10);
    assert!(
        discord.texts("loft").ends_with(&texts),
        "in order of asking"
    );
    let notes = sim.ledger().notes();
    assert!(notes.is_empty(), "{notes:?}");
}

#[tokio::test(start_paused = true)]
async fn moderators_change_members_and_roles() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let client = client(&sim, discord.account_named("cantor").token.expose());
    let (guild, teo) = (Id::new(discord.guild_id()), Id::new(discord.user("teo")));
    let role = client
        .create_role(guild)
        .name("descant")
        .permissions(Permissions::SEND_MESSAGES);
    let role = role.reason("new voices").await.expect("made").id;
    client
        .add_guild_member_role(guild, teo, role)
        .await
        .expect("given");
    let member = client
        .update_guild_member(guild, teo)
        .nick(Some("Teo the Second"))
        .await;
    assert!(member.expect("changed").roles.contains(&role));
    let renamed = client
        .update_role(guild, role)
        .name(Some("treble"))
        .await
        .expect("renamed");
    assert_eq!(renamed.name, "treble");
    assert!(
        client
            .roles(guild)
            .await
            .expect("read")
            .iter()
            .any(|role| role.name == "treble")
    );
    client
        .remove_guild_member_role(guild, teo, role)
        .await
        .expect("taken");
    client.delete_role(guild, role).await.expect("deleted");
    client
        .create_ban(guild, teo)
        .delete_message_seconds(60)
        .reason("spam")
        .await
        .expect("banned");
    client.delete_ban(guild, teo).await.expect("lifted");
}

#[tokio::test(start_paused = true)]
async fn who_may_not_is_told_which_permission_is_missing() {
    let sim = Simulator::with_seed(7);
    let discord = sim.discord();
    let client = client(&sim, discord.account_named("lector").token.expose());
    let (guild, mira) = (Id::new(discord.guild_id()), Id::new(discord.user("mira")));
    let error = client
        .create_ban(guild, mira)
        .await
        .expect_err("not allowed");
    assert!(
        matches!(&error, RequestError::Forbidden(said) if said.code == 50013),
        "{error:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn a_token_that_was_reset_is_given_up() {
    let sim = Simulator::with_seed(7);
    let (discord, client) = bot(&sim);
    client.current_user().await.expect("read");
    client.current_user_application().await.expect("read");
    discord.reset_token(Discord::BOT);
    let error = client.current_user().await.expect_err("refused");
    assert!(matches!(error, RequestError::Unauthorized), "{error:?}");
}

#[tokio::test(start_paused = true)]
async fn direct_conversations_are_opened_and_closed_guilds_are_read() {
    let sim = Simulator::with_seed(7);
    let (discord, client) = bot(&sim);
    let conversation = client
        .create_private_channel(Id::new(discord.user("mira")))
        .await;
    let channel = conversation.expect("opened").id;
    let posted = client
        .create_message(channel)
        .content("psst")
        .await
        .expect("posted");
    let again: Id<MessageMarker> = client.message(channel, posted.id).await.expect("read").id;
    assert_eq!(again, posted.id);
    let guild = Id::new(discord.guild_id());
    assert_eq!(client.guild(guild).await.expect("read").id, guild);
    assert!(!client.guild_channels(guild).await.expect("read").is_empty());
    assert!(!client.voice_regions().await.expect("read").is_empty());
}
