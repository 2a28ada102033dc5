//! Addresses of images, stickers and sounds on Discord's servers.
//!
//! [Discord's page](https://discord.com/developers/docs/reference#image-formatting) has the paths and the formats of each.
//! Each function here makes the address of one kind of image from ids and hashes; objects of the model have methods
//! that do the same for their own images, such as [`User::avatar_url`].
//!
//! ```
//! use antiphon_discord_model::{User, cdn::{self, ImageFormat}, from_str, id::Id};
//!
//! let (eve, _) = from_str::<User>(
//!     r#"{"id":"33","username":"eve","avatar":"a_8342729096ea3675442027381ff50dfe"}"#,
//! )?;
//! let avatar = eve.avatar_url().expect("she has one");
//! assert_eq!(
//!     avatar.to_string(),
//!     "https://cdn.discordapp.com/avatars/33/a_8342729096ea3675442027381ff50dfe.webp?animated=true",
//! );
//! let small = avatar.format(ImageFormat::Png)?.size(64)?;
//! assert!(small.to_string().ends_with(".png?size=64"));
//!
//! let emoji = cdn::emoji(Id::new(41), false).size(100);
//! assert!(emoji.unwrap_err().to_string().contains("power of two"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

use std::fmt;

use crate::{
    generated::{
        numbers::StickerFormatType,
        objects::{
            Application, AvatarDecorationData, CurrentUserGuild, Emoji, Guild, InviteGuild, Member,
            PartialEmoji, PrimaryGuild, Role, ScheduledEvent, SoundboardSound, Sticker,
            StickerItem, StickerPack, Team, User, Webhook,
        },
    },
    id::{
        ApplicationMarker, EmojiMarker, GenericMarker, GuildMarker, Id, OauthTeamMarker,
        RoleMarker, ScheduledEventMarker, StickerMarker, UserMarker,
    },
    values::ImageHash,
};

/// Host of images, without a slash at the end.
pub const BASE: &str = "https://cdn.discordapp.com";
/// Host of animated stickers, without a slash at the end.
pub const MEDIA: &str = "https://media.discordapp.net";
/// Application under which Discord keeps the banners of sticker packs.
const STICKER_PACKS: u64 = 710_982_414_301_790_216;

/// Format of an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ImageFormat {
    /// PNG.
    Png,
    /// JPEG, which has no transparency.
    Jpeg,
    /// `WebP`, the best supported one, animated where the image is.
    Webp,
    /// GIF, for animated images alone.
    Gif,
    /// Lottie, the JSON of some of Discord's own stickers.
    Lottie,
}

impl ImageFormat {
    /// Ending of a file's name, without the dot.
    pub fn extension(self) -> &'static str {
        match self {
            Self::Png => "png",
            Self::Jpeg => "jpg",
            Self::Webp => "webp",
            Self::Gif => "gif",
            Self::Lottie => "json",
        }
    }
}

/// An image is not served in this format or size.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ImageError {
    /// Discord does not serve the image in this format.
    #[error("this image is not served as {}: choose another format", .0.extension())]
    Format(ImageFormat),
    /// Discord knows no such size.
    #[error("an image has no size of {0}: choose a power of two from 16 to 4096")]
    Size(u16),
}

/// Address of an image; its text is the whole URL.
///
/// Default: the best format that the kind of image has (`WebP`, animated where the image is; else PNG), in the size in
/// which it was uploaded.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ImageUrl {
    base: &'static str,
    /// Path without the ending.
    path: String,
    format: ImageFormat,
    kind: Kind,
    is_animated: bool,
    size: Option<u16>,
}

/// The formats that Discord serves for a kind of image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Kind {
    /// PNG, JPEG and `WebP`, and GIF if the image is animated.
    Image,
    /// The same, and GIF for an image that may be animated without a mark.
    Emoji,
    /// PNG, JPEG and `WebP`.
    Still,
    /// This format alone, whose size cannot be chosen.
    Fixed,
    /// PNG alone, of any size.
    Png,
}

impl ImageUrl {
    fn new(kind: Kind, path: String, is_animated: bool) -> Self {
        let format = match kind {
            Kind::Fixed | Kind::Png => ImageFormat::Png,
            _ => ImageFormat::Webp,
        };
        Self {
            base: BASE,
            path,
            format,
            kind,
            is_animated,
            size: None,
        }
    }

    /// An image whose name says whether it is animated.
    fn hashed(kind: Kind, path: fmt::Arguments<'_>, hash: &ImageHash) -> Self {
        Self::new(kind, format!("{path}/{hash}"), hash.is_animated())
    }

    /// Sets the format.
    ///
    /// # Errors
    ///
    /// [`ImageError::Format`], if Discord does not serve this image in it. GIF is for animated images.
    pub fn format(mut self, format: ImageFormat) -> Result<Self, ImageError> {
        let is_served = match (self.kind, format) {
            (Kind::Fixed, format) => format == self.format,
            (Kind::Png, format) => format == ImageFormat::Png,
            (_, ImageFormat::Png | ImageFormat::Jpeg | ImageFormat::Webp) => true,
            (Kind::Image | Kind::Emoji, ImageFormat::Gif) => self.is_animated,
            _ => false,
        };
        self.format = format;
        is_served.then_some(self).ok_or(ImageError::Format(format))
    }

    /// Sets the largest side in pixels: a power of two from 16 to 4096.
    ///
    /// Default avatars and stickers have one size, and ignore another.
    ///
    /// # Errors
    ///
    /// [`ImageError::Size`] for any other number.
    pub fn size(mut self, size: u16) -> Result<Self, ImageError> {
        if !size.is_power_of_two() || !(16..=4096).contains(&size) {
            return Err(ImageError::Size(size));
        }
        if self.kind != Kind::Fixed {
            self.size = Some(size);
        }
        Ok(self)
    }

    /// Whether the image moves.
    pub fn is_animated(&self) -> bool {
        self.is_animated
    }
}

impl fmt::Display for ImageUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}.{}", self.base, self.path, self.format.extension())?;
        let moves = self.is_animated && self.format == ImageFormat::Webp;
        if moves {
            f.write_str("?animated=true")?;
        }
        match self.size {
            Some(size) => write!(f, "{}size={size}", if moves { '&' } else { '?' }),
            None => Ok(()),
        }
    }
}

impl From<ImageUrl> for String {
    fn from(url: ImageUrl) -> Self {
        url.to_string()
    }
}

/// A guild's or application's own emoji; `animated` as Discord says of the emoji.
pub fn emoji(emoji: Id<EmojiMarker>, animated: bool) -> ImageUrl {
    ImageUrl::new(Kind::Emoji, format!("emojis/{emoji}"), animated)
}

/// A guild's icon.
pub fn guild_icon(guild: Id<GuildMarker>, icon: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Image, format_args!("icons/{guild}"), icon)
}

/// A guild's splash, behind its invites.
pub fn guild_splash(guild: Id<GuildMarker>, splash: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Still, format_args!("splashes/{guild}"), splash)
}

/// A guild's splash in Discord's list of guilds.
pub fn guild_discovery_splash(guild: Id<GuildMarker>, splash: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(
        Kind::Still,
        format_args!("discovery-splashes/{guild}"),
        splash,
    )
}

/// A guild's banner.
pub fn guild_banner(guild: Id<GuildMarker>, banner: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Image, format_args!("banners/{guild}"), banner)
}

/// A guild's badge, beside the names of users who show its tag.
pub fn guild_tag_badge(guild: Id<GuildMarker>, badge: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Still, format_args!("guild-tag-badges/{guild}"), badge)
}

/// A user's banner.
pub fn user_banner(user: Id<UserMarker>, banner: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Image, format_args!("banners/{user}"), banner)
}

/// A user's or a webhook's avatar.
pub fn user_avatar(user: Id<UserMarker>, avatar: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Image, format_args!("avatars/{user}"), avatar)
}

/// The avatar of a user who has none: one of six by the id, or one of five by the discriminator of an old name.
///
/// A discriminator of 0 is a name of the new form. Discord serves it as PNG alone.
///
/// ```
/// use antiphon_discord_model::{cdn, id::Id};
///
/// let new = cdn::default_avatar(Id::new(80_351_110_224_678_912), 0);
/// assert_eq!(new.to_string(), "https://cdn.discordapp.com/embed/avatars/5.png");
/// let old = cdn::default_avatar(Id::new(80_351_110_224_678_912), 1337);
/// assert_eq!(old.to_string(), "https://cdn.discordapp.com/embed/avatars/2.png");
/// ```
pub fn default_avatar(user: Id<UserMarker>, discriminator: u16) -> ImageUrl {
    let index = match discriminator {
        0 => (user.get() >> 22) % 6,
        old => u64::from(old % 5),
    };
    ImageUrl::new(Kind::Fixed, format!("embed/avatars/{index}"), false)
}

/// A member's own avatar in a guild.
pub fn member_avatar(guild: Id<GuildMarker>, user: Id<UserMarker>, avatar: &ImageHash) -> ImageUrl {
    let path = format_args!("guilds/{guild}/users/{user}/avatars");
    ImageUrl::hashed(Kind::Image, path, avatar)
}

/// A member's own banner in a guild.
pub fn member_banner(guild: Id<GuildMarker>, user: Id<UserMarker>, banner: &ImageHash) -> ImageUrl {
    let path = format_args!("guilds/{guild}/users/{user}/banners");
    ImageUrl::hashed(Kind::Image, path, banner)
}

/// The decoration around an avatar, as PNG, animated or not.
pub fn avatar_decoration(asset: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Png, format_args!("avatar-decoration-presets"), asset)
}

/// An application's icon.
pub fn application_icon(application: Id<ApplicationMarker>, icon: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Still, format_args!("app-icons/{application}"), icon)
}

/// An application's cover.
pub fn application_cover(application: Id<ApplicationMarker>, cover: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Still, format_args!("app-icons/{application}"), cover)
}

/// An image that an application uploaded for activities, by its id.
///
/// An activity names it in `large_image` or `small_image`; a text with `mp:` there is no such id.
pub fn application_asset(application: Id<ApplicationMarker>, asset: Id<GenericMarker>) -> ImageUrl {
    ImageUrl::new(
        Kind::Still,
        format!("app-assets/{application}/{asset}"),
        false,
    )
}

/// The icon of an application's achievement.
pub fn achievement_icon(
    application: Id<ApplicationMarker>,
    achievement: Id<GenericMarker>,
    icon: &ImageHash,
) -> ImageUrl {
    let path = format_args!("app-assets/{application}/achievements/{achievement}/icons");
    ImageUrl::hashed(Kind::Still, path, icon)
}

/// An image of an application's page in Discord's shop, by its id.
pub fn store_asset(application: Id<ApplicationMarker>, asset: Id<GenericMarker>) -> ImageUrl {
    let path = format!("app-assets/{application}/store/{asset}");
    ImageUrl::new(Kind::Still, path, false)
}

/// The banner of a sticker pack, by the id of its image.
pub fn sticker_pack_banner<M>(asset: Id<M>) -> ImageUrl {
    let path = format!("app-assets/{STICKER_PACKS}/store/{asset}");
    ImageUrl::new(Kind::Still, path, false)
}

/// A team's icon.
pub fn team_icon(team: Id<OauthTeamMarker>, icon: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Still, format_args!("team-icons/{team}"), icon)
}

/// A sticker, in the one form in which Discord serves it: PNG, GIF from another host, or Lottie.
///
/// A sticker of a kind that has no name here is taken for a PNG.
///
/// ```
/// use antiphon_discord_model::{StickerFormatType, cdn, id::Id};
///
/// let gif = cdn::sticker(Id::new(7), StickerFormatType::Gif);
/// assert_eq!(gif.to_string(), "https://media.discordapp.net/stickers/7.gif");
/// let lottie = cdn::sticker(Id::new(7), StickerFormatType::Lottie);
/// assert_eq!(lottie.to_string(), "https://cdn.discordapp.com/stickers/7.json");
/// ```
pub fn sticker(sticker: Id<StickerMarker>, format: StickerFormatType) -> ImageUrl {
    let moves = format != StickerFormatType::Png;
    let mut url = ImageUrl::new(Kind::Fixed, format!("stickers/{sticker}"), moves);
    match format {
        StickerFormatType::Gif => {
            url.format = ImageFormat::Gif;
            url.base = MEDIA;
        }
        StickerFormatType::Lottie => url.format = ImageFormat::Lottie,
        _ => {}
    }
    url
}

/// A role's icon.
pub fn role_icon(role: Id<RoleMarker>, icon: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Still, format_args!("role-icons/{role}"), icon)
}

/// The cover of a guild's scheduled event.
pub fn scheduled_event_cover(event: Id<ScheduledEventMarker>, cover: &ImageHash) -> ImageUrl {
    ImageUrl::hashed(Kind::Still, format_args!("guild-events/{event}"), cover)
}

/// A sound of the soundboard, an MP3 or an Ogg file; the address has no ending.
///
/// [Discord's page](https://discord.com/developers/docs/resources/soundboard)
pub fn soundboard_sound(sound: Id<GenericMarker>) -> String {
    format!("{BASE}/soundboard-sounds/{sound}")
}

impl User {
    /// Address of the avatar; `None` if the user has none ([`display_avatar_url`](Self::display_avatar_url)).
    pub fn avatar_url(&self) -> Option<ImageUrl> {
        Some(user_avatar(self.id, self.avatar.as_ref()?))
    }

    /// Address of the avatar that Discord shows for a user without one.
    pub fn default_avatar_url(&self) -> ImageUrl {
        default_avatar(self.id, self.discriminator.get())
    }

    /// Address of the avatar, or else of the default one.
    pub fn display_avatar_url(&self) -> ImageUrl {
        self.avatar_url()
            .unwrap_or_else(|| self.default_avatar_url())
    }

    /// Address of the banner.
    pub fn banner_url(&self) -> Option<ImageUrl> {
        Some(user_banner(self.id, self.banner.as_ref()?))
    }
}

impl Member {
    /// Address of the member's own avatar in this guild; `None` if there is none.
    ///
    /// A member object does not have the id of its guild.
    pub fn avatar_url(&self, guild: Id<GuildMarker>) -> Option<ImageUrl> {
        Some(member_avatar(guild, self.user.id, self.avatar.as_ref()?))
    }

    /// Address of the avatar that this guild sees: the member's own, else the user's, else the default one.
    pub fn display_avatar_url(&self, guild: Id<GuildMarker>) -> ImageUrl {
        self.avatar_url(guild)
            .unwrap_or_else(|| self.user.display_avatar_url())
    }

    /// Address of the member's own banner in this guild.
    pub fn banner_url(&self, guild: Id<GuildMarker>) -> Option<ImageUrl> {
        Some(member_banner(guild, self.user.id, self.banner.as_ref()?))
    }
}

impl Guild {
    /// Address of the icon.
    pub fn icon_url(&self) -> Option<ImageUrl> {
        Some(guild_icon(self.id, self.icon.as_ref()?))
    }

    /// Address of the banner.
    pub fn banner_url(&self) -> Option<ImageUrl> {
        Some(guild_banner(self.id, self.banner.as_ref()?))
    }

    /// Address of the splash.
    pub fn splash_url(&self) -> Option<ImageUrl> {
        Some(guild_splash(self.id, self.splash.as_ref()?))
    }

    /// Address of the splash in Discord's list of guilds.
    pub fn discovery_splash_url(&self) -> Option<ImageUrl> {
        let splash = self.discovery_splash.as_ref()?;
        Some(guild_discovery_splash(self.id, splash))
    }
}

/// Gives an object a method that returns the address of one of its images.
macro_rules! images {
    ($($object:ty: $method:ident, $what:literal, $of:ident($id:ident, $field:ident);)*) => {$(
        impl $object {
            #[doc = concat!("Address of ", $what, ".")]
            pub fn $method(&self) -> Option<ImageUrl> {
                Some($of(self.$id, self.$field.as_ref()?))
            }
        }
    )*};
}

images! {
    CurrentUserGuild: icon_url, "the icon", guild_icon(id, icon);
    InviteGuild: icon_url, "the icon", guild_icon(id, icon);
    Role: icon_url, "the icon", role_icon(id, icon);
    Team: icon_url, "the icon", team_icon(id, icon);
    Application: icon_url, "the icon", application_icon(id, icon);
    Application: cover_url, "the cover", application_cover(id, cover_image);
    ScheduledEvent: cover_url, "the cover", scheduled_event_cover(id, image);
}

impl Webhook {
    /// Address of the webhook's own avatar.
    pub fn avatar_url(&self) -> Option<ImageUrl> {
        Some(user_avatar(self.id.cast(), self.avatar.as_ref()?))
    }
}

impl PrimaryGuild {
    /// Address of the guild's badge.
    pub fn badge_url(&self) -> Option<ImageUrl> {
        Some(guild_tag_badge(
            self.identity_guild_id?,
            self.badge.as_ref()?,
        ))
    }
}

impl AvatarDecorationData {
    /// Address of the decoration.
    pub fn image_url(&self) -> ImageUrl {
        avatar_decoration(&self.asset)
    }
}

impl Sticker {
    /// Address of the sticker.
    pub fn image_url(&self) -> ImageUrl {
        sticker(self.id, self.format_type)
    }
}

impl StickerItem {
    /// Address of the sticker.
    pub fn image_url(&self) -> ImageUrl {
        sticker(self.id, self.format_type)
    }
}

impl StickerPack {
    /// Address of the banner.
    pub fn banner_url(&self) -> Option<ImageUrl> {
        Some(sticker_pack_banner(self.banner_asset_id?))
    }
}

impl SoundboardSound {
    /// Address of the sound.
    pub fn sound_url(&self) -> String {
        soundboard_sound(self.sound_id)
    }
}

impl Emoji {
    /// Address of the emoji; `None` for a Unicode emoji.
    pub fn image_url(&self) -> Option<ImageUrl> {
        Some(emoji(self.id?, self.animated.unwrap_or_default()))
    }
}

impl PartialEmoji {
    /// Address of the emoji; `None` for a Unicode emoji.
    pub fn image_url(&self) -> Option<ImageUrl> {
        Some(emoji(self.id?, self.animated.unwrap_or_default()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const STILL: &str = "1269e74af4df7417b13759eae50c83dc";
    const MOVING: &str = "a_1269e74af4df7417b13759eae50c83dc";

    /// The paths of <https://discord.com/developers/docs/reference#image-formatting-cdn-endpoints>.
    #[test]
    fn every_path_of_discords_page_is_made() {
        let (hash, id) = (ImageHash::from(STILL), 7);
        for (url, path) in [
            (emoji(Id::new(id), false), "emojis/7.png".to_owned()),
            (
                guild_icon(Id::new(id), &hash),
                format!("icons/7/{STILL}.png"),
            ),
            (
                guild_splash(Id::new(id), &hash),
                format!("splashes/7/{STILL}.png"),
            ),
            (
                guild_discovery_splash(Id::new(id), &hash),
                format!("discovery-splashes/7/{STILL}.png"),
            ),
            (
                guild_banner(Id::new(id), &hash),
                format!("banners/7/{STILL}.png"),
            ),
            (
                user_banner(Id::new(id), &hash),
                format!("banners/7/{STILL}.png"),
            ),
            (
                default_avatar(Id::new(id), 0),
                "embed/avatars/0.png".to_owned(),
            ),
            (
                user_avatar(Id::new(id), &hash),
                format!("avatars/7/{STILL}.png"),
            ),
            (
                member_avatar(Id::new(1), Id::new(id), &hash),
                format!("guilds/1/users/7/avatars/{STILL}.png"),
            ),
            (
                avatar_decoration(&"v2_a_x".into()),
                "avatar-decoration-presets/v2_a_x.png".to_owned(),
            ),
            (
                application_icon(Id::new(id), &hash),
                format!("app-icons/7/{STILL}.png"),
            ),
            (
                application_cover(Id::new(id), &hash),
                format!("app-icons/7/{STILL}.png"),
            ),
            (
                application_asset(Id::new(id), Id::new(8)),
                "app-assets/7/8.png".to_owned(),
            ),
            (
                achievement_icon(Id::new(id), Id::new(8), &hash),
                format!("app-assets/7/achievements/8/icons/{STILL}.png"),
            ),
            (
                store_asset(Id::new(id), Id::new(8)),
                "app-assets/7/store/8.png".to_owned(),
            ),
            (
                sticker_pack_banner(Id::<GenericMarker>::new(8)),
                "app-assets/710982414301790216/store/8.png".to_owned(),
            ),
            (
                team_icon(Id::new(id), &hash),
                format!("team-icons/7/{STILL}.png"),
            ),
            (
                sticker(Id::new(id), StickerFormatType::Apng),
                "stickers/7.png".to_owned(),
            ),
            (
                role_icon(Id::new(id), &hash),
                format!("role-icons/7/{STILL}.png"),
            ),
            (
                scheduled_event_cover(Id::new(id), &hash),
                format!("guild-events/7/{STILL}.png"),
            ),
            (
                member_banner(Id::new(1), Id::new(id), &hash),
                format!("guilds/1/users/7/banners/{STILL}.png"),
            ),
            (
                guild_tag_badge(Id::new(id), &hash),
                format!("guild-tag-badges/7/{STILL}.png"),
            ),
        ] {
            let png = url
                .format(ImageFormat::Png)
                .expect("every image is served as PNG");
            assert_eq!(
                png.to_string(),
                format!("https://cdn.discordapp.com/{path}")
            );
        }
        assert_eq!(
            soundboard_sound(Id::new(7)),
            "https://cdn.discordapp.com/soundboard-sounds/7"
        );
    }

    #[test]
    fn only_animated_images_of_the_right_kinds_are_had_as_gif() {
        let gif = |url: ImageUrl| url.format(ImageFormat::Gif);
        let moving = guild_icon(Id::new(7), &MOVING.into());
        assert!(moving.is_animated());
        assert_eq!(
            moving.to_string(),
            format!("https://cdn.discordapp.com/icons/7/{MOVING}.webp?animated=true")
        );
        let sized = moving.clone().size(512).expect("a size");
        assert!(sized.to_string().ends_with(".webp?animated=true&size=512"));
        assert!(gif(moving).is_ok() && gif(emoji(Id::new(7), true)).is_ok());
        for still in [
            guild_icon(Id::new(7), &STILL.into()),
            emoji(Id::new(7), false),
            guild_splash(Id::new(7), &MOVING.into()),
            default_avatar(Id::new(7), 0),
            sticker(Id::new(7), StickerFormatType::Apng),
        ] {
            assert_eq!(gif(still), Err(ImageError::Format(ImageFormat::Gif)));
        }
        let lottie = sticker(Id::new(7), StickerFormatType::Lottie);
        assert!(lottie.clone().format(ImageFormat::Lottie).is_ok());
        assert!(lottie.format(ImageFormat::Png).is_err());
        assert!(
            avatar_decoration(&"v2_a_x".into())
                .format(ImageFormat::Webp)
                .is_err()
        );
    }

    #[test]
    fn sizes_are_powers_of_two_from_16_to_4096() {
        let size = |size| guild_icon(Id::new(7), &STILL.into()).size(size);
        for good in [16, 32, 64, 128, 256, 512, 1024, 2048, 4096] {
            assert!(size(good).is_ok());
        }
        for bad in [0, 1, 8, 15, 17, 100, 4095, 8192, u16::MAX] {
            assert_eq!(size(bad), Err(ImageError::Size(bad)));
        }
        let fixed = default_avatar(Id::new(7), 0).size(64).expect("a size");
        assert!(fixed.to_string().ends_with("0.png"));
    }
}
