//! A proxy is read where it is written, so that a client never sends a login past one that was misspelt.
#![cfg(all(
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]

use antiphon::{discord, lavalink, net::Proxy, queup, stackexchange};
use antiphon_core::error_chain;

/// Proxies as people misspell them.
const MISSPELT: &[&str] = &[
    "",
    " ",
    "htp://user:pw@proxy.example:3128",
    "user:pw@proxy.example:3128",
    "proxy.example:3128",
    "http:/proxy.example:3128",
    "http//proxy.example",
    "ftp://proxy.example:21",
    "socks6://proxy.example:1080",
    "http://proxy.example:3128/path",
    "http://user:pw@127.0.0.1:99999",
    "socks5h://127.0.0.1:65536",
];
const PASSWORD: &str = "canary-password";

#[test]
fn a_misspelt_proxy_is_an_error_before_any_client_has_it() {
    for proxy in MISSPELT {
        let error = Proxy::parse(proxy).expect_err(proxy);
        let said = error_chain(&error);
        assert!(said.contains("proxy"), "`{proxy}`: {said}");
        assert!(!said.contains("pw"), "no login is shown: {said}");
        let options = queup::ProxyOptions::new(*proxy).expect_err(proxy);
        assert!(
            error_chain(&options).ends_with(&said),
            "{}",
            error_chain(&options)
        );
    }
}

/// Compiles only while every platform's configuration takes a proxy that was parsed before.
#[test]
fn every_platform_takes_a_parsed_proxy() {
    let proxy = Proxy::parse("socks5h://127.0.0.1:9050").expect("a proxy");
    let intents = discord::Intents::empty();
    let _ = discord::connect(discord::Config::new(PASSWORD, intents).proxy(proxy.clone()));
    let node = lavalink::NodeConfig::new("a", "http://127.0.0.1:2333", PASSWORD);
    let _ = lavalink::connect(lavalink::Config::new(7, [node]).proxy(proxy.clone()));
    let account = queup::Account::new("mira@example.org", PASSWORD);
    let _ = queup::connect(queup::Config::new(account).proxy(proxy.clone()));
    let account = stackexchange::Account::new("mira@example.org", PASSWORD);
    let _ = stackexchange::connect(stackexchange::Config::new(account).proxy(proxy));
}

#[tokio::test]
async fn a_port_that_does_not_exist_is_no_other_port() {
    for url in ["http://127.0.0.1:99999", "http://127.0.0.1:65536/x"] {
        let (client, _) =
            discord::connect(discord::Config::new(PASSWORD, discord::Intents::empty()).rest(url));
        let failed = client.current_user_guilds().await.expect_err(url);
        assert!(
            error_chain(&failed).contains("port"),
            "{}",
            error_chain(&failed)
        );

        let node = lavalink::NodeConfig::new("a", url, PASSWORD);
        let (pool, _) = lavalink::connect(lavalink::Config::new(7, [node]));
        let node = pool.node("a").expect("configured");
        let failed = node.fetch_info().await.expect_err(url);
        assert!(
            error_chain(&failed).contains("port"),
            "{}",
            error_chain(&failed)
        );

        let account = queup::Account::new("mira@example.org", PASSWORD);
        let (client, _) = queup::connect(queup::Config::new(account).rest(url));
        let failed = client.login().await.expect_err(url);
        assert!(
            error_chain(&failed).contains("port"),
            "{}",
            error_chain(&failed)
        );
    }
}
