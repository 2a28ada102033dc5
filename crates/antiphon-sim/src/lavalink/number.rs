//! Numbers and flags in the bodies of requests, as kotlinx.serialization reads them: quoted or not (protocol §5.6).

use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use serde_json::value::RawValue;

/// Text between the quotation marks, or the token itself where it has none.
fn unquoted(token: &str) -> &str {
    let inside = token.strip_prefix('"');
    inside
        .and_then(|inside| inside.strip_suffix('"'))
        .unwrap_or(token)
}

/// Reads a `Boolean` from a JSON token, quoted or not, and in capital or small letters (`consumeBooleanLenient` of
/// kotlinx.serialization 1.7.0).
pub(crate) fn flag(token: &str) -> Option<bool> {
    let text = unquoted(token);
    if text.eq_ignore_ascii_case("true") {
        Some(true)
    } else {
        text.eq_ignore_ascii_case("false").then_some(false)
    }
}

/// Reads a `Long` from a JSON token: a sign, digits and an exponent, quoted or not; the result has to be whole.
pub(crate) fn long(token: &str) -> Option<i64> {
    let text = unquoted(token);
    let (digits, exponent) = match text.split_once(['e', 'E']) {
        Some((digits, exponent)) => (digits, Some(exponent)),
        None => (text, None),
    };
    let is_plain = digits.strip_prefix('-').unwrap_or(digits);
    if is_plain.is_empty() || !is_plain.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let whole: i64 = digits.parse().ok()?;
    let Some(exponent) = exponent else {
        return Some(whole);
    };
    // The server reads an exponent without digits as 0.
    let power = match exponent.trim_start_matches(['+', '-']) {
        "" => 0,
        power => power.parse::<i32>().ok()?,
    };
    let sign = if exponent.starts_with('-') { -1 } else { 1 };
    #[expect(
        clippy::cast_precision_loss,
        reason = "the server reads it as a Double too"
    )]
    let value = whole as f64 * 10_f64.powi(sign * power);
    let is_whole = value.fract() == 0.0 && value.abs() < 9_223_372_036_854_775_808.0;
    #[expect(clippy::cast_possible_truncation, reason = "whole and in range")]
    is_whole.then_some(value as i64)
}

/// Reads an `Int` from a JSON token, quoted or not.
pub(crate) fn int(token: &str) -> Option<i32> {
    long(token).and_then(|number| number.try_into().ok())
}

/// Reads a finite `Double` from a JSON token, quoted or not, in Java's spelling: blanks around it and a suffix such as
/// `f` are taken.
fn double(token: &str) -> Option<f64> {
    let text = if token.starts_with('"') {
        serde_json::from_str(token).ok()?
    } else {
        token.to_owned()
    };
    let text = text.trim_matches(|character: char| character <= ' ');
    let number = text.strip_suffix(['f', 'F', 'd', 'D']).unwrap_or(text);
    let number: f64 = number.parse().ok()?;
    number.is_finite().then_some(number)
}

/// A 32-bit number with a fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Float(pub(crate) f32);

/// A 64-bit number with a fraction.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Double(pub(crate) f64);

/// A 32-bit whole number.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Int(pub(crate) i32);

/// Reads a token by `parse`.
fn read<'de, D: Deserializer<'de>, T>(
    deserializer: D,
    parse: impl Fn(&str) -> Option<T>,
) -> Result<T, D::Error> {
    let token = Box::<RawValue>::deserialize(deserializer)?;
    let wrong = || D::Error::custom(format!("`{:.40}` is no number of this kind", token.get()));
    parse(token.get()).ok_or_else(wrong)
}

impl<'de> Deserialize<'de> for Float {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[expect(
            clippy::cast_possible_truncation,
            reason = "what is too large is refused"
        )]
        let narrow = |token: &str| double(token).map(|number| number as f32);
        read(deserializer, |token| {
            narrow(token).filter(|number| number.is_finite())
        })
        .map(Self)
    }
}

impl<'de> Deserialize<'de> for Double {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, double).map(Self)
    }
}

impl<'de> Deserialize<'de> for Int {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        read(deserializer, int).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    // Cases from `AbstractJsonLexer.consumeNumericLiteral` and `StreamingJsonDecoder` of kotlinx.serialization 1.7.0,
    // <https://github.com/Kotlin/kotlinx.serialization/tree/v1.7.0>.

    #[test]
    fn whole_numbers_are_taken_quoted_and_unquoted() {
        for (token, expected) in [
            ("61000", 61_000),
            (r#""61000""#, 61_000),
            (r#""0""#, 0),
            (r#""-5""#, -5),
            (r#""007""#, 7),
            ("1e3", 1000),
            (r#""2E+3""#, 2000),
            ("5000e-3", 5),
            (r#""9223372036854775807""#, i64::MAX),
            ("-9223372036854775808", i64::MIN),
        ] {
            assert_eq!(long(token), Some(expected), "{token}");
        }
        for token in [
            "10.0",
            r#""10.0""#,
            r#""""#,
            r#""-""#,
            r#"" 5""#,
            r#""5 ""#,
            r#""+5""#,
            r#""--5""#,
            r#""loud""#,
            "null",
            "true",
            "[5]",
            "{}",
            r#""0x10""#,
            "15e-1",
            "1e40",
            r#""9223372036854775808""#,
            r#""e5""#,
        ] {
            assert_eq!(long(token), None, "{token}");
        }
        assert_eq!(int(r#""2147483647""#), Some(i32::MAX));
        assert_eq!(int("2147483648"), None);
    }

    #[test]
    fn fractions_are_taken_as_java_spells_them() {
        for (token, expected) in [
            ("1.2", 1.2),
            (r#""1.2""#, 1.2),
            (r#""1""#, 1.0),
            (r#"" -0.25 ""#, -0.25),
            (r#"".5f""#, 0.5),
            ("1e2", 100.0),
        ] {
            let read: Double = serde_json::from_str(token).expect(token);
            assert!((read.0 - expected).abs() < 1e-9, "{token}");
        }
        for token in [
            r#""fast""#,
            r#""""#,
            "null",
            "true",
            "{}",
            r#""NaN""#,
            r#""Infinity""#,
            r#""1e999""#,
            r#""1,5""#,
        ] {
            assert!(serde_json::from_str::<Double>(token).is_err(), "{token}");
        }
        assert!(serde_json::from_str::<Float>("1e39").is_err());
    }
}
