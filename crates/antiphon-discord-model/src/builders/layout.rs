//! Components of layout and content, which a message has under the flag `IS_COMPONENTS_V2`.
//!
//! A request sets the flag by itself where a message has one of them.

use super::setters;
use crate::{
    component::Component,
    generated::{
        numbers::SeparatorSpacingSize,
        objects::{
            Container, FileDisplay, MediaGallery, MediaGalleryItem, Section, Separator,
            TextDisplay, Thumbnail, UnfurledMediaItem,
        },
    },
};

/// Constructors and setters.
///
/// ```
/// use antiphon_discord_model::{
///     ActionRow, Button, Container, FileDisplay, MediaGallery, MediaGalleryItem, Section, Separator, TextDisplay, Thumbnail,
/// };
///
/// let card = Container::new()
///     .accent_color(0x005F_87AF)
///     .component(Section::new(["# Miserere", "Allegri, for nine voices"], Thumbnail::new("attachment://cover.png")))
///     .component(Separator::line())
///     .component(MediaGallery::new([MediaGalleryItem::new("https://example.org/choir.jpg").description("the choir")]))
///     .component(FileDisplay::attachment("score.pdf"))
///     .component(ActionRow::new([Button::primary("sing", "Sing")]));
/// let json = serde_json::to_value(antiphon_discord_model::Component::from(card))?;
/// assert_eq!(json["components"][0]["accessory"]["media"]["url"], "attachment://cover.png");
/// assert_eq!(json["components"][3]["file"]["url"], "attachment://score.pdf");
/// # Ok::<(), serde_json::Error>(())
/// ```
impl Container {
    /// Creates an empty box.
    ///
    /// It holds rows, texts, sections, galleries, separators and files.
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a component.
    #[must_use]
    pub fn component(mut self, component: impl Into<Component>) -> Self {
        self.components.push(component.into());
        self
    }
}

impl Section {
    /// Creates one to three texts with a button or a thumbnail beside them.
    pub fn new(
        texts: impl IntoIterator<Item = impl Into<TextDisplay>>,
        accessory: impl Into<Component>,
    ) -> Self {
        let texts = texts.into_iter().map(|text| Component::from(text.into()));
        Self {
            accessory: Some(Box::new(accessory.into())),
            components: texts.collect(),
            ..Self::default()
        }
    }
}

impl TextDisplay {
    /// Creates a text in Discord's Markdown.
    ///
    /// All texts of a message have at most 4,000 characters together.
    pub fn new(content: impl Into<String>) -> Self {
        Self {
            content: content.into(),
            ..Self::default()
        }
    }
}

/// Makes a text component.
impl From<&str> for TextDisplay {
    fn from(content: &str) -> Self {
        Self::new(content)
    }
}

/// Makes a text component.
impl From<String> for TextDisplay {
    fn from(content: String) -> Self {
        Self::new(content)
    }
}

impl Thumbnail {
    /// Creates a small image from its address, or from a file of the message (`attachment://name`).
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            media: url.into().into(),
            ..Self::default()
        }
    }
}

impl MediaGallery {
    /// Creates a gallery of one to ten images and videos.
    pub fn new(items: impl IntoIterator<Item = impl Into<MediaGalleryItem>>) -> Self {
        Self {
            items: items.into_iter().map(Into::into).collect(),
            ..Self::default()
        }
    }
}

impl MediaGalleryItem {
    /// Creates an image or a video from its address, or from a file of the message (`attachment://name`).
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            media: url.into().into(),
            ..Self::default()
        }
    }
}

/// Makes an item of its address.
impl From<&str> for MediaGalleryItem {
    fn from(url: &str) -> Self {
        Self::new(url)
    }
}

impl FileDisplay {
    /// Creates a file that is uploaded with the message, by its name.
    ///
    /// The name has ASCII letters, digits, `.`, `-` and `_` alone, since Discord replaces other characters.
    pub fn attachment(name: impl AsRef<str>) -> Self {
        Self {
            file: format!("attachment://{}", name.as_ref()).into(),
            ..Self::default()
        }
    }
}

impl Separator {
    /// Creates a line with a small gap.
    pub fn line() -> Self {
        Self {
            divider: Some(true),
            ..Self::default()
        }
    }

    /// Creates a small gap without a line.
    pub fn gap() -> Self {
        Self {
            divider: Some(false),
            ..Self::default()
        }
    }

    /// Makes the gap large. Default: small.
    #[must_use]
    pub fn large(mut self) -> Self {
        self.spacing = Some(SeparatorSpacingSize::Large);
        self
    }
}

/// Makes a medium of its address.
impl From<String> for UnfurledMediaItem {
    fn from(url: String) -> Self {
        Self {
            url,
            ..Self::default()
        }
    }
}

setters! {
    Container {
        /// Sets the colour of the box's edge, 0 to `0xFF_FFFF`. Default: none.
        accent_color: i64;
        /// Sets whether the box is hidden until it is clicked. Default: no.
        spoiler: bool;
        /// Sets the number of the component in its message. Default: Discord counts.
        id: i64;
    }
    Section {
        /// Sets the number of the component in its message. Default: Discord counts.
        id: i64;
    }
    TextDisplay {
        /// Sets the number of the component in its message. Default: Discord counts.
        id: i64;
    }
    Thumbnail {
        /// Sets an alternative text, at most 1,024 characters.
        description: impl Into<String>;
        /// Sets whether the image is hidden until it is clicked. Default: no.
        spoiler: bool;
    }
    MediaGallery {
        /// Sets the number of the component in its message. Default: Discord counts.
        id: i64;
    }
    MediaGalleryItem {
        /// Sets an alternative text, at most 1,024 characters.
        description: impl Into<String>;
        /// Sets whether the medium is hidden until it is clicked. Default: no.
        spoiler: bool;
    }
    FileDisplay {
        /// Sets whether the file is hidden until it is clicked. Default: no.
        spoiler: bool;
    }
}
