//! The declaration of a command as constant data, which `#[derive(Command)]` writes.
//!
//! It is public for the code of the macro, and for programs that build a declaration without it.
//! What the macro cannot see, because it belongs to another type, is checked here by functions that run in constants: a
//! declaration against one of these rules does not compile.
//! [Discord's page](https://discord.com/developers/docs/interactions/application-commands#application-command-object)

use antiphon_discord::model::{
    ApplicationIntegrationType, ChannelType, CommandOptionType, CommandOptionValue, CommandType,
    InteractionContextType, Number, Permissions,
};
use serde_json::{Map, Value as Json, json};

use super::OptionError;

/// Most characters of a command: names, descriptions and values of its options, subcommands and choices together.
///
/// Of a text with translations the longest one counts.
pub const CHARACTERS: usize = 8000;

/// A command's declaration.
#[derive(Debug)]
pub struct Spec {
    /// Type: a slash command, or a command of a user or message.
    pub kind: CommandType,
    /// Name and description.
    pub texts: Texts,
    /// Permissions that a member needs to see it; none asks for nothing, an empty set for an administrator.
    pub default_member_permissions: Option<Permissions>,
    /// Where it can be used; absent means everywhere.
    pub contexts: Option<&'static [InteractionContextType]>,
    /// How the application has to be installed; absent means the application's own default.
    pub integration_types: Option<&'static [ApplicationIntegrationType]>,
    /// Whether it is for channels with an age limit only.
    pub nsfw: bool,
    /// Options or subcommands.
    pub body: Body,
}

/// Name and description, with their translations by locale.
#[derive(Clone, Copy, Debug)]
pub struct Texts {
    /// Name.
    pub name: &'static str,
    /// Translations of the name: pairs of a locale and a text.
    pub names: &'static [(&'static str, &'static str)],
    /// Description; empty for a user or message command.
    pub description: &'static str,
    /// Translations of the description: pairs of a locale and a text.
    pub descriptions: &'static [(&'static str, &'static str)],
}

/// What a command or subcommand has.
#[derive(Clone, Copy, Debug)]
pub enum Body {
    /// Options.
    Options(&'static [OptionSpec]),
    /// Subcommands.
    Subcommands(&'static [Subcommand]),
}

/// A subcommand, or a group of subcommands.
#[derive(Clone, Copy, Debug)]
pub struct Subcommand {
    /// Name and description.
    pub texts: Texts,
    /// Options, or the subcommands of a group.
    pub body: Body,
}

/// An option.
#[derive(Clone, Copy, Debug)]
pub struct OptionSpec {
    /// Name and description.
    pub texts: Texts,
    /// Type.
    pub kind: CommandOptionType,
    /// Whether a user has to give it.
    pub is_required: bool,
    /// Whether the bot is asked for choices while a user types it.
    pub has_autocomplete: bool,
    /// Fixed choices; empty for any value.
    pub choices: &'static [Choice],
    /// Smallest number.
    pub min: Option<Number>,
    /// Greatest number.
    pub max: Option<Number>,
    /// Fewest characters.
    pub min_length: Option<u16>,
    /// Most characters.
    pub max_length: Option<u16>,
    /// Types of channels; empty for any.
    pub channel_types: &'static [ChannelType],
}

/// A fixed choice.
#[derive(Clone, Copy, Debug)]
pub struct Choice {
    /// Name, 1 to 100 characters.
    pub name: &'static str,
    /// Translations of the name: pairs of a locale and a text.
    pub names: &'static [(&'static str, &'static str)],
    /// Value.
    pub value: Value,
}

/// Value of a choice.
#[derive(Clone, Copy, Debug)]
pub enum Value {
    /// A text.
    Text(&'static str),
    /// A number.
    Number(Number),
}

impl Choice {
    /// Index of the choice with this value.
    ///
    /// # Errors
    /// [`OptionError::NotAChoice`] if there is none, [`OptionError::WrongType`] for a value that is neither text nor number.
    pub fn position(choices: &[Self], value: &CommandOptionValue) -> Result<usize, OptionError> {
        let fits = |choice: &&Self| match (&choice.value, value) {
            (Value::Text(text), CommandOptionValue::String(given)) => text == given,
            (Value::Number(number), CommandOptionValue::Integer(given)) => number
                .as_f64()
                .total_cmp(&Number::Integer(*given).as_f64())
                .is_eq(),
            (Value::Number(number), CommandOptionValue::Number(given)) => {
                number.as_f64().total_cmp(&given.as_f64()).is_eq()
            }
            _ => false,
        };
        if let Some(index) = choices.iter().position(|choice| fits(&choice)) {
            return Ok(index);
        }
        match (choices.first().map(|choice| choice.value), value) {
            (Some(Value::Text(_)), CommandOptionValue::String(_))
            | (
                Some(Value::Number(_)),
                CommandOptionValue::Integer(_) | CommandOptionValue::Number(_),
            ) => Err(OptionError::NotAChoice),
            (of, value) => Err(OptionError::WrongType {
                expected: match of {
                    Some(Value::Text(_)) => CommandOptionType::String,
                    _ => CommandOptionType::Number,
                },
                found: value.kind(),
            }),
        }
    }

    const fn characters(&self) -> usize {
        let value = match self.value {
            Value::Text(text) => characters(text),
            // Discord counts a number's digits; a double has at most 24 characters.
            Value::Number(_) => 24,
        };
        longest(self.name, self.names) + value
    }

    fn json(&self) -> Json {
        let value = match self.value {
            Value::Text(text) => json!(text),
            Value::Number(number) => json!(number),
        };
        let mut choice = json!({"name": self.name, "value": value});
        translate(&mut choice, "name_localizations", self.names);
        choice
    }
}

impl OptionSpec {
    /// Checks that the limits fit the type; a failure is one of the compiler's.
    ///
    /// # Panics
    /// For a limit that the type does not have.
    #[must_use]
    pub const fn checked(self) -> Self {
        use CommandOptionType as Kind;
        let is_number = matches!(self.kind, Kind::Integer | Kind::Number);
        let is_text = matches!(self.kind, Kind::String);
        assert!(
            is_number || (self.min.is_none() && self.max.is_none()),
            "`min` and `max` are for numbers; a text has `min_length` and `max_length`"
        );
        assert!(
            is_text || (self.min_length.is_none() && self.max_length.is_none()),
            "`min_length` and `max_length` are for texts; a number has `min` and `max`"
        );
        assert!(
            matches!(self.kind, Kind::Channel) || self.channel_types.is_empty(),
            "`channel_types` are for channels"
        );
        assert!(
            is_number || is_text || !self.has_autocomplete,
            "`autocomplete` is for texts and numbers"
        );
        assert!(
            self.choices.is_empty() || !self.has_autocomplete,
            "an option has either choices or autocomplete"
        );
        if let (Kind::Integer, Some(Number::Float(_)), _)
        | (Kind::Integer, _, Some(Number::Float(_))) = (self.kind, self.min, self.max)
        {
            panic!("`min` and `max` of a whole number are whole numbers");
        }
        let mut index = 0;
        while index < self.choices.len() {
            let fits = match self.choices[index].value {
                Value::Text(_) => is_text,
                Value::Number(Number::Integer(_)) => is_number,
                Value::Number(Number::Float(_)) => matches!(self.kind, Kind::Number),
            };
            assert!(
                fits,
                "the values of an option's choices are of its own type"
            );
            index += 1;
        }
        self
    }

    const fn characters(&self) -> usize {
        let mut sum = self.texts.characters();
        let mut index = 0;
        while index < self.choices.len() {
            sum += self.choices[index].characters();
            index += 1;
        }
        sum
    }

    fn json(&self) -> Json {
        let mut option = self.texts.json();
        option["type"] = json!(self.kind);
        option["required"] = json!(self.is_required);
        let mut set = |field: &str, value: Option<Json>| {
            if let Some(value) = value {
                option[field] = value;
            }
        };
        set("autocomplete", self.has_autocomplete.then_some(json!(true)));
        set("min_value", self.min.map(|number| json!(number)));
        set("max_value", self.max.map(|number| json!(number)));
        set("min_length", self.min_length.map(|length| json!(length)));
        set("max_length", self.max_length.map(|length| json!(length)));
        let list = |items: Vec<Json>| (!items.is_empty()).then_some(Json::Array(items));
        set(
            "choices",
            list(self.choices.iter().map(Choice::json).collect()),
        );
        let types = self.channel_types.iter().map(|kind| json!(kind));
        set("channel_types", list(types.collect()));
        option
    }
}

impl Subcommand {
    /// A subcommand or a group whose options another type declares.
    ///
    /// # Panics
    /// If that type is a command of a user or message, or has permissions, contexts or installs of its own.
    pub const fn of(mut texts: Texts, spec: &Spec) -> Self {
        assert!(
            matches!(spec.kind, CommandType::ChatInput),
            "a user or message command is no subcommand"
        );
        assert!(
            spec.default_member_permissions.is_none()
                && spec.contexts.is_none()
                && spec.integration_types.is_none()
                && !spec.nsfw,
            "permissions, contexts, integration types and `nsfw` are a whole command's, not a subcommand's"
        );
        if texts.description.is_empty() {
            texts.description = spec.texts.description;
            texts.descriptions = spec.texts.descriptions;
        }
        Self {
            texts,
            body: spec.body,
        }
    }

    const fn characters(&self) -> usize {
        self.texts.characters() + self.body.characters()
    }

    fn json(&self) -> Json {
        let mut option = self.texts.json();
        let kind = match self.body {
            Body::Options(_) => CommandOptionType::Subcommand,
            Body::Subcommands(_) => CommandOptionType::SubcommandGroup,
        };
        option["type"] = json!(kind);
        option["options"] = self.body.json();
        option
    }
}

impl Body {
    /// The options; none of a command with subcommands.
    pub const fn options(&self) -> &'static [OptionSpec] {
        match self {
            Self::Options(options) => options,
            Self::Subcommands(_) => &[],
        }
    }

    /// The options of the subcommand with this name; none if there is no such.
    pub fn subcommand(&self, name: &str) -> &'static [OptionSpec] {
        let Self::Subcommands(subcommands) = self else {
            return &[];
        };
        let found = subcommands.iter().find(|one| one.texts.name == name);
        found.map_or(&[], |one| one.body.options())
    }

    /// Levels of subcommands: 0 for options alone.
    const fn depth(&self) -> usize {
        let Self::Subcommands(subcommands) = self else {
            return 0;
        };
        let (mut depth, mut index) = (0, 0);
        while index < subcommands.len() {
            let inner = subcommands[index].body.depth();
            if inner > depth {
                depth = inner;
            }
            index += 1;
        }
        depth + 1
    }

    const fn characters(&self) -> usize {
        let (mut sum, mut index) = (0, 0);
        match self {
            Self::Options(options) => {
                while index < options.len() {
                    sum += options[index].characters();
                    index += 1;
                }
            }
            Self::Subcommands(subcommands) => {
                while index < subcommands.len() {
                    sum += subcommands[index].characters();
                    index += 1;
                }
            }
        }
        sum
    }

    fn json(&self) -> Json {
        match self {
            Self::Options(options) => options.iter().map(OptionSpec::json).collect(),
            Self::Subcommands(subcommands) => subcommands.iter().map(Subcommand::json).collect(),
        }
    }

    /// Paths of options with autocomplete, below `path`.
    pub(crate) fn completed(&self, path: &str, found: &mut Vec<(String, &'static str)>) {
        match self {
            Self::Options(options) => {
                let options = options.iter().filter(|option| option.has_autocomplete);
                found.extend(options.map(|option| (path.to_owned(), option.texts.name)));
            }
            Self::Subcommands(subcommands) => {
                for one in *subcommands {
                    one.body.completed(&joined(path, one.texts.name), found);
                }
            }
        }
    }
}

/// The names of a subcommand and those around it, with spaces between them.
pub(crate) fn joined(path: &str, name: &str) -> String {
    if path.is_empty() {
        name.to_owned()
    } else {
        format!("{path} {name}")
    }
}

impl Texts {
    const fn characters(&self) -> usize {
        longest(self.name, self.names) + longest(self.description, self.descriptions)
    }

    fn json(&self) -> Json {
        let mut texts = json!({"name": self.name, "description": self.description});
        translate(&mut texts, "name_localizations", self.names);
        translate(&mut texts, "description_localizations", self.descriptions);
        texts
    }
}

impl Spec {
    /// The command as it is registered: the JSON that Discord documents, with every field that can be changed.
    ///
    /// ```
    /// use antiphon::commands::Command;
    ///
    /// /// Answers pong
    /// #[derive(Command)]
    /// struct Ping;
    ///
    /// assert_eq!(Ping::SPEC.json()["description"], "Answers pong");
    /// ```
    pub fn json(&self) -> Json {
        let mut command = self.texts.json();
        command["type"] = json!(self.kind);
        command["nsfw"] = json!(self.nsfw);
        command["default_member_permissions"] = json!(self.default_member_permissions);
        command["contexts"] = json!(self.contexts);
        if let Some(types) = self.integration_types {
            command["integration_types"] = json!(types);
        }
        if self.kind == CommandType::ChatInput {
            command["options"] = self.body.json();
        } else if let Some(fields) = command.as_object_mut() {
            fields.remove("description");
        }
        command
    }
}

/// Checks a whole command; a failure is one of the compiler's.
///
/// # Panics
/// For a command with more than two levels of subcommands, or more than [`CHARACTERS`].
pub const fn check(spec: &Spec) {
    assert!(
        spec.body.depth() <= 2,
        "a command has at most two levels: groups, and the subcommands in them"
    );
    assert!(
        spec.texts.characters() + spec.body.characters() <= CHARACTERS,
        "a command has at most 8000 characters: names, descriptions and values of all its options together"
    );
}

/// Characters of a text.
const fn characters(text: &str) -> usize {
    let bytes = text.as_bytes();
    let (mut count, mut index) = (0, 0);
    while index < bytes.len() {
        // Bytes of the form 10xxxxxx go on with a character.
        if bytes[index] & 0xc0 != 0x80 {
            count += 1;
        }
        index += 1;
    }
    count
}

/// Characters of the longest of a text and its translations.
const fn longest(text: &str, translations: &[(&str, &str)]) -> usize {
    let (mut most, mut index) = (characters(text), 0);
    while index < translations.len() {
        let length = characters(translations[index].1);
        if length > most {
            most = length;
        }
        index += 1;
    }
    most
}

/// Sets translations; none are null, so that an edit removes earlier ones.
fn translate(described: &mut Json, field: &str, texts: &[(&str, &str)]) {
    if texts.is_empty() {
        return;
    }
    let texts = texts.iter();
    let texts: Map<String, Json> = texts
        .map(|(locale, text)| ((*locale).to_owned(), json!(text)))
        .collect();
    described[field] = Json::Object(texts);
}

#[cfg(test)]
mod tests {
    use super::*;

    const NONE: &[(&str, &str)] = &[];

    const TEXT: &[Choice] = &[Choice {
        name: "a",
        names: NONE,
        value: Value::Text("a"),
    }];

    fn texts(description: &'static str) -> Texts {
        Texts {
            name: "song",
            names: NONE,
            description,
            descriptions: NONE,
        }
    }

    fn option(kind: CommandOptionType) -> OptionSpec {
        OptionSpec {
            texts: texts("What to sing"),
            kind,
            is_required: true,
            has_autocomplete: false,
            choices: &[],
            min: None,
            max: None,
            min_length: None,
            max_length: None,
            channel_types: &[],
        }
    }

    fn command(body: Body) -> Spec {
        Spec {
            kind: CommandType::ChatInput,
            texts: texts("Sings"),
            default_member_permissions: None,
            contexts: None,
            integration_types: None,
            nsfw: false,
            body,
        }
    }

    /// Whether these checks fail, which in a constant is a failure to compile.
    fn fails(check: impl FnOnce() + std::panic::UnwindSafe) -> bool {
        std::panic::catch_unwind(check).is_err()
    }

    #[test]
    fn the_limits_of_an_option_are_those_of_its_type() {
        use CommandOptionType as Kind;
        let is_refused = |kind: Kind, change: fn(&mut OptionSpec)| {
            let mut option = option(kind);
            change(&mut option);
            fails(move || {
                let _ = option.checked();
            })
        };
        for kind in [Kind::String, Kind::Boolean, Kind::User] {
            assert!(is_refused(kind, |option| option.max = Some(Number::Integer(1))));
        }
        assert!(!is_refused(Kind::Integer, |option| option.min =
            Some(Number::Integer(1))));
        assert!(is_refused(Kind::Integer, |option| option.min =
            Some(Number::Float(1.5))));
        assert!(!is_refused(Kind::Number, |option| option.min = Some(Number::Float(1.5))));
        assert!(is_refused(Kind::Integer, |option| option.max_length = Some(1)));
        assert!(!is_refused(Kind::String, |option| option.max_length = Some(1)));
        assert!(is_refused(Kind::Role, |option| option.channel_types =
            &[ChannelType::GuildText]));
        assert!(!is_refused(Kind::Channel, |option| option.channel_types =
            &[ChannelType::GuildText]));
        assert!(is_refused(Kind::Boolean, |option| option
            .has_autocomplete =
            true));
        assert!(is_refused(Kind::Integer, |option| option.choices = TEXT));
        assert!(!is_refused(Kind::String, |option| option.choices = TEXT));
        assert!(is_refused(Kind::String, |option| {
            option.choices = TEXT;
            option.has_autocomplete = true;
        }));
    }

    #[test]
    fn a_command_has_two_levels_and_8000_characters() {
        let leaf = Subcommand {
            texts: texts("One"),
            body: Body::Options(&[]),
        };
        let level = |inner: Subcommand| Subcommand {
            texts: texts("A group"),
            body: Body::Subcommands(Vec::leak(vec![inner])),
        };
        let of = |inner: Subcommand| command(Body::Subcommands(Vec::leak(vec![inner])));
        let (two, three) = (of(level(leaf)), of(level(level(leaf))));
        assert!(!fails(move || check(&two)) && fails(move || check(&three)));

        // Of a text and its translations the longest counts; characters count, not bytes.
        let long: &'static str = "ä".repeat(100).leak();
        let mut option = option(CommandOptionType::String);
        option.texts.descriptions = Vec::leak(vec![("de", long), ("fr", "a")]);
        // 104 characters each, beside the command's own 9.
        let many = |count: usize| command(Body::Options(Vec::leak(vec![option; count])));
        let (fits, is_too_long) = (many(76), many(77));
        assert!(!fails(move || check(&fits)) && fails(move || check(&is_too_long)));
    }

    #[test]
    fn a_subcommand_has_no_permissions_of_its_own() {
        let plain = Subcommand::of(texts(""), &command(Body::Options(&[])));
        assert_eq!(
            plain.texts.description, "Sings",
            "it is described by its type"
        );
        for change in [
            |spec: &mut Spec| spec.default_member_permissions = Some(Permissions::SPEAK),
            |spec: &mut Spec| spec.nsfw = true,
            |spec: &mut Spec| spec.kind = CommandType::User,
        ] {
            let mut spec = command(Body::Options(&[]));
            change(&mut spec);
            assert!(fails(move || {
                let _ = Subcommand::of(texts("One"), &spec);
            }));
        }
    }
}
