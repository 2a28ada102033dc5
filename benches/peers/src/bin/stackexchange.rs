//! Reads frames of Stack Exchange chat, one a line, from the file it is given, again and again for some seconds, and
//! prints how many events a second it reads: raw, by view, and typed with a handler for every type.

use std::{env, fs, hint::black_box, time::{Duration, Instant}};

use antiphon_core::{Event, Payload, Position, SourceName};
use antiphon_stackexchange as stackexchange;
use bytes::Bytes;
use jiff::Timestamp;

/// How long each way is timed.
const LENGTH: Duration = Duration::from_secs(3);

/// Takes an event as the handler of its kind would, decoded.
fn typed(event: &Event) {
    macro_rules! by_kind {
        ($($payload:ident),* $(,)?) => {
            match event.kind().as_str() {
                $(kind if kind == stackexchange::$payload::KINDS[0] => {
                    black_box(stackexchange::$payload::decode(event).expect("it decodes"));
                })*
                _ => {
                    black_box(stackexchange::UnknownEvent::of(event).expect("an object"));
                }
            }
        };
    }
    by_kind!(
        MessageEvent, EditEvent, UserEnteredEvent, UserLeftEvent, MessageStarredEvent, MentionEvent,
        DeleteEvent, ReplyEvent, AccessLevelChangedEvent, RoomNameChangedEvent, InvitationEvent,
        UserNameOrAvatarChangedEvent, UserSuspendedEvent, GlobalNotificationEvent,
        UserNotificationEvent,
    );
}

fn by_view(event: &Event) {
    let view = stackexchange::view::Message::of(event).expect("an object");
    black_box(view.content.starts_with("!ping"));
}

fn time(frames: &[&[u8]], take: impl Fn(&Event)) -> f64 {
    let source = SourceName::new("peers");
    let begin = Instant::now();
    let mut events = 0_u32;
    while begin.elapsed() < LENGTH {
        for frame in frames {
            let frame = Bytes::copy_from_slice(frame);
            for draft in stackexchange::read_frame(&frame, Timestamp::UNIX_EPOCH) {
                let event = Event::stored(Position::new(1), source.clone(), draft);
                take(&event);
                events += 1;
            }
        }
    }
    f64::from(events) / begin.elapsed().as_secs_f64()
}

fn main() {
    let path = env::args().nth(1).expect("a file of frames");
    let text = fs::read(path).expect("a file of frames");
    let frames: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
    let raw = time(&frames, |event| drop(black_box(event.body().clone())));
    let view = time(&frames, by_view);
    let typed = time(&frames, typed);
    println!("{raw} {view} {typed}");
}
