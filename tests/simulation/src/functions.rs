//! The functions and their execution environments.

use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use aws_simulator::{Account, Origin, Principal};
use clock::Clock;
use genesys_cloud::Transport;
use lockstep::aws::Connection;
use lockstep::config::Config;
use lockstep::outside::Outside;
use lockstep::runtime::{Context, Deadline, Edge, Failure, serve};
use lockstep::world::World;
use serde_json::Value;
use stack_template::{Function, Place};

use crate::faults::Faults;
use crate::genesys::Platform;

/// Kept by Lambda's own runtime interface: what Lockstep keeps back is in its edge.
const RESERVE: Duration = Duration::from_secs(2);

/// Which of the functions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Name {
    /// `provision-role`.
    Provision,
    /// `rebind-action`.
    Rebind,
    /// `verify-change`.
    Verify,
    /// `check-compliance`.
    Compliance,
    /// `rotate-client`.
    Rotate,
}

impl Name {
    /// All of them.
    pub const ALL: [Self; 5] = [
        Self::Provision,
        Self::Rebind,
        Self::Verify,
        Self::Compliance,
        Self::Rotate,
    ];

    /// Its logical id in the template.
    #[must_use]
    pub fn logical_id(self) -> &'static str {
        match self {
            Self::Provision => "ProvisionRole",
            Self::Rebind => "RebindAction",
            Self::Verify => "VerifyChange",
            Self::Compliance => "CheckCompliance",
            Self::Rotate => "RotateClient",
        }
    }

    fn edge(self) -> Edge {
        match self {
            Self::Provision => Edge::Provision,
            Self::Rebind => Edge::Rebind,
            Self::Verify => Edge::Verify,
            Self::Compliance => Edge::Compliance,
            Self::Rotate => Edge::Rotate,
        }
    }
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// It returned this.
    Returned(Value),
    /// It failed; the kind and the message of the error.
    Failed(String),
    /// It was cut off: it crashed, or ran out of time.
    CutOff,
}

/// A process that handles one invocation at a time, and keeps what it has learnt for the next.
struct Environment {
    origin: Origin,
    world: World,
}

/// One function.
pub struct Deployed {
    name: Name,
    function: Function,
    place: Place,
    account: Account,
    platform: Platform,
    clock: Clock,
    faults: Arc<Faults>,
    /// Warm and idle.
    idle: std::cell::RefCell<Vec<Environment>>,
    made: std::cell::Cell<u32>,
}

impl Deployed {
    /// The function as the template has it.
    pub(crate) fn new(
        name: Name,
        function: Function,
        place: Place,
        account: Account,
        platform: Platform,
        clock: Clock,
        faults: Arc<Faults>,
    ) -> Self {
        Self {
            name,
            function,
            place,
            account,
            platform,
            clock,
            faults,
            idle: std::cell::RefCell::default(),
            made: std::cell::Cell::default(),
        }
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.function.arn
    }

    /// Whom it acts as.
    #[must_use]
    pub fn principal(&self) -> Principal {
        let role = self.function.role.rsplit('/').next();
        let role = role.unwrap_or_default();
        Principal::role(&self.place.account, role, &self.function.name)
    }

    /// Ends every idle execution environment, as a new deployment does.
    pub fn go_cold(&self) {
        self.idle.borrow_mut().clear();
    }

    /// Runs one invocation, in a warm environment where one is idle.
    pub(crate) async fn invoke(self: Rc<Self>, payload: Value, request_id: String) -> Ended {
        let warm = self.idle.borrow_mut().pop();
        let environment = warm.unwrap_or_else(|| self.start());
        let context = Context {
            request_id,
            deadline: Deadline::after(self.function.timeout.saturating_sub(RESERVE)),
        };
        let handled = self.handle(&environment.world, payload, &context);
        let crash = self.faults.crash_of(&environment.origin);
        tokio::select! {
            biased;
            () = crash => Ended::CutOff,
            handled = tokio::time::timeout(self.function.timeout, handled) => match handled {
                // A process that timed out is ended.
                Err(_) => Ended::CutOff,
                Ok(handled) => {
                    self.idle.borrow_mut().push(environment);
                    match handled {
                        Ok(answer) => Ended::Returned(answer),
                        Err(failure) => Ended::Failed(format!("{failure:?}")),
                    }
                }
            },
        }
    }

    async fn handle(
        &self,
        world: &World,
        payload: Value,
        context: &Context,
    ) -> Result<Value, Failure> {
        let edge = self.name.edge();
        // On the heap: each is as deep as the whole function.
        match self.name {
            Name::Provision => {
                Box::pin(serve(
                    world,
                    edge,
                    &provision_role::handle,
                    payload,
                    context,
                ))
                .await
            }
            Name::Rebind => {
                Box::pin(serve(world, edge, &rebind_action::handle, payload, context)).await
            }
            Name::Verify => {
                Box::pin(serve(world, edge, &verify_change::handle, payload, context)).await
            }
            Name::Compliance => {
                Box::pin(serve(
                    world,
                    edge,
                    &check_compliance::handle,
                    payload,
                    context,
                ))
                .await
            }
            Name::Rotate => {
                Box::pin(serve(world, edge, &rotate_client::handle, payload, context)).await
            }
        }
    }

    fn start(&self) -> Environment {
        let number = self.made.get() + 1;
        self.made.set(number);
        let origin = Origin::new(self.name.logical_id(), number.to_string());
        let sdk = self.account.sdk_config(self.principal(), origin.clone());
        let transport: Arc<dyn Transport> = Arc::new(self.platform.connection(origin.clone()));
        let outside = Outside {
            aws: Connection::with_own_budgets(&sdk),
            genesys: Some(transport),
            clock: self.clock,
            metrics: |_| (),
        };
        Environment {
            world: World::new(self.config(), outside),
            origin,
        }
    }

    /// What Lambda and the template set.
    fn config(&self) -> Config {
        let mut variables: BTreeMap<&str, &str> = self
            .function
            .environment
            .iter()
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        variables.insert("AWS_LAMBDA_FUNCTION_NAME", &self.function.name);
        variables.insert("AWS_REGION", &self.place.region);
        let value = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        Config::from_env(value).expect("the template sets a valid environment")
    }
}
