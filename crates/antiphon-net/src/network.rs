//! Connections: the URI says with whom to speak, the network's routes say where to connect.
//!
//! Opening a connection takes the same steps whatever it is for: read the URI ([`Target`]), find the route of its host,
//! dial (DNS and TCP, an address, a connector, or a proxy's tunnel), and put TLS on it if scheme and route say so. The
//! target's host is what TLS checks and `Host` says, whatever way was taken.

use std::{
    collections::BTreeMap,
    fmt, io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use ::http::Uri;
use antiphon_core::BoxFuture;
use futures_util::{StreamExt as _, stream::FuturesUnordered};
use tokio::{
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};

use crate::{
    ConnectError, EnvironmentProxies, HttpClient, Limits, Phase, Proxy, Stream, UrlError,
    WebSocket, WebSocketRequest, error::shown, parse_url, tls::Trust, upgrade, url,
};

/// How long one address is tried alone before the next one is tried as well, as recommended by RFC 8305 §5.
const HEAD_START: Duration = Duration::from_millis(250);

/// The connector that all clients share, and the only place that decides where connections go.
///
/// A network is a value: cheap to clone, and without connections of its own.
///
/// Changing a clone leaves the others as they are.
///
/// ```
/// use std::time::Duration;
///
/// use antiphon_net::{Limits, Network, Proxy, Route};
///
/// let network = Network::new()
///     .proxy(Proxy::parse("socks5h://proxy.example:1080")?)
///     .route("localhost", Route::direct())
///     .limits(Limits::default().connect(Duration::from_secs(3)));
/// # Ok::<(), antiphon_net::ProxyError>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct Network {
    settings: Arc<Settings>,
}

#[derive(Clone, Debug, Default)]
struct Settings {
    routes: BTreeMap<String, Route>,
    limits: Limits,
    trust: Trust,
    /// Proxies for hosts without a route.
    environment: EnvironmentProxies,
    /// The reason why nothing may be opened, on a closed network.
    closed: Option<Arc<str>>,
}

impl Network {
    /// A network that is the internet: names from DNS, TCP, and TLS checked against the machine's own roots.
    ///
    /// The roots are read at the first handshake, not before.
    pub fn new() -> Self {
        Self::default()
    }

    /// Sets where connections to `host` really go. Default: [`Route::direct`].
    ///
    /// `host` is an exact host name in any case, an address as in a URI without brackets, or `*` for every host
    /// without a route of its own. The last route set for a host counts.
    ///
    /// Routes are by host alone, so that all ports of it go the same way.
    #[must_use]
    pub fn route(mut self, host: &str, route: Route) -> Self {
        self.change()
            .routes
            .insert(host.to_ascii_lowercase(), route);
        self
    }

    /// Sets the proxy for every host without a route of its own: a [`route`](Self::route) of `*` to [`Route::proxy`].
    /// Default: none.
    #[must_use]
    pub fn proxy(self, proxy: Proxy) -> Self {
        self.route("*", Route::proxy(proxy))
    }

    /// Sets the proxies of the environment, for hosts without a route of their own, where there is none of `*` either.
    /// Default: none.
    #[must_use]
    pub fn environment(mut self, proxies: EnvironmentProxies) -> Self {
        self.change().environment = proxies;
        self
    }

    /// Returns the network with a proxy, if there is one; see [`proxy`](Self::proxy).
    #[must_use]
    pub fn through(&self, proxy: Option<&Proxy>) -> Self {
        match proxy {
            Some(proxy) => self.clone().proxy(proxy.clone()),
            None => self.clone(),
        }
    }

    /// Adds a root certificate to the machine's own, such as that of a company's authority.
    ///
    /// The bytes are DER, or PEM with any number of certificates.
    /// Bytes that are neither make every TLS connection fail with an error that says so.
    ///
    /// It counts for connections of this network and of its later clones.
    #[must_use]
    pub fn root_certificate(mut self, certificate: &[u8]) -> Self {
        self.change().trust.add(certificate);
        self
    }

    /// Sets the bounds on sizes and waits. Default: [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.change().limits = limits;
        self
    }

    /// Closes the network: every try fails with this reason in [`Phase::Configuration`].
    ///
    /// This is for a configuration that cannot be obeyed: a misspelt proxy must not send requests without the proxy.
    ///
    /// ```
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// use antiphon_net::{Network, Phase};
    /// let network = Network::new().closed("`proxy` cannot be used");
    /// let refused = network.open(&"http://127.0.0.1:9".parse().unwrap()).await.unwrap_err();
    /// assert_eq!(refused.phase(), Phase::Configuration);
    /// assert!(!refused.is_transient());
    /// # });
    /// ```
    #[must_use]
    pub fn closed(mut self, why: &str) -> Self {
        self.change().closed = Some(why.into());
        self
    }

    fn change(&mut self) -> &mut Settings {
        Arc::make_mut(&mut self.settings)
    }

    /// The bounds in force.
    pub fn bounds(&self) -> &Limits {
        &self.settings.limits
    }

    /// Opens a connection to the host of the URI.
    ///
    /// The scheme is `http`, `https`, `ws` or `wss`; `https` and `wss` use TLS, unless the host's route is without.
    ///
    /// For protocols of your own; [`Network::websocket`] and [`Network::http`] open theirs by themselves.
    ///
    /// # Errors
    ///
    /// When the URI has no such scheme, no host or a port above 65535, when the network is [closed](Self::closed), and
    /// when a step of [`Phase`] fails or takes too long.
    pub fn open<'a>(&'a self, uri: &'a Uri) -> BoxFuture<'a, Result<Stream, ConnectError>> {
        // Boxed, as the future of `HttpClient::send` is, so that it is compiled in this crate alone.
        Box::pin(self.open_stream(uri))
    }

    async fn open_stream(&self, uri: &Uri) -> Result<Stream, ConnectError> {
        if let Some(why) = &self.settings.closed {
            let target = shown(uri);
            return Err(ConnectError::permanent(
                Phase::Configuration,
                &target,
                why.to_string(),
            ));
        }
        let target = Target::new(uri)?;
        let otherwise = self.otherwise(&target);
        let route = self
            .route_to(&target.host)
            .or_else(|| self.route_to("*"))
            .unwrap_or(&otherwise);
        let mut name = target.to_string();
        let stream = match &route.way {
            Way::Proxy(proxy) => {
                // What fails from here on may be the proxy's doing.
                name = format!("{name} through {proxy}");
                self.tunnel(proxy, target.clone()).await?
            }
            way => self.dial(way, &target, name.clone()).await?,
        };
        self.secure(route, stream, &target, &name).await
    }

    /// Proxy through which the host of a URL is reached: that of its route, or one of the environment.
    ///
    /// ```
    /// use antiphon_net::{Network, Proxy};
    ///
    /// let network = Network::new().proxy(Proxy::parse("socks5h://127.0.0.1:1080")?);
    /// let proxy = network.proxy_to(&"https://discord.com/api".parse()?);
    /// assert_eq!(proxy.map(ToString::to_string).as_deref(), Some("socks5h://127.0.0.1:1080"));
    /// assert!(Network::new().proxy_to(&"https://discord.com/".parse()?).is_none());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn proxy_to(&self, uri: &Uri) -> Option<&Proxy> {
        let target = Target::new(uri).ok()?;
        let route = self.route_to(&target.host).or_else(|| self.route_to("*"));
        match route {
            Some(Route {
                way: Way::Proxy(proxy),
                ..
            }) => Some(proxy),
            Some(_) => None,
            None => self.settings.environment.proxy_to(&target),
        }
    }

    /// The route of a target that no route is for: through a proxy of the environment, or direct.
    fn otherwise(&self, target: &Target) -> Route {
        let environment = &self.settings.environment;
        match environment.proxy_to(target) {
            Some(proxy) => Route::proxy(proxy.clone()),
            None => Route::direct(),
        }
    }

    fn route_to(&self, host: &str) -> Option<&Route> {
        self.settings.routes.get(host)
    }

    /// Opens a connection without proxy and TLS; name look-up and connecting share one limit.
    ///
    /// # Errors
    /// [`Phase::Resolve`] or [`Phase::Connect`], transient.
    async fn dial(&self, way: &Way, target: &Target, name: String) -> Result<Stream, ConnectError> {
        let limit = self.bounds().connect;
        let deadline = Instant::now() + limit;
        let connecting: BoxFuture<'_, io::Result<Stream>> = match way {
            Way::Direct | Way::Proxy(_) => Box::pin(first_of(resolve(target, deadline).await?)),
            Way::Server(server) => Box::pin(first_of(resolve(server, deadline).await?)),
            Way::Address(address) => Box::pin(first_of(vec![*address])),
            Way::Connector(connector) => connector.connect(&target.host, target.port),
        };
        match timeout_at(deadline, connecting).await {
            Ok(Ok(stream)) => Ok(stream),
            Ok(Err(error)) => Err(ConnectError::io(Phase::Connect, &name, error)),
            Err(_) => Err(ConnectError::timed_out(Phase::Connect, &name, limit)),
        }
    }

    /// Opens a connection through a proxy.
    ///
    /// A route for the proxy's own host is followed, unless it is a proxy again.
    ///
    /// # Errors
    /// [`Phase::Proxy`] for what the proxy says, and [`Phase::Connect`] or [`Phase::Tls`] for the way to the proxy
    /// itself.
    async fn tunnel(&self, proxy: &Proxy, mut target: Target) -> Result<Stream, ConnectError> {
        let limits = self.bounds();
        let wanted = target.to_string();
        if proxy.wants_address() && target.host.parse::<IpAddr>().is_err() {
            target.host = self.look_up(&target, proxy.knows_ipv6()).await?.to_string();
        }
        let direct = Route::direct();
        let route = self.route_to(&proxy.target().host);
        let route = route
            .filter(|route| !matches!(route.way, Way::Proxy(_)))
            .unwrap_or(&direct);
        let name = format!("the proxy {proxy}");
        let target_of_proxy = proxy.target();
        let stream = self
            .dial(&route.way, &target_of_proxy, name.clone())
            .await?;
        let stream = self.secure(route, stream, &target_of_proxy, &name).await?;
        timeout(limits.proxy, proxy.tunnel(stream, &target, limits.head()))
            .await
            .map_err(|_| {
                let name = format!("{wanted} through {proxy}");
                ConnectError::timed_out(Phase::Proxy, &name, limits.proxy)
            })?
    }

    /// Finds one address of a host, for a proxy that takes addresses only.
    async fn look_up(&self, target: &Target, with_ipv6: bool) -> Result<IpAddr, ConnectError> {
        let found = resolve(target, Instant::now() + self.bounds().connect).await?;
        let mut usable = found
            .into_iter()
            .filter(|address| with_ipv6 || address.is_ipv4());
        usable.next().map(|address| address.ip()).ok_or_else(|| {
            ConnectError::permanent(Phase::Resolve, &target.host, "there is no IPv4 address")
        })
    }

    /// Puts TLS on a connection, if the scheme asks for it and the route allows it; errors call the other side `name`.
    async fn secure(
        &self,
        route: &Route,
        stream: Stream,
        target: &Target,
        name: &str,
    ) -> Result<Stream, ConnectError> {
        if !target.is_secure || route.tls == Tls::Never {
            return Ok(stream);
        }
        let limit = self.bounds().tls;
        timeout(
            limit,
            self.settings.trust.handshake(stream, &target.host, name),
        )
        .await
        .map_err(|_| ConnectError::timed_out(Phase::Tls, name, limit))?
    }

    /// Opens a WebSocket.
    ///
    /// The upgrade has its own limit, [`Limits::upgrade`].
    ///
    /// # Errors
    ///
    /// As [`Network::open`]; and when the request cannot be sent, or the server answers with something else than an
    /// upgrade, whose status is [`ConnectError::status`].
    pub fn websocket(
        &self,
        request: WebSocketRequest,
    ) -> BoxFuture<'_, Result<WebSocket, ConnectError>> {
        Box::pin(upgrade::open(self, request))
    }

    /// An HTTP client with a pool of its own.
    ///
    /// Keep it and clone it: only its clones share connections.
    pub fn http(&self) -> HttpClient {
        HttpClient::new(self)
    }
}

/// Where connections to a host really go.
///
/// Addresses and connectors come with and without TLS: without, for a simulator that serves production URLs in the
/// clear; with, for a server that has moved.
///
/// ```
/// use antiphon_net::{Network, Proxy, Route};
///
/// let network = Network::new()
///     // TLS still asks for the name `ws.queup.net`, and checks the certificate.
///     .route("ws.queup.net", Route::address_tls("192.0.2.7:443".parse()?))
///     .route("localhost", Route::direct())
///     .route("*", Route::proxy(Proxy::parse("http://proxy.example:3128")?));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Route {
    way: Way,
    tls: Tls,
}

/// Whether a connection has TLS if the URI's scheme asks for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    AsAsked,
    Never,
}

#[derive(Clone, Debug)]
enum Way {
    Direct,
    Address(SocketAddr),
    /// Another server than the URI names.
    Server(Target),
    Connector(Arc<dyn Connect>),
    Proxy(Proxy),
}

impl Route {
    /// To the host itself: DNS, TCP, and TLS where the scheme asks for it.
    ///
    /// It exempts a host from the route of `*`, such as a node on this machine from the proxy.
    pub fn direct() -> Self {
        Self {
            way: Way::Direct,
            tls: Tls::AsAsked,
        }
    }

    /// Through a proxy, with TLS to the host itself where the scheme asks for it.
    pub fn proxy(proxy: Proxy) -> Self {
        Self {
            way: Way::Proxy(proxy),
            tls: Tls::AsAsked,
        }
    }

    /// To one address, without TLS whatever the scheme.
    pub fn address(address: SocketAddr) -> Self {
        Self {
            way: Way::Address(address),
            tls: Tls::Never,
        }
    }

    /// To one address, with TLS where the scheme asks for it.
    pub fn address_tls(address: SocketAddr) -> Self {
        Self {
            way: Way::Address(address),
            tls: Tls::AsAsked,
        }
    }

    /// To the server at a URL, `http://host:port` or `https://host:port`: without TLS whatever the scheme of the request
    /// for `http`, and with TLS where that scheme asks for it for `https`.
    ///
    /// TLS, the `Host` field and cookies still follow the request's own host. A path in the URL is ignored.
    ///
    /// ```
    /// use antiphon_net::{Network, Route};
    ///
    /// // Every host of a platform is served by `antiphon sim`.
    /// let network = Network::new().route("*", Route::url("http://127.0.0.1:7007")?);
    /// # Ok::<(), antiphon_net::UrlError>(())
    /// ```
    ///
    /// # Errors
    /// [`UrlError`] if it is no such URL.
    pub fn url(url: &str) -> Result<Self, UrlError> {
        let uri = parse_url(url, ["http", "https"])?;
        let target = Target::new(&uri).map_err(|_| UrlError::NoUrl)?;
        Ok(Self {
            tls: if target.is_secure {
                Tls::AsAsked
            } else {
                Tls::Never
            },
            way: Way::Server(target),
        })
    }

    /// To the stream that the connector gives, without TLS whatever the scheme.
    pub fn connector(connector: Arc<dyn Connect>) -> Self {
        Self {
            way: Way::Connector(connector),
            tls: Tls::Never,
        }
    }

    /// To the stream that the connector gives, with TLS where the scheme asks for it.
    pub fn connector_tls(connector: Arc<dyn Connect>) -> Self {
        Self {
            way: Way::Connector(connector),
            tls: Tls::AsAsked,
        }
    }
}

/// A way of connecting beside TCP: in memory, over a Unix socket, through a tunnel.
///
/// ```
/// use std::{io, sync::Arc};
///
/// use antiphon_net::{Connect, Network, Route, Stream};
///
/// /// A server that takes everything and says nothing.
/// #[derive(Debug)]
/// struct Silence;
///
/// impl Connect for Silence {
///     fn connect<'a>(&'a self, _: &'a str, _: u16) -> antiphon_core::BoxFuture<'a, io::Result<Stream>> {
///         Box::pin(async { Ok(Stream::new(tokio::io::duplex(1024).0)) })
///     }
/// }
///
/// let network = Network::new().route("*", Route::connector(Arc::new(Silence)));
/// ```
pub trait Connect: Send + Sync + fmt::Debug {
    /// Connects to a host, as a name or an address without brackets, and a port.
    ///
    /// Called within [`Limits::connect`].
    fn connect<'a>(&'a self, host: &'a str, port: u16) -> BoxFuture<'a, io::Result<Stream>>;
}

/// The server to speak with, as the URI names it.
///
/// The host is in lower case and without brackets.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) host: String,
    pub(crate) port: u16,
    pub(crate) is_secure: bool,
}

impl Target {
    pub(crate) fn new(uri: &Uri) -> Result<Self, ConnectError> {
        let unusable = |why| ConnectError::permanent(Phase::Address, &shown(uri), why);
        let (is_secure, port) = match uri.scheme_str() {
            Some("http" | "ws") => (false, 80),
            Some("https" | "wss") => (true, 443),
            _ => return Err(unusable("the scheme is none of http, https, ws and wss")),
        };
        let host = url::host(uri).map_err(|error| {
            unusable(match error {
                UrlError::NoHost => "there is no host",
                _ => "the host is neither a name nor an address",
            })
        })?;
        Ok(Self {
            host,
            port: url::port(uri)
                .map_err(|_| unusable("the port is no number from 1 to 65535"))?
                .unwrap_or(port),
            is_secure,
        })
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            return write!(f, "[{}]:{}", self.host, self.port);
        }
        write!(f, "{}:{}", self.host, self.port)
    }
}

/// Finds a host's addresses.
async fn resolve(target: &Target, deadline: Instant) -> Result<Vec<SocketAddr>, ConnectError> {
    let begun = Instant::now();
    let found = tokio::net::lookup_host((target.host.as_str(), target.port));
    match timeout_at(deadline, found).await {
        Ok(Ok(found)) => Ok(found.collect()),
        Ok(Err(error)) => Err(ConnectError::io(Phase::Resolve, &target.host, error)),
        Err(_) => Err(ConnectError::timed_out(
            Phase::Resolve,
            &target.host,
            deadline - begun,
        )),
    }
}

/// Connects to the address that answers first (RFC 8305).
///
/// Each address has a head start over the next, and a failed one lets the next begin at once, so that a broken IPv6
/// costs a quarter of a second and not the whole wait.
async fn first_of(addresses: Vec<SocketAddr>) -> io::Result<Stream> {
    let mut waiting = alternating(addresses).into_iter();
    let mut tries = FuturesUnordered::new();
    let mut failure = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    loop {
        tries.extend(waiting.next().map(connect));
        let outcome = match waiting.len() {
            0 => tries.next().await,
            _ => match timeout(HEAD_START, tries.next()).await {
                Ok(outcome) => outcome,
                Err(_) => continue,
            },
        };
        match outcome {
            Some(Ok(stream)) => return Ok(stream),
            Some(Err(error)) => failure = error,
            None => return Err(failure),
        }
    }
}

async fn connect(address: SocketAddr) -> io::Result<Stream> {
    let stream = TcpStream::connect(address).await?;
    // Frames are small and each is written whole; waiting to fill a packet only delays them.
    stream.set_nodelay(true)?;
    Ok(Stream::new(stream))
}

/// Sorts addresses so that the families take turns, beginning with that of the first.
fn alternating(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let Some(first) = addresses.first().map(SocketAddr::is_ipv6) else {
        return addresses;
    };
    let (same, other): (Vec<_>, Vec<_>) = addresses
        .into_iter()
        .partition(|address| address.is_ipv6() == first);
    let mut other = other.into_iter();
    let mut turns: Vec<_> = same
        .into_iter()
        .flat_map(|one| [Some(one), other.next()])
        .flatten()
        .collect();
    turns.extend(other);
    turns
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use tokio::net::TcpListener;

    use super::*;

    #[test]
    fn the_families_take_turns_beginning_with_the_first() {
        let [a, b, c] = [1, 2, 3].map(|last| SocketAddr::from(([192, 0, 2, last], 443)));
        let six = SocketAddr::from(([0x2001, 0xdb8, 0, 0, 0, 0, 0, 1], 443));
        assert_eq!(alternating(vec![a, b, c, six]), [a, six, b, c]);
        assert_eq!(alternating(vec![six, a, b]), [six, a, b]);
        assert_eq!(alternating(Vec::new()), []);
    }

    #[tokio::test]
    async fn another_server_stands_for_every_host() {
        let server = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let port = server.local_addr().unwrap().port();
        let route = Route::url(&format!("http://localhost:{port}")).unwrap();
        let network = Network::new().route("*", route);
        let uri = "https://chat.example:8443/rooms".parse().unwrap();
        let (opened, accepted) = tokio::join!(network.open(&uri), server.accept());
        assert!(opened.is_ok() && accepted.is_ok());
        for wrong in [
            "127.0.0.1:7007",
            "ftp://127.0.0.1",
            "http://127.0.0.1:99999",
        ] {
            assert!(Route::url(wrong).is_err(), "{wrong}");
        }
        let with_tls = Route::url("https://127.0.0.1").unwrap();
        assert_eq!(with_tls.tls, Tls::AsAsked);
    }

    #[tokio::test]
    async fn a_dead_address_is_passed_over() {
        let open = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let gone = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.unwrap();
        let (open_at, gone_at) = (open.local_addr().unwrap(), gone.local_addr().unwrap());
        drop(gone);
        assert!(first_of(vec![gone_at, gone_at, open_at]).await.is_ok());
        let refused = first_of(vec![gone_at, gone_at]).await.unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::ConnectionRefused);
        assert_eq!(
            first_of(Vec::new()).await.unwrap_err().kind(),
            io::ErrorKind::NotFound
        );
    }
}
