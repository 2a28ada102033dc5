//! The proxies that the environment names, and the hosts that are reached without.

use antiphon_net::{EnvironmentProxies, ProxyVariableError};

fn read(variables: &[(&str, &str)]) -> Result<EnvironmentProxies, ProxyVariableError> {
    EnvironmentProxies::read(|name| {
        let found = variables.iter().find(|(known, _)| *known == name);
        found.map(|(_, value)| (*value).to_owned())
    })
}

/// `expected` is the host of the proxy; empty for none.
#[track_caller]
fn check(variables: &[(&str, &str)], target: &str, expected: &str) {
    let uri = target.parse().expect("a URI");
    let proxies = read(variables).expect("proxies");
    let proxy = proxies.proxy(&uri).map(ToString::to_string);
    let host = proxy.as_deref().map_or("", |proxy| {
        let (_, address) = proxy.split_once("://").expect("a scheme");
        address.split(':').next().expect("a host")
    });
    assert_eq!(host, expected, "{target} with {variables:?}");
}

#[test]
fn each_scheme_has_its_variable_and_lower_case_counts_first() {
    let https = [("HTTPS_PROXY", "http://s:1")];
    check(&https, "https://a.org", "s");
    check(&https, "wss://a.org", "s");
    check(&https, "http://a.org", "");
    let http = [("http_proxy", "http://p:1")];
    check(&http, "http://a.org", "p");
    check(&http, "ws://a.org", "p");
    check(&http, "wss://a.org", "");
    check(&[("HTTP_PROXY", "p:1")], "http://a.org", "p");
    check(
        &[("HTTP_PROXY", "p:1"), ("REQUEST_METHOD", "GET")],
        "http://a.org",
        "",
    );
    check(
        &[("http_proxy", "p:1"), ("REQUEST_METHOD", "GET")],
        "http://a.org",
        "p",
    );
    check(
        &[("https_proxy", "low"), ("HTTPS_PROXY", "up")],
        "https://a.org",
        "low",
    );
    check(
        &[("https_proxy", " "), ("HTTPS_PROXY", "up")],
        "https://a.org",
        "up",
    );
    let all = [("ALL_PROXY", "socks5h://all"), ("HTTPS_PROXY", "s")];
    check(&all, "https://a.org", "s");
    check(&all, "ws://a.org", "all");
    check(&[], "https://a.org", "");
}

#[test]
fn no_proxy_takes_domains_addresses_ranges_ports_and_all() {
    let with = |list: &'static str| [("ALL_PROXY", "p"), ("NO_PROXY", list)];
    for (list, target, expected) in [
        ("example.org", "https://example.org", ""),
        ("example.org", "https://chat.example.org", ""),
        ("example.org", "https://notexample.org", "p"),
        ("example.org", "https://example.org.evil", "p"),
        (".example.org", "https://example.org", ""),
        ("*.example.org", "https://a.b.example.org", ""),
        ("EXAMPLE.org", "https://example.org", ""),
        ("example.org", "https://example.org.", ""),
        ("a.org, b.org", "https://b.org", ""),
        ("a.org b.org", "https://b.org", ""),
        (" , ,, ", "https://b.org", "p"),
        ("*", "https://b.org", ""),
        ("example.org:8443", "https://example.org:8443", ""),
        ("example.org:8443", "https://example.org", "p"),
        ("10.0.0.0/8", "http://10.200.3.4", ""),
        ("10.0.0.0/8", "http://11.0.0.1", "p"),
        ("10.0.0.7", "http://10.0.0.7", ""),
        ("10.0.0.7:90", "http://10.0.0.7:90", ""),
        ("0.0.0.0/0", "http://192.0.2.1", ""),
        ("0.0.0.0/0", "http://[2001:db8::1]", "p"),
        ("2001:db8::/32", "http://[2001:db8:9::1]", ""),
        ("2001:db8::/32", "http://[2001:db9::1]", "p"),
        ("[2001:db8::1]", "http://[2001:db8::1]", ""),
        ("[2001:db8::1]:90", "http://[2001:db8::1]:91", "p"),
        ("10.0.0.0/8", "http://[::ffff:10.0.0.1]", ""),
        ("10.0.0.0/99", "http://10.0.0.1", "p"),
        ("1", "http://10.0.0.1", "p"),
    ] {
        check(&with(list), target, expected);
    }
    check(
        &[
            ("ALL_PROXY", "p"),
            ("no_proxy", "a.org"),
            ("NO_PROXY", "b.org"),
        ],
        "https://b.org",
        "p",
    );
}

#[test]
fn loopback_never_goes_through_a_proxy_of_the_environment() {
    for host in [
        "localhost",
        "LOCALHOST",
        "sim.localhost",
        "127.0.0.1",
        "127.9.9.9",
        "[::1]",
        "[::ffff:127.0.0.1]",
    ] {
        check(&[("ALL_PROXY", "p")], &format!("http://{host}:7006"), "");
    }
    check(&[("ALL_PROXY", "p")], "http://localhost.example", "p");
}

#[test]
fn a_variable_that_is_no_proxy_is_an_error_that_repeats_nothing() {
    let error = read(&[("HTTPS_PROXY", "htp://mira:canary@nowhere")]).expect_err("no proxy");
    assert_eq!(error.variable(), "HTTPS_PROXY");
    let source = std::error::Error::source(&error)
        .expect("a cause")
        .to_string();
    assert!(!format!("{error} {source} {error:?}").contains("canary"));
    let proxies = read(&[("https_proxy", "mira:canary@proxy:3128")]).expect("a proxy");
    assert!(!format!("{proxies:?}").contains("canary"), "{proxies:?}");
    assert!(!proxies.is_empty() && read(&[("NO_PROXY", "*")]).expect("none").is_empty());
}
