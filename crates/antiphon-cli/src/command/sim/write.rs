//! `antiphon sim --write FILE`: a configuration of the simulated accounts.
//!
//! The file works at once with `antiphon run --config FILE`. A configuration holds no secrets, so that each stands in a
//! file of its own, readable by its owner alone, in a folder beside the configuration. Each file is written whole under
//! another name and then takes its own, so that a daemon never reads half of one.

use std::{
    fmt::Write as _,
    io::Write as _,
    net::SocketAddr,
    path::{Path, PathBuf},
};

use antiphon::net::{Addresses, AddressesError};
use antiphon_core::Secret;
use tempfile::NamedTempFile;
use toml::Value;

use crate::{
    config::secret::shell_word,
    failure::{Exit, Failure},
    output::say,
    platform::PLATFORMS,
};

/// Keys of a source, each with its value, in the order in which they are written.
pub(crate) type Keys = Vec<(String, Value)>;

/// Secrets of a configuration, which its keys name by their files.
#[derive(Debug)]
pub(crate) struct Secrets {
    /// Name of the folder beside the configuration.
    folder: String,
    /// Name of each file in the folder, and its content.
    files: Vec<(String, Secret)>,
}

impl Secrets {
    /// Adds a secret, and gives the value of the key that names it.
    pub(crate) fn file(&mut self, name: &str, secret: Secret) -> Value {
        let mut table = toml::Table::new();
        table.insert("file".to_owned(), self.path(name, secret).into());
        Value::Table(table)
    }

    /// Adds a file, and gives its path as the configuration names it.
    fn path(&mut self, name: &str, content: Secret) -> String {
        // Nodes have names of their own, which may be no names of files.
        let name: String = name
            .chars()
            .map(|character| match character {
                'a'..='z' | 'A'..='Z' | '0'..='9' | '-' | '_' | '.' => character,
                _ => '_',
            })
            .collect();
        let taken = |name: &str| self.files.iter().any(|(other, _)| other == name);
        let name = first_free(&name, "", taken);
        let path = format!("{}/{name}", self.folder);
        self.files.push((name, content));
        path
    }
}

/// The name with this ending, or with the first number behind it that is not taken.
fn first_free(name: &str, ending: &str, taken: impl Fn(&str) -> bool) -> String {
    let mut free = format!("{name}{ending}");
    let mut number = 1;
    while taken(&free) {
        number += 1;
        free = format!("{name}-{number}{ending}");
    }
    free
}

/// Configuration that is to be written.
#[derive(Debug)]
pub(crate) struct Writing {
    path: PathBuf,
    /// Whether files that are there may be replaced.
    force: bool,
    /// Name of the file without its ending, which the folder and the journal have too.
    stem: String,
}

impl Writing {
    /// # Errors
    /// A path that names no file, and a file or folder that is there already.
    pub(crate) fn new(path: &Path, force: bool) -> Result<Self, Failure> {
        let stem = path.file_stem().and_then(|stem| stem.to_str());
        let stem = stem.ok_or_else(|| {
            Failure::usage(format!("{} is no name of a file", path.display()))
                .hint("name the configuration, such as `--write antiphon.toml`")
        })?;
        let writing = Self {
            path: path.to_owned(),
            force,
            stem: stem.to_owned(),
        };
        for there in [&writing.path, &writing.folder()] {
            if !force && there.symlink_metadata().is_ok() {
                return Err(Self::taken(there));
            }
        }
        Ok(writing)
    }

    fn taken(there: &Path) -> Failure {
        Failure::usage(format!("{} is there already", there.display()))
            .hint("choose another name, or replace the configuration and its secrets by `--force`")
    }

    /// Folder of the secrets.
    fn folder(&self) -> PathBuf {
        self.path.with_file_name(self.folder_name())
    }

    fn folder_name(&self) -> String {
        format!("{}.secrets", self.stem)
    }

    /// Name of a journal that is not there yet, since the journal of another simulation knows other rooms and sessions.
    fn journal_name(&self) -> String {
        let is_there = |name: &str| self.path.with_file_name(name).symlink_metadata().is_ok();
        first_free(&format!("{}-sim", self.stem), ".db", is_there)
    }

    /// Writes the configuration of every simulated platform, and says how to go on.
    ///
    /// # Errors
    /// A file that cannot be written, or that somebody made meanwhile.
    pub(crate) fn write(
        &self,
        addresses: &Addresses,
        token: Option<&Secret>,
    ) -> Result<(), Failure> {
        let mut secrets = Secrets {
            folder: self.folder_name(),
            files: Vec::new(),
        };
        let text = self
            .text(addresses, token, &mut secrets)
            .map_err(|error| Failure::from_error(Exit::Failed, error))?;
        let folder = self.folder();
        make_folder(&folder).map_err(|error| unwritten(&folder, error))?;
        for (name, secret) in &secrets.files {
            let path = folder.join(name);
            place(&path, secret.expose(), true).map_err(|error| unwritten(&path, error))?;
        }
        place(&self.path, &text, self.force).map_err(|error| {
            if error.kind() == std::io::ErrorKind::AlreadyExists {
                return Self::taken(&self.path);
            }
            unwritten(&self.path, error)
        })?;
        say(format_args!(
            "wrote {}, and its secrets into {}",
            self.path.display(),
            folder.display()
        ));
        let antiphon = std::env::args().next();
        let antiphon = shell_word(antiphon.as_deref().unwrap_or("antiphon"));
        let path = shell_word(&self.path.to_string_lossy());
        say("next, in other terminals:");
        say(format_args!("  {antiphon} run --config {path} --print"));
        say(format_args!("  {antiphon} dashboard --config {path}"));
        Ok(())
    }

    /// The configuration.
    ///
    /// # Errors
    /// Addresses that lack a field, which is a defect.
    fn text(
        &self,
        addresses: &Addresses,
        token: Option<&Secret>,
        secrets: &mut Secrets,
    ) -> Result<String, AddressesError> {
        let certificate = addresses.certificate.as_deref();
        let certificate = certificate.map(|pem| secrets.path("certificate.pem", Secret::from(pem)));
        let mut text = format!(
            "# Written by `antiphon sim`: good as long as that simulation runs.\n\
             # The secrets are in the folder {}, each in a file of its own.\n\n\
             [journal]\npath = {}\n",
            secrets.folder,
            Value::from(self.journal_name()),
        );
        // The dashboard takes no other address.
        let control = addresses.control.strip_prefix("http://");
        let control = control.filter(|control| {
            let address = control.parse::<SocketAddr>();
            address.is_ok_and(|address| address.ip().is_loopback())
        });
        if let Some(control) = control {
            // Writing into memory cannot fail.
            let _ = write!(text, "\n[simulator]\ncontrol = {}\n", Value::from(control));
            if let Some(token) = token {
                let token = secrets.file("control", token.clone());
                let _ = writeln!(text, "token = {token}");
            }
        }
        for platform in PLATFORMS {
            let name = platform.name;
            let mut keys = (platform.simulated)(addresses, secrets)?;
            let certificate = certificate.clone().map(Value::from);
            keys.extend(certificate.map(|path| ("certificate".to_owned(), path)));
            // Writing into memory cannot fail.
            let _ = write!(text, "\n[sources.{name}]\nplatform = \"{name}\"\n");
            for (key, value) in keys {
                let _ = writeln!(text, "{key} = {value}");
            }
        }
        Ok(text)
    }
}

fn unwritten(path: &Path, error: std::io::Error) -> Failure {
    Failure::usage(format!("could not write {}", path.display()))
        .because(error)
        .hint("name a file in a folder that you can write to")
}

/// Makes the folder of the secrets, for its owner alone; one that is there is taken.
fn make_folder(path: &Path) -> std::io::Result<()> {
    let mut builder = std::fs::DirBuilder::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt as _;
        builder.mode(0o700);
    }
    match builder.create(path) {
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && path.is_dir() => Ok(()),
        made => made,
    }
}

/// Writes a file, readable by its owner alone.
fn place(path: &Path, content: &str, replace: bool) -> std::io::Result<()> {
    let folder = path.parent().filter(|folder| *folder != Path::new(""));
    // Made with the mode 0600.
    let mut file = NamedTempFile::new_in(folder.unwrap_or(Path::new(".")))?;
    file.write_all(content.as_bytes())?;
    if replace {
        file.persist(path)?;
    } else {
        file.persist_noclobber(path)?;
    }
    Ok(())
}
