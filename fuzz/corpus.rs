//! Runs the inputs of a corpus as a test, with a plain loop in place of a fuzzer; included by the crates' own tests.

use std::{fs, path::Path};

/// Gives every file of `fuzz/corpus/NAME` to an entry, and names the file whose input broke it.
pub(crate) fn run(name: &str, entry: fn(&[u8])) {
    /// Tells the file while a panic unwinds.
    struct Told<'a>(&'a Path);

    impl Drop for Told<'_> {
        fn drop(&mut self) {
            assert!(!std::thread::panicking(), "broken by {}", self.0.display());
        }
    }

    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(name);
    let files =
        fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut count = 0;
    for file in files {
        let path = file.expect("a file of the corpus").path();
        let input = fs::read(&path).expect("a file of the corpus");
        let told = Told(&path);
        entry(&input);
        std::mem::forget(told);
        count += 1;
    }
    assert!(count > 0, "{} is empty", folder.display());
}
