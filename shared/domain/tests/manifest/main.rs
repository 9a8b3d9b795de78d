//! The manifest and its reader.

mod accepted;
mod actions;
mod adopting;
mod contract;
mod credentials;
mod defaults;
mod exceptions;
mod form;
mod integrations;
mod never_panics;
mod organization;
mod platform;
mod sample;
mod support;
mod templates;
