//! The derive macros and attributes of `antiphon`, which re-exports them; use them from there.
//!
//! The code that they write names its paths from `::antiphon`.
