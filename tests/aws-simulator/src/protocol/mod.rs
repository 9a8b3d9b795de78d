//! The protocols of AWS, as far as the services here speak them.

pub(crate) mod json;
pub(crate) mod query;
pub(crate) mod xml;
