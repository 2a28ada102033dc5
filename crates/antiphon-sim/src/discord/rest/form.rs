//! Multipart requests with files; the part `payload_json` is the body.

use http::{HeaderMap, header};
use serde_json::{Value, json};

use crate::discord::state::State;

/// One part of a form.
#[derive(Debug, PartialEq, Eq)]
struct Part<'a> {
    name: String,
    filename: Option<String>,
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
    /// Body of a request, with an attachment for each of its files; `None` if it cannot be read.
    pub(crate) fn body(&mut self, headers: &HeaderMap, bytes: &[u8]) -> Option<Value> {
        if bytes.is_empty() {
            return Some(Value::Null);
        }
        let kind = headers
            .get(header::CONTENT_TYPE)
            .and_then(|kind| kind.to_str().ok());
        let Some(boundary) = kind.and_then(boundary) else {
            return serde_json::from_slice(bytes).ok();
        };
        let parts = parts(bytes, boundary);
        let payload = parts.iter().find(|part| part.name == "payload_json");
        let mut body = payload.map_or(Some(json!({})), |part| {
            serde_json::from_slice(part.data).ok()
        })?;
        let files: Vec<&Part<'_>> = parts
            .iter()
            .filter(|part| part.filename.is_some())
            .collect();
        let listed = body["attachments"].as_array().cloned().unwrap_or_default();
        let is_of_a_file = |one: &Value| files.iter().any(|file| file.is(one));
        // An entry that describes a file of this form is merged into the file's attachment.
        let mut attachments: Vec<Value> = Vec::new();
        attachments.extend(listed.iter().filter(|one| !is_of_a_file(one)).cloned());
        for file in &files {
            let said = listed.iter().find(|one| file.is(one));
            attachments.push(self.attachment(file, said));
        }
        body["attachments"] = json!(attachments);
        Some(body)
    }

    fn attachment(&mut self, part: &Part<'_>, said: Option<&Value>) -> Value {
        let id = self.new_id();
        let filename = part.filename.as_deref().unwrap_or("unknown");
        let url = format!("https://cdn.discordapp.com/attachments/0/{id}/{filename}");
        json!({
            "id": id.to_string(),
            "filename": filename,
            "size": part.data.len(),
            "url": url,
            "proxy_url": url,
            "description": said.map_or(&Value::Null, |said| &said["description"]),
        })
    }
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
    bytes.windows(what.len()).position(|window| window == what)
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
    Some(Part {
        name: parameter("name")?,
        filename: parameter("filename"),
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
            data: b"one\r\ntwo",
        };
        let parts = parts(form, "x");
        assert_eq!(
            (parts.len(), &parts[0].data, &parts[1]),
            (2, &&b"{}"[..], &file)
        );
    }
}
