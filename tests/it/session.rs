//! Whole sessions: a scripted model, the real server, and editors that behave as the recorded ones.

mod applying;
mod asking;
mod files;
mod folders;
mod gone;
mod lost;
mod mirror;
mod model;
mod past;
mod random;
mod reload;
mod restart;
mod review;
mod routing;
mod secrets;
mod steps;
mod typing;
mod undo;
mod usage;
