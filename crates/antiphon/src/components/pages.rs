//! A paginator whose state is in its buttons, so that it outlives the program.

use std::time::Duration;

use antiphon_discord::{
    Client, RequestError,
    client::Respond,
    model::{
        ActionRow, Button, Component, Embed, Interaction,
        id::{Id, marker::UserMarker},
        moment_of,
    },
};

use super::{
    custom_id::{CustomId, CustomIdError, CustomIdReader, CustomIdValue, CustomIdWriter},
    press::Press,
};
use crate::{HandlerError, State};

/// How long the buttons of a message work, unless the type says otherwise.
pub(crate) const LIFE: Duration = Duration::from_secs(15 * 60);

/// Something that is shown page by page.
///
/// The value itself, the number of the page and the user who asked are in the custom ids of the buttons; a page is made when it
/// is turned to. Nothing waits in the program, so that the buttons work after a restart.
///
/// ```
/// use antiphon::{App, FromRef, HandlerError, State, components::{CustomId, Page, Pages, paginate, turn}};
/// use antiphon::discord::{Client, InteractionCreate, model::Embed};
///
/// /// Songs that were sung, ten to a page.
/// #[derive(CustomId)]
/// #[custom_id("history")]
/// struct History { year: u16 }
///
/// # #[derive(Clone)] struct Bot { client: Client }
/// # impl FromRef<Bot> for Client { fn from_ref(bot: &Bot) -> Self { bot.client.clone() } }
/// # impl Bot { async fn songs(&self, _: u16) -> Vec<String> { Vec::new() } }
/// impl Pages<Bot> for History {
///     async fn page(&self, number: u32, bot: &Bot) -> Result<Page, HandlerError> {
///         let songs = bot.songs(self.year).await;
///         let page = songs.chunks(10).nth(number as usize).unwrap_or_default();
///         Ok(Page::of(songs.len().div_ceil(10)).embed(Embed::new().description(page.join("\n"))))
///     }
/// }
///
/// async fn history(command: InteractionCreate, State(bot): State<Bot>) -> Result<(), HandlerError> {
///     paginate(&bot.client, &command, &History { year: 2026 }, &bot).await
/// }
///
/// # fn app(bot: Bot) -> App<Bot> {
/// App::new(bot)
///     .on(turn::<History, Bot>)
/// # }
/// ```
///
/// - The row has first, previous, number, next and last; what leads nowhere is greyed out, and a single page has no row.
/// - Only the user who asked turns pages; others are told so, and nobody else sees that.
/// - The buttons work for [`LIFE`](Self::LIFE) from the message's own time, and are greyed out by the next press.
/// - A page that is no longer there is the last one.
/// - The author and the page are not signed: a modified client can turn to any page of what the value describes. Check rights in
///   [`page`](Self::page) if that matters.
///
/// The row takes up to 30 of a custom id's 100 characters.
pub trait Pages<S>: CustomId {
    /// How long the buttons work, from the time of the message. Default: 15 min.
    const LIFE: Duration = LIFE;

    /// Makes the page of this number, from 0.
    ///
    /// It is called again with the last number if [`Page::of`] says that there are fewer pages.
    fn page(
        &self,
        number: u32,
        state: &S,
    ) -> impl Future<Output = Result<Page, HandlerError>> + Send;
}

/// A page, and how many there are.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct Page {
    /// Number of pages, this one included.
    pub count: u32,
    /// Text.
    pub content: Option<String>,
    /// Embeds, at most 10.
    pub embeds: Vec<Embed>,
    /// Components above the row of buttons.
    pub components: Vec<Component>,
}

impl Page {
    /// Creates an empty page, of so many.
    pub fn of(count: impl TryInto<u32>) -> Self {
        Self {
            count: count.try_into().unwrap_or(u32::MAX),
            ..Self::default()
        }
    }

    /// Creates the page of this number, from 0, of a list that is shown as text, with so many lines a page (at least 1).
    ///
    /// The page is empty where there are fewer lines; [`Pages`] shows the last page then.
    ///
    /// ```
    /// use antiphon::components::Page;
    ///
    /// let page = Page::of_lines(["alto", "tenor", "bass"], 2, 1);
    /// assert_eq!((page.count, page.content.as_deref()), (2, Some("bass")));
    /// ```
    pub fn of_lines(
        lines: impl IntoIterator<Item = impl Into<String>>,
        per_page: usize,
        number: u32,
    ) -> Self {
        let lines: Vec<String> = lines.into_iter().map(Into::into).collect();
        let mut pages = lines.chunks(per_page.max(1));
        let count = pages.len();
        let page = usize::try_from(number).ok().and_then(|at| pages.nth(at));
        Self::of(count).content(page.unwrap_or_default().join("\n"))
    }

    /// Sets the text.
    #[must_use]
    pub fn content(mut self, content: impl Into<String>) -> Self {
        self.content = Some(content.into());
        self
    }

    /// Adds an embed.
    #[must_use]
    pub fn embed(mut self, embed: Embed) -> Self {
        self.embeds.push(embed);
        self
    }

    /// Adds a component above the row of buttons.
    #[must_use]
    pub fn component(mut self, component: impl Into<Component>) -> Self {
        self.components.push(component.into());
        self
    }

    fn put(self, into: Respond<'_>, row: Option<ActionRow>) -> Respond<'_> {
        let is_layout =
            self.content.is_none() && self.embeds.is_empty() && !self.components.is_empty();
        let row = row.map(Component::from);
        let into = into.components(self.components.into_iter().chain(row));
        // Components of layout stand alone; elsewhere an empty text takes the place of the page before.
        if is_layout {
            return into;
        }
        into.content(self.content.unwrap_or_default())
            .embeds(self.embeds)
    }
}

/// The button that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum To {
    First,
    Previous,
    Here,
    Next,
    Last,
}

impl To {
    const ALL: [(Self, char); 5] = [
        (Self::First, 'f'),
        (Self::Previous, 'p'),
        (Self::Here, 'h'),
        (Self::Next, 'n'),
        (Self::Last, 'l'),
    ];

    fn letter(self) -> char {
        let known = Self::ALL.iter().find(|(to, _)| *to == self);
        known.map_or('h', |(_, letter)| *letter)
    }
}

/// Custom id of a paginator's button: where it leads, whose it is, and what is shown.
#[derive(Clone, Debug)]
pub struct Turn<T> {
    to: To,
    page: u32,
    author: Id<UserMarker>,
    pages: T,
}

impl<T> Turn<T> {
    /// Number of the page that the button leads to, from 0.
    pub fn page(&self) -> u32 {
        self.page
    }

    /// User who asked for the pages.
    pub fn author(&self) -> Id<UserMarker> {
        self.author
    }

    /// What is shown.
    pub fn pages(&self) -> &T {
        &self.pages
    }
}

/// Writes the custom id of a button.
fn write<T: CustomIdValue>(
    to: &mut CustomIdWriter,
    button: To,
    page: u32,
    author: Id<UserMarker>,
    pages: &T,
) {
    button.letter().write(to);
    page.write(to);
    author.write(to);
    pages.write(to);
}

impl<T: CustomId> CustomIdValue for Turn<T> {
    const LENGTH: usize = 2 + u32::LENGTH + Id::<UserMarker>::LENGTH + T::LENGTH;

    fn write(&self, to: &mut CustomIdWriter) {
        write(to, self.to, self.page, self.author, &self.pages);
    }

    fn read(from: &mut CustomIdReader<'_>) -> Result<Self, CustomIdError> {
        let letter = char::read(from)?;
        let to = To::ALL.iter().find(|(_, known)| *known == letter);
        let (to, _) = to.ok_or_else(|| from.outdated("is no button of a paginator"))?;
        Ok(Self {
            to: *to,
            page: CustomIdValue::read(from)?,
            author: CustomIdValue::read(from)?,
            pages: T::read(from)?,
        })
    }
}

impl<T: CustomId> CustomId for Turn<T> {
    const PREFIX: &'static str = T::PREFIX;
    const MARK: &'static str = "~";
}

/// The row of buttons; absent for a single page.
fn row<T: CustomId>(pages: &T, page: u32, count: u32, author: Id<UserMarker>) -> Option<ActionRow> {
    if count <= 1 {
        return None;
    }
    let last = count - 1;
    let id = |to, page| {
        let mut text = CustomIdWriter::begin(T::PREFIX, Turn::<T>::MARK);
        write(&mut text, to, page, author, pages);
        text.end()
    };
    let number = format!("{} / {count}", page + 1);
    Some(ActionRow::new([
        Button::secondary(id(To::First, 0), "«").disabled(page == 0),
        Button::secondary(id(To::Previous, page.saturating_sub(1)), "‹").disabled(page == 0),
        Button::secondary(id(To::Here, page), number).disabled(true),
        Button::secondary(id(To::Next, (page + 1).min(last)), "›").disabled(page == last),
        Button::secondary(id(To::Last, last), "»").disabled(page == last),
    ]))
}

/// Makes a page, or the last one if there are fewer.
async fn make<T: Pages<S>, S: Sync>(
    pages: &T,
    number: u32,
    state: &S,
) -> Result<(u32, Page), HandlerError> {
    let page = pages.page(number, state).await?;
    let last = page.count.saturating_sub(1);
    if number <= last {
        return Ok((number, page));
    }
    Ok((last, pages.page(last, state).await?))
}

/// Answers an interaction with the first page.
///
/// # Errors
/// Those of [`Pages::page`] and of the answer; an interaction without a user cannot be answered with pages.
pub async fn paginate<T: Pages<S>, S: Sync>(
    client: &Client,
    interaction: &Interaction,
    pages: &T,
    state: &S,
) -> Result<(), HandlerError> {
    let author = interaction.author_id();
    let author = author.ok_or_else(|| HandlerError::message("the interaction has no user"))?;
    let (number, page) = make(pages, 0, state).await?;
    let row = row(pages, number, page.count, author);
    let answers = client.interaction(interaction);
    Ok(page.put(answers.message(""), row).await?)
}

/// Handler that turns pages: `.on(turn::<History, Bot>)`.
///
/// # Errors
/// Those of [`Pages::page`] and of the answer.
pub async fn turn<T: Pages<S>, S: Send + Sync>(
    press: Press<Turn<T>>,
    State(state): State<S>,
    State(client): State<Client>,
) -> Result<(), HandlerError> {
    let turn = press.state();
    if !check(&press, turn.author, T::LIFE, &client).await? {
        return Ok(());
    }
    let (number, page) = make(&turn.pages, turn.page, &state).await?;
    let row = row(&turn.pages, number, page.count, turn.author);
    Ok(page.put(press.update(&client), row).await?)
}

/// Whether a press is its author's and not too late; otherwise the user is answered.
pub(crate) async fn check<T>(
    press: &Press<T>,
    author: Id<UserMarker>,
    life: Duration,
    client: &Client,
) -> Result<bool, RequestError> {
    if press.user_id() != Some(author) {
        press
            .reply(client, "These buttons are somebody else's.")
            .ephemeral()
            .await?;
        return Ok(false);
    }
    let Some(message) = &press.message else {
        return Ok(true);
    };
    let age = moment_of(press.id).duration_since(moment_of(message.id));
    if age.unsigned_abs() <= life {
        return Ok(true);
    }
    press
        .update(client)
        .components(disabled(&message.components))
        .await?;
    Ok(false)
}

/// Components with everything that can be pressed greyed out.
fn disabled(components: &[Component]) -> Vec<Component> {
    let mut components = components.to_vec();
    components.iter_mut().for_each(disable);
    components
}

fn disable(component: &mut Component) {
    match component {
        Component::Button(button) if button.url.is_none() && button.sku_id.is_none() => {
            button.disabled = Some(true);
        }
        Component::SelectMenu(menu) => menu.disabled = Some(true),
        Component::ActionRow(row) => row.components.iter_mut().for_each(disable),
        Component::Container(container) => container.components.iter_mut().for_each(disable),
        Component::Section(section) => section.accessory.iter_mut().for_each(|one| disable(one)),
        // A file is named by its own name in a request, and by its address in a message.
        Component::FileDisplay(file) => {
            if let Some(name) = &file.name {
                file.file.url = format!("attachment://{name}");
            }
        }
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl CustomId for u16 {
        const PREFIX: &'static str = "year";
    }

    #[track_caller]
    fn row_of(page: u32, count: u32) -> Vec<(String, bool)> {
        let row = row(&2026_u16, page, count, Id::new(7)).expect("several pages");
        let buttons = row.components.into_iter().map(|one| match one {
            Component::Button(button) => (
                button.custom_id.unwrap_or_default(),
                button.disabled.unwrap_or_default(),
            ),
            other => panic!("{other:?}"),
        });
        buttons.collect()
    }

    #[test]
    fn buttons_that_lead_nowhere_are_greyed_out() {
        let ids = |page, count| {
            row_of(page, count)
                .into_iter()
                .map(|(id, is_off)| format!("{id} {is_off}"))
        };
        let middle: Vec<_> = ids(1, 3).collect();
        assert_eq!(
            middle,
            [
                "year~:f:0:7:2026 false",
                "year~:p:0:7:2026 false",
                "year~:h:1:7:2026 true",
                "year~:n:2:7:2026 false",
                "year~:l:2:7:2026 false",
            ]
        );
        let off = |page| {
            row_of(page, 3)
                .into_iter()
                .map(|(_, is_off)| is_off)
                .collect::<Vec<_>>()
        };
        assert_eq!(off(0), [true, true, true, false, false]);
        assert_eq!(off(2), [false, false, true, true, true]);
        assert!(row(&2026_u16, 0, 1, Id::new(7)).is_none());
        for (id, _) in row_of(1, 3) {
            let turn = Turn::<u16>::from_custom_id(&id).expect("written here");
            assert_eq!((turn.author.get(), turn.pages), (7, 2026));
            assert_eq!(turn.to_text(), id);
        }
    }
}
