//! Bodies in the forms of Slack and GitHub, as bodies of Discord's own form.

use serde_json::{Value, json};

use super::{Answer, fields::Fields};

/// Attachments and commits of one message.
const EMBEDS: usize = 10;
/// Characters of a line that describes a commit.
const LINE: usize = 50;

fn cut(text: &str, most: usize) -> String {
    let mut cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() {
        cut.pop();
        cut.push('…');
    }
    cut
}

/// A message in Slack's form (<https://docs.discord.com/developers/resources/webhook#execute-slackcompatible-webhook>).
pub(super) fn from_slack(body: &Value) -> Result<Value, Answer> {
    let mut fields = Fields::of(body);
    fields.text("text", 0..=2000);
    fields.text("username", 0..=80);
    fields.text("icon_url", 0..=2048);
    fields.each("attachments", 0..=EMBEDS, |attachment| {
        for name in ["title", "text", "fallback", "footer", "author_name"] {
            attachment.text(name, 0..=4096);
        }
        attachment.each("fields", 0..=25, |field| {
            field.text("title", 0..=256);
            field.text("value", 0..=1024);
        });
    });
    fields.check()?;
    let attachments = body["attachments"].as_array().into_iter().flatten();
    let mut message = json!({
        "content": body["text"],
        "embeds": attachments.map(slack_embed).collect::<Vec<_>>(),
    });
    for (from, to) in [("username", "username"), ("icon_url", "avatar_url")] {
        if let Some(text) = body[from].as_str().filter(|text| !text.is_empty()) {
            message[to] = json!(text);
        }
    }
    Ok(message)
}

/// An attachment of Slack's as an embed.
fn slack_embed(attachment: &Value) -> Value {
    let mut embed = json!({});
    for (from, to) in [
        ("title", "/title"),
        ("title_link", "/url"),
        ("text", "/description"),
    ] {
        if let Some(text) = attachment[from].as_str() {
            embed[&to[1..]] = json!(text);
        }
    }
    let color = match attachment["color"].as_str() {
        Some("good") => Some(0x2e_b886),
        Some("warning") => Some(0xda_a038),
        Some("danger") => Some(0xa3_0200),
        Some(hex) => u32::from_str_radix(hex.trim_start_matches('#'), 16).ok(),
        None => None,
    };
    if let Some(color) = color.filter(|color| *color <= 0xff_ffff) {
        embed["color"] = json!(color);
    }
    if let Some(text) = attachment["footer"].as_str() {
        embed["footer"] = json!({"text": text});
    }
    if let Some(name) = attachment["author_name"].as_str() {
        embed["author"] = json!({"name": name, "url": attachment["author_link"], "icon_url": attachment["author_icon"]});
    }
    for (from, to) in [("image_url", "image"), ("thumb_url", "thumbnail")] {
        if let Some(url) = attachment[from].as_str() {
            embed[to] = json!({"url": url});
        }
    }
    if let Some(fields) = attachment["fields"].as_array() {
        let fields = fields.iter().map(|field| {
            json!({
                "name": field["title"].as_str().unwrap_or_default(),
                "value": field["value"].as_str().unwrap_or_default(),
                "inline": field["short"].as_bool().unwrap_or(false),
            })
        });
        embed["fields"] = fields.collect();
    }
    embed
}

/// A message about an event of GitHub's, if Discord has one for it
/// (<https://docs.discord.com/developers/resources/webhook#execute-githubcompatible-webhook>).
pub(super) fn from_github(body: &Value) -> Result<Option<Value>, Answer> {
    let mut fields = Fields::of(body);
    fields.require(&["sender"]);
    fields.object("sender", |sender| {
        sender.require(&["login"]);
        sender.text("login", 1..=256);
    });
    fields.check()?;
    let sender = &body["sender"];
    let Some((title, url, description)) = github_event(body) else {
        return Ok(None);
    };
    let mut embed = json!({
        "title": cut(&title, 256),
        "author": {"name": sender["login"], "url": sender["html_url"], "icon_url": sender["avatar_url"]},
    });
    if let Some(url) = url.as_str() {
        embed["url"] = json!(url);
    }
    if !description.is_empty() {
        embed["description"] = json!(cut(&description, 4096));
    }
    Ok(Some(json!({"embeds": [embed]})))
}

/// Title, address and description of an event.
fn github_event(body: &Value) -> Option<(String, &Value, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let repository = text(&body["repository"]["full_name"]);
    let action = body["action"].as_str();
    let numbered = |one: &Value| format!("#{}: {}", one["number"], text(&one["title"]));
    let (issue, pull, comment) = (&body["issue"], &body["pull_request"], &body["comment"]);
    let commits = body["commits"].as_array().map(Vec::as_slice);
    if let Some(commits) = commits.filter(|commits| !commits.is_empty()) {
        let branch = text(&body["ref"]);
        let branch = branch.rsplit('/').next().unwrap_or_default();
        let name = text(&body["repository"]["name"]);
        let plural = if commits.len() == 1 { "" } else { "s" };
        let title = format!("[{name}:{branch}] {} new commit{plural}", commits.len());
        let lines = commits.iter().take(EMBEDS).map(|commit| {
            let id: String = text(&commit["id"]).chars().take(7).collect();
            let message = text(&commit["message"]);
            let first = message.lines().next().unwrap_or_default();
            let author = text(&commit["author"]["username"]);
            format!(
                "[`{id}`]({}) {} - {author}",
                text(&commit["url"]),
                cut(first, LINE)
            )
        });
        return Some((
            title,
            &body["compare"],
            lines.collect::<Vec<_>>().join("\n"),
        ));
    }
    let about = |what: &str| format!("[{repository}] {what}");
    if comment.is_object() {
        let (what, on) = if pull.is_object() {
            ("pull request", pull)
        } else if issue.is_object() {
            ("issue", issue)
        } else {
            let title = about("New comment on commit");
            return Some((title, &comment["html_url"], text(&comment["body"])));
        };
        let title = about(&format!("New comment on {what} {}", numbered(on)));
        return Some((title, &comment["html_url"], text(&comment["body"])));
    }
    let changed = |what: &str, one: &Value| {
        let action = action.filter(|action| matches!(*action, "opened" | "closed" | "reopened"))?;
        Some(about(&format!("{what} {action}: {}", numbered(one))))
    };
    if pull.is_object() {
        let title = changed("Pull request", pull)?;
        return Some((title, &pull["html_url"], opening(action, &pull["body"])));
    }
    if issue.is_object() {
        let title = changed("Issue", issue)?;
        return Some((title, &issue["html_url"], opening(action, &issue["body"])));
    }
    let release = &body["release"];
    if release.is_object() {
        let name = text(&release["tag_name"]);
        let title = about(&format!("New release published: {name}"));
        return (action == Some("published")).then(|| (title, &release["html_url"], String::new()));
    }
    let fork = &body["forkee"];
    if fork.is_object() {
        let title = about(&format!("Fork created: {}", text(&fork["full_name"])));
        return Some((title, &fork["html_url"], String::new()));
    }
    if let Some(kind) = body["ref_type"].as_str() {
        let title = about(&format!("New {kind} created: {}", text(&body["ref"])));
        return Some((title, &body["repository"]["html_url"], String::new()));
    }
    let is_star = action == Some("started") && !repository.is_empty();
    is_star.then(|| {
        let title = about("New star added");
        (title, &body["repository"]["html_url"], String::new())
    })
}

/// The text of an issue or a pull request, which is shown when it opens.
fn opening(action: Option<&str>, body: &Value) -> String {
    let body = body.as_str().filter(|_| action == Some("opened"));
    body.unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    // https://docs.github.com/en/webhooks/webhook-events-and-payloads#push
    #[test]
    fn a_push_lists_its_commits() {
        let body = json!({
            "ref": "refs/heads/main", "compare": "https://example.org/compare", "sender": {"login": "mira"},
            "repository": {"name": "choir", "full_name": "house/choir"},
            "commits": [{"id": "0123456789", "message": "sing\n\nlouder", "url": "https://example.org/c", "author": {"username": "mira"}}],
        });
        let Ok(Some(message)) = from_github(&body) else {
            panic!("no message");
        };
        let embed = &message["embeds"][0];
        assert_eq!(embed["title"], "[choir:main] 1 new commit");
        assert_eq!(
            embed["description"],
            "[`0123456`](https://example.org/c) sing - mira"
        );
    }

    #[test]
    fn an_event_without_a_message_of_its_own_makes_none() {
        let body = json!({"zen": "Keep it logically awesome.", "sender": {"login": "mira"}});
        assert!(matches!(from_github(&body), Ok(None)));
        assert!(from_github(&json!({})).is_err());
    }
}
