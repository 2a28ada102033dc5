//! Writes a room's transcript as Markdown: messages with their last text, edits, deletions and stars.
//!
//! `cargo run -p antiphon --example transcript_archiver`

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use antiphon::{
    App, BoxError, State,
    stackexchange::{
        Client, DeleteEvent, EditEvent, MessageEvent, MessageId, MessageStarredEvent, Source,
    },
};

mod chat_stage;

/// One message of the transcript.
#[derive(Clone, Debug, Default)]
struct Entry {
    author: String,
    text: String,
    edits: u64,
    stars: u64,
    deleted: bool,
}

/// The transcript so far; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Transcript(Arc<Mutex<BTreeMap<MessageId, Entry>>>);

impl Transcript {
    fn change(&self, message: MessageId, change: impl FnOnce(&mut Entry)) {
        let mut entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        change(entries.entry(message).or_default());
    }

    /// The transcript as Markdown, oldest message first.
    pub fn markdown(&self) -> String {
        let entries = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut page = String::new();
        for entry in entries.values() {
            let text = if entry.deleted {
                "*(removed)*"
            } else {
                &entry.text
            };
            let edited = if entry.edits > 0 { " (edited)" } else { "" };
            let stars = "★".repeat(usize::try_from(entry.stars).unwrap_or(0).min(5));
            let line = format!("**{}**: {text}{edited} {stars}", entry.author);
            page.push_str(line.trim_end());
            page.push_str("\n\n");
        }
        page
    }
}

async fn posted(message: MessageEvent, State(transcript): State<Transcript>) {
    transcript.change(message.message_id, |entry| {
        entry.author.clone_from(&message.user_name);
        entry.text = message.content.markdown();
    });
}

async fn edited(edit: EditEvent, State(transcript): State<Transcript>) {
    transcript.change(edit.message_id, |entry| {
        entry.text = edit.content.markdown();
        entry.edits = edit.message_edits;
    });
}

async fn starred(star: MessageStarredEvent, State(transcript): State<Transcript>) {
    transcript.change(star.message_id, |entry| entry.stars = star.message_stars);
}

async fn deleted(message: DeleteEvent, State(transcript): State<Transcript>) {
    transcript.change(message.message_id, |entry| entry.deleted = true);
}

/// The whole archiver.
pub fn app(source: Source, transcript: Transcript) -> App<Transcript> {
    App::new(transcript)
        .source(source)
        .on(posted)
        .on(edited)
        .on(starred)
        .on(deleted)
}

#[tokio::main]
async fn main() -> Result<(), BoxError> {
    let transcript = Transcript::default();
    let kept = transcript.clone();
    let archiver = |_: Client, source| app(source, transcript);
    chat_stage::play("transcript_archiver", archiver, async |chat| {
        let first = chat.say(chat_stage::ROOM, "mira", "a **bold** plan");
        chat.star(first, "teo");
        let second = chat.say(chat_stage::ROOM, "teo", "agred");
        chat.edit(second, "agreed");
        let third = chat.say(chat_stage::ROOM, "iris", "never mind");
        chat.delete(third, "iris");
    })
    .await?;
    chat_stage::show(kept.markdown());
    Ok(())
}
