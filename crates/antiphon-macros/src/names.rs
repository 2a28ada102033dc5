//! Names: from Rust's to the wire's and to what a user reads.

use syn::{DeriveInput, Error, Result};

/// A name in snake case: `NewSong` is `new_song`; a raw identifier loses its `r#`.
pub(crate) fn snake(name: &str) -> String {
    let name = name.strip_prefix("r#").unwrap_or(name);
    let mut snake = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_uppercase() && at > 0 && !snake.ends_with('_') {
            snake.push('_');
        }
        snake.extend(letter.to_lowercase());
    }
    snake
}

/// A name as words: `new_song` and `NewSong` are `New song`.
pub(crate) fn words(name: &str) -> String {
    let words = snake(name).replace('_', " ");
    let mut letters = words.trim().chars();
    letters
        .next()
        .map(|first| first.to_uppercase().chain(letters).collect())
        .unwrap_or_default()
}

/// Refuses type parameters, which these derives do not take.
pub(crate) fn plain_type(input: &DeriveInput, derive: &str) -> Result<()> {
    if input.generics.params.is_empty() {
        return Ok(());
    }
    let why = format!("`{derive}` cannot be derived for a type with parameters");
    Err(Error::new_spanned(&input.generics, why))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_words() {
        assert_eq!(snake("NewSong"), "new_song");
        assert_eq!(snake("yes"), "yes");
        assert_eq!(words("what_happened"), "What happened");
        assert_eq!(words("NewSong"), "New song");
    }
}
