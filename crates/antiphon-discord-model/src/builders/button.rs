//! Buttons, rows of them, and emojis on them.

use super::setters;
use crate::{
    component::Component,
    generated::{
        numbers::ButtonStyle,
        objects::{ActionRow, Button, PartialEmoji},
    },
    id::{EmojiMarker, Id, SkuMarker},
};

/// Constructors and setters.
///
/// ```
/// use antiphon_discord_model::{ActionRow, Button};
///
/// let row = ActionRow::new([
///     Button::primary("sing", "Sing").emoji("🎵"),
///     Button::danger("stop", "Stop").disabled(true),
///     Button::link("https://example.org/score.pdf", "Score"),
/// ]);
/// let json = serde_json::to_value(&row)?;
/// assert_eq!(json["components"][0]["emoji"]["name"], "🎵");
/// assert_eq!(json["components"][1]["style"], 4);
/// assert_eq!(json["components"][2]["url"], "https://example.org/score.pdf");
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Button {
    /// Creates a button of the accent colour, for the main action.
    ///
    /// `custom_id` has 1 to 100 characters and comes back with the press; the label has at most 80.
    /// An empty label is left out: such a button needs an [`emoji`](Self::emoji).
    pub fn primary(custom_id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::of(ButtonStyle::Primary, custom_id, label)
    }

    /// Creates a grey button.
    ///
    /// Custom id and label are those of [`primary`](Self::primary).
    pub fn secondary(custom_id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::of(ButtonStyle::Secondary, custom_id, label)
    }

    /// Creates a green button, for an action that completes something.
    ///
    /// Custom id and label are those of [`primary`](Self::primary).
    pub fn success(custom_id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::of(ButtonStyle::Success, custom_id, label)
    }

    /// Creates a red button, for an action that cannot be undone.
    ///
    /// Custom id and label are those of [`primary`](Self::primary).
    pub fn danger(custom_id: impl Into<String>, label: impl Into<String>) -> Self {
        Self::of(ButtonStyle::Danger, custom_id, label)
    }

    /// Creates a button that opens an address, at most 512 characters.
    ///
    /// The bot is not told of its presses.
    pub fn link(url: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            url: Some(url.into()),
            style: ButtonStyle::Link,
            label: Some(label.into()).filter(|label| !label.is_empty()),
            ..Self::default()
        }
    }

    /// Creates a button that offers a product of the app for sale.
    ///
    /// Discord writes its label.
    pub fn premium(sku_id: Id<SkuMarker>) -> Self {
        Self {
            sku_id: Some(sku_id),
            style: ButtonStyle::Premium,
            ..Self::default()
        }
    }

    fn of(style: ButtonStyle, custom_id: impl Into<String>, label: impl Into<String>) -> Self {
        Self {
            custom_id: Some(custom_id.into()),
            style,
            label: Some(label.into()).filter(|label| !label.is_empty()),
            ..Self::default()
        }
    }
}

impl ActionRow {
    /// Creates a row of one to five buttons, or of one select menu.
    ///
    /// A message has at most five rows, unless it uses other components too.
    pub fn new(components: impl IntoIterator<Item = impl Into<Component>>) -> Self {
        Self {
            components: components.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

setters! {
    Button {
        /// Sets an emoji before the label: one of Unicode, or a custom one as `<:name:id>`.
        emoji: impl Into<PartialEmoji>;
        /// Sets whether the button is greyed out. Default: no.
        disabled: bool;
        /// Sets the number of the component in its message. Default: Discord counts.
        id: i64;
    }
    ActionRow {
        /// Sets the number of the component in its message. Default: Discord counts.
        id: i64;
    }
}

/// Reads an emoji of Unicode, or a custom one in the form of messages (`<:name:id>`, `<a:name:id>`).
///
/// A custom emoji may stand without its brackets (`name:id`); any other text is taken for an emoji of Unicode.
///
/// ```
/// use antiphon_discord_model::PartialEmoji;
///
/// let custom = PartialEmoji::from("<a:dance:42>");
/// assert_eq!((custom.id.map(|id| id.get()), custom.animated), (Some(42), Some(true)));
/// assert_eq!(PartialEmoji::from("🎵").id, None);
/// ```
impl From<&str> for PartialEmoji {
    fn from(text: &str) -> Self {
        let inner = text.strip_prefix('<').and_then(|it| it.strip_suffix('>'));
        let inner = inner.unwrap_or(text);
        let (is_animated, named) = match inner.strip_prefix("a:") {
            Some(named) if named.contains(':') => (true, named),
            _ => (false, inner.strip_prefix(':').unwrap_or(inner)),
        };
        let custom = named.split_once(':').and_then(|(name, id)| {
            let id: Id<EmojiMarker> = id.parse().ok()?;
            Some((name, id))
        });
        match custom {
            Some((name, id)) => Self {
                animated: is_animated.then_some(true),
                id: Some(id),
                name: Some(name.to_owned()),
            },
            None => Self {
                name: Some(text.to_owned()),
                ..Self::default()
            },
        }
    }
}
