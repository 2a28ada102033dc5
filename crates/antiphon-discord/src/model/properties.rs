//! Connection properties.

/// Connection properties that an identify sends (protocol §3).
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
