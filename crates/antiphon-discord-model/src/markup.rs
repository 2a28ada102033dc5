//! Discord's own formats in a message's text: mentions, emojis, timestamps, links into the guild; and plain text.
//!
//! [Discord's page](https://discord.com/developers/docs/reference#message-formatting)

use std::{fmt, ops::Range, str::FromStr};

use jiff::Timestamp;

use crate::{
    generated::objects::{Channel, Member, PartialEmoji, Role, User},
    id::{ChannelMarker, CommandMarker, EmojiMarker, Id, RoleMarker, UserMarker},
};

/// One of Discord's formats, written and read.
///
/// ```
/// use antiphon_discord_model::{Markup, TimestampStyle, id::Id};
///
/// assert_eq!(Markup::User(Id::new(33)).to_string(), "<@33>");
/// assert_eq!("<@!33>".parse(), Ok(Markup::User(Id::new(33))), "the old form");
/// let eight = "2026-01-01T20:00:00Z".parse()?;
/// let when = Markup::Timestamp(eight, Some(TimestampStyle::Relative));
/// assert_eq!(format!("The choir sings {when}."), "The choir sings <t:1767297600:R>.");
///
/// let text = "<@33>, use </sing song:7> in <#22> <a:dance:42>";
/// let found: Vec<String> = Markup::find(text).map(|(_, markup)| markup.to_string()).collect();
/// assert_eq!(found, ["<@33>", "</sing song:7>", "<#22>", "<a:dance:42>"]);
/// # Ok::<(), jiff::Error>(())
/// ```
///
/// A mention notifies somebody only if the message's `allowed_mentions` let it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Markup {
    /// A user: `<@33>`, and `<@!33>` in old messages.
    User(Id<UserMarker>),
    /// A role: `<@&44>`.
    Role(Id<RoleMarker>),
    /// A channel or thread: `<#22>`.
    Channel(Id<ChannelMarker>),
    /// A slash command: `</sing:7>`, with its subcommand as `</sing song:7>`.
    Command {
        /// Name, with the names of group and subcommand behind it.
        name: String,
        /// Id of the command.
        id: Id<CommandMarker>,
    },
    /// A guild's or application's own emoji: `<:choir:41>`, animated `<a:dance:42>`.
    Emoji {
        /// Name: 2 to 32 letters, digits and underscores.
        name: String,
        /// Id.
        id: Id<EmojiMarker>,
        /// Whether it is animated.
        animated: bool,
    },
    /// A time, which each reader sees in their own time zone: `<t:1767297600>`, or with a style `<t:1767297600:R>`.
    ///
    /// It has whole seconds; a fraction is cut off when it is written.
    Timestamp(Timestamp, Option<TimestampStyle>),
    /// A place in the guild: `<id:customize>`.
    Guild(GuildNavigation),
}

/// Form in which a time is shown.
///
/// Without one it is shown as [`LongDateShortTime`](Self::LongDateShortTime).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum TimestampStyle {
    /// `t`: 16:20.
    ShortTime,
    /// `T`: 16:20:30.
    MediumTime,
    /// `d`: 20/04/2021.
    ShortDate,
    /// `D`: April 20, 2021.
    LongDate,
    /// `f`: April 20, 2021 at 16:20.
    LongDateShortTime,
    /// `F`: Tuesday, April 20, 2021 at 16:20.
    FullDateShortTime,
    /// `s`: 20/04/2021, 16:20.
    ShortDateShortTime,
    /// `S`: 20/04/2021, 16:20:30.
    ShortDateMediumTime,
    /// `R`: 4 years ago.
    Relative,
}

impl TimestampStyle {
    /// All styles with their letters.
    const LETTERS: [(Self, char); 9] = [
        (Self::ShortTime, 't'),
        (Self::MediumTime, 'T'),
        (Self::ShortDate, 'd'),
        (Self::LongDate, 'D'),
        (Self::LongDateShortTime, 'f'),
        (Self::FullDateShortTime, 'F'),
        (Self::ShortDateShortTime, 's'),
        (Self::ShortDateMediumTime, 'S'),
        (Self::Relative, 'R'),
    ];

    /// Letter by which Discord knows the style.
    pub fn letter(self) -> char {
        let known = Self::LETTERS.iter().find(|(style, _)| *style == self);
        known.map_or('f', |(_, letter)| *letter)
    }

    fn of(text: &str) -> Option<Self> {
        let mut letters = Self::LETTERS.iter();
        let (style, _) = letters.find(|(_, letter)| text == letter.encode_utf8(&mut [0; 4]))?;
        Some(*style)
    }
}

/// A place in the guild that a text can link to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum GuildNavigation {
    /// `customize`: channels and roles, with the questions of onboarding.
    Customize,
    /// `browse`: all channels.
    Browse,
    /// `guide`: the server guide.
    Guide,
    /// `linked-roles`: the linked roles, or one of them.
    LinkedRoles(Option<Id<RoleMarker>>),
}

/// A text is none of Discord's formats.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is none of Discord's formats, such as `<@33>` or `<t:1767297600:R>`")]
pub struct MarkupError;

impl Markup {
    /// Finds all formats in a text, each with its place in bytes.
    ///
    /// Text in code blocks is searched too, although Discord shows it as it is.
    ///
    /// ```
    /// use antiphon_discord_model::{Markup, id::Id};
    ///
    /// let text = "hello <@33>, not <@> and <t:soon>";
    /// let found: Vec<_> = Markup::find(text).collect();
    /// assert_eq!(found, [(6..11, Markup::User(Id::new(33)))]);
    /// ```
    pub fn find(text: &str) -> impl Iterator<Item = (Range<usize>, Self)> + '_ {
        let mut from = 0;
        std::iter::from_fn(move || {
            loop {
                let start = from + text.get(from..)?.find('<')?;
                from = start + 1;
                // The end of this format, unless another one begins before it.
                let Some(end) = text[from..].find(['<', '>']) else {
                    continue;
                };
                let end = from + end + 1;
                if let Ok(markup) = text[start..end].parse() {
                    from = end;
                    return Some((start..end, markup));
                }
            }
        })
    }
}

impl FromStr for Markup {
    type Err = MarkupError;

    fn from_str(text: &str) -> Result<Self, MarkupError> {
        let inner = text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'));
        inner.and_then(inside).ok_or(MarkupError)
    }
}

/// Reads what stands between the angle brackets.
fn inside(text: &str) -> Option<Markup> {
    if let Some(user) = text.strip_prefix('@') {
        if let Some(role) = user.strip_prefix('&') {
            return Some(Markup::Role(id(role)?));
        }
        return Some(Markup::User(id(user.strip_prefix('!').unwrap_or(user))?));
    }
    if let Some(channel) = text.strip_prefix('#') {
        return Some(Markup::Channel(id(channel)?));
    }
    if let Some(command) = text.strip_prefix('/') {
        let (name, number) = command.rsplit_once(':')?;
        let id = id(number)?;
        return is_command(name).then(|| Markup::Command {
            name: name.to_owned(),
            id,
        });
    }
    let (kind, rest) = text.split_once(':')?;
    match kind {
        "t" => {
            let (seconds, style) = match rest.split_once(':') {
                Some((seconds, style)) => (seconds, Some(TimestampStyle::of(style)?)),
                None => (rest, None),
            };
            let digits = seconds.strip_prefix('-').unwrap_or(seconds);
            let is_number = !digits.is_empty() && digits.bytes().all(|one| one.is_ascii_digit());
            let seconds = seconds.parse().ok().filter(|_| is_number)?;
            Some(Markup::Timestamp(
                Timestamp::from_second(seconds).ok()?,
                style,
            ))
        }
        "id" => Some(Markup::Guild(match rest.split_once(':') {
            Some(("linked-roles", role)) => GuildNavigation::LinkedRoles(Some(id(role)?)),
            Some(_) => return None,
            None => match rest {
                "customize" => GuildNavigation::Customize,
                "browse" => GuildNavigation::Browse,
                "guide" => GuildNavigation::Guide,
                "linked-roles" => GuildNavigation::LinkedRoles(None),
                _ => return None,
            },
        })),
        "" | "a" => {
            let (name, number) = rest.split_once(':')?;
            let id = id(number)?;
            let is_name = (1..=32).contains(&name.len())
                && name
                    .bytes()
                    .all(|one| one.is_ascii_alphanumeric() || one == b'_');
            is_name.then(|| Markup::Emoji {
                name: name.to_owned(),
                id,
                animated: kind == "a",
            })
        }
        _ => None,
    }
}

/// Whether a text is the name of a command, with up to two further names behind it.
fn is_command(name: &str) -> bool {
    let mut names = name.split(' ');
    let is_name = |name: &str| {
        (1..=32).contains(&name.chars().count())
            && name.chars().all(|one| {
                one.is_alphanumeric() || matches!(one, '-' | '_' | '\'') || !one.is_ascii()
            })
    };
    names.clone().count() <= 3 && names.all(is_name)
}

/// Reads an id of digits alone.
fn id<M>(text: &str) -> Option<Id<M>> {
    let is_id = (1..=20).contains(&text.len()) && text.bytes().all(|one| one.is_ascii_digit());
    text.parse().ok().filter(|_| is_id)
}

impl fmt::Display for Markup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(id) => write!(f, "<@{id}>"),
            Self::Role(id) => write!(f, "<@&{id}>"),
            Self::Channel(id) => write!(f, "<#{id}>"),
            Self::Command { name, id } => write!(f, "</{name}:{id}>"),
            Self::Emoji { name, id, animated } => {
                let kind = if *animated { "a" } else { "" };
                write!(f, "<{kind}:{name}:{id}>")
            }
            Self::Timestamp(time, None) => write!(f, "<t:{}>", time.as_second()),
            Self::Timestamp(time, Some(style)) => {
                write!(f, "<t:{}:{}>", time.as_second(), style.letter())
            }
            Self::Guild(GuildNavigation::Customize) => f.write_str("<id:customize>"),
            Self::Guild(GuildNavigation::Browse) => f.write_str("<id:browse>"),
            Self::Guild(GuildNavigation::Guide) => f.write_str("<id:guide>"),
            Self::Guild(GuildNavigation::LinkedRoles(None)) => f.write_str("<id:linked-roles>"),
            Self::Guild(GuildNavigation::LinkedRoles(Some(role))) => {
                write!(f, "<id:linked-roles:{role}>")
            }
        }
    }
}

/// An object that a text can mention.
///
/// ```
/// use antiphon_discord_model::{Mentionable as _, id::{Id, marker::{ChannelMarker, RoleMarker}}};
///
/// let (loft, alto) = (Id::<ChannelMarker>::new(22), Id::<RoleMarker>::new(44));
/// assert_eq!(format!("{} to {}", alto.mention(), loft.mention()), "<@&44> to <#22>");
/// ```
pub trait Mentionable {
    /// Returns the mention.
    fn mention(&self) -> Markup;
}

impl Mentionable for Id<UserMarker> {
    fn mention(&self) -> Markup {
        Markup::User(*self)
    }
}

impl Mentionable for Id<RoleMarker> {
    fn mention(&self) -> Markup {
        Markup::Role(*self)
    }
}

impl Mentionable for Id<ChannelMarker> {
    fn mention(&self) -> Markup {
        Markup::Channel(*self)
    }
}

impl Mentionable for User {
    fn mention(&self) -> Markup {
        Markup::User(self.id)
    }
}

impl Mentionable for Member {
    fn mention(&self) -> Markup {
        Markup::User(self.user.id)
    }
}

impl Mentionable for Role {
    fn mention(&self) -> Markup {
        Markup::Role(self.id)
    }
}

impl Mentionable for Channel {
    fn mention(&self) -> Markup {
        Markup::Channel(self.id)
    }
}

/// Writes the emoji as it stands in a message: itself, or a guild's own by name and id.
///
/// ```
/// use antiphon_discord_model::{PartialEmoji, id::Id};
///
/// let note = PartialEmoji { name: Some("🎵".into()), ..PartialEmoji::default() };
/// assert_eq!(note.to_string(), "🎵");
/// let own = PartialEmoji { id: Some(Id::new(41)), name: Some("dance".into()), animated: Some(true) };
/// assert_eq!(own.to_string(), "<a:dance:41>");
/// ```
impl fmt::Display for PartialEmoji {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.name.as_deref().unwrap_or_default();
        let Some(id) = self.id else {
            return f.write_str(name);
        };
        // A guild's own emoji that was deleted has no name; any name leads to it.
        let name = if name.is_empty() { "_" } else { name };
        let (name, animated) = (name.to_owned(), self.animated.unwrap_or_default());
        Markup::Emoji { name, id, animated }.fmt(f)
    }
}

/// Escapes a text, so that Discord shows it as it is: no bold, no link, no list, no mention.
///
/// Emphasis, code, spoilers, links with titles, Discord's own formats, and headings, quotes and lists at the beginning of a
/// line lose their meaning by a backslash. `@everyone` and `@here` get an invisible character, because a backslash does
/// not stop them. The addresses of links (`https://…`) stay as they are, because Discord reads no format in them.
///
/// [`AllowedMentions`](crate::AllowedMentions) is what keeps a message from notifying people; an escaped text alone
/// does not promise it.
///
/// ```
/// use antiphon_discord_model::escape_markdown;
///
/// assert_eq!(escape_markdown("*la* <@33>"), r"\*la\* \<@33>");
/// assert_eq!(escape_markdown("# 1. loud\n1. soft"), "\\# 1. loud\n1\\. soft");
/// assert_eq!(escape_markdown("https://a.example/b_c_d _"), r"https://a.example/b_c_d \_");
/// ```
pub fn escape_markdown(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len() + 8);
    // Whether only blanks and marks of lists stood in this line so far.
    let mut begins = true;
    let mut rest = text;
    while let Some(next) = rest.chars().next() {
        if let Some(link) = link(rest) {
            escaped.push_str(link);
            (begins, rest) = (false, &rest[link.len()..]);
            continue;
        }
        let digits = rest.len()
            - rest
                .trim_start_matches(|one: char| one.is_ascii_digit())
                .len();
        if begins && digits > 0 && rest[digits..].starts_with('.') {
            escaped.push_str(&rest[..digits]);
            escaped.push_str("\\.");
            (begins, rest) = (false, &rest[digits + 1..]);
            continue;
        }
        let is_special = match next {
            '\\' | '*' | '_' | '~' | '`' | '|' | '[' | ']' | '<' => true,
            '#' | '>' | '-' | '+' => begins,
            _ => false,
        };
        if is_special {
            escaped.push('\\');
        }
        escaped.push(next);
        if next == '@' && (rest[1..].starts_with("everyone") || rest[1..].starts_with("here")) {
            escaped.push('\u{200b}');
        }
        begins = next == '\n' || begins && (next == ' ' || next == '\t' || next == '-');
        rest = &rest[next.len_utf8()..];
    }
    escaped
}

/// The address at the beginning of a text, without the characters that Discord takes for the sentence's own.
fn link(text: &str) -> Option<&str> {
    let is_link = text.starts_with("https://") || text.starts_with("http://");
    let end = text
        .find(|one: char| one.is_whitespace() || one == '<' || one == ')')
        .unwrap_or(text.len());
    let address =
        text[..end].trim_end_matches(['.', ',', ':', ';', '"', '\'', ']', '*', '_', '~', '|', '`']);
    (is_link && address.len() > "https://".len()).then_some(address)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn both_ways(text: &str, expected: &Markup) {
        assert_eq!(text.parse().as_ref(), Ok(expected));
        assert_eq!(expected.to_string(), text);
    }

    /// The examples of <https://discord.com/developers/docs/reference#message-formatting-formats>.
    #[test]
    fn every_format_of_discords_page_is_read_and_written() {
        both_ways(
            "<@80351110224678912>",
            &Markup::User(Id::new(80_351_110_224_678_912)),
        );
        both_ways(
            "<@&165511591545143296>",
            &Markup::Role(Id::new(165_511_591_545_143_296)),
        );
        both_ways(
            "<#103735883630395392>",
            &Markup::Channel(Id::new(103_735_883_630_395_392)),
        );
        for name in ["airhorn", "foo bar", "foo group bar", "größe", "歌う"] {
            let command = Markup::Command {
                name: name.to_owned(),
                id: Id::new(816_437_322_781_949_972),
            };
            both_ways(&format!("</{name}:816437322781949972>"), &command);
        }
        for (animated, text) in [
            (false, "<:mmLol:216154654256398347>"),
            (true, "<a:mmLol:216154654256398347>"),
        ] {
            let emoji = Markup::Emoji {
                name: "mmLol".to_owned(),
                id: Id::new(216_154_654_256_398_347),
                animated,
            };
            both_ways(text, &emoji);
        }
        let time = Timestamp::from_second(1_618_953_630).expect("a time");
        both_ways("<t:1618953630>", &Markup::Timestamp(time, None));
        for (style, letter) in TimestampStyle::LETTERS {
            let text = format!("<t:1618953630:{letter}>");
            both_ways(&text, &Markup::Timestamp(time, Some(style)));
        }
        let before = Timestamp::from_second(-1).expect("a time");
        both_ways(
            "<t:-1:R>",
            &Markup::Timestamp(before, Some(TimestampStyle::Relative)),
        );
        for (text, place) in [
            ("<id:customize>", GuildNavigation::Customize),
            ("<id:browse>", GuildNavigation::Browse),
            ("<id:guide>", GuildNavigation::Guide),
            ("<id:linked-roles>", GuildNavigation::LinkedRoles(None)),
            (
                "<id:linked-roles:44>",
                GuildNavigation::LinkedRoles(Some(Id::new(44))),
            ),
        ] {
            both_ways(text, &Markup::Guild(place));
        }
    }

    #[test]
    fn what_discord_shows_as_text_is_no_format() {
        for text in [
            "<@>",
            "<@0>",
            "<@x>",
            "<@33",
            "@33>",
            "<@ 33>",
            "<@+33>",
            "<@&>",
            "<#>",
            "<@!>",
            "</:7>",
            "</sing>",
            "</a b c d:7>",
            "<:x>",
            "<:a b:7>",
            "<b:x:7>",
            "<t:>",
            "<t:1.5>",
            "<t:1:x>",
            "<t:+1>",
            "<t:1:RR>",
            "<id:home>",
            "<id:customize:7>",
            "<>",
            "<@99999999999999999999>",
            "<https://a.example>",
        ] {
            assert_eq!(text.parse::<Markup>(), Err(MarkupError), "{text}");
        }
    }

    #[test]
    fn formats_are_found_wherever_they_stand() {
        let all = |text| {
            Markup::find(text)
                .map(|(at, _)| &text[at])
                .collect::<Vec<_>>()
        };
        assert_eq!(all("é<@33><<#22>>"), ["<@33>", "<#22>"]);
        assert_eq!(all("a < b <@33"), Vec::<&str>::new());
        assert_eq!(all("<@33 <@34>"), ["<@34>"]);
        assert_eq!(all(""), Vec::<&str>::new());
    }

    #[test]
    fn a_texts_own_formatting_is_escaped() {
        for (text, expected) in [
            (
                "**a** __b__ ~~c~~ `d` ||e||",
                r"\*\*a\*\* \_\_b\_\_ \~\~c\~\~ \`d\` \|\|e\|\|",
            ),
            ("[a](https://b.example)", r"\[a\](https://b.example)"),
            ("> a > b", r"\> a > b"),
            ("  - a - b", r"  \- a - b"),
            ("-# small", r"\-\# small"),
            ("10. ten 10. ten", r"10\. ten 10. ten"),
            (r"a\*b", r"a\\\*b"),
            ("<t:1:R> a<b", r"\<t:1:R> a\<b"),
            ("@everyone @here a@b", "@\u{200b}everyone @\u{200b}here a@b"),
            ("_https://a.example/_b_", r"\_https://a.example/_b\_"),
            ("größe 歌う", "größe 歌う"),
            ("", ""),
        ] {
            assert_eq!(escape_markdown(text), expected);
        }
    }
}
