//! Stories on the deployed local stack.

mod both_worlds;
mod compliance;
mod confidential;
mod crash;
mod credentials;
mod first;
mod manifests;
mod manual;
mod roles;
mod rotate_client;
mod rotation;
mod targets;
