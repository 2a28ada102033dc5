//! Markdown of messages, as chat renders it (protocol §9).

/// Escapes a text for HTML.
pub(crate) fn escape(text: &str) -> String {
    text.replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;")
        .replace('"', "&quot;")
        .replace('\'', "&#39;")
}

/// A name as addresses have it: small letters, digits and hyphens; `-` if nothing is left.
pub(crate) fn slug(name: &str) -> String {
    let words = name.split(|character: char| !character.is_ascii_alphanumeric());
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.is_empty() {
        return "-".to_owned();
    }
    words.join("-").to_ascii_lowercase()
}

/// HTML of a text: one line with a little Markdown, several lines without.
pub(crate) fn shown(text: &str) -> String {
    let lines: Vec<&str> = text.lines().collect();
    if lines.len() > 1 {
        if lines.iter().all(|line| line.starts_with("    ")) {
            let code: Vec<String> = lines.iter().map(|line| escape(&line[4..])).collect();
            return format!("<pre class='full'>{}</pre>", code.join("\n"));
        }
        let lines: Vec<String> = lines.iter().map(|line| escape(line)).collect();
        return format!("<div class='full'>{}</div>", lines.join(" <br> "));
    }
    let mut html = escape(text);
    for (mark, tag) in [("**", "b"), ("---", "strike"), ("*", "i"), ("`", "code")] {
        html = paired(&html, mark, tag);
    }
    html
}

/// Replaces pairs of a mark by a tag.
fn paired(text: &str, mark: &str, tag: &str) -> String {
    let parts: Vec<&str> = text.split(mark).collect();
    // An odd number of parts is an even number of marks.
    if parts.len().is_multiple_of(2) || parts.len() == 1 {
        return text.to_owned();
    }
    let mut html = String::new();
    for (index, part) in parts.iter().enumerate() {
        if index > 0 {
            html.push_str(if index % 2 == 1 { "<" } else { "</" });
            html.push_str(tag);
            html.push('>');
        }
        html.push_str(part);
    }
    html
}

/// The message a text replies to, and the text without that prefix.
pub(crate) fn reply(text: &str) -> Option<(i64, &str)> {
    let rest = text.strip_prefix(':')?;
    let (id, rest) = rest.split_once(' ')?;
    Some((id.parse().ok()?, rest))
}

/// Names that a text mentions, without the sign before them.
pub(crate) fn mentions(text: &str) -> Vec<String> {
    text.split('@')
        .skip(1)
        .map(|rest| {
            rest.chars()
                .take_while(|character| character.is_alphanumeric() || *character == '_')
                .collect::<String>()
        })
        .filter(|name| name.chars().count() >= 3)
        .collect()
}
