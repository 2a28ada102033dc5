//! Texts of messages: fragments of HTML, as plain text and as Markdown (protocol §9).
//!
//! [`Html`] keeps the fragment as it came and renders it when it is asked to, so that an event that nobody reads costs
//! no parsing. Rendering bounds its input first (`html_limits.rs`), parses it as a browser does, and walks the tree by
//! its edges, without recursion, since the nesting is the sender's choice. One walk serves both notations: a [`Style`]
//! says what an opening tag, a closing tag and a text become.
//!
//! Rules: docs/protocol/stackexchange.md §9. Texts are escaped once by the server and unescaped once here (§11.6).

use std::{
    fmt::{self, Write as _},
    hash::{Hash, Hasher},
};

use ego_tree::iter::Edge;
use scraper::{Html as Document, Node, node::Element};
use serde::{Deserialize, Serialize};

use crate::{html_limits::limited, server::Server};

/// A text of a message, as the fragment of HTML that the server sends.
///
/// Addresses in it may be relative to its chat server; [`Html::text`] and [`Html::markdown`] make them absolute. The
/// server is chat.stackexchange.com unless the fragment is from another; [`Html::on`] names it.
///
/// It is a value of its own in payloads because all three forms are wanted: HTML to show, plain text to match commands,
/// and Markdown to post the text again.
///
/// ```
/// use antiphon_stackexchange::{Html, Server};
///
/// let html = Html::new(r#"<b>tea</b> &amp; <a href="/rooms/1">Sandbox</a>"#).on(Server::StackOverflow);
/// assert_eq!(html.text(), "tea & Sandbox");
/// assert_eq!(html.markdown(), "**tea** & [Sandbox](https://chat.stackoverflow.com/rooms/1)");
///
/// let lines = Html::new("<div class='full'>one <br> two</div>");
/// assert!(lines.is_multiline() && !lines.is_partial());
/// assert_eq!(lines.text(), "one\ntwo");
/// ```
///
/// ```
/// use antiphon_stackexchange::Html;
///
/// let code = Html::new("<pre class='full'>fn main() {\n    tea();\n}</pre>");
/// assert_eq!(code.text(), "fn main() {\n    tea();\n}");
/// assert_eq!(code.markdown(), "    fn main() {\n        tea();\n    }");
///
/// // A message that is an address alone comes as a preview, which becomes the address again.
/// let preview = Html::new(r#"<div class="onebox ob-image"><a href="//i.example/cup.png"><img src="//i.example/cup.png"></a></div>"#);
/// assert_eq!(preview.text(), "https://i.example/cup.png");
///
/// // Serialized, it is the fragment alone.
/// assert_eq!(serde_json::to_string(&Html::new("<i>tea</i>"))?, r#""<i>tea</i>""#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Default, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Html {
    fragment: String,
    #[serde(skip)]
    server: Server,
}

impl fmt::Debug for Html {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Html").field(&self.fragment).finish()
    }
}

/// Two fragments are equal if their HTML is, whatever their servers.
impl PartialEq for Html {
    fn eq(&self, other: &Self) -> bool {
        self.fragment == other.fragment
    }
}

impl Eq for Html {}

impl Hash for Html {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.fragment.hash(state);
    }
}

impl Html {
    /// Wraps a fragment as it is, of chat.stackexchange.com.
    pub fn new(fragment: impl Into<String>) -> Self {
        Self {
            fragment: fragment.into(),
            server: Server::default(),
        }
    }

    /// Names the chat server that relative addresses belong to.
    ///
    /// Events of a source have their own server.
    #[must_use]
    pub fn on(mut self, server: Server) -> Self {
        self.server = server;
        self
    }

    /// The fragment as sent.
    ///
    /// It is the sender's HTML, as the server cleaned it; a page that shows it has to trust the chat server.
    pub fn as_html(&self) -> &str {
        &self.fragment
    }

    /// Whether the fragment is empty.
    pub fn is_empty(&self) -> bool {
        self.fragment.is_empty()
    }

    /// Whether it has several lines, in which Markdown is off.
    ///
    /// The server wraps such texts in `<div class='full'>` or `<pre class='full'>` (protocol §9).
    pub fn is_multiline(&self) -> bool {
        self.wrapper().is_some()
    }

    /// Whether the server cut it; [`Room::full_text`](crate::Room::full_text) fetches the whole.
    pub fn is_partial(&self) -> bool {
        self.wrapper().is_some_and(|wrapper| wrapper.is_partial)
    }

    /// The element around several lines: `<div class='full'>`, `<pre class="partial">` and the like, with either quote.
    fn wrapper(&self) -> Option<Wrapper> {
        let start = self.fragment.trim_start().strip_prefix('<')?;
        let (name, rest) = start.split_at_checked(3)?;
        let is_code = name.eq_ignore_ascii_case("pre");
        if !is_code && !name.eq_ignore_ascii_case("div") {
            return None;
        }
        let attributes = rest.split('>').next().unwrap_or_default();
        if !attributes.starts_with(|first: char| first.is_ascii_whitespace()) {
            return (is_code && attributes.is_empty()).then_some(Wrapper {
                is_code,
                is_partial: false,
            });
        }
        let class = attributes.split_once("class").and_then(|(_, rest)| {
            let value = rest.trim_start().strip_prefix('=')?.trim_start();
            match value.chars().next()? {
                quote @ ('\'' | '"') => value[1..].split(quote).next(),
                _ => value.split_ascii_whitespace().next(),
            }
        });
        let mut classes = class.unwrap_or_default().split_ascii_whitespace();
        let is_partial = classes.clone().any(|class| class == "partial");
        let is_wrapper = is_code || is_partial || classes.any(|class| class == "full");
        is_wrapper.then_some(Wrapper {
            is_code,
            is_partial,
        })
    }

    /// Returns plain text: without tags and entities, with a line break for every `<br>`.
    ///
    /// A preview of a link becomes the link.
    ///
    /// A fragment without tags and entities is copied as it is. One with more than 20,000 tags, or with formatting that
    /// a parser would multiply, is read without them.
    pub fn text(&self) -> String {
        self.rendered(&mut Plain)
    }

    /// Returns Markdown in the form that chat itself takes (protocol §9): `**bold**`, `*italic*`, `---struck---`, `` `code` ``,
    /// `[text](address)`; a code block has its lines indented by four.
    ///
    /// Characters that mean something in Markdown are escaped.
    ///
    /// Relative addresses become absolute, and round brackets in them are escaped. In a text of several lines the chat
    /// reads no Markdown, so that the result is for a single line, or for other programs.
    pub fn markdown(&self) -> String {
        self.rendered(&mut Markdown {
            code: 0,
            server: self.server,
        })
    }

    /// Writes the fragment in a notation.
    ///
    /// Texts within `<pre>` keep their white space; elsewhere a line break of the source is a space, as in a browser.
    fn rendered(&self, style: &mut impl Style) -> String {
        let mut out = String::with_capacity(self.fragment.len());
        if !self.fragment.contains(['<', '&']) {
            style.text(&self.fragment, &mut out);
            return out;
        }
        let document = Document::parse_fragment(&limited(&self.fragment));
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
                        } else if let Some(link) = onebox(element, &node, self.server) {
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
        let wrapper = self.wrapper();
        if wrapper.is_some() || out.starts_with(' ') || out.ends_with(' ') {
            // The wrapper pads its lines; code blocks keep their indentation.
            let is_code = wrapper.is_some_and(|wrapper| wrapper.is_code);
            let lines: Vec<&str> = out
                .split('\n')
                .map(|line| {
                    if is_code {
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
        f.write_str(&self.fragment)
    }
}

impl From<&str> for Html {
    fn from(fragment: &str) -> Self {
        Self::new(fragment)
    }
}

/// The element around several lines.
#[derive(Clone, Copy)]
struct Wrapper {
    /// Whether it keeps indentation.
    is_code: bool,
    is_partial: bool,
}

/// The address of a preview.
///
/// `None` for any other element. A preview without an address and without a picture becomes an empty text.
fn onebox(element: &Element, node: &ego_tree::NodeRef<'_, Node>, server: Server) -> Option<String> {
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
                    return Some(absolute(address, server));
                }
            }
            "img" => {
                picture = picture.or_else(|| element.attr("src").map(|src| absolute(src, server)));
            }
            _ => {}
        }
    }
    Some(picture.unwrap_or_default())
}

/// Makes an address absolute: one without a host is of the chat server.
///
/// A protocol-relative address gets `https:`; one with a scheme, and an empty one, stay.
fn absolute(address: &str, server: Server) -> String {
    let host = server.chat_host();
    let first = address.split(['/', '?', '#']).next().unwrap_or_default();
    if address.starts_with("//") {
        format!("https:{address}")
    } else if address.starts_with('/') {
        format!("https://{host}{address}")
    } else if address.is_empty() || first.contains(':') {
        address.to_owned()
    } else {
        format!("https://{host}/{address}")
    }
}

/// The notation that a fragment is written in.
trait Style {
    /// Writes a text outside of code blocks.
    fn text(&mut self, text: &str, out: &mut String);
    /// Writes a text of a code block.
    fn code_block(&mut self, text: &str, out: &mut String);
    /// Writes the beginning of an element.
    fn open(&mut self, element: &Element, out: &mut String);
    /// Writes the end of an element.
    fn close(&mut self, element: &Element, out: &mut String);
}

/// Plain text.
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

/// Markdown as chat takes it.
struct Markdown {
    /// Elements of code that are open; their text is not escaped.
    code: u32,
    server: Server,
}

impl Markdown {
    /// The mark on either side of an element's text.
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
                let address = absolute(element.attr("href").unwrap_or_default(), self.server);
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

    // The wrappers are those of Page::versions and of StackoverflowChatbot.Tests.StackTests.
    #[test]
    fn several_lines_are_known_by_either_quote() {
        let check = |content: &str, partial: bool, text: &str| {
            let html = Html::new(content);
            assert!(html.is_multiline(), "{content}");
            assert_eq!(html.is_partial(), partial, "{content}");
            assert_eq!(html.text(), text, "{content}");
        };
        check(r#"<div class="full">one <br> two</div>"#, false, "one\ntwo");
        check("<div class='full'>one <br> two</div>", false, "one\ntwo");
        check(
            r#"<div class="partial">one <br> two <br> thr</div>"#,
            true,
            "one\ntwo\nthr",
        );
        check(
            "<pre class=\"full\">  a = 1\r\n  b = &quot;2&quot;</pre>",
            false,
            "  a = 1\n  b = \"2\"",
        );
        check(
            "<pre class=\"partial\">  a = 1\n\tb = 2</pre>",
            true,
            "  a = 1\n\tb = 2",
        );
        check(" <div id='x' class = \"a full\">x</div>", false, "x");
        for line in [
            "<div>x</div>",
            "<divclass='full'>",
            "<b>x</b>",
            "<div class=\"onebox\">x</div>",
            "<",
        ] {
            assert!(!Html::new(line).is_multiline(), "{line}");
        }
    }

    // The stack.chat capture has such previews; StackTests expects the chat's host in front.
    #[test]
    fn addresses_of_the_chat_server_are_absolute() {
        let preview = r#"<div class="onebox ob-message"><a rel="noopener noreferrer" class="roomname" href="/transcript/message/66000101#66000101"><span title="2026-02-02 02:41:40Z">46 mins ago</span></a>, by <span class="user-name">mira</span> <br><div class="quote">the kettle is on</div></div>"#;
        let link = "https://chat.stackexchange.com/transcript/message/66000101#66000101";
        check(preview, link, link);
        check(
            r#"<a href="/users/7002/teo">teo</a> invites you to <a href="/rooms/17/old-kettle">Old Kettle</a>"#,
            "teo invites you to Old Kettle",
            "[teo](https://chat.stackexchange.com/users/7002/teo) invites you to [Old Kettle](https://chat.stackexchange.com/rooms/17/old-kettle)",
        );
        let elsewhere = Html::new(preview).on(Server::StackOverflow);
        assert!(
            elsewhere
                .text()
                .starts_with("https://chat.stackoverflow.com/transcript/")
        );
        check(
            r#"<a href="mailto:a@b.c">m</a> <a href="rooms/1">r</a> <a href="HTTP://a.b">h</a>"#,
            "m r h",
            "[m](mailto:a@b.c) [r](https://chat.stackexchange.com/rooms/1) [h](HTTP://a.b)",
        );
    }

    #[test]
    fn hostile_nesting_does_not_use_up_the_stack() {
        let deep = "<b>".repeat(100_000) + "x";
        assert_eq!(Html::new(deep).text(), "x");
    }
}
