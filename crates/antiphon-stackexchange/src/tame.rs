//! HTML that may be parsed without making more of it than there is.
//!
//! A parser of HTML opens formatting such as `<b>` again in every block that follows, as the standard has it. Some
//! kilobytes of unclosed `<b>` before some kilobytes of `<p>` become millions of elements, and deep nesting makes it
//! walk its stack for every tag.

use std::borrow::Cow;

/// Formatting opened, times tags: about as many elements are made in the worst case.
const ELEMENTS: usize = 1_000_000;
/// Tags besides line breaks; a message has a few dozen, a page some thousands.
const TAGS: usize = 20_000;

/// Elements that are opened again in later blocks; `a` and `nobr` close themselves.
const FORMATTING: [&str; 12] = [
    "b", "big", "code", "em", "font", "i", "s", "small", "strike", "strong", "tt", "u",
];

/// The same HTML, without formatting if that would multiply, and without any tags but `<br>` if there are too many.
pub(crate) fn tamed(html: &str) -> Cow<'_, str> {
    let (mut formatting, mut tags) = (0_usize, 0_usize);
    for tag in tags_of(html) {
        tags += usize::from(!tag.is("br"));
        formatting += usize::from(tag.is_formatting());
    }
    if tags > TAGS {
        Cow::Owned(without(html, |tag| !tag.is("br")))
    } else if formatting.saturating_mul(tags) > ELEMENTS {
        Cow::Owned(without(html, |tag| tag.is_formatting()))
    } else {
        Cow::Borrowed(html)
    }
}

/// Where something stands that a parser may take for a tag.
struct Tag<'a> {
    start: usize,
    name: &'a str,
}

impl Tag<'_> {
    fn is(&self, name: &str) -> bool {
        self.name.eq_ignore_ascii_case(name)
    }

    fn is_formatting(&self) -> bool {
        FORMATTING.iter().any(|name| self.is(name))
    }
}

fn tags_of(html: &str) -> impl Iterator<Item = Tag<'_>> {
    html.match_indices('<').map(|(start, _)| {
        let rest = &html[start + 1..];
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric());
        let name = &rest[..end.unwrap_or(rest.len())];
        Tag { start, name }
    })
}

fn without(html: &str, goes: impl Fn(&Tag<'_>) -> bool) -> String {
    let mut out = String::with_capacity(html.len());
    let mut from = 0;
    for tag in tags_of(html) {
        if tag.start < from || !goes(&tag) {
            continue;
        }
        out.push_str(&html[from..tag.start]);
        from = match html[tag.start..].find('>') {
            Some(end) => tag.start + end + 1,
            None => html.len(),
        };
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
        assert!(matches!(tamed(&long), Cow::Borrowed(_)));
        assert!(matches!(
            tamed(&"one<br>".repeat(100_000)),
            Cow::Borrowed(_)
        ));
        assert!(matches!(tamed("a < b > c <"), Cow::Borrowed(_)));
    }

    #[test]
    fn formatting_that_would_multiply_is_left_out() {
        let open: String = (0..2_000).map(|n| format!("<B x={n}>")).collect();
        let html = open + &"<p>x</p>".repeat(2_000);
        assert_eq!(tamed(&html), "<p>x</p>".repeat(2_000));
    }

    #[test]
    fn of_too_many_tags_only_the_texts_and_lines_stay() {
        let html = "<div>".repeat(100_000) + "x<br>y<i";
        assert_eq!(tamed(&html), "x<br>y");
    }
}
