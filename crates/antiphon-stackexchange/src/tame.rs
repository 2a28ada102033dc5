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
    for (_, name) in tags_of(html) {
        tags += usize::from(!is_break(name));
        formatting += usize::from(is_formatting(name));
    }
    if tags > TAGS {
        Cow::Owned(without(html, |name| !is_break(name)))
    } else if formatting.saturating_mul(tags) > ELEMENTS {
        Cow::Owned(without(html, is_formatting))
    } else {
        Cow::Borrowed(html)
    }
}

fn is_break(name: &str) -> bool {
    name.eq_ignore_ascii_case("br")
}

fn is_formatting(name: &str) -> bool {
    FORMATTING
        .iter()
        .any(|known| name.eq_ignore_ascii_case(known))
}

/// Where something stands that a parser may take for a tag, and its name.
fn tags_of(html: &str) -> impl Iterator<Item = (usize, &str)> {
    html.match_indices('<').map(|(start, _)| {
        let rest = &html[start + 1..];
        let rest = rest.strip_prefix('/').unwrap_or(rest);
        let end = rest.find(|character: char| !character.is_ascii_alphanumeric());
        (start, &rest[..end.unwrap_or(rest.len())])
    })
}

fn without(html: &str, goes: impl Fn(&str) -> bool) -> String {
    let mut out = String::with_capacity(html.len());
    let mut from = 0;
    for (start, name) in tags_of(html) {
        if start < from || !goes(name) {
            continue;
        }
        out.push_str(&html[from..start]);
        let end = html[start..].find('>');
        from = end.map_or(html.len(), |end| start + end + 1);
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
        let open: Vec<String> = (0..2_000).map(|n| format!("<B x={n}>")).collect();
        let html = open.concat() + &"<p>x</p>".repeat(2_000);
        assert_eq!(tamed(&html), "<p>x</p>".repeat(2_000));
    }

    #[test]
    fn of_too_many_tags_only_the_texts_and_lines_stay() {
        let html = "<div>".repeat(100_000) + "x<br>y<i";
        assert_eq!(tamed(&html), "x<br>y");
    }
}
