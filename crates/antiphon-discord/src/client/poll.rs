//! Polls to post.
//!
//! A received poll and one to post differ on the wire: the first has an end and answer ids, the second a duration in hours
//! and answers without ids ([Discord's page](https://discord.com/developers/docs/resources/poll#poll-create-request-object)).
//! [`PollRequest`] is the second; [`Poll`](antiphon_discord_model::Poll) is the first, and converts.

use antiphon_core::BoxError;
use antiphon_discord_model::{
    Poll, PollAnswerVoters, PollLayoutType,
    id::{
        Id,
        marker::{ChannelMarker, EmojiMarker, MessageMarker, UserMarker},
    },
};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use super::{call::calls, fields::Fields, reactions::Emoji, routes::routes};

routes! {
    /// Reads the users who voted for an answer of a poll, sorted by id.
    ///
    /// [Discord's page](https://discord.com/developers/docs/resources/poll#get-answer-voters)
    ///
    /// Answers are numbered from 1 (`answer_id`). Needs `READ_MESSAGE_HISTORY`.
    get_answer_voters(channel: Id<ChannelMarker>, message: Id<MessageMarker>, answer: u8) -> AnswerVoters<'_>
        = Get ["channels", channel, "polls", message, "answers", answer];
}

calls! {
    /// Users who voted for an answer; see [`Client::get_answer_voters`](crate::Client::get_answer_voters).
    AnswerVoters(Fields) -> PollAnswerVoters, Safe {
        /// Returns only those with an id above this one.
        after(user: Id<UserMarker>) = "after";
        /// Sets the number of results, 1 to 100. Default: 25.
        limit(limit: u8) = "limit" [1..=100];
    }
}

/// Longest question, in characters.
const QUESTION: usize = 300;
/// Longest answer, in characters.
const ANSWER: usize = 55;
/// Largest number of answers.
const ANSWERS: usize = 10;
/// Longest duration of a poll, in hours: 32 days.
const LONGEST: i64 = 768;
const HOUR: i64 = 3_600;

/// A poll to post.
///
/// Lengths are checked when the message is awaited: a question of 1 to 300 characters, 1 to 10 answers of 1 to 55
/// characters each, 1 to 768 hours.
/// A poll outside of them is [`RequestError::Invalid`](crate::RequestError::Invalid), and nothing is sent.
///
/// It is open for 24 hours, unless [`hours`](Self::hours) or [`until`](Self::until) is set.
/// A received [`Poll`] converts to one with the same question, answers and end.
///
/// ```
/// use antiphon_discord::PollRequest;
///
/// let poll = PollRequest::new("Which song next?")
///     .answer("Miserere")
///     .answer_with_emoji("Lux aeterna", "☀️")
///     .hours(2)
///     .allow_multiselect();
/// # let _ = poll;
/// ```
///
/// A copy of a received poll is equal to one built by hand:
///
/// ```
/// use antiphon_discord::{PollRequest, model::{Poll, from_str}};
///
/// let sent = r#"{"question":{"text":"Which?"},"answers":[
///     {"answer_id":1,"poll_media":{"text":"this"}},{"answer_id":2,"poll_media":{"text":"that"}}],
///     "expiry":null,"allow_multiselect":false,"layout_type":1}"#;
/// let (poll, _) = from_str::<Poll>(sent)?;
/// assert_eq!(PollRequest::from(poll), PollRequest::new("Which?").answer("this").answer("that"));
/// # Ok::<(), antiphon_discord::model::ReadError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PollRequest {
    question: String,
    answers: Vec<Answer>,
    length: Length,
    allow_multiselect: bool,
    layout_type: PollLayoutType,
}

/// Duration of a poll.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Length {
    /// Discord's default.
    Unsaid,
    /// Whole hours from the time of sending.
    Hours(i64),
    /// A time, made hours when the message is built.
    Until(Timestamp),
}

/// One answer as it is sent: a text, or in the copy of a received poll an emoji alone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
struct Answer {
    #[serde(skip_serializing_if = "Option::is_none")]
    text: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    emoji: Option<AnswerEmoji>,
}

/// Discord takes one of the two fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum AnswerEmoji {
    Id(Id<EmojiMarker>),
    Name(String),
}

impl PollRequest {
    /// Creates a poll with this question, 1 to 300 characters, and no answers.
    pub fn new(question: impl Into<String>) -> Self {
        Self {
            question: question.into(),
            answers: Vec::new(),
            length: Length::Unsaid,
            allow_multiselect: false,
            layout_type: PollLayoutType::Default,
        }
    }

    /// Adds an answer, 1 to 55 characters; a poll has 1 to 10 of them.
    #[must_use]
    pub fn answer(mut self, text: impl Into<String>) -> Self {
        self.answers.push(Answer {
            text: Some(text.into()),
            emoji: None,
        });
        self
    }

    /// Adds an answer with an emoji before it.
    ///
    /// Of a guild's own emoji Discord takes only the id.
    #[must_use]
    pub fn answer_with_emoji<'a>(
        mut self,
        text: impl Into<String>,
        emoji: impl Into<Emoji<'a>>,
    ) -> Self {
        let emoji = match emoji.into() {
            Emoji::Unicode(name) => AnswerEmoji::Name(name.to_owned()),
            Emoji::Custom { id, .. } => AnswerEmoji::Id(id),
        };
        self.answers.push(Answer {
            text: Some(text.into()),
            emoji: Some(emoji),
        });
        self
    }

    /// Sets the duration in hours, 1 to 768 (32 days). Default: 24.
    ///
    /// Replaces [`until`](Self::until).
    #[must_use]
    pub fn hours(mut self, hours: u16) -> Self {
        self.length = Length::Hours(hours.into());
        self
    }

    /// Sets the end, rounded to whole hours from the time of sending, at least one.
    ///
    /// The hours are counted when the message is sent, by the configuration's clock; a time that is past by then is
    /// [`RequestError::Invalid`](crate::RequestError::Invalid). Replaces [`hours`](Self::hours).
    #[must_use]
    pub fn until(mut self, time: Timestamp) -> Self {
        self.length = Length::Until(time);
        self
    }

    /// Allows several answers of one user. Default: one.
    #[must_use]
    pub fn allow_multiselect(mut self) -> Self {
        self.allow_multiselect = true;
        self
    }

    /// Sets the layout; Discord has only one.
    #[must_use]
    pub fn layout_type(mut self, layout_type: PollLayoutType) -> Self {
        self.layout_type = layout_type;
        self
    }

    /// The object of the request, for a poll that begins now.
    pub(super) fn body(&self, now: Timestamp) -> Result<Value, BoxError> {
        length("a poll's question", &self.question, QUESTION)?;
        if !(1..=ANSWERS).contains(&self.answers.len()) {
            let count = self.answers.len();
            return Err(format!("a poll has 1 to {ANSWERS} answers, this one {count}").into());
        }
        for answer in &self.answers {
            match (&answer.text, &answer.emoji) {
                (None, Some(_)) => {}
                (text, _) => length(
                    "a poll's answer",
                    text.as_deref().unwrap_or_default(),
                    ANSWER,
                )?,
            }
        }
        let answers = self.answers.iter();
        let answers: Vec<Value> = answers.map(|it| json!({"poll_media": it})).collect();
        let mut body = json!({
            "question": {"text": self.question},
            "answers": answers,
            "allow_multiselect": self.allow_multiselect,
            "layout_type": self.layout_type,
        });
        if let Some(hours) = self.duration(now)? {
            body["duration"] = hours.into();
        }
        Ok(body)
    }

    /// Duration in hours, at least 1 and at most [`LONGEST`]; `None` leaves it to Discord.
    fn duration(&self, now: Timestamp) -> Result<Option<i64>, BoxError> {
        let hours = match self.length {
            Length::Unsaid => return Ok(None),
            Length::Hours(hours) => hours,
            Length::Until(time) if time <= now => {
                return Err(format!("a poll cannot end at {time}, which is past").into());
            }
            Length::Until(time) => {
                let seconds = time.as_second() - now.as_second();
                ((seconds + HOUR / 2) / HOUR).max(1)
            }
        };
        if (1..=LONGEST).contains(&hours) {
            return Ok(Some(hours));
        }
        Err(
            format!("a poll is open for 1 to {LONGEST} hours, this one would be for {hours}")
                .into(),
        )
    }
}

/// Checks that a text has 1 to `most` characters.
fn length(what: &str, text: &str, most: usize) -> Result<(), BoxError> {
    match text.chars().count() {
        count if (1..=most).contains(&count) => Ok(()),
        count => Err(format!("{what} has 1 to {most} characters, this one {count}").into()),
    }
}

/// Copies question, answers and end; a copy of a poll without an end is open for 24 hours.
impl From<&Poll> for PollRequest {
    fn from(poll: &Poll) -> Self {
        let answers = poll.answers.iter().map(|answer| Answer {
            text: answer.poll_media.text.clone(),
            emoji: answer.poll_media.emoji.as_ref().and_then(|emoji| {
                let id = emoji.id.map(AnswerEmoji::Id);
                id.or_else(|| emoji.name.clone().map(AnswerEmoji::Name))
            }),
        });
        Self {
            question: poll.question.text.clone().unwrap_or_default(),
            answers: answers.collect(),
            length: poll.expiry.map_or(Length::Unsaid, Length::Until),
            allow_multiselect: poll.allow_multiselect,
            layout_type: poll.layout_type,
        }
    }
}

/// The same as for a borrowed poll.
impl From<Poll> for PollRequest {
    fn from(poll: Poll) -> Self {
        Self::from(&poll)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-12-29T12:00:00Z".parse().expect("a time")
    }

    fn poll() -> PollRequest {
        PollRequest::new("Q?").answer("A")
    }

    #[track_caller]
    fn refused(poll: &PollRequest, why: &str) {
        let error = poll.body(noon()).expect_err("refused").to_string();
        assert!(error.contains(why), "{error}");
    }

    #[test]
    fn a_poll_is_sent_as_the_request_has_it() {
        let poll = poll().answer_with_emoji("B", "<:loud:41>").hours(768);
        assert_eq!(
            poll.body(noon()).expect("a poll"),
            json!({
                "question": {"text": "Q?"},
                "answers": [
                    {"poll_media": {"text": "A"}},
                    {"poll_media": {"text": "B", "emoji": {"id": "41"}}},
                ],
                "allow_multiselect": false,
                "layout_type": 1,
                "duration": 768,
            })
        );
    }

    #[test]
    fn a_polls_end_becomes_whole_hours() {
        for (end, hours) in [
            ("2026-12-29T12:00:01Z", 1),
            ("2026-12-29T13:29:00Z", 1),
            ("2026-12-30T11:59:58Z", 24),
            ("2026-12-30T12:00:01Z", 24),
        ] {
            let poll = poll().until(end.parse().expect("a time"));
            assert_eq!(
                poll.body(noon()).expect("a poll")["duration"],
                hours,
                "{end}"
            );
        }
    }

    #[test]
    fn a_poll_that_discord_would_refuse_is_refused() {
        refused(&PollRequest::new("").answer("A"), "question has 1 to 300");
        refused(&PollRequest::new("Q?"), "1 to 10 answers, this one 0");
        refused(&poll().answer("a".repeat(56)), "answer has 1 to 55");
        refused(&poll().hours(0), "1 to 768 hours");
        refused(&poll().hours(769), "1 to 768 hours");
        refused(&poll().until(noon()), "which is past");
    }
}
