//! Files to upload, and the form that carries them.
//!
//! A form has a part `payload_json` with the message and a part `files[n]` for each file; the message's `attachments`
//! describe the file with `id` `n` ([Discord's page](https://discord.com/developers/docs/reference#uploading-files)).

use std::borrow::Cow;

use antiphon_core::BoxError;
use antiphon_discord_model::id::{Id, marker::AttachmentMarker};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use bytes::Bytes;
use serde::Serialize;
use serde_json::{Value, json};
use twilight_http::request::Form;

/// Largest number of files in a message.
///
/// Discord's limit for one message; one more is refused before anything is sent.
const MOST: usize = 10;
/// Longest name, title or description, in characters.
const LONGEST: usize = 1_024;

/// A file to upload with a message.
///
/// Text and bytes convert to its content alike; a clone shares the bytes.
/// Discord limits the size by the guild's level, from 10 MiB on, and refuses a larger file with code 40005.
///
/// ```
/// use antiphon_discord::File;
///
/// let score = File::new("spaß (1).txt", "do re mi").description("what we sing");
/// # let _ = score;
/// ```
///
/// A spoiler, and a file from the disk:
///
/// ```no_run
/// use antiphon_discord::{Client, File, RequestError, model::id::{Id, marker::ChannelMarker}};
///
/// async fn upload(client: &Client, channel: Id<ChannelMarker>) -> Result<(), Box<dyn std::error::Error>> {
///     let score = File::new("score.pdf", std::fs::read("score.pdf")?).title("Miserere");
///     let ending = File::new("ending.txt", "it ends in G major").spoiler();
///     client.create_message(channel).attachments(&[score, ending]).await?;
///     Ok(())
/// }
/// ```
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct File {
    /// Name as it was given; checked when the message is built.
    filename: String,
    /// Content, which is no field of the JSON.
    #[serde(skip)]
    bytes: Bytes,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    description: Option<String>,
    /// Whether the file is hidden until it is clicked; absent means no.
    #[serde(skip_serializing_if = "Option::is_none")]
    is_spoiler: Option<bool>,
    /// Length of a voice message in seconds.
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_secs: Option<f64>,
    /// Loudness of a voice message over time: base64 of one byte per sample, at most 256 samples.
    #[serde(skip_serializing_if = "Option::is_none")]
    waveform: Option<String>,
}

impl File {
    /// Creates a file with this name and content.
    ///
    /// The name has 1 to 1,024 characters, without control characters and the separators `/` and `\`.
    /// Discord replaces characters that its links cannot have; an embed finds its image (`attachment://score.png`) by a
    /// name of ASCII letters, digits, `.`, `-` and `_`.
    pub fn new(name: impl Into<String>, bytes: impl Into<Bytes>) -> Self {
        Self {
            filename: name.into(),
            bytes: bytes.into(),
            title: None,
            description: None,
            is_spoiler: None,
            duration_secs: None,
            waveform: None,
        }
    }

    /// Sets a title, at most 1,024 characters. Default: the name.
    #[must_use]
    pub fn title(mut self, title: impl Into<String>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// Sets an alternative text, at most 1,024 characters.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.description = Some(description.into());
        self
    }

    /// Hides the file until it is clicked.
    #[must_use]
    pub fn spoiler(mut self) -> Self {
        self.is_spoiler = Some(true);
        self
    }

    /// Content as a data URI, the form in which Discord takes avatars, emojis and sounds.
    ///
    /// The media type is found in the content itself: PNG, JPEG, GIF, `WebP`, AVIF, MP3 or Ogg, and else
    /// `application/octet-stream`, which Discord refuses
    /// ([Discord's page](https://discord.com/developers/docs/reference#image-data)).
    ///
    /// ```
    /// use antiphon_discord::File;
    ///
    /// let note = File::new("note.png", &b"\x89PNG\r\n\x1a\n"[..]);
    /// assert_eq!(note.data_uri(), "data:image/png;base64,iVBORw0KGgo=");
    /// ```
    pub fn data_uri(&self) -> String {
        let content = STANDARD.encode(&self.bytes);
        format!("data:{};base64,{content}", media_type(&self.bytes))
    }

    /// Makes the file a voice message, with its length in seconds and its waveform as base64 of at most 256 bytes; the
    /// message needs the flag `IS_VOICE_MESSAGE`.
    ///
    /// A voice message has this file alone and no text
    /// ([Discord's page](https://discord.com/developers/docs/resources/message#voice-messages)).
    #[must_use]
    pub fn voice(mut self, seconds: f64, waveform: impl Into<String>) -> Self {
        self.duration_secs = Some(seconds);
        self.waveform = Some(waveform.into());
        self
    }
}

impl File {
    /// Adds the file to a form, under this name.
    pub(super) fn part(&self, form: Form, name: &str) -> Form {
        form.file_part(
            name.as_bytes(),
            quoted(&self.filename).as_bytes(),
            &self.bytes,
        )
    }
}

/// Entries of `attachments` in the message's JSON: uploaded files, and files that stay.
pub(super) fn entries(files: &[File], kept: &[Id<AttachmentMarker>]) -> Vec<Value> {
    let uploaded = files.iter().enumerate().map(|(id, file)| {
        let mut entry = json!(file);
        entry["id"] = id.into();
        entry
    });
    let kept = kept.iter().map(|id| json!({ "id": id }));
    uploaded.chain(kept).collect()
}

/// Creates a form with a message and its files.
pub(super) fn form(message: &[u8], files: &[File]) -> Form {
    let form = Form::new().json_part(b"payload_json", message);
    files.iter().enumerate().fold(form, |form, (id, file)| {
        file.part(form, &format!("files[{id}]"))
    })
}

/// Adds a file to a form, in a part of this name and with the type of its content; returns boundary and body.
///
/// A route that takes one file looks at the type of its part, which twilight's form cannot have.
pub(super) fn with_part(form: Form, name: &str, file: &File) -> ([u8; 15], Vec<u8>) {
    let (boundary, mut body) = form.into_parts();
    let head = format!(
        "\r\nContent-Disposition: form-data; name=\"{name}\"; filename=\"{}\"\r\nContent-Type: {}\r\n\r\n",
        quoted(&file.filename),
        media_type(&file.bytes),
    );
    body.extend(head.as_bytes());
    body.extend(&file.bytes);
    body.extend(b"\r\n--");
    body.extend(boundary);
    (boundary, body)
}

/// Media type by the first bytes of a file
/// ([the sniffing standard](https://mimesniff.spec.whatwg.org/#matching-an-image-type-pattern)).
fn media_type(bytes: &[u8]) -> &'static str {
    match bytes {
        [0x89, b'P', b'N', b'G', ..] => "image/png",
        [0xFF, 0xD8, 0xFF, ..] => "image/jpeg",
        [b'G', b'I', b'F', b'8', ..] => "image/gif",
        [
            b'R',
            b'I',
            b'F',
            b'F',
            _,
            _,
            _,
            _,
            b'W',
            b'E',
            b'B',
            b'P',
            ..,
        ] => "image/webp",
        [
            _,
            _,
            _,
            _,
            b'f',
            b't',
            b'y',
            b'p',
            b'a',
            b'v',
            b'i',
            b'f',
            ..,
        ] => "image/avif",
        [b'I', b'D', b'3', ..] | [0xFF, 0xE2..=0xFF, ..] => "audio/mpeg",
        [b'O', b'g', b'g', b'S', ..] => "audio/ogg",
        [b'{', ..] => "application/json",
        _ => "application/octet-stream",
    }
}

/// Encodes a name for the header of a form's part: UTF-8 as it is, and a quote as browsers write it.
///
/// This is the `multipart/form-data` of the HTML standard, in which Discord's own client uploads.
/// Control characters never come here.
fn quoted(name: &str) -> Cow<'_, str> {
    if name.contains('"') {
        name.replace('"', "%22").into()
    } else {
        name.into()
    }
}

/// Reason that files cannot be uploaded, if any.
///
/// Discord takes any letters in a name, and replaces those that its links cannot have by itself.
pub(super) fn check(files: &[File]) -> Result<(), BoxError> {
    if files.len() > MOST {
        let count = files.len();
        return Err(format!("a message has at most {MOST} files, this one {count}").into());
    }
    for file in files {
        check_name(&file.filename)?;
        let texts = [("title", &file.title), ("description", &file.description)];
        for (what, text) in texts {
            let count = text.as_ref().map_or(0, |text| text.chars().count());
            if count > LONGEST {
                let why = format!("a file's {what} has at most {LONGEST} characters, not {count}");
                return Err(why.into());
            }
        }
    }
    Ok(())
}

/// Checks a file's name: a part's header cannot carry control characters, and a path would be cut off by the server.
fn check_name(name: &str) -> Result<(), BoxError> {
    let count = name.chars().count();
    let why = if count == 0 {
        "the name of a file is empty: give it one, such as `file.txt`".to_owned()
    } else if count > LONGEST {
        format!("the name of a file has {count} characters: shorten it to {LONGEST}")
    } else if let Some(control) = name.chars().find(|it| it.is_control()) {
        format!("the name of a file has the control character {control:?}: take it out")
    } else if name.contains(['/', '\\']) {
        format!("the file's name {name:?} is a path: give what follows the last separator")
    } else {
        return Ok(());
    };
    Err(why.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn refused(name: &str, why: &str) {
        let error = check_name(name).expect_err("refused").to_string();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn a_name_that_would_break_the_form_or_is_a_path_is_refused_with_advice() {
        refused("", "give it one");
        refused(&"x".repeat(1_025), "shorten it");
        refused("a\r\nb.txt", r"'\r': take it out");
        refused("a\0.txt", "take it out");
        refused("a\u{85}.txt", "take it out");
        refused("notes/a.txt", "is a path");
        refused(r"notes\a.txt", "is a path");
        assert!(check_name(&"ß".repeat(1_024)).is_ok());
    }

    #[test]
    fn the_type_of_a_file_is_found_in_its_content() {
        for (bytes, expected) in [
            (&b"\x89PNG\r\n\x1a\n"[..], "image/png"),
            (b"\xFF\xD8\xFF\xE0", "image/jpeg"),
            (b"GIF89a", "image/gif"),
            (b"RIFF\0\0\0\0WEBPVP8 ", "image/webp"),
            (b"\0\0\0\x1cftypavif", "image/avif"),
            (b"ID3\x04", "audio/mpeg"),
            (b"\xFF\xFB\x90\x64", "audio/mpeg"),
            (b"OggS\0", "audio/ogg"),
            (b"{\"v\":\"5.5\"}", "application/json"),
            (b"", "application/octet-stream"),
        ] {
            assert_eq!(media_type(bytes), expected, "{bytes:?}");
        }
    }

    #[test]
    fn a_file_alone_has_a_part_with_its_type() {
        let file = File::new("wave \"1\".png", &b"\x89PNG"[..]);
        let (_, body) = with_part(Form::new().part(b"name", b"wave"), "file", &file);
        let body = String::from_utf8_lossy(&body);
        let head =
            "name=\"file\"; filename=\"wave %221%22.png\"\r\nContent-Type: image/png\r\n\r\n";
        assert!(body.contains(head), "{body}");
        assert!(body.contains("name=\"name\"\r\n\r\nwave\r\n--"), "{body}");
    }

    #[test]
    fn a_form_has_names_as_browsers_write_them() {
        let names = [
            "spaß.txt",
            "测试文件.json",
            "a (1).txt",
            "[x]@y.txt",
            "say \"hi\" 100%.txt",
        ];
        let files = names.map(|name| File::new(name, "la"));
        check(&files).expect("good names");
        let body = String::from_utf8(form(b"{}", &files).build()).expect("text");
        for (id, name) in (0..).zip([
            "spaß.txt",
            "测试文件.json",
            "a (1).txt",
            "[x]@y.txt",
            "say %22hi%22 100%.txt",
        ]) {
            let head = format!(
                "\r\nContent-Disposition: form-data; name=\"files[{id}]\"; filename=\"{name}\"\r\n\r\nla\r\n"
            );
            assert!(body.contains(&head), "{name}: {body}");
        }
    }
}
