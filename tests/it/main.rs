//! The one integration-test binary: everything that needs more than one room. `guard` fails when a file of this
//! folder is not listed here.

mod cli;
mod documents;
mod edit_cases;
mod provider;
mod session;
mod support;
mod transport;
