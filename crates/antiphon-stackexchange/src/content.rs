//! Message texts: fragments of HTML, offered as sent, as plain text and as Markdown (protocol §9).

use std::fmt::{self, Write as _};

use ego_tree::iter::Edge;
use scraper::{Html as Document, Node, node::Element};
use serde::{Deserialize, Serialize};

use crate::tame::tamed;

/// A fragment of HTML, as chat sends texts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Html(String);

impl Html {
    /// Wraps a fragment as it is.
    pub fn new(fragment: impl Into<String>) -> Self {
        Self(fragment.into())
    }

    /// The fragment as sent.
    pub fn as_html(&self) -> &str {
        &self.0
    }

    /// Whether there is nothing.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whether it has several lines; Markdown was off when it was written.
    pub fn is_multiline(&self) -> bool {
        let start = self.0.trim_start();
        ["<div class='full'", "<div class='partial'", "<pre class="]
            .iter()
            .any(|wrapper| start.starts_with(wrapper))
    }

    /// Whether the server cut it; [`Room::full_text`](crate::Room::full_text) has the whole.
    pub fn is_partial(&self) -> bool {
        let start = self.0.trim_start();
        start.starts_with("<div class='partial'") || start.starts_with("<pre class='partial'")
    }

    /// As plain text: without tags and entities, a line for every `<br>`.
    ///
    /// A preview of a link is the link.
    pub fn text(&self) -> String {
        self.rendered(&mut Plain)
    }

    /// As Markdown in the form that chat itself takes: `**bold**`, `*italic*`, `---struck---`, `` `code` ``,
    /// `[text](address)`; a code block has its lines indented by four.
    ///
    /// Characters that mean something in Markdown are escaped.
    pub fn markdown(&self) -> String {
        self.rendered(&mut Markdown { code: 0 })
    }

    fn rendered(&self, style: &mut impl Style) -> String {
        let mut out = String::with_capacity(self.0.len());
        if !self.0.contains(['<', '&']) {
            style.text(&self.0, &mut out);
            return out;
        }
        let document = Document::parse_fragment(&tamed(&self.0));
        // Walked by edges, not by calls: hostile nesting must not use up the stack.
        let mut hidden = 0_u32;
        let mut pre = 0_u32;
        for edge in document.tree.root().traverse() {
            match edge {
                Edge::Open(node) => match node.value() {
                    Node::Text(text) if hidden == 0 => {
                        let text: &str = text;
                        if pre > 0 {
                            style.code_block(text, &mut out);
                        } else {
                            style.text(&text.replace('\n', " "), &mut out);
                        }
                    }
                    Node::Element(element) => {
                        if hidden > 0 {
                            hidden += 1;
                        } else if let Some(link) = onebox(element, &node) {
                            hidden = 1;
                            out.push_str(&link);
                        } else if matches!(element.name(), "script" | "style") {
                            hidden = 1;
                        } else if element.name() == "pre" {
                            pre += 1;
                        } else if pre == 0 {
                            style.open(element, &mut out);
                        }
                    }
                    _ => {}
                },
                Edge::Close(node) => {
                    if let Node::Element(element) = node.value() {
                        if hidden > 0 {
                            hidden -= 1;
                        } else if element.name() == "pre" {
                            pre = pre.saturating_sub(1);
                        } else if pre == 0 {
                            style.close(element, &mut out);
                        }
                    }
                }
            }
        }
        if self.is_multiline() || out.starts_with(' ') || out.ends_with(' ') {
            // The wrapper pads its lines; code blocks keep their indentation.
            let lines: Vec<&str> = out
                .split('\n')
                .map(|line| {
                    if self.0.trim_start().starts_with("<pre") {
                        line.trim_end()
                    } else {
                        line.trim()
                    }
                })
                .collect();
            lines.join("\n").trim_matches('\n').clone_into(&mut out);
        }
        out
    }
}

impl fmt::Display for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<&str> for Html {
    fn from(fragment: &str) -> Self {
        Self::new(fragment)
    }
}

/// The address that a preview stands for.
fn onebox(element: &Element, node: &ego_tree::NodeRef<'_, Node>) -> Option<String> {
    if element.name() != "div" || !element.classes().any(|class| class == "onebox") {
        return None;
    }
    let mut picture = None;
    for node in node.descendants() {
        let Node::Element(element) = node.value() else {
            continue;
        };
        match element.name() {
            "a" => {
                if let Some(address) = element.attr("href") {
                    return Some(absolute(address));
                }
            }
            "img" => picture = picture.or_else(|| element.attr("src").map(absolute)),
            _ => {}
        }
    }
    Some(picture.unwrap_or_default())
}

/// Addresses without a scheme belong to the web.
fn absolute(address: &str) -> String {
    if address.starts_with("//") {
        format!("https:{address}")
    } else {
        address.to_owned()
    }
}

/// How a fragment is written down.
trait Style {
    fn text(&mut self, text: &str, out: &mut String);
    fn code_block(&mut self, text: &str, out: &mut String);
    fn open(&mut self, element: &Element, out: &mut String);
    fn close(&mut self, element: &Element, out: &mut String);
}

struct Plain;

impl Style for Plain {
    fn text(&mut self, text: &str, out: &mut String) {
        out.push_str(text);
    }

    fn code_block(&mut self, text: &str, out: &mut String) {
        out.push_str(text);
    }

    fn open(&mut self, element: &Element, out: &mut String) {
        if element.name() == "br" {
            out.push('\n');
        }
    }

    fn close(&mut self, _: &Element, _: &mut String) {}
}

struct Markdown {
    /// How many elements of code are open; their text is not escaped.
    code: u32,
}

impl Markdown {
    /// What stands on either side of an element's text.
    fn mark(element: &Element) -> &'static str {
        match element.name() {
            "b" | "strong" => "**",
            "i" | "em" => "*",
            "strike" | "s" | "del" => "---",
            "code" => "`",
            _ => "",
        }
    }
}

impl Style for Markdown {
    fn text(&mut self, text: &str, out: &mut String) {
        if self.code > 0 {
            out.push_str(text);
            return;
        }
        for character in text.chars() {
            if matches!(character, '*' | '_' | '`' | '[' | ']' | '\\') {
                out.push('\\');
            }
            out.push(character);
        }
    }

    fn code_block(&mut self, text: &str, out: &mut String) {
        for (number, line) in text.lines().enumerate() {
            if number > 0 {
                out.push('\n');
            }
            out.push_str("    ");
            out.push_str(line);
        }
    }

    fn open(&mut self, element: &Element, out: &mut String) {
        match element.name() {
            "br" => out.push('\n'),
            "a" => out.push('['),
            _ => out.push_str(Self::mark(element)),
        }
        self.code += u32::from(element.name() == "code");
    }

    fn close(&mut self, element: &Element, out: &mut String) {
        if element.name() == "code" {
            self.code = self.code.saturating_sub(1);
        }
        match element.name() {
            "a" => {
                let address = absolute(element.attr("href").unwrap_or_default());
                // Brackets inside an address would end it early.
                let address = address.replace('(', "%28").replace(')', "%29");
                let _ = write!(out, "]({address})");
            }
            _ => out.push_str(Self::mark(element)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(fragment: &str, text: &str, markdown: &str) {
        let html = Html::new(fragment);
        assert_eq!(html.text(), text);
        assert_eq!(html.markdown(), markdown);
    }

    #[test]
    fn a_line_loses_its_tags_and_entities_once() {
        check("hi", "hi", "hi");
        check("&amp;lt; &#39;x&#39;", "&lt; 'x'", "&lt; 'x'");
        check(
            r#"hello <b>all</b> <i>x</i> <strike>no</strike> <code>a*b</code> <a href="//a.b/c_(d)" rel="nofollow">link</a>"#,
            "hello all x no a*b link",
            "hello **all** *x* ---no--- `a*b` [link](https://a.b/c_%28d%29)",
        );
        check("2*3*4", "2*3*4", r"2\*3\*4");
    }

    #[test]
    fn quirk_06_several_lines_lose_their_wrapper() {
        check(
            "<div class='full'>one <br> two &amp; three</div>",
            "one\ntwo & three",
            "one\ntwo & three",
        );
        let html = Html::new("<div class='full'>one <br> two</div>");
        assert!(html.is_multiline() && !html.is_partial());
        assert!(Html::new("<pre class='partial'>x</pre>").is_partial());
    }

    #[test]
    fn a_code_block_keeps_its_lines() {
        check(
            "<pre class='full'>fn main() {\n    loop {}\n}</pre>",
            "fn main() {\n    loop {}\n}",
            "    fn main() {\n        loop {}\n    }",
        );
    }

    #[test]
    fn a_preview_is_its_link() {
        check(
            r#"<div class="onebox ob-image"><a rel="nofollow" href="//i.example/x.png"><img src="//i.example/x.png" class="user-image" alt="user image"></a></div>"#,
            "https://i.example/x.png",
            "https://i.example/x.png",
        );
    }

    #[test]
    fn hostile_nesting_does_not_use_up_the_stack() {
        let deep = "<b>".repeat(100_000) + "x";
        assert_eq!(Html::new(deep).text(), "x");
    }
}
