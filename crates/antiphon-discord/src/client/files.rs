//! Files to upload: which names go out, and how a form has them.

use std::{borrow::Cow, collections::HashSet};

use antiphon_core::BoxError;
use serde_json::{Value, json};
use twilight_http::request::Form;
use twilight_model::{
    http::attachment::Attachment,
    id::{Id, marker::AttachmentMarker},
};

/// How many files a message may have.
const MOST: usize = 10;
/// The longest name, title or description, in characters.
const LONGEST: usize = 1_024;

/// What the message's JSON says of its files: those that are uploaded, and those that stay.
pub(super) fn entries(files: &[Attachment], kept: &[Id<AttachmentMarker>]) -> Vec<Value> {
    // Like all of Discord's ids, that of a new file may be a number.
    let uploaded = files.iter().map(|file| json!(file));
    let kept = kept.iter().map(|id| json!({ "id": id }));
    uploaded.chain(kept).collect()
}

/// A form with a message and its files.
pub(super) fn form(message: &[u8], files: &[Attachment]) -> Form {
    let form = Form::new().json_part(b"payload_json", message);
    files.iter().fold(form, |form, file| {
        let field = format!("files[{}]", file.id);
        form.file_part(
            field.as_bytes(),
            quoted(&file.filename).as_bytes(),
            &file.file,
        )
    })
}

/// A name as the header of a form's part has it: UTF-8 as it is, and a quote as browsers write it.
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

/// Says why files cannot be uploaded, if they cannot.
///
/// Discord takes any letters in a name, and replaces those that its links cannot have by itself.
pub(super) fn check(files: &[Attachment]) -> Result<(), BoxError> {
    if files.len() > MOST {
        let count = files.len();
        return Err(format!("a message has at most {MOST} files, this one {count}").into());
    }
    let mut ids = HashSet::new();
    for file in files {
        if !ids.insert(file.id) {
            let id = file.id;
            return Err(format!("two files have the id {id}: give each its own").into());
        }
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
    fn two_files_of_one_id_are_refused() {
        let file = |id| Attachment::from_bytes("a.txt".into(), Vec::new(), id);
        assert!(check(&[file(1), file(2)]).is_ok());
        let error = check(&[file(1), file(1)]).expect_err("refused");
        assert!(error.to_string().contains("give each its own"), "{error}");
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
        let files: Vec<Attachment> = (1..)
            .zip(names)
            .map(|(id, name)| Attachment::from_bytes(name.into(), b"la".to_vec(), id))
            .collect();
        check(&files).expect("good names");
        let body = String::from_utf8(form(b"{}", &files).build()).expect("text");
        for (id, name) in (1..).zip([
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
