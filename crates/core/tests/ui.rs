//! What compiles, what does not, and what the compiler then says. One file in `ui/` for each message.
//!
//! The messages are those of the toolchain in `rust-toolchain.toml`; `TRYBUILD=overwrite cargo test --test ui` writes
//! them anew.

#[test]
fn the_derive_says_what_to_write() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/derive_*.rs");
    cases.compile_fail("tests/ui/fail/derive_*.rs");
}

#[test]
fn a_handler_that_does_not_fit_is_told_the_next_step() {
    let cases = trybuild::TestCases::new();
    cases.compile_fail("tests/ui/fail/handler_*.rs");
    cases.compile_fail("tests/ui/fail/publish_*.rs");
    cases.compile_fail("tests/ui/fail/subscribe_*.rs");
}
