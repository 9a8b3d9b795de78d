//! The functions and their execution environments.

use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use aws_simulator::{Account, Origin, Principal};
use clock::Clock;
use genesys_cloud::Transport;
use lockstep::aws::Connection;
use lockstep::config::Config;
use lockstep::outside::Outside;
use lockstep::runtime::{Context, Deadline, Failure, serve, serve_together};
use lockstep::services::{Compliance, Provision, Rebind, Rotate, Services as _, Verify};
use serde_json::Value;
use stack_template::{Function, Place};

use crate::faults::Faults;
use crate::genesys::Platform;
use crate::log::{Log, logging};

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

    /// What its binary is called.
    #[must_use]
    pub fn binary(self) -> &'static str {
        match self {
            Self::Provision => "provision-role",
            Self::Rebind => "rebind-action",
            Self::Verify => "verify-change",
            Self::Compliance => "check-compliance",
            Self::Rotate => "rotate-client",
        }
    }
}

/// How an invocation ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// It returned this.
    Returned(Value),
    /// It failed.
    Failed {
        /// A stable word: Lambda's `errorType`.
        kind: &'static str,
        /// What happened: Lambda's `errorMessage`.
        message: String,
    },
    /// It was cut off: it crashed, or ran out of time.
    CutOff,
}

/// A process that handles one invocation at a time, and keeps what it has learnt for the next.
struct Environment {
    origin: Origin,
    services: Services,
}

/// What one of the functions reaches.
enum Services {
    Provision(Box<Provision>),
    Rebind(Box<Rebind>),
    Verify(Box<Verify>),
    Compliance(Box<Compliance>),
    Rotate(Box<Rotate>),
}

impl Services {
    fn new(of: Name, config: Config, outside: Outside) -> Self {
        match of {
            Name::Provision => Self::Provision(Box::new(Provision::new(config, outside))),
            Name::Rebind => Self::Rebind(Box::new(Rebind::new(config, outside))),
            Name::Verify => Self::Verify(Box::new(Verify::new(config, outside))),
            Name::Compliance => Self::Compliance(Box::new(Compliance::new(config, outside))),
            Name::Rotate => Self::Rotate(Box::new(Rotate::new(config, outside))),
        }
    }

    async fn handle(&self, payload: Value, context: &Context) -> Result<Value, Failure> {
        // On the heap: each is as deep as the whole function.
        match self {
            Self::Provision(services) => {
                Box::pin(serve(
                    &**services,
                    &provision_role::handle,
                    payload,
                    context,
                ))
                .await
            }
            Self::Rebind(services) => {
                Box::pin(serve(&**services, &rebind_action::handle, payload, context)).await
            }
            Self::Verify(services) => {
                let (prepare, handle) = (&verify_change::prepare, &verify_change::handle);
                Box::pin(serve_together(
                    &**services,
                    prepare,
                    handle,
                    payload,
                    context,
                ))
                .await
            }
            Self::Compliance(services) => {
                Box::pin(serve(
                    &**services,
                    &check_compliance::handle,
                    payload,
                    context,
                ))
                .await
            }
            Self::Rotate(services) => {
                Box::pin(serve(&**services, &rotate_client::handle, payload, context)).await
            }
        }
    }
}

/// What functions are deployed into.
#[derive(Clone)]
pub(crate) struct Surroundings {
    pub(crate) place: Place,
    pub(crate) account: Account,
    pub(crate) platform: Platform,
    pub(crate) clock: Clock,
    pub(crate) faults: Arc<Faults>,
    /// Whether what they log is kept.
    pub(crate) logs: bool,
}

/// One function.
pub struct Deployed {
    name: Name,
    function: Function,
    around: Surroundings,
    /// Warm and idle.
    idle: RefCell<Vec<Environment>>,
    made: Cell<u32>,
    /// At work.
    busy: RefCell<BTreeSet<Origin>>,
    log: Option<Log>,
}

impl Deployed {
    /// The function as the template has it.
    pub(crate) fn new(name: Name, function: Function, around: Surroundings) -> Self {
        let log = around.logs.then(|| {
            let filter = function.environment.get("RUST_LOG");
            Log::new(filter.map(String::as_str))
        });
        Self {
            name,
            function,
            around,
            idle: RefCell::default(),
            made: Cell::default(),
            busy: RefCell::default(),
            log,
        }
    }

    /// Its ARN.
    #[must_use]
    pub fn arn(&self) -> &str {
        &self.function.arn
    }

    /// Its name in the account.
    #[must_use]
    pub fn deployed_name(&self) -> &str {
        &self.function.name
    }

    /// Whom it acts as.
    #[must_use]
    pub fn principal(&self) -> Principal {
        let role = self.function.role.rsplit('/').next();
        let role = role.unwrap_or_default();
        Principal::role(&self.around.place.account, role, &self.function.name)
    }

    /// Ends every idle execution environment, as a new deployment does.
    pub fn go_cold(&self) {
        self.idle.borrow_mut().clear();
    }

    /// Ends every process of it that is at work, as it stands; answers how many.
    pub fn crash(&self) -> usize {
        let busy = self.busy.borrow();
        busy.iter()
            .for_each(|origin| self.around.faults.crash(origin));
        busy.len()
    }

    /// The lines that it has logged; none where nothing is logged.
    #[must_use]
    pub fn logged(&self) -> Vec<String> {
        self.log.as_ref().map(Log::lines).unwrap_or_default()
    }

    /// Runs one invocation, in a warm environment where one is idle.
    pub(crate) async fn invoke(self: Rc<Self>, payload: Value, request_id: String) -> Ended {
        let warm = self.idle.borrow_mut().pop();
        let environment = warm.unwrap_or_else(|| self.start());
        let context = Context {
            request_id,
            deadline: Deadline::after(self.function.timeout.saturating_sub(RESERVE)),
        };
        let handled = environment.services.handle(payload, &context);
        let handled = logging(self.log.as_ref(), handled);
        let crash = self.around.faults.crash_of(&environment.origin);
        let origin = environment.origin.clone();
        self.busy.borrow_mut().insert(origin.clone());
        self.around.faults.begins(&origin);
        let ended = tokio::select! {
            biased;
            () = crash => Ended::CutOff,
            handled = tokio::time::timeout(self.function.timeout, handled) => match handled {
                // A process that timed out is ended.
                Err(_) => Ended::CutOff,
                Ok(handled) => {
                    self.idle.borrow_mut().push(environment);
                    match handled {
                        Ok(answer) => Ended::Returned(answer),
                        Err(failure) => Ended::Failed {
                            kind: failure.kind(),
                            message: failure.to_string(),
                        },
                    }
                }
            },
        };
        self.busy.borrow_mut().remove(&origin);
        ended
    }

    fn start(&self) -> Environment {
        let number = self.made.get() + 1;
        self.made.set(number);
        let origin = Origin::new(self.name.logical_id(), number.to_string());
        let sdk = self
            .around
            .account
            .sdk_config(self.principal(), origin.clone());
        let transport: Arc<dyn Transport> =
            Arc::new(self.around.platform.connection(origin.clone()));
        let outside = Outside {
            aws: Connection::with_own_budgets(&sdk),
            genesys: Some(transport),
            clock: self.around.clock,
            metrics: |_| (),
        };
        Environment {
            services: Services::new(self.name, self.config(), outside),
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
        variables.insert("AWS_REGION", &self.around.place.region);
        let value = |name: &str| variables.get(name).map(|value| (*value).to_owned());
        Config::from_env(value).expect("the template sets a valid environment")
    }
}
