//! A client whose proxy cannot be used sends nothing, least of all the login.
#![cfg(all(
    feature = "discord",
    feature = "lavalink",
    feature = "queup",
    feature = "stackexchange"
))]

use std::{error::Error, io::ErrorKind, net::TcpListener};

use antiphon::{discord, lavalink, queup, stackexchange};

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

/// A server that counts its connections, of which there must be none.
struct Door(TcpListener);

impl Door {
    fn new() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        listener.set_nonblocking(true).expect("supported");
        Self(listener)
    }

    fn url(&self, scheme: &str) -> String {
        format!("{scheme}://{}", self.0.local_addr().expect("bound"))
    }

    #[track_caller]
    fn nobody_came(&self) {
        let came = self.0.accept().map(|(_, from)| from);
        assert_eq!(
            came.expect_err("a connection").kind(),
            ErrorKind::WouldBlock
        );
    }
}

/// Checks that the error names the proxy, and shows neither password nor login.
#[track_caller]
fn names_the_proxy(client: &str, proxy: &str, error: &(dyn Error + 'static)) {
    let said = report(error);
    assert!(said.contains("proxy"), "{client}, `{proxy}`: {said}");
    assert!(!said.contains(PASSWORD) && !said.contains("pw@"), "{said}");
}

#[tokio::test]
async fn a_misspelt_proxy_is_an_error_of_every_request_and_sends_none() {
    let door = Door::new();
    let http = door.url("http");
    for proxy in MISSPELT {
        // Discord's configuration takes a proxy that was parsed before.
        let failed = discord::Proxy::parse(proxy).expect_err(proxy);
        names_the_proxy("discord", proxy, &failed);

        let node = lavalink::NodeConfig::new("a", &http, PASSWORD);
        let (pool, _) = lavalink::connect(lavalink::Config::new(7, [node]).proxy(*proxy));
        let node = pool.node("a").expect("configured");
        let failed = node.fetch_info().await.expect_err(proxy);
        names_the_proxy("lavalink", proxy, &failed);

        let failed = queup::ProxyOptions::new(*proxy).expect_err(proxy);
        names_the_proxy("queup", proxy, &failed);

        // Stack Exchange's configuration takes a proxy that was parsed before.
        let failed = stackexchange::Proxy::parse(proxy).expect_err(proxy);
        names_the_proxy("stackexchange", proxy, &failed);
    }
    door.nobody_came();
}

#[tokio::test]
async fn a_port_that_does_not_exist_is_no_other_port() {
    for url in ["http://127.0.0.1:99999", "http://127.0.0.1:65536/x"] {
        let (client, _) =
            discord::connect(discord::Config::new(PASSWORD, discord::Intents::empty()).api(url));
        let failed = client.current_user_guilds().await.expect_err(url);
        assert!(report(&failed).contains("port"), "{}", report(&failed));

        let node = lavalink::NodeConfig::new("a", url, PASSWORD);
        let (pool, _) = lavalink::connect(lavalink::Config::new(7, [node]));
        let node = pool.node("a").expect("configured");
        let failed = node.fetch_info().await.expect_err(url);
        assert!(report(&failed).contains("port"), "{}", report(&failed));

        let account = queup::Account::new("mira@example.org", PASSWORD);
        let (client, _) = queup::connect(queup::Config::new(account).rest_url(url));
        let failed = client.login().await.expect_err(url);
        assert!(report(&failed).contains("port"), "{}", report(&failed));
    }
}

fn report(error: &(dyn Error + 'static)) -> String {
    let mut said = error.to_string();
    let mut source = error.source();
    while let Some(error) = source {
        said = format!("{said}: {error}");
        source = error.source();
    }
    said
}
