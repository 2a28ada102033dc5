//! Bodies of requests: JSON, or a form whose part `payload_json` is the body
//! (<https://docs.discord.com/developers/reference#uploading-files>).

use http::{HeaderMap, header};
use serde_json::{Map, Value, json};

use super::{Answer, FILE};
use crate::discord::state::State;

/// Files of one request.
const FILES: usize = 10;
/// Files that handlers read, by the names of their parts.
const READ_FILES: &[&str] = &[super::invites::TARGETS_FILE];

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
struct Part<'a> {
    name: String,
    filename: Option<String>,
    kind: Option<String>,
    data: &'a [u8],
}

impl Part<'_> {
    /// Whether an entry of `attachments` describes this file.
    fn is(&self, entry: &Value) -> bool {
        let number = self.name.trim_start_matches("files[").trim_end_matches(']');
        entry["id"].to_string().trim_matches('"') == number
    }
}

impl State {
    /// Body of a request, with an attachment for each of its files.
    ///
    /// A form has its JSON in `payload_json`, or a field for each of its other parts.
    pub(crate) fn body(&mut self, headers: &HeaderMap, bytes: &[u8]) -> Result<Value, Answer> {
        if bytes.is_empty() {
            return Ok(Value::Null);
        }
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok())
            .unwrap_or_default();
        if kind
            .trim_start()
            .starts_with("application/x-www-form-urlencoded")
        {
            let fields: Map<String, Value> = form_urlencoded::parse(bytes)
                .map(|(key, value)| (key.into_owned(), value.into_owned().into()))
                .collect();
            return match fields.get("payload_json").and_then(Value::as_str) {
                Some(payload) => serde_json::from_str(payload).map_err(|_| unreadable()),
                None => Ok(Value::Object(fields)),
            };
        }
        let Some(boundary) = boundary(kind) else {
            return serde_json::from_slice(bytes).map_err(|_| unreadable());
        };
        let parts = parts(bytes, boundary);
        let payload = parts.iter().find(|part| part.name == "payload_json");
        let mut body = match payload {
            Some(part) => serde_json::from_slice(part.data).map_err(|_| unreadable())?,
            None => json!({}),
        };
        let (files, texts): (Vec<&Part<'_>>, Vec<&Part<'_>>) =
            parts.iter().partition(|part| part.filename.is_some());
        if let Some(fields) = body.as_object_mut() {
            for part in texts.iter().filter(|part| part.name != "payload_json") {
                let text = String::from_utf8_lossy(part.data).into_owned();
                fields.insert(part.name.clone(), text.into());
            }
        }
        if let Some(fields) = body.as_object_mut() {
            for file in files
                .iter()
                .filter(|file| READ_FILES.contains(&file.name.as_str()))
            {
                let text = String::from_utf8_lossy(file.data).into_owned();
                fields.insert(file.name.clone(), text.into());
            }
        }
        if files.iter().any(|file| file.data.len() > FILE) {
            return Err(Answer::too_large());
        }
        if files.len() > FILES {
            return Err(Answer::error(
                400,
                30015,
                "Maximum number of attachments in a message reached (10)",
            ));
        }
        // An interaction has its message in `data`, a thread of a forum in `message`.
        let inner = ["data", "message"]
            .into_iter()
            .find(|name| body[name].is_object());
        let at = match inner {
            Some(name) => &mut body[name],
            None => &mut body,
        };
        let listed = at["attachments"].as_array().cloned().unwrap_or_default();
        let is_of_a_file = |one: &Value| files.iter().any(|file| file.is(one));
        // An entry that describes a file of this form is merged into the file's attachment.
        let mut attachments: Vec<Value> = Vec::new();
        attachments.extend(listed.iter().filter(|one| !is_of_a_file(one)).cloned());
        for file in &files {
            let said = listed.iter().find(|one| file.is(one));
            attachments.push(self.attachment(file, said));
        }
        if !attachments.is_empty() || at.get("attachments").is_some() {
            at["attachments"] = json!(attachments);
        }
        Ok(body)
    }

    fn attachment(&mut self, part: &Part<'_>, said: Option<&Value>) -> Value {
        let id = self.new_id();
        self.rest.files.keep(id, part.data);
        let filename = said.and_then(|said| said["filename"].as_str());
        let filename = filename
            .or(part.filename.as_deref())
            .filter(|name| !name.is_empty())
            .unwrap_or("unknown");
        let url = format!("https://cdn.discordapp.com/attachments/0/{id}/{filename}");
        let mut attachment = json!({
            "id": id.to_string(),
            "filename": filename,
            "size": part.data.len(),
            "url": url,
            "proxy_url": url,
        });
        if let Some(kind) = &part.kind {
            attachment["content_type"] = json!(kind);
        }
        let description = said.map(|said| &said["description"]);
        if let Some(description) = description.filter(|text| text.is_string()) {
            attachment["description"] = description.clone();
        }
        attachment
    }
}

fn unreadable() -> Answer {
    Answer::error(400, 50109, "The request body contains invalid JSON.")
}

/// The boundary between the parts of a form.
fn boundary(kind: &str) -> Option<&str> {
    let (kind, parameters) = kind.split_once(';')?;
    let mut parameters = parameters.split(';').map(str::trim);
    let boundary = parameters.find_map(|one| one.strip_prefix("boundary="))?;
    kind.trim()
        .eq_ignore_ascii_case("multipart/form-data")
        .then(|| boundary.trim_matches('"'))
}

fn find(bytes: &[u8], what: &[u8]) -> Option<usize> {
    let first = *what.first()?;
    let mut from = 0;
    loop {
        let at = from + bytes.get(from..)?.iter().position(|byte| *byte == first)?;
        if bytes[at..].starts_with(what) {
            return Some(at);
        }
        from = at + 1;
    }
}

/// Parts of a form; other bytes are skipped.
fn parts<'a>(bytes: &'a [u8], boundary: &str) -> Vec<Part<'a>> {
    let delimiter = format!("--{boundary}");
    let mut parts = Vec::new();
    let mut rest = bytes;
    while let Some(start) = find(rest, delimiter.as_bytes()) {
        rest = &rest[start + delimiter.len()..];
        let end = find(rest, delimiter.as_bytes()).unwrap_or(rest.len());
        parts.extend(part(&rest[..end]));
    }
    parts
}

fn part(bytes: &[u8]) -> Option<Part<'_>> {
    let head_ends = find(bytes, b"\r\n\r\n")?;
    let head = std::str::from_utf8(&bytes[..head_ends]).ok()?;
    let data = &bytes[head_ends + 4..];
    let parameter = |name: &str| {
        let (_, value) = head.split_once(&format!(" {name}=\""))?;
        Some(value.split('"').next()?.to_owned())
    };
    let kind = head.lines().find_map(|line| {
        let (name, kind) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-type")
            .then(|| kind.trim().to_owned())
    });
    Some(Part {
        name: parameter("name")?,
        filename: parameter("filename"),
        kind,
        data: data.strip_suffix(b"\r\n").unwrap_or(data),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_form_has_its_body_and_its_files() {
        let form = b"--x\r\nContent-Disposition: form-data; name=\"payload_json\"\r\n\r\n{}\r\n\
            --x\r\nContent-Disposition: form-data; name=\"files[0]\"; filename=\"a.txt\"\r\n\r\none\r\ntwo\r\n--x--\r\n";
        assert_eq!(boundary("multipart/form-data; boundary=\"x\""), Some("x"));
        let file = Part {
            name: "files[0]".into(),
            filename: Some("a.txt".into()),
            kind: None,
            data: b"one\r\ntwo",
        };
        let parts = parts(form, "x");
        assert_eq!(
            (parts.len(), &parts[0].data, &parts[1]),
            (2, &&b"{}"[..], &file)
        );
    }
}
