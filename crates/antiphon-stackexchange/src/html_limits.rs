//! Limits on HTML before it is parsed.
//!
//! The HTML standard has a parser [reopen formatting][reconstruct] such as `<b>` in every block that follows. Some
//! kilobytes of unclosed `<b>` before some kilobytes of `<p>` become millions of elements, and deep nesting makes the
//! parser walk its stack for every tag.
//!
//! [reconstruct]: https://html.spec.whatwg.org/multipage/parsing.html#reconstruct-the-active-formatting-elements
//!
//! Two readers come here with two policies. A message must always become a text, so that [`limited`] takes out what
//! would multiply and keeps the words. A page must be read as it is or not at all, so that [`check_page`] refuses it:
//! an empty list of users from a page that was cut would be a lie.
//!
//! The measure counts `<` and a name, in one pass over the bytes and without parsing, and errs on the side of more.

use std::borrow::Cow;

/// Formatting elements open at once, times tags: the number of elements in the worst case.
const ELEMENTS: usize = 1_000_000;
/// Tags of a message besides line breaks at most; a real one has a few dozen.
const TAGS: usize = 20_000;
/// Tags of a page besides line breaks at most; the longest body, 8 MiB of user cards, has some 300,000.
const PAGE_TAGS: usize = 400_000;
/// Levels of a page at most; a real one has some twenty.
const PAGE_DEPTH: usize = 512;

/// Elements that a parser reopens in later blocks; `a` and `nobr` close themselves.
const FORMATTING: [&str; 12] = [
    "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u",
];
/// Elements that have no end tag, or end where the next begins.
const SHALLOW: [&str; 24] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "param", "source", "tbody", "td", "th", "thead", "tr", "track", "wbr",
];

/// Counts of what a parser would meet.
#[derive(Default)]
struct Measure {
    tags: usize,
    /// Formatting elements open at once.
    formatting: usize,
    /// Elements open at once.
    depth: usize,
}

impl Measure {
    /// Counts the tags of a text, without parsing it.
    fn of(html: &str) -> Self {
        let mut most = Self::default();
        let (mut formatting, mut depth) = (0_usize, 0_usize);
        for tag in tags_of(html) {
            most.tags += usize::from(!is_break(tag.name));
            let counts = !tag.name.is_empty() && !is_any(&SHALLOW, tag.name);
            let formats = is_any(&FORMATTING, tag.name);
            if tag.closes {
                depth = depth.saturating_sub(usize::from(counts));
                formatting = formatting.saturating_sub(usize::from(formats));
            } else {
                depth += usize::from(counts);
                formatting += usize::from(formats);
            }
            most.depth = most.depth.max(depth);
            most.formatting = most.formatting.max(formatting);
        }
        most
    }

    /// Whether a parser would make far more elements than there are tags.
    fn multiplies(&self) -> bool {
        self.formatting.saturating_mul(self.tags) > ELEMENTS
    }
}

/// Returns a message's HTML without formatting if that would multiply, and with no tags but `<br>` if it has too many.
pub(crate) fn limited(html: &str) -> Cow<'_, str> {
    let measure = Measure::of(html);
    if measure.tags > TAGS {
        Cow::Owned(without(html, |name| !is_break(name)))
    } else if measure.multiplies() {
        Cow::Owned(without(html, |name| is_any(&FORMATTING, name)))
    } else {
        Cow::Borrowed(html)
    }
}

/// Checks whether a page may be parsed.
///
/// # Errors
/// The limit that the page exceeds, in words.
pub(crate) fn check_page(html: &str) -> Result<(), String> {
    let measure = Measure::of(html);
    if measure.tags > PAGE_TAGS {
        return Err(format!(
            "the page has {} tags; {PAGE_TAGS} are read at most",
            measure.tags
        ));
    }
    if measure.depth > PAGE_DEPTH {
        return Err(format!(
            "the page nests {} elements; {PAGE_DEPTH} are read at most",
            measure.depth
        ));
    }
    if measure.multiplies() {
        return Err("the page has too much formatting that does not end".into());
    }
    Ok(())
}

/// Whether a name is that of a line break.
fn is_break(name: &str) -> bool {
    name.eq_ignore_ascii_case("br")
}

/// Whether a name is one of a list, in any case.
fn is_any(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// A `<` and a name, which a parser may take for a tag.
struct Tag<'a> {
    at: usize,
    name: &'a str,
    closes: bool,
}

/// Finds the tags of a text.
fn tags_of(html: &str) -> impl Iterator<Item = Tag<'_>> {
    html.match_indices('<').map(|(at, _)| {
        let rest = &html[at + 1..];
        let (rest, closes) = rest
            .strip_prefix('/')
            .map_or((rest, false), |rest| (rest, true));
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric());
        Tag {
            at,
            name: &rest[..end.unwrap_or(rest.len())],
            closes,
        }
    })
}

/// Removes the tags whose names fit.
fn without(html: &str, goes: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(html.len());
    let mut from = 0;
    for Tag { at, name, .. } in tags_of(html) {
        if at < from || !goes(name) {
            continue;
        }
        out.push_str(&html[from..at]);
        let end = html[at..].find('>');
        from = end.map_or(html.len(), |end| at + end + 1);
    }
    out.push_str(&html[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_sane_stays_as_it_is() {
        let long = "<div><b>x</b> &lt; <a href='/'>y</a><br></div>".repeat(100);
        assert!(matches!(limited(&long), Cow::Borrowed(_)));
        assert!(matches!(
            limited(&"one<br>".repeat(100_000)),
            Cow::Borrowed(_)
        ));
        assert!(matches!(limited("a < b > c <"), Cow::Borrowed(_)));
    }

    #[test]
    fn formatting_that_would_multiply_is_left_out() {
        let open: Vec<String> = (0..2_000).map(|n| format!("<B x={n}>")).collect();
        let html = open.concat() + &"<p>x</p>".repeat(2_000);
        assert_eq!(limited(&html), "<p>x</p>".repeat(2_000));
        assert!(check_page(&html).is_err());
    }

    #[test]
    fn of_too_many_tags_only_the_texts_and_lines_stay() {
        let html = "<div>".repeat(100_000) + "x<br>y<i";
        assert_eq!(limited(&html), "x<br>y");
    }

    #[test]
    fn a_page_may_be_as_long_as_a_body_and_no_deeper_than_pages_are() {
        let card = r#"<li class="usercard"><b>x</b><p>y<br><img src="z"><i>w</i></li>"#;
        let flat = card.repeat((8 << 20) / card.len() / 4);
        check_page(&flat).expect("a long page");
        assert!(check_page(&"<div>".repeat(1_000)).is_err());
        assert!(check_page(&"<i></i>".repeat(300_000)).is_err());
    }
}
