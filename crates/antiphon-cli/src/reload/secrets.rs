//! What a source reads from files that the configuration names: secrets and certificates.
//!
//! Such a file may change while the configuration does not: a token that was renewed, a certificate that has expired.
//! What was read is kept in memory, as the source itself keeps it, and compared with what is there at a reload. The
//! environment of a process does not change.

use std::{collections::BTreeMap, path::Path};

use antiphon_core::Secret;

use crate::config::{secret::SecretFrom, value::FilePath};

/// Contents of the files that a source names, by the dotted keys that name them.
///
/// A file that cannot be read is left out.
#[derive(Debug, Default)]
pub(super) struct Secrets(BTreeMap<String, Secret>);

impl Secrets {
    /// Reads the files that a table of the configuration names.
    pub(super) fn read(key: &str, table: &toml::Table, folder: &Path) -> Self {
        let mut secrets = Self::default();
        secrets.add(key, table, folder);
        secrets
    }

    fn add(&mut self, key: &str, table: &toml::Table, folder: &Path) {
        for (name, value) in table {
            let key = format!("{key}.{name}");
            match value {
                toml::Value::String(path) if name == "certificate" => {
                    let path = FilePath::new(path).within(folder);
                    let content = std::fs::read(path).unwrap_or_default();
                    let content = Secret::new(String::from_utf8_lossy(&content));
                    self.0.insert(key, content);
                }
                toml::Value::Table(table) => match file(table) {
                    Some(path) => {
                        let read = SecretFrom::File(path).read(folder);
                        self.0.extend(read.ok().map(|secret| (key, secret)));
                    }
                    None => self.add(&key, table, folder),
                },
                _ => {}
            }
        }
    }

    /// Keys that both have, with other contents.
    pub(super) fn changed(&self, after: &Self) -> Vec<String> {
        let both = self.0.iter().filter(|(key, before)| {
            let after = after.0.get(*key);
            after.is_some_and(|after| after.expose() != before.expose())
        });
        both.map(|(key, _)| key.clone()).collect()
    }
}

/// The file of `{ file = "…" }`.
fn file(table: &toml::Table) -> Option<FilePath> {
    let path = table.get("file")?.as_str()?;
    (table.len() == 1).then(|| FilePath::new(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_secret_is_found_wherever_it_is_named_and_never_shown() {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let write = |name: &str, text: &str| {
            std::fs::write(folder.path().join(name), text).expect("it is ours");
        };
        let table: toml::Table = "token = { file = \"token\" }\npassword = { env = \"NOT_SET\" }\n\
                                  certificate = \"ca.pem\"\nnodes.eu.password = { file = \"node\" }\n\
                                  gone = { file = \"gone\" }\nrooms = [\"token\"]"
            .parse()
            .expect("TOML");
        write("token", "canary-1\n");
        write("node", "canary-2\n");
        write("ca.pem", "one");
        let read = || Secrets::read("sources.organ", &table, folder.path());
        let before = read();
        assert!(!format!("{before:?}").contains("canary"), "{before:?}");
        // Of a secret's file the first line counts.
        write("token", "canary-1\nand a note");
        assert_eq!(before.changed(&read()), [""; 0]);
        write("token", "canary-3");
        write("node", "canary-4");
        write("ca.pem", "two");
        assert_eq!(
            before.changed(&read()),
            [
                "sources.organ.certificate",
                "sources.organ.nodes.eu.password",
                "sources.organ.token"
            ]
        );
    }
}
