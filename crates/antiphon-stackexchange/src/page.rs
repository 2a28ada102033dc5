//! Reading the sites' HTML pages (protocol §3, §4, §7).
//!
//! Pages change: an element that is not found is absent, and the caller decides what that means.
//!
//! The selectors are the whole knowledge of the pages, and stand together at the top. Two forms of a page are read
//! where clients have recorded two: those present are a JSON attribute since 2020 and a script call before (§4). Texts
//! of elements are trimmed; numbers such as `1,235` lose their commas.

use std::sync::LazyLock;

use scraper::{ElementRef, Html, Selector};
use serde_json::value::RawValue;

use crate::{
    error::RequestError,
    html_limits,
    model::{AccessSections, MessageId, MessageVersion, PresentUser, RoomId, RoomUsage, UserId},
    wire,
};

/// Declares a selector, which is parsed once.
macro_rules! selector {
    ($name:ident = $css:literal) => {
        static $name: LazyLock<Selector> =
            LazyLock::new(|| Selector::parse($css).expect("a selector of ours"));
    };
}

selector!(LOGIN_FKEY = r#"#login-form input[name="fkey"]"#);
selector!(ANY_FKEY = r#"input#fkey, input[name="fkey"]"#);
selector!(MENU_LINK = ".topbar-menu-links a");
selector!(TITLE = "title");
selector!(HEADING = "h2");
selector!(INPUT = "textarea#input");
selector!(PRESENT = ".js-present[data-users]");
selector!(SCRIPT = "script");
selector!(MONOLOGUE = ".monologue");
selector!(SOURCE = ".message-source");
selector!(CONTENT = ".content");
selector!(USER_LINK = ".username a, a.signature, .username");
selector!(TIMESTAMP = ".timestamp");
selector!(STARS = ".stars:not(.owner-star)");
selector!(PINS = ".stars.owner-star");
selector!(TIMES = ".times");
selector!(OWNER_CARD = "#room-ownercards .usercard, [id^=owner-user]");
selector!(ACCESS_SECTION = "[id^=access-section-]");
selector!(USER_CARD = ".usercard, [id^=owner-user], [id^=user-]");
selector!(ROOM_CARD = "#user-roomcards-container .roomcard");
selector!(ROOM_MESSAGES = ".room-message-count");
selector!(ROOM_CARD_NAME = ".room-name");
selector!(LINK = "a[href]");
selector!(STARRED = "li[id^=summary_]");

/// The account that a page is shown to.
///
/// The first link of the top bar tells it, and its address alone: a path to a user's page, or an absolute address of
/// the login.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Profile {
    /// A user who is logged in.
    User { id: UserId, name: String },
    /// Nobody: the profile link leads to the login.
    Anonymous,
    /// The page has no profile link.
    Absent,
}

/// A page of HTML, parsed once.
///
/// The parser accepts any HTML and keeps its stack on the heap; its input is bounded by [`html_limits`] and by the
/// network's limit of bytes.
#[derive(Debug)]
pub(crate) struct Page(Html);

impl Page {
    /// Parses a page.
    ///
    /// # Errors
    /// [`RequestError::Undecodable`] if the page exceeds a limit: it is never read as an empty one.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, RequestError> {
        let html = String::from_utf8_lossy(bytes);
        match html_limits::check_page(&html) {
            Ok(()) => Ok(Self(Html::parse_document(&html))),
            Err(reason) => Err(RequestError::Undecodable {
                source: reason.into(),
            }),
        }
    }

    /// The first element that fits.
    fn first(&self, selector: &Selector) -> Option<ElementRef<'_>> {
        self.0.select(selector).next()
    }

    /// The first value that looks like a key.
    fn fkey(&self, selector: &Selector) -> Option<String> {
        let mut values = self
            .0
            .select(selector)
            .filter_map(|input| input.attr("value"));
        values.find(|value| is_fkey(value)).map(str::to_owned)
    }

    /// The key of the login form.
    pub(crate) fn login_fkey(&self) -> Option<String> {
        self.fkey(&LOGIN_FKEY)
    }

    /// The key of any form.
    pub(crate) fn any_fkey(&self) -> Option<String> {
        self.fkey(&ANY_FKEY)
    }

    /// Whether the page asks for a human.
    pub(crate) fn is_challenge(&self) -> bool {
        let title = self.first(&TITLE).map(text).unwrap_or_default();
        title.to_ascii_lowercase().contains("human verification")
    }

    /// The account that the page is shown to, by the first link of the top bar (protocol §4).
    pub(crate) fn profile(&self) -> Profile {
        let Some(link) = self.first(&MENU_LINK) else {
            return Profile::Absent;
        };
        let address = link.attr("href").unwrap_or_default();
        if address.starts_with("http") || address.starts_with("//") {
            return Profile::Anonymous;
        }
        let id = address
            .strip_prefix("/users/")
            .and_then(|rest| rest.split(['/', '?']).next())
            .and_then(|id| id.parse().ok());
        match id {
            Some(id) => Profile::User {
                id: UserId::new(id),
                name: text(link),
            },
            None => Profile::Anonymous,
        }
    }

    /// Whether the page says that the room is private.
    pub(crate) fn is_private_room(&self) -> bool {
        let mut headings = self.0.select(&HEADING);
        headings.any(|heading| text(heading).eq_ignore_ascii_case("private room"))
    }

    /// Whether the account may post.
    pub(crate) fn may_post(&self) -> bool {
        self.first(&INPUT).is_some()
    }

    /// The users who are present, in either form that pages had; `None` if the page has neither.
    pub(crate) fn present(&self) -> Option<Vec<PresentUser>> {
        if let Some(json) = self.first(&PRESENT).and_then(|div| div.attr("data-users")) {
            return present_in_json(json);
        }
        self.0.select(&SCRIPT).find_map(|script| {
            let code = script.text().collect::<String>();
            let (_, list) = code.split_once("initPresent(")?;
            Some(present_in_script(list))
        })
    }

    /// The versions of a message, as its history page shows them.
    pub(crate) fn versions(&self) -> Vec<MessageVersion> {
        self.0
            .select(&MONOLOGUE)
            .map(|version| {
                let within = |selector: &Selector| version.select(selector).next();
                let user = version
                    .select(&USER_LINK)
                    .find(|link| link.attr("href").is_some());
                let classes = version.value().classes();
                let signed = classes
                    .filter_map(|class| class.strip_prefix("user-"))
                    .find_map(|id| id.parse().ok());
                let linked = user.and_then(|link| {
                    let (_, rest) = link.attr("href")?.split_once("/users/")?;
                    rest.split('/').next()?.parse().ok()
                });
                MessageVersion {
                    user_id: linked.or(signed).map(UserId::new),
                    user_name: within(&USER_LINK).map(text),
                    content: within(&CONTENT).map(|content| content.inner_html().trim().into()),
                    source: within(&SOURCE).map(|source| source.text().collect::<String>()),
                    time: within(&TIMESTAMP).map(text),
                    stars: within(&STARS).map(|stars| {
                        // A single star has no number.
                        let times = stars.select(&TIMES).next().map(text).unwrap_or_default();
                        leading_number(&times).unwrap_or(1)
                    }),
                    is_pinned: within(&PINS).is_some(),
                }
            })
            .collect()
    }

    /// The owners of a room, by its information page.
    pub(crate) fn owners(&self) -> Vec<UserId> {
        let mut owners: Vec<UserId> = self.0.select(&OWNER_CARD).filter_map(card_user).collect();
        owners.sort_unstable();
        owners.dedup();
        owners
    }

    /// The explicit access levels of a room, by the access tab of its information page; `None` for another page.
    pub(crate) fn access(&self) -> Option<AccessSections> {
        self.first(&ACCESS_SECTION)?;
        let mut access = AccessSections::default();
        for section in self.0.select(&ACCESS_SECTION) {
            let users = section.select(&USER_CARD).filter_map(card_user);
            match section.attr("id").unwrap_or_default() {
                "access-section-owner" => access.owners.extend(users),
                "access-section-read-write" => access.read_write.extend(users),
                "access-section-read-only" => access.read_only.extend(users),
                "access-section-request" => access.requests.extend(users),
                _ => {}
            }
        }
        Some(access)
    }

    /// The rooms that a user talks in, by the user's page.
    pub(crate) fn rooms(&self) -> Vec<RoomUsage> {
        self.0
            .select(&ROOM_CARD)
            .filter_map(|card| {
                let id = card.attr("id")?.strip_prefix("room-")?.parse().ok()?;
                let messages = card.select(&ROOM_MESSAGES).next();
                let title = messages.and_then(|count| count.attr("title"));
                Some(RoomUsage {
                    room_id: RoomId::new(id),
                    name: card.select(&ROOM_CARD_NAME).next().map(text),
                    messages: title.and_then(leading_number),
                })
            })
            .collect()
    }

    /// The messages of a list of stars, in the page's order.
    pub(crate) fn starred(&self) -> Vec<MessageId> {
        self.0
            .select(&STARRED)
            .filter_map(|item| {
                let id = item.attr("id")?.strip_prefix("summary_")?;
                id.parse().ok().map(MessageId::new)
            })
            .collect()
    }
}

/// Whether a value looks like a key. Keys are 32 hexadecimal digits; longer and shorter ones may come some day.
///
/// A field named `fkey` may hold something else on a page that has changed; sent as a key it would be refused without a
/// word about the reason.
fn is_fkey(value: &str) -> bool {
    (8..=128).contains(&value.len()) && value.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// The text of an element, without the space around it.
fn text(element: ElementRef<'_>) -> String {
    element.text().collect::<String>().trim().to_owned()
}

/// The number at the beginning of a text such as `1,235 all time messages (by user90000017)`.
fn leading_number(text: &str) -> Option<u64> {
    let text = text.trim_start();
    let end = text.find(|character: char| !character.is_ascii_digit() && character != ',');
    let digits = text[..end.unwrap_or(text.len())].replace(',', "");
    digits.parse().ok()
}

/// The user of a card, by the number at the end of the card's id or by its link.
fn card_user(card: ElementRef<'_>) -> Option<UserId> {
    let by_id = card.attr("id").and_then(|id| {
        let (_, number) = id.rsplit_once("user-")?;
        number.parse().ok()
    });
    let by_link = || {
        let mut links = card.select(&LINK).filter_map(|link| link.attr("href"));
        links.find_map(|address| {
            let (_, rest) = address.split_once("/users/")?;
            rest.split(['/', '?', '#']).next()?.parse().ok()
        })
    };
    by_id.or_else(by_link).map(UserId::new)
}

/// Ids and names in a list of users; an element that names none is left out, and what is no list is `None`.
fn present_in_json(json: &str) -> Option<Vec<PresentUser>> {
    let users: Vec<&RawValue> = serde_json::from_str(json).ok()?;
    let users = users.into_iter().filter_map(|user| {
        let user: wire::User<'_> = serde_json::from_str(user.get()).ok()?;
        Some(PresentUser {
            id: UserId::new(user.id.0?),
            name: user.name.0.unwrap_or_default().into_owned(),
        })
    });
    Some(users.collect())
}

/// Ids and names in `[{id: 77, name: ("mira"), …}, …]`, which is a script and no JSON.
fn present_in_script(code: &str) -> Vec<PresentUser> {
    let mut users = Vec::new();
    let list = code.split("])").next().unwrap_or_default();
    for object in list.split("{id:").skip(1) {
        let id = object.trim_start();
        let digits = id.find(|c: char| !c.is_ascii_digit() && c != '-');
        let Ok(id) = id[..digits.unwrap_or(id.len())].parse() else {
            continue;
        };
        let name = object
            .split_once("name: (")
            .and_then(|(_, rest)| {
                serde_json::Deserializer::from_str(rest)
                    .into_iter::<String>()
                    .next()?
                    .ok()
            })
            .unwrap_or_default();
        users.push(PresentUser {
            id: UserId::new(id),
            name,
        });
    }
    users
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(bytes: &[u8]) -> Page {
        Page::parse(bytes).expect("a page")
    }

    const ROOM: &str = r#"<html><head><title>Sandbox</title></head><body>
        <div class="topbar-menu-links"><a href="/users/77/mira">mira</a></div>
        <div id="content"><form><input name="fkey" type="hidden" value="0123456789abcdef0123456789abcdef"></form></div>
        <span id="roomname">Sandbox</span><div class="js-present" data-users='[{"id":77,"name":"mira"}]'></div>
        <textarea id="input"></textarea></body></html>"#;

    #[test]
    fn a_room_page_tells_who_reads_it_and_what_it_is() {
        let page = page(ROOM.as_bytes());
        let me = Profile::User {
            id: UserId::new(77),
            name: "mira".into(),
        };
        assert_eq!(page.profile(), me);
        let key = page.any_fkey();
        assert_eq!(key.as_deref(), Some("0123456789abcdef0123456789abcdef"));
        assert!(page.may_post() && !page.is_private_room() && !page.is_challenge());
        assert_eq!(page.present().expect("a list").len(), 1);
        assert_eq!(page.login_fkey(), None, "only the login form's key counts");
    }

    #[test]
    fn a_link_to_the_login_is_nobodys() {
        let linked = |link: &str| {
            page(
                format!(r#"<div class="topbar-menu-links"><a href="{link}">x</a></div>"#)
                    .as_bytes(),
            )
        };
        let login = linked("https://stackexchange.com/users/login?returnurl=x");
        assert_eq!(login.profile(), Profile::Anonymous);
        assert_eq!(linked("/users/login").profile(), Profile::Anonymous);
        assert_eq!(page(b"<p>hi").profile(), Profile::Absent);
    }

    #[test]
    fn those_present_are_found_in_a_script_too() {
        let page = page(
            br#"<script>CHAT.RoomUsers.initPresent([{id: 77, name: ("mira"), is_owner: true},{id: -2, name: ("Fe\"eds")}])</script>"#,
        );
        let present = page.present().expect("a list");
        assert_eq!(present.len(), 2);
        assert_eq!(
            (present[1].id, present[1].name.as_str()),
            (UserId::FEEDS, "Fe\"eds")
        );
    }

    #[test]
    fn any_bytes_are_a_page() {
        for bytes in [&b""[..], b"\xff\xfe<", &b"<div>".repeat(2_000)] {
            let page = Page::parse(bytes)
                .map(|page| (page.profile(), page.present(), page.versions().len()));
            let nothing = (Profile::Absent, None, 0);
            assert!(page.is_err() || page.is_ok_and(|page| page == nothing));
        }
    }

    /// Reads everything that anybody asks of a page.
    fn read(bytes: &[u8]) -> usize {
        let Ok(page) = Page::parse(bytes) else {
            return 0;
        };
        let _ = (page.profile(), page.login_fkey(), page.any_fkey());
        let _ = (page.is_challenge(), page.is_private_room(), page.may_post());
        let access = page.access().unwrap_or_default();
        page.present().unwrap_or_default().len()
            + page.versions().len()
            + page.owners().len()
            + page.rooms().len()
            + page.starred().len()
            + access.owners.len()
    }

    proptest::proptest! {
        #![proptest_config(proptest::prelude::ProptestConfig::with_cases(64))]

        #[test]
        fn no_bytes_make_a_page_panic(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..300)) {
            read(&bytes);
        }

        #[test]
        fn any_arrangement_of_what_pages_have_is_read_and_gives_no_more_than_it_has(
            parts in proptest::collection::vec(proptest::sample::select(vec![
                "<div class='monologue user-77'>", "<div class='content'>", "<div class='message-source'>",
                "<div class='username'><a href='/users/77/mira'>", "<span class='stars owner-star'>",
                "<span class='stars'><span class='times'>3", "</a>", "</span>", "</div>", "<b>",
                "<div id='room-ownercards'><div class='usercard' id='owner-user-77'>",
                "<div id='access-section-owner'><div class='usercard' id='user--2'>", "<div class='usercard' id='x'>",
                "<div class='js-present' data-users='[{\"id\":1},null,7]'>", "<div class='js-present' data-users='x'>",
                "<script>CHAT.RoomUsers.initPresent([{id: 77, name: (\"mi", "\")}])</script>", "<h2>private room</h2>",
                "<div id='user-roomcards-container'><div class='roomcard' id='room-17'>",
                "<div class='room-message-count' title='1,234 all time'>", "<li id='summary_9999999999999999999'>",
                "<li id='summary_5'>", "<form id='login-form'><input name='fkey' value='", "<title>Human verification",
                "<div class='topbar-menu-links'><a href='/users/x/'>", "<table><td>", "<!--", "é", "<",
            ]), 0..40),
        ) {
            let count = parts.len();
            let html = parts.concat();
            assert!(read(html.as_bytes()) <= 4 * count + 4, "{html}");
        }
    }
}
