//! Signed custom ids.

use std::fmt;

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use ring::hmac;
use subtle::ConstantTimeEq as _;

use super::custom_id::{CustomId, CustomIdError, CustomIdReader, CustomIdValue, CustomIdWriter};

/// Bytes of a signature: 96 bits of HMAC-SHA256, which RFC 2104 §5 allows down to half of the hash, and more than anybody can
/// try against a rate-limited bot.
const BYTES: usize = 12;
/// Characters of a signature in base64.
const TEXT: usize = 16;

/// Key that signs custom ids, made from a secret of the app.
///
/// Every process that signs or checks needs the same secret; a new secret makes all older buttons invalid.
/// The key is derived from the secret, so that the secret may serve other purposes too. `Debug` shows nothing of it.
///
/// ```
/// use antiphon::components::{CustomId, CustomIdError, CustomIdKey, Signed};
///
/// #[derive(CustomId, Debug, PartialEq)]
/// #[custom_id("refund")]
/// struct Refund { order: u32 }
///
/// let key = CustomIdKey::from_secret("a long secret of the app");
/// let text = Signed::new(&Refund { order: 7 }, &key).custom_id()?;
/// assert!(text.starts_with("refund=:") && text.ends_with(":7"));
///
/// let sent = Signed::<Refund>::from_custom_id(&text)?;
/// assert_eq!(sent.open(&key), Ok(Refund { order: 7 }));
/// let forged = Signed::<Refund>::from_custom_id(&text.replace(":7", ":8"))?;
/// assert_eq!(forged.open(&key), Err(CustomIdError::Forged));
/// # Ok::<(), CustomIdError>(())
/// ```
#[derive(Clone)]
pub struct CustomIdKey(hmac::Key);

impl CustomIdKey {
    /// Makes the key from a secret; at least 16 random bytes are worth calling one.
    pub fn from_secret(secret: impl AsRef<[u8]>) -> Self {
        let secret = hmac::Key::new(hmac::HMAC_SHA256, secret.as_ref());
        let derived = hmac::sign(&secret, b"antiphon custom id");
        Self(hmac::Key::new(hmac::HMAC_SHA256, derived.as_ref()))
    }

    fn sign(&self, text: &str) -> String {
        let tag = hmac::sign(&self.0, text.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(&tag.as_ref()[..BYTES])
    }
}

impl fmt::Debug for CustomIdKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("CustomIdKey(<redacted>)")
    }
}

/// State of a custom id with a signature, which takes 18 of the 100 characters.
///
/// The state that comes with a press is closed until [`open`](Self::open) has checked the signature, in constant time.
/// A signature says that the bot wrote the custom id; it does not say for whom, where or when. Put the user's id into the
/// state if only that user may press.
///
/// ```
/// # use antiphon::components::{CustomId, CustomIdKey, Press, Signed};
/// # use antiphon::{HandlerError, State, discord::Client};
/// # #[derive(CustomId)] #[custom_id("refund")] struct Refund { order: u32 }
/// # #[derive(Clone)] struct Bot { client: Client, key: CustomIdKey }
/// async fn refund(press: Press<Signed<Refund>>, State(bot): State<Bot>) -> Result<(), HandlerError> {
///     let Ok(Refund { order }) = press.state().open(&bot.key) else {
///         return Ok(press.reply(&bot.client, "This button is no longer valid.").ephemeral().await?);
///     };
///     press.update(&bot.client).content(format!("Order {order} is paid back.")).await?;
///     Ok(())
/// }
/// # fn app(bot: Bot) -> antiphon::App<Bot> { antiphon::App::new(bot).on(refund) }
/// ```
pub struct Signed<T> {
    /// State as it is written, behind the signature.
    text: String,
    signature: String,
    marker: std::marker::PhantomData<fn() -> T>,
}

impl<T: CustomId> Signed<T> {
    /// Signs a state.
    pub fn new(state: &T, key: &CustomIdKey) -> Self {
        let text = state.to_text();
        Self {
            signature: key.sign(&text),
            text,
            marker: std::marker::PhantomData,
        }
    }

    /// Checks the signature and reads the state.
    ///
    /// # Errors
    /// [`CustomIdError::Forged`] if the signature is of another key or another state, and the errors of reading the state.
    pub fn open(&self, key: &CustomIdKey) -> Result<T, CustomIdError> {
        let expected = key.sign(&self.text);
        if bool::from(expected.as_bytes().ct_eq(self.signature.as_bytes())) {
            return T::from_custom_id(&self.text);
        }
        Err(CustomIdError::Forged)
    }

    /// Text behind prefix and mark.
    fn body(&self) -> &str {
        self.text
            .get(T::PREFIX.len() + T::MARK.len()..)
            .unwrap_or_default()
    }
}

impl<T: CustomId> CustomIdValue for Signed<T> {
    const LENGTH: usize = 1 + TEXT + T::LENGTH;

    fn write(&self, to: &mut CustomIdWriter) {
        to.part(&self.signature);
        to.raw(self.body());
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        let signature = from.part()?.into_owned();
        let mut text = format!("{}{}", T::PREFIX, T::MARK);
        if !from.is_at_end() {
            text.push(':');
            text.push_str(from.left());
        }
        from.skip_all();
        Ok(Self {
            text,
            signature,
            marker: std::marker::PhantomData,
        })
    }
}

impl<T: CustomId> CustomId for Signed<T> {
    const PREFIX: &'static str = T::PREFIX;
    const MARK: &'static str = "=";
}

impl<T: CustomId> From<Signed<T>> for String {
    fn from(signed: Signed<T>) -> Self {
        signed.to_text()
    }
}

impl<T> fmt::Debug for Signed<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signed").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    struct Note(String, Option<u8>);

    impl CustomIdValue for Note {
        const LENGTH: usize = 0;

        fn write(&self, to: &mut CustomIdWriter) {
            self.0.write(to);
            self.1.write(to);
        }

        fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
            Ok(Self(CustomIdValue::read(from)?, CustomIdValue::read(from)?))
        }
    }

    impl CustomId for Note {
        const PREFIX: &'static str = "note";
    }

    #[test]
    fn nothing_but_the_key_and_the_whole_text_opens_a_state() {
        let key = CustomIdKey::from_secret("one");
        let text = Signed::new(&Note("a:b".into(), Some(7)), &key).to_text();
        let other = CustomIdKey::from_secret("two");
        let open =
            |text: &str, key| Signed::<Note>::from_custom_id(text).and_then(|sent| sent.open(key));
        assert!(open(&text, &key).is_ok_and(|note| note.0 == "a:b" && note.1 == Some(7)));
        assert!(matches!(open(&text, &other), Err(CustomIdError::Forged)));
        let empty = text.replacen(&text[6..22], "", 1);
        for forged in [
            text.replace(":7", ":8"),
            format!("{text}:1"),
            text.replacen('=', "=:", 1),
            empty,
        ] {
            assert!(
                matches!(open(&forged, &key), Err(CustomIdError::Forged)),
                "{forged}"
            );
        }
        assert!(
            matches!(open("note:a", &key), Err(CustomIdError::Foreign)),
            "an unsigned one"
        );
        assert_eq!(format!("{key:?}"), "CustomIdKey(<redacted>)");
    }

    proptest! {
        #[test]
        fn any_signed_state_comes_back(text in ".*", number: Option<u8>) {
            let key = CustomIdKey::from_secret("one");
            let sent = Signed::new(&Note(text.clone(), number), &key).to_text();
            let note = Signed::<Note>::from_custom_id(&sent).and_then(|sent| sent.open(&key)).expect("signed");
            prop_assert_eq!((note.0, note.1), (text, number));
        }
    }
}
