//! Connection properties.
//!
//! They tell Discord which library and system a connection has (protocol §3).

/// Connection properties that an identify sends (protocol §3).
///
/// ```
/// use antiphon_discord::Properties;
///
/// let own = Properties::new("linux", "choir-bot", "loft");
/// assert_eq!((&*Properties::default().browser, &*own.browser), ("antiphon", "choir-bot"));
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Properties {
    /// Operating system. Default: this machine's.
    pub os: String,
    /// Name of the library. Default: `antiphon`.
    pub browser: String,
    /// Name of the device. Default: `antiphon`.
    pub device: String,
}

impl Default for Properties {
    fn default() -> Self {
        Self {
            os: std::env::consts::OS.into(),
            browser: "antiphon".into(),
            device: "antiphon".into(),
        }
    }
}

impl Properties {
    /// Properties with these three values.
    pub fn new(
        os: impl Into<String>,
        browser: impl Into<String>,
        device: impl Into<String>,
    ) -> Self {
        Self {
            os: os.into(),
            browser: browser.into(),
            device: device.into(),
        }
    }
}
