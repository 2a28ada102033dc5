//! Each row of the login's failure matrix (protocol §3.4), cookies that are kept, and the three servers.

mod harness;

use std::time::Duration;

use antiphon_core::{Link, LinkState};
use antiphon_sim::{RestFault, Simulator};
use antiphon_stackexchange::{self as stackexchange, Account, Config, LoginError, Server};
use harness::{Begin as _, Journal, Running, config};

/// The reasons of the waits that the link told, in order.
fn waits(journal: &Journal) -> Vec<String> {
    let links = journal.decoded::<Link>().into_iter();
    let reasons = links.filter_map(|link| match link.state {
        LinkState::Waiting { reason, .. } => Some(reason),
        _ => None,
    });
    reasons.collect()
}

/// The outcome of a login.
async fn outcome(sim: &Simulator) -> Result<stackexchange::Me, LoginError> {
    let (client, _source) = stackexchange::connect(config(sim));
    client.log_in().await
}

#[tokio::test(start_paused = true)]
async fn an_account_logs_in_on_each_of_the_three_servers() {
    let sim = Simulator::with_seed(7);
    for server in Server::ALL {
        let (client, _source) = stackexchange::connect(config(&sim).server(server));
        let me = client.log_in().await.expect("logged in");
        assert_eq!((me.id.get(), me.name.as_str()), (99, "antiphon"));
        client
            .send(4242, format!("hello {server}"))
            .await
            .expect("sent");
    }
    assert_eq!(sim.notes(), []);
}

#[tokio::test(start_paused = true)]
async fn a_bad_password_is_told_and_not_tried_again() {
    let sim = Simulator::with_seed(7);
    let bot = sim.stackexchange().account();
    let wrong = Config::new(Account::new(bot.email, "wrong")).network(sim.network());
    let (client, _source) = stackexchange::connect(wrong.clone());
    let error = client.log_in().await.expect_err("refused");
    assert!(
        matches!(error, LoginError::BadCredentials { .. }),
        "{error}"
    );
    assert!(!error.is_transient());
    let mut app = Running::start(&sim, wrong);
    let ended = app.ended().await.expect_err("it stops");
    assert_eq!(ended.code(), "authorization");
}

#[tokio::test(start_paused = true)]
async fn quirk_12_a_challenge_is_seen_since_redirects_are_not_followed() {
    let sim = Simulator::with_seed(7);
    sim.stackexchange().ask_for_humans(1);
    let error = outcome(&sim).await.expect_err("a challenge");
    assert!(matches!(error, LoginError::Captcha { .. }), "{error}");
    assert!(error.to_string().contains("/nocaptcha"));
    sim.stackexchange().ask_for_humans(9);
    let mut app = Running::start(&sim, config(&sim));
    assert_eq!(app.ended().await.expect_err("it stops").code(), "captcha");
}

#[tokio::test(start_paused = true)]
async fn after_a_challenge_nothing_asks_the_site_again_by_itself() {
    let sim = Simulator::with_seed(7);
    sim.stackexchange().ask_for_humans(1);
    let (client, _source) = stackexchange::connect(config(&sim));
    client.log_in().await.expect_err("a challenge");
    // The site would let the account in by now; but only a person can know that.
    let error = client.room(4242).send("hello").await.expect_err("refused");
    let cause = std::error::Error::source(&error).map(ToString::to_string);
    assert_eq!(cause.as_deref(), Some("could not log in again"));
    client.log_in().await.expect("asked for, it tries again");
    client.room(4242).send("hello").await.expect("sent");
}

#[tokio::test(start_paused = true)]
async fn a_login_page_without_a_key_is_a_changed_page() {
    let sim = Simulator::with_seed(7);
    sim.stackexchange().change_login_page(true);
    let error = outcome(&sim).await.expect_err("no key");
    assert!(
        matches!(
            error,
            LoginError::PageChanged {
                missing: "fkey",
                ..
            }
        ),
        "{error}"
    );
    let mut app = Running::start(&sim, config(&sim));
    assert_eq!(app.ended().await.expect_err("it stops").code(), "protocol");
}

#[tokio::test(start_paused = true)]
async fn a_chat_server_that_does_not_accept_the_login_says_so() {
    let sim = Simulator::with_seed(7);
    sim.stackexchange().refuse_chat(true);
    let error = outcome(&sim).await.expect_err("not accepted");
    assert!(matches!(error, LoginError::NotAccepted { .. }), "{error}");
    let mut app = Running::start(&sim, config(&sim));
    let ended = app.ended().await.expect_err("it stops");
    assert!(
        ended.way_out().is_some(),
        "{} says what to do",
        ended.code()
    );
}

#[tokio::test(start_paused = true)]
async fn a_login_that_ends_before_the_chat_server_was_asked_is_made_once_more() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    // The first page of the chat server comes late, and nobody is logged in any more by then.
    chat.fail("/", 1, RestFault::Slow(Duration::from_secs(5)));
    let expire = async {
        tokio::time::sleep(Duration::from_secs(2)).await;
        chat.expire_cookies();
    };
    let (me, ()) = tokio::join!(outcome(&sim), expire);
    assert_eq!(me.expect("logged in").id.get(), 99);
}

#[tokio::test(start_paused = true)]
async fn a_login_that_could_not_be_sent_is_tried_again() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    chat.fail("/users/login", 1, RestFault::Html(503));
    chat.fail(
        "/users/login-or-signup/validation/track",
        1,
        RestFault::Dropped,
    );
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let waits = waits(&app.stop().await);
    assert_eq!(waits.len(), 2, "both faults were met: {waits:?}");
    assert!(waits[0].contains("status 503"), "{waits:?}");
    assert!(waits[1].contains("could not reach"), "{waits:?}");
}

#[tokio::test(start_paused = true)]
async fn kept_cookies_are_used_again_and_stale_ones_lead_to_one_full_login() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cookies.json");
    let login = || async {
        let (client, _source) = stackexchange::connect(config(&sim).cookie_file(&path));
        client.log_in().await.map(|me| me.id)
    };
    let me = login().await.expect("logged in");
    assert!(path.exists());
    // A challenge would answer any login now.
    chat.ask_for_humans(1);
    assert_eq!(login().await.expect("by cookies alone"), me);
    chat.ask_for_humans(0);
    chat.expire_cookies();
    assert_eq!(login().await.expect("by a full login"), me);
    chat.ask_for_humans(1);
    assert_eq!(login().await.expect("by the new cookies"), me);
}

#[tokio::test(start_paused = true)]
async fn logging_out_ends_the_session_and_forgets_the_cookies() {
    let sim = Simulator::with_seed(7);
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("cookies.json");
    let (client, _source) = stackexchange::connect(config(&sim).cookie_file(&path));
    client.log_in().await.expect("logged in");
    client.log_out().await.expect("logged out");
    assert!(client.me().is_none() && !path.exists());
    sim.stackexchange().ask_for_humans(1);
    let again = client.log_in().await;
    assert!(
        matches!(again, Err(LoginError::Captcha { .. })),
        "a full login"
    );
}

/// The words of a login that fails, and may pass.
async fn told(sim: &Simulator) -> String {
    let error = outcome(sim).await.expect_err("no login");
    assert!(error.is_transient(), "{error}");
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn a_status_in_place_of_any_page_of_the_login_is_named_and_is_no_verdict() {
    let pages = [
        ("GET /users/login", "meta.stackexchange.com/users/login"),
        (
            "/users/login-or-signup/validation/track",
            "meta.stackexchange.com/users/login-or-signup/validation/track",
        ),
        ("POST /users/login", "meta.stackexchange.com/users/login"),
        ("GET /", "chat.stackexchange.com/"),
    ];
    for (requests, page) in pages {
        for status in [400, 401, 403, 404, 418] {
            let sim = Simulator::with_seed(7);
            sim.stackexchange()
                .fail(requests, 1, RestFault::Html(status));
            assert_eq!(
                told(&sim).await,
                format!("the page https://{page} answered with status {status}")
            );
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_redirect_to_nowhere_is_no_challenge() {
    for (to, words) in [
        ("", "a redirect without an address"),
        ("/error?x=1", "a redirect to /error?x=1"),
        (
            "https://other.example/maintenance",
            "a redirect to https://other.example/maintenance",
        ),
    ] {
        let sim = Simulator::with_seed(7);
        sim.stackexchange().redirect_logins(Some(to));
        let told = told(&sim).await;
        assert!(
            told.ends_with(&format!("with status 302, {words}")),
            "{told}"
        );
    }
    let sim = Simulator::with_seed(7);
    sim.stackexchange().redirect_logins(Some("/nocaptcha?s=1"));
    let error = outcome(&sim).await.expect_err("a challenge");
    assert!(matches!(error, LoginError::Captcha { .. }), "{error}");
    assert!(
        error
            .to_string()
            .ends_with("asks for a human: /nocaptcha?s=1")
    );
}

#[tokio::test(start_paused = true)]
async fn one_status_in_place_of_the_login_page_is_a_wait_and_ten_are_the_end() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    let mut app = Running::start(&sim, config(&sim));
    app.connected().await;
    chat.fail("GET /users/login", 1, RestFault::Html(403));
    chat.expire_cookies();
    chat.cut();
    let waited = |journal: &Journal| {
        let waits = waits(journal).into_iter();
        waits.filter(|reason| reason.contains("status 403")).count()
    };
    app.until(|journal| waited(journal) == 1).await;
    app.connected().await;
    chat.say(4242, "teo", "still here");
    app.until(|journal| !journal.of("stackexchange.MessagePosted").is_empty())
        .await;

    chat.fail("GET /users/login", 99, RestFault::Html(404));
    chat.expire_cookies();
    chat.cut();
    let ended = app.ended().await.expect_err("it stops in the end");
    assert_eq!(ended.code(), "refused");
    let words = ended.to_string();
    assert!(
        words.contains("answered with status 404, 10 times in a row"),
        "{words}"
    );
    assert!(ended.way_out().expect("a hint").contains("browser"));
}

#[tokio::test(start_paused = true)]
async fn a_status_in_place_of_the_page_with_the_key_is_a_wait() {
    let sim = Simulator::with_seed(7);
    let chat = sim.stackexchange();
    for status in [403, 404] {
        chat.fail("GET /chats/join/favorite", 1, RestFault::Html(status));
    }
    let app = Running::start(&sim, config(&sim));
    app.connected().await;
    let waits = waits(&app.stop().await);
    assert_eq!(waits.len(), 2, "both statuses were met: {waits:?}");
    assert!(waits[0].contains("status 403") && waits[1].contains("status 404"));
}
