//! The judge is tested with what the real SDK sends, with answers as AWS documents them, and with faults.

mod answers;
mod capture;
mod faults;
mod requests;

use aws_contract::{Contract, Operation};

fn contract() -> &'static Contract {
    Contract::load().expect("a Python package index is in reach")
}

fn operation(service: &str, name: &str) -> Operation {
    Operation {
        service: service.to_owned(),
        name: name.to_owned(),
    }
}
