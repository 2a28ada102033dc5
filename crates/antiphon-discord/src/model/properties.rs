//! The name of the program in an identify.

/// Who connects, as Discord is told in an identify (protocol §3).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Properties {
    /// Operating system; by default that of this machine.
    pub os: String,
    /// Name of the library; `antiphon` by default.
    pub browser: String,
    /// Name of the device; `antiphon` by default.
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
    /// Who connects.
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
