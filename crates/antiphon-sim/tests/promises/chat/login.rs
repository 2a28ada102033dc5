//! Logins at the sites and at the chat servers (protocol §3).

use antiphon_sim::Simulator;
use http::Method;

use super::{CHAT, Client, ROOM, SITE, form, notes};

#[tokio::test(start_paused = true)]
async fn a_login_needs_the_key_of_its_form_and_gives_cookies_of_the_network() {
    let sim = Simulator::with_seed(7);
    let account = sim.stackexchange().account();
    let mut client = Client::stranger(&sim);
    let page = client.get(SITE, "/users/login").await;
    assert_eq!(page.status, 200);
    assert_eq!(page.field("fkey").map(|key| key.len()), Some(32));
    let login = client
        .log_in(SITE, &account.email, account.password.expose())
        .await;
    assert_eq!((login.status, login.location.as_deref()), (302, Some("/")));
    assert_eq!(login.set_cookies.len(), 2);
    for cookie in &login.set_cookies {
        assert!(cookie.contains("domain=.stackexchange.com"), "{cookie}");
    }
    let acct = &client.cookies[&("stackexchange.com".into(), "acct".into())];
    assert!(acct.starts_with("t=") && acct.contains("&s="), "{acct}");
    let again = client.get(SITE, "/users/login").await;
    assert_eq!(again.location.as_deref(), Some("/"), "already logged in");
    assert_eq!(notes(&sim), [""; 0]);
    let without_key = form(&[("email", &account.email), ("password", "x")]);
    let refused = Client::stranger(&sim)
        .send(Method::POST, SITE, "/users/login", &without_key)
        .await;
    assert_eq!(refused.status, 404);
    assert_eq!(notes(&sim).len(), 1);
}

#[tokio::test(start_paused = true)]
async fn the_first_step_tells_good_credentials_from_bad_ones() {
    let sim = Simulator::with_seed(7);
    let account = sim.stackexchange().account();
    let mut client = Client::stranger(&sim);
    for (password, words) in [
        (account.password.expose(), "Login-OK"),
        ("wrong", "Login-Failed"),
    ] {
        let fields = form(&[("email", &account.email), ("password", password)]);
        let path = "/users/login-or-signup/validation/track";
        let answer = client.send(Method::POST, SITE, path, &fields).await;
        assert_eq!((answer.status, &*answer.text), (200, words));
    }
}

#[tokio::test(start_paused = true)]
async fn a_wrong_password_shows_the_form_again_and_a_challenge_leads_elsewhere() {
    let sim = Simulator::with_seed(7);
    let account = sim.stackexchange().account();
    let mut client = Client::stranger(&sim);
    let wrong = client.log_in(SITE, &account.email, "wrong").await;
    assert_eq!(wrong.status, 200);
    assert!(wrong.field("fkey").is_some() && wrong.set_cookies.is_empty());
    sim.stackexchange().ask_for_humans(1);
    let password = account.password.expose();
    let challenge = client.log_in(SITE, &account.email, password).await;
    assert_eq!(challenge.status, 302);
    assert_ne!(challenge.location.as_deref(), Some("/"));
    assert!(challenge.set_cookies.is_empty());
    let login = client.log_in(SITE, &account.email, password).await;
    assert_eq!(login.location.as_deref(), Some("/"), "asked for once");
    sim.stackexchange().change_login_page(true);
    let page = Client::stranger(&sim).get(SITE, "/users/login").await;
    assert_eq!(page.field("fkey"), None);
}

#[tokio::test(start_paused = true)]
async fn a_chat_server_makes_a_session_of_the_sites_cookies_and_says_whose_it_is() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::stranger(&sim);
    let anonymous = client.enter(CHAT).await;
    assert!(
        anonymous
            .text
            .contains("href=\"https://stackexchange.com/users/login")
    );
    assert!(anonymous.set_cookies.is_empty());
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let page = client.enter(CHAT).await;
    assert!(
        page.text
            .contains("<a href=\"/users/99/antiphon\" title=\"antiphon\">antiphon</a>")
    );
    assert!(page.set_cookies[0].starts_with("sechatusr="));
    assert!(
        !page.set_cookies[0].contains("domain="),
        "for this host alone"
    );
    let room = client.get(CHAT, &format!("/rooms/{ROOM}")).await;
    assert_eq!(room.field("fkey").as_ref(), Some(&client.fkey));
    assert!(room.text.contains("id=\"input\"") && room.text.contains("data-users="));
}

#[tokio::test(start_paused = true)]
async fn cookies_of_one_network_are_no_good_on_the_other() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let elsewhere = client.enter("chat.stackoverflow.com").await;
    assert!(elsewhere.set_cookies.is_empty(), "nobody there");
    let account = sim.stackexchange().account();
    let password = account.password.expose();
    client
        .log_in("stackoverflow.com", &account.email, password)
        .await;
    let there = client.enter("chat.stackoverflow.com").await;
    assert!(there.set_cookies[0].starts_with("chatusr="));
    // The third server shares the first one's login.
    let third = client.enter("chat.meta.stackexchange.com").await;
    assert!(third.set_cookies[0].starts_with("chatusr="));
    let stripped = client
        .cookies
        .remove(&("stackexchange.com".into(), "prov".into()));
    assert!(stripped.is_some());
    let halves = client.get("chat.meta.stackexchange.com", "/").await;
    assert_eq!(halves.status, 200);
    client.cookies.retain(|(_, name), _| name != "chatusr");
    let halves = client.enter("chat.meta.stackexchange.com").await;
    assert!(halves.set_cookies.is_empty(), "acct alone is not enough");
}

#[tokio::test(start_paused = true)]
async fn a_cookie_that_was_encoded_again_is_unknown() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    let key = ("stackexchange.com".to_owned(), "acct".to_owned());
    let encoded = client.cookies[&key].replace('=', "%3d").replace('&', "%26");
    client.cookies.insert(key, encoded);
    client.cookies.retain(|(_, name), _| name != "sechatusr");
    assert!(client.enter(CHAT).await.set_cookies.is_empty());
}

#[tokio::test(start_paused = true)]
async fn sessions_expire_when_told_to_and_end_with_the_logout() {
    let sim = Simulator::with_seed(7);
    let mut client = Client::logged_in(&sim, "antiphon").await;
    sim.stackexchange().expire_cookies();
    let page = client.enter(CHAT).await;
    assert!(page.text.contains("users/login"), "nobody");

    let mut client = Client::logged_in(&sim, "antiphon").await;
    let page = client.get(SITE, "/users/logout").await;
    let key = page.field("fkey").expect("a key");
    client
        .send(
            Method::POST,
            SITE,
            "/users/logout",
            &form(&[("fkey", &key)]),
        )
        .await;
    assert!(client.enter(CHAT).await.text.contains("users/login"));
    sim.stackexchange().refuse_chat(true);
    let account = sim.stackexchange().account();
    client
        .log_in(SITE, &account.email, account.password.expose())
        .await;
    assert!(
        client.enter(CHAT).await.text.contains("users/login"),
        "refused"
    );
}
