//! Checks of an account's table that the schema cannot make.

use crate::{
    config::check::{Lint, Table, clipped, of},
    finding::{Code, Finding},
};

/// Characters of a room's name at most.
const LONGEST_ROOM: usize = 256;

/// Checks account, rooms, their passwords, and URLs.
pub(crate) fn check(account: Table<'_>, lint: &mut Lint<'_, '_>) {
    lint.secret(account, "password", "the password");
    if let Some(email) = lint.email(account) {
        let rest = account.text("rest").map_or("", |(rest, _)| rest);
        lint.account(account, format!("queup {rest} {}", email.to_lowercase()));
    }
    let mut names = Vec::new();
    for (room, at) in account.texts("rooms") {
        names.push(room);
        if !is_room(room) {
            let message = format_args!(
                "`{}` of {} is no name of a room",
                clipped(room),
                of(account)
            );
            let finding = Finding::new(Code::RoomWrong, message);
            let last = room.trim_end_matches('/').rsplit('/').next();
            let last = last.filter(|last| room.contains('/') && is_room(last));
            lint.put(
                &at,
                match last {
                    Some(last) => {
                        finding.hint(format!("write `{last}`, the last part of its address"))
                    }
                    None => finding,
                },
            );
        }
    }
    let rooms = account.texts("rooms");
    lint.rooms(
        account,
        rooms.map(|(room, at)| (format!("`{}`", clipped(room)), at)),
    );
    check_passwords(account, &names, lint);
    lint.url(account, "rest", ["http", "https"]);
    lint.url(account, "socket", ["ws", "wss"]);
    lint.cookie_file(account);
}

fn check_passwords(account: Table<'_>, rooms: &[&str], lint: &mut Lint<'_, '_>) {
    let Some(passwords) = account.table("room_passwords") else {
        return;
    };
    for (room, at) in passwords.keys() {
        if !rooms.contains(&room) {
            let message = format_args!(
                "{} has a password for the room `{}`, which it does not join",
                of(account),
                clipped(room)
            );
            lint.add(Code::RoomPasswordUnused, &at, message);
        }
        let about = format!(
            "the password of the room `{}` of {}",
            clipped(room),
            of(account)
        );
        if let Some((from, at)) = passwords.secret(room) {
            lint.secret_from(&from, &at, &about);
        }
    }
}

fn is_room(name: &str) -> bool {
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte);
    !name.is_empty() && name.len() <= LONGEST_ROOM && name.bytes().all(fits)
}
