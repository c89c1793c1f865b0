//! What is written down outlives the process: commands over the journal, and kill -9 at random points.

mod bad;
mod kills;
mod place;
mod server;
mod terminal;
