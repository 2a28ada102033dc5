//! Embeds.

use jiff::Timestamp;

use super::setters;
use crate::generated::objects::{Embed, EmbedAuthor, EmbedField, EmbedFooter, EmbedMedia};

/// Constructor and setters.
///
/// ```
/// use antiphon_discord_model::{Embed, EmbedAuthor};
///
/// let embed = Embed::new()
///     .title("Miserere")
///     .url("https://example.org/miserere")
///     .description("for nine voices")
///     .color(0x005F_87AF)
///     .author(EmbedAuthor::new("Allegri").url("https://example.org/allegri"))
///     .field("Key", "g minor", true)
///     .field("Length", "12 min", true)
///     .thumbnail("attachment://cover.png")
///     .footer("sung on Ash Wednesday");
/// let json = serde_json::to_value(&embed)?;
/// assert_eq!(json["fields"][1]["value"], "12 min");
/// assert_eq!(json["author"]["name"], "Allegri");
/// # Ok::<(), serde_json::Error>(())
/// ```
///
/// Title and field names have at most 256 characters, the description 4,096, values 1,024, the footer 2,048, the author
/// 256; an embed has at most 25 fields, a message 10 embeds, and these 6,000 characters together
/// ([Discord's page](https://discord.com/developers/docs/resources/message#embed-object-embed-limits)).
impl Embed {
    /// Creates an empty embed.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a field; `inline` puts it beside its neighbours.
    #[must_use]
    pub fn field(
        mut self,
        name: impl Into<String>,
        value: impl Into<String>,
        inline: bool,
    ) -> Self {
        self.fields.get_or_insert_default().push(EmbedField {
            inline: Some(inline),
            name: name.into(),
            value: value.into(),
        });
        self
    }
}

impl EmbedAuthor {
    /// Creates an author with this name.
    pub fn new(name: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            ..Self::default()
        }
    }
}

impl EmbedFooter {
    /// Creates a footer with this text.
    pub fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            ..Self::default()
        }
    }
}

setters! {
    Embed {
        /// Sets the title, at most 256 characters.
        title: impl Into<String>;
        /// Sets the text, at most 4,096 characters of Discord's Markdown.
        description: impl Into<String>;
        /// Sets the address that the title links to.
        url: impl Into<String>;
        /// Sets the colour of the edge, 0 to `0xFF_FFFF`. Default: none.
        color: i64;
        /// Sets the time beside the footer.
        timestamp: Timestamp;
        /// Sets the line above the title: a name, or an [`EmbedAuthor`] with address and icon.
        author: impl Into<EmbedAuthor>;
        /// Sets the last line: a text, or an [`EmbedFooter`] with an icon.
        footer: impl Into<EmbedFooter>;
        /// Sets the large image: an address, or a file of the message (`attachment://name`).
        image: impl Into<EmbedMedia>;
        /// Sets the small image: an address, or a file of the message (`attachment://name`).
        thumbnail: impl Into<EmbedMedia>;
    }
    EmbedAuthor {
        /// Sets the address that the name links to.
        url: impl Into<String>;
        /// Sets the icon: an address, or a file of the message (`attachment://name`).
        icon_url: impl Into<String>;
    }
    EmbedFooter {
        /// Sets the icon: an address, or a file of the message (`attachment://name`).
        icon_url: impl Into<String>;
    }
}

/// Writes conversions from texts.
macro_rules! from_texts {
    ($($type:ident: |$value:ident| $make:expr;)*) => {$(
        impl From<String> for $type {
            fn from($value: String) -> Self {
                $make
            }
        }

        impl From<&str> for $type {
            fn from(text: &str) -> Self {
                Self::from(text.to_owned())
            }
        }
    )*};
}

from_texts! {
    EmbedAuthor: |name| Self::new(name);
    EmbedFooter: |text| Self::new(text);
    EmbedMedia: |url| Self { url: Some(url), ..Self::default() };
}
