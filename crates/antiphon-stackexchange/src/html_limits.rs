//! HTML that may be parsed without making more of it than there is.
//!
//! A parser of HTML opens formatting such as `<b>` again in every block that follows, as the standard has it. Some
//! kilobytes of unclosed `<b>` before some kilobytes of `<p>` become millions of elements, and deep nesting makes it
//! walk its stack for every tag.

use std::borrow::Cow;

/// Formatting open at once, times tags: about as many elements are made in the worst case.
const ELEMENTS: usize = 1_000_000;
/// Tags of a message besides line breaks; one has a few dozen.
const TAGS: usize = 20_000;
/// Tags of a page besides line breaks. 8 MiB, the longest body, of cards of users have some 300,000.
const PAGE_TAGS: usize = 400_000;
/// How deep the elements of a page may be nested; a page has some twenty levels.
const PAGE_DEPTH: usize = 512;

/// Elements that are opened again in later blocks; `a` and `nobr` close themselves.
const FORMATTING: [&str; 12] = [
    "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u",
];
/// Elements that have no end, or end by themselves where the next begins.
const SHALLOW: [&str; 24] = [
    "area", "base", "br", "col", "dd", "dt", "embed", "hr", "img", "input", "li", "link", "meta",
    "option", "p", "param", "source", "tbody", "td", "th", "thead", "tr", "track", "wbr",
];

/// What a parser would meet.
#[derive(Default)]
struct Measure {
    tags: usize,
    /// Formatting elements open at once.
    formatting: usize,
    /// Elements open at once.
    depth: usize,
}

impl Measure {
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

    fn multiplies(&self) -> bool {
        self.formatting.saturating_mul(self.tags) > ELEMENTS
    }
}

/// A message's HTML, without formatting if that would multiply, and without any tags but `<br>` if there are too many.
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

/// Looks whether a page may be parsed as it is.
///
/// # Errors
/// Which bound it passes, in words.
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

fn is_break(name: &str) -> bool {
    name.eq_ignore_ascii_case("br")
}

fn is_any(names: &[&str], name: &str) -> bool {
    names.iter().any(|known| name.eq_ignore_ascii_case(known))
}

/// Something that a parser may take for a tag.
struct Tag<'a> {
    at: usize,
    name: &'a str,
    closes: bool,
}

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
