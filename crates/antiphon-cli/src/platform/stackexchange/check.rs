//! Checks of an account's table that the schema cannot make.

use crate::{
    config::check::{Lint, Table, of},
    finding::Code,
};

/// Rooms of an account at most, as `antiphon-stackexchange` takes them.
const MOST_ROOMS: usize = 256;

/// Checks account, rooms, times, and URL.
pub(crate) fn check(account: Table<'_>, lint: &mut Lint<'_, '_>) {
    lint.secret(account, "password", "the password");
    if let Some(email) = lint.email(account) {
        let text = |key| account.text(key).map_or("", |(text, _)| text);
        let server = match text("server") {
            "" => "chat.stackexchange.com",
            server => server,
        };
        let key = format!(
            "stackexchange {server} {} {}",
            text("url"),
            email.to_lowercase()
        );
        lint.account(account, key);
        if !email.contains('@') {
            let message = format_args!("`email` of {} has no `@`", of(account));
            lint.add(Code::EmailOdd, &account.at_key("email"), message);
        }
    }
    lint.rooms(account, account.numbers("rooms"));
    for (room, at) in account.numbers("rooms") {
        if i64::try_from(room).is_err() {
            let message = format_args!("{room} of {} is no number of a room", of(account));
            lint.add(Code::RoomWrong, &at, message);
        }
    }
    let rooms = account.list("rooms").count();
    if rooms > MOST_ROOMS {
        let message = format_args!(
            "{} has {rooms} rooms, and {MOST_ROOMS} can be read",
            of(account)
        );
        lint.add(Code::RoomsTooMany, &account.at_key("rooms"), message);
    }
    lint.longer_than_nothing(account, "poll_interval");
    // What is no server at all is told by the schema.
    if account
        .text("url")
        .is_some_and(|(url, _)| antiphon::net::Route::url(url).is_ok())
    {
        lint.url(account, "url", ["http", "https"]);
    }
    if account.has("url") && account.has("proxy") {
        let message = format_args!("{} has both `proxy` and `url`", of(account));
        lint.add(Code::ProxyAndUrl, &account.at_key("proxy"), message);
    }
    lint.cookie_file(account);
    if !account.has("cookie_file") {
        let message = format_args!("{} keeps no login from run to run", of(account));
        lint.add(Code::CookieFileUnset, &account.at(), message);
    }
}
