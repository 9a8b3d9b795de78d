//! What reached Genesys Cloud, what shall go wrong there, and ending a function in the middle.

use genesys_simulator::{Call, Fault};
use serde_json::Value;

use super::world::World;
use super::{Error, Stage};

impl<S: Stage> World<S> {
    /// The calls to one route, by its template without `/api/v2`, such as `/integrations/actions`.
    pub fn calls_of(&self, method: &str, route: &str) -> Vec<Call> {
        let template = format!("/api/v2{route}");
        let mut calls = self.stack.organization().calls();
        calls.retain(|call| call.method == method && call.route.as_ref() == Some(&template));
        calls
    }

    /// Waits until a route has been called more than `before` times.
    ///
    /// # Errors
    /// Where that does not come; with Lockstep's events so far.
    pub async fn call_after(&self, before: usize, method: &str, route: &str) -> Result<(), Error> {
        let what = format!("a call of {method} {route}");
        let is_called = async || Ok((self.calls_of(method, route).len() > before).then_some(()));
        match self.stack.until(&what, is_called).await {
            Ok(()) => Ok(()),
            Err(error) => {
                let emitted = self.stack.events().await?;
                Err(format!("{error}; events: {emitted:#?}").into())
            }
        }
    }

    /// Waits until a function has logged a line that contains `text`.
    ///
    /// # Errors
    /// Where that does not come, or its logs can't be read.
    pub async fn logged(&self, function: &str, text: &str) -> Result<(), Error> {
        let what = format!("{text:?} in the log of {function}");
        let is_logged = async || {
            let lines = self.stack.function_logs(function).await?;
            Ok(lines.iter().any(|line| line.contains(text)).then_some(()))
        };
        self.stack.until(&what, is_logged).await
    }

    /// Waits until Genesys Cloud has answered a call with a status.
    ///
    /// # Errors
    /// Where that does not come.
    pub async fn answered(&self, status: u16) -> Result<(), Error> {
        let is_there = async || {
            let calls = self.stack.organization().calls();
            Ok(calls
                .iter()
                .any(|call| call.status == Some(status))
                .then_some(()))
        };
        self.stack
            .until(&format!("an answer {status}"), is_there)
            .await
    }

    /// Plants a fault, written as the control API takes it, with the route as [`Self::calls_of`] has it.
    ///
    /// # Errors
    /// Where it is none.
    pub fn fault(&self, method: &str, route: &str, mut what: Value) -> Result<(), Error> {
        what["method"] = method.into();
        what["route"] = format!("/api/v2{route}").into();
        let fault: Fault = serde_json::from_value(what)?;
        Ok(self.stack.organization().add_fault(fault)?)
    }

    /// Ends every process of a function, as a crash would; answers how many.
    ///
    /// # Errors
    /// Where the processes can't be found.
    pub fn crash(&self, function: &str) -> Result<usize, Error> {
        self.stack.crash(function)
    }
}
