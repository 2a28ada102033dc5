//! TLS on real sockets, with the certificate that the simulation shows.

use antiphon_net::{Message, Network, Phase, WebSocketRequest};
use antiphon_sim::{Options, Simulator};
use bytes::Bytes;
use http::{Request, Uri};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

async fn listening() -> Simulator {
    let options = Options::new().seed(7).tls(true);
    Simulator::listen(&options).await.expect("free ports")
}

/// URLs of every platform, and whether they begin a socket.
fn urls(sim: &Simulator) -> Vec<String> {
    let discord = sim.discord().addresses().expect("it listens");
    let nodes = sim.lavalink().addresses().expect("it listens");
    let queup = sim.queup().addresses().expect("it listens");
    let chat = sim.stackexchange().addresses().expect("it listens");
    let mut urls = vec![discord.rest, queup.rest, chat.url];
    urls.extend(nodes.into_iter().map(|node| node.url));
    assert!(
        urls.iter().all(|url| url.starts_with("https://")),
        "{urls:?}"
    );
    assert!(discord.gateway.starts_with("wss://") && queup.socket.starts_with("wss://"));
    urls
}

async fn fetch(network: &Network, url: &str) -> Result<u16, antiphon_net::HttpError> {
    let request = Request::get(format!("{url}/version")).body(Bytes::new());
    let answer = network.http().send(request.expect("a request")).await?;
    Ok(answer.status().as_u16())
}

#[tokio::test]
async fn a_client_that_trusts_the_certificate_speaks_tls_with_every_platform() {
    let sim = listening().await;
    let addresses = sim.addresses().expect("it listens");
    let certificate = addresses.certificate.clone().expect("a certificate");
    assert!(certificate.starts_with("-----BEGIN CERTIFICATE-----"));
    assert!(addresses.control.starts_with("http://"));
    let network = Network::new().root_certificate(certificate.as_bytes());
    for url in urls(&sim) {
        assert!(fetch(&network, &url).await.is_ok(), "{url}");
    }
    let gateway = sim.discord().addresses().expect("it listens").gateway;
    let url: Uri = format!("{gateway}/?v=10&encoding=json")
        .parse()
        .expect("a URL");
    let mut socket = network
        .websocket(WebSocketRequest::new(url))
        .await
        .expect("a socket");
    let Some(Ok(Message::Text(hello))) = socket.next().await else {
        panic!("a hello");
    };
    assert!(hello.as_str().contains("heartbeat_interval"));
    // The simulation's own network knows the certificate, and a reset goes through TLS.
    let url = "wss://gateway.discord.gg/?v=10&encoding=json"
        .parse()
        .expect("a URL");
    sim.network()
        .websocket(WebSocketRequest::new(url))
        .await
        .expect("a socket");
    sim.discord().reset();
    while let Some(Ok(_)) = socket.next().await {}
    sim.stop().await;
}

#[tokio::test]
async fn who_does_not_trust_the_certificate_or_speaks_without_tls_is_told_why() {
    let sim = listening().await;
    let url = urls(&sim).remove(0);
    let error = fetch(&Network::new(), &url)
        .await
        .expect_err("an unknown authority");
    let wss: Uri = url.replace("https", "wss").parse().expect("a URL");
    let refused = Network::new().websocket(WebSocketRequest::new(wss)).await;
    assert_eq!(
        refused.expect_err("an unknown authority").phase(),
        Phase::Tls
    );
    drop(error);
    let uri: Uri = url.parse().expect("a URL");
    let at = uri.authority().expect("an address").as_str();
    let mut plain = TcpStream::connect(at).await.expect("a connection");
    plain
        .write_all(b"GET /api/v10/gateway HTTP/1.1\r\nHost: x\r\n\r\n")
        .await
        .expect("written");
    plain.shutdown().await.expect("written");
    let mut answer = String::new();
    plain.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 400 "), "{answer}");
    assert!(
        answer.contains("TLS only") && answer.contains("https"),
        "{answer}"
    );
}
