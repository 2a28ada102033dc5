//! Regions of voice servers (protocol §14).
//!
//! Discord names voice servers by airports, such as `c-fra01-9f2a.discord.media:443`. The code is looked for in the
//! first label of the host and as a whole token, since short codes occur inside other words (`ord` in `discord`).

/// Airport codes by region. A code that is missing here makes the region `global`, and costs nothing but nearness.
const REGIONS: &[(&str, &[&str])] = &[
    (
        "asia",
        &[
            "bom", "maa", "nrt", "hnd", "sin", "kul", "bkk", "cgn", "icn", "hkg", "tpe", "syd",
            "mel", "akl",
        ],
    ),
    (
        "eu",
        &[
            "ams", "fra", "ber", "lhr", "lon", "cdg", "mad", "bcg", "waw", "mil", "rom", "arn",
            "hel", "osl", "cph", "prg", "bud", "vie",
        ],
    ),
    (
        "us",
        &[
            "iad", "atl", "mia", "bos", "jfk", "ord", "dfw", "lax", "sea", "sjc", "phx", "den",
        ],
    ),
    ("southamerica", &["gru", "scl", "eze", "lim", "bog"]),
    ("africa", &["jnb", "cpt", "nbo"]),
    ("middleeast", &["dxb", "auh", "ruh", "tel"]),
];

/// Returns the region of a voice server, such as `eu` for `c-fra01.discord.media:443`; `global` for an unknown one.
///
/// `None` for an empty endpoint. The regions are `asia`, `eu`, `us`, `southamerica`, `africa` and `middleeast`; give
/// [`NodeConfig::region`](crate::NodeConfig::region) one of them.
///
/// ```
/// use antiphon_lavalink::region_from_endpoint;
///
/// assert_eq!(region_from_endpoint("c-fra01-9f2a.discord.media:443"), Some("eu"));
/// assert_eq!(region_from_endpoint("GRU12.discord.media"), Some("southamerica"));
/// assert_eq!(region_from_endpoint("us-east.discord.media"), Some("global"));
/// assert_eq!(region_from_endpoint(""), None);
/// ```
pub fn region_from_endpoint(endpoint: &str) -> Option<&'static str> {
    if endpoint.is_empty() {
        return None;
    }
    let host = endpoint.split(['.', ':']).next().unwrap_or_default();
    // The code is in the first label of the host, as `c-fra01` or `fra01`, and nowhere else.
    let codes = host
        .split('-')
        .map(|token| token.trim_end_matches(|c: char| c.is_ascii_digit()));
    let mut regions = codes.filter_map(|code| {
        let found = REGIONS
            .iter()
            .find(|(_, known)| known.iter().any(|known| code.eq_ignore_ascii_case(known)));
        found.map(|(region, _)| *region)
    });
    Some(regions.next().unwrap_or("global"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(endpoint: &str, expected: Option<&str>) {
        assert_eq!(region_from_endpoint(endpoint), expected, "{endpoint}");
    }

    #[test]
    fn the_code_of_the_host_tells_the_region() {
        check("c-fra01-9f2a.discord.media:443", Some("eu"));
        check("c-gru03.discord.media", Some("southamerica"));
        check("c-dxb02.discord.media:2053", Some("middleeast"));
        check("nrt12.discord.media", Some("asia"));
        check("us-east.discord.media", Some("global"));
        // `ord` stands in `discord`, and is no airport there.
        check("c-xyz01.discord.media", Some("global"));
        check("127.0.0.1:8443", Some("global"));
        check("", None);
    }
}
